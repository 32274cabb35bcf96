import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Ranges } from "../../../packages/cli/src/bulk/ranges.ts"

const number = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))

const change = Schema.Struct({ adds: Schema.Boolean, start: number, length: Schema.Literals([1, 2, 3, 10, 40]) })

const numbersOf = (ranges: Ranges) =>
  [...ranges.entries()].flatMap(([start, end]) => Array.from({ length: end - start }, (_, at) => start + at))

describe("ranges of rows", () => {
  it.effect.prop(
    "hold what a Set of the same changes holds, in ranges that do not touch",
    { changes: Schema.Array(change) },
    ({ changes }) =>
      Effect.sync(() => {
        const ranges = new Ranges()
        const expected = new Set<number>()
        for (const { adds, length, start } of changes) {
          if (adds) ranges.add(start, start + length)
          else ranges.remove(start, start + length)
          for (let at = start; at < start + length; at++) {
            if (adds) expected.add(at)
            else expected.delete(at)
          }
        }
        assert.deepStrictEqual(
          numbersOf(ranges),
          [...expected].sort((a, b) => a - b)
        )
        assert.strictEqual(ranges.size, expected.size)
        for (let at = 0; at <= 110; at++) assert.strictEqual(ranges.has(at), expected.has(at), `${at} in ${ranges}`)
        const entries = [...ranges.entries()]
        for (const [at, [start]] of entries.entries()) assert.isAbove(start, entries[at - 1]?.[1] ?? -1)
        assert.strictEqual(String(Ranges.parse(String(ranges))), String(ranges))
      }),
    { arbitrary: { runs: 300 } }
  )

  it("are made of numbers in any order", () => {
    assert.strictEqual(String(Ranges.of([10, 3, 1, 2, 1000000, 11, 2])), "1-3,10-11,1000000")
  })

  it("are read from nothing but ranges", () => {
    assert.strictEqual(String(Ranges.parse("")), "")
    for (const text of ["a", "3-1", "1,", "-1", "1-", "1.5"]) assert.isUndefined(Ranges.parse(text), text)
  })
})
