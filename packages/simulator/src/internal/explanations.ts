/** What each rule means, for people who look at a refused request. By the name of the rule. */
import type { Explanation } from "../Received.ts"

type Certainty = Explanation["certainty"]

interface Rule {
  readonly says: string
  readonly fix: string
  readonly source: string
  readonly certainty: Certainty
  readonly option?: string | undefined
}

const send = "Sending notification requests to APNs"
const response = "Handling notification responses from APNs"
const token = "Establishing a token-based connection to APNs"
const certificate = "Establishing a certificate-based connection to APNs"
const background = "Pushing background updates to your App"
const broadcast = "Sending broadcast push notification requests to APNs"
const channels = "Sending channel management requests to APNs"
const channelErrors = "Handling error responses from Apple Push Notification service"
const setup = "Setting up broadcast push notifications"

const documented = (source: string, says: string, fix: string, option?: string): Rule => ({
  says,
  fix,
  source,
  certainty: "documented",
  option
})

const inferred = (source: string, says: string, fix: string, option?: string): Rule => ({
  ...documented(source, says, fix, option),
  certainty: "inferred"
})

const observed = (source: string, says: string, fix: string, option?: string): Rule => ({
  ...documented(source, says, fix, option),
  certainty: "observed"
})

const rules = {
  BadCollapseId: documented(send, "apns-collapse-id holds at most 64 bytes.", "Shorten the collapse id."),
  BadDeviceToken: documented(
    response,
    "The device token is not one: it is no hex text of whole bytes.",
    "Send the token's bytes as hex, as the app got them."
  ),
  "BadDeviceToken.environment": documented(
    response,
    "The device token belongs to the other environment.",
    "Send tokens of development builds to the sandbox and all others to production."
  ),
  "BadDeviceToken.unknown": documented(
    response,
    "Nobody registered this device token.",
    "Register the device with the simulator, or let unknown devices be accepted.",
    "unknownDevices"
  ),
  "BadDeviceToken.productionOnly": inferred(
    send,
    "Wallet passes and websites in Safari exist in production only.",
    "Send them to production.",
    "checkProductionOnlyTopics"
  ),
  BadExpirationDate: documented(
    send,
    "apns-expiration is a time in whole seconds since 1970, or 0.",
    "Send seconds, not milliseconds or a date."
  ),
  "BadExpirationDate.storage": documented(
    broadcast,
    "A channel that stores nothing takes only expiration 0.",
    "Send apns-expiration 0, or make a channel that keeps the newest message."
  ),
  BadMessageId: documented(
    send,
    "apns-id, or apns-request-id, is a UUID of 32 hex digits in groups of 8-4-4-4-12.",
    "Send a UUID, or leave the header out."
  ),
  BadPriority: documented(send, "apns-priority is 10, 5 or 1.", "Send one of these, or leave the header out."),
  "BadPriority.background": inferred(
    background,
    "A background push has priority 5; 10 is an error. Apple names no reason for it.",
    "Send background pushes with apns-priority 5.",
    "rejectBackgroundPriority10"
  ),
  BadTopic: documented(send, "apns-topic is not a topic.", "Send the app's bundle ID and the suffix of the push type."),
  "BadTopic.suffix": inferred(
    send,
    "The topic is not of the push type: each has a suffix of its own. Apple names no reason for it.",
    "Add the push type's suffix to the bundle ID, or send the push type the topic is for.",
    "checkTopicSuffix"
  ),
  DeviceTokenNotForTopic: documented(
    response,
    "The device token belongs to another topic.",
    "Send to the topic of the app that registered the token. A PushKit token has a topic of its own."
  ),
  DuplicateHeaders: documented(response, "A header is repeated.", "Send every header once."),
  IdleTimeout: inferred(
    response,
    "The stream was idle for too long: its body never ended. Apple does not say when this comes.",
    "End the request's body.",
    "idleTimeoutMillis"
  ),
  InvalidPushType: documented(send, "apns-push-type is not one of Apple's.", "Send a push type of Apple's list."),
  MissingDeviceToken: documented(response, "The path has no device token.", "Send to /3/device/<token>."),
  MissingTopic: documented(
    send,
    "apns-topic is required with a provider token, and with a certificate of several topics.",
    "Send apns-topic."
  ),
  PayloadEmpty: documented(response, "The body is empty.", "Send a JSON object."),
  TopicDisallowed: documented(
    response,
    "The key or certificate may not push to this topic.",
    "Use a key that covers the topic, or correct the topic."
  ),
  "TopicDisallowed.credential": inferred(
    send,
    "This push type needs the other kind of credential. Apple names no reason for it.",
    "Send location and fileprovider with a provider token, mdm with its certificate.",
    "credentialKinds"
  ),
  "TopicDisallowed.bundleId": documented(
    channelErrors,
    "The path holds a bundle ID without a suffix.",
    "Leave the suffix of the push type out of the path."
  ),
  BadCertificate: documented(certificate, "The client certificate is not a valid push certificate.", "Renew it."),
  BadCertificateEnvironment: documented(
    response,
    "The client certificate is for the other environment.",
    "Use the certificate of this environment, or the other host."
  ),
  ExpiredProviderToken: documented(
    token,
    "The provider token is more than an hour old.",
    "Sign a new one every 20 to 60 minutes, and check the clock."
  ),
  InvalidProviderToken: documented(
    token,
    "The provider token is malformed, its signature is wrong, its key is unknown or revoked, or the team is not the key's.",
    "Check key, key ID and team ID; sign with ES256; write iat as a number of seconds."
  ),
  "InvalidProviderToken.future": observed(
    token,
    "The provider token was issued in the future.",
    "Check the clock, and that iat is in seconds."
  ),
  "InvalidProviderToken.team": inferred(
    token,
    "The connection is bound to the team of its first token. Apple names no reason for another team.",
    "Open a connection for each team."
  ),
  MissingProviderToken: documented(
    response,
    "The request has neither a provider token nor a client certificate.",
    "Send authorization: bearer <token>."
  ),
  UnrelatedKeyIdInToken: documented(
    token,
    "The token's key is not related to the first key used on this connection.",
    "Open another connection for the other key."
  ),
  BadEnvironmentKeyIdInToken: documented(
    token,
    "The token's key is for the other environment.",
    "Use a key of this environment, or the other host.",
    "environmentReason"
  ),
  BadEnvironmentKeyInToken: observed(
    token,
    "The token's key is for the other environment.",
    "Use a key of this environment, or the other host.",
    "environmentReason"
  ),
  BadPath: documented(response, "APNs serves no such path.", "Send to /3/device/<token>, or the path of channels."),
  MethodNotAllowed: documented(response, "The method is not one the path has.", "Send POST to a device."),
  ExpiredToken: documented(response, "The device token expired.", "Send no more to this token."),
  Unregistered: documented(
    response,
    "The device token is no longer active for the topic.",
    "Send no more to it, unless the app registered it again after the timestamp."
  ),
  PayloadTooLarge: documented(
    send,
    "The body is larger than the push type allows: 4,096 bytes, 5,120 for VoIP and broadcasts.",
    "Shorten the payload."
  ),
  PayloadMismatch: inferred(
    send,
    "The payload does not suit the push type. Apple says that APNs may refuse, delay or drop it.",
    "Send what the push type is for.",
    "payloadMismatchReason"
  ),
  TooManyProviderTokenUpdates: documented(
    token,
    "A new provider token came less than 20 minutes after another one.",
    "Use one token for 20 to 60 minutes, in every process.",
    "tokenUpdateScope"
  ),
  TooManyRequests: documented(
    response,
    "Too many requests in a row for one device, or for one app's channels.",
    "Send less to it, and later.",
    "rateLimit"
  ),
  Shutdown: documented(response, "This server is shutting down.", "Send on another connection."),
  FeatureNotEnabled: documented(
    setup,
    "The app lacks the broadcast capability.",
    "Enable it in the developer account."
  ),
  MissingChannelId: documented(channelErrors, "apns-channel-id is missing.", "Send the channel's id."),
  BadChannelId: documented(channelErrors, "apns-channel-id is not base64 text.", "Send the id as APNs gave it."),
  ChannelNotRegistered: documented(
    channelErrors,
    "The app has no such channel in this environment.",
    "Make the channel first; environments share none."
  ),
  CannotCreateChannelConfig: documented(
    channels,
    "The app has as many channels as it may have.",
    "Delete channels.",
    "maxChannels"
  ),
  BadRequestParams: inferred(channelErrors, "A header is repeated, or the path has a query.", "Send neither."),
  BadRequestPayload: documented(channelErrors, "The body is not what this request takes.", "Correct the body."),
  "BadRequestPayload.broadcast": inferred(
    broadcast,
    "A broadcast is an update or the end of a Live Activity, with event, timestamp, and content-state for an update.",
    "Send these; start the activity by a push to the device.",
    "checkBroadcastPayload"
  ),
  MissingPushType: documented(channelErrors, "The push type is missing.", "Send LiveActivity."),
  "InvalidPushType.channel": documented(channelErrors, "Channels are for LiveActivity only.", "Send LiveActivity."),
  MissingChannelQueueSize: observed(
    channels,
    "message-storage-policy is 0 or 1.",
    "Send one of these as a number.",
    "storagePolicyReason"
  ),
  TopicMismatch: documented(
    channelErrors,
    "The credential is not for the app in the path.",
    "Use a key or certificate of the app."
  )
} satisfies Readonly<Record<string, Rule>>

export type RuleName = keyof typeof rules

export const isRuleName = (name: string): name is RuleName => Object.hasOwn(rules, name)

export const explanationOf = (rule: RuleName): Explanation => ({ rule, ...rules[rule] })

/** Every rule's name. */
export const ruleNames: ReadonlyArray<string> = Object.keys(rules)
