/** What the constructors of notifications share. */
import * as Schema from "effect/Schema"
import type { Common, Content, Data, Notification } from "../Notification.ts"
import * as Payload from "../Payload.ts"
import type { Rules } from "../PushType.ts"
import { asText } from "./deviceToken.ts"
import { dataWriter, type PayloadWriter, type PayloadWriters } from "./payloadWriter.ts"

/** Every notification is made here, with the same fields in the same order: what reads them stays fast. */
export const make = (
  pushType: string | undefined,
  rules: Rules | undefined,
  options: Common & { readonly priority?: number | undefined },
  content: Content
): Notification => ({
  device: asText(options.device),
  id: options.id ?? crypto.randomUUID(),
  pushType,
  topic: options.topic,
  topicSuffix: rules === undefined ? undefined : (options.topicSuffix ?? rules.suffix),
  trust: rules?.trust,
  priority: options.priority ?? (rules?.priorities.length === 1 ? rules.priorities[0] : undefined),
  expiration: options.expiration ?? rules?.expiration,
  collapseId: options.collapseId,
  registeredAt: options.registeredAt,
  replayUnknown: options.replayUnknown,
  content
})

interface Form {
  readonly schema: Schema.Encoder<unknown>
  readonly write: PayloadWriter
}

/** Makes contents with an `aps` dictionary, and custom data beside it. */
export const payloads = <Aps, ApsJson extends object>(aps: Schema.Codec<Aps, ApsJson>, writers: PayloadWriters) => {
  const plain: Form = { schema: Payload.make(aps, Schema.JsonObject), write: writers.json }
  const typed = new WeakMap<object, Form>()
  const formOf = <D>(data: Payload.DataSchema<D>): Form => {
    const known = typed.get(data)
    if (known !== undefined) return known
    const form: Form = { schema: Payload.make(aps, data), write: writers.typed(data) }
    typed.set(data, form)
    return form
  }
  return <D>(value: Aps, { data, schema }: Data<D>): Content => {
    const form = schema === undefined ? plain : formOf(schema)
    return {
      _tag: "Typed",
      schema: form.schema,
      value: { aps: value, data: schema === undefined ? (data ?? {}) : data },
      write: form.write
    }
  }
}

/** A content that is nothing but custom data. */
export const dataContent = <D>({ data, schema }: Data<D>): Content =>
  schema === undefined
    ? { _tag: "Typed", schema: Schema.JsonObject, value: data ?? {}, write: dataWriter }
    : { _tag: "Typed", schema, value: data, write: undefined }

/** A content that a Schema alone encodes. */
export const typedContent = <A>(schema: Schema.Encoder<unknown> & { readonly Type: A }, value: A): Content => ({
  _tag: "Typed",
  schema,
  value,
  write: undefined
})
