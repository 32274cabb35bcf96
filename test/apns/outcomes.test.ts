/** Every way for a request to end, at every stage: what is known of the notification then, and whether it goes out again. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Result, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { type ApnsError, ApnsFile, Notification, send } from "effect-apns"
import type { SessionFailure } from "../../packages/apns/src/internal/transport.ts"
import type { FakePeer } from "../support/fakeTransport.ts"
import { played } from "../support/playedConnection.ts"
import { device, topic } from "../support/simulated.ts"

const hello = Notification.alert({ device: device(), alert: "Hello" })
const json = (reason: string) => JSON.stringify({ reason })
const noConnection = (transient: boolean): SessionFailure => ({
  step: "connect",
  problem: "nothing listens there",
  cure: "Check the host.",
  transient
})

/** What happens to the first request. */
type Play = (peer: FakePeer) => void

const opened: Play = (peer) => peer.session(0).settings(1)
const writing: Play = (peer) => peer.session(0).settings(1).stream(0).blocked()
const written: Play = (peer) => peer.session(0).settings(1).written()
const answering: Play = (peer) => peer.session(0).settings(1).written().stream(0).headers()
const nothing: Play = () => {}

const refuse: Play = (peer) => peer.session(0).stream(0).refuse()
const neverWritten: Play = (peer) => peer.session(0).stream(0).end({ _tag: "NeverWritten" })
const lose: Play = (peer) => peer.session(0).end()
const goAwayAbove =
  (code: number, debugData = ""): Play =>
  (peer) =>
    void peer.session(0).goAway({ processed: 0, code, debugData })
const goAwayThen =
  (then: Play): Play =>
  (peer) => {
    peer.session(0).goAway({ processed: 1 })
    then(peer)
  }
const reset =
  (code: number): Play =>
  (peer) =>
    peer.session(0).stream(0).reset(code)
const answer =
  (status: number, body = ""): Play =>
  (peer) =>
    peer.session(0).stream(0).answer(status, body)

/** Its stream, or its session, ends after that much of an answer. */
const cut =
  (status: number, body = "", by: "Reset" | "Lost" = "Lost"): Play =>
  (peer) => {
    const received = { status, fields: {}, body }
    const lost = { _tag: "Lost", problem: "the server ended the connection", received } as const
    peer
      .session(0)
      .stream(0)
      .end(by === "Lost" ? lost : { _tag: "Reset", code: 8, received })
  }

type Known = "accepted" | "refused" | "unsent" | "unknown"

/** The stage it is in, how it ends there, what is known then, and when it goes out again. */
const table: ReadonlyArray<
  readonly [
    stage: string,
    reach: Play,
    ending: string,
    end: Play,
    known: Known,
    replayed: "always" | "on request" | "never"
  ]
> = [
  ["connect", nothing, "no connection", (peer) => peer.session(0).end(noConnection(true)), "unsent", "always"],
  ["connect", nothing, "no connection, for good", (p) => p.session(0).end(noConnection(false)), "unsent", "never"],
  ["connect", nothing, "the deadline", nothing, "unsent", "never"],
  ["queue", (peer) => void peer.session(0).settings(0), "the deadline", nothing, "unsent", "never"],
  [
    "queue",
    (peer) => void peer.session(0).settings(0),
    "a GOAWAY that is fatal",
    goAwayAbove(0, json("BadCertificateEnvironment")),
    "refused",
    "never"
  ],
  ["queue", (peer) => void peer.session(0).settings(0), "a GOAWAY", goAwayAbove(0), "accepted", "never"],
  ["queue", (peer) => void peer.session(0).settings(0), "the session's end", lose, "accepted", "never"],
  ...(
    [
      ["open", opened],
      ["write", writing],
      ["answer", written],
      ["body", answering]
    ] as const
  ).flatMap(
    ([stage, reach]) =>
      [
        [stage, reach, "REFUSED_STREAM", refuse, "unsent", "always"],
        [stage, reach, "a GOAWAY below it", goAwayAbove(0), "unsent", "always"],
        [stage, reach, "a GOAWAY below it, with a code", goAwayAbove(11), "unsent", "always"],
        [stage, reach, "a GOAWAY below it, Shutdown", goAwayAbove(0, json("Shutdown")), "unsent", "always"],
        [stage, reach, "a GOAWAY below it, of bad tokens", goAwayAbove(0, json("BadDeviceToken")), "unsent", "always"],
        [stage, reach, "a GOAWAY below it, 403", goAwayAbove(0, json("ExpiredProviderToken")), "unsent", "always"],
        [stage, reach, "a GOAWAY below it, fatal", goAwayAbove(0, json("BadCertificate")), "refused", "never"],
        [stage, reach, "a GOAWAY above it, an answer", goAwayThen(answer(200)), "accepted", "never"],
        [stage, reach, "a GOAWAY above it, the session's end", goAwayThen(lose), "unknown", "on request"],
        [stage, reach, "the session's end", lose, "unknown", "on request"],
        ...[0, 1, 2, 3, 5, 8, 11, 13, 255].map(
          (code) => [stage, reach, `RST_STREAM ${code}`, reset(code), "unknown", "on request"] as const
        ),
        [stage, reach, "the deadline", nothing, "unknown", "never"],
        [stage, reach, "200", answer(200), "accepted", "never"],
        [stage, reach, "400", answer(400, json("BadTopic")), "refused", "never"],
        [stage, reach, "403", answer(403, json("InvalidProviderToken")), "refused", "never"],
        [stage, reach, "410", answer(410, json("Unregistered")), "refused", "never"],
        [stage, reach, "429", answer(429, json("TooManyRequests")), "refused", "never"],
        [stage, reach, "500", answer(500, json("InternalServerError")), "refused", "always"],
        [stage, reach, "503", answer(503, json("ServiceUnavailable")), "refused", "always"],
        [stage, reach, "503 that asks to reconnect", answer(503, json("Shutdown")), "refused", "always"],
        [stage, reach, "a proxy's 502", answer(502, "<html>"), "unknown", "on request"],
        [stage, reach, "a proxy's 404", answer(404, "<html>"), "refused", "never"]
      ] as const
  ),
  ["body", answering, "the session's end, after a 200", cut(200), "accepted", "never"],
  ["body", answering, "RST_STREAM, after a 200", cut(200, "", "Reset"), "accepted", "never"],
  ["body", answering, "the session's end, after a 410", cut(410), "refused", "never"],
  ["body", answering, "RST_STREAM, in the middle of a 400", cut(400, '{"reas', "Reset"), "refused", "never"],
  ["body", answering, "the session's end, at the end of a 410", cut(410, json("Unregistered")), "refused", "never"],
  ["body", answering, "the session's end, in the middle of a 503", cut(503, '{"reas'), "unknown", "on request"],
  ["body", answering, "RST_STREAM, at the end of a 503", cut(503, json("Shutdown"), "Reset"), "refused", "always"],
  ["write", writing, "the session's end before it was handed over", neverWritten, "unsent", "always"]
]

/** Sends, plays the first request's part, and answers every later one with 200. */
const run = (
  reach: Play,
  end: Play,
  options: { readonly notification?: Notification.Notification | undefined; readonly layer?: boolean | undefined }
) =>
  Effect.gen(function* () {
    const { notification = hello } = options
    const { layer, peer } = played({ replayUnknown: options.layer })
    const fiber = yield* Effect.forkChild(Effect.result(send(notification)).pipe(Effect.provide(layer)), {
      startImmediately: true
    })
    yield* TestClock.adjust(1)
    reach(peer)
    const first = peer.session(0).streams.length
    end(peer)
    for (let step = 0; step < 45; step++) {
      for (const [index, session] of peer.sessions.entries()) {
        if (session.ended) continue
        if (!session.ready && index > 0) session.settings(10)
        for (const stream of session.live) if (index > 0 || stream.id > 1) stream.answer(200)
      }
      peer.flush()
      yield* TestClock.adjust("1 second")
    }
    const result = yield* Fiber.join(fiber)
    const requests = peer.sessions.reduce((count, { streams }) => count + streams.length, 0)
    return { result, requests, first, sessions: peer.sessions.length }
  }).pipe(Effect.scoped)

const outcomeOf = (result: Result.Result<unknown, ApnsError>): Known =>
  Result.isSuccess(result) ? "accepted" : result.failure.outcome

describe("a request that ends", () => {
  it.effect.each(table.map((row) => [row[0], row[2], row] as const))("in the stage %s by %s", ([, , row]) =>
    Effect.gen(function* () {
      const [stage, reach, , end, known, replayed] = row
      for (const replayUnknown of [false, true]) {
        const { first, requests, result } = yield* run(reach, end, { layer: replayUnknown })
        const again = replayed === "always" || (replayed === "on request" && replayUnknown)
        assert.strictEqual(outcomeOf(result), again ? "accepted" : known)
        if (again) {
          assert.strictEqual(Result.isSuccess(result) && result.success.attempts, 2)
          assert.strictEqual(requests, first + 1)
        } else if (known !== "accepted") {
          // Nothing beyond what was played: neither a second try of ours nor of the schedule's.
          assert.strictEqual(requests, first)
          assert.strictEqual(Result.isFailure(result) && result.failure.attempts, 1)
        } else {
          // What only waited goes out once, on whichever session there is.
          assert.strictEqual(requests, 1)
        }
        assert.isAtMost(first, stage === "connect" || stage === "queue" ? 0 : 1)
      }
    })
  )
})

const bytes = new TextEncoder().encode('{"aps":{"alert":"Hello"}}')

/** Whatever makes notifications, with what each of them may say. */
const makers: ReadonlyArray<
  readonly [string, (said: { readonly replayUnknown?: boolean | undefined }) => Notification.Notification | undefined]
> = [
  ["alert", (said) => Notification.alert({ device: device(), alert: "Hello", ...said })],
  ["background", (said) => Notification.background({ device: device(), ...said })],
  ["voip", (said) => Notification.voip({ device: device(), ...said })],
  ["raw", (said) => Notification.raw({ device: device(), pushType: "alert", payload: bytes, ...said })],
  ["walletPass", (said) => Notification.walletPass({ device: device(), passTypeId: "pass.com.example", ...said })],
  [
    "liveActivity.end",
    (said) => Notification.liveActivity.end({ device: device(), contentState: { score: 1 }, ...said })
  ],
  [
    "fanOut",
    (said) => [...Notification.fanOut(Notification.alert({ device: "", alert: "Hi", ...said }), [device()])][0]
  ],
  [
    "truncate",
    (said) =>
      Notification.truncate(Notification.alert({ device: device(), alert: "Hi", ...said }), { fields: ["body"] })
  ],
  [
    "ApnsFile.toNotification",
    (said) =>
      Result.getOrThrow(
        ApnsFile.toNotification(
          { bundleId: topic, payload: { aps: { alert: "Hello" } } },
          { device: device(), ...said }
        )
      )
  ]
]

describe("replayUnknown", () => {
  it.effect.each(makers)("of a notification goes before the layer's: %s", ([, make]) =>
    Effect.gen(function* () {
      for (const layer of [undefined, false, true]) {
        for (const replayUnknown of [undefined, false, true]) {
          const notification = make({ replayUnknown })
          const { requests, result } = yield* run(written, lose, { notification, layer })
          const again = replayUnknown ?? layer ?? false
          assert.deepStrictEqual([outcomeOf(result), requests], again ? ["accepted", 2] : ["unknown", 1])
        }
      }
    })
  )

  it.effect("shows the unknown to a Schedule of the caller's, and does nothing more to it", () =>
    Effect.gen(function* () {
      for (const replayUnknown of [true, undefined]) {
        const seen: Array<string> = []
        const retry = Schedule.recurs(1).pipe(
          Schedule.setInputType<ApnsError>(),
          Schedule.while(({ input }) => {
            seen.push(`${input.reason._tag} ${input.outcome} ${input.attempts}`)
            return false
          })
        )
        const { layer, peer } = played({ retry })
        const fiber = yield* Effect.forkChild(
          Effect.flip(send({ ...hello, replayUnknown })).pipe(Effect.provide(layer)),
          { startImmediately: true }
        )
        yield* TestClock.adjust(1)
        written(peer)
        lose(peer)
        yield* TestClock.adjust("1 minute")
        assert.deepInclude(yield* Fiber.join(fiber), { outcome: "unknown", attempts: 1 })
        assert.deepStrictEqual(seen, replayUnknown === true ? ["OutcomeUnknown unknown 1"] : [])
      }
    })
  )
})

describe("retry-after", () => {
  it.effect.each([
    [429, "TooManyRequests", 7],
    [429, "TooManyProviderTokenUpdates", 7],
    [500, "InternalServerError", 7],
    [503, "ServiceUnavailable", 7],
    [503, "Shutdown", 7],
    [599, "SomethingNew", 7]
  ] as const)("of a %d (%s) is waited for, to the second", ([status, reason, seconds]) =>
    Effect.gen(function* () {
      const { layer, peer } = played()
      const fiber = yield* Effect.forkChild(send(hello).pipe(Effect.provide(layer)), { startImmediately: true })
      yield* TestClock.adjust(1)
      peer
        .session(0)
        .settings(10)
        .stream(0)
        .answer(status, json(reason), { "retry-after": String(seconds) })
      const later = () => peer.sessions.flatMap((session, index) => session.streams.slice(index === 0 ? 1 : 0))
      const reopen = Effect.sync(() => {
        peer.flush()
        for (const session of peer.sessions) if (!session.ready && !session.ended) session.settings(10)
      })
      yield* TestClock.adjust(seconds * 1000 - 1)
      yield* reopen
      assert.lengthOf(later(), 0)
      yield* TestClock.adjust(1)
      yield* reopen
      assert.lengthOf(later(), 1)
      later()[0]?.answer(200)
      assert.strictEqual((yield* Fiber.join(fiber)).attempts, 2)
    })
  )

  it.effect.each([429, 503])("of a %d beyond the deadline is told and not waited for", (status) =>
    Effect.gen(function* () {
      const { layer, peer } = played()
      const fiber = yield* Effect.forkChild(Effect.flip(send(hello)).pipe(Effect.provide(layer)), {
        startImmediately: true
      })
      yield* TestClock.adjust(1)
      const reason = status === 429 ? "TooManyRequests" : "ServiceUnavailable"
      peer.session(0).settings(10).stream(0).answer(status, json(reason), { "retry-after": "31" })
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error.reason, { _tag: reason, retryAfter: Duration.seconds(31) })
    })
  )
})
