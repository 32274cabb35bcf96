import { generateKeyPairSync } from "node:crypto"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { type Fault, Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  broadcast,
  Channels,
  Credentials,
  JwtCache,
  Notification,
  PayloadSchema,
  Reason,
  ReasonTable,
  send
} from "effect-apns"
import { identity } from "../../packages/simulator/src/internal/identity.ts"
import { clientOf, device, simulatedChannels, topic } from "../support/simulated.ts"

const never = Schedule.recurs(0)
const missing = "dHN0LXNyY2gtY2hubA=="
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const goal = (channel: string, options: Partial<Parameters<typeof Notification.broadcast.update>[0]> = {}) =>
  Notification.broadcast.update({ channel, priority: 10, expiration: "once", contentState: { score: 1 }, ...options })

/** The status and the reasons that Apple's page of channels and broadcasts lists, copied by hand. */
const documented: ReadonlyArray<readonly [number, ReasonTable.RejectionName]> = [
  [400, "FeatureNotEnabled"],
  [400, "MissingChannelId"],
  [400, "BadChannelId"],
  [400, "ChannelNotRegistered"],
  [400, "CannotCreateChannelConfig"],
  [400, "BadRequestParams"],
  [400, "BadRequestPayload"],
  [400, "PayloadEmpty"],
  [400, "BadMessageId"],
  [400, "MissingPushType"],
  [400, "InvalidPushType"],
  [400, "BadExpirationDate"],
  [400, "BadPriority"],
  [400, "TopicDisallowed"],
  [400, "MissingChannelQueueSize"],
  [403, "BadCertificate"],
  [403, "BadCertificateEnvironment"],
  [403, "TopicMismatch"],
  [403, "MissingProviderToken"],
  [403, "InvalidProviderToken"],
  [403, "ExpiredProviderToken"],
  [404, "BadPath"],
  [405, "MethodNotAllowed"],
  [413, "PayloadTooLarge"],
  [429, "TooManyRequests"],
  [429, "TooManyProviderTokenUpdates"],
  [500, "InternalServerError"],
  [503, "ServiceUnavailable"],
  [503, "Shutdown"]
]

describe("a channel", () => {
  it.live("is made, listed, read, broadcast to and deleted", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      assert.deepStrictEqual((yield* channels.list()).channels, [])
      assert.strictEqual(yield* channels.remaining(), 10_000)

      const { channel, requestId } = yield* channels.create({ storage: "mostRecent" })
      assert.match(requestId, uuid)
      assert.deepStrictEqual((yield* channels.list()).channels, [channel])
      assert.strictEqual(yield* channels.remaining(), 9999)
      assert.strictEqual((yield* channels.read(channel)).storage, "mostRecent")

      const update = goal(channel, { expiration: "1 hour" })
      const receipt = yield* broadcast(update)
      assert.strictEqual(receipt.requestId, update.id)
      assert.match(receipt.uniqueId ?? "", uuid)
      assert.strictEqual(receipt.attempts, 1)
      const [kept] = yield* simulator.channels
      assert.include(kept?.message?.body, '"content-state":{"score":1}')

      yield* channels.delete(channel)
      assert.deepStrictEqual(yield* simulator.channels, [])
      const error = yield* Effect.flip(broadcast(goal(channel)))
      assert.strictEqual(error.reason._tag, "ChannelNotRegistered")

      const received = yield* simulator.received
      assert.deepStrictEqual(
        received.map(({ kind, method, path, bodyBytes, requestId }) => [
          kind,
          method,
          path,
          bodyBytes > 0,
          uuid.test(requestId ?? "")
        ]),
        [
          ["management", "GET", `/1/apps/${topic}/all-channels`, false, true],
          ["management", "GET", `/1/apps/${topic}/all-channels`, false, true],
          ["management", "POST", `/1/apps/${topic}/channels`, true, true],
          ["management", "GET", `/1/apps/${topic}/all-channels`, false, true],
          ["management", "GET", `/1/apps/${topic}/all-channels`, false, true],
          ["management", "GET", `/1/apps/${topic}/channels`, false, true],
          ["broadcast", "POST", `/4/broadcasts/apps/${topic}`, true, true],
          ["management", "DELETE", `/1/apps/${topic}/channels`, false, true],
          ["broadcast", "POST", `/4/broadcasts/apps/${topic}`, true, true]
        ]
      )
      assert.isTrue(received.every(({ topic }) => topic === undefined))
      assert.deepStrictEqual(
        (yield* simulator.connections).map(({ excessStreams }) => excessStreams),
        [0, 0]
      )
    }).pipe(Effect.provide(simulatedChannels()))
  )

  it.live("is one of 10,000, which come in one answer", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      for (let n = 0; n < 10_000; n++) yield* simulator.registerChannel({ bundleId: topic })
      const { channels: ids } = yield* channels.list()
      assert.strictEqual(new Set(ids).size, 10_000)
      assert.strictEqual(yield* channels.remaining(), 0)
      const error = yield* Effect.flip(channels.create({ storage: "none" }))
      assert.strictEqual(error.reason._tag, "CannotCreateChannelConfig")
    }).pipe(Effect.provide(simulatedChannels()))
  )

  it.live("is made by many at once, before and after the server knows the token", () =>
    Effect.gen(function* () {
      const channels = yield* Channels
      const made = yield* Effect.forEach(
        Array.from({ length: 50 }, (_, n) => n),
        () => channels.create({ storage: "none" }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(made.map(({ channel }) => channel)).size, 50)
      assert.strictEqual(yield* channels.remaining(), 9950)
    }).pipe(Effect.provide(simulatedChannels()))
  )

  it.live("is not made twice when the answer is lost, and is found in the list", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      yield* simulator.inject({ match: { method: "POST" }, effect: { _tag: "disconnect" } })
      const error = yield* Effect.flip(channels.create({ storage: "none" }))
      assert.deepStrictEqual([error.outcome, error.attempts], ["unknown", 1])
      assert.lengthOf((yield* channels.list()).channels, 1)
    }).pipe(Effect.provide(simulatedChannels()))
  )

  it.live("is read again when the answer is lost or the server goes away", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      const { channel } = yield* channels.create({ storage: "none" })
      for (const effect of [
        { _tag: "disconnect" },
        { _tag: "reset", code: 2 },
        { _tag: "goAway", lastStreamId: "before" }
      ] as const satisfies ReadonlyArray<Fault["effect"]>) {
        yield* simulator.inject({ match: { method: "GET" }, effect })
        assert.strictEqual((yield* channels.read(channel)).storage, "none")
      }
    }).pipe(Effect.provide(simulatedChannels()))
  )

  it.live("is asked for without a body: GET and DELETE end with their header section", () =>
    Effect.gen(function* () {
      const { ca, certificate: cert, key } = yield* Effect.promise(identity)
      const asked: Array<string> = []
      const server = yield* Effect.acquireRelease(
        Effect.sync(() => Http2.createSecureServer({ cert, key })),
        (server) => Effect.sync(() => server.close())
      )
      server.on("stream", (stream, headers) => {
        asked.push(`${headers[":method"]}${stream.endAfterHeaders ? "" : ", then a body"}`)
        stream.on("end", () => {
          const status = { POST: 201, DELETE: 204 }[headers[":method"] ?? ""] ?? 200
          stream.respond({ ":status": status, "apns-channel-id": missing }, { endStream: status !== 200 })
          if (status === 200) stream.end('{"channels":[],"message-storage-policy":0}')
        })
        stream.resume()
      })
      const port = yield* Effect.callback<number>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
      })
      const layer = Channels.layerNoDeps({ topic }).pipe(
        Layer.provide([
          ApnsConnection.layerManagement({ environment: { host: "127.0.0.1", managementPort: port, ca } }),
          JwtCache.layerNone
        ])
      )
      yield* Effect.gen(function* () {
        const channels = yield* Channels
        yield* channels.create({ storage: "none" })
        yield* channels.read(missing)
        yield* channels.list()
        yield* channels.delete(missing)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(asked, ["POST, then a body", "GET", "GET", "DELETE"])
    })
  )

  it.live("is waited for until the timeout, and no longer", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      // Connected before, the time is enough for a slow machine to be heard.
      yield* channels.list()
      yield* simulator.inject({ effect: { _tag: "silence" } })
      const error = yield* Effect.flip(channels.create({ storage: "none" }))
      assert.deepStrictEqual([error.reason._tag, error.outcome], ["DeadlinePassed", "unknown"])
    }).pipe(Effect.provide(simulatedChannels({ channels: { timeout: "3 seconds" } })))
  )

  it.live("is given up when its fiber is interrupted", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      yield* simulator.inject({ effect: { _tag: "silence" } })
      const fiber = yield* Effect.forkChild(channels.list())
      yield* simulator.awaitReceived(1)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual((yield* channels.list()).channels, [])
    }).pipe(Effect.provide(simulatedChannels()))
  )
})

describe("every reason of channels and broadcasts", () => {
  const requests: ReadonlyArray<
    readonly [string, (channels: Channels["Service"]) => Effect.Effect<unknown, ApnsError, Apns>]
  > = [
    ["create", (channels) => channels.create({ storage: "none" })],
    ["read", (channels) => channels.read(missing)],
    ["delete", (channels) => channels.delete(missing)],
    ["list", (channels) => channels.list()],
    ["broadcast", () => broadcast(goal(missing))]
  ]

  it.live.each(documented)("%i %s arrives as its own class, and can be caught by its name", ([status, name]) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      assert.strictEqual(ReasonTable.rejections[name].status, status)
      for (const [what, use] of requests) {
        yield* simulator.inject({ effect: { _tag: "reject", reason: name } })
        const error = yield* Effect.flip(use(channels))
        assert.isTrue(error.reason instanceof Reason.rejectionClasses[name], `${what}: ${error.message}`)
        assert.propertyVal(error.reason, "status", status)
        assert.propertyVal(error.reason, "requestId", error.requestId)
        assert.match(error.requestId ?? "", uuid)
        assert.strictEqual(error.outcome, "refused")
        assert.strictEqual(error.action, ReasonTable.rejections[name].action)
        assert.strictEqual(error.attempts, 1)

        yield* simulator.inject({ effect: { _tag: "reject", reason: name } })
        const caught = yield* use(channels).pipe(
          Effect.as("accepted"),
          Effect.catchReason("ApnsError", name, (reason) => Effect.succeed(reason._tag))
        )
        assert.strictEqual(caught, name)
      }
    }).pipe(Effect.provide(simulatedChannels({ apns: { retry: never }, channels: { retry: never } })))
  )

  it.live("is taken with a space, as Apple's page prints one", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const channels = yield* Channels
      for (const [, use] of requests) {
        yield* simulator.inject({ effect: { _tag: "reject", reason: "Service Unavailable", status: 503 } })
        assert.strictEqual((yield* Effect.flip(use(channels))).reason._tag, "ServiceUnavailable")
      }
    }).pipe(Effect.provide(simulatedChannels({ apns: { retry: never }, channels: { retry: never } })))
  )

  const p8 = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString()
  const stranger = Credentials.token({ teamId: "STRANGER00", keyId: "STRANGER00", privateKey: Redacted.make(p8) })

  /** What leads to a reason without a fault: the state of the simulator, or what is asked. */
  const states: ReadonlyArray<{
    readonly name: ReasonTable.RejectionName
    readonly options?: Parameters<typeof simulatedChannels>[0]
    readonly given?: (simulator: Simulator["Service"]) => Effect.Effect<unknown>
    readonly use: (channels: Channels["Service"]) => Effect.Effect<unknown, ApnsError, Apns>
  }> = [
    {
      name: "FeatureNotEnabled",
      options: { simulator: { broadcastApps: [] } },
      use: (channels) => channels.create({ storage: "none" })
    },
    { name: "FeatureNotEnabled", options: { simulator: { broadcastApps: [] } }, use: () => broadcast(goal(missing)) },
    { name: "ChannelNotRegistered", use: (channels) => channels.read(missing) },
    { name: "ChannelNotRegistered", use: (channels) => channels.delete(missing) },
    { name: "ChannelNotRegistered", use: () => broadcast(goal(missing)) },
    { name: "BadChannelId", use: (channels) => channels.read("YWI") },
    { name: "BadChannelId", use: () => broadcast(goal("YWI")) },
    {
      name: "CannotCreateChannelConfig",
      options: { simulator: { maxChannels: 1 } },
      given: (simulator) => simulator.registerChannel({ bundleId: topic }),
      use: (channels) => channels.create({ storage: "none" })
    },
    {
      name: "BadExpirationDate",
      given: (simulator) => simulator.registerChannel({ bundleId: topic, id: missing, storage: "none" }),
      use: () => broadcast(goal(missing, { expiration: "1 hour" }))
    },
    {
      name: "BadRequestPayload",
      given: (simulator) => simulator.registerChannel({ bundleId: topic, id: missing }),
      use: () => broadcast({ ...goal(missing), content: { _tag: "Raw", body: "{}" } })
    },
    {
      name: "TopicDisallowed",
      options: { channels: { topic: `${topic}.push-type.liveactivity` } },
      use: (channels) => channels.list()
    },
    { name: "TopicDisallowed", use: () => broadcast(goal(missing, { bundleId: `${topic}.voip` })) },
    {
      name: "InvalidProviderToken",
      options: { channels: { credentials: stranger } },
      use: (channels) => channels.list()
    },
    {
      name: "InvalidProviderToken",
      options: { apns: { credentials: stranger } },
      use: () => broadcast(goal(missing))
    }
  ]
  for (const { name, options, given, use } of states) {
    it.live(`${name} comes of ${use.toString().replaceAll(/\s+/g, " ")}`, () =>
      Effect.gen(function* () {
        yield* given?.(yield* Simulator) ?? Effect.void
        const caught = yield* use(yield* Channels).pipe(
          Effect.as("accepted"),
          Effect.catchReason("ApnsError", name, (reason) => Effect.succeed(reason._tag))
        )
        assert.strictEqual(caught, name)
      }).pipe(Effect.provide(simulatedChannels(options)))
    )
  }
})

describe("hosts and tokens", () => {
  it.live("broadcasts go to a server of their own where one is named; notifications do not", () =>
    Effect.gen(function* () {
      const other = yield* Layer.build(Simulator.layer())
      const broadcastServer = yield* Simulator.pipe(Effect.provide(other))
      const { privateKey: pem, ...key } = (yield* Simulator).key
      yield* broadcastServer.registerKey({ ...key, pem })
      yield* broadcastServer.registerChannel({ bundleId: topic, id: missing })
      const { host, port, ca } = broadcastServer
      const layer = Apns.layer({ ...clientOf(yield* Simulator), broadcastServer: { host, port, ca } })
      yield* Effect.gen(function* () {
        yield* broadcast(goal(missing))
        yield* send(Notification.alert({ device: device(), alert: "Hello" }))
      }).pipe(Effect.provide(layer))
      const kinds = (simulator: Simulator["Service"]) =>
        Effect.map(simulator.received, (received) => received.map(({ kind }) => kind))
      assert.deepStrictEqual(yield* kinds(broadcastServer), ["broadcast"])
      assert.deepStrictEqual(yield* kinds(yield* Simulator), ["device"])
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("a broadcast server that is none fails the layer", () =>
    Effect.gen(function* () {
      const layer = Apns.layer({ ...clientOf(yield* Simulator), broadcastServer: "api-broadcast" })
      const error = yield* Effect.flip(Layer.build(layer))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      assert.propertyVal(error.reason, "setting", "broadcastServer")
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("one provider token serves sending and channels", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { credentials, environment } = clientOf(simulator)
      const layer = Layer.merge(
        Apns.layerNoDeps({ topic }).pipe(Layer.provide([ApnsConnection.layer({ environment }), PayloadSchema.layer])),
        Channels.layerNoDeps({ topic }).pipe(Layer.provide(ApnsConnection.layerManagement({ environment })))
      ).pipe(Layer.provide(JwtCache.layer(yield* credentials)))
      yield* Effect.gen(function* () {
        const { channel } = yield* (yield* Channels).create({ storage: "none" })
        yield* broadcast(goal(channel))
      }).pipe(Effect.provide(layer))
      const tokens = (yield* simulator.received).map(({ token }) => token)
      assert.lengthOf(tokens, 2)
      assert.deepStrictEqual(tokens[0], tokens[1])
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("without a provider token, APNs says that it is missing", () =>
    Effect.gen(function* () {
      const { environment } = clientOf(yield* Simulator)
      const layer = Channels.layerNoDeps({ topic }).pipe(
        Layer.provide([ApnsConnection.layerManagement({ environment }), JwtCache.layerNone])
      )
      const error = yield* Effect.flip(Channels.use((channels) => channels.list())).pipe(Effect.provide(layer))
      assert.strictEqual(error.reason._tag, "MissingProviderToken")
    }).pipe(Effect.provide(Simulator.layer()))
  )
})
