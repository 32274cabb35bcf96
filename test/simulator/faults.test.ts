import { assert, describe, it } from "@effect/vitest"
import { Fault, Reasons, type Simulator, statusOf } from "@effect-apns/simulator"
import { Effect, Fiber, Schema } from "effect"
import { dialogue, rawSession, timedDialogue, whileTimePasses } from "./dialogue.ts"
import { type Client, device, NoAnswer, topic } from "./support.ts"

const rstCode = (client: Client) =>
  Effect.map(Effect.flip(client.push()), (error) => {
    assert.instanceOf(error, NoAnswer)
    return error.rstCode
  })

const lastAnswer = (simulator: Simulator["Service"]) =>
  Effect.map(simulator.received, (received) => received.at(-1)?.answer)

describe("a reject fault", () => {
  it.live("brings every reason of the table over the wire with its status", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        for (const [reason, status] of Object.entries(Reasons)) {
          yield* simulator.inject({ effect: { _tag: "reject", reason } })
          const answer = yield* client.push()
          assert.strictEqual(answer.status, status, reason)
          assert.strictEqual(answer.json.reason, reason)
          assert.strictEqual(answer.json.timestamp !== undefined, status === 410)
          assert.isString(answer.headers["apns-id"])
        }
        assert.strictEqual((yield* client.push()).status, 200)
        assert.strictEqual(Object.keys(Reasons).length, 44)
      })
    )
  )

  it.live("can be late, carry a time, a retry-after and any header, status and reason", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({
          delayMillis: 40,
          effect: {
            _tag: "reject",
            reason: "BrandNew",
            status: 429,
            timestamp: 5,
            retryAfter: 7,
            headers: { "x-trace": "abc" }
          }
        })
        const started = performance.now()
        const answer = yield* client.push()
        assert.isAtLeast(performance.now() - started, 38)
        assert.strictEqual(answer.status, 429)
        assert.strictEqual(answer.body, `{"reason":"BrandNew","timestamp":5}`)
        assert.deepInclude(answer.headers, { "retry-after": "7", "x-trace": "abc" })
      })
    )
  )

  it.live("of a credential keeps the stream limit down", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "reject", reason: "ExpiredProviderToken" } })
        yield* client.push()
        assert.deepStrictEqual(client.limits, [1])
        yield* client.push()
        yield* client.limit(1000)
      })
    )
  )

  it("is answered 400 when its reason is in no table", () => {
    assert.strictEqual(statusOf("constructor"), 400)
    assert.strictEqual(statusOf("Unregistered"), 410)
  })
})

describe("a respond fault", () => {
  it.live("answers anything", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const body = "<html>Bad gateway</html>"
        yield* simulator.inject({ effect: { _tag: "respond", status: 502, contentType: "text/html", body } })
        const page = yield* client.push()
        assert.deepInclude(page, { status: 502, body })
        assert.strictEqual(page.headers["content-type"], "text/html")
        assert.isUndefined(page.headers["apns-id"])
        yield* simulator.inject({ effect: { _tag: "respond", status: 200 } })
        assert.deepInclude(yield* client.push(), { status: 200, body: "" })
        yield* simulator.inject({ effect: { _tag: "respond", status: 204, body: "dropped" } })
        assert.deepInclude(yield* client.push(), { status: 204, body: "" })
      })
    )
  )

  it.live("with a header that cannot be sent resets the stream", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "respond", status: 200, headers: { connection: "close" } } })
        assert.strictEqual(yield* rstCode(client), 2)
        assert.strictEqual((yield* client.push()).status, 200)
      })
    )
  )
})

describe("a fault of the transport", () => {
  it.effect("delays an answer", () =>
    timedDialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "delay", millis: 40 } })
        const slow = yield* Effect.forkChild(client.push(), { startImmediately: true })
        yield* simulator.awaitReceived(1)
        assert.deepInclude(yield* lastAnswer(simulator), { why: "pending" })
        assert.strictEqual((yield* whileTimePasses(Fiber.join(slow))).status, 200)
        assert.deepInclude(yield* lastAnswer(simulator), { status: 200 })
      })
    )
  )

  it.live("leaves a request unanswered", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "silence" } })
        const stream = client.open()
        yield* simulator.awaitReceived(1)
        yield* client.limit(1000)
        assert.strictEqual((yield* client.push()).status, 200)
        assert.isFalse(stream.closed)
        assert.deepStrictEqual((yield* simulator.received)[0]?.answer, { _tag: "unanswered", why: "silence" })
      })
    )
  )

  it.live("resets a stream with its code and leaves the others", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        for (const code of [7, 2, 11]) {
          yield* simulator.inject({ effect: { _tag: "reset", code } })
          assert.strictEqual(yield* rstCode(client), code)
        }
        assert.strictEqual((yield* client.push()).status, 200)
      })
    )
  )

  it.live("destroys the socket", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "disconnect" } })
        yield* rstCode(client)
        yield* client.closed
        assert.deepStrictEqual(yield* lastAnswer(simulator), { _tag: "unanswered", why: "disconnect" })
      })
    )
  )

  it.live("changes the stream limit and answers", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ skip: 1, effect: { _tag: "settings", maxConcurrentStreams: 3 } })
        yield* client.push()
        assert.strictEqual((yield* client.push()).status, 200)
        yield* client.limit(3)
        yield* client.push()
        assert.deepStrictEqual(client.limits, [1, 1000, 3])
      })
    )
  )
})

describe("a stream limit for a time", () => {
  it.live("goes back to that of the options", () =>
    dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          yield* simulator.inject({ effect: { _tag: "settings", maxConcurrentStreams: 0, forMillis: 30 } })
          assert.strictEqual((yield* client.push()).status, 200)
          yield* client.limit(0)
          yield* client.limit(500)
          assert.strictEqual((yield* client.push()).status, 200)
        }),
      { maxConcurrentStreams: 500 }
    )
  )
})

describe("a GOAWAY fault", () => {
  it.live("covers its stream and answers it", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "goAway", debugData: `{"reason":"Shutdown"}` } })
        assert.strictEqual((yield* client.push()).status, 200)
        yield* client.closed
        assert.deepStrictEqual(client.goAways, [{ code: 0, lastStreamId: 1, debugData: `{"reason":"Shutdown"}` }])
        const connection = (yield* simulator.connections)[0]
        assert.deepStrictEqual(connection?.goAways, client.goAways)
      })
    )
  )

  it.live("covers its stream and never answers it", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "goAway", answer: false } })
        yield* rstCode(client)
        yield* client.closed
        assert.deepInclude(client.goAways[0], { lastStreamId: 1 })
        assert.deepStrictEqual(yield* lastAnswer(simulator), { _tag: "unanswered", why: "goAway" })
      })
    )
  )

  it.live("stops before its stream and finishes those below", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.limit(1000)
        yield* simulator.inject({ match: { device: "aaaa" }, effect: { _tag: "delay", millis: 60 } })
        yield* simulator.inject({ match: { device: "bbbb" }, effect: { _tag: "goAway", lastStreamId: "before" } })
        const below = yield* Effect.forkChild(client.push({ path: "/3/device/aaaa" }), { startImmediately: true })
        const above = yield* Effect.forkChild(Effect.flip(client.push({ path: "/3/device/bbbb" })), {
          startImmediately: true
        })
        assert.strictEqual((yield* Fiber.join(above)).rstCode, 7)
        assert.strictEqual((yield* Fiber.join(below)).status, 200)
        yield* client.closed
        assert.deepStrictEqual(client.goAways, [{ code: 0, lastStreamId: 3, debugData: "" }])
      })
    )
  )

  it.effect("announces the end, lets streams in, then says it", () =>
    timedDialogue((simulator) =>
      Effect.gen(function* () {
        const session = yield* rawSession(simulator)
        const goAways = () => session.frames.filter(({ type }) => type === 7).map(({ payload }) => payload)
        yield* simulator.inject({ effect: { _tag: "shutdown", code: 2, millis: 60, debugData: "bye" } })
        session.request(1)
        yield* session.until(() => goAways().length === 1)
        session.request(3)
        yield* session.until((frames) => frames.some(({ type, stream }) => type === 1 && stream === 3))
        yield* whileTimePasses(session.ended)
        assert.deepStrictEqual(goAways(), ["7fffffff00000000", `0000000300000002${Buffer.from("bye").toString("hex")}`])
        const statuses = (yield* simulator.received).map(({ answer }) => answer._tag === "answered" && answer.status)
        assert.deepStrictEqual(statuses, [200, 200])
      })
    )
  )

  it.live("can say 0 with the reason for refusing the connection", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const debugData = `{"reason":"BadCertificateEnvironment"}`
        yield* simulator.inject({ effect: { _tag: "goAway", code: 2, lastStreamId: 0, debugData } })
        yield* rstCode(client)
        yield* client.closed
        assert.deepStrictEqual(client.goAways, [{ code: 2, lastStreamId: 0, debugData }])
      })
    )
  )
})

describe("an observer", () => {
  it.live("hears of every request once, and whether it was processed", () => {
    const heard: Array<readonly [string | undefined, string, boolean]> = []
    return dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          const push = (name: string, effect: Fault["effect"]) =>
            Effect.andThen(
              simulator.inject({ effect }),
              Effect.exit(client.push({ headers: { "apns-collapse-id": name } }))
            )
          yield* client.push({ path: "/3/device/00" })
          yield* client.push({ path: "/3/device/xyz" })
          yield* push("reject", { _tag: "reject", reason: "ServiceUnavailable" })
          yield* push("respond", { _tag: "respond", status: 200 })
          yield* push("refused", { _tag: "reset", code: 7 })
          yield* push("reset", { _tag: "reset", code: 2 })
          yield* push("delay", { _tag: "delay", millis: 5 })
          yield* push("goAway", { _tag: "goAway", lastStreamId: "before" })
        }),
      {
        keep: 1,
        onSettled: ({ answer, headers, path }, processed) => {
          const name = headers.find(([header]) => header === "apns-collapse-id")?.[1] ?? path
          heard.push([name, answer._tag === "answered" ? String(answer.status) : answer.why, processed])
        }
      }
    ).pipe(
      Effect.andThen(
        Effect.sync(() =>
          assert.deepStrictEqual(heard, [
            ["/3/device/00", "200", true],
            ["/3/device/xyz", "400", false],
            ["reject", "503", false],
            ["respond", "200", false],
            ["refused", "reset", false],
            ["reset", "reset", true],
            ["delay", "200", true],
            ["goAway", "goAway", false]
          ])
        )
      )
    )
  })
})

describe("faults", () => {
  it.live("apply in order of injection, to what they match, as often as they say", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const reject = (reason: string) => ({ _tag: "reject" as const, reason })
        yield* simulator.inject({ match: { topic: "com.example.other" }, effect: reject("BadTopic") })
        yield* simulator.inject({ match: { pushType: "background" }, effect: reject("InvalidPushType") })
        yield* simulator.inject({ match: { path: "/3/device/ff" }, effect: reject("BadPath") })
        yield* simulator.inject({
          match: { device: device.toUpperCase(), topic },
          skip: 1,
          times: 2,
          effect: reject("ServiceUnavailable")
        })
        const reasons: Array<string | undefined> = []
        for (let n = 0; n < 4; n++) reasons.push((yield* client.push()).json.reason)
        assert.deepStrictEqual(reasons, [undefined, "ServiceUnavailable", "ServiceUnavailable", undefined])
        assert.strictEqual((yield* client.push({ path: "/3/device/ff" })).json.reason, "BadPath")
        yield* simulator.clearFaults
        assert.strictEqual((yield* client.push({ headers: { "apns-topic": "com.example.other" } })).status, 200)
      })
    )
  )

  it.live("that are not faults are a defect", () =>
    dialogue((simulator) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(simulator.inject({ effect: { _tag: "respond", status: 42 } }))
        assert.strictEqual(exit._tag, "Failure")
      })
    )
  )

  it.effect("survive JSON", () =>
    Effect.gen(function* () {
      const fault: Fault = {
        match: { device: "7a1f" },
        skip: 2,
        delayMillis: 5,
        effect: { _tag: "goAway", lastStreamId: "before", answer: false }
      }
      const json = yield* Schema.encodeEffect(Schema.fromJsonString(Fault))(fault)
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Fault))(json), fault)
    })
  )
})
