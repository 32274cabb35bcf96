/**
 * What APNs answers to a broadcast (Apple, "Sending broadcast push notification requests to APNs"). The order is inferred:
 * that of device pushes, with the channel after the push type.
 */
import type { Channel } from "../Channel.ts"
import { appFault, findChannel, maxAppBodyBytes, parameterFault } from "./appRules.ts"
import { type ChannelChange, maxKeptMillis } from "./channels.ts"
import type { TopicGrant } from "./credential.ts"
import { isLiveActivity, jsonObject } from "./payload.ts"
import { isExpiration, isPriority, type ReadRequest } from "./request.ts"
import {
  accepted,
  because,
  type Fault,
  type Judgement,
  type RuleContext,
  rejected,
  type Verdict,
  withCredential
} from "./verdict.ts"

/** Apple prints the push type of a broadcast in two spellings. */
const pushTypeFault = ({ pushType }: ReadRequest): Fault | undefined => {
  if (pushType === undefined || pushType === "") return "MissingPushType"
  return pushType.toLowerCase() === "liveactivity" ? undefined : because("InvalidPushType", "InvalidPushType.channel")
}

const headerFault = (priority: string, expiration: string, channel: Channel): Fault | undefined => {
  if (!isPriority(priority)) return "BadPriority"
  if (!isExpiration(expiration)) return "BadExpirationDate"
  return channel.storage === "none" && Number(expiration) !== 0
    ? because("BadExpirationDate", "BadExpirationDate.storage")
    : undefined
}

const payloadFault = (request: ReadRequest, check: boolean): Fault | undefined => {
  if (request.bodyBytes === 0) return "PayloadEmpty"
  if (request.bodyBytes > maxAppBodyBytes) return "PayloadTooLarge"
  if (!check) return undefined
  const payload = jsonObject(request.body)
  return payload !== undefined && isLiveActivity(payload, ["update", "end"])
    ? undefined
    : because("BadRequestPayload", "BadRequestPayload.broadcast")
}

/** What the channel keeps of a broadcast, if anything. */
const stored = (channel: Channel, message: string, priority: number, expiration: number, nowMillis: number) => {
  const until = Math.min(expiration * 1000, nowMillis + maxKeptMillis)
  if (channel.storage === "none" || until <= nowMillis) return undefined
  const change: ChannelChange = {
    _tag: "publish",
    channel,
    message: { body: message, priority, expiration, time: nowMillis, until }
  }
  return change
}

const sent = (request: ReadRequest, bundleId: string, grant: TopicGrant, context: RuleContext): Verdict => {
  const fault = appFault(request, bundleId, grant, context.channels) ?? pushTypeFault(request)
  if (fault !== undefined) return rejected(fault)
  const channel = findChannel(request, bundleId, context.channels)
  if (typeof channel === "string") return rejected(channel)
  const { priority = "", expiration = "" } = request
  const later = headerFault(priority, expiration, channel) ?? payloadFault(request, context.checkBroadcastPayload)
  if (later !== undefined) return rejected(later)
  if (!context.withinAppRate(bundleId)) return rejected("TooManyRequests")
  return accepted({
    change: stored(channel, request.body, Number(priority), Number(expiration), context.nowMillis)
  })
}

/** Judges a broadcast that arrived whole. */
export const judgeBroadcast = (request: ReadRequest, bundleId: string, context: RuleContext): Judgement => {
  if (request.method !== "POST") return { verdict: rejected("MethodNotAllowed"), credential: undefined }
  const fault = parameterFault(request)
  if (fault !== undefined) return { verdict: rejected(fault), credential: undefined }
  return withCredential(context, request, (grant) => sent(request, bundleId, grant, context))
}
