/** Ending: what is under way has its outcome, nothing more is taken, and nobody waits longer than was said. */

import type { ServerHttp2Stream } from "node:http2"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, ManagedRuntime, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  drain,
  drainOnInterrupt,
  JwtCache,
  Notification,
  PayloadSchema,
  type SendResult,
  send,
  sendAll,
  Tenants
} from "effect-apns"
import { nodeServer } from "../http2/support/servers.ts"
import { freePort } from "../support/freePort.ts"
import { refused, scripted } from "../support/scriptedConnection.ts"
import { device } from "../support/simulated.ts"
import { hello as helloOf, keys, started } from "../support/tenants.ts"
import { moment, until } from "../support/waiting.ts"

const hello = (n: number) => Notification.alert({ device: device(n), alert: "Hello", topic: "com.example.app" })

/** A server of node:http2 that answers when it is told to. */
const server = (limit = 100) =>
  Effect.gen(function* () {
    const held: Array<ServerHttp2Stream> = []
    let opened = 0
    const { ca, host, port } = yield* Effect.acquireRelease(
      Effect.promise(() =>
        nodeServer(
          (stream) => {
            opened++
            stream.resume()
            stream.on("error", () => {})
            held.push(stream)
          },
          { settings: { maxConcurrentStreams: limit } }
        )
      ),
      (running) => Effect.promise(() => running.stop())
    )
    const layer = Apns.layerNoDeps().pipe(
      Layer.provide([
        ApnsConnection.layer({
          environment: { host, port, ca },
          slowDown: { outage: false },
          drainTimeout: "10 seconds"
        }),
        JwtCache.layerNone,
        PayloadSchema.layer
      ])
    )
    const answer = (status = 200, reason?: string) => {
      for (const stream of held.splice(0)) {
        stream.respond({ ":status": status })
        stream.end(reason && JSON.stringify({ reason }))
      }
    }
    return { answer, layer, opened: () => opened }
  })

const outcomeOf = (result: Result.Result<unknown, ApnsError>) =>
  Result.isSuccess(result) ? "accepted" : `${result.failure.outcome} ${result.failure.reason._tag}`

const sending = (n: number) => Effect.forkChild(Effect.map(Effect.result(send(hello(n))), outcomeOf))

describe("drain", () => {
  it.live("lets a ManagedRuntime be disposed of when its sends have their outcome", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server()
      const runtime = ManagedRuntime.make(layer)
      const first = runtime.runPromise(Effect.result(send(hello(1))))
      yield* until(() => opened() === 1)
      const stopped = runtime.runPromise(drain).then(() => runtime.dispose())
      const late = runtime.runPromise(Effect.result(send(hello(2))))
      assert.strictEqual(outcomeOf(yield* Effect.promise(() => late)), "unsent ConnectionFailed")
      answer()
      yield* Effect.promise(() => stopped)
      assert.strictEqual(outcomeOf(yield* Effect.promise(() => first)), "accepted")
      assert.strictEqual(opened(), 1)
    }).pipe(Effect.scoped)
  )

  it.effect("gives what is under way `drainTimeout`, the queue too, and tells the rest", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server(1)
      yield* Effect.gen(function* () {
        const sends = yield* Effect.forEach([1, 2, 3], sending)
        yield* until(() => opened() === 1)
        const draining = yield* Effect.forkChild(drain, { startImmediately: true })
        answer()
        yield* until(() => opened() === 2)
        yield* TestClock.adjust("9999 millis")
        yield* moment
        assert.isUndefined(draining.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(draining)
        assert.deepStrictEqual(
          sends.map((fiber) => fiber.pollUnsafe()?._tag),
          ["Success", "Success", "Success"]
        )
        assert.deepStrictEqual(yield* Fiber.joinAll(sends), [
          "accepted",
          "unknown OutcomeUnknown",
          "unsent ConnectionFailed"
        ])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is over at once where nothing is under way, and again", () =>
    Effect.gen(function* () {
      const { layer } = yield* server()
      yield* Effect.andThen(drain, drain).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("ends a send that waits for its next attempt with what the last one came to", () =>
    Effect.gen(function* () {
      const { asked, layer } = scripted([refused(503, "ServiceUnavailable", { "retry-after": "20" })])
      const apns = Apns.layerNoDeps().pipe(Layer.provide([layer, JwtCache.layerNone, PayloadSchema.layer]))
      yield* Effect.gen(function* () {
        const fiber = yield* sending(1)
        yield* until(() => asked.length === 1)
        yield* drain
        assert.strictEqual(yield* Fiber.join(fiber), "refused ServiceUnavailable")
        assert.strictEqual(asked.length, 1)
      }).pipe(Effect.provide(apns))
    })
  )

  it.effect("ends a send that waits for its provider token", () =>
    Effect.gen(function* () {
      const silent = Layer.mock(JwtCache, { token: Effect.never })
      const { asked, layer } = scripted([])
      const apns = Apns.layerNoDeps().pipe(Layer.provide([layer, silent, PayloadSchema.layer]))
      yield* Effect.gen(function* () {
        const fiber = yield* sending(1)
        yield* moment
        yield* drain
        assert.strictEqual(yield* Fiber.join(fiber), "unsent ConnectionFailed")
        assert.strictEqual(asked.length, 0)
      }).pipe(Effect.provide(apns))
    })
  )

  it.effect("ends a send that waits for its device's turn", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server()
      yield* Effect.gen(function* () {
        const first = yield* sending(1)
        yield* until(() => opened() === 1)
        answer(429, "TooManyRequests")
        yield* moment
        const second = yield* sending(1)
        yield* moment
        yield* drain
        assert.deepStrictEqual(yield* Fiber.joinAll([first, second]), [
          "refused TooManyRequests",
          "unsent ConnectionFailed"
        ])
        assert.strictEqual(opened(), 1)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("gives a connection that cannot be had `drainTimeout`, too", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      const apns = Apns.layerNoDeps().pipe(
        Layer.provide([
          ApnsConnection.layer({ environment: { host: "127.0.0.1", port }, slowDown: { outage: false } }),
          JwtCache.layerNone,
          PayloadSchema.layer
        ])
      )
      yield* Effect.gen(function* () {
        const fiber = yield* sending(1)
        const draining = yield* Effect.forkChild(drain, { startImmediately: true })
        for (let second = 0; second < 5; second++) {
          yield* moment
          yield* TestClock.adjust("1 second")
        }
        yield* Fiber.join(draining)
        assert.strictEqual(yield* Fiber.join(fiber), "unsent ConnectionFailed")
      }).pipe(Effect.provide(apns))
    })
  )

  it.effect("reaches an Apns that is wrapped, and leaves one that is no such alone", () =>
    Effect.gen(function* () {
      const { layer, opened } = yield* server()
      const wrapped = Layer.effect(
        Apns,
        Effect.map(Apns, (apns) => ({
          ...apns,
          send: (notification) => Effect.tap(apns.send(notification), Effect.void)
        }))
      ).pipe(Layer.provide(layer))
      yield* Effect.gen(function* () {
        yield* drain
        assert.strictEqual(yield* Effect.flatMap(sending(1), Fiber.join), "unsent ConnectionFailed")
        assert.strictEqual(opened(), 0)
      }).pipe(Effect.provide(wrapped))
      yield* drain.pipe(Effect.provide(Layer.mock(Apns, {})))
    }).pipe(Effect.scoped)
  )

  it.effect("of Tenants drains every target, also by the Apns for all of them", () =>
    Effect.gen(function* () {
      const { service: tenants } = yield* started({ acme: keys.acme, beta: keys.beta })
      yield* tenants.send("acme", helloOf(1))
      yield* drain.pipe(Effect.provide(Tenants.layerApns()), Effect.provideService(Tenants, tenants))
      for (const tenant of ["acme", "beta"]) {
        const result = yield* Effect.result(tenants.send(tenant, helloOf(2)))
        assert.strictEqual(outcomeOf(result), "unsent ConnectionFailed")
      }
      yield* Tenants.drain.pipe(Effect.provideService(Tenants, tenants))
    }).pipe(Effect.scoped)
  )
})

describe("sendAll, drained,", () => {
  const said = ({ outcome }: SendResult) => outcome
  /** A Stream without end, and how much of it was taken. */
  const endless = () => {
    let taken = 0
    const stream = Stream.range(1, Number.MAX_SAFE_INTEGER).pipe(
      Stream.rechunk(5),
      Stream.map((n) => {
        taken++
        return hello(n)
      })
    )
    return { stream, taken: () => taken }
  }

  it.effect("takes no more, and ends with a result for each that it took", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server()
      yield* Effect.gen(function* () {
        const { stream, taken } = endless()
        const fiber = yield* Effect.forkChild(Stream.runCollect(sendAll(stream, { concurrency: 7 })))
        yield* until(() => opened() === 7)
        const draining = yield* Effect.forkChild(drain, { startImmediately: true })
        answer()
        const results = yield* Fiber.join(fiber)
        yield* Fiber.join(draining)
        assert.strictEqual(results.length, taken())
        assert.deepStrictEqual(results.map(said), [...Array(7).fill("accepted"), ...Array(taken() - 7).fill("unsent")])
        assert.isBelow(taken(), 20)
        assert.strictEqual(opened(), 7)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("does not wait for a Stream that has nothing now", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server()
      yield* Effect.gen(function* () {
        let isEnded = false
        const stream = Stream.make(hello(1), hello(2)).pipe(
          Stream.concat(Stream.never),
          Stream.ensuring(Effect.sync(() => (isEnded = true)))
        )
        const fiber = yield* Effect.forkChild(Stream.runCollect(sendAll(stream)))
        yield* until(() => opened() === 2)
        answer()
        yield* moment
        yield* drain
        assert.deepStrictEqual((yield* Fiber.join(fiber)).map(said), ["accepted", "accepted"])
        assert.isTrue(isEnded)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is waited for until its reader has read, but not for ever", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server()
      yield* Effect.gen(function* () {
        let read = 0
        const slow = Stream.make(hello(1), hello(2)).pipe(
          sendAll,
          Stream.runForEach(() =>
            Effect.andThen(
              Effect.sleep("1 second"),
              Effect.sync(() => read++)
            )
          )
        )
        const fiber = yield* Effect.forkChild(slow)
        yield* until(() => opened() === 2)
        const draining = yield* Effect.forkChild(drain, { startImmediately: true })
        answer()
        yield* moment
        yield* TestClock.adjust("1 second")
        yield* moment
        assert.deepStrictEqual([read, draining.pollUnsafe()], [1, undefined])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(draining)
        assert.strictEqual(read, 2)
        yield* Fiber.join(fiber)
        const stuck = yield* Effect.forkChild(Stream.runForEach(sendAll(Stream.make(hello(3))), () => Effect.never))
        yield* moment
        const again = yield* Effect.forkChild(drain, { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(again)
        yield* Fiber.interrupt(stuck)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )
})

describe("drainOnInterrupt", () => {
  it.effect("lets a program that reads results read all of them, and come to its end", () =>
    Effect.gen(function* () {
      const { answer, layer, opened } = yield* server()
      yield* Effect.gen(function* () {
        const told: Array<string> = []
        const program = Stream.range(1, 3).pipe(
          Stream.map(hello),
          Stream.concat(Stream.never),
          sendAll,
          Stream.runForEach(({ outcome }) => Effect.sync(() => told.push(outcome))),
          Effect.andThen(Effect.sync(() => told.push("the end")))
        )
        const fiber = yield* Effect.forkChild(drainOnInterrupt(program))
        yield* until(() => opened() === 3)
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        yield* moment
        assert.isUndefined(interrupting.pollUnsafe())
        answer()
        yield* Fiber.join(interrupting)
        assert.deepStrictEqual(told, ["accepted", "accepted", "accepted", "the end"])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("interrupts a program that does not end, after `drainTimeout`", () =>
    Effect.gen(function* () {
      const { layer } = yield* server()
      yield* Effect.gen(function* () {
        let isInterrupted = false
        const program = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (isInterrupted = true)))
        const fiber = yield* Effect.forkChild(drainOnInterrupt(program), { startImmediately: true })
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        yield* moment
        yield* TestClock.adjust("4999 millis")
        assert.isFalse(isInterrupted)
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(interrupting)
        assert.isTrue(isInterrupted)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("is the program where nobody interrupts it", () =>
    Effect.gen(function* () {
      const { layer } = yield* server()
      const [value, error] = yield* Effect.all([
        drainOnInterrupt(Effect.succeed(1)),
        Effect.flip(drainOnInterrupt(Effect.fail("no")))
      ]).pipe(Effect.provide(layer))
      assert.deepStrictEqual([value, error], [1, "no"])
    }).pipe(Effect.scoped)
  )
})
