import type * as http2 from "node:http2"
import { assert, describe, it } from "@effect/vitest"
import { type Channel, type Reason, Reasons, Simulator, type SimulatorOptions, statusOf } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { providerCertificate } from "./certificate.ts"
import {
  type Answer,
  bare,
  type Client,
  connect,
  device,
  type Push,
  providerToken,
  requestId,
  signingKey,
  topic,
  uuid
} from "./support.ts"

const channels = `/1/apps/${topic}/channels`
const allChannels = `/1/apps/${topic}/all-channels`
const kept = "a2VwdA=="

const create = (policy: unknown = 0, headers: http2.OutgoingHttpHeaders = {}): Push =>
  bare({
    path: channels,
    headers,
    body: JSON.stringify({ "message-storage-policy": policy, "push-type": "LiveActivity" })
  })
const read = (id?: string): Push => bare({ method: "GET", path: channels, headers: { "apns-channel-id": id } })
const remove = (id?: string): Push => bare({ method: "DELETE", path: channels, headers: { "apns-channel-id": id } })
const list = bare({ method: "GET", path: allChannels })

const manager = (simulator: Simulator["Service"]) =>
  connect(
    { ...simulator, port: simulator.managementPort },
    { headers: { authorization: `bearer ${providerToken(simulator.key)}` } }
  )

/** Runs a dialogue over the management port. */
const managed = <A, E>(
  talk: (client: Client, simulator: Simulator["Service"]) => Effect.Effect<A, E, Scope.Scope>,
  options?: SimulatorOptions
) =>
  Effect.gen(function* () {
    const simulator = yield* Simulator
    return yield* talk(yield* manager(simulator), simulator)
  }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

describe("channel management", () => {
  it.live("creates, reads, lists and deletes", () =>
    managed((client, simulator) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* client.push(list), { status: 200, body: `{"channels":[]}` })
        const created: Array<Answer> = []
        for (const policy of [0, 1]) created.push(yield* client.push(create(policy)))
        const ids = created.map(({ headers }) => String(headers["apns-channel-id"]))
        for (const [index, answer] of created.entries()) {
          assert.deepInclude(answer, { status: 201, body: "" })
          assert.match(ids[index] ?? "", /^[A-Za-z0-9+/]{22}==$/)
        }
        assert.notStrictEqual(ids[0], ids[1])
        for (const policy of [0, 1]) {
          const answer = yield* client.push(read(ids[policy]))
          assert.deepInclude(answer, {
            status: 200,
            body: `{"message-storage-policy":${policy},"push-type":"LiveActivity"}`
          })
          assert.strictEqual(answer.headers["content-type"], "application/json")
          assert.isUndefined(answer.headers["apns-channel-id"])
        }
        assert.deepStrictEqual(JSON.parse((yield* client.push(list)).body), { channels: ids })
        assert.deepStrictEqual(
          (yield* simulator.channels).map(({ id, storage }) => [id, storage]),
          [
            [ids[0], "none"],
            [ids[1], "mostRecent"]
          ]
        )
        assert.deepInclude(yield* client.push(remove(ids[0])), { status: 204, body: "" })
        assert.deepStrictEqual(JSON.parse((yield* client.push(list)).body), { channels: [ids[1]] })
        assert.strictEqual((yield* client.push(remove(ids[0]))).json.reason, "ChannelNotRegistered")
      })
    )
  )

  it.live("echoes a request id, or makes one, in place of an apns-id", () =>
    managed((client) =>
      Effect.gen(function* () {
        for (const push of [create(), read(kept), list]) {
          const given = yield* client.push({ ...push, headers: { ...push.headers, "apns-request-id": requestId } })
          assert.strictEqual(given.headers["apns-request-id"], requestId)
          const made = yield* client.push(push)
          assert.match(String(made.headers["apns-request-id"]), uuid)
          assert.isUndefined(made.headers["apns-id"])
          assert.isUndefined(made.headers["apns-unique-id"])
        }
        const bad = yield* client.push({ ...list, headers: { "apns-request-id": "7" } })
        assert.strictEqual(bad.json.reason, "BadMessageId")
        assert.match(String(bad.headers["apns-request-id"]), uuid)
      })
    )
  )

  interface Case {
    readonly name: string
    readonly push: Push
    readonly token?: false
    readonly reason?: Reason
    readonly options?: SimulatorOptions
  }

  const body = (value: unknown): Push =>
    bare({ path: channels, body: typeof value === "string" ? value : JSON.stringify(value) })
  const good = { "message-storage-policy": 1, "push-type": "LiveActivity" }
  const long = (bytes: number) => body(JSON.stringify(good).padEnd(bytes))
  const twice = { "apns-request-id": [requestId, requestId] }

  const cases: ReadonlyArray<Case> = [
    {
      name: "no credential, before all else",
      push: bare({ method: "PUT", path: "/" }),
      token: false,
      reason: "MissingProviderToken"
    },
    {
      name: "a bad credential, before all else",
      push: bare({ method: "PUT", path: "/", headers: { authorization: "bearer x" } }),
      reason: "InvalidProviderToken"
    },
    { name: "another path, before the method", push: bare({ method: "PUT", path: "/1/apps" }), reason: "BadPath" },
    { name: "a push to a device", push: { path: `/3/device/${device}` }, reason: "BadPath" },
    { name: "a broadcast", push: bare({ path: `/4/broadcasts/apps/${topic}` }), reason: "BadPath" },
    { name: "no bundle ID", push: bare({ method: "GET", path: "/1/apps//channels" }), reason: "BadPath" },
    {
      name: "a channel's id in the path",
      push: bare({ method: "GET", path: `${channels}/${kept}` }),
      reason: "BadPath"
    },
    {
      name: "a method no path has",
      push: bare({ method: "PUT", path: `${channels}?x=1` }),
      reason: "MethodNotAllowed"
    },
    { name: "a POST to all channels", push: bare({ path: allChannels }), reason: "BadPath" },
    { name: "a DELETE of all channels", push: bare({ method: "DELETE", path: allChannels }), reason: "BadPath" },
    {
      name: "a query, before a bad request id",
      push: bare({ method: "GET", path: `${allChannels}?page=1`, headers: { "apns-request-id": "7" } }),
      reason: "BadRequestParams"
    },
    {
      name: "a header twice",
      push: bare({ method: "GET", path: allChannels, headers: twice }),
      reason: "BadRequestParams"
    },
    {
      name: "a bad request id, before the app",
      push: bare({ method: "GET", path: `/1/apps/${topic}.voip/channels`, headers: { "apns-request-id": "7" } }),
      reason: "BadMessageId"
    },
    {
      name: "a bundle ID with a suffix, before its capability",
      push: bare({ method: "GET", path: `/1/apps/${topic}.push-type.liveactivity/channels` }),
      reason: "TopicDisallowed",
      options: { broadcastApps: [] }
    },
    {
      name: "a bundle ID with a percent sign",
      push: bare({ method: "GET", path: "/1/apps/a%20b/channels" }),
      reason: "TopicDisallowed"
    },
    {
      name: "an app without the capability, before its body",
      push: body(""),
      reason: "FeatureNotEnabled",
      options: { broadcastApps: ["com.example.other"] }
    },
    { name: "an app with the capability", push: list, options: { broadcastApps: [topic] } },
    { name: "a creation without a body", push: body(""), reason: "PayloadEmpty" },
    { name: "a creation of 5120 bytes", push: long(5120) },
    { name: "a creation of 5121 bytes", push: long(5121), reason: "PayloadTooLarge" },
    { name: "a creation with text", push: body("text"), reason: "BadRequestPayload" },
    { name: "a creation with an array", push: body([good]), reason: "BadRequestPayload" },
    { name: "no push type, before the policy", push: body({}), reason: "MissingPushType" },
    { name: "another push type, before the policy", push: body({ "push-type": "alert" }), reason: "InvalidPushType" },
    {
      name: "the push type in the header's spelling",
      push: body({ ...good, "push-type": "liveactivity" }),
      reason: "InvalidPushType"
    },
    { name: "no policy", push: body({ "push-type": "LiveActivity" }), reason: "MissingChannelQueueSize" },
    {
      name: "policy 2, before the limit",
      push: create(2),
      reason: "MissingChannelQueueSize",
      options: { maxChannels: 1 }
    },
    { name: "a policy in text", push: create("1"), reason: "MissingChannelQueueSize" },
    {
      name: "no policy, as the table has it",
      push: create(null),
      reason: "BadRequestPayload",
      options: { storagePolicyReason: "BadRequestPayload" }
    },
    { name: "one channel too many", push: create(), reason: "CannotCreateChannelConfig", options: { maxChannels: 1 } },
    { name: "as many channels as may be", push: create(), options: { maxChannels: 2 } },
    { name: "keys nobody knows", push: body({ ...good, name: "x" }) },
    { name: "a reading", push: read(kept) },
    { name: "a reading with a body, before its channel", push: { ...read(), body: "{}" }, reason: "BadRequestPayload" },
    { name: "a deletion with a body", push: { ...remove(kept), body: "{}" }, reason: "BadRequestPayload" },
    { name: "a list with a body", push: { ...list, body: "{}" }, reason: "BadRequestPayload" },
    { name: "a reading of no channel", push: read(), reason: "MissingChannelId" },
    { name: "a reading of an empty channel", push: read(""), reason: "MissingChannelId" },
    { name: "a deletion of no channel", push: remove(), reason: "MissingChannelId" },
    { name: "a channel that is not base64", push: read("a2VwdA="), reason: "BadChannelId" },
    { name: "a deletion of what is not base64", push: remove("*"), reason: "BadChannelId" },
    { name: "a channel nobody made", push: read("bm9uZQ=="), reason: "ChannelNotRegistered" },
    {
      name: "a channel of another app",
      push: { ...read(kept), path: "/1/apps/com.example.other/channels" },
      reason: "ChannelNotRegistered"
    }
  ]

  it.live.each(cases)("$name", ({ push, token, reason, options }) =>
    managed(
      (client, simulator) =>
        Effect.gen(function* () {
          yield* simulator.registerChannel({ bundleId: topic, id: kept })
          const refused = { ...push, headers: { ...push.headers, authorization: undefined } }
          const answer = yield* client.push(token === false ? refused : push)
          assert.strictEqual(answer.json.reason, reason)
          if (reason === undefined) assert.isBelow(answer.status, 300)
          else assert.strictEqual(answer.status, statusOf(reason))
          assert.isString(answer.headers["apns-request-id"])
          assert.isUndefined(answer.json.timestamp)
        }),
      options
    )
  )

  it.live("answers every reason of the table when told to", () =>
    managed((client, simulator) =>
      Effect.gen(function* () {
        for (const [reason, status] of Object.entries(Reasons)) {
          yield* simulator.inject({ match: { method: "GET", bundleId: topic }, effect: { _tag: "reject", reason } })
          const answer = yield* client.push(list)
          assert.deepStrictEqual([answer.status, answer.json.reason], [status, reason])
          assert.isString(answer.headers["apns-request-id"])
          assert.isUndefined(answer.headers["apns-id"])
        }
        assert.strictEqual((yield* client.push(list)).status, 200)
      })
    )
  )

  it.live("changes nothing when a fault refuses, and what it says when the answer is lost", () =>
    managed((client, simulator) =>
      Effect.gen(function* () {
        const count = Effect.map(simulator.channels, (all) => all.length)
        yield* simulator.inject({ effect: { _tag: "reject", reason: "InternalServerError" } })
        yield* simulator.inject({ effect: { _tag: "respond", status: 502, body: "<html>" } })
        for (const status of [500, 502]) {
          assert.strictEqual((yield* client.push(create())).status, status)
          assert.strictEqual(yield* count, 0)
        }
        yield* simulator.inject({ effect: { _tag: "reset", code: 2 } })
        yield* Effect.flip(client.push(create()))
        assert.strictEqual(yield* count, 1)
        yield* simulator.inject({ effect: { _tag: "goAway", lastStreamId: "before" } })
        yield* Effect.flip(client.push(create()))
        assert.strictEqual(yield* count, 1)
      })
    )
  )

  it.live("asks whether the credential is for the app", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const key = signingKey("TEAM000001", "TOPICKEY01")
      const scope = { topics: [topic] }
      yield* simulator.registerKey({ teamId: key.teamId, keyId: key.keyId, pem: key.privateKey, scope })
      const at = { ...simulator, port: simulator.managementPort }
      const byToken = yield* connect(at, { headers: { authorization: `bearer ${providerToken(key)}` } })
      const universal = providerCertificate({ uid: topic, sandbox: true })
      const byCertificate = yield* connect(at, { cert: universal.cert, key: universal.key })
      const other = { ...list, path: "/1/apps/com.example.other/all-channels" }
      for (const client of [byToken, byCertificate]) {
        assert.strictEqual((yield* client.push(list)).status, 200)
        assert.deepInclude(yield* client.push(other), { status: 403, body: `{"reason":"TopicMismatch"}` })
      }
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )

  it.live("logs what was asked and what was answered", () =>
    managed((client, simulator) =>
      Effect.gen(function* () {
        const created = yield* client.push(create(0, { "apns-request-id": requestId }))
        yield* client.push(read(kept))
        yield* client.push(bare({ path: "/nowhere" }))
        const received = yield* simulator.received
        assert.deepInclude(received[0], {
          kind: "management",
          method: "POST",
          path: channels,
          bundleId: topic,
          requestId,
          body: `{"message-storage-policy":0,"push-type":"LiveActivity"}`
        })
        assert.deepInclude(received[0]?.answer, {
          _tag: "answered",
          status: 201,
          requestId,
          channel: String(created.headers["apns-channel-id"])
        })
        assert.deepInclude(received[1], { kind: "management", method: "GET", channel: kept })
        assert.deepInclude(received[2], { kind: "other", path: "/nowhere" })
        assert.deepInclude((yield* simulator.connections)[0], { id: 1, listener: "management" })
        const pushing = yield* connect(simulator)
        yield* pushing.push()
        assert.deepInclude((yield* simulator.connections)[1], { id: 2, listener: "device" })
      })
    )
  )

  it.live("forgets channels with the capability, and all of them on a reset", () =>
    managed((client, simulator) =>
      Effect.gen(function* () {
        const made = yield* simulator.registerChannel({ bundleId: topic })
        yield* simulator.registerChannel({ bundleId: "com.example.other", id: kept, storage: "mostRecent" })
        assert.strictEqual((yield* client.push(read(made.id))).status, 200)
        yield* simulator.setBroadcastCapability(topic, false)
        assert.strictEqual((yield* client.push(list)).json.reason, "FeatureNotEnabled")
        yield* simulator.setBroadcastCapability(topic, true)
        assert.deepInclude(yield* client.push(list), { status: 200, body: `{"channels":[]}` })
        const left: ReadonlyArray<Channel> = yield* simulator.channels
        assert.deepStrictEqual(left, [{ bundleId: "com.example.other", id: kept, storage: "mostRecent" }])
        yield* simulator.setBroadcastCapability(topic, false)
        yield* simulator.reset
        assert.deepStrictEqual(yield* simulator.channels, [])
        assert.strictEqual((yield* client.push(list)).status, 200)
        const exit = yield* Effect.exit(simulator.registerChannel({ bundleId: topic, id: "*" }))
        assert.strictEqual(exit._tag, "Failure")
      })
    )
  )

  it.live("holds ten thousand channels by default", () =>
    managed((client, simulator) =>
      Effect.gen(function* () {
        for (let n = 0; n < 9_999; n++) yield* simulator.registerChannel({ bundleId: topic })
        assert.strictEqual((yield* client.push(create())).status, 201)
        assert.deepInclude(yield* client.push(create()), {
          status: 400,
          body: `{"reason":"CannotCreateChannelConfig"}`
        })
        assert.strictEqual(JSON.parse((yield* client.push(list)).body).channels.length, 10_000)
        const other = { ...create(), path: "/1/apps/com.example.other/channels" }
        assert.strictEqual((yield* client.push(other)).status, 201)
      })
    )
  )

  it.live("listens on a port of its own, and fails when that is taken", () =>
    managed((_, simulator) =>
      Effect.gen(function* () {
        assert.notStrictEqual(simulator.managementPort, simulator.port)
        const { managementPort } = simulator
        const taken = Effect.scoped(Effect.provide(Simulator, Simulator.layer({ managementPort })))
        const { reason } = yield* Effect.flip(taken)
        assert.deepInclude(reason, { _tag: "ListenFailed", port: managementPort })
      })
    )
  )
})
