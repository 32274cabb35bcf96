/**
 * A queue store in memory that can also be asked what failed and what waits; `PersistedQueue.layerStoreMemory` keeps that to
 * itself. Otherwise it does what that one does.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Predicate from "effect/Predicate"
import type { PersistedQueueStore } from "effect/persistence/PersistedQueue"
import type { DeadLetters, Selected } from "../DeadLetters.ts"
import type { Stats } from "../Stats.ts"
import { deadLetter, pageLimit } from "./letter.ts"

interface Entry {
  readonly id: string
  readonly element: unknown
  state: "pending" | "taken" | "completed" | "failed"
  attempts: number
  visibleAt: number
  changedAt: number
  failure: string
}

interface Queue {
  /** All there are, so that no id comes twice. */
  readonly entries: Map<string, Entry>
  /** Those that wait. */
  readonly pending: Set<Entry>
  /** Those that failed, the oldest failure first. */
  readonly failed: Set<Entry>
  /** Open when there may be something to take. */
  readonly changed: Latch.Latch
}

/** With this tag the queue says that an element cannot be read, so that trying again is no use. */
const unreadable = (cause: Cause.Cause<unknown>) =>
  cause.reasons
    .filter(Cause.isFailReason)
    .map(({ error }) => error)
    .find(Predicate.isTagged("~effect/persistence/PersistedQueue/DeadLetter"))

/** The store, its dead letters and its statistics. */
export const makeMemoryStore = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const queues = new Map<string, Queue>()

  const queueOf = (name: string): Queue => {
    const known = queues.get(name)
    if (known !== undefined) return known
    const made = {
      entries: new Map(),
      pending: new Set<Entry>(),
      failed: new Set<Entry>(),
      changed: Latch.makeUnsafe()
    }
    queues.set(name, made)
    return made
  }

  const wait = (queue: Queue, entry: Entry, visibleAt: number) => {
    entry.state = "pending"
    entry.visibleAt = visibleAt
    queue.pending.add(entry)
    queue.changed.openUnsafe()
  }

  const fail = (queue: Queue, entry: Entry, failure: string) => {
    entry.state = "failed"
    entry.changedAt = now()
    entry.failure = failure
    queue.failed.add(entry)
  }

  /** The first entry that may be taken, or when the next one may. */
  const first = (queue: Queue, maxAttempts: number): Entry | number => {
    let next = Number.POSITIVE_INFINITY
    const at = now()
    for (const entry of queue.pending) {
      if (entry.attempts >= maxAttempts) continue
      if (entry.visibleAt <= at) return entry
      next = Math.min(next, entry.visibleAt)
    }
    return next
  }

  const store: PersistedQueueStore["Service"] = {
    offer: ({ delay, element, id, name }) =>
      Effect.sync(() => {
        const queue = queueOf(name)
        if (queue.entries.has(id)) return
        const at = now()
        const entry: Entry = { id, element, state: "pending", attempts: 0, visibleAt: at, changedAt: at, failure: "" }
        queue.entries.set(id, entry)
        wait(queue, entry, delay === undefined ? at : at + Duration.toMillis(delay))
      }),

    take: Effect.fnUntraced(function* ({ maxAttempts, name, retryDelay }) {
      const queue = queueOf(name)
      while (true) {
        // Before looking, so that what comes afterwards opens it again.
        queue.changed.closeUnsafe()
        const found = first(queue, maxAttempts)
        if (typeof found === "number") {
          yield* found === Number.POSITIVE_INFINITY
            ? queue.changed.await
            : Effect.race(queue.changed.await, Effect.sleep(Duration.millis(found - now())))
          continue
        }
        found.state = "taken"
        found.attempts++
        queue.pending.delete(found)
        queue.changed.openUnsafe()
        yield* Effect.addFinalizer(
          Effect.fnUntraced(function* (exit) {
            if (exit._tag === "Success") {
              found.state = "completed"
              found.changedAt = now()
              return
            }
            if (Cause.hasInterruptsOnly(exit.cause)) {
              found.attempts--
              return wait(queue, found, found.visibleAt)
            }
            const dead = unreadable(exit.cause)
            if (dead !== undefined) {
              return fail(
                queue,
                found,
                Predicate.hasProperty(dead, "cause") && Cause.isCause(dead.cause) ? Cause.pretty(dead.cause) : ""
              )
            }
            if (found.attempts >= maxAttempts) return fail(queue, found, Cause.pretty(exit.cause))
            wait(queue, found, now() + Duration.toMillis(yield* retryDelay(found.attempts)))
          })
        )
        return { id: found.id, attempts: found.attempts, element: found.element }
      }
    }),

    cleanup: ({ failedTimeToLive, timeToLive }) =>
      Effect.sync(() => {
        const cutoffs = {
          completed: now() - Duration.toMillis(timeToLive),
          failed:
            failedTimeToLive === undefined ? Number.NEGATIVE_INFINITY : now() - Duration.toMillis(failedTimeToLive)
        }
        for (const { entries, failed } of queues.values()) {
          for (const entry of entries.values()) {
            if (entry.state !== "completed" && entry.state !== "failed") continue
            if (entry.changedAt > cutoffs[entry.state]) continue
            entries.delete(entry.id)
            failed.delete(entry)
          }
        }
      })
  }

  /** Takes the selected entries out of those that failed. */
  const leave = (queue: Queue, selected: Selected): ReadonlyArray<Entry> => {
    const ids = selected === "all" ? undefined : new Set(selected)
    const leaving = [...queue.failed].filter(({ id }) => ids?.has(id) !== false)
    for (const entry of leaving) queue.failed.delete(entry)
    return leaving
  }

  const deadLetters: DeadLetters["Service"] = {
    count: (name) => Effect.sync(() => queueOf(name).failed.size),
    list: (name, options) =>
      Effect.sync(() => {
        const skip = options?.skip ?? 0
        return [...queueOf(name).failed]
          .slice(skip, skip + (options?.limit ?? pageLimit))
          .map((entry) => deadLetter({ ...entry, queue: name, failedAtMillis: entry.changedAt }))
      }),
    redrive: (name, selected) =>
      Effect.sync(() => {
        const queue = queueOf(name)
        const leaving = leave(queue, selected)
        for (const entry of leaving) {
          entry.attempts = 0
          wait(queue, entry, now())
        }
        return leaving.length
      }),
    discard: (name, selected) =>
      Effect.sync(() => {
        const queue = queueOf(name)
        const leaving = leave(queue, selected)
        for (const { id } of leaving) queue.entries.delete(id)
        return leaving.length
      })
  }

  const stats: Stats["Service"] = {
    read: (name) =>
      Effect.sync(() => {
        const { entries, failed, pending } = queueOf(name)
        const at = now()
        const due = [...pending].filter(({ visibleAt }) => visibleAt <= at)
        const taken = [...entries.values()].filter(({ state }) => state === "taken").length
        const oldest = due.reduce((least, { visibleAt }) => Math.min(least, visibleAt), at)
        return {
          ready: due.length,
          delayed: pending.size - due.length,
          taken,
          failed: failed.size,
          lag: Duration.millis(at - oldest)
        }
      })
  }

  return { store, deadLetters, stats }
})
