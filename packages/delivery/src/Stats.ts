/**
 * How much waits in a queue, and for how long.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { PersistedQueueError } from "effect/persistence/PersistedQueue"
import * as Schedule from "effect/Schedule"

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
 * Elements of a queue, by `queue` and `state` (`ready`, `delayed`, `taken`, `failed`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const queueElements = Metric.gauge("apns_delivery_queue_elements", {
  description: "Chunks in a queue, by what they wait for"
})

/**
 * How long the element that has waited longest could have been taken, by `queue`, in seconds. See `QueueStats.lag`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queueLag = Metric.gauge("apns_delivery_queue_lag_seconds", {
  description: "How long the oldest chunk that waits could have been taken",
  attributes: { unit: "seconds" }
})

/**
 * Which queues are shown as metrics.
 *
 * @category options
 * @since 0.1.0
 */
export interface StatsMetricsOptions {
  /** The queues: lanes, by their whole names. */
  readonly queues: ReadonlyArray<string>
  /** How long to wait between two readings. Default: 15 seconds. */
  readonly interval?: Duration.Input | undefined
}

const show = (queue: string, { lag, ...elements }: QueueStats) =>
  Effect.gen(function* () {
    for (const [state, count] of Object.entries(elements)) {
      yield* Metric.update(Metric.withAttributes(queueElements, { queue, state }), count)
    }
    if (lag !== undefined) yield* Metric.update(Metric.withAttributes(queueLag, { queue }), Duration.toSeconds(lag))
  })

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
>()("@effect-apns/delivery/Stats") {
  /**
   * Shows queues as the metrics `queueElements` and `queueLag`, read at its start and then at intervals.
   *
   * One process of a deployment is enough: all of them would show the same. A reading that fails is logged as a warning, and
   * the metrics stay as they were.
   */
  static readonly layerMetrics = (options: StatsMetricsOptions): Layer.Layer<never, never, Stats> =>
    Layer.effectDiscard(
      Effect.gen(function* () {
        const { read } = yield* Stats
        yield* Effect.forEach(options.queues, (queue) => Effect.flatMap(read(queue), (stats) => show(queue, stats)), {
          discard: true
        }).pipe(
          Effect.catchCause((cause) => Effect.logWarning("The statistics of the queues could not be read", cause)),
          Effect.repeat(Schedule.spaced(options.interval ?? "15 seconds")),
          Effect.forkScoped
        )
      })
    )
}
