/** A program of somebody else: it installs the packed tarballs, compiles strictly, and sends. */
import { Simulator } from "@effect-apns/simulator"
import { Effect, Layer, Redacted } from "effect"
import { Apns, Credentials, Notification, send } from "effect-apns"

const ApnsLive = Layer.unwrap(
  Effect.gen(function* () {
    const { ca, host, key, port } = yield* Simulator
    return Apns.layer({
      environment: { host, port, ca },
      credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
      topic: "com.example.app"
    })
  })
).pipe(Layer.provideMerge(Simulator.layer()))

const device = "7a1f0c3b5d2e4f60".repeat(4)
const n = Notification.alert({ device, alert: { title: "Hello", body: "World" }, badge: 0, data: { orderId: 42 } })

const receipt = await Effect.runPromise(send(n).pipe(Effect.provide(ApnsLive)))
if (receipt.apnsId !== n.id) throw new Error(`expected the id ${n.id}, got ${receipt.apnsId}`)

const dead = Effect.gen(function* () {
  yield* (yield* Simulator).register({ state: "unregistered", token: device, since: 1_767_225_600_000 })
  return yield* send(n).pipe(
    Effect.as("accepted"),
    Effect.catchReason("ApnsError", "Unregistered", (reason) =>
      Effect.succeed(`gone since ${reason.timestamp?.epochMilliseconds}`)
    )
  )
})
const outcome = await Effect.runPromise(dead.pipe(Effect.provide(ApnsLive)))
if (outcome !== "gone since 1767225600000") throw new Error(outcome)

console.log(`sent ${receipt.apnsId}; the second device is ${outcome}`)
