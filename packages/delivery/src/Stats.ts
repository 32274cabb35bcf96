/**
 * How much waits in a queue, and for how long.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { PersistedQueueError } from "effect/persistence/PersistedQueue"

/**
 * The state of one queue, counted in elements: each holds up to a chunk of notifications.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueStats {
  /** Elements that a worker may take now. */
  readonly ready: number
  /** Elements that wait for their time: scheduled, or to be tried again. */
  readonly delayed: number
  /** Elements that a worker has in hand. */
  readonly taken: number
  /** Elements that ended as failed. See `DeadLetters`. */
  readonly failed: number
  /**
   * How long the element that has waited longest could have been taken; zero when none waits. Lasting growth says that the
   * workers are too few, or gone.
   *
   * Redis keeps no time of an element that was never delayed: its lag is that of the next element, read from the number `at`
   * in it (epoch milliseconds), and absent where it has none.
   */
  readonly lag: Duration.Duration | undefined
}

/**
 * Counts what a queue holds.
 *
 * **When to use**
 *
 * For dashboards and alarms: on `lag`, and on `failed` above 0. Each layer of `Store` provides it.
 *
 * **Details**
 *
 * SQL stores count the rows that wait, which takes a while when there are a million: ask every few seconds, not for each
 * notification.
 *
 * @category services
 * @since 0.1.0
 */
export class Stats extends Context.Service<
  Stats,
  {
    /** The state of a queue: a lane, by its whole name. Of a queue that was never used, all is zero. */
    readonly read: (queue: string) => Effect.Effect<QueueStats, PersistedQueueError>
  }
>()("@effect-apns/delivery/Stats") {}
