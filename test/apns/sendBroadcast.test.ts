import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  type Broadcast,
  broadcast,
  JwtCache,
  type Notification,
  PayloadSchema,
  type SendOptions
} from "effect-apns"
import {
  answered,
  fails,
  type Line,
  lost,
  refused,
  scripted,
  succeeds,
  turnedAway
} from "../support/scriptedConnection.ts"

const topic = "com.example.app"
const channel = "dHN0LXNyY2gtY2hubA=="
const id = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
const body = '{"aps":{"timestamp":1,"event":"update","content-state":{"score":3}}}'

const goal = (fields: Partial<Broadcast> = {}): Broadcast => ({
  _tag: "Broadcast",
  channel,
  id,
  priority: 10,
  expiration: "once",
  content: { _tag: "Raw", body },
  ...fields
})

/** What a caller in JavaScript can do. */
const untyped = (value: unknown) => value as never

const play = (lines: ReadonlyArray<Line>, options: SendOptions = {}) => {
  const connection = scripted(lines)
  const layer = Apns.layerNoDeps({ topic, ...options }).pipe(
    Layer.provide([connection.layer, JwtCache.layerNone, PayloadSchema.layer])
  )
  return { ...connection, send: (b: Broadcast) => broadcast(b).pipe(Effect.provide(layer)) }
}

const accepted = answered(200, { "apns-request-id": "AB-CD", "apns-unique-id": "c1c2" })

describe("a broadcast that is accepted", () => {
  it.effect("asks what Apple documents; the receipt tells of it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { request, send } = play([Effect.andThen(Effect.sleep(30), accepted)])
      assert.deepStrictEqual(yield* succeeds(send(goal())), {
        requestId: "AB-CD",
        uniqueId: "c1c2",
        attempts: 1,
        connection: "push.test:443#1",
        timings: { totalMillis: 30, queueMillis: 0, answerMillis: 30 }
      })
      const { fields, ...rest } = request()
      assert.deepStrictEqual(
        { ...rest, fields: { ...fields } },
        {
          method: "POST",
          path: "/4/broadcasts/apps/com.example.app",
          fields: {
            "apns-request-id": id,
            "apns-channel-id": channel,
            "apns-push-type": "liveactivity",
            "apns-priority": "10",
            "apns-expiration": "0"
          },
          authorization: undefined,
          body,
          deadlineMillis: 1_030_000
        }
      )
    })
  )

  it.effect("is received without the answer's ids, too", () =>
    Effect.gen(function* () {
      const receipt = yield* succeeds(play([answered(200)]).send(goal()))
      assert.strictEqual(receipt.requestId, id)
      assert.notProperty(receipt, "uniqueId")
    })
  )

  it.effect("names its own app before the layer's, and its id in lower case", () =>
    Effect.gen(function* () {
      const { request, send } = play([accepted])
      yield* succeeds(send(goal({ bundleId: "com.example.other", id: id.toUpperCase() })))
      assert.strictEqual(request().path, "/4/broadcasts/apps/com.example.other")
      assert.strictEqual(request().fields["apns-request-id"], id)
    })
  )

  const expirations: ReadonlyArray<readonly [string, Broadcast["expiration"], string, number]> = [
    ["once", "once", "0", 1_030_000],
    ["a duration", "1 hour", "4600", 1_030_000],
    ["a Duration", Duration.seconds(5), "1005", 1_005_000],
    ["a Date", new Date(1_500_000), "1500", 1_030_000],
    ["a DateTime", DateTime.makeUnsafe(1_010_001), "1011", 1_010_001]
  ]
  for (const [name, expiration, header, deadlineMillis] of expirations) {
    it.effect(`writes an expiration given as ${name} in seconds, and ends with it`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const { request, send } = play([accepted])
        yield* succeeds(send(goal({ expiration })))
        assert.strictEqual(request().fields["apns-expiration"], header)
        assert.strictEqual(request().deadlineMillis, deadlineMillis)
      })
    )
  }

  for (const priority of [1, 5, 10] as const) {
    it.effect(`takes the priority ${priority}`, () =>
      Effect.gen(function* () {
        const { request, send } = play([accepted])
        yield* succeeds(send(goal({ priority })))
        assert.strictEqual(request().fields["apns-priority"], String(priority))
      })
    )
  }

  for (const id of ["YQ==", "YWI=", "YWJj", "a+/b", "a-_b", "YWI", "a".repeat(200)]) {
    it.effect(`takes the channel ${id.slice(0, 20)}`, () =>
      Effect.gen(function* () {
        const { request, send } = play([accepted])
        yield* succeeds(send(goal({ channel: id })))
        assert.strictEqual(request().fields["apns-channel-id"], id)
      })
    )
  }
})

describe("a broadcast that breaks a rule", () => {
  const cases: ReadonlyArray<readonly [string, Partial<Record<keyof Broadcast, unknown>>]> = [
    ["channel", { channel: "" }],
    ["channel", { channel: undefined }],
    ["channel", { channel: "not base64" }],
    ["channel", { channel: `${channel}\n` }],
    ["channel", { channel: "a===" }],
    ["id", { id: "1" }],
    ["id", { id: "" }],
    ["bundleId", { bundleId: "com.example/app" }],
    ["bundleId", { bundleId: "" }],
    ["bundleId", { bundleId: "com.example.app\n" }],
    ["priority", { priority: 7 }],
    ["priority", { priority: "10" }],
    ["priority", { priority: undefined }],
    ["expiration", { expiration: undefined }],
    ["expiration", { expiration: 0 }],
    ["expiration", { expiration: "soon" }],
    ["expiration", { expiration: new Date(Number.NaN) }],
    ["payload", { content: { _tag: "Raw", body: "" } }],
    ["payload", { content: { _tag: "Raw", body: "x".repeat(5121) } }]
  ]
  for (const [index, [field, fields]] of cases.entries()) {
    it.effect(`is not sent, and told by its field ${field} (${index})`, () =>
      Effect.gen(function* () {
        const { asked, send } = play([accepted])
        const error = yield* fails(send(untyped({ ...goal(), ...fields })))
        assert.strictEqual(error.reason._tag, "InvalidNotification")
        assert.propertyVal(error.reason, "field", field)
        assert.deepStrictEqual([error.outcome, error.action, error.attempts], ["unsent", "fixConfig", 0])
        assert.lengthOf(asked, 0)
      })
    )
  }

  it.effect("names no app anywhere", () =>
    Effect.gen(function* () {
      const { send } = play([accepted], { topic: undefined })
      const error = yield* fails(send(goal()))
      assert.propertyVal(error.reason, "field", "bundleId")
      assert.include(error.message, "`topic`")
    })
  )

  it.effect("is measured in bytes, against 5,120", () =>
    Effect.gen(function* () {
      const { asked, send } = play([accepted])
      const sized = (text: string) => goal({ content: { _tag: "Raw", body: text } })
      yield* succeeds(send(sized("é".repeat(2560))))
      assert.lengthOf(asked, 1)
      const error = yield* fails(send(sized("é".repeat(2561))))
      assert.deepPropertyVal(error.reason, "size", { bytes: 5122, limit: 5120, largest: [] })
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("is no notification, nor the other way round", () =>
    Effect.gen(function* () {
      const { asked, layer, send } = play([accepted])
      const notification: Notification.Notification = {
        device: "7a1f",
        id,
        pushType: "alert",
        content: { _tag: "Raw", body: "{}" }
      }
      assert.propertyVal((yield* fails(send(untyped(notification)))).reason, "field", "channel")
      const sent = Apns.use((apns) => apns.send(untyped(goal()))).pipe(
        Effect.provide(
          Apns.layerNoDeps({ topic }).pipe(Layer.provide([layer, JwtCache.layerNone, PayloadSchema.layer]))
        )
      )
      assert.propertyVal((yield* fails(sent)).reason, "field", "device")
      assert.lengthOf(asked, 0)
    })
  )
})

describe("a broadcast that fails", () => {
  const cases: ReadonlyArray<readonly [string, Line, number, string]> = [
    ["503 ServiceUnavailable", refused(503, "Service Unavailable"), 5, "refused"],
    ["500 InternalServerError", refused(500, "InternalServerError"), 5, "refused"],
    ["an answer that was lost", lost, 1, "unknown"],
    ["a gateway's page", answered(502, {}, "<html>"), 1, "unknown"],
    ["an answer with another status", answered(202), 1, "unknown"],
    ["429 TooManyRequests", refused(429, "TooManyRequests"), 1, "refused"],
    ["400 ChannelNotRegistered", refused(400, "ChannelNotRegistered"), 1, "refused"]
  ]
  for (const [name, line, attempts, outcome] of cases) {
    it.effect(`meets ${name} as a notification does: ${attempts} in all, ${outcome}`, () =>
      Effect.gen(function* () {
        const { asked, send } = play([line])
        const error = yield* fails(send(goal()))
        assert.lengthOf(asked, attempts)
        assert.deepStrictEqual([error.attempts, error.outcome], [attempts, outcome])
        assert.deepStrictEqual(
          [error.requestId, error.channel, error.notificationId, error.device],
          [id, channel, undefined, undefined]
        )
      })
    )
  }

  it.effect("is repeated until the deadline when the server turns its stream away", () =>
    Effect.gen(function* () {
      const { asked, send } = play([turnedAway])
      const error = yield* fails(send(goal()))
      assert.strictEqual(error.outcome, "unsent")
      assert.isAtLeast(asked.length, 8)
    })
  )

  it.effect("is repeated with an unknown outcome only where the caller asks", () =>
    Effect.gen(function* () {
      const { asked, send } = play([lost, accepted], { replayUnknown: true })
      assert.strictEqual((yield* succeeds(send(goal()))).attempts, 2)
      assert.lengthOf(asked, 2)
    })
  )

  it.effect("follows the Schedule of the caller", () =>
    Effect.gen(function* () {
      const { asked, send } = play([refused(429, "TooManyRequests")], { retry: Schedule.recurs(2) })
      yield* fails(send(goal()))
      assert.lengthOf(asked, 3)
    })
  )
})
