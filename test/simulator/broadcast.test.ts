import type * as http2 from "node:http2"
import { assert, describe, it } from "@effect/vitest"
import { type Reason, Simulator, type SimulatorOptions, statusOf } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { bare, type Client, connect, type Push, providerToken, requestId, signingKey, topic, uuid } from "./support.ts"

const kept = "a2VwdA=="

describe("a broadcast", () => {
  const path = `/4/broadcasts/apps/${topic}`
  const update = JSON.stringify({ aps: { event: "update", timestamp: 1_767_225_600, "content-state": { score: 1 } } })
  const transient = "bm9uZQ=="

  const broadcast = (headers: http2.OutgoingHttpHeaders = {}, body: string | Buffer = update): Push =>
    bare({
      path,
      headers: {
        "apns-push-type": "liveactivity",
        "apns-channel-id": kept,
        "apns-priority": "10",
        "apns-expiration": "0",
        ...headers
      },
      body
    })

  const aps = (value: object) => broadcast({}, JSON.stringify({ aps: value }))
  const state = { "content-state": {} }
  const sized = (bytes: number) => broadcast({}, update + " ".repeat(bytes - update.length))

  const sending = <A, E>(
    talk: (client: Client, simulator: Simulator["Service"]) => Effect.Effect<A, E, Scope.Scope>,
    options?: SimulatorOptions
  ) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.registerChannel({ bundleId: topic, id: kept, storage: "mostRecent" })
      yield* simulator.registerChannel({ bundleId: topic, id: transient, storage: "none" })
      const authorization = `bearer ${providerToken(simulator.key)}`
      return yield* talk(yield* connect(simulator, { headers: { authorization } }), simulator)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

  interface Case {
    readonly name: string
    readonly push: Push
    readonly reason?: Reason
    readonly options?: SimulatorOptions
  }

  const cases: ReadonlyArray<Case> = [
    {
      name: "another method, before the query",
      push: { ...broadcast(), method: "GET", path: `${path}?x` },
      reason: "MethodNotAllowed"
    },
    { name: "no bundle ID", push: { ...broadcast(), path: "/4/broadcasts/apps/" }, reason: "BadPath" },
    {
      name: "a query, before the credential",
      push: { ...broadcast({ authorization: undefined }), path: `${path}?x=1` },
      reason: "BadRequestParams"
    },
    { name: "a header twice", push: broadcast({ "apns-priority": ["10", "5"] }), reason: "BadRequestParams" },
    {
      name: "no credential, before the request id",
      push: broadcast({ authorization: undefined, "apns-request-id": "7" }),
      reason: "MissingProviderToken"
    },
    {
      name: "a bad request id, before the app",
      push: { ...broadcast({ "apns-request-id": "7" }), path: `${path}.voip` },
      reason: "BadMessageId"
    },
    { name: "an apns-id that is none", push: broadcast({ "apns-id": "7" }) },
    {
      name: "a bundle ID with a suffix, before the push type",
      push: { ...broadcast({ "apns-push-type": undefined }), path: `${path}.push-type.liveactivity` },
      reason: "TopicDisallowed"
    },
    {
      name: "an app without the capability, before the push type",
      push: broadcast({ "apns-push-type": undefined }),
      reason: "FeatureNotEnabled",
      options: { broadcastApps: [] }
    },
    {
      name: "no push type, before the channel",
      push: broadcast({ "apns-push-type": undefined, "apns-channel-id": undefined }),
      reason: "MissingPushType"
    },
    {
      name: "another push type, before the channel",
      push: broadcast({ "apns-push-type": "widgets", "apns-channel-id": undefined }),
      reason: "InvalidPushType"
    },
    { name: "the push type as Apple's table spells it", push: broadcast({ "apns-push-type": "Liveactivity" }) },
    { name: "the push type as a channel's creation spells it", push: broadcast({ "apns-push-type": "LiveActivity" }) },
    {
      name: "no channel, before the priority",
      push: broadcast({ "apns-channel-id": undefined, "apns-priority": "7" }),
      reason: "MissingChannelId"
    },
    { name: "a channel that is not base64", push: broadcast({ "apns-channel-id": "a2VwdA" }), reason: "BadChannelId" },
    {
      name: "a channel nobody made, before the priority",
      push: broadcast({ "apns-channel-id": "YWJj", "apns-priority": "7" }),
      reason: "ChannelNotRegistered"
    },
    {
      name: "a channel of another app",
      push: { ...broadcast(), path: "/4/broadcasts/apps/com.example.other" },
      reason: "ChannelNotRegistered"
    },
    {
      name: "no priority, before the expiration",
      push: broadcast({ "apns-priority": undefined, "apns-expiration": "x" }),
      reason: "BadPriority"
    },
    { name: "priority 7", push: broadcast({ "apns-priority": "7" }), reason: "BadPriority" },
    { name: "priority 5", push: broadcast({ "apns-priority": "5" }) },
    { name: "priority 1", push: broadcast({ "apns-priority": "1" }) },
    {
      name: "no expiration, before the body",
      push: broadcast({ "apns-expiration": undefined }, ""),
      reason: "BadExpirationDate"
    },
    {
      name: "an expiration that is no number",
      push: broadcast({ "apns-expiration": "-1" }),
      reason: "BadExpirationDate"
    },
    { name: "an expiration on a channel that stores", push: broadcast({ "apns-expiration": "4102444800" }) },
    {
      name: "an expiration on a channel that stores nothing",
      push: broadcast({ "apns-expiration": "4102444800", "apns-channel-id": transient }),
      reason: "BadExpirationDate"
    },
    { name: "expiration 0 on a channel that stores nothing", push: broadcast({ "apns-channel-id": transient }) },
    { name: "no body", push: broadcast({}, ""), reason: "PayloadEmpty" },
    { name: "5120 bytes", push: sized(5120) },
    {
      name: "5121 bytes, before what they say",
      push: broadcast({}, Buffer.alloc(5121, 0x20)),
      reason: "PayloadTooLarge"
    },
    { name: "text", push: broadcast({}, "text"), reason: "BadRequestPayload" },
    { name: "no aps", push: broadcast({}, "{}"), reason: "BadRequestPayload" },
    {
      name: "a start",
      push: aps({ event: "start", timestamp: 1, ...state, attributes: {}, "attributes-type": "A", alert: {} }),
      reason: "BadRequestPayload"
    },
    { name: "no event", push: aps({ timestamp: 1, ...state }), reason: "BadRequestPayload" },
    { name: "no timestamp", push: aps({ event: "update", ...state }), reason: "BadRequestPayload" },
    {
      name: "a timestamp in text",
      push: aps({ event: "update", timestamp: "1", ...state }),
      reason: "BadRequestPayload"
    },
    { name: "an update without a state", push: aps({ event: "update", timestamp: 1 }), reason: "BadRequestPayload" },
    { name: "an end without a state", push: aps({ event: "end", timestamp: 1 }) },
    { name: "a start, unlooked at", push: aps({ event: "start" }), options: { checkBroadcastPayload: false } },
    { name: "a topic nobody asked for", push: broadcast({ "apns-topic": "com.example.other" }) }
  ]

  it.live.each(cases)("$name", ({ push, reason, options }) =>
    sending(
      (client) =>
        Effect.gen(function* () {
          const answer = yield* client.push(push)
          assert.strictEqual(answer.json.reason, reason)
          assert.strictEqual(answer.status, reason === undefined ? 200 : statusOf(reason))
          if (reason !== "BadPath") assert.match(String(answer.headers["apns-request-id"]), uuid)
        }),
      options
    )
  )

  it.live("is answered with its ids, in both environments, and logged", () =>
    sending(
      (client, simulator) =>
        Effect.gen(function* () {
          const answer = yield* client.push(broadcast({ "apns-request-id": requestId }))
          assert.deepInclude(answer, { status: 200, body: "" })
          assert.strictEqual(answer.headers["apns-request-id"], requestId)
          assert.match(String(answer.headers["apns-unique-id"]), uuid)
          assert.isUndefined(answer.headers["apns-id"])
          const [received] = yield* simulator.received
          assert.deepInclude(received, {
            kind: "broadcast",
            bundleId: topic,
            channel: kept,
            pushType: "liveactivity",
            requestId,
            body: update,
            device: undefined
          })
          assert.deepInclude(received?.answer, {
            status: 200,
            requestId,
            uniqueId: String(answer.headers["apns-unique-id"])
          })
        }),
      { environment: "production" }
    )
  )

  it.live("meets faults by its channel", () =>
    sending((client, simulator) =>
      Effect.gen(function* () {
        const effect = { _tag: "reject", reason: "TooManyRequests", retryAfter: 3 } as const
        yield* simulator.inject({ match: { channel: transient }, effect })
        assert.strictEqual((yield* client.push(broadcast())).status, 200)
        const answer = yield* client.push(broadcast({ "apns-channel-id": transient }))
        assert.deepInclude(answer, { status: 429, body: `{"reason":"TooManyRequests"}` })
        assert.strictEqual(answer.headers["retry-after"], "3")
      })
    )
  )

  it.live("of a key of another app is refused", () =>
    sending((_, simulator) =>
      Effect.gen(function* () {
        const key = signingKey("TEAM000001", "TOPICKEY01")
        const scope = { topics: ["com.example.other"] }
        yield* simulator.registerKey({ teamId: key.teamId, keyId: key.keyId, pem: key.privateKey, scope })
        const client = yield* connect(simulator, { headers: { authorization: `bearer ${providerToken(key)}` } })
        assert.deepInclude(yield* client.push(broadcast()), { status: 403, body: `{"reason":"TopicMismatch"}` })
      })
    )
  )

  it.effect("is kept by its channel until its end, eight hours at most", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.registerChannel({ bundleId: topic, id: kept, storage: "mostRecent" })
      const authorization = `bearer ${providerToken(simulator.key, { nowMillis: 0 })}`
      const client = yield* connect(simulator, { headers: { authorization } })
      const message = Effect.map(simulator.channels, (all) => all[0]?.message)
      const send = (expiration: number, n: number) =>
        client.push(
          broadcast({ "apns-expiration": String(expiration), "apns-priority": "5" }, update.replace("1}", `${n}}`))
        )
      yield* send(0, 2)
      assert.isUndefined(yield* message)
      yield* send(4_102_444_800, 3)
      assert.deepStrictEqual(yield* message, {
        body: update.replace("1}", "3}"),
        priority: 5,
        expiration: 4_102_444_800,
        time: 0,
        until: 8 * 3_600_000
      })
      yield* send(60, 4)
      assert.deepInclude(yield* message, { body: update.replace("1}", "4}"), until: 60_000 })
      yield* send(0, 5)
      assert.deepInclude(yield* message, { body: update.replace("1}", "4}") })
      yield* TestClock.adjust("59 seconds")
      assert.isDefined(yield* message)
      yield* TestClock.adjust("1 second")
      assert.isUndefined(yield* message)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )
})
