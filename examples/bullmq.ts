/**
 * Durable delivery for those who run BullMQ already: the chunks of `@effect-apns/delivery` as its jobs, `deliverChunk` as
 * its processor. BullMQ keeps them, hands them out and takes the acknowledgement; nothing else of it is needed.
 */
import { deliverChunk, Element, OutcomeSink } from "@effect-apns/delivery"
import { type ConnectionOptions, type Job, Queue, Worker } from "bullmq"
import { Clock, Duration, Effect, Result, Schema } from "effect"
import type { Apns, Notification } from "effect-apns"

type Chunk = typeof Element.Element.Encoded
type Chunks = Queue<Chunk>

const encode = Schema.encodeSync(Element.Element)
const decode = Schema.decodeUnknownEffect(Element.Element)

/** What is done stays for an hour: as long as that, a chunk that is given again is known. */
const kept = { removeOnComplete: { age: 3_600 }, attempts: 20, backoff: { type: "exponential", delay: 1_000 } }

/** Stores notifications as one job, fifty or so at a time. Repeated with the same id, they are stored once. */
export const enqueue = (queue: Chunks, jobId: string, notifications: ReadonlyArray<Notification.Notification>) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const item = Element.itemsWith({ dueMillis: now })
    const items = yield* Effect.fromResult(Result.all(notifications.map(item)))
    const chunk = encode({ items, enqueuedAtMillis: now, traces: [] })
    yield* Effect.tryPromise(() => queue.add("chunk", chunk, { ...kept, jobId }))
  })

/** The order is what keeps the promise: outcomes, then what is to be tried again, then, by returning, the acknowledgement. */
const deliver = (queue: Chunks, { id = "", data }: Job<Chunk>) =>
  Effect.gen(function* () {
    const { enqueuedAtMillis, items, traces } = yield* decode(data)
    const { outcomes, retry } = yield* deliverChunk(items)
    const sink = yield* OutcomeSink
    yield* sink.record(outcomes)
    if (retry.length === 0) return
    const again = encode({ items: retry.map(({ item }) => item), enqueuedAtMillis, traces })
    const delay = Math.max(...retry.map((each) => Duration.toMillis(each.delay)))
    // Derived from the parent's: offered a second time, after a crash, it is there already.
    yield* Effect.tryPromise(() => queue.add("chunk", again, { ...kept, jobId: `${id}~r`, delay }))
  })

/** Sends what lies in the queue, as long as the scope is open; then finishes what is in hand. */
export const work = (connection: ConnectionOptions, name: string) =>
  Effect.gen(function* () {
    const run = Effect.runPromiseWith(yield* Effect.context<Apns | OutcomeSink>())
    const queue: Chunks = yield* Effect.acquireRelease(
      Effect.sync(() => new Queue<Chunk>(name, { connection })),
      (queue) => Effect.promise(() => queue.close())
    )
    yield* Effect.acquireRelease(
      Effect.sync(() => new Worker<Chunk>(name, (job) => run(deliver(queue, job)), { connection, concurrency: 60 })),
      (worker) => Effect.promise(() => worker.close())
    )
  })
