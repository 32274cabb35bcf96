/** The errors that name what was to be sent. */
import * as Result from "effect/Result"
import { ApnsError } from "../ApnsError.ts"
import type { Broadcast } from "../Broadcast.ts"
import type { Notification } from "../Notification.ts"
import { InvalidNotification, type Reason } from "../Reason.ts"
import type { Timings } from "../Timings.ts"
import { shorten } from "./deviceToken.ts"

/** Of what is no notification, there is nothing to name. */
const named = (input: unknown): { readonly id?: string; readonly device?: string } => {
  try {
    const { id, device } = Object(input)
    return { ...(typeof id === "string" && { id }), ...(typeof device === "string" && { device: shorten(device) }) }
  } catch {
    return {}
  }
}

/**
 * Checks an input, whatever it is: where a check throws (a getter, a value of another kind than the types say, as JavaScript
 * may give it), that input is at fault, and no other.
 */
export const guarded =
  <In, A>(
    check: (input: In) => Result.Result<A, ApnsError>,
    name: "notification" | "broadcast",
    target: string | undefined
  ) =>
  (input: In): Result.Result<A, ApnsError> => {
    try {
      return check(input)
    } catch (cause) {
      const reason = new InvalidNotification({
        field: name,
        problem: `cannot be checked: ${cause instanceof Error ? cause.name : typeof cause} was thrown`,
        cure: `Make it with a constructor of ${name === "notification" ? "Notification" : "Broadcast"}.`
      })
      const { device, id } = named(input)
      const about = name === "notification" ? { notificationId: id, device } : { requestId: id }
      return Result.fail(new ApnsError({ reason, attempts: 0, target, ...about }))
    }
  }

export const notificationError = (
  notification: Notification,
  target: string | undefined,
  reason: Reason,
  attempts: number,
  timings?: Timings,
  doubt?: Reason
) => {
  const { device, id } = named(notification)
  return new ApnsError({ reason, attempts, notificationId: id, device, target, timings, doubt })
}

export const broadcastError = (
  { id, channel }: Broadcast,
  target: string | undefined,
  reason: Reason,
  attempts: number,
  timings?: Timings,
  doubt?: Reason
) => new ApnsError({ reason, attempts, requestId: id, channel, target, timings, doubt })
