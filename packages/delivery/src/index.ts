/**
 * Durable delivery of Apple push notifications.
 *
 * @since 0.1.0
 */

export { type DeadLetter, DeadLetters, type PageOptions, type Selected } from "./DeadLetters.ts"
export { type Again, type Delivered, type DeliverOptions, deliverChunk } from "./DeliverChunk.ts"
export * as Element from "./Element.ts"
export * as Metrics from "./Metrics.ts"
export { type EnqueueError, type EnqueueOptions, type Lane, Outbox, type OutboxOptions } from "./Outbox.ts"
export * as Outcome from "./Outcome.ts"
export { OutcomeSink } from "./OutcomeSink.ts"
export * as Retention from "./Retention.ts"
export { type QueueStats, queueElements, queueLag, Stats, type StatsMetricsOptions } from "./Stats.ts"
export * as Store from "./Store.ts"
export * as Worker from "./Worker.ts"
