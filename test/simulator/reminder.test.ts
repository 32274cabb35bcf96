import { assert, layer } from "@effect/vitest"
import { payloadOf, Simulator } from "@effect-apns/simulator"
import { Effect, Redacted } from "effect"
import { Apns, Credentials, Notification, send } from "effect-apns"

const topic = "com.example.shop"
const device = "ab".repeat(32)

// The program under test; its layer is made for the simulator below.
const remind = (order: string) =>
  send(Notification.alert({ device, alert: { title: "Your order", body: `${order} is on its way` } }))

const apnsAt = (simulator: Simulator["Service"]) =>
  Apns.layer({
    environment: { host: simulator.host, port: simulator.port, ca: simulator.ca },
    credentials: Credentials.token({ ...simulator.key, privateKey: Redacted.make(simulator.key.privateKey) }),
    topic
  })

layer(Simulator.layer({ devices: [{ state: "active", token: device, topics: [topic] }] }), {
  excludeTestServices: true
})("a reminder", (it) => {
  it.effect("reaches the device", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* remind("4711").pipe(Effect.provide(apnsAt(simulator)))
      const push = yield* simulator.inbox.waitFor({ device, pushType: "alert" })
      assert.deepStrictEqual(payloadOf(push), {
        aps: { alert: { title: "Your order", body: "4711 is on its way" } }
      })
      assert.strictEqual(push.delivery?._tag, "delivered")
    })
  )

  it.effect("learns that the app is gone", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.register({ state: "unregistered", token: device, since: 1_767_225_600_000 })
      const error = yield* Effect.flip(remind("4711").pipe(Effect.provide(apnsAt(simulator))))
      assert.strictEqual(error.reason._tag, "Unregistered")
    })
  )
})
