import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Schema } from "effect"
import { Reason, ReasonTable } from "effect-apns"
import { masked } from "../../packages/apns/src/internal/masked.ts"
import { goAwayRejection, type Reply, refusalOf } from "../../packages/apns/src/internal/reply.ts"

const now = Date.parse("2026-11-23T12:00:00Z")
const apnsId = "0F2B6B1E-6A0E-4C55-9D0A-5A6F0A3C9B11"

const reply = (status: number, body: string, fields: Record<string, string> = {}): Reply => ({
  status,
  body,
  fields: { "apns-id": apnsId, ...fields }
})

const refusal = (status: number, body: string, fields: Record<string, string> = {}) => {
  return refusalOf(reply(status, body, fields), 200, now) ?? assert.fail(`${status} was accepted`)
}

/** The refusal, when it has the tag. */
const tagged = <Tag extends ReturnType<typeof refusal>["_tag"]>(tag: Tag, error: ReturnType<typeof refusal>) => {
  assert.strictEqual(error._tag, tag)
  return error as Extract<typeof error, { readonly _tag: Tag }>
}

describe("an accepting answer", () => {
  it("has the status that accepts what was asked, and no other", () => {
    for (const accepting of [200, 201, 204]) {
      assert.isUndefined(refusalOf(reply(accepting, ""), accepting, now))
      for (const status of [200, 201, 204].filter((other) => other !== accepting)) {
        const refused = refusalOf(reply(status, ""), accepting, now)
        assert.deepStrictEqual([refused?._tag, refused?.outcome], ["UnexpectedAnswer", "unknown"])
      }
    }
  })

  it("is only the status 200", () => {
    for (const status of [0, 199, 201, 202, 204, 299, 301]) {
      assert.strictEqual(tagged("UnexpectedAnswer", refusal(status, "")).status, status)
    }
  })
})

describe("a refusal", () => {
  for (const [name, row] of Object.entries(ReasonTable.rejections)) {
    it(`is recognised as ${name}`, () => {
      const reason = refusal(row.status, JSON.stringify({ reason: name }))
      assert.strictEqual(reason._tag, name)
      assert.strictEqual(reason.status, row.status)
      assert.strictEqual(reason.apnsId, apnsId)
      assert.strictEqual(reason.action, row.action)
    })
  }

  it("keeps the status APNs gave, even where Apple documents another", () => {
    assert.strictEqual(tagged("ExpiredToken", refusal(400, '{"reason":"ExpiredToken"}')).status, 400)
  })

  it("is recognised when spelt with a space, as Apple's broadcast page prints it", () => {
    assert.strictEqual(refusal(503, '{"reason":"Service Unavailable"}')._tag, "ServiceUnavailable")
  })

  it("is recognised among other keys and white space", () => {
    assert.strictEqual(refusal(400, ' {\n"x": [1], "reason" : "BadTopic" } \n')._tag, "BadTopic")
  })

  it("keeps a reason it does not know as it was spelt", () => {
    const reason = tagged("UnknownReason", refusal(400, '{"reason":"Bad Novelty"}'))
    assert.strictEqual(reason.raw, "Bad Novelty")
    assert.deepStrictEqual([reason.status, reason.apnsId], [400, apnsId])
  })

  it("is never mistaken for a member of Object.prototype", () => {
    for (const raw of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]) {
      assert.strictEqual(tagged("UnknownReason", refusal(400, JSON.stringify({ reason: raw }))).raw, raw)
    }
  })

  it("matches names in their exact case only", () => {
    assert.strictEqual(tagged("UnknownReason", refusal(410, '{"reason":"unregistered"}')).raw, "unregistered")
  })
})

describe("the timestamp of a 410", () => {
  const timestampOf = (timestamp: string) =>
    tagged("Unregistered", refusal(410, `{"reason":"Unregistered","timestamp":${timestamp}}`)).timestamp

  it("is read as milliseconds", () => {
    assert.deepStrictEqual(timestampOf("1767225600000"), DateTime.makeUnsafe("2026-01-01T00:00:00Z"))
    const expired = tagged("ExpiredToken", refusal(410, '{"reason":"ExpiredToken","timestamp":1767225600000}'))
    assert.deepStrictEqual(expired.timestamp, DateTime.makeUnsafe("2026-01-01T00:00:00Z"))
  })

  it("may be missing", () => {
    const reason = tagged("Unregistered", refusal(410, '{"reason":"Unregistered"}'))
    assert.isUndefined(reason.timestamp)
    assert.notInclude(reason.message, "since")
  })

  for (const nonsense of ['"yesterday"', '"1767225600000"', "null", "{}", "[1]", "true", "1e300", "-1e300", "1e999"]) {
    it(`is left out when it is ${nonsense}, and the reason stays`, () => {
      assert.isUndefined(timestampOf(nonsense))
    })
  }

  it("is no later than the answer: in the future, the device would stay dead though it registers again", () => {
    for (const ahead of [1, 60_000, 1e12]) {
      assert.deepStrictEqual(timestampOf(String(now + ahead)), DateTime.makeUnsafe(now))
    }
    assert.deepStrictEqual(timestampOf(String(now)), DateTime.makeUnsafe(now))
  })

  it("may be zero", () => {
    assert.strictEqual(timestampOf("0")?.epochMilliseconds, 0)
  })
})

describe("retry-after", () => {
  const retryAfter = (field: string) =>
    tagged("TooManyRequests", refusal(429, '{"reason":"TooManyRequests"}', { "retry-after": field })).retryAfter

  it("is a number of seconds", () => {
    assert.deepStrictEqual(retryAfter("120"), Duration.minutes(2))
    assert.deepStrictEqual(retryAfter("0"), Duration.zero)
  })

  it("is a date", () => {
    assert.deepStrictEqual(retryAfter("Mon, 23 Nov 2026 12:00:30 GMT"), Duration.seconds(30))
    assert.deepStrictEqual(retryAfter("Monday, 23-Nov-26 12:00:30 GMT"), Duration.seconds(30))
  })

  it("is no wait when the date has passed", () => {
    assert.deepStrictEqual(retryAfter("Mon, 23 Nov 2026 11:00:00 GMT"), Duration.zero)
  })

  for (const nonsense of ["", "soon", "-5", "1.5", " 5", "5s", "Mon, nonsense", "9".repeat(400)]) {
    it(`is left out when it is ${JSON.stringify(nonsense.slice(0, 20))}`, () => {
      assert.isUndefined(retryAfter(nonsense))
    })
  }

  it("is kept with an unexpected answer, too", () => {
    assert.deepStrictEqual(refusal(503, "", { "retry-after": "5" }).retryAfter, Duration.seconds(5))
  })
})

describe("an answer that is not one of APNs", () => {
  const page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>"

  it("a proxy's page: status, content type, excerpt on one line, outcome unknown", () => {
    const reason = tagged("UnexpectedAnswer", refusal(502, page, { "content-type": "text/html" }))
    assert.strictEqual(reason.status, 502)
    assert.strictEqual(reason.contentType, "text/html")
    assert.strictEqual(reason.excerpt, "<html> <head><title>502 Bad Gateway</title></head> <body>nginx</body></html>")
    assert.strictEqual(reason.outcome, "unknown")
    assert.include(reason.message, "502 Bad Gateway")
  })

  it("a proxy's refusal: nothing was forwarded", () => {
    const reason = tagged("UnexpectedAnswer", refusal(403, page, { "content-type": "text/html" }))
    assert.deepStrictEqual([reason.outcome, reason.action], ["refused", "fixConfig"])
  })

  it("an empty body", () => {
    const reason = tagged("UnexpectedAnswer", refusal(500, ""))
    assert.strictEqual(reason.excerpt, "")
    assert.isUndefined(reason.contentType)
    assert.include(reason.message, "status 500 and is not one of APNs. ")
  })

  for (const body of [
    '{"reason":"Unregis',
    "{",
    "[]",
    '["reason"]',
    "null",
    "0",
    '"Unregistered"',
    "{}",
    '{"reason":null}',
    '{"reason":7}',
    '{"reason":""}',
    '{"reason":{"reason":"BadTopic"}}',
    '\ufeff{"reason":"BadTopic"}'
  ]) {
    it(`the body ${JSON.stringify(body)}`, () => {
      const reason = tagged("UnexpectedAnswer", refusal(400, body))
      assert.strictEqual(reason.excerpt, body.replace("\ufeff", ""))
    })
  }

  it("a huge body is cut short", () => {
    const reason = tagged("UnexpectedAnswer", refusal(400, "x".repeat(10_000_000)))
    assert.strictEqual(reason.excerpt, `${"x".repeat(199)}…`)
    assert.isBelow(reason.message.length, 400)
  })

  it("what a terminal would obey is removed from the excerpt", () => {
    const reason = tagged("UnexpectedAnswer", refusal(400, "\u0000\u001b[31mred\u0007\u009b2J\tend\u2028\u0085"))
    assert.strictEqual(reason.excerpt, "[31mred 2J end")
    assert.notMatch(reason.message, /\p{Cc}/u)
  })

  it("a reason that fills megabytes is shown in part", () => {
    const reason = tagged("UnknownReason", refusal(400, JSON.stringify({ reason: "x".repeat(1_000_000) })))
    assert.isBelow(reason.message.length, 300)
  })
})

describe("the reason of a GOAWAY", () => {
  it("is recognised, with the status Apple documents", () => {
    const reason = goAwayRejection('{"reason":"BadCertificateEnvironment"}')
    assert.instanceOf(reason, Reason.BadCertificateEnvironment)
    assert.strictEqual(reason?.status, 403)
    assert.isUndefined(reason?.apnsId)
  })

  for (const debugData of [
    "",
    "Maximum active streams violated for this endpoint.",
    "{",
    "null",
    "[]",
    '{"reason":"Novelty"}',
    '{"reason":"constructor"}',
    '{"reason":"__proto__"}',
    '{"reason":5}'
  ]) {
    it(`is absent from ${JSON.stringify(debugData)}`, () => {
      assert.isUndefined(goAwayRejection(debugData))
    })
  }
})

describe("any answer whatever", () => {
  const fields = {
    status: Schema.Union([Schema.Int, Schema.Finite, Schema.Literals([200, 400, 403, 410, 429, 500, 503])]),
    body: Schema.Union([Schema.String, Schema.fromJsonString(Schema.Json).pipe(Schema.toEncoded)]),
    json: Schema.Json,
    field: Schema.String
  }

  it.effect.prop(
    "has an outcome, and a message without control characters",
    fields,
    ({ status, body, json, field }) =>
      Effect.sync(() => {
        const bodies = [
          body,
          JSON.stringify(json),
          JSON.stringify({ reason: json, timestamp: json }),
          JSON.stringify({ reason: field, timestamp: json }),
          JSON.stringify({ reason: "Unregistered", timestamp: json })
        ]
        for (const text of bodies) {
          const refusal = refusalOf(
            { status, body: text, fields: { "apns-id": field, "retry-after": field, "content-type": field } },
            200,
            now
          )
          assert.strictEqual(refusal === undefined, status === 200)
          assert.notMatch(refusal?.message ?? "", /\p{Cc}/u)
          goAwayRejection(text)
        }
      }),
    { arbitrary: { runs: 300, seed: 20261123 } }
  )
})

describe("what others say", () => {
  const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJBQkNERTEyMzQ1In0.c2ln-bmF0_dXJl"
  it.each([
    [`/3/device/${"7a1f".repeat(16)} not found`, "/3/device/7a1f…7a1f not found"],
    [`/3/device/${"7A1F".repeat(40)}`, "/3/device/7A1F…7A1F"],
    [`authorization: bearer ${jwt}`, "authorization: bearer <token>"],
    [jwt.slice(0, 30), "<token>"],
    ["0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11", "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"],
    ["<html><h1>502 Bad Gateway</h1> build 1234567890</html>", "<html><h1>502 Bad Gateway</h1> build 1234567890</html>"]
  ])("is shown without its tokens: %s", (text, shown) => {
    assert.strictEqual(masked(text), shown)
  })

  it("loses no reason of APNs", () => {
    for (const name of Object.keys(ReasonTable.rejections)) assert.strictEqual(masked(name), name)
  })
})
