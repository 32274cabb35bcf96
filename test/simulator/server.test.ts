import { connect as connectSocket } from "node:net"
import { connect as connectTls } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { type Received, Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { dialogue, echo, ended, info, rawSession, timedDialogue, until, whileTimePasses } from "./dialogue.ts"
import { answerOf, connect, connectWithToken, device, NoAnswer, providerToken, shortHash, topic } from "./support.ts"

const lines = (entry: Received | undefined) => (entry?.headers ?? []).map(([name, value]) => `${name}: ${value}`)

describe("a push", () => {
  it.live("is accepted, with an id of the server's", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const answer = yield* client.push()
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.body, "")
        assert.match(String(answer.headers["apns-id"]), /^[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}$/)
        assert.match(String(answer.headers["apns-unique-id"]), /^[0-9a-f]{8}-/)
        assert.deepInclude((yield* info(simulator)).binding, { _tag: "token", keyId: simulator.key.keyId })
      })
    )
  )

  it.live("gets its own id back, on an error too", () =>
    dialogue((_, client) =>
      Effect.gen(function* () {
        const id = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
        const accepted = yield* client.push({ headers: { "apns-id": id } })
        const rejected = yield* client.push({ headers: { "apns-id": id, "apns-priority": "7" } })
        assert.strictEqual(accepted.headers["apns-id"], id)
        assert.strictEqual(rejected.headers["apns-id"], id)
        assert.strictEqual(rejected.headers["content-type"], "application/json")
        assert.strictEqual(rejected.body, `{"reason":"BadPriority"}`)
      })
    )
  )

  it.live("gets no unique id in production", () =>
    dialogue(
      (_, client) =>
        Effect.gen(function* () {
          const answer = yield* client.push()
          assert.strictEqual(answer.status, 200)
          assert.isUndefined(answer.headers["apns-unique-id"])
        }),
      { environment: "production" }
    )
  )

  it.live("to a device that is gone carries the time in milliseconds", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "unregistered", token: device.toUpperCase(), since: 1_767_225_600_000 })
        const gone = yield* client.push()
        assert.strictEqual(gone.status, 410)
        assert.deepStrictEqual(gone.json, { reason: "Unregistered", timestamp: 1_767_225_600_000 })
        yield* simulator.register({ state: "expired", token: device })
        const expired = yield* client.push()
        assert.strictEqual(expired.status, 410)
        assert.strictEqual(expired.json.reason, "ExpiredToken")
        assert.closeTo(expired.json.timestamp ?? 0, Date.now(), 10_000)
      })
    )
  )
})

describe("the stream limit", () => {
  it.live("is 1 until the first accepted token, then 1000", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(client.limits, [1])
        const refused = yield* client.push({ headers: { authorization: "bearer nonsense" } })
        assert.strictEqual(refused.json.reason, "InvalidProviderToken")
        assert.deepStrictEqual(client.limits, [1])
        yield* client.push()
        yield* client.limit(1000)
        assert.deepStrictEqual(client.limits, [1, 1000])
        const answers = yield* Effect.all(
          Array.from({ length: 300 }, () => client.push()),
          { concurrency: "unbounded" }
        )
        assert.isTrue(answers.every((answer) => answer.status === 200))
        const connection = yield* info(simulator)
        assert.strictEqual(connection.streamsOpened, 302)
        assert.strictEqual(connection.excessStreams, 0)
        assert.isAtMost(connection.maxStreamsOpen, 1000)
      })
    )
  )

  it.effect("refuses streams above it and answers the others", () =>
    timedDialogue(
      (simulator) =>
        Effect.gen(function* () {
          yield* simulator.inject({ effect: { _tag: "delay", millis: 100 } })
          const session = yield* rawSession(simulator)
          session.request(1)
          session.request(3)
          yield* session.until((frames) => frames.some((frame) => frame.type === 3))
          yield* whileTimePasses(session.until((frames) => frames.some((frame) => frame.type === 1)))
          assert.deepStrictEqual(
            session.frames.filter((frame) => frame.type === 3).map((frame) => [frame.stream, frame.payload]),
            [[3, "00000007"]]
          )
          assert.strictEqual(session.frames.find((frame) => frame.type === 1)?.stream, 1)
          assert.deepInclude(yield* info(simulator, 1), { excessStreams: 1, maxStreamsOpen: 2, streamsOpened: 2 })
        }),
      { maxConcurrentStreams: 1 }
    )
  )

  it.live("holds from its acknowledgement when it is lowered", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const session = yield* rawSession(simulator)
      yield* simulator.setMaxConcurrentStreams(3)
      yield* session.until((frames) => frames.some((frame) => frame.payload === "000300000003"))
      yield* simulator.setMaxConcurrentStreams(2)
      yield* session.until((frames) => frames.some((frame) => frame.payload === "000300000002"))
      yield* simulator.inject({ times: 3, effect: { _tag: "silence" } })
      for (const stream of [1, 3, 5]) session.request(stream)
      yield* session.until((frames) => frames.some((frame) => frame.type === 3 && frame.stream === 5))
      assert.lengthOf(
        session.frames.filter((frame) => frame.type === 3),
        1
      )
      assert.deepInclude(yield* info(simulator), { excessStreams: 1, maxConcurrentStreams: 2, streamsOpen: 2 })
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )

  it.effect("may answer an excess stream with GOAWAY and text", () =>
    timedDialogue(
      (simulator) =>
        Effect.gen(function* () {
          yield* simulator.inject({ effect: { _tag: "delay", millis: 50 } })
          const session = yield* rawSession(simulator)
          session.request(1)
          session.request(3)
          yield* session.until((frames) => frames.some((frame) => frame.type === 7))
          yield* whileTimePasses(session.ended)
          const goAway = session.frames.find((frame) => frame.type === 7)
          assert.strictEqual(goAway?.payload.slice(0, 16), "0000000100000007")
          assert.include(Buffer.from(goAway?.payload ?? "", "hex").toString(), "Maximum active streams violated")
          // The stream below the last stream id was answered before the end.
          assert.strictEqual(session.frames.find((frame) => frame.type === 1)?.stream, 1)
        }),
      { excessStreams: "goAway" }
    )
  )

  it.live("follows setMaxConcurrentStreams and is no longer raised then", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.setMaxConcurrentStreams(7)
        yield* client.limit(7)
        yield* client.push()
        yield* client.push()
        assert.deepStrictEqual(client.limits, [1, 7])
        yield* simulator.setMaxConcurrentStreams(0)
        yield* client.limit(0)
        assert.strictEqual((yield* info(simulator)).maxConcurrentStreams, 0)
      })
    )
  )

  it.live("falls after a rejection and returns after a success when asked to", () =>
    dialogue(
      (_, client) =>
        Effect.gen(function* () {
          yield* client.push()
          yield* client.push({ headers: { "apns-priority": "7" } })
          yield* client.push()
          yield* until(Effect.sync(() => client.limits.length === 4))
          assert.deepStrictEqual(client.limits, [1, 9, 2, 9])
        }),
      { maxConcurrentStreams: 9, maxConcurrentStreamsAfterRejection: 2 }
    )
  )
})

describe("the log", () => {
  it.live("keeps what was sent and never a token", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const token = providerToken(simulator.key)
      const client = yield* connect(simulator, { headers: { authorization: `bearer ${token}` } })
      // A header value leaves node:http2 as latin1.
      const collapse = Buffer.from("Grüße").toString("latin1")
      yield* client.push({ headers: { "apns-collapse-id": collapse }, body: `{"aps":{"alert":"ü"}}` })
      yield* client.push({ headers: { authorization: `Basic ${token}` } })
      yield* simulator.awaitReceived(2)
      const received = yield* simulator.received
      const first = received[0]
      assert.deepInclude(first, {
        sequence: 0,
        connection: 1,
        stream: 1,
        method: "POST",
        path: `/3/device/${device}`,
        device,
        topic,
        pushType: "alert",
        body: `{"aps":{"alert":"ü"}}`,
        bodyBytes: 22
      })
      assert.include(lines(first), "apns-collapse-id: Grüße")
      assert.include(lines(first), "authorization: <redacted>")
      assert.deepInclude(first?.token, {
        kid: simulator.key.keyId,
        iss: simulator.key.teamId,
        hash: shortHash(token)
      })
      assert.deepInclude(first?.answer, { _tag: "answered", status: 200 })
      assert.deepInclude(received[1]?.answer, { _tag: "answered", status: 403, reason: "InvalidProviderToken" })
      const everything = JSON.stringify([received, yield* simulator.connections])
      for (const part of token.split(".")) assert.notInclude(everything, part)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )

  it.live("waits for requests, keeps the newest and forgets on reset", () =>
    dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          const waiting = yield* Effect.forkChild(simulator.awaitReceived(5), { startImmediately: true })
          const never = yield* Effect.forkChild(simulator.awaitReceived(99), { startImmediately: true })
          for (let n = 0; n < 5; n++) yield* client.push({ body: `{"n":${n}}` })
          yield* Fiber.join(waiting)
          yield* Fiber.interrupt(never)
          const kept = yield* simulator.received
          assert.deepStrictEqual(
            kept.map((entry) => [entry.sequence, entry.body]),
            [
              [3, `{"n":3}`],
              [4, `{"n":4}`]
            ]
          )
          yield* simulator.register({ state: "unregistered", token: device })
          yield* simulator.inject({ effect: { _tag: "silence" } })
          yield* simulator.reset
          assert.deepStrictEqual(yield* simulator.received, [])
          assert.strictEqual((yield* client.push()).status, 200)
          assert.strictEqual((yield* simulator.received)[0]?.sequence, 0)
        }),
      { keep: 2 }
    )
  )
})

describe("limits on a client", () => {
  it.live("count pushes per device", () =>
    dialogue(
      (_, client) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* client.push()).status, 200)
          assert.strictEqual((yield* client.push()).status, 200)
          assert.deepInclude(yield* client.push(), { status: 429, body: `{"reason":"TooManyRequests"}` })
          assert.strictEqual((yield* client.push({ path: "/3/device/cdcd" })).status, 200)
        }),
      { rateLimit: { perDevice: 2, windowMillis: 60_000 } }
    )
  )

  it.live("end a connection after many errors, and sooner after bad device tokens", () =>
    Effect.gen(function* () {
      const bad = { path: "/3/device/xyz" }
      const wrong = { headers: { "apns-priority": "7" } }
      const options = { disconnectAfterErrors: 8 }
      const reasons = (push: object) =>
        dialogue(
          (simulator, client) =>
            Effect.gen(function* () {
              yield* simulator.register({ state: "unregistered", token: "dddd" })
              for (let n = 0; n < 10; n++) yield* client.push({ path: "/3/device/dddd" })
              let errors = 0
              while (client.goAways.length === 0 && !client.session.closed) {
                yield* client.push(push)
                errors++
                yield* echo(client)
              }
              yield* client.closed
              return [errors, client.goAways[0]?.debugData]
            }),
          options
        )
      assert.deepStrictEqual(yield* reasons(wrong), [8, `{"reason":"BadPriority"}`])
      assert.deepStrictEqual(yield* reasons(bad), [2, `{"reason":"BadDeviceToken"}`])
    })
  )
})

describe("the whole server", () => {
  it.live("says GOAWAY, finishes what it covers and closes", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* simulator.inject({ effect: { _tag: "delay", millis: 60 } })
        const slow = yield* Effect.forkChild(client.push(), { startImmediately: true })
        yield* simulator.awaitReceived(2)
        yield* simulator.goAway({ debugData: `{"reason":"Shutdown"}` })
        assert.strictEqual((yield* Fiber.join(slow)).status, 200)
        yield* client.closed
        assert.deepStrictEqual(client.goAways, [{ code: 0, lastStreamId: 3, debugData: `{"reason":"Shutdown"}` }])
        const next = yield* connectWithToken(simulator)
        assert.strictEqual((yield* next.push()).status, 200)
      })
    )
  )

  it.live("announces its end with the highest stream id and goes on", () =>
    dialogue((simulator) =>
      Effect.gen(function* () {
        const session = yield* rawSession(simulator)
        yield* simulator.goAway({ lastStreamId: 0x7fffffff })
        session.request(1)
        yield* session.until((frames) => frames.some((frame) => frame.type === 1))
        yield* simulator.goAway()
        yield* session.ended
        assert.deepStrictEqual(
          session.frames.filter((frame) => frame.type === 7).map((frame) => frame.payload),
          ["7fffffff00000000", "0000000100000000"]
        )
      })
    )
  )

  it.live("is killed by disconnectAll and goes on listening", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "silence" } })
        const lost = yield* Effect.forkChild(client.push(), { startImmediately: true })
        yield* simulator.awaitReceived(1)
        yield* simulator.disconnectAll
        assert.instanceOf(yield* Effect.flip(Fiber.join(lost)), NoAnswer)
        yield* client.closed
        const next = yield* connectWithToken(simulator)
        assert.strictEqual((yield* next.push()).status, 200)
        assert.deepStrictEqual(
          (yield* simulator.connections).map((connection) => connection.open),
          [false, true]
        )
      })
    )
  )

  it.live("ends promptly with connections and delays open", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Simulator.layer(), scope)
      const simulator = yield* Effect.provide(Simulator, context)
      yield* simulator.inject({ effect: { _tag: "delay", millis: 60_000 } })
      const client = yield* connectWithToken(simulator)
      const idle = connectSocket(simulator.port, simulator.host)
      idle.on("error", () => {})
      const lost = yield* Effect.forkChild(Effect.exit(answerOf(client.open())), { startImmediately: true })
      yield* simulator.awaitReceived(1)
      const started = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - started, 10_000)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(lost)))
      const refused = yield* Effect.exit(Effect.scoped(connectWithToken(simulator)))
      assert.isTrue(Exit.isFailure(refused))
    })
  )

  it.live("fails to start on a port that is taken, or with a CA that is none", () =>
    dialogue((simulator) =>
      Effect.gen(function* () {
        const fault = (options: SimulatorOptions) =>
          Effect.map(Effect.flip(Effect.scoped(Layer.build(Simulator.layer(options)))), (error) => error.reason._tag)
        assert.strictEqual(yield* fault({ port: simulator.port }), "ListenFailed")
        assert.strictEqual(yield* fault({ port: 70_000 }), "ListenFailed")
        assert.strictEqual(yield* fault({ clientCa: "no certificate" }), "InvalidTls")
      })
    )
  )

  it.live("survives garbage and speaks HTTP/2 only", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const options = { host: simulator.host, port: simulator.port, ca: simulator.ca }
        yield* ended(connectSocket(simulator.port, simulator.host), "GET / HTTP/1.1\r\n\r\n")
        yield* ended(connectTls({ ...options, ALPNProtocols: ["http/1.1"] }), "")
        yield* ended(connectTls(options), "GET / HTTP/1.1\r\n\r\n")
        yield* ended(connectTls({ ...options, ALPNProtocols: ["h2"] }), "GET / HTTP/1.1\r\n\r\n".repeat(10))
        assert.strictEqual((yield* client.push()).status, 200)
      })
    )
  )

  it.live("survives a HEAD and numbers out of range", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* client.push({ method: "HEAD" })).status, 405)
        yield* simulator.setMaxConcurrentStreams(Number.NaN)
        yield* client.limit(0)
        yield* simulator.setMaxConcurrentStreams(1e12)
        yield* client.limit(0xffffffff)
        assert.strictEqual((yield* client.push()).status, 200)
        yield* simulator.goAway({ code: -1, lastStreamId: 1e12 })
        yield* until(Effect.sync(() => client.goAways.length > 0))
        assert.deepStrictEqual(client.goAways, [{ code: 0, lastStreamId: 0x7fffffff, debugData: "" }])
      })
    )
  )

  it.live("survives streams that are reset and connections that vanish", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.limit(1000)
        yield* simulator.inject({ times: 50, effect: { _tag: "delay", millis: 30 } })
        for (let n = 0; n < 50; n++) client.open().close(8)
        const other = yield* connectWithToken(simulator)
        other.open()
        other.session.destroy()
        const settled = ({ answer }: Received) => answer._tag === "answered" || answer.why !== "pending"
        yield* echo(client)
        yield* until(Effect.map(simulator.connections, (connections) => connections[1]?.open === false))
        yield* until(Effect.map(simulator.received, (received) => received.every(settled)))
        assert.strictEqual((yield* client.push()).status, 200)
        assert.strictEqual((yield* info(simulator)).streamsOpen, 0)
        assert.isTrue(
          (yield* simulator.received).every(
            (entry) => entry.answer._tag === "answered" || entry.answer.why === "closed"
          )
        )
      })
    )
  )
})

describe("a repeated header", () => {
  it.live("is a duplicate, whatever its name", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const session = yield* rawSession(simulator)
      session.request(1, [["apns-topic", "com.example.other"]])
      yield* session.until((frames) => frames.some((frame) => frame.type === 1 && frame.stream === 1))
      session.request(3, [
        ["authorization", "bearer x"],
        ["x-mine", "1"]
      ])
      yield* session.until((frames) => frames.some((frame) => frame.type === 1 && frame.stream === 3))
      const received = yield* simulator.received
      for (const entry of received) {
        assert.deepInclude(entry.answer, { status: 400, reason: "DuplicateHeaders" })
      }
      assert.include(lines(received[0]), `apns-topic: ${topic}`)
      assert.include(lines(received[0]), "apns-topic: com.example.other")
      assert.lengthOf(received[1]?.headers.filter(([name]) => name === "authorization") ?? [], 2)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )
})
