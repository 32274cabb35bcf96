/**
 * What the library counts, as definitions of Effect's `Metric`: what their names are in an exporter, and how to read them.
 *
 * All of them are kept without being asked for: a notification adds to plain numbers, and Effect's registry reads these
 * when a snapshot is taken. Layers of one registry (`Metric.MetricRegistry`) count together.
 *
 * No label grows without bound, and none holds a device token: topics beyond the first `maximumTopics` and push types that
 * Apple does not document are counted as `other`.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * How many topics have a label of their own; those that come after them are `other`.
 *
 * @category rules
 * @since 0.1.0
 */
export const maximumTopics = 50

/**
 * The upper bounds of the histograms' buckets, in seconds: those of `messaging.client.operation.duration` (OpenTelemetry,
 * "Semantic conventions for messaging client metrics").
 *
 * @category rules
 * @since 0.1.0
 */
export const boundaries: ReadonlyArray<number> = Metric.boundariesFromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
])

const seconds = { unit: "seconds" }

/**
 * Notifications that are settled, by `outcome` (`accepted`, `refused`, `unsent`, `unknown`), `reason` (the name of the
 * class in `Reason`, or `none`), `push_type` and `topic`. Among the unsent are those that were held back: `Suppressed`,
 * `InvalidNotification`, and `Halted` by `sendAll`. What was interrupted is not counted.
 *
 * @category metrics
 * @since 0.1.0
 */
export const notifications = Metric.counter("apns_notifications_total", {
  description: "Notifications that are settled, by what became of them",
  incremental: true
})

/**
 * Broadcasts that are settled, by the same labels; `topic` is the layer's bundle ID.
 *
 * @category metrics
 * @since 0.1.0
 */
export const broadcasts = Metric.counter("apns_broadcasts_total", {
  description: "Broadcasts that are settled, by what became of them",
  incremental: true
})

/**
 * From the call of `send` or `broadcast` to its end, all attempts included, by `outcome`. In seconds, measured in whole
 * milliseconds.
 *
 * @category metrics
 * @since 0.1.0
 */
export const sendDuration = Metric.histogram("apns_send_duration_seconds", {
  description: "From the call of send to its end, all attempts included",
  attributes: seconds,
  boundaries
})

/**
 * How long each attempt that was answered had waited for a connection and a free stream, in seconds.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queueWait = Metric.histogram("apns_queue_wait_seconds", {
  description: "How long an attempt waited for a connection and a free stream",
  attributes: seconds,
  boundaries
})

/**
 * Requests that wait for a connection or a free stream now, by `server`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queued = Metric.gauge("apns_queued", {
  description: "Requests that wait for a connection or a free stream"
})

/**
 * Requests that have a stream and no answer yet, by `server`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const inFlight = Metric.gauge("apns_in_flight", {
  description: "Requests that have a stream and no answer yet"
})

/**
 * HTTP/2 sessions there are, by `server` and `state` (`connecting`, `ready`, `draining`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const sessions = Metric.gauge("apns_sessions", { description: "HTTP/2 sessions there are" })

/**
 * Streams that the sessions which take requests may have open at once, by `server`: those that are open and those that
 * could be opened now.
 *
 * @category metrics
 * @since 0.1.0
 */
export const streamsAllowed = Metric.gauge("apns_streams_allowed", {
  description: "Streams that the sessions which take requests may have open at once"
})

/**
 * Addresses of the server's name that are avoided now, because a session to them could not be opened, ended before it had
 * answered or went silent, by `server`. Log lines say which.
 *
 * @category metrics
 * @since 0.1.0
 */
export const addressesAvoided = Metric.gauge("apns_addresses_avoided", {
  description: "Addresses of the server's name that are avoided because they failed"
})

/**
 * Sessions that were begun, by `server`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const sessionsOpened = Metric.counter("apns_sessions_opened_total", {
  description: "HTTP/2 sessions that were begun",
  incremental: true
})

/**
 * Sessions begun in place of one that was lost, could not be opened, or went away, by `server`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const reconnects = Metric.counter("apns_reconnects_total", {
  description: "HTTP/2 sessions begun in place of one that failed or went away",
  incremental: true
})

/**
 * Sessions that went away, by `server`, `code` (the number of the HTTP/2 error code, RFC 9113, 7; `other` beyond those)
 * and `reason` (APNs' own, or `none`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const goAways = Metric.counter("apns_goaways_total", {
  description: "HTTP/2 sessions that went away",
  incremental: true
})

/**
 * Connections that send less than they could, by `server` and `cause`: `badDeviceTokens` or `outage`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const slowed = Metric.gauge("apns_slowed", { description: "Connections that send less than they could" })

/**
 * How often a connection began to send less than it could, by `server` and `cause`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const slowDowns = Metric.counter("apns_slow_downs_total", {
  description: "How often a connection began to send less than it could",
  incremental: true
})

/**
 * The age of the provider token in use, in seconds; of several keys, the oldest.
 *
 * @category metrics
 * @since 0.1.0
 */
export const providerTokenAge = Metric.gauge("apns_provider_token_age_seconds", {
  description: "Age of the provider token in use, the oldest of several",
  attributes: seconds
})

/**
 * Provider tokens that were minted.
 *
 * @category metrics
 * @since 0.1.0
 */
export const providerTokensMinted = Metric.counter("apns_provider_tokens_minted_total", {
  description: "Provider tokens that were minted",
  incremental: true
})

/**
 * Provider tokens that another process had minted and this one took over from the store; see `JwtCache.layerShared`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const providerTokensAdopted = Metric.counter("apns_provider_tokens_adopted_total", {
  description: "Provider tokens taken over from another process",
  incremental: true
})
