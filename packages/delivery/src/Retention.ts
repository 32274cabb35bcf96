/**
 * How long a store keeps what is done with.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"

/**
 * What a store keeps, and for how long.
 *
 * @category options
 * @since 0.1.0
 */
export interface RetentionOptions {
  /**
   * How long an element stays after its last notification was settled. SQL stores keep its payloads and device tokens for as
   * long, Redis its id only. Within this time, a blast that is enqueued again under the same key is stored once. Default: 1
   * hour.
   */
  readonly completed?: Duration.Input | undefined
  /** How long an element that ended as failed stays, payloads and device tokens included. Default: 30 days. */
  readonly failed?: Duration.Input | undefined
  /** How long to wait between two clean-ups. Default: 5 minutes. */
  readonly interval?: Duration.Input | undefined
}

/**
 * Removes elements that are done with, at its start and then at intervals.
 *
 * **When to use**
 *
 * Always, in one process of a deployment: without it a SQL store grows for ever. Several processes do no harm, and need not.
 *
 * **Details**
 *
 * A clean-up that fails is logged as a warning, and the next one makes up for it. What waits or is being sent is never
 * removed.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: RetentionOptions = {}): Layer.Layer<never, never, PersistedQueue.PersistedQueueStore> =>
  PersistedQueue.layerCleanup({
    timeToLive: options.completed ?? "1 hour",
    failedTimeToLive: options.failed ?? "30 days",
    interval: options.interval ?? "5 minutes"
  })
