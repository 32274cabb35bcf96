/** A clock of the day that is set while notifications are under way: nothing that is measured may follow it. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Clock, Duration, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  type Config,
  DeadTokens,
  JwtCache,
  Notification,
  PayloadSchema,
  type SendOptions,
  send,
  sendAll,
  sendSummary
} from "effect-apns"
import { relayTo } from "../support/relay.ts"
import { answered, type Line, refused, scripted } from "../support/scriptedConnection.ts"
import { clientOf, device, simulated, topic } from "../support/simulated.ts"
import { type SteppedClock, steppedClock } from "../support/steppedClock.ts"
import { keys, started, hello as tenantHello } from "../support/tenants.ts"
import { endsAfter, moment, untilIt } from "../support/waiting.ts"

const hour = 3_600_000
const hello = (n = 0) => Notification.alert({ device: device(n), alert: `Hello ${n}` })
const forked = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Nothing is tried again, and a silent server is not asked for a sign of life. */
const patient: Partial<Config> = { retry: Schedule.recurs(0), silencePing: Duration.infinity }

/** On one clock, the server's and the client's, that the play steps. */
const stepping = <A, E, R>(play: (clock: SteppedClock) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const clock = yield* steppedClock
    return yield* Effect.provide(Effect.scoped(play(clock)), clock.layer)
  })

/** The same, with an `Apns` and its simulator. */
const played = <A, E>(apns: Partial<Config>, play: (clock: SteppedClock) => Effect.Effect<A, E, Simulator | Apns>) =>
  stepping((clock) => Effect.provide(play(clock), simulated({ apns })))

/** The same, beyond a relay. */
const relayed = Effect.gen(function* () {
  const simulator = yield* Simulator
  const relay = yield* relayTo(simulator.port)
  const client = clientOf(simulator)
  const apns = yield* Layer.build(
    Apns.layer({
      ...client,
      environment: { ...client.environment, port: relay.port },
      retry: Schedule.recurs(0),
      drainTimeout: 0
    })
  )
  return { apns, relay }
})

/** An `Apns` over a connection of the caller's own. */
const replaced = (lines: ReadonlyArray<Line>, retry: SendOptions["retry"] = Schedule.recurs(0)) => {
  const connection = scripted(lines)
  const layer = Apns.layerNoDeps({ topic, retry }).pipe(
    Layer.provide([connection.layer, JwtCache.layerNone, PayloadSchema.layer])
  )
  return { ...connection, layer }
}

describe("a provider token that is made while the clock is wrong", () => {
  it.effect("is refused, and the one before it is used until it is right", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const clock = yield* steppedClock
      yield* Effect.gen(function* () {
        yield* send(hello(1))
        yield* TestClock.adjust("15 minutes")
        clock.step(9 * 60_000)
        // So the token is renewed: by a clock that is ahead of that of APNs.
        yield* simulator.inject({ times: 1, effect: { _tag: "reject", reason: "ExpiredProviderToken" } })
        yield* Effect.exit(send(hello(2)))
        for (let n = 3; n < 8; n++) yield* send(hello(n))
        clock.step(-9 * 60_000)
        for (let n = 8; n < 20; n++) {
          yield* send(hello(n))
          yield* TestClock.adjust("5 minutes")
        }
      }).pipe(Effect.provide(Apns.layer(clientOf(simulator))), Effect.provide(clock.layer))
    }).pipe(Effect.provide(Simulator.layer()))
  )
})

for (const [how, by] of [
  ["back", -3 * hour],
  ["forward", 5 * hour]
] as const) {
  describe(`a clock that is set ${how} by hours`, () => {
    it.effect("leaves deadlines where they are: each of two sends to a silent server ends at its own", () =>
      played(patient, ({ step }) =>
        Effect.gen(function* () {
          const simulator = yield* Simulator
          yield* simulator.inject({ times: 2, effect: { _tag: "silence" } })
          const first = yield* forked(Effect.flip(send(hello(1))))
          yield* simulator.awaitReceived(1)
          yield* TestClock.adjust("5 seconds")
          const second = yield* forked(Effect.flip(send(hello(2))))
          yield* simulator.awaitReceived(2)
          step(by)
          const early = yield* endsAfter(first, 25_000)
          const late = yield* endsAfter(second, 5000)
          for (const { outcome, reason, timings } of [early, late]) {
            assert.deepStrictEqual([reason._tag, outcome, timings?.totalMillis], ["DeadlinePassed", "unknown", 30_000])
          }
        })
      )
    )

    it.effect("leaves the deadline of an expiration, which the server is told anyway, where it was", () =>
      played(patient, ({ step }) =>
        Effect.gen(function* () {
          const simulator = yield* Simulator
          yield* simulator.inject({ effect: { _tag: "silence" } })
          const expiration = new Date((yield* Clock.currentTimeMillis) + 10_000)
          const sent = yield* forked(
            Effect.flip(send(Notification.alert({ device: device(), alert: "Hello", expiration })))
          )
          yield* simulator.awaitReceived(1)
          step(by)
          const { reason } = yield* endsAfter(sent, 10_000)
          assert.strictEqual(reason._tag, "DeadlinePassed")
        })
      )
    )

    it.effect("does not keep a silent session from being asked for a sign of life, and given up", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          const { apns, relay } = yield* relayed
          yield* Effect.gen(function* () {
            yield* send(hello())
            relay.cut()
            const sent = yield* forked(Effect.flip(send(hello(1))))
            yield* moment
            step(by)
            yield* TestClock.adjust("5 seconds")
            step(by)
            const { message, outcome } = yield* endsAfter(sent, 5000)
            assert.strictEqual(outcome, "unknown")
            assert.include(message, "no sign of life")
            yield* send(hello(2))
            assert.strictEqual(relay.opened(), 2)
          }).pipe(Effect.provide(apns))
        }).pipe(Effect.provide(Simulator.layer()))
      )
    )

    it.effect("does not keep an idle session from being asked, so that the next send finds one that lives", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          const { apns, relay } = yield* relayed
          yield* Effect.gen(function* () {
            yield* send(hello())
            relay.cut()
            step(by)
            yield* TestClock.adjust("1 minute")
            step(by)
            yield* TestClock.adjust("5 seconds")
            step(-2 * by)
            yield* moment
            yield* send(hello(1))
            assert.strictEqual(relay.opened(), 2)
          }).pipe(Effect.provide(apns))
        }).pipe(Effect.provide(Simulator.layer()))
      )
    )

    it.effect("neither opens nor locks the gate of an outage", () =>
      played(
        { retry: Schedule.recurs(0), slowDown: { outage: { first: "4 seconds", max: "4 seconds" } } },
        ({ step }) =>
          Effect.gen(function* () {
            const simulator = yield* Simulator
            yield* simulator.inject({ times: 10, effect: { _tag: "reject", reason: "ServiceUnavailable" } })
            for (let n = 0; n < 10; n++) yield* Effect.flip(send(hello(n)))
            step(by)
            const sent = yield* forked(send(hello(10)))
            yield* moment
            assert.lengthOf(yield* simulator.received, 10)
            yield* TestClock.adjust("5 seconds")
            assert.isAtMost((yield* Fiber.join(sent)).timings.totalMillis, 5000)
          })
      )
    )

    it.effect("neither ends nor prolongs the wait for a device that gets too many", () =>
      played({ retry: Schedule.recurs(0) }, ({ step }) =>
        Effect.gen(function* () {
          const simulator = yield* Simulator
          yield* simulator.inject({ effect: { _tag: "reject", reason: "TooManyRequests", retryAfter: 15 } })
          yield* Effect.flip(send(hello()))
          step(by)
          const sent = yield* forked(send(hello()))
          const { timings } = yield* endsAfter(sent, 15_000)
          assert.strictEqual(timings.totalMillis, 15_000)
        })
      )
    )

    it.effect("lets a Schedule that goes by the time that has passed end when it has, and not before", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          const retry = Schedule.spaced("1 second").pipe(
            Schedule.setInputType<ApnsError>(),
            Schedule.while(({ elapsed }) => elapsed < 5000)
          )
          const { asked, layer } = replaced([refused(503, "ServiceUnavailable")], retry)
          yield* Effect.gen(function* () {
            const sent = yield* forked(Effect.flip(send(hello())))
            yield* TestClock.adjust(1000)
            step(by)
            yield* TestClock.adjust("20 seconds")
            assert.strictEqual((yield* Fiber.join(sent)).attempts, 6)
            assert.lengthOf(asked, 6)
          }).pipe(Effect.provide(layer))
        })
      )
    )

    it.effect("leaves an idle target open for as long as ever", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          const { production, service } = yield* started(keys)
          const open = Effect.map(production.connections, (all) => all.filter(({ open }) => open))
          yield* service.send("acme", tenantHello())
          yield* TestClock.adjust("9 minutes")
          yield* service.send("acme", tenantHello())
          step(by)
          yield* TestClock.adjust(10 * 60_000 - 1)
          yield* moment
          assert.lengthOf(yield* open, 1)
          yield* TestClock.adjust(1)
          yield* untilIt(Effect.map(open, (left) => left.length === 0))
        })
      )
    )

    it.effect(
      "does not reach the request of a connection of its own, whose times are told by the clock as it stands",
      () =>
        stepping(({ step }) =>
          Effect.gen(function* () {
            const simulator = yield* Simulator
            const { ca, host, port } = simulator
            const layer = ApnsConnection.layer({ environment: { host, port, ca }, silencePing: Duration.infinity })
            yield* Effect.gen(function* () {
              const { request } = yield* ApnsConnection
              const asked = (deadlineMillis: number) =>
                request({ method: "POST", path: "/3/device/0", fields: {}, body: new Uint8Array(), deadlineMillis })
              yield* simulator.inject({ effect: { _tag: "silence" } })
              const silent = yield* forked(Effect.flip(asked((yield* Clock.currentTimeMillis) + 10_000)))
              yield* simulator.awaitReceived(1)
              step(by)
              assert.strictEqual((yield* endsAfter(silent, 10_000))._tag, "DeadlinePassed")
              yield* simulator.inject({ effect: { _tag: "delay", millis: 1000 } })
              const late = yield* forked(asked((yield* Clock.currentTimeMillis) + 10_000))
              yield* simulator.awaitReceived(2)
              step(by)
              yield* TestClock.adjust(1000)
              const { answeredAtMillis, openedAtMillis } = yield* Fiber.join(late)
              assert.strictEqual(answeredAtMillis, yield* Clock.currentTimeMillis)
              assert.strictEqual(answeredAtMillis - openedAtMillis, 1000)
            }).pipe(Effect.provide(layer))
          }).pipe(Effect.provide(Simulator.layer()))
        )
    )

    it.effect("is what a replaced connection is told the deadline by, and nothing that its times are measured by", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          const { asked, layer } = replaced([Effect.delay(answered(200), "1 second")])
          yield* Effect.gen(function* () {
            step(by)
            const sent = yield* forked(send(hello()))
            assert.strictEqual(asked[0]?.request.deadlineMillis, (yield* Clock.currentTimeMillis) + 30_000)
            step(by)
            yield* TestClock.adjust("1 second")
            assert.strictEqual((yield* Fiber.join(sent)).timings.totalMillis, 1000)
          }).pipe(Effect.provide(layer))
        })
      )
    )

    it.effect("is what dates are compared with: retry-after, and since when a token is dead", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          step(by)
          const now = yield* Clock.currentTimeMillis
          const until = new Date(now + 90_000 - (now % 1000)).toUTCString()
          const { layer } = replaced([
            refused(503, "ServiceUnavailable", { "retry-after": until }),
            refused(400, "BadDeviceToken")
          ])
          yield* Effect.gen(function* () {
            const busy = yield* Effect.flip(send(hello()))
            assert.propertyVal(busy.reason, "_tag", "ServiceUnavailable")
            assert.deepStrictEqual(Reflect.get(busy.reason, "retryAfter"), Duration.seconds(90))
            yield* Effect.flip(send(hello()))
            const { reason } = yield* Effect.flip(send(hello()))
            if (reason._tag !== "Suppressed") return assert.fail(reason._tag)
            assert.strictEqual(reason.since.epochMilliseconds, now)
          }).pipe(Effect.provide(Layer.provideMerge(layer, DeadTokens.layer())))
        })
      )
    )

    it.effect("changes nothing in how long a summary says that sending took", () =>
      stepping(({ step }) =>
        Effect.gen(function* () {
          const { layer } = replaced([Effect.delay(answered(200), "2 seconds")])
          const sent = yield* forked(
            Stream.run(sendAll(Stream.make(hello(1), hello(2))), sendSummary).pipe(Effect.provide(layer))
          )
          step(by)
          yield* TestClock.adjust("2 seconds")
          const { perSecond } = yield* Fiber.join(sent)
          assert.strictEqual(perSecond, 1)
        })
      )
    )
  })
}
