/** One line of a diagnosis. */

/** `warned`: it works, and there is something to mend. `skipped`: it could not be looked at, or was not to be. */
export type Status = "passed" | "warned" | "failed" | "skipped"

/** What is looked at, and what the line is called. The names are part of `--json`, and so are the facts. */
export const labels = {
  node: "Node",
  credentials: "Credentials",
  permissions: "File mode",
  topic: "Topic",
  proxy: "Proxy",
  dns: "DNS",
  port: "Port",
  alternativePort: "Other port",
  managementPort: "Channels",
  tls: "TLS",
  http2: "HTTP/2",
  settings: "SETTINGS",
  roundTrip: "Round trip",
  clock: "Clock",
  probe: "Probe"
} as const

export type Name = keyof typeof labels

export type Facts = Readonly<Record<string, string | number | boolean | null | ReadonlyArray<string>>>

export interface Check {
  readonly check: Name
  readonly status: Status
  /** What was found, without a full stop. */
  readonly detail: string
  /** What to do about it. */
  readonly cure?: string | undefined
  readonly facts?: Facts | undefined
}

export const passed = (check: Name, detail: string, facts?: Facts): Check => ({
  check,
  status: "passed",
  detail,
  facts
})

export const warned = (check: Name, detail: string, cure: string, facts?: Facts): Check => ({
  check,
  status: "warned",
  detail,
  cure,
  facts
})

export const failed = (check: Name, detail: string, cure: string, facts?: Facts): Check => ({
  check,
  status: "failed",
  detail,
  cure,
  facts
})

export const skipped = (check: Name, detail: string): Check => ({ check, status: "skipped", detail })

/** The checks that have to wait until another one passes. */
export const skippedFor = (failure: Name, checks: ReadonlyArray<Name>): ReadonlyArray<Check> =>
  checks.map((check) => skipped(check, `not looked at, because of ${labels[failure]}`))

/** Milliseconds as they are read: tenths below ten, seconds from a thousand on. */
export const readable = (millis: number): string => {
  if (millis >= 1_000) return `${Math.round(millis / 100) / 10} s`
  return millis < 10 ? `${Math.round(millis * 10) / 10} ms` : `${Math.round(millis)} ms`
}

/** Milliseconds for a machine to read. */
export const rounded = (millis: number): number => Math.round(millis * 10) / 10
