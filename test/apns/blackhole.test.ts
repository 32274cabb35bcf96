import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Apns, type Config, Credentials, Metrics, Notification, send } from "effect-apns"
import { Resolver } from "../../packages/apns/src/internal/resolver.ts"
import { networkNamespace, simulatorsIn, unavailable } from "../support/networkNamespace.ts"
import { observed } from "../support/observed.ts"
import { device, topic } from "../support/simulated.ts"
import { endsAfter, moment } from "../support/waiting.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

/** Of a test that makes a network and starts servers in it. */
const limit = 120_000

/** Servers behind links that can be cut, and an `Apns` that finds them by name, in the time of the test's clock. */
const beyond = (count: 1 | 2, config: Partial<Config> = {}) =>
  Effect.gen(function* () {
    // The servers' own, which provider tokens are to be young by; whole, as deadlines are kept to 10 ms.
    yield* TestClock.setTime(Math.floor(Date.now() / 1000) * 1000)
    const namespace = yield* networkNamespace(count)
    const { ca, key, port, received } = yield* simulatorsIn(namespace)
    const addresses = namespace.links.map(({ address }) => ({ address, family: 4 }))
    const apns = Apns.layer({
      environment: { host: "localhost", port, ca },
      credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
      topic,
      retry: Schedule.recurs(0),
      silencePing: "300 millis",
      pingTimeout: "300 millis",
      connectTimeout: "1 minute",
      drainTimeout: 0,
      ...config
    }).pipe(Layer.provide(Layer.succeed(Resolver)((_, onResolved) => setImmediate(() => onResolved(null, addresses)))))
    return { apns, received, links: namespace.links }
  })

const why = unavailable()

if (why !== undefined) {
  describe("a peer behind a network that drops everything", () => {
    it.skip(`there is no network namespace to test in: ${why}`, () => assert.fail())
  })
} else {
  describe("a peer behind a network that drops everything", () => {
    it.effect(
      "is given up within silencePing and pingTimeout: what was written is unknown, and the next session works when the network does",
      () =>
        Effect.gen(function* () {
          const { apns, links, received } = yield* beyond(1)
          yield* Effect.gen(function* () {
            const before = yield* send(hello())
            links[0]?.cut()
            const lost = yield* Effect.forEach([1, 2, 3], (n) =>
              Effect.forkChild(Effect.flip(send(hello(n))), { startImmediately: true })
            )
            yield* moment
            yield* TestClock.adjust(300)
            yield* moment
            // Long before the deadline of 30 seconds.
            const errors = yield* endsAfter(yield* Effect.forkChild(Effect.forEach(lost, Fiber.join)), 300)
            assert.deepStrictEqual(
              errors.map(({ outcome, reason }) => [outcome, reason._tag]),
              Array(3).fill(["unknown", "OutcomeUnknown"])
            )
            assert.include(String(errors[0]), "no sign of life")
            const waiting = yield* Effect.forkChild(send(hello(4)), { startImmediately: true })
            yield* moment
            links[0]?.mend()
            const after = yield* Fiber.join(waiting)
            assert.notStrictEqual(after.connection, before.connection)
            const [log = []] = yield* received
            for (const { apnsId } of [before, after])
              assert.lengthOf(
                log.filter((id) => id === apnsId),
                1
              )
          }).pipe(Effect.provide(apns, { local: true }))
        }).pipe(Effect.scoped),
      limit
    )

    it.effect(
      "is replaced by one on another address, and its own is avoided",
      () => {
        const { untraced, values } = observed()
        return Effect.gen(function* () {
          const { apns, links, received } = yield* beyond(2)
          yield* Effect.gen(function* () {
            yield* send(hello())
            links[0]?.cut()
            const losing = yield* Effect.forkChild(Effect.flip(send(hello(1))), { startImmediately: true })
            yield* moment
            yield* TestClock.adjust(300)
            yield* moment
            const lost = yield* endsAfter(losing, 300)
            assert.strictEqual(lost.outcome, "unknown")
            const startedAt = performance.now()
            const found = yield* Effect.forEach([2, 3, 4], (n) => send(hello(n)))
            // Not for want of time to connect to the dead address, which is a minute.
            assert.isBelow(performance.now() - startedAt, 50_000)
            const [first = [], second = []] = yield* received
            assert.strictEqual(first.length, 1)
            assert.sameMembers(
              [...second],
              found.map(({ apnsId }) => apnsId)
            )
            assert.deepStrictEqual(values(Metrics.addressesAvoided, "server"), { "": 1 })
            assert.deepStrictEqual(values(Metrics.reconnects, "server"), { "": 1 })
          }).pipe(Effect.provide(apns, { local: true }))
        }).pipe(Effect.scoped, Effect.provide(untraced))
      },
      limit
    )

    it.effect(
      "is not given up for another that is dead while it is only far: an attempt goes on beside the next one",
      () => {
        const { untraced, values } = observed()
        return Effect.gen(function* () {
          const { apns, links, received } = yield* beyond(2)
          for (const link of links) link.cut()
          yield* Effect.gen(function* () {
            const startedAt = performance.now()
            const sending = yield* Effect.forkChild(send(hello()), { startImmediately: true })
            // Longer than an attempt has for itself (RFC 8305, 8): its first packet is lost, and its second one answered.
            yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 600)))
            links[0]?.mend()
            const { apnsId } = yield* Fiber.join(sending)
            // Not for want of time to connect to the dead address, which is a minute.
            assert.isBelow(performance.now() - startedAt, 50_000)
            const [first = [], second = []] = yield* received
            assert.deepStrictEqual([first, second], [[apnsId], []])
            assert.deepStrictEqual(values(Metrics.addressesAvoided, "server"), { "": 0 })
          }).pipe(Effect.provide(apns, { local: true }))
        }).pipe(Effect.scoped, Effect.provide(untraced))
      },
      limit
    )

    it.effect(
      "keeps no send beyond its deadline, and no layer from closing",
      () =>
        Effect.gen(function* () {
          const { apns, links } = yield* beyond(1, { timeout: "1 second" })
          yield* Effect.gen(function* () {
            yield* send(hello())
            links[0]?.cut()
            const writing = yield* Effect.forkChild(Effect.flip(send(hello(1))), { startImmediately: true })
            yield* moment
            yield* TestClock.adjust(300)
            yield* moment
            const written = yield* endsAfter(writing, 300)
            assert.strictEqual(written.outcome, "unknown")
            const connecting = yield* Effect.forkChild(Effect.flip(send(hello(2))), { startImmediately: true })
            const unwritten = yield* endsAfter(connecting, 1000)
            assert.deepStrictEqual(
              [unwritten.outcome, unwritten.reason._tag === "DeadlinePassed" && unwritten.reason.stage],
              ["unsent", "connect"]
            )
            // The layer closes in no time of the clock, which nobody moves any more.
          }).pipe(Effect.provide(apns, { local: true }))
        }).pipe(Effect.scoped),
      limit
    )
  })
}
