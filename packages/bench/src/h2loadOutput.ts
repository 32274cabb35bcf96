/** Reads what h2load and GNU time print. */
import { readFileSync } from "node:fs"
import type { Outcome } from "./contract.ts"

const unitSeconds: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }

const seconds = (match: RegExpExecArray | null): number =>
  match === null ? 0 : Number(match[1]) * (unitSeconds[match[2] ?? ""] ?? Number.NaN)

export const readH2load = (output: string): Outcome => {
  const finished = /finished in ([\d.]+)(us|ms|s|m),/.exec(output)
  const requests = /requests: .*, (\d+) succeeded, (\d+) failed/.exec(output)
  const codes = /status codes: (\d+) 2xx/.exec(output)
  if (finished === null || requests === null || codes === null) return { unavailable: "h2load's output is not known" }
  const accepted = Number(codes[1])
  // Its clock starts before the connection is there; the other clients' does not. The third figure is the mean.
  const connecting = /time for connect:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s|m)\s/.exec(output)
  const sent = Number(requests[1]) + Number(requests[2])
  return {
    sent,
    accepted,
    failed: sent - accepted,
    seconds: seconds(finished) - seconds(connecting),
    cpuMicros: null,
    peakRssBytes: null
  }
}

/** The line that `time -f "%U %S %M"` left in a file: seconds, seconds, kilobytes. */
export const readTime = (file: string) => {
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(file, "utf8").trim().split(" ").map(Number)
  return { cpuMicros: Math.round((user + system) * 1_000_000), peakRssBytes: kilobytes * 1_024 }
}
