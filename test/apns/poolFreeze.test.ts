import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { dialogue, refusedConnect } from "../support/poolDialogue.ts"

beforeEach(() => {
  // No jitter: backoff is exact.
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Longer than `idlePing` and `pingTimeout` together. */
const long = 62_001

describe("after the process stood still for long", () => {
  it("a session gets no stream before it has answered a PING", () => {
    const { askMany, clock, peer, proven } = dialogue()
    const session = proven(50)
    clock.jump(long)
    const asked = askMany(50)
    assert.deepStrictEqual([session.live.length, session.pings, peer.sessions.length], [0, 1, 1])
    session.acknowledge()
    assert.deepStrictEqual([session.live.length, peer.sessions.length], [50, 1])
    for (const stream of session.live) stream.answer(200)
    assert.isTrue(asked.every(({ results }) => results.join() === "200"))
  })

  it("another session is opened beside one that does not, though there may be but one", () => {
    const { askMany, clock, peer, proven } = dialogue()
    const session = proven(50)
    clock.jump(long)
    const asked = askMany(50)
    clock.advance(99)
    assert.lengthOf(peer.sessions, 1)
    clock.advance(1)
    assert.lengthOf(peer.sessions, 2)
    const fresh = peer.session(1).settings(1)
    fresh.stream(0).answer(200)
    fresh.settings(50)
    for (const stream of fresh.live) stream.answer(200)
    // The old one was dead, and nothing was lost with it.
    clock.advance(2000)
    assert.deepStrictEqual([session.destroyed, session.streams.length], [true, 1])
    peer.flush()
    assert.isTrue(asked.every(({ results }) => results.join() === "200"))
  })

  it("of several sessions those are used that answer", () => {
    const { ask, askMany, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const first = proven(2)
    askMany(4)
    clock.advance(100)
    const second = peer.session(1).settings(2)
    for (const one of [first, second]) for (const stream of one.live) stream.answer(200)
    clock.jump(long)
    const a = ask()
    assert.deepStrictEqual([first.pings, second.pings], [1, 1])
    second.acknowledge()
    second.live[0]?.answer(200)
    assert.deepStrictEqual([a.results, peer.sessions.length], [["200"], 2])
  })

  it("a session that never answered is asked, too", () => {
    const { ask, clock, connection, peer } = dialogue()
    connection.warmUp()
    const session = peer.session(0).settings(1)
    clock.jump(long)
    const a = ask()
    assert.deepStrictEqual([session.live.length, session.pings], [0, 1])
    session.acknowledge()
    session.live[0]?.answer(200)
    assert.deepStrictEqual(a.results, ["200"])
  })

  it("a fresh session that cannot be opened is tried again, later each time, and the queue waits", () => {
    const { ask, clock, peer, proven } = dialogue({ pingTimeoutMillis: 60_000 })
    proven(50)
    clock.jump(120_001)
    const a = ask()
    const waited: Array<number> = []
    for (let n = 1; n <= 4; n++) {
      const before = clock.now()
      while (peer.sessions.length === n) clock.advance(1)
      waited.push(clock.now() - before)
      peer.session(n).end(refusedConnect)
    }
    assert.deepStrictEqual(waited, [100, 100, 200, 400])
    clock.advance(1000)
    peer.session(5).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(a.results, ["200"])
  })

  it("counts what only the clock of the day counted, while the machine slept", () => {
    const { ask, clock, day, proven } = dialogue()
    const session = proven(50)
    ask()
    session.stream(1).answer(200)
    clock.advance(1)
    day.aheadMillis += long
    ask()
    assert.deepStrictEqual([session.live.length, session.pings], [0, 1])
    session.acknowledge()
    assert.strictEqual(session.live.length, 1)
    clock.advance(1)
    ask()
    assert.deepStrictEqual([session.live.length, session.pings], [2, 1])
  })

  it("and is not done for less, nor for a clock of the day that is set back, nor where sessions are never asked", () => {
    for (const [settings, sleep, ahead] of [
      [{}, 61_000, 0],
      [{}, 0, -3_600_000],
      [{ idlePingMillis: Number.POSITIVE_INFINITY }, 3_600_000, 0]
    ] as const) {
      const { ask, clock, day, proven } = dialogue(settings)
      const session = proven(50)
      ask()
      session.stream(1).answer(200)
      clock.jump(sleep)
      day.aheadMillis += ahead
      ask()
      assert.deepStrictEqual([session.live.length, session.pings], [1, 0])
    }
  })
})

describe("a timer that runs late", () => {
  it("lets the answers be read that have come, before deadlines expire", () => {
    const { clock, ask, inSockets, proven } = dialogue()
    const session = proven(1000)
    const asked = Array.from({ length: 900 }, () => ask("a", 5000))
    const never = ask("b", 5000)
    clock.jump(8000)
    inSockets.push(() => {
      for (const stream of session.live.slice(0, 900)) stream.answer(200)
    })
    clock.advance(0)
    assert.strictEqual(asked.filter(({ results }) => results.join() === "200").length, 900)
    assert.deepStrictEqual(never.results, ["DeadlinePassed"])
  })

  it("lets the sign of life be read that has come, however little it is late", () => {
    const { clock, inSockets, proven } = dialogue()
    const session = proven(10)
    clock.advance(60_000)
    clock.jump(2900)
    inSockets.push(() => session.acknowledge())
    clock.advance(0)
    clock.advance(3000)
    assert.deepStrictEqual([session.pings, session.destroyed], [1, false])
  })

  it("says nothing of a session that ends while it is read", () => {
    const { clock, inSockets, peer, proven } = dialogue()
    const session = proven(10)
    clock.advance(60_000)
    clock.jump(2900)
    inSockets.push(() => session.end())
    clock.advance(0)
    assert.deepStrictEqual([session.destroyed, peer.live().length], [false, 0])
  })
})
