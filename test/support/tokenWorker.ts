/** A process that sends some notifications, and prints what became of each: run by the tests of shared provider tokens. */
import { Effect, Layer, Redacted, Schema } from "effect"
import { Apns, ApnsConnection, Credentials, JwtCache, Notification, PayloadSchema, send } from "effect-apns"
import { fileStore } from "./fileStore.ts"
import { redisStore } from "./redis.ts"

const Task = Schema.fromJsonString(
  Schema.Struct({
    host: Schema.String,
    port: Schema.Number,
    ca: Schema.String,
    key: Schema.Struct({ teamId: Schema.String, keyId: Schema.String, privateKey: Schema.String }),
    store: Schema.Literals(["none", "files", "redis"]),
    at: Schema.String
  })
)

const program = Effect.gen(function* () {
  const { at, ca, host, key, port, store } = yield* Schema.decodeUnknownEffect(Task)(process.env.TOKEN_WORKER)
  const credentials = yield* Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) })
  const token =
    store === "none"
      ? JwtCache.layer(credentials)
      : Layer.provide(
          JwtCache.layerShared(credentials, { timeout: "1 minute" }),
          store === "files" ? fileStore(at) : redisStore(at)
        )
  const live = Apns.layerNoDeps({ topic: "com.example.app" }).pipe(
    Layer.provide([token, ApnsConnection.layer({ environment: { host, port, ca } }), PayloadSchema.layer])
  )
  return yield* Effect.forEach(Array.from({ length: 10 }), () =>
    send(Notification.alert({ device: "7a1f0c3b5d2e4f60", alert: "Hello" })).pipe(
      Effect.as("accepted"),
      Effect.catchTag("ApnsError", ({ reason }) => Effect.succeed<string>(reason._tag))
    )
  ).pipe(Effect.provide(live))
})

console.log(JSON.stringify(await Effect.runPromise(program)))
