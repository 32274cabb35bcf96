import { assert, describe, it } from "@effect/vitest"
import { OutcomeSink } from "@effect-apns/delivery"
import { Simulator } from "@effect-apns/simulator"
import { Queue } from "bullmq"
import { Effect, Layer, Redacted } from "effect"
import { Apns, Credentials, Notification } from "effect-apns"
import { enqueue, work } from "../../examples/bullmq.ts"
import { redisServer } from "../support/redis.ts"
import { redis } from "../support/stores.ts"

const deviceOf = (index: number) => index.toString(16).padStart(64, "0")

const ApnsLive = Layer.unwrap(
  Effect.gen(function* () {
    const { ca, host, key, port } = yield* Simulator
    return Apns.layer({
      environment: { host, port, ca },
      credentials: Credentials.token({
        teamId: key.teamId,
        keyId: key.keyId,
        privateKey: Redacted.make(key.privateKey)
      }),
      topic: "com.example.app"
    })
  })
)

const until = (condition: Effect.Effect<boolean>) =>
  Effect.gen(function* () {
    while (!(yield* condition)) yield* Effect.sleep("10 millis")
  })

describe.skipIf(redis.skipped)(`delivery over BullMQ, ${redis.title}`, { timeout: 120_000 }, () => {
  it.live("sends each once, tries again what may go through later, and finishes what is in hand at the end", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { port } = yield* redisServer
      const connection = { host: "127.0.0.1", port }
      const queue = yield* Effect.acquireRelease(
        Effect.sync(() => new Queue("pushes", { connection })),
        (queue) => Effect.promise(() => queue.close())
      )
      yield* simulator.register({ state: "unregistered", token: deviceOf(3), since: 1_767_225_600_000 })
      // The library tries three times by itself; the fourth is the queue's.
      yield* simulator.inject({
        match: { device: deviceOf(5) },
        times: 5,
        effect: { _tag: "reject", reason: "ServiceUnavailable" }
      })
      const told = new Map<string, Array<string>>()
      const sink = OutcomeSink.layer((outcomes) =>
        Effect.sync(() => {
          for (const { _tag, notification } of outcomes) {
            told.set(notification.device, [...(told.get(notification.device) ?? []), _tag])
          }
        })
      )
      const page = (start: number) =>
        Array.from({ length: 50 }, (_, index) =>
          Notification.alert({ device: deviceOf(start + index), alert: "Hello", collapseId: "hello" })
        )
      for (let start = 0; start < 200; start += 50) yield* enqueue(queue, `blast-${start}`, page(start))
      // Given again, it is known.
      yield* enqueue(queue, "blast-0", page(0))

      yield* Effect.scoped(
        Effect.andThen(work(connection, "pushes"), until(Effect.sync(() => told.size === 200)))
      ).pipe(Effect.provide(sink))

      for (const [device, tags] of told) {
        assert.deepStrictEqual(tags, [device === deviceOf(3) ? "Refused" : "Accepted"], device)
      }
      const accepted = (yield* simulator.received).filter(
        ({ answer }) => answer._tag === "answered" && answer.status === 200
      )
      assert.strictEqual(accepted.length, 199)
      assert.strictEqual(new Set(accepted.map(({ device }) => device)).size, 199)
    }).pipe(Effect.provide(ApnsLive.pipe(Layer.provideMerge(Simulator.layer()))))
  )
})
