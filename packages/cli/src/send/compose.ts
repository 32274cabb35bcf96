/** From flags and a file to a payload as it goes over the wire. */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as PayloadInspection from "effect-apns/PayloadInspection"
import type { SendInput } from "../commands/send.ts"
import { badInput, type Failure } from "../Failure.ts"
import { apsOf, type Kind } from "../payload/kinds.ts"

type Json = Schema.Json
type JsonObject = Schema.JsonObject

/** The flags that say what the payload holds. */
export type ContentFlags = Pick<
  SendInput,
  | "title"
  | "subtitle"
  | "body"
  | "badge"
  | "sound"
  | "threadId"
  | "category"
  | "interruptionLevel"
  | "relevanceScore"
  | "mutableContent"
  | "contentAvailable"
  | "data"
>

/** One `--data`: an object in JSON, `key:=json` or `key=text`. */
const dataOf = (given: string): Result.Result<JsonObject, Failure> => {
  if (given.trimStart().startsWith("{")) {
    const read = PayloadInspection.read(given)
    return Result.mapError(read, ({ cure, problem }) => badInput(`--data ${problem}`, cure))
  }
  const equals = given.indexOf("=")
  const isTyped = given[equals - 1] === ":"
  const key = given.slice(0, isTyped ? equals - 1 : equals)
  if (equals === -1 || key === "") {
    return Result.fail(badInput(`--data ${JSON.stringify(given)} has no key`, "Write key=text, or key:=json."))
  }
  const value = given.slice(equals + 1)
  if (!isTyped) return Result.succeed({ [key]: value })
  // For values that come from JSON alone, which are JSON.
  return Result.mapBoth(PayloadInspection.readValue(value), {
    onSuccess: (json) => ({ [key]: json as Json }),
    onFailure: ({ position, problem }) =>
      position === undefined || problem.startsWith("is not JSON")
        ? badInput(`--data ${key}:= is followed by what is not JSON`, `Write ${key}=text where it is text.`)
        : badInput(`--data ${key}:= ${problem}`, `Write ${key}=text to send it as text.`)
  })
}

const defined = (fields: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))

/** Text in the alert goes over that of the file; an alert that is plain text is a body. */
const alertOf = (given: Json | undefined, text: JsonObject): Json | undefined => {
  const keys = Object.keys(text)
  if (keys.length === 0) return given
  if (given === undefined || given === null) return keys.length === 1 && text.body !== undefined ? text.body : text
  return typeof given === "object" && !Array.isArray(given)
    ? { ...(given as JsonObject), ...text }
    : { body: given, ...text }
}

const soundOf = (given: string): Result.Result<Json, Failure> => {
  if (!given.trimStart().startsWith("{")) return Result.succeed(given)
  return Result.mapError(PayloadInspection.read(given), ({ cure, problem }) => badInput(`--sound ${problem}`, cure))
}

/** What the constructors of these kinds put into every payload. */
const given: Partial<Record<Kind, JsonObject>> = {
  background: { "content-available": 1 },
  controls: { "content-changed": true },
  widgets: { "content-changed": true },
  safari: { "url-args": [] }
}

/**
 * The payload of the flags, on top of that of the file. Without a file, what `kind` always has is put in; `kind` is undefined
 * where it is to be told from the payload.
 */
export const compose = (
  flags: ContentFlags,
  file: JsonObject | undefined,
  kind: Kind | undefined
): Result.Result<JsonObject, Failure> =>
  Result.gen(function* () {
    // What is no dictionary is told of by those who check the payload.
    if (file !== undefined && Object.hasOwn(file, "aps") && apsOf(file) === undefined) return file
    const value = Option.getOrUndefined
    const { title, subtitle, body } = flags
    const text = defined({ title: value(title), subtitle: value(subtitle), body: value(body) })
    const base = file === undefined ? undefined : apsOf(file)
    const aps = defined({
      ...(file === undefined && kind !== undefined ? given[kind] : {}),
      ...base,
      alert: alertOf(base?.alert, text),
      badge: value(flags.badge) ?? base?.badge,
      sound: Option.isSome(flags.sound) ? yield* soundOf(flags.sound.value) : base?.sound,
      "thread-id": value(flags.threadId) ?? base?.["thread-id"],
      category: value(flags.category) ?? base?.category,
      "interruption-level": value(flags.interruptionLevel) ?? base?.["interruption-level"],
      "relevance-score": value(flags.relevanceScore) ?? base?.["relevance-score"]
    })
    const switches = defined({
      "mutable-content": flags.mutableContent ? 1 : undefined,
      "content-available": flags.contentAvailable ? 1 : undefined
    })
    const data: Array<JsonObject> = []
    for (const each of flags.data) data.push(yield* dataOf(each))
    if (data.some((each) => Object.hasOwn(each, "aps"))) {
      return yield* Result.fail(badInput('--data must not have the key "aps"', "Use the flags for it, or --payload."))
    }
    const full = { ...aps, ...switches }
    const needsAps = Object.keys(full).length > 0
    // Not by assignment, to which the key __proto__ is another thing.
    return Object.fromEntries([file ?? {}, needsAps ? { aps: full } : {}, ...data].flatMap(Object.entries<Json>))
  })
