/**
 * The checks that broadcasts and channel management share (Apple, "Handling error responses from Apple Push Notification
 * service"). Neither knows `DuplicateHeaders`: that a repeated header, or a query, is a bad parameter is inferred.
 */
import type { Channels } from "./channels.ts"
import type { TopicGrant } from "./credential.ts"
import { suffixes } from "./pushType.ts"
import { isMessageId, type ReadRequest } from "./request.ts"
import { because, type Fault } from "./verdict.ts"

export const parameterFault = (request: ReadRequest): Fault | undefined =>
  request.path.includes("?") || request.hasDuplicate ? "BadRequestParams" : undefined

const grantsApp = (bundleId: string, grant: TopicGrant): boolean => {
  switch (grant._tag) {
    case "every":
      return true
    case "bundleIds":
      return grant.bundleIds.includes(bundleId)
    case "exact":
      return grant.topics.includes(bundleId)
  }
}

/** The request's id, then the app: its bundle ID without a suffix, the credential's right to it, its capability. */
export const appFault = (
  request: ReadRequest,
  bundleId: string,
  grant: TopicGrant,
  channels: Channels
): Fault | undefined => {
  if (request.requestId !== undefined && !isMessageId(request.requestId)) return "BadMessageId"
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bundleId)) return because("TopicDisallowed", "TopicDisallowed.bundleId")
  if (suffixes.some((suffix) => bundleId.endsWith(suffix))) {
    return because("TopicDisallowed", "TopicDisallowed.bundleId")
  }
  if (!grantsApp(bundleId, grant)) return "TopicMismatch"
  return channels.isEnabled(bundleId) ? undefined : "FeatureNotEnabled"
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The channel `apns-channel-id` names, or why there is none. */
export const findChannel = (request: ReadRequest, bundleId: string, channels: Channels) => {
  const { channel: id } = request
  if (id === undefined || id === "") return "MissingChannelId"
  if (!base64.test(id)) return "BadChannelId"
  return channels.find(bundleId, id) ?? "ChannelNotRegistered"
}

/** Largest body in bytes of a broadcast, and of a request that creates a channel. */
export const maxAppBodyBytes = 5_120
