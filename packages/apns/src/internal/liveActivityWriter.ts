/**
 * The fast path of encoding Live Activities, be they sent to a device or broadcast: see payloadWriter.ts for what a writer
 * may answer, and for why each field is a paragraph of its own.
 */
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as LiveActivity from "../LiveActivity.ts"
import { type ApsWriter, isFields, jsonObject, jsonWriter, type PayloadWriter, texts } from "./payloadWriter.ts"

/** A channel's id: standard base64 with padding. Its length is not specified. */
export const channelPattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/

/** The greatest time of a JavaScript `Date`, in milliseconds from 1970. */
export const greatestMillis = 8_640_000_000_000_000

/** What one field encodes to, or `undefined` where only the Schema can tell. */
type FieldWriter = (value: unknown) => object | undefined

/** The encoded side of an `aps` dictionary while it is written. */
interface Written {
  readonly event: "start" | "update" | "end"
  readonly timestamp: number
  "stale-date"?: number
  "attributes-type"?: string
  attributes?: object
  "content-state"?: object
  alert?: object
  "input-push-token"?: 1
  "input-push-channel"?: string
  "relevance-score"?: number
  "dismissal-date"?: number
}

const isFinite = (value: unknown): value is number => Number.isFinite(value)

/** Whole seconds since 1970. */
const seconds = (value: unknown): number | undefined => {
  if (!DateTime.isDateTime(value) || !DateTime.isUtc(value)) return undefined
  const whole = Math.floor(value.epochMilliseconds / 1000)
  return Math.abs(whole) <= greatestMillis / 1000 ? whole : undefined
}

interface LocalizedText {
  readonly "loc-key": string
  "loc-args"?: ReadonlyArray<string>
}

const text = (from: unknown): string | LocalizedText | undefined => {
  if (typeof from === "string") return from
  if (!isFields<{ readonly Type: { readonly locKey: unknown; readonly locArgs: unknown } }>(from)) return undefined
  const { locKey, locArgs } = from
  if (typeof locKey !== "string" || !("locKey" in from)) return undefined
  const to: LocalizedText = { "loc-key": locKey }
  if (locArgs !== undefined) {
    const written = texts(locArgs)
    if (written === undefined || !("locArgs" in from)) return undefined
    to["loc-args"] = written
  }
  return to
}

const alertObject = (from: unknown): object | undefined => {
  if (!isFields<typeof LiveActivity.Alert>(from)) return undefined
  const { title, body, sound, extra } = from
  const to: { title?: string | LocalizedText; body?: string | LocalizedText; sound?: string } = {}
  if (title !== undefined) {
    const written = text(title)
    if (written === undefined || !("title" in from)) return undefined
    to.title = written
  }
  if (body !== undefined) {
    const written = text(body)
    if (written === undefined || !("body" in from)) return undefined
    to.body = written
  }
  if (sound !== undefined) {
    if (typeof sound !== "string" || !("sound" in from)) return undefined
    to.sound = sound
  }
  return extra === undefined ? to : undefined
}

type Fields<Aps> = { readonly Type: Aps }

const startAps =
  (isType: (value: unknown) => value is string, attributesOf: FieldWriter, stateOf: FieldWriter): ApsWriter =>
  (from) => {
    if (!isFields<Fields<LiveActivity.StartAps<unknown, unknown>>>(from)) return undefined
    const {
      event,
      timestamp,
      staleDate,
      extra,
      attributesType,
      attributes,
      contentState,
      alert,
      inputPushToken,
      inputPushChannel,
      relevanceScore
    } = from
    if (event !== "start" || !("event" in from)) return undefined
    const made = seconds(timestamp)
    if (made === undefined || !("timestamp" in from)) return undefined
    const to: Written = { event, timestamp: made }
    if (staleDate !== undefined) {
      const written = seconds(staleDate)
      if (written === undefined || !("staleDate" in from)) return undefined
      to["stale-date"] = written
    }
    if (!isType(attributesType) || !("attributesType" in from)) return undefined
    to["attributes-type"] = attributesType
    const writtenAttributes = attributesOf(attributes)
    if (writtenAttributes === undefined || !("attributes" in from)) return undefined
    to.attributes = writtenAttributes
    const writtenState = stateOf(contentState)
    if (writtenState === undefined || !("contentState" in from)) return undefined
    to["content-state"] = writtenState
    const writtenAlert = alertObject(alert)
    if (writtenAlert === undefined || !("alert" in from)) return undefined
    to.alert = writtenAlert
    if (inputPushToken !== undefined) {
      if (inputPushToken !== true || inputPushChannel !== undefined || !("inputPushToken" in from)) return undefined
      to["input-push-token"] = 1
    }
    if (inputPushChannel !== undefined) {
      if (typeof inputPushChannel !== "string" || !channelPattern.test(inputPushChannel)) return undefined
      if (!("inputPushChannel" in from)) return undefined
      to["input-push-channel"] = inputPushChannel
    }
    if (relevanceScore !== undefined) {
      if (!isFinite(relevanceScore) || !("relevanceScore" in from)) return undefined
      to["relevance-score"] = relevanceScore
    }
    return extra === undefined ? to : undefined
  }

const updateAps =
  (stateOf: FieldWriter): ApsWriter =>
  (from) => {
    if (!isFields<Fields<LiveActivity.UpdateAps<unknown>>>(from)) return undefined
    const { event, timestamp, staleDate, extra, contentState, alert, relevanceScore } = from
    if (event !== "update" || !("event" in from)) return undefined
    const made = seconds(timestamp)
    if (made === undefined || !("timestamp" in from)) return undefined
    const to: Written = { event, timestamp: made }
    if (staleDate !== undefined) {
      const written = seconds(staleDate)
      if (written === undefined || !("staleDate" in from)) return undefined
      to["stale-date"] = written
    }
    const writtenState = stateOf(contentState)
    if (writtenState === undefined || !("contentState" in from)) return undefined
    to["content-state"] = writtenState
    if (alert !== undefined) {
      const written = alertObject(alert)
      if (written === undefined || !("alert" in from)) return undefined
      to.alert = written
    }
    if (relevanceScore !== undefined) {
      if (!isFinite(relevanceScore) || !("relevanceScore" in from)) return undefined
      to["relevance-score"] = relevanceScore
    }
    return extra === undefined ? to : undefined
  }

/** `omits`: whether a content state of `undefined` is plainly none. A caller's Schema may have an encoding for it. */
const endAps =
  (stateOf: FieldWriter, omits: boolean): ApsWriter =>
  (from) => {
    if (!isFields<Fields<LiveActivity.EndAps<unknown>>>(from)) return undefined
    const { event, timestamp, staleDate, extra, contentState, alert, dismissalDate } = from
    if (event !== "end" || !("event" in from)) return undefined
    const made = seconds(timestamp)
    if (made === undefined || !("timestamp" in from)) return undefined
    const to: Written = { event, timestamp: made }
    if (staleDate !== undefined) {
      const written = seconds(staleDate)
      if (written === undefined || !("staleDate" in from)) return undefined
      to["stale-date"] = written
    }
    if (contentState !== undefined || !omits) {
      const written = stateOf(contentState)
      if (written === undefined || !("contentState" in from)) return undefined
      to["content-state"] = written
    }
    if (alert !== undefined) {
      const written = alertObject(alert)
      if (written === undefined || !("alert" in from)) return undefined
      to.alert = written
    }
    if (dismissalDate !== undefined) {
      const written = seconds(dismissalDate)
      if (written === undefined || !("dismissalDate" in from)) return undefined
      to["dismissal-date"] = written
    }
    return extra === undefined ? to : undefined
  }

/** The writers of one kind of Live Activity, by event. */
export interface LiveActivityWriters {
  readonly start: PayloadWriter
  readonly update: PayloadWriter
  readonly end: PayloadWriter
}

const isName = (value: unknown): value is string => typeof value === "string" && value.length > 0

/** The writers of activities whose attributes and content state are any JSON. */
export const jsonWriters: LiveActivityWriters = {
  start: jsonWriter(startAps(isName, jsonObject, jsonObject)),
  update: jsonWriter(updateAps(jsonObject)),
  end: jsonWriter(endAps(jsonObject, true))
}

const fieldWriter = (schema: Schema.Encoder<unknown>): FieldWriter => {
  const encode = Schema.encodeUnknownResult(schema)
  return (value) => {
    const encoded = encode(value)
    return Result.isSuccess(encoded) && isFields(encoded.success) ? encoded.success : undefined
  }
}

/** The writers of a definition. Its Schemas are compiled here, so call this once for each. */
export const typedWriters = (
  attributesType: string,
  attributes: Schema.Encoder<unknown>,
  contentState: Schema.Encoder<unknown>
): LiveActivityWriters => {
  const isType = (value: unknown): value is string => typeof value === "string" && value === attributesType
  const stateOf = fieldWriter(contentState)
  return {
    start: jsonWriter(startAps(isType, fieldWriter(attributes), stateOf)),
    update: jsonWriter(updateAps(stateOf)),
    end: jsonWriter(endAps(stateOf, false))
  }
}

/** By Schema, and not as a field of the definition: a Schema that was changed is another, and has no writer. */
const known = new WeakMap<Schema.Encoder<unknown>, PayloadWriter>()

/** The same Schemas, of which `writerOf` now knows the writers. */
export const withWriters = <
  Payloads extends { readonly [Event in keyof LiveActivityWriters]: Schema.Encoder<unknown> }
>(
  payloads: Payloads,
  writers: LiveActivityWriters
): Payloads => {
  known.set(payloads.start, writers.start)
  known.set(payloads.update, writers.update)
  known.set(payloads.end, writers.end)
  return payloads
}

/** The writer of a payload's Schema, if it has one. */
export const writerOf = (schema: Schema.Encoder<unknown>): PayloadWriter | undefined => known.get(schema)
