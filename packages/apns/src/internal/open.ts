/**
 * Schemas of JSON objects that keep the keys they do not know: Apple adds keys, and a payload that is read and written
 * again loses none.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** Keys that the Schema does not know, as they are on the wire. An empty one is as good as none. */
export const extra = Schema.optional(Schema.JsonObject)

/** An object as it is on the wire. */
export interface Flat {
  readonly [key: string]: unknown
}

export const Flat: Schema.Codec<Flat> = Schema.Record(Schema.String, Schema.Unknown)

export const refused = (problem: string) => Effect.fail(new SchemaIssue.InvalidValue({ message: problem }))

export const mustNotHave = (key: string) => `Must not have the key "${key}"`

/** A Struct whose `extra` lies among its other keys on the wire. `forbidden` are keys that it may not have at all. */
export const open = <Type, Encoded extends { readonly extra?: Schema.JsonObject | undefined }>(
  closed: Schema.Codec<Type, Encoded> & { readonly from: { readonly fields: Schema.Struct.Fields } },
  forbidden: ReadonlyArray<string> = []
) => {
  const known: ReadonlySet<string> = new Set(Object.keys(closed.from.fields).filter((key) => key !== "extra"))
  return Flat.pipe(
    Schema.decodeTo(
      closed,
      SchemaTransformation.transformEffect<Encoded, Flat>({
        decode: (wire) => {
          const entries = Object.entries(wire)
          const others = entries.filter(([key]) => !known.has(key))
          const wrong = others.find(([key]) => forbidden.includes(key))
          if (wrong !== undefined) return refused(mustNotHave(wrong[0]))
          const fields = Object.fromEntries(entries.filter(([key]) => known.has(key)))
          if (others.length > 0) fields.extra = Object.fromEntries(others)
          // The Struct this leads to checks every field, so what they are here need not be known.
          return Effect.succeed(fields as Encoded)
        },
        encode: ({ extra, ...fields }) => {
          if (extra === undefined) return Effect.succeed(fields)
          const keys = Object.keys(extra)
          const taken = keys.find((key) => known.has(key))
          if (taken !== undefined) return refused(`"extra" must not have the key "${taken}": it has a field of its own`)
          const wrong = keys.find((key) => forbidden.includes(key))
          return wrong === undefined ? Effect.succeed({ ...fields, ...extra }) : refused(mustNotHave(wrong))
        }
      })
    ),
    // `Flat` knows no keys; what it holds is the encoded Struct with `extra` laid open.
    (schema) => schema as unknown as Schema.Codec<Type, Omit<Encoded, "extra">>
  )
}
