import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Result, Schema } from "effect"
import { expiration, instant } from "../../packages/cli/src/instants.ts"

const now = Date.UTC(2026, 0, 1, 12)

describe("instants of flags", () => {
  for (const [given, expected] of [
    ["+15 minutes", "2026-01-01T12:15:00.000Z"],
    ["+1 hour", "2026-01-01T13:00:00.000Z"],
    [" + 1.5 hours ", "2026-01-01T13:30:00.000Z"],
    ["2026-02-28T10:00Z", "2026-02-28T10:00:00.000Z"],
    ["2026-02-28T10:00:30+02:00", "2026-02-28T08:00:30.000Z"],
    ["2026-02-28T10:00:30.250Z", "2026-02-28T10:00:30.250Z"]
  ] as const) {
    it(`takes ${given}`, () => {
      assert.strictEqual(Result.getOrThrow(instant("stale-date", given, now)).toISOString(), expected)
    })
  }

  for (const given of [
    "",
    "15 minutes",
    "+15",
    "+15 parsecs",
    "+0 minutes",
    "-5 minutes",
    "+99999999999999 weeks",
    "tomorrow",
    "1767268800",
    "2026-01-01",
    "2026-01-01T12:00:00",
    "2026-02-31T12:00:00Z",
    "2026-13-01T12:00:00Z",
    "2026-01-01T25:00:00Z"
  ]) {
    it(`refuses ${JSON.stringify(given)}, and shows what to give`, () => {
      const failure = Result.getOrThrow(Result.flip(instant("stale-date", given, now)))
      assert.strictEqual(failure.exitCode, 2)
      assert.include(failure.problem, `--stale-date ${JSON.stringify(given)}`)
      assert.include(failure.cure ?? "", "+15 minutes")
    })
  }

  it.effect("takes back every instant that ISO 8601 writes in four digits of a year", () =>
    Effect.gen(function* () {
      const millis = Schema.Int.check(
        Schema.isBetween({ minimum: Date.UTC(0, 0, 1), maximum: Date.UTC(9999, 11, 31, 23, 59, 59) })
      )
      for (const each of yield* Arbitrary.sampleEffect(Arbitrary.schema(millis), { count: 1000, seed: 20260101 })) {
        const date = new Date(each)
        assert.deepStrictEqual(Result.getOrThrow(instant("timestamp", date.toISOString(), now)), date)
      }
    })
  )

  it("takes an expiration", () => {
    assert.strictEqual(Result.getOrThrow(expiration("expiration", "once")), "once")
    for (const hour of ["1 hour", "+1 hour", "60 minutes"]) {
      const found = Result.getOrThrow(expiration("expiration", hour))
      assert.isTrue(Duration.isDuration(found) && Duration.toMillis(found) === 3_600_000, hour)
    }
    const found = Result.getOrThrow(expiration("expiration", "2026-01-01T12:00:00Z"))
    assert.deepStrictEqual(found, new Date(now))
    assert.strictEqual(Result.getOrThrow(expiration("expiration", "0")), "once")
    assert.deepStrictEqual(Result.getOrThrow(expiration("expiration", "1798740000")), new Date(1_798_740_000_000))
    assert.isTrue(Result.isFailure(expiration("expiration", "3600")))
    assert.isTrue(Result.isFailure(expiration("expiration", "")))
  })
})
