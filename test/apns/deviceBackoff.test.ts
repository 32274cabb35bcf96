import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Reason } from "effect-apns"
import { DeviceBackoff } from "../../packages/apns/src/internal/deviceBackoff.ts"

const settings = { firstMillis: 1000, maxMillis: 60_000 }
const reason = new Reason.TooManyRequests({ status: 429 })

const backoff = () => new DeviceBackoff(settings, () => 0.5)

describe("a busy device", () => {
  it("waits twice as long after each refusal, up to the longest", () => {
    const devices = backoff()
    assert.deepStrictEqual([devices.isEmpty, devices.take("a", 0)], [true, 0])
    const waits: Array<number> = []
    for (let now = 0, n = 0; n < 9; n++) {
      devices.refused("a", reason, 0, now, now)
      const until = devices.take("a", now)
      waits.push(until - now)
      assert.strictEqual(devices.take("a", until), 0)
      now = until
    }
    assert.deepStrictEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
    assert.strictEqual(devices.take("b", 0), 0)
  })

  it("waits as long as APNs asks", () => {
    const devices = backoff()
    devices.refused("a", reason, 90_000, 0, 10)
    assert.strictEqual(devices.take("a", 10), 90_010)
  })

  it("counts what was on its way when it was refused as one", () => {
    const devices = backoff()
    for (let n = 0; n < 100; n++) devices.refused("a", reason, 0, 0, 10)
    devices.judged("a", 5)
    assert.strictEqual(devices.take("a", 10), 1010)
  })

  it("is forgotten when something went through and nothing waits", () => {
    const devices = backoff()
    devices.refused("a", reason, 0, 0, 10)
    devices.take("a", 1010)
    devices.judged("a", 1010)
    assert.isTrue(devices.isEmpty)
  })

  it.effect("takes one at a time while others wait, the first one first", () =>
    Effect.gen(function* () {
      const devices = backoff()
      devices.refused("a", reason, 0, 0, 10)
      const called: Array<number> = []
      const fibers: Array<Fiber.Fiber<void>> = []
      for (const n of [1, 2, 3]) {
        const waits = Effect.map(devices.change("a"), () => void called.push(n))
        fibers.push(yield* Effect.forkChild(waits, { startImmediately: true }))
      }
      assert.strictEqual(devices.take("a", 1010), 0)
      assert.isAbove(devices.take("a", 1010), 1010)
      devices.judged("a", 1010)
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, [1])
      assert.strictEqual(devices.take("a", 1020), 0)
      assert.isAbove(devices.take("a", 1020), 1020)
      // Nothing was heard of it.
      devices.release("a", devices.turn)
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, [1, 2])
      const { turn } = devices
      assert.strictEqual(devices.take("a", 1030), 0)
      // That of another, which is over already.
      devices.release("a", turn)
      assert.isAbove(devices.take("a", 1030), 1030)
      for (const fiber of fibers) yield* Fiber.interrupt(fiber)
      devices.judged("a", 1030)
      assert.isTrue(devices.isEmpty)
    })
  )

  it("goes on waiting when something that took no turn of its own is over", () => {
    const devices = backoff()
    assert.strictEqual(devices.take("a", 0), 0)
    const { turn } = devices
    devices.refused("a", reason, 0, 0, 10)
    devices.release("a", turn)
    assert.strictEqual(devices.take("a", 10), 1010)
  })

  it("is not held up for long by one that nothing is heard of", () => {
    const devices = backoff()
    devices.refused("a", reason, 0, 0, 10)
    assert.strictEqual(devices.take("a", 1010), 0)
    assert.strictEqual(devices.take("a", 1010), 11_010)
    assert.strictEqual(devices.take("a", 11_010), 0)
  })

  it("is forgotten a minute after nothing has to wait for it any more", () => {
    const devices = backoff()
    devices.refused("a", reason, 0, 0, 10)
    assert.isTrue(devices.isBusy("a", 61_009))
    assert.isFalse(devices.isBusy("a", 62_009))
    assert.isTrue(devices.isEmpty)
  })

  it.effect(
    "is one of 10,000 at most: then the one refused the longest ago is forgotten, and who waits for it goes",
    () =>
      Effect.gen(function* () {
        const devices = backoff()
        devices.refused("0", reason, 0, 0, 10)
        const waits = yield* Effect.forkChild(devices.change("0"), { startImmediately: true })
        for (let n = 1; n <= 10_000; n++) devices.refused(String(n), reason, 0, 0, 10)
        yield* Fiber.join(waits)
        assert.strictEqual(devices.take("0", 10), 0)
        assert.isAbove(devices.take("1", 10), 10)
      })
  )
})
