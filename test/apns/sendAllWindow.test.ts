import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Layer, Stream } from "effect"
import {
  Apns,
  ApnsConnection,
  type ApnsRequest,
  JwtCache,
  Metrics,
  Notification,
  PayloadSchema,
  sendAll
} from "effect-apns"
import { insideOf } from "../../packages/apns/src/internal/dispatch.ts"
import { capacityOf, windowOver } from "../../packages/apns/src/internal/window.ts"
import { fakePeer } from "../support/fakeTransport.ts"
import { observed } from "../support/observed.ts"
import { playedConnection } from "../support/playedConnection.ts"
import { device, simulated } from "../support/simulated.ts"
import { until } from "../support/waiting.ts"

const range = (count: number) =>
  Stream.range(0, count - 1).pipe(
    Stream.map((n) => Notification.alert({ device: device(n), alert: "Hello", topic: "com.example.app" }))
  )

/** Tests of many notifications, or of what a machine has to have time for besides. */
const limit = 120_000

describe("the window of sendAll", () => {
  it.each([
    [0, 100],
    [1, 100],
    [100, 300],
    [1000, 3000],
    [2000, 3000],
    [8000, 10_000]
  ])("over %d streams is %d", (streams, window) => {
    assert.strictEqual(windowOver(streams), window)
  })

  it("is what was given, whatever the connection has", () => {
    const given = ([10, 1, 0, 50_000] as const).map((concurrency) => capacityOf(concurrency, () => 1000)())
    assert.deepStrictEqual(given, [10, 1, 1, 50_000])
  })

  it.effect("is that of the connection, in whatever that and the Apns are wrapped", () => {
    const peer = fakePeer()
    const wrapped = Layer.effect(
      ApnsConnection,
      Effect.map(ApnsConnection, (connection) => ({
        ...connection,
        request: (asked: ApnsRequest) => connection.request(asked)
      }))
    ).pipe(Layer.provide(playedConnection(peer)))
    const layer = Apns.layerNoDeps().pipe(Layer.provide([wrapped, JwtCache.layerNone, PayloadSchema.layer]))
    return Effect.gen(function* () {
      const apns = yield* Apns
      const [one] = yield* Stream.runCollect(range(1))
      if (one === undefined) return
      yield* Effect.forkChild(Effect.exit(apns.send(one)), { startImmediately: true })
      peer.session(0).settings(700)
      assert.strictEqual(insideOf({ ...apns, send: (n) => apns.send(n) }).width?.(), 700)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is 1,000 over a connection that does not tell how many streams it has", () => {
    let underWay = 0
    const connection = Layer.succeed(ApnsConnection, {
      address: "push.test:443",
      request: () =>
        Effect.andThen(
          Effect.sync(() => underWay++),
          Effect.never
        ),
      retire: () => Effect.void
    })
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Stream.runDrain(sendAll(range(5000))), { startImmediately: true })
      for (let n = 0; n < 100; n++) yield* Effect.yieldNow
      assert.strictEqual(underWay, 1000)
      yield* Fiber.interrupt(fiber)
    }).pipe(
      Effect.provide(Apns.layerNoDeps().pipe(Layer.provide([connection, JwtCache.layerNone, PayloadSchema.layer])))
    )
  })

  it.live(
    "follows the streams allowed, up and down",
    () => {
      const { untraced, values } = observed()
      const value = (metric: { readonly id: string }) => values(metric, "server")[""] ?? 0
      const held = () => value(Metrics.queued) + value(Metrics.inFlight)
      return Effect.gen(function* () {
        const simulator = yield* Simulator
        yield* simulator.inject({ effect: { _tag: "delay", millis: 100 }, times: 100_000 })
        const fiber = yield* Effect.forkChild(Stream.runDrain(sendAll(range(100_000))))
        // Results are taken as they come: what is held is what is queued and in flight.
        yield* until(() => value(Metrics.streamsAllowed) === 50 && held() === 150)
        yield* simulator.setMaxConcurrentStreams(200)
        yield* until(() => value(Metrics.inFlight) === 200 && held() === 600)
        yield* simulator.setMaxConcurrentStreams(20)
        yield* until(() => value(Metrics.streamsAllowed) === 20 && held() === 100)
        yield* Fiber.interrupt(fiber)
      }).pipe(
        Effect.provide(
          Layer.provideMerge(
            simulated({ simulator: { maxConcurrentStreams: 50 }, apns: { maxSessions: 1, timeout: "1 minute" } }),
            untraced
          )
        )
      )
    },
    limit
  )

  it.live(
    "shows the pool that one session more would help, up to its maximum",
    () => {
      const { untraced, values } = observed()
      return Effect.gen(function* () {
        const simulator = yield* Simulator
        yield* simulator.inject({ effect: { _tag: "delay", millis: 60 }, times: 100_000 })
        const fiber = yield* Effect.forkChild(Stream.runDrain(sendAll(range(100_000))))
        yield* until(() => values(Metrics.streamsAllowed, "server")[""] === 120)
        assert.lengthOf(yield* simulator.connections, 3)
        yield* Fiber.interrupt(fiber)
      }).pipe(
        Effect.provide(
          Layer.provideMerge(
            simulated({ simulator: { maxConcurrentStreams: 40 }, apns: { maxSessions: 3, timeout: "1 minute" } }),
            untraced
          )
        )
      )
    },
    limit
  )
})

describe("a single session that suffices", () => {
  it.live(
    "stays single however many notifications wait for this program's own work",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Simulator
        const accepted = yield* sendAll(range(20_000)).pipe(
          Stream.filter(({ outcome }) => outcome === "accepted"),
          Stream.runCount
        )
        assert.strictEqual(accepted, 20_000)
        // The simulator runs on the same event loop, which is what limits both.
        assert.lengthOf(yield* simulator.connections, 1)
      }).pipe(Effect.provide(simulated({ apns: { timeout: "1 minute" } }))),
    limit
  )
})
