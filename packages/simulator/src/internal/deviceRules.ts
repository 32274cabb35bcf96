/**
 * What APNs answers to a push to a device (Apple, "Sending notification requests to APNs" and "Handling notification
 * responses from APNs"). Apple documents no order of checks; the order here is inferred from answers seen on the wire.
 */
import type { Reason } from "../Reasons.ts"
import type { TopicGrant } from "./credential.ts"
import { isPushType, suffixes, suffixOf } from "./pushType.ts"
import { first, hasDuplicate, isExpiration, isMessageId, isPriority, type ReadRequest } from "./request.ts"
import {
  accepted,
  type Judgement,
  type RuleContext,
  type RuleSettings,
  rejected,
  type Verdict,
  withCredential
} from "./verdict.ts"

/** Largest body in bytes for a push type. */
export const payloadLimit = (pushType: string | undefined): number => (pushType === "voip" ? 5_120 : 4_096)

const routeFault = (request: ReadRequest): Reason | undefined => {
  if (request.method !== "POST") return "MethodNotAllowed"
  if (request.device === undefined) return "BadPath"
  return hasDuplicate(request) ? "DuplicateHeaders" : undefined
}

const headerFault = (request: ReadRequest, settings: RuleSettings): Reason | undefined => {
  const { apnsId, pushType } = request
  if (apnsId !== undefined && !isMessageId(apnsId)) return "BadMessageId"
  if (pushType !== undefined && !isPushType(pushType)) return "InvalidPushType"
  const priority = first(request, "apns-priority")
  if (priority !== undefined && !isPriority(priority)) return "BadPriority"
  // Apple calls this an error and names no reason: BadPriority is inferred. An omitted priority passes.
  if (settings.rejectBackgroundPriority10 && pushType === "background" && priority === "10") return "BadPriority"
  const expiration = first(request, "apns-expiration")
  if (expiration !== undefined && !isExpiration(expiration)) return "BadExpirationDate"
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
  // The suffixes are Apple's; that a missing one is answered BadTopic is inferred.
  if (settings.checkTopicSuffix && !topic.endsWith(suffixOf(request.pushType))) return "BadTopic"
  return granted(topic, grant) ? undefined : "TopicDisallowed"
}

const payloadFault = (request: ReadRequest): Reason | undefined => {
  if (request.bodyBytes === 0) return "PayloadEmpty"
  return request.bodyBytes > payloadLimit(request.pushType) ? "PayloadTooLarge" : undefined
}

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
  return context.withinRate(token) ? accepted() : rejected("TooManyRequests")
}

const pushed = (request: ReadRequest, token: string, grant: TopicGrant, context: RuleContext): Verdict => {
  const header = headerFault(request, context)
  if (header !== undefined) return rejected(header)
  const topic = effectiveTopic(request, grant)
  if (topic === undefined) return rejected("MissingTopic")
  const fault = topicFault(request, topic, grant, context) ?? payloadFault(request)
  return fault === undefined ? deviceVerdict(token, topic, context) : rejected(fault)
}

/** Judges a push to a device, and what else is no broadcast, that arrived whole. */
export const judgeDevice = (request: ReadRequest, context: RuleContext): Judgement => {
  const fault = routeFault(request)
  if (fault !== undefined) return { verdict: rejected(fault), credential: undefined }
  return withCredential(context, (grant) => pushed(request, request.device ?? "", grant, context))
}
