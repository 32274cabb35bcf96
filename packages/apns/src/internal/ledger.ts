/**
 * The numbers behind `Metrics`: plain cells that the hot path adds to, which Effect's registry reads when a snapshot is
 * taken. One ledger for a registry, so that several layers add up and do not replace each other's series.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Metric from "effect/Metric"
import type { ApnsError } from "../ApnsError.ts"
import * as Metrics from "../Metrics.ts"
import { rulesOf } from "../PushType.ts"
import type { Outcome } from "../ReasonTable.ts"
import type { SlowCause } from "./pace.ts"

/** What a logical connection has and does at this moment. */
export interface Census {
  readonly queued: number
  readonly inFlight: number
  readonly connecting: number
  readonly ready: number
  readonly draining: number
  readonly streamsAllowed: number
  readonly addressesAvoided: number
  /** Why less is sent than could be. */
  readonly slowed: Readonly<Record<SlowCause, boolean>>
}

type Attributes = Readonly<Record<string, string>>

/** Registers a series that is read when a snapshot is taken. */
const show = <Input, State>(
  context: Context.Context<never>,
  metric: Metric.Metric<Input, State>,
  attributes: Attributes,
  get: () => State
) =>
  Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, {
    get,
    update: constVoid,
    modify: constVoid
  })

/** The upper bounds of the histograms, in whole milliseconds; the last one is infinite. */
const bounds = Metrics.boundaries.map((seconds) => Math.round(seconds * 1000))

/** A histogram of milliseconds that tells of seconds. */
class Durations {
  private readonly counts = new Array<number>(bounds.length).fill(0)
  private sum = 0
  private min = Number.MAX_VALUE
  private max = -Number.MAX_VALUE

  add(given: number): void {
    // The clock may have been set back, and a connection that is not this package's own may not tell.
    const millis = Number.isNaN(given) ? 0 : Math.max(0, given)
    let bucket = 0
    while (millis > (bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += millis
    if (millis < this.min) this.min = millis
    if (millis > this.max) this.max = millis
  }

  state(): Metric.HistogramState {
    let count = 0
    const buckets = this.counts.map((own, index): [number, number] => {
      count += own
      return [(bounds[index] ?? Number.POSITIVE_INFINITY) / 1000, count]
    })
    const none = count === 0
    return {
      buckets,
      count,
      sum: this.sum / 1000,
      min: none ? this.min : this.min / 1000,
      max: none ? this.max : this.max / 1000
    }
  }
}

class Cell {
  count = 0
}

/** What became of the notifications of one topic and push type. */
class Row {
  readonly accepted: Cell
  private readonly failed = new Map<string, Cell>()
  private readonly open: (outcome: Outcome | "accepted", reason: string) => Cell

  constructor(open: (outcome: Outcome | "accepted", reason: string) => Cell) {
    this.open = open
    this.accepted = open("accepted", "none")
  }

  fail(outcome: Outcome, reason: string): void {
    const key = `${outcome} ${reason}`
    let cell = this.failed.get(key)
    if (cell === undefined) {
      cell = this.open(outcome, reason)
      this.failed.set(key, cell)
    }
    cell.count++
  }
}

/** The rows of one counter. */
class Table {
  private readonly context: Context.Context<never>
  private readonly metric: Metric.Counter<number>
  private readonly topics = new Map<string, Map<string, Row>>()

  constructor(context: Context.Context<never>, metric: Metric.Counter<number>) {
    this.context = context
    this.metric = metric
  }

  row(givenTopic: string, givenPushType: string | undefined): Row {
    const topic = this.topics.has(givenTopic) || this.topics.size < Metrics.maximumTopics ? givenTopic : "other"
    const pushType =
      givenPushType === undefined ? "none" : rulesOf(givenPushType) === undefined ? "other" : givenPushType
    let rows = this.topics.get(topic)
    if (rows === undefined) {
      rows = new Map()
      this.topics.set(topic, rows)
    }
    let row = rows.get(pushType)
    if (row === undefined) {
      row = new Row((outcome, reason) => {
        const cell = new Cell()
        const attributes = { outcome, reason, push_type: pushType, topic }
        show(this.context, this.metric, attributes, () => ({ count: cell.count, incremental: true }))
        return cell
      })
      rows.set(pushType, row)
    }
    return row
  }
}

/** What settles: counted for one `Apns`, in the table that all of them share. */
export class Tally {
  private readonly table: Table
  private readonly ledger: Ledger
  private readonly defaultTopic: string
  private lastTopic: string | undefined = undefined
  private lastPushType: string | undefined = undefined
  private last: Row | undefined = undefined

  constructor(ledger: Ledger, table: Table, defaultTopic: string | undefined) {
    this.ledger = ledger
    this.table = table
    this.defaultTopic = defaultTopic ?? "none"
  }

  /** An attempt was answered. */
  answered(queueMillis: number): void {
    this.ledger.queueWait.add(queueMillis)
  }

  accepted(fields: Readonly<Record<string, string>>, millis: number): void {
    this.row(fields["apns-topic"], fields["apns-push-type"]).accepted.count++
    this.ledger.durations.accepted.add(millis)
  }

  failed(fields: Readonly<Record<string, string>>, { outcome, reason }: ApnsError, millis: number): void {
    this.row(fields["apns-topic"], fields["apns-push-type"]).fail(outcome, reason._tag)
    this.ledger.durations[outcome].add(millis)
  }

  /** One that was held back, of which there is no request; it took no time. */
  held({ outcome, reason }: ApnsError, topic?: string, pushType?: string): void {
    this.row(topic, pushType).fail(outcome, reason._tag)
  }

  private row(topic: string | undefined, pushType: string | undefined): Row {
    const { last } = this
    if (last !== undefined && topic === this.lastTopic && pushType === this.lastPushType) return last
    this.lastTopic = topic
    this.lastPushType = pushType
    this.last = this.table.row(topic ?? this.defaultTopic, pushType)
    return this.last
  }
}

export class Ledger {
  readonly context: Context.Context<never>
  readonly queueWait = new Durations()
  readonly durations: Readonly<Record<Outcome | "accepted", Durations>>
  private readonly notifications: Table
  private readonly broadcasts: Table
  private readonly connections = new Map<string, Set<() => Census>>()
  private readonly tokenAges = new Set<() => number>()

  constructor(context: Context.Context<never>) {
    this.context = context
    this.notifications = new Table(context, Metrics.notifications)
    this.broadcasts = new Table(context, Metrics.broadcasts)
    const durations = (outcome: Outcome | "accepted") => {
      const kept = new Durations()
      show(context, Metrics.sendDuration, { outcome }, () => kept.state())
      return kept
    }
    this.durations = {
      accepted: durations("accepted"),
      refused: durations("refused"),
      unsent: durations("unsent"),
      unknown: durations("unknown")
    }
    show(context, Metrics.queueWait, {}, () => this.queueWait.state())
  }

  tallyNotifications(topic: string | undefined): Tally {
    return new Tally(this, this.notifications, topic)
  }

  tallyBroadcasts(topic: string | undefined): Tally {
    return new Tally(this, this.broadcasts, topic)
  }

  /** Counts an event of life cycles, which are rare. */
  count(metric: Metric.Counter<number>, attributes: Attributes): void {
    Metric.withAttributes(metric, attributes).updateUnsafe(1, this.context)
  }

  /** Shows a connection in the gauges of its server, until what it returns is called. */
  watchConnection(server: string, census: () => Census): () => void {
    return this.watch(this.connectionsTo(server), census, () => {
      const series = (metric: Metric.Gauge<number>, attributes: Attributes, pick: (census: Census) => number) =>
        show(this.context, metric, { server, ...attributes }, () => {
          let value = 0
          for (const each of this.connectionsTo(server)) value += pick(each())
          return { value }
        })
      return [
        series(Metrics.queued, {}, ({ queued }) => queued),
        series(Metrics.inFlight, {}, ({ inFlight }) => inFlight),
        series(Metrics.sessions, { state: "connecting" }, ({ connecting }) => connecting),
        series(Metrics.sessions, { state: "ready" }, ({ ready }) => ready),
        series(Metrics.sessions, { state: "draining" }, ({ draining }) => draining),
        series(Metrics.streamsAllowed, {}, ({ streamsAllowed }) => streamsAllowed),
        series(Metrics.addressesAvoided, {}, ({ addressesAvoided }) => addressesAvoided),
        series(Metrics.slowed, { cause: "badDeviceTokens" }, ({ slowed }) => Number(slowed.badDeviceTokens)),
        series(Metrics.slowed, { cause: "outage" }, ({ slowed }) => Number(slowed.outage))
      ]
    })
  }

  /** Shows the age of a provider token, until what it returns is called. */
  watchToken(ageMillis: () => number): () => void {
    return this.watch(this.tokenAges, ageMillis, () => [
      show(this.context, Metrics.providerTokenAge, {}, () => {
        let value = 0
        for (const age of this.tokenAges) value = Math.max(value, age() / 1000)
        return { value }
      })
    ])
  }

  private connectionsTo(server: string): Set<() => Census> {
    const known = this.connections.get(server)
    if (known !== undefined) return known
    const made = new Set<() => Census>()
    this.connections.set(server, made)
    return made
  }

  private readonly shown = new Map<Set<unknown>, ReadonlyArray<Metric.Registration>>()

  /** The first to be watched brings its series, the last one takes them away. */
  private watch<A>(watched: Set<A>, one: A, series: () => ReadonlyArray<Metric.Registration>): () => void {
    watched.add(one)
    if (watched.size === 1) this.shown.set(watched, series())
    return () => {
      if (!watched.delete(one) || watched.size > 0) return
      for (const registration of this.shown.get(watched) ?? []) registration.remove()
      this.shown.delete(watched)
    }
  }
}

const ledgers = new WeakMap<Metric.MetricRegistry, Map<string, Ledger>>()

/** The ledger of the registry in the context; one for each set of attributes that the context adds. */
export const ledgerOf: Effect.Effect<Ledger> = Effect.map(Effect.context<never>(), (context) => {
  const registry = Context.get(context, Metric.MetricRegistry)
  const attributes = Context.get(context, Metric.CurrentMetricAttributes)
  let known = ledgers.get(registry)
  if (known === undefined) {
    known = new Map()
    ledgers.set(registry, known)
  }
  const key = JSON.stringify(Object.entries(attributes).sort())
  let ledger = known.get(key)
  if (ledger === undefined) {
    // Not the whole context, which the ledger would keep alive.
    ledger = new Ledger(
      Context.make(Metric.MetricRegistry, registry).pipe(Context.add(Metric.CurrentMetricAttributes, attributes))
    )
    known.set(key, ledger)
  }
  return ledger
})
