/**
 * Looking at a payload that comes from elsewhere: a file, another program, a log. Reads it, checks it by the Schema of its
 * push type, and tells where its bytes are.
 *
 * **When to use**
 *
 * Use for tools that explain payloads. What `send` checks and measures is the same, but it stops at the first fault.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { isJsonObject, jsonObject, jsonValue } from "./internal/jsonText.ts"
import { jsonBytes, step } from "./internal/payloadSize.ts"
import * as LiveActivity from "./LiveActivity.ts"
import * as Payload from "./Payload.ts"
import type { PushType } from "./PushType.ts"
import type { KeySize } from "./Reason.ts"

/**
 * What keeps a text from being a payload.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPayloadText extends Data.TaggedError("InvalidPayloadText")<{
  /** As the rest of a sentence that begins with "The payload". */
  readonly problem: string
  readonly cure: string
  /** For what is not JSON: where, counted from 1; the column in UTF-16 code units, as editors count. */
  readonly position?: { readonly line: number; readonly column: number } | undefined
}> {
  override get message(): string {
    const at = this.position === undefined ? "" : ` at line ${this.position.line}, column ${this.position.column}`
    return `The payload ${this.problem}${at}. ${this.cure}`
  }
}

/**
 * Reads a payload, which is an object in JSON.
 *
 * Fails with `InvalidPayloadText` for bytes that are not UTF-8, text that is not JSON (naming line and column), and JSON
 * that is no object; also for what `JSON.parse` would change without a word: see `readValue`. For `.apns` files, see `ApnsFile.read`.
 *
 * **Example** (A comma too many)
 *
 * ```ts run
 * import { Result } from "effect"
 * import { PayloadInspection } from "effect-apns"
 *
 * const read = PayloadInspection.read('{"aps": {"badge": 1,}}')
 * const where = Result.isFailure(read) ? read.failure.position : undefined
 * where // => { line: 1, column: 21 }
 * ```
 *
 * @category decoding
 * @since 0.1.0
 */
export const read = (source: string | Uint8Array): Result.Result<Schema.JsonObject, InvalidPayloadText> =>
  Result.mapError(
    jsonObject(source, 'Give an object, such as {"aps": {"alert": "Hello"}}.'),
    (problem) => new InvalidPayloadText(problem)
  )

/**
 * Reads any value in JSON, such as a part of a payload, exactly.
 *
 * **Details**
 *
 * Fails as `read` does, and with the line and column of what `JSON.parse` would change without a word: a number of more digits
 * than a double keeps (IEEE 754), a key that stands twice in an object.
 *
 * @category decoding
 * @since 0.1.0
 */
export const readValue = (source: string | Uint8Array): Result.Result<unknown, InvalidPayloadText> =>
  Result.mapError(jsonValue(source), (problem) => new InvalidPayloadText(problem))

/**
 * A Schema of whole payloads, whatever it makes of them.
 *
 * @category models
 * @since 0.1.0
 */
export type PayloadSchema = Schema.Codec<unknown, unknown>

const reload = Payload.make(Payload.ReloadAps, Schema.JsonObject)

const schemas: Readonly<Record<Exclude<PushType, "liveactivity">, PayloadSchema>> = {
  alert: Payload.make(Payload.AlertAps, Schema.JsonObject),
  background: Payload.make(Payload.BackgroundAps, Schema.JsonObject),
  complication: Schema.JsonObject,
  controls: reload,
  fileprovider: Payload.FileProvider,
  location: Schema.JsonObject,
  mdm: Payload.Mdm,
  pushtotalk: Schema.JsonObject,
  voip: Schema.JsonObject,
  widgets: reload
}

const table: ReadonlyMap<string, PayloadSchema> = new Map(Object.entries(schemas))

/** Where the event is none of the three, that is what there is to say. */
const ofNoEvent = Payload.make(
  Schema.Struct({ event: Schema.Literals(["start", "update", "end"]) }),
  Schema.JsonObject
) satisfies PayloadSchema

const ofEvent = ({ aps }: Schema.JsonObject): PayloadSchema => {
  const event = isJsonObject(aps) ? aps.event : undefined
  return event === "start" || event === "update" || event === "end" ? LiveActivity.payloads[event] : ofNoEvent
}

/**
 * The Schema that the payloads of a push type have; that of a Live Activity also depends on the payload's `event`.
 * `undefined` for push types that this library does not know, which may carry anything.
 *
 * @category schemas
 * @since 0.1.0
 */
export const schemaOf = (pushType: string, payload: Schema.JsonObject): PayloadSchema | undefined =>
  pushType === "liveactivity" ? ofEvent(payload) : table.get(pushType)

/**
 * One thing that is wrong in a payload.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  /** Its keys on the wire, from the top, such as `aps.alert.title`; empty for the payload itself. */
  readonly key: string
  /** What is wrong with it, as the rest of a sentence. Never holds a value of the payload. */
  readonly problem: string
}

type Path = ReadonlyArray<PropertyKey>

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const keyOf = (path: Path) => path.reduce<string>((key, name) => step(key, String(name)), "")

/** A key that must not be there is named in the message of the object that has it. */
const forbidden = /^Must not have the key "(.*)"$/s

/** What a Schema says, in the words of somebody who does not know it: an optional key is not "undefined" on the wire. */
const said = (message: string, isThere: boolean) =>
  isThere
    ? message
        .replaceAll(" | undefined", "")
        .replaceAll(" | ", " or ")
        .replaceAll(/\s*\n\s*/g, " ")
        .replace(/^Expected /, "must be ")
    : "is missing"

const has = (value: unknown, [name, ...rest]: Path): boolean =>
  name === undefined ||
  (Array.isArray(value)
    ? has(value[Number(name)], rest)
    : isJsonObject(value) && Object.hasOwn(value, name) && has(value[String(name)], rest))

/** The value without what is at the path; the same value where nothing is. */
const without = (value: unknown, [name, ...rest]: Path): unknown => {
  if (typeof name !== "string" || !isJsonObject(value)) return value
  const { [name]: inner, ...others } = value
  if (inner === undefined) return value
  if (rest.length === 0) return others
  const smaller = without(inner, rest)
  return smaller === inner ? value : { ...others, [name]: smaller as Schema.Json }
}

/** The part of a path that leads through objects: an item of an array is taken away with the array. */
const upToArray = (path: Path): Path => {
  const index = path.findIndex((name) => typeof name !== "string")
  return index === -1 ? path : path.slice(0, index)
}

/**
 * Everything in a payload that does not fit its Schema, in the order of the Schema; nothing when it fits.
 *
 * **Details**
 *
 * A Schema looks into the parts of an object only when its other keys are good. So what was found wrong is taken away and
 * the rest looked at again, until nothing more is found. Where a key is missing, that is not possible, and mistakes inside
 * its neighbours show once it is there.
 *
 * **Example** (Two mistakes)
 *
 * ```ts run
 * import { PayloadInspection } from "effect-apns"
 *
 * const payload = { aps: { badge: "3", alert: { title: 7 } } }
 * const schema = PayloadInspection.schemaOf("alert", payload)
 * const keys = schema === undefined ? [] : PayloadInspection.problems(schema, payload).map(({ key }) => key)
 * keys // => ["aps.badge", "aps.alert.title"]
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const problems = (schema: PayloadSchema, payload: Schema.JsonObject): ReadonlyArray<Problem> => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  const found = new Map<string, Problem>()
  let rest: unknown = payload
  for (;;) {
    const decoded = decode(rest)
    if (Result.isSuccess(decoded)) break
    const before = rest
    for (const { message, path = [] } of format(decoded.failure.issue).issues) {
      const named = path.map((part) => (typeof part === "object" ? part.key : part))
      const taken = forbidden.exec(message)?.[1]
      const at = taken === undefined ? named : [...named, taken]
      const key = keyOf(at)
      // What was taken away is missing from then on.
      if (!found.has(key))
        found.set(key, { key, problem: taken === undefined ? said(message, has(payload, at)) : "must not be there" })
      rest = without(rest, upToArray(at))
    }
    if (rest === before) break
  }
  return [...found.values()]
}

const measure = (value: unknown, key: string, into: Array<KeySize>): void => {
  if (!isJsonObject(value)) return
  for (const [name, item] of Object.entries(value)) {
    const inner = step(key, name)
    into.push({ key: inner, bytes: jsonBytes(item) })
    measure(item, inner, into)
  }
}

/**
 * The size of every key of a payload, objects before what is in them. An array is one key.
 *
 * **Details**
 *
 * In bytes of the value as `send` writes it, without white space. The keys themselves, quotes, colons and commas count
 * for the object around them.
 *
 * **Example** (Where the bytes are)
 *
 * ```ts run
 * import { PayloadInspection } from "effect-apns"
 *
 * PayloadInspection.sizes({ aps: { alert: "Hello", badge: 1 }, orderId: 42 })
 * // => [{ key: "aps", bytes: 27 }, { key: "aps.alert", bytes: 7 }, { key: "aps.badge", bytes: 1 }, { key: "orderId", bytes: 2 }]
 * ```
 *
 * @category measuring
 * @since 0.1.0
 */
export const sizes = (payload: Schema.JsonObject): ReadonlyArray<KeySize> => {
  const all: Array<KeySize> = []
  measure(payload, "", all)
  return all
}
