/** Which rules a request is judged by. */
import { judgeBroadcast } from "./broadcastRules.ts"
import { judgeManagement } from "./channelRules.ts"
import { judgeDevice } from "./deviceRules.ts"
import type { ReadRequest } from "./request.ts"
import type { Judgement, RuleContext } from "./verdict.ts"

/** Judges a request that arrived whole. */
export const judge = (request: ReadRequest, context: RuleContext): Judgement => {
  if (request.listener === "management") return judgeManagement(request, context)
  return request.route?._tag === "broadcast"
    ? judgeBroadcast(request, request.route.bundleId, context)
    : judgeDevice(request, context)
}
