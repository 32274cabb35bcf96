import { assert, describe, it } from "@effect/vitest"
import { type Device, type ProviderKey, type Reason, Simulator, statusOf } from "@effect-apns/simulator"
import { Effect } from "effect"
import { ChannelStore } from "../../packages/simulator/src/internal/channels.ts"
import type { Outcome } from "../../packages/simulator/src/internal/credential.ts"
import { readRequest, routeOf } from "../../packages/simulator/src/internal/request.ts"
import { judge } from "../../packages/simulator/src/internal/rules.ts"
import type { RuleContext } from "../../packages/simulator/src/internal/verdict.ts"
import { connect, device, type Push, providerToken, type SigningKey, signingKey, topic } from "./support.ts"

interface Case {
  readonly name: string
  readonly push?: Push
  readonly token?: (key: SigningKey) => string | undefined
  readonly reason?: Reason
}

const header = (name: string, value: string): Push => ({ headers: { [name]: value } })
const path = (value: string): Push => ({ path: value })
const body = (bytes: number): Push => ({ body: Buffer.alloc(bytes, 0x20) })
const other = signingKey("OTHERTEAM1", "UNKNOWNKEY")

const cases: ReadonlyArray<Case> = [
  { name: "another method, before all else", push: { method: "GET", path: "/nowhere" }, reason: "MethodNotAllowed" },
  {
    name: "another path, before the credential",
    push: path("/3/devices/aa"),
    token: () => undefined,
    reason: "BadPath"
  },
  { name: "a path below a device", push: path("/3/device/aa/bb"), reason: "BadPath" },
  { name: "a path of channel management", push: path("/1/apps/com.example.app/channels"), reason: "BadPath" },
  { name: "a path below an app's broadcasts", push: path("/4/broadcasts/apps/com.example.app/x"), reason: "BadPath" },
  { name: "no token", token: () => undefined, push: path("/3/device/zz"), reason: "MissingProviderToken" },
  { name: "a token that is none", token: () => "nonsense", push: path("/3/device/zz"), reason: "InvalidProviderToken" },
  { name: "an unknown key", token: () => providerToken(other), reason: "InvalidProviderToken" },
  {
    name: "another team than the key's",
    token: (key) => providerToken({ ...key, teamId: "OTHERTEAM1" }),
    reason: "InvalidProviderToken"
  },
  {
    name: "another key's signature",
    token: (key) => providerToken({ ...other, teamId: key.teamId, keyId: key.keyId }),
    reason: "InvalidProviderToken"
  },
  {
    name: "another algorithm",
    token: (key) => providerToken(key, { header: { alg: "HS256" } }),
    reason: "InvalidProviderToken"
  },
  {
    name: "no algorithm",
    token: (key) => providerToken(key, { header: { alg: undefined } }),
    reason: "InvalidProviderToken"
  },
  {
    name: "an issue time in text",
    token: (key) => providerToken(key, { claims: { iat: "1" } }),
    reason: "InvalidProviderToken"
  },
  {
    name: "an issue time in milliseconds",
    token: (key) => providerToken(key, { claims: { iat: Date.now() } }),
    reason: "InvalidProviderToken"
  },
  {
    name: "an issue time ahead of the clock",
    token: (key) => providerToken(key, { agoSeconds: -120 }),
    reason: "InvalidProviderToken"
  },
  { name: "a clock a little ahead", token: (key) => providerToken(key, { agoSeconds: -30 }) },
  { name: "a token an hour old", token: (key) => providerToken(key, { agoSeconds: 3590 }) },
  {
    name: "a token over an hour old",
    token: (key) => providerToken(key, { agoSeconds: 3605 }),
    reason: "ExpiredProviderToken"
  },
  {
    name: "a bad id before a bad push type",
    push: { headers: { "apns-id": "1", "apns-push-type": "x" } },
    reason: "BadMessageId"
  },
  { name: "an id in upper case", push: header("apns-id", "0F2B6B1E-6A0E-4C55-9D0A-5A6F0A3C9B11") },
  {
    name: "a bad push type before a bad priority",
    push: { headers: { "apns-push-type": "x", "apns-priority": "7" } },
    reason: "InvalidPushType"
  },
  {
    name: "the name of an object's property as push type",
    push: header("apns-push-type", "toString"),
    reason: "InvalidPushType"
  },
  {
    name: "a bad priority before a bad expiration",
    push: { headers: { "apns-priority": "7", "apns-expiration": "x" } },
    reason: "BadPriority"
  },
  { name: "priority 1", push: header("apns-priority", "1") },
  {
    name: "a background push with priority 10",
    push: { headers: { "apns-push-type": "background", "apns-priority": "10" } },
    reason: "BadPriority"
  },
  {
    name: "a background push with priority 5",
    push: { headers: { "apns-push-type": "background", "apns-priority": "5" } }
  },
  {
    name: "a bad expiration before a bad collapse id",
    push: { headers: { "apns-expiration": "-1", "apns-collapse-id": "x".repeat(65) } },
    reason: "BadExpirationDate"
  },
  { name: "expiration 0", push: header("apns-expiration", "0") },
  {
    name: "a long collapse id before a missing topic",
    push: { headers: { "apns-collapse-id": "x".repeat(65), "apns-topic": "" } },
    reason: "BadCollapseId"
  },
  { name: "a collapse id of 64 bytes", push: header("apns-collapse-id", "x".repeat(64)) },
  {
    name: "a collapse id of 33 two-byte characters",
    push: header("apns-collapse-id", Buffer.from("é".repeat(33)).toString("latin1")),
    reason: "BadCollapseId"
  },
  {
    name: "no topic, before an empty payload",
    push: { ...header("apns-topic", ""), body: "" },
    reason: "MissingTopic"
  },
  { name: "a topic with a space", push: header("apns-topic", "com example"), reason: "BadTopic" },
  { name: "a voip push to the app's topic", push: header("apns-push-type", "voip"), reason: "BadTopic" },
  { name: "no body, before a bad device", push: { ...body(0), path: "/3/device/zz" }, reason: "PayloadEmpty" },
  { name: "4096 bytes", push: body(4096) },
  { name: "4097 bytes, before a bad device", push: { ...body(4097), path: "/3/device/zz" }, reason: "PayloadTooLarge" },
  { name: "200 kilobytes", push: body(200_000), reason: "PayloadTooLarge" },
  { name: "no device", push: path("/3/device/"), reason: "MissingDeviceToken" },
  { name: "no device and no slash", push: path("/3/device"), reason: "MissingDeviceToken" },
  { name: "an odd number of digits", push: path("/3/device/abc"), reason: "BadDeviceToken" },
  { name: "digits that are not hex", push: path("/3/device/zz"), reason: "BadDeviceToken" },
  { name: "a device of the other environment", push: path("/3/device/0001"), reason: "BadDeviceToken" },
  { name: "a device that is gone", push: path("/3/device/0002"), reason: "Unregistered" },
  { name: "a device that expired", push: path("/3/device/0003"), reason: "ExpiredToken" },
  { name: "a device of another topic", push: path("/3/device/000a"), reason: "DeviceTokenNotForTopic" },
  { name: "a device of this topic, in upper case", push: path("/3/device/000B") },
  { name: "a device of 100 bytes", push: path(`/3/device/${"ab".repeat(100)}`) }
]

const devices: ReadonlyArray<Device> = [
  { state: "otherEnvironment", token: "0001" },
  { state: "unregistered", token: "0002" },
  { state: "expired", token: "0003" },
  { state: "active", token: "000A", topics: ["com.example.other"] },
  { state: "active", token: "000b", topics: [topic] }
]

describe("over the wire", () => {
  const shared = Simulator.layer()
  it.live.each(cases)("$name", ({ push, token, reason }) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      for (const known of devices) yield* simulator.register(known)
      const text = token === undefined ? providerToken(simulator.key) : token(simulator.key)
      const headers = text === undefined ? {} : { authorization: `bearer ${text}` }
      const client = yield* connect(simulator, { headers })
      const answer = yield* client.push(push)
      assert.strictEqual(answer.json.reason, reason)
      assert.strictEqual(answer.status, reason === undefined ? 200 : statusOf(reason))
      assert.isString(answer.headers["apns-id"])
    }).pipe(Effect.scoped, Effect.provide(shared))
  )
})

describe("keys", () => {
  const team = "TEAM000001"
  const key = (keyId: string, scope: ProviderKey["scope"]) => {
    const signing = signingKey(team, keyId)
    return { signing, registered: { teamId: team, keyId, pem: signing.privateKey, scope } }
  }
  const teamKey = key("TEAMKEY001", undefined)
  const secondTeamKey = key("TEAMKEY002", { environment: "sandbox" })
  const production = key("PRODKEY001", { environment: "production" })
  const specific = key("TOPICKEY01", { topics: [topic], relatedTo: "TOPICKEY02" })
  const related = key("TOPICKEY02", { topics: ["com.example.other"] })
  const unrelated = key("TOPICKEY03", { topics: [topic] })
  const all = [teamKey, secondTeamKey, production, specific, related, unrelated]

  const sequences: ReadonlyArray<{
    readonly name: string
    readonly keys: ReadonlyArray<(typeof all)[number]>
    readonly topic?: string
    readonly reasons: ReadonlyArray<Reason | undefined>
  }> = [
    { name: "two keys of a team", keys: [teamKey, secondTeamKey], reasons: [undefined, undefined] },
    { name: "a team key, then a topic key", keys: [teamKey, specific], reasons: [undefined, "UnrelatedKeyIdInToken"] },
    { name: "a topic key, then a team key", keys: [specific, teamKey], reasons: [undefined, "UnrelatedKeyIdInToken"] },
    { name: "two unrelated topic keys", keys: [specific, unrelated], reasons: [undefined, "UnrelatedKeyIdInToken"] },
    { name: "a topic key and its related one", keys: [specific, related], reasons: [undefined, "TopicDisallowed"] },
    { name: "the related one first", keys: [related, specific], reasons: ["TopicDisallowed", undefined] },
    {
      name: "a topic key, then one of production",
      keys: [specific, production],
      reasons: [undefined, "BadEnvironmentKeyInToken"]
    },
    { name: "a key of production", keys: [production], reasons: ["BadEnvironmentKeyInToken"] },
    {
      name: "a topic key, for another topic",
      keys: [specific],
      topic: "com.example.app2",
      reasons: ["TopicDisallowed"]
    }
  ]

  it.live.each(sequences)("$name", ({ keys, reasons, topic: to = topic }) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const client = yield* connect(simulator)
      const answers: Array<string | undefined> = []
      for (const { signing } of keys) {
        const authorization = `bearer ${providerToken(signing)}`
        answers.push((yield* client.push({ headers: { authorization, "apns-topic": to } })).json.reason)
      }
      assert.deepStrictEqual(answers, [...reasons])
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer({ keys: all.map(({ registered }) => registered) })))
  )

  it.live("of a topic may push to its suffixed topics, and the other spelling can be had", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const client = yield* connect(simulator)
      const reason = (name: (typeof all)[number], headers: object) =>
        Effect.map(
          client.push({ headers: { authorization: `bearer ${providerToken(name.signing)}`, ...headers } }),
          (answer) => answer.json.reason
        )
      assert.isUndefined(yield* reason(specific, { "apns-topic": `${topic}.voip`, "apns-push-type": "voip" }))
      assert.strictEqual(yield* reason(production, {}), "BadEnvironmentKeyIdInToken")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Simulator.layer({
          environmentReason: "BadEnvironmentKeyIdInToken",
          keys: all.map(({ registered }) => registered)
        })
      )
    )
  )
})

describe("judge", () => {
  const accepted: Outcome = {
    _tag: "accepted",
    binding: { _tag: "certificate", topics: [topic] },
    topics: { _tag: "every" },
    ledger: new Map()
  }
  const context: RuleContext = {
    unknownDevices: "accept",
    rejectBackgroundPriority10: true,
    checkTopicSuffix: true,
    environment: "sandbox",
    checkProductionOnlyTopics: false,
    credentialKinds: "documented",
    payloadMismatchReason: undefined,
    maxChannels: 1,
    storagePolicyReason: "MissingChannelQueueSize",
    checkBroadcastPayload: true,
    nowMillis: 7,
    credential: () => accepted,
    device: () => undefined,
    withinRate: () => true,
    withinAppRate: () => true,
    channels: new ChannelStore(undefined)
  }
  const request = (headers: ReadonlyArray<readonly [string, string]>) =>
    readRequest("device", [":method", "POST", ":path", `/3/device/${device}`, ...headers.flat()], "{}", 2)
  const reasonOf = (headers: ReadonlyArray<readonly [string, string]>, changed: Partial<RuleContext> = {}) => {
    const { verdict } = judge(request([["apns-topic", topic], ...headers]), { ...context, ...changed })
    return verdict._tag === "rejected" ? verdict.reason : undefined
  }

  it("asks for the credential after the headers' duplicates only", () => {
    const credential = () => assert.fail("asked for the credential")
    assert.strictEqual(reasonOf([["apns-topic", "x"]], { credential }), "DuplicateHeaders")
  })

  it("lets cookies repeat", () => {
    assert.isUndefined(
      reasonOf([
        ["cookie", "a"],
        ["cookie", "b"]
      ])
    )
  })

  it("has switches for what is inferred", () => {
    const background = [
      ["apns-push-type", "background"],
      ["apns-priority", "10"]
    ] as const
    assert.strictEqual(reasonOf(background), "BadPriority")
    assert.isUndefined(reasonOf(background, { rejectBackgroundPriority10: false }))
    assert.isUndefined(reasonOf([["apns-push-type", "voip"]], { checkTopicSuffix: false }))
    assert.strictEqual(reasonOf([], { unknownDevices: "reject" }), "BadDeviceToken")
  })

  it("counts the rate last", () => {
    assert.strictEqual(reasonOf([], { withinRate: () => false }), "TooManyRequests")
    const withinRate = () => assert.fail("counted a rejected push")
    assert.strictEqual(reasonOf([["apns-priority", "7"]], { withinRate }), "BadPriority")
  })

  it("reads a path", () => {
    assert.deepStrictEqual(routeOf("device", "/3/device/Ab"), { _tag: "device", token: "Ab" })
    assert.deepStrictEqual(routeOf("device", "/3/device"), { _tag: "device", token: "" })
    assert.deepStrictEqual(routeOf("device", "/4/broadcasts/apps/a.b"), { _tag: "broadcast", bundleId: "a.b" })
    assert.deepStrictEqual(routeOf("management", "/1/apps/a.b/channels"), { _tag: "channels", bundleId: "a.b" })
    assert.deepStrictEqual(routeOf("management", "/1/apps/a/all-channels?b"), { _tag: "allChannels", bundleId: "a" })
    assert.isUndefined(routeOf("device", "/3/device/a?b"))
    assert.isUndefined(routeOf("device", "/2/device/a"))
    assert.isUndefined(routeOf("device", "/1/apps/a/channels"))
    assert.isUndefined(routeOf("device", "/4/broadcasts/apps/"))
    assert.isUndefined(routeOf("management", "/3/device/aa"))
    assert.isUndefined(routeOf("management", "/4/broadcasts/apps/a"))
    assert.isUndefined(routeOf("management", "/1/apps//channels"))
    assert.isUndefined(routeOf("management", "/1/apps/a/channels/b"))
  })
})
