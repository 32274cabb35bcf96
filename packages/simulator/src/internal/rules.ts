/**
 * What APNs answers to a request: pure functions from a request, and what the server knows, to a verdict. Sources:
 * Apple, "Sending notification requests to APNs" and "Handling notification responses from APNs". Apple documents no
 * order of checks; the order here is inferred from answers seen on the wire.
 */
import type { Device } from "../Device.ts"
import type { Reason } from "../Reasons.ts"
import type { Outcome, TopicGrant } from "./credential.ts"

export interface Request {
  readonly method: string
  readonly path: string
  /** Name (lower case) and value in the order received. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly bodyBytes: number
}

/** A request with its parts named. */
export interface ReadRequest extends Request {
  readonly device: string | undefined
  readonly topic: string | undefined
  readonly pushType: string | undefined
  readonly apnsId: string | undefined
  readonly authorization: string | undefined
}

export interface RuleSettings {
  readonly unknownDevices: "accept" | "reject"
  readonly rejectBackgroundPriority10: boolean
  readonly checkTopicSuffix: boolean
}

export interface RuleContext extends RuleSettings {
  readonly nowMillis: number
  /** Judges the credential; called only when the checks before it pass. */
  readonly credential: () => Outcome
  readonly device: (token: string) => Device | undefined
  /** Counts this request against the device's rate; `false` when over it. Called last. */
  readonly withinRate: (token: string) => boolean
}

export type Verdict =
  | { readonly _tag: "accepted" }
  | { readonly _tag: "rejected"; readonly reason: Reason; readonly timestamp?: number | undefined }

/** A verdict, and the credential's outcome when the checks came as far as the credential. */
export interface Judgement {
  readonly verdict: Verdict
  readonly credential: Outcome | undefined
}

const prefix = "/3/device/"

/** The device token in a path, "" when it is missing; `undefined` when the path is not of the device API. */
export const deviceOfPath = (path: string): string | undefined => {
  if (path === "/3/device") return ""
  if (!path.startsWith(prefix)) return undefined
  const token = path.slice(prefix.length)
  return /[/?#]/.test(token) ? undefined : token
}

const first = (request: Request, name: string) => request.headers.find((header) => header[0] === name)?.[1]

export const readRequest = (request: Request): ReadRequest => ({
  ...request,
  device: deviceOfPath(request.path),
  topic: first(request, "apns-topic"),
  pushType: first(request, "apns-push-type"),
  apnsId: first(request, "apns-id"),
  authorization: first(request, "authorization")
})

/** Suffix of the topic by push type. The complication suffix follows certificates in use, not a slip of Apple's page. */
const topicSuffix: Readonly<Record<string, string>> = {
  alert: "",
  background: "",
  mdm: "",
  complication: ".complication",
  controls: ".push-type.controls",
  fileprovider: ".pushkit.fileprovider",
  liveactivity: ".push-type.liveactivity",
  location: ".location-query",
  pushtotalk: ".voip-ptt",
  voip: ".voip",
  widgets: ".push-type.widgets"
}

const suffixes = Object.values(topicSuffix).filter((suffix) => suffix !== "")

/** Largest body in bytes for a push type. */
export const payloadLimit = (pushType: string | undefined): number => (pushType === "voip" ? 5_120 : 4_096)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isMessageId = (value: string | undefined): value is string => value !== undefined && uuid.test(value)

const hasDuplicate = (request: Request): boolean => {
  const seen = new Set<string>()
  for (const [name] of request.headers) {
    // RFC 9113, section 8.2.3: cookies may be split into several fields.
    if (name !== "cookie" && seen.has(name)) return true
    seen.add(name)
  }
  return false
}

const routeFault = (request: ReadRequest): Reason | undefined => {
  if (request.method !== "POST") return "MethodNotAllowed"
  if (request.device === undefined) return "BadPath"
  return hasDuplicate(request) ? "DuplicateHeaders" : undefined
}

const headerFault = (request: ReadRequest, settings: RuleSettings): Reason | undefined => {
  const { apnsId, pushType } = request
  if (apnsId !== undefined && !uuid.test(apnsId)) return "BadMessageId"
  if (pushType !== undefined && !Object.hasOwn(topicSuffix, pushType)) return "InvalidPushType"
  const priority = first(request, "apns-priority")
  if (priority !== undefined && priority !== "10" && priority !== "5" && priority !== "1") return "BadPriority"
  // Apple calls this an error and names no reason: BadPriority is inferred. An omitted priority passes.
  if (settings.rejectBackgroundPriority10 && pushType === "background" && priority === "10") return "BadPriority"
  const expiration = first(request, "apns-expiration")
  if (expiration !== undefined && !/^\d{1,19}$/.test(expiration)) return "BadExpirationDate"
  const collapseId = first(request, "apns-collapse-id")
  if (collapseId !== undefined && Buffer.byteLength(collapseId) > 64) return "BadCollapseId"
  return undefined
}

const granted = (topic: string, grant: TopicGrant): boolean => {
  switch (grant._tag) {
    case "every":
      return true
    case "bundleIds":
      return grant.bundleIds.some((id) => topic === id || suffixes.some((suffix) => topic === `${id}${suffix}`))
    case "exact":
      return grant.topics.includes(topic)
  }
}

/** The topic a request means: the header's, or the only one of the certificate. */
const effectiveTopic = (request: ReadRequest, grant: TopicGrant): string | undefined => {
  if (request.topic !== undefined && request.topic !== "") return request.topic
  return grant._tag === "exact" && grant.topics.length === 1 ? grant.topics[0] : undefined
}

const topicFault = (request: ReadRequest, topic: string, grant: TopicGrant, settings: RuleSettings) => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(topic)) return "BadTopic"
  const suffix = topicSuffix[request.pushType ?? "alert"] ?? ""
  // The suffixes are Apple's; that a missing one is answered BadTopic is inferred.
  if (settings.checkTopicSuffix && !topic.endsWith(suffix)) return "BadTopic"
  return granted(topic, grant) ? undefined : "TopicDisallowed"
}

const payloadFault = (request: ReadRequest): Reason | undefined => {
  if (request.bodyBytes === 0) return "PayloadEmpty"
  return request.bodyBytes > payloadLimit(request.pushType) ? "PayloadTooLarge" : undefined
}

const rejected = (reason: Reason, timestamp?: number): Verdict => ({ _tag: "rejected", reason, timestamp })

const deviceVerdict = (token: string, topic: string, context: RuleContext): Verdict => {
  if (token === "") return rejected("MissingDeviceToken")
  if (token.length % 2 === 1 || !/^[0-9a-f]+$/i.test(token)) return rejected("BadDeviceToken")
  const device = context.device(token)
  switch (device?.state) {
    case undefined:
      if (context.unknownDevices === "reject") return rejected("BadDeviceToken")
      break
    case "otherEnvironment":
      return rejected("BadDeviceToken")
    case "unregistered":
      return rejected("Unregistered", device.since ?? context.nowMillis)
    case "expired":
      return rejected("ExpiredToken", device.since ?? context.nowMillis)
    case "active":
      if (device.topics !== undefined && !device.topics.includes(topic)) return rejected("DeviceTokenNotForTopic")
      break
  }
  return context.withinRate(token) ? { _tag: "accepted" } : rejected("TooManyRequests")
}

/** Judges a request that arrived whole. */
export const judge = (request: ReadRequest, context: RuleContext): Judgement => {
  const route = routeFault(request)
  if (route !== undefined) return { verdict: rejected(route), credential: undefined }
  const credential = context.credential()
  const judged = (verdict: Verdict): Judgement => ({ verdict, credential })
  if (credential._tag === "refused") return judged(rejected(credential.reason))
  const header = headerFault(request, context)
  if (header !== undefined) return judged(rejected(header))
  const topic = effectiveTopic(request, credential.topics)
  if (topic === undefined) return judged(rejected("MissingTopic"))
  const fault = topicFault(request, topic, credential.topics, context) ?? payloadFault(request)
  if (fault !== undefined) return judged(rejected(fault))
  return judged(deviceVerdict(request.device ?? "", topic, context))
}
