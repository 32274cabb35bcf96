/** The live view: what happens in a simulator, followed once, and told to every reader as server-sent events. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { LiveEvent } from "../../ControlModel.ts"
import type { Simulator } from "../../Simulator.ts"
import type { SimulatorEvent } from "../../SimulatorEvent.ts"
import { Journal } from "./journal.ts"
import { Replays } from "./replays.ts"
import { Counter } from "./stats.ts"
import { summaryOf } from "./summary.ts"

/** Requests an event carries at most, and how long the next event waits: a page cannot show more. */
const maxItems = 300
const pauseMillis = 100
const heartbeatMillis = 15_000

type Service = Simulator["Service"]

/** What the views of one simulator share. */
export class Live {
  readonly journal = new Journal()
  readonly counter = new Counter()
  readonly replays = new Replays()
  readers = 0

  note(event: SimulatorEvent, now: number): void {
    switch (event._tag) {
      case "received":
        this.counter.received(event.received, now)
        this.journal.add({ _tag: "received", id: event.received.id })
        break
      case "updated":
        this.counter.updated(event.received, now)
        this.journal.add({ _tag: "received", id: event.received.id })
        break
      case "cleared":
        this.counter.clear()
        this.journal.add({ _tag: "cleared" })
        break
      case "gap":
        this.journal.add({ _tag: "missed", count: event.missed })
        break
      case "connectionOpened":
      case "connectionChanged":
      case "connectionClosed":
      case "goAway":
        this.journal.add({ _tag: "changed", what: "connections" })
        break
      case "deviceChanged":
      case "deviceForgotten":
      case "devicesCleared":
        this.journal.add({ _tag: "changed", what: "devices" })
        break
      case "channelChanged":
      case "channelsCleared":
      case "capabilityChanged":
        this.journal.add({ _tag: "changed", what: "channels" })
        break
      case "scenarioChanged":
      case "scenarioRemoved":
        this.journal.add({ _tag: "changed", what: "scenarios" })
        break
      case "clockChanged":
        this.journal.add({ _tag: "changed", what: "clock" })
        break
      case "started":
        break
    }
  }
}

/** Follows a simulator until the scope closes. */
export const follow = Effect.fnUntraced(function* (simulator: Service) {
  const live = new Live()
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  yield* Effect.forkScoped(
    Stream.runForEachArray(simulator.events, (events) =>
      Effect.sync(() => {
        for (const event of events) live.note(event, now())
      })
    ).pipe(Effect.ignoreCause({ log: "Error" }))
  )
  let told = now()
  const tellSeconds = Effect.sync(() => {
    const until = now()
    for (const second of live.counter.ended(told - 1_000, until)) {
      if (second.time + 1_000 > told) live.journal.add({ _tag: "stats", second })
    }
    told = until
  })
  yield* Effect.forkScoped(Effect.forever(Effect.delay(tellSeconds, 1_000)))
  return live
})

const frame = (event: LiveEvent, id: string): string => `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`

/** The events after `position`, as text; "" for none. */
const digest = Effect.fnUntraced(function* (simulator: Service, live: Live, position: number | undefined) {
  const read = live.journal.read(position, maxItems)
  const id = live.journal.encode(read.position)
  const found = yield* Effect.forEach(read.ids, (one) => simulator.inbox.get(one))
  const items = found.flatMap((one) => (one === undefined ? [] : [summaryOf(one, live.replays.originalOf(one.id))]))
  const events: Array<LiveEvent> = []
  if (read.cleared) events.push({ _tag: "cleared" })
  if (read.skipped !== undefined) {
    events.push(read.skipped === "unknown" ? { _tag: "gap" } : { _tag: "gap", skipped: read.skipped })
  }
  if (items.length > 0) events.push({ _tag: "received", items })
  if (read.what.length > 0) events.push({ _tag: "changed", what: read.what })
  for (const second of read.seconds) events.push({ _tag: "stats", second })
  // Only the last event ends the digest: a reader cut off before it is told all of it again.
  const before = live.journal.encode(position ?? read.position)
  const text = events.map((event, index) => frame(event, index === events.length - 1 ? id : before)).join("")
  return { text, position: read.position }
})

const waitAfter = (journal: Journal, position: number) =>
  Effect.callback<void>((resume) => {
    const stop = journal.whenAfter(position, () => resume(Effect.void))
    return Effect.sync(stop)
  })

/**
 * The event stream of one reader. Nothing is kept for it but its position: what it has not read when it comes back is read from
 * the journal, or is a gap.
 */
export const eventStream = (
  simulator: Service,
  live: Live,
  version: string,
  lastEventId: string | undefined
): Stream.Stream<string> => {
  const start = live.journal.position
  const resumed = lastEventId === undefined ? start : live.journal.decode(lastEventId)
  const hello: LiveEvent = { _tag: "hello", version, position: live.journal.encode(resumed ?? start) }
  const rest = Stream.unfold({ position: resumed, pause: 0 }, ({ position, pause }) =>
    Effect.gen(function* () {
      yield* Effect.sleep(pause)
      if (position !== undefined) {
        const more = yield* Effect.timeoutOption(waitAfter(live.journal, position), heartbeatMillis)
        if (Option.isNone(more)) return [": still here\n\n", { position, pause: 0 }] as const
      }
      const read = yield* digest(simulator, live, position)
      return [read.text, { position: read.position, pause: pauseMillis }] as const
    })
  )
  const counted = Effect.acquireRelease(
    Effect.sync(() => live.readers++),
    () => Effect.sync(() => live.readers--)
  )
  return Stream.unwrap(
    Effect.as(
      counted,
      Stream.concat(
        Stream.make(`retry: 1000\n\n${frame(hello, live.journal.encode(resumed ?? start))}`),
        Stream.filter(rest, (text) => text !== "")
      )
    )
  )
}
