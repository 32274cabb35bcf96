/** What every store has to do, so that the layer alone decides where queues are kept. */
import { assert, type Vitest } from "@effect/vitest"
import { DeadLetters, Retention } from "@effect-apns/delivery"
import { Clock, Context, Deferred, Duration, Effect, Equal, Fiber, Layer, Schedule, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import {
  countsOf,
  failFor,
  freshStore,
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

/** The tests that each store passes. */
export const storeSuite = (it: Vitest.MethodsNonLive<Stores>): void => {
  it.effect("gives an element to one worker, once, and keeps it until it is acknowledged", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const queue = yield* queueIn(store, "q")
      const ids = yield* Effect.forEach(Array.from({ length: 20 }), (_, index) => queue.offer({ text: `${index}` }))
      assert.strictEqual(new Set(ids).size, 20)
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ...none, ready: 20 })
      const taken = yield* Effect.all(
        Array.from({ length: 20 }, () => takeOne(queue)),
        { concurrency: 5 }
      )
      assert.sameDeepMembers(
        taken,
        ids.map((id, index) => ({ id, text: `${index}`, attempts: 1 }))
      )
      yield* nothingComes(queue)
      assert.deepStrictEqual(yield* countsOf(store, "q"), none)
    })
  )

  it.effect("wakes a worker that waits", () =>
    Effect.gen(function* () {
      // It would not look by itself.
      const queue = yield* queueIn(yield* openStore(yield* newSpace, { poll: "1 hour" }), "q")
      const waiting = yield* Effect.forkChild(takeOne(queue))
      yield* Effect.sleep("50 millis")
      yield* queue.offer({ text: "late" })
      assert.strictEqual((yield* Fiber.join(waiting)).text, "late")
    })
  )

  it.effect("stores any text as it is", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const queue = yield* queueIn(store, "q", { maxAttempts: 1 })
      const texts = [
        "",
        "'\"\\",
        "\u0000\u0001\n",
        "🦊 déjà 𝄞",
        "lone \ud83e and \udd8a",
        "x".repeat(300_000),
        '{"a":1}'
      ]
      for (const text of texts) yield* queue.offer({ text })
      const taken = yield* Effect.forEach(texts, () => takeOne(queue))
      assert.sameMembers(
        taken.map(({ text }) => text),
        texts
      )
      // And the same after a failure and a return.
      for (const text of texts) yield* queue.offer({ text })
      yield* failFor(queue, texts.length, "no")
      assert.strictEqual(yield* Context.get(store, DeadLetters).redrive("q", "all"), texts.length)
      const again = yield* Effect.forEach(texts, () => takeOne(queue))
      assert.sameMembers(
        again.map(({ text }) => text),
        texts
      )
    })
  )

  it.effect("holds an element back for its delay", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const queue = yield* queueIn(store, "q")
      const before = yield* Clock.currentTimeMillis
      yield* queue.offer({ text: "later" }, { delay: "700 millis" })
      assert.strictEqual((yield* takeOne(queue)).text, "later")
      assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 700)
    })
  )

  it.effect("gives a failed element again after the delay of its retry, and counts the attempts", () =>
    Effect.gen(function* () {
      const queue = yield* queueIn(yield* freshStore, "q", { retrySchedule: Schedule.spaced("2 seconds") })
      const id = yield* queue.offer({ text: "again" })
      assert.strictEqual(yield* Effect.flip(queue.take(() => Effect.fail("no"))), "no")
      const failedAt = yield* Clock.currentTimeMillis
      assert.deepStrictEqual(yield* takeOne(queue), { id, text: "again", attempts: 2 })
      // SQLite drops the fraction of a second.
      assert.isAtLeast((yield* Clock.currentTimeMillis) - failedAt, 1000)
    })
  )

  it.effect("takes an element back from a worker that is interrupted, and does not count the attempt", () =>
    Effect.gen(function* () {
      const queue = yield* queueIn(yield* freshStore, "q")
      const id = yield* queue.offer({ text: "kept" })
      const started = yield* Deferred.make<void>()
      const worker = yield* Effect.forkChild(
        queue.take(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(worker)
      assert.deepStrictEqual(yield* takeOne(queue), { id, text: "kept", attempts: 1 })
    })
  )

  it.effect("stores an id once, whether its element waits, is delayed, or is done", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const queue = yield* queueIn(store, "q")
      for (const text of ["first", "second"]) yield* queue.offer({ text }, { id: "key" })
      assert.deepStrictEqual(yield* takeOne(queue), { id: "key", text: "first", attempts: 1 })
      yield* queue.offer({ text: "third" }, { id: "key" })
      for (const delay of ["1 hour", "0 millis"] as const)
        yield* queue.offer({ text: "delayed" }, { id: "other", delay })
      yield* nothingComes(queue)
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ...none, delayed: 1 })
    })
  )

  it.effect("keeps the queues of one store apart, ids included", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const [high, low] = [yield* queueIn(store, "a:high"), yield* queueIn(store, "a:low")]
      yield* high.offer({ text: "high" }, { id: "key" })
      yield* nothingComes(low)
      yield* low.offer({ text: "low" }, { id: "key" })
      assert.strictEqual((yield* takeOne(low)).text, "low")
      assert.deepStrictEqual(yield* countsOf(store, "a:high"), { ...none, ready: 1 })
      assert.strictEqual((yield* takeOne(high)).text, "high")
    })
  )

  it.effect("lists an element whose attempts are used up, and gives it to nobody", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const letters = Context.get(store, DeadLetters)
      const queue = yield* queueIn(store, "q", { maxAttempts: 2 })
      const before = yield* Clock.currentTimeMillis
      yield* queue.offer({ text: "hopeless" }, { id: "key" })
      yield* failFor(queue, 2, new Error("the sink is gone"))
      yield* nothingComes(queue)
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ...none, failed: 1 })
      assert.strictEqual(yield* letters.count("q"), 1)
      assert.strictEqual(yield* letters.count("another"), 0)
      const [letter, ...others] = yield* letters.list("q")
      assert.isEmpty(others)
      assert.isDefined(letter)
      assert.deepStrictEqual(shown([letter]), [{ id: "key", attempts: 2, element: { text: "hopeless" } }])
      assert.strictEqual(letter.queue, "q")
      assert.include(letter.failure, "the sink is gone")
      // SQLite drops the fraction of a second.
      assert.isAtLeast(letter.failedAt.epochMilliseconds, before - 1000)
      assert.isAtMost(letter.failedAt.epochMilliseconds, (yield* Clock.currentTimeMillis) + 1000)
      assert.notInclude(`${letter.element}${JSON.stringify(letter)}`, "hopeless")
    })
  )

  it.effect("fails an element that its schema cannot read at once, and goes on with the next", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const letters = Context.get(store, DeadLetters)
      const newer = yield* PersistedQueue.make({ name: "q", schema: Schema.Struct({ v: Schema.Number }) }).pipe(
        Effect.provide(store)
      )
      const queue = yield* queueIn(store, "q")
      yield* newer.offer({ v: 2 }, { id: "newer" })
      yield* Effect.sleep("5 millis")
      yield* queue.offer({ text: "readable" })
      assert.strictEqual((yield* takeOne(queue)).text, "readable")
      yield* nothingComes(queue)
      const found = yield* letters.list("q")
      assert.deepStrictEqual(shown(found), [{ id: "newer", attempts: 1, element: { v: 2 } }])
      assert.include(found[0]?.failure, "text")
      // Whoever can read it takes it once it is back.
      assert.strictEqual(yield* letters.redrive("q", ["newer"]), 1)
      assert.deepStrictEqual(yield* newer.take(Effect.succeed), { v: 2 })
    })
  )

  it.effect("gives dead letters back to the workers, chosen or all, with their ids still taken", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const letters = Context.get(store, DeadLetters)
      const queue = yield* queueIn(store, "q", { maxAttempts: 1 })
      for (const id of ["a", "b", "c"]) yield* queue.offer({ text: id }, { id })
      yield* failFor(queue, 3, "no")
      assert.strictEqual(yield* letters.redrive("q", ["b", "unknown"]), 1)
      assert.deepStrictEqual(yield* takeOne(queue), { id: "b", text: "b", attempts: 1 })
      assert.strictEqual(yield* letters.redrive("q", ["b"]), 0)
      assert.strictEqual(yield* letters.redrive("q", []), 0)
      assert.strictEqual(yield* letters.redrive("q", "all"), 2)
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ...none, ready: 2 })
      yield* queue.offer({ text: "twice" }, { id: "a" })
      const taken = yield* Effect.forEach(["a", "c"], () => takeOne(queue))
      assert.sameMembers(
        taken.map(({ text }) => text),
        ["a", "c"]
      )
      yield* nothingComes(queue)
    })
  )

  it.effect("removes dead letters, and lets their ids be used again", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const letters = Context.get(store, DeadLetters)
      const queue = yield* queueIn(store, "q", { maxAttempts: 1 })
      for (const id of ["a", "b", "c"]) yield* queue.offer({ text: id }, { id })
      yield* failFor(queue, 3, "no")
      assert.strictEqual(yield* letters.discard("q", ["a"]), 1)
      assert.sameMembers(
        (yield* letters.list("q")).map(({ id }) => id),
        ["b", "c"]
      )
      yield* queue.offer({ text: "new" }, { id: "a" })
      assert.deepStrictEqual(yield* takeOne(queue), { id: "a", text: "new", attempts: 1 })
      yield* queue.offer({ text: "still failed" }, { id: "b" })
      yield* nothingComes(queue)
      assert.strictEqual(yield* letters.discard("q", "all"), 2)
      assert.deepStrictEqual(yield* countsOf(store, "q"), none)
    })
  )

  it.effect("turns the pages of many dead letters, the oldest failure first", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const letters = Context.get(store, DeadLetters)
      const queue = yield* queueIn(store, "q", { maxAttempts: 1 })
      const ids = Array.from({ length: 230 }, (_, index) => `id-${index}`)
      for (const id of ids) {
        yield* queue.offer({ text: id }, { id })
        yield* failFor(queue, 1, "no")
      }
      const page = (options?: { readonly skip?: number; readonly limit?: number }) =>
        Effect.map(letters.list("q", options), (found) => found.map(({ id }) => id))
      assert.deepStrictEqual(yield* page(), ids.slice(0, 100))
      assert.deepStrictEqual(yield* page({ skip: 200 }), ids.slice(200))
      assert.deepStrictEqual(yield* page({ skip: 7, limit: 2 }), ids.slice(7, 9))
      assert.deepStrictEqual(yield* page({ limit: 0 }), [])
      const odd = ids.filter((_, index) => index % 2 === 1)
      assert.strictEqual(yield* letters.discard("q", odd), 115)
      assert.strictEqual(yield* letters.redrive("q", "all"), 115)
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ...none, ready: 115 })
    })
  )

  it.effect("counts what waits, what is taken and what failed, and says how long the oldest has waited", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const queue = yield* PersistedQueue.make({
        name: "q",
        schema: Schema.Struct({ at: Schema.Number }),
        maxAttempts: 1
      }).pipe(Effect.provide(store))
      const lagOf = Effect.map(statsOf(store, "q"), ({ lag }) =>
        lag === undefined ? undefined : Duration.toMillis(lag)
      )
      const offered = (options?: { readonly delay?: Duration.Input }) =>
        Effect.flatMap(Clock.currentTimeMillis, (at) => queue.offer({ at }, options))
      assert.deepStrictEqual(yield* countsOf(store, "q"), none)
      assert.strictEqual(yield* lagOf, 0)

      yield* offered()
      yield* Effect.exit(queue.take(() => Effect.fail("no")))
      const started = yield* Deferred.make<void>()
      yield* offered()
      const worker = yield* Effect.forkChild(
        queue.take(() => Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
      )
      yield* Deferred.await(started)
      const before = yield* Clock.currentTimeMillis
      yield* offered()
      yield* offered({ delay: "1 hour" })
      yield* offered({ delay: "1 hour" })
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ready: 1, delayed: 2, taken: 1, failed: 1 })
      yield* Effect.sleep("1200 millis")
      const lag = (yield* lagOf) ?? Number.NaN
      // SQLite drops the fraction of a second.
      assert.isAtLeast(lag, 1000)
      assert.isAtMost(lag, (yield* Clock.currentTimeMillis) - before + 1000)
      yield* Fiber.interrupt(worker)
      assert.deepStrictEqual(yield* countsOf(store, "q"), { ready: 2, delayed: 2, taken: 0, failed: 1 })
    })
  )

  it.effect("removes what is done with after its time, and never what waits", () =>
    Effect.gen(function* () {
      const store = yield* freshStore
      const queue = yield* queueIn(store, "q", { maxAttempts: 1 })
      yield* queue.offer({ text: "done" }, { id: "done" })
      yield* takeOne(queue)
      yield* queue.offer({ text: "failed" }, { id: "failed" })
      yield* failFor(queue, 1, "no")
      yield* queue.offer({ text: "waits" }, { id: "waits", delay: "1 hour" })
      // A clean-up removes what is older than now: Redis counts in milliseconds.
      yield* Effect.sleep("20 millis")
      /** What there is when all has been enqueued again during a clean-up: what was removed, a second time. */
      const during = (options: Retention.RetentionOptions) =>
        Effect.gen(function* () {
          yield* Layer.build(Retention.layer(options))
          yield* Effect.sleep("100 millis")
          for (const id of ["done", "failed", "waits"]) yield* queue.offer({ text: "again" }, { id })
          return yield* countsOf(store, "q")
        }).pipe(Effect.scoped, Effect.provide(store))
      const soon = (options: Retention.RetentionOptions, expected: typeof none) =>
        during(options).pipe(
          Effect.repeat({ until: Equal.equals(expected), schedule: Schedule.spaced("100 millis") }),
          Effect.timeout("60 seconds")
        )

      // By default neither is old enough.
      assert.deepStrictEqual(yield* during({}), { ...none, delayed: 1, failed: 1 })
      // What failed stays longer.
      yield* soon({ completed: 0 }, { ...none, ready: 1, delayed: 1, failed: 1 })
      assert.deepStrictEqual(yield* takeOne(queue), { id: "done", text: "again", attempts: 1 })
      yield* soon({ completed: 0, failed: 0 }, { ...none, ready: 2, delayed: 1 })
    })
  )
}
