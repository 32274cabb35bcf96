import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Cause, Effect, Exit, Fiber, Layer, Ref, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  ApnsError,
  type ApnsRequest,
  type ApnsResponse,
  JwtCache,
  Notification,
  PayloadSchema,
  Reason,
  type RequestError,
  type SendResult,
  sendAll
} from "effect-apns"
import { device, simulated } from "../support/simulated.ts"

const hello = (n: number) => Notification.alert({ device: device(n), alert: `Hello ${n}`, topic: "com.example.app" })

const textOf = ({ notification }: SendResult): string => {
  const { content } = notification
  return content._tag === "Typed" ? JSON.stringify(content.value) : ""
}

const numberOf = (result: SendResult): number => Number(/Hello (\d+)/.exec(textOf(result))?.[1])

/** `Apns` over a connection that does what it is told for each request. */
const over = (request: (request: ApnsRequest, index: number) => Effect.Effect<Partial<ApnsResponse>, RequestError>) => {
  let index = 0
  const connection = Layer.succeed(ApnsConnection, {
    address: "push.test:443",
    request: (asked) =>
      Effect.suspend(() => request(asked, index++)).pipe(
        Effect.map(
          (said): ApnsResponse => ({
            status: 200,
            fields: {},
            body: "",
            connection: "push.test:443#1",
            queuedAtMillis: 0,
            openedAtMillis: 0,
            answeredAtMillis: 0,
            ...said
          })
        )
      ),
    retire: () => Effect.void
  })
  return Apns.layerNoDeps().pipe(Layer.provide([connection, JwtCache.layerNone, PayloadSchema.layer]))
}

const range = (count: number) => Stream.range(0, count - 1).pipe(Stream.rechunk(7), Stream.map(hello))

describe("sendAll", () => {
  it.live("gives one result for each notification, whatever became of it", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.register({ state: "unregistered", token: device(3) })
      const notifications = [hello(1), hello(2), hello(3), { ...hello(4), device: "no hex" }]
      const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(notifications)))
      const byNotification = new Map(results.map((result) => [result.notification, result]))
      assert.deepStrictEqual(
        notifications.map((notification) => {
          const result = byNotification.get(notification)
          if (result === undefined) return "nothing"
          return result.outcome === "accepted" ? result.receipt.apnsId : `${result.outcome} ${result.error.reason._tag}`
        }),
        [notifications[0]?.id, notifications[1]?.id, "refused Unregistered", "unsent InvalidNotification"]
      )
      assert.lengthOf(results, 4)
    }).pipe(Effect.provide(simulated()))
  )

  it.live("sends each of thousands once, over one connection", () =>
    Effect.gen(function* () {
      const results = yield* Stream.runCollect(sendAll(range(3000), { concurrency: 200 }))
      const simulator = yield* Simulator
      const received = yield* simulator.received
      assert.sameMembers(
        received.map(({ apnsId }) => apnsId),
        results.map(({ notification }) => notification.id)
      )
      assert.deepStrictEqual(new Set(results.map(({ outcome }) => outcome)), new Set(["accepted"]))
      assert.lengthOf(yield* simulator.connections, 1)
    }).pipe(Effect.provide(simulated()))
  )

  it.effect("gives results as they come, or in the order of the notifications", () => {
    const slow = (_: ApnsRequest, index: number) => Effect.sleep(index % 3 === 0 ? 300 : 100).pipe(Effect.as({}))
    const numbers = (ordered: boolean) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Stream.runCollect(sendAll(range(10), { concurrency: 4, ordered })))
        yield* TestClock.adjust("10 seconds")
        return (yield* Fiber.join(fiber)).map(numberOf)
      }).pipe(Effect.provide(over(slow)))
    return Effect.gen(function* () {
      const inOrder = Array.from({ length: 10 }, (_, n) => n)
      assert.deepStrictEqual(yield* numbers(true), inOrder)
      const asTheyCome = yield* numbers(false)
      assert.sameMembers(asTheyCome, inOrder)
      assert.notDeepEqual(asTheyCome, inOrder)
    })
  })

  it.effect("takes no more from the Stream than `concurrency`, while no result is taken", () =>
    Effect.gen(function* () {
      const started = yield* Ref.make(0)
      const counted = () =>
        Effect.as(
          Ref.update(started, (n) => n + 1),
          {}
        )
      const first = yield* sendAll(range(1000), { concurrency: 10 }).pipe(Stream.runHead, Effect.provide(over(counted)))
      assert.isTrue(first._tag === "Some")
      assert.isAtMost(yield* Ref.get(started), 20)
    })
  )

  it.effect("never has more than `concurrency` under way", () =>
    Effect.gen(function* () {
      let underWay = 0
      let most = 0
      const request = () =>
        Effect.gen(function* () {
          most = Math.max(most, ++underWay)
          yield* Effect.sleep(50)
          underWay--
          return {}
        })
      const fiber = yield* Effect.forkChild(
        Stream.runCount(sendAll(range(100), { concurrency: 8 })).pipe(Effect.provide(over(request)))
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), 100)
      assert.strictEqual(most, 8)
    })
  )

  it.effect("retries as `send` does", () =>
    Effect.gen(function* () {
      const request = (_: ApnsRequest, index: number) =>
        Effect.succeed(index < 3 ? { status: 503, body: '{"reason":"ServiceUnavailable"}' } : {})
      const fiber = yield* Effect.forkChild(Stream.runCollect(sendAll(range(3))).pipe(Effect.provide(over(request))))
      yield* TestClock.adjust("10 seconds")
      const results = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        results.map((result) => (result.outcome === "accepted" ? result.receipt.attempts : result.outcome)),
        [2, 2, 2]
      )
    })
  )

  it.effect("gives the results of what came before, when the Stream fails", () =>
    Effect.gen(function* () {
      const results: Array<SendResult> = []
      const failing = Stream.concat(range(5), Stream.fail("no more rows"))
      const slow = () => Effect.as(Effect.sleep(100), {})
      const fiber = yield* sendAll(failing).pipe(
        Stream.runForEach((result) => Effect.sync(() => results.push(result))),
        Effect.provide(over(slow)),
        Effect.exit,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail("no more rows"))
      assert.lengthOf(results, 5)
    })
  )

  it.effect("gives up what is under way when it is interrupted, first attempts and retries", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const request = (_: ApnsRequest, index: number) =>
        index % 2 === 0
          ? Effect.succeed({ status: 503, body: '{"reason":"ServiceUnavailable"}' })
          : Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      const fiber = yield* Effect.forkChild(Stream.runDrain(sendAll(range(10))).pipe(Effect.provide(over(request))))
      yield* TestClock.adjust("10 millis")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(interrupted, 5)
    })
  )

  it.live("takes an open stream back when it is interrupted", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ times: 10, effect: { _tag: "silence" } })
      const fiber = yield* Effect.forkChild(Stream.runDrain(sendAll(range(10))))
      yield* simulator.awaitReceived(10)
      yield* Fiber.interrupt(fiber)
      // With no stream left to it, the next one would wait.
      yield* simulator.setMaxConcurrentStreams(1)
      const [after] = yield* Stream.runCollect(sendAll(range(1)))
      assert.strictEqual(after?.outcome, "accepted")
    }).pipe(Effect.provide(simulated()))
  )

  it.effect("works over any `Apns`", () =>
    Effect.gen(function* () {
      const reason = new Reason.BadDeviceToken({ status: 400 })
      const mock = Layer.succeed(Apns, {
        send: ({ id }) => Effect.fail(new ApnsError({ reason, attempts: 1, notificationId: id })),
        broadcast: () => Effect.die("nothing is broadcast here")
      })
      const results = yield* Stream.runCollect(sendAll(range(20))).pipe(Effect.provide(mock))
      assert.lengthOf(results, 20)
      for (const result of results) assert.isTrue(result.outcome === "refused" && result.error.reason === reason)
    })
  )

  it.effect("ends with a defect, rather than hang or call it a result", () =>
    Effect.gen(function* () {
      const defects = [
        over(() => Effect.die("a defect")),
        Layer.succeed(Apns, {
          send: () => {
            throw "a defect"
          },
          broadcast: () => Effect.die("nothing is broadcast here")
        })
      ]
      for (const layer of defects) {
        const exit = yield* Effect.exit(Stream.runDrain(sendAll(range(20))).pipe(Effect.provide(layer)))
        assert.isTrue(Exit.isFailure(exit))
        if (Exit.isSuccess(exit)) continue
        const defect = Cause.findDefect(exit.cause)
        assert.strictEqual(Result.isSuccess(defect) ? defect.success : "none", "a defect")
      }
    })
  )

  it.effect("ends with an empty Stream", () =>
    Effect.gen(function* () {
      const count = yield* Stream.runCount(sendAll(Stream.empty))
      assert.strictEqual(count, 0)
    }).pipe(Effect.provide(over(() => Effect.never)))
  )
})
