/** The processes of a run and its store. They start before the store is there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Scope } from "effect"
import type { Counts } from "../../../packages/bench/src/storm/ledger.ts"
import { type Child, start, TruthError } from "./children.ts"
import type { Kind, Place } from "./places.ts"
import type {
  Depth,
  FromProducer,
  FromServer,
  FromWorker,
  ProducerTask,
  ServerTask,
  Span,
  ToProducer,
  ToServer,
  WorkerTask
} from "./protocol.ts"

export interface CrewOptions {
  readonly seed: number
  /** All that will be enqueued. */
  readonly notifications: number
  readonly inFlight: number
  readonly leaseMillis: number
  readonly pageSize: number
}

/** What was done, and what was said of it. */
interface Evidence {
  readonly counts: Counts
  /** The files of the workers. */
  readonly outcomes: ReadonlyArray<string>
  readonly slowestEnd: number
}

export interface Crew extends Pick<Place, "leave" | "comeBack"> {
  /** How many requests the simulator has answered. */
  readonly received: () => number
  /** Stores a span, and returns those that may be stored or not. By key alone, it may be repeated. */
  readonly enqueue: (span: Span, byKey?: boolean) => Effect.Effect<ReadonlyArray<number>, TruthError>
  readonly depth: Effect.Effect<Depth, TruthError>
  /** Waits until the producer has stored so many pages since it was started. */
  readonly stored: (pages: number) => Effect.Effect<void>
  /** Ends the producer with SIGKILL, and starts another. */
  readonly replaceProducer: Effect.Effect<void>
  /** How many workers run. */
  readonly workers: number
  readonly signal: (worker: number, signal: NodeJS.Signals) => Effect.Effect<void>
  /** Asks a worker to end, and waits until it has. */
  readonly ask: (worker: number) => Effect.Effect<void, TruthError>
  /** Starts a worker in place of one that has ended. */
  readonly replace: (worker: number) => Effect.Effect<void, TruthError>
  /** What the processes printed last. */
  readonly printed: () => string
  /** Asks the workers to end, and collects the evidence. */
  readonly dismiss: Effect.Effect<Evidence, TruthError>
}

const workerCount = 2

/** How long a worker may take to end by itself. Its requests are bounded by their timeout of 10 seconds. */
const mostMillisToEnd = 30_000

const outcomeFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-outcomes-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

type WorkerProcess = Child<FromWorker>

export const assemble = Effect.fnUntraced(function* (
  kind: Kind,
  { inFlight, leaseMillis, notifications, pageSize, seed }: CrewOptions
): Effect.fn.Return<Crew, TruthError, Scope.Scope> {
  const scope = yield* Scope.Scope
  const folder = yield* outcomeFolder

  const serverTask: ServerTask = { notifications, seed }
  const server = yield* start<FromServer, ToServer>("the simulator", "./server.ts", serverTask)
  const ready = yield* server.next("ready")
  let received = 0
  server.listen((message) => {
    if (message._tag === "received") received = message.count
  })

  const { address, comeBack, leave } = yield* kind.open
  yield* leave

  let pages = 0
  const startProducer = Effect.gen(function* () {
    const task: ProducerTask = { store: address, pageSize }
    const started = yield* start<FromProducer, ToProducer>("the producer", "./producer.ts", task)
    pages = 0
    started.listen((message) => {
      if (message._tag === "page") pages++
    })
    return started
  }).pipe(Scope.provide(scope))
  let producer = yield* startProducer

  let count = 0
  const startWorker = Effect.suspend(() => {
    const number = count++
    const outcomes = join(folder, String(number))
    const task: WorkerTask = { store: address, leaseMillis, inFlight, server: ready, outcomes }
    return start<FromWorker>(`worker ${number}`, "./worker.ts", task)
  }).pipe(Scope.provide(scope))
  const workers: Array<WorkerProcess> = []
  for (let index = 0; index < workerCount; index++) workers.push(yield* startWorker)
  const worker = (index: number) => {
    const found = workers[index]
    return found === undefined ? Effect.die(new Error(`there is no worker ${index}`)) : Effect.succeed(found)
  }

  // They are asked to work without a store for a while.
  yield* Effect.forEach(workers, (each) => each.next("started"))
  yield* Effect.sleep("1 second")
  yield* comeBack
  yield* Effect.forEach(workers, (each) => each.next("working"))

  let slowestEnd = 0
  const end = Effect.fnUntraced(function* (child: WorkerProcess) {
    const began = performance.now()
    child.signal("SIGTERM")
    const { signal } = yield* child.exited.pipe(
      Effect.timeoutOrElse({
        duration: mostMillisToEnd,
        orElse: () => new TruthError({ message: `${child.name} does not end when it is asked to: ${child.printed}` })
      })
    )
    if (signal !== null) return yield* new TruthError({ message: `${child.name} was to end, and died of ${signal}` })
    slowestEnd = Math.max(slowestEnd, (performance.now() - began) / 1_000)
  })

  return {
    ...{ comeBack, leave, workers: workerCount },
    received: () => received,
    enqueue: (span, byKey = false) =>
      Effect.suspend(() => producer.ask({ _tag: "enqueue", byKey, ...span }, "enqueued")).pipe(
        Effect.map(({ doubtful }) => doubtful)
      ),
    depth: Effect.suspend(() => producer.ask({ _tag: "depth" }, "depth")),
    stored: (wanted) =>
      Effect.gen(function* () {
        while (pages < wanted) yield* Effect.sleep("1 milli")
      }),
    replaceProducer: Effect.gen(function* () {
      producer.signal("SIGKILL")
      yield* producer.exited
      producer = yield* startProducer
    }),
    signal: (index, name) => Effect.map(worker(index), (found) => found.signal(name)),
    ask: (index) => Effect.flatMap(worker(index), end),
    replace: (index) =>
      Effect.gen(function* () {
        const successor = yield* startWorker
        workers[index] = successor
        yield* successor.next("working")
      }),
    printed: () => [producer, ...workers].map((child) => `--- ${child.name}:\n${child.printed}`).join("\n"),
    dismiss: Effect.gen(function* () {
      // What a worker still has in hand, it sends before it ends.
      yield* Effect.forEach(workers, end, { concurrency: "unbounded" })
      const { counts } = yield* server.ask({ _tag: "account" }, "account")
      const outcomes = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"))
      return { counts, outcomes, slowestEnd }
    })
  }
})
