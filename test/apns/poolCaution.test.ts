import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import type { FakeSession } from "../support/fakeTransport.ts"
import { dialogue } from "../support/poolDialogue.ts"

beforeEach(() => {
  // No jitter: backoff is exact.
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})

afterEach(() => {
  vi.restoreAllMocks()
})

const calm = 0xb

/** Answers all that is open, and the PING after it. */
const round = (session: FakeSession) => {
  const { length } = session.live
  for (const stream of session.live) stream.answer(200)
  session.acknowledge()
  return length
}

describe("a server that resets streams with ENHANCE_YOUR_CALM", () => {
  it("is left alone for a while, then asked with one stream, and with twice as many after each round", () => {
    const { askMany, clock, peer, proven } = dialogue()
    const session = proven(1000)
    const asked = askMany(5000)
    assert.lengthOf(session.live, 1000)
    for (const stream of session.live) stream.reset(calm)
    clock.advance(99)
    assert.lengthOf(session.live, 0)
    clock.advance(1)
    assert.lengthOf(session.live, 1)
    const rounds = Array.from({ length: 11 }, () => round(session))
    assert.deepStrictEqual(rounds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000])
    assert.lengthOf(peer.sessions, 1)
    assert.strictEqual(asked.filter(({ results }) => results.join() === "OutcomeUnknown").length, 1000)
  })

  it("is left alone longer each time", () => {
    const { askMany, clock, proven } = dialogue({ silencePingMillis: Number.POSITIVE_INFINITY })
    const session = proven(1000)
    const asked = askMany(5000)
    for (const stream of session.live) stream.reset(calm)
    const waited: Array<number> = []
    for (let n = 0; n < 8; n++) {
      const before = clock.now()
      while (session.live.length === 0) clock.advance(1)
      waited.push(clock.now() - before)
      assert.lengthOf(session.live, 1)
      session.live[0]?.reset(calm)
    }
    assert.deepStrictEqual(waited, [100, 200, 400, 800, 1600, 3200, 6400, 10_000])
    // 1000 that were under way at first, and one each time.
    assert.strictEqual(asked.filter(({ results }) => results.length > 0).length, 1008)
  })

  it("is as any other after it has answered: the next time is as the first", () => {
    const { askMany, clock, proven } = dialogue()
    const session = proven(100)
    askMany(500)
    for (let n = 0; n < 2; n++) {
      for (const stream of session.live) stream.reset(calm)
      clock.advance(99)
      assert.lengthOf(session.live, 0)
      clock.advance(1)
      for (let i = 0; i < 5; i++) round(session)
    }
  })

  it("is not meant where the reset is this side's, for an answer that is too large", () => {
    const { ask, proven } = dialogue()
    const session = proven(10)
    ask()
    session.stream(1).end({ _tag: "Reset", code: calm, initiator: "local" })
    ask()
    assert.lengthOf(session.live, 1)
  })

  it("holds for all sessions, and for those to come", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 3 })
    const first = proven(2)
    askMany(100)
    clock.advance(50)
    first.stream(1).answer(200)
    clock.advance(50)
    const second = peer.session(1).settings(1)
    second.stream(0).answer(200)
    second.settings(2)
    first.stream(2).reset(calm)
    for (const one of [first, second]) for (const stream of one.live) stream.answer(200)
    assert.deepStrictEqual([first.live.length, second.live.length], [0, 0])
    clock.advance(100)
    assert.deepStrictEqual([first.live.length, second.live.length], [1, 1])
    // No third.
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 2)
    second.end()
    first.end()
    clock.advance(1000)
    peer.session(2).settings(1000)
    assert.lengthOf(peer.session(2).live, 1)
  })
})

describe("a GOAWAY with ENHANCE_YOUR_CALM", () => {
  it("counts as a failure: the next session waits, and begins with one stream", () => {
    const { askMany, clock, peer, proven } = dialogue()
    const first = proven(10)
    askMany(100)
    first.goAway({ code: calm })
    assert.lengthOf(peer.sessions, 1)
    clock.advance(99)
    assert.lengthOf(peer.sessions, 1)
    clock.advance(1)
    assert.lengthOf(peer.sessions, 2)
    const second = peer.session(1).settings(1000)
    assert.lengthOf(second.live, 1)
    second.goAway({ code: calm })
    clock.advance(199)
    assert.lengthOf(peer.sessions, 2)
    clock.advance(1)
    assert.lengthOf(peer.sessions, 3)
  })
})

describe("a connection that answers a few and dies", () => {
  /** Sessions that end after so many answers, each as soon as it has given them, for a minute. */
  const dying = (answers: number) => {
    const all = dialogue()
    const asked = all.askMany(20_000)
    const until = all.clock.now() + 60_000
    while (all.clock.now() < until) {
      for (const session of all.peer.live()) {
        if (!session.ready) session.settings(1000)
        for (let n = 0; n < answers && session.live.length > 0; n++) {
          session.live[0]?.answer(200)
          if (n < answers - 1) session.acknowledge()
        }
        session.end()
      }
      all.clock.advance(10)
    }
    const count = (result: string) => asked.filter(({ results }) => results.join() === result).length
    return { ...all, accepted: count("200"), unknown: count("OutcomeUnknown"), sessions: all.peer.sessions.length }
  }

  it("costs what the first sessions had under way, and a few sessions", () => {
    const { accepted, sessions, unknown } = dying(1)
    // Every session but the first has had one stream.
    assert.deepStrictEqual([accepted, unknown], [sessions, 1000])
    assert.isAtMost(sessions, 15)
  })

  it.each([3, 10])("loses fewer than it answers from then on: %i", (answers) => {
    const { accepted, sessions, unknown } = dying(answers)
    assert.isAtMost(sessions, 15)
    assert.isAtMost(unknown - (1000 - answers), accepted)
  })

  it("is replaced at once the first time, and when it had lived long", () => {
    const { ask, clock, peer, proven } = dialogue({ idlePingMillis: Number.POSITIVE_INFINITY })
    proven(10)
    for (let n = 0; n < 10; n++) {
      clock.advance(10_000)
      peer.session(n).end()
      const a = ask()
      assert.lengthOf(peer.sessions, n + 2)
      peer
        .session(n + 1)
        .settings(10)
        .stream(0)
        .answer(200)
      assert.deepStrictEqual(a.results, ["200"])
    }
    const [b, c] = [ask(), ask()]
    assert.lengthOf(peer.session(10).live, 2)
    peer.session(10).end()
    ask()
    assert.deepStrictEqual([b.results, c.results, peer.sessions.length], [["OutcomeUnknown"], ["OutcomeUnknown"], 12])
    assert.strictEqual(peer.session(11).settings(10).live.length, 1)
  })

  it("keeps no other session from being opened once those there are have answered sixteen", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const first = proven(40)
    askMany(1000)
    clock.advance(100)
    // One of many lets the second be opened.
    first.live[0]?.answer(200)
    const second = peer.session(1).settings(1)
    second.stream(0).answer(200)
    second.settings(200)
    second.end()
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 2)
    for (const stream of first.live.slice(0, 16)) stream.answer(200)
    clock.advance(1000)
    for (const stream of first.live.slice(0, 1)) stream.answer(200)
    assert.lengthOf(peer.sessions, 3)
  })

  it("is forgotten when one has answered sixteen", () => {
    const { askMany, clock, peer } = dialogue()
    askMany(1000)
    for (let n = 0; n < 3; n++) {
      peer.session(n).settings(1).stream(0).answer(200)
      peer.session(n).end()
      clock.advance(1000)
    }
    const session = peer.session(3).settings(1000)
    for (let n = 0; n < 5; n++) round(session)
    session.end()
    assert.lengthOf(peer.sessions, 5)
    assert.lengthOf(peer.session(4).settings(100).live, 100)
  })
})

it("a healthy server is given all the streams that it allows, from the first session on", () => {
  const { askMany, peer } = dialogue()
  askMany(1000)
  assert.lengthOf(peer.session(0).settings(1000).live, 1000)
})
