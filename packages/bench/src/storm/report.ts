/** The storms' tables, no wider than 80 columns. */
import { type Column, textTable } from "../table.ts"
import type { Verdict } from "./judge.ts"
import { kinds } from "./kinds.ts"
import type { PeerReport } from "./peerStorm.ts"
import type { StormReport } from "./storm.ts"

interface Line {
  readonly name: string
  readonly values: ReadonlyArray<number>
}

const whole = (value: number) => value.toLocaleString("en-GB")

const tableOf = (title: string, heads: ReadonlyArray<string>, lines: ReadonlyArray<Line>) => {
  const columns: ReadonlyArray<Column<Line>> = [
    { name: title, align: "left", cell: ({ name }) => name },
    ...heads.map(
      (name, index): Column<Line> => ({ name, align: "right", cell: ({ values }) => whole(values[index] ?? 0) })
    )
  ]
  return textTable(columns, lines)
}

const settled: ReadonlyArray<readonly [keyof Verdict, string]> = [
  ["accepted", "accepted"],
  ["lost", "  and not processed by the server"],
  ["refused", "refused"],
  ["notRefused", "  and not refused by the server"],
  ["refusedProcessed", "  and processed by the server"],
  ["unsent", "unsent"],
  ["unsentProcessed", "  and processed by the server"],
  ["unknown", "unknown"],
  ["unknownProcessed", "  and processed by the server"],
  ["silent", "no result"],
  ["repeated", "results too many"],
  ["duplicates", "processed more than once"],
  ["wrongDuplicates", "  without an unknown attempt or leave to replay"]
]

/** What became of the notifications, a column for each storm. */
export const outcomeTable = (reports: ReadonlyArray<StormReport>): string =>
  tableOf(
    "notifications",
    reports.map(({ options }) => (options.replayUnknown ? "replay on" : "replay off")),
    [
      ...settled.map(([key, name]) => ({ name, values: reports.map(({ verdict }) => verdict[key]) })),
      { name: "streams above the server's limit", values: reports.map(({ excessStreams }) => excessStreams) },
      { name: "sent again after the storm", values: reports.map(({ homecoming }) => homecoming.resent) },
      { name: "never processed in the end", values: reports.map(({ homecoming }) => homecoming.lost) }
    ]
  )

/** What was done to them, a column for each storm. */
export const faultTable = (reports: ReadonlyArray<StormReport>): string =>
  tableOf(
    "faults",
    reports.map(({ options }) => (options.replayUnknown ? "replay on" : "replay off")),
    [
      ...[...kinds.keys()].map((kind) => ({ name: kind, values: reports.map(({ injected }) => injected[kind] ?? 0) })),
      { name: "in all", values: reports.map(({ injectedTotal }) => injectedTotal) }
    ]
  )

const peerRows: ReadonlyArray<readonly [string, (verdict: Verdict) => number]> = [
  ["accepted", ({ accepted }) => accepted],
  ["  and not processed by the server: lost", ({ lost }) => lost],
  ["refused", ({ refused }) => refused],
  ["failed, unsent or unknown", ({ failed, unknown, unsent }) => failed + unknown + unsent],
  [
    "  and processed by the server",
    ({ failedProcessed, unknownProcessed, unsentProcessed }) => failedProcessed + unknownProcessed + unsentProcessed
  ],
  ["processed more than once", ({ duplicates }) => duplicates]
]

/** The same storm for several clients, a column for each. */
export const peerTable = (ours: StormReport | undefined, peers: ReadonlyArray<PeerReport>): string => {
  const verdicts = [...(ours === undefined ? [] : [ours.verdict]), ...peers.map(({ verdict }) => verdict)]
  const numbers = (of: (peer: PeerReport) => number, own: (report: StormReport) => number) => [
    ...(ours === undefined ? [] : [own(ours)]),
    ...peers.map(of)
  ]
  const { notifications = 0 } = ours?.options ?? {}
  return tableOf(
    "notifications",
    [...(ours === undefined ? [] : ["effect-apns"]), ...peers.map(({ peer, version }) => `${peer} ${version}`)],
    [
      ...peerRows.map(([name, of]) => ({ name, values: verdicts.map(of) })),
      {
        name: "never settled",
        values: numbers(
          ({ handed, verdict }) => handed - (verdict.accepted + verdict.refused + verdict.failed),
          ({ verdict }) => verdict.silent
        )
      },
      {
        name: "handed to it until its time was over",
        values: numbers(
          ({ handed }) => handed,
          () => notifications
        )
      },
      {
        name: "errors no program could catch",
        values: numbers(
          ({ uncaught }) => uncaught,
          () => 0
        )
      },
      {
        name: "streams above the server's limit",
        values: numbers(
          ({ excessStreams }) => excessStreams,
          (report) => report.excessStreams
        )
      },
      {
        name: "connections",
        values: numbers(
          ({ connections }) => connections,
          (report) => report.connections
        )
      },
      {
        name: "faults",
        values: numbers(
          ({ injectedTotal }) => injectedTotal,
          (report) => report.injectedTotal
        )
      },
      {
        name: "seconds",
        values: numbers(
          ({ seconds }) => Math.round(seconds),
          ({ stormSeconds }) => Math.round(stormSeconds)
        )
      }
    ]
  )
}

/** The command line that repeats a storm. */
const command = ({ concurrency, faults, notifications, replayUnknown, seed, without }: StormReport["options"]) =>
  [
    `pnpm storm --seed ${seed} --notifications ${notifications} --faults ${faults} --concurrency ${concurrency}`,
    `--replay ${replayUnknown ? "on" : "off"}`,
    ...(without.length === 0 ? [] : [`--without "${without.join(",")}"`])
  ].join(" ")

/** How a storm went, in words. */
export const remarks = ({ broken, connections, options, outstanding, received, seconds }: StormReport): string => {
  const { replayUnknown, seed } = options
  return [
    `Seed ${seed}, replay ${replayUnknown ? "on" : "off"}: ${whole(received)} requests over ${whole(connections)} connections in ${Math.round(seconds)} s.`,
    ...(broken.length === 0
      ? ["Every promise was kept."]
      : [
          "Broken:",
          ...broken.map((text) => `- ${text}`),
          ...(outstanding.length === 0 ? [] : [`Without a result: ${outstanding.join(", ")}`]),
          command(options)
        ])
  ].join("\n")
}
