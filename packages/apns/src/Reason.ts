/**
 * What can keep a notification from being accepted: a class for every reason APNs can give, tagged with the exact string
 * APNs sends, and one for every reason the library gives itself. They are the `reason` of an `ApnsError`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { Dead } from "./DeadTokens.ts"
import type { Facts, ReasonClass } from "./internal/stackless.ts"
import { stackless } from "./internal/stackless.ts"
import type { FailureName, ReasonRow, RejectionName } from "./ReasonTable.ts"
import { failures, rejections } from "./ReasonTable.ts"

export type { Facts } from "./internal/stackless.ts"

/**
 * What APNs said with a refusal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  /** The HTTP status. */
  readonly status: number
  /** The notification's id, as APNs returned it. */
  readonly apnsId?: string | undefined
  /** For broadcasts and channels: the request's id, as APNs returned it. */
  readonly requestId?: string | undefined
  /** How long the answer asks to wait. Not documented by Apple; honoured when present. */
  readonly retryAfter?: Duration.Duration | undefined
}

const rejection = <Name extends RejectionName, More extends object = object>(
  name: Name,
  detail?: (answer: Answer & More) => string | undefined
): ReasonClass<Name, Answer & More> => {
  const { outcome, action, cure, meaning }: ReasonRow = rejections[name]
  return stackless(name, (answer) => {
    const said = detail?.(answer)
    return { outcome, action, cure, detail: `${meaning}${said === undefined ? "" : `, ${said}`} (${answer.status})` }
  })
}

/**
 * When APNs found the token dead, with a 410 answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeadSince {
  /**
   * When APNs confirmed that the token was no longer valid for the topic. A token that the app registered again later
   * is alive (Apple, "Handling notification responses from APNs").
   */
  readonly timestamp?: DateTime.Utc | undefined
}

/**
 * The age of a provider token that APNs called expired.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenAge {
  /** How old the provider token was by this machine's clock. */
  readonly tokenAge?: Duration.Duration | undefined
  /** How far APNs' clock is ahead of this machine's (negative: behind), when its answer tells the time. */
  readonly clockSkew?: Duration.Duration | undefined
}

const describeSkew = ({ tokenAge, clockSkew }: TokenAge): string | undefined => {
  if (tokenAge === undefined) return undefined
  const skew = clockSkew === undefined ? "" : `; its clock is ${Duration.format(clockSkew)} from APNs'`
  return `yet it is ${Duration.format(tokenAge)} old by this machine's clock, which must be wrong${skew}`
}

const since = ({ timestamp }: DeadSince) =>
  timestamp === undefined ? undefined : `since ${new Date(timestamp.epochMilliseconds).toISOString()}`

/** 400: the collapse id is not valid. @category rejections @since 0.1.0 */
export class BadCollapseId extends rejection("BadCollapseId") {}
/** 400: the device token is not valid, or belongs to the other environment. @category rejections @since 0.1.0 */
export class BadDeviceToken extends rejection("BadDeviceToken") {}
/** 400: the expiration is not valid. @category rejections @since 0.1.0 */
export class BadExpirationDate extends rejection("BadExpirationDate") {}
/** 400: the notification's id is not valid. @category rejections @since 0.1.0 */
export class BadMessageId extends rejection("BadMessageId") {}
/** 400: the priority is not valid. @category rejections @since 0.1.0 */
export class BadPriority extends rejection("BadPriority") {}
/** 400: the topic is not valid. @category rejections @since 0.1.0 */
export class BadTopic extends rejection("BadTopic") {}
/** 400: the device token belongs to another topic. @category rejections @since 0.1.0 */
export class DeviceTokenNotForTopic extends rejection("DeviceTokenNotForTopic") {}
/** 400: a header was sent twice. @category rejections @since 0.1.0 */
export class DuplicateHeaders extends rejection("DuplicateHeaders") {}
/** 400: the request sat idle for too long. @category rejections @since 0.1.0 */
export class IdleTimeout extends rejection("IdleTimeout") {}
/** 400: the push type is not valid here. @category rejections @since 0.1.0 */
export class InvalidPushType extends rejection("InvalidPushType") {}
/** 400: no device token was given. @category rejections @since 0.1.0 */
export class MissingDeviceToken extends rejection("MissingDeviceToken") {}
/** 400: a topic is needed and none was given. @category rejections @since 0.1.0 */
export class MissingTopic extends rejection("MissingTopic") {}
/** 400: the payload is empty. @category rejections @since 0.1.0 */
export class PayloadEmpty extends rejection("PayloadEmpty") {}
/** 400: these credentials may not push to this topic. @category rejections @since 0.1.0 */
export class TopicDisallowed extends rejection("TopicDisallowed") {}
/** 400: broadcast is not enabled for this app. @category rejections @since 0.1.0 */
export class FeatureNotEnabled extends rejection("FeatureNotEnabled") {}
/** 400: no channel id was given. @category rejections @since 0.1.0 */
export class MissingChannelId extends rejection("MissingChannelId") {}
/** 400: the channel id is malformed. @category rejections @since 0.1.0 */
export class BadChannelId extends rejection("BadChannelId") {}
/** 400: the channel does not exist in this environment. @category rejections @since 0.1.0 */
export class ChannelNotRegistered extends rejection("ChannelNotRegistered") {}
/** 400: the app has reached its maximum of channels. @category rejections @since 0.1.0 */
export class CannotCreateChannelConfig extends rejection("CannotCreateChannelConfig") {}
/** 400: the request's parameters are not valid. @category rejections @since 0.1.0 */
export class BadRequestParams extends rejection("BadRequestParams") {}
/** 400: the request's body is not valid. @category rejections @since 0.1.0 */
export class BadRequestPayload extends rejection("BadRequestPayload") {}
/** 400: no push type was given. @category rejections @since 0.1.0 */
export class MissingPushType extends rejection("MissingPushType") {}
/** 400: the channel's message storage policy is missing or not valid. @category rejections @since 0.1.0 */
export class MissingChannelQueueSize extends rejection("MissingChannelQueueSize") {}
/** 403: the certificate is not valid. @category rejections @since 0.1.0 */
export class BadCertificate extends rejection("BadCertificate") {}
/** 403: the certificate is for the other environment. @category rejections @since 0.1.0 */
export class BadCertificateEnvironment extends rejection("BadCertificateEnvironment") {}
/** 403: the provider token is more than an hour old. @category rejections @since 0.1.0 */
export class ExpiredProviderToken extends rejection<"ExpiredProviderToken", TokenAge>(
  "ExpiredProviderToken",
  describeSkew
) {}
/** 403: the action is not allowed. @category rejections @since 0.1.0 */
export class Forbidden extends rejection("Forbidden") {}
/** 403: the provider token is not valid: wrong key, key ID or team ID, or a revoked key. @category rejections @since 0.1.0 */
export class InvalidProviderToken extends rejection("InvalidProviderToken") {}
/** 403: neither a certificate nor a provider token was given. @category rejections @since 0.1.0 */
export class MissingProviderToken extends rejection("MissingProviderToken") {}
/** 403: the key is not related to the first key used on this connection. @category rejections @since 0.1.0 */
export class UnrelatedKeyIdInToken extends rejection("UnrelatedKeyIdInToken") {}
/** 403: the key is for the other environment. @category rejections @since 0.1.0 */
export class BadEnvironmentKeyIdInToken extends rejection("BadEnvironmentKeyIdInToken") {}
/** 403: the key is for the other environment. @category rejections @since 0.1.0 */
export class BadEnvironmentKeyInToken extends rejection("BadEnvironmentKeyInToken") {}
/** 403: the credentials' topic differs from the bundle ID in the path. @category rejections @since 0.1.0 */
export class TopicMismatch extends rejection("TopicMismatch") {}
/** 404: the request's path is not valid. @category rejections @since 0.1.0 */
export class BadPath extends rejection("BadPath") {}
/** 405: the request's method is not allowed. @category rejections @since 0.1.0 */
export class MethodNotAllowed extends rejection("MethodNotAllowed") {}
/** 410: the device token has expired. @category rejections @since 0.1.0 */
export class ExpiredToken extends rejection<"ExpiredToken", DeadSince>("ExpiredToken", since) {}
/** 410: the device token is no longer active for the topic. @category rejections @since 0.1.0 */
export class Unregistered extends rejection<"Unregistered", DeadSince>("Unregistered", since) {}
/** 413: the payload is too large. @category rejections @since 0.1.0 */
export class PayloadTooLarge extends rejection("PayloadTooLarge") {}
/** 429: the provider token was renewed more often than once in 20 minutes. @category rejections @since 0.1.0 */
export class TooManyProviderTokenUpdates extends rejection("TooManyProviderTokenUpdates") {}
/** 429: too many notifications were sent to this device or channel. @category rejections @since 0.1.0 */
export class TooManyRequests extends rejection("TooManyRequests") {}
/** 500: APNs had an internal error. @category rejections @since 0.1.0 */
export class InternalServerError extends rejection("InternalServerError") {}
/** 503: APNs is unavailable. @category rejections @since 0.1.0 */
export class ServiceUnavailable extends rejection("ServiceUnavailable") {}
/** 503: this APNs server is shutting down. @category rejections @since 0.1.0 */
export class Shutdown extends rejection("Shutdown") {}

/**
 * The class of every reason APNs can give, by its name on the wire.
 *
 * **When to use**
 *
 * Use when a reason's name is data, as in a table-driven test or a stored result.
 *
 * @category tables
 * @since 0.1.0
 */
export const rejectionClasses = {
  BadCollapseId,
  BadDeviceToken,
  BadExpirationDate,
  BadMessageId,
  BadPriority,
  BadTopic,
  DeviceTokenNotForTopic,
  DuplicateHeaders,
  IdleTimeout,
  InvalidPushType,
  MissingDeviceToken,
  MissingTopic,
  PayloadEmpty,
  TopicDisallowed,
  FeatureNotEnabled,
  MissingChannelId,
  BadChannelId,
  ChannelNotRegistered,
  CannotCreateChannelConfig,
  BadRequestParams,
  BadRequestPayload,
  MissingPushType,
  MissingChannelQueueSize,
  BadCertificate,
  BadCertificateEnvironment,
  ExpiredProviderToken,
  Forbidden,
  InvalidProviderToken,
  MissingProviderToken,
  UnrelatedKeyIdInToken,
  BadEnvironmentKeyIdInToken,
  BadEnvironmentKeyInToken,
  TopicMismatch,
  BadPath,
  MethodNotAllowed,
  ExpiredToken,
  Unregistered,
  PayloadTooLarge,
  TooManyProviderTokenUpdates,
  TooManyRequests,
  InternalServerError,
  ServiceUnavailable,
  Shutdown
} satisfies { [Name in RejectionName]: ReasonClass<Name, Answer> }

/**
 * A refusal by APNs, for a reason of its tables.
 *
 * @category models
 * @since 0.1.0
 */
export type Rejection = InstanceType<(typeof rejectionClasses)[RejectionName]>

const failure = <Name extends FailureName, Fields extends object>(
  name: Name,
  describe: (fields: Fields) => Partial<Facts> & { readonly detail: string }
): ReasonClass<Name, Fields> => {
  const row: ReasonRow = failures[name]
  return stackless(name, (fields) => {
    const { detail, outcome = row.outcome, action = row.action, cure = row.cure } = describe(fields)
    return { outcome, action, cure, detail }
  })
}

/**
 * How large a part of a payload is.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeySize {
  /** Its keys on the wire, from the top, such as `aps.alert.body`; one that is no plain word stands in `["…"]`. */
  readonly key: string
  /** The bytes of its value as JSON. */
  readonly bytes: number
}

/**
 * The size of a payload that is over its limit, in bytes of the encoded body.
 *
 * @category models
 * @since 0.1.0
 */
export interface PayloadSize {
  readonly bytes: number
  readonly limit: number
  /** The three largest keys, largest first; never their values. Empty where the body is no JSON object. */
  readonly largest: ReadonlyArray<KeySize>
}

/**
 * The notification breaks a rule; nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidNotification extends failure(
  "InvalidNotification",
  (fields: {
    /** The field at fault, such as `"device"`, `"payload"` or `"collapseId"`. */
    readonly field: string
    readonly problem: string
    readonly cure: string
    /** For a payload over its limit. */
    readonly size?: PayloadSize | undefined
  }) => ({
    detail: `${fields.field} ${fields.problem}`,
    cure: fields.cure
  })
) {}

/**
 * The device token is known to be dead: see `DeadTokens`. Nothing was sent.
 *
 * `reason` is the name of what APNs answered, `since` when it found the token dead.
 *
 * @category errors
 * @since 0.1.0
 */
export class Suppressed extends failure("Suppressed", ({ reason, since }: Dead) => ({
  detail: `${failures.Suppressed.meaning} (${reason} since ${new Date(since.epochMilliseconds).toISOString()})`
})) {}

/**
 * A request to manage channels breaks a rule; nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRequest extends failure(
  "InvalidRequest",
  (fields: {
    /** The field at fault: `"channel"`, `"storage"` or `"requestId"`. */
    readonly field: string
    readonly problem: string
    readonly cure: string
  }) => ({ detail: `${fields.field} ${fields.problem}`, cure: fields.cure })
) {}

/**
 * The key or certificate cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidCredentials extends failure(
  "InvalidCredentials",
  (fields: {
    readonly problem: string
    readonly cure: string
    /** Where the passphrase of a file or a key is what is wrong: a program may ask for it. */
    readonly passphrase?: "missing" | "wrong" | undefined
    readonly cause?: unknown
  }) => ({
    detail: fields.problem,
    cure: fields.cure
  })
) {}

/**
 * A setting is missing or wrong.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidConfiguration extends failure(
  "InvalidConfiguration",
  (fields: { readonly setting: string; readonly problem: string; readonly cure: string }) => ({
    detail: `${fields.setting} ${fields.problem}`,
    cure: fields.cure
  })
) {}

/**
 * The step of a connection that failed.
 *
 * - `"proxy"`: the way to and through the proxy, if there is one; it stands in for `"dns"` and `"connect"`.
 * - `"dns"`, `"connect"`, `"tls"`, `"alpn"`, `"settings"`: the steps of opening a connection, in order.
 * - `"stream"`: the connection was open, and the peer provably did not process the request (RFC 9113, 8.7).
 * - `"closed"`: the connection ended, or was closed, before the request was written.
 *
 * @category models
 * @since 0.1.0
 */
export type ConnectionStep = "proxy" | "dns" | "connect" | "tls" | "alpn" | "settings" | "stream" | "closed"

/**
 * No connection could carry the notification; it was not processed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionFailed extends failure(
  "ConnectionFailed",
  (fields: {
    /** Host and port. */
    readonly address: string
    readonly step: ConnectionStep
    readonly problem: string
    readonly cure: string
    /** Whether trying again may help; otherwise the action is `fixConfig`. */
    readonly transient: boolean
    readonly cause?: unknown
  }) => ({
    detail: `${fields.address}: ${fields.problem}`,
    cure: fields.cure,
    action: fields.transient ? "retry" : "fixConfig"
  })
) {}

/**
 * Where a notification was when its deadline passed: waiting for the provider token, waiting for a connection, waiting for a
 * stream, waiting to be written, waiting for the answer's status, waiting for the rest of the answer. A connection of your
 * own that does not say it itself counts as waiting for the answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Stage = "token" | "connect" | "queue" | "write" | "answer" | "body"

/**
 * The deadline passed: the sooner of the caller's timeout and the notification's expiration.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeadlinePassed extends failure(
  "DeadlinePassed",
  (fields: {
    readonly address: string
    readonly stage: Stage
    /** From the call of `send`, or from the request where `ApnsConnection` is used by itself. */
    readonly waited: Duration.Duration
    /** What an earlier attempt at the same notification failed with: most likely why it took so long. */
    readonly previous?: { readonly _tag: string; readonly detail: string; readonly cure: string } | undefined
    /** Whether it was the notification's expiration: then there is no point in sending it later. Default: `false`. */
    readonly expired?: boolean | undefined
  }) => {
    const { address, expired = false, previous, stage, waited } = fields
    // In the stage "write" its frames stand in the output: RST_STREAM follows them there and does not take them back.
    const written = stage !== "token" && stage !== "connect" && stage !== "queue"
    const before = previous === undefined ? "" : `; before that, ${previous._tag}: ${previous.detail}`
    return {
      detail: `${address}: the ${expired ? "notification expired" : "deadline passed"} after ${Duration.format(waited)} in the stage "${stage}"${before}`,
      outcome: written ? "unknown" : "unsent",
      ...(expired && { action: "fixConfig" as const }),
      cure: expired
        ? "It is of no use any more; where it is, send it sooner or let it expire later."
        : written
          ? failures.OutcomeUnknown.cure
          : (previous?.cure ?? "Send it again later; when it recurs, look at the network and at the rate of sending.")
    }
  }
) {}

/**
 * The notification was written, and no answer came before its stream or connection ended.
 *
 * @category errors
 * @since 0.1.0
 */
export class OutcomeUnknown extends failure(
  "OutcomeUnknown",
  (fields: { readonly address: string; readonly problem: string }) => ({
    detail: `${fields.address}: ${fields.problem} after the notification was written and before its answer came`
  })
) {}

/**
 * `sendAll` did not send it: an earlier notification met a fault of the configuration, and this one would have, too.
 *
 * @category errors
 * @since 0.1.0
 */
export class Halted extends failure(
  "Halted",
  (fields: {
    /** What the earlier notification was refused with. */
    readonly by: { readonly _tag: string; readonly detail: string; readonly cure: string }
  }) => ({
    detail: `it was not sent, for an earlier one met ${fields.by._tag}: ${fields.by.detail}`,
    cure: fields.by.cure
  })
) {}

/**
 * APNs gave a reason that this version of the library does not know.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownReason extends failure(
  "UnknownReason",
  (fields: Answer & { /** The reason as APNs spelt it. */ readonly raw: string }) => ({
    detail: `APNs answered ${fields.status} with the reason "${fields.raw.slice(0, 100).replaceAll(/\p{Cc}/gu, "?")}"`,
    cure: "Look the reason up in Apple's documentation.",
    action:
      fields.status === 410 ? "dropToken" : fields.status === 429 || fields.status >= 500 ? "retryLater" : "fixConfig"
  })
) {}

/**
 * The answer is not one of APNs: a proxy's page, a body that is not JSON, an acceptance that lacks what it should bring.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnexpectedAnswer extends failure(
  "UnexpectedAnswer",
  (
    fields: Answer & {
      readonly contentType: string | undefined
      /** The beginning of the body, as text. */
      readonly excerpt: string
      /** What is wrong with it. Default: `"is not one of APNs"`. */
      readonly problem?: string | undefined
    }
  ) => ({
    detail: `the answer has status ${fields.status} and ${fields.problem ?? "is not one of APNs"}${fields.excerpt === "" ? "" : `: ${fields.excerpt}`}`,
    outcome: fields.status >= 500 || (fields.status >= 200 && fields.status < 300) ? "unknown" : "refused",
    action: fields.status === 429 || fields.status >= 500 ? "retryLater" : "fixConfig",
    cure: "Look for a proxy between this machine and APNs."
  })
) {}

/**
 * A reason the library gives itself.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure =
  | InvalidNotification
  | Suppressed
  | InvalidRequest
  | InvalidCredentials
  | InvalidConfiguration
  | ConnectionFailed
  | DeadlinePassed
  | OutcomeUnknown
  | Halted
  | UnknownReason
  | UnexpectedAnswer

/**
 * Everything that can be the `reason` of an `ApnsError`.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Rejection | Failure
