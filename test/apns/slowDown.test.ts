/** Slowing down, over sessions played by hand. */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import {
  type ConnectionError,
  LogicalConnection,
  type Pending
} from "../../packages/apns/src/internal/logicalConnection.ts"
import type { SlowCause } from "../../packages/apns/src/internal/pace.ts"
import { type FakeStream, fakePeer, handClock } from "../support/fakeTransport.ts"

interface Asked {
  readonly pending: Pending
  readonly results: Array<string>
  readonly errors: Array<ConnectionError>
}

const unavailable = (stream: FakeStream, fields = {}) => stream.answer(503, '{"reason":"ServiceUnavailable"}', fields)

const bad = (stream: FakeStream) => stream.answer(400, '{"reason":"BadDeviceToken"}')

const dialogue = (maxSessions = 1) => {
  const clock = handClock()
  const peer = fakePeer()
  const told: Array<string> = []
  const connection = new LogicalConnection({
    endpoint: { host: "push.test", port: 443, connectTimeoutMillis: 10_000 },
    connect: peer.connect,
    pool: { maxSessions, idlePingMillis: 60_000, silencePingMillis: 5000, pingTimeoutMillis: 2000 },
    slowDown: {
      devices: undefined,
      badTokens: { share: 0.1, perSecond: 100, windowMillis: 1000 },
      outage: { failures: 3, withinMillis: 10_000, firstMillis: 500, maxMillis: 8000 }
    },
    now: clock.now,
    later: clock.after,
    loopTime: () => ({ idle: clock.now(), active: 0 }),
    observer: {
      onOpening: () => {},
      onReady: () => {},
      onGoAway: () => {},
      onSilent: () => {},
      onEnded: () => {},
      onBackoff: () => {},
      onAvoiding: () => {},
      onSlowed: (cause: SlowCause) => void told.push(`slowed by ${cause}`),
      onResumed: (cause: SlowCause) => void told.push(`resumed from ${cause}`)
    }
  })
  const ask = (name = "a", timeout = 600_000): Asked => {
    const results: Array<string> = []
    const errors: Array<ConnectionError> = []
    const request = { method: "POST", path: name, fields: {}, body: new Uint8Array() }
    const pending = connection.submit(request, clock.now() + timeout, {
      onResponse: ({ status }) => results.push(String(status)),
      onError: (error) => {
        results.push(error._tag)
        errors.push(error)
      }
    })
    return { pending, results, errors }
  }
  const askMany = (count: number) => Array.from({ length: count }, (_, n) => ask(String(n)))
  const session = (limit: number) => {
    ask("first")
    const opened = peer.session(0).settings(1)
    clock.advance(50)
    opened.stream(0).answer(200)
    return opened.settings(limit)
  }
  /** A session after three answers of 503. */
  const shut = (limit = 10) => {
    const opened = session(limit)
    askMany(3)
    for (let n = 1; n <= 3; n++) unavailable(opened.stream(n))
    return opened
  }
  const shutdown = (stream: FakeStream) => stream.answer(503, '{"reason":"Shutdown"}')
  return { clock, peer, connection, told, ask, askMany, session, shut, shutdown }
}

beforeEach(() => {
  // No jitter: backoff is exact.
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe("an outage", () => {
  it("lets one request out at a time, and two more for each good answer", () => {
    const { askMany, clock, shut, told } = dialogue()
    const session = shut()
    const asked = askMany(9)
    assert.deepStrictEqual([session.live.length, told], [0, ["slowed by outage"]])
    clock.advance(499)
    assert.lengthOf(session.live, 0)
    clock.advance(1)
    assert.lengthOf(session.live, 1)
    clock.advance(100)
    unavailable(session.stream(4))
    clock.advance(999)
    assert.lengthOf(session.live, 0)
    clock.advance(1)
    assert.lengthOf(session.live, 1)
    session.stream(5).answer(200)
    assert.deepStrictEqual([session.live.length, told[1]], [2, "resumed from outage"])
    for (let index = 6; index < 13; index++) session.stream(index).answer(200)
    assert.deepStrictEqual(
      asked.map(({ results }) => results),
      [["503"], ...Array.from({ length: 8 }, () => ["200"])]
    )
  })

  it("asks no sooner than the server wants", () => {
    const { ask, clock, session } = dialogue()
    const opened = session(10)
    for (let n = 0; n < 3; n++) {
      ask()
      unavailable(opened.stream(n + 1), { "retry-after": "30" })
    }
    ask()
    clock.advance(29_999)
    assert.lengthOf(opened.live, 0)
    clock.advance(1)
    assert.lengthOf(opened.live, 1)
  })

  it("is not made by one server that shuts down, which says so to all it was asked", () => {
    const { ask, askMany, peer, session, shutdown, told } = dialogue()
    const opened = session(10)
    askMany(9)
    for (let n = 1; n < 10; n++) shutdown(opened.stream(n))
    assert.deepStrictEqual(told, [])
    for (let n = 0; n < 2; n++) {
      assert.deepStrictEqual(told, [])
      peer.session(n).goAway()
      peer.flush()
      ask()
      shutdown(
        peer
          .session(n + 1)
          .settings(1)
          .stream(0)
      )
    }
    assert.deepStrictEqual(told, ["slowed by outage"])
  })

  it("is not made by failures that have good answers between them", () => {
    const { ask, session, told } = dialogue()
    const opened = session(10)
    for (let n = 0; n < 12; n++) {
      ask()
      if (n % 3 === 2) opened.stream(n + 1).answer(200)
      else unavailable(opened.stream(n + 1))
    }
    assert.deepStrictEqual(told, [])
  })

  it("does not hold a request back beyond its deadline: it is unsent", () => {
    const { ask, clock, shut } = dialogue()
    shut()
    ask("probe", 60_000)
    const waits = ask("waits", 3000)
    clock.advance(3010)
    const [error] = waits.errors
    assert.isTrue(error?._tag === "DeadlinePassed" && error.stage === "queue" && error.outcome === "unsent")
  })

  it("keeps what waits in the queue when the session ends, too", () => {
    const { ask, clock, peer, shut } = dialogue()
    const session = shut()
    const waits = ask("waits", 400)
    session.end()
    clock.advance(410)
    const [error] = waits.errors
    assert.isTrue(error?._tag === "DeadlinePassed" && error.stage === "queue")
    assert.lengthOf(peer.sessions, 1)
    ask("next")
    clock.advance(90)
    assert.lengthOf(peer.sessions, 2)
    peer.session(1).settings(10)
    assert.lengthOf(peer.session(1).live, 1)
  })

  it("forgets a request that is given up while it waits", () => {
    const { ask, clock, connection, shut } = dialogue()
    const session = shut()
    const given = ask("given up")
    ask("next")
    given.pending.cancel()
    assert.strictEqual(connection.census().queued, 1)
    clock.advance(500)
    assert.deepStrictEqual(
      session.live.map(({ request }) => request.path),
      ["next"]
    )
  })

  it("sends another probe when one is given up", () => {
    const { ask, clock, peer, shut } = dialogue()
    const session = shut()
    const probe = ask("probe")
    clock.advance(500)
    ask("next")
    probe.pending.cancel()
    peer.flush()
    clock.advance(499)
    assert.lengthOf(session.live, 0)
    clock.advance(1)
    assert.deepStrictEqual(
      session.live.map(({ request }) => request.path),
      ["next"]
    )
  })

  it("sends another probe when one is never answered, and hears the first one all the same", () => {
    const { askMany, clock, shut } = dialogue()
    const session = shut()
    askMany(20)
    clock.advance(500)
    const [first] = session.live
    clock.advance(5000)
    session.acknowledge()
    clock.advance(3000)
    assert.lengthOf(session.live, 2)
    first?.answer(200)
    assert.lengthOf(session.live, 3)
  })

  it("is no reason to open more sessions, while it lasts and right after", () => {
    const { askMany, clock, peer, shut } = dialogue(4)
    const session = shut(2)
    askMany(40)
    clock.advance(480)
    assert.lengthOf(peer.sessions, 1)
    clock.advance(20)
    for (let n = 0; n < 10; n++) for (const stream of session.live) stream.answer(200)
    assert.lengthOf(session.live, 2)
    clock.advance(40)
    assert.lengthOf(peer.sessions, 1)
  })

  it("does not outlive the connection: what waits fails when that is closed", () => {
    const { ask, clock, connection, peer, shut } = dialogue()
    shut()
    const waits = ask()
    let drained = false
    connection.close(() => {
      drained = true
    })
    peer.flush()
    assert.deepStrictEqual([waits.results, drained], [["ConnectionFailed"], true])
    clock.advance(60_000)
    assert.lengthOf(peer.sessions, 1)
  })

  it("is seen in the census", () => {
    const { clock, connection, ask, shut } = dialogue()
    const session = shut()
    assert.deepStrictEqual(connection.census().slowed, { badDeviceTokens: false, outage: true })
    ask()
    clock.advance(500)
    session.stream(4).answer(400, '{"reason":"BadTopic"}')
    assert.deepStrictEqual(connection.census().slowed, { badDeviceTokens: false, outage: false })
  })
})

describe("a storm of bad device tokens", () => {
  it("is let out slowly, and does not slow what comes after it for long", () => {
    const { askMany, clock, peer, session, told } = dialogue(4)
    const opened = session(1000)
    askMany(4000)
    for (const stream of opened.live) bad(stream)
    assert.deepStrictEqual(told, ["slowed by badDeviceTokens"])
    const seconds: Array<number> = []
    for (let second = 0; second < 5; second++) {
      const before = opened.streams.length
      for (let n = 0; n < 100; n++) {
        clock.advance(10)
        for (const stream of opened.live) bad(stream)
      }
      seconds.push(opened.streams.length - before)
    }
    for (const streams of seconds) assert.approximately(streams, 100, 20)
    for (let n = 0; n < 1000; n++) {
      clock.advance(10)
      for (const stream of opened.live) stream.answer(200)
    }
    assert.deepStrictEqual(told[1], "resumed from badDeviceTokens")
    assert.deepStrictEqual([opened.streams.length, peer.sessions.length], [4001, 1])
  })

  it("is over, for those who watch, when nothing is sent for a while", () => {
    const { askMany, clock, connection, session } = dialogue()
    const opened = session(1000)
    askMany(200)
    for (const stream of opened.live) bad(stream)
    assert.isTrue(connection.census().slowed.badDeviceTokens)
    clock.advance(10_000)
    assert.isFalse(connection.census().slowed.badDeviceTokens)
  })
})
