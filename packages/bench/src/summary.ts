/** From measurements to rows: medians, spreads and ratios. Pure. */
import { isUnavailable, type Latency, type Measured } from "./contract.ts"
import type { Measurement } from "./measurement.ts"
import { ratio, type Spread, spread } from "./statistics.ts"

/** One client's rounds of one kind. */
export interface Row {
  readonly client: string
  readonly label: string
  readonly kind: Measurement["kind"]
  readonly rounds: number
  readonly perSecond: Spread | undefined
  readonly cpuMicros: Spread | undefined
  readonly peakRssBytes: number | undefined
  readonly sent: number
  readonly failed: number
  readonly connections: number | undefined
  /** Notifications that it was given to have under way at a time. */
  readonly concurrency: number
  readonly toH2load: Spread | undefined
  readonly toNodeHttp2: Spread | undefined
  readonly latency: Latency | undefined
  readonly rss: Measured["rss"]
  readonly enqueue: { readonly perSecond: Spread; readonly cpuMicros: Spread } | undefined
  readonly problems: ReadonlyArray<string>
  readonly unavailable: string | undefined
}

const most = (values: ReadonlyArray<number>): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values)

const total = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0)

const measured = ({ outcome }: Measurement): Measured | undefined => (isUnavailable(outcome) ? undefined : outcome)

/** Accepted notifications count; those that failed took time and are reported beside. */
const rateOf = (measurement: Measurement): number | undefined => {
  const outcome = measured(measurement)
  return outcome === undefined || outcome.accepted === 0 ? undefined : outcome.accepted / outcome.seconds
}

const ratesByRound = (measurements: ReadonlyArray<Measurement>, client: string): ReadonlyArray<number | undefined> => {
  const rates: Array<number | undefined> = []
  for (const measurement of measurements) {
    if (measurement.client === client) rates[measurement.round] = rateOf(measurement)
  }
  return Array.from(rates)
}

const defined = <A>(values: ReadonlyArray<A | null | undefined>): ReadonlyArray<A> =>
  values.flatMap((value) => (value === null || value === undefined ? [] : [value]))

const medianLatency = (latencies: ReadonlyArray<Latency>): Latency | undefined => {
  const of = (name: keyof Latency) => spread(latencies.map((latency) => latency[name]))?.median ?? Number.NaN
  return latencies.length === 0 ? undefined : { p50: of("p50"), p90: of("p90"), p99: of("p99"), max: of("max") }
}

const enqueueOf = (outcomes: ReadonlyArray<Measured>): Row["enqueue"] => {
  const found = defined(outcomes.map(({ enqueue }) => enqueue))
  const perSecond = spread(found.map((each) => each.perSecond))
  const cpuMicros = spread(found.map((each) => each.cpuMicros))
  return perSecond === undefined || cpuMicros === undefined ? undefined : { perSecond, cpuMicros }
}

/** The rows of measurements that belong together, in the order in which the clients first ran. */
export const rows = (measurements: ReadonlyArray<Measurement>): ReadonlyArray<Row> => {
  const h2load = ratesByRound(measurements, "h2load")
  const nodeHttp2 = ratesByRound(measurements, "node-http2")
  const clients = new Map(measurements.map((measurement) => [measurement.client, measurement]))
  return Array.from(clients.values(), ({ client, label, kind }): Row => {
    const own = measurements.filter((measurement) => measurement.client === client)
    const outcomes = defined(own.map(measured))
    const rates = ratesByRound(measurements, client)
    return {
      client,
      label,
      kind,
      rounds: outcomes.length,
      perSecond: spread(defined(rates)),
      cpuMicros: spread(
        outcomes.flatMap(({ cpuMicros, sent }) => (cpuMicros === null || sent === 0 ? [] : [cpuMicros / sent]))
      ),
      peakRssBytes: most(defined(outcomes.map(({ peakRssBytes }) => peakRssBytes))),
      sent: total(outcomes.map(({ sent }) => sent)),
      failed: total(outcomes.map(({ failed }) => failed)),
      connections: most(defined(own.map(({ connections }) => connections))),
      concurrency: most(own.map(({ concurrency }) => concurrency)) ?? 0,
      toH2load: ratio(rates, h2load),
      toNodeHttp2: ratio(rates, nodeHttp2),
      latency: medianLatency(defined(outcomes.map(({ latencyMicros }) => latencyMicros))),
      rss: outcomes.at(-1)?.rss ?? null,
      enqueue: enqueueOf(outcomes),
      problems: [...new Set(outcomes.flatMap(({ problems }) => problems ?? []))].slice(0, 3),
      unavailable: own.map(({ outcome }) => outcome).find(isUnavailable)?.unavailable
    }
  })
}

/** Measurements that belong together, with what they have in common. */
export interface Group {
  readonly run: Measurement["run"]
  readonly server: string
  readonly rate: number
  readonly concurrency: number
  readonly rows: ReadonlyArray<Row>
}

/** In the order of the runs. A client with a smaller window of its own stays with the others. */
export const groups = (measurements: ReadonlyArray<Measurement>): ReadonlyArray<Group> => {
  const together = new Map<string, Array<Measurement>>()
  for (const measurement of measurements) {
    const { run, server, rate, concurrency } = measurement
    const key = JSON.stringify([run, server, rate, run === "round-trip" ? concurrency : 0])
    together.set(key, [...(together.get(key) ?? []), measurement])
  }
  return Array.from(together.values(), (own) => {
    const { run, server, rate } = own[0] as Measurement
    return { run, server, rate, concurrency: most(own.map(({ concurrency }) => concurrency)) ?? 0, rows: rows(own) }
  })
}

/** The resident set after the first tenth of the notifications, its most after that, and V8's share in the difference. */
export interface Growth {
  readonly from: number
  readonly to: number
  /** How much the young generation grew. */
  readonly young: number | undefined
}

export const growth = (rss: Row["rss"]): Growth | undefined => {
  const samples = rss ?? []
  const all = samples.at(-1)?.sent ?? 0
  const [from, ...after] = samples.filter(({ sent }) => sent >= all / 10)
  if (from === undefined) return undefined
  const to = after.reduce((most, sample) => (sample.bytes > most.bytes ? sample : most), from)
  const young =
    to.youngBytes === undefined || from.youngBytes === undefined ? undefined : to.youngBytes - from.youngBytes
  return { from: from.bytes, to: to.bytes, young }
}
