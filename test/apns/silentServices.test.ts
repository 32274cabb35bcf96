/** The deadline covers what is waited for: a silent store of provider tokens, and services of the caller's that never answer. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  broadcast,
  Channels,
  JwtCache,
  Notification,
  PayloadSchema,
  type ProviderToken,
  send,
  sendAll
} from "effect-apns"
import { fakePeer } from "../support/fakeTransport.ts"
import { playedConnection } from "../support/playedConnection.ts"
import { answered, type Line, refused, scripted } from "../support/scriptedConnection.ts"
import { device } from "../support/simulated.ts"
import { p8, tokenOf } from "../support/tenants.ts"
import { endsAfter } from "../support/waiting.ts"

const topic = "com.example.app"
const hello = Notification.alert({ device: device(), alert: "Hello" })
const channel = Buffer.from("a channel of this test").toString("base64")
const goal = Notification.broadcast.update({
  channel,
  priority: 10,
  expiration: "once",
  contentState: {},
  timestamp: new Date(0)
})

const token: ProviderToken = { authorization: Redacted.make("bearer one"), issuedAtMillis: 0 }
const cache = (over: Partial<JwtCache["Service"]>) =>
  Layer.succeed(JwtCache, {
    token: Effect.succeed(token),
    renew: () => Effect.succeed(true),
    recheck: () => Effect.succeed(false),
    ...over
  })

/** Sends with a timeout of a second over the given services. */
const over = (jwt: Layer.Layer<JwtCache>, connection: Layer.Layer<ApnsConnection>) => {
  const options = { topic, timeout: "1 second" } as const
  return Layer.merge(Apns.layerNoDeps(options), Channels.layerNoDeps(options)).pipe(
    Layer.provide([jwt, connection, PayloadSchema.layer])
  )
}

const channels = <A>(use: (channels: Channels["Service"]) => Effect.Effect<A, ApnsError>) =>
  Effect.flatMap(Channels, use)

/** Everything that has a deadline. */
const all: Readonly<Record<string, Effect.Effect<unknown, ApnsError, Apns | Channels>>> = {
  send: send(hello),
  broadcast: broadcast(goal),
  "channels.create": channels((channels) => channels.create({ storage: "none" })),
  "channels.read": channels((channels) => channels.read(channel)),
  "channels.delete": channels((channels) => channels.delete(channel)),
  "channels.list": channels((channels) => channels.list()),
  "channels.remaining": channels((channels) => channels.remaining())
}

/** How it fails, exactly a second after it began. */
const failure = (
  effect: Effect.Effect<unknown, ApnsError, Apns | Channels>,
  layer: Layer.Layer<Apns | Channels, ApnsError>
) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.flip(effect).pipe(Effect.provide(layer)), { startImmediately: true })
    const { outcome, reason } = yield* endsAfter(fiber, 1000)
    const { _tag } = reason
    return [_tag, "stage" in reason ? reason.stage : undefined, outcome]
  })

describe("the deadline", () => {
  it.effect.each(Object.entries(all))("of %s passes while a JwtCache never answers", ([, effect]) =>
    Effect.gen(function* () {
      const connection = scripted([answered(200)])
      const failed = yield* failure(effect, over(cache({ token: Effect.never }), connection.layer))
      assert.deepStrictEqual(failed, ["DeadlinePassed", "token", "unsent"])
      assert.lengthOf(connection.asked, 0)
    })
  )

  it.effect.each(Object.entries(all))("of %s passes while an ApnsConnection never answers", ([, effect]) =>
    Effect.gen(function* () {
      let interrupted = 0
      const silent: Line = Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => interrupted++)))
      const failed = yield* failure(effect, over(cache({}), scripted([silent]).layer))
      assert.deepStrictEqual(failed, ["DeadlinePassed", "answer", "unknown"])
      assert.strictEqual(interrupted, 1)
    })
  )

  it.effect("passes for each of sendAll", () =>
    Effect.gen(function* () {
      const results = yield* Effect.forkChild(
        sendAll(Stream.fromIterable([1, 2, 3].map((n) => Notification.alert({ device: device(n), alert: "" })))).pipe(
          Stream.runCollect,
          Effect.provide(over(cache({ token: Effect.never }), scripted([answered(200)]).layer))
        ),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 second")
      const stages = (yield* Fiber.join(results)).map((result) =>
        result.outcome !== "accepted" && result.error.reason._tag === "DeadlinePassed" ? result.error.reason.stage : ""
      )
      assert.deepStrictEqual(stages, ["token", "token", "token"])
    })
  )

  it.effect("passes while a token is renewed, and tells why that was needed", () =>
    Effect.gen(function* () {
      const layer = over(cache({ renew: () => Effect.never }), scripted([refused(403, "ExpiredProviderToken")]).layer)
      const fiber = yield* Effect.forkChild(Effect.flip(send(hello)).pipe(Effect.provide(layer)), {
        startImmediately: true
      })
      const { message, reason } = yield* endsAfter(fiber, 1000)
      assert.deepInclude(reason, { _tag: "DeadlinePassed", stage: "token" })
      assert.include(message, "ExpiredProviderToken")
    })
  )

  it.effect("passes while a cache is told of one token too many: the refusal stands", () =>
    Effect.gen(function* () {
      const layer = over(
        cache({ recheck: () => Effect.never }),
        scripted([refused(429, "TooManyProviderTokenUpdates")]).layer
      )
      assert.deepStrictEqual(yield* failure(send(hello), layer), ["TooManyProviderTokenUpdates", undefined, "refused"])
    })
  )

  it.effect("is not waited for where a connection does not say that it has retired a session", () =>
    Effect.gen(function* () {
      const { asked, layer } = scripted([refused(503, "Shutdown"), answered(200)])
      const silent = Layer.effect(
        ApnsConnection,
        Effect.map(ApnsConnection, (connection) => ({ ...connection, retire: () => Effect.never }))
      ).pipe(Layer.provide(layer))
      const fiber = yield* Effect.forkChild(send(hello).pipe(Effect.provide(over(cache({}), silent))), {
        startImmediately: true
      })
      yield* TestClock.adjust("900 millis")
      yield* Fiber.join(fiber)
      assert.lengthOf(asked, 2)
    })
  )

  it.effect("passes while the store of a shared token is silent", () =>
    Effect.gen(function* () {
      const entries = new Map<string, string>()
      let silent = false
      const reached = <A>(access: () => A) => Effect.suspend(() => (silent ? Effect.never : Effect.sync(access)))
      const store = KeyValueStore.makeStringOnly({
        get: (key) => reached(() => entries.get(key)),
        set: (key, value) => reached(() => entries.set(key, value)),
        remove: (key) => reached(() => entries.delete(key)),
        clear: Effect.void,
        size: reached(() => entries.size),
        keys: reached(() => [...entries.keys()])
      })
      const credentials = yield* tokenOf({ teamId: "ABCDE12345", keyId: "KEY1234567", pem: p8() })
      const opening = yield* Effect.forkChild(
        Layer.build(
          JwtCache.layerShared(credentials, { timeout: "1 hour" }).pipe(
            Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store))
          )
        ),
        { startImmediately: true }
      )
      while (opening.pollUnsafe() === undefined) {
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
        yield* TestClock.adjust("100 millis")
      }
      const cache = Context.get(yield* Fiber.join(opening), JwtCache)
      const jwt = Layer.succeed(JwtCache, cache)
      // Signing takes time that is none of the test's clock, while that goes on.
      const issuedAtMillis = (yield* cache.token)?.issuedAtMillis ?? Number.NaN
      const { asked, layer } = scripted([answered(200)])
      silent = true
      yield* TestClock.setTime(issuedAtMillis + 54 * 60_000)
      yield* send(hello).pipe(Effect.provide(over(jwt, layer)))
      yield* TestClock.setTime(issuedAtMillis + 55 * 60_000)
      assert.deepStrictEqual(yield* failure(send(hello), over(jwt, layer)), ["DeadlinePassed", "token", "unsent"])
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("passes in the stage that a connection knows, also where a service of the caller's stands before it", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logged = Layer.effect(
        ApnsConnection,
        Effect.map(ApnsConnection, (connection) => ({
          ...connection,
          request: (request: Parameters<typeof connection.request>[0]) =>
            Effect.andThen(
              Effect.sync(() => lines.push(request.path)),
              connection.request(request)
            )
        }))
      ).pipe(Layer.provide(playedConnection(fakePeer())))
      const failed = yield* failure(send(hello), over(JwtCache.layerNone, logged))
      assert.deepStrictEqual(failed, ["DeadlinePassed", "connect", "unsent"])
      assert.lengthOf(lines, 1)
    })
  )
})
