import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Result, Schema } from "effect"
import { LiveActivity, Notification, type Payload } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"
const timestamp = DateTime.makeUnsafe("2026-01-01T12:00:00Z")
const at = { device, timestamp }
const alert = { title: "T" }

const text = (notification: Notification.Notification) => {
  const result = encode(notification)
  return Result.isSuccess(result) ? new TextDecoder().decode(result.success) : assert.fail(result.failure.message)
}

const refused = (notification: Notification.Notification) => {
  const result = encode(notification)
  if (Result.isSuccess(result)) return assert.fail(`accepted ${new TextDecoder().decode(result.success)}`)
  const { failure } = result
  assert.deepStrictEqual(
    [failure._tag, failure.field, failure.outcome, failure.action],
    ["InvalidNotification", "payload", "unsent", "fixConfig"]
  )
  return failure.message
}

const { end, start, update } = Notification.liveActivity

/** A double holds all their milliseconds. */
const NearDate = LiveActivity.SwiftDate.check(
  Schema.makeFilter((date) => Math.abs(date.epochMilliseconds - 978307200000) < 2 ** 42 * 1000)
)
const RideAttributes = Schema.Struct({ rider: Schema.String, booked: NearDate })
const RideState = Schema.Struct({
  driver: Schema.optionalKey(Schema.String),
  arrival: NearDate,
  phase: Schema.Literals(["coming", "here"])
})
const Ride = LiveActivity.make({
  attributesType: "RideAttributes",
  attributes: RideAttributes,
  contentState: RideState
})
const ride = { rider: "Ann", booked: DateTime.makeUnsafe("2001-01-01T00:00:01.5Z") }
const coming = { arrival: DateTime.makeUnsafe("2026-01-01T12:05:00Z"), phase: "coming" } as const

describe("the body of a Live Activity's push", () => {
  const bare = { ...at, attributesType: "A", attributes: {}, contentState: {}, alert: {} }
  const begun = '"event":"start","timestamp":1767268800'
  const rest = '"attributes-type":"A","attributes":{},"content-state":{},"alert":{}'

  const cases: ReadonlyArray<readonly [string, Notification.Notification, string]> = [
    ["a start", start(bare), `{"aps":{${begun},${rest}}}`],
    [
      "a start by Schemas",
      start({
        ...at,
        activity: Ride,
        attributes: ride,
        contentState: coming,
        alert: { title: "Your ride", body: { locKey: "MINUTES", locArgs: ["5"] }, sound: "default" }
      }),
      '{"aps":{"event":"start","timestamp":1767268800,"attributes-type":"RideAttributes",' +
        '"attributes":{"rider":"Ann","booked":1.5},"content-state":{"arrival":788961900,"phase":"coming"},' +
        '"alert":{"title":"Your ride","body":{"loc-key":"MINUTES","loc-args":["5"]},"sound":"default"}}}'
    ],
    ["a wish for a token", start({ ...bare, inputPushToken: true }), `{"aps":{${begun},${rest},"input-push-token":1}}`],
    [
      "a channel",
      start({ ...bare, inputPushChannel: "dHN0LXNyY2gtY2hubA==" }),
      `{"aps":{${begun},${rest},"input-push-channel":"dHN0LXNyY2gtY2hubA=="}}`
    ],
    [
      "all that a start may have",
      start({ ...bare, staleDate: new Date(1999), relevanceScore: -7.5, extra: { "new-key": [1] }, data: { a: null } }),
      `{"aps":{"event":"start","timestamp":1767268800,"stale-date":1,${rest},"relevance-score":-7.5,"new-key":[1]},"a":null}`
    ],
    [
      "an update",
      update({ ...at, contentState: { minutes: 2 } }),
      '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"minutes":2}}}'
    ],
    [
      "an update by a Schema",
      update({ ...at, activity: Ride, contentState: { ...coming, driver: "Bo" } }),
      '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"driver":"Bo","arrival":788961900,"phase":"coming"}}}'
    ],
    [
      "all that an update may have",
      update({
        ...at,
        contentState: {},
        alert: { title: { locKey: "K" }, body: "", sound: "bell.caf", extra: { subtitle: "S" } },
        staleDate: DateTime.makeZonedUnsafe(2000, { timeZone: "Europe/Berlin" }),
        relevanceScore: 0,
        extra: { x: true },
        data: { y: "z" }
      }),
      '{"aps":{"event":"update","timestamp":1767268800,"stale-date":2,"content-state":{},' +
        '"alert":{"title":{"loc-key":"K"},"body":"","sound":"bell.caf","subtitle":"S"},"relevance-score":0,"x":true},"y":"z"}'
    ],
    ["an end", end(at), '{"aps":{"event":"end","timestamp":1767268800}}'],
    [
      "an end by a Schema",
      end({ ...at, activity: Ride, contentState: { ...coming, phase: "here" } }),
      '{"aps":{"event":"end","timestamp":1767268800,"content-state":{"arrival":788961900,"phase":"here"}}}'
    ],
    [
      "an end by a Schema, without a state",
      end({ ...at, activity: Ride }),
      '{"aps":{"event":"end","timestamp":1767268800}}'
    ],
    [
      "an end at once",
      end({ ...at, dismissalDate: "now" }),
      '{"aps":{"event":"end","timestamp":1767268800,"dismissal-date":1}}'
    ],
    [
      "all that an end may have",
      end({
        ...at,
        contentState: {},
        alert,
        staleDate: new Date(0),
        dismissalDate: new Date("2026-01-01T13:00:00.9Z"),
        extra: {}
      }),
      '{"aps":{"event":"end","timestamp":1767268800,"stale-date":0,"content-state":{},"alert":{"title":"T"},"dismissal-date":1767272400}}'
    ]
  ]
  for (const [what, notification, body] of cases) {
    it(`of ${what}`, () => {
      assert.strictEqual(text(notification), body)
    })
  }

  it("has the moment it was made for a timestamp", () => {
    const before = Math.floor(Date.now() / 1000)
    const { aps } = JSON.parse(text(update({ device, contentState: {} })))
    assert.isAtLeast(aps.timestamp, before)
    assert.isAtMost(aps.timestamp, Date.now() / 1000)
    assert.isTrue(Number.isInteger(aps.timestamp))
  })

  it("stays the same however often it is encoded", () => {
    const n = update({ device, contentState: {} })
    assert.strictEqual(text(n), text(n))
  })
})

describe("what a Live Activity's push says beside its body", () => {
  const pushes = {
    start: start({ ...at, attributesType: "A", attributes: {}, contentState: {}, alert }),
    update: update({ ...at, contentState: {} }),
    end: end(at)
  }
  for (const [event, push] of Object.entries(pushes)) {
    it(`is the push type and the topic's suffix, for ${event}`, () => {
      assert.strictEqual(push.pushType, "liveactivity")
      assert.strictEqual(push.topicSuffix, ".push-type.liveactivity")
      assert.strictEqual(push.device, device)
      assert.match(push.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.deepStrictEqual([push.priority, push.expiration, push.collapseId, push.topic], Array(4).fill(undefined))
    })
  }

  it("is what every notification may say", () => {
    const id = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
    const said = {
      id,
      topic: "com.example.app",
      priority: 5,
      expiration: "once",
      collapseId: "c",
      topicSuffix: ".x",
      registeredAt: new Date(0),
      replayUnknown: true
    } as const
    const { content: _, pushType: __, ...rest } = end({ ...at, ...said })
    assert.deepStrictEqual(rest, { device, trust: undefined, ...said })
  })
})

describe("what does not fit is refused before it is sent:", () => {
  /** What a caller in JavaScript can do. */
  const loose = (event: "start" | "update" | "end", options: object) => {
    const make: (options: never) => Notification.Notification = Notification.liveActivity[event]
    const whole = { ...at, attributesType: "A", attributes: {}, contentState: {}, alert, ...options }
    return make(whole as never)
  }

  const cases: ReadonlyArray<readonly [string, Notification.Notification, string]> = [
    ["a start without an alert", loose("start", { alert: undefined }), '["alert"]'],
    ["a start whose alert is text", loose("start", { alert: "Hello" }), '["alert"]'],
    ["a start without attributes", loose("start", { attributes: undefined }), '["attributes"]'],
    ["a start without their type", loose("start", { attributesType: undefined }), '["attributesType"]'],
    ["a start with no name for their type", loose("start", { attributesType: "" }), '["attributesType"]'],
    ["a start without a content state", loose("start", { contentState: undefined }), '["contentState"]'],
    ["both inputs", loose("start", { inputPushToken: true, inputPushChannel: "AAAA" }), "exclude each other"],
    ["a wish for a token that is 1", loose("start", { inputPushToken: 1 }), '["inputPushToken"]'],
    ["a channel that is not base64", loose("start", { inputPushChannel: "dHN0-_==" }), "base64"],
    ["a channel without padding", loose("start", { inputPushChannel: "dHN0LQ" }), "base64"],
    ["an empty channel", loose("start", { inputPushChannel: "" }), "base64"],
    ["an update without a content state", loose("update", { contentState: undefined }), '["contentState"]'],
    ["a content state that is a list", loose("update", { contentState: [] }), '["contentState"]'],
    ["a content state that is not JSON", loose("update", { contentState: { a: new Date(0) } }), '["contentState"]'],
    ["a timestamp in plain numbers", loose("update", { timestamp: 1767268800 }), '["timestamp"]'],
    ["a timestamp in text", loose("update", { timestamp: "2026-01-01" }), '["timestamp"]'],
    ["a Date that is no time", loose("update", { staleDate: new Date(Number.NaN) }), '["staleDate"]'],
    ["a dismissal date in text", loose("end", { dismissalDate: "soon" }), '["dismissalDate"]'],
    ["a relevance score that is no number", loose("update", { relevanceScore: Number.NaN }), '["relevanceScore"]'],
    ["a sound beside the text of an alert push", loose("update", { alert: { sound: { name: "x" } } }), '["sound"]'],
    [
      "a known key among the unknown",
      loose("update", { extra: { event: "end" } }),
      '"extra" must not have the key "event"'
    ],
    [
      "one in the alert",
      loose("update", { alert: { extra: { title: "x" } } }),
      '"extra" must not have the key "title"'
    ],
    ["aps in the custom data", loose("end", { data: { aps: {} } }), 'must not have the key "aps"'],
    ["attributes that miss their Schema", loose("start", { activity: Ride, contentState: coming }), '["rider"]'],
    [
      "a content state that misses its Schema",
      loose("start", { activity: Ride, attributes: ride, contentState: { ...coming, phase: "gone" } }),
      '["phase"]'
    ]
  ]
  for (const [what, notification, where] of cases) {
    it(what, () => {
      assert.include(refused(notification), where)
    })
  }

  it("and what another event has is not sent", () => {
    const options = { dismissalDate: "now", inputPushToken: true, relevanceScore: 1 }
    assert.strictEqual(
      text(loose("update", options)),
      '{"aps":{"event":"update","timestamp":1767268800,"content-state":{},"alert":{"title":"T"},"relevance-score":1}}'
    )
    assert.strictEqual(
      text(loose("end", { ...options, dismissalDate: undefined })),
      '{"aps":{"event":"end","timestamp":1767268800,"content-state":{},"alert":{"title":"T"}}}'
    )
  })

  it("a body of more than 4,096 bytes", () => {
    const sized = (bytes: number) => {
      const empty = '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"a":""}}}'.length
      return update({ ...at, contentState: { a: "x".repeat(bytes - empty) } })
    }
    assert.strictEqual(text(sized(4096)).length, 4096)
    assert.include(refused(sized(4097)), "4,097 bytes")
  })
})

describe("a payload that is read", () => {
  const read = Schema.decodeUnknownSync(Schema.fromJsonString(Ride.payloads.start))
  const aps = {
    event: "start",
    timestamp: 1767268800.25,
    "attributes-type": "RideAttributes",
    attributes: { rider: "Ann", booked: 1.5 },
    "content-state": { arrival: 788961900, phase: "coming" },
    alert: { title: "T", "title-loc-key": "K" },
    extra: 1,
    "new-key": { a: [null] }
  }

  it("is typed by the Schemas, and keeps the keys it does not know", () => {
    assert.deepStrictEqual(read(JSON.stringify({ aps, custom: true })), {
      aps: {
        event: "start",
        timestamp: DateTime.makeUnsafe("2026-01-01T12:00:00.250Z"),
        attributesType: "RideAttributes",
        attributes: ride,
        contentState: coming,
        alert: { title: "T", extra: { "title-loc-key": "K" } },
        extra: { extra: 1, "new-key": { a: [null] } }
      },
      data: { custom: true }
    })
  })

  it("keeps keys that mean something in JavaScript", () => {
    const body = '{"aps":{"event":"end","timestamp":1,"__proto__":{"a":1},"constructor":2}}'
    const codec = Schema.fromJsonString(LiveActivity.payloads.end)
    const payload = Schema.decodeUnknownSync(codec)(body)
    assert.deepStrictEqual(Object.keys(payload.aps.extra ?? {}), ["__proto__", "constructor"])
    assert.strictEqual(Schema.encodeSync(codec)(payload), body)
  })

  const bad: ReadonlyArray<readonly [string, object]> = [
    ["another activity", { ...aps, "attributes-type": "Other" }],
    ["another event", { ...aps, event: "update" }],
    ["no event", { ...aps, event: undefined }],
    ["a timestamp beyond time", { ...aps, timestamp: 1e15 }],
    ["both inputs", { ...aps, "input-push-token": 1, "input-push-channel": "AAAA" }],
    ["a token flag that is true", { ...aps, "input-push-token": true }]
  ]
  for (const [what, changed] of bad) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => read(JSON.stringify({ aps: changed })))
    })
  }
})

describe("Swift's default JSON coding", () => {
  const dates: ReadonlyArray<readonly [string, number]> = [
    ["2001-01-01T00:00:00.000Z", 0],
    ["2001-01-01T00:00:00.001Z", 0.001],
    ["1970-01-01T00:00:00.000Z", -978307200],
    ["2000-12-31T23:59:59.500Z", -0.5],
    ["2026-01-01T12:00:00.000Z", 788961600],
    ["9999-12-31T23:59:59.999Z", 252423993599.999]
  ]
  for (const [instant, seconds] of dates) {
    it(`writes ${instant} as ${seconds}`, () => {
      const date = DateTime.makeUnsafe(instant)
      assert.strictEqual(Schema.encodeSync(LiveActivity.SwiftDate)(date), seconds)
      assert.deepStrictEqual(Schema.decodeSync(LiveActivity.SwiftDate)(seconds), date)
    })
  }

  it("reads no date beyond those of JavaScript", () => {
    for (const seconds of [1e13, -1e13, Number.MAX_VALUE]) {
      assert.throws(() => Schema.decodeSync(LiveActivity.SwiftDate)(seconds), "an instant")
    }
  })

  it("is what the Schemas of the table write", () => {
    const State = Schema.Struct({
      window: Schema.Tuple([LiveActivity.SwiftDate, LiveActivity.SwiftDate]),
      picture: Schema.Uint8ArrayFromBase64,
      link: Schema.URLFromString,
      driver: Schema.NullOr(Schema.String),
      car: Schema.optionalKey(Schema.String),
      phase: Schema.Union([
        Schema.Struct({ waiting: Schema.Struct({}) }),
        Schema.Struct({ driving: Schema.Struct({ _0: Schema.Int, street: Schema.String }) })
      ])
    })
    const activity = LiveActivity.make({ attributesType: "A", attributes: Schema.Struct({}), contentState: State })
    const contentState = {
      window: [DateTime.makeUnsafe("2001-01-01T00:00:00Z"), DateTime.makeUnsafe("2001-01-01T00:01:00Z")],
      picture: new Uint8Array([255]),
      link: new URL("https://example.com/a?b"),
      driver: null,
      phase: { driving: { _0: 5, street: "Main" } }
    } as const
    assert.strictEqual(
      text(update({ ...at, activity, contentState })),
      '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"window":[0,60],"picture":"/w==",' +
        '"link":"https://example.com/a?b","driver":null,"phase":{"driving":{"_0":5,"street":"Main"}}}}}'
    )
    assert.include(
      text(update({ ...at, activity, contentState: { ...contentState, phase: { waiting: {} } } })),
      '{"waiting":{}}'
    )
  })

  it("rounds to milliseconds", () => {
    assert.strictEqual(Schema.decodeSync(LiveActivity.SwiftDate)(0.0014).epochMilliseconds, 978307200001)
  })
})

describe("any Live Activity whatever", () => {
  const options = { arbitrary: { runs: 200, seed: 20261124 } }

  /** JSON has one zero, an absent key is as good as `undefined`, and no `extra` as good as an empty one. */
  const onWire = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (key, part) =>
        key === "extra" && typeof part === "object" && Object.keys(part).length === 0 ? undefined : part
      )
    )

  /** What is written of the dates beside the content state. */
  const inSeconds = <Aps extends object>(aps: Aps): Aps => {
    const entries = Object.entries(aps).map(([key, value]) =>
      DateTime.isDateTime(value)
        ? [key, DateTime.makeUnsafe(Math.floor(value.epochMilliseconds / 1000) * 1000)]
        : [key, value]
    )
    return Object.fromEntries(entries)
  }

  /** `extra` may hold a key that is known, and custom data may hold `aps`: both are refused. */
  const readsBack = <Aps extends object>(
    schema: LiveActivity.PayloadCodec<Aps>,
    payload: Payload.Payload<Aps, Schema.JsonObject>
  ) => {
    const written = Schema.encodeUnknownResult(schema)(payload)
    if (Result.isFailure(written)) return assert.match(written.failure.message, /must not have the key/)
    const read = Schema.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(written.success)))
    assert.deepStrictEqual(onWire(read), onWire({ ...payload, aps: inSeconds(payload.aps) }))
    assert.isTrue(Schema.is(Schema.toType(schema))(read))
  }

  const property = <Aps extends object>(what: string, schema: LiveActivity.PayloadCodec<Aps>) =>
    it.effect.prop(
      `reads back as it was written: ${what}`,
      [schema],
      ([payload]) => Effect.sync(() => readsBack(schema, payload)),
      options
    )

  property("a start", LiveActivity.payloads.start)
  property("an update", LiveActivity.payloads.update)
  property("an end", LiveActivity.payloads.end)
  property("a start by Schemas", Ride.payloads.start)
  property("an update by a Schema", Ride.payloads.update)
  property("an end by a Schema", Ride.payloads.end)
})
