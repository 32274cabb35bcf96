/** `sendAll` and `send`, given what no type allows, and services that fail in ways that no type tells. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Result, Schema, SchemaTransformation, Stream } from "effect"
import {
  Apns,
  ApnsConnection,
  type ApnsResponse,
  type Broadcast,
  JwtCache,
  Notification,
  PayloadSchema,
  Reason,
  type SendResult,
  send,
  sendAll
} from "effect-apns"
import { observed } from "../support/observed.ts"
import { device } from "../support/simulated.ts"

const topic = "com.example.app"

const hello = (n: number) => Notification.alert({ device: device(n), alert: `Hello ${n}`, topic })

const answer: ApnsResponse = {
  status: 200,
  fields: {},
  body: "",
  connection: "push.test:443#1",
  queuedAtMillis: 0,
  openedAtMillis: 0,
  answeredAtMillis: 0
}

const over = (request: ApnsConnection["Service"]["request"]) =>
  Apns.layerNoDeps().pipe(
    Layer.provide([
      Layer.succeed(ApnsConnection, { address: "push.test:443", request, retire: () => Effect.void }),
      JwtCache.layerNone,
      PayloadSchema.layer
    ])
  )

const accepting = over(() => Effect.succeed(answer))

/** A payload whose Schema does something else than to encode. */
const withSchema = (encode: (text: string) => Effect.Effect<string>) => {
  const schema = Schema.String.pipe(
    Schema.decodeTo(Schema.String, SchemaTransformation.transformEffect({ decode: Effect.succeed, encode }))
  )
  return Notification.alert({
    device: device(1),
    alert: "x",
    topic,
    data: { x: "y" },
    schema: Schema.Struct({ x: schema })
  })
}

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new Error(`a getter of ${device(7)}`)
    }
  }
)

const values: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["null", null],
  ["undefined", undefined],
  ["a number", 5],
  ["a text", "notification"],
  ["an empty object", {}],
  ["an array", []],
  ["no content", { ...hello(1), content: undefined }],
  ["a content of no kind", { ...hello(1), content: { _tag: "Other" } }],
  ["a topic that is a number", { ...hello(1), topic: 5 }],
  ["a device that is a symbol", { ...hello(1), device: Symbol("device") }],
  ["a device without a prototype", { ...hello(1), device: Object.create(null) }],
  ["whatever it is asked for throws", throwing],
  ["a Schema that throws", withSchema(() => Effect.sync(() => JSON.parse("{")))],
  ["a Schema that waits", withSchema((text) => Effect.as(Effect.sleep("1 second"), text))]
]

// What JavaScript may give.
const asNotification = (value: unknown) => value as Notification.Notification

const isInvalid = (result: SendResult | undefined) => {
  assert(result !== undefined && result.outcome !== "accepted")
  assert.strictEqual(result.outcome, "unsent")
  assert.strictEqual(result.error.reason._tag, "InvalidNotification")
  assert.notInclude(`${result.error.message} ${JSON.stringify(result.error)}`, device(7))
}

describe("a value that makes the checks throw", () => {
  for (const [name, value] of values) {
    it.effect(`is an invalid notification, and touches no other: ${name}`, () =>
      Effect.gen(function* () {
        const given = [hello(1), asNotification(value), hello(2), asNotification(value), hello(3)]
        const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(given)))
        assert.lengthOf(results, 5)
        for (const result of results) {
          if (result.notification === value) isInvalid(result)
          else assert.strictEqual(result.outcome, "accepted")
        }
        const error = yield* Effect.flip(send(asNotification(value)))
        assert.strictEqual(error.reason._tag, "InvalidNotification")
        // With a span around each, too.
        const traced = Stream.runCollect(sendAll(Stream.fromIterable(given))).pipe(Effect.provide(observed().layer))
        assert.lengthOf(
          (yield* traced).filter(({ outcome }) => outcome === "accepted"),
          3
        )
      }).pipe(Effect.provide(accepting))
    )
  }

  it.live(
    "is an invalid notification, too, after a topic was refused; and held back like all others after a key was",
    () =>
      Effect.gen(function* () {
        for (const reason of ["TopicDisallowed", "InvalidProviderToken"]) {
          const status = reason === "TopicDisallowed" ? 400 : 403
          const refusing = over(() => Effect.succeed({ ...answer, status, body: JSON.stringify({ reason }) }))
          const given = [hello(1), ...values.map(([, value]) => asNotification(value))]
          const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(given), { concurrency: 1 })).pipe(
            Effect.provide(refusing)
          )
          assert.lengthOf(results, given.length)
          for (const result of results.slice(1)) {
            assert.strictEqual(result.outcome, "unsent")
            if (reason === "InvalidProviderToken")
              assert(result.outcome !== "accepted" && result.error.reason._tag === "Halted")
          }
        }
      })
  )

  it.effect("is an invalid broadcast", () =>
    Effect.gen(function* () {
      const apns = yield* Apns
      for (const value of [null, 5, {}, throwing]) {
        const error = yield* Effect.flip(apns.broadcast(value as Broadcast))
        assert.strictEqual(error.reason._tag, "InvalidNotification")
      }
    }).pipe(Effect.provide(accepting))
  )
})

describe("a defect", () => {
  const defect = new Error("a defect")

  it.effect("ends sendAll after a result for everything that was taken, and what was under way may have arrived", () =>
    Effect.gen(function* () {
      let asked = 0
      // Every third is answered, the others wait for ever, and one of them is a bug.
      const layer = over(() => {
        asked++
        return asked === 500 ? Effect.die(defect) : asked % 3 === 0 ? Effect.succeed(answer) : Effect.never
      })
      let taken = 0
      const given = Stream.range(0, 4999).pipe(
        Stream.map((n) => {
          taken++
          return hello(n)
        })
      )
      const results: Array<SendResult> = []
      const exit = yield* sendAll(given, { concurrency: 400 }).pipe(
        Stream.runForEach((result) => Effect.sync(() => results.push(result))),
        Effect.provide(layer),
        Effect.exit
      )
      assert(Exit.isFailure(exit))
      assert.strictEqual(Result.getOrUndefined(Cause.findDefect(exit.cause)), defect)
      const told = new Set(results.map(({ notification }) => notification.id))
      assert.strictEqual(told.size, results.length)
      assert.isAtLeast(results.length, asked)
      assert.isAtLeast(taken, results.length)
      assert.strictEqual(results.filter(({ outcome }) => outcome === "accepted").length, Math.floor(asked / 3))
      for (const result of results) {
        if (result.outcome === "accepted") continue
        assert.strictEqual(result.outcome, "unknown")
        assert(result.error.reason instanceof Reason.OutcomeUnknown)
      }
    })
  )
})

describe("the event loop", () => {
  it.live("has its turns while results need no network", () =>
    Effect.gen(function* () {
      let turns = 0
      let isOver = false
      const turn = () => {
        turns++
        if (!isOver) setImmediate(turn)
      }
      setImmediate(turn)
      const began = performance.now()
      const invalid = Stream.range(1, 60_000).pipe(Stream.map((n) => ({ ...hello(n), device: "zz" })))
      const count = yield* Stream.runCount(sendAll(invalid))
      isOver = true
      assert.strictEqual(count, 60_000)
      // One in 5 ms is wanted, of a machine that may have something else to do.
      assert.isAbove(turns, (performance.now() - began) / 100)
    }).pipe(Effect.provide(accepting))
  )
})
