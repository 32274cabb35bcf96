import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Duration, Result } from "effect"
import { ReasonTable } from "effect-apns"
import {
  type ConnectionError,
  LogicalConnection,
  type Pending,
  type Response
} from "../../packages/apns/src/internal/logicalConnection.ts"
import type { SessionFailure } from "../../packages/apns/src/internal/transport.ts"
import { fakePeer, handClock } from "../support/fakeTransport.ts"

/** A request and what became of it. */
interface Asked {
  readonly name: string
  readonly pending: Pending
  readonly results: Array<Result.Result<Response, ConnectionError>>
}

const summary = (result: Result.Result<Response, ConnectionError>): string => {
  if (Result.isSuccess(result)) return `${result.success.status}`
  const reason = result.failure
  if (reason._tag === "ConnectionFailed") return `ConnectionFailed ${reason.step}`
  if (reason._tag === "DeadlinePassed") return `DeadlinePassed ${reason.stage}`
  return reason._tag
}

const said = ({ results }: Asked): string => results.map(summary).join(", ") || "waiting"

const errorOf = ({ results }: Asked): ConnectionError => {
  const [result] = results
  if (result === undefined || Result.isSuccess(result)) throw new Error("expected an error")
  return result.failure
}

const responseOf = ({ results }: Asked): Response => {
  const [result] = results
  if (result === undefined || Result.isFailure(result)) throw new Error("expected an answer")
  return result.success
}

/** What the connection keeps, to show that it keeps nothing. */
interface Inside {
  readonly deadlines: { readonly buckets: ReadonlyMap<number, unknown> }
  readonly pool: { readonly carriers: ReadonlySet<unknown> }
  readonly queue: { readonly length: number }
  readonly queued: number
}

const dialogue = () => {
  const clock = handClock()
  const peer = fakePeer()
  const connection = new LogicalConnection({
    endpoint: { host: "push.test", port: 443, connectTimeoutMillis: 10_000 },
    connect: peer.connect,
    // The health of sessions and their number have dialogues of their own: pool.test.ts.
    pool: {
      maxSessions: 1,
      idlePingMillis: Number.POSITIVE_INFINITY,
      silencePingMillis: Number.POSITIVE_INFINITY,
      pingTimeoutMillis: 5000
    },
    now: clock.now,
    later: clock.after,
    loopTime: () => ({ idle: clock.now(), active: 0 })
  })
  const ask = (name: string, timeout = 30_000): Asked => {
    const results: Array<Result.Result<Response, ConnectionError>> = []
    const request = { method: "POST", path: name, fields: {}, body: new Uint8Array() }
    const pending = connection.submit(request, clock.now() + timeout, {
      onResponse: (response) => results.push(Result.succeed(response)),
      onError: (error) => results.push(Result.fail(error))
    })
    return { name, pending, results }
  }
  /** Does something from inside the report of what became of a request. */
  const askThen = (name: string, then: () => void) => {
    const request = { method: "POST", path: name, fields: {}, body: new Uint8Array() }
    connection.submit(request, clock.now() + 30_000, { onResponse: then, onError: then })
  }
  const askAll = (...names: Array<string>) => names.map((name) => ask(name))
  /** The paths of the streams opened on a session, in order. */
  const paths = (session: number) => peer.session(session).streams.map(({ request }) => request.path)
  const inside = connection as unknown as Inside
  const assertEmpty = () => {
    assert.strictEqual(inside.queued, 0, "queued")
    assert.strictEqual(inside.deadlines.buckets.size, 0, "deadlines")
  }
  return { clock, peer, connection, ask, askThen, askAll, paths, inside, assertEmpty }
}

const refusedConnect: SessionFailure = {
  step: "connect",
  problem: "nothing listens there (connection refused)",
  cure: "Check the host.",
  transient: true
}

const json = (reason: string) => JSON.stringify({ reason })

beforeEach(() => {
  // No jitter: backoff is exact.
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe("opening", () => {
  it("connects with the first request, once, and opens no stream before SETTINGS", () => {
    const { askAll, paths, peer } = dialogue()
    assert.lengthOf(peer.sessions, 0)
    const asked = askAll("a", "b")
    assert.lengthOf(peer.sessions, 1)
    assert.deepStrictEqual(paths(0), [])
    peer.session(0).settings(1)
    assert.deepStrictEqual(paths(0), ["a"])
    assert.deepStrictEqual(asked.map(said), ["waiting", "waiting"])
  })

  it("gives the endpoint to the transport", () => {
    const { ask, peer } = dialogue()
    ask("a")
    assert.deepStrictEqual(peer.session(0).endpoint, { host: "push.test", port: 443, connectTimeoutMillis: 10_000 })
  })

  it("tells of an answer where and when it was had", () => {
    const { ask, clock, peer, assertEmpty } = dialogue()
    const a = ask("a")
    clock.advance(20)
    peer.session(0).settings(1)
    clock.advance(5)
    peer.session(0).written()
    clock.advance(25)
    peer.session(0).stream(0).answer(400, json("BadDeviceToken"), { "apns-id": "x" })
    assert.deepStrictEqual(responseOf(a), {
      status: 400,
      fields: { "apns-id": "x" },
      body: json("BadDeviceToken"),
      connection: "push.test:443#1",
      queuedAtMillis: 1_000_000,
      readyAtMillis: 1_000_020,
      openedAtMillis: 1_000_020,
      writtenAtMillis: 1_000_025,
      answeredAtMillis: 1_000_050
    })
    assertEmpty()
  })

  it("keeps the session for later requests", () => {
    const { ask, clock, peer } = dialogue()
    ask("a")
    peer.session(0).settings(1).stream(0).answer(200)
    clock.advance(3_600_000)
    const b = ask("b")
    peer.session(0).stream(1).answer(200)
    assert.deepStrictEqual([said(b), peer.sessions.length], ["200", 1])
  })
})

describe("the limit", () => {
  it("is kept while it moves 1 → 1000 → 1 → 0 → 5, in the order of asking", () => {
    const { ask, paths, peer } = dialogue()
    const asked = Array.from({ length: 1100 }, (_, i) => ask(String(i)))
    const session = peer.session(0).settings(1)
    assert.lengthOf(session.live, 1)
    session.settings(1000)
    assert.lengthOf(session.live, 1000)
    session.settings(1)
    // Of the thousand, 999 must end before another may open.
    for (let i = 0; i < 999; i++) session.stream(i).answer(200)
    assert.lengthOf(session.streams, 1000)
    session.stream(999).answer(200)
    assert.lengthOf(session.live, 1)
    assert.lengthOf(session.streams, 1001)
    session.settings(0)
    session.stream(1000).answer(200)
    assert.lengthOf(session.streams, 1001)
    session.settings(5)
    assert.lengthOf(session.live, 5)
    for (let stream = session.live[0]; stream !== undefined; stream = session.live[0]) {
      assert.isAtMost(session.live.length, 5)
      stream.answer(200)
    }
    assert.deepStrictEqual(
      paths(0),
      asked.map(({ name }) => name)
    )
    assert.isTrue(asked.every((one) => said(one) === "200"))
  })

  it("of 0 in the first SETTINGS holds everything until it is raised", () => {
    const { ask, peer } = dialogue()
    const a = ask("a")
    peer.session(0).settings(0)
    assert.lengthOf(peer.session(0).streams, 0)
    peer.session(0).settings(1).stream(0).answer(200)
    assert.strictEqual(said(a), "200")
  })

  it("holds for answers in any order", () => {
    const { askAll, paths, peer } = dialogue()
    const asked = askAll("a", "b", "c", "d")
    const session = peer.session(0).settings(2)
    session.stream(1).answer(201)
    session.stream(2).answer(202)
    session.stream(0).answer(200)
    session.stream(3).answer(203)
    assert.deepStrictEqual(asked.map(said), ["200", "201", "202", "203"])
    assert.deepStrictEqual(paths(0), ["a", "b", "c", "d"])
  })
})

describe("cancelling", () => {
  it("in the queue sends nothing", () => {
    const { askAll, assertEmpty, connection, paths, peer } = dialogue()
    const [a, b, c] = askAll("a", "b", "c")
    assert.isDefined(b)
    if (a === undefined || b === undefined || c === undefined) return
    const session = peer.session(0).settings(1)
    connection.cancel(b.pending)
    session.stream(0).answer(200)
    session.stream(1).answer(200)
    assert.deepStrictEqual(
      [paths(0), [a, b, c].map(said)],
      [
        ["a", "c"],
        ["200", "waiting", "200"]
      ]
    )
    assertEmpty()
  })

  it("on a stream resets it, and reuses its slot when it has ended", () => {
    const { askAll, assertEmpty, connection, paths, peer } = dialogue()
    const [a, b] = askAll("a", "b")
    if (a === undefined || b === undefined) return
    const session = peer.session(0).settings(1)
    connection.cancel(a.pending)
    assert.isTrue(session.stream(0).cancelled)
    assert.deepStrictEqual(paths(0), ["a"])
    session.flush()
    assert.deepStrictEqual(paths(0), ["a", "b"])
    session.stream(1).answer(200)
    assert.deepStrictEqual([said(a), said(b)], ["waiting", "200"])
    assertEmpty()
  })

  it("after the answer does nothing, nor does cancelling twice", () => {
    const { ask, connection, peer } = dialogue()
    const a = ask("a")
    const session = peer.session(0).settings(1)
    session.stream(0).answer(200)
    connection.cancel(a.pending)
    assert.isFalse(session.stream(0).cancelled)
    const b = ask("b")
    connection.cancel(b.pending)
    connection.cancel(b.pending)
    session.flush()
    assert.deepStrictEqual([said(a), said(b)], ["200", "waiting"])
  })

  it("very many in the queue does not keep them", () => {
    const { ask, connection, inside } = dialogue()
    ask("kept")
    for (let i = 0; i < 10_000; i++) connection.cancel(ask(String(i)).pending)
    assert.isBelow(inside.queue.length, 1100)
    assert.strictEqual(inside.queued, 1)
  })
})

describe("the deadline", () => {
  it.each([
    ["connect", "unsent", () => {}],
    ["queue", "unsent", (peer: ReturnType<typeof fakePeer>) => peer.session(0).settings(0)],
    ["write", "unknown", (peer: ReturnType<typeof fakePeer>) => peer.session(0).settings(1).stream(0).blocked()],
    ["answer", "unknown", (peer: ReturnType<typeof fakePeer>) => peer.session(0).settings(1)],
    ["body", "unknown", (peer: ReturnType<typeof fakePeer>) => peer.session(0).settings(1).stream(0).headers()]
  ] as const)("passes in the stage %s, outcome %s, not before its time", (stage, outcome, play) => {
    const { ask, assertEmpty, clock, peer } = dialogue()
    clock.advance(3)
    const a = ask("a", 1000)
    play(peer)
    clock.advance(999)
    assert.strictEqual(said(a), "waiting")
    clock.advance(10)
    assert.strictEqual(said(a), `DeadlinePassed ${stage}`)
    const error = errorOf(a)
    assert.strictEqual(error.outcome, outcome)
    assert.isTrue(error._tag === "DeadlinePassed" && Duration.toMillis(error.waited) >= 1000)
    assertEmpty()
  })

  it("resets the stream it passes on, and the slot is free when that has ended", () => {
    const { ask, clock, paths, peer } = dialogue()
    ask("a", 100)
    const b = ask("b")
    const session = peer.session(0).settings(1)
    clock.advance(110)
    assert.isTrue(session.stream(0).cancelled)
    assert.deepStrictEqual(paths(0), ["a"])
    session.flush()
    assert.deepStrictEqual(paths(0), ["a", "b"])
    assert.strictEqual(said(b), "waiting")
  })

  it("that has passed already sends nothing", () => {
    const { ask, assertEmpty, peer } = dialogue()
    const asked = [ask("now", 0), ask("past", -5000)]
    assert.deepStrictEqual(asked.map(said), ["DeadlinePassed connect", "DeadlinePassed connect"])
    assert.strictEqual(errorOf(asked[0] as Asked).outcome, "unsent")
    assert.lengthOf(peer.sessions, 0)
    assertEmpty()
  })

  it("covers waiting for a reconnect", () => {
    const { ask, clock, peer } = dialogue()
    for (let i = 0; i < 5; i++) {
      ask("x")
      clock.advance(2000)
      peer.session(i).end(refusedConnect)
    }
    const a = ask("a", 50)
    clock.advance(60)
    assert.strictEqual(said(a), "DeadlinePassed connect")
    assert.lengthOf(peer.sessions, 5)
  })

  it("of a hundred thousand at the same instant passes for all", () => {
    const { ask, assertEmpty, clock } = dialogue()
    const asked = Array.from({ length: 200_000 }, (_, i) => ask(String(i), 1000))
    clock.advance(1010)
    assert.isTrue(asked.every((one) => said(one) === "DeadlinePassed connect"))
    assertEmpty()
  })
})

describe("GOAWAY", () => {
  it("lets streams up to its last finish, calls those above unsent, and sends the rest elsewhere", () => {
    const { askAll, paths, peer } = dialogue()
    const asked = askAll("a", "b", "c", "d")
    const first = peer.session(0).settings(3)
    first.stream(0).answer(200)
    assert.deepStrictEqual(paths(0), ["a", "b", "c", "d"])
    first.goAway({ processed: 2 })
    assert.deepStrictEqual(asked.map(said), ["200", "waiting", "ConnectionFailed stream", "ConnectionFailed stream"])
    assert.deepStrictEqual(
      asked.slice(2).map((one) => errorOf(one).outcome),
      ["unsent", "unsent"]
    )
    const [e] = askAll("e")
    peer.session(1).settings(1).stream(0).answer(200)
    first.stream(1).answer(200)
    first.flush()
    assert.isTrue(first.ended)
    assert.deepStrictEqual(
      [asked[1], e].map((one) => one && said(one)),
      ["200", "200"]
    )
    assert.strictEqual(e && responseOf(e).connection, "push.test:443#2")
  })

  it("opens the next session at once for those that wait, before the old one has drained", () => {
    const { askAll, peer, paths } = dialogue()
    askAll("a", "b", "c")
    const first = peer.session(0).settings(1)
    first.stream(0).answer(200)
    first.goAway()
    assert.isFalse(first.ended)
    assert.strictEqual(first.closes, 1)
    assert.lengthOf(peer.sessions, 2)
    peer.session(1).settings(10)
    assert.deepStrictEqual([paths(0), paths(1)], [["a", "b"], ["c"]])
  })

  it("of a session that has answered nothing waits before the next, whatever the number of frames", () => {
    const { askAll, clock, peer } = dialogue()
    askAll("a", "b", "c")
    peer.session(0).settings(1).goAway().goAway({ processed: 0 })
    assert.lengthOf(peer.sessions, 1)
    clock.advance(99)
    assert.lengthOf(peer.sessions, 1)
    clock.advance(1)
    assert.lengthOf(peer.sessions, 2)
    peer.session(1).settings(1).goAway({ processed: 0 })
    clock.advance(200)
    assert.lengthOf(peer.sessions, 3)
  })

  it("with a fatal reason fails streams and queue with it, and connects for new requests only, slower and slower", () => {
    const { ask, askAll, assertEmpty, clock, peer } = dialogue()
    const asked = askAll("a", "b", "c")
    peer
      .session(0)
      .settings(1)
      .goAway({ processed: 0, debugData: json("BadCertificateEnvironment") })
    assert.deepStrictEqual(asked.map(said), Array(3).fill("BadCertificateEnvironment"))
    assert.deepStrictEqual(
      [errorOf(asked[0] as Asked).action, errorOf(asked[2] as Asked).action],
      Array(2).fill("fixConfig")
    )
    peer.flush()
    clock.advance(60_000)
    assert.lengthOf(peer.sessions, 1)
    assertEmpty()
    const times: Array<number> = []
    for (let i = 1; i < 5; i++) {
      const before = clock.now()
      const again = ask("again")
      while (peer.sessions.length === i) clock.advance(10)
      times.push(clock.now() - before)
      peer
        .session(i)
        .settings(1)
        .goAway({ processed: 0, debugData: json("BadCertificateEnvironment") })
      assert.strictEqual(said(again), "BadCertificateEnvironment")
      peer.flush()
    }
    assert.deepStrictEqual(times, [100, 200, 400, 800])
  })

  it("with a reason that passes keeps the queue", () => {
    const { askAll, peer } = dialogue()
    const asked = askAll("a", "b", "c")
    const first = peer.session(0).settings(1)
    first.stream(0).answer(200)
    first.goAway({ processed: 1, debugData: json("Shutdown") })
    assert.deepStrictEqual(asked.map(said), ["200", "ConnectionFailed stream", "waiting"])
    assert.include(errorOf(asked[1] as Asked).message, "Shutdown")
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(asked.map(said), ["200", "ConnectionFailed stream", "200"])
  })

  it.each(Object.keys(ReasonTable.rejections) as ReadonlyArray<ReasonTable.RejectionName>)(
    "with the reason %s is the notification's only where it is about the credentials",
    (name) => {
      const { askAll, peer } = dialogue()
      const asked = askAll("a", "b", "c")
      const first = peer.session(0).settings(1)
      first.stream(0).answer(200)
      first.goAway({ processed: 1, debugData: json(name) })
      const { action, status } = ReasonTable.rejections[name]
      const isFault = status === 403 && action === "fixConfig"
      assert.deepStrictEqual(
        asked.map(said),
        isFault ? ["200", name, name] : ["200", "ConnectionFailed stream", "waiting"]
      )
    }
  )

  it.each(["", "calm down", "[]", '{"reason":5}', json("NeverHeardOf")])(
    "with the debug data %s is one without",
    (debugData) => {
      const { ask, peer } = dialogue()
      const a = ask("a")
      peer.session(0).settings(1).goAway({ processed: 0, code: 7, debugData })
      assert.strictEqual(said(a), "ConnectionFailed stream")
      assert.include(errorOf(a).message, "GOAWAY, code 7")
    }
  )

  it("before SETTINGS does not leave the queue behind", () => {
    const { ask, clock, peer } = dialogue()
    const a = ask("a")
    peer.session(0).goAway()
    peer.flush()
    clock.advance(100)
    if (said(a) === "waiting") peer.session(1).settings(1).stream(0).answer(200)
    assert.notStrictEqual(said(a), "waiting")
  })

  it("before SETTINGS, when the old session ends late, does not fail what the next one carries", () => {
    const { ask, clock, peer } = dialogue()
    const a = ask("a")
    peer.session(0).goAway()
    clock.advance(100)
    assert.lengthOf(peer.sessions, 2)
    peer.flush()
    assert.strictEqual(said(a), "waiting")
    peer.session(1).settings(1).stream(0).answer(200)
    assert.strictEqual(said(a), "200")
  })
})

describe("a stream", () => {
  it("that is refused is unsent and may go out again", () => {
    const { ask, peer } = dialogue()
    const a = ask("a")
    peer.session(0).settings(1).stream(0).refuse()
    assert.strictEqual(said(a), "ConnectionFailed stream")
    const error = errorOf(a)
    assert.deepStrictEqual([error.outcome, error.action], ["unsent", "retry"])
    assert.isFalse(peer.session(0).closing)
  })

  it.each([0, 1, 2, 8, 11])("that is reset with code %d is unknown", (code) => {
    const { ask, peer } = dialogue()
    const a = ask("a")
    peer.session(0).settings(1).stream(0).reset(code)
    const error = errorOf(a)
    assert.deepStrictEqual([error._tag, error.outcome], ["OutcomeUnknown", "unknown"])
    assert.include(error.message, `code ${code}`)
  })

  it("that was never written is unsent", () => {
    const { ask, peer } = dialogue()
    const a = ask("a")
    peer.session(0).settings(1).stream(0).end({ _tag: "NeverWritten" })
    assert.strictEqual(said(a), "ConnectionFailed closed")
    assert.strictEqual(errorOf(a).outcome, "unsent")
  })
})

describe("a lost connection", () => {
  it("leaves what was written unknown and carries the queue to the next session", () => {
    const { askAll, paths, peer } = dialogue()
    const asked = askAll("a", "b", "c", "d")
    const first = peer.session(0).settings(2)
    first.stream(0).answer(200)
    first.end({ ...refusedConnect, step: "stream", problem: "the connection was reset by the peer" })
    assert.deepStrictEqual(asked.map(said), ["200", "OutcomeUnknown", "OutcomeUnknown", "waiting"])
    assert.include(errorOf(asked[1] as Asked).message, "reset by the peer")
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(paths(1), ["d"])
    assert.strictEqual(said(asked[3] as Asked), "200")
  })

  it("without any answer counts as a failure: no hot loop of connecting", () => {
    const { ask, clock, peer } = dialogue()
    const start = clock.now()
    for (let i = 0; i < 100; i++) ask(`q${i}`, 600_000)
    for (let i = 0; clock.now() - start < 60_000; ) {
      const session = peer.sessions[i]
      if (session === undefined) clock.advance(10)
      else {
        session.settings(1).end()
        i++
      }
    }
    // 0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7 s and then every 10 s.
    assert.lengthOf(peer.sessions, 12)
  })

  it("while idle is replaced when the next request comes", () => {
    const { ask, peer } = dialogue()
    ask("a")
    peer.session(0).settings(1).stream(0).answer(200)
    peer.session(0).end()
    assert.lengthOf(peer.sessions, 1)
    ask("b")
    assert.lengthOf(peer.sessions, 2)
  })
})

describe("a failed connect", () => {
  it("fails the whole queue with its step, problem and cure", () => {
    const { askAll, assertEmpty, peer } = dialogue()
    const asked = askAll("a", "b")
    peer.session(0).end(refusedConnect)
    assert.deepStrictEqual(asked.map(said), Array(2).fill("ConnectionFailed connect"))
    const error = errorOf(asked[0] as Asked)
    assert.deepInclude(error, { ...refusedConnect, address: "push.test:443", outcome: "unsent", action: "retry" })
    assertEmpty()
  })

  it("that cannot pass says so", () => {
    const { ask, peer } = dialogue()
    const a = ask("a")
    peer.session(0).end({ ...refusedConnect, step: "tls", transient: false })
    assert.strictEqual(errorOf(a).action, "fixConfig")
  })

  it("without a reason has one all the same", () => {
    const { ask, peer } = dialogue()
    const a = ask("a")
    peer.session(0).end()
    assert.strictEqual(said(a), "ConnectionFailed closed")
    assert.include(errorOf(a).message, "before it was ready")
  })

  /** How long each of `times` failing connects lets the next wait. */
  const delays = (times: number) => {
    const { ask, clock, peer } = dialogue()
    const waited: Array<number> = []
    for (let i = 0; i < times; i++) {
      const asked = ask("a", 600_000)
      const before = clock.now()
      while (peer.sessions.length === i) clock.advance(1)
      waited.push(clock.now() - before)
      peer.session(i).end(refusedConnect)
      assert.strictEqual(said(asked), "ConnectionFailed connect")
    }
    return { ask, clock, peer, waited }
  }

  it("makes the next one wait, doubling from 100 ms to 10 s", () => {
    assert.deepStrictEqual(delays(11).waited, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000])
  })

  it.each([
    [0, [0, 80, 160, 320]],
    [0.999999, [0, 120, 240, 480]]
  ] as const)("has 20 per cent of jitter (random %s)", (random, expected) => {
    vi.mocked(Math.random).mockReturnValue(random)
    assert.deepStrictEqual(delays(4).waited, [...expected])
  })

  it("sets one timer for all that wait", () => {
    const { ask, clock, peer } = dialogue()
    ask("a")
    peer.session(0).end(refusedConnect)
    clock.advance(60_000)
    ask("b")
    clock.advance(200)
    peer.session(1).end(refusedConnect)
    clock.advance(60_000)
    const before = clock.timers()
    for (let i = 0; i < 1000; i++) ask(String(i))
    // One for the backoff, one for the deadlines.
    assert.isAtMost(clock.timers() - before, 2)
  })

  it("is forgotten after an answer", () => {
    const { ask, clock, peer } = delays(5)
    ask("a", 600_000)
    clock.advance(2000)
    peer.session(5).settings(1).stream(0).answer(200)
    peer.session(5).end()
    ask("b")
    assert.lengthOf(peer.sessions, 7)
  })

  it("leaves no session behind that nobody asks for any more", () => {
    const { ask, clock, connection, peer } = dialogue()
    ask("a")
    peer.session(0).end(refusedConnect)
    connection.cancel(ask("b").pending)
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 1)
    ask("c")
    clock.advance(1000)
    assert.lengthOf(peer.sessions, 2)
  })
})

describe("retiring", () => {
  it("opens no more streams there, lets the open ones finish, and sends the rest elsewhere", () => {
    const { ask, connection, paths, peer } = dialogue()
    ask("warm")
    const first = peer.session(0).settings(2)
    first.stream(0).answer(200)
    const a = ask("a")
    connection.retire("push.test:443#1")
    const b = ask("b")
    peer.session(1).settings(1).stream(0).answer(200)
    assert.isTrue(first.closing)
    first.stream(1).answer(200)
    first.flush()
    assert.deepStrictEqual([paths(0), paths(1)], [["warm", "a"], ["b"]])
    assert.deepStrictEqual([responseOf(a).connection, responseOf(b).connection], ["push.test:443#1", "push.test:443#2"])
  })

  it("sends on what waits at once, not when the old session has drained", () => {
    const { askAll, connection, peer } = dialogue()
    const asked = askAll("warm", "stuck", "waiting")
    peer.session(0).settings(1).stream(0).answer(200)
    connection.retire("push.test:443#1")
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(asked.map(said), ["200", "waiting", "200"])
  })

  it("does nothing to a session of another name, or one retired before", () => {
    const { ask, connection, peer } = dialogue()
    ask("a")
    peer.session(0).settings(1)
    connection.retire("push.test:443#2")
    connection.retire("")
    assert.isFalse(peer.session(0).closing)
    connection.retire("push.test:443#1")
    connection.retire("push.test:443#1")
    assert.isTrue(peer.session(0).closing)
    assert.lengthOf(peer.sessions, 1)
  })
})

describe("closing", () => {
  it("fails the queue, lets streams finish, and calls back when the last session has drained", () => {
    const { askAll, assertEmpty, connection, peer } = dialogue()
    const asked = askAll("a", "b", "c")
    const session = peer.session(0).settings(2)
    let drained = 0
    connection.close(() => drained++)
    assert.deepStrictEqual(asked.map(said), ["waiting", "waiting", "ConnectionFailed closed"])
    session.stream(0).answer(200)
    session.stream(1).answer(200)
    assert.strictEqual(drained, 0)
    session.flush()
    assert.deepStrictEqual([drained, ...asked.slice(0, 2).map(said)], [1, "200", "200"])
    assertEmpty()
  })

  it("calls back at once when there is no session", () => {
    const { connection } = dialogue()
    let drained = 0
    connection.close(() => drained++)
    assert.strictEqual(drained, 1)
  })

  it("waits for the sessions that drain already", () => {
    const { ask, connection, peer } = dialogue()
    ask("a")
    ask("b")
    peer.session(0).settings(1).stream(0).answer(200)
    peer.session(0).goAway()
    ask("c")
    peer.session(1).settings(1)
    let drained = 0
    connection.close(() => drained++)
    peer.session(1).stream(0).answer(200)
    peer.flush()
    assert.deepStrictEqual([peer.session(1).ended, drained], [true, 0])
    peer.session(0).stream(1).answer(200)
    peer.flush()
    assert.strictEqual(drained, 1)
  })

  it("is the end: later requests fail, and nothing connects", () => {
    const { ask, clock, connection, peer } = dialogue()
    ask("a")
    peer.session(0).end(refusedConnect)
    const waiting = ask("waiting for the backoff")
    connection.close(() => {})
    const late = ask("late")
    clock.advance(60_000)
    assert.deepStrictEqual([waiting, late].map(said), Array(2).fill("ConnectionFailed closed"))
    assert.deepStrictEqual([errorOf(late).outcome, errorOf(late).action], ["unsent", "fixConfig"])
    assert.lengthOf(peer.sessions, 1)
  })

  it("during a connect says that this program closed it, not the server", () => {
    const { ask, connection, peer } = dialogue()
    const a = ask("a")
    let drained = 0
    connection.close(() => drained++)
    peer.flush()
    assert.include(errorOf(a).message, "closed by this program")
    assert.strictEqual(drained, 1)
  })

  it("by force leaves what is written unknown", () => {
    const { ask, assertEmpty, connection, inside, peer } = dialogue()
    const a = ask("a")
    peer.session(0).settings(1)
    let drained = 0
    connection.close(() => drained++)
    connection.destroy()
    peer.flush()
    assert.deepStrictEqual([said(a), drained, inside.pool.carriers.size], ["OutcomeUnknown", 1, 0])
    assertEmpty()
  })
})

describe("re-entrance", () => {
  it("a request made while another is told of its failure is carried", () => {
    const { ask, askThen, clock, peer } = dialogue()
    const second: Array<Asked> = []
    askThen("a", () => second.push(ask("again")))
    const b = ask("b")
    peer.session(0).end(refusedConnect)
    assert.strictEqual(said(b), "ConnectionFailed connect")
    clock.advance(100)
    peer.session(1).settings(1).stream(0).answer(200)
    assert.deepStrictEqual(second.map(said), ["200"])
  })

  it("a request made while another has its answer takes the slot, once", () => {
    const { ask, askThen, paths, peer } = dialogue()
    askThen("a", () => ask("c"))
    ask("b")
    const session = peer.session(0).settings(1)
    session.stream(0).answer(200)
    session.stream(1).answer(200)
    session.stream(2).answer(200)
    assert.deepStrictEqual(paths(0), ["a", "b", "c"])
  })

  it("cancelling another while the queue fails settles neither twice", () => {
    const { ask, askThen, assertEmpty, peer } = dialogue()
    const others: Array<Asked> = []
    askThen("a", () => {
      for (const other of others) other.pending.cancel()
    })
    others.push(ask("b"), ask("c"))
    peer.session(0).end(refusedConnect)
    assert.deepStrictEqual(others.map(said), ["waiting", "waiting"])
    assertEmpty()
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

describe("a storm", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "of 3000 random operations (seed %d) settles every request once and keeps nothing",
    (seed) => {
      const random = randomFrom(seed)
      vi.mocked(Math.random).mockImplementation(random)
      const { ask, assertEmpty, clock, connection, inside, peer } = dialogue()
      const asked: Array<Asked> = []
      const cancelled = new Set<Asked>()
      const pick = <A>(from: ReadonlyArray<A>): A | undefined => from[Math.floor(random() * from.length)]
      const session = () => pick(peer.live())
      const stream = () => pick(session()?.live ?? [])
      const operations: ReadonlyArray<readonly [weight: number, run: () => void]> = [
        [30, () => asked.push(ask(String(asked.length), 1 + Math.floor(random() ** 3 * 20_000)))],
        [
          4,
          () => {
            const one = pick(asked)
            if (one === undefined) return
            if (one.results.length === 0) cancelled.add(one)
            connection.cancel(one.pending)
          }
        ],
        [12, () => session()?.settings(pick([0, 1, 1, 2, 5, 100]) ?? 1)],
        [25, () => stream()?.answer(pick([200, 200, 400, 503]) ?? 200)],
        [3, () => stream()?.headers()],
        [2, () => stream()?.refuse()],
        [2, () => stream()?.reset(Math.floor(random() * 14))],
        [
          2,
          () => {
            const one = session()
            one?.goAway({
              processed: Math.floor(random() * (one.streams.length + 1)),
              debugData: pick(["", "", json("Shutdown"), json("BadCertificate")]) ?? ""
            })
          }
        ],
        [1.5, () => session()?.end(random() < 0.5 ? refusedConnect : undefined)],
        [1, () => connection.retire(`push.test:443#${peer.sessions.length}`)],
        [10, () => peer.flush()],
        [8, () => clock.advance(Math.floor(random() * 300))]
      ]
      const total = operations.reduce((sum, [weight]) => sum + weight, 0)
      const step = () => {
        let at = random() * total
        for (const [weight, run] of operations) {
          at -= weight
          if (at < 0) return run()
        }
      }
      const outcomes = () => asked.filter((one) => !cancelled.has(one)).map(said)
      for (let i = 0; i < 3000; i++) {
        // The peer throws when it is given a stream that it did not allow.
        step()
        assert.isTrue(
          asked.every((one) => one.results.length <= 1),
          `settled twice after ${i} operations`
        )
      }
      for (let i = 0; i < 100 && outcomes().includes("waiting"); i++) {
        clock.advance(200)
        peer.flush()
        for (const one of peer.live()) {
          if (!one.closing) one.settings(10)
          for (const open of one.live) open.answer(200)
        }
      }
      assert.isTrue(asked.length > 500)
      assert.isTrue([...cancelled].every((one) => one.results.length === 0))
      assert.notInclude(outcomes(), "waiting")
      assertEmpty()
      let drained = 0
      connection.close(() => drained++)
      peer.flush()
      assert.deepStrictEqual([drained, inside.pool.carriers.size, inside.queue.length], [1, 0, 0])
      clock.advance(120_000)
      assert.strictEqual(clock.timers(), 0)
      // The storm is one worth the name: every kind of outcome occurred.
      for (const kind of ["200", "503", "OutcomeUnknown", "ConnectionFailed stream"]) assert.include(outcomes(), kind)
    }
  )
})
