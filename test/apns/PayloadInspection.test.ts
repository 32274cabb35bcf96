import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result, Schema } from "effect"
import { ApnsFile, Notification, Payload, PayloadInspection, PushType } from "effect-apns"
import { encode } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"

const problems = (pushType: string, payload: Schema.JsonObject) => {
  const schema = PayloadInspection.schemaOf(pushType, payload)
  assert.isDefined(schema)
  return PayloadInspection.problems(schema, payload).map(({ key, problem }) => `${key} ${problem}`)
}

describe("PayloadInspection.read", () => {
  it("names the line and column of what is not JSON", () => {
    const read = PayloadInspection.read('{\n  "aps": {\n    "badge": 1,\n  }\n}')
    assert(Result.isFailure(read))
    assert.deepStrictEqual(read.failure.position, { line: 4, column: 3 })
    assert.include(read.failure.message, "at line 4, column 3")
  })

  it.each([
    ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), "is not UTF-8"],
    ["no object", "[1]", "is not an object"],
    ["nothing", "", "is not JSON: it is empty"],
    ["a number beyond JSON", '{"a": 1e999}', "holds a number out of range, or is nested too deeply"]
  ])("refuses %s", (_, source, problem) => {
    const read = PayloadInspection.read(source)
    assert(Result.isFailure(read))
    assert.strictEqual(read.failure.problem, problem)
  })

  it("keeps all that is in it, and passes over a byte order mark", () => {
    assert.deepStrictEqual(Result.getOrThrow(PayloadInspection.read('\uFEFF{"a":[1,null,{"b":"c"}]}')), {
      a: [1, null, { b: "c" }]
    })
  })
})

describe("PayloadInspection.problems", () => {
  it.each<[string, Schema.JsonObject, ReadonlyArray<string>]>([
    ["alert", { aps: { alert: "Hello", badge: 0 }, orderId: 42 }, []],
    ["alert", {}, ["aps is missing"]],
    ["alert", { aps: [] }, ["aps must be object"]],
    [
      "alert",
      { aps: { badge: "3", alert: { title: 7, "loc-args": ["a", 1] }, sound: { critical: true } } },
      [
        "aps.badge must be number",
        "aps.alert.title must be string",
        "aps.alert.loc-args.1 must be string",
        "aps.sound.critical must be 1",
        "aps.sound.name is missing"
      ]
    ],
    [
      "background",
      { aps: { alert: "Hello", badge: 1 } },
      ["aps.alert must not be there", "aps.badge must not be there", "aps.content-available is missing"]
    ],
    ["voip", { call: "0f2b" }, []],
    ["widgets", { aps: { "content-changed": 1 } }, ["aps.content-changed must be true"]],
    ["fileprovider", { domain: "a" }, ["container-identifier is missing"]],
    ["mdm", {}, ["mdm is missing"]],
    ["mdm", { mdm: "magic", aps: {} }, ["aps must not be there"]],
    ["liveactivity", { aps: { event: "begin" } }, ['aps.event must be "start" or "update" or "end"']],
    [
      "liveactivity",
      { aps: { event: "update", timestamp: "now" } },
      ["aps.timestamp must be number", "aps.content-state is missing"]
    ]
  ])("%s %j", (pushType, payload, expected) => {
    assert.deepStrictEqual(problems(pushType, payload), expected)
  })

  it("knows no Schema of a push type that Apple adds tomorrow, and one of all others", () => {
    assert.isUndefined(PayloadInspection.schemaOf("novelty", {}))
    for (const pushType of Object.keys(PushType.rules)) {
      assert.isDefined(PayloadInspection.schemaOf(pushType, {}), pushType)
    }
  })

  it.effect("comes to an end, and finds something exactly where the Schema does", () =>
    Effect.gen(function* () {
      const value = Arbitrary.schema(
        Schema.Struct({
          aps: Schema.Record(
            Schema.Literals(["alert", "badge", "sound", "content-available", "thread-id", "other"]),
            Schema.Union([
              Schema.String,
              Schema.Int,
              Schema.Boolean,
              Schema.Struct({ title: Schema.Union([Schema.String, Schema.Int]), name: Schema.String })
            ])
          ).pipe(Schema.optionalKey)
        })
      )
      const result = yield* Arbitrary.checkEffect(
        value,
        (payload) =>
          ["alert", "background"].every((pushType) => {
            // Made of JSON values alone.
            const json = JSON.parse(JSON.stringify(payload)) as Schema.JsonObject
            const schema = PayloadInspection.schemaOf(pushType, json)
            return (
              schema !== undefined &&
              (PayloadInspection.problems(schema, json).length === 0) ===
                Result.isSuccess(Schema.decodeUnknownResult(schema)(json))
            )
          }),
        { runs: 200, seed: 7 }
      )
      assert.strictEqual(result._tag, "Passed")
    })
  )
})

describe("PayloadInspection.sizes", () => {
  it("counts every key as send writes it", () => {
    const payload = { aps: { alert: { title: "Grüße" }, badge: 1 }, "order id": [1, { a: 2 }] }
    const sizes = PayloadInspection.sizes(payload)
    assert.deepStrictEqual(sizes, [
      { key: "aps", bytes: 39 },
      { key: "aps.alert", bytes: 19 },
      { key: "aps.alert.title", bytes: 9 },
      { key: "aps.badge", bytes: 1 },
      { key: '["order id"]', bytes: 11 }
    ])
  })

  it("agrees with the error of a payload that is too large", () => {
    const alert = { title: "Hello", body: "x".repeat(5000) }
    const failure = encode(Notification.alert({ device, alert }))
    assert(Result.isFailure(failure))
    const [largest] = failure.failure.size?.largest ?? []
    assert.isDefined(largest)
    assert.deepInclude(PayloadInspection.sizes({ aps: { alert } }), largest)
  })
})

describe("a payload of mdm", () => {
  it("is read and written under its key on the wire", () => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(Payload.Mdm)({ mdm: "magic" }), { pushMagic: "magic" })
    assert.deepStrictEqual(Schema.encodeSync(Payload.Mdm)({ pushMagic: "magic" }), { mdm: "magic" })
  })
})

describe("the key of an .apns file", () => {
  it("is the one that simctl reads", () => {
    assert.strictEqual(ApnsFile.bundleIdKey, "Simulator Target Bundle")
  })
})
