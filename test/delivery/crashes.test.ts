/** A process that dies at any point between taking a chunk and acknowledging it loses nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schema } from "effect"
import { lease } from "./leasedStore.ts"
import { connectionLost, hello, idOf, refused, type Script, unknown } from "./scripted.ts"
import { around, elapse, type Hooks, stage } from "./stage.ts"

const afterLease = Duration.sum(lease, Duration.seconds(20))

/** The process dies, and with it the fiber. */
const die = (kill: Effect.Effect<void>) => Effect.andThen(kill, Effect.never)

describe("a process that dies", () => {
  /** 1 is accepted, 2 refused for good, 3 lost once. */
  const script: Script = ({ id }, nth) =>
    id === idOf(2) ? Effect.fail(refused("BadDeviceToken")) : id === idOf(3) && nth === 1 ? connectionLost : Effect.void

  const cases: ReadonlyArray<{
    readonly point: string
    readonly hooks: Hooks
    /** What the first process left behind. */
    readonly told: number
    readonly offered: ReadonlyArray<string>
  }> = [
    {
      point: "before outcomes are recorded",
      hooks: { sink: (sink, kill) => around(() => die(kill))(sink) },
      told: 0,
      offered: ["k/high/0+3"]
    },
    {
      point: "between outcomes and the retry chunk",
      hooks: { sink: (sink, kill) => around((record) => Effect.andThen(record, die(kill)))(sink) },
      told: 2,
      offered: ["k/high/0+3"]
    },
    {
      point: "between the retry chunk and the acknowledgement",
      hooks: { afterOffer: (_, kill) => die(kill) },
      told: 2,
      offered: ["k/high/0+3", "k/high/0+3~r1"]
    }
  ]

  for (const { hooks, offered, point, told } of cases) {
    it.effect(point, () =>
      Effect.gen(function* () {
        const { outbox, sent, sink, startWorker, store } = yield* stage({ script })
        yield* startWorker(hooks)
        yield* outbox.enqueueAll("k", [hello(1), hello(2), hello(3)])
        yield* elapse("5 seconds")
        assert.deepStrictEqual([sink.told().length, store.offered], [told, offered])
        assert.lengthOf(sent, 3)
        yield* startWorker()
        yield* elapse(afterLease)
        assert.sameMembers(
          [...new Set(sink.told())],
          [`Accepted ${idOf(1)}`, `Refused ${idOf(2)}`, `Accepted ${idOf(3)}`]
        )
        // Once for the first process, once for the second, and once for the retry chunk, if there was one.
        const times = (n: number) => sent.filter(({ id }) => id === idOf(n)).length
        assert.deepStrictEqual([times(1), times(2)], [2, 2])
        assert.isAtMost(times(3), 3)
        assert.deepStrictEqual([...store.states().pending, ...store.states().processing], [])
      })
    )
  }

  it.effect("after the retry chunk: what fails for the second process only had been decided by the first", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker, store } = yield* stage({
        // 1 is lost the first time, 2 the second time.
        script: ({ id }, nth) =>
          (id === idOf(1) && nth === 1) || (id === idOf(2) && nth === 2) ? connectionLost : Effect.void
      })
      yield* startWorker({ afterOffer: (_, kill) => die(kill) })
      yield* outbox.enqueueAll("k", [hello(1), hello(2)])
      yield* elapse("5 seconds")
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(2)}`])
      yield* startWorker()
      yield* elapse(afterLease)
      // Its own retry chunk has the same id and is dropped: 2 is not lost, for it was accepted before.
      assert.lengthOf(
        store.offered.filter((id) => id === "k/high/0+2~r1"),
        2
      )
      assert.include(sink.told(), `Accepted ${idOf(1)}`)
      assert.deepStrictEqual([...store.states().completed].sort(), ["k/high/0+2", "k/high/0+2~r1"])
    })
  )
})

/** Numbers that look random, from a seed (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const Element = Schema.Struct({
  messages: Schema.Array(Schema.Struct({ to: Schema.Array(Schema.Struct({ id: Schema.String })) }))
})

describe("for any schedule of answers, crashes and redeliveries", { timeout: 120_000 }, () => {
  it.effect.prop(
    "every notification is decided or still queued, and none is sent more often than attempts and crashes allow",
    { seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 })) },
    ({ seed }) =>
      Effect.gen(function* () {
        const random = randomOf(seed)
        const count = 1 + Math.floor(random() * 20)
        const maxAttempts = 1 + Math.floor(random() * 4)
        let crashesLeft = Math.floor(random() * 4)
        const crashes = crashesLeft
        /** At every point, the process may die. */
        const mayDie = (kill: Effect.Effect<void>) =>
          Effect.suspend(() => {
            if (crashesLeft === 0 || random() > 0.3) return Effect.void
            crashesLeft--
            return die(kill)
          })
        let killCurrent: Effect.Effect<void> = Effect.void
        const script: Script = () =>
          Effect.suspend(() => {
            const chance = random()
            if (chance < 0.4) return Effect.void
            if (chance < 0.7) return connectionLost
            if (chance < 0.8) return refused("TooManyRequests", "3 seconds")
            if (chance < 0.85) return unknown
            if (chance < 0.95) return refused("Unregistered")
            return mayDie(killCurrent)
          })
        const { outbox, sent, sink, startWorker, store } = yield* stage({
          script,
          worker: { maxAttempts, retry: () => "1 second" },
          outbox: { chunkSize: 5 }
        })
        yield* outbox.enqueueAll(
          "k",
          Array.from({ length: count }, (_, n) => hello(n))
        )
        const ids = Array.from({ length: count }, (_, n) => idOf(n))
        const start = Effect.map(
          startWorker({
            sink: (sink, kill) =>
              around((record) => mayDie(kill).pipe(Effect.andThen(record), Effect.andThen(mayDie(kill))))(sink),
            afterOffer: (_, kill) => mayDie(kill)
          }),
          (worker) => {
            killCurrent = worker.kill
          }
        )
        let started = crashesLeft
        yield* start
        /** Long enough for every lease and every pause. */
        const rounds = (crashes + 1) * 7 + maxAttempts * 2
        for (let round = 0; round < rounds; round++) {
          yield* elapse("6 seconds", "2 seconds")
          if (crashesLeft < started) {
            started = crashesLeft
            yield* start
          }
          const queued = Object.entries(store.states())
            .filter(([state]) => state === "pending" || state === "processing")
            .flatMap(([, keys]) => keys)
            .flatMap((key) => Schema.decodeUnknownSync(Element)(store.stored("apns:high", key)).messages)
            .flatMap(({ to }) => to.map(({ id }) => id))
          const decided = sink.chunks.flat().map(({ notification }) => notification.id)
          assert.sameMembers([...new Set([...queued, ...decided])], ids)
        }
        assert.sameMembers([...new Set(sink.chunks.flat().map(({ notification }) => notification.id))], ids)
        assert.deepStrictEqual([...store.states().pending, ...store.states().processing], [])
        for (const id of ids) {
          assert.isAtMost(sent.filter((one) => one.id === id).length, maxAttempts + crashes)
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60, seed: 20261124 } }
  )
})

describe("for any schedule of answers and of workers that close and open", { timeout: 120_000 }, () => {
  it.effect.prop(
    "every notification is decided once, and sent as often as its attempts",
    { seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 })) },
    ({ seed }) =>
      Effect.gen(function* () {
        const random = randomOf(seed)
        const count = 1 + Math.floor(random() * 200)
        const { outbox, sent, sink, startWorker, store } = yield* stage({
          script: () =>
            Effect.suspend(() =>
              Effect.andThen(Effect.sleep(random() * 400), random() < 0.2 ? Effect.fail(connectionLost) : Effect.void)
            ),
          worker: { retry: () => "1 second", chunkSize: 1 + Math.floor(random() * 50) }
        })
        yield* outbox.enqueueAll(
          "k",
          Array.from({ length: count }, (_, n) => hello(n, { priority: random() < 0.3 ? 5 : 10 }))
        )
        for (let run = 0; run < 100 && sink.told().length < count; run++) {
          const worker = yield* startWorker()
          yield* elapse(random() * 2000, "50 millis")
          const closing = yield* Effect.forkChild(worker.close, { startImmediately: true })
          yield* elapse("500 millis", "50 millis")
          yield* Fiber.join(closing)
          assert.deepStrictEqual(store.states().processing, [])
        }
        const decided = sink.chunks.flat()
        assert.deepStrictEqual([decided.length, new Set(sink.told()).size], [count, count])
        for (const { attempts, notification } of decided) {
          assert.lengthOf(
            sent.filter(({ id }) => id === notification.id),
            attempts
          )
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 30, seed: 20261124 } }
  )
})
