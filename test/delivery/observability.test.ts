/** What a delivery shows: spans that go on from the producer's, metrics, log lines, and no device token in any of them. */
import { assert, describe, it } from "@effect/vitest"
import { deliverChunk, Element, Metrics, Outbox, OutcomeSink, Worker } from "@effect-apns/delivery"
import { Simulator } from "@effect-apns/simulator"
import { Clock, Deferred, Effect, Layer, Option, Result, Stream } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Notification } from "effect-apns"
import { observed } from "../support/observed.ts"
import { simulated, device as simulatedDevice } from "../support/simulated.ts"
import { testimony } from "../support/testimony.ts"
import {
  connectionLost,
  device,
  failing,
  hello,
  idOf,
  refused,
  type Script,
  scriptedApns,
  unknown
} from "./scripted.ts"
import { around, elapse, stage } from "./stage.ts"

const memory = PersistedQueue.layer.pipe(Layer.provide(PersistedQueue.layerStoreMemory))

describe("spans", () => {
  it.live("of the worker go on from the producer's, and those of each send from the worker's", () => {
    const { layer: watched, spans } = observed()
    return Effect.gen(function* () {
      const done = yield* Deferred.make<void>()
      let left = 3
      const sink = OutcomeSink.layer((outcomes) =>
        Effect.suspend(() => {
          left -= outcomes.length
          return left === 0 ? Deferred.succeed(done, undefined) : Effect.void
        })
      )
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        const alert = (n: number) => Notification.alert({ device: simulatedDevice(n), alert: "Hello" })
        yield* outbox.enqueueAll("k", [alert(1), alert(2), alert(3)]).pipe(Effect.withSpan("request"))
        yield* Deferred.await(done)
      }).pipe(
        Effect.provide(Layer.merge(Outbox.layer(), Worker.layer()).pipe(Layer.provide(sink), Layer.provide(memory)))
      )
      const one = (name: string) => {
        const span = spans.find((span) => span.name === name)
        return { span, id: span?.spanId, parent: Option.getOrUndefined(span?.parent ?? Option.none())?.spanId }
      }
      assert.strictEqual(one("enqueueAll apns").parent, one("request").id)
      assert.strictEqual(one("process apns:high").parent, one("enqueueAll apns").id)
      assert.strictEqual(one("send com.example.app").parent, one("process apns:high").id)
      assert.lengthOf(new Set(spans.map(({ traceId }) => traceId)), 1)
      assert.lengthOf(
        spans.filter(({ name }) => name === "send com.example.app"),
        3
      )
      const process = one("process apns:high").span
      assert.strictEqual(process?.kind, "consumer")
      assert.deepStrictEqual(Object.fromEntries(process?.attributes ?? []), {
        "messaging.system": "apns",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "apns:high",
        "messaging.batch.message_count": 3,
        "messaging.message.id": "k/high/0+3",
        "apns.outcomes.accepted": 3
      })
      assert.isDefined(yield* Simulator)
    }).pipe(Effect.provide(simulated()), Effect.provide(watched))
  })

  it.effect("of a chunk with several producers are linked with each of them", () => {
    const { layer: watched, spans } = observed()
    return Effect.gen(function* () {
      const { outbox, startWorker } = yield* stage({ script: failing(connectionLost) })
      const gate = yield* Deferred.make<void>()
      const enqueue = (n: number) => Effect.withSpan(outbox.enqueue(hello(n)), `request ${n}`)
      yield* Effect.all(
        Array.from({ length: 20 }, (_, n) => enqueue(n)),
        { concurrency: "unbounded" }
      )
      yield* startWorker()
      yield* elapse("5 seconds")
      yield* Deferred.succeed(gate, undefined)
      const requests = new Map(
        spans.filter(({ name }) => name.startsWith("request ")).map(({ name, spanId }) => [spanId, name])
      )
      const processed = spans.filter(({ name }) => name === "process apns:high")
      const origins = processed.flatMap(({ links, parent }) => [
        ...links.map(({ span }) => span.spanId),
        ...Option.toArray(parent).map(({ spanId }) => spanId)
      ])
      // Each request is found from the first attempt, and from the second.
      assert.lengthOf(
        origins.filter((id) => requests.has(id)),
        40
      )
      assert.lengthOf(new Set(origins), 20)
      assert.isTrue(processed.some(({ links }) => links.length > 1))
    }).pipe(Effect.provide(watched))
  })
})

describe("metrics", () => {
  it.effect("count what is enqueued, tried again and decided", () => {
    const { layer: watched, values } = observed()
    return Effect.gen(function* () {
      const script: Script = ({ id }, nth) =>
        id === idOf(1) && nth === 1 ? connectionLost : id === idOf(2) ? refused("Unregistered") : Effect.void
      const { outbox, startWorker } = yield* stage({ script })
      yield* outbox.enqueueAll("k", [hello(1), hello(2), hello(3), hello(4, { priority: 5 })])
      yield* elapse("7 seconds")
      yield* startWorker()
      yield* elapse("5 seconds")
      assert.deepStrictEqual(values(Metrics.enqueued), { "queue=apns:high": 3, "queue=apns:low": 1 })
      assert.deepStrictEqual(values(Metrics.retried), { "queue=apns:high": 1 })
      assert.deepStrictEqual(values(Metrics.outcomes), {
        "queue=apns:high, outcome=Accepted": 2,
        "queue=apns:high, outcome=Refused": 1,
        "queue=apns:low, outcome=Accepted": 1
      })
      assert.deepStrictEqual(values(Metrics.inHand), { "queue=apns:high": 0, "queue=apns:low": 0 })
      assert.deepStrictEqual(values(Metrics.queueTime), { "queue=apns:high": 2, "queue=apns:low": 1 })
    }).pipe(Effect.provide(watched))
  })

  it.effect("and one log line tell of a worker that pauses", () => {
    const { layer: watched, lines, values } = observed()
    return Effect.gen(function* () {
      let isMended = false
      const { outbox, startWorker } = yield* stage({
        script: () => (isMended ? Effect.void : Effect.fail(refused("InvalidProviderToken")))
      })
      yield* startWorker()
      yield* outbox.enqueueAll(
        "k",
        Array.from({ length: 200 }, (_, n) => hello(n))
      )
      yield* elapse("5 minutes", "5 seconds")
      assert.deepStrictEqual(values(Metrics.paused), { "queue=apns:high": 1 })
      const told = lines.filter(({ level }) => level === "Error")
      assert.lengthOf(told, 1)
      assert.include(told[0]?.message, "InvalidProviderToken")
      assert.deepInclude(told[0]?.annotations, {
        package: "@effect-apns/delivery",
        module: "Worker",
        queue: "apns:high"
      })
      isMended = true
      yield* elapse("5 minutes", "5 seconds")
      assert.deepStrictEqual(values(Metrics.paused), { "queue=apns:high": 0 })
    }).pipe(Effect.provide(watched))
  })

  it.effect("and a log line tell of a chunk that could not be settled", () => {
    const { layer: watched, lines, values } = observed()
    return Effect.gen(function* () {
      const { outbox, startWorker } = yield* stage()
      yield* startWorker({ sink: around(() => Effect.fail(new Error("the table is locked"))) })
      yield* outbox.enqueueAll("k", [hello(1)])
      yield* elapse("35 seconds")
      assert.deepStrictEqual(values(Metrics.failures), { "queue=apns:high": 1 })
      const told = lines.filter(({ level }) => level === "Warn")
      assert.lengthOf(told, 1)
      assert.include(told[0]?.message, "the table is locked")
    }).pipe(Effect.provide(watched))
  })
})

describe("no whole device token", () => {
  it.effect("is in a log line, a span, a metric or an error, whatever happens", () => {
    const { layer: watched, lines, snapshot, spans } = observed()
    const { hear, print, printed } = testimony()
    return Effect.gen(function* () {
      const script: Script = ({ device }, nth) =>
        [
          Effect.void,
          Effect.fail(refused("Unregistered")),
          Effect.fail(unknown),
          nth === 1 ? Effect.die(new Error(`a defect with ${device}`)) : Effect.void,
          Effect.fail(refused("InvalidProviderToken")),
          Effect.fail(connectionLost)
        ][Number.parseInt(device.slice(-1), 16) % 6] ?? Effect.void
      const { outbox, startWorker, store } = yield* stage({
        script,
        worker: { maxAttempts: 2 },
        outbox: { chunkSize: 1 }
      })
      yield* startWorker({
        sink: (sink) => {
          const loud = around((record) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              now < 40_000 ? Effect.fail(new Error(`INSERT INTO dead VALUES ('${device(7)}')`)) : record
            )
          )(sink)
          return Layer.effect(
            OutcomeSink,
            Effect.gen(function* () {
              const inner = yield* Effect.provide(OutcomeSink, loud)
              const log = yield* Effect.provide(OutcomeSink, OutcomeSink.layerLog)
              return { record: (outcomes) => Effect.andThen(log.record(outcomes), inner.record(outcomes)) }
            })
          )
        }
      })
      yield* outbox.enqueueAll(
        "k",
        Array.from({ length: 12 }, (_, n) => hello(n))
      )
      yield* outbox.fanOut("f", hello(0), Stream.make(device(20), `${device(21)}0`))
      yield* outbox.enqueue(hello(30))
      for (const broken of [
        outbox.enqueue(hello(31, { collapseId: "" })),
        outbox.enqueueAll("b", [hello(32, { collapseId: "" })]),
        outbox.fanOut("c", hello(33, { collapseId: "" }), [device(34)]),
        outbox.enqueue(Notification.raw({ device: device(35), pushType: "alert", payload: Uint8Array.of(0xff) }))
      ]) {
        print("error", yield* Effect.flip(broken))
      }
      yield* elapse("3 minutes", "1 second")
      yield* store.down
      print("error", yield* Effect.flip(outbox.enqueue(hello(36))))
      yield* elapse("1 minute", "1 second")
      hear({ lines, spans, snapshot })
      assert.isAbove(printed.length, 100)
      assert.isAbove(lines.length, 10)
      const found = printed.filter(({ text }) => text.includes(device(0).slice(0, 16)))
      assert.deepStrictEqual(found.slice(0, 3), [])
    }).pipe(Effect.provide(watched))
  })
})

describe("deliverChunk", () => {
  it.effect("ends with notifications, and its span, which is the caller's, does not", () => {
    const { layer: watched, spans } = observed()
    return Effect.gen(function* () {
      const items = [Result.getOrThrow(Element.item(hello(1), { dueMillis: 0 }))]
      const { outcomes } = yield* deliverChunk(items).pipe(Effect.provide(scriptedApns().layer))
      assert.strictEqual(outcomes[0]?.notification.device, device(1))
      assert.lengthOf(spans, 0)
    }).pipe(Effect.provide(watched))
  })
})
