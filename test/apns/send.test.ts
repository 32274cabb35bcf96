import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Fiber, Redacted, Result, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { ApnsError, Credentials, Notification, Reason, ReasonTable, type Receipt, send } from "effect-apns"
import { device, simulated } from "../support/simulated.ts"
import { endsAfter, moment } from "../support/waiting.ts"

const never = Schedule.recurs(0)
const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })
const names = Object.keys(ReasonTable.rejections) as ReadonlyArray<ReasonTable.RejectionName>

const summary = (results: ReadonlyArray<Result.Result<Receipt, ApnsError>>) => {
  const count = { accepted: 0, refused: 0, unsent: 0, unknown: 0 }
  for (const result of results) count[Result.isSuccess(result) ? "accepted" : result.failure.outcome]++
  return count
}

describe("every reason of APNs", () => {
  it.live.each(names)("%s arrives as its own class", (name) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "reject", reason: name } })
      const n = hello()
      const error = yield* Effect.flip(send(n))
      assert.instanceOf(error, ApnsError)
      assert.isTrue(error.reason instanceof Reason.rejectionClasses[name])
      assert.strictEqual(error.reason._tag, name)
      assert.propertyVal(error.reason, "status", ReasonTable.rejections[name].status)
      assert.propertyVal(error.reason, "apnsId", n.id)
      assert.strictEqual(error.outcome, "refused")
      assert.strictEqual(error.action, ReasonTable.rejections[name].action)
      assert.strictEqual(error.attempts, 1)
      assert.strictEqual(error.notificationId, n.id)
    }).pipe(Effect.provide(simulated({ apns: { retry: never } })))
  )

  it.live("keeps one that it does not know, and a proxy's page", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const json = (reason: string, status: number) =>
        simulator.inject({
          effect: { _tag: "respond", status, contentType: "application/json", body: JSON.stringify({ reason }) }
        })
      yield* json("BadMoonPhase", 400)
      const unknown = yield* Effect.flip(send(hello()))
      assert.instanceOf(unknown.reason, Reason.UnknownReason)
      assert.propertyVal(unknown.reason, "raw", "BadMoonPhase")
      assert.strictEqual(unknown.action, "fixConfig")

      const body = "<html><body><h1>502 Bad Gateway</h1></body></html>"
      yield* simulator.inject({ effect: { _tag: "respond", status: 502, contentType: "text/html", body } })
      const page = yield* Effect.flip(send(hello()))
      assert.instanceOf(page.reason, Reason.UnexpectedAnswer)
      assert.propertyVal(page.reason, "status", 502)
      assert.propertyVal(page.reason, "contentType", "text/html")
      assert.propertyVal(page.reason, "excerpt", body)
      assert.strictEqual(page.outcome, "unknown")
    }).pipe(Effect.provide(simulated()))
  )

  it.live("says since when a device is gone, and lets one reason be handled", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.register({ state: "unregistered", token: device(), since: 1_767_225_600_000 })
      const since = yield* send(hello()).pipe(
        Effect.as(0),
        Effect.catchReason("ApnsError", "Unregistered", (reason) => Effect.succeed(reason.timestamp?.epochMilliseconds))
      )
      assert.strictEqual(since, 1_767_225_600_000)
    }).pipe(Effect.provide(simulated()))
  )
})

describe("streams", () => {
  // The clock of the test stands still: nothing waits long enough for another session.
  it.effect("never opens more than the server allows, one before the first accepted token", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const fiber = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 3000 }, (_, n) => hello(n)),
          send,
          { concurrency: "unbounded" }
        )
      )
      yield* simulator.awaitReceived(500)
      yield* simulator.setMaxConcurrentStreams(3)
      yield* simulator.awaitReceived(800)
      yield* simulator.setMaxConcurrentStreams(0)
      yield* moment
      yield* simulator.setMaxConcurrentStreams(1)
      yield* simulator.awaitReceived(830)
      yield* simulator.setMaxConcurrentStreams(1000)
      yield* simulator.awaitReceived(1800)
      yield* simulator.setMaxConcurrentStreams(0)
      yield* simulator.setMaxConcurrentStreams(50)
      const receipts = yield* Fiber.join(fiber)
      assert.strictEqual(receipts.length, 3000)
      const connections = yield* simulator.connections
      assert.deepStrictEqual(
        connections.map(({ excessStreams }) => excessStreams),
        [0]
      )
      assert.isTrue(receipts.every((receipt) => receipt.attempts === 1))
    }).pipe(Effect.provide(simulated()))
  )

  it.live("loses and doubles none when the server goes away again and again", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      for (let i = 0; i < 8; i++) {
        yield* simulator.inject({
          skip: 200 * i,
          effect: { _tag: "goAway", lastStreamId: i % 2 === 0 ? "this" : "before" }
        })
      }
      const notifications = Array.from({ length: 3000 }, (_, n) => hello(n))
      const results = yield* Effect.forEach(notifications, (n) => Effect.result(send(n)), { concurrency: 400 })
      assert.deepStrictEqual(summary(results), { accepted: 3000, refused: 0, unsent: 0, unknown: 0 })
      const received = yield* simulator.received
      const accepted = received.filter(({ answer }) => answer._tag === "answered" && answer.status === 200)
      assert.strictEqual(new Set(accepted.map(({ apnsId }) => apnsId)).size, 3000)
      assert.strictEqual(accepted.length, 3000)
      assert.isAbove((yield* simulator.connections).length, 4)
    }).pipe(Effect.provide(simulated()))
  )

  it.live("settles every send when the server is killed: unknown when written, unsent when not", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* send(hello())
      yield* simulator.setMaxConcurrentStreams(20)
      yield* simulator.inject({ times: 1000, effect: { _tag: "silence" } })
      const fiber = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 100 }, (_, n) => hello(n)),
          (n) => Effect.result(send(n)),
          {
            concurrency: "unbounded"
          }
        )
      )
      yield* simulator.awaitReceived(21)
      yield* simulator.disconnectAll
      // The queue goes to the next session, which is killed too, and so on: 20 streams are written each time.
      for (let written = 41; written <= 101; written += 20) {
        yield* simulator.awaitReceived(written)
        yield* simulator.disconnectAll
      }
      const results = yield* Fiber.join(fiber)
      const received = new Set((yield* simulator.received).map(({ apnsId }) => apnsId))
      for (const result of results) {
        assert.isTrue(Result.isFailure(result))
        if (Result.isFailure(result)) {
          const { notificationId = "", outcome } = result.failure
          assert.strictEqual(outcome, received.has(notificationId) ? "unknown" : "unsent")
        }
      }
      assert.strictEqual(received.size, 101)
    }).pipe(
      Effect.provide(
        simulated({
          simulator: { initialMaxConcurrentStreams: 20, maxConcurrentStreams: 20 },
          apns: { retry: never, maxSessions: 1 }
        })
      )
    )
  )

  it.live("tells unsent from unknown when the server dies for good", () =>
    Effect.gen(function* () {
      const results = yield* Effect.gen(function* () {
        const simulator = yield* Simulator
        yield* simulator.inject({ times: 1000, effect: { _tag: "silence" } })
        const fiber = yield* Effect.forkDetach(
          Effect.forEach(
            Array.from({ length: 30 }, (_, n) => hello(n)),
            (n) => Effect.result(send(n)),
            {
              concurrency: "unbounded"
            }
          )
        )
        yield* simulator.awaitReceived(10)
        return fiber
      }).pipe(
        // The layers close here, simulator and connection, with 10 sends in flight and 20 in the queue.
        Effect.provide(simulated({ simulator: { initialMaxConcurrentStreams: 10 }, apns: { drainTimeout: 50 } })),
        Effect.flatMap(Fiber.join)
      )
      assert.deepStrictEqual(summary(results), { accepted: 0, refused: 0, unsent: 20, unknown: 10 })
    })
  )

  it.effect("gives a silent server up at the deadline, and names the stage", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ times: 2, effect: { _tag: "silence" } })
      const expiring = (n: number, millis: number) =>
        Effect.forkChild(
          Effect.flip(send(Notification.alert({ device: device(n), alert: "Hello", expiration: new Date(millis) }))),
          { startImmediately: true }
        )
      // By the timeout, its expiration being later, and by its expiration, the timeout being later.
      const answering = yield* expiring(1, 300)
      yield* simulator.awaitReceived(1)
      yield* TestClock.adjust(50)
      const queueing = yield* expiring(2, 120)
      const queue = yield* endsAfter(queueing, 70)
      assert.deepStrictEqual([queue.reason._tag, queue.outcome], ["DeadlinePassed", "unsent"])
      assert.propertyVal(queue.reason, "stage", "queue")
      const answer = yield* endsAfter(answering, 30)
      assert.deepStrictEqual([answer.reason._tag, answer.outcome], ["DeadlinePassed", "unknown"])
      assert.propertyVal(answer.reason, "stage", "answer")
      assert.strictEqual((yield* simulator.received).length, 1)
    }).pipe(
      Effect.provide(
        simulated({ simulator: { initialMaxConcurrentStreams: 1, maxConcurrentStreams: 1 }, apns: { timeout: 150 } })
      )
    )
  )
})

describe("certificates", () => {
  const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/certificates/${name}`, import.meta.url))

  it.live("send without a provider token, to the certificate's own topic", () =>
    Effect.gen(function* () {
      const passphrase = Redacted.make("correct horse battery")
      const credentials = Credentials.certificate({ file: fixture("legacy.p12"), passphrase })
      yield* Effect.gen(function* () {
        yield* send(hello())
        const [request] = yield* (yield* Simulator).received
        assert.isUndefined(request?.token)
        assert.strictEqual(request?.topic, (yield* credentials).topic)
        const [connection] = yield* (yield* Simulator).connections
        assert.strictEqual(connection?.binding?._tag, "certificate")
      }).pipe(Effect.provide(simulated({ apns: { credentials, topic: undefined } })))
    })
  )
})
