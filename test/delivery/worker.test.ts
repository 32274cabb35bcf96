/** What happens to notifications in a queue, whatever happens to the process, the store, the sink or APNs. */
import { assert, describe, it } from "@effect/vitest"
import type { Outcome } from "@effect-apns/delivery"
import { Clock, Deferred, Duration, Effect, Fiber } from "effect"
import { Reason } from "effect-apns"
import { lease } from "./leasedStore.ts"
import { connectionLost, device, errorOf, failing, hello, idOf, refused, unknown } from "./scripted.ts"
import { around, elapse, stage } from "./stage.ts"

const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => hello(from + n))

const elementOf = (ids: ReadonlyArray<string>) => ids[0] ?? ""

/** A notification that goes nowhere until it is let go. */
const held = Effect.map(Deferred.make<void>(), (gate) => ({
  release: Deferred.succeed(gate, undefined),
  wait: Deferred.await(gate)
}))

describe("a worker", () => {
  it.effect("sends what is enqueued, tells what became of it, and acknowledges", () =>
    Effect.gen(function* () {
      const { outbox, sent, sink, startWorker, store } = yield* stage()
      yield* startWorker()
      yield* outbox.enqueueAll("blast", [hello(1), hello(2, { priority: 5 })])
      yield* elapse("1 second")
      assert.sameMembers(
        sent.map(({ id }) => id),
        [idOf(1), idOf(2)]
      )
      assert.sameMembers(sink.told(), [`Accepted ${idOf(1)}`, `Accepted ${idOf(2)}`])
      assert.sameMembers([...store.states().completed], ["blast/high/0+1", "blast/low/0+1"])
    })
  )

  it.effect("tries again only what may go through later, after the longest pause of the chunk", () =>
    Effect.gen(function* () {
      const answers = new Map([
        [idOf(1), failing(refused("ServiceUnavailable"))],
        [idOf(2), failing(refused("TooManyRequests", "7 seconds"))],
        [idOf(3), failing(connectionLost)],
        [idOf(4), failing(refused("Unregistered"))]
      ])
      const { outbox, sent, sink, startWorker, store } = yield* stage({
        script: (n, nth) => answers.get(n.id)?.(n, nth) ?? Effect.void
      })
      yield* startWorker()
      yield* outbox.enqueueAll(
        "blast",
        [1, 2, 3, 4, 5].map((n) => hello(n))
      )
      yield* elapse("6 seconds")
      assert.sameMembers(sink.told(), [`Refused ${idOf(4)}`, `Accepted ${idOf(5)}`])
      assert.deepStrictEqual(store.offered, ["blast/high/0+5", "blast/high/0+5~r1"])
      assert.lengthOf(sent, 5)
      yield* elapse("2 seconds")
      assert.lengthOf(sent, 8)
      assert.deepStrictEqual(
        sink.of(idOf(2)).map(({ _tag, attempts }) => [_tag, attempts]),
        [["Accepted", 2]]
      )
      assert.lengthOf(sink.told(), 5)
    })
  )

  it.effect("names each retry chunk after its parent", () =>
    Effect.gen(function* () {
      const { outbox, startWorker, store } = yield* stage({
        script: failing(connectionLost, connectionLost, connectionLost)
      })
      yield* startWorker()
      yield* outbox.enqueueAll("k", [hello(1)])
      yield* elapse("20 seconds")
      assert.deepStrictEqual(store.offered, ["k/high/0+1", "k/high/0+1~r1", "k/high/0+1~r2", "k/high/0+1~r3"])
      assert.lengthOf(store.states().completed, 4)
    })
  )

  it.effect("says Exhausted, with the last reason, after the last attempt", () =>
    Effect.gen(function* () {
      const { outbox, sent, sink, startWorker } = yield* stage({
        script: failing(connectionLost, connectionLost, refused("ServiceUnavailable")),
        worker: { maxAttempts: 3, retry: () => "10 seconds" }
      })
      yield* startWorker()
      yield* outbox.enqueue(hello(1))
      yield* elapse("1 minute")
      assert.lengthOf(sent, 3)
      const [outcome, ...others] = sink.of(idOf(1))
      assert.lengthOf(others, 0)
      assert.isTrue(outcome?._tag === "Exhausted" && outcome.error.reason._tag === "ServiceUnavailable")
      assert.strictEqual(outcome?.attempts, 3)
    })
  )

  it.effect("holds out for an hour of outage by default, and no longer than that", () =>
    Effect.gen(function* () {
      const { outbox, sent, sink, startWorker } = yield* stage({ script: () => Effect.fail(connectionLost) })
      yield* startWorker()
      yield* outbox.enqueue(hello(1))
      yield* elapse("50 minutes", "10 seconds")
      assert.deepStrictEqual(sink.told(), [])
      yield* elapse("20 minutes", "10 seconds")
      assert.deepStrictEqual(sink.told(), [`Exhausted ${idOf(1)}`])
      assert.lengthOf(sent, 20)
    })
  )

  it.effect("does not send what expired while it lay in the queue", () =>
    Effect.gen(function* () {
      const { outbox, sent, sink, startWorker } = yield* stage()
      yield* outbox.enqueueAll("blast", [
        hello(1, { expiration: "1 minute" }),
        hello(2, { expiration: "1 hour" }),
        hello(3, { expiration: "once" })
      ])
      yield* outbox.enqueue(hello(4), { deadline: "30 minutes" })
      yield* elapse("31 minutes", "1 minute")
      yield* startWorker()
      yield* elapse("1 second")
      assert.sameMembers(sink.told(), [
        `Expired ${idOf(1)}`,
        `Accepted ${idOf(2)}`,
        `Accepted ${idOf(3)}`,
        `Expired ${idOf(4)}`
      ])
      assert.lengthOf(sent, 2)
    })
  )

  it.effect("gives up now or never after an hour, unless a deadline says otherwise", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker } = yield* stage()
      yield* outbox.enqueue(hello(1, { expiration: "once" }))
      yield* outbox.enqueue(hello(2, { expiration: "once" }), { deadline: "2 hours" })
      yield* elapse("61 minutes", "1 minute")
      yield* startWorker()
      yield* elapse("1 second")
      assert.sameMembers(sink.told(), [`Expired ${idOf(1)}`, `Accepted ${idOf(2)}`])
    })
  )

  it.effect("does not wait for an attempt that would come too late", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker, store } = yield* stage({
        script: failing(refused("TooManyRequests", "10 minutes"))
      })
      yield* startWorker()
      yield* outbox.enqueue(hello(1), { deadline: "5 minutes" })
      yield* elapse("1 second")
      const [outcome] = sink.of(idOf(1))
      assert.isTrue(outcome?._tag === "Expired" && outcome.error?.reason._tag === "TooManyRequests")
      assert.lengthOf(store.states().pending, 0)
    })
  )

  it.effect("does not send again what may have arrived, unless it was asked to", () =>
    Effect.gen(function* () {
      const { outbox, sent, sink, startWorker } = yield* stage({ script: failing(unknown) })
      yield* startWorker()
      yield* outbox.enqueueAll("blast", [hello(1), hello(2, { replayUnknown: true })])
      yield* elapse("5 seconds")
      assert.sameMembers(sink.told(), [`Unknown ${idOf(1)}`, `Accepted ${idOf(2)}`])
      assert.lengthOf(sent, 3)
    })
  )

  for (const { awaySeconds, sends } of [
    { awaySeconds: 25, sends: 1 },
    { awaySeconds: 60, sends: 2 }
  ]) {
    it.effect(`asks a sink again that is away for ${awaySeconds} seconds; the chunk is sent in all ${sends}x`, () =>
      Effect.gen(function* () {
        const away = around((record) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            now < awaySeconds * 1000 ? Effect.fail("the table is locked") : record
          )
        )
        const { outbox, sent, sink, startWorker, store } = yield* stage()
        yield* startWorker({ sink: away })
        yield* outbox.enqueueAll("k", [hello(1)])
        yield* elapse("2 minutes")
        assert.lengthOf(sent, sends)
        assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1)}`])
        assert.deepStrictEqual(store.states().completed, ["k/high/0+1"])
      })
    )
  }

  it.effect("pauses on a fault that every notification would meet, loses nothing, and goes on", () =>
    Effect.gen(function* () {
      let isMended = false
      const { outbox, sent, sink, startWorker, store } = yield* stage({
        script: () => (isMended ? Effect.void : Effect.fail(refused("InvalidProviderToken"))),
        worker: { maxAttempts: 2, chunkSize: 10 }
      })
      yield* startWorker()
      yield* outbox.enqueueAll(
        "blast",
        Array.from({ length: 200 }, (_, n) => hello(n))
      )
      yield* elapse("30 seconds")
      const during = sent.length
      assert.isAtMost(during, 200)
      yield* elapse("10 minutes")
      // One chunk a minute tries.
      assert.isAtMost(sent.length - during, 11 * 50)
      assert.deepStrictEqual(sink.told(), [])
      isMended = true
      yield* elapse("5 minutes")
      assert.lengthOf(sink.told(), 200)
      assert.lengthOf(new Set(sink.told()), 200)
      assert.isTrue(sink.told().every((told) => told.startsWith("Accepted ")))
      assert.deepStrictEqual(store.states().pending, [])
    })
  )

  it.effect("takes sizes that are none for the smallest there is", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker } = yield* stage({
        worker: { concurrency: 0, chunkSize: -1 },
        outbox: { chunkSize: 0, fanOutSize: 0.5 }
      })
      yield* startWorker()
      yield* outbox.enqueueAll("k", many(3))
      yield* outbox.fanOut("f", hello(0), [device(10), device(11)])
      yield* outbox.enqueue(hello(20))
      yield* elapse("5 seconds")
      assert.lengthOf(sink.told(), 6)
    })
  )

  it.effect("does not let small chunks pass a large one for ever", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker } = yield* stage({
        // Staggered, so that the places of small chunks never come free together.
        script: ({ id }) => Effect.sleep(400 + (Math.floor(Number.parseInt(id.slice(-12), 16) / 10) % 8) * 50),
        worker: { concurrency: 100, chunkSize: 10 },
        outbox: { chunkSize: 10 }
      })
      yield* outbox.enqueueAll("first", many(80))
      const large = Array.from({ length: 80 }, (_, n) => device(5000 + n))
      yield* outbox.fanOut("large", hello(0), large)
      yield* outbox.enqueueAll("then", many(1000, 100))
      yield* startWorker()
      const isLarge = ({ notification }: Outcome.Outcome) => large.includes(notification.device)
      for (let n = 0; n < 100 && !sink.chunks.flat().some(isLarge); n++) yield* elapse("100 millis", "50 millis")
      assert.isAtMost(sink.told().length, 80 + 80 + 80)
      yield* elapse("20 seconds", "250 millis")
      assert.lengthOf(sink.told(), 1160)
    })
  )

  it.effect("does not hold up the high lane while the low one is full", () =>
    Effect.gen(function* () {
      const gate = yield* held
      const { outbox, sink, startWorker } = yield* stage({
        script: ({ priority }) => (priority === 5 ? gate.wait : Effect.void)
      })
      yield* startWorker()
      yield* outbox.enqueueAll(
        "blast",
        Array.from({ length: 500 }, (_, n) => hello(n, { priority: 5 }))
      )
      yield* elapse("1 second")
      yield* outbox.enqueue(hello(1000))
      yield* elapse("1 second")
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1000)}`])
      yield* gate.release
      yield* elapse("20 seconds")
      assert.lengthOf(sink.told(), 501)
    })
  )
})

describe("a worker's end", () => {
  it.effect("when it closes: it finishes what it holds, takes no more, and sends nothing twice", () =>
    Effect.gen(function* () {
      const gate = yield* held
      const { outbox, sent, sink, startWorker, store } = yield* stage({ script: () => gate.wait })
      const worker = yield* startWorker()
      yield* outbox.enqueueAll(
        "blast",
        Array.from({ length: 150 }, (_, n) => hello(n))
      )
      yield* elapse("1 second")
      const inHand = sent.length
      assert.isAbove(inHand, 0)
      const closing = yield* Effect.forkChild(worker.close, { startImmediately: true })
      yield* elapse("1 second")
      assert.isUndefined(closing.pollUnsafe())
      yield* gate.release
      yield* elapse("1 second")
      yield* Fiber.join(closing)
      assert.lengthOf(sent, inHand)
      assert.lengthOf(sink.told(), inHand)
      assert.deepStrictEqual(store.states().processing, [])
      yield* startWorker()
      yield* elapse("10 seconds")
      assert.lengthOf(sink.told(), 150)
      assert.lengthOf(new Set(sent.map(({ id }) => id)), 150)
      assert.lengthOf(sent, 150)
    })
  )

  it.effect("when it closes: no queue is taken from while another is still being finished", () =>
    Effect.gen(function* () {
      const gates = { high: yield* held, low: yield* held }
      const { outbox, sent, startWorker } = yield* stage({
        script: ({ priority }) => (priority === 5 ? gates.low.wait : gates.high.wait)
      })
      const worker = yield* startWorker()
      yield* outbox.enqueueAll(
        "blast",
        Array.from({ length: 300 }, (_, n) => hello(n, { priority: n % 2 === 0 ? 5 : 10 }))
      )
      yield* elapse("1 second")
      const inHand = sent.length
      const closing = yield* Effect.forkChild(worker.close, { startImmediately: true })
      yield* gates.high.release
      yield* elapse("5 seconds")
      assert.isUndefined(closing.pollUnsafe())
      assert.lengthOf(sent, inHand)
      yield* gates.low.release
      yield* elapse("1 second")
      yield* Fiber.join(closing)
      assert.lengthOf(sent, inHand)
    })
  )

  it.effect("when it closes while idle: at once", () =>
    Effect.gen(function* () {
      const { startWorker } = yield* stage()
      const worker = yield* startWorker()
      yield* elapse("1 second")
      const closing = yield* Effect.forkChild(worker.close, { startImmediately: true })
      yield* Fiber.join(closing)
    })
  )

  it.effect("when it is killed while sending: another sends the chunk again, under the same ids", () =>
    Effect.gen(function* () {
      const gate = yield* held
      let isKilled = false
      const { outbox, sent, sink, startWorker, store } = yield* stage({
        script: ({ id }) => (isKilled || id === idOf(1) ? Effect.void : gate.wait)
      })
      const first = yield* startWorker()
      yield* outbox.enqueueAll("blast", [hello(1), hello(2)])
      yield* elapse("1 second")
      yield* first.kill
      isKilled = true
      yield* startWorker()
      yield* elapse(Duration.subtract(lease, Duration.seconds(2)))
      assert.lengthOf(sent, 2)
      yield* elapse("3 seconds")
      assert.deepStrictEqual(sent.map(({ id }) => id).sort(), [idOf(1), idOf(1), idOf(2), idOf(2)])
      assert.sameMembers(sink.told(), [`Accepted ${idOf(1)}`, `Accepted ${idOf(2)}`])
      assert.deepStrictEqual(store.states().completed, ["blast/high/0+2"])
      yield* gate.release
    })
  )

  it.effect("when it freezes beyond its lease: its late acknowledgement and its late retry chunk change nothing", () =>
    Effect.gen(function* () {
      const gate = yield* held
      const { outbox, sent, sink, startWorker, store } = yield* stage({
        // The first send of 2 hangs in the frozen process; then both processes see it fail once.
        script: ({ id }, nth) => {
          if (id === idOf(1) || nth > 2) return Effect.void
          return nth === 1 ? Effect.andThen(gate.wait, connectionLost) : Effect.fail(connectionLost)
        }
      })
      const first = yield* startWorker()
      yield* outbox.enqueueAll("k", [hello(1), hello(2)])
      yield* elapse("1 second")
      yield* first.freeze
      yield* startWorker()
      yield* elapse(Duration.sum(lease, Duration.seconds(10)))
      assert.lengthOf(sink.of(idOf(2)), 1)
      yield* gate.release
      yield* elapse("1 minute")
      assert.deepStrictEqual(store.offered.filter((id) => id === "k/high/0+2~r1").length, 2)
      assert.lengthOf(sink.of(idOf(2)), 1)
      assert.lengthOf(
        sent.filter(({ id }) => id === idOf(2)),
        3
      )
      assert.deepStrictEqual([...store.states().completed].sort(), ["k/high/0+2", "k/high/0+2~r1"])
    })
  )

  it.effect("when the store is down while it acknowledges: it says so, goes on, and the chunk comes back", () =>
    Effect.gen(function* () {
      const gate = yield* held
      const { outbox, sink, startWorker, store } = yield* stage({ script: () => gate.wait })
      yield* startWorker()
      yield* outbox.enqueueAll("k", [hello(1)])
      yield* elapse("1 second")
      yield* store.down
      yield* gate.release
      yield* elapse("2 minutes")
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1)}`])
      yield* store.up
      yield* outbox.enqueueAll("l", [hello(2)])
      yield* elapse("5 seconds")
      // The same taker goes on, and the chunk that could not be acknowledged came back.
      assert.sameMembers(sink.told(), [`Accepted ${idOf(1)}`, `Accepted ${idOf(1)}`, `Accepted ${idOf(2)}`])
      assert.sameMembers([...store.states().completed], ["k/high/0+1", "l/high/0+1"])
    })
  )

  it.effect(
    "when a store that was away is back soon: the acknowledgement waits for it, and nothing is sent twice",
    () =>
      Effect.gen(function* () {
        const gate = yield* held
        const { outbox, sent, startWorker, store } = yield* stage({ script: () => gate.wait })
        yield* startWorker()
        yield* outbox.enqueueAll("k", [hello(1)])
        yield* elapse("1 second")
        yield* store.down
        yield* gate.release
        yield* elapse("10 seconds")
        yield* store.up
        yield* elapse("2 minutes")
        assert.lengthOf(sent, 1)
        assert.deepStrictEqual(store.states().completed, ["k/high/0+1"])
      })
  )

  it.effect("when the store is away while retries are put back: they wait for it", () =>
    Effect.gen(function* () {
      const gate = yield* held
      const { outbox, sent, sink, startWorker, store } = yield* stage({
        script: (_, nth) => (nth === 1 ? Effect.andThen(gate.wait, connectionLost) : Effect.void)
      })
      yield* startWorker()
      yield* outbox.enqueueAll("k", [hello(1)])
      yield* elapse("1 second")
      yield* store.down
      yield* gate.release
      yield* elapse("10 seconds")
      yield* store.up
      yield* elapse("20 seconds")
      assert.lengthOf(sent, 2)
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1)}`])
    })
  )

  it.effect("when a chunk kills every process that takes it: it is kept as failed after twenty", () =>
    Effect.gen(function* () {
      const { outbox, sent, startWorker, store } = yield* stage({ script: () => Effect.never })
      yield* outbox.enqueueAll("poison", [hello(1)])
      for (let n = 0; n < 25; n++) {
        const worker = yield* startWorker()
        yield* elapse("1 second")
        yield* worker.kill
        yield* elapse(lease)
      }
      assert.lengthOf(sent, 20)
      assert.deepStrictEqual(store.states().failed, ["poison/high/0+1"])
      assert.deepInclude(store.stored("apns:high", "poison/high/0+1"), { v: 1 })
    })
  )

  it.effect("when Apns closes under it: what it did not send comes back", () =>
    Effect.gen(function* () {
      const closed = errorOf(
        new Reason.ConnectionFailed({
          address: "api.push.apple.com:443",
          step: "closed",
          problem: "the connection was closed",
          cure: "Keep the layer open.",
          transient: false
        })
      )
      const { outbox, sink, startWorker } = yield* stage({ script: failing(closed) })
      yield* startWorker()
      yield* outbox.enqueue(hello(1))
      yield* elapse("5 seconds")
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1)}`])
    })
  )

  it.effect("when a send dies: the chunk comes back", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker, store } = yield* stage({
        script: (_, nth) => (nth === 1 ? Effect.die("a defect") : Effect.void)
      })
      yield* startWorker()
      yield* outbox.enqueueAll("k", [hello(1)])
      yield* elapse("5 seconds")
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1)}`])
      assert.strictEqual(elementOf(store.states().completed), "k/high/0+1")
    })
  )
})
