import { assert, describe, it } from "@effect/vitest"
import type { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { dialogue } from "./dialogue.ts"
import { type Client, connectWithToken, device, type Push, providerToken, topic } from "./support.ts"

const hour = 3_600_000

const reasonOf = (client: Client, push?: Push) =>
  Effect.map(client.push(push), ({ status, json }) => (status === 200 ? "" : json.reason))

const fates = (simulator: Simulator["Service"]) =>
  Effect.map(simulator.received, (received) => received.map(({ delivery }) => delivery?._tag))

const infoOf = (simulator: Simulator["Service"], token = device) =>
  Effect.map(simulator.devices, (devices) => devices.find((one) => one.token === token))

describe("a device that is offline", () => {
  it.live("is kept the newest push of each app, which it gets when it is back", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "offline", token: device })
        yield* client.push()
        yield* client.push({ headers: { "apns-topic": `${topic}.voip`, "apns-push-type": "voip" } })
        yield* client.push({ headers: { "apns-topic": "com.example.other" } })
        assert.deepStrictEqual(yield* fates(simulator), ["replaced", "stored", "stored"])
        const [first] = yield* simulator.received
        assert.deepInclude(first?.delivery, { _tag: "replaced", by: 2 })
        assert.strictEqual(first?.deviceState, "offline")
        const stored = (yield* infoOf(simulator))?.stored.map(({ bundleId, received }) => [bundleId, received])
        assert.deepStrictEqual(stored, [
          [topic, 2],
          ["com.example.other", 3]
        ])
        yield* simulator.register({ state: "active", token: device.toUpperCase() })
        assert.deepStrictEqual(yield* fates(simulator), ["replaced", "delivered", "delivered"])
        assert.deepInclude(yield* infoOf(simulator), { received: 3, lastReceived: 3, stored: [] })
      })
    )
  )

  it.live("is kept nothing with expiration 0, nor beyond it", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "offline", token: device })
        const { now } = yield* simulator.clock
        const expiring = (seconds: number) => ({ headers: { "apns-expiration": String(seconds) } })
        yield* client.push(expiring(0))
        yield* client.push(expiring(1))
        yield* client.push(expiring(Math.ceil(now / 1000) + 600))
        assert.deepStrictEqual(yield* fates(simulator), ["discarded", "expired", "stored"])
        yield* simulator.moveClock({ _tag: "advance", millis: hour })
        assert.deepStrictEqual(yield* fates(simulator), ["discarded", "expired", "expired"])
        assert.deepStrictEqual((yield* infoOf(simulator))?.stored, [])
        yield* simulator.register({ state: "active", token: device })
        assert.deepStrictEqual(yield* fates(simulator), ["discarded", "expired", "expired"])
      })
    )
  )

  it.live("loses what is kept when it is gone, and what was refused is not kept", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.register({ state: "offline", token: device, topics: [topic] })
        yield* client.push()
        assert.strictEqual(
          yield* reasonOf(client, { headers: { "apns-topic": "com.example.other" } }),
          "DeviceTokenNotForTopic"
        )
        yield* simulator.inject({ effect: { _tag: "reject", reason: "TooManyRequests" } })
        yield* client.push()
        yield* simulator.register({ state: "unregistered", token: device })
        assert.deepStrictEqual(yield* fates(simulator), ["discarded", undefined, undefined])
      })
    )
  )
})

describe("a device", () => {
  it.live("is limited until a time, gone from a time on, and can come back", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const { now } = yield* simulator.clock
        yield* simulator.register({ state: "rateLimited", token: device, until: now + hour })
        assert.strictEqual(yield* reasonOf(client), "TooManyRequests")
        yield* simulator.register({ state: "expired", token: "aaaa", since: now + hour })
        assert.strictEqual(yield* reasonOf(client, { path: "/3/device/aaaa" }), "")
        yield* simulator.moveClock({ _tag: "advance", millis: 1.5 * hour })
        // The token of the connection is stale by now.
        const fresh = { authorization: `bearer ${providerToken(simulator.key, { nowMillis: now + 1.5 * hour })}` }
        assert.strictEqual(yield* reasonOf(client, { headers: fresh }), "")
        assert.strictEqual(yield* reasonOf(client, { headers: fresh, path: "/3/device/aaaa" }), "ExpiredToken")
        yield* simulator.register({ state: "active", token: "aaaa" })
        assert.strictEqual(yield* reasonOf(client, { headers: fresh, path: "/3/device/aaaa" }), "")
      })
    )
  )

  it.live("is listed when it got a push, registered or not, and can be forgotten", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* simulator.register({ state: "otherEnvironment", token: "CCCC" })
        const listed = (yield* simulator.devices).map((one) => [one.token, one.device?.state, one.lastTopic])
        assert.deepStrictEqual(listed, [
          ["cccc", "otherEnvironment", undefined],
          [device, undefined, topic]
        ])
        assert.isTrue(yield* simulator.unregister("cccc"))
        assert.isFalse(yield* simulator.unregister("cccc"))
        assert.strictEqual(yield* reasonOf(client, { path: "/3/device/cccc" }), "")
      })
    )
  )

  it.live("shows one push of a collapse id", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const collapsing = { headers: { "apns-collapse-id": "score" } }
        yield* client.push(collapsing)
        yield* client.push()
        yield* client.push({ ...collapsing, path: "/3/device/aaaa" })
        yield* client.push(collapsing)
        const replaces = (yield* simulator.received).map(({ replaces }) => replaces)
        assert.deepStrictEqual(replaces, [undefined, undefined, undefined, 1])
      })
    )
  )
})

describe("the clock", () => {
  it.live("is told in the date of answers", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const dateOf = Effect.map(client.push(), ({ headers }) => Date.parse(String(headers.date)))
        assert.closeTo(yield* dateOf, Date.now(), 10_000)
        yield* simulator.moveClock({ _tag: "advance", millis: hour / 2 })
        assert.closeTo(yield* dateOf, Date.now() + hour / 2, 10_000)
        yield* simulator.moveClock({ _tag: "offset", millis: -3 * hour })
        assert.closeTo(yield* dateOf, Date.now() - 3 * hour, 10_000)
      })
    )
  )

  it.live("decides the age of tokens, for any client", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf(client), "")
        const moved = yield* simulator.moveClock({ _tag: "advance", millis: 1.1 * hour })
        assert.strictEqual(moved.offset, 1.1 * hour)
        assert.closeTo(moved.now, Date.now() + 1.1 * hour, 5_000)
        assert.strictEqual(yield* reasonOf(client), "ExpiredProviderToken")
        yield* simulator.moveClock({ _tag: "offset", millis: -hour })
        assert.strictEqual(yield* reasonOf(client), "InvalidProviderToken")
        const [, , future] = yield* simulator.received
        assert.strictEqual(future?.explanation?.rule, "InvalidProviderToken.future")
        const { now } = yield* simulator.moveClock({ _tag: "set", time: 1_800_000_000_000 })
        assert.closeTo(now, 1_800_000_000_000, 5_000)
        assert.closeTo((yield* simulator.clock).now, 1_800_000_000_000, 5_000)
        yield* simulator.reset
        assert.strictEqual((yield* simulator.clock).offset, 0)
        assert.strictEqual(yield* reasonOf(client), "")
      })
    )
  )
})

describe("the options", () => {
  it.live("prepare devices, channels, scenarios and faults, at the start and after a reset", () =>
    dialogue(
      (simulator) =>
        Effect.gen(function* () {
          for (let round = 0; round < 2; round++) {
            const client = yield* connectWithToken(simulator)
            assert.strictEqual(yield* reasonOf(client), "Shutdown")
            assert.strictEqual(yield* reasonOf(client), "Unregistered")
            assert.strictEqual(yield* reasonOf(client, { path: "/3/device/aaaa" }), "TooManyRequests")
            assert.deepStrictEqual(
              (yield* simulator.channels).map(({ id }) => id),
              ["AAAA"]
            )
            yield* simulator.reset
          }
        }),
      {
        devices: [{ state: "unregistered", token: device }],
        channels: [{ bundleId: topic, id: "AAAA" }],
        scenarios: [{ id: "a", match: { device: "aaaa" }, effect: { _tag: "reject", reason: "TooManyRequests" } }],
        faults: [{ effect: { _tag: "reject", reason: "Shutdown" } }]
      }
    )
  )
})
