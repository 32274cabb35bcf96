/**
 * The fast path of encoding: writes what is plainly valid by hand, and leaves everything else to the Schema.
 *
 * Encoding an alert by its Schema costs twenty times what `JSON.stringify` of it costs; by hand, under half of it. The
 * Schema stays the judge: a writer answers `undefined` whenever it is in the slightest doubt, and then the Schema accepts
 * or refuses, in its words. What a writer does answer is what the Schema would have encoded, key by key and in the same
 * order (test/apns/payloadWriter.test.ts).
 *
 * Each field is a paragraph of its own: its name, its check, its key on the wire. A table of them, walked by a loop, costs
 * ten times as much: every read and every store would miss the engine's inline caches.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Payload from "../Payload.ts"

/** What a decoded `{ aps, data }` encodes to, or `undefined` where only the Schema can tell. */
export type PayloadWriter = (value: unknown) => object | undefined

/** The encoded side of an object while it is written. */
type Json<S extends { readonly Encoded: object }> = { -readonly [K in keyof S["Encoded"]]?: S["Encoded"][K] }

/** The fields of an object, their values not yet looked at. */
type Fields<S extends { readonly Type: object }> = { readonly [K in keyof S["Type"]]?: unknown }

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isFields = <S extends { readonly Type: object }>(value: unknown): value is Fields<S> => isObject(value)

/** `Schema.Int`: whole numbers that a double holds exactly. */
const isInt = (value: unknown): value is number => Number.isSafeInteger(value)

const isBadge = (value: unknown): value is number => isInt(value) && value >= 0

const isFraction = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1

const isLevel = (value: unknown): value is Payload.InterruptionLevel =>
  value === "passive" || value === "active" || value === "time-sensitive" || value === "critical"

/** Copies, as the Schema does: a `toJSON` of the caller's array is never asked. */
export const texts = (value: unknown): ReadonlyArray<string> | undefined => {
  if (!Array.isArray(value)) return undefined
  const { length } = value
  const copy: Array<string> = []
  for (let i = 0; i < length; i++) {
    const item: unknown = value[i]
    if (typeof item !== "string") return undefined
    copy.push(item)
  }
  return copy
}

/*
 * `extra`, which is rare, is left to the Schema.
 *
 * Each function below reads every field once and in the order of the Schema's fields, which is also the order of the keys
 * it writes. Unknown fields are not looked at, inherited ones are: both as the Schema does. `in` is asked because the
 * Schema asks it before it reads, and a Proxy may answer the two differently.
 */

const alertText = (from: unknown): Json<typeof Payload.AlertText> | undefined => {
  if (!isFields<typeof Payload.AlertText>(from)) return undefined
  const {
    title,
    subtitle,
    body,
    launchImage,
    titleLocKey,
    titleLocArgs,
    subtitleLocKey,
    subtitleLocArgs,
    locKey,
    locArgs,
    action,
    actionLocKey,
    summaryArg,
    summaryArgCount,
    extra
  } = from
  const to: Json<typeof Payload.AlertText> = {}
  if (title !== undefined) {
    if (typeof title !== "string" || !("title" in from)) return undefined
    to.title = title
  }
  if (subtitle !== undefined) {
    if (typeof subtitle !== "string" || !("subtitle" in from)) return undefined
    to.subtitle = subtitle
  }
  if (body !== undefined) {
    if (typeof body !== "string" || !("body" in from)) return undefined
    to.body = body
  }
  if (launchImage !== undefined) {
    if (typeof launchImage !== "string" || !("launchImage" in from)) return undefined
    to["launch-image"] = launchImage
  }
  if (titleLocKey !== undefined) {
    if (typeof titleLocKey !== "string" || !("titleLocKey" in from)) return undefined
    to["title-loc-key"] = titleLocKey
  }
  if (titleLocArgs !== undefined) {
    const written = texts(titleLocArgs)
    if (written === undefined || !("titleLocArgs" in from)) return undefined
    to["title-loc-args"] = written
  }
  if (subtitleLocKey !== undefined) {
    if (typeof subtitleLocKey !== "string" || !("subtitleLocKey" in from)) return undefined
    to["subtitle-loc-key"] = subtitleLocKey
  }
  if (subtitleLocArgs !== undefined) {
    const written = texts(subtitleLocArgs)
    if (written === undefined || !("subtitleLocArgs" in from)) return undefined
    to["subtitle-loc-args"] = written
  }
  if (locKey !== undefined) {
    if (typeof locKey !== "string" || !("locKey" in from)) return undefined
    to["loc-key"] = locKey
  }
  if (locArgs !== undefined) {
    const written = texts(locArgs)
    if (written === undefined || !("locArgs" in from)) return undefined
    to["loc-args"] = written
  }
  if (action !== undefined) {
    if (typeof action !== "string" || !("action" in from)) return undefined
    to.action = action
  }
  if (actionLocKey !== undefined) {
    if (typeof actionLocKey !== "string" || !("actionLocKey" in from)) return undefined
    to["action-loc-key"] = actionLocKey
  }
  if (summaryArg !== undefined) {
    if (typeof summaryArg !== "string" || !("summaryArg" in from)) return undefined
    to["summary-arg"] = summaryArg
  }
  if (summaryArgCount !== undefined) {
    if (!isInt(summaryArgCount) || !("summaryArgCount" in from)) return undefined
    to["summary-arg-count"] = summaryArgCount
  }
  return extra === undefined ? to : undefined
}

const soundObject = (from: unknown): (typeof Payload.SoundObject)["Encoded"] | undefined => {
  if (!isFields<typeof Payload.SoundObject>(from)) return undefined
  const { critical, name, volume, extra } = from
  if (critical !== undefined && (critical !== true || !("critical" in from))) return undefined
  if (typeof name !== "string" || !("name" in from)) return undefined
  const to: Json<typeof Payload.SoundObject> & { name: string } =
    critical === undefined ? { name } : { critical: 1, name }
  if (volume !== undefined) {
    if (!isFraction(volume) || !("volume" in from)) return undefined
    to.volume = volume
  }
  return extra === undefined ? to : undefined
}

const alertOf = (value: unknown) => (typeof value === "string" ? value : alertText(value))

const soundOf = (value: unknown) => (typeof value === "string" ? value : soundObject(value))

const alertAps = (from: unknown): Json<typeof Payload.AlertAps> | undefined => {
  if (!isFields<typeof Payload.AlertAps>(from)) return undefined
  const {
    alert,
    badge,
    sound,
    threadId,
    category,
    contentAvailable,
    mutableContent,
    targetContentId,
    interruptionLevel,
    relevanceScore,
    filterCriteria,
    extra
  } = from
  const to: Json<typeof Payload.AlertAps> = {}
  if (alert !== undefined) {
    const written = alertOf(alert)
    if (written === undefined || !("alert" in from)) return undefined
    to.alert = written
  }
  if (badge !== undefined) {
    if (!isBadge(badge) || !("badge" in from)) return undefined
    to.badge = badge
  }
  if (sound !== undefined) {
    const written = soundOf(sound)
    if (written === undefined || !("sound" in from)) return undefined
    to.sound = written
  }
  if (threadId !== undefined) {
    if (typeof threadId !== "string" || !("threadId" in from)) return undefined
    to["thread-id"] = threadId
  }
  if (category !== undefined) {
    if (typeof category !== "string" || !("category" in from)) return undefined
    to.category = category
  }
  if (contentAvailable !== undefined) {
    if (contentAvailable !== true || !("contentAvailable" in from)) return undefined
    to["content-available"] = 1
  }
  if (mutableContent !== undefined) {
    if (mutableContent !== true || !("mutableContent" in from)) return undefined
    to["mutable-content"] = 1
  }
  if (targetContentId !== undefined) {
    if (typeof targetContentId !== "string" || !("targetContentId" in from)) return undefined
    to["target-content-id"] = targetContentId
  }
  if (interruptionLevel !== undefined) {
    if (!isLevel(interruptionLevel) || !("interruptionLevel" in from)) return undefined
    to["interruption-level"] = interruptionLevel
  }
  if (relevanceScore !== undefined) {
    if (!isFraction(relevanceScore) || !("relevanceScore" in from)) return undefined
    to["relevance-score"] = relevanceScore
  }
  if (filterCriteria !== undefined) {
    if (typeof filterCriteria !== "string" || !("filterCriteria" in from)) return undefined
    to["filter-criteria"] = filterCriteria
  }
  return extra === undefined ? to : undefined
}

const backgroundAps = (from: unknown): Json<typeof Payload.BackgroundAps> | undefined => {
  if (!isFields<typeof Payload.BackgroundAps>(from)) return undefined
  const { contentAvailable, extra } = from
  if (contentAvailable !== true || !("contentAvailable" in from) || extra !== undefined) return undefined
  return { "content-available": 1 }
}

const reloadAps = (from: unknown): Json<typeof Payload.ReloadAps> | undefined => {
  if (!isFields<typeof Payload.ReloadAps>(from)) return undefined
  const { contentChanged, extra } = from
  if (contentChanged !== true || !("contentChanged" in from) || extra !== undefined) return undefined
  return { "content-changed": true }
}

/** How many values custom data may hold here: more than fit a payload. The bound ends cycles, too. */
const most = 2_048

/**
 * Checks that a value is JSON as `Schema.Json` has it: null, text, boolean, finite number, array without holes, or object
 * of no class. Answers how many of `left` values remain, less than 0 when it is not JSON or holds too many.
 */
const plain = (value: unknown, left: number): number => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return left - 1
  if (typeof value === "number") return Number.isFinite(value) ? left - 1 : -1
  if (left <= 0) return -1
  let rest = left - 1
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && rest >= 0; i++) rest = plain(value[i], rest)
    return rest
  }
  if (!isObject(value)) return -1
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return -1
  // `for in` makes no array of the keys. It adds inherited ones: to check them as well refuses more, never less.
  for (const key in value) {
    rest = plain(value[key], rest)
    if (rest < 0) return rest
  }
  return rest
}

const withData = (aps: object | undefined, data: unknown): { readonly [key: string]: unknown } | undefined =>
  aps === undefined || !isObject(data) || "aps" in data ? undefined : { aps, ...data }

/** Whether the values of an object, but for its `aps`, are JSON. */
const holdsJson = (payload: { readonly [key: string]: unknown }, but: string | undefined): boolean => {
  let left = most
  for (const key in payload) {
    if (key === but) continue
    left = plain(payload[key], left)
    if (left < 0) return false
  }
  return true
}

/** With custom data that is JSON. The copy is what gets checked, for a getter may answer differently the next time. */
const withJson = (aps: object | undefined, data: unknown): object | undefined => {
  const payload = withData(aps, data)
  return payload !== undefined && holdsJson(payload, "aps") ? payload : undefined
}

/** What an `aps` dictionary encodes to, or `undefined` where only the Schema can tell. */
export type ApsWriter = (aps: unknown) => object | undefined

/** What throws, be it a getter or too deep a value, is not plainly valid: the Schema meets it again. */
const safely =
  (write: PayloadWriter): PayloadWriter =>
  (value) => {
    try {
      return write(value)
    } catch {
      return undefined
    }
  }

const isPayload = isFields<{ readonly Type: Payload.Payload<unknown, unknown> }>

/** The writers of one kind of push: of its payloads with JSON for custom data, and with data of a Schema. */
export interface PayloadWriters {
  readonly json: PayloadWriter
  /** `data` encodes the custom data; it is compiled here, so call this once per Schema. */
  readonly typed: (data: Schema.Encoder<unknown>) => PayloadWriter
}

/** The writer of payloads with JSON for custom data. */
export const jsonWriter = (aps: ApsWriter): PayloadWriter =>
  safely((value) => (isPayload(value) ? withJson(aps(value.aps), value.data) : undefined))

const writers = (aps: ApsWriter): PayloadWriters => ({
  json: jsonWriter(aps),
  typed: (schema) => {
    const encode = Schema.encodeUnknownResult(schema)
    return safely((value) => {
      if (!isPayload(value)) return undefined
      const written = aps(value.aps)
      if (written === undefined) return undefined
      const encoded = encode(value.data)
      return Result.isSuccess(encoded) ? withData(written, encoded.success) : undefined
    })
  }
})

/** The writers of alerts. */
export const alertWriters = writers(alertAps)

/** The writers of background pushes. */
export const backgroundWriters = writers(backgroundAps)

/** The writers of pushes that reload widgets or controls. */
export const reloadWriters = writers(reloadAps)

/** A copy of an object that holds nothing but JSON. */
export const jsonObject = (value: unknown): object | undefined => {
  if (!isObject(value)) return undefined
  const copy = { ...value }
  return holdsJson(copy, undefined) ? copy : undefined
}

/** The writer of payloads that are nothing but JSON data. */
export const dataWriter: PayloadWriter = safely(jsonObject)
