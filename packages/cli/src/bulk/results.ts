/** What became of each row, as a line. Pure. */
import type { ApnsError, Receipt } from "effect-apns"
import type { Format } from "./output.ts"
import type { BadRow, RowNotification } from "./rows.ts"

const text = JSON.stringify

const plain = /^[\w.-]*$/

/** A field in CSV. */
const cell = (value: string): string =>
  plain.test(value) || !/[",\r\n]/.test(value) ? value : `"${value.replaceAll('"', '""')}"`

export const resultColumns = ["line", "device", "outcome", "apnsId", "reason", "detail", "since"]

export const deadColumns = ["device", "reason", "since"]

export const headingOf = (format: Format, columns: ReadonlyArray<string>): string =>
  format === "csv" ? `${columns.join(",")}\n` : ""

/** When APNs says the token died, in ISO 8601. */
export const sinceOf = ({ reason }: ApnsError): string =>
  "timestamp" in reason && reason.timestamp !== undefined
    ? new Date(reason.timestamp.epochMilliseconds).toISOString()
    : ""

/** The parts of a line, in the order of `resultColumns`; what is empty is left out in NDJSON. */
const lineOf = (
  format: Format,
  columns: ReadonlyArray<string>,
  line: number | undefined,
  cells: ReadonlyArray<string>
): string => {
  if (format === "csv") return `${line === undefined ? "" : `${line},`}${cells.map(cell).join(",")}\n`
  const names = line === undefined ? columns : columns.slice(1)
  const parts = cells.flatMap((value, at) => (value === "" ? [] : [`"${names[at]}":${text(value)}`]))
  return `{${line === undefined ? "" : `"line":${line},`}${parts.join(",")}}\n`
}

/** Most rows are accepted, and their device tokens are hexadecimal. */
export const acceptedLine = (format: Format, { device, line }: RowNotification, { apnsId }: Receipt): string =>
  format === "csv"
    ? `${line},${device},accepted,${cell(apnsId)},,,\n`
    : `{"line":${line},"device":"${device}","outcome":"accepted","apnsId":${text(apnsId)}}\n`

export const errorLine = (
  format: Format,
  { device, id, line }: RowNotification,
  outcome: string,
  error: ApnsError
): string =>
  lineOf(format, resultColumns, line, [device, outcome, id, error.reason._tag, error.reason.detail, sinceOf(error)])

export const badLine = (format: Format, { device, line, problem }: BadRow): string =>
  lineOf(format, resultColumns, line, [device, "invalid", "", "InvalidRow", problem, ""])

/** A row that was given up while it was under way. */
export const givenUpLine = (format: Format, { device, id, line }: RowNotification): string =>
  lineOf(format, resultColumns, line, [
    device,
    "unknown",
    id,
    "Interrupted",
    "it was given up before its answer came",
    ""
  ])

export const deadLine = (format: Format, { device }: RowNotification, error: ApnsError): string =>
  lineOf(format, deadColumns, undefined, [device, error.reason._tag, sinceOf(error)])
