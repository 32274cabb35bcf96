/** Which refusals every further notification would meet as well. Pure. */
import type { Notification } from "../Notification.ts"
import type { Reason } from "../Reason.ts"

/** Credentials, settings, or the way to APNs: 403 is about nothing else (Apple, "Handling notification responses from APNs"). */
const concernsAll = (reason: Reason): boolean =>
  ("status" in reason && reason.status === 403) ||
  reason._tag === "InvalidCredentials" ||
  reason._tag === "InvalidConfiguration" ||
  (reason._tag === "ConnectionFailed" && !reason.transient && reason.step !== "closed")

/** Credentials that APNs does not take. */
export const refusesCredentials = (reason: Reason): boolean =>
  "status" in reason && reason.status === 403 && reason.action === "fixConfig"

const concernsTopic = ({ _tag }: { readonly _tag: string }): boolean =>
  _tag === "TopicDisallowed" || _tag === "BadTopic"

/** Not a passing fault: somebody must mend it. */
const isMendable = ({ action }: Reason): boolean => action === "fixConfig" || action === "renewToken"

/**
 * Whom a refusal concerns beside the notification itself: `"all"` of its target, or those of its `"topic"`. APNs may be
 * wrong about it once, and one of its servers for longer: then another notification tells (`isSaid`).
 */
export const scopeOf = (reason: Reason): "all" | "topic" | undefined => {
  if (!isMendable(reason)) return undefined
  if (concernsAll(reason)) return "all"
  return concernsTopic(reason) ? "topic" : undefined
}

/** Whether APNs said it, rather than this program found it. */
export const isSaid = (reason: Reason): boolean => "status" in reason

/** Whether every further notification would meet it as well, whatever its topic. */
export const halts = (reason: Reason): boolean =>
  reason._tag === "Halted" ? !concernsTopic(reason.by) : isMendable(reason) && concernsAll(reason)

/** The topic as far as the notification tells; empty, it is the layer's. */
export const topicOf = (notification: Pick<Notification, "topic" | "topicSuffix">): string => {
  try {
    const { topic = "", topicSuffix = "" } = notification
    return topic.endsWith(topicSuffix) ? topic : topic + topicSuffix
  } catch {
    // Not every value from JavaScript is what its type says; its own check tells what is wrong with it.
    return ""
  }
}
