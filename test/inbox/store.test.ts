import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { noFilter } from "../../packages/inbox/src/model/filter.ts"
import { makeStore } from "../../packages/inbox/src/state/store.ts"
import { makeFakeApi, summary } from "./fakeApi.ts"

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => summary(from + index))
const hello = { _tag: "hello", version: "0", position: "1" } as const

describe("what the page knows", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const settle = () => vi.advanceTimersByTimeAsync(2_000)

  const begin = async (count: number) => {
    const fake = makeFakeApi()
    fake.receive(...range(1, count))
    const store = makeStore(fake.api)
    const stop = store.start(fake.listen)
    fake.tell(hello)
    await settle()
    return { fake, store, stop, ids: () => store.items.value.map(({ id }) => id) }
  }

  it("reads page after page at the start", async () => {
    const { ids, fake } = await begin(2_500)
    expect(ids()).toEqual(range(1, 2_500).map(({ id }) => id))
    expect(fake.asked).toEqual(["page before Infinity", "page before 1501", "page before 501"])
  })

  it("shows the newest first, and adds what it is told of", async () => {
    const { store, fake } = await begin(3)
    fake.tell({ _tag: "received", items: [summary(4, { outcome: "pending" })] })
    expect(store.shown.value.at(0)?.summary.outcome).toBe("pending")
    fake.tell({ _tag: "received", items: [summary(4), summary(5)] })
    expect([0, 1, 2].map((index) => store.shown.value.at(index)?.id)).toEqual([5, 4, 3])
    expect(store.shown.value.at(1)?.summary.outcome).toBe("accepted")
  })

  it("fills the hole that a gap leaves, and no more", async () => {
    const { fake, ids } = await begin(100)
    fake.receive(...range(101, 3_000))
    fake.tell({ _tag: "received", items: range(2_900, 3_000) })
    fake.tell({ _tag: "gap" })
    await settle()
    expect(ids()).toEqual(range(1, 3_000).map(({ id }) => id))
    fake.asked.length = 0
    fake.tell({ _tag: "gap" })
    await settle()
    expect(fake.asked).toEqual(["page before Infinity"])
  })

  it("sees a hole that nobody told it of", async () => {
    const { fake, ids } = await begin(10)
    fake.receive(...range(11, 20))
    fake.tell({ _tag: "received", items: [summary(20)] })
    await settle()
    expect(ids()).toEqual(range(1, 20).map(({ id }) => id))
  })

  it("asks once for many gaps", async () => {
    const { fake } = await begin(10)
    fake.asked.length = 0
    for (let count = 0; count < 50; count++) fake.tell({ _tag: "gap" })
    await settle()
    expect(fake.asked).toHaveLength(2)
  })

  it("keeps the place while more arrive, and counts them", async () => {
    const { fake, store } = await begin(10)
    store.hold()
    fake.tell({ _tag: "received", items: range(11, 15) })
    expect([store.shown.value.at(0)?.id, store.waiting.value]).toEqual([10, 5])
    store.follow()
    expect([store.shown.value.at(0)?.id, store.waiting.value]).toEqual([15, 0])
  })

  it("forgets what was emptied, and what another process received", async () => {
    const { fake, ids } = await begin(10)
    fake.tell({ _tag: "cleared" })
    expect(ids()).toEqual([])
    fake.tell({ _tag: "received", items: [summary(11)] })
    expect(ids()).toEqual([11])
    fake.restart()
    fake.receive(summary(1))
    fake.tell(hello)
    await settle()
    expect(ids()).toEqual([1])
  })

  it("finds what only the simulator can see", async () => {
    const { fake, store } = await begin(3)
    fake.receive(summary(4, { path: "/3/device/needle" }))
    store.filter.value = { ...noFilter, text: "nowhere" }
    expect(store.shown.value.count).toBe(0)
    store.filter.value = { ...noFilter, text: "needle" }
    await settle()
    expect(store.shown.value.at(0)?.id).toBe(4)
    expect(fake.asked).toContain("search needle after 0")
  })

  it("says what went wrong, for a while", async () => {
    const { store } = await begin(1)
    await store.attempt(() => store.api.clear())
    expect(store.toasts.value.map(({ text, bad }) => [text, bad])).toEqual([["this test does not need it", true]])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(store.toasts.value).toEqual([])
  })
})
