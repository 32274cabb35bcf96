/**
 * One request with the credentials, to a device that cannot exist: what APNs says of it tells whether it takes them. Harmless:
 * half a byte is no device token, and were it one, a background push that asks for nothing would come to it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ApnsConnection, type RequestError } from "effect-apns/ApnsConnection"
import type { ApnsError } from "effect-apns/ApnsError"
import type { Credentials } from "effect-apns/Credentials"
import { JwtCache } from "effect-apns/JwtCache"
import { rules } from "effect-apns/PushType"
import type { InvalidCredentials } from "effect-apns/Reason"
import { rejections } from "effect-apns/ReasonTable"
import { type Check, failed, passed } from "./check.ts"
import { isApple, type Target } from "./target.ts"

/** One hexadecimal digit. */
const path = "/3/device/0"

type AskError = RequestError | InvalidCredentials | ApnsError

interface Push {
  readonly pushType: string
  readonly body: string
}

/** A push that a topic can be named for: its suffix, or its beginning, says of which type it has to be. */
export const pushFor = (topic: string | undefined): Push => {
  if (topic?.startsWith("com.apple.mgmt.") === true) return { pushType: "mdm", body: '{"mdm":"doctor"}' }
  const suited = Object.entries(rules).filter(([, { suffix }]) => suffix !== "" && topic?.endsWith(suffix) === true)
  const [pushType] = suited[0] ?? []
  return pushType === undefined
    ? { pushType: "background", body: '{"aps":{"content-available":1}}' }
    : { pushType, body: '{"aps":{}}' }
}

export interface Answer {
  readonly status: number
  /** What APNs calls it; `undefined` when it accepts, or the answer is not one of APNs. */
  readonly reason: string | undefined
}

/** The reason in the body of an answer, printable and short, for it may come from anybody. */
export const reasonIn = (body: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    const reason = typeof value === "object" && value !== null && "reason" in value ? value.reason : undefined
    return typeof reason === "string" ? reason.replaceAll(/[^\w-]/g, "?").slice(0, 60) : undefined
  } catch {
    return undefined
  }
}

const topicOf = ({ credentials, topic }: Target) =>
  topic ?? (credentials?._tag === "CertificateCredentials" ? credentials.topic : undefined)

const ask = (target: Target, credentials: Credentials): Effect.Effect<Answer, AskError> => {
  const { environment, address, timeoutMillis } = target
  const topic = topicOf(target)
  const { body, pushType } = pushFor(topic)
  const certificate = credentials._tag === "CertificateCredentials" ? credentials : undefined
  const connection = ApnsConnection.layer({
    environment,
    port: address.port,
    proxy: "environment",
    certificate,
    connectTimeout: timeoutMillis,
    drainTimeout: "1 second",
    maxSessions: 1
  })
  const jwt = credentials._tag === "TokenCredentials" ? JwtCache.layer(credentials) : JwtCache.layerNone
  return Effect.gen(function* () {
    const token = yield* (yield* JwtCache).token
    const answer = yield* (yield* ApnsConnection).request({
      method: "POST",
      path,
      fields: {
        ...(topic !== undefined && { "apns-topic": topic }),
        "apns-push-type": pushType,
        "apns-priority": pushType === "background" ? "5" : "10",
        "apns-expiration": "0"
      },
      authorization: token?.authorization,
      body: new TextEncoder().encode(body),
      deadlineMillis: (yield* Clock.currentTimeMillis) + timeoutMillis
    })
    return { status: answer.status, reason: reasonIn(answer.body) }
  }).pipe(Effect.provide(Layer.merge(connection, jwt)))
}

const environmentCure = (target: Target) => {
  const { environment } = target
  if (!isApple(target)) return "The key is not for the server's environment: use a key that is, or the other server."
  const other = environment === "production" ? "sandbox" : "production"
  return `The key is for ${other}: use --environment ${other} (APNS_ENVIRONMENT), or a key made for ${String(environment)}.`
}

/** Cures that know more than the table of reasons: they name the settings at fault. */
const cures: Readonly<Record<string, (target: Target) => string>> = {
  InvalidProviderToken: ({ credentials }) => {
    const ids =
      credentials?._tag === "TokenCredentials" ? `Key ID ${credentials.keyId}, team ID ${credentials.teamId}` : "Ids"
    return (
      `${ids} and the .p8 file do not belong together, or the key is revoked: compare them with the developer account ` +
      "(Keys, Membership). A clock that is ahead gives this, too: see Clock."
    )
  },
  ExpiredProviderToken: () =>
    "The token was made a moment ago, so this machine's clock is behind, or the server's ahead: see Clock.",
  BadEnvironmentKeyIdInToken: environmentCure,
  BadEnvironmentKeyInToken: environmentCure,
  TopicDisallowed: (target) =>
    `These credentials may not push to ${topicOf(target)}: compare --topic (APNS_TOPIC) with the app's bundle ID, and the ` +
    "key's team with the app's; a key made for certain topics has to list it.",
  BadTopic: (target) => `${topicOf(target)} is no topic: set --topic (APNS_TOPIC) to the app's bundle ID.`,
  MissingTopic: () => "Set --topic (APNS_TOPIC) to the app's bundle ID.",
  UnrelatedKeyIdInToken: () =>
    "Another key was used first on this connection, which is new: something on the way shares connections. Go around it.",
  TooManyProviderTokenUpdates: () =>
    "It says nothing of the key, which got new tokens too often: wait 20 minutes, and share one between all processes.",
  MissingProviderToken: () =>
    "The credentials were sent and did not arrive: something on the way opens TLS, and drops the certificate or header.",
  BadCertificate: () => "The certificate is no provider certificate, or it is revoked: create a new one."
}

const cureOf = (target: Target, reason: string): string => {
  const row = Object.entries(rejections).find(([name]) => name === reason)?.[1]
  return cures[reason]?.(target) ?? row?.cure ?? `Look it up: apns reason ${reason}.`
}

/** What an answer says of the credentials. Pure. */
export const checkAnswer = (target: Target, { reason, status }: Answer): Check => {
  const facts = { status, reason: reason ?? null }
  const right = target.credentials?._tag === "CertificateCredentials" ? "certificate" : "key, team"
  if (reason === "BadDeviceToken") {
    return passed("probe", `BadDeviceToken, as it should be: ${right}, topic and environment are right`, facts)
  }
  if (reason === "MissingTopic" && topicOf(target) === undefined) {
    return passed("probe", `MissingTopic: ${right} and environment are right, and there was no topic to check`, facts)
  }
  if (status === 200)
    return passed("probe", "accepted, though no such device exists: this is not Apple's server", facts)
  if (reason === undefined) {
    const said = `the answer has status ${status} and is not one of APNs`
    return failed("probe", said, "Look for a proxy between this machine and APNs.", facts)
  }
  return failed("probe", `${reason} (${status})`, cureOf(target, reason), facts)
}

const checkError = (target: Target, error: AskError): Check => {
  const reason = error._tag === "ApnsError" ? error.reason : error
  const facts = { status: null, reason: reason._tag }
  return failed("probe", reason.detail, cures[reason._tag]?.(target) ?? reason.cure, facts)
}

/** Sends the request, and says what its answer means. */
export const probe = (target: Target, credentials: Credentials): Effect.Effect<Check> =>
  ask(target, credentials).pipe(
    Effect.match({
      onFailure: (error) => checkError(target, error),
      onSuccess: (answer) => checkAnswer(target, answer)
    })
  )
