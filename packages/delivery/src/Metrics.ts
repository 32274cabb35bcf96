/**
 * What a delivery counts, as definitions of Effect's `Metric`. No label holds a device token or grows without bound.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * Notifications that were stored, by `queue` (`apns:high`, `apns:low`). A chunk that was there already counts, too: only
 * its store knows.
 *
 * @category metrics
 * @since 0.1.0
 */
export const enqueued = Metric.counter("apns_delivery_enqueued_total", {
  description: "Notifications that were given to a queue",
  incremental: true
})

/**
 * Notifications that are decided, by `queue` and `outcome`. One that was told twice is counted twice.
 *
 * @category metrics
 * @since 0.1.0
 */
export const outcomes = Metric.counter("apns_delivery_outcomes_total", {
  description: "Notifications that are decided, by what became of them",
  incremental: true
})

/**
 * Notifications that went back to be tried again, by `queue`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const retried = Metric.counter("apns_delivery_retried_total", {
  description: "Notifications that went back to a queue to be tried again",
  incremental: true
})

/**
 * From when a chunk's notifications were enqueued to when it was taken to be sent, by `queue`, in seconds; with what they
 * were delayed by, or waited between attempts.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queueTime = Metric.histogram("apns_delivery_queue_time_seconds", {
  description: "From enqueuing to being taken to be sent",
  attributes: { unit: "seconds" },
  boundaries: Metric.boundariesFromIterable([0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600])
})

/**
 * Notifications of chunks that are being sent or settled now, by `queue`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const inHand = Metric.gauge("apns_delivery_in_hand", {
  description: "Notifications of chunks that are being sent or settled"
})

/**
 * Chunks that ended neither acknowledged nor released, by `queue`: a store, a sink or `Apns` failed. They come back.
 *
 * @category metrics
 * @since 0.1.0
 */
export const failures = Metric.counter("apns_delivery_chunk_failures_total", {
  description: "Chunks that could not be settled and come back",
  incremental: true
})

/**
 * 1 while a worker sends nothing because of a fault that every notification would meet, by `queue`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const paused = Metric.gauge("apns_delivery_paused", {
  description: "Whether a worker pauses because of a fault of its configuration"
})
