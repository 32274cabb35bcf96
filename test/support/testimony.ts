/** Everything a program can print of what the library hands it, and a search for what must not be in it. */
import { inspect } from "node:util"
import { Cause, Exit, type Metric, type Tracer } from "effect"
import type { LogLine } from "./observed.ts"

/** A cycle is no secret. */
const json = (value: unknown): string => {
  const seen = new Set<unknown>()
  const text = JSON.stringify(value, (_, part) => {
    if (typeof part === "bigint") return String(part)
    if (typeof part !== "object" || part === null) return part
    if (seen.has(part)) return "<seen>"
    seen.add(part)
    return part
  })
  return text ?? ""
}

const deep = (value: unknown) => inspect(value, { depth: null, showHidden: true, getters: true, maxStringLength: null })

/** A value in every form in which it can reach a log. */
export const renderings = (value: unknown): ReadonlyArray<string> => [
  String(value),
  deep(value),
  json(value),
  Cause.pretty(Cause.fail(value)),
  ...(value instanceof Error ? [value.message, value.stack ?? "", json(Object.getOwnPropertyDescriptors(value))] : [])
]

/** What was printed, and where it came from. */
export interface Printed {
  readonly source: string
  readonly text: string
}

export const testimony = () => {
  const printed: Array<Printed> = []
  const print = (source: string, value: unknown) => {
    for (const text of renderings(value)) printed.push({ source, text })
  }
  /** What the watchers of the program have seen. */
  const hear = (watched: {
    readonly lines: ReadonlyArray<LogLine>
    readonly spans: ReadonlyArray<Tracer.NativeSpan>
    readonly snapshot: () => ReadonlyArray<Metric.Metric.Snapshot>
  }) => {
    for (const line of watched.lines) print("log", line)
    for (const { attributes, events, name, status } of watched.spans) {
      print("span", { name, attributes: [...attributes], events })
      if (status._tag !== "Ended") continue
      print("span", status.exit)
      if (Exit.isFailure(status.exit)) printed.push({ source: "span", text: Cause.pretty(status.exit.cause) })
    }
    for (const { attributes, description, id, state } of watched.snapshot()) {
      print("metric", [id, description, attributes, state])
    }
  }
  return { printed, print, hear }
}

/** A secret, by what it is. */
export interface Secret {
  readonly what: string
  readonly text: string
}

/** The lines of a PEM text that hold what it is about. */
export const pemSecrets = (what: string, pem: string): ReadonlyArray<Secret> =>
  pem
    .split(/\r?\n/)
    .filter((line) => line.length >= 16 && !line.includes("-----"))
    .map((text) => ({ what, text }))

/** A secret in the forms in which it travels: as it is, in a URL, in base64. */
export const forms = (what: string, text: string): ReadonlyArray<Secret> => [
  { what, text },
  { what, text: encodeURIComponent(text) },
  { what, text: Buffer.from(text).toString("base64").replace(/=+$/, "") }
]

/** What is found of secrets, with what stands before it; whatever the case of the letters. */
export const leaks = (printed: ReadonlyArray<Printed>, secrets: ReadonlyArray<Secret>): ReadonlyArray<string> => {
  const small = secrets.map(({ text, what }) => ({ what, text: text.toLowerCase() }))
  const found = new Set<string>()
  for (const { source, text } of printed) {
    const lower = text.toLowerCase()
    for (const secret of small) {
      const at = lower.indexOf(secret.text)
      if (at >= 0) found.add(`${secret.what} in ${source}: ${text.slice(Math.max(0, at - 200), at)}…`)
    }
  }
  return [...found]
}
