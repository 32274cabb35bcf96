import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Cause, Effect, Exit, Fiber, Layer, Ref, Result, Scheduler, Schema, SchemaTransformation, Stream } from "effect"
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
  sendAll,
  sendSummary
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
  return Apns.layerNoDeps().pipe(Layer.provide([connection, JwtCache.layerNone, PayloadSchema.layer]), Layer.orDie)
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

  it.effect("hands back the very notifications, with the fields of their own", () =>
    Effect.gen(function* () {
      const given = [1, 2, 3].map((line) => ({ ...hello(line), line }))
      const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(given)))
      assert.deepStrictEqual(results.map(({ notification }) => notification.line).sort(), [1, 2, 3])
    }).pipe(Effect.provide(over(() => Effect.succeed({}))))
  )

  // The clock of the test stands still: nothing waits long enough for another connection.
  it.effect("sends each of thousands once, over one connection", () =>
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

  it.effect("keeps the order where some are refused, retried, invalid or halted", () =>
    Effect.gen(function* () {
      const request = ({ path }: ApnsRequest, index: number) => {
        if (path.endsWith(device(3))) return Effect.succeed({ status: 410, body: '{"reason":"Unregistered"}' })
        if (path.endsWith(device(5)) && index < 10)
          return Effect.succeed({ status: 503, body: '{"reason":"Shutdown"}' })
        if (path.endsWith(device(8))) return Effect.succeed({ status: 403, body: '{"reason":"InvalidProviderToken"}' })
        return Effect.as(Effect.sleep(100 - 7 * (index % 10)), {})
      }
      const invalid = { ...hello(1), device: "not hex" }
      const given = Stream.make(hello(0), invalid, ...[2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(hello))
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(sendAll(given, { ordered: true, concurrency: 9 })).pipe(Effect.provide(over(request)))
      )
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(fiber)
      assert.deepStrictEqual(results.map(numberOf), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      assert.deepStrictEqual(
        results.map(({ outcome }) => outcome),
        [
          "accepted",
          "unsent",
          "accepted",
          "refused",
          "accepted",
          "accepted",
          "accepted",
          "accepted",
          "refused",
          "unsent",
          "unsent",
          "unsent"
        ]
      )
    })
  )

  it.effect("is resumed with the notifications of its results: what was not sent goes out, nothing twice", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const halting = (request: ApnsRequest, index: number) => {
        if (index >= 12) return Effect.succeed({ status: 403, body: '{"reason":"InvalidProviderToken"}' })
        sent.push(request.fields["apns-id"] ?? "")
        return Effect.succeed({})
      }
      const healthy = (request: ApnsRequest) =>
        Effect.sync(() => {
          sent.push(request.fields["apns-id"] ?? "")
          return {}
        })
      const given = yield* Stream.runCollect(range(40))
      const first = yield* Stream.runCollect(sendAll(Stream.fromIterable(given), { concurrency: 4 })).pipe(
        Effect.provide(over(halting))
      )
      const left = first.filter(({ outcome }) => outcome !== "accepted").map(({ notification }) => notification)
      assert.isAbove(left.length, 20)
      const second = yield* Stream.runCollect(sendAll(Stream.fromIterable(left))).pipe(Effect.provide(over(healthy)))
      assert.isTrue(second.every(({ outcome }) => outcome === "accepted"))
      assert.deepStrictEqual(sent.sort(), given.map(({ id }) => id).sort())
    })
  )

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

  it.live("misses no result when its fiber yields between looking and waiting", () =>
    Effect.gen(function* () {
      for (const turns of [1, 2, 3, 5]) {
        // An answer that comes a few turns later: at some number, just between the two.
        const later = () =>
          Effect.as(
            Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow),
            {}
          )
        const results = yield* Stream.runCollect(sendAll(range(20), { concurrency: 1 })).pipe(
          Effect.provide(over(later)),
          Effect.provideService(Scheduler.MaxOpsBeforeYield, 3),
          Effect.timeout("50 seconds")
        )
        assert.lengthOf(results, 20)
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

describe("a fault of the configuration", () => {
  const refused = (status: number, reason: string) =>
    Effect.succeed({ status, body: JSON.stringify({ reason }) }).pipe(Effect.delay(10))

  const outcomes = (layer: Layer.Layer<Apns>, haltOnFault?: boolean, notifications = range(100)) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(sendAll(notifications, { concurrency: 10, haltOnFault })).pipe(Effect.provide(layer))
      )
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(fiber)
      return results.map((result) => (result.outcome === "accepted" ? "accepted" : result.error.reason._tag))
    })

  it.effect("halts: what was under way is refused, the rest unsent and told why", () =>
    Effect.gen(function* () {
      let asked = 0
      const layer = over(() => {
        asked++
        return refused(403, "InvalidProviderToken")
      })
      const tags = yield* outcomes(layer)
      assert.lengthOf(tags, 100)
      assert.strictEqual(asked, 10)
      assert.strictEqual(tags.filter((tag) => tag === "InvalidProviderToken").length, 10)
      assert.strictEqual(tags.filter((tag) => tag === "Halted").length, 90)
    })
  )

  it.effect("is none when it is the first thing APNs says, and what is under way is accepted", () =>
    Effect.gen(function* () {
      const layer = over((_, index) =>
        index === 0
          ? Effect.delay(Effect.succeed({ status: 403, body: '{"reason":"InvalidProviderToken"}' }), 5)
          : Effect.as(Effect.sleep(10), {})
      )
      const tags = yield* outcomes(layer)
      assert.strictEqual(tags.filter((tag) => tag === "accepted").length, 99)
    })
  )

  it.effect.each([1, 10, 100])("is none when APNs says so once and takes what follows (%d at a time)", (concurrency) =>
    Effect.gen(function* () {
      for (const [status, reason] of [
        [403, "InvalidProviderToken"],
        [403, "BadCertificate"],
        [400, "TopicDisallowed"]
      ] as const) {
        const layer = over((_, index) =>
          index % 97 === 5 ? refused(status, reason) : Effect.as(Effect.sleep(10 + (index % 3)), {})
        )
        const fiber = yield* Effect.forkChild(
          Stream.runCollect(sendAll(range(500), { concurrency })).pipe(Effect.provide(layer))
        )
        yield* TestClock.adjust("1 minute")
        const results = yield* Fiber.join(fiber)
        const failed = results.flatMap((result) => (result.outcome === "accepted" ? [] : [result.error.reason._tag]))
        assert.deepStrictEqual([results.length, failed], [500, Array(6).fill(reason)])
      }
    })
  )

  it.effect("is none when one session says so and another does not", () =>
    Effect.gen(function* () {
      let session = 1
      let asked = 0
      const connection = Layer.succeed(ApnsConnection, {
        address: "push.test:443",
        request: () =>
          Effect.suspend(() => {
            const name = `push.test:443#${session}`
            const said =
              session === 1 && asked++ >= 20 ? refused(403, "InvalidProviderToken") : Effect.as(Effect.sleep(10), {})
            return Effect.map(
              said,
              (answer): ApnsResponse => ({
                status: 200,
                fields: {},
                body: "",
                connection: name,
                queuedAtMillis: 0,
                openedAtMillis: 0,
                answeredAtMillis: 0,
                ...answer
              })
            )
          }),
        retire: (name) =>
          Effect.sync(() => {
            if (name === `push.test:443#${session}`) session++
          })
      })
      const layer = Apns.layerNoDeps().pipe(
        Layer.provide([connection, JwtCache.layerNone, PayloadSchema.layer]),
        Layer.orDie
      )
      const tags = yield* outcomes(layer)
      assert.strictEqual(tags.filter((tag) => tag === "InvalidProviderToken").length, 10)
      assert.strictEqual(tags.filter((tag) => tag === "accepted").length, 90)
    })
  )

  it.effect("halts in the middle, too, and is not undone by what was under way before it", () =>
    Effect.gen(function* () {
      let asked = 0
      const layer = over((_, index) => {
        asked++
        return index < 50 ? Effect.as(Effect.sleep(index % 5 === 0 ? 35 : 10), {}) : refused(403, "BadCertificate")
      })
      const tags = yield* outcomes(layer, undefined, range(1000))
      assert.lengthOf(tags, 1000)
      assert.isAtMost(asked, 75)
      assert.strictEqual(tags.filter((tag) => tag === "accepted").length, 50)
      assert.strictEqual(tags.filter((tag) => tag === "Halted").length, 1000 - asked)
    })
  )

  it.effect("that is seen no more holds nothing up, though nothing tells whether it passed", () =>
    Effect.gen(function* () {
      const layer = over((_, index) => {
        if (index === 0) return Effect.succeed({})
        return index === 13 ? refused(403, "Forbidden") : refused(400, "BadMessageId")
      })
      const tags = yield* outcomes(layer)
      assert.strictEqual(tags.filter((tag) => tag === "BadMessageId").length, 98)
    })
  )

  it.effect("is not guessed at where an Apns of somebody else's sends for several", () =>
    Effect.gen(function* () {
      const mock = Layer.succeed(Apns, {
        send: (notification) => {
          const { device: sentTo, id } = notification
          const answer = Effect.delay(Effect.void, 10)
          if (sentTo !== device(7) && sentTo !== device(8)) {
            const timings = { totalMillis: 0, queueMillis: 0, answerMillis: 0 }
            return Effect.as(answer, { apnsId: id, attempts: 1, connection: "push.test:443#1", timings })
          }
          const reason = new Reason.InvalidProviderToken({ status: 403 })
          return Effect.andThen(
            answer,
            Effect.fail(new ApnsError({ reason, attempts: 1, target: "acme (production)" }))
          )
        },
        broadcast: () => Effect.die("nothing is broadcast here")
      })
      const tags = yield* outcomes(mock)
      assert.strictEqual(tags.filter((tag) => tag === "accepted").length, 98)
    })
  )

  it.effect("halts behind an Apns that is wrapped to log, which sees all that is sent", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const wrapped = Layer.effect(
        Apns,
        Effect.map(Apns, (apns) => ({
          ...apns,
          send: (notification: Notification.Notification) =>
            Effect.tap(
              Effect.tapError(apns.send(notification), ({ reason }) => Effect.sync(() => logged.push(reason._tag))),
              () => Effect.sync(() => logged.push("accepted"))
            )
        }))
      )
      const layer = over((_, index) =>
        index < 20 ? Effect.as(Effect.sleep(10), {}) : refused(403, "InvalidProviderToken")
      )
      const tags = yield* outcomes(wrapped.pipe(Layer.provide(layer)))
      assert.strictEqual(tags.filter((tag) => tag === "Halted").length, 69)
      assert.sameMembers(
        logged,
        tags.filter((tag) => tag !== "Halted")
      )
    })
  )

  it.effect("does not halt where the caller says so", () =>
    Effect.gen(function* () {
      const tags = yield* outcomes(
        over(() => refused(403, "InvalidProviderToken")),
        false
      )
      assert.deepStrictEqual(new Set(tags), new Set(["InvalidProviderToken"]))
      assert.lengthOf(tags, 100)
    })
  )

  it.effect("of one topic halts that topic", () =>
    Effect.gen(function* () {
      const layer = over(({ fields }) =>
        fields["apns-topic"] === "com.example.other" ? refused(400, "TopicDisallowed") : Effect.as(Effect.sleep(10), {})
      )
      const mixed = range(100).pipe(
        Stream.zipWithIndex,
        Stream.map(([notification, index]) =>
          index % 2 === 0 ? { ...notification, topic: "com.example.other" } : notification
        )
      )
      const tags = yield* outcomes(layer, true, mixed)
      const count = (tag: string) => tags.filter((other) => other === tag).length
      assert.strictEqual(count("accepted"), 50)
      assert.strictEqual(count("TopicDisallowed") + count("Halted"), 50)
      assert.isAtLeast(count("Halted"), 40)
    })
  )

  it.effect("is nothing that concerns one device", () =>
    Effect.gen(function* () {
      const tags = yield* outcomes(over(() => refused(400, "BadDeviceToken")))
      assert.deepStrictEqual(new Set(tags), new Set(["BadDeviceToken"]))
    })
  )

  it.effect("tells the fault and its cure, without a secret", () =>
    Effect.gen(function* () {
      const [last] = yield* sendAll(range(30), { concurrency: 1, ordered: true }).pipe(
        Stream.takeRight(1),
        Stream.runCollect,
        Effect.provide(over(() => Effect.succeed({ status: 403, body: '{"reason":"BadCertificate"}' })))
      )
      assert.isTrue(last !== undefined && last.outcome !== "accepted")
      if (last === undefined || last.outcome === "accepted") return
      assert.deepStrictEqual([last.outcome, last.error.action], ["unsent", "fixConfig"])
      assert.include(last.error.message, "an earlier one met BadCertificate")
      assert.notInclude(last.error.message, device(29))
    })
  )
})

describe("sendSummary", () => {
  it.effect("counts outcomes, reasons, dead tokens and the rate", () =>
    Effect.gen(function* () {
      const answers = [
        {},
        {},
        { status: 410, body: '{"reason":"Unregistered"}' },
        { status: 400, body: '{"reason":"BadDeviceToken"}' },
        { status: 413, body: '{"reason":"PayloadTooLarge"}' }
      ]
      const layer = over((_, index) =>
        index === 5
          ? Effect.fail(new Reason.OutcomeUnknown({ address: "push.test:443", problem: "it ended" }))
          : Effect.as(Effect.sleep(500), answers[index] ?? {})
      )
      const fiber = yield* Effect.forkChild(
        Stream.run(sendAll(range(6), { concurrency: 1 }), sendSummary).pipe(Effect.provide(layer))
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(fiber), {
        total: 6,
        accepted: 2,
        refused: 3,
        unsent: 0,
        unknown: 1,
        byReason: { Unregistered: 1, BadDeviceToken: 1, PayloadTooLarge: 1, OutcomeUnknown: 1 },
        deadTokens: 2,
        perSecond: 0.8
      })
    })
  )

  it.effect("of nothing is nothing", () =>
    Effect.gen(function* () {
      const summary = yield* Stream.run(Stream.empty, sendSummary)
      assert.deepStrictEqual([summary.total, summary.perSecond, summary.byReason], [0, 0, {}])
    })
  )
})

describe("fanOut", () => {
  it.effect("encodes once, and gives each device its own id", () =>
    Effect.gen(function* () {
      let encoded = 0
      const Counted = Schema.Struct({
        n: Schema.Number.pipe(
          Schema.decodeTo(
            Schema.Number,
            SchemaTransformation.transform({
              decode: (n) => n,
              encode: (n) => {
                encoded++
                return n
              }
            })
          )
        )
      })
      const template = Notification.alert({
        device: "",
        alert: "Sale",
        data: { n: 1 },
        schema: Counted,
        topic: "com.example.app"
      })
      const devices = Array.from({ length: 50 }, (_, n) => device(n))
      const bodies = new Set<string>()
      const paths = new Set<string>()
      const layer = over(({ body, path }) => {
        bodies.add(new TextDecoder().decode(body))
        paths.add(path)
        return Effect.succeed({})
      })
      const results = yield* Stream.runCollect(
        sendAll(Stream.fromIterable(Notification.fanOut(template, devices)))
      ).pipe(Effect.provide(layer))
      assert.strictEqual(encoded, 1)
      assert.deepStrictEqual([...bodies], ['{"aps":{"alert":"Sale"},"n":1}'])
      assert.strictEqual(paths.size, 50)
      const ids = new Set(results.map(({ notification }) => notification.id))
      assert.strictEqual(ids.size, 50)
      assert.isFalse(ids.has(template.id))
      const [again] = Notification.fanOut(template, [device(1)])
      assert.notStrictEqual(again?.content, results[0]?.notification.content)
    })
  )

  it("takes devices as they are asked for", () => {
    let given = 0
    const endless = (function* () {
      for (;;) yield device(given++)
    })()
    const template = Notification.voip({ device: "", data: { call: 1 }, expiration: "once" })
    for (const notification of Notification.fanOut(template, endless)) {
      assert.deepStrictEqual([notification.pushType, notification.expiration], ["voip", "once"])
      if (given === 3) break
    }
    assert.strictEqual(given, 3)
  })

  it.effect("refuses a payload that breaks a rule for each device, and encodes it once", () =>
    Effect.gen(function* () {
      const template = Notification.alert({ device: "", alert: "x".repeat(5000), topic: "com.example.app" })
      const notifications = Stream.fromIterable(Notification.fanOut(template, [device(1), device(2)]))
      const results = yield* Stream.runCollect(sendAll(notifications)).pipe(
        Effect.provide(over(() => Effect.succeed({})))
      )
      assert.deepStrictEqual(
        results.map((result) => (result.outcome === "accepted" ? "accepted" : result.error.reason._tag)),
        ["InvalidNotification", "InvalidNotification"]
      )
    })
  )
})
