/**
 * When less is sent than could be, because of what APNs answers.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * What happens to a device that gets too many notifications (`TooManyRequests`): those that are sent to it under the same
 * topic next wait, and then go out one after the other.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeviceBackoff {
  /**
   * How long they wait after the first refusal, with 20 % of jitter; twice as long after each further one without an
   * acceptance between them, and as long as APNs asks (`retry-after`, up to 15 minutes). Default: 1 second.
   */
  readonly first?: Duration.Input | undefined
  /** The longest wait of the library's own. Default: 1 minute. */
  readonly max?: Duration.Input | undefined
}

/**
 * What happens when many answers are `BadDeviceToken`: APNs disconnects a client with too many of them (Apple, "Handling
 * notification responses from APNs"), and does not say how many that is.
 *
 * @category models
 * @since 0.1.0
 */
export interface BadDeviceTokens {
  /** From what share of the answers on, 100 at least. Above 0, at most 1. Default: 0.1. */
  readonly share?: number | undefined
  /** The time over which the share is taken. Default: 1 second. */
  readonly window?: Duration.Input | undefined
  /**
   * How many of them a second are sent from then on, and the good ones between them: streams are opened as often as this
   * number divided by the share. Default: 500.
   */
  readonly perSecond?: number | undefined
}

/**
 * What happens when the environment is ill, that is, when answers are of status 500 and above (`InternalServerError`,
 * `ServiceUnavailable`, `Shutdown`): what is to be sent waits, and one at a time goes out to see whether it is well again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outage {
  /** How many such answers without another between them. Default: 10. */
  readonly failures?: number | undefined
  /** The time within which they have to come. Default: 10 seconds. */
  readonly window?: Duration.Input | undefined
  /**
   * How long the first probe waits, with 20 % of jitter; twice as long after each further one that is refused, and as long
   * as APNs asks (`retry-after`, up to 15 minutes). Default: 500 milliseconds.
   */
  readonly first?: Duration.Input | undefined
  /** The longest wait of the library's own. Default: 10 seconds. */
  readonly max?: Duration.Input | undefined
}

/**
 * When less is sent than could be. What waits does so in the queue, within its deadline: then it fails with
 * `DeadlinePassed` in the stage `"queue"` and is unsent. Each part can be switched off with `false`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SlowDown {
  /** Devices that get too many notifications. */
  readonly devices?: DeviceBackoff | false | undefined
  /** Many bad device tokens. */
  readonly badDeviceTokens?: BadDeviceTokens | false | undefined
  /** An environment that is ill. */
  readonly outage?: Outage | false | undefined
}
