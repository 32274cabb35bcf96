import { assert, describe, it } from "@effect/vitest"
import { Outbox, type Outcome, OutcomeSink, Worker } from "@effect-apns/delivery"
import { Effect, Layer, Stream } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Apns, Notification } from "effect-apns"

const sent: Array<string> = []
const apns = Layer.succeed(Apns)({
  send: (n) =>
    Effect.sync(() => {
      sent.push(n.device)
      return { apnsId: n.id, attempts: 1, connection: "x:1#1", timings: {} as never }
    }),
  broadcast: () => Effect.never
})
describe("smoke", () => {
  it.live("works", () => {
    const outcomes: Array<Outcome.Outcome> = []
    const sink = OutcomeSink.layer((o) =>
      Effect.sync(() => {
        outcomes.push(...o)
      })
    )
    const layer = Layer.merge(Outbox.layer(), Worker.layer()).pipe(
      Layer.provide([sink, apns]),
      Layer.provide(PersistedQueue.layer),
      Layer.provide(PersistedQueue.layerStoreMemory)
    )
    return Effect.gen(function* () {
      const outbox = yield* Outbox
      const hello = (d: string) => Notification.alert({ device: d, alert: "Hello" })
      yield* Effect.forEach(
        Array.from({ length: 200 }, (_, i) => hello((1000 + i).toString(16).padStart(64, "0"))),
        (n) => outbox.enqueue(n),
        { concurrency: "unbounded" }
      )
      const n = yield* outbox.enqueueAll("a", [hello("aa"), hello("bb")])
      const m = yield* outbox.fanOut("b", hello(""), Stream.make("cc", "dd", "zz"))
      yield* Effect.sleep(200)
      assert.deepStrictEqual([n, m, outcomes.length, sent.length], [2, 3, 205, 205])
    }).pipe(Effect.provide(layer))
  })
})
