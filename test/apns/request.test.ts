import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Result, Schema } from "effect"
import { Notification, PushType } from "effect-apns"
import { shorten } from "../../packages/apns/src/internal/deviceToken.ts"
import { type HeadOptions, head } from "../../packages/apns/src/internal/request.ts"

const device = "7a1f0c3b5d2e4f607a1f0c3b5d2e4f607a1f0c3b5d2e4f607a1f0c3b5d2e4f60"
const id = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
const nowMillis = Date.parse("2026-11-23T12:00:00Z")
const nowSeconds = nowMillis / 1000
const layer: HeadOptions = { topic: "com.example.app", topicRequired: true, trust: undefined, nowMillis }

const alert = (options: Partial<Notification.Alert> = {}) => Notification.alert({ device, id, ...options })

/** What a caller in JavaScript can do. */
const loose = (fields: object) => ({ ...alert(), ...fields }) as Notification.Notification

const accepted = (notification: Notification.Notification, options: Partial<HeadOptions> = {}) => {
  const result = head(notification, { ...layer, ...options })
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

const refused = (notification: Notification.Notification, field: string) => {
  const result = head(notification, layer)
  if (Result.isSuccess(result)) return assert.fail(`accepted ${JSON.stringify(result.success)}`)
  assert.strictEqual(result.failure.field, field)
  assert.strictEqual(result.failure.outcome, "unsent")
  assert.isTrue(result.failure.message.startsWith(`${field} `), result.failure.message)
  assert.notMatch(result.failure.message, /\p{Cc}/u)
  return result.failure
}

describe("the head of a request", () => {
  it("of the smallest alert has id, push type and the layer's topic", () => {
    assert.deepStrictEqual(accepted(alert()), {
      device,
      path: `/3/device/${device}`,
      fields: { "apns-id": id, "apns-push-type": "alert", "apns-topic": "com.example.app" },
      expiresAtMillis: Number.POSITIVE_INFINITY
    })
  })

  it("of a full alert", () => {
    const notification = Notification.alert({
      device,
      id,
      topic: "com.example.other",
      priority: 5,
      expiration: "1 hour",
      collapseId: "order-42",
      alert: "Hello",
      data: { a: 1 }
    })
    assert.deepStrictEqual(accepted(notification), {
      device,
      path: `/3/device/${device}`,
      fields: {
        "apns-id": id,
        "apns-push-type": "alert",
        "apns-topic": "com.example.other",
        "apns-priority": "5",
        "apns-collapse-id": "order-42",
        "apns-expiration": "1795438800"
      },
      expiresAtMillis: 1_795_438_800_000
    })
  })

  it("of a background push always has priority 5", () => {
    assert.deepStrictEqual(accepted(Notification.background({ device, id })).fields, {
      "apns-id": id,
      "apns-push-type": "background",
      "apns-topic": "com.example.app",
      "apns-priority": "5"
    })
  })

  it("of a raw push has what it was given", () => {
    const notification = Notification.raw({
      device: "7A1F",
      id,
      pushType: "voip",
      topic: "com.example.app.voip",
      priority: 10,
      expiration: "once",
      payload: {}
    })
    assert.deepStrictEqual(accepted(notification), {
      device: "7A1F",
      path: "/3/device/7A1F",
      fields: {
        "apns-id": id,
        "apns-push-type": "voip",
        "apns-topic": "com.example.app.voip",
        "apns-priority": "10",
        "apns-expiration": "0"
      },
      expiresAtMillis: Number.POSITIVE_INFINITY
    })
  })

  it("reports the first rule that is broken, and only one", () => {
    assert.strictEqual(refused(loose({ device: "", id: "", pushType: "" }), "device").field, "device")
  })
})

describe("id", () => {
  it("is lower-cased", () => {
    assert.strictEqual(accepted(alert({ id: id.toUpperCase() })).fields["apns-id"], id)
  })

  it("is made when absent, and stays the same", () => {
    const notification = Notification.alert({ device })
    const first = accepted(notification).fields["apns-id"]
    assert.match(first ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.strictEqual(accepted(notification).fields["apns-id"], first)
    assert.notStrictEqual(accepted(Notification.alert({ device })).fields["apns-id"], first)
  })

  for (const bad of ["", "1", id.slice(1), `${id}0`, `{${id}}`, id.replaceAll("-", ""), `${id}\n`, `${id}\r\nx: y`]) {
    it(`is not ${JSON.stringify(bad)}`, () => {
      refused(alert({ id: bad }), "id")
    })
  }

  it("is not another type", () => {
    for (const bad of [5, null, undefined, {}]) refused(loose({ id: bad }), "id")
  })
})

describe("device", () => {
  for (const digits of [2, 64, 108, 160, 200]) {
    for (const token of ["a1", "A1", "aB"].map((pair) => pair.repeat(digits / 2))) {
      it(`of ${digits} digits like ${token.slice(0, 2)} goes into the path unmodified`, () => {
        assert.strictEqual(accepted(alert({ device: token })).path, `/3/device/${token}`)
      })
    }
  }

  it("is not empty", () => {
    const reason = refused(alert({ device: "" }), "device")
    assert.include(reason.message, "is missing or empty")
    // Only APNs says of a token that it is dead.
    assert.strictEqual(reason.action, "fixConfig")
  })

  it("is not missing or another type", () => {
    for (const bad of [undefined, null, {}, ["ab"], new Uint8Array()]) {
      assert.include(refused(loose({ device: bad }), "device").message, "is missing or empty")
    }
    for (const bad of [5, 7n]) assert.include(refused(loose({ device: bad }), "device").message, "is a number")
  })

  it("has an even number of digits", () => {
    assert.include(refused(alert({ device: device.slice(1) }), "device").message, "odd number of digits (63)")
  })

  for (const bad of [
    `${device}g0`,
    `${device}/../x`,
    `${device}?a=b`,
    `${device}#a`,
    `${device}\r\nx-evil: 1`,
    `${device}\u0000`,
    "fMSJ9DLkTkSjUl0kZQ==",
    "\u0661\u0662"
  ]) {
    it(`is not ${JSON.stringify(bad.replace(device, "<token>"))}`, () => {
      const reason = refused(alert({ device: bad }), "device")
      assert.include(reason.message, "is not hexadecimal")
      assert.notInclude(reason.message, device)
      assert.notInclude(reason.message, bad)
    })
  }
})

describe("pushType and topic", () => {
  const raw = (pushType: string) => Notification.raw({ device, id, pushType, payload: {} })

  for (const bad of ["", " ", "a b", "alert\n", "alert\r\nx-evil: 1", "alért", "alert\u0000"]) {
    it(`the push type is not ${JSON.stringify(bad)}`, () => {
      refused(raw(bad), "pushType")
    })
    it(`the topic is not ${JSON.stringify(bad)}`, () => {
      refused(alert({ topic: bad }), "topic")
      assert.isTrue(Result.isFailure(head(alert(), { ...layer, topic: bad })))
    })
  }

  it("are not another type", () => {
    for (const bad of [null, 5, {}]) refused(loose({ pushType: bad }), "pushType")
    for (const bad of [5, {}, true]) refused(loose({ topic: bad }), "topic")
  })

  it("a push type that Apple adds tomorrow passes", () => {
    assert.strictEqual(accepted(raw("novelty")).fields["apns-push-type"], "novelty")
  })

  it("a topic is required with token credentials", () => {
    const result = head(alert(), { ...layer, topic: undefined })
    assert.isTrue(Result.isFailure(result) && result.failure.field === "topic")
    assert.include(Result.isFailure(result) ? result.failure.message : "", "is missing")
  })

  it("no topic is required where the certificate names the only one", () => {
    const result = head(alert(), { ...layer, topic: undefined, topicRequired: false })
    assert.deepStrictEqual(Result.isSuccess(result) ? result.success.fields : undefined, {
      "apns-id": id,
      "apns-push-type": "alert"
    })
  })

  it("the notification's topic goes before the layer's", () => {
    assert.strictEqual(accepted(alert({ topic: "com.other" })).fields["apns-topic"], "com.other")
    assert.strictEqual(accepted(alert({ topic: undefined })).fields["apns-topic"], "com.example.app")
  })
})

describe("the suffix of a topic", () => {
  const voip = (options: Partial<Notification.Push<"voip">> = {}) => Notification.voip({ device, id, ...options })
  const topicOf = (notification: Notification.Notification, options: Partial<HeadOptions> = {}) =>
    accepted(notification, options).fields["apns-topic"]

  it("is that of the push type, after the layer's topic and after the notification's", () => {
    assert.strictEqual(topicOf(voip()), "com.example.app.voip")
    assert.strictEqual(topicOf(voip({ topic: "com.other" })), "com.other.voip")
  })

  it("is not written twice", () => {
    assert.strictEqual(topicOf(voip({ topic: "com.other.voip" })), "com.other.voip")
    assert.strictEqual(topicOf(voip(), { topic: "com.example.app.voip" }), "com.example.app.voip")
  })

  it("may be overridden, or left out", () => {
    assert.strictEqual(topicOf(voip({ topicSuffix: ".calls" })), "com.example.app.calls")
    assert.strictEqual(topicOf(voip({ topicSuffix: "" })), "com.example.app")
    assert.strictEqual(topicOf(voip({ topicSuffix: undefined })), "com.example.app.voip")
    assert.strictEqual(topicOf(alert({ topicSuffix: ".novelty" })), "com.example.app.novelty")
  })

  it("is none for alerts and raw pushes", () => {
    const options: object = { topicSuffix: ".voip" }
    const raw = Notification.raw({ device, id, pushType: "voip", payload: {}, ...options })
    assert.strictEqual(topicOf(raw), "com.example.app")
    assert.strictEqual(topicOf(alert({ topic: "com.other" })), "com.other")
  })

  it("makes no topic where there is none", () => {
    assert.notProperty(accepted(voip(), { topic: undefined, topicRequired: false }).fields, "apns-topic")
    const result = head(voip(), { ...layer, topic: undefined })
    assert.isTrue(Result.isFailure(result) && result.failure.field === "topic")
    refused(voip({ topic: "" }), "topic")
  })

  for (const bad of [" ", ".vo ip", ".voip\n", ".voip\r\nx-evil: 1", ".é"]) {
    it(`is not ${JSON.stringify(bad)}`, () => {
      refused(voip({ topicSuffix: bad }), "topicSuffix")
    })
  }

  it("is not another type", () => {
    for (const bad of [5, {}, /voip/, null]) refused(loose({ topicSuffix: bad }), "topicSuffix")
  })
})

describe("the kind of credentials", () => {
  const location = Notification.location({ device, id })
  const mdm = Notification.mdm({ device, id, pushMagic: "m" })

  it("is checked where the layer knows its own", () => {
    for (const [notification, right, wrong] of [
      [location, "token", "certificate"],
      [mdm, "certificate", "token"]
    ] as const) {
      accepted(notification, { trust: right })
      accepted(notification, { trust: undefined })
      const result = head(notification, { ...layer, trust: wrong })
      if (Result.isSuccess(result)) return assert.fail("accepted")
      assert.strictEqual(result.failure.field, "pushType")
      assert.include(result.failure.message, `"${notification.pushType}" needs ${right} credentials`)
    }
  })

  it("is open for all others, and for raw pushes", () => {
    const raw = Notification.raw({ device, id, pushType: "location", topic: "a.location-query", payload: {} })
    for (const trust of ["token", "certificate"] as const) {
      for (const n of [alert(), raw, Notification.widgets({ device, id })]) accepted(n, { trust })
    }
  })
})

describe("a push without a type", () => {
  it("has no header for it", () => {
    const pass = Notification.walletPass({ device, id, passTypeId: "pass.com.example" })
    assert.deepStrictEqual(accepted(pass).fields, { "apns-id": id, "apns-topic": "pass.com.example" })
  })
})

describe("the priorities of a push type", () => {
  for (const [pushType, rules] of Object.entries(PushType.rules)) {
    for (const priority of [1, 5, 10] as const) {
      const right = (rules.priorities as ReadonlyArray<number>).includes(priority)
      it(`${right ? "may" : "may not"} be ${priority} for ${pushType}`, () => {
        const notification = loose({ pushType, priority })
        if (right) return void assert.strictEqual(accepted(notification).fields["apns-priority"], String(priority))
        const { message } = refused(notification, "priority")
        assert.include(message, `priority ${priority} is not for the push type "${pushType}"`)
        assert.include(message, `Apple, "${rules.source}"`)
      })
    }
  }

  it("are found out where a caller without types gives another", () => {
    const options: object = { device, id, priority: 10 }
    refused(Notification.background(options as Notification.Background), "priority")
  })

  it("are the caller's own business in a raw push", () => {
    const raw = Notification.raw({ device, id, pushType: "background", priority: 10, payload: {} })
    assert.strictEqual(accepted(raw).fields["apns-priority"], "10")
  })
})

describe("priority", () => {
  for (const priority of [1, 5, 10] as const) {
    it(`may be ${priority}`, () => {
      assert.strictEqual(accepted(alert({ priority })).fields["apns-priority"], String(priority))
    })
  }

  for (const bad of [0, 7, -1, 11, 5.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`may not be ${bad}`, () => {
      const reason = refused(
        Notification.raw({ device, id, pushType: "alert", priority: bad, payload: {} }),
        "priority"
      )
      assert.include(reason.message, String(bad))
    })
  }

  it("may not be another type", () => {
    for (const bad of ["10", null, {}]) refused(loose({ priority: bad }), "priority")
  })
})

describe("collapseId", () => {
  const header = (collapseId: string) => accepted(alert({ collapseId })).fields["apns-collapse-id"]

  it("may have 64 bytes and not 65", () => {
    assert.strictEqual(header("x".repeat(64)), "x".repeat(64))
    assert.include(refused(alert({ collapseId: "x".repeat(65) }), "collapseId").message, "65 bytes")
  })

  it("is counted in bytes of UTF-8, not in characters", () => {
    const characters: ReadonlyArray<readonly [string, number]> = [
      ["é", 2],
      ["日", 3],
      ["🎉", 4]
    ]
    for (const [character, bytes] of characters) {
      const most = Math.floor(64 / bytes)
      assert.strictEqual(header(character.repeat(most))?.length, most * bytes)
      const over = (most + 1) * bytes
      assert.include(refused(alert({ collapseId: character.repeat(most + 1) }), "collapseId").message, `${over} bytes`)
    }
  })

  it("goes out as the octets of its UTF-8", () => {
    assert.strictEqual(header("é"), "\u00c3\u00a9")
    assert.strictEqual(Buffer.from(header("日本 🎉") ?? "", "latin1").toString("utf8"), "日本 🎉")
  })

  it("may have inner spaces and not outer ones, which HTTP/2 forbids", () => {
    assert.strictEqual(header("order 42"), "order 42")
    for (const bad of [" order", "order ", " "]) refused(alert({ collapseId: bad }), "collapseId")
  })

  for (const bad of ["", "a\nb", "a\r\nx-evil: 1", "a\tb", "a\u0000b", "\u007f", "a\n"]) {
    it(`is not ${JSON.stringify(bad)}`, () => {
      refused(alert({ collapseId: bad }), "collapseId")
    })
  }

  it("is not another type", () => {
    for (const bad of [5, null, {}, ["a"]]) refused(loose({ collapseId: bad }), "collapseId")
  })
})

describe("expiration", () => {
  const expiring = (expiration: Notification.Expiration) => {
    const { fields, expiresAtMillis } = accepted(alert({ expiration }))
    return [fields["apns-expiration"], expiresAtMillis]
  }

  it("is absent by default", () => {
    assert.notProperty(accepted(alert()).fields, "apns-expiration")
    assert.notProperty(accepted(alert({ expiration: undefined })).fields, "apns-expiration")
  })

  it("once is 0, and does not shorten the deadline", () => {
    assert.deepStrictEqual(expiring("once"), ["0", Number.POSITIVE_INFINITY])
  })

  it("a duration runs from now", () => {
    const hour = [String(nowSeconds + 3600), nowMillis + 3_600_000]
    assert.deepStrictEqual(expiring("1 hour"), hour)
    assert.deepStrictEqual(expiring(Duration.hours(1)), hour)
    assert.deepStrictEqual(expiring("60 minutes"), hour)
  })

  it("an instant is an instant", () => {
    const instant = "2026-12-24T18:00:00Z"
    const expected = [String(Date.parse(instant) / 1000), Date.parse(instant)]
    assert.deepStrictEqual(expiring(new Date(instant)), expected)
    assert.deepStrictEqual(expiring(DateTime.makeUnsafe(instant)), expected)
    assert.deepStrictEqual(expiring(DateTime.makeZonedUnsafe(instant, { timeZone: "Europe/Berlin" })), expected)
  })

  it("is rounded up to whole seconds, so that APNs never drops it early", () => {
    assert.deepStrictEqual(expiring("1500 millis"), [String(nowSeconds + 2), nowMillis + 1500])
    assert.deepStrictEqual(expiring(new Date(1001)), ["2", 1001])
  })

  it("in the past never becomes 0, which would mean once", () => {
    assert.deepStrictEqual(expiring(new Date(0)), ["1", 0])
    assert.deepStrictEqual(expiring(new Date(-5000)), ["1", -5000])
    assert.deepStrictEqual(expiring(new Date(nowMillis - 1000)), [String(nowSeconds - 1), nowMillis - 1000])
  })

  it("is always written in decimal digits", () => {
    const [field] = expiring(new Date(8.64e15))
    assert.strictEqual(field, "8640000000000")
    for (const far of [Duration.millis(1e300), "9999999999999999 weeks" as const]) {
      refused(alert({ expiration: far }), "expiration")
    }
  })

  it("is not an invalid Date, infinity or nonsense", () => {
    for (const bad of [new Date(Number.NaN), Duration.infinity, "Infinity", "soon", "", "1 hour\r\nx: y"]) {
      refused(loose({ expiration: bad }), "expiration")
    }
  })

  it("is not a number, whose unit would be a guess, nor another type", () => {
    for (const bad of [3600, nowSeconds, Number.NaN, 10n, null, {}, [1, 2], true]) {
      refused(loose({ expiration: bad }), "expiration")
    }
  })
})

describe("shorten", () => {
  it("shows both ends of a token", () => {
    assert.strictEqual(shorten(device), "7a1f…4f60")
    assert.strictEqual(shorten("7a1f0c3b5d2e"), "7a1f…")
    assert.strictEqual(shorten(""), "…")
  })

  it.effect.prop(
    "shows at most 8 characters, never a whole token, and nothing that a terminal obeys",
    { token: Schema.String, times: Schema.Literals([1, 7, 40]) },
    ({ token, times }) =>
      Effect.sync(() => {
        const whole = token.repeat(times)
        const shown = shorten(whole)
        assert.isAtMost(shown.replace("…", "").length, 8)
        assert.notMatch(shown, /\p{Cc}/u)
        if (whole.length > 4) assert.notInclude(shown, whole)
      }),
    { arbitrary: { runs: 300, seed: 20261123 } }
  )
})

describe("any notification whatever", () => {
  it.effect.prop(
    "has a head of clean header values, or breaks a rule; no message shows the whole device token",
    {
      device: Schema.Union([
        Schema.String,
        Schema.Literals([device, device.toUpperCase(), `${device}\n`, `${device}z`])
      ]),
      id: Schema.Union([Schema.String, Schema.Literal(id)]),
      pushType: Schema.Union([Schema.String, Schema.Literal("alert")]),
      topic: Schema.optional(Schema.String),
      priority: Schema.Union([Schema.Finite, Schema.Literals([1, 5, 10])]),
      collapseId: Schema.optional(Schema.String)
    },
    (fields) =>
      Effect.sync(() => {
        const result = head({ ...alert(), ...fields } as Notification.Notification, layer)
        if (Result.isFailure(result)) {
          if (fields.device.length > 4) assert.notInclude(result.failure.message, fields.device)
          assert.notMatch(result.failure.message, /\p{Cc}/u)
          return
        }
        assert.match(result.success.path, /^\/3\/device\/[0-9a-fA-F]+$/)
        for (const [name, value] of Object.entries(result.success.fields)) {
          assert.match(name, /^apns-[a-z-]+$/)
          // The octets of RFC 9113, 8.2.1, without white space at the ends.
          assert.match(value, /^[!-~\u0080-\u00ff]([ -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?$/)
        }
      }),
    { arbitrary: { runs: 500, seed: 20261123 } }
  )
})
