/** Settings that would hang, or end at once, are refused before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Redacted, Stream } from "effect"
import {
  Apns,
  ApnsConnection,
  Channels,
  type Config,
  Credentials,
  JwtCache,
  Notification,
  PayloadSchema,
  sendAll
} from "effect-apns"
import { device } from "../support/simulated.ts"

const environment = { host: "127.0.0.1", port: 1, managementPort: 1 }

const refusalOf = (layer: Layer.Layer<never, unknown> | Layer.Layer<unknown, unknown>) =>
  Effect.scoped(Effect.flip(Layer.build(layer)))

const times: ReadonlyArray<Duration.Input> = [0, -1, Number.NaN, Duration.infinity, "30 days"]

const p8 = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"

describe("a time that is none", () => {
  for (const setting of ["connectTimeout", "pingTimeout", "drainTimeout"] as const) {
    it.effect(`is refused as ${setting}`, () =>
      Effect.gen(function* () {
        for (const time of times) {
          // Not to wait at all for what is in flight is a wish; and a Duration below 0, or of NaN, is 0.
          if (setting === "drainTimeout" && Duration.toMillis(Duration.fromInputUnsafe(time)) <= 0) continue
          const error = yield* refusalOf(ApnsConnection.layer({ environment, [setting]: time }))
          assert.deepInclude(error, { _tag: "ApnsError" }, `${String(time)}`)
          assert.include(String(error), setting)
        }
      })
    )
  }

  it.effect("is refused as timeout, of sends and of channels", () =>
    Effect.gen(function* () {
      const connection = Layer.mock(ApnsConnection, { address: "x:443" })
      for (const timeout of [0, -1, Number.NaN, "0 seconds"] as const) {
        const apns = Apns.layerNoDeps({ timeout }).pipe(
          Layer.provide([connection, JwtCache.layerNone, PayloadSchema.layer])
        )
        const channels = Channels.layerNoDeps({ topic: "com.example.app", timeout }).pipe(
          Layer.provide([connection, JwtCache.layerNone])
        )
        for (const layer of [apns, channels]) {
          assert.match(String(yield* refusalOf(layer)), /timeout .* is out of its range/)
        }
      }
    })
  )

  it.effect("is refused before the key is looked at by a connection", () =>
    Effect.gen(function* () {
      const credentials = Credentials.token({
        teamId: "TEAM000001",
        keyId: "KEY0000001",
        privateKey: Redacted.make(p8)
      })
      const config: Config = { environment, credentials, timeout: 0 }
      assert.deepInclude(yield* refusalOf(Apns.layer(config)), { _tag: "ApnsError" })
    })
  )
})

describe("a concurrency that is none", () => {
  for (const concurrency of [Number.NaN, 0, -5, 0.5]) {
    it.effect(`sends nothing, and each result says so: ${concurrency}`, () =>
      Effect.gen(function* () {
        const layer = Apns.layerNoDeps().pipe(
          Layer.provide([Layer.mock(ApnsConnection, { address: "x:443" }), JwtCache.layerNone, PayloadSchema.layer])
        )
        const all = Stream.range(1, 300).pipe(
          Stream.map((n) => Notification.alert({ device: device(n), alert: "x", topic: "com.example.app" }))
        )
        const results = yield* Stream.runCollect(sendAll(all, { concurrency, haltOnFault: false })).pipe(
          Effect.provide(layer)
        )
        assert.lengthOf(results, 300)
        for (const result of results) {
          assert(result.outcome === "unsent" && result.error.reason._tag === "InvalidConfiguration")
          assert.strictEqual(result.error.reason.setting, "concurrency")
        }
      })
    )
  }
})
