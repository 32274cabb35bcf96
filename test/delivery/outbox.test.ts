/** Giving notifications to a queue: durable when it succeeds, and stored once however often it is done. */
import { assert, describe, it } from "@effect/vitest"
import { Element, Outbox } from "@effect-apns/delivery"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Option, Result, Schema, Scope, Stream } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Notification, PayloadSchema } from "effect-apns"
import { device, hello, idOf } from "./scripted.ts"
import { elapse, stage } from "./stage.ts"

interface Offered {
  readonly name: string
  readonly id: string
  readonly isCustomId: boolean
  readonly delayMillis: number
  readonly element: Element.Element
}

const decode = Schema.decodeUnknownSync(Schema.toCodecJson(Element.Element))

/** A store that remembers what it was offered, and writes when it is let. */
const recordingStore = (
  write: (element: Element.Element) => Effect.Effect<void, PersistedQueue.PersistedQueueError> = () => Effect.void
) => {
  const offered: Array<Offered> = []
  const store = Layer.succeed(PersistedQueue.PersistedQueueStore)({
    offer: ({ delay, element, id, isCustomId, name }) => {
      const decoded = decode(element)
      return Effect.andThen(
        write(decoded),
        Effect.sync(() => {
          const delayMillis =
            delay === undefined ? 0 : Math.round(delay.value._tag === "Millis" ? delay.value.millis : Number.NaN)
          offered.push({ name, id, isCustomId, delayMillis, element: decoded })
        })
      )
    },
    take: () => Effect.never,
    cleanup: () => Effect.void
  })
  return { offered, layer: PersistedQueue.layer.pipe(Layer.provide(store)) }
}

const down = new PersistedQueue.PersistedQueueError({ message: "The store is down" })
const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => hello(from + n))

describe("enqueue", () => {
  it.effect("stores concurrent calls together, and each succeeds when its chunk is stored", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { layer, offered } = recordingStore(() => Deferred.await(gate))
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        const fiber = yield* Effect.forkChild(
          Effect.forEach(many(1000), (n) => outbox.enqueue(n), { concurrency: "unbounded", discard: true })
        )
        yield* elapse("1 second")
        assert.isUndefined(fiber.pollUnsafe())
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(fiber)
      }).pipe(Effect.provide(Outbox.layer()), Effect.provide(layer))
      assert.lengthOf(
        offered.flatMap(({ element }) => element.items),
        1000
      )
      // The first few went alone; the others shared chunks of 50.
      assert.isAtMost(offered.length, 30)
      assert.isTrue(
        offered.every(
          ({ element, isCustomId, name }) => element.items.length <= 50 && !isCustomId && name === "apns:high"
        )
      )
    })
  )

  it.effect("tells every caller of a chunk that the store failed, and keeps nothing", () =>
    Effect.gen(function* () {
      let isDown = true
      const { layer, offered } = recordingStore(() => (isDown ? down : Effect.void))
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        const exits = yield* Effect.forEach(many(120), (n) => Effect.exit(outbox.enqueue(n)), {
          concurrency: "unbounded"
        })
        assert.isTrue(exits.every((exit) => Option.getOrUndefined(Exit.findErrorOption(exit)) === down))
        isDown = false
        yield* outbox.enqueue(hello(500))
      }).pipe(Effect.provide(Outbox.layer()), Effect.provide(layer))
      assert.deepStrictEqual(
        offered.flatMap(({ element }) => element.items).map(({ notification }) => notification.id),
        [idOf(500)]
      )
    })
  )

  it.effect("fails for what send would refuse, before anything is stored", () =>
    Effect.gen(function* () {
      const { layer, offered } = recordingStore()
      const error = yield* Effect.flip(Outbox.use((outbox) => outbox.enqueue(hello(1, { collapseId: "" })))).pipe(
        Effect.provide(Outbox.layer()),
        Effect.provide(layer)
      )
      assert.isTrue(error._tag === "ApnsError" && error.reason._tag === "InvalidNotification")
      assert.lengthOf(offered, 0)
    })
  )

  it.effect("stores first what waits when its scope closes, and nothing after that", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { layer, offered } = recordingStore(() => Deferred.await(gate))
      const scope = yield* Scope.make()
      const outbox = Context.get(yield* Layer.buildWithScope(Outbox.layer().pipe(Layer.provide(layer)), scope), Outbox)
      const fiber = yield* Effect.forkChild(
        Effect.forEach(many(500), (n) => outbox.enqueue(n), { concurrency: "unbounded", discard: true })
      )
      yield* elapse("1 second")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* elapse("1 second")
      assert.isUndefined(closing.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
      yield* Fiber.join(fiber)
      assert.lengthOf(
        offered.flatMap(({ element }) => element.items),
        500
      )
      const error = yield* Effect.flip(outbox.enqueue(hello(600)))
      assert.strictEqual(error._tag, "PersistedQueueError")
    })
  )

  it.effect("goes to the lane of its priority, or to the one that is named", () =>
    Effect.gen(function* () {
      const { layer, offered } = recordingStore()
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        yield* outbox.enqueue(hello(1))
        yield* outbox.enqueue(hello(2, { priority: 10 }))
        yield* outbox.enqueue(hello(3, { priority: 5 }))
        yield* outbox.enqueue(hello(4, { priority: 1 }))
        yield* outbox.enqueue(hello(5), { lane: "low" })
        yield* outbox.enqueue(Notification.background({ device: device(6), data: {} }))
      }).pipe(Effect.provide(Outbox.layer({ name: "shop" })), Effect.provide(layer))
      assert.deepStrictEqual(
        offered.map(({ name }) => name),
        ["shop:high", "shop:high", "shop:low", "shop:low", "shop:low", "shop:low"]
      )
    })
  )

  it.effect("may be delayed, and its deadline and expiration count from then", () =>
    Effect.gen(function* () {
      const { layer, offered } = recordingStore()
      yield* elapse("10 seconds", "10 seconds")
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        yield* outbox.enqueue(hello(1, { expiration: "1 minute" }), { delay: "20 seconds", deadline: "30 seconds" })
        yield* outbox.enqueue(hello(2), { at: new Date(100_000), deadline: new Date(200_000) })
        yield* outbox.enqueue(hello(3), { at: new Date(0) })
        yield* outbox.enqueue(hello(4, { expiration: "once" }), { delay: "1 second", at: new Date(100_000) })
      }).pipe(Effect.provide(Outbox.layer()), Effect.provide(layer))
      assert.deepStrictEqual(
        offered.map(({ delayMillis, element: { items } }) => [
          delayMillis,
          items[0]?.deadlineMillis,
          items[0]?.notification.expiration
        ]),
        [
          [20_000, 60_000, new Date(90_000)],
          [90_000, 200_000, undefined],
          [0, undefined, undefined],
          [90_000, 100_000 + 3_600_000, "once"]
        ]
      )
    })
  )

  it.effect("fails for a time that is none, before anything is stored", () =>
    Effect.gen(function* () {
      const { layer, offered } = recordingStore()
      const never = new Date(Number.NaN)
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        for (const [field, options] of [
          ["at", { at: never }],
          ["delay", { delay: Infinity }],
          ["deadline", { deadline: never }]
        ] as const) {
          for (const effect of [
            outbox.enqueue(hello(1), options),
            outbox.enqueueAll("k", [hello(1)], options),
            outbox.fanOut("k", hello(1), [device(1)], options)
          ]) {
            const error = yield* Effect.flip(effect)
            assert.isTrue(
              error._tag === "ApnsError" && error.reason._tag === "InvalidNotification" && error.reason.field === field
            )
          }
        }
      }).pipe(Effect.provide(Outbox.layer()), Effect.provide(layer))
      assert.lengthOf(offered, 0)
    })
  )

  it.effect("encodes with the PayloadSchema that is provided", () =>
    Effect.gen(function* () {
      const { layer, offered } = recordingStore()
      const own = Layer.succeed(PayloadSchema)({
        encode: () => Result.succeed(Buffer.from('{"own":true}')),
        encodeBroadcast: () => Result.succeed(Buffer.from("{}"))
      })
      yield* Outbox.use((outbox) => outbox.enqueue(hello(1))).pipe(
        Effect.provide(Outbox.layer().pipe(Layer.provide(own))),
        Effect.provide(layer)
      )
      const content = offered[0]?.element.items[0]?.notification.content
      assert.isTrue(content?._tag === "Raw" && content.body === '{"own":true}')
    })
  )
})

describe("enqueueAll", () => {
  it.effect("derives the ids of its chunks from the key, so that repeating it stores nothing twice", () =>
    Effect.gen(function* () {
      const { outbox, sent, startWorker, store } = yield* stage()
      assert.strictEqual(yield* outbox.enqueueAll("blast", many(120)), 120)
      assert.strictEqual(yield* outbox.enqueueAll("blast", many(120)), 120)
      assert.deepStrictEqual([...store.states().pending], ["blast/high/0+50", "blast/high/50+50", "blast/high/100+20"])
      yield* startWorker()
      yield* elapse("10 seconds")
      assert.strictEqual(yield* outbox.enqueueAll("blast", many(120)), 120)
      yield* elapse("10 seconds")
      assert.lengthOf(sent, 120)
    })
  )

  it.effect("may be repeated after it died half-way", () =>
    Effect.gen(function* () {
      const { outbox, sent, startWorker, store } = yield* stage()
      const dying = store.process((id) => (id === "blast/high/50+50" ? Effect.interrupt : Effect.void))
      const first = Context.get(
        yield* Layer.buildWithScope(Outbox.layer().pipe(Layer.provide(dying.layer)), yield* Effect.scope),
        Outbox
      )
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(first.enqueueAll("blast", many(200)))))
      assert.lengthOf(store.states().pending, 2)
      yield* outbox.enqueueAll("blast", many(200))
      yield* startWorker()
      yield* elapse("20 seconds")
      assert.lengthOf(sent, 200)
      assert.lengthOf(new Set(sent.map(({ id }) => id)), 200)
    })
  )

  it.effect("stores nothing when one of them breaks a rule", () =>
    Effect.gen(function* () {
      const { outbox, store } = yield* stage()
      const broken = [...many(120), Notification.alert({ device: "xyz", alert: "Hello", id: idOf(999) })]
      const error = yield* Effect.flip(outbox.enqueueAll("blast", broken))
      assert.isTrue(error._tag === "ApnsError" && error.notificationId === idOf(999))
      assert.deepStrictEqual(store.offered, [])
    })
  )

  it.effect("loses nothing when it is repeated with chunks of another size: what is cut elsewhere goes twice", () =>
    Effect.gen(function* () {
      const { outbox, sent, startWorker, store } = yield* stage()
      const dying = store.process((id) => (id === "blast/high/0+20" ? Effect.interrupt : Effect.void))
      const small = Outbox.layer({ chunkSize: 20 }).pipe(Layer.provide(dying.layer))
      const first = Context.get(yield* Layer.buildWithScope(small, yield* Effect.scope), Outbox)
      yield* Effect.exit(first.enqueueAll("blast", many(60)))
      yield* outbox.enqueueAll("blast", many(60))
      yield* startWorker()
      yield* elapse("10 seconds")
      assert.lengthOf(new Set(sent.map(({ id }) => id)), 60)
    })
  )

  it.effect("stores nothing for nothing", () =>
    Effect.gen(function* () {
      const { outbox, store } = yield* stage()
      assert.strictEqual(yield* outbox.enqueueAll("blast", []), 0)
      assert.deepStrictEqual(store.offered, [])
    })
  )

  it.effect("runs in the caller's fiber, so that it joins a transaction that the fiber is in", () =>
    Effect.gen(function* () {
      const Transaction = Context.Reference<string>("test/Transaction", { defaultValue: () => "none" })
      const seen: Array<string> = []
      const { layer } = recordingStore(() => Effect.map(Transaction, (name) => void seen.push(name)))
      yield* Effect.gen(function* () {
        const outbox = yield* Outbox
        yield* outbox.enqueueAll("a", many(1)).pipe(Effect.provideService(Transaction, "the caller's"))
        yield* outbox.fanOut("b", hello(0), [device(1)]).pipe(Effect.provideService(Transaction, "the caller's"))
        yield* outbox.enqueue(hello(1)).pipe(Effect.provideService(Transaction, "the caller's"))
      }).pipe(Effect.provide(Outbox.layer()), Effect.provide(layer))
      assert.deepStrictEqual(seen, ["the caller's", "the caller's", "none"])
    })
  )
})

describe("fanOut", () => {
  it.effect("stores the payload once for each chunk, and sends it to every device", () =>
    Effect.gen(function* () {
      const { outbox, sent, sink, startWorker, store } = yield* stage()
      const devices = Stream.range(0, 1199).pipe(Stream.map(device))
      assert.strictEqual(yield* outbox.fanOut("sale", hello(0), devices), 1200)
      assert.deepStrictEqual(store.offered, ["sale/high/0+500", "sale/high/500+500", "sale/high/1000+200"])
      assert.lengthOf(JSON.stringify(store.stored("apns:high", "sale/high/0+500")).match(/Hello/g) ?? [], 1)
      yield* startWorker()
      yield* elapse("10 seconds")
      assert.lengthOf(new Set(sent.map(({ device }) => device)), 1200)
      assert.lengthOf(new Set(sent.map(({ id }) => id)), 1200)
      assert.lengthOf(sink.told(), 1200)
    })
  )

  it.effect("keeps the ids of its notifications across retries and crashes", () =>
    Effect.gen(function* () {
      const { outbox, sent, startWorker } = yield* stage({ script: () => Effect.never })
      const first = yield* startWorker()
      yield* outbox.fanOut("sale", hello(0), [device(1), { device: device(2), registeredAt: new Date(0) }])
      yield* elapse("1 second")
      yield* first.kill
      yield* startWorker()
      yield* elapse("31 seconds")
      assert.lengthOf(sent, 4)
      assert.lengthOf(new Set(sent.map(({ id }) => id)), 2)
    })
  )

  it.effect("does not stop at a malformed device", () =>
    Effect.gen(function* () {
      const { outbox, store } = yield* stage()
      assert.strictEqual(yield* outbox.fanOut("sale", hello(0), [device(1), "no token", device(2)]), 3)
      assert.deepStrictEqual(store.offered, ["sale/high/0+3"])
    })
  )

  it.effect("fails for a template that breaks a rule, before anything is stored", () =>
    Effect.gen(function* () {
      const { outbox, store } = yield* stage()
      const error = yield* Effect.flip(outbox.fanOut("sale", hello(0, { collapseId: "" }), [device(1)]))
      assert.strictEqual(error._tag, "ApnsError")
      assert.deepStrictEqual(store.offered, [])
    })
  )

  it.effect("fails with its Stream, and may be repeated", () =>
    Effect.gen(function* () {
      const { outbox, sent, startWorker } = yield* stage({ outbox: { fanOutSize: 10 } })
      const devices = Stream.range(0, 24).pipe(Stream.map(device))
      const broken = Stream.concat(Stream.take(devices, 15), Stream.fail("the database is away"))
      assert.strictEqual(yield* Effect.flip(outbox.fanOut("sale", hello(0), broken)), "the database is away")
      assert.strictEqual(yield* outbox.fanOut("sale", hello(0), devices), 25)
      yield* startWorker()
      yield* elapse("5 seconds")
      assert.lengthOf(sent, 25)
      assert.lengthOf(new Set(sent.map(({ device }) => device)), 25)
    })
  )
})
