/** The producer of a run: stores notifications by their numbers, again until the store has them, and tells what is left. */
import { Outbox, Stats } from "@effect-apns/delivery"
import { Effect, Layer, Schedule } from "effect"
import { Notification } from "effect-apns"
import { deviceOf, idOf } from "../../../packages/bench/src/storm/ledger.ts"
import type { Depth, Enqueued, FromProducer, ProducerTask, Span, ToProducer } from "./protocol.ts"
import { storeAt, untilThere } from "./store.ts"

const { pageSize, store }: ProducerTask = JSON.parse(process.argv.at(-1) ?? "{}")

const tell = (message: FromProducer) => process.send?.(message)

const again = Schedule.spaced("250 millis")

const notification = (index: number) =>
  Notification.alert({
    device: deviceOf(index),
    id: idOf(index),
    alert: { title: "Your order is on its way", body: `Order ${index} reaches you today between noon and 2.` },
    priority: index % 4 === 0 ? 5 : 10
  })

const numbers = ({ from, to }: Span) => Array.from({ length: to - from }, (_, offset) => from + offset)

/** The numbers of those that may be stored or not. A program that must know uses a key. */
const oneByOne = (span: Span) =>
  Effect.gen(function* () {
    const outbox = yield* Outbox
    const failed = yield* Effect.forEach(
      numbers(span),
      (index) =>
        outbox.enqueue(notification(index)).pipe(
          Effect.as([]),
          Effect.catch(() => Effect.succeed([index]))
        ),
      { concurrency: "unbounded" }
    )
    return failed.flat()
  })

const byKey = (span: Span) =>
  Effect.gen(function* () {
    const outbox = yield* Outbox
    yield* outbox.enqueueAll(`page-${span.from}`, numbers(span).map(notification)).pipe(Effect.retry(again))
    return [] as Array<number>
  })

/** One page in five goes notification by notification, where that is allowed. */
const enqueue = ({ byKey: isKeyed, from, to }: Span & { readonly byKey: boolean }) =>
  Effect.gen(function* () {
    const pages: Array<Span> = []
    for (let start = from; start < to; start += pageSize) {
      pages.push({ from: start, to: Math.min(to, start + pageSize) })
    }
    const doubtful = yield* Effect.forEach(
      pages,
      (page, number) =>
        Effect.tap(number % 5 === 4 && !isKeyed ? oneByOne(page) : byKey(page), () =>
          Effect.sync(() => tell({ _tag: "page" }))
        ),
      { concurrency: 4 }
    )
    const enqueued: Enqueued = { _tag: "enqueued", doubtful: doubtful.flat() }
    return enqueued
  })

const depth = Effect.gen(function* () {
  const stats = yield* Stats
  const [high, low] = yield* Effect.all([stats.read("apns:high"), stats.read("apns:low")])
  const left = [high, low].reduce((sum, { delayed, ready, taken }) => sum + delayed + ready + taken, 0)
  const told: Depth = { _tag: "depth", left, failed: high.failed + low.failed }
  return told
}).pipe(Effect.retry(again))

const program = Effect.gen(function* () {
  const context = yield* Effect.context<Outbox | Stats>()
  process.on("message", (message: ToProducer) => {
    const answer: Effect.Effect<FromProducer, unknown, Outbox | Stats> =
      message._tag === "enqueue" ? enqueue(message) : depth
    Effect.runForkWith(context)(Effect.map(answer, tell))
  })
  return yield* Effect.never
}).pipe(Effect.provide(Layer.provideMerge(Outbox.layer(), storeAt(store))), untilThere)

process.once("disconnect", () => process.exit(1))
await Effect.runPromise(program)
