/**
 * The error channel of the library: one `ApnsError` whose `reason` says what happened. `Effect.catchReason("ApnsError", "Unregistered", …)` handles one,
 * `Effect.unwrapReason("ApnsError")` turns them all into plain tagged errors. `outcome` and `action` answer what is known
 * of the notification and what to do about it.
 *
 * Errors carry no stack trace: refusals come by the thousand, and capturing a stack costs more than the refusal.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"
import { stackless } from "./internal/stackless.ts"
import type { Reason } from "./Reason.ts"
import type { Timings } from "./Timings.ts"

const TypeId = "~effect-apns/ApnsError"

/**
 * Why a notification was not accepted, or a layer could not be built.
 *
 * **Details**
 *
 * `reason` says what happened; `action` is the reason's, and so is `outcome`, unless an earlier attempt leaves a
 * `doubt`. No field, message or JSON of it holds a key, a
 * provider token, a password or a whole device token.
 *
 * @category errors
 * @since 0.1.0
 */
export class ApnsError extends stackless(
  "ApnsError",
  (fields: {
    readonly reason: Reason
    /** How often the notification was tried; 0 when it never was. */
    readonly attempts?: number | undefined
    /** The notification's id. */
    readonly notificationId?: string | undefined
    /** The device token, shortened. */
    readonly device?: string | undefined
    /** Where `Tenants` sent it, as in `acme (production)`. */
    readonly target?: string | undefined
    /** The request's id, of a broadcast or a request to manage channels. */
    readonly requestId?: string | undefined
    /** The channel's id. */
    readonly channel?: string | undefined
    /** How long it took; absent when it never came to a connection. */
    readonly timings?: Timings | undefined
    /**
     * What an earlier attempt ended with, after which the notification may have gone through: the outcome is then
     * `"unknown"`, though the last attempt was refused.
     */
    readonly doubt?: Reason | undefined
  }) => {
    const { doubt, reason, target } = fields
    const before =
      doubt === undefined ? "" : `; an earlier attempt may have gone through: ${doubt._tag}: ${doubt.detail}`
    return {
      outcome: doubt === undefined ? reason.outcome : "unknown",
      action: reason.action,
      cure: reason.cure,
      detail: `${target === undefined ? "" : `${target}: `}${reason._tag}: ${reason.detail}${before}`
    }
  }
) {
  /** Marks this value for `isApnsError`. */
  get [TypeId](): typeof TypeId {
    return TypeId
  }
}

/**
 * Returns `true` when a value is an `ApnsError`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isApnsError = (u: unknown): u is ApnsError => hasProperty(u, TypeId)
