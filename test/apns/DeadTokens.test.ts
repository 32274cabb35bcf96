import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { DateTime, Effect, Fiber, Inspectable, Layer, Logger, Redacted, Schema, Stream } from "effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { TestClock } from "effect/testing"
import {
  Apns,
  type ApnsError,
  type Dead,
  type DeadReason,
  DeadTokens,
  type Destination,
  JwtCache,
  Notification,
  PayloadSchema,
  send,
  sendAll,
  Tenants
} from "effect-apns"
import { environmentOf, suppressed } from "../../packages/apns/src/internal/suppression.ts"
import { loggerOf } from "../support/observed.ts"
import { answered, fails, type Line, refused, scripted, succeeds } from "../support/scriptedConnection.ts"
import { clientOf, device, simulated, topic } from "../support/simulated.ts"
import { endsAfter, until } from "../support/waiting.ts"

const hello = (n = 0, options: Partial<Notification.Alert> = {}) =>
  Notification.alert({ device: device(n), alert: "Hello", topic, ...options })

const gone = (timestamp: number): Line => answered(410, {}, { reason: "Unregistered", timestamp })

const accepted = answered(200)

/** `Apns` over a connection that speaks these lines, with what it knows of dead tokens. */
const over = <E, R>(lines: ReadonlyArray<Line>, deadTokens: Layer.Layer<DeadTokens, E, R>) => {
  const connection = scripted(lines)
  const layer = Apns.layerNoDeps().pipe(
    Layer.provide([connection.layer, JwtCache.layerNone, PayloadSchema.layer]),
    Layer.provideMerge(deadTokens)
  )
  return { layer, asked: connection.asked }
}

const inStore = DeadTokens.layerStore().pipe(Layer.provideMerge(KeyValueStore.layerMemory))

const stores: Readonly<Record<string, Layer.Layer<DeadTokens>>> = { memory: DeadTokens.layer(), store: inStore }

const at = (n: number, environment = "production"): Destination => ({ environment, topic, device: device(n) })

const dead = (millis: number, reason: DeadReason = "Unregistered"): Dead => ({
  reason,
  since: DateTime.makeUnsafe(millis)
})

const assertSuppressed = (error: ApnsError, reason: DeadReason, sinceMillis: number) => {
  if (error.reason._tag !== "Suppressed") return assert.fail(error.message)
  assert.deepStrictEqual([error.reason.reason, error.reason.since.epochMilliseconds], [reason, sinceMillis])
  assert.deepStrictEqual([error.outcome, error.action, error.attempts], ["unsent", "dropToken", 0])
}

for (const [name, deadTokens] of Object.entries(stores)) {
  describe(`a dead token, remembered in ${name}`, () => {
    const reasons: ReadonlyArray<readonly [DeadReason, Line, number]> = [
      ["Unregistered", gone(500), 500],
      ["Unregistered", refused(410, "Unregistered"), 1000],
      ["ExpiredToken", answered(410, {}, { reason: "ExpiredToken", timestamp: 700 }), 700],
      ["BadDeviceToken", refused(400, "BadDeviceToken"), 1000],
      ["DeviceTokenNotForTopic", refused(400, "DeviceTokenNotForTopic"), 1000]
    ]
    for (const [reason, line, since] of reasons) {
      it.effect(`is sent to no more after ${reason}, dead since ${since}`, () => {
        const { asked, layer } = over([line, accepted], deadTokens)
        return Effect.gen(function* () {
          yield* TestClock.setTime(1000)
          assert.strictEqual((yield* fails(send(hello()))).reason._tag, reason)
          assertSuppressed(yield* fails(send(hello())), reason, since)
          assert.lengthOf(asked, 1)
        }).pipe(Effect.provide(layer))
      })
    }

    for (const reason of ["BadTopic", "PayloadTooLarge", "InvalidProviderToken", "TooManyRequests", "Novelty"]) {
      it.effect(`is not what ${reason} makes of it`, () => {
        const { asked, layer } = over([refused(400, reason), accepted], deadTokens)
        return Effect.gen(function* () {
          yield* fails(send(hello()))
          yield* succeeds(send(hello()))
          assert.lengthOf(asked, 2)
        }).pipe(Effect.provide(layer))
      })
    }

    it.effect("is sent to when it was registered again after its death, and not before or at it", () => {
      const { asked, layer } = over([gone(500), accepted], deadTokens)
      return Effect.gen(function* () {
        yield* fails(send(hello()))
        for (const registeredAt of [new Date(499), new Date(500), DateTime.makeUnsafe(500)]) {
          assertSuppressed(yield* fails(send(hello(0, { registeredAt }))), "Unregistered", 500)
        }
        yield* succeeds(send(hello(0, { registeredAt: new Date(501) })))
        yield* succeeds(send(hello(0, { registeredAt: DateTime.makeUnsafe(501) })))
        assert.lengthOf(asked, 3)
      }).pipe(Effect.provide(layer))
    })

    it.effect("dies again, later", () => {
      const { asked, layer } = over([gone(500), gone(900), accepted], deadTokens)
      return Effect.gen(function* () {
        yield* fails(send(hello()))
        yield* fails(send(hello(0, { registeredAt: new Date(600) })))
        assertSuppressed(yield* fails(send(hello(0, { registeredAt: new Date(600) }))), "Unregistered", 900)
        yield* succeeds(send(hello(0, { registeredAt: new Date(901) })))
        assert.lengthOf(asked, 3)
      }).pipe(Effect.provide(layer))
    })

    it.effect("is dead for its topic only, in either case of its digits", () => {
      const { asked, layer } = over([gone(500), accepted], deadTokens)
      return Effect.gen(function* () {
        yield* fails(send(hello(0xabc)))
        yield* succeeds(send(hello(0xabc, { topic: "com.example.other" })))
        yield* succeeds(send(hello(0xabd)))
        assertSuppressed(yield* fails(send(hello(0, { device: device(0xabc).toUpperCase() }))), "Unregistered", 500)
        assert.lengthOf(asked, 3)
      }).pipe(Effect.provide(layer))
    })

    it.effect("is not let through by a registration at no time", () =>
      Effect.gen(function* () {
        yield* fails(send(hello()))
        const error = yield* fails(send(hello(0, { registeredAt: new Date("never") })))
        if (error.reason._tag !== "InvalidNotification") return assert.fail(error.message)
        assert.strictEqual(error.reason.field, "registeredAt")
      }).pipe(Effect.provide(over([gone(500), accepted], deadTokens).layer))
    )

    it.effect("holds the later of two deaths", () =>
      Effect.gen(function* () {
        const tokens = yield* DeadTokens
        yield* tokens.record(at(1), dead(500, "ExpiredToken"))
        yield* tokens.record(at(1), dead(400))
        assert.deepStrictEqual(yield* tokens.find(at(1)), dead(500, "ExpiredToken"))
        yield* tokens.record(at(1), dead(600))
        assert.deepStrictEqual(yield* tokens.find(at(1)), dead(600))
        assert.isUndefined(yield* tokens.find(at(1, "sandbox")))
      }).pipe(Effect.provide(deadTokens))
    )

    it.effect("is told of, whole to who asks and to nobody else", () =>
      Effect.gen(function* () {
        const tokens = yield* DeadTokens
        const fiber = yield* DeadTokens.events.pipe(Stream.take(1), Stream.runCollect, Effect.forkChild)
        yield* TestClock.adjust(1)
        yield* fails(send(hello(7)))
        const [event = assert.fail()] = yield* Fiber.join(fiber)
        assert.strictEqual(Redacted.value(event.device), device(7))
        assert.deepStrictEqual(
          [event.environment, event.topic, event.reason, event.since.epochMilliseconds],
          ["push.test:443", topic, "Unregistered", 500]
        )
        const shown = [event, tokens].map((value) => `${JSON.stringify(value)}${Inspectable.toStringUnknown(value)}`)
        assert.notInclude(shown.join(), device(7))
      }).pipe(Effect.provide(over([gone(500)], deadTokens).layer))
    )

    it.effect("is told from one that came back in fanOut, whatever the template says", () => {
      const { asked, layer } = over([gone(500), gone(500), accepted], deadTokens)
      return Effect.gen(function* () {
        yield* fails(send(hello(1)))
        yield* fails(send(hello(2)))
        const many = Notification.fanOut(hello(0, { registeredAt: new Date(900) }), [
          device(1),
          { device: device(2), registeredAt: new Date(501) },
          { device: device(3) }
        ])
        const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(many), { ordered: true }))
        assert.deepStrictEqual(
          results.map(({ outcome }) => outcome),
          ["unsent", "accepted", "accepted"]
        )
        assert.lengthOf(asked, 4)
      }).pipe(Effect.provide(layer))
    })

    it.effect("is a result of its own in sendAll", () => {
      const { asked, layer } = over([gone(500), accepted], deadTokens)
      return Effect.gen(function* () {
        yield* fails(send(hello(1)))
        const many = [1, 2, 1, 3].map((n) => hello(n))
        const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(many), { ordered: true }))
        assert.deepStrictEqual(
          results.map((result) => (result.outcome === "accepted" ? "accepted" : result.error.reason._tag)),
          ["Suppressed", "accepted", "Suppressed", "accepted"]
        )
        assert.lengthOf(asked, 3)
      }).pipe(Effect.provide(layer))
    })
  })
}

describe("without DeadTokens, or with layerNone", () => {
  it.effect("everything is sent", () => {
    const { asked, layer } = over([gone(500), accepted], DeadTokens.layerNone)
    const connection = scripted([gone(500), accepted])
    const plain = Apns.layerNoDeps().pipe(Layer.provide([connection.layer, JwtCache.layerNone, PayloadSchema.layer]))
    return Effect.gen(function* () {
      for (const apns of [layer, plain]) {
        yield* Effect.gen(function* () {
          yield* fails(send(hello()))
          yield* succeeds(send(hello()))
        }).pipe(Effect.provide(apns))
      }
      assert.deepStrictEqual([asked.length, connection.asked.length], [2, 2])
    })
  })

  it.effect("layerNone still tells", () =>
    Effect.gen(function* () {
      const fiber = yield* DeadTokens.events.pipe(Stream.take(1), Stream.runCollect, Effect.forkChild)
      yield* TestClock.adjust(1)
      yield* fails(send(hello()))
      assert.lengthOf(yield* Fiber.join(fiber), 1)
    }).pipe(Effect.provide(over([gone(500)], DeadTokens.layerNone).layer))
  )
})

describe("in memory", () => {
  it.effect("forgets what was recorded longest ago, beyond its capacity", () =>
    Effect.gen(function* () {
      const tokens = yield* DeadTokens
      const known = Effect.filter([1, 2, 3, 4], (n) => Effect.map(tokens.find(at(n)), (found) => found !== undefined))
      for (const n of [1, 2, 3]) yield* tokens.record(at(n), dead(n))
      assert.deepStrictEqual(yield* known, [1, 2, 3])
      yield* tokens.record(at(1), dead(10))
      yield* tokens.record(at(4), dead(4))
      assert.deepStrictEqual(yield* known, [1, 3, 4])
    }).pipe(Effect.provide(DeadTokens.layer({ capacity: 3 })))
  )

  it.effect("remembers the newest, however many come and go", () =>
    Effect.gen(function* () {
      const tokens = yield* DeadTokens
      for (let n = 0; n < 2000; n++) {
        yield* tokens.record(at(n), dead(n))
        if (n % 3 === 0) yield* tokens.record(at(n, "sandbox"), dead(n))
        if (n % 7 === 0) yield* tokens.record(at(n), dead(n + 1))
      }
      const known = yield* Effect.filter(
        Array.from({ length: 2000 }, (_, n) => n),
        (n) => Effect.map(tokens.find(at(n)), (found) => found !== undefined)
      )
      assert.isAtMost(known.length, 100)
      assert.deepStrictEqual(
        known.slice(-50),
        Array.from({ length: 50 }, (_, n) => 1950 + n)
      )
    }).pipe(Effect.provide(DeadTokens.layer({ capacity: 100 })))
  )

  it.effect("counts each environment and topic of a token", () =>
    Effect.gen(function* () {
      const tokens = yield* DeadTokens
      for (const environment of ["a", "b", "c"]) yield* tokens.record(at(1, environment), dead(1))
      assert.isUndefined(yield* tokens.find(at(1, "a")))
      assert.isDefined(yield* tokens.find(at(1, "b")))
      assert.isDefined(yield* tokens.find(at(1, "c")))
    }).pipe(Effect.provide(DeadTokens.layer({ capacity: 2 })))
  )

  it.effect("a listener that takes nothing holds up nothing, and hears 1,024 more than it had taken", () =>
    Effect.gen(function* () {
      const tokens = yield* DeadTokens
      const heard: Array<number> = []
      const slow = DeadTokens.events.pipe(
        Stream.rechunk(1),
        Stream.runForEach(({ since }) =>
          Effect.andThen(
            Effect.sleep("1 hour"),
            Effect.sync(() => void heard.push(since.epochMilliseconds))
          )
        )
      )
      yield* Effect.forkChild(slow)
      yield* TestClock.adjust(1)
      yield* tokens.record(at(0), dead(0))
      yield* TestClock.adjust(1)
      for (let n = 1; n < 5000; n++) yield* tokens.record(at(n), dead(n))
      assert.isDefined(yield* tokens.find(at(4999)))
      yield* TestClock.adjust("3000 hours")
      assert.deepStrictEqual(
        heard,
        Array.from({ length: 1 + 1024 }, (_, n) => n)
      )
    }).pipe(Effect.provide(DeadTokens.layer()))
  )
})

describe("in a store", () => {
  it.effect("keeps no token, and what another process or an earlier one has recorded", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      const shared = Layer.succeed(KeyValueStore.KeyValueStore, store)
      const process = () => Layer.fresh(DeadTokens.layerStore()).pipe(Layer.provide(shared))
      yield* fails(send(hello(5))).pipe(Effect.provide(over([gone(500)], process()).layer))
      const error = yield* fails(send(hello(5))).pipe(Effect.provide(over([accepted], process()).layer))
      assertSuppressed(error, "Unregistered", 500)
      const keys = yield* store.keys
      assert.lengthOf(keys, 1)
      assert.match(keys[0] ?? "", /^effect-apns\/dead\/[0-9a-f]{64}$/)
      assert.notInclude(keys.join() + (yield* store.get(keys[0] ?? "")), device(5))
    }).pipe(Effect.provide(KeyValueStore.layerMemory))
  )

  const broken = new KeyValueStore.KeyValueStoreError({ method: "get", message: "the disk is gone" })
  const failing: ReadonlyArray<readonly [string, Effect.Effect<string | undefined, KeyValueStore.KeyValueStoreError>]> =
    [
      ["fails", Effect.fail(broken)],
      ["never answers", Effect.never],
      ["holds something else", Effect.succeed("{}")]
    ]
  for (const [what, get] of failing) {
    it.effect(`a store that ${what} stops nothing, and is warned of once`, () => {
      const warnings: Array<string> = []
      const logger = loggerOf(({ logLevel, message }) => void warnings.push(`${logLevel} ${String(message)}`))
      const store = KeyValueStore.makeStringOnly({
        get: () => get,
        set: () => Effect.void,
        remove: () => Effect.void,
        clear: Effect.void,
        size: Effect.succeed(0),
        keys: Effect.succeed([])
      })
      const { asked, layer } = over(
        [accepted, gone(500)],
        DeadTokens.layerStore().pipe(Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store)))
      )
      return Effect.gen(function* () {
        yield* succeeds(send(hello(9)))
        assert.strictEqual((yield* fails(send(hello(9)))).reason._tag, "Unregistered")
        assert.lengthOf(asked, 2)
        assert.deepStrictEqual(asked[0]?.at, what === "never answers" ? 1000 : 0)
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0], "Warn")
        assert.notInclude(warnings[0], device(9))
      }).pipe(Effect.provide([layer, Logger.layer([logger])]))
    })
  }

  it.effect("what cannot be read is written anew, and listeners hear even where the store fails", () =>
    Effect.gen(function* () {
      const store = yield* KeyValueStore.KeyValueStore
      const tokens = yield* DeadTokens
      const fiber = yield* DeadTokens.events.pipe(Stream.take(2), Stream.runCollect, Effect.forkChild)
      yield* TestClock.adjust(1)
      yield* tokens.record(at(1), dead(500))
      const [key = assert.fail()] = yield* store.keys
      yield* store.set(key, "{")
      assert.isUndefined(yield* tokens.find(at(1)))
      yield* tokens.record(at(1), dead(400))
      assert.deepStrictEqual(yield* tokens.find(at(1)), dead(400))
      assert.lengthOf(yield* Fiber.join(fiber), 2)
    }).pipe(Effect.provide([inStore, Logger.layer([])]))
  )

  for (const what of ["find", "record"] as const) {
    it.effect(`a service that never answers "${what}" does not outlast the deadline`, () => {
      let asked = false
      const nothing = Effect.succeed(undefined)
      const service = {
        find: () => nothing,
        record: () => Effect.void,
        events: Stream.empty,
        [what]: () =>
          Effect.suspend(() => {
            asked = true
            return Effect.never
          })
      }
      return Effect.gen(function* () {
        const simulator = yield* Simulator
        yield* simulator.register({ state: "unregistered", token: device(1), since: 0 })
        const failing = yield* Effect.forkChild(Effect.flip(send(hello(1))))
        yield* until(() => asked)
        const error = yield* endsAfter(failing, 2000)
        assert.strictEqual(error.reason._tag, what === "find" ? "DeadlinePassed" : "Unregistered")
      }).pipe(
        Effect.provide(
          simulated({ apns: { timeout: "2 seconds" } }).pipe(Layer.provide(Layer.succeed(DeadTokens, service)))
        )
      )
    })
  }
})

describe("the rule of registration", () => {
  const millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_000_000_000_000 }))
  const apart = Schema.Int.check(Schema.isBetween({ minimum: -2, maximum: 2 }))

  it.effect.prop(
    "lets through exactly what was registered after the death, whatever carries the time",
    [millis, millis, apart],
    ([since, other, offset]) =>
      Effect.sync(() => {
        for (const registered of [other, Math.max(0, since + offset)]) {
          for (const registeredAt of [new Date(registered), DateTime.makeUnsafe(registered)]) {
            assert.strictEqual(suppressed({ registeredAt }, dead(since)) === undefined, registered > since)
          }
        }
        assert.strictEqual(suppressed({ registeredAt: undefined }, dead(since))?._tag, "Suppressed")
      })
  )

  const soon = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 }))

  for (const [name, layer] of Object.entries(stores)) {
    it.effect.prop(
      `does not depend on the order in which deaths are told, in ${name}`,
      [Schema.NonEmptyArray(soon), soon],
      ([sinces, registered]) =>
        Effect.gen(function* () {
          const tokens = yield* DeadTokens
          for (const since of sinces) yield* tokens.record(at(1), dead(since))
          const found = (yield* tokens.find(at(1))) ?? assert.fail("forgotten")
          const through = suppressed({ registeredAt: new Date(registered) }, found) === undefined
          assert.strictEqual(
            through,
            sinces.every((since) => registered > since)
          )
        }).pipe(Effect.provide(Layer.fresh(layer)))
    )
  }
})

describe("environments", () => {
  for (const [address, name] of [
    ["api.push.apple.com:443", "production"],
    ["api.push.apple.com:2197", "production"],
    ["api.sandbox.push.apple.com:443", "sandbox"],
    ["api.development.push.apple.com:443", "sandbox"],
    ["127.0.0.1:8443", "127.0.0.1:8443"],
    ["::1:8443", "::1:8443"]
  ] as const) {
    it(`${address} is ${name}`, () => assert.strictEqual(environmentOf(address), name))
  }
})

describe("against the simulator", () => {
  const since = Date.parse("2026-01-01T00:00:00Z")

  it.live("a device that is gone is asked for once; registered again, it is sent to", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.register({ state: "unregistered", token: device(1), since })
      assert.strictEqual((yield* Effect.flip(send(hello(1)))).reason._tag, "Unregistered")
      assertSuppressed(yield* Effect.flip(send(hello(1))), "Unregistered", since)
      assert.lengthOf(yield* simulator.received, 1)
      yield* simulator.register({ state: "active", token: device(1), topics: [topic] })
      yield* send(hello(1, { registeredAt: new Date(since + 1) }))
      assert.lengthOf(yield* simulator.received, 2)
    }).pipe(Effect.provide(simulated().pipe(Layer.provideMerge(DeadTokens.layer()))))
  )

  it.live("targets of Tenants share what is provided to them", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { credentials, environment } = clientOf(simulator)
      yield* simulator.register({ state: "unregistered", token: device(1), since })
      const target = { credentials, environment, topic }
      yield* Effect.gen(function* () {
        yield* Effect.flip(Tenants.send("a", hello(1)))
        assertSuppressed(yield* Effect.flip(Tenants.send("b", hello(1))), "Unregistered", since)
      }).pipe(
        Effect.provide(Tenants.layer({ tenants: { a: target, b: target } }).pipe(Layer.provide(DeadTokens.layer())))
      )
      assert.lengthOf(yield* simulator.received, 1)
    }).pipe(Effect.provide(Simulator.layer()))
  )
})
