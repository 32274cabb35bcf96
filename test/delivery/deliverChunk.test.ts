/** What becomes of each notification of a chunk, by what APNs or the library says. */
import { assert, describe, it } from "@effect/vitest"
import { type Delivered, type DeliverOptions, deliverChunk, Element, Outcome } from "@effect-apns/delivery"
import { DateTime, Duration, Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { type ApnsError, type Notification, Reason, ReasonTable, Retry } from "effect-apns"
import {
  connectionLost,
  errorOf,
  failing,
  hello,
  idOf,
  refused,
  type Script,
  scriptedApns,
  unknown
} from "./scripted.ts"

const itemOf = (n: Notification.Notification, more: Partial<Element.Item> = {}): Element.Item => ({
  ...Result.getOrThrow(Element.item(n, { dueMillis: 0 })),
  ...more
})

const deliver = (items: ReadonlyArray<Element.Item>, script: Script, options?: DeliverOptions) =>
  deliverChunk(items, options).pipe(Effect.provide(scriptedApns(script).layer))

/** The one thing that became of the one notification. */
const fate = ({ outcomes, retry }: Delivered): string =>
  [...outcomes.map(({ _tag }) => _tag as string), ...retry.map(({ item }) => `again as ${item.attempt}`)].join(", ")

const address = "api.push.apple.com:443"
const local: ReadonlyArray<readonly [ReasonTable.FailureName, ApnsError, string]> = (
  [
    [
      "InvalidNotification",
      new Reason.InvalidNotification({ field: "device", problem: "is odd", cure: "Mend it." }),
      "Unsendable"
    ],
    [
      "InvalidNotification",
      new Reason.InvalidNotification({ field: "payload", problem: "is large", cure: "Mend it." }),
      "Unsendable"
    ],
    ["Suppressed", new Reason.Suppressed({ reason: "Unregistered", since: DateTime.makeUnsafe(0) }), "Unsendable"],
    ["InvalidCredentials", new Reason.InvalidCredentials({ problem: "is no key", cure: "Mend it." }), "again as 1"],
    [
      "InvalidConfiguration",
      new Reason.InvalidConfiguration({ setting: "port", problem: "is odd", cure: "Mend it." }),
      "again as 1"
    ],
    [
      "ConnectionFailed",
      new Reason.ConnectionFailed({
        address,
        step: "tls",
        problem: "is not trusted",
        cure: "Trust it.",
        transient: false
      }),
      "again as 1"
    ],
    [
      "ConnectionFailed",
      new Reason.ConnectionFailed({ address, step: "dns", problem: "is not found", cure: "Wait.", transient: true }),
      "again as 2"
    ],
    [
      "DeadlinePassed",
      new Reason.DeadlinePassed({ address, stage: "queue", waited: Duration.seconds(30) }),
      "again as 2"
    ],
    [
      "DeadlinePassed",
      new Reason.DeadlinePassed({ address, stage: "answer", waited: Duration.seconds(30) }),
      "Unknown"
    ],
    ["OutcomeUnknown", new Reason.OutcomeUnknown({ address, problem: "it was reset" }), "Unknown"],
    ["Halted", new Reason.Halted({ by: new Reason.TopicDisallowed({ status: 400 }) }), "Unsendable"],
    ["Halted", new Reason.Halted({ by: new Reason.InvalidProviderToken({ status: 403 }) }), "again as 1"],
    ["UnknownReason", new Reason.UnknownReason({ status: 400, raw: "Novel" }), "Refused"],
    ["UnknownReason", new Reason.UnknownReason({ status: 410, raw: "Novel" }), "Refused"],
    ["UnknownReason", new Reason.UnknownReason({ status: 503, raw: "Novel" }), "again as 2"],
    [
      "UnexpectedAnswer",
      new Reason.UnexpectedAnswer({ status: 404, contentType: "text/html", excerpt: "" }),
      "again as 2"
    ],
    ["UnexpectedAnswer", new Reason.UnexpectedAnswer({ status: 502, contentType: "text/html", excerpt: "" }), "Unknown"]
  ] as const
).map(([name, reason, expected]) => [name, errorOf(reason), expected])

describe("deliverChunk", () => {
  it.effect("decides by the table for every reason APNs gives", () =>
    Effect.gen(function* () {
      for (const name of Object.keys(ReasonTable.rejections) as ReadonlyArray<ReasonTable.RejectionName>) {
        const { action, status } = ReasonTable.rejections[name]
        const error = errorOf(new Reason.rejectionClasses[name]({ status }))
        const isHalting = status === 403 && action !== "reconnect"
        const isFinal = action === "fixConfig" || action === "dropToken"
        const expected = isHalting ? "again as 1" : isFinal ? "Refused" : "again as 2"
        const delivered = yield* deliver([itemOf(hello(1))], failing(error))
        assert.strictEqual(fate(delivered), expected, name)
        assert.strictEqual(delivered.fault !== undefined, isHalting, name)
        assert.strictEqual(Retry.isHalting(error), isHalting, name)
      }
    })
  )

  for (const [name, error, expected] of local) {
    it.effect(`decides for ${name} (${error.outcome}, ${error.action}): ${expected}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(fate(yield* deliver([itemOf(hello(1))], failing(error))), expected)
      })
    )
  }

  it("has a case for every reason the library gives to a notification", () => {
    const covered = new Set(local.map(([name]) => name))
    assert.deepStrictEqual(
      Object.keys(ReasonTable.failures).filter((name) => !covered.has(name as ReasonTable.FailureName)),
      ["InvalidRequest"]
    )
  })

  it.effect("tells which device tokens are dead", () =>
    Effect.gen(function* () {
      const errors = [refused("Unregistered"), refused("BadDeviceToken"), refused("PayloadTooLarge"), unknown]
      const { outcomes } = yield* deliver(
        [0, 1, 2, 3, 4].map((n) => itemOf(hello(n))),
        ({ id }) => {
          const error = errors.find((_, n) => id === idOf(n))
          return error === undefined ? Effect.void : Effect.fail(error)
        }
      )
      assert.deepStrictEqual(
        outcomes.filter(Outcome.isDeadToken).map(({ notification }) => notification.id),
        [idOf(0), idOf(1)]
      )
    })
  )

  it.effect("asks the notification first whether to send again what may have arrived, and then the options", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [boolean | undefined, boolean | undefined, string]> = [
        [undefined, undefined, "Unknown"],
        [undefined, true, "again as 2"],
        [true, undefined, "again as 2"],
        [true, false, "again as 2"],
        [false, true, "Unknown"]
      ]
      for (const [own, general, expected] of cases) {
        const delivered = yield* deliver([itemOf(hello(1, { replayUnknown: own }))], failing(unknown), {
          replayUnknown: general
        })
        assert.strictEqual(fate(delivered), expected)
      }
    })
  )

  it.effect("waits longer after each attempt, at most five minutes, and as long as APNs asks", () =>
    Effect.gen(function* () {
      const delays: Array<number> = []
      for (const attempt of [1, 2, 3, 9, 10, 19]) {
        const { retry } = yield* deliver([itemOf(hello(1), { attempt })], failing(connectionLost))
        delays.push(...retry.map(({ delay }) => Duration.toSeconds(delay)))
      }
      assert.deepStrictEqual(delays, [1, 2, 4, 256, 300, 300])
      const asked = yield* deliver([itemOf(hello(1))], failing(refused("TooManyRequests", "20 minutes")))
      assert.strictEqual(Duration.toMinutes(asked.retry[0]?.delay ?? Duration.zero), 20)
    })
  )

  it.effect("counts no attempt for a fault that every notification would meet", () =>
    Effect.gen(function* () {
      const { fault, outcomes, retry } = yield* deliver(
        Array.from({ length: 10 }, (_, n) => itemOf(hello(n), { attempt: 20 })),
        () => Effect.fail(refused("InvalidProviderToken")),
        { faultPause: "3 minutes" }
      )
      assert.deepStrictEqual([outcomes.length, retry.length], [0, 10])
      assert.isTrue(retry.every(({ delay, item }) => Duration.toMinutes(delay) === 3 && item.attempt === 20))
      assert.strictEqual(fault?.reason._tag, "InvalidProviderToken")
    })
  )

  it.effect("does not send what is past its time, and nothing at all when all is", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const items = [
        itemOf(hello(1), { deadlineMillis: 3_600_000 }),
        itemOf(hello(2), { deadlineMillis: 3_600_001 }),
        itemOf(hello(3, { expiration: new Date(3_599_999) }))
      ]
      const apns = scriptedApns()
      const { outcomes } = yield* deliverChunk(items).pipe(Effect.provide(apns.layer))
      assert.sameMembers(
        outcomes.map(({ _tag, notification }) => `${_tag} ${notification.id}`),
        [`Expired ${idOf(1)}`, `Accepted ${idOf(2)}`, `Expired ${idOf(3)}`]
      )
      assert.lengthOf(apns.sent, 1)
      assert.lengthOf((yield* deliver([], () => Effect.die("sent"))).outcomes, 0)
    })
  )

  it.effect("sends all at once and finds each its own outcome, whatever the order of the answers", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        deliver(
          Array.from({ length: 50 }, (_, n) => itemOf(hello(n))),
          ({ id }) => {
            const n = Number.parseInt(id.slice(-12), 16)
            return Effect.andThen(
              Effect.sleep(1000 - n * 10),
              n % 2 === 0 ? Effect.void : Effect.fail(refused("Unregistered"))
            )
          }
        )
      )
      yield* TestClock.adjust("1 second")
      const { outcomes } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        outcomes.map(({ _tag, notification }) => `${_tag} ${notification.id}`),
        Array.from({ length: 50 }, (_, n) => `${n % 2 === 0 ? "Accepted" : "Refused"} ${idOf(n)}`)
      )
    })
  )
})
