/**
 * Structs that keep what they do not know: on the wire unknown keys lie beside the known ones, decoded they are in
 * `extra`.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The encoded side of a struct that keeps unknown keys. */
export interface Flat {
  readonly [key: string]: unknown
}

/** The field `extra`, to be among the fields of the struct. */
export const extra = Schema.optional(Schema.JsonObject)

/**
 * A struct, its keys encoded, whose `extra` lies among the others on the wire. `extra` may not have a key that the
 * struct knows: a value that could be written in two ways would not read back as it was.
 */
export const open = <Type, Encoded extends { readonly extra?: Schema.JsonObject | undefined }>(
  closed: Schema.Codec<Type, Encoded> & { readonly from: { readonly fields: Schema.Struct.Fields } }
): Schema.Codec<Type, Flat> => {
  const known = new Set(Object.keys(closed.from.fields).filter((key) => key !== "extra"))
  return Schema.Record(Schema.String, Schema.Unknown).pipe(
    Schema.decodeTo(
      closed,
      SchemaTransformation.transformEffect<Encoded, Flat>({
        decode: (flat) => {
          const entries = Object.entries(flat)
          const fields = Object.fromEntries(entries.filter(([key]) => known.has(key)))
          const others = entries.filter(([key]) => !known.has(key))
          if (others.length > 0) fields.extra = Object.fromEntries(others)
          // The struct this leads to checks every field, so what they are here need not be known.
          return Effect.succeed(fields as Encoded)
        },
        encode: ({ extra = {}, ...fields }) => {
          const taken = Object.keys(extra).find((key) => known.has(key))
          if (taken === undefined) return Effect.succeed({ ...fields, ...extra })
          const message = `"extra" must not have the key "${taken}": it has a field of its own`
          return Effect.fail(new SchemaIssue.InvalidValue({ message }))
        }
      })
    )
  )
}
