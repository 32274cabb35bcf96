import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import { Metrics, queueElements, queueLag, Stats, Store } from "@effect-apns/delivery"
import { Duration, Effect, Layer, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { TestClock } from "effect/testing"
import { observed } from "../support/observed.ts"

it.effect("queues are shown as metrics, at intervals", () => {
  const { layer, values } = observed()
  return Effect.gen(function* () {
    const queue = yield* PersistedQueue.make({ name: "apns:high", schema: Schema.String, maxAttempts: 1 })
    yield* queue.offer("fails")
    yield* Effect.exit(queue.take(() => Effect.fail("no")))
    yield* queue.offer("waits")
    yield* queue.offer("later", { delay: "1 hour" })
    yield* Layer.build(Stats.layerMetrics({ queues: ["apns:high", "apns:low"] }))
    yield* TestClock.adjust("29 seconds")
    const none = { "queue=apns:low, state=ready": 0, "queue=apns:low, state=delayed": 0 }
    assert.deepInclude(values(queueElements), {
      ...none,
      "queue=apns:high, state=ready": 1,
      "queue=apns:high, state=delayed": 1,
      "queue=apns:high, state=taken": 0,
      "queue=apns:high, state=failed": 1
    })
    assert.deepStrictEqual(values(queueLag), { "queue=apns:high": 15, "queue=apns:low": 0 })
    yield* queue.take(Effect.succeed)
    yield* TestClock.adjust("1 second")
    assert.propertyVal(values(queueElements), "queue=apns:high, state=ready", 0)
    assert.deepStrictEqual(values(queueLag), { "queue=apns:high": 0, "queue=apns:low": 0 })
  }).pipe(Effect.provide([Store.memory, layer]))
})

it.effect("queues that cannot be read leave their metrics as they were, and a warning", () => {
  const { layer, lines, values } = observed()
  let isDown = false
  const stats = Layer.succeed(Stats, {
    read: () =>
      isDown
        ? Effect.fail(new PersistedQueue.PersistedQueueError({ message: "The store is down" }))
        : Effect.succeed({ ready: 7, delayed: 0, taken: 0, failed: 0, lag: Duration.seconds(3) })
  })
  return Effect.gen(function* () {
    yield* Layer.build(Stats.layerMetrics({ queues: ["q"], interval: "1 second" }).pipe(Layer.provide(stats)))
    yield* TestClock.adjust("1 second")
    isDown = true
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(values(queueLag), { "queue=q": 3 })
    assert.strictEqual(lines.filter(({ level }) => level === "Warn").length, 2)
    isDown = false
    yield* TestClock.adjust("1 second")
    assert.strictEqual(lines.filter(({ level }) => level === "Warn").length, 2)
  }).pipe(Effect.provide(layer))
})

it("all metrics of delivery are in the documentation by their names", () => {
  const path = fileURLToPath(new URL("../../docs/observability.md", import.meta.url))
  const shown = [...readFileSync(path, "utf8").matchAll(/^\| `(apns_delivery_\w+)`/gm)].map((match) => match[1])
  const ids = [...Object.values(Metrics), queueElements, queueLag].map(({ id }) => id)
  assert.deepStrictEqual([...shown].sort(), ids.sort())
})
