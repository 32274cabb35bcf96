/**
 * Durable delivery of Apple push notifications.
 *
 * @since 0.1.0
 */
export { type Again, type Delivered, type DeliverOptions, deliverChunk } from "./DeliverChunk.ts"
export * as Element from "./Element.ts"
export * as Metrics from "./Metrics.ts"
export { type EnqueueError, type EnqueueOptions, Outbox, type OutboxOptions } from "./Outbox.ts"
export * as Outcome from "./Outcome.ts"
export { OutcomeSink } from "./OutcomeSink.ts"
export * as Worker from "./Worker.ts"
