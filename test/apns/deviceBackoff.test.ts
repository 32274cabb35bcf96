import { assert, describe, it } from "@effect/vitest"
import { Reason } from "effect-apns"
import { DeviceBackoff, type Waiting } from "../../packages/apns/src/internal/deviceBackoff.ts"
import { handClock } from "../support/fakeTransport.ts"

const reason = new Reason.TooManyRequests({ status: 429 })

const dialogue = () => {
  const clock = handClock(0)
  const devices = new DeviceBackoff({ firstMillis: 1000, maxMillis: 60_000 }, clock.now, clock.after, () => 0.5)
  /** Who went out, and when. */
  const out: Array<string> = []
  const ask = (name: string, device = "a"): Waiting => {
    const go = () => void out.push(`${name} ${clock.now()}`)
    const waiting = { go }
    if (devices.admits(device, waiting, clock.now())) go()
    return waiting
  }
  const refused = (sentAtMillis = clock.now(), retryAfterMillis = 0, device = "a") =>
    devices.refused(device, reason, retryAfterMillis, sentAtMillis, clock.now())
  return { clock, devices, out, ask, refused }
}

describe("a busy device", () => {
  it("waits twice as long after each refusal, up to the longest", () => {
    const { ask, clock, devices, out, refused } = dialogue()
    assert.isTrue(devices.isEmpty)
    ask("first")
    for (let n = 0; n < 9; n++) {
      refused()
      if (n === 0) ask("other", "b")
      ask("next")
      clock.advance(60_000)
    }
    const starts = [0, 60_000, 120_000, 180_000, 240_000, 300_000, 360_000, 420_000, 480_000]
    const waits = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert.deepStrictEqual(out, ["first 0", "other 0", ...waits.map((wait, n) => `next ${(starts[n] ?? 0) + wait}`)])
  })

  it("waits as long as APNs asks", () => {
    const { ask, clock, out, refused } = dialogue()
    clock.advance(10)
    refused(0, 90_000)
    ask("next")
    clock.advance(100_000)
    assert.deepStrictEqual(out, ["next 90010"])
  })

  it("counts what was on its way when it was refused as one", () => {
    const { ask, clock, devices, out, refused } = dialogue()
    clock.advance(10)
    for (let n = 0; n < 100; n++) refused(0)
    devices.judged("a", 5)
    ask("next")
    clock.advance(5000)
    assert.deepStrictEqual(out, ["next 1010"])
  })

  it("is forgotten when something went through and nothing waits", () => {
    const { ask, clock, devices, refused } = dialogue()
    clock.advance(10)
    refused(0)
    clock.advance(1000)
    ask("next")
    devices.judged("a", 1010)
    assert.isTrue(devices.isEmpty)
    assert.strictEqual(clock.timers(), 0)
  })

  it("takes one at a time while others wait, in the order of asking, whoever comes when", () => {
    const { ask, clock, devices, out, refused } = dialogue()
    clock.advance(10)
    refused(0)
    ask("1")
    const second = ask("2")
    ask("3")
    clock.advance(1000)
    assert.deepStrictEqual(out, ["1 1010"])
    // It comes when the next may go, and goes behind those that wait.
    devices.judged("a", 1010)
    ask("4")
    assert.deepStrictEqual(out, ["1 1010", "2 1010"])
    clock.advance(10)
    // Nothing was heard of it.
    devices.leave("a", second)
    assert.deepStrictEqual(out, ["1 1010", "2 1010", "3 1020"])
    // Its turn is over already.
    devices.leave("a", second)
    assert.lengthOf(out, 3)
    // The device is too busy again, and the line stands as it stood.
    refused()
    ask("5")
    clock.advance(999)
    assert.lengthOf(out, 3)
    clock.advance(1001)
    devices.judged("a", clock.now())
    assert.deepStrictEqual(out.slice(3), ["4 2020", "5 3020"])
    devices.judged("a", clock.now())
    assert.isTrue(devices.isEmpty)
    assert.strictEqual(clock.timers(), 0)
  })

  it("is not held up by those who leave the line", () => {
    const { ask, clock, devices, out, refused } = dialogue()
    clock.advance(10)
    refused(0)
    const left = ask("1")
    ask("2")
    devices.leave("a", left)
    clock.advance(1000)
    assert.deepStrictEqual(out, ["2 1010"])
  })

  it("goes on waiting when something that took no turn of its own is over", () => {
    const { ask, clock, devices, out, refused } = dialogue()
    const first = ask("first")
    clock.advance(10)
    refused(0)
    devices.leave("a", first)
    ask("next")
    clock.advance(5000)
    assert.deepStrictEqual(out, ["first 0", "next 1010"])
  })

  it("is not held up for long by one that nothing is heard of", () => {
    const { ask, clock, out, refused } = dialogue()
    clock.advance(10)
    refused(0)
    ask("1")
    ask("2")
    clock.advance(20_000)
    assert.deepStrictEqual(out, ["1 1010", "2 11010"])
  })

  it("is forgotten a minute after nothing has to wait for it any more", () => {
    const { ask, clock, devices, refused } = dialogue()
    clock.advance(10)
    refused(0)
    clock.advance(60_999)
    ask("other", "b")
    assert.isFalse(devices.isEmpty)
    clock.advance(1000)
    ask("other", "b")
    assert.isTrue(devices.isEmpty)
  })

  it("is one of 10,000 at most: then the one refused the longest ago is forgotten, and who waits for it goes", () => {
    const { ask, clock, out, refused } = dialogue()
    clock.advance(10)
    refused(0, 0, "0")
    ask("waits", "0")
    for (let n = 1; n <= 10_000; n++) refused(0, 0, String(n))
    assert.deepStrictEqual(out, ["waits 10"])
    ask("free", "0")
    ask("busy", "1")
    assert.deepStrictEqual(out, ["waits 10", "free 10"])
  })
})
