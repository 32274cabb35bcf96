import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { readScenarios, Scenario, ScenarioFile } from "@effect-apns/simulator"
import { Effect, Schema } from "effect"
import { millisOf, random } from "../../packages/simulator/src/internal/random.ts"
import { readRequest } from "../../packages/simulator/src/internal/request.ts"
import { ScenarioStore } from "../../packages/simulator/src/internal/scenarios.ts"
import { dialogue, info, rawSession, timedDialogue, whileTimePasses } from "./dialogue.ts"
import { type Client, topic } from "./support.ts"

const tooMany = { _tag: "reject", reason: "TooManyRequests" } as const

const reasons = (client: Client, count: number) =>
  Effect.map(
    Effect.forEach(Array.from({ length: count }), () => client.push()),
    (answers) => answers.map(({ json }) => json.reason ?? "")
  )

const counts = (store: ScenarioStore) =>
  store.infos.map(({ scenario, matched, applied, spent }) => [scenario.id, matched, applied, spent])

const pushTo = (token: string, headers: ReadonlyArray<string> = ["apns-topic", topic]) =>
  readRequest("device", [":method", "POST", ":path", `/3/device/${token}`, ...headers], "{}", 2)

describe("a scenario", () => {
  it.live("stays, is counted, switched off and on, replaced and removed", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.addScenario({ id: "busy", name: "Busy", description: "Every push", effect: tooMany })
        assert.deepStrictEqual(yield* reasons(client, 3), ["TooManyRequests", "TooManyRequests", "TooManyRequests"])
        const [entry] = yield* simulator.received
        assert.deepStrictEqual(entry?.scenario, { id: "busy", name: "Busy" })
        const off = yield* simulator.switchScenario("busy", false)
        assert.deepInclude(off, { kind: "scenario", matched: 3, applied: 3, spent: false })
        assert.deepStrictEqual(yield* reasons(client, 1), [""])
        yield* simulator.switchScenario("busy", true)
        assert.deepStrictEqual(yield* reasons(client, 1), ["TooManyRequests"])
        assert.deepInclude((yield* simulator.scenarios)[0], { matched: 4, applied: 4 })
        yield* simulator.addScenario({ id: "busy", effect: { _tag: "reject", reason: "Shutdown" } })
        assert.deepStrictEqual(yield* reasons(client, 1), ["Shutdown"])
        assert.isTrue(yield* simulator.removeScenario("busy"))
        assert.isFalse(yield* simulator.removeScenario("busy"))
        assert.isUndefined(yield* simulator.switchScenario("busy", true))
        assert.deepStrictEqual(yield* reasons(client, 1), [""])
        assert.deepStrictEqual(yield* simulator.scenarios, [])
      })
    )
  )

  it.live("comes after every fault, and clearFaults leaves it", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.addScenario({ id: "busy", effect: tooMany })
        yield* simulator.inject({ effect: { _tag: "reject", reason: "Shutdown" } })
        yield* simulator.inject({ skip: 5, effect: { _tag: "reject", reason: "BadPath" } })
        assert.deepStrictEqual(
          (yield* simulator.scenarios).map(({ kind }) => kind),
          ["fault", "fault", "scenario"]
        )
        assert.deepStrictEqual(yield* reasons(client, 2), ["Shutdown", "TooManyRequests"])
        yield* simulator.clearFaults
        assert.deepStrictEqual(
          (yield* simulator.scenarios).map(({ scenario }) => scenario.id),
          ["busy"]
        )
      })
    )
  )

  it("skips, takes one of every few, and only so many", () => {
    const store = new ScenarioStore()
    store.add({ id: "some", skip: 2, every: 3, times: 2, effect: tooMany })
    const taken = Array.from({ length: 12 }, () => store.take(pushTo("aa")) !== undefined)
    assert.deepStrictEqual(
      taken.flatMap((is, index) => (is ? [index] : [])),
      [2, 5]
    )
    assert.deepStrictEqual(counts(store), [["some", 12, 2, true]])
  })

  it("draws the same with the same seed, and about as often as it says", () => {
    const drawn = (seed: number) => {
      const store = new ScenarioStore()
      store.add({ id: "some", probability: 0.2, seed, effect: tooMany })
      return Array.from({ length: 5_000 }, () => (store.take(pushTo("aa")) === undefined ? 0 : 1))
    }
    assert.deepStrictEqual(drawn(5), drawn(5))
    assert.notDeepEqual(drawn(5), drawn(6))
    const applied = drawn(5).reduce<number>((sum, one) => sum + one, 0)
    assert.isAbove(applied, 900)
    assert.isBelow(applied, 1_100)
  })

  it("is found among many by one look-up, in the order of its kind", () => {
    const store = new ScenarioStore()
    for (let n = 0; n < 20_000; n++) store.add({ id: `d${n}`, match: { device: n.toString(16) }, effect: tooMany })
    store.add({ id: "topic", match: { topic }, effect: tooMany })
    store.add({ id: "all", effect: tooMany })
    assert.strictEqual(store.take(pushTo("FF"))?.scenario.id, "d255")
    assert.strictEqual(store.take(pushTo("abcdef"))?.scenario.id, "topic")
    assert.strictEqual(store.take(pushTo("abcdef", []))?.scenario.id, "all")
    store.setEnabled("d255", false)
    assert.strictEqual(store.take(pushTo("ff"))?.scenario.id, "topic")
    store.setEnabled("d255", true)
    assert.strictEqual(store.take(pushTo("ff"))?.scenario.id, "d255")
    const started = performance.now()
    for (let n = 0; n < 20_000; n++) store.take(pushTo(n.toString(16)))
    // A walk over all of them would take minutes.
    assert.isBelow(performance.now() - started, 5_000)
    assert.lengthOf(store.clear("scenario"), 20_002)
    assert.isTrue(store.isEmpty)
  })

  const small = Schema.Literals(["a", "b"])
  const someMatch = Schema.Struct({
    device: Schema.optional(Schema.Literals(["aa", "AA", "bb"])),
    topic: Schema.optional(small),
    method: Schema.optional(Schema.Literals(["POST", "GET"]))
  })
  const someFault = Schema.Struct({
    match: Schema.optional(someMatch),
    skip: Schema.optional(Schema.Literals([0, 1, 2])),
    every: Schema.optional(Schema.Literals([1, 2])),
    times: Schema.optional(Schema.Literals([1, 2, 3])),
    effect: Schema.Struct({ _tag: Schema.Literal("silence") })
  })
  const someRequest = Schema.Struct({ device: Schema.Literals(["aa", "bb", "cc"]), topic: Schema.optional(small) })

  /** The same without an index and without removal: the first that takes the request. */
  const walk = (faults: ReadonlyArray<typeof someFault.Type>) => {
    const left = faults.map((fault) => ({ ...fault, met: 0, applied: 0 }))
    return ({ device, topic }: typeof someRequest.Type): number => {
      for (const [index, one] of left.entries()) {
        const { match = {}, skip = 0, every = 1, times = 1 } = one
        if (match.device !== undefined && match.device.toLowerCase() !== device) continue
        if (match.topic !== undefined && match.topic !== topic) continue
        if (match.method === "GET" || one.applied >= times) continue
        if (one.met++ < skip || (one.met - 1 - skip) % every !== 0) continue
        one.applied++
        return index
      }
      return -1
    }
  }

  it.effect.prop(
    "is the one that a walk over all of them finds",
    [Schema.Array(someFault), Schema.Array(someRequest)],
    ([faults, requests]) =>
      Effect.sync(() => {
        const store = new ScenarioStore()
        const ids = faults.map((fault) => store.inject(fault)?.scenario.id)
        const expected = walk(faults)
        for (const request of requests) {
          const headers = request.topic === undefined ? [] : ["apns-topic", request.topic]
          const found = store.take(pushTo(request.device, headers))?.scenario.id
          assert.strictEqual(found === undefined ? -1 : ids.indexOf(found), expected(request))
        }
      }),
    { arbitrary: { runs: 300, seed: 20261123 } }
  )

  it.effect("is read from a file of one or of many", () =>
    Effect.gen(function* () {
      const one: Scenario = { id: "a", effect: { _tag: "delay", millis: { _tag: "uniform", min: 1, max: 2 } } }
      const read = Schema.decodeUnknownEffect(ScenarioFile)
      assert.deepStrictEqual(yield* read(JSON.stringify(one)), one)
      assert.deepStrictEqual(yield* read(JSON.stringify([one, { ...one, id: "b" }])), [one, { ...one, id: "b" }])
      for (const wrong of [
        "{",
        "{}",
        `{"id":"","effect":{"_tag":"silence"}}`,
        `{"id":"a","effect":{"_tag":"dance"}}`
      ]) {
        assert.strictEqual((yield* Effect.exit(read(wrong)))._tag, "Failure", wrong)
      }
      const decoded = Schema.decodeUnknownExit(Scenario)({ ...one, probability: 1.1 })
      assert.strictEqual(decoded._tag, "Failure")
    })
  )
})

describe("a delay", () => {
  const draw = (delay: Parameters<typeof millisOf>[0], count = 20_000) => {
    const next = random(3)
    return Array.from({ length: count }, () => millisOf(delay, next)).sort((a, b) => a - b)
  }
  const mean = (times: ReadonlyArray<number>) => times.reduce((sum, time) => sum + time, 0) / times.length
  const at = (times: ReadonlyArray<number>, part: number) => times[Math.floor(times.length * part)] ?? Number.NaN

  it("is drawn from its distribution", () => {
    assert.deepStrictEqual(draw(7, 2), [7, 7])
    const uniform = draw({ _tag: "uniform", min: 10, max: 30 })
    assert.isAtLeast(at(uniform, 0), 10)
    assert.isBelow(uniform.at(-1) ?? 99, 30)
    assert.closeTo(mean(uniform), 20, 0.5)
    const exponential = draw({ _tag: "exponential", mean: 50, max: 200 })
    assert.closeTo(at(exponential, 0.5), 50 * Math.log(2), 2)
    assert.strictEqual(exponential.at(-1), 200)
    const normal = draw({ _tag: "normal", mean: 100, deviation: 10 })
    assert.closeTo(mean(normal), 100, 1)
    assert.closeTo(at(normal, 0.84), 110, 1)
    assert.strictEqual(at(draw({ _tag: "normal", mean: 0, deviation: 10 }), 0), 0)
    const percentiles = draw({
      _tag: "percentiles",
      values: [
        [50, 20],
        [99, 400]
      ]
    })
    assert.strictEqual(at(percentiles, 0.4), 20)
    assert.closeTo(at(percentiles, 0.99), 400, 8)
    assert.strictEqual(percentiles.at(-1), 400)
  })
})

describe("an effect of the transport", () => {
  it.effect("shuts a connection down in two steps and refuses what comes in between", () =>
    timedDialogue((simulator, client) =>
      Effect.gen(function* () {
        const session = yield* rawSession(simulator)
        session.request(1)
        yield* session.until((frames) => frames.some(({ type, stream }) => type === 1 && stream === 1))
        yield* simulator.inject({ effect: { _tag: "shutdown", millis: 150, debugData: "bye", refuse: true } })
        session.request(3)
        yield* session.until((frames) => frames.some(({ type }) => type === 7))
        session.request(5)
        yield* session.until((frames) => frames.some(({ type, stream }) => type === 1 && stream === 5))
        yield* whileTimePasses(session.ended)
        const goAways = session.frames.filter(({ type }) => type === 7).map(({ payload }) => payload)
        const bye = Buffer.from("bye").toString("hex")
        assert.deepStrictEqual(goAways, ["7fffffff00000000", `0000000500000000${bye}`])
        const answers = (yield* simulator.received).map(({ answer }) => answer._tag === "answered" && answer.status)
        assert.deepStrictEqual(answers, [200, 200, 503])
        assert.strictEqual((yield* client.push()).status, 200)
      })
    )
  )

  it.live("says GOAWAY and closes at once, whatever is open", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.limit(1000)
        yield* simulator.inject({ match: { device: "aaaa" }, effect: { _tag: "silence" } })
        const effect = { _tag: "goAway", abrupt: true, code: 2, lastStreamId: 3, debugData: "{}" } as const
        yield* simulator.inject({ match: { device: "bbbb" }, effect })
        client.open({ path: "/3/device/aaaa" })
        client.open({ path: "/3/device/bbbb" })
        yield* client.closed
        assert.deepStrictEqual(client.goAways, [{ code: 2, lastStreamId: 3, debugData: "{}" }])
      })
    )
  )

  it.live("cuts the socket within a frame", () =>
    dialogue((simulator) =>
      Effect.gen(function* () {
        for (const afterBytes of [0, 4, 9, 30, 55]) {
          yield* simulator.inject({ effect: { _tag: "disconnect", afterBytes } })
          const session = yield* rawSession(simulator)
          const before = session.socket.bytesRead
          session.request(1)
          yield* session.ended
          assert.isFalse(session.frames.some(({ type, stream }) => type === 1 && stream === 1))
          assert.isAtLeast(session.socket.bytesRead - before, afterBytes)
        }
        const why = (yield* simulator.received).map(({ answer }) => answer._tag === "unanswered" && answer.why)
        assert.deepStrictEqual([...new Set(why)], ["disconnect"])
      })
    )
  )

  it.live("sends other SETTINGS and leaves the limit alone", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        yield* client.limit(1000)
        yield* simulator.inject({ effect: { _tag: "settings", initialWindowSize: 70_000, maxHeaderListSize: 9_000 } })
        yield* client.push()
        yield* client.push()
        assert.deepInclude(client.session.remoteSettings, {
          initialWindowSize: 70_000,
          maxHeaderListSize: 9_000,
          maxConcurrentStreams: 1000
        })
      })
    )
  )

  it.live("limits the bandwidth", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "bandwidth", bytesPerSecond: 4_000 } })
        yield* client.push()
        const started = performance.now()
        const body = JSON.stringify({ aps: { alert: "x".repeat(1_900) } })
        assert.strictEqual((yield* client.push({ body })).status, 200)
        assert.isAtLeast(performance.now() - started, 400)
        assert.deepInclude(yield* info(simulator), { accepted: 2, rejected: 0 })
      })
    )
  )
})

describe("the documentation", () => {
  const folder = fileURLToPath(new URL("../../docs/simulator/", import.meta.url))
  const files = readdirSync(join(folder, "scenarios"))
  const page = (name: string) => readFileSync(join(folder, name), "utf8")

  it.each(files)("has scenarios in %s that a simulator takes and a client meets", (file) =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        let sent = 0
        const scenarios = yield* readScenarios(join(folder, "scenarios", file))
        assert.include(page("scenarios.md"), `(scenarios/${file})`)
        for (const scenario of scenarios) {
          assert.isDefined(scenario.name)
          yield* simulator.addScenario({ ...scenario, skip: 0, probability: 1 })
          // What is never answered, or late, is met all the same.
          yield* Effect.all([Effect.exit(client.push().pipe(Effect.timeout(1_000))), simulator.awaitReceived(++sent)], {
            concurrency: 2
          })
          assert.deepInclude((yield* simulator.scenarios)[0], { matched: 1, applied: 1 })
          yield* simulator.removeScenario(scenario.id)
          if (client.session.destroyed || client.session.closed) return
        }
      })
    ).pipe(Effect.runPromise)
  )

  it.effect("says what is wrong with a file", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(readScenarios(join(folder, "scenarios.md")))
      assert.include(error.message, "scenarios.md is no file of scenarios")
      assert.include((yield* Effect.flip(readScenarios("nowhere.json"))).message, "nowhere.json")
    })
  )

  it("shows a test that is one", () => {
    assert.include(page("testing-your-app.md"), page("../../test/simulator/reminder.test.ts"))
  })
})
