import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted, Result, Schedule } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  type ApnsError,
  type ApnsRequest,
  type ApnsResponse,
  JwtCache,
  Notification,
  PayloadSchema,
  type ProviderToken,
  Reason,
  type Receipt,
  type RequestError,
  Retry,
  type SendOptions,
  send
} from "effect-apns"

const device = "7a1f0c3b5d2e4f607a1f0c3b5d2e4f60"

const hello = (options: Partial<Notification.Alert> = {}) =>
  Notification.alert({ device, alert: "Hello", topic: "com.example.app", ...options })

/** What the connection does with a request: milliseconds of waiting, then an answer or a failure. */
type Line = Effect.Effect<Partial<ApnsResponse>, RequestError>

const accepted: Line = Effect.succeed({ status: 200, fields: { "apns-id": "from-apns" } })

const refused = (status: number, reason: string, fields: Readonly<Record<string, string>> = {}): Line =>
  Effect.succeed({ status, fields, body: JSON.stringify({ reason }) })

const address = "push.test:443"

const turnedAway: Line = Effect.fail(
  new Reason.ConnectionFailed({
    address,
    step: "stream",
    problem: "the server refused the stream",
    cure: "Send it again.",
    transient: true
  })
)

const noConnection = (transient: boolean): Line =>
  Effect.fail(
    new Reason.ConnectionFailed({
      address,
      step: "connect",
      problem: "nothing listens there",
      cure: "Check the host.",
      transient
    })
  )

const unknown: Line = Effect.fail(new Reason.OutcomeUnknown({ address, problem: "the server ended the connection" }))

interface Asked {
  readonly request: ApnsRequest
  readonly at: number
}

/**
 * A play in which the connection speaks the given lines, one for each request, the last again and again; every request
 * is carried by a session of its own until one is retired.
 */
const play = (options: SendOptions & { readonly lines: ReadonlyArray<Line>; readonly jwt?: Layer.Layer<JwtCache> }) => {
  const { lines, jwt = JwtCache.layerNone, ...settings } = options
  const asked: Array<Asked> = []
  const events: Array<string> = []
  let session = 1
  const connection = Layer.effect(
    ApnsConnection,
    Effect.map(Clock.Clock, (clock) => ({
      address,
      request: (request: ApnsRequest) =>
        Effect.suspend(() => {
          const queuedAtMillis = clock.currentTimeMillisUnsafe()
          const line = lines[Math.min(asked.length, lines.length - 1)] ?? Effect.never
          const name = `${address}#${session}`
          asked.push({ request, at: queuedAtMillis })
          events.push(`request on ${name}`)
          return Effect.map(
            line,
            (said): ApnsResponse => ({
              status: 200,
              fields: {},
              body: "",
              connection: name,
              queuedAtMillis,
              openedAtMillis: queuedAtMillis,
              answeredAtMillis: clock.currentTimeMillisUnsafe(),
              ...said
            })
          )
        }),
      retire: (name: string) =>
        Effect.sync(() => {
          events.push(`retire ${name}`)
          if (name === `${address}#${session}`) session++
        })
    }))
  )
  const layer = Apns.layerNoDeps(settings).pipe(Layer.provide([connection, jwt, PayloadSchema.layer]), Layer.orDie)
  /** Sends, while time passes until nothing more can happen. */
  const sends = (notification: Notification.Notification): Effect.Effect<Result.Result<Receipt, ApnsError>> =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.result(send(notification)).pipe(Effect.provide(layer)), {
        startImmediately: true
      })
      yield* TestClock.adjust("10 minutes")
      return yield* Fiber.join(fiber)
    })
  const accepts = (notification: Notification.Notification = hello()) =>
    Effect.map(sends(notification), (result) => {
      if (Result.isFailure(result)) throw result.failure
      return result.success
    })
  const fails = (notification: Notification.Notification = hello()) =>
    Effect.map(sends(notification), (result) => {
      if (Result.isSuccess(result)) throw new Error("accepted")
      return result.failure
    })
  /** The pauses between the requests. */
  const pauses = () => asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? 0))
  return { layer, asked, events, accepts, fails, pauses }
}

const around = (actual: number | undefined, expected: number) => {
  assert.isAtLeast(actual ?? 0, expected * 0.8)
  assert.isAtMost(actual ?? 0, expected * 1.2 + 1)
}

describe("a notification that is accepted", () => {
  it.effect("is asked for once; the receipt tells of it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const line: Line = Effect.sleep(30).pipe(
        Effect.as({
          status: 200,
          fields: { "apns-id": "from-apns", "apns-unique-id": "unique" },
          openedAtMillis: 1_000_010
        })
      )
      const { accepts, asked } = play({ lines: [line] })
      const n = hello({ id: "6F1D3B8A-0000-4000-8000-0123456789AB", collapseId: "order-42" })
      const receipt = yield* accepts(n)
      assert.deepStrictEqual(receipt, {
        apnsId: "from-apns",
        uniqueId: "unique",
        attempts: 1,
        connection: "push.test:443#1",
        timings: { totalMillis: 30, queueMillis: 10, answerMillis: 20 }
      })
      assert.lengthOf(asked, 1)
      const [{ request } = assert.fail()] = asked
      assert.deepStrictEqual(request, {
        method: "POST",
        path: `/3/device/${device}`,
        fields: {
          "apns-id": "6f1d3b8a-0000-4000-8000-0123456789ab",
          "apns-push-type": "alert",
          "apns-topic": "com.example.app",
          "apns-collapse-id": "order-42"
        },
        authorization: undefined,
        body: new TextEncoder().encode('{"aps":{"alert":"Hello"}}'),
        deadlineMillis: 1_030_000
      })
    })
  )

  it.effect("has its own id where APNs gives none, and no unique id", () =>
    Effect.gen(function* () {
      const { accepts } = play({ lines: [Effect.succeed({ status: 200 })] })
      const n = hello()
      const receipt = yield* accepts(n)
      assert.strictEqual(receipt.apnsId, n.id)
      assert.notProperty(receipt, "uniqueId")
    })
  )

  it.effect("takes its topic from the options", () =>
    Effect.gen(function* () {
      const { accepts, asked } = play({ lines: [accepted], topic: "com.example.default" })
      yield* accepts(hello({ topic: undefined }))
      yield* accepts(hello({ topic: "com.example.own" }))
      assert.deepStrictEqual(
        asked.map(({ request }) => request.fields["apns-topic"]),
        ["com.example.default", "com.example.own"]
      )
    })
  )
})

describe("retries", () => {
  it.effect("what passes, with the same id, and says how often it was tried", () =>
    Effect.gen(function* () {
      const { accepts, asked, pauses } = play({ lines: [refused(503, "ServiceUnavailable"), accepted] })
      const n = hello()
      const receipt = yield* accepts(n)
      assert.strictEqual(receipt.attempts, 2)
      assert.strictEqual(receipt.timings.totalMillis, pauses()[0])
      around(pauses()[0], 100)
      assert.deepStrictEqual(
        asked.map(({ request }) => request.fields["apns-id"]),
        [n.id, n.id]
      )
    })
  )

  it.effect("four times, after 100, 200, 400 and 800 ms, and fails with the last error", () =>
    Effect.gen(function* () {
      const unavailable = refused(503, "ServiceUnavailable")
      const { asked, fails, pauses } = play({
        lines: [unavailable, unavailable, unavailable, unavailable, refused(500, "InternalServerError"), accepted]
      })
      const n = hello()
      const error = yield* fails(n)
      assert.lengthOf(asked, 5)
      for (const [i, expected] of [100, 200, 400, 800].entries()) around(pauses()[i], expected)
      assert.strictEqual(error.reason._tag, "InternalServerError")
      assert.deepInclude(error, {
        attempts: 5,
        notificationId: n.id,
        device: "7a1f…4f60",
        outcome: "refused",
        action: "retry"
      })
    })
  )

  it.effect.each([
    ["fixConfig", refused(400, "BadTopic")],
    ["fixConfig", refused(403, "InvalidProviderToken")],
    ["fixConfig", refused(413, "PayloadTooLarge")],
    ["fixConfig", noConnection(false)],
    ["fixConfig", refused(400, "NeverHeardOf")],
    ["dropToken", refused(400, "BadDeviceToken")],
    ["dropToken", refused(410, "Unregistered")],
    ["retryLater", refused(429, "TooManyRequests")],
    ["retryLater", refused(429, "TooManyProviderTokenUpdates")],
    ["retryLater", unknown],
    ["retryLater", Effect.succeed({ status: 502, body: "<html>" })],
    ["retryLater", Effect.fail(new Reason.DeadlinePassed({ address, stage: "queue", waited: Duration.seconds(1) }))]
  ] as ReadonlyArray<readonly [string, Line]>)("never what is %s", ([action, line]) =>
    Effect.gen(function* () {
      const { asked, fails } = play({ lines: [line, accepted] })
      const error = yield* fails()
      assert.lengthOf(asked, 1)
      assert.deepStrictEqual([error.action, error.attempts], [action, 1])
    })
  )

  it.effect("a failed connect", () =>
    Effect.gen(function* () {
      const { accepts, pauses } = play({ lines: [noConnection(true), accepted] })
      assert.strictEqual((yield* accepts()).attempts, 2)
      around(pauses()[0], 100)
    })
  )

  it.effect("what found no connection until the deadline, and what it then fails with is unsent", () =>
    Effect.gen(function* () {
      const lines = Array.from({ length: 40 }, () => noConnection(true))
      assert.strictEqual((yield* play({ lines: [...lines, accepted] }).accepts()).attempts, 41)
      const { asked, fails } = play({ lines: [noConnection(true)] })
      const error = yield* fails()
      assert.deepStrictEqual([error.reason._tag, error.outcome], ["ConnectionFailed", "unsent"])
      assert.isAtLeast((asked.at(-1) ?? assert.fail()).at, 29_000)
    })
  )

  it.effect("a stream that was turned away at once, the second time not", () =>
    Effect.gen(function* () {
      const { accepts, pauses } = play({ lines: [turnedAway, turnedAway, accepted] })
      assert.strictEqual((yield* accepts()).attempts, 3)
      assert.strictEqual(pauses()[0], 0)
      around(pauses()[1], 200)
    })
  )

  it.effect("a stream that is turned away again and again, until the deadline", () =>
    Effect.gen(function* () {
      const lines = Array.from({ length: 7 }, () => turnedAway)
      assert.strictEqual((yield* play({ lines: [...lines, accepted] }).accepts()).attempts, 8)
      const { asked, fails } = play({ lines: [turnedAway] })
      assert.strictEqual((yield* fails()).outcome, "unsent")
      // 0, 200, 400, ... 6400, 10000 ms are 22.6 s; a further 10 s would be beyond the 30.
      assert.isAtLeast(asked.length, 8)
      assert.isAtMost(asked.length, 11)
    })
  )

  it.effect.each([
    ["seconds", "3"],
    ["a date", new Date(3000).toUTCString()]
  ] as const)("not before retry-after (%s)", ([, value]) =>
    Effect.gen(function* () {
      const { accepts, pauses } = play({
        lines: [refused(503, "ServiceUnavailable", { "retry-after": value }), accepted]
      })
      assert.strictEqual((yield* accepts()).attempts, 2)
      assert.deepStrictEqual(pauses(), [3000])
    })
  )

  it.effect("not when retry-after is beyond the deadline: it fails at once", () =>
    Effect.gen(function* () {
      const { asked, fails } = play({
        lines: [refused(503, "ServiceUnavailable", { "retry-after": "900" }), accepted]
      })
      const error = yield* fails()
      assert.lengthOf(asked, 1)
      assert.strictEqual(error.reason._tag, "ServiceUnavailable")
      assert.deepInclude(error.reason, { retryAfter: Duration.minutes(15) })
    })
  )

  it.effect("on a new session after Shutdown", () =>
    Effect.gen(function* () {
      const { accepts, events } = play({ lines: [refused(503, "Shutdown"), accepted] })
      const receipt = yield* accepts()
      assert.deepStrictEqual(events, [
        "request on push.test:443#1",
        "retire push.test:443#1",
        "request on push.test:443#2"
      ])
      assert.deepStrictEqual([receipt.connection, receipt.attempts], ["push.test:443#2", 2])
    })
  )

  it.effect("nothing on a session whose server shuts down, though it is not tried again", () =>
    Effect.gen(function* () {
      for (const reason of ["Shutdown", "IdleTimeout"]) {
        const { accepts, events, fails } = play({ lines: [refused(503, reason), accepted], retry: Schedule.recurs(0) })
        yield* fails()
        yield* accepts()
        assert.deepStrictEqual(events, [
          "request on push.test:443#1",
          "retire push.test:443#1",
          "request on push.test:443#2"
        ])
      }
    })
  )

  it.effect("not the unknown, unless asked to", () =>
    Effect.gen(function* () {
      const cautious = play({ lines: [unknown, accepted], retry: Schedule.recurs(3) })
      const error = yield* cautious.fails()
      assert.deepStrictEqual([error.outcome, error.attempts, cautious.asked.length], ["unknown", 1, 1])
      const bold = play({ lines: [unknown, accepted], retry: Schedule.recurs(3), replayUnknown: true })
      assert.strictEqual((yield* bold.accepts()).attempts, 2)
      const usual = play({ lines: [unknown, accepted], replayUnknown: true })
      assert.strictEqual((yield* usual.accepts()).attempts, 2)
    })
  )

  it.effect("and stay unknown when the replay was never sent", () =>
    Effect.gen(function* () {
      const { fails } = play({ lines: [unknown, noConnection(false)], replayUnknown: true })
      const error = yield* fails()
      assert.deepStrictEqual([error.reason._tag, error.outcome, error.attempts], ["OutcomeUnknown", "unknown", 2])
    })
  )

  it.effect.each([
    ["refused for good", refused(410, "Unregistered"), "Unregistered", "dropToken"],
    ["refused for a passing fault", refused(503, "ServiceUnavailable"), "ServiceUnavailable", "retry"],
    ["refused by no APNs", Effect.succeed({ status: 404, body: "<html>" }), "UnexpectedAnswer", "fixConfig"],
    ["never sent", noConnection(false), "OutcomeUnknown", "retryLater"],
    [
      "late in the queue",
      Effect.fail(new Reason.DeadlinePassed({ address, stage: "queue", waited: Duration.seconds(1) })),
      "OutcomeUnknown",
      "retryLater"
    ]
  ] as ReadonlyArray<readonly [string, Line, string, string]>)(
    "and leave no doubt untold when the replay was %s",
    ([, line, tag, action]) =>
      Effect.gen(function* () {
        const { fails } = play({ lines: [unknown, line], replayUnknown: true })
        const error = yield* fails()
        assert.deepStrictEqual([error.reason._tag, error.outcome, error.action], [tag, "unknown", action])
        assert.include(error.message, "the server ended the connection")
        assert.isFalse(Retry.isRetryable(error))
      })
  )

  it.effect("as the caller's Schedule says, which replaces ours wholly", () =>
    Effect.gen(function* () {
      const none = play({ lines: [refused(503, "ServiceUnavailable"), accepted], retry: Schedule.recurs(0) })
      assert.strictEqual((yield* none.fails()).attempts, 1)

      const own = play({
        lines: [
          refused(400, "BadTopic"),
          turnedAway,
          refused(429, "TooManyRequests", { "retry-after": "9" }),
          accepted
        ],
        retry: Schedule.spaced("1 second")
      })
      assert.strictEqual((yield* own.accepts()).attempts, 4)
      assert.deepStrictEqual(own.pauses(), [1000, 1000, 1000])
    })
  )

  it.effect("with a Schedule that sees every error, afresh for every notification", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const retry = Schedule.recurs(1).pipe(
        Schedule.setInputType<ApnsError>(),
        Schedule.tap(({ input }) => Effect.sync(() => void seen.push(`${input.reason._tag} ${input.attempts}`)))
      )
      const { asked, fails } = play({ lines: [refused(503, "ServiceUnavailable")], retry })
      yield* fails()
      yield* fails()
      assert.lengthOf(asked, 4)
      assert.deepStrictEqual(seen.slice(0, 1), ["ServiceUnavailable 1"])
      assert.lengthOf(
        seen.filter((one) => one === "ServiceUnavailable 1"),
        2
      )
    })
  )
})

describe("the deadline", () => {
  it.effect("that passes on a later attempt names what the first one failed with, and the whole time", () =>
    Effect.gen(function* () {
      const passed = new Reason.DeadlinePassed({ address, stage: "connect", waited: Duration.millis(1) })
      const { fails } = play({ lines: [noConnection(true), Effect.delay(Effect.fail(passed), "5 seconds")] })
      const { message, reason } = yield* fails()
      assert.isTrue(reason._tag === "DeadlinePassed" && reason.previous?._tag === "ConnectionFailed")
      assert.isTrue(reason._tag === "DeadlinePassed" && Duration.toMillis(reason.waited) >= 5080)
      assert.match(message, /deadline passed after 5s .* in the stage "connect"; before that, ConnectionFailed: /)
    })
  )

  it.effect("is 30 seconds from the call, the same for every attempt", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      const { accepts, asked } = play({ lines: [refused(503, "ServiceUnavailable"), accepted] })
      yield* accepts()
      assert.deepStrictEqual(
        asked.map(({ request }) => request.deadlineMillis),
        [35_000, 35_000]
      )
    })
  )

  it.effect("lets no retry begin after it, and is not waited for", () =>
    Effect.gen(function* () {
      let failedAt = 0
      // One retry after 80 to 120 ms fits, a second one 160 ms later at the least does not.
      const { asked, layer } = play({ lines: [refused(503, "ServiceUnavailable")], timeout: "200 millis" })
      const fiber = yield* Effect.flip(send(hello())).pipe(
        Effect.tap(() =>
          Effect.map(Clock.currentTimeMillis, (at) => {
            failedAt = at
          })
        ),
        Effect.provide(layer),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(fiber)
      assert.lengthOf(asked, 2)
      assert.strictEqual(error.reason._tag, "ServiceUnavailable")
      assert.strictEqual(failedAt, asked[1]?.at)
    })
  )

  it.effect.each([
    ["a duration", "2 seconds", 1_002_000],
    ["a Date", new Date(1_005_000), 1_005_000],
    ["a Date far away", new Date(9_000_000), 1_010_000],
    ["once", "once", 1_010_000]
  ] as const)("is bounded by the expiration (%s)", ([, expiration, expected]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { accepts, asked } = play({ lines: [accepted], timeout: "10 seconds" })
      yield* accepts(hello({ expiration }))
      assert.strictEqual(asked[0]?.request.deadlineMillis, expected)
    })
  )

  it.effect.each([
    ["a Date", new Date(900_000), "seconds in place of milliseconds"],
    ["this very moment", new Date(1_800_000_000_000), "is past"],
    ["a DateTime", DateTime.makeUnsafe(1_799_999_999_999), "is past"],
    ["no duration", "0 seconds", "is past"],
    ["seconds", new Date(1_800_000_100), "is past; seconds in place of milliseconds?"]
  ] as const)("that has expired before (%s) is a mistake of the notification's", ([, expiration, problem]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_800_000_000_000)
      const { asked, fails } = play({ lines: [accepted] })
      const error = yield* fails(hello({ expiration }))
      assert.deepInclude(error.reason, { _tag: "InvalidNotification", field: "expiration" })
      assert.deepStrictEqual([error.outcome, error.action, asked.length], ["unsent", "fixConfig", 0])
      assert.include(error.message, problem)
    })
  )

  it.effect("that is the expiration says so when it passes, while waiting or after an attempt", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_800_000_000_000)
      const late = (stage: Reason.Stage) =>
        Effect.delay(
          Effect.fail(new Reason.DeadlinePassed({ address, stage, waited: Duration.seconds(5) })),
          "5 seconds"
        )
      for (const [lines, outcome] of [
        [[late("queue")], "unsent"],
        [[late("answer")], "unknown"],
        [[noConnection(true), late("connect")], "unsent"]
      ] as const) {
        const error = yield* play({ lines }).fails(hello({ expiration: "5 seconds" }))
        assert.deepInclude(error.reason, { _tag: "DeadlinePassed", expired: true })
        assert.deepStrictEqual([error.outcome, error.action], [outcome, "fixConfig"])
        assert.match(error.message, /the notification expired after 5s/)
        const timed = yield* play({ lines, timeout: "5 seconds" }).fails(hello({ expiration: "1 hour" }))
        assert.deepInclude(timed.reason, { _tag: "DeadlinePassed", expired: false })
        assert.deepStrictEqual(timed.action, "retryLater")
      }
    })
  )

  it.effect("may be infinite", () =>
    Effect.gen(function* () {
      const { accepts, asked } = play({ lines: [accepted], timeout: Duration.infinity })
      yield* accepts()
      assert.strictEqual(asked[0]?.request.deadlineMillis, Number.POSITIVE_INFINITY)
    })
  )
})

describe("the provider token", () => {
  const hour = 3_600_000

  const tokenOf = (name: string, issuedAtMillis: number): ProviderToken => ({
    authorization: Redacted.make(`bearer ${name}`),
    issuedAtMillis
  })

  /** A cache whose first token is that old, and which renews as told. */
  const cache = (ageMillis: number, renewed: Effect.Effect<boolean, Reason.InvalidCredentials>) => {
    const old = tokenOf("old", hour - ageMillis)
    let current = old
    const stale: Array<ProviderToken> = []
    const jwt = Layer.succeed(JwtCache, {
      token: Effect.sync(() => current),
      renew: (token) =>
        Effect.map(
          Effect.tap(renewed, () => Effect.sync(() => stale.push(token))),
          (fresh) => {
            if (fresh) current = tokenOf("fresh", hour)
            return fresh
          }
        ),
      recheck: () => Effect.succeed(false)
    })
    return { jwt, old, stale }
  }

  /** A cache of a token that is one too many, with another one that is shared or without. It never renews. */
  const counted = (shared: boolean) => {
    let current = tokenOf("own", 0)
    const rechecked: Array<string> = []
    const jwt = Layer.succeed(JwtCache, {
      token: Effect.sync(() => current),
      renew: () => Effect.die("renewed"),
      recheck: ({ authorization }) =>
        Effect.sync(() => {
          rechecked.push(Redacted.value(authorization))
          if (shared) current = tokenOf("shared", 0)
          return shared
        })
    })
    return { jwt, rechecked }
  }

  const bearers = (asked: ReadonlyArray<Asked>) =>
    asked.map(({ request }) => request.authorization && Redacted.value(request.authorization))

  it.effect("goes with every request", () =>
    Effect.gen(function* () {
      const { jwt } = cache(0, Effect.succeed(false))
      const { accepts, asked } = play({ lines: [accepted], jwt })
      yield* accepts()
      assert.deepStrictEqual(bearers(asked), ["bearer old"])
    })
  )

  it.effect(
    "that has expired is renewed, and the notification goes out at once with the new one on a new session",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(hour)
        const { jwt, old, stale } = cache(55 * 60_000, Effect.succeed(true))
        const { accepts, asked, events, pauses } = play({
          lines: [refused(403, "ExpiredProviderToken"), accepted],
          jwt
        })
        const receipt = yield* accepts()
        assert.deepStrictEqual(bearers(asked), ["bearer old", "bearer fresh"])
        assert.deepStrictEqual(stale, [old])
        assert.deepStrictEqual(events, [
          "request on push.test:443#1",
          "retire push.test:443#1",
          "request on push.test:443#2"
        ])
        assert.deepStrictEqual([pauses(), receipt.attempts], [[0], 2])
      })
  )

  it.effect("that is one too many is replaced by the shared one, once, and goes out on a new session", () =>
    Effect.gen(function* () {
      const { jwt, rechecked } = counted(true)
      const { accepts, asked, events } = play({ lines: [refused(429, "TooManyProviderTokenUpdates"), accepted], jwt })
      assert.strictEqual((yield* accepts()).attempts, 2)
      assert.deepStrictEqual(bearers(asked), ["bearer own", "bearer shared"])
      assert.deepStrictEqual(rechecked, ["bearer own"])
      assert.include(events, "retire push.test:443#1")
    })
  )

  it.effect.each([
    ["where none is shared", false, 1],
    ["where the shared one is refused too", true, 2]
  ] as const)("that is one too many is an error %s: nothing more is sent", ([, shared, attempts]) =>
    Effect.gen(function* () {
      const { jwt, rechecked } = counted(shared)
      const { asked, fails } = play({ lines: [refused(429, "TooManyProviderTokenUpdates")], jwt })
      const error = yield* fails()
      assert.deepStrictEqual([error.reason._tag, error.action], ["TooManyProviderTokenUpdates", "retryLater"])
      assert.deepStrictEqual([asked.length, error.attempts, rechecked.length], [attempts, attempts, 1])
    })
  )

  it.effect("that is one too many makes the next notifications leave the connection, at most once a minute", () =>
    Effect.gen(function* () {
      const { jwt } = counted(false)
      const { events, layer } = play({ lines: [refused(429, "TooManyProviderTokenUpdates")], jwt })
      const retired = () => events.filter((event) => event.startsWith("retire")).length
      yield* Effect.gen(function* () {
        const some = Effect.replicateEffect(Effect.flip(send(hello())), 100, { concurrency: "unbounded" })
        yield* some
        assert.strictEqual(retired(), 1)
        yield* TestClock.adjust("59 seconds")
        yield* some
        assert.strictEqual(retired(), 1)
        yield* TestClock.adjust("1 second")
        yield* some
        assert.strictEqual(retired(), 2)
      }).pipe(Effect.provide(layer))
      assert.lengthOf(events, 302)
    })
  )

  it.effect("that is young is not renewed; the error tells its age and how far the clock is off", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const { jwt } = cache(5 * 60_000, Effect.succeed(false))
      const date = new Date(hour + 70 * 60_000).toUTCString()
      const { asked, events, fails } = play({ lines: [refused(403, "ExpiredProviderToken", { date }), accepted], jwt })
      const error = yield* fails()
      assert.lengthOf(asked, 1)
      assert.notInclude(events, "retire push.test:443#1")
      assert.strictEqual(error.reason._tag, "ExpiredProviderToken")
      assert.deepInclude(error.reason, {
        status: 403,
        tokenAge: Duration.minutes(5),
        clockSkew: Duration.minutes(70)
      })
      assert.include(error.message, "5m")
      assert.deepStrictEqual([error.action, error.attempts], ["renewToken", 1])
    })
  )

  it.effect("tells when APNs' clock is behind", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const { jwt } = cache(5 * 60_000, Effect.succeed(false))
      const { fails } = play({
        lines: [refused(403, "ExpiredProviderToken", { date: new Date(0).toUTCString() })],
        jwt
      })
      const { reason } = yield* fails()
      assert.isTrue(reason._tag === "ExpiredProviderToken")
      if (reason._tag !== "ExpiredProviderToken") return
      assert.strictEqual(Duration.toMillis(reason.clockSkew ?? 0), -hour)
      assert.include(reason.message, "-1h")
    })
  )

  it.effect.each([undefined, "not a date"])("knows no clock skew where the answer's date is %s", (date) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const { jwt } = cache(5 * 60_000, Effect.succeed(false))
      const { fails } = play({
        lines: [refused(403, "ExpiredProviderToken", date === undefined ? {} : { date })],
        jwt
      })
      const { reason } = yield* fails()
      assert.isTrue(reason._tag === "ExpiredProviderToken" && reason.clockSkew === undefined)
    })
  )

  it.effect("that is refused again after its renewal is not renewed again, and explained", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const { jwt, stale } = cache(55 * 60_000, Effect.succeed(true))
      const date = new Date(hour + 90 * 60_000).toUTCString()
      const { asked, fails } = play({ lines: [refused(403, "ExpiredProviderToken", { date })], jwt })
      const error = yield* fails()
      assert.deepStrictEqual([asked.length, stale.length, error.attempts], [2, 1, 2])
      assert.deepInclude(error.reason, { tokenAge: Duration.zero, clockSkew: Duration.minutes(90) })
    })
  )

  it.effect("that cannot be renewed fails with why not", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const broken = new Reason.InvalidCredentials({ problem: "the key cannot sign", cure: "Use another." })
      const { jwt } = cache(55 * 60_000, Effect.fail(broken))
      const { asked, fails } = play({ lines: [refused(403, "ExpiredProviderToken")], jwt })
      assert.strictEqual((yield* fails()).reason._tag, "InvalidCredentials")
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("that cannot be renewed leaves untold no doubt of an earlier attempt", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const broken = new Reason.InvalidCredentials({ problem: "the key cannot sign", cure: "Use another." })
      for (const renewed of [Effect.fail(broken), Effect.succeed(false)]) {
        const { jwt } = cache(55 * 60_000, renewed)
        const lines = [unknown, refused(403, "ExpiredProviderToken")]
        const error = yield* play({ lines, jwt, replayUnknown: true }).fails()
        assert.strictEqual(error.outcome, "unknown")
        assert.include(error.message, "the server ended the connection")
      }
    })
  )

  it.effect("that cannot be had is the error; nothing is sent", () =>
    Effect.gen(function* () {
      const jwt = Layer.succeed(JwtCache, {
        token: Effect.fail(new Reason.InvalidCredentials({ problem: "the key cannot sign", cure: "Use another." })),
        renew: () => Effect.succeed(false),
        recheck: () => Effect.succeed(false)
      })
      const { asked, fails } = play({ lines: [accepted], jwt })
      const error = yield* fails()
      assert.deepStrictEqual([error.reason._tag, error.outcome, asked.length], ["InvalidCredentials", "unsent", 0])
    })
  )

  it.effect("called expired though there is none is an error", () =>
    Effect.gen(function* () {
      const { asked, fails } = play({ lines: [refused(403, "ExpiredProviderToken")] })
      const { reason } = yield* fails()
      assert.isTrue(reason._tag === "ExpiredProviderToken" && reason.tokenAge === undefined)
      assert.lengthOf(asked, 1)
    })
  )
})

describe("an error", () => {
  it.effect.each([
    ["device", hello({ device: "xyz" })],
    ["topic", hello({ topic: undefined })],
    ["id", hello({ id: "42" })],
    ["collapseId", hello({ collapseId: "x".repeat(65) })],
    ["payload", hello({ alert: "x".repeat(5000) })]
  ] as const)("of the notification itself (%s) never reaches the connection", ([field, n]) =>
    Effect.gen(function* () {
      const { asked, fails } = play({ lines: [accepted] })
      const error = yield* fails(n)
      assert.lengthOf(asked, 0)
      assert.isTrue(error.reason._tag === "InvalidNotification" && error.reason.field === field)
      assert.deepStrictEqual([error.outcome, error.attempts, error.notificationId], ["unsent", 0, n.id])
    })
  )

  it.effect("shows the device shortened, whatever it is", () =>
    Effect.gen(function* () {
      const { fails } = play({ lines: [refused(410, "Unregistered")] })
      const error = yield* fails()
      assert.strictEqual(error.device, "7a1f…4f60")
      for (const text of [error.message, JSON.stringify(error)]) assert.notInclude(text, device)
    })
  )

  it.effect("keeps what APNs said", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ reason: "Unregistered", timestamp: 1_700_000_000_000 })
      const { fails } = play({ lines: [Effect.succeed({ status: 410, fields: { "apns-id": "x" }, body })] })
      const { reason } = yield* fails()
      assert.isTrue(reason._tag === "Unregistered")
      if (reason._tag !== "Unregistered") return
      assert.deepStrictEqual([reason.status, reason.apnsId], [410, "x"])
      assert.strictEqual(reason.timestamp?.epochMilliseconds, 1_700_000_000_000)
    })
  )
})

describe("interrupting a send", () => {
  it.effect("interrupts its request", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const line: Line = Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => interrupted++)))
      const { asked, layer } = play({ lines: [line] })
      const fiber = yield* Effect.forkChild(send(hello()).pipe(Effect.provide(layer)), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([asked.length, interrupted], [1, 1])
    })
  )

  it.effect("in a pause between two attempts ends it", () =>
    Effect.gen(function* () {
      const { asked, layer } = play({ lines: [refused(503, "ServiceUnavailable")] })
      const fiber = yield* Effect.forkChild(send(hello()).pipe(Effect.provide(layer)), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(asked, 1)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
    })
  )

  it.effect("in the second attempt interrupts that request", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const line: Line = Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => interrupted++)))
      const { asked, layer } = play({ lines: [turnedAway, line] })
      const fiber = yield* Effect.forkChild(send(hello()).pipe(Effect.provide(layer)), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([asked.length, interrupted], [2, 1])
    })
  )
})

describe("Retry.schedule", () => {
  it.effect("is what send uses: it can be extended by its user", () =>
    Effect.gen(function* () {
      const { accepts, asked } = play({
        lines: [refused(503, "ServiceUnavailable"), refused(503, "ServiceUnavailable"), accepted],
        retry: Retry.schedule.pipe(Schedule.upTo({ times: 2 }))
      })
      yield* accepts()
      assert.lengthOf(asked, 3)
    })
  )
})
