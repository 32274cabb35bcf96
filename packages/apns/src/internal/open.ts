/**
 * Structs that keep what they do not know: on the wire unknown keys lie beside the known ones, decoded they are in `extra`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The encoded side of a struct that keeps unknown keys. */
export interface Flat {
  readonly [key: string]: unknown
}

/** What a struct needs to keep unknown keys: a place for them. */
export interface Extra {
  readonly extra?: Schema.JsonObject | undefined
}

/** The field `extra` itself, to be among the fields of the struct. */
export const extra = Schema.optional(Schema.JsonObject)

/**
 * Makes a struct keep unknown keys. `keys` are the known ones, as they are on the wire. `extra` may not have any of them:
 * a value that could be written in two ways would not read back as it was.
 */
export const open = <Type, Encoded extends Extra>(
  known: Schema.Codec<Type, Encoded>,
  keys: ReadonlyArray<string>
): Schema.Codec<Type, Flat> => {
  const isKnown = new Set(keys)
  return Schema.Record(Schema.String, Schema.Unknown).pipe(
    Schema.decodeTo(
      known,
      SchemaTransformation.transformEffect<Encoded, Flat>({
        decode: (flat) => {
          const entries = Object.entries(flat)
          const unknown = entries.filter(([key]) => !isKnown.has(key))
          const parts = Object.fromEntries(entries.filter(([key]) => isKnown.has(key)))
          // The struct this leads to checks every part, so what they are here need not be known.
          return Effect.succeed(
            (unknown.length === 0 ? parts : { ...parts, extra: Object.fromEntries(unknown) }) as Encoded & Flat
          )
        },
        encode: ({ extra = {}, ...parts }) => {
          const taken = Object.keys(extra).find((key) => isKnown.has(key))
          return taken === undefined
            ? Effect.succeed({ ...parts, ...extra })
            : Effect.fail(new SchemaIssue.InvalidValue({ message: `extra must not have the key "${taken}"` }))
        }
      })
    )
  )
}
