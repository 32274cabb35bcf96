/** One provider token for each key and process, however many layers use the key, and in whatever order. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Exit, Layer, Scope } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  Channels,
  type Config,
  JwtCache,
  Metrics,
  Notification,
  PayloadSchema,
  send,
  TokenProcess
} from "effect-apns"
import { observed } from "../support/observed.ts"
import { clientOf, device, topic } from "../support/simulated.ts"
import { p8, tokenOf, tokensOf } from "../support/tenants.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

/** APNs as it counts most strictly. */
const strict = Simulator.layer({ tokenUpdateScope: "key" })

/** Of the one-liner that makes a layer for each notification. */
const layerTo = (config?: Partial<Config>) =>
  Effect.map(Simulator, (simulator) =>
    // An hour of the test clock leaves a server no time to acknowledge a PING.
    Apns.layer({ ...clientOf(simulator), idlePing: "Infinity", silencePing: "Infinity", ...config })
  )

const oneLiner = Effect.flatMap(layerTo(), (layer) => send(hello()).pipe(Effect.provide(layer)))

describe("a provider token", () => {
  it.live("is one for three layers that are made and closed in turn", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      for (let n = 0; n < 3; n++) yield* oneLiner
      assert.strictEqual(yield* tokensOf(simulator), 1)
    }).pipe(Effect.provide(strict))
  )

  it.live("is one for twenty that are made together", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* Effect.replicateEffect(oneLiner, 20, { concurrency: "unbounded", discard: true })
      assert.strictEqual(yield* tokensOf(simulator), 1)
    }).pipe(Effect.provide(strict))
  )

  it.live("is one for Apns and Channels, as separate layers of one key", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* Effect.gen(function* () {
        yield* send(hello())
        const channels = yield* Channels
        yield* channels.create({ storage: "none" })
      }).pipe(Effect.provide(Layer.merge(yield* layerTo(), Channels.layer(clientOf(simulator)))))
      assert.strictEqual(yield* tokensOf(simulator), 1)
    }).pipe(Effect.provide(strict))
  )

  it.effect("is renewed once for all layers, and used until then by those that are made later", () => {
    const { layer: watched, values } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      const layer = yield* layerTo()
      const open = Effect.map(Layer.build(Layer.fresh(layer)), (context) =>
        send(hello()).pipe(Effect.provideContext(context))
      )
      const [one, other] = [yield* open, yield* open]
      yield* one
      yield* TestClock.adjust("49 minutes")
      yield* Effect.scoped(Effect.flatten(open))
      yield* other
      assert.strictEqual(yield* tokensOf(simulator), 1)
      yield* TestClock.adjust("1 minute")
      for (const sending of [one, other, Effect.scoped(Effect.flatten(open))]) yield* sending
      assert.strictEqual(yield* tokensOf(simulator), 2)
      assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 2 })
    }).pipe(Effect.provide(Layer.provideMerge(strict, watched)))
  })

  it.live("is one for layers whose shared store fails, too", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { credentials, environment } = clientOf(simulator)
      const fails = Effect.fail(new KeyValueStore.KeyValueStoreError({ method: "get", message: "no route" }))
      const store = KeyValueStore.makeStringOnly({
        get: () => fails,
        set: () => fails,
        remove: () => fails,
        clear: fails,
        size: fails,
        keys: fails
      })
      const layer = Apns.layerNoDeps({ topic }).pipe(
        Layer.provide([
          JwtCache.layerShared(credentials).pipe(Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store))),
          ApnsConnection.layer({ environment }),
          PayloadSchema.layer
        ])
      )
      for (let n = 0; n < 3; n++) yield* send(hello()).pipe(Effect.provide(Layer.fresh(layer)))
      assert.strictEqual(yield* tokensOf(simulator), 1)
    }).pipe(Effect.provide(strict))
  )

  it.effect("is not kept past its renewal age", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* oneLiner
      yield* TestClock.adjust("50 minutes")
      yield* oneLiner
      assert.strictEqual(yield* tokensOf(simulator), 2)
    }).pipe(Effect.provide(strict))
  )

  it.effect("is another one for another team, key, clock, or process that is played", () => {
    const { layer: watched, values } = observed()
    const pem = p8()
    const key = { teamId: "ABCDE12345", keyId: "KEY1234567", pem }
    const layer = (given: typeof key) =>
      Layer.build(Apns.layer({ environment: "sandbox", credentials: tokenOf(given), topic }))
    return Effect.gen(function* () {
      yield* layer(key)
      for (const given of [
        { ...key, pem: p8() },
        { ...key, teamId: "OTHERTEAM1" },
        { ...key, keyId: "OTHERKEY12" }
      ]) {
        yield* layer(given)
      }
      assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 4 })
      yield* layer(key)
      assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 4 })
      yield* layer(key).pipe(Effect.provide(TestClock.layer()))
      assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 5 })
      for (const played of [{}, {}]) {
        yield* layer(key).pipe(Effect.provideService(TokenProcess, played))
        yield* layer(key).pipe(Effect.provideService(TokenProcess, played))
      }
      assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 7 })
    }).pipe(Effect.provide(watched))
  })

  it.effect("leaves the one before in use when APNs counts the new one as too many at minute 50", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const seen = Effect.map(simulator.received, (all) =>
        all.map(({ answer, token }) => ["status" in answer && answer.status, token?.hash])
      )
      yield* Effect.gen(function* () {
        yield* send(hello(1))
        yield* TestClock.adjust("50 minutes")
        yield* simulator.inject({ effect: { _tag: "reject", reason: "TooManyProviderTokenUpdates" } })
        yield* send(hello(2))
        yield* TestClock.adjust("8 minutes")
        yield* send(hello(3))
        yield* TestClock.adjust("2 minutes")
        yield* send(hello(4))
      }).pipe(Effect.provide(yield* layerTo()))
      const all = yield* seen
      const [old, , , , last] = all.map(([, token]) => token)
      assert.notStrictEqual(old, last)
      assert.deepStrictEqual(all, [
        [200, old],
        [429, last],
        [200, old],
        [200, old],
        [200, last]
      ])
    }).pipe(Effect.provide(strict))
  )
})

describe("layers of one key that come and go", () => {
  const told = (lines: ReadonlyArray<{ readonly message: string; readonly level: string }>) =>
    lines.filter(({ level, message }) => level === "Warn" && message.includes("provide the layer once"))

  it.live("are told once", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      yield* oneLiner
      yield* oneLiner
      assert.lengthOf(told(lines), 0)
      for (let n = 0; n < 5; n++) yield* oneLiner
      assert.lengthOf(told(lines), 1)
      const { key } = yield* Simulator
      assert.deepInclude(lines.find(({ message }) => message.includes("provide the layer once"))?.annotations, {
        module: "JwtCache",
        keyId: key.keyId
      })
    }).pipe(Effect.provide(Layer.provideMerge(strict, watched)))
  })

  it.effect("are not where they last, or many are open side by side", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      const layer = Layer.fresh(yield* layerTo())
      for (let n = 0; n < 4; n++) {
        yield* Effect.scoped(Effect.andThen(Layer.build(layer), TestClock.adjust("1 minute")))
      }
      const scope = Scope.makeUnsafe()
      yield* Effect.replicateEffect(Layer.buildWithScope(layer, scope), 20)
      yield* TestClock.adjust("2 minutes")
      yield* Scope.close(scope, Exit.void)
      yield* Effect.scoped(Layer.build(layer))
      assert.lengthOf(told(lines), 0)
    }).pipe(Effect.provide(Layer.provideMerge(strict, watched)))
  })
})
