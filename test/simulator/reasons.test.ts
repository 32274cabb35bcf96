/** Every reason of Apple's tables, reached by a request or a state that causes it, over HTTP/2 and without a scenario. */
import { assert, describe, it } from "@effect/vitest"
import { type Reason, Reasons, Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { providerCertificate } from "./certificate.ts"
import {
  type Answer,
  answerOf,
  bare,
  type Client,
  connect,
  connectWithToken,
  device,
  type NoAnswer,
  type Push,
  providerToken,
  signingKey,
  topic
} from "./support.ts"

type Served = Simulator["Service"]
type Asked = Effect.Effect<Answer, NoAnswer | Error, Scope.Scope>

interface Cause {
  readonly options?: SimulatorOptions
  readonly ask: (simulator: Served, client: Client) => Asked
}

const push =
  (push: Push): Cause["ask"] =>
  (_, client) =>
    client.push(push)

const headers = (headers: NonNullable<Push["headers"]>): Cause => ({ ask: push({ headers }) })

const to = (path: string): Cause => ({ ask: push({ path }) })

const authorization = (make: (simulator: Served) => string | undefined): Cause => ({
  ask: (simulator, client) => client.push({ headers: { authorization: make(simulator) } })
})

const registered = (state: "unregistered" | "expired"): Cause => ({
  ask: (simulator, client) => Effect.andThen(simulator.register({ state, token: device }), client.push())
})

const channelPath = `/1/apps/${topic}/channels`
const createBody = { "message-storage-policy": 1, "push-type": "LiveActivity" }

/** A request to the management listener. */
const manage =
  (push: Push): Cause["ask"] =>
  (simulator) =>
    Effect.flatMap(connectWithToken({ ...simulator, port: simulator.managementPort }), (client) =>
      client.push(bare(push))
    )

const create = (body: object | string): Cause["ask"] =>
  manage({ method: "POST", path: channelPath, body: typeof body === "string" ? body : JSON.stringify(body) })

const read = (channel: string | undefined): Cause["ask"] =>
  manage({ method: "GET", path: channelPath, headers: { "apns-channel-id": channel } })

const update = JSON.stringify({ aps: { event: "update", timestamp: 1, "content-state": {} } })

/** A broadcast to a channel with a storage policy. */
const broadcast =
  (headers: NonNullable<Push["headers"]>, body = update, storage: "none" | "mostRecent" = "mostRecent"): Cause["ask"] =>
  (simulator, client) =>
    Effect.gen(function* () {
      const { id } = yield* simulator.registerChannel({ bundleId: topic, storage })
      const all = {
        "apns-channel-id": id,
        "apns-push-type": "liveactivity",
        "apns-priority": "10",
        "apns-expiration": "0",
        ...headers
      }
      return yield* client.push(bare({ path: `/4/broadcasts/apps/${topic}`, headers: all, body }))
    })

const certified =
  (options: Parameters<typeof providerCertificate>[0]): Cause["ask"] =>
  (simulator) => {
    const { cert, key } = providerCertificate(options)
    return Effect.flatMap(connect(simulator, { cert, key }), (client) => client.push())
  }

const other = signingKey("TEAM000001", "KEY0000001")
const pem = other.privateKey
const withKey = (scope: object, token = other): Cause => ({
  options: { keys: [{ teamId: "TEAM000001", keyId: "KEY0000001", pem, scope }] },
  ask: (_, client) => client.push({ headers: { authorization: `bearer ${providerToken(token)}` } })
})

const twice =
  (ask: Cause["ask"]): Cause["ask"] =>
  (simulator, client) =>
    Effect.andThen(ask(simulator, client), ask(simulator, client))

const devices: Partial<Record<Reason, Cause>> = {
  BadCollapseId: headers({ "apns-collapse-id": "é".repeat(33) }),
  BadDeviceToken: to("/3/device/abc"),
  BadExpirationDate: headers({ "apns-expiration": "tomorrow" }),
  BadMessageId: headers({ "apns-id": "1" }),
  BadPriority: headers({ "apns-priority": "11" }),
  BadTopic: headers({ "apns-topic": "com example" }),
  DeviceTokenNotForTopic: {
    options: { devices: [{ state: "active", token: device, topics: ["com.example.other"] }] },
    ask: push({})
  },
  DuplicateHeaders: headers({ "apns-topic": [topic, topic] }),
  IdleTimeout: {
    options: { idleTimeoutMillis: 40 },
    ask: (_, client) =>
      Effect.suspend(() => {
        const stream = client.session.request(
          { ":method": "POST", ":path": `/3/device/${device}`, "apns-topic": topic },
          { endStream: false }
        )
        return answerOf(stream)
      })
  },
  InvalidPushType: headers({ "apns-push-type": "smoke-signal" }),
  MissingDeviceToken: to("/3/device/"),
  MissingTopic: headers({ "apns-topic": undefined }),
  PayloadEmpty: { ask: push({ body: "" }) },
  TopicDisallowed: withKey({ topics: ["com.example.other"] }),
  BadCertificate: { ask: certified({ uid: topic }) },
  BadCertificateEnvironment: { ask: certified({ uid: topic, production: true }) },
  ExpiredProviderToken: authorization(({ key }) => `bearer ${providerToken(key, { agoSeconds: 3_700 })}`),
  InvalidProviderToken: authorization(({ key }) => `bearer ${providerToken({ ...other, keyId: key.keyId })}`),
  MissingProviderToken: authorization(() => undefined),
  UnrelatedKeyIdInToken: {
    options: { keys: [{ teamId: "SIMTEAM001", keyId: "KEY0000001", pem, scope: { topics: [topic] } }] },
    ask: (_, client) =>
      Effect.andThen(
        client.push(),
        client.push({ headers: { authorization: `bearer ${providerToken({ ...other, teamId: "SIMTEAM001" })}` } })
      )
  },
  BadEnvironmentKeyInToken: withKey({ environment: "production" }),
  BadEnvironmentKeyIdInToken: {
    ...withKey({ environment: "production" }),
    options: { ...withKey({ environment: "production" }).options, environmentReason: "BadEnvironmentKeyIdInToken" }
  },
  BadPath: to("/2/device/aa"),
  MethodNotAllowed: { ask: push({ method: "GET" }) },
  ExpiredToken: registered("expired"),
  Unregistered: registered("unregistered"),
  PayloadTooLarge: { ask: push({ body: JSON.stringify({ aps: { alert: "x".repeat(4_096) } }) }) },
  TooManyProviderTokenUpdates: {
    ask: (simulator, client) =>
      Effect.andThen(
        client.push(),
        client.push({ headers: { authorization: `bearer ${providerToken(simulator.key, { agoSeconds: 60 })}` } })
      )
  },
  TooManyRequests: { options: { rateLimit: { perDevice: 1, windowMillis: 60_000 } }, ask: twice(push({})) },
  Shutdown: {
    ask: (simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.limit(1000)
        // One that waits keeps the connection open, so that the client's stop does not race with its next stream.
        const body = client.session.request(
          { ":method": "POST", ":path": `/3/device/${device}`, "apns-topic": topic },
          { endStream: false }
        )
        yield* Effect.promise(() => new Promise((resolve) => client.session.ping(resolve)))
        yield* simulator.shutDown({ millis: 500 })
        body.end("{}")
        return yield* answerOf(body)
      })
  }
}

const apps: Partial<Record<Reason, Cause>> = {
  FeatureNotEnabled: { options: { broadcastApps: [] }, ask: create(createBody) },
  MissingChannelId: { ask: read(undefined) },
  BadChannelId: { ask: read("not base64!") },
  ChannelNotRegistered: { ask: read("AAAA") },
  CannotCreateChannelConfig: { options: { maxChannels: 1 }, ask: twice(create(createBody)) },
  BadRequestParams: { ask: manage({ method: "GET", path: `${channelPath}?page=2` }) },
  BadRequestPayload: { ask: create("[]") },
  MissingChannelQueueSize: { ask: create({ "push-type": "LiveActivity" }) },
  PayloadEmpty: { ask: create("") },
  BadMessageId: { ask: manage({ method: "GET", path: channelPath, headers: { "apns-request-id": "1" } }) },
  MissingPushType: { ask: broadcast({ "apns-push-type": undefined }) },
  InvalidPushType: { ask: broadcast({ "apns-push-type": "alert" }) },
  BadExpirationDate: { ask: broadcast({ "apns-expiration": "2000000000" }, update, "none") },
  BadPriority: { ask: broadcast({ "apns-priority": undefined }) },
  TopicDisallowed: { ask: manage({ method: "GET", path: `/1/apps/${topic}.voip/channels` }) },
  BadCertificate: {
    ask: (simulator) => certified({ uid: topic })({ ...simulator, port: simulator.managementPort }, unused)
  },
  BadCertificateEnvironment: {
    ask: (simulator) =>
      certified({ uid: topic, production: true })({ ...simulator, port: simulator.managementPort }, unused)
  },
  TopicMismatch: {
    ...withKey({ topics: ["com.example.other"] }),
    ask: (simulator) =>
      Effect.flatMap(
        connect(
          { ...simulator, port: simulator.managementPort },
          { headers: { authorization: `bearer ${providerToken(other)}` } }
        ),
        (client) => client.push(bare({ method: "GET", path: channelPath }))
      )
  },
  MissingProviderToken: { ask: manage({ method: "GET", path: channelPath, headers: { authorization: undefined } }) },
  InvalidProviderToken: { ask: manage({ method: "GET", path: channelPath, headers: { authorization: "bearer x" } }) },
  ExpiredProviderToken: {
    ask: (simulator) => {
      const stale = `bearer ${providerToken(simulator.key, { agoSeconds: 3_700 })}`
      return manage({ method: "GET", path: channelPath, headers: { authorization: stale } })(simulator, unused)
    }
  },
  BadPath: { ask: manage({ method: "DELETE", path: `/1/apps/${topic}/all-channels` }) },
  MethodNotAllowed: { ask: manage({ method: "PUT", path: channelPath }) },
  PayloadTooLarge: { ask: broadcast({}, JSON.stringify({ aps: { alert: "x".repeat(5_120) } })) },
  TooManyRequests: {
    options: { appRateLimit: { perApp: 1, windowMillis: 60_000 } },
    ask: twice(broadcast({}))
  },
  TooManyProviderTokenUpdates: {
    options: { tokenUpdateScope: "key" },
    ask: (simulator, client) => {
      const early = `bearer ${providerToken(simulator.key, { agoSeconds: 60 })}`
      return Effect.andThen(
        client.push(),
        manage({ method: "GET", path: channelPath, headers: { authorization: early } })(simulator, client)
      )
    }
  },
  Shutdown: devices.Shutdown ?? { ask: push({}) }
}

/** Reasons of which neither Apple nor anybody else says what causes them: only a scenario brings them. */
const unexplained: ReadonlyArray<Reason> = [
  "Forbidden",
  "InternalServerError",
  "ServiceUnavailable",
  "Service Unavailable"
]

/** For the causes that make a client of their own. */
const unused: Client = {
  session: undefined as never, // nobody asks it
  goAways: [],
  limits: [],
  push: () => Effect.die("unused"),
  open: () => assert.fail("unused"),
  closed: Effect.void,
  limit: () => Effect.void
}

const check = (reason: string, { options, ask }: Cause) =>
  Effect.gen(function* () {
    const simulator = yield* Simulator
    const client = yield* connectWithToken(simulator)
    const answer = yield* ask(simulator, client)
    assert.deepStrictEqual([answer.json.reason, answer.status], [reason, Reasons[reason as Reason]])
    const refused = (yield* simulator.received).at(-1)
    assert.isDefined(refused?.explanation, "a refusal is explained")
    assert.isUndefined(refused?.scenario)
  }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

describe("a push to a device", () => {
  for (const [reason, cause] of Object.entries(devices)) {
    it.live(`is refused for ${reason}`, () => check(reason, cause))
  }
})

describe("a broadcast or a request about channels", () => {
  for (const [reason, cause] of Object.entries(apps)) {
    it.live(`is refused for ${reason}`, () => check(reason, cause))
  }
})

describe("the reasons", () => {
  it("are all reached, but those nobody explains", () => {
    const reached = new Set([...Object.keys(devices), ...Object.keys(apps), ...unexplained])
    assert.deepStrictEqual([...reached].sort(), Object.keys(Reasons).sort())
  })
})
