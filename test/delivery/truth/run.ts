/** A run: one store, one simulator, a producer and two workers; one span of notifications for each fault. */
import { Effect, type Scope } from "effect"
import { randomFrom } from "../../../packages/bench/src/storm/random.ts"
import { TruthError } from "./children.ts"
import { assemble } from "./crew.ts"
import type { Fault, Scene } from "./faults.ts"
import { judge, toldIn, type Verdict } from "./judge.ts"
import type { Kind } from "./places.ts"
import type { Span } from "./protocol.ts"

export interface RunOptions {
  readonly seed: number
  /** In this order. */
  readonly faults: ReadonlyArray<Fault>
  /** For each fault. */
  readonly notifications: number
  readonly rounds: number
  /** Notifications that the producer stores together. */
  readonly pageSize: number
  /** Notifications that each worker sends at once, at most. */
  readonly inFlight: number
  readonly leaseMillis: number
  readonly idleMillis: number
  /** How long the notifications of one fault may take to be delivered, idleness not counted. */
  readonly patienceMillis: number
}

/** What one fault did. */
export interface Row {
  readonly fault: string
  readonly seconds: number
  /** How many duplicates the fault excuses. */
  readonly excused: number
  readonly verdict: Verdict
}

export interface Report {
  readonly store: Kind["name"]
  readonly rows: ReadonlyArray<Row>
  /** Elements that ended as failed. */
  readonly failed: number
  /** Requests for notifications that nobody enqueued. */
  readonly strangers: number
  /** How long a worker that was asked to end took at most, in seconds. */
  readonly slowestEnd: number
}

export const run = Effect.fnUntraced(function* (
  kind: Kind,
  options: RunOptions,
  onRow: (store: string, fault: string, seconds: number) => void = () => {}
): Effect.fn.Return<Report, TruthError, Scope.Scope> {
  const { faults, idleMillis, inFlight, leaseMillis, notifications, pageSize, patienceMillis, rounds, seed } = options
  const random = randomFrom(seed)
  const crew = yield* assemble(kind, {
    ...{ seed, inFlight, leaseMillis, pageSize },
    notifications: notifications * faults.length
  })

  const sceneOf = (span: Span, doubtful: Set<number>): Scene => {
    const before = crew.received()
    return {
      ...crew,
      ...{ random, rounds, leaseMillis, idleMillis, hasOneWriter: kind.name === "SQLite" },
      pages: Math.ceil(notifications / pageSize),
      enqueue: Effect.map(crew.enqueue(span), (failed) => {
        for (const index of failed) doubtful.add(index)
      }),
      enqueueByKey: Effect.asVoid(crew.enqueue(span, true)),
      reached: (share) =>
        Effect.gen(function* () {
          while (crew.received() - before < share * (span.to - span.from)) yield* Effect.sleep("2 millis")
        })
    }
  }

  /** Waits until the queues are empty: nothing will be sent again then, but by a worker that was frozen. */
  const drained = Effect.gen(function* () {
    while ((yield* crew.depth).left > 0) yield* Effect.sleep("100 millis")
  })

  const stuck = (fault: string) =>
    Effect.gen(function* () {
      const { failed, left } = yield* crew.depth.pipe(
        Effect.timeoutOrElse({ duration: "2 seconds", orElse: () => Effect.succeed({ failed: NaN, left: NaN }) })
      )
      const message = `${kind.name}, ${fault}: ${left} elements are left, ${failed} failed, ${crew.received()} requests came.`
      return yield* new TruthError({ message: `${message}\n${crew.printed()}` })
    })

  const played: Array<Omit<Row, "verdict"> & { readonly span: Span; readonly doubtful: ReadonlySet<number> }> = []
  for (const [number, { name, play }] of faults.entries()) {
    const span = { from: number * notifications, to: (number + 1) * notifications }
    const doubtful = new Set<number>()
    const began = performance.now()
    const atRisk = yield* play(sceneOf(span, doubtful)).pipe(
      Effect.tap(() => drained),
      Effect.timeoutOrElse({ duration: patienceMillis + idleMillis, orElse: () => stuck(name) })
    )
    const seconds = (performance.now() - began) / 1_000
    played.push({ fault: name, seconds, excused: atRisk * inFlight, span, doubtful })
    onRow(kind.name, name, seconds)
  }

  const { failed } = yield* crew.depth
  const { counts, outcomes, slowestEnd } = yield* crew.dismiss
  const told = toldIn(outcomes)
  return {
    ...{ store: kind.name, failed, strangers: counts.strangers, slowestEnd },
    rows: played.map(({ doubtful, span, ...row }) => ({ ...row, verdict: judge(span, doubtful, counts, told) }))
  }
})

/** What a delivery that keeps its word has none of. */
export const broken = ({ failed, rows, store, strangers }: Report): ReadonlyArray<string> => [
  ...(failed === 0 ? [] : [`${store}: ${failed} elements failed`]),
  ...(strangers === 0 ? [] : [`${store}: ${strangers} requests for notifications that nobody enqueued`]),
  ...rows.flatMap(({ excused, fault, verdict: { duplicates, lost, mistold, untold } }) => [
    ...(lost === 0 ? [] : [`${store}, ${fault}: ${lost} lost`]),
    ...(untold === 0 ? [] : [`${store}, ${fault}: ${untold} without an outcome`]),
    ...(mistold === 0 ? [] : [`${store}, ${fault}: ${mistold} with a wrong outcome`]),
    ...(duplicates <= excused ? [] : [`${store}, ${fault}: ${duplicates} sent again, more than ${excused}`])
  ])
]
