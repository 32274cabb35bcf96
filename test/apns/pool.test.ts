import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { growAtMillis, idleShare, smoothed } from "../../packages/apns/src/internal/growth.ts"
import { type Checkup, examine, type Vitals } from "../../packages/apns/src/internal/health.ts"
import { type Asked, dialogue, refusedConnect } from "../support/poolDialogue.ts"

beforeEach(() => {
  // No jitter: backoff is exact.
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe("when to grow", () => {
  it.each([
    ["the wait of the head", { waitingSinceMillis: 1000, provenSinceMillis: 0, roundTripMillis: 80 }, 1080],
    [
      "the youngest session's first answer",
      { waitingSinceMillis: 1000, provenSinceMillis: 1500, roundTripMillis: 80 },
      1580
    ],
    ["never less than 50 ms", { waitingSinceMillis: 1000, provenSinceMillis: 0, roundTripMillis: 1 }, 1050]
  ])("counts from %s", (_, demand, at) => {
    assert.strictEqual(growAtMillis(demand, 1), at)
  })

  it.each([
    ["all of it", 1, 1080],
    ["half of it", 0.5, 1160],
    ["next to nothing", 0.09, Number.POSITIVE_INFINITY]
  ])("counts the time in which the event loop is idle: %s", (_, idle, at) => {
    assert.strictEqual(growAtMillis({ waitingSinceMillis: 1000, provenSinceMillis: 0, roundTripMillis: 80 }, idle), at)
  })

  it("knows how idle the event loop was", () => {
    assert.strictEqual(idleShare({ idle: 100, active: 100 }, { idle: 130, active: 110 }), 0.75)
    assert.strictEqual(idleShare({ idle: 0, active: 0 }, { idle: 0, active: 0 }), 1)
  })

  it("smooths the round trip", () => {
    assert.deepStrictEqual([smoothed(0, 80), smoothed(80, 160), smoothed(80, 0)], [80, 90, 70])
  })
})

describe("a check-up", () => {
  const settings = { idlePingMillis: 60_000, silencePingMillis: 5000, pingTimeoutMillis: 2000 }
  const vitals: Vitals = { streams: 0, heardAtMillis: 0, unheard: false, askedAtMillis: 0, pingedAtMillis: undefined }
  it.each<[string, Partial<Vitals>, number, boolean, Checkup]>([
    ["idle, not for long", {}, 59_999, false, { _tag: "Wait", untilMillis: 60_000 }],
    ["idle for long", {}, 60_000, false, { _tag: "Idle" }],
    [
      "asked, not for long",
      { unheard: true, streams: 1, askedAtMillis: 10_000 },
      14_999,
      false,
      { _tag: "Wait", untilMillis: 15_000 }
    ],
    ["asked, and silent", { unheard: true, streams: 1, askedAtMillis: 10_000 }, 15_000, false, { _tag: "Silent" }],
    ["asked and given up, and silent", { unheard: true, askedAtMillis: 10_000 }, 15_000, false, { _tag: "Silent" }],
    ["answered some, then silent", { streams: 3, heardAtMillis: 20_000 }, 25_000, false, { _tag: "Silent" }],
    ["pinged, not for long", { pingedAtMillis: 60_000 }, 61_999, false, { _tag: "Wait", untilMillis: 62_000 }],
    ["pinged, and silent", { pingedAtMillis: 60_000 }, 62_000, false, { _tag: "Dead" }],
    [
      "pinged, but the process stood still",
      { pingedAtMillis: 60_000 },
      90_000,
      true,
      { _tag: "Wait", untilMillis: 92_000 }
    ]
  ])("of a session that is %s", (_, some, now, late, checkup) => {
    assert.deepStrictEqual(examine({ ...vitals, ...some }, settings, now, late), checkup)
  })

  it("of one whose silence does not matter comes back when it may be idle", () => {
    const patient = { ...settings, silencePingMillis: Number.POSITIVE_INFINITY }
    assert.deepStrictEqual(examine({ ...vitals, streams: 1 }, patient, 10, false), {
      _tag: "Wait",
      untilMillis: 60_010
    })
  })
})

describe("health", () => {
  it("pings a session that is idle, and keeps it when it answers", () => {
    const { clock, peer, proven } = dialogue()
    const session = proven(10)
    clock.advance(59_999)
    assert.strictEqual(session.pings, 0)
    clock.advance(1)
    assert.strictEqual(session.pings, 1)
    session.acknowledge()
    clock.advance(59_999)
    assert.strictEqual(session.pings, 1)
    clock.advance(1)
    assert.deepStrictEqual([session.pings, session.destroyed, peer.sessions.length], [2, false, 1])
  })

  it("ends an idle session that does not acknowledge, and connects when the next request comes", () => {
    const { ask, clock, peer, proven } = dialogue()
    const session = proven(10)
    clock.advance(60_000 + 1999)
    assert.isFalse(session.destroyed)
    clock.advance(1)
    assert.isTrue(session.destroyed)
    peer.flush()
    assert.lengthOf(peer.sessions, 1)
    const a = ask()
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(a.results, ["200"])
  })

  it("pings when a stream waits long, and does no more while the server acknowledges", () => {
    const { ask, clock, proven } = dialogue()
    const session = proven(10)
    const a = ask()
    for (let i = 1; i <= 20; i++) {
      clock.advance(5000)
      assert.strictEqual(session.pings, i)
      session.acknowledge()
    }
    session.stream(1).answer(200)
    assert.deepStrictEqual([a.results, session.destroyed], [["200"], false])
  })

  it("replaces a session that is silent: written streams are unknown, the queue goes out on the next", () => {
    const { askMany, clock, peer, proven } = dialogue()
    const session = proven(2)
    const asked = askMany(3)
    clock.advance(5000 + 2000)
    assert.isTrue(session.destroyed)
    // Asked for before the old one has ended.
    assert.deepStrictEqual([peer.sessions.length, session.ended], [2, false])
    peer.flush()
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(
      asked.map(({ results }) => results),
      [["OutcomeUnknown"], ["OutcomeUnknown"], ["200"]]
    )
    assert.include(asked[0]?.errors[0]?.message, "no sign of life within 2s")
  })

  it("leaves what was never written unsent", () => {
    const { ask, clock, proven } = dialogue()
    const session = proven(2)
    const a = ask()
    clock.advance(7000)
    session.stream(1).end({ _tag: "NeverWritten", problem: "the connection was ended by this program" })
    assert.deepStrictEqual([a.errors[0]?._tag, a.errors[0]?.outcome], ["ConnectionFailed", "unsent"])
    assert.include(a.errors[0]?.message, "no sign of life")
  })

  it("takes an answer for a sign of life", () => {
    const { ask, clock, proven } = dialogue()
    const session = proven(10)
    const waits = ask()
    ask("b")
    clock.advance(6000)
    assert.strictEqual(session.pings, 1)
    session.stream(2).answer(200)
    clock.advance(4999)
    assert.deepStrictEqual([session.pings, session.destroyed], [1, false])
    clock.advance(1)
    assert.strictEqual(session.pings, 2)
    clock.advance(2000)
    assert.isTrue(session.destroyed)
    session.flush()
    assert.deepStrictEqual(waits.results, ["OutcomeUnknown"])
  })

  it("finds a silent session also by requests that give up sooner than that", () => {
    const { ask, clock, peer, proven } = dialogue()
    const session = proven(10)
    for (let i = 0; i < 7; i++) {
      ask("short", 900)
      clock.advance(1000)
      session.flush()
    }
    assert.deepStrictEqual([session.destroyed, peer.sessions.length], [true, 1])
  })

  it("watches a session that drains", () => {
    const { ask, clock, proven } = dialogue()
    const session = proven(10)
    const a = ask()
    session.goAway()
    clock.advance(7000)
    session.flush()
    assert.deepStrictEqual([session.destroyed, ...a.results], [true, "OutcomeUnknown"])
  })

  it("ends a retired session that does not end by itself", () => {
    const { clock, connection, proven } = dialogue()
    const session = proven(10)
    connection.retire("push.test:443#1")
    clock.advance(60_000)
    assert.deepStrictEqual([session.pings, session.destroyed], [0, true])
  })

  it("gives the server its time again when the process stood still", () => {
    const { clock, proven } = dialogue()
    const session = proven(10)
    clock.advance(60_000)
    clock.jump(3_600_000)
    clock.advance(0)
    assert.isFalse(session.destroyed)
    session.acknowledge()
    clock.advance(2000)
    assert.isFalse(session.destroyed)
  })

  it("has one timer a session, however many requests come", () => {
    const { ask, clock, proven } = dialogue()
    const session = proven(10)
    for (let i = 1; i <= 1000; i++) {
      const { length } = session.streams
      ask()
      session.stream(length).answer(200)
      clock.advance(1)
      // One for health; of deadlines, one for each tick that was the earliest.
      assert.isAtMost(clock.timers(), 3)
    }
  })

  it("is left alone where it is turned off", () => {
    const { ask, clock, proven } = dialogue({
      idlePingMillis: Number.POSITIVE_INFINITY,
      silencePingMillis: Number.POSITIVE_INFINITY
    })
    const session = proven(10)
    ask("a", 50_000_000)
    clock.advance(40_000_000)
    assert.deepStrictEqual([session.pings, session.destroyed], [0, false])
  })
})

describe("growth", () => {
  it("opens one session more when all streams are taken and the queue has waited a round trip", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(2)
    clock.advance(1000)
    const asked = askMany(6)
    clock.advance(60)
    session.stream(1).answer(200)
    clock.advance(39)
    assert.lengthOf(peer.sessions, 1)
    clock.advance(1)
    assert.lengthOf(peer.sessions, 2)
    peer.session(1).settings(10)
    assert.deepStrictEqual([session.live.length, peer.session(1).live.length], [2, 3])
    for (const one of peer.sessions) for (const stream of one.live) stream.answer(200)
    assert.isTrue(asked.every(({ results }) => results[0] === "200"))
  })

  it("does not while nothing is answered: that is silence, and one session more would meet it, too", () => {
    const { ask, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(2)
    clock.advance(1000)
    for (let i = 0; i < 10; i++) ask()
    clock.advance(4000)
    assert.lengthOf(peer.sessions, 1)
    session.stream(1).answer(200)
    assert.lengthOf(peer.sessions, 2)
  })

  it("does not when the queue waits for this program's own work", () => {
    const { askMany, clock, loop, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(2)
    askMany(200)
    loop.busyShare = 0.95
    for (let i = 0; i < 50; i++) {
      clock.advance(20)
      session.live[0]?.answer(200)
    }
    assert.lengthOf(peer.sessions, 1)
    loop.busyShare = 0.2
    for (let i = 0; i < 20; i++) {
      clock.advance(20)
      session.live[0]?.answer(200)
    }
    assert.lengthOf(peer.sessions, 2)
  })

  it("counts the time only in which the program waited for the network", () => {
    const { askMany, clock, loop, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(2)
    clock.advance(1000)
    loop.busyShare = 0.5
    askMany(6)
    clock.advance(100)
    session.stream(1).answer(200)
    clock.advance(99)
    assert.lengthOf(peer.sessions, 1)
    clock.advance(1)
    assert.lengthOf(peer.sessions, 2)
  })

  it("does not while one stream is free, nor when the queue moves on", () => {
    const { ask, askMany, clock, peer, proven } = dialogue({ maxSessions: 4 })
    const session = proven(2)
    ask()
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 1)
    askMany(2)
    for (let i = 0; i < 50; i++) {
      clock.advance(40)
      ask()
      session.live[0]?.answer(200)
    }
    assert.lengthOf(peer.sessions, 1)
  })

  it("does not before the first session has answered, long as the queue may wait", () => {
    const { askMany, clock, peer } = dialogue({ maxSessions: 4 })
    askMany(100)
    clock.advance(3000)
    const session = peer.session(0).settings(1)
    clock.advance(3000)
    session.stream(0).answer(200)
    assert.lengthOf(peer.sessions, 1)
  })

  it("is one at a time: the next when the last one has answered and a round trip has gone by", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 3 })
    const session = proven(1)
    askMany(100)
    clock.advance(100)
    assert.lengthOf(peer.sessions, 2)
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 2)
    peer.session(1).settings(1)
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 2)
    peer.session(1).stream(0).answer(200)
    clock.advance(50)
    assert.lengthOf(peer.sessions, 2)
    // By now the smoothed round trip is 100 ms and an eighth of what the second session took beyond that.
    clock.advance(163)
    assert.lengthOf(peer.sessions, 3)
    session.settings(1)
    peer.session(2).settings(1).stream(0).answer(200)
    clock.advance(3000)
    assert.lengthOf(peer.sessions, 3)
  })

  it("that cannot connect leaves the rest alone, and waits longer each time", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 2, silencePingMillis: Number.POSITIVE_INFINITY })
    proven(1)
    const asked = askMany(10)
    const waited: Array<number> = []
    for (let i = 1; i <= 5; i++) {
      const before = clock.now()
      while (peer.sessions.length === i) clock.advance(1)
      waited.push(clock.now() - before)
      peer.session(i).end(refusedConnect)
    }
    assert.deepStrictEqual(waited, [100, 100, 200, 400, 800])
    assert.isTrue(asked.every(({ results }) => results.length === 0))
  })

  it("does not keep a session that is lost meanwhile from being replaced", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(1)
    askMany(10)
    for (let i = 1; i <= 6; i++) {
      while (peer.sessions.length === i) {
        clock.advance(1)
        if (session.pings > 0) session.acknowledge()
      }
      peer.session(i).end(refusedConnect)
    }
    session.end()
    assert.lengthOf(peer.sessions, 8)
    peer.session(7).settings(1).stream(0).answer(200)
  })

  it("is undone when it is idle: the oldest stays", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(2)
    askMany(4)
    clock.advance(100)
    peer.session(1).settings(2)
    for (const one of peer.sessions) for (const stream of one.live) stream.answer(200)
    clock.advance(60_000)
    session.acknowledge()
    peer.flush()
    assert.deepStrictEqual([session.closing, peer.session(1).closing, peer.session(1).ended], [false, true, true])
    assert.deepStrictEqual([session.pings, peer.session(1).pings], [1, 0])
  })

  it("gives the oldest session its streams first, so that others fall idle", () => {
    const { ask, askMany, clock, peer, proven } = dialogue({ maxSessions: 2 })
    const session = proven(2)
    askMany(4)
    clock.advance(100)
    peer.session(1).settings(2)
    for (const one of peer.sessions) for (const stream of one.live) stream.answer(200)
    ask()
    ask()
    assert.deepStrictEqual([session.live.length, peer.session(1).live.length], [2, 0])
    ask()
    assert.strictEqual(peer.session(1).live.length, 1)
  })

  it("never opens more streams than any session allows, while the limits move", () => {
    const { askMany, clock, peer, proven } = dialogue({ maxSessions: 4 })
    proven(3)
    const asked = askMany(2000)
    for (let i = 0; i < 5000 && asked.some(({ results }) => results.length === 0); i++) {
      clock.advance(20)
      // The peer throws when it is given a stream that it did not allow.
      for (const [n, session] of peer.sessions.entries()) {
        if (!session.ready || i % 7 === n) session.settings([1, 5, 0, 8][(i + n) % 4] ?? 1)
        for (const stream of session.live.slice(0, 2)) stream.answer(200)
      }
    }
    assert.lengthOf(peer.sessions, 4)
    assert.isTrue(asked.every(({ results }) => results.join() === "200"))
  })
})

describe("several sessions", () => {
  /** Two sessions with one stream each, both taken, and one request that waits. */
  const two = () => {
    const all = dialogue({ maxSessions: 2 })
    const first = all.proven(1)
    const asked = all.askMany(3)
    all.clock.advance(100)
    const second = all.peer.session(1).settings(1)
    return { ...all, first, second, asked }
  }

  it("carry each other's queue when one goes away", () => {
    const { asked, first, peer, second } = two()
    first.goAway()
    assert.lengthOf(peer.sessions, 2)
    second.stream(0).answer(200)
    second.stream(1).answer(200)
    first.stream(1).answer(200)
    assert.deepStrictEqual(
      asked.map(({ results }) => results),
      [["200"], ["200"], ["200"]]
    )
  })

  it("drain together", () => {
    const { connection, first, peer, second } = two()
    let drained = 0
    connection.close(() => drained++)
    first.stream(1).answer(200)
    peer.flush()
    assert.strictEqual(drained, 0)
    second.stream(0).answer(200)
    peer.flush()
    assert.strictEqual(drained, 1)
  })

  it("retire by name", () => {
    const { connection, first, second } = two()
    connection.retire("push.test:443#2")
    assert.deepStrictEqual([first.closing, second.closing], [false, true])
  })
})

describe("a session that has carried all the streams it can", () => {
  it("is replaced before it has drained", () => {
    const { ask, peer } = dialogue({ maxStreamsPerSession: 3 })
    const asked = [ask()]
    const first = peer.session(0).settings(1)
    first.stream(0).answer(200)
    first.settings(10)
    asked.push(ask(), ask(), ask())
    assert.deepStrictEqual([first.closing, first.live.length, peer.sessions.length], [true, 2, 2])
    peer.session(1).settings(1).stream(0).answer(200)
    for (const stream of first.live) stream.answer(200)
    peer.flush()
    assert.isTrue(first.ended)
    assert.isTrue(asked.every(({ results }) => results.join() === "200"))
  })
})

describe("warming up", () => {
  it("connects once, before the first request", () => {
    const { ask, connection, peer } = dialogue()
    connection.warmUp()
    connection.warmUp()
    assert.lengthOf(peer.sessions, 1)
    const session = peer.session(0).settings(1)
    const a = ask()
    session.stream(0).answer(200)
    assert.deepStrictEqual([a.results, peer.sessions.length], [["200"], 1])
  })

  it("that fails is forgotten until a request comes", () => {
    const { ask, clock, connection, peer } = dialogue()
    connection.warmUp()
    peer.session(0).end(refusedConnect)
    clock.advance(60_000)
    assert.lengthOf(peer.sessions, 1)
    const a = ask()
    clock.advance(100)
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(a.results, ["200"])
  })
})

/** mulberry32. */
const randomFrom = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe("a storm over several sessions", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("(seed %d) settles every request once and keeps nothing", (seed) => {
    const random = randomFrom(seed)
    vi.mocked(Math.random).mockImplementation(random)
    const { ask, clock, connection, inside, peer } = dialogue({ maxSessions: 4, maxStreamsPerSession: 200 })
    const asked: Array<Asked> = []
    const cancelled = new Set<Asked>()
    let most = 0
    const pick = <A>(from: ReadonlyArray<A>): A | undefined => from[Math.floor(random() * from.length)]
    const session = () => pick(peer.live())
    const stream = () => pick(session()?.live ?? [])
    const operations: ReadonlyArray<readonly [weight: number, run: () => void]> = [
      [40, () => asked.push(ask("a", 1 + Math.floor(random() ** 3 * 40_000)))],
      [
        3,
        () => {
          const one = pick(asked)
          if (one === undefined) return
          if (one.results.length === 0) cancelled.add(one)
          one.pending.cancel()
        }
      ],
      [
        6,
        () => {
          const one = pick(peer.live().filter(({ ready }) => !ready))
          if (one === undefined) return
          const order = one.resolve(...["192.0.2.1", "192.0.2.2", "192.0.2.3"].slice(Math.floor(random() * 3)))
          if (random() < 0.3) one.fallBack(order[1])
        }
      ],
      [12, () => session()?.settings(pick([0, 1, 2, 3, 8]) ?? 1)],
      [30, () => stream()?.answer(pick([200, 200, 400, 503]) ?? 200)],
      [2, () => stream()?.refuse()],
      [2, () => stream()?.reset(8)],
      [2, () => stream()?.end({ _tag: "NeverWritten" })],
      [1, () => session()?.goAway({ processed: Math.floor(random() * 50) })],
      [0.5, () => session()?.end(random() < 0.5 ? refusedConnect : undefined)],
      [0.5, () => connection.retire(`push.test:443#${peer.sessions.length - Math.floor(random() * 3)}`)],
      [8, () => session()?.acknowledge()],
      [10, () => peer.flush()],
      [10, () => clock.advance(Math.floor(random() ** 2 * 400))],
      [0.3, () => clock.advance(8000)],
      [0.1, () => clock.advance(61_000)]
    ]
    const total = operations.reduce((sum, [weight]) => sum + weight, 0)
    const step = () => {
      let at = random() * total
      for (const [weight, run] of operations) {
        at -= weight
        if (at < 0) return run()
      }
    }
    for (let i = 0; i < 5000; i++) {
      // The peer throws when it is given a stream that it did not allow.
      step()
      // Beside those whose identifiers come to an end.
      const taking = peer.live().filter(({ closing, streams }) => !closing && streams.length < 200 - 12)
      most = Math.max(most, taking.length)
      assert.isAtMost(taking.length, 4)
      // None is opened beside one that has not answered.
      const proven = ({ streams }: (typeof taking)[number]) => streams.some(({ ending }) => ending?._tag === "Answered")
      assert.isAtMost(taking.filter((one) => !proven(one)).length, 1)
    }
    const waiting = () => asked.filter((one) => !cancelled.has(one) && one.results.length === 0)
    for (let i = 0; i < 200 && waiting().length > 0; i++) {
      clock.advance(200)
      peer.flush()
      for (const one of peer.live()) {
        if (!one.closing) one.settings(10)
        if (one.ready) one.acknowledge()
        for (const open of one.live) open.answer(200)
      }
    }
    assert.lengthOf(waiting(), 0)
    assert.isTrue(asked.every((one) => one.results.length === (cancelled.has(one) ? 0 : 1)))
    let drained = 0
    connection.close(() => drained++)
    peer.flush()
    assert.deepStrictEqual(
      [drained, inside.pool.carriers.size, inside.queue.length, inside.queued, inside.deadlines.buckets.size],
      [1, 0, 0, 0, 0]
    )
    clock.advance(120_000)
    assert.strictEqual(clock.timers(), 0)
    // The storm is one worth the name: it had several sessions, and the watchdog bit.
    assert.isAtLeast(most, 2)
    assert.isTrue(peer.sessions.some(({ destroyed }) => destroyed))
  })
})
