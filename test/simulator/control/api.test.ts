import { assert, describe, it } from "@effect/vitest"
import { Validator } from "@seriousme/openapi-schema-validator"
import { Effect, Fiber } from "effect"
import { connect, connectWithToken, device, providerToken, topic } from "../support.ts"
import { controlled } from "./support.ts"

const gone = "cd".repeat(32)
const alert = (title: string, body: string) => JSON.stringify({ aps: { alert: { title, body } } })

describe("received", () => {
  it.live("lists summaries newest first, and pages without a shift", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        for (let n = 1; n <= 5; n++) yield* client.push({ body: alert(`T${n}`, "text") })
        const first = yield* ask("/api/received?limit=2")
        assert.deepStrictEqual(
          first.json.items.map((item: { id: number }) => item.id),
          [5, 4]
        )
        assert.deepInclude(first.json, { next: 4, kept: 5 })
        assert.deepInclude(first.json.items[0], {
          kind: "device",
          device,
          app: topic,
          topic,
          pushType: "alert",
          title: "T5",
          text: "text",
          outcome: "accepted",
          status: 200
        })
        yield* client.push()
        const second = yield* ask(`/api/received?limit=2&before=${first.json.next}`)
        assert.deepStrictEqual(
          second.json.items.map((item: { id: number }) => item.id),
          [3, 2]
        )
        const last = yield* ask(`/api/received?limit=2&before=${second.json.next}`)
        assert.strictEqual(last.json.items.length, 1)
        assert.notProperty(last.json, "next")
      })
    )
  )

  it.live("filters by every field", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "unregistered", token: gone })
        yield* simulator.addScenario({
          id: "busy",
          match: { topic: `${topic}.voip` },
          effect: { _tag: "reject", reason: "ServiceUnavailable" }
        })
        yield* client.push({
          body: alert("Hello", "Zürich"),
          headers: { "apns-collapse-id": "c1", "apns-id": "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11" }
        })
        yield* client.push({ path: `/3/device/${gone}` })
        yield* client.push({ headers: { "apns-topic": `${topic}.voip`, "apns-push-type": "voip" }, body: "{}" })
        const ids = (query: string) =>
          Effect.map(ask(`/api/received?${query}`), ({ json, text }) => {
            assert.isDefined(json.items, text)
            return json.items.map((item: { id: number }) => item.id)
          })
        const table: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
          [`app=${topic}`, [3, 2, 1]],
          [`topic=${topic}`, [2, 1]],
          [`device=${device.toUpperCase()}`, [3, 1]],
          ["device=cdcd", [2]],
          ["pushType=voip", [3]],
          ["kind=device", [3, 2, 1]],
          ["kind=broadcast", []],
          ["outcome=accepted", [1]],
          ["outcome=refused", [2]],
          ["outcome=faulted", [3]],
          ["outcome=pending", []],
          ["status=410", [2]],
          ["reason=Unregistered", [2]],
          ["scenario=busy", [3]],
          ["collapseId=c1", [1]],
          ["apnsId=0F2B6B1E-6A0E-4C55-9D0A-5A6F0A3C9B11", [1]],
          ["connection=1", [3, 2, 1]],
          ["connection=2", []],
          ["text=z%C3%BCrich", [1]],
          ["text=voip", [3]],
          ["text=.*", []],
          ["after=2", [3]],
          ["since=0&until=9999999999999", [3, 2, 1]],
          ["until=5", []]
        ]
        for (const [query, expected] of table) assert.deepStrictEqual(yield* ids(query), expected, query)
      })
    )
  )

  it.live("shows one whole, with Apple's rule, the fix and what a device would show", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "unregistered", token: gone })
        yield* client.push({ path: `/3/device/${gone}`, body: alert("Hello", "<b>World</b>") })
        const { json, text } = yield* ask("/api/received/1")
        assert.deepInclude(json, {
          id: 1,
          outcome: "refused",
          reason: "Unregistered",
          truncated: false,
          maxBytes: 4096
        })
        assert.strictEqual(json.explanation.source, "Handling notification responses from APNs")
        assert.isString(json.explanation.fix)
        assert.strictEqual(json.registered.device.state, "unregistered")
        assert.deepInclude(json.preview, { surface: "banner", title: "Hello", body: "<b>World</b>" })
        assert.include(json.pretty, '\n  "aps"')
        assert.deepInclude(json.headers, ["authorization", "<redacted>"])
        assert.notInclude(text, "null")
        assert.strictEqual((yield* ask("/api/received/2")).status, 404)
        assert.strictEqual((yield* ask("/api/received/nothing")).status, 400)
        const whole = yield* ask("/api/received/whole?order=oldest")
        assert.deepStrictEqual(whole.json, [json])
        assert.deepInclude((yield* ask("/api/received/summary")).json, { firstId: 1, lastId: 1, kept: 1 })
      })
    )
  )

  it.live("forgets on request, and gives no id twice", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        yield* client.push()
        const cleared = yield* ask("/api/received", { method: "DELETE" })
        assert.strictEqual(cleared.status, 204)
        assert.deepStrictEqual((yield* ask("/api/received")).json, { items: [], kept: 0 })
        yield* client.push()
        assert.strictEqual((yield* ask("/api/received")).json.items[0].id, 2)
      })
    )
  )
})

describe("wait-for", () => {
  it.live("waits until what is meant has its answer", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* simulator.inject({ match: { pushType: "background" }, effect: { _tag: "delay", millis: 50 } })
        const waiting = yield* Effect.forkChild(ask("/api/wait-for?pushType=background&timeout=10000"))
        yield* client.push()
        yield* client.push({
          headers: { "apns-push-type": "background", "apns-priority": "5" },
          body: JSON.stringify({ aps: { "content-available": 1 } })
        })
        const { json } = yield* Fiber.join(waiting)
        assert.isTrue(json.matched)
        assert.strictEqual(json.items.length, 1)
        assert.deepInclude(json.items[0], { id: 2, status: 200, pushType: "background" })
      })
    )
  )

  it.live("counts, in whatever order the answers come", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.limit(1_000)
        yield* simulator.inject({ effect: { _tag: "delay", millis: 60 } })
        client.open()
        client.open()
        const { json } = yield* ask("/api/wait-for?after=1&count=2")
        assert.deepStrictEqual(
          json.items.map((item: { id: number }) => item.id),
          [2, 3]
        )
      })
    )
  )

  it.live("gives up in time, and shows what came instead", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        yield* client.push()
        const { status, json } = yield* ask("/api/wait-for?topic=com.example.none&timeout=20")
        assert.strictEqual(status, 200)
        assert.isFalse(json.matched)
        assert.deepStrictEqual(json.items, [])
        assert.strictEqual(json.others[0].id, 1)
      })
    )
  )
})

describe("replay", () => {
  it.live("sends it again, signed by the simulator's key, and it is judged anew", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* client.push({ body: alert("Grüße", "😀"), headers: { "apns-collapse-id": "Grüße" } })
        yield* simulator.register({ state: "unregistered", token: device })
        const { json } = yield* ask("/api/received/1/replay", { body: {} })
        assert.deepInclude(json, { id: 2, replayOf: 1, outcome: "refused", reason: "Unregistered", connection: 2 })
        assert.strictEqual(json.token.kid, simulator.key.keyId)
        const original = (yield* ask("/api/received/1")).json
        assert.strictEqual(json.body, original.body)
        const of = (headers: ReadonlyArray<readonly [string, string]>) =>
          headers.filter(([name]) => name.startsWith("apns-"))
        assert.deepStrictEqual(of(json.headers), of(original.headers))
        assert.strictEqual((yield* ask("/api/received/9/replay", { body: {} })).status, 404)
      })
    )
  )

  it.live("sends with a token of the clock that the simulator goes by", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* simulator.moveClock({ _tag: "advance", millis: 5 * 3_600_000 })
        const { json } = yield* ask("/api/received/1/replay", { body: {} })
        assert.strictEqual(json.outcome, "accepted")
      })
    )
  )

  it.live("says why it cannot", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        yield* client.push({ body: Buffer.from([0xff, 0xfe, 0x7b]) })
        const { status, json } = yield* ask("/api/received/1/replay", { body: {} })
        assert.strictEqual(status, 409)
        assert.include(json.message, "UTF-8")
      })
    )
  )

  it.live("repeats requests to the management port there", () =>
    controlled(({ ask, simulator }) =>
      Effect.gen(function* () {
        const authorization = `bearer ${providerToken(simulator.key)}`
        const manager = yield* connect({ ...simulator, port: simulator.managementPort }, { headers: { authorization } })
        yield* manager.push({
          path: `/1/apps/${topic}/channels`,
          headers: { "apns-topic": undefined, "apns-push-type": undefined },
          body: JSON.stringify({ "message-storage-policy": 1, "push-type": "LiveActivity" })
        })
        const { json } = yield* ask("/api/received/1/replay", { body: {} })
        assert.deepInclude(json, { kind: "management", status: 201, replayOf: 1 })
        assert.strictEqual((yield* simulator.channels).length, 2)
      })
    )
  )
})

describe("export", () => {
  it.live("writes a request down as curl, .apns and TypeScript", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* client.push({ body: alert("It's", "me") })
        yield* client.push({ headers: { "apns-push-type": "voip", "apns-topic": `${topic}.voip` }, body: "{}" })
        const curl = yield* ask("/api/received/1/export?as=curl")
        assert.include(String(curl.headers["content-type"]), "text/plain")
        assert.include(curl.text, `https://127.0.0.1:${simulator.port}/3/device/${device}`)
        assert.include(curl.text, "It'\\''s")
        const file = yield* ask("/api/received/1/export?as=apns")
        assert.strictEqual(file.json["Simulator Target Bundle"], topic)
        assert.include((yield* ask("/api/received/1/export?as=typescript")).text, "Notification.raw({")
        assert.strictEqual((yield* ask("/api/received/2/export?as=apns")).status, 409)
        assert.strictEqual((yield* ask("/api/received/1/export?as=fax")).status, 400)
      })
    )
  )
})

describe("devices", () => {
  it.live("registers, takes offline and online, and forgets", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        const token = "AB".repeat(32)
        const made = yield* ask("/api/devices", { body: { state: "active", token, topics: [topic] } })
        assert.deepInclude(made.json, { token: device, received: 0 })
        const offline = yield* ask(`/api/devices/${device}`, { method: "PATCH", body: { online: false } })
        assert.deepStrictEqual(offline.json.device, { state: "offline", token: device, topics: [topic] })
        yield* client.push()
        const stored = (yield* ask("/api/devices")).json[0].stored
        assert.strictEqual(stored[0].received, 1)
        assert.strictEqual((yield* ask("/api/received/1")).json.delivery._tag, "stored")
        const online = yield* ask(`/api/devices/${device}`, { method: "PATCH", body: { online: true } })
        assert.deepInclude(online.json, { received: 1, stored: [] })
        assert.strictEqual((yield* ask("/api/received/1")).json.delivery._tag, "delivered")
        assert.strictEqual((yield* ask(`/api/devices/${device}`, { method: "DELETE" })).status, 204)
        assert.strictEqual((yield* ask(`/api/devices/${device}`, { method: "DELETE" })).status, 404)
        assert.strictEqual((yield* ask(`/api/devices/none`, { method: "PATCH", body: { online: true } })).status, 404)
        assert.strictEqual((yield* ask("/api/devices", { body: { state: "sleepy", token } })).status, 400)
      })
    )
  )
})

describe("scenarios", () => {
  it.live("are put, counted, switched and forgotten", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        const effect = { _tag: "reject", reason: "TooManyRequests" }
        const put = yield* ask("/api/scenarios/hot%20day", { method: "PUT", body: { name: "Hot", effect } })
        assert.deepStrictEqual(put.json, {
          kind: "scenario",
          scenario: { id: "hot day", name: "Hot", effect },
          matched: 0,
          applied: 0,
          spent: false
        })
        assert.strictEqual((yield* client.push()).status, 429)
        const off = yield* ask("/api/scenarios/hot%20day", { method: "PATCH", body: { enabled: false } })
        assert.deepInclude(off.json, { matched: 1, applied: 1 })
        assert.strictEqual((yield* client.push()).status, 200)
        const loaded = yield* ask("/api/scenarios", {
          body: [
            { id: "a", effect },
            { id: "b", effect, enabled: false }
          ]
        })
        assert.strictEqual(loaded.json.length, 2)
        assert.strictEqual((yield* ask("/api/scenarios")).json.length, 3)
        assert.strictEqual((yield* ask("/api/scenarios/a", { method: "DELETE" })).status, 204)
        assert.strictEqual((yield* ask("/api/scenarios/a", { method: "DELETE" })).status, 404)
        assert.strictEqual((yield* ask("/api/scenarios/a", { method: "PATCH", body: { enabled: true } })).status, 404)
        const bad = yield* ask("/api/scenarios/c", { method: "PUT", body: { effect: { _tag: "explode" } } })
        assert.strictEqual(bad.status, 400)
        assert.isNotEmpty(bad.json.errors)
        assert.strictEqual((yield* ask("/api/faults", { body: { effect } })).status, 204)
        assert.strictEqual((yield* client.push()).status, 429)
        assert.strictEqual((yield* client.push()).status, 200)
        yield* ask("/api/faults", { body: { effect } })
        assert.strictEqual((yield* ask("/api/faults", { method: "DELETE" })).status, 204)
        assert.strictEqual((yield* client.push()).status, 200)
      })
    )
  )
})

describe("channels", () => {
  it.live("are made, listed, and lost with the capability", () =>
    controlled(({ ask, simulator }) =>
      Effect.gen(function* () {
        const made = yield* ask("/api/channels", { body: { bundleId: topic, storage: "mostRecent" } })
        assert.deepInclude(made.json, { bundleId: topic, storage: "mostRecent" })
        assert.deepStrictEqual((yield* ask("/api/channels")).json, [made.json])
        const off = yield* ask(`/api/capabilities/${topic}`, { method: "PUT", body: { broadcast: false } })
        assert.strictEqual(off.status, 204)
        assert.deepStrictEqual(yield* simulator.channels, [])
        assert.strictEqual((yield* ask("/api/channels", { body: { bundleId: topic, id: "not base64!" } })).status, 400)
      })
    )
  )
})

describe("connections", () => {
  it.live("are listed, told to go away, limited and cut", () =>
    controlled(({ ask, client, simulator }) =>
      Effect.gen(function* () {
        yield* client.push()
        const other = yield* connectWithToken(simulator)
        yield* other.push()
        const list = (yield* ask("/api/connections")).json
        assert.deepStrictEqual(
          list.map((each: { id: number; open: boolean }) => [each.id, each.open]),
          [
            [2, true],
            [1, true]
          ]
        )
        assert.deepInclude(list[1].binding, { teamId: simulator.key.teamId, keyId: simulator.key.keyId })
        assert.isNumber(list[1].token.iat)
        yield* ask("/api/connections/max-concurrent-streams", { body: { limit: 7, connection: 1 } })
        yield* client.limit(7)
        assert.notInclude(other.limits, 7)
        const goAway = { connection: 1, debugData: '{"reason":"Shutdown"}', code: 0 }
        assert.strictEqual((yield* ask("/api/connections/go-away", { body: goAway })).status, 204)
        yield* client.closed
        assert.strictEqual(client.goAways[0]?.debugData, '{"reason":"Shutdown"}')
        assert.strictEqual(other.goAways.length, 0)
        assert.strictEqual((yield* ask("/api/connections/disconnect", { body: {} })).status, 204)
        yield* other.closed
        assert.strictEqual((yield* ask("/api/connections/disconnect", { body: { connection: 1 } })).status, 404)
      })
    )
  )
})

describe("the clock, stats and info", () => {
  it.live("moves the clock, and tokens age", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* client.push()).status, 200)
        const moved = yield* ask("/api/clock", { body: { _tag: "advance", millis: 2 * 3_600_000 } })
        assert.strictEqual(moved.json.offset, 7_200_000)
        assert.strictEqual((yield* client.push()).json.reason, "ExpiredProviderToken")
        yield* ask("/api/clock", { body: { _tag: "offset", millis: 0 } })
        assert.deepInclude((yield* ask("/api/clock")).json, { offset: 0 })
        assert.strictEqual((yield* ask("/api/clock", { body: { _tag: "advance", millis: "1" } })).status, 400)
      })
    )
  )

  it.live("counts outcomes and reasons by the second", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.push({ headers: { "apns-priority": "7" } })
        yield* ask("/api/wait-for?count=2")
        const { json } = yield* ask("/api/stats")
        assert.deepInclude(json, { received: 2, reasons: { BadPriority: 1 } })
        assert.deepStrictEqual(json.outcomes, { accepted: 1, refused: 1, faulted: 0, lost: 0 })
        const sum = json.seconds.reduce((total: number, second: { received: number }) => total + second.received, 0)
        assert.strictEqual(sum, 2)
      })
    )
  )

  it.live("says where to send and what to trust", () =>
    controlled(({ ask, simulator, url }) =>
      Effect.gen(function* () {
        const { json } = yield* ask("/api/info")
        assert.deepInclude(json, {
          environment: "sandbox",
          host: "127.0.0.1",
          port: simulator.port,
          managementPort: simulator.managementPort,
          inboxPort: Number(new URL(url).port),
          ca: simulator.ca,
          key: simulator.key,
          keep: 100_000
        })
        assert.notProperty(json, "data")
      })
    )
  )
})

describe("/openapi.json", () => {
  it.live("is a valid document that has every endpoint", () =>
    controlled(({ ask }) =>
      Effect.gen(function* () {
        const { json } = yield* ask("/openapi.json")
        const result = yield* Effect.promise(() => new Validator().validate(json))
        assert.isTrue(result.valid, JSON.stringify(result.errors))
        const operations = Object.entries(json.paths).flatMap(([path, methods]) =>
          Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`)
        )
        assert.includeMembers(operations, [
          "GET /api/received",
          "GET /api/wait-for",
          "GET /api/events",
          "POST /api/clock"
        ])
        assert.isAbove(operations.length, 25)
      })
    )
  )
})
