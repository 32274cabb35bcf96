/** `.apns` files: what is read, what is said of bad ones, and that nothing is lost on the way back. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { ApnsFile, Notification, Payload } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"
const target = "Simulator Target Bundle"

const read = (source: string | Uint8Array) => {
  const result = ApnsFile.read(source)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

const unread = (source: string | Uint8Array) => Result.getOrThrow(Result.flip(ApnsFile.read(source)))

const written = (notification: Notification.Notification, options?: { readonly bundleId?: string }) => {
  const result = ApnsFile.write(notification, options)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

const body = (notification: Notification.Notification): unknown =>
  JSON.parse(new TextDecoder().decode(Result.getOrThrow(encode(notification))))

describe("reading a file", () => {
  it("takes the bundle ID out of the payload, and keeps the rest as it is", () => {
    const text = `{
      "aps": { "alert": { "title": "T" }, "novelty": [1, null] },
      "${target}": "com.example.app",
      "order": { "${target}": 1 }
    }`
    assert.deepStrictEqual(read(text), {
      bundleId: "com.example.app",
      payload: { aps: { alert: { title: "T" }, novelty: [1, null] }, order: { [target]: 1 } }
    })
  })

  it("does without a bundle ID", () => {
    assert.deepStrictEqual(read('{"aps":{}}'), { bundleId: undefined, payload: { aps: {} } })
  })

  it("takes bytes, and a byte order mark", () => {
    for (const source of ['{"aps":{"alert":"é🎉"}}', '\ufeff{"aps":{"alert":"é🎉"}}']) {
      assert.deepStrictEqual(read(source).payload, { aps: { alert: "é🎉" } })
      assert.deepStrictEqual(read(new TextEncoder().encode(source)).payload, { aps: { alert: "é🎉" } })
    }
  })

  it("keeps keys that mean something in JavaScript", () => {
    const json = '{"aps":{},"__proto__":{"x":1},"constructor":2}'
    assert.strictEqual(JSON.stringify(read(json).payload), json)
  })

  it("takes a file that simctl would find too large: its white space is not sent", () => {
    read(`{"aps":{}${" ".repeat(5000)}}`)
  })

  const bad: ReadonlyArray<readonly [string, string | Uint8Array, string]> = [
    ["bytes that are not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), "is not UTF-8"],
    ["an array", "[]", "is not an object"],
    ["null", "null", "is not an object"],
    ["no aps", '{"alert":"x"}', 'has no "aps" dictionary'],
    ["an aps that is inherited", '{"__proto__":{"aps":{}}}', 'has no "aps" dictionary'],
    ["an aps that is text", '{"aps":"x"}', 'has no "aps" dictionary'],
    ["an aps that is an array", '{"aps":[]}', 'has no "aps" dictionary'],
    ["a bundle ID that is a number", `{"aps":{},"${target}":5}`, "is no bundle ID"],
    ["a bundle ID that is null", `{"aps":{},"${target}":null}`, "is no bundle ID"],
    ["a bundle ID that is blank", `{"aps":{},"${target}":" "}`, "is no bundle ID"],
    ["a number out of range", '{"aps":{"badge":1e999}}', "a number out of range"],
    ["values nested without end", `{"aps":${'{"a":'.repeat(200_000)}1${"}".repeat(200_001)}`, "nested too deeply"]
  ]
  for (const [what, source, problem] of bad) {
    it(`refuses ${what}`, () => {
      const failure = unread(source)
      assert.strictEqual(failure._tag, "InvalidApnsFile")
      assert.include(failure.message, problem)
      assert.isUndefined(failure.position)
    })
  }
})

describe("a file that is not JSON", () => {
  const cases: ReadonlyArray<readonly [string, string, number, number]> = [
    ["", "it is empty", 1, 1],
    [" \n\n ", "it is empty", 3, 2],
    ['{"aps":{}', 'it ends before its "}"', 1, 10],
    ['{"aps":[', 'it ends before its "]"', 1, 9],
    ['{\n  "aps": {},\n}', 'a comma before "}"', 3, 1],
    ['{"a":[1,]}', 'a comma before "]"', 1, 9],
    ["{,}", "expected a key in double quotes", 1, 2],
    ["[,1]", "expected a value", 1, 2],
    ['{"aps":}', "expected a value", 1, 8],
    ['{"aps":{} "x":1}', 'expected "," or "}"', 1, 11],
    ["[1 2]", 'expected "," or "]"', 1, 4],
    ["[1}", 'expected "," or "]"', 1, 3],
    ['{"aps"}', 'expected ":"', 1, 7],
    ["{aps:{}}", "expected a key in double quotes", 1, 2],
    ['\r\n{\r\n"aps": 01}', 'expected "," or "}"', 3, 9],
    ['{"a":1.}', 'expected "," or "}"', 1, 7],
    ['{"a":+1}', "expected a value", 1, 6],
    ['{"a":NaN}', "expected a value", 1, 6],
    ['{"a":True}', "expected a value", 1, 6],
    ['{"aps":{}} x', "more after the end", 1, 12],
    ['{"aps":{}}}', "more after the end", 1, 11],
    ['{ // the alert\n"aps":{}}', "a comment", 1, 3],
    ['{"aps":{} /* x */}', "a comment", 1, 11],
    ["{'aps':{}}", "a text in single quotes", 1, 2],
    ['{"aps":"x\ny"}', "a text that is not closed on its line", 1, 8],
    ['{"aps":"x', "a text that is not closed on its line", 1, 8],
    ['{"aps":"x\ty"}', "a control character in a text", 1, 10],
    ['{"aps":"\\x"}', "a backslash that escapes nothing", 1, 9],
    ['{"aps":"\\u12"}', "a backslash that escapes nothing", 1, 9],
    ["{\u00a0}", "expected a key in double quotes", 1, 2]
  ]
  for (const [source, problem, line, column] of cases) {
    it(`is told what is wrong with ${JSON.stringify(source)}, and where`, () => {
      const failure = unread(source)
      assert.deepStrictEqual(failure.position, { line, column })
      assert.include(failure.message, `is not JSON: ${problem}`)
      assert.include(failure.message, `at line ${line}, column ${column}.`)
    })
  }

  it("may be large and hostile", () => {
    const cases = [
      `{"a":"${"\\n".repeat(1_000_000)}`,
      "[".repeat(1_000_000),
      '{"a":'.repeat(1_000_000),
      "1,".repeat(1_000_000)
    ]
    for (const source of cases) assert.strictEqual(unread(source).position?.line, 1)
  })

  const options = { arbitrary: { runs: 1500, seed: 20261123 } }
  const pieces = Schema.Array(
    Schema.Literals([
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      '"a"',
      '"a":',
      "1",
      "-",
      ".5",
      "e3",
      "true",
      "nul",
      " ",
      "\n",
      "\\"
    ])
  )

  it.effect.prop(
    "is so by the word of JSON.parse, and then has a place; with the comma and without",
    { pieces, json: Schema.Json, at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })) },
    ({ at, json, pieces }) =>
      Effect.sync(() => {
        const text = JSON.stringify(json)
        const mutated = text.slice(0, at) + pieces.slice(0, 2).join("") + text.slice(at + (at % 3))
        for (const source of [pieces.join(""), mutated]) {
          const valid = Result.isSuccess(Result.try(() => JSON.parse(source)))
          const result = ApnsFile.read(source)
          const { position, problem = "" } = Result.isFailure(result) ? result.failure : {}
          // What JSON.parse takes and changes has a place, too.
          const isChanged = problem.startsWith("has a number") || problem.startsWith("has the key")
          assert.strictEqual(position === undefined || isChanged, valid, source)
        }
      }),
    options
  )
})

describe("the notification of a file", () => {
  const types: ReadonlyArray<readonly [Schema.JsonObject, string | undefined]> = [
    [{ alert: "Hello" }, "alert"],
    [{ alert: {} }, "alert"],
    [{ badge: 0 }, "alert"],
    [{ sound: "default" }, "alert"],
    [{ alert: "Hello", "content-available": 1 }, "alert"],
    [{ "content-available": 1 }, "background"],
    [{ "content-available": 1, alert: null }, "background"],
    [{ "content-available": 1, category: "c" }, "background"],
    [{ event: "start", timestamp: 1, alert: { title: "T" } }, "liveactivity"],
    [{ event: "update", timestamp: 1, "content-state": {} }, "liveactivity"],
    [{ event: "end", timestamp: 1 }, "liveactivity"],
    [{ event: "update" }, undefined],
    [{ event: "party", timestamp: 1, alert: "Hello" }, undefined],
    [{ "content-state": {} }, undefined],
    [{ "content-changed": true }, undefined],
    [{ alert: { title: "T" }, "url-args": [] }, undefined],
    [{ "content-available": true }, undefined],
    [{ "mutable-content": 1 }, undefined],
    [{}, undefined]
  ]
  for (const [aps, pushType] of types) {
    it(`of ${JSON.stringify(aps)} is ${pushType ?? "nobody's guess"}`, () => {
      const file = { bundleId: "com.example.app", payload: { aps } }
      const result = ApnsFile.toNotification(file, { device })
      if (Result.isSuccess(result)) assert.strictEqual(result.success.pushType, pushType)
      else assert.deepStrictEqual([result.failure.field, pushType], ["pushType", undefined])
      const told = Result.getOrThrow(ApnsFile.toNotification(file, { device, pushType: "alert" }))
      assert.deepStrictEqual([told.pushType, body(told)], ["alert", { aps }])
    })
  }

  const of = (json: string, options: Partial<ApnsFile.Options> = {}) =>
    ApnsFile.toNotification(read(json), { device, ...options })

  it("goes to the file's app, or to the one that is named, or to the layer's", () => {
    const topic = (json: string, options?: Partial<ApnsFile.Options>) => Result.getOrThrow(of(json, options)).topic
    assert.strictEqual(topic(`{"aps":{"badge":1},"${target}":"com.example.app"}`), "com.example.app")
    assert.strictEqual(topic(`{"aps":{"badge":1},"${target}":"com.example.app"}`, { topic: "a.b" }), "a.b")
    assert.isUndefined(topic('{"aps":{"badge":1}}'))
  })

  it("of a Live Activity has the topic's suffix, once, and needs a bundle ID", () => {
    const json = '{"aps":{"event":"end","timestamp":1}}'
    for (const topic of ["com.example.app", "com.example.app.push-type.liveactivity"]) {
      assert.strictEqual(Result.getOrThrow(of(json, { topic })).topic, "com.example.app.push-type.liveactivity")
    }
    assert.strictEqual(Result.getOrThrow(Result.flip(of(json))).field, "topic")
  })

  it("has the priority 5 if it is a background push, and can have no other", () => {
    const json = '{"aps":{"content-available":1}}'
    assert.strictEqual(Result.getOrThrow(of(json)).priority, 5)
    assert.strictEqual(Result.getOrThrow(of(json, { priority: 5 })).priority, 5)
    assert.strictEqual(Result.getOrThrow(Result.flip(of(json, { priority: 10 }))).field, "priority")
    assert.isUndefined(Result.getOrThrow(of('{"aps":{"badge":1}}')).priority)
    assert.strictEqual(Result.getOrThrow(of('{"aps":{"badge":1}}', { priority: 1 })).priority, 1)
  })

  it("says what else is asked for", () => {
    const id = "0b5f4a5e-6c5e-4d0a-9d4e-0a4f4e5c6d7e"
    const n = Result.getOrThrow(of('{"aps":{"badge":1},"x":2}', { id, collapseId: "c", expiration: "once" }))
    assert.deepStrictEqual([n.device, n.id, n.collapseId, n.expiration], [device, id, "c", "once"])
    assert.deepStrictEqual(body(n), { aps: { badge: 1 }, x: 2 })
  })
})

describe("writing a file", () => {
  it("gives indented JSON, the bundle ID first", () => {
    const n = Notification.alert({ device, alert: { title: "T" }, badge: 0, data: { orderId: 42 } })
    assert.strictEqual(
      written(n, { bundleId: "com.example.app" }),
      `{
  "Simulator Target Bundle": "com.example.app",
  "aps": {
    "alert": {
      "title": "T"
    },
    "badge": 0
  },
  "orderId": 42
}
`
    )
  })

  it("names the notification's own topic, or nothing", () => {
    assert.strictEqual(read(written(Notification.background({ device, topic: "a.b" }))).bundleId, "a.b")
    assert.strictEqual(
      read(written(Notification.background({ device, topic: "a.b" }), { bundleId: "c" })).bundleId,
      "c"
    )
    assert.strictEqual(
      written(Notification.background({ device })),
      '{\n  "aps": {\n    "content-available": 1\n  }\n}\n'
    )
  })

  it("holds no device, id or other header", () => {
    const n = Notification.alert({ device, alert: "x", collapseId: "secret", expiration: "once", priority: 5 })
    assert.deepStrictEqual(Object.keys(JSON.parse(written(n))), ["aps"])
  })

  it("is compact where only that fits into 4,096 bytes, and is refused beyond", () => {
    const of = (length: number) => {
      const rest = `{"${target}":"a.b","aps":{"alert":""}}`.length
      return Notification.alert({ device, alert: "x".repeat(length - rest) })
    }
    assert.strictEqual(written(of(4096), { bundleId: "a.b" }).length, 4096)
    assert.notInclude(written(of(4096), { bundleId: "a.b" }), "\n")
    assert.include(written(of(4000), { bundleId: "a.b" }), "\n")
    const failure = Result.getOrThrow(Result.flip(ApnsFile.write(of(4097), { bundleId: "a.b" })))
    assert.deepStrictEqual([failure.field, failure.size?.bytes, failure.size?.limit], ["payload", 4097, 4096])
    assert.include(failure.message, 'the limit for "simctl push" is 4,096')
    assert.isTrue(Result.isSuccess(ApnsFile.write(of(4097))))
  })

  it("cuts the texts that may be cut", () => {
    const n = Notification.truncate(Notification.alert({ device, alert: "x".repeat(5000) }), { fields: ["body"] })
    assert.match(String(read(written(n)).payload.aps.alert), /^x+…$/)
  })

  const bad: ReadonlyArray<readonly [string, Notification.Notification, string]> = [
    ["a VoIP push", Notification.raw({ device, pushType: "voip", payload: { aps: {} } }), "pushType"],
    ["a Live Activity", Notification.raw({ device, pushType: "liveactivity", payload: { aps: {} } }), "pushType"],
    ["a payload without aps", Notification.raw({ device, pushType: "alert", payload: { a: 1 } }), "payload"],
    ["a payload that is no object", Notification.raw({ device, pushType: "alert", payload: "[]" }), "payload"],
    ["a payload that is not JSON", Notification.raw({ device, pushType: "alert", payload: "{" }), "payload"],
    [
      "a payload that is not UTF-8",
      Notification.raw({ device, pushType: "alert", payload: new Uint8Array([0x22, 0xff, 0x22]) }),
      "payload"
    ],
    [
      "a number out of range",
      Notification.raw({ device, pushType: "alert", payload: '{"aps":{"a":1e999}}' }),
      "payload"
    ],
    ["the key for the bundle ID in the data", Notification.alert({ device, data: { [target]: "x" } }), "payload"],
    ["what breaks its Schema", Notification.alert({ device, badge: -1 as number }), "payload"],
    ["an empty topic", Notification.alert({ device, badge: 1, topic: "" }), "topic"]
  ]
  for (const [what, notification, field] of bad) {
    it(`refuses ${what}`, () => {
      assert.strictEqual(Result.getOrThrow(Result.flip(ApnsFile.write(notification))).field, field)
    })
  }
})

describe("any payload whatever", () => {
  const options = { arbitrary: { runs: 300, seed: 20261123 } }
  const bundleIds = Schema.UndefinedOr(Schema.Literals(["com.example.app", "é"]))

  it.effect.prop(
    "is read as it was written",
    { aps: Payload.AlertAps, data: Schema.Record(Schema.String, Schema.Json), bundleId: bundleIds },
    ({ aps, bundleId, data }) =>
      Effect.sync(() => {
        if (Object.hasOwn(data, "aps") || Object.hasOwn(data, target)) return
        const n = Notification.alert({ device, ...aps, data })
        const result = ApnsFile.write(n, { bundleId })
        if (Result.isFailure(result)) return void assert.isAbove(result.failure.size?.bytes ?? 0, 4096)
        const file = read(result.success)
        assert.isAtMost(Buffer.byteLength(result.success), 4096)
        assert.strictEqual(file.bundleId, bundleId)
        assert.deepStrictEqual(file.payload, body(n))
        const again = Result.getOrThrow(ApnsFile.toNotification(file, { device, pushType: "alert" }))
        assert.strictEqual(written(again), result.success)
      }),
    options
  )
})
