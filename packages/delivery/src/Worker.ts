/**
 * Sending what lies in the queues: takes chunks, sends them, tells what became of each notification, puts back what is to be
 * tried again, and only then acknowledges.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { PersistedQueueFactory } from "effect/persistence/PersistedQueue"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import { Apns } from "effect-apns/Apns"
import { type Again, type Delivered, type DeliverOptions, deliverChunk } from "./DeliverChunk.ts"
import type { Element } from "./Element.ts"
import { makeGate } from "./internal/gate.ts"
import { lanes, nameOf, offer, queueOf, sizeOf } from "./internal/lanes.ts"
import { told } from "./internal/masked.ts"
import { type Crew, runTakers } from "./internal/takers.ts"
import { originOf } from "./internal/trace.ts"
import * as Metrics from "./Metrics.ts"
import type { Lane } from "./Outbox.ts"
import type { Outcome } from "./Outcome.ts"
import { OutcomeSink } from "./OutcomeSink.ts"

/**
 * A cap on notifications, shared by all workers whose `RateLimiter` has the same store.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface RateLimit {
  /** What is counted together. Default: the `name` of the queues. */
  readonly key?: string | undefined
  /** How many notifications in a `window`. */
  readonly limit: number
  readonly window: Duration.Input
}

/**
 * Settings of `Worker.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface WorkerOptions extends DeliverOptions {
  /** What the queues are called by: the same as the outbox's. Default: `"apns"`. */
  readonly name?: string | undefined
  /**
   * How many notifications are sent at once, at most, four fifths of them from the queue `high`. Chunks end with their slowest
   * notification, so give two to three times the streams of the connection. Default: 3,000.
   */
  readonly concurrency?: number | undefined
  /** How many notifications a chunk usually has: so many takers wait for chunks as make up `concurrency`. Default: 50. */
  readonly chunkSize?: number | undefined
  /** Default: none, and no `RateLimiter` is needed. */
  readonly rateLimit?: RateLimit | undefined
}

type Needed = Apns | OutcomeSink | PersistedQueueFactory

/**
 * The store or the sink may be away for as long as the lease usually lasts: to wait is better than to let the chunk go and
 * have it sent again. After that, somebody else may have it.
 */
const settlementRetry = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")]).pipe(
  Schedule.upTo({ duration: "30 seconds" })
)

const share: Record<Lane, number> = { high: 0.8, low: 0.2 }

/** Derived from the parent's: whoever offers it second, after a crash, offers nothing. */
const retryId = (id: string): string => {
  const [, parent = id, number = "0"] = /^(.*)~r(\d+)$/s.exec(id) ?? []
  return `${parent}~r${Number(number) + 1}`
}

const longest = (retry: ReadonlyArray<Again>): Duration.Duration =>
  retry.reduce((delay, again) => Duration.max(delay, again.delay), Duration.zero)

const isAnswered = ({ _tag }: Outcome) => _tag === "Accepted" || _tag === "Refused"

/** What a chunk failed with, as it may be shown. */
class Unsettled extends Data.TaggedError("Unsettled")<{ readonly message: string }> {}

const outcomeTags: ReadonlyArray<Outcome["_tag"]> = [
  "Accepted",
  "Refused",
  "Unsendable",
  "Unknown",
  "Expired",
  "Exhausted"
]

/** What a queue counts. */
const countersOf = (queue: string) => {
  const outcomes = new Map(
    outcomeTags.map((outcome) => [outcome, Metric.withAttributes(Metrics.outcomes, { queue, outcome })])
  )
  const retried = Metric.withAttributes(Metrics.retried, { queue })
  const countOutcomes = (decided: ReadonlyArray<Outcome>) => {
    const counts = new Map<Outcome["_tag"], number>()
    for (const { _tag } of decided) counts.set(_tag, (counts.get(_tag) ?? 0) + 1)
    return counts
  }
  return {
    inHand: Metric.withAttributes(Metrics.inHand, { queue }),
    queueTime: Metric.withAttributes(Metrics.queueTime, { queue }),
    failures: Metric.withAttributes(Metrics.failures, { queue }),
    settled: ({ outcomes: decided, retry }: Delivered) =>
      Effect.gen(function* () {
        const counts = countOutcomes(decided)
        for (const [tag, count] of counts) {
          const counter = outcomes.get(tag)
          if (counter !== undefined) yield* Metric.update(counter, count)
          yield* Effect.annotateCurrentSpan(`apns.outcomes.${tag.toLowerCase()}`, count)
        }
        if (retry.length === 0) return
        yield* Metric.update(retried, retry.length)
        yield* Effect.annotateCurrentSpan("apns.retried", retry.length)
      })
  }
}

/** A limiter that cannot tell does not hold up what is to be sent. */
const limiting = Effect.fnUntraced(function* (name: string, { key = name, limit, window }: RateLimit) {
  const limiter = yield* RateLimiter.RateLimiter
  return (tokens: number) =>
    RateLimiter.sleep(limiter, { key, limit, window, tokens }).pipe(
      Effect.asVoid,
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.logWarning(`the rate limiter failed, and nothing is held up: ${told(cause)}`)
      )
    )
})

const make = Effect.fnUntraced(function* (options: WorkerOptions) {
  const { faultPause = "1 minute", name = "apns", rateLimit } = options
  const chunkSize = sizeOf(options.chunkSize, 50)
  const concurrency = sizeOf(options.concurrency, 3000)
  const apns = yield* Apns
  const sink = yield* OutcomeSink
  const clock = yield* Clock.Clock

  const awaitRate = rateLimit === undefined ? () => Effect.void : yield* limiting(name, rateLimit)

  const crewOf = Effect.fnUntraced(function* (lane: Lane) {
    const queueName = nameOf(name, lane)
    const queue = yield* queueOf(name, lane)
    const most = Math.ceil(concurrency * share[lane])
    const room = yield* Semaphore.make(most)
    const turnstile = yield* Semaphore.make(1)
    /** One by one: else a large chunk, for which there is no room yet, would be passed by small ones for ever. */
    const enter = (count: number) => Semaphore.withPermit(turnstile)(Semaphore.takeScoped(room, Math.min(count, most)))
    const gate = yield* makeGate(queueName, Duration.fromInputUnsafe(faultPause))
    const counters = countersOf(queueName)

    /** The order is what keeps the promise: outcomes, then the retry chunk, then, by returning, the acknowledgement. */
    const settle = Effect.fnUntraced(function* (id: string, element: Element, delivered: Delivered) {
      const { outcomes, retry } = delivered
      if (outcomes.length > 0)
        yield* Effect.retry(
          Effect.suspend(() => sink.record(outcomes)),
          settlementRetry
        )
      if (retry.length > 0) {
        const { enqueuedAtMillis, traces } = element
        const chunk = { items: retry.map(({ item }) => item), enqueuedAtMillis, traces }
        const offered = offer(queue, chunk, { id: retryId(id), delay: longest(retry) })
        yield* Effect.retry(offered, settlementRetry)
      }
      yield* counters.settled(delivered)
    })

    /** A span keeps what it ends with, so neither the notifications nor what others say of them may be that. */
    const process = (id: string, element: Element) => {
      const count = element.items.length
      let delivered: Delivered | undefined
      return Effect.gen(function* () {
        yield* Metric.modify(counters.inHand, count)
        const waited = Math.max(0, clock.currentTimeMillisUnsafe() - element.enqueuedAtMillis)
        yield* Metric.update(counters.queueTime, waited / 1000)
        delivered = yield* Effect.provideService(deliverChunk(element.items, options), Apns, apns)
        yield* settle(id, element, delivered)
      }).pipe(
        Effect.ensuring(Metric.modify(counters.inHand, -count)),
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.fail(new Unsettled({ message: told(cause) }))
        ),
        Effect.withSpan(
          `process ${queueName}`,
          {
            kind: "consumer",
            attributes: {
              "messaging.system": "apns",
              "messaging.operation.name": "process",
              "messaging.operation.type": "process",
              "messaging.destination.name": queueName,
              "messaging.batch.message_count": count,
              "messaging.message.id": id
            },
            ...originOf(element.traces)
          },
          { captureStackTrace: false }
        ),
        Effect.map(() => delivered)
      )
    }

    const round: Crew["round"] = (hold) =>
      Effect.flatMap(gate.pass, (pass) =>
        queue
          .take((element, { id }) => {
            const count = element.items.length
            return Effect.scoped(
              Effect.gen(function* () {
                yield* enter(count)
                yield* awaitRate(count)
                hold()
                return yield* process(id, element)
              })
            )
          })
          .pipe(
            Effect.flatMap((delivered) => {
              if (delivered?.fault !== undefined) return gate.close(delivered.fault)
              return delivered?.outcomes.some(isAnswered) ? gate.reopen(pass) : gate.leave(pass)
            }),
            Effect.onError(() => gate.leave(pass))
          )
      )

    const crew: Crew = {
      count: Math.ceil(most / chunkSize),
      round,
      onFailure: (cause) =>
        Effect.andThen(
          Metric.update(counters.failures, 1),
          Effect.annotateLogs(Effect.logWarning(`a chunk could not be settled and comes back: ${told(cause)}`), {
            queue: queueName
          })
        )
    }
    return crew
  })

  yield* runTakers(yield* Effect.forEach(lanes, crewOf))
})

/**
 * A worker: as long as its scope is open, it sends what lies in the queues. Run as many as you like, on as many machines.
 *
 * **Details**
 *
 * When its scope closes, it takes no more, finishes the chunks in hand, which `timeout` of `Apns.layer` bounds, and
 * acknowledges them: nothing is sent twice. A process that is killed instead leaves its chunks to be taken again when their
 * lease ends.
 *
 * Chunks that could not be settled come back; after 20 claims they are kept as failed (`DeadLetters`): a chunk that kills
 * every process that takes it comes to that, or a sink that fails for an hour. A fault that every notification would meet, such as a revoked key, makes it pause, with
 * one log line, and try with one chunk a `faultPause` later.
 *
 * **Example** (Outbox and worker in one process)
 *
 * ```ts
 * import { Outbox, OutcomeSink, Worker } from "@effect-apns/delivery"
 * import { Layer } from "effect"
 * import { PersistedQueue } from "effect/persistence"
 *
 * export const delivery = Layer.merge(Outbox.layer(), Worker.layer({ concurrency: 1000 })).pipe(
 *   Layer.provide(OutcomeSink.layerLog),
 *   Layer.provide(PersistedQueue.layer),
 *   Layer.provide(PersistedQueue.layerStoreMemory)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: {
  (options?: WorkerOptions & { readonly rateLimit?: undefined }): Layer.Layer<never, never, Needed>
  (options: WorkerOptions): Layer.Layer<never, never, Needed | RateLimiter.RateLimiter>
} = (options: WorkerOptions = {}) =>
  Layer.effectDiscard(
    Effect.annotateLogs(make(options), { package: "@effect-apns/delivery", module: "Worker" })
    // Without a rate limit it asks for no limiter, which its type does not tell.
  ) as Layer.Layer<never, never, Needed>
