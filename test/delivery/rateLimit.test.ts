/** A cap on notifications that workers share. */
import { assert, describe, it } from "@effect/vitest"
import { Outbox, Worker } from "@effect-apns/delivery"
import { Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { leasedStore } from "./leasedStore.ts"
import { hello, rememberingSink, scriptedApns } from "./scripted.ts"
import { elapse } from "./stage.ts"

const limited = { concurrency: 100, chunkSize: 10, rateLimit: { limit: 20, window: "1 second" } } as const

describe("a rate limit", () => {
  it.effect("is shared by all workers of one store, and nothing is lost by it", () =>
    Effect.gen(function* () {
      const store = yield* leasedStore
      const apns = scriptedApns()
      const sink = rememberingSink()
      const limiter = yield* Layer.build(RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory)))
      const worker = () =>
        Layer.build(
          Worker.layer(limited).pipe(
            Layer.provide([apns.layer, sink.layer, store.process().layer, Layer.succeedContext(limiter)])
          )
        )
      yield* Outbox.use((outbox) =>
        outbox.enqueueAll(
          "k",
          Array.from({ length: 200 }, (_, n) => hello(n))
        )
      ).pipe(Effect.provide(Outbox.layer({ chunkSize: 10 }).pipe(Layer.provide(store.process().layer))))
      yield* worker()
      yield* worker()
      for (let second = 1; second <= 10; second++) {
        yield* elapse("1 second", "250 millis")
        // The window that begins, and what was left of the one before.
        assert.isAtMost(apns.sent.length, 20 * (second + 1))
      }
      yield* elapse("5 seconds")
      assert.lengthOf(sink.told(), 200)
      assert.lengthOf(apns.sent, 200)
    })
  )

  it.effect("that cannot tell does not hold up what is to be sent", () =>
    Effect.gen(function* () {
      const store = yield* leasedStore
      const apns = scriptedApns()
      const sink = rememberingSink()
      const broken = Layer.effect(
        RateLimiter.RateLimiter,
        Effect.map(RateLimiter.make, (limiter) => ({ ...limiter, consume: () => Effect.die("the store is down") }))
      ).pipe(Layer.provide(RateLimiter.layerStoreMemory))
      yield* Layer.build(
        Worker.layer(limited).pipe(Layer.provide([apns.layer, sink.layer, store.process().layer, broken]))
      )
      yield* Outbox.use((outbox) => outbox.enqueue(hello(1))).pipe(
        Effect.provide(Outbox.layer().pipe(Layer.provide(store.process().layer)))
      )
      yield* elapse("1 second")
      assert.lengthOf(sink.told(), 1)
    })
  )
})
