/**
 * Many callers, few writes: what arrives while the last write runs is stored together, and each caller waits until its own
 * is stored.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { PersistedQueueError } from "effect/persistence/PersistedQueue"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Item } from "../Element.ts"

export interface Entry {
  readonly item: Item
  readonly trace: string | undefined
}

interface Waiting extends Entry {
  readonly stored: Deferred.Deferred<void, PersistedQueueError>
}

export interface Inbox {
  /** Succeeds when the item is stored. */
  readonly put: (item: Item, trace: string | undefined) => Effect.Effect<void, PersistedQueueError>
}

/** So many writes run at once; more only make smaller chunks. */
const writers = 4

/** So many chunks wait for a writer; then callers wait for a place. */
const roomInChunks = 64

const closed = Effect.fail(
  new PersistedQueueError({
    message: "The outbox is closed: its layer's scope has ended. The notification was not stored."
  })
)

/** When the scope closes, what waits is stored first. */
export const makeInbox = Effect.fnUntraced(function* (
  chunkSize: number,
  store: (entries: ReadonlyArray<Entry>) => Effect.Effect<unknown, PersistedQueueError>
): Effect.fn.Return<Inbox, never, Scope.Scope> {
  const queue = yield* Queue.bounded<Waiting, Cause.Done>(chunkSize * roomInChunks)
  const write = Effect.gen(function* () {
    const batch = yield* Queue.takeBetween(queue, 1, chunkSize)
    const exit = Exit.asVoid(yield* Effect.exit(store(batch)))
    for (const { stored } of batch) Deferred.doneUnsafe(stored, exit)
  })
  const fibers = yield* Effect.forEach(Array.from({ length: writers }), () => Effect.forkDetach(Effect.forever(write)))
  yield* Effect.addFinalizer(() =>
    Effect.andThen(Queue.end(queue), Effect.forEach(fibers, Fiber.await, { concurrency: "unbounded", discard: true }))
  )
  return {
    put: (item, trace) =>
      Effect.suspend(() => {
        const stored = Deferred.makeUnsafe<void, PersistedQueueError>()
        return Effect.flatMap(Queue.offer(queue, { item, trace, stored }), (taken) =>
          taken ? Deferred.await(stored) : closed
        )
      })
  }
})
