/** What the runs found, as a table no wider than 80 columns. */
import { type Column, textTable } from "../../../packages/bench/src/table.ts"
import type { Report, Row } from "./run.ts"

type Line = Row & { readonly store: string }

const whole = (value: number) => value.toLocaleString("en-GB")

const number = (name: string, value: (line: Line) => number): Column<Line> => ({
  name,
  align: "right",
  cell: (line) => whole(value(line))
})

const columns: ReadonlyArray<Column<Line>> = [
  { name: "store", align: "left", cell: ({ store }) => store },
  { name: "fault", align: "left", cell: ({ fault }) => fault },
  number("enqueued", ({ verdict }) => verdict.enqueued),
  number("lost", ({ verdict }) => verdict.lost),
  number("twice", ({ verdict }) => verdict.duplicates),
  number("at most", ({ excused }) => excused),
  number("unknown", ({ verdict }) => verdict.outcomes.Unknown ?? 0),
  { name: "seconds", align: "right", cell: ({ seconds }) => seconds.toFixed(1) }
]

/** A line for each fault of each store. */
export const table = (reports: ReadonlyArray<Report>): string =>
  textTable(
    columns,
    reports.flatMap(({ rows, store }) => rows.map((row) => ({ ...row, store })))
  )
