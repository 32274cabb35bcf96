import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { BadTokenBrake } from "../../packages/apns/src/internal/badTokenBrake.ts"
import { OutageGate } from "../../packages/apns/src/internal/outageGate.ts"
import { Pace, type SlowCause } from "../../packages/apns/src/internal/pace.ts"

const outage = { failures: 3, withinMillis: 10_000, firstMillis: 500, maxMillis: 8000 }
const badTokens = { share: 0.1, perSecond: 100, windowMillis: 1000 }
/** The longest `retry-after` that is believed. */
const longest = 900_000

describe("the gate of an outage", () => {
  /** A gate without jitter, shut at 0 by three answers to streams opened before. */
  const shut = () => {
    const gate = new OutageGate(outage, () => 0.5)
    for (let n = 0; n < 3; n++) gate.ill(0, -1, 0)
    return gate
  }

  it("shuts at the third failure in a row, and not before", () => {
    const gate = new OutageGate(outage, () => 0.5)
    assert.isFalse(gate.uneasy)
    gate.ill(0, 0, 1)
    gate.ill(0, 0, 2)
    assert.deepStrictEqual([gate.state, gate.waitUntil(2), gate.uneasy], ["open", 0, true])
    gate.well(0, 3)
    assert.isFalse(gate.uneasy)
    gate.ill(0, 0, 4)
    gate.ill(0, 0, 5)
    assert.strictEqual(gate.state, "open")
    gate.ill(0, 0, 6)
    assert.deepStrictEqual([gate.state, gate.waitUntil(6)], ["shut", 506])
  })

  it("does not add up failures that are far apart", () => {
    const gate = new OutageGate(outage, () => 0.5)
    for (let n = 0; n < 20; n++) gate.ill(0, 0, n * 6000)
    assert.strictEqual(gate.state, "open")
  })

  it("lets out one probe at a time, later after each that is refused", () => {
    const gate = shut()
    const probes: Array<number> = []
    for (let now = 0; now < 40_000; now++) {
      if (gate.waitUntil(now) > 0) continue
      probes.push(now)
      gate.opened(now)
      assert.isAbove(gate.waitUntil(now), now)
      gate.ill(0, now, now + 50)
    }
    assert.deepStrictEqual(probes, [500, 1550, 3600, 7650, 15_700, 23_750, 31_800, 39_850])
  })

  it("waits as long as the answer asks", () => {
    const gate = shut()
    gate.opened(500)
    gate.ill(30_000, 500, 600)
    assert.strictEqual(gate.waitUntil(600), 30_600)
  })

  it("does not listen to streams that were opened before it shut", () => {
    const gate = shut()
    gate.ill(60_000, -1, 100)
    gate.well(-1, 100)
    assert.deepStrictEqual([gate.state, gate.waitUntil(100)], ["shut", 500])
    gate.opened(500)
    gate.ill(60_000, -1, 510)
    gate.well(-1, 510)
    assert.strictEqual(gate.state, "shut")
    gate.well(500, 520)
    assert.strictEqual(gate.state, "opening")
  })

  it("opens by two for each good answer, and wholly after a hundred", () => {
    const gate = shut()
    gate.opened(500)
    gate.well(500, 550)
    const waves: Array<number> = []
    for (let now = 600; gate.state !== "open"; now += 50) {
      let wave = 0
      while (gate.waitUntil(now) === 0) {
        gate.opened(now)
        wave++
      }
      waves.push(wave)
      for (let n = 0; n < wave; n++) gate.well(now, now + 50)
    }
    assert.deepStrictEqual(waves, [2, 4, 8, 16, 32, 64])
    assert.isFalse(gate.uneasy)
  })

  it("bears a failure while it opens, and shuts again at the third in a row, for longer", () => {
    const gate = shut()
    gate.opened(500)
    gate.well(500, 550)
    gate.opened(550)
    gate.ill(0, 550, 600)
    assert.deepStrictEqual([gate.state, gate.waitUntil(600)], ["opening", 0])
    gate.opened(600)
    gate.ill(0, 600, 650)
    gate.opened(650)
    gate.ill(0, 650, 700)
    assert.deepStrictEqual([gate.state, gate.waitUntil(700)], ["shut", 1700])
  })

  it("sends another probe soon when one had no answer, and late when nothing at all is heard of it", () => {
    const gate = shut()
    gate.opened(500)
    assert.strictEqual(gate.waitUntil(600), 8500)
    gate.unanswered(500, 600)
    assert.strictEqual(gate.waitUntil(600), 1100)
  })
})

describe("the brake of bad device tokens", () => {
  /** Answers with a share of bad ones, as many at a time as the brake lets out, 50 ms after; returns streams and bad ones. */
  const run = (brake: BadTokenBrake, from: number, to: number, isBad: (n: number) => boolean) => {
    let streams = 0
    let bad = 0
    for (let now = from; now < to; now += 10) {
      for (let n = 0; n < 1000 && brake.waitUntil(now) === 0; n++) {
        brake.opened()
        streams++
        if (isBad(streams)) bad++
        brake.answered(isBad(streams), now)
      }
    }
    return { streams, bad }
  }

  it("is off while few tokens are bad, or few answers came", () => {
    const brake = new BadTokenBrake(badTokens)
    run(brake, 0, 3000, (n) => n % 20 === 0)
    assert.isFalse(brake.on)
    const sparse = new BadTokenBrake(badTokens)
    for (let now = 0; now < 99 * 100; now += 100) sparse.answered(true, now)
    assert.isFalse(sparse.on)
  })

  it.each([2, 4, 8])("lets out as many a second as it is set to while one in %d is bad", (each) => {
    const brake = new BadTokenBrake(badTokens)
    run(brake, 0, 10, (n) => n % each === 0)
    assert.isTrue(brake.on)
    const { bad, streams } = run(brake, 10, 20_010, (n) => n % each === 0)
    assert.isTrue(brake.on)
    assert.approximately(bad, 2000, 100)
    assert.approximately(streams, 2000 * each, 100 * each)
  })

  it("comes off when the tokens are good again", () => {
    const brake = new BadTokenBrake(badTokens)
    run(brake, 0, 2000, () => true)
    assert.isTrue(brake.on)
    run(brake, 2000, 5000, () => false)
    assert.deepStrictEqual([brake.on, brake.watching], [false, false])
  })

  it("comes off by time when nothing is sent", () => {
    const brake = new BadTokenBrake(badTokens)
    run(brake, 0, 1000, () => true)
    assert.isAbove(brake.waitUntil(991), 0)
    assert.strictEqual(brake.waitUntil(11_000), 0)
    assert.isFalse(brake.on)
  })
})

describe("the pace", () => {
  const observed = () => {
    const told: Array<string> = []
    const observer = {
      onSlowed: (cause: SlowCause) => void told.push(`slowed by ${cause}`),
      onResumed: (cause: SlowCause) => void told.push(`resumed from ${cause}`)
    }
    return { told, pace: new Pace({ badTokens, outage }, observer, () => 0.5) }
  }
  const answer = (status: number, reason = "", fields = {}) => ({
    status,
    fields,
    body: reason === "" ? "" : JSON.stringify({ reason })
  })

  it("watches nothing while all is well", () => {
    const { pace, told } = observed()
    assert.deepStrictEqual([pace.limited, pace.watching], [false, false])
    for (const status of [201, 400, 403, 410, 429]) pace.answered(answer(status, "BadTopic"), 0, 10)
    assert.deepStrictEqual([pace.limited, pace.watching, told.length], [false, false, 0])
  })

  it("tells of an outage and of its end once each, and takes what is no 5xx for an end", () => {
    const { pace, told } = observed()
    for (let n = 0; n < 10; n++) pace.answered(answer(503, "ServiceUnavailable"), 0, 10)
    assert.deepStrictEqual([pace.limited, pace.watching, pace.isSlowed("outage", 10)], [true, true, true])
    assert.strictEqual(pace.waitUntil(10), 510)
    pace.opened(510)
    pace.answered(answer(410, "Unregistered"), 510, 560)
    assert.deepStrictEqual(told, ["slowed by outage", "resumed from outage"])
  })

  it("honours retry-after, up to 15 minutes", () => {
    for (const [seconds, until] of [
      ["20", 20_010],
      ["86400", longest + 10]
    ] as const) {
      const { pace } = observed()
      for (let n = 0; n < 3; n++) pace.answered(answer(500, "", { "retry-after": seconds }), 0, 10)
      assert.strictEqual(pace.waitUntil(10), until)
    }
  })

  it("tells bad device tokens by their reason", () => {
    const { pace, told } = observed()
    for (let n = 0; n < 500; n++) pace.answered(answer(400, "BadTopic"), 0, 10)
    assert.isFalse(pace.limited)
    for (let n = 0; n < 500; n++) pace.answered(answer(400, "BadDeviceToken"), 0, 2000)
    assert.deepStrictEqual([pace.limited, told], [true, ["slowed by badDeviceTokens"]])
  })

  it("does nothing where it is switched off", () => {
    const pace = new Pace({ badTokens: undefined, outage: undefined })
    for (let n = 0; n < 500; n++) {
      pace.answered(answer(503), 0, 10)
      pace.answered(answer(400, "BadDeviceToken"), 0, 10)
    }
    assert.deepStrictEqual([pace.limited, pace.watching, pace.waitUntil(10)], [false, false, 0])
  })

  const millis = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const Step = Schema.Struct({
    kind: Schema.Literals(["well", "bad", "ill", "ill again", "ill for long", "unanswered", "open", "open again"]),
    millis: Schema.Union([Schema.Literal(0), millis(0, 20_000)]),
    age: millis(0, 3000)
  })

  const heard = {
    well: answer(200),
    bad: answer(400, "BadDeviceToken"),
    ill: answer(500),
    "ill again": answer(503),
    "ill for long": answer(503, "", { "retry-after": "9999" })
  }

  it.effect.prop(
    "is never stuck: from every state, time alone leads to an open stream",
    { steps: Schema.Array(Step), percent: millis(0, 100) },
    ({ percent, steps }) =>
      Effect.sync(() => {
        const pace = new Pace({ badTokens: { ...badTokens, perSecond: 0.5 }, outage }, undefined, () => percent / 100)
        let now = 1_000_000
        for (const { age, kind, millis } of steps) {
          now += millis
          const openedAt = now - age
          // Many at once: the brake needs a hundred answers.
          for (let n = 0; n < (kind === "bad" ? 60 : 3); n++) {
            if (kind === "open" || kind === "open again") {
              if (pace.waitUntil(now) === 0) pace.opened(now)
            } else if (kind === "unanswered") pace.unanswered(openedAt, now)
            else pace.answered(heard[kind], openedAt, now)
          }
          if (!pace.limited) assert.strictEqual(pace.waitUntil(now), 0)
        }
        for (let n = 0; n < 3; n++) {
          const began = now
          for (let until = pace.waitUntil(now); until > 0; until = pace.waitUntil(now)) {
            assert.isAbove(until, now)
            now = until
          }
          assert.isAtMost(now - began, longest + 2000)
          pace.opened(now)
        }
      }),
    { arbitrary: { runs: 1000, seed: 20261123 } }
  )
})
