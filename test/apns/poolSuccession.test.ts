import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { dialogue, refusedConnect } from "../support/poolDialogue.ts"

beforeEach(() => {
  // No jitter: backoff is exact.
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe("a session that is told to go away", () => {
  it("has a successor at once, while nothing waits, when it was in use", () => {
    const { ask, clock, peer, proven } = dialogue()
    const first = proven(10)
    const a = ask()
    first.goAway()
    assert.lengthOf(peer.sessions, 2)
    const second = peer.session(1).settings(10)
    clock.advance(1000)
    const b = ask()
    second.stream(0).answer(200)
    first.stream(1).answer(200)
    peer.flush()
    assert.deepStrictEqual([a.results, b.results, first.ended, peer.sessions.length], [["200"], ["200"], true, 2])
  })

  it("has one when it carried something lately, and none when it was idle", () => {
    const lately = dialogue()
    const first = lately.proven(10)
    lately.clock.advance(9899)
    first.goAway()
    assert.lengthOf(lately.peer.sessions, 2)

    const idle = dialogue()
    const lonely = idle.proven(10)
    idle.clock.advance(9900)
    lonely.goAway()
    idle.peer.flush()
    assert.lengthOf(idle.peer.sessions, 1)
    const a = idle.ask()
    idle.peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(a.results, ["200"])
  })

  it("has none when it never answered, nor when the credentials are refused", () => {
    const unproven = dialogue()
    unproven.connection.warmUp()
    unproven.peer.session(0).settings(10).goAway()
    assert.lengthOf(unproven.peer.sessions, 1)

    const refused = dialogue()
    refused.proven(10).goAway({ code: 1, debugData: '{"reason":"InvalidProviderToken"}' })
    assert.lengthOf(refused.peer.sessions, 1)
  })

  it("has one, and not two, after both frames of a graceful shutdown", () => {
    const { ask, peer, proven } = dialogue()
    const first = proven(10)
    ask()
    first.goAway().goAway()
    assert.lengthOf(peer.sessions, 2)
  })

  it("has none after the layer was closed", () => {
    const { ask, connection, peer, proven } = dialogue()
    const first = proven(10)
    ask()
    connection.close(() => {})
    first.goAway()
    assert.lengthOf(peer.sessions, 1)
  })

  it("waits for the pool's backoff, and then for a request", () => {
    const { clock, connection, peer, proven } = dialogue({ maxSessions: 2 })
    const first = proven(10)
    connection.retire("push.test:443#1")
    connection.warmUp()
    peer.session(1).end(refusedConnect)
    first.goAway()
    clock.advance(60_000)
    assert.lengthOf(peer.sessions, 2)
  })

  it("beside others is replaced too, one at a time", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 3 })
    const first = proven(1)
    const asked = askMany(20)
    clock.advance(50)
    first.stream(1).answer(200)
    clock.advance(50)
    const second = peer.session(1).settings(1)
    second.stream(0).answer(200)
    first.settings(10)
    second.settings(10)
    assert.deepStrictEqual([first.live.length, second.live.length, peer.sessions.length], [10, 8, 2])
    second.goAway()
    assert.lengthOf(peer.sessions, 3)
    // The third has not answered yet: it may be the server itself that ends.
    first.goAway()
    assert.lengthOf(peer.sessions, 3)
    for (const one of [first, second]) for (const stream of one.live) stream.answer(200)
    peer.flush()
    assert.isTrue(asked.every(({ results }) => results.join() === "200"))
    assert.deepStrictEqual([first.ended, second.ended], [true, true])
  })
})

describe("a session whose stream identifiers come to an end", () => {
  const near = () => {
    const all = dialogue({ maxStreamsPerSession: 32 })
    const first = all.proven(100)
    const asked = all.askMany(28)
    return { ...all, first, asked }
  }

  it("has a successor before, carries requests until that has answered, and then drains", () => {
    const { ask, first, peer } = near()
    assert.lengthOf(peer.sessions, 1)
    const asked = [ask()]
    // Two of 32 are left.
    assert.deepStrictEqual([first.streams.length, peer.sessions.length], [30, 2])
    asked.push(ask())
    assert.deepStrictEqual([first.streams.length, first.closing, peer.sessions.length], [31, false, 2])
    const second = peer.session(1).settings(1)
    asked.push(ask())
    assert.deepStrictEqual([first.streams.length, second.streams.length], [31, 1])
    assert.isFalse(first.closing)
    second.stream(0).answer(200)
    assert.deepStrictEqual([first.closing, second.closing], [true, false])
    second.settings(10)
    asked.push(ask())
    second.stream(1).answer(200)
    for (const stream of first.live) stream.answer(200)
    peer.flush()
    assert.isTrue(first.ended)
    assert.isTrue(asked.every(({ results }) => results.join() === "200"))
  })

  it("is used up all the same when no successor comes to be, and asks for one again", () => {
    const { ask, clock, first, peer } = near()
    ask()
    peer.session(1).end(refusedConnect)
    ask()
    assert.lengthOf(peer.sessions, 2)
    clock.advance(100)
    const last = ask()
    assert.deepStrictEqual([first.streams.length, first.closing, peer.sessions.length], [32, true, 2])
    const a = ask()
    assert.lengthOf(peer.sessions, 3)
    peer.session(2).settings(1).stream(0).answer(200)
    for (const stream of first.live) stream.answer(200)
    assert.deepStrictEqual([last.results, a.results], [["200"], ["200"]])
  })
})

describe("addresses", () => {
  const [one, two, six] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]

  it("are taken as they are resolved for each session, and spread over the sessions there are", () => {
    const { askMany, clock, peer, proven, told } = dialogue({ maxSessions: 3 })
    const first = proven(1)
    assert.deepStrictEqual(first.resolve(one, two), [one, two])
    askMany(100)
    for (let i = 0; i < 50 && peer.sessions.length < 3; i++) {
      clock.advance(20)
      for (const session of [...peer.sessions]) {
        if (!session.ready) session.resolve(one, two)
        session.settings(1)
        session.live[0]?.answer(200)
      }
    }
    assert.deepStrictEqual(told, ["#1 ready at undefined", `#2 ready at ${two}`, `#3 ready at ${one}`])
  })

  it("that cannot be connected to are avoided for a while, longer each time", () => {
    const { ask, clock, peer, told } = dialogue()
    ask()
    assert.deepStrictEqual(peer.session(0).resolve(one, two), [one, two])
    peer.session(0).fallBack(two).settings(1)
    peer.session(0).stream(0).answer(200)
    peer.session(0).end()
    ask()
    assert.deepStrictEqual(peer.session(1).resolve(one, two), [two, one])
    peer.session(1).fallBack(one).fallBack().end(refusedConnect)
    ask()
    clock.advance(100)
    // Both are avoided; the one goes first that is avoided least long.
    assert.deepStrictEqual(peer.session(2).resolve(one, two), [two, one])
    assert.deepStrictEqual(told, [
      `avoiding ${one} for 10000 ms`,
      `#1 ready at ${two}`,
      `#1 lost at ${two}`,
      `avoiding ${two} for 10000 ms`,
      `avoiding ${one} for 20000 ms`,
      `#2 failed at ${one}`
    ])
    clock.advance(10_000)
    peer.session(2).end(refusedConnect)
    ask()
    clock.advance(200)
    assert.deepStrictEqual(peer.session(3).resolve(one, two), [one, two])
  })

  it("are avoided when TLS fails there, or the session ends before it has answered", () => {
    const { ask, clock, peer } = dialogue()
    ask()
    peer.session(0).resolve(one, two)
    peer.session(0).end({ step: "tls", problem: "the certificate has expired", cure: "Wait.", transient: false })
    ask()
    clock.advance(100)
    assert.deepStrictEqual(peer.session(1).resolve(one, two), [two, one])
    peer.session(1).settings(1).end()
    ask()
    clock.advance(200)
    assert.deepStrictEqual(peer.session(2).resolve(one, two, six), [six, one, two])
  })

  it("are not where another would have met the same, nor for being slower than another", () => {
    const { ask, clock, peer, told } = dialogue()
    ask()
    peer.session(0).resolve(one, two)
    peer.session(0).end({ ...refusedConnect, sparesAddress: true })
    const a = ask()
    clock.advance(100)
    assert.deepStrictEqual(peer.session(1).resolve(one, two), [one, two])
    // The next one is tried beside it, and is not as soon.
    peer.session(1).attempt(two).connected(one).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(a.results, ["200"])
    assert.deepStrictEqual(told, [`#1 failed at ${one}`, `#2 ready at ${one}`])
  })

  it("are not for a GOAWAY, nor where the session ended from here", () => {
    const { ask, clock, connection, peer, told } = dialogue({ idlePingMillis: Number.POSITIVE_INFINITY })
    ask()
    peer.session(0).resolve(one, two)
    peer.session(0).settings(1).goAway({ processed: 0 })
    peer.flush()
    ask()
    clock.advance(100)
    assert.deepStrictEqual(peer.session(1).resolve(one, two), [one, two])
    connection.close(() => {})
    peer.flush()
    assert.deepStrictEqual(
      told.filter((line) => line.startsWith("avoiding")),
      []
    )
  })

  it("are avoided when a session goes silent there: the next one goes elsewhere", () => {
    const { ask, clock, connection, peer } = dialogue()
    const first = ask()
    peer.session(0).resolve(one, two)
    peer.session(0).settings(1).stream(0).answer(200)
    peer.session(0).settings(10)
    const lost = ask()
    clock.advance(7000)
    const next = ask()
    assert.deepStrictEqual(peer.session(1).resolve(one, two), [two, one])
    assert.strictEqual(connection.census().addressesAvoided, 1)
    peer.flush()
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual([first.results, lost.results, next.results], [["200"], ["OutcomeUnknown"], ["200"]])
  })

  it("are forgiven when they answer", () => {
    const { ask, clock, connection, peer } = dialogue()
    ask()
    peer.session(0).resolve(one)
    peer.session(0).end(refusedConnect)
    ask()
    clock.advance(100)
    peer.session(1).resolve(one)
    assert.strictEqual(connection.census().addressesAvoided, 1)
    peer.session(1).settings(1).stream(0).answer(200)
    assert.strictEqual(connection.census().addressesAvoided, 0)
  })
})
