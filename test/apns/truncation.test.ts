/** The cutting of chosen texts, against Unicode's own graphemes and the bytes that are sent. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Notification } from "effect-apns"
import { broadcastSizeLimit, encode, encodeContent } from "effect-apns/PayloadSchema"

const device = "7a1f0c3b5d2e4f60"
const family = "👨‍👩‍👧‍👦"

const graphemes = (text: string) =>
  Array.from(new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text), ({ segment }) => segment)

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length

const sent = (notification: Notification.Notification): string => {
  const result = encode(notification)
  return Result.isSuccess(result) ? new TextDecoder().decode(result.success) : assert.fail(result.failure.message)
}

const payload = (notification: Notification.Notification) => JSON.parse(sent(notification))

const refused = (notification: Notification.Notification) => Result.getOrThrow(Result.flip(encode(notification)))

const alert = (texts: Notification.Alert["alert"], truncation: Notification.Truncation, data = {}) =>
  Notification.truncate(Notification.alert({ device, alert: texts, data }), truncation)

describe("a payload that fits", () => {
  it("is what it would be without", () => {
    const n = Notification.alert({ device, alert: { title: "T", body: "B" }, data: { orderId: 42 } })
    assert.strictEqual(sent(Notification.truncate(n, { fields: ["body", "title"] })), sent(n))
  })

  it("is not touched at 4,096 bytes", () => {
    const body = "x".repeat(4096 - bytesOf({ aps: { alert: { body: "" } } }))
    assert.strictEqual(payload(alert({ body }, { fields: ["body"] })).aps.alert.body, body)
    const over = payload(alert({ body: `${body}x` }, { fields: ["body"] })).aps.alert.body
    assert.strictEqual(over, `${body.slice(3)}…`)
  })
})

describe("a payload that does not fit", () => {
  it("loses the end of the field, and gets an ellipsis of 3 bytes", () => {
    const json = sent(alert({ title: "T", body: "x".repeat(9000) }, { fields: ["body"] }))
    assert.strictEqual(Buffer.byteLength(json), 4096)
    assert.match(json, /^\{"aps":\{"alert":\{"title":"T","body":"x+…"\}\}\}$/)
  })

  it("has the ellipsis that is asked for, or none", () => {
    for (const ellipsis of ["", " [more]", "🎉", '"']) {
      const { body } = payload(alert({ body: "x".repeat(9000) }, { fields: ["body"], ellipsis })).aps.alert
      assert.strictEqual(body.replace(/^x+/, ""), ellipsis)
      assert.strictEqual(bytesOf({ aps: { alert: { body } } }), 4096)
    }
  })

  it("gets no lone surrogate from an ellipsis", () => {
    const { body } = payload(alert({ body: "x".repeat(9000) }, { fields: ["body"], ellipsis: "\ud800" })).aps.alert
    assert.match(body, /^x+\ufffd$/)
  })

  it("is cut between graphemes, however many code units they have", () => {
    for (const one of [family, "e\u0301", "🇩🇪", "क्षि", "\r\n", "👍🏽", "각"]) {
      const { body } = payload(alert({ body: one.repeat(3000) }, { fields: ["body"], ellipsis: "" })).aps.alert
      assert.strictEqual(body.length % one.length, 0)
      assert.strictEqual(body, one.repeat(body.length / one.length))
      assert.isAbove(bytesOf({ aps: { alert: { body: body + one } } }), 4096)
    }
  })

  it("counts what JSON escapes: one character may be 6 bytes", () => {
    const { body } = payload(alert({ body: "\u0001".repeat(3000) }, { fields: ["body"], ellipsis: "" })).aps.alert
    assert.strictEqual(body.length, Math.floor((4096 - bytesOf({ aps: { alert: { body: "" } } })) / 6))
  })

  it("loses its fields in their order, the next only when the one before is empty", () => {
    const texts = { title: "t".repeat(100), subtitle: "s".repeat(100), body: "b".repeat(100) }
    const cut = (filler: number) =>
      payload(alert(texts, { fields: ["body", "subtitle", "title"] }, { filler: "x".repeat(filler) })).aps.alert
    const room = 4096 - bytesOf({ aps: { alert: texts }, filler: "" })
    assert.deepStrictEqual(cut(room), texts)
    assert.deepStrictEqual(cut(room + 1), { ...texts, body: `${"b".repeat(96)}…` })
    assert.deepStrictEqual(cut(room + 97), { ...texts, body: "…" })
    assert.deepStrictEqual(cut(room + 98), { ...texts, body: "" })
    assert.deepStrictEqual(cut(room + 100), { ...texts, body: "" })
    assert.deepStrictEqual(cut(room + 101), { ...texts, body: "", subtitle: `${"s".repeat(96)}…` })
    assert.deepStrictEqual(cut(room + 201), { body: "", subtitle: "", title: `${"t".repeat(96)}…` })
    assert.deepStrictEqual(cut(room + 300), { title: "", subtitle: "", body: "" })
    assert.include(
      refused(alert(texts, { fields: ["body", "subtitle", "title"] }, { filler: "x".repeat(room + 301) })).message,
      "1 byte."
    )
  })

  it("is refused when the chosen fields are not enough, and the error measures what is left", () => {
    const failure = refused(alert({ body: "x".repeat(3000) }, { fields: ["body"] }, { data: "y".repeat(5000) }))
    const bytes = bytesOf({ aps: { alert: { body: "" } }, data: "y".repeat(5000) })
    assert.deepStrictEqual(failure.size, {
      bytes,
      limit: 4096,
      largest: [
        { key: "data", bytes: 5002 },
        { key: "aps.alert", bytes: bytesOf({ body: "" }) }
      ]
    })
    assert.include(failure.message, "with its text shortened")
  })

  it("passes over fields that are absent, or no text", () => {
    const data = { list: ["x"], n: 1, "": "e", long: "y".repeat(9000) }
    const fields: Notification.Truncation["fields"] = [
      "subtitle",
      ["list"],
      ["list", "0"],
      ["n"],
      ["n", "toString"],
      ["toString"],
      ["__proto__", "x"],
      ["aps"],
      ["long"]
    ]
    const json = payload(alert({ body: "B" }, { fields }, data))
    assert.deepStrictEqual(json, { aps: { alert: { body: "B" } }, ...data, long: json.long })
    assert.match(json.long, /^y+…$/)
    assert.strictEqual(bytesOf(json), 4096)
  })
})

describe("a field", () => {
  it('called "body" is also an alert that is plain text', () => {
    const json = payload(alert("x".repeat(9000), { fields: ["body"] }))
    assert.match(json.aps.alert, /^x+…$/)
    assert.strictEqual(bytesOf(json), 4096)
    const failure = refused(alert("x".repeat(9000), { fields: ["title", "subtitle"] }))
    assert.notInclude(failure.message, "shortened")
  })

  it("may be anywhere in the payload, in a push of any type", () => {
    const raw = Notification.raw({
      device,
      pushType: "liveactivity",
      payload: { aps: { event: "update", "content-state": { headline: "x".repeat(9000), score: 3 } } }
    })
    const json = payload(Notification.truncate(raw, { fields: [["aps", "content-state", "headline"]] }))
    assert.match(json.aps["content-state"].headline, /^x+…$/)
    assert.strictEqual(json.aps["content-state"].score, 3)
    const call = Notification.raw({ device, pushType: "voip", payload: { caller: family.repeat(900) } })
    assert.isAbove(bytesOf(payload(Notification.truncate(call, { fields: [["caller"]] }))), 5120 - 25)
  })
})

describe("what may be cut", () => {
  it("is never a raw body given as text or bytes", () => {
    const json = JSON.stringify({ aps: { alert: "x".repeat(9000) } })
    for (const payload of [json, new TextEncoder().encode(json)]) {
      const raw = Notification.raw({ device, pushType: "alert", payload })
      assert.deepStrictEqual(encode(Notification.truncate(raw, { fields: ["body"] })), encode(raw))
    }
  })

  it("may be the content of anything that has one, and leaves the value it is made from alone", () => {
    const broadcast = {
      channel: "c",
      content: Notification.raw({ device, pushType: "liveactivity", payload: { text: "x".repeat(9000) } }).content
    }
    const cut = Notification.truncate({ fields: [["text"]] })(broadcast)
    assert.strictEqual(cut.channel, "c")
    const body = encodeContent(cut.content, broadcastSizeLimit, "broadcast")
    assert.strictEqual(Result.getOrThrow(body).length, 5120)
    assert.isTrue(Result.isFailure(encodeContent(broadcast.content, broadcastSizeLimit, "broadcast")))
  })

  it("takes no time worth speaking of in a text of a million graphemes", () => {
    const before = process.cpuUsage()
    sent(alert({ body: `e\u0301${family}`.repeat(500_000) }, { fields: ["body"] }))
    // Of the processor, whatever else it does. A time that grew with the square of the text would be days.
    assert.isBelow(process.cpuUsage(before).user / 1000, 6000)
  }, 60_000)
})

describe("any text whatever", () => {
  const pieces = Schema.Array(
    Schema.Literals([
      "a",
      " ",
      '"',
      "\\",
      "\n",
      "\r\n",
      "\u0001",
      "\u200d",
      "\u0301",
      "é",
      "日本",
      "🎉",
      "👍🏽",
      family,
      "🇩🇪",
      "🇫🇷",
      "🇩",
      "क्षि",
      "각",
      "\u0600",
      "\ufe0f",
      "\ud800",
      "\udc00",
      "\ud83d"
    ])
  )
  const texts = {
    words: Schema.String,
    pieces,
    times: Schema.Literals([1, 40, 400]),
    filler: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4200 })),
    ellipsis: Schema.Literals(["…", "", "...", "\u0301", "🎉", '"'])
  }

  it.effect.prop(
    "is cut to its longest beginning that fits, and to nothing else",
    texts,
    ({ ellipsis, filler, pieces, times, words }) =>
      Effect.sync(() => {
        const body = `${words}${pieces.join("")}`.repeat(times)
        const rest = { filler: "x".repeat(filler) }
        const size = (text: string) => bytesOf({ aps: { alert: { title: "T", body: text } }, ...rest })
        const n = alert({ title: "T", body }, { fields: ["body"], ellipsis }, rest)
        if (size("") > 4096) return void assert.strictEqual(refused(n).size?.bytes, size(""))
        const json = sent(n)
        assert.isAtMost(Buffer.byteLength(json), 4096)
        const read = JSON.parse(json)
        const left: string = read.aps.alert.body
        assert.deepStrictEqual(read, { aps: { alert: { title: "T", body: left } }, ...rest })
        assert.strictEqual(Buffer.byteLength(json), size(left))
        if (size(body) <= 4096) return void assert.strictEqual(left, body)
        if (size(ellipsis) > 4096) return void assert.strictEqual(left, "")
        assert.isTrue(left.endsWith(ellipsis))
        const kept = left.slice(0, left.length - ellipsis.length)
        const all = graphemes(body)
        let count = 0
        let prefix = ""
        while (prefix.length < kept.length) prefix += all[count++]
        assert.strictEqual(kept, prefix)
        assert.isAbove(size(prefix + all[count] + ellipsis), 4096)
      }),
    { arbitrary: { runs: 500, seed: 20261123 } }
  )
})
