/**
 * What APNs answers to channel management (Apple, "Sending channel management requests to APNs"). A request without a
 * credential is seen to be refused before anything else; the rest of the order is inferred.
 */
import { appFault, findChannel, maxAppBodyBytes, parameterFault } from "./appRules.ts"
import { newChannelId } from "./channels.ts"
import type { TopicGrant } from "./credential.ts"
import { jsonObject } from "./payload.ts"
import type { ReadRequest } from "./request.ts"
import {
  accepted,
  because,
  type Judgement,
  type RuleContext,
  rejected,
  type Verdict,
  withCredential
} from "./verdict.ts"

type Operation = "create" | "read" | "delete" | "list"

type OperationFault = "BadPath" | "MethodNotAllowed"

const operations: Readonly<Record<string, Operation>> = { POST: "create", GET: "read", DELETE: "delete" }

/** Apple: a method the path does not have makes the path bad; a method no path has is not allowed. */
const operationOf = ({ method, route }: ReadRequest): Operation | OperationFault => {
  if (route?._tag !== "channels" && route?._tag !== "allChannels") return "BadPath"
  const operation = operations[method]
  if (operation === undefined) return "MethodNotAllowed"
  if (route._tag === "channels") return operation
  return operation === "read" ? "list" : "BadPath"
}

const isOperation = (value: Operation | OperationFault): value is Operation =>
  value === "create" || value === "read" || value === "delete" || value === "list"

const json = { "content-type": "application/json" }
const pushType = "LiveActivity"

const created = (request: ReadRequest, bundleId: string, context: RuleContext): Verdict => {
  if (request.bodyBytes === 0) return rejected("PayloadEmpty")
  if (request.bodyBytes > maxAppBodyBytes) return rejected("PayloadTooLarge")
  const body = jsonObject(request.body)
  if (body === undefined) return rejected("BadRequestPayload")
  if (body["push-type"] === undefined) return rejected("MissingPushType")
  if (body["push-type"] !== pushType) return rejected(because("InvalidPushType", "InvalidPushType.channel"))
  const policy = body["message-storage-policy"]
  if (policy !== 0 && policy !== 1) return rejected(because(context.storagePolicyReason, "MissingChannelQueueSize"))
  if (context.channels.count(bundleId) >= context.maxChannels) return rejected("CannotCreateChannelConfig")
  const id = newChannelId()
  return accepted({
    status: 201,
    headers: { "apns-channel-id": id },
    change: { _tag: "create", channel: { bundleId, id, storage: policy === 0 ? "none" : "mostRecent" } }
  })
}

const operated = (operation: Operation, request: ReadRequest, bundleId: string, context: RuleContext): Verdict => {
  if (operation === "create") return created(request, bundleId, context)
  // Apple: these have no body. The reason is inferred.
  if (request.bodyBytes > 0) return rejected("BadRequestPayload")
  if (operation === "list") {
    return accepted({ headers: json, body: JSON.stringify({ channels: context.channels.ids(bundleId) }) })
  }
  const channel = findChannel(request, bundleId, context.channels)
  if (typeof channel === "string") return rejected(channel)
  if (operation === "delete") return accepted({ status: 204, change: { _tag: "delete", channel } })
  const policy = channel.storage === "none" ? 0 : 1
  return accepted({ headers: json, body: JSON.stringify({ "message-storage-policy": policy, "push-type": pushType }) })
}

const managed = (request: ReadRequest, context: RuleContext, grant: TopicGrant): Verdict => {
  const operation = operationOf(request)
  if (!isOperation(operation)) return rejected(operation)
  const bundleId = request.bundleId ?? ""
  const fault = parameterFault(request) ?? appFault(request, bundleId, grant, context.channels)
  if (fault !== undefined) return rejected(fault)
  const verdict = operated(operation, request, bundleId, context)
  return verdict._tag === "rejected" || context.withinAppRate(bundleId) ? verdict : rejected("TooManyRequests")
}

/** Judges a request to the management listener that arrived whole. */
export const judgeManagement = (request: ReadRequest, context: RuleContext): Judgement =>
  withCredential(context, request, (grant) => managed(request, context, grant))
