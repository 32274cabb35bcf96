/** What APNs asks of each push type: topic, credential, size, payload. The table here is written from Apple's pages. */
import { assert, describe, it } from "@effect/vitest"
import { type Reason, Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect } from "effect"
import { providerCertificate } from "./certificate.ts"
import { connect, connectWithToken, device, type Push, providerToken, signingKey, topic } from "./support.ts"

const mdmTopic = "com.apple.mgmt.External.0f0e0d0c-0b0a-4908-8706-050403020100"
const passTopic = "pass.com.example.boarding"
const siteTopic = "web.com.example.news"

const push = (type: string | undefined, to: string, body?: unknown, path?: string): Push => ({
  headers: { "apns-push-type": type, "apns-topic": to },
  ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  ...(path === undefined ? {} : { path })
})

/** The reasons of some pushes by a client with a good token. */
const byToken = (pushes: ReadonlyArray<Push>, options?: SimulatorOptions) =>
  Effect.gen(function* () {
    const client = yield* connectWithToken(yield* Simulator)
    const reasons: Array<string | undefined> = []
    for (const one of pushes) reasons.push((yield* client.push(one)).json.reason)
    return reasons
  }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

/** The reasons of some pushes by a client with a certificate. */
const byCertificate = (
  pushes: ReadonlyArray<Push>,
  certificate: { readonly cert: string; readonly key: string },
  options?: SimulatorOptions
) =>
  Effect.gen(function* () {
    const { cert, key } = certificate
    const client = yield* connect(yield* Simulator, { cert, key })
    const reasons: Array<string | undefined> = []
    for (const one of pushes) reasons.push((yield* client.push(one)).json.reason)
    return reasons
  }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

describe("a push type sent with a token", () => {
  const types: ReadonlyArray<{ readonly type: string; readonly suffix: string; readonly maxBytes: number }> = [
    { type: "alert", suffix: "", maxBytes: 4096 },
    { type: "background", suffix: "", maxBytes: 4096 },
    { type: "complication", suffix: ".complication", maxBytes: 4096 },
    { type: "controls", suffix: ".push-type.controls", maxBytes: 4096 },
    { type: "fileprovider", suffix: ".pushkit.fileprovider", maxBytes: 4096 },
    { type: "liveactivity", suffix: ".push-type.liveactivity", maxBytes: 4096 },
    { type: "location", suffix: ".location-query", maxBytes: 4096 },
    { type: "pushtotalk", suffix: ".voip-ptt", maxBytes: 4096 },
    { type: "voip", suffix: ".voip", maxBytes: 5120 },
    { type: "widgets", suffix: ".push-type.widgets", maxBytes: 4096 }
  ]

  it.live.each(types)("$type has the suffix '$suffix' and at most $maxBytes bytes", ({ type, suffix, maxBytes }) =>
    Effect.gen(function* () {
      const to = topic + suffix
      const reasons = yield* byToken([
        push(type, to),
        push(type, to, " ".repeat(maxBytes)),
        push(type, to, " ".repeat(maxBytes + 1)),
        push(type, `${topic}.other`),
        push(type, `com example${suffix}`, "")
      ])
      const unsuffixed = suffix === "" ? undefined : "BadTopic"
      assert.deepStrictEqual(reasons, [undefined, undefined, "PayloadTooLarge", unsuffixed, "BadTopic"])
      const lax = yield* byToken([push(type, `${topic}.other`)], { checkTopicSuffix: false })
      assert.deepStrictEqual(lax, [undefined])
    })
  )

  interface Case {
    readonly name: string
    readonly push: Push
    readonly reason?: Reason
    readonly options?: SimulatorOptions
  }

  const cases: ReadonlyArray<Case> = [
    { name: "no push type, for VoIP", push: push(undefined, `${topic}.voip`, " ".repeat(5120)) },
    {
      name: "no push type, for VoIP, too large",
      push: push(undefined, `${topic}.voip`, " ".repeat(5121)),
      reason: "PayloadTooLarge"
    },
    {
      name: "no push type, for the app, too large",
      push: push(undefined, topic, " ".repeat(4097)),
      reason: "PayloadTooLarge"
    },
    { name: "a push type in capitals", push: push("Alert", topic), reason: "InvalidPushType" },
    { name: "an empty push type", push: push("", topic), reason: "InvalidPushType" },
    {
      name: "an unknown push type, before its topic",
      push: push("fax", "com example"),
      reason: "InvalidPushType"
    },
    { name: "a suffix without an app", push: push("voip", ".voip"), reason: "BadTopic" },
    { name: "an alert to a topic that ends like a suffix", push: push("alert", `${topic}.voip`) },
    { name: "an mdm push to the app, before its credential", push: push("mdm", topic), reason: "BadTopic" },
    { name: "an mdm push, before its body", push: push("mdm", mdmTopic, ""), reason: "TopicDisallowed" },
    { name: "an mdm push, where all may", push: push("mdm", mdmTopic), options: { credentialKinds: "any" } },
    {
      name: "an mdm push to the app, where all may and no topic is looked at",
      push: push("mdm", topic),
      options: { credentialKinds: "any", checkTopicSuffix: false }
    },
    {
      name: "a location push where kinds are strict",
      push: push("location", `${topic}.location-query`),
      options: { credentialKinds: "strict" }
    },
    { name: "a pass", push: push("alert", passTopic, {}) },
    { name: "a website", push: push(undefined, siteTopic, {}) },
    {
      name: "a pass in the sandbox, before the state of its device",
      push: push("alert", passTopic, {}, "/3/device/0002"),
      options: { checkProductionOnlyTopics: true },
      reason: "BadDeviceToken"
    },
    {
      name: "a website in the sandbox, after its body",
      push: push("alert", siteTopic, ""),
      options: { checkProductionOnlyTopics: true },
      reason: "PayloadEmpty"
    },
    {
      name: "a website in the sandbox",
      push: push("alert", siteTopic),
      options: { checkProductionOnlyTopics: true },
      reason: "BadDeviceToken"
    },
    {
      name: "a pass in production",
      push: push("alert", passTopic, {}),
      options: { checkProductionOnlyTopics: true, environment: "production" }
    },
    {
      name: "an app, where passes have no sandbox",
      push: push("alert", topic),
      options: { checkProductionOnlyTopics: true }
    },
    {
      name: "a device of another topic that is gone",
      push: push("voip", `${topic}.voip`, {}, "/3/device/0002"),
      reason: "Unregistered"
    },
    {
      name: "a device of the app's ordinary topic",
      push: push("voip", `${topic}.voip`, {}, "/3/device/000a"),
      reason: "DeviceTokenNotForTopic"
    },
    { name: "a device of the type's topic", push: push("voip", `${topic}.voip`, {}, "/3/device/000b") }
  ]

  it.live.each(cases)("$name", ({ push: one, reason, options }) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.register({ state: "unregistered", token: "0002" })
      yield* simulator.register({ state: "active", token: "000a", topics: [topic] })
      yield* simulator.register({ state: "active", token: "000b", topics: [topic, `${topic}.voip`] })
      const client = yield* connectWithToken(simulator)
      assert.strictEqual((yield* client.push(one)).json.reason, reason)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))
  )

  it.live("is held to the topics of a key, suffixed or not", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const key = signingKey("TEAM000001", "TOPICKEY01")
      const scope = { topics: [topic, passTopic] }
      yield* simulator.registerKey({ teamId: key.teamId, keyId: key.keyId, pem: key.privateKey, scope })
      const client = yield* connect(simulator, { headers: { authorization: `bearer ${providerToken(key)}` } })
      const reason = (one: Push) => Effect.map(client.push(one), (answer) => answer.json.reason)
      assert.isUndefined(yield* reason(push("widgets", `${topic}.push-type.widgets`)))
      assert.isUndefined(yield* reason(push("alert", passTopic, {})))
      assert.strictEqual(yield* reason(push("voip", "com.example.other.voip")), "TopicDisallowed")
      assert.strictEqual(yield* reason(push("alert", siteTopic)), "TopicDisallowed")
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )
})

describe("a push type sent with a certificate", () => {
  const universal = providerCertificate({
    uid: topic,
    sandbox: true,
    production: true,
    topics: [
      [topic, "app"],
      [`${topic}.voip`, "voip"],
      [`${topic}.complication`, "complication"]
    ]
  })
  const plain = providerCertificate({ uid: topic, sandbox: true })
  const mdm = providerCertificate({ uid: mdmTopic, production: true })
  const pass = providerCertificate({ uid: passTopic, production: true })
  const disallowed = "TopicDisallowed"

  interface Case {
    readonly type: string
    readonly suffix: string
    /** With a certificate that lists the app, VoIP and the complication, by `credentialKinds`. */
    readonly documented: string | undefined
    readonly strict: string | undefined
    readonly any: string | undefined
    /** With one that has the app only. */
    readonly plain: string | undefined
  }

  const may = { documented: undefined, strict: undefined, any: undefined, plain: undefined }
  const unlisted = { documented: disallowed, strict: disallowed, any: disallowed, plain: disallowed }
  const undocumented = { documented: undefined, strict: disallowed, any: undefined, plain: undefined }
  const never = { documented: disallowed, strict: disallowed, any: undefined, plain: disallowed }

  const cases: ReadonlyArray<Case> = [
    { type: "alert", suffix: "", ...may },
    { type: "background", suffix: "", ...may },
    { type: "voip", suffix: ".voip", ...may, plain: disallowed },
    { type: "complication", suffix: ".complication", ...may, plain: disallowed },
    { type: "pushtotalk", suffix: ".voip-ptt", ...unlisted },
    { type: "liveactivity", suffix: ".push-type.liveactivity", ...undocumented },
    { type: "controls", suffix: ".push-type.controls", ...undocumented },
    { type: "widgets", suffix: ".push-type.widgets", ...undocumented },
    { type: "location", suffix: ".location-query", ...never },
    { type: "fileprovider", suffix: ".pushkit.fileprovider", ...never }
  ]

  it.live.each(cases)("$type", (row) =>
    Effect.gen(function* () {
      const mine = push(row.type, topic + row.suffix)
      const other = push(row.type, `com.example.other${row.suffix}`)
      for (const credentialKinds of ["documented", "strict", "any"] as const) {
        const reasons = yield* byCertificate([mine, other], universal, { credentialKinds })
        assert.deepStrictEqual(reasons, [row[credentialKinds], disallowed], credentialKinds)
      }
      assert.deepStrictEqual(yield* byCertificate([mine], plain), [row.plain])
    })
  )

  it.live("a topic that is listed is granted but where a token is needed", () =>
    Effect.gen(function* () {
      const suffixes = { pushtotalk: ".voip-ptt", widgets: ".push-type.widgets", location: ".location-query" }
      const topics = Object.entries(suffixes).map(([type, suffix]) => [topic + suffix, type] as const)
      const certificate = providerCertificate({ uid: topic, sandbox: true, topics })
      const pushes = Object.entries(suffixes).map(([type, suffix]) => push(type, topic + suffix))
      assert.deepStrictEqual(yield* byCertificate(pushes, certificate), [undefined, undefined, disallowed])
    })
  )

  it.live("mdm and passes have certificates and topics of their own, in production", () =>
    Effect.gen(function* () {
      const production: SimulatorOptions = { environment: "production", checkProductionOnlyTopics: true }
      const command = push("mdm", mdmTopic, { mdm: "magic" })
      assert.deepStrictEqual(
        yield* byCertificate(
          [command, push("mdm", "", { mdm: "magic" }), push("mdm", `${mdmTopic}0`)],
          mdm,
          production
        ),
        [undefined, undefined, disallowed]
      )
      assert.deepStrictEqual(yield* byCertificate([command], mdm), ["BadCertificateEnvironment"])
      assert.deepStrictEqual(yield* byCertificate([command], pass, production), [disallowed])
      assert.deepStrictEqual(yield* byCertificate([push(undefined, passTopic, {})], pass, production), [undefined])
    })
  )
})

describe("a payload and its push type", () => {
  const reason = "InvalidPushType"
  const to: Readonly<Record<string, string>> = {
    complication: `${topic}.complication`,
    controls: `${topic}.push-type.controls`,
    fileprovider: `${topic}.pushkit.fileprovider`,
    liveactivity: `${topic}.push-type.liveactivity`,
    location: `${topic}.location-query`,
    mdm: mdmTopic,
    pushtotalk: `${topic}.voip-ptt`,
    voip: `${topic}.voip`,
    widgets: `${topic}.push-type.widgets`
  }
  const start = {
    event: "start",
    timestamp: 1,
    "content-state": {},
    "attributes-type": "Match",
    attributes: {},
    alert: { title: "t" }
  }
  const alert = { title: "t", body: "b" }

  /** Bodies of a type that fit, and those that do not. */
  const cases: ReadonlyArray<{
    readonly type: string
    readonly topic?: string
    readonly fit: ReadonlyArray<unknown>
    readonly unfit: ReadonlyArray<unknown>
  }> = [
    {
      type: "alert",
      fit: [{ aps: { alert: "" } }, { aps: { badge: 0 } }, { aps: { sound: "default", "content-available": 1 } }],
      unfit: [{}, { aps: {} }, { aps: { "content-available": 1 } }, { aps: "x" }, [], "text", "null"]
    },
    {
      type: "background",
      fit: [{ aps: { "content-available": 1 }, k: "v" }],
      unfit: [{ aps: {} }, { aps: { "content-available": true } }, { aps: { "content-available": 1, badge: 0 } }]
    },
    { type: "controls", fit: [{ aps: { "content-changed": true } }], unfit: [{ aps: { "content-changed": 1 } }, {}] },
    { type: "widgets", fit: [{ aps: { "content-changed": true } }], unfit: [{ aps: { alert: "x" } }, "7"] },
    { type: "fileprovider", fit: [{ "container-identifier": "x", domain: "y" }], unfit: [{ domain: "y" }, {}] },
    { type: "mdm", fit: [{ mdm: "magic" }], unfit: [{ mdm: "magic", aps: {} }, { mdm: 7 }, {}] },
    { type: "voip", fit: [{}, { aps: {} }], unfit: ["text", []] },
    { type: "pushtotalk", fit: [{ aps: {} }], unfit: ["text"] },
    { type: "location", fit: [{}], unfit: ["text"] },
    { type: "complication", fit: [{}], unfit: ["text"] },
    {
      type: "liveactivity",
      fit: [
        { aps: start },
        { aps: { ...start, "input-push-token": 1 } },
        { aps: { event: "update", timestamp: 1, "content-state": {} } },
        { aps: { event: "end", timestamp: 1 } }
      ],
      unfit: [
        { aps: { ...start, alert: undefined } },
        { aps: { ...start, alert: "text" } },
        { aps: { ...start, attributes: undefined } },
        { aps: { ...start, "attributes-type": undefined } },
        { aps: { ...start, "content-state": undefined } },
        { aps: { ...start, timestamp: undefined } },
        { aps: { ...start, "input-push-token": 1, "input-push-channel": "a2VwdA==" } },
        { aps: { event: "update", timestamp: 1 } },
        { aps: { event: "stop", timestamp: 1 } }
      ]
    },
    { type: "alert", topic: passTopic, fit: [{}], unfit: ["text"] },
    {
      type: "alert",
      topic: siteTopic,
      fit: [{ aps: { alert, "url-args": [] } }, { aps: { alert, "url-args": [""] } }],
      unfit: [{ aps: { alert } }, { aps: { alert: "x", "url-args": [] } }, { aps: { alert, "url-args": [1] } }]
    }
  ]

  it.live.each(cases)("of $type", ({ type, topic: named, fit, unfit }) =>
    Effect.gen(function* () {
      const pushes = [...fit, ...unfit].map((body) => push(type, named ?? to[type] ?? topic, body))
      const options: SimulatorOptions = { credentialKinds: "any" }
      assert.deepStrictEqual(
        yield* byToken(pushes, { ...options, payloadMismatchReason: reason }),
        pushes.map((_, index) => (index < fit.length ? undefined : reason))
      )
      // Apple promises no answer.
      assert.isTrue((yield* byToken(pushes, options)).every((answer) => answer === undefined))
    })
  )

  it.live("are looked at after the size and before the device", () =>
    Effect.gen(function* () {
      const reasons = yield* byToken(
        [
          push("alert", topic, " ".repeat(4097)),
          push("alert", topic, "{}", "/3/device/zz"),
          push("alert", topic, { aps: { badge: 1 } }, "/3/device/zz"),
          push(undefined, topic, "{}", `/3/device/${device}`)
        ],
        { payloadMismatchReason: "Forbidden" }
      )
      assert.deepStrictEqual(reasons, ["PayloadTooLarge", "Forbidden", "BadDeviceToken", undefined])
    })
  )
})

describe("a key of the other environment", () => {
  const key = signingKey("TEAM000001", "PRODKEY001")
  const keys = [
    { teamId: key.teamId, keyId: key.keyId, pem: key.privateKey, scope: { environment: "production" as const } }
  ]

  it.live.each(["BadEnvironmentKeyInToken", "BadEnvironmentKeyIdInToken"] as const)(
    "is answered %s everywhere",
    (name) =>
      Effect.gen(function* () {
        const simulator = yield* Simulator
        const headers = { authorization: `bearer ${providerToken(key)}` }
        const paths = [
          [simulator.port, `/3/device/${device}`],
          [simulator.port, `/4/broadcasts/apps/${topic}`],
          [simulator.managementPort, `/1/apps/${topic}/channels`]
        ] as const
        for (const [port, path] of paths) {
          const client = yield* connect({ ...simulator, port }, { headers })
          assert.deepInclude(yield* client.push({ path }), { status: 403, body: JSON.stringify({ reason: name }) })
        }
      }).pipe(Effect.scoped, Effect.provide(Simulator.layer({ keys, environmentReason: name })))
  )
})
