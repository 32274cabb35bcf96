/**
 * Checking a notification before it is sent, for those who keep it until then.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { ApnsError } from "./ApnsError.ts"
import { head, pastProblem } from "./internal/request.ts"
import { notificationError } from "./internal/sendErrors.ts"
import type { Notification } from "./Notification.ts"
import { encode, type PayloadSchema } from "./PayloadSchema.ts"

/**
 * What is known of a notification that passed every check.
 *
 * @category models
 * @since 0.1.0
 */
export interface Checked {
  /** The body of its request. */
  readonly body: Uint8Array
  /** After which there is no point in sending it, in epoch milliseconds; `Infinity` when it does not expire. */
  readonly expiresAtMillis: number
}

/**
 * How a notification is checked.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface CheckOptions {
  /** When it is to be sent, in epoch milliseconds: a duration as `expiration` counts from there. */
  readonly nowMillis: number
  /** What encodes the payload. Default: as `PayloadSchema.layer`. */
  readonly encode?: PayloadSchema["Service"]["encode"] | undefined
}

/**
 * Checks a notification as `send` does before anything is written, and encodes its body.
 *
 * **When to use**
 *
 * Use where a notification is stored and sent by another process: what can be known to fail, fails now. `send` needs
 * none of it.
 *
 * **Details**
 *
 * Fails with `InvalidNotification`, as `send` would. What only the sender knows is left to it: its topic where the
 * notification has none, its kind of credentials, and which device tokens are dead.
 *
 * @category rules
 * @since 0.1.0
 */
export const check = (notification: Notification, options: CheckOptions): Result.Result<Checked, ApnsError> => {
  const request = head(notification, {
    topic: undefined,
    topicRequired: false,
    trust: undefined,
    nowMillis: options.nowMillis
  })
  if (Result.isFailure(request)) return Result.fail(notificationError(notification, undefined, request.failure, 0))
  const past = pastProblem(request.success, options.nowMillis)
  if (past !== undefined) return Result.fail(notificationError(notification, undefined, past, 0))
  const body = (options.encode ?? encode)(notification)
  if (Result.isFailure(body)) return Result.fail(notificationError(notification, undefined, body.failure, 0))
  return Result.succeed({ body: body.success, expiresAtMillis: request.success.expiresAtMillis })
}
