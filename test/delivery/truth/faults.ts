/** What is done to the processes of a run while they work. */
import { Effect, Fiber, type Scope } from "effect"
import type { TruthError } from "./children.ts"
import type { Crew } from "./crew.ts"

/** The processes of a run, and a span of notifications that they are to deliver. */
export interface Scene extends Omit<Crew, "enqueue" | "depth" | "dismiss"> {
  /** Numbers from 0 to 1 that the seed decides. */
  readonly random: () => number
  /** How often workers are killed, or asked to end. */
  readonly rounds: number
  readonly leaseMillis: number
  readonly idleMillis: number
  /** Writing to this store locks out every other process: a frozen one may hold them all up. */
  readonly hasOneWriter: boolean
  /** How many pages the span is stored in. */
  readonly pages: number
  /** Stores the span. */
  readonly enqueue: Effect.Effect<void, TruthError>
  /** Stores the span so that it may be repeated. */
  readonly enqueueByKey: Effect.Effect<void, TruthError>
  /** Waits until that share of the span has arrived at the server. */
  readonly reached: (share: number) => Effect.Effect<void>
}

export interface Fault {
  readonly name: string
  /** Delivers the span, and returns from how many workers their notifications in flight may be sent again. */
  readonly play: (scene: Scene) => Effect.Effect<number, TruthError, Scope.Scope>
}

/** Does something to the workers while the span is stored and sent. */
const meanwhile = (
  { enqueue }: Scene,
  play: Effect.Effect<number, TruthError, Scope.Scope>
): Effect.Effect<number, TruthError, Scope.Scope> =>
  Effect.map(Effect.all([enqueue, play], { concurrency: 2 }), ([, atRisk]) => atRisk)

/** Moments in the span, early enough that there is work left. */
const moments = ({ random, rounds }: Scene): ReadonlyArray<number> =>
  Array.from({ length: rounds }, () => 0.05 + 0.75 * random()).sort((a, b) => a - b)

const someone = ({ random, workers }: Scene): number => Math.floor(random() * workers)

/** Longer than a lease, which SQL stores measure in whole seconds. */
const beyondLease = ({ leaseMillis }: Scene): number => leaseMillis + 2_000

const none: Fault = { name: "none", play: (scene) => Effect.as(scene.enqueue, 0) }

const killed: Fault = {
  name: "kill -9",
  play: (scene) =>
    meanwhile(
      scene,
      Effect.gen(function* () {
        for (const moment of moments(scene)) {
          yield* scene.reached(moment)
          const worker = someone(scene)
          yield* scene.signal(worker, "SIGKILL")
          yield* scene.replace(worker)
        }
        return scene.rounds
      })
    )
}

const asked: Fault = {
  name: "SIGTERM",
  play: (scene) =>
    meanwhile(
      scene,
      Effect.gen(function* () {
        for (const moment of moments(scene)) {
          yield* scene.reached(moment)
          const worker = someone(scene)
          yield* scene.ask(worker)
          yield* scene.replace(worker)
        }
        return 0
      })
    )
}

const frozen: Fault = {
  name: "frozen",
  play: (scene) =>
    meanwhile(
      scene,
      Effect.gen(function* () {
        yield* scene.reached(0.1 + 0.4 * scene.random())
        const worker = someone(scene)
        yield* scene.signal(worker, "SIGSTOP")
        yield* Effect.sleep(beyondLease(scene))
        yield* scene.signal(worker, "SIGCONT")
        return scene.hasOneWriter ? scene.workers : 1
      })
    )
}

const storeAway: Fault = {
  name: "store away",
  play: (scene) =>
    meanwhile(
      scene,
      Effect.gen(function* () {
        yield* scene.reached(0.1 + 0.4 * scene.random())
        yield* scene.leave
        yield* Effect.sleep(beyondLease(scene))
        yield* scene.comeBack
        return scene.workers
      })
    )
}

/** Whoever gives the notifications dies half-way, and another gives them again under the same keys. */
const producerKilled: Fault = {
  name: "producer killed",
  play: (scene) =>
    Effect.gen(function* () {
      const first = yield* Effect.forkChild(Effect.ignore(scene.enqueueByKey))
      yield* scene.stored(Math.floor(scene.random() * (scene.pages / 2)))
      yield* scene.replaceProducer
      yield* Fiber.interrupt(first)
      yield* scene.enqueueByKey
      return 0
    })
}

/** Nothing comes for a while, then work does. */
const idle: Fault = {
  name: "idle",
  play: (scene) => Effect.as(Effect.andThen(Effect.sleep(scene.idleMillis), scene.enqueue), 0)
}

/** The first finds the workers waiting for the store: `crew.ts` starts them before it is there. */
export const faults: ReadonlyArray<Fault> = [
  { ...none, name: "worker first" },
  none,
  asked,
  killed,
  frozen,
  storeAway,
  producerKilled,
  idle
]
