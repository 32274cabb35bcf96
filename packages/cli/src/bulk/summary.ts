/** What became of all rows, as a table or as JSON. Pure. */

import { count, group } from "../numbers.ts"
import type { Style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { outcomes, type ReasonCount, type RowOutcome, type Tally } from "./tally.ts"

export interface Summary {
  readonly tally: Tally
  readonly seconds: number
  /** Rows that were left out, being done or maybe arrived in an earlier run. */
  readonly skipped: number
  /** Why it ended before the input did, if it did. */
  readonly stopped: "interrupted" | "halted" | "failed" | undefined
  /** Where to go on, if there is anything left. */
  readonly resumeFile: string | undefined
}

const reasonWidth = 31

const byCount = (a: ReasonCount, b: ReasonCount) => b.count - a.count

const painted = (outcome: RowOutcome, text: string, { bad, good, warn }: Style): string =>
  outcome === "accepted" ? good(text) : outcome === "refused" || outcome === "invalid" ? bad(text) : warn(text)

export const summaryTable = ({ seconds, skipped, tally }: Summary, style: Style): string => {
  const line = (outcome: RowOutcome, reason: string, rows: number) =>
    `${painted(outcome, outcome.padEnd(10), style)}${reason.padEnd(reasonWidth)}${group(rows).padStart(12)}`
  const lines = [style.strong(`${"OUTCOME".padEnd(10)}${"REASON".padEnd(reasonWidth)}${"ROWS".padStart(12)}`)]
  for (const outcome of outcomes) {
    if (outcome === "accepted") {
      if (tally.counts.accepted > 0 || tally.total === 0) lines.push(line(outcome, "", tally.counts.accepted))
      continue
    }
    const reasons = [...tally.reasons.values()].filter((each) => each.outcome === outcome).sort(byCount)
    for (const { count, cure, reason } of reasons) {
      lines.push(line(outcome, reason, count))
      lines.push(`          ${style.faint(wrapped(cure, 10))}`)
    }
  }
  const perSecond = seconds > 0 ? tally.total / seconds : 0
  const before = skipped === 0 ? "" : `; ${count(skipped, "row")} left out, of an earlier run`
  lines.push("", `${count(tally.total, "row")} in ${seconds.toFixed(1)} s, ${group(perSecond)} a second${before}.`)
  return lines.join("\n")
}

export const summaryJson = ({ resumeFile, seconds, skipped, stopped, tally }: Summary): string =>
  JSON.stringify(
    {
      total: tally.total,
      ...tally.counts,
      deadTokens: tally.deadTokens,
      reasons: [...tally.reasons.values()].sort(byCount),
      skipped,
      seconds,
      perSecond: seconds > 0 ? tally.total / seconds : 0,
      stopped: stopped ?? null,
      resumeFile: resumeFile ?? null
    },
    null,
    2
  )
