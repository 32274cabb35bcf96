/** What must hold of notifications that are accepted, whichever server accepts them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { type Apns, Notification, send } from "effect-apns"
import { device } from "./simulated.ts"

export const acceptedPath = (name: string, layer: Layer.Layer<Apns, unknown>) =>
  describe(`the accepted path, against ${name}`, () => {
    it.live("sends an alert and gets a receipt", () =>
      Effect.gen(function* () {
        const n = Notification.alert({
          device: device(),
          alert: { title: "Hello", body: "Wörld 👋" },
          badge: 0,
          expiration: "1 hour",
          collapseId: "grüße",
          data: { orderId: 42 }
        })
        const receipt = yield* send(n)
        assert.strictEqual(receipt.apnsId, n.id)
        assert.strictEqual(receipt.attempts, 1)
        assert.match(receipt.connection, /^127\.0\.0\.1:\d+#1$/)
        const { answerMillis = Number.NaN, queueMillis = Number.NaN, totalMillis } = receipt.timings
        assert.isAtLeast(totalMillis, queueMillis + answerMillis)
      }).pipe(Effect.provide(layer))
    )

    it.live("sends a background push, a raw VoIP push and the longest payload", () =>
      Effect.gen(function* () {
        yield* send(Notification.background({ device: device(1), data: { sync: "inbox" } }))
        yield* send(
          Notification.raw({
            device: device(2),
            pushType: "voip",
            topic: "com.example.app.voip",
            expiration: "once",
            payload: `{"x":"${"y".repeat(5112)}"}`
          })
        )
        const overhead = '{"aps":{"alert":""}}'.length
        yield* send(Notification.alert({ device: device(3), alert: "x".repeat(4096 - overhead) }))
      }).pipe(Effect.provide(layer))
    )

    // The clock of the test stands still: nothing waits long enough for another connection.
    it.effect("sends two thousand at once over one connection, each with its own id", () =>
      Effect.gen(function* () {
        const notifications = Array.from({ length: 2000 }, (_, n) =>
          Notification.alert({ device: device(n), badge: n })
        )
        const receipts = yield* Effect.forEach(notifications, send, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          receipts.map((receipt) => receipt.apnsId),
          notifications.map((n) => n.id)
        )
        assert.strictEqual(new Set(receipts.map((receipt) => receipt.connection)).size, 1)
      }).pipe(Effect.provide(layer))
    )

    it.live("goes on after a send was interrupted", () =>
      Effect.gen(function* () {
        yield* Effect.forEach(
          Array.from({ length: 50 }, (_, n) => n),
          (n) => send(Notification.alert({ device: device(n), alert: "x" })).pipe(Effect.timeoutOption(n % 3)),
          { concurrency: "unbounded" }
        )
        const receipt = yield* send(Notification.alert({ device: device(), alert: "still here" }))
        assert.strictEqual(receipt.attempts, 1)
      }).pipe(Effect.provide(layer))
    )
  })
