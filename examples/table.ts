/** Prints what became of notifications, for a terminal of 80 columns. */
import { styleText } from "node:util"
import { Result, Schema } from "effect"
import type { ApnsError, Notification, ReasonTable, Receipt } from "effect-apns"

/** A line of the table; all of it is text, so that it can be kept. */
export const Row = Schema.Struct({
  token: Schema.String,
  type: Schema.String,
  outcome: Schema.String,
  reason: Schema.String,
  todo: Schema.String,
  attempts: Schema.String,
  time: Schema.String,
  /** Why it was not accepted; empty when it was. */
  message: Schema.String
})
export type Row = typeof Row.Type

const todo: Record<ReasonTable.Action, string> = {
  retry: "retry",
  retryLater: "retry later",
  dropToken: "drop token",
  fixConfig: "fix request",
  renewToken: "renew token",
  reconnect: "reconnect"
}

const shortened = (token: string) =>
  token.length <= 12 ? `${token.slice(0, 4)}…` : `${token.slice(0, 4)}…${token.slice(-4)}`

export const describe = (
  { device, pushType }: Notification.Notification,
  result: Result.Result<Receipt, ApnsError>,
  millis: number
): Row => {
  const token = shortened(device)
  const time = `${Math.round(millis)} ms`
  if (Result.isSuccess(result)) {
    const attempts = String(result.success.attempts)
    return { token, type: pushType ?? "", outcome: "accepted", reason: "", todo: "", attempts, time, message: "" }
  }
  const error = result.failure
  return {
    token,
    type: pushType ?? "",
    outcome: error.outcome,
    reason: error.reason._tag,
    todo: todo[error.action],
    attempts: String(error.attempts ?? 0),
    time,
    message: error.message
  }
}

/** The line of one whose time had passed before it was its turn. */
export const late = ({ device, pushType }: Notification.Notification): Row => ({
  token: shortened(device),
  type: pushType ?? "",
  outcome: "unsent",
  reason: "Expired",
  todo: "",
  attempts: "0",
  time: "",
  message: "Expired: its time had passed before it was its turn."
})

const columns = [
  ["TOKEN", "token", 9],
  ["TYPE", "type", 10],
  ["OUTCOME", "outcome", 8],
  ["REASON", "reason", 22],
  ["WHAT TO DO", "todo", 11],
  ["TRIES", "attempts", -5],
  ["TIME", "time", -7]
] as const

const cell = (text: string, width: number) => (width < 0 ? text.padStart(-width) : text.padEnd(width))

const colour = { accepted: "green", refused: "red", unsent: "yellow", unknown: "magenta" } as const

const line = (row: Row) => {
  const text = columns.map(([, key, width]) => cell(row[key], width)).join(" ")
  const [before, after] = [text.slice(0, 21), text.slice(29)]
  return before + styleText(colour[row.outcome as keyof typeof colour], text.slice(21, 29)) + after
}

export const table = (rows: ReadonlyArray<Row>): string =>
  [styleText("bold", columns.map(([title, , width]) => cell(title, width)).join(" ")), ...rows.map(line)].join("\n")

const wrap = (text: string, width: number, indent: string) => {
  const lines = [""]
  for (const word of text.split(" ")) {
    const last = lines.length - 1
    if (`${lines[last]} ${word}`.length > width && lines[last] !== "") lines.push(word)
    else lines[last] = lines[last] === "" ? word : `${lines[last]} ${word}`
  }
  return lines.join(`\n${indent}`)
}

/** Why one was not accepted, in full. */
export const note = ({ token, message }: Row): string => `  ${token.padEnd(9)}  ${wrap(message, 66, " ".repeat(13))}`
