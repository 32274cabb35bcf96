import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Result, Schema, SchemaTransformation } from "effect"
import { Notification, Payload } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"

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
  assert.notInclude(failure.message, "\n")
  return failure
}

const alert = <D = never>(options: Omit<Notification.Alert, "device"> & Notification.Data<D>) =>
  Notification.alert<D>({ device, ...options })

/** What a caller in JavaScript can do. */
const loose = (options: object) => Notification.alert({ device, ...options } as Notification.Alert)

const raw = (payload: Notification.Raw["payload"], pushType = "alert") =>
  Notification.raw({ device, pushType, payload })

const plain = Payload.make(Payload.AlertAps, Schema.JsonObject)
const decodePlain = Schema.decodeUnknownSync(Schema.fromJsonString(plain))

describe("the aps dictionary of an alert", () => {
  const cases: ReadonlyArray<readonly [Payload.AlertAps, string]> = [
    [{}, "{}"],
    [{ alert: "Hello" }, '{"alert":"Hello"}'],
    [{ alert: "" }, '{"alert":""}'],
    [{ alert: {} }, '{"alert":{}}'],
    [{ alert: { title: "T" } }, '{"alert":{"title":"T"}}'],
    [{ alert: { title: "" } }, '{"alert":{"title":""}}'],
    [{ alert: { subtitle: "S" } }, '{"alert":{"subtitle":"S"}}'],
    [{ alert: { body: "B" } }, '{"alert":{"body":"B"}}'],
    [{ alert: { launchImage: "L" } }, '{"alert":{"launch-image":"L"}}'],
    [{ alert: { titleLocKey: "K" } }, '{"alert":{"title-loc-key":"K"}}'],
    [{ alert: { titleLocArgs: ["a", ""] } }, '{"alert":{"title-loc-args":["a",""]}}'],
    [{ alert: { subtitleLocKey: "K" } }, '{"alert":{"subtitle-loc-key":"K"}}'],
    [{ alert: { subtitleLocArgs: [] } }, '{"alert":{"subtitle-loc-args":[]}}'],
    [{ alert: { locKey: "K" } }, '{"alert":{"loc-key":"K"}}'],
    [{ alert: { locArgs: ["a"] } }, '{"alert":{"loc-args":["a"]}}'],
    [{ alert: { action: "View" } }, '{"alert":{"action":"View"}}'],
    [{ alert: { actionLocKey: "K" } }, '{"alert":{"action-loc-key":"K"}}'],
    [{ alert: { summaryArg: "A" } }, '{"alert":{"summary-arg":"A"}}'],
    [{ alert: { summaryArgCount: 0 } }, '{"alert":{"summary-arg-count":0}}'],
    [{ badge: 0 }, '{"badge":0}'],
    [{ badge: 7 }, '{"badge":7}'],
    [{ sound: "default" }, '{"sound":"default"}'],
    [{ sound: "" }, '{"sound":""}'],
    [{ sound: { name: "bell.caf" } }, '{"sound":{"name":"bell.caf"}}'],
    [
      { sound: { critical: true, name: "bell.caf", volume: 0 } },
      '{"sound":{"critical":1,"name":"bell.caf","volume":0}}'
    ],
    [{ sound: { name: "bell.caf", volume: 1 } }, '{"sound":{"name":"bell.caf","volume":1}}'],
    [{ sound: { name: "bell.caf", volume: 0.5 } }, '{"sound":{"name":"bell.caf","volume":0.5}}'],
    [{ threadId: "t" }, '{"thread-id":"t"}'],
    [{ category: "c" }, '{"category":"c"}'],
    [{ contentAvailable: true }, '{"content-available":1}'],
    [{ mutableContent: true }, '{"mutable-content":1}'],
    [{ targetContentId: "w" }, '{"target-content-id":"w"}'],
    [{ interruptionLevel: "passive" }, '{"interruption-level":"passive"}'],
    [{ interruptionLevel: "active" }, '{"interruption-level":"active"}'],
    [{ interruptionLevel: "time-sensitive" }, '{"interruption-level":"time-sensitive"}'],
    [{ interruptionLevel: "critical" }, '{"interruption-level":"critical"}'],
    [{ relevanceScore: 0 }, '{"relevance-score":0}'],
    [{ relevanceScore: 1 }, '{"relevance-score":1}'],
    [{ relevanceScore: 0.25 }, '{"relevance-score":0.25}'],
    [{ filterCriteria: "f" }, '{"filter-criteria":"f"}']
  ]

  for (const [aps, json] of cases) {
    it(`${json} is written and read back`, () => {
      const body = text(alert(aps))
      assert.deepStrictEqual(JSON.parse(body), { aps: JSON.parse(json) })
      assert.strictEqual(body, `{"aps":${json}}`)
      assert.deepStrictEqual(decodePlain(body), { aps, data: {} })
    })
  }

  it("has every key at once", () => {
    const aps: Payload.AlertAps = {
      alert: { title: "T", body: "B" },
      badge: 1,
      sound: "default",
      threadId: "t",
      category: "c",
      contentAvailable: true,
      mutableContent: true,
      targetContentId: "w",
      interruptionLevel: "active",
      relevanceScore: 0.5,
      filterCriteria: "f"
    }
    const body = text(alert({ ...aps, data: { order: { id: 42, paid: null } } }))
    assert.deepStrictEqual(JSON.parse(body), {
      aps: {
        alert: { title: "T", body: "B" },
        badge: 1,
        sound: "default",
        "thread-id": "t",
        category: "c",
        "content-available": 1,
        "mutable-content": 1,
        "target-content-id": "w",
        "interruption-level": "active",
        "relevance-score": 0.5,
        "filter-criteria": "f"
      },
      order: { id: 42, paid: null }
    })
    assert.deepStrictEqual(decodePlain(body), { aps, data: { order: { id: 42, paid: null } } })
  })

  it("leaves out what is undefined", () => {
    const body = text(
      alert({ alert: { title: undefined, body: "B" }, badge: undefined, sound: undefined, data: undefined })
    )
    assert.strictEqual(body, '{"aps":{"alert":{"body":"B"}}}')
  })

  it("does not hold what belongs in the headers", () => {
    const body = text(alert({ alert: "A", id: "x", topic: "t", priority: 5, expiration: "once", collapseId: "c" }))
    assert.strictEqual(body, '{"aps":{"alert":"A"}}')
  })

  const bad: ReadonlyArray<readonly [string, object, string]> = [
    ["a negative badge", { badge: -1 }, "badge"],
    ["a fractional badge", { badge: 1.5 }, "badge"],
    ["a badge that is not a number", { badge: Number.NaN }, "badge"],
    ["an infinite badge", { badge: Number.POSITIVE_INFINITY }, "badge"],
    ["a badge in text", { badge: "1" }, "badge"],
    ["a null badge", { badge: null }, "badge"],
    ["a volume over 1", { sound: { name: "b", volume: 2 } }, "volume"],
    ["a negative volume", { sound: { name: "b", volume: -0.1 } }, "volume"],
    ["a volume that is not a number", { sound: { name: "b", volume: Number.NaN } }, "volume"],
    ["a sound without name", { sound: { volume: 1 } }, "name"],
    ["critical as a number", { sound: { name: "b", critical: 1 } }, "critical"],
    ["a relevance score over 1", { relevanceScore: 1.1 }, "relevanceScore"],
    ["a negative relevance score", { relevanceScore: -0.1 }, "relevanceScore"],
    ["a relevance score that is not a number", { relevanceScore: Number.NaN }, "relevanceScore"],
    ["contentAvailable false", { contentAvailable: false }, "contentAvailable"],
    ["mutableContent as a number", { mutableContent: 1 }, "mutableContent"],
    ["a misspelt interruption level", { interruptionLevel: "urgent" }, "interruptionLevel"],
    ["an alert that is a number", { alert: 5 }, "alert"],
    ["a title that is a number", { alert: { title: 5 } }, "title"],
    ["localization arguments that are numbers", { alert: { locArgs: [5] } }, "locArgs"],
    ["a fractional summary count", { alert: { summaryArgCount: 1.5 } }, "summaryArgCount"]
  ]
  for (const [what, options, key] of bad) {
    it(`refuses ${what}, and names the key`, () => {
      assert.include(refused(loose(options)).message, `["${key}"]`)
    })
  }

  it("never repeats the content in the message about it", () => {
    const secret = "the patient is well"
    assert.notInclude(refused(loose({ alert: { title: secret, body: 5 }, badge: secret })).message, secret)
    assert.notInclude(JSON.stringify(refused(loose({ badge: secret }))), secret)
  })
})

describe("reading a payload", () => {
  it("keeps the keys in aps that the Schema does not know, and all beside it", () => {
    assert.deepStrictEqual(decodePlain('{"aps":{"badge":1,"novelty":2},"a":{"aps":1}}'), {
      aps: { badge: 1, extra: { novelty: 2 } },
      data: { a: { aps: 1 } }
    })
  })

  it("keeps them at every level, and writes them back", () => {
    const json =
      '{"aps":{"alert":{"title":"T","tone":1},"sound":{"name":"N","fade":[2]},"extra":null,"__proto__":{"x":1}},"a":1}'
    const read = decodePlain(json)
    assert.deepStrictEqual(read.aps.alert, { title: "T", extra: { tone: 1 } })
    assert.deepStrictEqual(read.aps.sound, { name: "N", extra: { fade: [2] } })
    assert.strictEqual(JSON.stringify(read.aps.extra), '{"extra":null,"__proto__":{"x":1}}')
    assert.strictEqual(text(alert({ ...read.aps, data: read.data })), json)
  })

  for (const json of [
    "{}",
    '{"aps":1}',
    '{"aps":{"badge":-1}}',
    '{"aps":{"content-available":true}}',
    "[]",
    "null",
    "{"
  ]) {
    it(`refuses ${json}`, () => {
      assert.throws(() => decodePlain(json))
    })
  }
})

describe("the aps dictionary of a background push", () => {
  it("is content-available and nothing else", () => {
    assert.strictEqual(text(Notification.background({ device })), '{"aps":{"content-available":1}}')
  })

  it("has custom data beside it", () => {
    const body = text(Notification.background({ device, data: { sync: ["inbox"] } }))
    assert.strictEqual(body, '{"aps":{"content-available":1},"sync":["inbox"]}')
    const codec = Schema.fromJsonString(Payload.make(Payload.BackgroundAps, Schema.JsonObject))
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(body), {
      aps: { contentAvailable: true },
      data: { sync: ["inbox"] }
    })
  })

  it("cannot smuggle in an alert", () => {
    const options: object = { device, alert: "Hello", badge: 1, sound: "default" }
    assert.strictEqual(
      text(Notification.background(options as Notification.Background)),
      '{"aps":{"content-available":1}}'
    )
  })
})

describe("extra keys", () => {
  it("are written after the known ones", () => {
    assert.strictEqual(
      text(alert({ extra: { novelty: { deep: [null, "", 0] } }, badge: 0, alert: { body: "", extra: { tone: 1 } } })),
      '{"aps":{"alert":{"body":"","tone":1},"badge":0,"novelty":{"deep":[null,"",0]}}}'
    )
    assert.strictEqual(
      text(Notification.background({ device, extra: { category: "c" } })),
      '{"aps":{"content-available":1,"category":"c"}}'
    )
  })

  it("that are none leave no trace", () => {
    assert.strictEqual(text(alert({ badge: 1, extra: {} })), '{"aps":{"badge":1}}')
    assert.strictEqual(text(alert({ badge: 1, extra: undefined })), '{"aps":{"badge":1}}')
  })

  const taken: ReadonlyArray<readonly [string, Notification.Notification, string]> = [
    ["aps", alert({ badge: 1, extra: { badge: 2 } }), "badge"],
    ["aps, though it is absent there", alert({ extra: { "thread-id": "t" } }), "thread-id"],
    ["the alert", alert({ alert: { extra: { "loc-key": "K" } } }), "loc-key"],
    ["the sound", alert({ sound: { name: "N", extra: { volume: 2 } } }), "volume"],
    ["a reload", Notification.widgets({ device, extra: { "content-changed": false } }), "content-changed"]
  ]
  for (const [where, notification, key] of taken) {
    it(`never override a field of ${where}`, () => {
      const { message } = refused(notification)
      assert.include(message, `"extra" must not have the key "${key}"`)
    })
  }

  for (const key of ["alert", "badge", "sound"]) {
    it(`do not smuggle the ${key} into a background push, nor is one read`, () => {
      const { message } = refused(Notification.background({ device, extra: { [key]: "x" } }))
      assert.include(message, `Must not have the key "${key}"`)
      const json = `{"aps":{"content-available":1,"${key}":"x"}}`
      const codec = Schema.fromJsonString(Payload.make(Payload.BackgroundAps, Schema.JsonObject))
      assert.throws(() => Schema.decodeUnknownSync(codec)(json), /Must not have the key/)
    })
  }

  it("are JSON", () => {
    for (const bad of [1n, Number.NaN, new Date(0), undefined, () => 1]) {
      assert.include(refused(loose({ extra: { novelty: bad } })).message, "novelty")
    }
    assert.include(refused(loose({ extra: [1] })).message, '["extra"]')
  })
})

describe("a payload of nothing but data", () => {
  it("is the data, with aps or without", () => {
    assert.strictEqual(text(Notification.voip({ device })), "{}")
    assert.strictEqual(text(Notification.voip({ device, data: { call: "" } })), '{"call":""}')
    assert.strictEqual(text(Notification.pushToTalk({ device, data: { aps: {}, a: 1 } })), '{"aps":{},"a":1}')
  })

  it("is encoded by a Schema", () => {
    const Call = Schema.Struct({ at: Schema.DateTimeUtcFromString })
    const data = { at: DateTime.makeUnsafe("2026-01-02T03:04:05Z") }
    assert.strictEqual(text(Notification.voip({ device, data, schema: Call })), '{"at":"2026-01-02T03:04:05.000Z"}')
    const wrong = { at: "2026-01-02" as unknown as DateTime.Utc }
    assert.include(refused(Notification.location({ device, data: wrong, schema: Call })).message, '["at"]')
  })

  it("is JSON", () => {
    for (const bad of [[1], "x", 5, { a: 1n }, { a: undefined }, null]) {
      const options: object = { device, data: bad }
      if (bad === null) assert.strictEqual(text(Notification.voip(options as Notification.Push<"voip">)), "{}")
      else refused(Notification.voip(options as Notification.Push<"voip">))
    }
  })

  it("may be 5,120 bytes in a VoIP push and 4,096 in others", () => {
    const data = (bytes: number) => ({ x: "x".repeat(bytes - '{"x":""}'.length) })
    assert.strictEqual(text(Notification.voip({ device, data: data(5120) })).length, 5120)
    const largest = (bytes: number) => [{ key: "x", bytes: bytes - '{"x":}'.length }]
    assert.deepStrictEqual(refused(Notification.voip({ device, data: data(5121) })).size, {
      bytes: 5121,
      limit: 5120,
      largest: largest(5121)
    })
    assert.deepStrictEqual(refused(Notification.location({ device, data: data(4097) })).size, {
      bytes: 4097,
      limit: 4096,
      largest: largest(4097)
    })
  })
})

describe("the payload of an MDM push", () => {
  const codec = Schema.fromJsonString(Payload.Mdm)
  it("is the PushMagic", () => {
    assert.strictEqual(text(Notification.mdm({ device, pushMagic: "M" })), '{"mdm":"M"}')
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)('{"mdm":"M"}'), { pushMagic: "M" })
  })

  for (const json of ["{}", '{"mdm":1}', '{"mdm":"M","aps":{}}', '{"mdm":"M","a":1}']) {
    it(`is not ${json}`, () => {
      assert.throws(() => Schema.decodeUnknownSync(codec)(json))
    })
  }

  it("is refused without it", () => {
    const options: object = { device }
    assert.include(refused(Notification.mdm(options as Parameters<typeof Notification.mdm>[0])).message, "pushMagic")
  })
})

describe("custom data", () => {
  const circular: Record<string, unknown> = {}
  circular.self = { again: circular }

  const bad: ReadonlyArray<readonly [string, unknown]> = [
    ["the key aps", { aps: {} }],
    ["NaN", { a: Number.NaN }],
    ["infinity", { a: [Number.POSITIVE_INFINITY] }],
    ["a BigInt", { a: 1n }],
    ["undefined", { a: undefined }],
    ["a Date", { a: new Date(0) }],
    ["a Map", { a: new Map() }],
    ["a function", { a: () => 1 }],
    ["a symbol", { a: Symbol("a") }],
    ["a value that contains itself", circular],
    ["an array for an object", [1]],
    ["text for an object", "x"],
    ["a number for an object", 5]
  ]
  for (const [what, data] of bad) {
    it(`refuses ${what}`, () => {
      refused(loose({ data }))
    })
    it(`refuses ${what} in a background push, too`, () => {
      refused(Notification.background({ device, data } as Notification.Background & Notification.Data<never>))
    })
  }

  it("says that aps is taken", () => {
    assert.include(refused(loose({ data: { aps: {} } })).message, 'must not have the key "aps"')
  })

  it("may have keys that mean something in JavaScript", () => {
    const json = '{"__proto__":{"x":1},"constructor":2,"toString":3,"toJSON":4}'
    const body = text(loose({ data: JSON.parse(json) }))
    assert.strictEqual(body, `{"aps":{},${json.slice(1)}`)
    assert.strictEqual(JSON.stringify(decodePlain(body).data), json)
  })

  it("keeps null, false, zero and empty text", () => {
    const data = { a: null, b: false, c: 0, d: "", e: [], f: {} }
    assert.deepStrictEqual(decodePlain(text(alert({ data }))).data, data)
  })

  it("is not changed by sending it", () => {
    const data = Object.freeze({ a: Object.freeze({ b: 1 }) })
    text(alert({ alert: "A", data }))
    assert.deepStrictEqual(data, { a: { b: 1 } })
  })
})

describe("custom data with a Schema", () => {
  const Cents = Schema.Int.pipe(
    Schema.decodeTo(
      Schema.Finite,
      SchemaTransformation.transform({ decode: (cents) => cents / 100, encode: (euros) => Math.round(euros * 100) })
    )
  )
  const Order = Schema.Struct({
    orderId: Schema.Int,
    placedAt: Schema.DateTimeUtcFromString,
    total: Cents,
    note: Schema.optionalKey(Schema.String)
  }).pipe(Schema.encodeKeys({ orderId: "order-id", placedAt: "placed-at" }))
  const order = { orderId: 42, placedAt: DateTime.makeUnsafe("2026-01-02T03:04:05Z"), total: 12.34 }

  it("is encoded by it", () => {
    assert.strictEqual(
      text(alert({ alert: "Paid", data: order, schema: Order })),
      '{"aps":{"alert":"Paid"},"order-id":42,"placed-at":"2026-01-02T03:04:05.000Z","total":1234}'
    )
  })

  it("is read back by it", () => {
    const codec = Schema.fromJsonString(Payload.make(Payload.AlertAps, Order))
    const read = Schema.decodeUnknownSync(codec)(text(alert({ alert: "Paid", data: order, schema: Order })))
    assert.deepStrictEqual(read, { aps: { alert: "Paid" }, data: order })
  })

  it("works in a background push, with the same Schema as in an alert", () => {
    assert.strictEqual(
      text(Notification.background({ device, data: order, schema: Order })),
      '{"aps":{"content-available":1},"order-id":42,"placed-at":"2026-01-02T03:04:05.000Z","total":1234}'
    )
    assert.include(text(alert({ badge: 0, data: order, schema: Order })), '{"aps":{"badge":0},"order-id":42')
  })

  it("that does not fit is refused by the name of the key", () => {
    const placedAt = "2026-01-02" as unknown as DateTime.Utc
    assert.include(refused(alert({ data: { ...order, placedAt }, schema: Order })).message, '["placedAt"]')
    assert.include(refused(alert({ data: { ...order, orderId: 1.5 }, schema: Order })).message, '["orderId"]')
  })

  it("cannot take the key aps", () => {
    const Taken = Schema.Struct({ aps: Schema.Int })
    assert.include(refused(alert({ data: { aps: 1 }, schema: Taken })).message, '"aps"')
    const Renamed = Schema.Struct({ fine: Schema.Int }).pipe(Schema.encodeKeys({ fine: "aps" }))
    assert.include(refused(alert({ data: { fine: 1 }, schema: Renamed })).message, '"aps"')
  })

  it("may be a class", () => {
    class Visit extends Schema.Class<Visit>("Visit")({ page: Schema.String }) {}
    assert.strictEqual(text(alert({ data: new Visit({ page: "/" }), schema: Visit })), '{"aps":{},"page":"/"}')
  })
})

describe("a raw push", () => {
  it("sends text as UTF-8, byte for byte", () => {
    assert.strictEqual(text(raw(' {"aps" : {"alert":"é"}} ')), ' {"aps" : {"alert":"é"}} ')
  })

  it("sends bytes as they are", () => {
    const bytes = new Uint8Array([0x7b, 0x7d])
    assert.deepStrictEqual(encode(raw(bytes)), Result.succeed(bytes))
    const part = new Uint8Array([0, 0x7b, 0x7d, 0]).subarray(1, 3)
    assert.strictEqual(text(raw(part)), "{}")
  })

  it("writes an object as JSON, with whatever keys it has", () => {
    assert.strictEqual(text(raw({ mdm: "magic" }, "mdm")), '{"mdm":"magic"}')
    assert.strictEqual(text(raw({})), "{}")
    assert.strictEqual(text(raw({ aps: { "content-changed": true } }, "widgets")), '{"aps":{"content-changed":true}}')
  })

  it("refuses an empty body", () => {
    for (const empty of ["", new Uint8Array()]) assert.include(refused(raw(empty)).message, "is empty")
    assert.include(refused(raw(undefined as unknown as string)).message, "is empty")
  })

  it("refuses an object that JSON cannot hold", () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    for (const bad of [circular, { a: 1n }]) {
      assert.include(refused(raw(bad as Schema.JsonObject)).message, "cannot be written as JSON")
    }
  })
})

describe("any content whatever", () => {
  const options = { arbitrary: { runs: 300, seed: 20261123 } }

  /** JSON has one zero, and `undefined` and an absent key are the same to it. */
  const onWire = (value: unknown): unknown => {
    // Not by way of JSON.parse: that of Node 24 reads the key "\n" as "\\" once it has met "\\" in the same place.
    if (Array.isArray(value)) return value.map(onWire)
    if (typeof value !== "object" || value === null) return value === 0 ? 0 : value
    const entries = Object.entries(value).filter(([, part]) => part !== undefined)
    return Object.fromEntries(entries.map(([key, part]) => [key, onWire(part)]))
  }

  /** An empty `extra` is none. */
  const withoutEmptyExtra = (value: unknown): unknown =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .filter(([key, part]) => key !== "extra" || Object.keys(part).length > 0)
            .map(([key, part]) => [key, key === "extra" ? part : withoutEmptyExtra(part)])
        )

  const schemas: Readonly<Record<string, Schema.Codec<unknown, unknown>>> = {
    AlertText: Payload.AlertText,
    SoundObject: Payload.SoundObject,
    Sound: Payload.Sound,
    AlertAps: Payload.AlertAps,
    BackgroundAps: Payload.BackgroundAps,
    ReloadAps: Payload.ReloadAps,
    WebsiteText: Payload.WebsiteText,
    WebsiteAps: Payload.WebsiteAps,
    FileProvider: Payload.FileProvider,
    Mdm: Payload.Mdm
  }
  for (const [name, schema] of Object.entries(schemas)) {
    it.effect.prop(
      `of ${name} that is written reads back as it was`,
      { value: schema },
      ({ value }) =>
        Effect.sync(() => {
          const read = Schema.decodeUnknownSync(schema)(onWire(Schema.encodeSync(schema)(value)))
          assert.deepStrictEqual(onWire(read), withoutEmptyExtra(onWire(value)))
          assert.isTrue(Schema.is(Schema.toType(schema))(read))
        }),
      options
    )
  }

  it("has a Schema in this list for every Schema there is", () => {
    const all = Object.entries(Payload).filter(([, value]) => Schema.isSchema(value))
    assert.sameMembers(
      all.map(([name]) => name),
      [...Object.keys(schemas), "InterruptionLevel"]
    )
  })

  const aside: Readonly<Record<string, Schema.Codec<unknown, object>>> = {
    alert: Payload.AlertAps,
    background: Payload.BackgroundAps,
    reload: Payload.ReloadAps,
    website: Payload.WebsiteAps
  }
  for (const [name, aps] of Object.entries(aside)) {
    const payload = Payload.make(aps, Schema.JsonObject)
    it.effect.prop(
      `of a whole ${name} payload that is written reads back as it was`,
      { aps, data: Schema.Record(Schema.String, Schema.Json) },
      ({ aps, data }) =>
        Effect.sync(() => {
          if (Object.hasOwn(data, "aps")) {
            return void assert.isTrue(Result.isFailure(Schema.encodeUnknownResult(payload)({ aps, data })))
          }
          const read = Schema.decodeUnknownSync(payload)(onWire(Schema.encodeSync(payload)({ aps, data })))
          assert.deepStrictEqual(onWire(read), { aps: withoutEmptyExtra(onWire(aps)), data: onWire(data) })
          assert.isTrue(Schema.is(Schema.toType(payload))(read))
        }),
      options
    )
  }
})
