import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Layer, Option, Schedule, Stream, Tracer } from "effect"
import { broadcast, Notification, send, sendAll } from "effect-apns"
import { observed, spanOf } from "../support/observed.ts"
import { device, simulated } from "../support/simulated.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })
const layer = simulated({ apns: { retry: Schedule.recurs(0) } })
const hash = createHash("sha256").update(device()).digest("hex").slice(0, 12)
const messaging = {
  "messaging.system": "apns",
  "messaging.operation.name": "send",
  "messaging.operation.type": "send",
  "messaging.destination.name": "com.example.app"
}

describe("spans", () => {
  it.live("tell of a notification that is accepted, below the caller's", () => {
    const { layer: watched, spans } = observed()
    return Effect.gen(function* () {
      const { host, port } = yield* Simulator
      const n = hello()
      yield* Effect.withSpan(send(n), "caller")
      assert.deepStrictEqual(spanOf(spans.find(({ name }) => name === "send com.example.app")), {
        name: "send com.example.app",
        kind: "client",
        ended: "well",
        attributes: {
          ...messaging,
          "messaging.message.id": n.id,
          "apns.device.hash": hash,
          "apns.push_type": "alert",
          "apns.outcome": "accepted",
          "apns.attempts": 1,
          "http.response.status_code": 200,
          "server.address": host,
          "server.port": port
        }
      })
      const [caller, own] = spans
      assert.strictEqual(own && Option.getOrUndefined(own.parent), caller)
    }).pipe(Effect.provide(Layer.provideMerge(layer, watched)))
  })

  it.live("tell why one is refused, is invalid, or was given up", () => {
    const { layer: watched, spans } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "reject", reason: "Unregistered" } })
      yield* Effect.flip(send(hello()))
      yield* Effect.flip(send({ ...hello(), device: "not hex" }))
      yield* simulator.inject({ effect: { _tag: "silence" } })
      const given = yield* Effect.forkChild(send(hello()))
      yield* simulator.awaitReceived(2)
      yield* Fiber.interrupt(given)
      const told = spans.map((span) => {
        const { attributes, ended } = spanOf(span)
        return [
          ended,
          attributes["error.type"],
          attributes["apns.outcome"],
          attributes["apns.attempts"],
          attributes["http.response.status_code"]
        ]
      })
      assert.deepStrictEqual(told, [
        ["ill", "Unregistered", "refused", 1, 410],
        ["ill", "InvalidNotification", "unsent", 0, undefined],
        ["ill", "interrupted", undefined, undefined, undefined]
      ])
    }).pipe(Effect.provide(Layer.provideMerge(layer, watched)))
  })

  it.live("tell of broadcasts, and of every notification of sendAll below the Stream's", () => {
    const { layer: watched, spans } = observed()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      const { id: channel } = yield* simulator.registerChannel({ bundleId: "com.example.app", storage: "mostRecent" })
      const b = Notification.broadcast.update({
        channel,
        priority: 10,
        expiration: "1 hour",
        contentState: { score: 1 }
      })
      yield* broadcast(b)
      const [first] = spans
      const { attributes } = spanOf(first)
      assert.deepInclude(attributes, { ...messaging, "messaging.message.id": b.id, "apns.channel": channel })
      const all = sendAll(Stream.fromIterable([hello(1), hello(2), hello(3)]))
      yield* Effect.withSpan(Stream.runDrain(all), "many")
      const [, many, ...own] = spans
      assert.strictEqual(many?.name, "many")
      assert.deepStrictEqual(
        own.map((span) => [spanOf(span).ended, Option.getOrUndefined(span.parent) === many]),
        [
          ["well", true],
          ["well", true],
          ["well", true]
        ]
      )
    }).pipe(Effect.provide(Layer.provideMerge(layer, watched)))
  })

  it.live("are not made where the program has no tracer, or has it switched off", () => {
    const made: Array<string> = []
    const { nativeTracer } = Tracer
    const { layer: watched, spans, untraced } = observed()
    const both = Effect.gen(function* () {
      yield* send(hello())
      yield* Stream.runDrain(sendAll(Stream.make(hello(1))))
    })
    const original = nativeTracer.span
    return Effect.gen(function* () {
      nativeTracer.span = (options) => {
        made.push(options.name)
        return original.call(nativeTracer, options)
      }
      yield* Effect.provide(both, Layer.provideMerge(layer, untraced))
      yield* Effect.provide(Effect.withTracerEnabled(both, false), Layer.provideMerge(layer, watched))
      assert.deepStrictEqual([...made, ...spans.map(({ name }) => name)], [])
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          nativeTracer.span = original
        })
      )
    )
  })
})
