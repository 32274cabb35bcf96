/** What is wrong with a payload, and what is allowed and probably not meant. Pure. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as PayloadInspection from "effect-apns/PayloadInspection"
import { sizeLimit } from "effect-apns/PayloadSchema"
import { rulesOf } from "effect-apns/PushType"
import { nearest } from "../nearest.ts"
import { group } from "../numbers.ts"
import { adviceOn, knownKeys } from "./cures.ts"
import { apsOf, headerOf, type Kind, schemaOf } from "./kinds.ts"

export interface Finding {
  /** `error`: it breaks a rule. `warning`: APNs takes it. */
  readonly severity: "error" | "warning"
  /** The key on the wire; empty for the payload as a whole. */
  readonly key: string
  readonly problem: string
  readonly cure: string
  /** The page that has the rule. */
  readonly source?: string | undefined
}

const known: ReadonlySet<string> = new Set(knownKeys)

const sourceOf = (kind: Kind) => rulesOf(headerOf(kind))?.source

const broken = (kind: Kind, payload: Schema.JsonObject): ReadonlyArray<Finding> => {
  if (kind === "wallet") {
    return Object.keys(payload).map((key) => ({
      severity: "error",
      key,
      problem: "must not be there",
      cure: "The payload of a Wallet push is the empty object {}.",
      source: "Apple's Wallet developer guide"
    }))
  }
  const schema = schemaOf(kind, payload)
  if (schema === undefined) return []
  return PayloadInspection.problems(schema, payload).map(({ key, problem }) => {
    const advice = problem === "must not be there" ? undefined : adviceOn(key)
    return {
      severity: "error",
      key,
      problem,
      cure: advice?.cure ?? (advice === undefined && problem === "must not be there" ? "Leave it out." : "Mend it."),
      source: advice?.source ?? sourceOf(kind)
    }
  })
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null

/** The keys that the Schema did not know. */
const extraOf = (value: unknown): ReadonlyArray<string> =>
  isObject(value) && isObject(value.extra) ? Object.keys(value.extra) : []

const unknownKeys = (kind: Kind, payload: Schema.JsonObject): ReadonlyArray<string> => {
  const schema = schemaOf(kind, payload)
  const decoded = schema === undefined ? undefined : Schema.decodeUnknownResult(schema)(payload)
  if (decoded === undefined || Result.isFailure(decoded) || !isObject(decoded.success)) return []
  const { aps } = decoded.success
  if (!isObject(aps)) return []
  return [
    ...extraOf(aps).map((key) => `aps.${key}`),
    ...extraOf(aps.alert).map((key) => `aps.alert.${key}`),
    ...extraOf(aps.sound).map((key) => `aps.sound.${key}`)
  ]
}

const warn = (key: string, problem: string, cure: string): Finding => ({ severity: "warning", key, problem, cure })

/** The payload without some of its keys, given as on the wire: what is wrong with one does not hide another. */
const without = (payload: Schema.JsonObject, keys: ReadonlyArray<string>): Schema.JsonObject => {
  const copy: Schema.JsonObject = structuredClone(payload)
  for (const key of keys) {
    const path = key.split(".")
    const last = path.pop()
    let at: unknown = copy
    for (const name of path) at = isObject(at) ? at[name] : undefined
    if (last !== undefined && isObject(at)) Reflect.deleteProperty(at, last)
  }
  return copy
}

const misspelt = (kind: Kind, payload: Schema.JsonObject) =>
  unknownKeys(kind, payload).map((key) => {
    if (known.has(key)) return warn(key, `has no meaning in a push of the type ${kind}`, "Leave it out.")
    const near = nearest(key, knownKeys)
    const cure = near === undefined ? "Custom data belongs beside aps." : `Did you mean ${near}?`
    return warn(key, "is no key that Apple documents", cure)
  })

/** Keys of `aps` that nobody takes for custom data. */
const apsOnly = [
  "alert",
  "badge",
  "sound",
  "thread-id",
  "content-available",
  "mutable-content",
  "interruption-level",
  "relevance-score"
]

const misplaced = (payload: Schema.JsonObject) =>
  apsOnly
    .filter((key) => Object.hasOwn(payload, key))
    .map((key) => warn(key, "stands beside aps, where only the app reads it", `Put it into aps, as aps.${key}.`))

const silent = (kind: Kind, payload: Schema.JsonObject) => {
  const aps = apsOf(payload)
  if (kind !== "alert" || aps === undefined) return []
  if (["alert", "badge", "sound"].some((key) => Object.hasOwn(aps, key))) return []
  return aps["content-available"] === 1
    ? [warn("aps", "shows nothing and wakes the app", "That is a push of the type background, of priority 5.")]
    : [warn("aps", "shows nothing: it has no alert, badge or sound", "Give one of them.")]
}

const oversize = (kind: Kind, bytes: number): ReadonlyArray<Finding> => {
  const limit = sizeLimit(headerOf(kind))
  if (bytes <= limit) return []
  return [
    {
      severity: "error",
      key: "",
      problem: `is ${group(bytes)} bytes, and the limit is ${group(limit)}`,
      cure: `Shorten it by ${group(bytes - limit)} bytes.`,
      source: "Sending notification requests to APNs"
    }
  ]
}

/** As it is sent: without white space. */
export const bytesOf = (payload: Schema.JsonObject): number => Buffer.byteLength(JSON.stringify(payload))

/** Errors before warnings. */
export const findings = (kind: Kind, payload: Schema.JsonObject): ReadonlyArray<Finding> => {
  const errors = broken(kind, payload)
  const rest = without(
    payload,
    errors.map(({ key }) => key)
  )
  return [
    ...errors,
    ...oversize(kind, bytesOf(payload)),
    ...(headerOf(kind) === undefined || apsOf(payload) === undefined ? [] : misplaced(payload)),
    ...misspelt(kind, rest),
    ...silent(kind, payload)
  ]
}

/** A finding as the beginning of a sentence. */
export const sentence = ({ key, problem }: Finding): string => `${key === "" ? "The payload" : key} ${problem}`
