import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Journal } from "../../../packages/simulator/src/internal/control/journal.ts"
import { topic } from "../support.ts"
import { controlled, type Events, listen } from "./support.ts"

const tags = ({ events }: Events) => events.map(({ data }) => data._tag)
const ids = ({ events }: Events) =>
  events
    .flatMap(({ data }) => (data._tag === "received" ? (data.items as ReadonlyArray<{ id: number }>) : []))
    .map(({ id }) => id)

describe("/api/events", () => {
  it.live("tells what arrives, with its answer", () =>
    controlled(({ client, url }) =>
      Effect.gen(function* () {
        const stream = yield* listen(url)
        yield* stream.until(() => stream.events.length > 0)
        assert.deepInclude(stream.events[0]?.data, { _tag: "hello" })
        yield* client.push()
        yield* client.push({ headers: { "apns-priority": "7" } })
        yield* stream.until(() => new Set(ids(stream)).size === 2)
        const items = stream.events.flatMap(({ data }) => (data._tag === "received" ? [data.items] : [])).flat()
        assert.isTrue(items.some((item) => (item as { reason?: string }).reason === "BadPriority"))
      })
    )
  )

  it.live("tells which list changed, what was cleared, and the second that ended", () =>
    controlled(({ ask, client, simulator, url }) =>
      Effect.gen(function* () {
        const stream = yield* listen(url)
        const changed = (what: string) => () =>
          stream.events.some(
            ({ data }) => data._tag === "changed" && (data.what as ReadonlyArray<string>).includes(what)
          )
        yield* simulator.register({ state: "active", token: "abcd" })
        yield* stream.until(changed("devices"))
        yield* simulator.addScenario({ id: "a", effect: { _tag: "silence" }, enabled: false })
        yield* stream.until(changed("scenarios"))
        yield* simulator.registerChannel({ bundleId: topic })
        yield* stream.until(changed("channels"))
        yield* simulator.moveClock({ _tag: "advance", millis: 1 })
        yield* stream.until(changed("clock"))
        yield* client.push()
        yield* stream.until(() => tags(stream).includes("stats"))
        const { data } = stream.events.find((event) => event.data._tag === "stats") ?? assert.fail()
        assert.deepInclude(data.second, { received: 1, accepted: 1 })
        yield* ask("/api/received", { method: "DELETE" })
        yield* stream.until(() => tags(stream).includes("cleared"))
      })
    )
  )

  it.live("goes on after the last event that was read", () =>
    controlled(({ client, url }) =>
      Effect.gen(function* () {
        const before = yield* listen(url)
        yield* client.push()
        yield* before.until(() => ids(before).includes(1))
        before.close()
        yield* client.push()
        yield* client.push()
        const after = yield* listen(url, before.events.at(-1)?.id)
        yield* after.until(() => ids(after).includes(3))
        assert.include(ids(after), 2)
        assert.notInclude(ids(after), 1)
        assert.notInclude(tags(after), "gap")
      })
    )
  )

  it.live("says that there is a gap after the position of another process, or none at all", () =>
    controlled(({ client, url }) =>
      Effect.gen(function* () {
        for (const id of ["deadbeef-3", "nonsense", "-", "9".repeat(2_000)]) {
          const stream = yield* listen(url, id)
          yield* stream.until(() => tags(stream).includes("gap"))
          yield* client.push()
          yield* stream.until(() => ids(stream).length > 0)
        }
      })
    )
  )

  it.live("carries on for many readers, and ends with the server", () =>
    Effect.gen(function* () {
      const streams: Array<Events> = []
      yield* controlled(({ client, url }) =>
        Effect.gen(function* () {
          for (let n = 0; n < 20; n++) streams.push(yield* listen(url))
          yield* client.push()
          yield* Effect.forEach(streams, (stream) => stream.until(() => ids(stream).includes(1)))
        })
      )
      assert.strictEqual(streams.length, 20)
    })
  )
})

describe("the journal", () => {
  const filled = (count: number) => {
    const journal = new Journal()
    for (let id = 1; id <= count; id++) journal.add({ _tag: "received", id })
    return journal
  }

  it("gives the newest requests, and how many it left out", () => {
    const digest = filled(10).read(2, 3)
    assert.deepStrictEqual(digest.ids, [8, 9, 10])
    assert.strictEqual(digest.skipped, 5)
    assert.strictEqual(digest.position, 10)
  })

  it("counts what it no longer has", () => {
    const digest = filled(10_000).read(0, 100_000)
    assert.strictEqual((digest.skipped as number) + digest.ids.length, 10_000)
    assert.strictEqual(digest.ids.at(-1), 10_000)
  })

  it("tells a request once, and nothing of those cleared", () => {
    const journal = filled(3)
    journal.add({ _tag: "cleared" })
    journal.add({ _tag: "received", id: 4 })
    journal.add({ _tag: "received", id: 4 })
    journal.add({ _tag: "changed", what: "devices" })
    journal.add({ _tag: "changed", what: "devices" })
    const digest = journal.read(0, 10)
    assert.deepInclude(digest, { cleared: true, skipped: undefined })
    assert.deepStrictEqual(digest.ids, [4])
    assert.deepStrictEqual(digest.what, ["devices"])
  })

  it("knows its own positions only", () => {
    const journal = filled(3)
    assert.strictEqual(journal.decode(journal.encode(2)), 2)
    assert.isUndefined(journal.decode(journal.encode(4)))
    assert.isUndefined(journal.decode(new Journal().encode(0)))
  })
})
