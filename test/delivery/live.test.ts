/** Through real HTTP/2: the simulator, which sees every request, is the judge. */
import { assert, describe, it } from "@effect/vitest"
import { Outbox, type Outcome, OutcomeSink, Worker } from "@effect-apns/delivery"
import { type Received, Simulator } from "@effect-apns/simulator"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Apns, Notification } from "effect-apns"
import { clientOf, device } from "../support/simulated.ts"

const many = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    Notification.alert({ device: device(n), alert: { title: "Hello", body: "World" } })
  )

const idOf = ({ headers }: Received) => headers.find(([name]) => name === "apns-id")?.[1]

/** What APNs is told, without the provider token, which may be renewed in between. */
const saidBy = ({ body, headers }: Received) => [headers.filter(([name]) => name !== "authorization").sort(), body]

describe("a delivery over real HTTP/2", { timeout: 120_000 }, () => {
  it.live("sends each notification once, though the worker is closed and opened again and again", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "delay", millis: 20 }, times: 100_000 })
      const queues = Layer.succeedContext(
        yield* Layer.build(PersistedQueue.layer.pipe(Layer.provide(PersistedQueue.layerStoreMemory)))
      )
      const outcomes: Array<Outcome.Outcome> = []
      const sink = OutcomeSink.layer((some) => Effect.sync(() => void outcomes.push(...some)))
      const notifications = many(2000)
      yield* Outbox.use((outbox) => outbox.enqueueAll("blast", notifications)).pipe(
        Effect.provide(Outbox.layer().pipe(Layer.provide(queues)))
      )
      let runs = 0
      while (outcomes.length < notifications.length && runs < 100) {
        runs++
        const scope = yield* Scope.make()
        // A connection of its own for each run, which closes after the worker.
        const worker = Worker.layer({ concurrency: 400 }).pipe(
          Layer.provide([sink, Apns.layer(clientOf(simulator)), queues])
        )
        yield* Layer.buildWithScope(worker, scope)
        // It is closed in the midst of its work.
        const before = (yield* simulator.received).length
        yield* simulator.awaitReceived(Math.min(notifications.length, before + 150))
        yield* Scope.close(scope, Exit.void)
      }
      const received = (yield* simulator.received).map(idOf)
      assert.isAbove(runs, 1)
      assert.deepStrictEqual([received.length, new Set(received).size], [2000, 2000])
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Accepted"))
      assert.sameMembers(
        received,
        notifications.map(({ id }) => id)
      )
    }).pipe(Effect.provide(Simulator.layer({ keep: 10_000 })))
  )

  it.live("sends what was stored byte for byte as send would", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const apns = yield* Layer.build(Apns.layer(clientOf(simulator)))
      const samples: ReadonlyArray<Notification.Notification> = [
        Notification.alert({
          device: device(1),
          alert: { title: "Grüße", body: "„Hallo“ 🎉" },
          collapseId: "gruß",
          expiration: new Date(2_000_000_000_000),
          priority: 5,
          data: { order: 7 }
        }),
        Notification.voip({ device: device(2), data: { call: "7" } }),
        Notification.background({ device: device(3), data: {} }),
        Notification.raw({
          device: device(4),
          pushType: "alert",
          topic: "com.example.app",
          payload: Buffer.from('{ "aps": { "alert": "spaced  out" } }')
        })
      ]
      const memory = PersistedQueue.layer.pipe(Layer.provide(PersistedQueue.layerStoreMemory))
      const outcomes: Array<Outcome.Outcome> = []
      const sink = OutcomeSink.layer((some) => Effect.sync(() => void outcomes.push(...some)))
      for (const n of samples) yield* Context.get(apns, Apns).send(n)
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        for (const n of samples) yield* outbox.enqueueAll(n.id, [n])
        yield* simulator.awaitReceived(samples.length * 2)
      }).pipe(
        Effect.provide(
          Layer.merge(Outbox.layer(), Worker.layer({ chunkSize: 500 })).pipe(
            Layer.provide([sink, Layer.succeedContext(apns), memory])
          )
        )
      )
      const received = yield* simulator.received
      for (const { id } of samples) {
        const [direct, stored, ...others] = received.filter((one) => idOf(one) === id)
        assert.lengthOf(others, 0)
        assert.isTrue(stored !== undefined && direct !== undefined)
        if (stored !== undefined && direct !== undefined) assert.deepStrictEqual(saidBy(stored), saidBy(direct))
      }
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Accepted"))
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )
})
