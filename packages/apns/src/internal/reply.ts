/**
 * From APNs' answer to the reason of a refusal. Pure.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Answer, Rejection } from "../Reason.ts"
import { rejectionClasses, UnexpectedAnswer, UnknownReason } from "../Reason.ts"
import { type RejectionName, rejections } from "../ReasonTable.ts"
import { refusesCredentials } from "./fault.ts"
import { masked } from "./masked.ts"

/** What came back: a status, header fields by lower-case name, and the body as text. */
export interface Reply {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
  /** Why it is not whole, if it is not. */
  readonly cut?: string | undefined
}

/** Why an answer does not accept (Apple, "Handling notification responses from APNs"). */
export type Refusal = Rejection | UnknownReason | UnexpectedAnswer

const isRejectionName = (reason: string): reason is RejectionName => Object.hasOwn(rejectionClasses, reason)

const parse = (body: string): { readonly reason: string; readonly timestamp: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== "object" || value === null || !("reason" in value)) return undefined
    if (typeof value.reason !== "string" || value.reason === "") return undefined
    return { reason: value.reason, timestamp: "timestamp" in value ? value.timestamp : undefined }
  } catch {
    return undefined
  }
}

/** A clock that was never set is before this year, and says nothing of another's. */
const firstPlausibleMillis = Date.UTC(2000)

/**
 * When APNs found a token dead: no later than it answered, whatever its clock or this machine's says, for a device that
 * registers again would stay dead until then.
 */
const foundAt = (millis: unknown, nowMillis: number): DateTime.Utc | undefined => {
  const said = typeof millis === "number" ? Option.getOrUndefined(DateTime.make(millis)) : undefined
  const isLate = said !== undefined && said.epochMilliseconds > nowMillis && nowMillis >= firstPlausibleMillis
  return isLate ? DateTime.makeUnsafe(nowMillis) : said
}

/** `retry-after` of RFC 9110, 10.2.3: seconds, or a date. */
const retryAfter = (field: string | undefined, nowMillis: number): Duration.Duration | undefined => {
  if (field === undefined) return undefined
  // Date.parse alone takes "-5" for a month; every HTTP date begins with the name of a day.
  const date = /^[A-Z][a-z]+, ?/.test(field) ? Date.parse(field) : Number.NaN
  const millis = /^\d+$/.test(field) ? Number(field) * 1000 : date - nowMillis
  return Number.isFinite(millis) ? Duration.millis(Math.max(0, millis)) : undefined
}

/** Apple's own advice after a 5xx ("Handling notification responses from APNs"): who asks for more is not believed. */
const longestHonouredMillis = 900_000

/** How long an answer asks to wait, in milliseconds: 0 when it does not, 15 minutes at most. */
export const honouredMillis = (field: string | undefined, nowMillis: number): number =>
  Math.min(longestHonouredMillis, Duration.toMillis(retryAfter(field, nowMillis) ?? Duration.zero))

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const unprintable = /[\u0000-\u001f\u007f-\u009f\s]+/g

/** The beginning of a text, in one printable line, without device tokens and provider tokens. */
export const excerpt = (body: string) => {
  const text = masked(body.slice(0, 2000).replaceAll(unprintable, " ").trim())
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`
}

/** The rejection of a reason as APNs spells it; the broadcast page prints one of them with a space. */
const rejectionOf = (raw: string, answer: Answer, timestamp: unknown, nowMillis: number): Rejection | UnknownReason => {
  const name = raw.replaceAll(" ", "")
  if (!isRejectionName(name)) return new UnknownReason({ ...answer, raw: masked(raw) })
  const when = foundAt(timestamp, nowMillis)
  return new rejectionClasses[name](when === undefined ? answer : { ...answer, timestamp: when })
}

/** The reason in a GOAWAY's debug data, when it is one APNs is known to give; it then has the status Apple documents. */
export const goAwayRejection = (debugData: string): Rejection | undefined => {
  const name = parse(debugData)?.reason.replaceAll(" ", "")
  if (name === undefined || !isRejectionName(name)) return undefined
  return new rejectionClasses[name]({ status: rejections[name].status })
}

/**
 * The fault of the configuration in a GOAWAY's debug data: credentials, which fare no better on another session. Any other
 * reason is about this session, or about a notification that it does not name.
 */
export const goAwayFault = (debugData: string): Rejection | undefined => {
  const rejection = goAwayRejection(debugData)
  return rejection !== undefined && refusesCredentials(rejection) ? rejection : undefined
}

/** Why an answer refuses; nothing when it has the status that accepts. */
export const refusalOf = (
  { status, fields, body, cut }: Reply,
  accepting: number,
  nowMillis: number
): Refusal | undefined => {
  if (status === accepting) return undefined
  const answer: Answer = {
    status,
    apnsId: fields["apns-id"],
    requestId: fields["apns-request-id"],
    retryAfter: retryAfter(fields["retry-after"], nowMillis)
  }
  const said = parse(body)
  return said === undefined
    ? new UnexpectedAnswer({ ...answer, contentType: fields["content-type"], excerpt: excerpt(body), problem: cut })
    : rejectionOf(said.reason, answer, said.timestamp, nowMillis)
}
