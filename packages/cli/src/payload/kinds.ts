/** The kinds of push that commands know: the push types of the library, and the two that have none. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ApnsFile from "effect-apns/ApnsFile"
import * as Payload from "effect-apns/Payload"
import * as PayloadInspection from "effect-apns/PayloadInspection"
import { rules } from "effect-apns/PushType"
import { badInput, type Failure } from "../Failure.ts"
import { nearest } from "../nearest.ts"

/** A Wallet pass and a website have topics of their own, and no header `apns-push-type`. */
const withoutType = ["wallet", "safari"] as const

export type Kind = keyof typeof rules | (typeof withoutType)[number]

const isKind = (name: string): name is Kind => Object.hasOwn(rules, name) || withoutType.some((kind) => kind === name)

export const kinds: ReadonlyArray<string> = [...Object.keys(rules), ...withoutType]

/** Fails with the name that was probably meant. */
export const kindOf = (name: string): Result.Result<Kind, Failure> => {
  if (isKind(name)) return Result.succeed(name)
  const near = nearest(name, kinds)
  return Result.fail(
    badInput(
      `there is no push type ${JSON.stringify(name)}`,
      near === undefined ? `There are: ${kinds.join(", ")}.` : `Did you mean ${near}?`
    )
  )
}

/** The header `apns-push-type`. */
export const headerOf = (kind: Kind): string | undefined => (kind === "wallet" || kind === "safari" ? undefined : kind)

export const websitePayload = Payload.make(Payload.WebsiteAps, Schema.JsonObject)

/** What the payloads of a kind must fit; that of a Wallet pass is always empty. */
export const schemaOf = (kind: Kind, payload: Schema.JsonObject): PayloadInspection.PayloadSchema | undefined => {
  if (kind === "wallet") return undefined
  return kind === "safari" ? websitePayload : PayloadInspection.schemaOf(kind, payload)
}

const isObject = (value: unknown): value is Schema.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const apsOf = ({ aps }: Schema.JsonObject): Schema.JsonObject | undefined => (isObject(aps) ? aps : undefined)

/** The kind of push that a payload is, where what `aps` holds leaves no doubt. */
export const kindOfPayload = (payload: Schema.JsonObject): Kind | undefined => {
  const aps = apsOf(payload)
  if (aps === undefined) return undefined
  if (Object.hasOwn(aps, "url-args")) return "safari"
  if (Object.hasOwn(aps, "event") || Object.hasOwn(aps, "content-state")) return "liveactivity"
  const told = ApnsFile.toNotification({ payload: { ...payload, aps } }, { device: "" })
  const name = Result.isSuccess(told) ? told.success.pushType : undefined
  return name !== undefined && isKind(name) ? name : undefined
}
