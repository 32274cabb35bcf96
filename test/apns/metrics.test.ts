import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Layer, Metric, Schedule, Stream } from "effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { TestClock } from "effect/testing"
import {
  Apns,
  broadcast,
  DeadTokens,
  JwtCache,
  Metrics,
  Notification,
  PayloadSchema,
  send,
  sendAll,
  sendSummary
} from "effect-apns"
import { observed } from "../support/observed.ts"
import { answered, refused, scripted } from "../support/scriptedConnection.ts"
import { clientOf, device, simulated } from "../support/simulated.ts"
import { until } from "../support/waiting.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })
const never = Schedule.recurs(0)
const ids = Object.values(Metrics).flatMap((value) => (Metric.isMetric(value) ? [value.id] : []))
const perOutcome = ["topic", "push_type"]

describe("metrics", () => {
  it.live("count what became of notifications, by reason, push type and topic", () => {
    const { layer, values } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* Effect.forEach([0, 1, 2], (n) => send(hello(n)))
      yield* send(Notification.background({ device: device() }))
      yield* simulator.inject({ effect: { _tag: "reject", reason: "BadDeviceToken" }, times: 2 })
      yield* Effect.flip(send(hello()))
      yield* Effect.flip(send(hello()))
      yield* simulator.inject({ effect: { _tag: "reject", reason: "Unregistered" } })
      yield* Effect.flip(send(hello()))
      yield* simulator.inject({ effect: { _tag: "disconnect" } })
      yield* Effect.flip(send(hello()))
      yield* Effect.flip(send({ ...hello(), device: "not hex" }))
      yield* Stream.runDrain(sendAll(Stream.fromIterable([hello(7), hello(8)])))
      assert.deepStrictEqual(values(Metrics.notifications), {
        "outcome=accepted, reason=none, push_type=alert, topic=com.example.app": 5,
        "outcome=accepted, reason=none, push_type=background, topic=com.example.app": 1,
        "outcome=refused, reason=BadDeviceToken, push_type=alert, topic=com.example.app": 2,
        "outcome=refused, reason=Unregistered, push_type=alert, topic=com.example.app": 1,
        "outcome=unknown, reason=OutcomeUnknown, push_type=alert, topic=com.example.app": 1,
        "outcome=accepted, reason=none, push_type=none, topic=com.example.app": 0,
        "outcome=unsent, reason=InvalidNotification, push_type=none, topic=com.example.app": 1
      })
      assert.deepStrictEqual(values(Metrics.sendDuration), {
        "outcome=accepted": 6,
        "outcome=refused": 3,
        "outcome=unsent": 0,
        "outcome=unknown": 1
      })
      assert.deepStrictEqual(values(Metrics.queueWait), { "": 9 })
    }).pipe(Effect.provide(Layer.provideMerge(simulated({ apns: { retry: never } }), layer)))
  })

  it.live("count one that was retried once, and a broadcast beside notifications", () => {
    const { layer, values } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "reject", reason: "ServiceUnavailable" } })
      assert.strictEqual((yield* send(hello())).attempts, 2)
      const { id: channel } = yield* simulator.registerChannel({ bundleId: "com.example.app", storage: "mostRecent" })
      yield* broadcast(
        Notification.broadcast.update({ channel, priority: 10, expiration: "1 hour", contentState: { score: 1 } })
      )
      const accepted = { "outcome=accepted, reason=none": 1 }
      assert.deepStrictEqual(values(Metrics.notifications, ...perOutcome), accepted)
      assert.deepStrictEqual(values(Metrics.broadcasts, "push_type"), {
        "outcome=accepted, reason=none, topic=com.example.app": 1
      })
      assert.deepStrictEqual(values(Metrics.queueWait), { "": 3 })
    }).pipe(Effect.provide(Layer.provideMerge(simulated({ apns: { retry: Schedule.recurs(1) } }), layer)))
  })

  it.effect.each([
    ["memory", DeadTokens.layer()],
    ["a store", DeadTokens.layerStore().pipe(Layer.provide(KeyValueStore.layerMemory))]
  ] as const)("count what dead tokens hold back, remembered in %s, and what breaks a rule", ([, deadTokens]) => {
    const { layer, values } = observed()
    const apns = Apns.layerNoDeps({ topic: "com.example.app" }).pipe(
      Layer.provide([
        scripted([refused(410, "Unregistered"), answered(200)]).layer,
        JwtCache.layerNone,
        PayloadSchema.layer,
        deadTokens
      ])
    )
    return Effect.gen(function* () {
      yield* Effect.flip(send(hello(1)))
      yield* Effect.flip(send(hello(1)))
      yield* Stream.runDrain(sendAll(Stream.make(hello(1), hello(2))))
      yield* Effect.flip(send({ ...hello(), device: "not hex" }))
      const counted = values(Metrics.notifications, "topic")
      assert.strictEqual(counted["outcome=unsent, reason=Suppressed, push_type=none"], 2)
      assert.strictEqual(counted["outcome=unsent, reason=InvalidNotification, push_type=none"], 1)
      assert.strictEqual(counted["outcome=refused, reason=Unregistered, push_type=alert"], 1)
      assert.strictEqual(counted["outcome=accepted, reason=none, push_type=alert"], 1)
      // What was held back took no time.
      assert.deepStrictEqual(values(Metrics.sendDuration), {
        "outcome=accepted": 1,
        "outcome=refused": 1,
        "outcome=unsent": 0,
        "outcome=unknown": 0
      })
    }).pipe(Effect.provide(Layer.provideMerge(apns, layer)))
  })

  it.effect.each([
    ["memory", Layer.empty],
    ["a store", DeadTokens.layerStore().pipe(Layer.provide(KeyValueStore.layerMemory))]
  ] as const)(
    "count what sendAll holds back after a fault of the configuration (dead tokens in %s)",
    ([, deadTokens]) => {
      const { untraced, values } = observed()
      const apns = Apns.layerNoDeps({ topic: "com.example.app" }).pipe(
        Layer.provide([
          scripted([refused(403, "InvalidProviderToken")]).layer,
          JwtCache.layerNone,
          PayloadSchema.layer,
          deadTokens
        ])
      )
      const voip = (n: number) => Notification.voip({ device: device(n) })
      return Effect.gen(function* () {
        const summary = yield* Stream.run(
          sendAll(Stream.make(hello(0), hello(1), hello(2), voip(3), voip(4)), { concurrency: 1 }),
          sendSummary
        )
        assert.deepInclude(summary, { refused: 1, unsent: 4, byReason: { InvalidProviderToken: 1, Halted: 4 } })
        const counted = values(Metrics.notifications)
        assert.strictEqual(
          counted["outcome=refused, reason=InvalidProviderToken, push_type=alert, topic=com.example.app"],
          1
        )
        assert.strictEqual(counted["outcome=unsent, reason=Halted, push_type=alert, topic=com.example.app"], 2)
        assert.strictEqual(counted["outcome=unsent, reason=Halted, push_type=voip, topic=com.example.app.voip"], 2)
      }).pipe(Effect.provide(Layer.provideMerge(apns, untraced)))
    }
  )

  it.effect("show queue, streams and sessions while they last, and what goes away", () => {
    const { layer, values } = observed()
    return Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const simulator = yield* Simulator
        yield* send(hello())
        yield* simulator.setMaxConcurrentStreams(2)
        yield* until(() => values(Metrics.streamsAllowed, "server")[""] === 2)
        yield* simulator.inject({ effect: { _tag: "delay", millis: 200 }, times: 2 })
        const fiber = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3, 4, 5], (n) => send(hello(n)), { concurrency: "unbounded" })
        )
        yield* simulator.awaitReceived(3)
        assert.deepStrictEqual(values(Metrics.inFlight, "server"), { "": 2 })
        assert.deepStrictEqual(values(Metrics.queued, "server"), { "": 3 })
        assert.deepStrictEqual(values(Metrics.streamsAllowed, "server"), { "": 2 })
        assert.deepStrictEqual(values(Metrics.sessions, "server"), {
          "state=connecting": 0,
          "state=ready": 1,
          "state=draining": 0
        })
        yield* TestClock.adjust(200)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(values(Metrics.inFlight, "server"), { "": 0 })
        assert.deepStrictEqual(values(Metrics.queued, "server"), { "": 0 })

        yield* simulator.inject({ effect: { _tag: "goAway", debugData: '{"reason":"Shutdown"}' } })
        yield* send(hello())
        yield* send(hello())
        yield* simulator.inject({ effect: { _tag: "disconnect" } })
        yield* Effect.flip(send(hello()))
        yield* send(hello())
        const server = `server=${simulator.host}:${simulator.port}`
        assert.deepStrictEqual(values(Metrics.goAways), { [`${server}, code=0, reason=Shutdown`]: 1 })
        assert.deepStrictEqual(values(Metrics.sessionsOpened), { [server]: 3 })
        assert.deepStrictEqual(values(Metrics.reconnects), { [server]: 2 })
        assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 1 })
        assert.isBelow(values(Metrics.providerTokenAge)[""] ?? Number.NaN, 10)
      }).pipe(Effect.scoped, Effect.provide(simulated({ apns: { retry: never, maxSessions: 1 } }), { local: true }))
      for (const gauge of [Metrics.queued, Metrics.inFlight, Metrics.sessions, Metrics.providerTokenAge]) {
        assert.deepStrictEqual(values(gauge), {}, gauge.id)
      }
      assert.deepStrictEqual(Object.values(values(Metrics.sessionsOpened)), [3])
    }).pipe(Effect.provide(layer))
  })

  it.live(
    "show several sessions, and what goes away of them",
    () => {
      const { layer, values } = observed()
      const gauge = (metric: { readonly id: string }) => values(metric, "server")[""]
      return Effect.gen(function* () {
        const simulator = yield* Simulator
        const server = `server=${simulator.host}:${simulator.port}`
        const counted = (metric: { readonly id: string }) => values(metric)[server] ?? 0
        yield* simulator.inject({ effect: { _tag: "delay", millis: 100 }, times: 1_000_000 })
        // As many as it takes until the pool has grown, which on a busy machine is later.
        let sent = 0
        let isEnough = false
        const again = Effect.suspend(() => send(hello(sent++)))
        const fiber = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 200 }), () => Effect.repeat(again, { while: () => !isEnough }), {
            concurrency: "unbounded",
            discard: true
          })
        )
        yield* until(() => gauge(Metrics.streamsAllowed) === 6 && gauge(Metrics.inFlight) === 6)
        assert.strictEqual(values(Metrics.sessions, "server")["state=ready"], 2)
        assert.isAbove(gauge(Metrics.queued) ?? 0, 6)
        assert.deepStrictEqual([counted(Metrics.sessionsOpened), counted(Metrics.reconnects)], [2, 0])

        // What is in flight on the sessions that go away takes long: they are seen to drain.
        const received = (yield* simulator.received).length
        yield* simulator.clearFaults
        yield* simulator.inject({ effect: { _tag: "delay", millis: 2000 }, times: 6 })
        yield* simulator.inject({ effect: { _tag: "delay", millis: 100 }, times: 1_000_000 })
        yield* simulator.awaitReceived(received + 6)
        yield* simulator.goAway({ debugData: '{"reason":"Shutdown"}' })
        yield* until(() => values(Metrics.sessions, "server")["state=draining"] === 2)
        assert.deepStrictEqual(values(Metrics.goAways), { [`${server}, code=0, reason=Shutdown`]: 2 })
        yield* until(() => counted(Metrics.reconnects) === 2 && gauge(Metrics.inFlight) === 6)
        assert.strictEqual(counted(Metrics.sessionsOpened), 4)

        isEnough = true
        yield* simulator.clearFaults
        yield* Fiber.join(fiber)
        assert.deepStrictEqual([gauge(Metrics.inFlight), gauge(Metrics.queued)], [0, 0])
        assert.deepStrictEqual(values(Metrics.notifications, ...perOutcome), { "outcome=accepted, reason=none": sent })
        yield* until(() => values(Metrics.sessions, "server")["state=draining"] === 0)
      }).pipe(
        Effect.provide(
          Layer.provideMerge(simulated({ simulator: { maxConcurrentStreams: 3 }, apns: { maxSessions: 2 } }), layer)
        )
      )
    },
    120_000
  )

  it.live("add up the layers of one registry", () => {
    const { layer, values } = observed()
    return Effect.gen(function* () {
      const client = clientOf(yield* Simulator)
      for (let n = 0; n < 2; n++) yield* Effect.provide(send(hello()), Apns.layer(client), { local: true })
      assert.deepStrictEqual(values(Metrics.notifications, ...perOutcome), { "outcome=accepted, reason=none": 2 })
    }).pipe(Effect.provide(Layer.provideMerge(Simulator.layer(), layer)))
  })

  it.live("are kept within bounds: topics and push types beyond them are other", () => {
    const { layer, values } = observed()
    const apns = Apns.layerNoDeps().pipe(
      Layer.provide([scripted([answered(200)]).layer, JwtCache.layerNone, PayloadSchema.layer])
    )
    return Effect.gen(function* () {
      for (let n = 0; n < 2 * Metrics.maximumTopics; n++) {
        yield* send(Notification.alert({ device: device(), alert: "Hello", topic: `com.example.app${n}` }))
        const pushType = `made-up-${n}`
        yield* send(Notification.raw({ device: device(), pushType, topic: "com.example.app0", payload: "{}" }))
      }
      const counted = values(Metrics.notifications, "outcome", "reason")
      assert.strictEqual(Object.keys(counted).length, Metrics.maximumTopics + 2)
      assert.strictEqual(counted["push_type=alert, topic=other"], Metrics.maximumTopics)
      assert.strictEqual(counted["push_type=other, topic=com.example.app0"], 2 * Metrics.maximumTopics)
    }).pipe(Effect.provide(Layer.provideMerge(apns, layer)))
  })

  it.effect("measure in seconds, in cumulative buckets", () => {
    const { layer, snapshot } = observed()
    const waits = [3, 40, 12_000]
    const apns = Apns.layerNoDeps({ timeout: "1 minute" }).pipe(
      Layer.provide([
        scripted(waits.map((millis) => Effect.delay(answered(200), millis))).layer,
        JwtCache.layerNone,
        PayloadSchema.layer
      ])
    )
    return Effect.gen(function* () {
      for (const millis of waits) {
        const fiber = yield* Effect.forkChild(
          send(Notification.alert({ device: device(), alert: "Hello", topic: "com.example.app" })),
          { startImmediately: true }
        )
        yield* TestClock.adjust(millis)
        yield* Fiber.join(fiber)
      }
      const series = snapshot().find(
        ({ attributes, id }) => id === Metrics.sendDuration.id && attributes?.outcome === "accepted"
      )
      assert.deepStrictEqual(series?.state, {
        buckets: Metrics.boundaries.map((bound): [number, number] => [bound, bound < 0.05 ? 1 : bound < 12 ? 2 : 3]),
        count: 3,
        sum: 12.043,
        min: 0.003,
        max: 12
      })
    }).pipe(Effect.provide(Layer.provideMerge(apns, layer)))
  })

  it("are in the dashboard by their names, and no others", () => {
    const path = fileURLToPath(new URL("../../docs/grafana-dashboard.json", import.meta.url))
    const dashboard = readFileSync(path, "utf8")
    JSON.parse(dashboard)
    const shown = [...dashboard.matchAll(/\bapns_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""))
    assert.deepStrictEqual([...new Set(shown)].sort(), [...ids].sort())
  })

  it("are in the documentation by their names", () => {
    const path = fileURLToPath(new URL("../../docs/observability.md", import.meta.url))
    const shown = [...readFileSync(path, "utf8").matchAll(/^\| `(apns_(?!delivery_)\w+)`/gm)].map((match) => match[1])
    assert.deepStrictEqual([...shown].sort(), [...ids].sort())
  })
})
