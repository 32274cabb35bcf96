/**
 * What a benchmarked client is: a program that takes one JSON argument, sends notifications, and prints one line of JSON.
 * Any language can fulfil it; README.md describes it for their authors.
 */

/** The last argument of the command line. */
export interface Job {
  /** `https://host:port`; notifications are POSTed to `/3/device/<token>`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Path of the certificate authority to trust, PEM. `NODE_EXTRA_CA_CERTS` and `SSL_CERT_FILE` name it, too. */
  readonly ca: string
  readonly mode: "throughput" | "rate" | "memory"
  /** Notifications to measure. */
  readonly count: number
  /** Notifications to send before the measured ones, on the same connection. */
  readonly warmup: number
  /** Notifications under way at a time, at most. */
  readonly concurrency: number
  /** Notifications per second, in the mode `rate`: sent at their time, whether or not earlier ones were answered. */
  readonly rate: number
  readonly credentials: Credentials
  readonly topic: string
  /** Tells apart the ways to use one client. */
  readonly variant: string
}

export interface Credentials {
  readonly teamId: string
  readonly keyId: string
  /** Path of the `.p8` file. */
  readonly privateKeyFile: string
}

/** Microseconds from the time an accepted notification was due to its answer. */
export interface Latency {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface MemorySample {
  readonly sent: number
  readonly bytes: number
  readonly youngBytes?: number | undefined
}

/** What a client prints: a measurement, or why there is none. What it cannot measure is `null`. */
export interface Measured {
  readonly sent: number
  readonly accepted: number
  readonly failed: number
  readonly seconds: number
  /** User and system time of the process, over `seconds`. */
  readonly cpuMicros: number | null
  readonly peakRssBytes: number | null
  readonly latencyMicros?: Latency | null
  /** Of durable delivery: how fast the notifications were given to the queue, and what each cost. */
  readonly enqueue?: { readonly perSecond: number; readonly cpuMicros: number } | null
  /** In the mode `memory`: resident set after so many notifications, and the young generation of V8 in it. */
  readonly rss?: ReadonlyArray<MemorySample> | null
  /** The first few different failures. */
  readonly problems?: ReadonlyArray<string> | null
  readonly version?: string | null
}

export interface Unavailable {
  readonly unavailable: string
}

export type Outcome = Measured | Unavailable

export const isUnavailable = (outcome: Outcome): outcome is Unavailable => "unavailable" in outcome

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

/** Reads what a client printed: the last line that is a JSON object, whatever it said before. */
export const readOutcome = (output: string): Outcome => {
  const line = output
    .split("\n")
    .map((text) => text.trim())
    .findLast((text) => text.startsWith("{") && text.endsWith("}"))
  if (line === undefined) return { unavailable: "it printed no line of JSON" }
  let value: Record<string, unknown>
  try {
    value = JSON.parse(line)
  } catch {
    return { unavailable: "its last line is not JSON" }
  }
  if (typeof value.unavailable === "string") return { unavailable: value.unavailable }
  for (const name of ["sent", "accepted", "failed", "seconds"]) {
    if (!isNumber(value[name])) return { unavailable: `its line of JSON has no number "${name}"` }
  }
  return {
    ...(value as unknown as Measured),
    cpuMicros: isNumber(value.cpuMicros) ? value.cpuMicros : null,
    peakRssBytes: isNumber(value.peakRssBytes) ? value.peakRssBytes : null
  }
}
