/**
 * The one table of everything that can keep a notification from being accepted: what APNs answers, and what this
 * library finds out by itself. The error classes, the retry policy, the messages and the documentation's table are all
 * made from it.
 *
 * @since 0.1.0
 */

/**
 * What is known of a notification that was not accepted.
 *
 * - `"refused"`: APNs answered, and said why.
 * - `"unsent"`: provably not processed. Sending it again cannot make a duplicate.
 * - `"unknown"`: it was written to the socket and no answer came. Sending it again may make a duplicate.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "refused" | "unsent" | "unknown"

/**
 * What to do about it.
 *
 * - `"retry"`: a passing fault. The default retry Schedule tries again within the deadline.
 * - `"reconnect"`: as `"retry"`, on a new connection.
 * - `"retryLater"`: send it again, but minutes from now; the library does not.
 * - `"renewToken"`: the provider token is stale. The library renews it once, where Apple's 20-minute rule allows.
 * - `"dropToken"`: the device token is dead for this topic. Stop sending to it.
 * - `"fixConfig"`: the request or the configuration is wrong. Sending it again unchanged cannot help.
 *
 * @category models
 * @since 0.1.0
 */
export type Action = "retry" | "retryLater" | "dropToken" | "fixConfig" | "renewToken" | "reconnect"

/**
 * A row of the table.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReasonRow {
  /** The HTTP status Apple documents for it; absent when the library says it and not APNs. */
  readonly status?: number
  readonly outcome: Outcome
  readonly action: Action
  /** What happened, as the middle of a sentence. */
  readonly meaning: string
  /** What the reader of the error should do. */
  readonly cure: string
}

const refused = <const S extends number, const A extends Action>(
  status: S,
  action: A,
  meaning: string,
  cure: string
) => ({
  status,
  outcome: "refused" as const,
  action,
  meaning,
  cure
})

const local = <const O extends Outcome, const A extends Action>(
  outcome: O,
  action: A,
  meaning: string,
  cure: string
) => ({ outcome, action, meaning, cure })

/**
 * The reasons APNs gives, for device pushes, broadcasts and channel management.
 *
 * Sources: Apple, "Handling notification responses from APNs" and "Handling error responses from Apple Push Notification
 * service". `BadEnvironmentKeyInToken` and `MissingChannelQueueSize` are not in Apple's tables but are seen on the wire.
 *
 * @category tables
 * @since 0.1.0
 */
export const rejections = {
  BadCollapseId: refused(400, "fixConfig", "the collapse id is not valid", "Use at most 64 bytes of UTF-8."),
  BadDeviceToken: refused(
    400,
    "dropToken",
    "the device token is not valid, or belongs to the other environment",
    "Check that sandbox tokens go to sandbox and production tokens to production; then stop sending to this token."
  ),
  BadExpirationDate: refused(
    400,
    "fixConfig",
    "the expiration is not valid",
    "Use 0 or whole epoch seconds; a channel without message storage takes only 0."
  ),
  BadMessageId: refused(400, "fixConfig", "the notification's id is not valid", "Use a UUID in its 8-4-4-4-12 form."),
  BadPriority: refused(400, "fixConfig", "the priority is not valid", "Use 10, 5 or 1; background pushes take only 5."),
  BadTopic: refused(
    400,
    "fixConfig",
    "the topic is not valid",
    "Use the app's bundle ID, with the push type's suffix."
  ),
  DeviceTokenNotForTopic: refused(
    400,
    "dropToken",
    "the device token belongs to another topic",
    "Check the topic; then stop sending to this token under it."
  ),
  DuplicateHeaders: refused(400, "fixConfig", "a header was sent twice", "Send every header once."),
  IdleTimeout: refused(400, "reconnect", "the request sat idle for too long", "Send again on a new connection."),
  InvalidPushType: refused(
    400,
    "fixConfig",
    "the push type is not valid here",
    "Use the push type that matches the payload; broadcasts take only liveactivity."
  ),
  MissingDeviceToken: refused(400, "fixConfig", "no device token was given", "Give the notification a device token."),
  MissingTopic: refused(
    400,
    "fixConfig",
    "a topic is needed and none was given",
    "Set the layer's `topic`, or the notification's."
  ),
  PayloadEmpty: refused(400, "fixConfig", "the payload is empty", "Send a JSON object."),
  TopicDisallowed: refused(
    400,
    "fixConfig",
    "these credentials may not push to this topic",
    "Check the bundle ID, and that the key or certificate covers it; reconnect after adding an app to the team."
  ),
  FeatureNotEnabled: refused(
    400,
    "fixConfig",
    "broadcast is not enabled for this app",
    "Enable the Broadcast capability for the app ID in the developer account."
  ),
  MissingChannelId: refused(400, "fixConfig", "no channel id was given", "Give the id of the channel."),
  BadChannelId: refused(400, "fixConfig", "the channel id is malformed", "Use the id as APNs returned it, in base64."),
  ChannelNotRegistered: refused(
    400,
    "fixConfig",
    "the channel does not exist in this environment",
    "Forget this channel id, or use the environment it was made in."
  ),
  CannotCreateChannelConfig: refused(
    400,
    "fixConfig",
    "the app has reached its maximum of channels",
    "Delete channels that are no longer used."
  ),
  BadRequestParams: refused(400, "fixConfig", "the request's parameters are not valid", "Check the request's headers."),
  BadRequestPayload: refused(400, "fixConfig", "the request's body is not valid", "Check the JSON of the body."),
  MissingPushType: refused(400, "fixConfig", "no push type was given", "Name the push type."),
  MissingChannelQueueSize: refused(
    400,
    "fixConfig",
    "the channel's message storage policy is missing or not valid",
    "Use the policy 0 (store nothing) or 1 (store the newest message)."
  ),
  BadCertificate: refused(403, "fixConfig", "the certificate is not valid", "Create a new certificate and use it."),
  BadCertificateEnvironment: refused(
    403,
    "fixConfig",
    "the certificate is for the other environment",
    "Use the environment the certificate was made for, or a universal certificate."
  ),
  ExpiredProviderToken: refused(
    403,
    "renewToken",
    "the provider token is more than an hour old",
    "Check this machine's clock; the library renews the token by itself."
  ),
  Forbidden: refused(
    403,
    "fixConfig",
    "the action is not allowed",
    "Check what this key or certificate is allowed to do."
  ),
  InvalidProviderToken: refused(
    403,
    "fixConfig",
    "the provider token is not valid: wrong key, key ID or team ID, or a revoked key",
    "Check that team ID, key ID and .p8 file belong together, and that the key is not revoked."
  ),
  MissingProviderToken: refused(
    403,
    "fixConfig",
    "neither a certificate nor a provider token was given",
    "Give the layer credentials."
  ),
  UnrelatedKeyIdInToken: refused(
    403,
    "reconnect",
    "the key is not related to the first key used on this connection",
    "Use one connection for each key."
  ),
  BadEnvironmentKeyIdInToken: refused(
    403,
    "fixConfig",
    "the key is for the other environment",
    "Use a key of this environment, or the key's environment."
  ),
  BadEnvironmentKeyInToken: refused(
    403,
    "fixConfig",
    "the key is for the other environment",
    "Use a key of this environment, or the key's environment."
  ),
  TopicMismatch: refused(
    403,
    "fixConfig",
    "the credentials' topic differs from the bundle ID in the path",
    "Use the bundle ID, without a suffix, that the credentials are for."
  ),
  BadPath: refused(
    404,
    "fixConfig",
    "the request's path is not valid",
    "Check the device token or bundle ID, and the host."
  ),
  MethodNotAllowed: refused(
    405,
    "fixConfig",
    "the request's method is not allowed",
    "Use POST to send; GET and DELETE are for channels."
  ),
  ExpiredToken: refused(410, "dropToken", "the device token has expired", "Stop sending to this token."),
  Unregistered: refused(
    410,
    "dropToken",
    "the device token is no longer active for the topic",
    "Stop sending to this token, unless the app registered it again after the error's timestamp."
  ),
  PayloadTooLarge: refused(413, "fixConfig", "the payload is too large", "Shorten the payload."),
  TooManyProviderTokenUpdates: refused(
    429,
    "retryLater",
    "the provider token was renewed more often than once in 20 minutes",
    "Share one token between all processes that use the key, and wait 20 minutes."
  ),
  TooManyRequests: refused(
    429,
    "retryLater",
    "too many notifications were sent to this device or channel",
    "Send to it again later, and less often."
  ),
  InternalServerError: refused(
    500,
    "retry",
    "APNs had an internal error",
    "Send it again; when it lasts, wait 15 minutes."
  ),
  ServiceUnavailable: refused(503, "retry", "APNs is unavailable", "Send it again; when it lasts, wait 15 minutes."),
  Shutdown: refused(503, "reconnect", "this APNs server is shutting down", "Send again on a new connection.")
} as const satisfies Record<string, ReasonRow>

/**
 * The reasons this library gives: it could not send, or cannot tell.
 *
 * Where outcome or action depend on the case, the row holds the usual one and the error the exact one.
 *
 * @category tables
 * @since 0.1.0
 */
export const failures = {
  InvalidNotification: local(
    "unsent",
    "fixConfig",
    "the notification breaks a rule and was not sent",
    "The error names the field and its rule."
  ),
  Suppressed: local(
    "unsent",
    "dropToken",
    "the device token is known to be dead, and nothing was sent",
    "Stop sending to this token. If the app registered it again since, give the notification its registeredAt."
  ),
  InvalidRequest: local(
    "unsent",
    "fixConfig",
    "the request to manage channels breaks a rule and was not sent",
    "The error names the field and its rule."
  ),
  InvalidCredentials: local(
    "unsent",
    "fixConfig",
    "the key or certificate cannot be used",
    "The error says what is wrong with it and how to mend it."
  ),
  InvalidConfiguration: local(
    "unsent",
    "fixConfig",
    "a setting is missing or wrong",
    "The error names the setting and what it takes."
  ),
  ConnectionFailed: local(
    "unsent",
    "retry",
    "no connection could carry the notification",
    "The error names the address and the step that failed. Action is fixConfig when trying again cannot help."
  ),
  DeadlinePassed: local(
    "unsent",
    "retryLater",
    "the deadline passed",
    "The error names the stage. Outcome is unknown once the notification was handed to a connection."
  ),
  OutcomeUnknown: local(
    "unknown",
    "retryLater",
    "the connection ended after the notification was written and before its answer came",
    "Send it again only where a duplicate is acceptable; a collapse id makes a duplicate harmless on screen."
  ),
  Halted: local(
    "unsent",
    "fixConfig",
    "sending was halted, because every further notification would have met the same refusal",
    "The error names the refusal and its cure. Send what was not sent when that is mended."
  ),
  UnknownReason: local(
    "refused",
    "fixConfig",
    "APNs gave a reason that this version does not know",
    "Look the reason up in Apple's documentation. Action is retryLater for the statuses 429 and 5xx."
  ),
  UnexpectedAnswer: local(
    "refused",
    "fixConfig",
    "something answered that does not speak for APNs, such as a proxy",
    "Look at the status and excerpt. Outcome is unknown for a 2xx or 5xx: the notification may have gone through."
  )
} as const satisfies Record<string, ReasonRow>

/**
 * A reason APNs gives, as it is spelt on the wire.
 *
 * @category models
 * @since 0.1.0
 */
export type RejectionName = keyof typeof rejections

/**
 * A reason this library gives.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureName = keyof typeof failures

/** Those that only answers to broadcasts and channel management have. */
const ofChannels: ReadonlySet<RejectionName> = new Set<RejectionName>([
  "FeatureNotEnabled",
  "MissingChannelId",
  "BadChannelId",
  "ChannelNotRegistered",
  "CannotCreateChannelConfig",
  "BadRequestParams",
  "BadRequestPayload",
  "MissingPushType",
  "TopicMismatch"
])

/** Those that no page of Apple's has. */
const onTheWire: ReadonlySet<RejectionName> = new Set<RejectionName>([
  "BadEnvironmentKeyInToken",
  "MissingChannelQueueSize"
])

/**
 * Where a reason is from: the page of Apple's that has it, the wire alone, or this library.
 *
 * @category getters
 * @since 0.1.0
 */
export const sourceOf = (name: RejectionName | FailureName): string => {
  if (!(name in rejections)) return "effect-apns itself, not APNs"
  const rejection = name as RejectionName // In the table: just looked up.
  if (onTheWire.has(rejection)) return "seen on the wire; in none of Apple's pages"
  return ofChannels.has(rejection)
    ? "Apple, “Handling error responses from Apple Push Notification service”"
    : "Apple, “Handling notification responses from APNs”"
}
