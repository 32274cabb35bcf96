/** Slowing down, over HTTP/2 against the simulator, in the time of the test's clock. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Duration, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  type ApnsRequest,
  type Config,
  JwtCache,
  Metrics,
  Notification,
  PayloadSchema,
  type Receipt,
  type SlowDown,
  send,
  sendAll,
  sendSummary
} from "effect-apns"
import { ConnectionReport } from "../../packages/apns/src/internal/connectionReport.ts"
import { ledgerOf } from "../../packages/apns/src/internal/ledger.ts"
import { type LogLine, observed } from "../support/observed.ts"
import { clientOf, device, simulated, topic } from "../support/simulated.ts"
import { moment } from "../support/waiting.ts"

const hello = (n: number) => Notification.alert({ device: device(n), alert: `Hello ${n}` })

const range = (count: number) => Stream.map(Stream.range(1, count), hello)

/** Lets sockets be read and written, which the test's clock knows nothing of. */
const io = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const dialogue = (options: { readonly simulator?: SimulatorOptions; readonly apns?: Partial<Config> }) => {
  const { lines, untraced, values } = observed()
  const none = (series: Record<string, number>) => Object.values(series).every((value) => value === 0)
  const isQuiet = () => {
    const connecting = Object.entries(values(Metrics.sessions, "server")).filter(
      ([name]) => name === "state=connecting"
    )
    return none(values(Metrics.inFlight)) && none(Object.fromEntries(connecting))
  }
  /** Time goes by while an Effect runs, but none while the server owes an answer, however slow the machine is. */
  const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
      while (fiber.pollUnsafe() === undefined) {
        for (let n = 0; n < 3; n++) yield* io
        if (isQuiet()) yield* TestClock.adjust(50)
      }
      return yield* Fiber.join(fiber)
    })
  return { lines, values, inTime, layer: Layer.provideMerge(simulated(options), untraced) }
}

/** What operators are told by the library. */
const ownOf = (lines: ReadonlyArray<LogLine>) =>
  lines.filter(({ annotations, level }) => annotations.package === "effect-apns" && /^(?:Warn|Info)/.test(level))

describe("a storm of bad device tokens", () => {
  const storm = (count: number, slowDown?: SlowDown) => {
    const { inTime, layer, lines, values } = dialogue({
      simulator: { disconnectAfterBadDeviceTokens: 2000, disconnectWindowMillis: 1000 },
      apns: { slowDown }
    })
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      for (let n = 1; n <= count; n += 2) {
        yield* simulator.register({ state: "otherEnvironment", token: device(n) })
      }
      yield* inTime(send(hello(0)))
      const summary = yield* inTime(Stream.run(sendAll(range(count)), sendSummary))
      const goAways = Object.values(values(Metrics.goAways)).reduce((sum, value) => sum + value, 0)
      const told = ownOf(lines).map(({ message }) => message)
      return { summary, goAways, told, slowDowns: values(Metrics.slowDowns, "server") }
    }).pipe(Effect.provide(layer))
  }

  it.effect(
    "of 10,000 among as many good ones does not make the server cut the session",
    () =>
      Effect.gen(function* () {
        const { goAways, slowDowns, summary, told } = yield* storm(20_000)
        assert.deepStrictEqual(summary.byReason, { BadDeviceToken: 10_000 })
        assert.deepStrictEqual([summary.accepted, goAways], [10_000, 0])
        assert.deepStrictEqual(slowDowns, { "cause=badDeviceTokens": 1 })
        assert.deepStrictEqual(told, ["Sending more slowly: too many device tokens are bad"])
      }),
    120_000
  )

  it.effect(
    "makes it cut the session when nothing is slowed",
    () =>
      Effect.gen(function* () {
        const { goAways, slowDowns } = yield* storm(10_000, { badDeviceTokens: false })
        assert.isAbove(goAways, 0)
        assert.deepStrictEqual(slowDowns, {})
      }),
    120_000
  )
})

describe("an outage", () => {
  const outage = (count: number, slowDown?: SlowDown) => {
    const { inTime, layer, lines, values } = dialogue({ apns: { slowDown } })
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* inTime(send(hello(0)))
      const began = yield* Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis)
      yield* simulator.inject({
        effect: { _tag: "reject", reason: "ServiceUnavailable" },
        skip: count / 5,
        times: 1_000_000
      })
      yield* Effect.forkChild(Effect.delay(simulator.clearFaults, "5 seconds"), { startImmediately: true })
      const summary = yield* inTime(Stream.run(sendAll(range(count)), sendSummary))
      const times = (yield* simulator.received).map(({ time }) => time - began)
      return {
        summary,
        atOnce: times.filter((time) => time < 100).length,
        during: times.filter((time) => time >= 100 && time < 5000).length,
        lines,
        values
      }
    }).pipe(Effect.provide(layer))
  }

  it.effect(
    "of 5 seconds loses none of 5,000, and few are tried while it lasts",
    () =>
      Effect.gen(function* () {
        const { atOnce, during, lines, summary, values } = yield* outage(5000)
        assert.deepStrictEqual([summary.accepted, summary.byReason], [5000, {}])
        // Those in flight when it began, and what took the place of the first nine that failed, before the tenth told of an outage.
        assert.isAtMost(atOnce, 2001 + 9)
        assert.isAtLeast(during, 2)
        assert.isAtMost(during, 5)
        const told = ownOf(lines)
        assert.deepStrictEqual(
          told.map(({ annotations, level, message }) => [level, message, annotations.cause]),
          [
            ["Warn", "Sending is held back: APNs answers with server errors", "outage"],
            ["Info", "APNs takes notifications again", "outage"]
          ]
        )
        assert.deepStrictEqual(values(Metrics.slowDowns, "server"), { "cause=outage": 1 })
      }),
    120_000
  )

  it.effect(
    "burns them when nothing is held back",
    () =>
      Effect.gen(function* () {
        const { during, summary } = yield* outage(1000, { outage: false })
        assert.isAbove(during, 500)
        assert.isAbove(summary.byReason.ServiceUnavailable ?? 0, 500)
      }),
    120_000
  )
})

describe("a device that gets too many", () => {
  const tooMany = (error: ApnsError) => error.reason._tag === "TooManyRequests"
  const persistent = Schedule.spaced("10 millis").pipe(
    Schedule.setInputType<ApnsError>(),
    Schedule.while(({ input }) => tooMany(input))
  )
  const simulator = { rateLimit: { perDevice: 2, windowMillis: 1000 } }

  it.effect("does not slow the others, and gets few that are refused", () => {
    const { inTime, layer } = dialogue({ simulator, apns: { retry: persistent } })
    return Effect.gen(function* () {
      const { received } = yield* Simulator
      yield* inTime(send(hello(0)))
      const busy = Effect.forEach(Array.from({ length: 20 }), () => send(hello(1)), { concurrency: "unbounded" })
      const others = Effect.forEach(
        Array.from({ length: 200 }, (_, n) => hello(n + 2)),
        send,
        { concurrency: 20 }
      )
      const [late, timely] = yield* inTime(Effect.all([busy, others], { concurrency: 2 }))
      assert.isTrue(timely.every(({ attempts, timings }) => attempts === 1 && timings.totalMillis === 0))
      assert.isAbove(Math.max(...late.map(({ timings }) => timings.totalMillis)), 5000)
      // 20 at once, of which 2 went through; then two at a time, and up to two that come too early for their window.
      const toIt = (yield* received).filter(({ path }) => path.endsWith(device(1))).length
      assert.isAtMost(toIt, 20 + 18 + 18)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is spared what is sent to it next, until its deadline", () => {
    const { inTime, layer } = dialogue({ apns: { timeout: "10 seconds" } })
    return Effect.gen(function* () {
      const { inject, received } = yield* Simulator
      yield* inject({ effect: { _tag: "reject", reason: "TooManyRequests", retryAfter: 15 } })
      const refused = yield* inTime(Effect.flip(send(hello(1))))
      assert.strictEqual(refused.reason._tag, "TooManyRequests")
      const given = yield* Effect.forkChild(send(hello(1)), { startImmediately: true })
      yield* Fiber.interrupt(given)
      const { message, outcome, reason } = yield* inTime(Effect.flip(send(hello(1))))
      assert.isTrue(reason._tag === "DeadlinePassed" && reason.stage === "queue", message)
      assert.include(message, "TooManyRequests")
      assert.strictEqual(outcome, "unsent")
      const { attempts, timings } = yield* inTime(send(hello(1)))
      assert.strictEqual(attempts, 1)
      assert.approximately(timings.totalMillis, 5000, 100)
      assert.lengthOf(yield* received, 2)
      assert.strictEqual((yield* inTime(send(hello(1)))).timings.totalMillis, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is spared in the order of sending, through a connection that is wrapped to log", () => {
    const logged: Array<string> = []
    const wrapped = Layer.effect(
      ApnsConnection,
      Effect.map(ApnsConnection, ({ address, request, retire }) => ({
        address,
        request: (asked: ApnsRequest) =>
          request(asked).pipe(Effect.tap(({ status }) => Effect.sync(() => logged.push(`${status}`)))),
        retire
      }))
    )
    const layer = Layer.unwrap(
      Effect.map(Simulator, (simulator) => {
        const { credentials, environment } = clientOf(simulator)
        return Apns.layerNoDeps({ topic, retry: Schedule.recurs(0) }).pipe(
          Layer.provide([
            wrapped.pipe(Layer.provide(ApnsConnection.layer({ environment }))),
            Layer.unwrap(Effect.map(credentials, JwtCache.layer)),
            PayloadSchema.layer
          ])
        )
      })
    ).pipe(Layer.provideMerge(Simulator.layer()))
    return Effect.gen(function* () {
      const { awaitReceived, inject, received } = yield* Simulator
      yield* inject({ effect: { _tag: "reject", reason: "TooManyRequests", retryAfter: 5 } })
      yield* Effect.flip(send(hello(1)))
      const given: Array<string> = []
      const fibers: Array<Fiber.Fiber<Receipt, ApnsError>> = []
      for (let n = 0; n < 5; n++) {
        const notification = hello(1)
        given.push(notification.id)
        fibers.push(yield* Effect.forkChild(send(notification), { startImmediately: true }))
        yield* moment
      }
      assert.lengthOf(yield* received, 1)
      yield* TestClock.adjust("5 seconds")
      yield* awaitReceived(6)
      for (const fiber of fibers) yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        (yield* received).slice(1).map(({ apnsId }) => apnsId),
        given
      )
      assert.deepStrictEqual(logged, ["429", "200", "200", "200", "200", "200"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not held up by those who give up", () => {
    const { inTime, layer } = dialogue({ apns: { retry: Schedule.recurs(0) } })
    return Effect.gen(function* () {
      const { inject } = yield* Simulator
      yield* inject({ effect: { _tag: "reject", reason: "TooManyRequests", retryAfter: 5 } })
      yield* inTime(Effect.flip(send(hello(1))))
      const given = yield* Effect.forEach(Array.from({ length: 10 }), () =>
        Effect.forkChild(send(hello(1)), { startImmediately: true })
      )
      const last = yield* Effect.forkChild(send(hello(1)), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interruptAll(given)
      const { timings } = yield* inTime(Fiber.join(last))
      assert.approximately(timings.totalMillis, 5000, 100)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is refused again when it is not spared", () => {
    const { inTime, layer } = dialogue({ simulator, apns: { slowDown: { devices: false } } })
    return Effect.gen(function* () {
      for (let n = 0; n < 2; n++) yield* inTime(send(hello(1)))
      for (let n = 0; n < 3; n++) {
        const { reason } = yield* inTime(Effect.flip(send(hello(1))))
        assert.strictEqual(reason._tag, "TooManyRequests")
      }
    }).pipe(Effect.provide(layer))
  })
})

describe("the warning", () => {
  it.effect("is given at most once a minute for each cause, and its end only after it", () => {
    const { layer, lines, values } = observed()
    return Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      let now = 0
      const log = (effect: Effect.Effect<void>) => Effect.runSyncWith(context)(effect)
      const report = new ConnectionReport("push.test:443", yield* ledgerOf, log, () => now)
      for (; now < 120_000; now += 20_000) {
        for (const cause of ["outage", "badDeviceTokens"] as const) {
          report.onSlowed(cause)
          report.onResumed(cause)
        }
      }
      const told = lines.map(({ annotations, level }) => `${level} ${annotations.cause}`)
      const once = ["Warn outage", "Info outage", "Warn badDeviceTokens", "Info badDeviceTokens"]
      assert.deepStrictEqual(told, [...once, ...once])
      assert.deepStrictEqual(values(Metrics.slowDowns, "server"), { "cause=outage": 6, "cause=badDeviceTokens": 6 })
    }).pipe(Effect.provide(layer))
  })
})

describe("settings", () => {
  it.effect.each<[string, SlowDown]>([
    ["devices.first", { devices: { first: 0 } }],
    ["devices.max", { devices: { max: Duration.infinity } }],
    ["badDeviceTokens.share", { badDeviceTokens: { share: 0 } }],
    ["badDeviceTokens.share", { badDeviceTokens: { share: 1.1 } }],
    ["badDeviceTokens.perSecond", { badDeviceTokens: { perSecond: 0 } }],
    ["badDeviceTokens.perSecond", { badDeviceTokens: { perSecond: Number.NaN } }],
    ["badDeviceTokens.window", { badDeviceTokens: { window: 0 } }],
    ["outage.failures", { outage: { failures: 0 } }],
    ["outage.failures", { outage: { failures: 2.5 } }],
    ["outage.window", { outage: { window: Duration.infinity } }],
    ["outage.first", { outage: { first: 0 } }],
    ["outage.max", { outage: { max: Duration.infinity } }]
  ])("refuse a %s out of its range", ([setting, slowDown]) =>
    Effect.gen(function* () {
      const layer = ApnsConnection.layer({ environment: "sandbox", slowDown })
      const { reason } = yield* Effect.flip(Layer.build(layer))
      assert.isTrue(reason._tag === "InvalidConfiguration" && reason.setting === `slowDown.${setting}`, reason.message)
    })
  )

  it.effect("take false for each part", () =>
    Layer.build(
      ApnsConnection.layer({
        environment: "sandbox",
        slowDown: { devices: false, badDeviceTokens: false, outage: false }
      })
    )
  )
})
