/** The sections of the report: what the terminal and the page have in common. */
import { count, figure, mebibytes, millis, range, times } from "./figures.ts"
import type { Measurement } from "./measurement.ts"
import { roundTripMillis } from "./roundTrip.ts"
import { type Group, groups, growth, type Row } from "./summary.ts"
import { type Column, textTable } from "./table.ts"
import { type Verdict, verdicts } from "./targets.ts"

type RowColumn = Column<Row>

const right = (name: string, cell: (row: Row) => string): RowColumn => ({ name, align: "right", cell })

const client: RowColumn = { name: "client", align: "left", cell: ({ label }) => label }

const perSecond = right("notif/s", ({ perSecond }) => figure(perSecond?.median))

const throughput: ReadonlyArray<RowColumn> = [
  client,
  right("÷h2load", ({ toH2load }) => times(toH2load)),
  right("÷http2", ({ toNodeHttp2 }) => times(toNodeHttp2)),
  perSecond,
  right("min–max", ({ perSecond }) => range(perSecond)),
  right("CPU µs", ({ cpuMicros }) => figure(cpuMicros?.median)),
  right("MiB", ({ peakRssBytes }) => mebibytes(peakRssBytes)),
  right("failed", ({ failed, rounds }) => (rounds === 0 ? "–" : count(failed)))
]

/** The most that could come through: as many as its connections and its window held, once each round trip. */
const ceiling = ({ connections, concurrency }: Row): number | undefined =>
  connections === undefined || connections === 0
    ? undefined
    : (Math.min(connections * 1_000, concurrency) * 1_000) / roundTripMillis

const roundTrip: ReadonlyArray<RowColumn> = [
  client,
  right("of ceiling", (row) => {
    const most = ceiling(row)
    return row.perSecond === undefined || most === undefined
      ? "–"
      : `${((100 * row.perSecond.median) / most).toFixed(0)} %`
  }),
  perSecond,
  right("min–max", ({ perSecond }) => range(perSecond)),
  right("connections", ({ connections }) => count(connections)),
  right("ceiling/s", (row) => figure(ceiling(row))),
  right("failed", ({ failed, rounds }) => (rounds === 0 ? "–" : count(failed)))
]

const latency: ReadonlyArray<RowColumn> = [
  client,
  right("p50 ms", ({ latency }) => millis(latency?.p50)),
  right("p90 ms", ({ latency }) => millis(latency?.p90)),
  right("p99 ms", ({ latency }) => millis(latency?.p99)),
  right("max ms", ({ latency }) => millis(latency?.max)),
  right("failed", ({ failed, rounds }) => (rounds === 0 ? "–" : count(failed)))
]

const signed = (bytes: number): string => `${bytes < 0 ? "−" : "+"}${mebibytes(Math.abs(bytes))}`

const memory: ReadonlyArray<RowColumn> = [
  client,
  right("growth MiB", ({ rss }) => {
    const grown = growth(rss)
    return grown === undefined ? "–" : signed(grown.to - grown.from)
  }),
  right("V8's part", ({ rss }) => {
    const young = growth(rss)?.young
    return young === undefined ? "–" : signed(young)
  }),
  right("after a tenth", ({ rss }) => mebibytes(growth(rss)?.from)),
  right("peak MiB", ({ peakRssBytes }) => mebibytes(peakRssBytes)),
  right("sent", ({ sent }) => count(sent)),
  right("failed", ({ failed }) => count(failed))
]

const delivery: ReadonlyArray<RowColumn> = [
  { ...client, name: "store" },
  right("sent/s", ({ perSecond }) => figure(perSecond?.median)),
  right("min–max", ({ perSecond }) => range(perSecond)),
  right("CPU µs", ({ cpuMicros }) => figure(cpuMicros?.median)),
  right("enqueued/s", ({ enqueue }) => figure(enqueue?.perSecond.median)),
  right("min–max", ({ enqueue }) => range(enqueue?.perSecond)),
  right("CPU µs", ({ enqueue }) => figure(enqueue?.cpuMicros.median)),
  right("MiB", ({ peakRssBytes }) => mebibytes(peakRssBytes)),
  right("failed", ({ failed, rounds }) => (rounds === 0 ? "–" : count(failed)))
]

const verdictColumns: ReadonlyArray<Column<Verdict>> = [
  { name: "ratio", align: "left", cell: ({ label }) => label },
  { name: "wanted", align: "right", cell: ({ atLeast }) => (atLeast === undefined ? "–" : `≥ ${atLeast}`) },
  { name: "measured", align: "right", cell: ({ measured }) => times(measured) },
  {
    name: "min–max",
    align: "right",
    cell: ({ measured }) => (measured === undefined ? "–" : `${measured.min.toFixed(2)}–${measured.max.toFixed(2)}`)
  },
  {
    name: "",
    align: "left",
    cell: ({ measured, met }) => (measured === undefined || met === undefined ? "" : met ? "met" : "not met")
  }
]

export interface Section {
  readonly id: Group["run"] | "targets" | "sanity"
  readonly title: string
  /** Draws its table: as text or as Markdown. */
  readonly table: (draw: <A>(columns: ReadonlyArray<Column<A>>, rows: ReadonlyArray<A>) => string) => string
  readonly rows: ReadonlyArray<Row>
}

const titleOf = ({ run, server, rate, concurrency }: Group): string => {
  if (run === "latency") return `Latency at ${count(rate)} notifications/s, ${server}`
  if (run === "memory") return `Memory, ${server}`
  if (run === "round-trip") return `Rate over a long way: ${server}, ${count(concurrency)} at a time`
  if (run === "delivery") return `Durable delivery: ${server}`
  return `Throughput, ${server}`
}

const columnsOf = { throughput, "round-trip": roundTrip, latency, memory, delivery }

/** Ratios first; the simulator, which measures itself, last. */
export const sections = (measurements: ReadonlyArray<Measurement>): ReadonlyArray<Section> => {
  const all = groups(measurements).map((group): Section => {
    const id = group.server === "simulator" ? "sanity" : group.run
    const rows = group.rows.filter((row) => row.unavailable === undefined || row.rounds > 0 || id === "throughput")
    return { id, title: titleOf(group), table: (draw) => draw(columnsOf[group.run], rows), rows: group.rows }
  })
  const nginx = measurements.filter(({ run, server }) => run === "throughput" && server === "nginx")
  const known = verdicts(nginx).filter(({ measured }) => measured !== undefined)
  const targets: Section = { id: "targets", title: "Ratios", table: (draw) => draw(verdictColumns, known), rows: [] }
  return [
    ...(known.length === 0 ? [] : [targets]),
    ...all.filter(({ id }) => id !== "sanity"),
    ...all.filter(({ id }) => id === "sanity")
  ]
}

/** What a reader of the tables must know: clients that did not run, and why notifications failed. */
export const remarks = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  rows.flatMap(({ label, unavailable, problems, failed }) => [
    ...(unavailable === undefined ? [] : [`${label}: ${unavailable.split("\n")[0]}`]),
    ...(failed === 0 ? [] : problems.map((problem) => `${label}, failed: ${problem.split("\n")[0]}`))
  ])

export const terminalReport = (measurements: ReadonlyArray<Measurement>): string =>
  sections(measurements)
    .map(({ title, table, rows }) => {
      const notes = remarks(rows).map((text) => `  ${text}`.slice(0, 80))
      return [title, "", table(textTable), ...notes].join("\n")
    })
    .join("\n\n")
