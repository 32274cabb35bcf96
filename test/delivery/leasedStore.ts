/**
 * A store in memory that several workers share, each as a process of its own: with leases, claims that are fenced, and all
 * that can happen to a process or to the store. It behaves as the SQL and Redis stores do (effect/persistence).
 */
import { Cause, Clock, Duration, Effect, Layer } from "effect"
import { PersistedQueue } from "effect/persistence"

export const lease = Duration.seconds(30)
const poll = Duration.millis(250)

type State = "pending" | "processing" | "completed" | "failed"

interface Entry {
  readonly id: string
  readonly element: unknown
  state: State
  attempts: number
  visibleAtMillis: number
  claim: Claim | undefined
}

class Claim {
  readonly owner: Process
  /** Its settlement was given up. */
  isAbandoned = false
  constructor(owner: Process) {
    this.owner = owner
  }
}

/** What happens to a process. */
class Process {
  /** Since when it renews no lease. */
  silentSinceMillis: number | undefined
  isDead = false
}

const unavailable = new PersistedQueue.PersistedQueueError({ message: "The store is down" })

export const leasedStore = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const queues = new Map<string, Map<string, Entry>>()
  let isDown = false
  /** Ids of what was offered, duplicates included. */
  const offered: Array<string> = []

  const queueOf = (name: string) => {
    const known = queues.get(name)
    if (known !== undefined) return known
    const queue = new Map<string, Entry>()
    queues.set(name, queue)
    return queue
  }

  const isLapsed = ({ claim }: Entry) => {
    const since = claim?.owner.silentSinceMillis
    return claim?.isAbandoned || (since !== undefined && now() >= since + Duration.toMillis(lease))
  }

  const claimable = (entry: Entry, maxAttempts: number): boolean => {
    if (entry.state === "processing") {
      if (!isLapsed(entry)) return false
      if (entry.attempts < maxAttempts) return true
      entry.state = "failed"
      return false
    }
    return entry.state === "pending" && entry.visibleAtMillis <= now()
  }

  /** Retried until the lease has run out, and then a defect: as the stores of effect/persistence. */
  const settle = (owner: Process, entry: Entry, claim: Claim, change: Effect.Effect<void>): Effect.Effect<void> =>
    Effect.gen(function* () {
      const until = now() + Duration.toMillis(lease)
      while (isDown && !owner.isDead) {
        if (now() >= until) {
          claim.isAbandoned = true
          return yield* Effect.die(unavailable)
        }
        yield* Effect.sleep("1 second")
      }
      if (!owner.isDead && entry.claim === claim && entry.state === "processing") yield* change
    })

  const storeOf = (
    owner: Process,
    afterOffer: (id: string) => Effect.Effect<void>
  ): PersistedQueue.PersistedQueueStore["Service"] => ({
    offer: ({ delay, element, id, name }) =>
      Effect.suspend(() => {
        if (owner.isDead) return Effect.interrupt
        if (isDown) return Effect.fail(unavailable)
        offered.push(id)
        const queue = queueOf(name)
        if (queue.has(id)) return afterOffer(id)
        const visibleAtMillis = now() + (delay === undefined ? 0 : Duration.toMillis(delay))
        const stored: unknown = JSON.parse(JSON.stringify(element))
        queue.set(id, { id, element: stored, state: "pending", attempts: 0, visibleAtMillis, claim: undefined })
        return afterOffer(id)
      }),
    take: ({ maxAttempts, name, retryDelay }) =>
      Effect.gen(function* () {
        while (true) {
          if (owner.isDead) return yield* Effect.never
          if (isDown) return yield* unavailable
          const entry = [...queueOf(name).values()].find((entry) => claimable(entry, maxAttempts))
          if (entry === undefined) {
            yield* Effect.sleep(poll)
            continue
          }
          const claim = new Claim(owner)
          entry.claim = claim
          entry.state = "processing"
          entry.attempts++
          yield* Effect.addFinalizer((exit) =>
            settle(
              owner,
              entry,
              claim,
              Effect.gen(function* () {
                if (exit._tag === "Success") {
                  entry.state = "completed"
                } else if (
                  exit.cause.reasons.some((reason) => Cause.isFailReason(reason) && isDeadLetter(reason.error))
                ) {
                  entry.state = "failed"
                } else if (Cause.hasInterruptsOnly(exit.cause)) {
                  entry.attempts--
                  entry.state = "pending"
                } else if (entry.attempts >= maxAttempts) {
                  entry.state = "failed"
                } else {
                  entry.visibleAtMillis = now() + Duration.toMillis(yield* retryDelay(entry.attempts))
                  entry.state = "pending"
                }
              })
            )
          )
          return { id: entry.id, attempts: entry.attempts, element: entry.element }
        }
      }),
    cleanup: () => Effect.void
  })

  const states = (): Record<State, ReadonlyArray<string>> => {
    const all: Record<State, Array<string>> = { pending: [], processing: [], completed: [], failed: [] }
    for (const queue of queues.values()) for (const { id, state } of queue.values()) all[state].push(id)
    return all
  }

  return {
    /** The queues as another process sees them, and what can happen to it. */
    process: (afterOffer: (id: string) => Effect.Effect<void> = () => Effect.void) => {
      const owner = new Process()
      return {
        layer: PersistedQueue.layer.pipe(
          Layer.provide(Layer.succeed(PersistedQueue.PersistedQueueStore)(storeOf(owner, afterOffer)))
        ),
        /** As `kill -9`: nothing of it reaches the store any more. */
        kill: Effect.sync(() => {
          owner.isDead = true
          owner.silentSinceMillis ??= now()
        }),
        /** As SIGSTOP, for its leases. */
        freeze: Effect.sync(() => {
          owner.silentSinceMillis = now()
        })
      }
    },
    down: Effect.sync(() => {
      isDown = true
    }),
    up: Effect.sync(() => {
      isDown = false
    }),
    states,
    offered,
    /** What is stored of an element. */
    stored: (name: string, id: string): unknown => queueOf(name).get(id)?.element,
    /** Puts an element there as another release may have written it. */
    put: (name: string, id: string, element: unknown) =>
      queueOf(name).set(id, { id, element, state: "pending", attempts: 0, visibleAtMillis: now(), claim: undefined })
  }
})

export type LeasedStore = Effect.Success<typeof leasedStore>

/** The queue's own signal that an element does not decode; it is not exported. */
const isDeadLetter = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && String(error._tag).endsWith("/DeadLetter")
