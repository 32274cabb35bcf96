import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { Apns, type Config, Credentials, Metrics, Notification, send } from "effect-apns"
import { Resolver } from "../../packages/apns/src/internal/resolver.ts"
import { networkNamespace, simulatorsIn, unavailable } from "../support/networkNamespace.ts"
import { observed } from "../support/observed.ts"
import { device, topic } from "../support/simulated.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

/** Servers behind links that can be cut, and an `Apns` that finds them by name. */
const beyond = (count: 1 | 2, config: Partial<Config> = {}) =>
  Effect.gen(function* () {
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
      connectTimeout: "5 seconds",
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
    it.live(
      "is given up within silencePing and pingTimeout: what was written is unknown, and the next session works when the network does",
      () =>
        Effect.gen(function* () {
          const { apns, links, received } = yield* beyond(1)
          yield* Effect.gen(function* () {
            const before = yield* send(hello())
            links[0]?.cut()
            const startedAt = performance.now()
            const lost = yield* Effect.forEach([1, 2, 3], (n) =>
              Effect.forkChild(Effect.flip(send(hello(n))), { startImmediately: true })
            )
            const errors = yield* Effect.forEach(lost, Fiber.join)
            const took = performance.now() - startedAt
            assert.deepStrictEqual(
              errors.map(({ outcome, reason }) => [outcome, reason._tag]),
              Array(3).fill(["unknown", "OutcomeUnknown"])
            )
            assert.include(String(errors[0]), "no sign of life")
            assert.isAtLeast(took, 590)
            // Long before the deadline of 30 seconds.
            assert.isBelow(took, 5000)
            const waiting = yield* Effect.forkChild(send(hello(4)), { startImmediately: true })
            yield* Effect.sleep(100)
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
        }).pipe(Effect.scoped)
    )

    it.live("is replaced by one on another address, and its own is avoided", () => {
      const { untraced, values } = observed()
      return Effect.gen(function* () {
        const { apns, links, received } = yield* beyond(2)
        yield* Effect.gen(function* () {
          yield* send(hello())
          links[0]?.cut()
          const lost = yield* Effect.flip(send(hello(1)))
          assert.strictEqual(lost.outcome, "unknown")
          const startedAt = performance.now()
          const found = yield* Effect.forEach([2, 3, 4], (n) => send(hello(n)))
          assert.isBelow(performance.now() - startedAt, 3000)
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
    })

    it.live("keeps no send beyond its deadline, and no layer from closing", () =>
      Effect.gen(function* () {
        const { apns, links } = yield* beyond(1, { timeout: "1 second" })
        const startedAt = performance.now()
        yield* Effect.gen(function* () {
          yield* send(hello())
          links[0]?.cut()
          const written = yield* Effect.flip(send(hello(1)))
          assert.strictEqual(written.outcome, "unknown")
          const unwritten = yield* Effect.flip(send(hello(2)))
          assert.deepStrictEqual(
            [unwritten.outcome, unwritten.reason._tag === "DeadlinePassed" && unwritten.reason.stage],
            ["unsent", "connect"]
          )
        }).pipe(Effect.provide(apns, { local: true }))
        assert.isBelow(performance.now() - startedAt, 8000)
      }).pipe(Effect.scoped)
    )
  })
}
