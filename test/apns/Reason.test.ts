import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect } from "effect"
import { ApnsError, isApnsError, Reason, ReasonTable } from "effect-apns"
import type { Action } from "effect-apns/ReasonTable"

type ActionLetter = "a" | "b" | "c" | "d" | "e"

interface Row {
  readonly status: number
  readonly name: string
  readonly letters: ReadonlyArray<ActionLetter>
}

/** Apple's reasons for device pushes and for channels, copied by hand: never derive this list from the table it checks. */
const documented: ReadonlyArray<Row> = [
  // Device pushes.
  { status: 400, name: "BadCollapseId", letters: ["b"] },
  { status: 400, name: "BadDeviceToken", letters: ["c", "b"] },
  { status: 400, name: "BadExpirationDate", letters: ["b"] },
  { status: 400, name: "BadMessageId", letters: ["b"] },
  { status: 400, name: "BadPriority", letters: ["b"] },
  { status: 400, name: "BadTopic", letters: ["b"] },
  { status: 400, name: "DeviceTokenNotForTopic", letters: ["c", "b"] },
  { status: 400, name: "DuplicateHeaders", letters: ["b"] },
  { status: 400, name: "IdleTimeout", letters: ["a", "e"] },
  { status: 400, name: "InvalidPushType", letters: ["b"] },
  { status: 400, name: "MissingDeviceToken", letters: ["b"] },
  { status: 400, name: "MissingTopic", letters: ["b"] },
  { status: 400, name: "PayloadEmpty", letters: ["b"] },
  { status: 400, name: "TopicDisallowed", letters: ["b"] },
  { status: 403, name: "BadCertificate", letters: ["b"] },
  { status: 403, name: "BadCertificateEnvironment", letters: ["b"] },
  { status: 403, name: "ExpiredProviderToken", letters: ["d", "e"] },
  { status: 403, name: "Forbidden", letters: ["b"] },
  { status: 403, name: "InvalidProviderToken", letters: ["b"] },
  { status: 403, name: "MissingProviderToken", letters: ["b"] },
  { status: 403, name: "UnrelatedKeyIdInToken", letters: ["e"] },
  { status: 403, name: "BadEnvironmentKeyIdInToken", letters: ["b"] },
  { status: 403, name: "BadEnvironmentKeyInToken", letters: ["b"] },
  { status: 404, name: "BadPath", letters: ["b"] },
  { status: 405, name: "MethodNotAllowed", letters: ["b"] },
  { status: 410, name: "ExpiredToken", letters: ["c"] },
  { status: 410, name: "Unregistered", letters: ["c"] },
  { status: 413, name: "PayloadTooLarge", letters: ["b"] },
  { status: 429, name: "TooManyProviderTokenUpdates", letters: ["a", "e"] },
  { status: 429, name: "TooManyRequests", letters: ["a"] },
  { status: 500, name: "InternalServerError", letters: ["a"] },
  { status: 503, name: "ServiceUnavailable", letters: ["a"] },
  { status: 503, name: "Shutdown", letters: ["e", "a"] },
  // Only broadcasts and channel management.
  { status: 400, name: "FeatureNotEnabled", letters: ["b"] },
  { status: 400, name: "MissingChannelId", letters: ["b"] },
  { status: 400, name: "BadChannelId", letters: ["b"] },
  { status: 400, name: "ChannelNotRegistered", letters: ["b"] },
  { status: 400, name: "CannotCreateChannelConfig", letters: ["b"] },
  { status: 400, name: "BadRequestParams", letters: ["b"] },
  { status: 400, name: "BadRequestPayload", letters: ["b"] },
  { status: 400, name: "MissingPushType", letters: ["b"] },
  { status: 400, name: "MissingChannelQueueSize", letters: ["b"] },
  { status: 403, name: "TopicMismatch", letters: ["b"] }
]

const actionsOf: Record<ActionLetter, ReadonlyArray<Action>> = {
  a: ["retry", "retryLater"],
  b: ["fixConfig"],
  c: ["dropToken"],
  d: ["renewToken"],
  e: ["reconnect"]
}

const names = Object.keys(ReasonTable.rejections) as Array<ReasonTable.RejectionName>

const byName = (a: { readonly name: string }, b: { readonly name: string }) => a.name.localeCompare(b.name)

describe("the table of rejections", () => {
  it("holds exactly the names and statuses that Apple documents or the wire has shown", () => {
    assert.deepStrictEqual(
      names.map((name) => ({ name, status: ReasonTable.rejections[name].status })).sort(byName),
      documented.map(({ name, status }): { name: string; status: number } => ({ name, status })).sort(byName)
    )
  })

  it("has the 33 reasons of device pushes", () => {
    assert.strictEqual(documented.length, 43)
    assert.strictEqual(
      documented.findIndex(({ name }) => name === "FeatureNotEnabled"),
      33
    )
  })

  it("has a class for every row and a row for every class", () => {
    assert.deepStrictEqual(Object.keys(Reason.rejectionClasses).sort(), [...names].sort())
  })

  for (const { name, letters } of documented) {
    it(`gives ${name} an action that fits the letters ${letters.join(", ")}`, () => {
      const row: ReasonTable.ReasonRow | undefined = ReasonTable.rejections[name as ReasonTable.RejectionName]
      assert.include(
        letters.flatMap((letter) => actionsOf[letter]),
        row?.action
      )
    })
  }

  it("says that every rejection is refused", () => {
    assert.deepStrictEqual(
      names.filter((name) => ReasonTable.rejections[name].outcome !== "refused"),
      []
    )
  })

  it("drops only tokens that are dead or foreign", () => {
    assert.deepStrictEqual(names.filter((name) => ReasonTable.rejections[name].action === "dropToken").sort(), [
      "BadDeviceToken",
      "DeviceTokenNotForTopic",
      "ExpiredToken",
      "Unregistered"
    ])
  })

  it("never retries what Apple lists among those never to retry", () => {
    for (const name of [
      "BadDeviceToken",
      "DeviceTokenNotForTopic",
      "Forbidden",
      "ExpiredToken",
      "Unregistered",
      "PayloadTooLarge"
    ] as const) {
      assert.notInclude(["retry", "retryLater", "reconnect", "renewToken"], ReasonTable.rejections[name].action)
    }
  })
})

describe("the classes of rejections", () => {
  for (const name of names) {
    it(`makes ${name} from its row`, () => {
      const row: ReasonTable.ReasonRow = ReasonTable.rejections[name]
      const reason: Reason.Rejection = new Reason.rejectionClasses[name]({ status: row.status ?? 0, apnsId: "AB-CD" })
      assert.instanceOf(reason, Error)
      assert.isTrue(reason instanceof Reason.rejectionClasses[name])
      assert.strictEqual(reason._tag, name)
      assert.strictEqual(reason.name, name)
      assert.strictEqual(reason.status, row.status)
      assert.strictEqual(reason.apnsId, "AB-CD")
      assert.strictEqual(reason.outcome, row.outcome)
      assert.strictEqual(reason.action, row.action)
      assert.strictEqual(reason.cure, row.cure)
      assert.strictEqual(reason.message, `${row.meaning} (${row.status}). ${row.cure}`)
      assert.notMatch(reason.stack ?? "", /\n\s+at /)
      assert.notInclude(reason.message, "\n")
    })
  }

  it("says since when a token is dead", () => {
    const timestamp = DateTime.makeUnsafe(1_767_225_600_000)
    for (const Dead of [Reason.Unregistered, Reason.ExpiredToken]) {
      const reason = new Dead({ status: 410, timestamp })
      assert.strictEqual(reason.timestamp, timestamp)
      assert.include(reason.message, ", since 2026-01-01T00:00:00.000Z (410)")
    }
  })

  it("tells of a wrong clock when an expired provider token is young", () => {
    const reason = new Reason.ExpiredProviderToken({
      status: 403,
      tokenAge: Duration.minutes(5),
      clockSkew: Duration.hours(2)
    })
    assert.include(reason.message, "5m old by this machine's clock, which must be wrong; its clock is 2h from APNs'")
  })

  it("says nothing of the clock when the token's age is not known", () => {
    const reason = new Reason.ExpiredProviderToken({ status: 403, clockSkew: Duration.hours(2) })
    assert.notInclude(reason.message, "clock is")
  })

  it("leaves the global stack trace limit alone", () => {
    const before = Error.stackTraceLimit
    new Reason.BadTopic({ status: 400 })
    assert.strictEqual(Error.stackTraceLimit, before)
    // A caller in JavaScript that gives no reason gets an ordinary error, and the process keeps its stack traces.
    assert.throws(() => new ApnsError(JSON.parse('{"attempts":1}')))
    assert.strictEqual(Error.stackTraceLimit, before)
    assert.match(new Error("later").stack ?? "", /\n\s+at /)
  })
})

/** One error of every kind the library gives itself. */
const failures: ReadonlyArray<Reason.Failure> = [
  new Reason.InvalidNotification({ field: "payload", problem: "is odd", cure: "Mend it." }),
  new Reason.Suppressed({ reason: "Unregistered", since: DateTime.makeUnsafe(0) }),
  new Reason.InvalidRequest({ field: "storage", problem: "is not known", cure: "Use another." }),
  new Reason.InvalidCredentials({ problem: "the key is odd", cure: "Mend it." }),
  new Reason.InvalidConfiguration({ setting: "port", problem: "is odd", cure: "Mend it." }),
  new Reason.ConnectionFailed({
    address: "h:443",
    step: "dns",
    problem: "no such host",
    cure: "Mend it.",
    transient: true
  }),
  new Reason.DeadlinePassed({ address: "h:443", stage: "queue", waited: Duration.seconds(3) }),
  new Reason.OutcomeUnknown({ address: "h:443", problem: "the connection was reset" }),
  new Reason.Halted({ by: new Reason.OutcomeUnknown({ address: "h:443", problem: "the connection was reset" }) }),
  new Reason.UnknownReason({ status: 400, raw: "Novelty" }),
  new Reason.UnexpectedAnswer({ status: 403, contentType: "text/html", excerpt: "<html>" })
]

describe("the failures of the library", () => {
  it("are exactly those of the table", () => {
    assert.deepStrictEqual(failures.map(({ _tag }) => _tag).sort(), Object.keys(ReasonTable.failures).sort())
  })

  for (const reason of failures) {
    it(`${reason._tag} has its row's usual outcome and action, and a message with the cure`, () => {
      const row: ReasonTable.ReasonRow = ReasonTable.failures[reason._tag]
      assert.instanceOf(reason, Error)
      assert.strictEqual(reason.outcome, row.outcome)
      assert.strictEqual(reason.action, row.action)
      assert.isTrue(reason.message.endsWith(reason.cure), reason.message)
      assert.notMatch(reason.stack ?? "", /\n\s+at /)
      assert.notInclude(reason.message, "..")
    })
  }

  it("a connection that can never succeed asks for another configuration", () => {
    const fields = { address: "h:1", step: "tls", problem: "is not trusted", cure: "Trust it." } as const
    assert.strictEqual(new Reason.ConnectionFailed({ ...fields, transient: false }).action, "fixConfig")
    assert.strictEqual(new Reason.ConnectionFailed({ ...fields, transient: true }).action, "retry")
  })

  const stages: ReadonlyArray<readonly [Reason.Stage, ReasonTable.Outcome]> = [
    ["connect", "unsent"],
    ["queue", "unsent"],
    ["write", "unknown"],
    ["answer", "unknown"],
    ["body", "unknown"]
  ]
  for (const [stage, outcome] of stages) {
    it(`a deadline in the stage ${stage} is ${outcome} and names the stage`, () => {
      const reason = new Reason.DeadlinePassed({ address: "h:443", stage, waited: Duration.seconds(3) })
      assert.strictEqual(reason.outcome, outcome)
      assert.include(reason.message, `after 3s in the stage "${stage}"`)
      assert.strictEqual(reason.message.includes("duplicate"), outcome === "unknown")
    })
  }

  const unknown: ReadonlyArray<readonly [number, Action]> = [
    [400, "fixConfig"],
    [403, "fixConfig"],
    [410, "dropToken"],
    [429, "retryLater"],
    [500, "retryLater"],
    [503, "retryLater"]
  ]
  for (const [status, action] of unknown) {
    it(`an unknown reason with status ${status} asks for ${action}`, () => {
      const reason = new Reason.UnknownReason({ status, raw: "Novelty" })
      assert.deepStrictEqual([reason.outcome, reason.action], ["refused", action])
      assert.include(reason.message, `answered ${status} with the reason "Novelty"`)
      assert.notInclude(reason.message, "retryLater")
    })
  }

  it("an unknown reason is kept raw, and shown bounded and escaped", () => {
    const raw = `\u001b[31m\n\u009b2J${"x".repeat(50_000)}`
    const reason = new Reason.UnknownReason({ status: 400, raw })
    assert.strictEqual(reason.raw, raw)
    assert.isBelow(reason.message.length, 300)
    assert.notMatch(reason.message, /\p{Cc}/u)
  })

  it("a gateway's 5xx and 2xx leave the outcome unknown, its 4xx does not", () => {
    const answer = (status: number) => new Reason.UnexpectedAnswer({ status, contentType: undefined, excerpt: "" })
    assert.deepStrictEqual([answer(204).outcome, answer(204).action], ["unknown", "fixConfig"])
    assert.deepStrictEqual([answer(502).outcome, answer(502).action], ["unknown", "retryLater"])
    assert.deepStrictEqual([answer(403).outcome, answer(403).action], ["refused", "fixConfig"])
    assert.deepStrictEqual([answer(429).outcome, answer(429).action], ["refused", "retryLater"])
  })
})

const unregistered = () =>
  new ApnsError({
    reason: new Reason.Unregistered({ status: 410, apnsId: "AB-CD", timestamp: DateTime.makeUnsafe(5) }),
    attempts: 2,
    notificationId: "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11",
    device: "7a1f…4f60"
  })

describe("ApnsError", () => {
  const everyReason: ReadonlyArray<Reason.Reason> = [
    ...names.map((name) => new Reason.rejectionClasses[name]({ status: ReasonTable.rejections[name].status })),
    ...failures
  ]
  for (const reason of everyReason) {
    it(`passes on outcome, action, cure and message of ${reason._tag}`, () => {
      const error = new ApnsError({ reason })
      assert.strictEqual(error.reason, reason)
      assert.strictEqual(error.outcome, reason.outcome)
      assert.strictEqual(error.action, reason.action)
      assert.strictEqual(error.cure, reason.cure)
      assert.strictEqual(error.message, `${reason._tag}: ${reason.message}`)
      assert.notMatch(error.stack ?? "", /\n\s+at /)
    })
  }

  it("is an Error that the guard knows", () => {
    const error = unregistered()
    assert.instanceOf(error, Error)
    assert.isTrue(isApnsError(error))
    for (const other of [new Error("no"), error.reason, undefined, null, "ApnsError", { _tag: "ApnsError" }]) {
      assert.isFalse(isApnsError(other))
    }
  })

  it("writes itself as JSON that a log can search", () => {
    const json = JSON.parse(JSON.stringify(unregistered()))
    assert.strictEqual(json._tag, "ApnsError")
    assert.strictEqual(json.outcome, "refused")
    assert.strictEqual(json.action, "dropToken")
    assert.strictEqual(json.attempts, 2)
    assert.strictEqual(json.device, "7a1f…4f60")
    assert.strictEqual(json.reason._tag, "Unregistered")
    assert.strictEqual(json.reason.timestamp, "1970-01-01T00:00:00.005Z")
  })

  it("shows reason, message and cure when inspected, and no stack frame", () => {
    const shown = inspect(unregistered(), { depth: 10 })
    for (const part of ["Unregistered", "since 1970-01-01T00:00:00.005Z", "Stop sending to this token", "7a1f…4f60"]) {
      assert.include(shown, part)
    }
    assert.notMatch(shown, /\n\s+at /)
  })

  it("reads as one line when printed", () => {
    const printed = String(unregistered())
    assert.isTrue(printed.startsWith("ApnsError: Unregistered: the device token is no longer active"), printed)
    assert.notInclude(printed, "\n")
  })
})

const failing = (reason: Reason.Reason): Effect.Effect<string, ApnsError> => Effect.fail(new ApnsError({ reason }))

describe("handling", () => {
  it.effect("catchReason handles one reason, with the error beside it", () =>
    Effect.gen(function* () {
      const millis = yield* Effect.fail(unregistered()).pipe(
        Effect.catchReason("ApnsError", "Unregistered", (reason, error) =>
          Effect.succeed([reason.timestamp?.epochMilliseconds, error.attempts])
        )
      )
      assert.deepStrictEqual(millis, [5, 2])
    })
  )

  it.effect("catchReason leaves other reasons in the wrapper", () =>
    Effect.gen(function* () {
      const error = yield* failing(new Reason.BadTopic({ status: 400 })).pipe(
        Effect.catchReason("ApnsError", "Unregistered", () => Effect.succeed("gone")),
        Effect.flip
      )
      assert.isTrue(isApnsError(error))
      assert.strictEqual(error.reason._tag, "BadTopic")
    })
  )

  it.effect("catchReasons handles several and the rest", () =>
    Effect.gen(function* () {
      const handled = (reason: Reason.Reason) =>
        failing(reason).pipe(
          Effect.catchReasons(
            "ApnsError",
            {
              BadDeviceToken: () => Effect.succeed("dropped"),
              UnknownReason: ({ raw }) => Effect.succeed(raw)
            },
            (rest) => Effect.succeed(`rest: ${rest._tag}`)
          )
        )
      assert.strictEqual(yield* handled(new Reason.BadDeviceToken({ status: 400 })), "dropped")
      assert.strictEqual(yield* handled(new Reason.UnknownReason({ status: 400, raw: "Novelty" })), "Novelty")
      assert.strictEqual(yield* handled(new Reason.Shutdown({ status: 503 })), "rest: Shutdown")
    })
  )

  it.effect("unwrapReason turns every reason into a plain tagged error", () =>
    Effect.gen(function* () {
      for (const name of names) {
        const reason = new Reason.rejectionClasses[name]({ status: 400 })
        const error = yield* failing(reason).pipe(Effect.unwrapReason("ApnsError"), Effect.flip)
        assert.strictEqual(error, reason)
      }
      const said = yield* failing(new Reason.TooManyRequests({ status: 429, retryAfter: Duration.seconds(7) })).pipe(
        Effect.unwrapReason("ApnsError"),
        Effect.catchTags({
          TooManyRequests: ({ retryAfter }) => Effect.succeed(retryAfter),
          Unregistered: () => Effect.succeed(undefined)
        })
      )
      assert.deepStrictEqual(said, Duration.seconds(7))
    })
  )

  it.effect("a reason and the wrapper are Effects that fail with themselves", () =>
    Effect.gen(function* () {
      const reason = new Reason.Shutdown({ status: 503 })
      const error = unregistered()
      assert.strictEqual(yield* Effect.flip(reason), reason)
      assert.strictEqual(yield* Effect.flip(error), error)
    })
  )
})
