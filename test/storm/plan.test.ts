import { assert, describe, it } from "@effect/vitest"
import { Fault } from "@effect-apns/simulator"
import { Schema } from "effect"
import { kinds } from "../../packages/bench/src/storm/kinds.ts"
import { plan } from "../../packages/bench/src/storm/plan.ts"
import { randomFrom } from "../../packages/bench/src/storm/random.ts"

const isFault = Schema.is(Fault)

const options = { seed: 7, notifications: 10_000, faults: 300, without: [] }

describe("a plan of faults", () => {
  it("is decided by its seed", () => {
    assert.deepStrictEqual(plan(options), plan(options))
    assert.notDeepEqual(plan({ ...options, seed: 8 }), plan(options))
  })

  it("has every kind, and those of more weight more often", () => {
    const count = (kind: string) => plan({ ...options, faults: 5_000 }).filter((fault) => fault.kind === kind).length
    for (const kind of kinds.keys())
      assert.isAbove(plan(options).filter((fault) => fault.kind === kind).length, 0, kind)
    assert.isAbove(count("503 run"), 2 * count("silent stream"))
  })

  it.prop(
    "comes in order, in the first 85 % of the notifications, and is made of faults",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 32 })),
      Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 5_000 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))
    ],
    ([seed, notifications, faults]) => {
      const planned = plan({ seed, notifications, faults, without: ["429 run"] })
      assert.lengthOf(planned, faults)
      let before = 1
      for (const { at, kind, planned: fault } of planned) {
        assert.isAtLeast(at, before)
        assert.isAtMost(at, notifications * 0.85)
        assert.notStrictEqual(kind, "429 run")
        before = at
        if (fault._tag === "server") assert.isTrue(isFault(fault.fault))
      }
    }
  )

  it("resets streams with every code of RFC 9113", () => {
    const codes = [...kinds.values()].flatMap(({ group, make }) => {
      const planned = make((least) => least)
      return group === "reset" && planned._tag === "server" && planned.fault.effect._tag === "reset"
        ? [planned.fault.effect.code]
        : []
    })
    assert.deepStrictEqual(
      codes,
      Array.from({ length: 14 }, (_, code) => code)
    )
  })
})

describe("random numbers", () => {
  it("are of their seed, and spread from 0 to 1", () => {
    const draw = (seed: number) => Array.from({ length: 1_000 }, randomFrom(seed))
    assert.deepStrictEqual(draw(3), draw(3))
    assert.isTrue(draw(3).every((value) => value >= 0 && value < 1))
    const mean = draw(3).reduce((sum, value) => sum + value, 0) / 1_000
    assert.closeTo(mean, 0.5, 0.05)
  })
})
