import { assert, describe, it } from "@effect/vitest"
import { payloadOf, type SimulatorEvent } from "@effect-apns/simulator"
import { Effect, Fiber, Latch, Stream } from "effect"
import { EventHub, maxWaiting } from "../../packages/simulator/src/internal/events.ts"
import { dialogue, timedDialogue, until, whileTimePasses } from "./dialogue.ts"
import { device, topic } from "./support.ts"

describe("the inbox", () => {
  it.live("waits for a push that matches, and finds one that came", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const { inbox } = simulator
        const waiting = yield* Effect.forkChild(inbox.waitFor({ pushType: "alert", device: "BBBB" }), {
          startImmediately: true
        })
        yield* client.push()
        yield* client.push({ path: "/3/device/bbbb", body: `{"aps":{"alert":"two"}}` })
        const found = yield* Fiber.join(waiting)
        assert.deepStrictEqual(payloadOf(found), { aps: { alert: "two" } })
        assert.deepInclude(found, { id: 2, kind: "device", maxBytes: 4096, deviceState: "unknown" })
        assert.strictEqual((yield* inbox.waitFor({ device })).id, 1)
        assert.strictEqual((yield* inbox.waitFor(({ bodyBytes }) => bodyBytes > 0, { after: 1 })).id, 2)
        assert.strictEqual((yield* inbox.get(2))?.path, "/3/device/bbbb")
        assert.isUndefined(yield* inbox.get(3))
      })
    )
  )

  it.live("says what came instead when nothing matches in time", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push({ headers: { "apns-priority": "7" } })
        const error = yield* Effect.flip(simulator.inbox.waitFor({ topic: "com.example.other" }, { timeout: 30 }))
        assert.include(error.message, `no request that matches {"topic":"com.example.other"} within 30 ms`)
        assert.include(error.message, `POST device ${topic} alert: 400 BadPriority`)
      })
    )
  )

  it.effect("counts a request when it is answered", () =>
    timedDialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "delay", millis: 60 } })
        client.open()
        yield* simulator.awaitReceived(1)
        const [pending] = yield* simulator.inbox.entries()
        assert.deepStrictEqual(pending?.answer, { _tag: "unanswered", why: "pending" })
        assert.deepInclude((yield* whileTimePasses(simulator.inbox.waitFor())).answer, { status: 200 })
      })
    )
  )

  it.live("is searched, from either end", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const { inbox } = simulator
        yield* client.push({ body: `{"aps":{"alert":"Hallo Wélt"}}`, headers: { "apns-collapse-id": "c" } })
        yield* client.push({ headers: { "apns-priority": "7" } })
        yield* client.push({ headers: { "apns-topic": "com.example.other" } })
        const ids = (query: Parameters<typeof inbox.entries>[0]) =>
          Effect.map(inbox.entries(query), (entries) => entries.map(({ id }) => id))
        assert.deepStrictEqual(yield* ids({}), [3, 2, 1])
        assert.deepStrictEqual(yield* ids({ order: "oldest", limit: 2 }), [1, 2])
        assert.deepStrictEqual(yield* ids({ after: 1, before: 3 }), [2])
        assert.deepStrictEqual(yield* ids({ order: "oldest", after: 1, before: 3 }), [2])
        const matching: ReadonlyArray<readonly [Parameters<typeof inbox.waitFor>[0] & object, ReadonlyArray<number>]> =
          [
            [{ text: "WÉLT" }, [1]],
            [{ text: "apns-priority: 7" }, [2]],
            [{ outcome: "rejected" }, [2]],
            [{ outcome: "accepted" }, [3, 1]],
            [{ reason: "BadPriority", status: 400 }, [2]],
            [{ topic: "com.example.other" }, [3]],
            [{ collapseId: "c" }, [1]],
            [{ connection: 9 }, []]
          ]
        for (const [match, wanted] of matching) {
          if (typeof match !== "function") assert.deepStrictEqual(yield* ids({ match }), wanted, JSON.stringify(match))
        }
        const [accepted] = yield* inbox.entries()
        const apnsId = accepted?.answer._tag === "answered" ? accepted.answer.apnsId : undefined
        assert.deepStrictEqual(yield* ids({ match: { apnsId: apnsId?.toLowerCase() } }), [3])
        yield* inbox.clear
        assert.deepStrictEqual(yield* ids({}), [])
        assert.deepStrictEqual(yield* inbox.summary, { firstId: 4, lastId: 3, kept: 0, keptBytes: 0 })
        yield* client.push()
        assert.deepStrictEqual(yield* ids({}), [4])
      })
    )
  )

  it.live("explains a refusal by its rule", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push({ headers: { "apns-push-type": "background", "apns-priority": "10" } })
        yield* client.push({ headers: { "apns-priority": "7" } })
        yield* client.push()
        const [fine, plain, background] = yield* simulator.inbox.entries()
        assert.isUndefined(fine?.explanation)
        assert.deepInclude(plain?.explanation, { rule: "BadPriority", certainty: "documented" })
        assert.deepInclude(background?.explanation, {
          rule: "BadPriority.background",
          certainty: "inferred",
          option: "rejectBackgroundPriority10",
          source: "Pushing background updates to your App"
        })
      })
    )
  )
})

const collected = (stream: Stream.Stream<SimulatorEvent>) =>
  Effect.gen(function* () {
    const events: Array<SimulatorEvent> = []
    const ready = yield* Latch.make()
    yield* Effect.forkChild(
      Stream.runForEach(stream, (event) => {
        events.push(event)
        return ready.open
      }),
      { startImmediately: true }
    )
    yield* ready.await
    return events
  })

describe("events", () => {
  it.live("tell what happens, in order", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        const events = yield* collected(simulator.events)
        yield* simulator.register({ state: "offline", token: device })
        yield* client.push()
        yield* simulator.register({ state: "active", token: device })
        yield* simulator.addScenario({ id: "s", effect: { _tag: "delay", millis: 20 } })
        yield* client.push()
        yield* simulator.removeScenario("s")
        yield* simulator.registerChannel({ bundleId: "com.example.app", id: "AAAA" })
        yield* simulator.moveClock({ _tag: "advance", millis: 1_000 })
        yield* simulator.goAway()
        yield* until(Effect.sync(() => events.some(({ _tag }) => _tag === "connectionClosed")))
        yield* simulator.reset
        yield* until(Effect.sync(() => events.length >= 18))
        const told = events.map((event) => {
          switch (event._tag) {
            case "started":
              return `started ${event.lastId}`
            case "received":
            case "updated": {
              const { id, answer, delivery } = event.received
              const outcome = answer._tag === "answered" ? answer.status : answer.why
              return `${event._tag} ${id} ${outcome} ${delivery?._tag}`
            }
            case "deviceChanged":
              return `device ${event.device.device?.state} ${event.device.stored.length}`
            case "scenarioChanged":
              return `scenario ${event.scenario.scenario.id}`
            default:
              return event._tag
          }
        })
        assert.deepStrictEqual(told, [
          "started 1",
          "device offline 0",
          "device offline 1",
          "received 2 200 stored",
          "updated 2 200 delivered",
          "device active 0",
          "scenario s",
          "received 3 pending undefined",
          "updated 3 200 delivered",
          "scenarioRemoved",
          "channelChanged",
          "clockChanged",
          "goAway",
          "connectionClosed",
          "cleared",
          "devicesCleared",
          "channelsCleared",
          "clockChanged"
        ])
      })
    )
  )

  it.live("are left out for a slow reader, who is told how many; nothing piles up", () =>
    Effect.gen(function* () {
      const hub = new EventHub()
      const events: Array<SimulatorEvent> = []
      const gate = yield* Latch.make()
      const reading = yield* Effect.forkChild(
        Stream.runForEach(
          hub.stream(() => ({ _tag: "started", lastId: 0 })),
          (event) => {
            events.push(event)
            return gate.await
          }
        ),
        { startImmediately: true }
      )
      yield* until(Effect.sync(() => events.length === 1))
      for (let n = 0; n < maxWaiting + 100; n++) hub.publish({ _tag: "cleared" })
      yield* gate.open
      yield* until(Effect.sync(() => events.length > maxWaiting))
      hub.publish({ _tag: "devicesCleared" })
      yield* until(Effect.sync(() => events.at(-1)?._tag === "devicesCleared"))
      assert.lengthOf(events, maxWaiting + 3)
      assert.deepStrictEqual(events.slice(-2), [{ _tag: "gap", missed: 100 }, { _tag: "devicesCleared" }])
      hub.close()
      yield* Fiber.join(reading).pipe(Effect.timeout("60 seconds"))
      assert.isFalse(hub.isHeard)
    })
  )

  it.live("have no hearer left once the stream is stopped", () =>
    dialogue((simulator) =>
      Effect.gen(function* () {
        const taken = yield* Stream.runCollect(Stream.take(simulator.events, 1))
        assert.deepStrictEqual(taken, [{ _tag: "started", lastId: 0 }])
      })
    )
  )
})
