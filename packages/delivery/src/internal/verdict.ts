/** What an error means for a notification in a queue. Pure. */
import type { ApnsError } from "effect-apns/ApnsError"
import * as Retry from "effect-apns/Retry"

/**
 * - `"Refused"`, `"Unsendable"`, `"Unknown"`: decided; the name of the outcome.
 * - `"again"`: it may go through later.
 * - `"halted"`: nothing would go through now, and it is not this notification's fault.
 */
export type Verdict = "Refused" | "Unsendable" | "Unknown" | "again" | "halted"

export const verdictOf = (error: ApnsError, replayUnknown: boolean): Verdict => {
  const { action, outcome, reason } = error
  if (Retry.isHalting(error)) return "halted"
  if (outcome === "unknown") return replayUnknown ? "again" : "Unknown"
  // A connection that closed for good was closed by its owner; a proxy does not speak for APNs.
  if (reason._tag === "ConnectionFailed" || reason._tag === "UnexpectedAnswer") return "again"
  if (action === "dropToken" || action === "fixConfig") return outcome === "refused" ? "Refused" : "Unsendable"
  return "again"
}
