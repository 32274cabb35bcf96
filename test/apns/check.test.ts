import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Notification } from "effect-apns"

const nowMillis = Date.UTC(2026, 10, 24)
const device = "7a1f0c3b".repeat(8)

describe("Notification.check", () => {
  it("gives the body and the end of a notification that send would send", () => {
    const n = Notification.alert({ device, alert: "Hello", expiration: "1 minute" })
    const { body, expiresAtMillis } = Result.getOrThrow(Notification.check(n, { nowMillis }))
    assert.strictEqual(Buffer.from(body).toString(), '{"aps":{"alert":"Hello"}}')
    assert.strictEqual(expiresAtMillis, nowMillis + 60_000)
  })

  it("gives no end to one that does not expire, or is tried once", () => {
    for (const expiration of [undefined, "once"] as const) {
      const n = Notification.alert({ device, alert: "Hello", expiration })
      assert.strictEqual(
        Result.getOrThrow(Notification.check(n, { nowMillis })).expiresAtMillis,
        Number.POSITIVE_INFINITY
      )
    }
  })

  const broken: ReadonlyArray<readonly [string, Notification.Notification]> = [
    ["device", Notification.alert({ device: `${device}z`, alert: "Hello" })],
    ["collapseId", Notification.alert({ device, alert: "Hello", collapseId: "" })],
    ["payload", Notification.alert({ device, alert: "x".repeat(5000) })],
    ["topic", Notification.alert({ device, alert: "Hello", topic: "com example" })]
  ]
  for (const [field, n] of broken) {
    it(`fails as send would for the field ${field}, and shows no whole device token`, () => {
      const checked = Notification.check(n, { nowMillis })
      assert.isTrue(Result.isFailure(checked))
      if (!Result.isFailure(checked)) return
      const { attempts, device: shown, notificationId, reason } = checked.failure
      assert.isTrue(reason._tag === "InvalidNotification" && reason.field === field)
      assert.deepStrictEqual([attempts, notificationId, shown], [0, n.id, `7a1f…${n.device.slice(-4)}`])
      assert.notInclude(JSON.stringify(checked.failure), device)
    })
  }

  it("leaves to the sender what only the sender knows", () => {
    const location = Notification.location({ device })
    assert.isTrue(Result.isSuccess(Notification.check(location, { nowMillis })))
  })

  it("encodes with what it is given", () => {
    const n = Notification.alert({ device, alert: "Hello" })
    const own = Buffer.from('{"own":true}')
    const { body } = Result.getOrThrow(Notification.check(n, { nowMillis, encode: () => Result.succeed(own) }))
    assert.strictEqual(body, own)
  })
})
