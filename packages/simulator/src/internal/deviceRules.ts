/**
 * What APNs answers to a push to a device (Apple, "Sending notification requests to APNs" and "Handling notification
 * responses from APNs"). Apple documents no order of checks; the order here is inferred from answers seen on the wire.
 */
import type { Device } from "../Device.ts"
import type { TopicGrant } from "./credential.ts"
import { jsonObject } from "./payload.ts"
import { isMdmTopic, isPassTopic, isPushType, isWebsiteTopic, type PushType, pushTypeOf, suffixes } from "./pushType.ts"
import { isExpiration, isMessageId, isPriority, type ReadRequest } from "./request.ts"
import {
  accepted,
  because,
  type Fault,
  type Judgement,
  type RuleContext,
  type RuleSettings,
  rejected,
  type Verdict,
  withCredential
} from "./verdict.ts"

const routeFault = (request: ReadRequest): Fault | undefined => {
  if (request.method !== "POST") return "MethodNotAllowed"
  if (request.device === undefined) return "BadPath"
  return request.hasDuplicate ? "DuplicateHeaders" : undefined
}

const headerFault = (request: ReadRequest, settings: RuleSettings): Fault | undefined => {
  const { apnsId, pushType, priority, expiration, collapseId } = request
  if (apnsId !== undefined && !isMessageId(apnsId)) return "BadMessageId"
  if (pushType !== undefined && !isPushType(pushType)) return "InvalidPushType"
  if (priority !== undefined && !isPriority(priority)) return "BadPriority"
  // Apple calls this an error and names no reason: BadPriority is inferred. An omitted priority passes.
  if (settings.rejectBackgroundPriority10 && pushType === "background" && priority === "10") {
    return because("BadPriority", "BadPriority.background")
  }
  if (expiration !== undefined && !isExpiration(expiration)) return "BadExpirationDate"
  if (collapseId !== undefined && Buffer.byteLength(collapseId) > 64) return "BadCollapseId"
  return undefined
}

/** The topic a request means: the header's, or the only one of the certificate. */
const effectiveTopic = (request: ReadRequest, grant: TopicGrant): string | undefined => {
  if (request.topic !== undefined && request.topic !== "") return request.topic
  return grant._tag === "exact" && grant.topics.length === 1 ? grant.topics[0] : undefined
}

/** Whether a topic is of the push type: the suffix is Apple's, and so is the origin of an MDM topic. */
const suits = (topic: string, type: PushType): boolean => (type.token ? topic.endsWith(type.suffix) : isMdmTopic(topic))

/** Whether a certificate may push to a topic of a type. */
const certified = (
  topic: string,
  listed: ReadonlyArray<string>,
  type: PushType,
  kinds: RuleSettings["credentialKinds"]
): boolean => {
  const ofApp = topic.endsWith(type.suffix) && listed.includes(topic.slice(0, topic.length - type.suffix.length))
  switch (type.certificate) {
    case "listed":
      return listed.includes(topic)
    case "undocumented":
      return kinds !== "strict" && (ofApp || listed.includes(topic))
    case "never":
      return kinds === "any" && (ofApp || listed.includes(topic))
  }
}

const granted = (topic: string, type: PushType, grant: TopicGrant, kinds: RuleSettings["credentialKinds"]): boolean => {
  if (grant._tag === "exact") return certified(topic, grant.topics, type, kinds)
  if (!type.token && kinds !== "any") return false
  if (grant._tag === "every") return true
  return grant.bundleIds.some((id) => topic === id || suffixes.some((suffix) => topic === `${id}${suffix}`))
}

const topicFault = (topic: string, type: PushType, grant: TopicGrant, settings: RuleSettings): Fault | undefined => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(topic)) return "BadTopic"
  if (settings.checkTopicSuffix && !suits(topic, type)) return because("BadTopic", "BadTopic.suffix")
  if (granted(topic, type, grant, settings.credentialKinds)) return undefined
  return granted(topic, type, grant, "any")
    ? because("TopicDisallowed", "TopicDisallowed.credential")
    : "TopicDisallowed"
}

const payloadFault = (request: ReadRequest, type: PushType, settings: RuleSettings): Fault | undefined => {
  if (request.bodyBytes === 0) return "PayloadEmpty"
  if (request.bodyBytes > type.maxBytes) return "PayloadTooLarge"
  if (settings.payloadMismatchReason === undefined) return undefined
  const payload = jsonObject(request.body)
  return payload !== undefined && type.fits(payload)
    ? undefined
    : because(settings.payloadMismatchReason, "PayloadMismatch")
}

/** Passes and websites have no sandbox. */
const isOfProduction = (topic: string): boolean => isPassTopic(topic) || isWebsiteTopic(topic)

/** A time that is still to come has not happened yet. */
const isOver = (device: Device, nowMillis: number): boolean =>
  !("since" in device) || device.since === undefined || device.since <= nowMillis

const deviceVerdict = (token: string, topic: string, context: RuleContext): Verdict => {
  if (token === "") return rejected("MissingDeviceToken")
  if (token.length % 2 === 1 || !/^[0-9a-f]+$/i.test(token)) return rejected("BadDeviceToken")
  if (context.checkProductionOnlyTopics && context.environment === "sandbox" && isOfProduction(topic)) {
    return rejected(because("BadDeviceToken", "BadDeviceToken.productionOnly"))
  }
  const device = context.device(token)
  switch (device?.state) {
    case undefined:
      if (context.unknownDevices === "reject") return rejected(because("BadDeviceToken", "BadDeviceToken.unknown"))
      break
    case "otherEnvironment":
      return rejected(because("BadDeviceToken", "BadDeviceToken.environment"))
    case "unregistered":
      if (!isOver(device, context.nowMillis)) break
      return rejected("Unregistered", device.since ?? context.nowMillis)
    case "expired":
      if (!isOver(device, context.nowMillis)) break
      return rejected("ExpiredToken", device.since ?? context.nowMillis)
    case "rateLimited":
    case "offline":
    case "active":
      if (device.topics !== undefined && !device.topics.includes(topic)) return rejected("DeviceTokenNotForTopic")
      break
  }
  const isLimited = device?.state === "rateLimited" && context.nowMillis < (device.until ?? Number.POSITIVE_INFINITY)
  return !isLimited && context.withinRate(token) ? accepted() : rejected("TooManyRequests")
}

const pushed = (request: ReadRequest, token: string, grant: TopicGrant, context: RuleContext): Verdict => {
  const header = headerFault(request, context)
  if (header !== undefined) return rejected(header)
  const topic = effectiveTopic(request, grant)
  if (topic === undefined) return rejected("MissingTopic")
  const type = pushTypeOf(request.pushType, topic)
  const fault = topicFault(topic, type, grant, context) ?? payloadFault(request, type, context)
  return fault === undefined ? deviceVerdict(token, topic, context) : rejected(fault)
}

/** Judges a push to a device, and what else is no broadcast, that arrived whole. */
export const judgeDevice = (request: ReadRequest, context: RuleContext): Judgement => {
  const fault = routeFault(request)
  if (fault !== undefined) return { verdict: rejected(fault), credential: undefined }
  return withCredential(context, request, (grant) => pushed(request, request.device ?? "", grant, context))
}
