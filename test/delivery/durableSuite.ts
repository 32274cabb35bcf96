/** What every store has to do whose elements outlive a process. */
import { assert, type Vitest } from "@effect/vitest"
import { DeadLetters } from "@effect-apns/delivery"
import { Context, Deferred, Duration, Effect, Fiber, Logger, Ref, Schedule } from "effect"
import type { ServerProcess } from "../support/serverProcess.ts"
import {
  countsOf,
  failFor,
  newSpace,
  none,
  nothingComes,
  openStore,
  queueIn,
  type Stores,
  shown,
  statsOf,
  takeOne
} from "./openedStore.ts"

/** What a lease of a second and a worker that never renews it make of a process that has stopped. */
const stopped = { lease: "1 second", refresh: "1 hour" } as const
const alive = { lease: "1 second", refresh: "200 millis" } as const

/** Asks the store again and again, in the background, and tells how long the longest turn took. */
const longestWait = Effect.fnUntraced(function* (ask: Effect.Effect<unknown, unknown>) {
  const longest = yield* Ref.make(0)
  const turn = Effect.gen(function* () {
    const [took] = yield* Effect.timed(Effect.andThen(Effect.sleep("100 millis"), ask))
    yield* Ref.update(longest, (before) => Math.max(before, Duration.toMillis(took)))
  })
  yield* Effect.forkScoped(Effect.forever(turn))
  return Ref.get(longest)
})

/** The tests that each store passes whose elements outlive a process. */
export const durableSuite = (it: Vitest.MethodsNonLive<Stores>): void => {
  it.effect("keeps elements, dead letters and ids when the process ends", () =>
    Effect.gen(function* () {
      const space = yield* newSpace
      yield* Effect.gen(function* () {
        const queue = yield* queueIn(yield* openStore(space), "q", { maxAttempts: 1 })
        yield* queue.offer({ text: "failed" }, { id: "failed" })
        yield* failFor(queue, 1, "no")
        yield* queue.offer({ text: "done" }, { id: "done" })
        yield* takeOne(queue)
        yield* queue.offer({ text: "waits" }, { id: "waits" })
      }).pipe(Effect.scoped)
      const store = yield* openStore(space)
      const queue = yield* queueIn(store, "q")
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ...none, ready: 1, failed: 1 })
      for (const id of ["failed", "done", "waits"]) yield* queue.offer({ text: "again" }, { id })
      assert.deepStrictEqual(yield* takeOne(queue), { id: "waits", text: "waits", attempts: 1 })
      yield* nothingComes(queue)
    })
  )

  it.effect("opens a new store in several processes at once", () =>
    Effect.gen(function* () {
      const space = yield* newSpace
      const stores = yield* Effect.all(
        Array.from({ length: 4 }, () => openStore(space)),
        { concurrency: "unbounded" }
      )
      const queues = yield* Effect.forEach(stores, (store) => queueIn(store, "q"))
      const ids = yield* Effect.forEach(queues, (queue, index) => queue.offer({ text: `${index}` }), {
        concurrency: "unbounded"
      })
      const taken = yield* Effect.forEach(queues, takeOne, { concurrency: "unbounded" })
      assert.sameMembers(
        taken.map(({ id }) => id),
        ids
      )
    })
  )

  it.effect("gives an element to another worker once the lease is over, and ignores what the first says then", () =>
    Effect.gen(function* () {
      const space = yield* newSpace
      const frozen = yield* queueIn(yield* openStore(space, stopped), "q")
      const other = yield* queueIn(yield* openStore(space, alive), "q")
      const id = yield* frozen.offer({ text: "held" })
      const started = yield* Deferred.make<void>()
      const thawed = yield* Deferred.make<void>()
      const first = yield* Effect.forkChild(
        frozen.take(() => Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(thawed)))
      )
      yield* Deferred.await(started)
      const second = yield* Effect.flip(
        other.take((_, { attempts, id: given }) =>
          Effect.gen(function* () {
            // The first acknowledges what is no longer its own.
            yield* Deferred.succeed(thawed, undefined)
            yield* Fiber.join(first)
            return yield* Effect.fail({ attempts, id: given })
          })
        )
      )
      assert.deepStrictEqual(second, { attempts: 2, id })
      assert.deepStrictEqual(yield* takeOne(other), { id, text: "held", attempts: 3 })
    })
  )

  it.effect("leaves an element with a worker that is alive, however long it takes", () =>
    Effect.gen(function* () {
      /** How often it is given while its worker has it for two leases, and the longest that the store kept anybody waiting. */
      const held = Effect.fnUntraced(function* (leaseMillis: number) {
        const space = yield* newSpace
        const patient = { lease: leaseMillis, refresh: "200 millis" } as const
        const slow = yield* queueIn(yield* openStore(space, patient), "q")
        const store = yield* openStore(space, patient)
        const other = yield* queueIn(store, "q")
        yield* slow.offer({ text: "slow" })
        const taken = yield* Ref.make(0)
        const count = Ref.update(taken, (n) => n + 1)
        const started = yield* Deferred.make<void>()
        const first = yield* Effect.forkChild(
          slow.take(() =>
            count.pipe(
              Effect.andThen(Deferred.succeed(started, undefined)),
              Effect.andThen(Effect.sleep(2 * leaseMillis))
            )
          )
        )
        yield* Deferred.await(started)
        yield* Effect.forkChild(other.take(() => count))
        const standstill = yield* longestWait(statsOf(store, "q"))
        yield* Fiber.join(first)
        yield* Effect.sleep("100 millis")
        return { taken: yield* Ref.get(taken), counts: yield* countsOf(store, "q"), standstill: yield* standstill }
      }, Effect.scoped)

      // A machine that stands still for half a lease proves nothing: it is asked again, with a longer one.
      for (const leaseMillis of [3_000, 20_000]) {
        const { counts, standstill, taken } = yield* held(leaseMillis)
        if (taken > 1 && standstill > leaseMillis / 2) continue
        assert.strictEqual(taken, 1)
        assert.deepStrictEqual(counts, none)
        return
      }
      assert.fail("the machine stands still for longer than any lease")
    })
  )

  it.effect("fails an element whose last worker died", () =>
    Effect.gen(function* () {
      const space = yield* newSpace
      const frozen = yield* queueIn(yield* openStore(space, stopped), "q", { maxAttempts: 1 })
      const store = yield* openStore(space, alive)
      const other = yield* queueIn(store, "q", { maxAttempts: 1 })
      const letters = Context.get(store, DeadLetters)
      const id = yield* frozen.offer({ text: "fatal" })
      const started = yield* Deferred.make<void>()
      yield* Effect.forkChild(frozen.take(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)))
      yield* Deferred.await(started)
      yield* Effect.forkChild(takeOne(other))
      yield* letters
        .count("q")
        .pipe(
          Effect.repeat({ until: (count) => count > 0, schedule: Schedule.spaced("50 millis") }),
          Effect.timeout("60 seconds")
        )
      const found = yield* letters.list("q")
      assert.deepStrictEqual(shown(found), [{ id, attempts: 1, element: { text: "fatal" } }])
      assert.include(found[0]?.failure, "Lock expired")
    })
  )
}

/** That a store goes on after its server was killed and started again, and what was stored is there. */
export const restartTest = (server: ServerProcess) =>
  Effect.gen(function* () {
    const space = yield* newSpace
    const frozen = yield* queueIn(yield* openStore(space, { lease: "2 seconds", refresh: "1 hour" }), "q")
    const store = yield* openStore(space, { lease: "2 seconds", refresh: "200 millis" })
    const queue = yield* queueIn(store, "q")
    const held = yield* frozen.offer({ text: "held" })
    const started = yield* Deferred.make<void>()
    yield* Effect.forkChild(frozen.take(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)))
    yield* Deferred.await(started)
    const waiting = yield* Effect.forkChild(takeOne(queue))
    yield* Effect.sleep("100 millis")

    yield* server.kill
    assert.strictEqual((yield* Effect.flip(queue.offer({ text: "too early" })))._tag, "PersistedQueueError")
    assert.strictEqual((yield* Effect.flip(statsOf(store, "q")))._tag, "PersistedQueueError")
    yield* Effect.sleep("600 millis")
    yield* server.start

    // What another process held comes back when its lease is over.
    const returned = yield* Effect.timeout(Fiber.join(waiting), "60 seconds")
    assert.deepStrictEqual(returned, { id: held, text: "held", attempts: 2 })
    const id = yield* Effect.retry(queue.offer({ text: "after" }), Schedule.spaced("100 millis"))
    assert.deepStrictEqual(yield* takeOne(queue), { id, text: "after", attempts: 1 })
  }).pipe(Effect.provide(Logger.layer([])))
