/** How bodies are measured, and what is said of those that are too large. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Notification, PayloadSchema } from "effect-apns"
import { broadcastSizeLimit, encode, encodeContent, sizeLimit } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"

const accepted = (notification: Notification.Notification) => {
  const result = encode(notification)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

const refused = (notification: Notification.Notification) => {
  const result = encode(notification)
  if (Result.isSuccess(result)) return assert.fail(`accepted ${result.success.length} bytes`)
  const { failure } = result
  assert.deepStrictEqual([failure._tag, failure.field, failure.action], ["InvalidNotification", "payload", "fixConfig"])
  assert.notInclude(failure.message, "\n")
  return failure
}

const raw = (payload: Notification.Raw["payload"], pushType = "alert") =>
  Notification.raw({ device, pushType, payload })

describe("the limit", () => {
  const limits: ReadonlyArray<readonly [string, number]> = [
    ["alert", 4096],
    ["background", 4096],
    ["complication", 4096],
    ["controls", 4096],
    ["fileprovider", 4096],
    ["liveactivity", 4096],
    ["location", 4096],
    ["mdm", 4096],
    ["pushtotalk", 4096],
    ["widgets", 4096],
    ["novelty", 4096],
    ["voip", 5120]
  ]
  for (const [pushType, limit] of limits) {
    it(`of a push of type ${pushType} is ${limit} bytes and not one more`, () => {
      assert.strictEqual(sizeLimit(pushType), limit)
      assert.strictEqual(accepted(raw("x".repeat(limit), pushType)).length, limit)
      const failure = refused(raw("x".repeat(limit + 1), pushType))
      assert.deepStrictEqual(failure.size, { bytes: limit + 1, limit, largest: [] })
      const { content } = raw({ a: "x".repeat(limit - 8) }, pushType)
      assert.isTrue(Result.isSuccess(encodeContent(content, limit, pushType)))
    })
  }

  it("of a broadcast is 5,120 bytes and not one more, and is named as the caller names it", () => {
    const of = (length: number) =>
      encodeContent(raw({ a: "x".repeat(length - 8) }).content, broadcastSizeLimit, "broadcast")
    assert.strictEqual(Result.getOrThrow(of(5120)).length, 5120)
    const failure = Result.getOrThrow(Result.flip(of(5121)))
    assert.deepStrictEqual(failure.size, { bytes: 5121, limit: 5120, largest: [{ key: "a", bytes: 5115 }] })
    assert.strictEqual(
      failure.message,
      'payload is 5,121 bytes and the limit for "broadcast" is 5,120. Shorten it by 1 byte. Largest: a 5,115 bytes.'
    )
  })

  it("counts bytes of UTF-8, not characters", () => {
    const party = (times: number) => Notification.alert({ device, alert: "🎉".repeat(times) })
    assert.strictEqual(refused(party(1020)).size?.bytes, 4100)
    assert.strictEqual(accepted(party(1019)).length, 4096)
  })

  it("of a push without a type is told without one", () => {
    const website = { device, websitePushId: "web.com.example", urlArgs: [] } as const
    const failure = refused(Notification.safariWebsite({ ...website, alert: { title: "T", body: "x".repeat(4096) } }))
    assert.include(failure.message, "and the limit is 4,096")
  })

  it("is not spoken of in other problems", () => {
    assert.isUndefined(refused(Notification.alert({ device, badge: -1 as number })).size)
    assert.isUndefined(refused(raw("")).size)
  })
})

describe("the largest keys of a payload that is too large", () => {
  const x = (bytes: number) => "x".repeat(bytes - 2)
  const small = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
  const deep = (levels: number): Schema.JsonObject => (levels === 0 ? { end: x(5000) } : { a: deep(levels - 1) })

  const cases: ReadonlyArray<readonly [string, Schema.JsonObject, ReadonlyArray<readonly [string, number]>]> = [
    [
      "are named by their path, largest first, three of them",
      { aps: { alert: { title: x(100), subtitle: x(70), body: x(4000) }, badge: 1 }, order: x(80) },
      [
        ["aps.alert.body", 4000],
        ["aps.alert.title", 100],
        ["order", 80]
      ]
    ],
    ["may be one", { aps: x(5000) }, [["aps", 5000]]],
    [
      "are measured in bytes of JSON",
      { quotes: '"'.repeat(2500), emoji: "🎉".repeat(1000), lone: "\ud800".repeat(500) },
      [
        ["quotes", 5002],
        ["emoji", 4002],
        ["lone", 3002]
      ]
    ],
    [
      "are the object that holds many small ones",
      { aps: { badge: 1 }, many: small(600) },
      [
        ["many", 6381],
        ["aps", 11]
      ]
    ],
    [
      "are the small ones, where the payload is nothing else",
      small(600),
      [
        ["k100", 3],
        ["k101", 3],
        ["k102", 3]
      ]
    ],
    ["may be a whole array", { list: [x(3000), x(3000)] }, [["list", 6003]]],
    ["are in brackets where they are no plain words", { 'a "b".c': { "": x(5000) } }, [['["a \\"b\\".c"][""]', 5000]]],
    ["are cut where they are long", { [x(5002)]: 1 }, [[`["${"x".repeat(40)}…"]`, 1]]],
    ["are found at a depth", deep(5), [["a.a.a.a.a.end", 5000]]],
    ["may be called __proto__", JSON.parse(`{"__proto__":{"toString":"${x(5000)}"}}`), [["__proto__.toString", 5000]]]
  ]
  for (const [what, payload, largest] of cases) {
    it(what, () => {
      const { message, size } = refused(raw(payload))
      assert.deepStrictEqual(
        size?.largest,
        largest.map(([key, bytes]) => ({ key, bytes }))
      )
      for (const [key, bytes] of largest) assert.include(message, `${key} ${bytes.toLocaleString("en-US")} byte`)
    })
  }

  it("are found in a raw text and in bytes, too", () => {
    const json = JSON.stringify({ aps: { alert: x(5000) } }, null, 2)
    for (const body of [json, new TextEncoder().encode(json), Buffer.from(`__${json}`).subarray(2)]) {
      assert.deepStrictEqual(refused(raw(body)).size?.largest, [{ key: "aps.alert", bytes: 5000 }])
    }
  })

  it("are not told of what is no object, or nested beyond measure", () => {
    for (const body of ["x".repeat(5000), `[${x(5000)}]`, JSON.stringify([x(5000)]), '{"a":'.repeat(100_000)]) {
      assert.deepStrictEqual(refused(raw(body)).size?.largest, [])
    }
    const nested = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`
    assert.deepStrictEqual(refused(raw(nested)).size?.largest, [])
  })

  it("come without their values", () => {
    const secret = "the patient is well "
    const failure = refused(Notification.alert({ device, alert: { title: secret, body: secret.repeat(300) } }))
    assert.notInclude(failure.message, "patient")
    assert.notInclude(JSON.stringify(failure), "patient")
  })
})

describe("PayloadSchema.layer", () => {
  it.effect("provides the encoding as a service", () =>
    Effect.gen(function* () {
      const payloads = yield* PayloadSchema
      const n = Notification.alert({ device, alert: "Hello" })
      assert.deepStrictEqual(payloads.encode(n), encode(n))
    }).pipe(Effect.provide(PayloadSchema.layer))
  )
})

describe("any text whatever", () => {
  const options = { arbitrary: { runs: 300, seed: 20261123 } }
  const pieces = Schema.Array(
    Schema.Literals([
      "a",
      '"',
      "\\",
      "\n",
      "\u0000",
      "\u2028",
      "é",
      "日本",
      "🎉",
      "👨‍👩‍👧‍👦",
      "\ud800",
      "\udc00",
      "\ud83d"
    ])
  )

  it.effect.prop(
    "is measured as long as its UTF-8 is",
    { words: Schema.String, pieces, times: Schema.Literals([1, 30, 300]) },
    ({ pieces, times, words }) =>
      Effect.sync(() => {
        const title = `${words}${pieces.join("")}`.repeat(times)
        const json = JSON.stringify({ aps: { alert: { title } } })
        const bytes = new TextEncoder().encode(json)
        const result = encode(Notification.alert({ device, alert: { title } }))
        assert.strictEqual(Result.isSuccess(result), bytes.length <= 4096)
        if (Result.isSuccess(result)) assert.deepStrictEqual(new Uint8Array(result.success), bytes)
        else assert.strictEqual(result.failure.size?.bytes, bytes.length)
      }),
    options
  )

  it.effect.prop(
    "in a raw body is measured as long as its UTF-8 is",
    { words: Schema.String, pieces, times: Schema.Literals([1, 300]) },
    ({ pieces, times, words }) =>
      Effect.sync(() => {
        const body = `${words}${pieces.join("")}`.repeat(times)
        const { length } = new TextEncoder().encode(body)
        const result = encode(raw(body))
        assert.strictEqual(Result.isSuccess(result), length > 0 && length <= 4096)
        assert.strictEqual(Result.isSuccess(result) ? result.success.length : (result.failure.size?.bytes ?? 0), length)
      }),
    options
  )

  it.effect.prop(
    "at the limit passes and one byte over it does not",
    { pieces, limit: Schema.Literals([4096, 5120]) },
    ({ limit, pieces }) =>
      Effect.sync(() => {
        const text = pieces.join("")
        const rest = limit - new TextEncoder().encode(JSON.stringify({ a: text })).length
        const of = (pad: number) => encodeContent(raw({ a: text + "x".repeat(pad) }).content, limit, "it")
        // A high surrogate at the end cannot pair with the padding.
        assert.strictEqual(Result.getOrThrow(of(rest)).length, limit)
        assert.strictEqual(Result.getOrThrow(Result.flip(of(rest + 1))).size?.bytes, limit + 1)
      }),
    options
  )
})
