/** The errors that name what was to be sent. */
import { ApnsError } from "../ApnsError.ts"
import type { Broadcast } from "../Broadcast.ts"
import type { Notification } from "../Notification.ts"
import type { Reason } from "../Reason.ts"
import type { Timings } from "../Timings.ts"
import { shorten } from "./request.ts"

export const notificationError = (
  { id, device }: Notification,
  target: string | undefined,
  reason: Reason,
  attempts: number,
  timings?: Timings
) => new ApnsError({ reason, attempts, notificationId: id, device: shorten(String(device)), target, timings })

export const broadcastError = (
  { id, channel }: Broadcast,
  target: string | undefined,
  reason: Reason,
  attempts: number,
  timings?: Timings
) => new ApnsError({ reason, attempts, requestId: id, channel, target, timings })
