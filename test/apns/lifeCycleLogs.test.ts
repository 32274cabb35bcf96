import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Layer, Redacted, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Apns, Credentials, JwtCache, Notification, send } from "effect-apns"
import { type LogLine, observed } from "../support/observed.ts"
import { clientOf, device, simulated } from "../support/simulated.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })
const layer = simulated({ apns: { retry: Schedule.recurs(0) } })

const told = (lines: ReadonlyArray<LogLine>) => lines.map(({ level, message }) => `${level} ${message}`)

/** The lines of a message, by some of their annotations. */
const annotated = (lines: ReadonlyArray<LogLine>, message: string, ...annotations: ReadonlyArray<string>) =>
  lines
    .filter((line) => line.message === message)
    .map((line) => annotations.map((annotation) => line.annotations[annotation]))

describe("log lines", () => {
  it.live("tell of sessions and provider tokens, and of no notification", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const simulator = yield* Simulator
        yield* Effect.forEach(
          Array.from({ length: 100 }, (_, n) => n),
          (n) => send(hello(n)),
          { concurrency: 20 }
        )
        yield* simulator.inject({ effect: { _tag: "reject", reason: "BadDeviceToken" } })
        yield* Effect.flip(send(hello()))
        assert.deepStrictEqual(told(lines), [
          "Debug Minted a provider token",
          "Debug Opening a session",
          "Debug The session is ready"
        ])
        const server = `${simulator.host}:${simulator.port}`
        assert.deepStrictEqual(lines[0]?.annotations, {
          package: "effect-apns",
          module: "JwtCache",
          keyId: simulator.key.keyId
        })
        assert.deepStrictEqual(lines[1]?.annotations, {
          package: "effect-apns",
          module: "ApnsConnection",
          server,
          session: `${server}#1`
        })

        yield* simulator.inject({ effect: { _tag: "goAway" } })
        yield* send(hello())
        yield* send(hello())
        yield* simulator.inject({ effect: { _tag: "goAway", code: 11, debugData: '{"reason":"Shutdown"}' } })
        yield* send(hello())
        yield* send(hello())
        assert.deepStrictEqual(
          annotated(lines, "The server is closing the session", "session", "code", "reason", "debugData"),
          [
            [`${server}#1`, 0, "none", ""],
            [`${server}#2`, 11, "Shutdown", '{"reason":"Shutdown"}']
          ]
        )
        assert.includeMembers(told(lines), [
          "Info The server is closing the session",
          "Warn The server is closing the session"
        ])
        yield* simulator.inject({ effect: { _tag: "disconnect" } })
        yield* Effect.flip(send(hello()))
        yield* send(hello())
        assert.deepStrictEqual(annotated(lines, "The session was lost", "session", "step"), [[`${server}#3`, "closed"]])
        lines.length = 0
      }).pipe(Effect.scoped, Effect.provide(layer, { local: true }))
      assert.deepStrictEqual(told(lines), ["Debug The session has ended"])
    }).pipe(Effect.provide(watched))
  })

  it.live("tell why no session could be opened, and how long the next one waits", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      const apns = Apns.layer({
        ...clientOf(simulator),
        environment: { host: "127.0.0.1", port: 1, ca: simulator.ca },
        retry: Schedule.recurs(1)
      })
      yield* Effect.flip(Effect.provide(send(hello()), apns))
      const [first, second] = annotated(lines, "The session could not be opened", "server", "session", "step")
      assert.deepStrictEqual(first, ["127.0.0.1:1", "127.0.0.1:1#1", "connect"])
      assert.deepStrictEqual(second, ["127.0.0.1:1", "127.0.0.1:1#2", "connect"])
      const [[millis, failures] = []] = annotated(lines, "Waiting before connecting again", "millis", "failures")
      assert.isNumber(millis)
      assert.strictEqual(failures, 1)
    }).pipe(Effect.provide(Layer.provideMerge(Simulator.layer(), watched)))
  })

  it.live("tell of a wrong clock once, however many notifications suffer from it", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      const effect = {
        _tag: "reject",
        reason: "ExpiredProviderToken",
        headers: { date: new Date(Date.now() + 7_200_000).toUTCString() }
      } as const
      yield* simulator.inject({ effect, times: 5 })
      for (let n = 0; n < 5; n++) yield* Effect.flip(send(hello(n)))
      const message = "APNs calls a young provider token expired: a clock is wrong"
      const skews = annotated(lines, message, "clockSkewMillis")
      assert.strictEqual(skews.length, 1)
      assert.approximately(Number(skews[0]?.[0]), 7_200_000, 60_000)
    }).pipe(Effect.provide(Layer.provideMerge(layer, watched)))
  })

  it.effect("tell when a provider token is renewed because APNs called it expired", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      const { key } = yield* Simulator
      const credentials = yield* Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) })
      yield* Effect.gen(function* () {
        const cache = yield* JwtCache
        const token = yield* cache.token
        yield* TestClock.adjust("30 minutes")
        if (token === undefined) throw new Error("no token")
        const renewals = yield* Effect.replicateEffect(cache.renew(token), 20, { concurrency: "unbounded" })
        assert.isTrue(renewals.every((renewed) => renewed))
      }).pipe(Effect.provide(JwtCache.layer(credentials)))
      assert.deepStrictEqual(told(lines), [
        "Debug Minted a provider token",
        "Warn APNs calls the provider token expired; renewing it",
        "Debug Minted a provider token"
      ])
    }).pipe(Effect.provide(Layer.provideMerge(Simulator.layer(), watched)))
  })
})
