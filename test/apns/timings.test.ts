import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Apns, Channels, Notification, send, sendAll, type Timings } from "effect-apns"
import { LogicalConnection } from "../../packages/apns/src/internal/logicalConnection.ts"
import type { Spent } from "../../packages/apns/src/internal/timings.ts"
import { timingsOf } from "../../packages/apns/src/internal/timings.ts"
import { type FakePeer, fakePeer, handClock } from "../support/fakeTransport.ts"
import { played } from "../support/playedConnection.ts"
import { clientOf, device, simulated, simulatedChannels } from "../support/simulated.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0.5)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** What an attempt had spent when its connection told that it failed. */
const spentBy = (play: (peer: FakePeer, advance: (millis: number) => void) => void) => {
  const clock = handClock()
  const peer = fakePeer()
  const connection = new LogicalConnection({
    endpoint: { host: "push.test", port: 443, connectTimeoutMillis: 10_000 },
    connect: peer.connect,
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
  const told: Array<Spent | undefined> = []
  const request = { method: "POST", path: "/", fields: {}, body: new Uint8Array() }
  connection.submit(request, clock.now() + 1000, {
    onResponse: () => assert.fail("answered"),
    onError: (_, spent) => told.push(spent)
  })
  play(peer, clock.advance)
  assert.lengthOf(told, 1)
  return told[0]
}

describe("what an attempt spent its time on", () => {
  it.each<[string, (peer: FakePeer, advance: (millis: number) => void) => void, Spent]>([
    ["the deadline, connecting", (_, advance) => advance(1000), { queueMillis: 1000, connectMillis: 1000 }],
    [
      "the deadline, waiting for a stream",
      (peer, advance) => {
        advance(300)
        peer.session(0).settings(0)
        advance(700)
      },
      { queueMillis: 1000, connectMillis: 300 }
    ],
    [
      "the deadline, being written",
      (peer, advance) => {
        advance(300)
        peer.session(0).settings(0)
        advance(100)
        peer.session(0).settings(1).stream(0).blocked()
        advance(600)
      },
      { queueMillis: 400, connectMillis: 300, writeMillis: 600 }
    ],
    [
      "the deadline, waiting for the answer",
      (peer, advance) => {
        advance(300)
        peer.session(0).settings(1)
        advance(20)
        peer.session(0).written()
        advance(680)
      },
      { queueMillis: 300, connectMillis: 300, writeMillis: 20, answerMillis: 680 }
    ],
    [
      "the deadline, in the middle of the answer",
      (peer, advance) => {
        peer.session(0).settings(1).written()
        advance(500)
        peer.session(0).stream(0).headers()
        advance(500)
      },
      { queueMillis: 0, connectMillis: 0, writeMillis: 0, answerMillis: 1000 }
    ],
    [
      "no connection",
      (peer, advance) => {
        advance(40)
        peer.session(0).end()
      },
      { queueMillis: 40, connectMillis: 40 }
    ],
    [
      "a stream that was turned away",
      (peer, advance) => {
        advance(40)
        peer.session(0).settings(1).written()
        advance(2)
        peer.session(0).stream(0).refuse()
      },
      { queueMillis: 40, connectMillis: 40, writeMillis: 0, answerMillis: 2 }
    ],
    [
      "a session that ended before it was written",
      (peer, advance) => {
        peer.session(0).settings(1)
        advance(7)
        peer.session(0).stream(0).end({ _tag: "NeverWritten" })
      },
      { queueMillis: 0, connectMillis: 0, writeMillis: 7 }
    ],
    [
      "a session that was lost, where nobody told when it was written",
      (peer, advance) => {
        peer.session(0).settings(1)
        advance(7)
        peer.session(0).end()
      },
      { queueMillis: 0, connectMillis: 0, answerMillis: 7 }
    ]
  ])("is told with %s", (_, play, expected) => {
    assert.deepStrictEqual(spentBy(play), expected)
  })

  it("is told of an answer, as far as it is known", () => {
    const moments = { status: 200, fields: {}, body: "", connection: "", queuedAtMillis: 10, openedAtMillis: 15 }
    const answered = { ...moments, answeredAtMillis: 40 }
    const least = { totalMillis: 40, queueMillis: 5, answerMillis: 25 }
    assert.deepStrictEqual(timingsOf(0, answered), least)
    assert.deepStrictEqual(timingsOf(0, { ...answered, readyAtMillis: 12 }), { ...least, connectMillis: 2 })
    // The session was there before the request.
    assert.deepStrictEqual(timingsOf(0, { ...answered, readyAtMillis: 3 }), { ...least, connectMillis: 0 })
    assert.deepStrictEqual(timingsOf(0, { ...answered, readyAtMillis: 3, writtenAtMillis: 18 }), {
      totalMillis: 40,
      queueMillis: 5,
      connectMillis: 0,
      writeMillis: 3,
      answerMillis: 22
    })
  })
})

const parts = ({ connectMillis = Number.NaN, queueMillis = Number.NaN, ...rest }: Timings) => {
  const { answerMillis = Number.NaN, totalMillis, writeMillis = Number.NaN } = rest
  return { connectMillis, queueMillis, writeMillis, answerMillis, totalMillis }
}

/** All are known, and there is room for them in the total. */
const assertWhole = (timings: Timings | undefined) => {
  if (timings === undefined) return assert.fail("no timings")
  const { answerMillis, connectMillis, queueMillis, totalMillis, writeMillis } = parts(timings)
  for (const part of [answerMillis, connectMillis, queueMillis, totalMillis, writeMillis]) assert.isAtLeast(part, 0)
  assert.isAtMost(connectMillis, queueMillis)
  assert.isAtMost(queueMillis + writeMillis + answerMillis, totalMillis)
}

describe("timings", () => {
  it.live("are whole in receipts, in refusals and in results of sendAll; the connection is waited for once", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const first = yield* send(hello())
      assertWhole(first.timings)
      const second = yield* send(hello())
      assertWhole(second.timings)
      assert.strictEqual(second.timings.connectMillis, 0)
      yield* simulator.inject({ effect: { _tag: "delay", millis: 120 } })
      assert.isAtLeast((yield* send(hello())).timings.answerMillis ?? 0, 100)
      yield* simulator.inject({ effect: { _tag: "reject", reason: "BadTopic" }, times: 2 })
      const refused = yield* Effect.flip(send(hello()))
      assertWhole(refused.timings)
      const [result] = yield* Stream.runCollect(sendAll(Stream.make(hello())))
      assert.isTrue(result !== undefined && result.outcome === "refused")
      if (result !== undefined && result.outcome !== "accepted") assertWhole(result.error.timings)
    }).pipe(Effect.provide(simulated()))
  )

  it.live("are those of the last attempt, and of all in the total", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "reject", reason: "ServiceUnavailable" }, times: 2 })
      const { attempts, timings } = yield* Effect.flip(send(hello()))
      assert.strictEqual(attempts, 2)
      assertWhole(timings)
      assert.isAtLeast(timings?.totalMillis ?? 0, 40)
    }).pipe(Effect.provide(simulated({ apns: { retry: Schedule.spaced(50).pipe(Schedule.upTo({ times: 1 })) } })))
  )

  it.live("tell how long what was never sent had waited, and nothing that it did not come to", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const apns = Apns.layer({
        ...clientOf(simulator),
        environment: { host: "127.0.0.1", port: 1, ca: simulator.ca },
        retry: Schedule.recurs(0)
      })
      const { outcome, timings } = yield* Effect.flip(Effect.provide(send(hello()), apns))
      assert.strictEqual(outcome, "unsent")
      assert.hasAllKeys(timings, ["totalMillis", "queueMillis", "connectMillis"])
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("are absent where nothing took time: what breaks a rule", () =>
    Effect.gen(function* () {
      const { timings } = yield* Effect.flip(send({ ...hello(), device: "not hex" }))
      assert.isUndefined(timings)
    }).pipe(Effect.provide(simulated()))
  )

  it.live("are told of requests to manage channels, too", () =>
    Effect.gen(function* () {
      const channels = yield* Channels
      const { timings } = yield* Effect.flip(channels.read("dGVzdC1jaGFubmVsLWlkLTE="))
      assertWhole(timings)
    }).pipe(Effect.provide(simulatedChannels()))
  )

  it.effect.each([
    ["connect", () => {}, { totalMillis: 30_000, queueMillis: 30_000, connectMillis: 30_000 }],
    [
      "queue",
      (peer: FakePeer) => peer.session(0).settings(0),
      { totalMillis: 30_000, queueMillis: 30_000, connectMillis: 10 }
    ],
    [
      "write",
      (peer: FakePeer) => peer.session(0).settings(1).stream(0).blocked(),
      { totalMillis: 30_000, queueMillis: 10, connectMillis: 10, writeMillis: 29_990 }
    ],
    [
      "answer",
      (peer: FakePeer) => peer.session(0).settings(1).written(),
      { totalMillis: 30_000, queueMillis: 10, connectMillis: 10, writeMillis: 0, answerMillis: 29_990 }
    ]
  ] as const)("stand beside the stage in which the deadline passed: %s", ([stage, play, expected]) =>
    Effect.gen(function* () {
      const { layer, peer } = played()
      const fiber = yield* Effect.forkChild(Effect.flip(send(hello())).pipe(Effect.provide(layer)), {
        startImmediately: true
      })
      yield* TestClock.adjust(10)
      play(peer)
      yield* TestClock.adjust("31 seconds")
      const { reason, timings } = yield* Fiber.join(fiber)
      assert.isTrue(reason._tag === "DeadlinePassed" && reason.stage === stage)
      assert.deepStrictEqual(timings, expected)
    })
  )
})
