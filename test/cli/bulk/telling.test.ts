import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { barLine, paceOf, plainLine } from "../../../packages/cli/src/bulk/progress.ts"
import { summaryTable } from "../../../packages/cli/src/bulk/summary.ts"
import { exitCodeOf, type RowOutcome, Tally } from "../../../packages/cli/src/bulk/tally.ts"
import { clock, count, group } from "../../../packages/cli/src/numbers.ts"
import type { Style } from "../../../packages/cli/src/Style.ts"

const same = (text: string) => text

const plain: Style = { good: same, bad: same, warn: same, strong: same, faint: same }

const tallyOf = (counts: Partial<Record<RowOutcome, number>>): Tally => {
  const tally = new Tally()
  for (const [outcome, number = 0] of Object.entries(counts)) {
    // The keys of a literal of that type.
    if (outcome === "accepted") tally.counts.accepted = number
    else tally.add(outcome as RowOutcome, `${outcome}Reason`, `Mend what is ${outcome}. `.repeat(8).trim(), number)
  }
  return tally
}

describe("what apns bulk tells", () => {
  it("shows numbers and times", () => {
    assert.deepStrictEqual(
      [group(1234567.4), count(1, "row"), count(2000, "row")],
      ["1,234,567", "1 row", "2,000 rows"]
    )
    assert.deepStrictEqual([-1, 7, 60, 754, 10_800].map(clock), ["0:00", "0:07", "1:00", "12:34", "3:00:00"])
  })

  it("reckons rate and time left from two samples", () => {
    const earlier = { atMillis: 1000, rows: 100, position: 1000 }
    const now = { atMillis: 3000, rows: 500, position: 3000 }
    assert.deepStrictEqual(paceOf(earlier, now, 10_000), { perSecond: 200, fraction: 0.3, secondsLeft: 7 })
    assert.deepStrictEqual(paceOf(now, now, 10_000), { perSecond: 0, fraction: 0.3, secondsLeft: undefined })
    assert.deepStrictEqual(paceOf(earlier, now, undefined), {
      perSecond: 200,
      fraction: undefined,
      secondsLeft: undefined
    })
  })

  it("shows a bar that fits the terminal, whatever its width", () => {
    const tally = tallyOf({ accepted: 412_345, refused: 12, invalid: 3 })
    const pace = { perSecond: 61_234, fraction: 0.42, secondsLeft: 12 }
    assert.strictEqual(
      barLine(tally, pace, 80, plain),
      "━━━━━━━━────────────  42 %  412,360 rows  61,234/s  0:12 left  12 refused"
    )
    for (let width = 30; width < 120; width++) {
      assert.isBelow(stripVTControlCharacters(barLine(tally, pace, width, plain)).length, width)
    }
    assert.strictEqual(
      plainLine(tally, { perSecond: 5, fraction: undefined, secondsLeft: undefined }),
      "412,360 rows, 5/s, 12 refused, 3 invalid"
    )
  })

  it("sums up by outcome and reason in 80 columns, with what to do", () => {
    const tally = tallyOf({ accepted: 999_985, refused: 12, unknown: 3 })
    const table = summaryTable({ tally, seconds: 20, skipped: 7, stopped: undefined, resumeFile: undefined }, plain)
    const lines = table.split("\n")
    assert.strictEqual(lines[1], `accepted${" ".repeat(38)}999,985`)
    assert.strictEqual(lines[2], `refused   refusedReason${" ".repeat(28)}12`)
    assert.match(lines[3] ?? "", /^ {10}Mend what is refused\./)
    assert.strictEqual(lines.at(-1), "1,000,000 rows in 20.0 s, 50,000 a second; 7 rows left out, of an earlier run.")
    for (const line of lines) assert.isAtMost(line.length, 80, line)
  })

  it("ends with the highest code that applies", () => {
    const codes = [
      {},
      { accepted: 1 },
      { invalid: 1 },
      { invalid: 1, refused: 1 },
      { unsent: 1, refused: 1 },
      { unknown: 1 }
    ]
    assert.deepStrictEqual(
      codes.map((counts) => exitCodeOf(tallyOf(counts))),
      [0, 0, 2, 3, 4, 5]
    )
  })
})
