/**
 * Giving up: what the server sees of it, and that its place is free for the next one. The clock of the test stands still, so
 * that nothing waits long enough for another session.
 */
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Apns, ApnsConnection, JwtCache, Metrics, Notification, PayloadSchema, send, sendAll } from "effect-apns"
import { nodeServer, type Running } from "../http2/support/servers.ts"
import { observed } from "../support/observed.ts"
import { device, simulated } from "../support/simulated.ts"
import { endsAfter, moment, until } from "../support/waiting.ts"

const hello = (n: number) => Notification.alert({ device: device(n), alert: "Hello", topic: "com.example.app" })
const hellos = (count: number) => Stream.range(1, count).pipe(Stream.map(hello))

/** RFC 9113, 7 */
const CANCEL = 8

/** A server made of node:http2 that never answers the first `held` requests, and the rest at once. */
const server = (held: number, limit: number) =>
  Effect.gen(function* () {
    const opened: Array<string> = []
    /** The RST_STREAM codes of the streams that the client took back. */
    const resets: Array<number> = []
    let sessions = 0
    const running: Running = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const made = await nodeServer(
          (stream, headers) => {
            opened.push(String(headers[":path"]))
            stream.resume()
            if (opened.length > held) {
              stream.respond({ ":status": 200 }, { endStream: true })
              return
            }
            stream.on("aborted", () => resets.push(stream.rstCode))
          },
          { settings: { maxConcurrentStreams: limit } }
        )
        made.server.on("session", () => sessions++)
        return made
      }),
      (server) => Effect.promise(() => server.stop())
    )
    const { ca, host, port } = running
    const layer = Apns.layerNoDeps().pipe(
      Layer.provide([
        ApnsConnection.layer({ environment: { host, port, ca } }),
        JwtCache.layerNone,
        PayloadSchema.layer
      ])
    )
    return { opened, resets, sessions: () => sessions, layer }
  })

describe("interrupting, before a server of node:http2,", () => {
  it.effect("a send resets its stream with CANCEL, and the slot is free", () =>
    Effect.gen(function* () {
      const { layer, opened, resets, sessions } = yield* server(1, 1)
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(send(hello(1)))
        yield* until(() => opened.length === 1)
        yield* Fiber.interrupt(fiber)
        // Node's server counts a reset stream a moment longer than RFC 9113, 5.1.2, lets it.
        yield* until(() => resets.length === 1)
        // The only slot there is: without it, this one would wait for ever.
        yield* send(hello(2))
        assert.deepStrictEqual(resets, [CANCEL])
        assert.strictEqual(sessions(), 1)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("a send that waits for a stream sends nothing", () =>
    Effect.gen(function* () {
      const { layer, opened, resets } = yield* server(1, 1)
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(send(hello(1)))
        yield* until(() => opened.length === 1)
        const waiting = yield* Effect.forkChild(send(hello(2)))
        yield* moment
        yield* Fiber.interrupt(waiting)
        yield* Fiber.interrupt(first)
        yield* until(() => resets.length === 1)
        yield* send(hello(3))
        assert.deepStrictEqual(
          opened,
          [1, 3].map((n) => `/3/device/${device(n)}`)
        )
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )

  it.effect("a sendAll resets every stream it has open with CANCEL, sends no more, and frees the slots", () =>
    Effect.gen(function* () {
      const { layer, opened, resets, sessions } = yield* server(5, 5)
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Stream.runDrain(sendAll(hellos(20))))
        yield* until(() => opened.length === 5)
        yield* Fiber.interrupt(fiber)
        yield* until(() => resets.length === 5)
        assert.deepStrictEqual(resets, Array(5).fill(CANCEL))
        assert.lengthOf(opened, 5)
        const results = yield* Stream.runCollect(sendAll(hellos(20)))
        assert.deepStrictEqual(
          results.map(({ outcome }) => outcome),
          Array(20).fill("accepted")
        )
        assert.strictEqual(sessions(), 1)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped)
  )
})

describe("interrupting, before the simulator,", () => {
  it.effect("a send takes its stream back: its place is free at once, on the same session", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* send(hello(0))
      yield* simulator.setMaxConcurrentStreams(1)
      yield* simulator.inject({ effect: { _tag: "delay", millis: 60_000 } })
      const fiber = yield* Effect.forkChild(send(hello(1)))
      yield* simulator.awaitReceived(2)
      yield* Fiber.interrupt(fiber)
      const { connection } = yield* send(hello(2))
      assert.match(connection, /#1$/)
      const [, given] = yield* simulator.received
      assert.deepStrictEqual(given?.answer, { _tag: "unanswered", why: "closed" })
    }).pipe(Effect.provide(simulated()))
  )

  it.effect("a send between two attempts sends no second one", () => {
    const { untraced, values } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "reject", reason: "ServiceUnavailable", retryAfter: 1 }, times: 2 })
      const given = yield* Effect.forkChild(send(hello(1)))
      const kept = yield* Effect.forkChild(send(hello(2)))
      yield* simulator.awaitReceived(2)
      yield* until(() => values(Metrics.inFlight, "server")[""] === 0)
      yield* moment
      yield* Fiber.interrupt(given)
      assert.strictEqual((yield* endsAfter(kept, 1000)).attempts, 2)
      yield* TestClock.adjust("1 minute")
      yield* moment
      const paths = (yield* simulator.received).map(({ path }) => path)
      assert.deepStrictEqual(
        paths.filter((path) => path.endsWith(device(1))),
        [`/3/device/${device(1)}`]
      )
    }).pipe(Effect.provide(Layer.provideMerge(simulated({ apns: { slowDown: { outage: false } } }), untraced)))
  })
})
