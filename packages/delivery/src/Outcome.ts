/**
 * What became of a notification that was in a queue, when all is decided.
 *
 * @since 0.1.0
 */
import type { Receipt } from "effect-apns/Apns"
import type { ApnsError } from "effect-apns/ApnsError"
import type { Notification } from "effect-apns/Notification"

interface Decided {
  /** As it was stored: the payload is text, the expiration an instant. */
  readonly notification: Notification
  /** How often it was taken from the queue to be sent, the last time included. */
  readonly attempts: number
}

/**
 * APNs accepted it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Accepted extends Decided {
  readonly _tag: "Accepted"
  readonly receipt: Receipt
}

/**
 * APNs refused it for a reason that lasts, such as a dead token (410) or a payload that is too large (413).
 *
 * @category models
 * @since 0.1.0
 */
export interface Refused extends Decided {
  readonly _tag: "Refused"
  readonly error: ApnsError
}

/**
 * It was not sent and cannot be: the device token is known to be dead (`Suppressed`), the notification breaks a rule
 * (`InvalidNotification`), or its topic may not be used (`Halted`).
 *
 * @category models
 * @since 0.1.0
 */
export interface Unsendable extends Decided {
  readonly _tag: "Unsendable"
  readonly error: ApnsError
}

/**
 * It was written, no answer came, and nobody asked for it to be sent again (`replayUnknown`): APNs may have it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unknown extends Decided {
  readonly _tag: "Unknown"
  readonly error: ApnsError
}

/**
 * Its deadline or its expiration passed, or would have passed before the next attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expired extends Decided {
  readonly _tag: "Expired"
  /** What the attempt before failed with, in the run that found it expired. */
  readonly error: ApnsError | undefined
}

/**
 * It was tried as often as it may be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exhausted extends Decided {
  readonly _tag: "Exhausted"
  /** What the last attempt failed with. */
  readonly error: ApnsError
}

/**
 * What became of a notification.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = Accepted | Refused | Unsendable | Unknown | Expired | Exhausted

/**
 * Whether the device token is dead, so that it should leave your records: APNs said so, or had said so before. An app may
 * have registered it again after `error.reason.timestamp`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDeadToken = (outcome: Outcome): outcome is Refused | Unsendable =>
  (outcome._tag === "Refused" || outcome._tag === "Unsendable") && outcome.error.action === "dropToken"
