/** What is stored: read by this release and the next, and the same to APNs as if it had never been stored. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Element } from "@effect-apns/delivery"
import { Effect, Exit, Result, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Notification, Reason } from "effect-apns"
import { device, hello, idOf } from "./scripted.ts"
import { elapse, stage } from "./stage.ts"

const nowMillis = Date.UTC(2026, 10, 24)
const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), "utf8"))

const codec = Schema.toCodecJson(Element.Element)
const encode = Schema.encodeSync(Element.Element)
const decode = Schema.decodeUnknownSync(codec)
const itemOf = (notification: Notification.Notification, deadlineMillis?: number) =>
  Result.getOrThrow(Element.item(notification, { dueMillis: nowMillis, deadlineMillis }))

const toItem = Element.itemsWith({ dueMillis: nowMillis })

/** Everything that a stored notification can say. */
const first: Element.Element = {
  enqueuedAtMillis: nowMillis,
  traces: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
  items: [
    itemOf(
      Notification.alert({
        device: device(1),
        id: idOf(1),
        alert: { title: "Grüße", body: "„Hallo“" },
        topic: "com.example.app",
        priority: 5,
        expiration: "1 hour",
        collapseId: "greeting",
        replayUnknown: true,
        registeredAt: new Date(nowMillis - 86_400_000)
      }),
      nowMillis + 60_000
    ),
    itemOf(Notification.voip({ device: device(2), id: idOf(2), data: { call: 7 } })),
    { ...itemOf(Notification.location({ device: device(3), id: idOf(3) })), attempt: 3 },
    ...[...Notification.fanOut(Notification.alert({ device: "", alert: "Sale" }), [device(4), device(5)])].map(
      (n, index) => Result.getOrThrow(toItem({ ...n, id: idOf(4 + index) }))
    )
  ]
}

describe("an element", () => {
  it("is written as the first release wrote it", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(encode(first))), golden("element-v1"))
  })

  it("is read as the first release wrote it", () => {
    const read = decode(golden("element-v1"))
    assert.deepStrictEqual(encode(read), golden("element-v1"))
    const said = ({ items }: Element.Element) =>
      items.map(({ notification: { content, ...notification }, ...item }) => ({
        ...item,
        ...notification,
        payload: content._tag === "Raw" ? content.body : content.value
      }))
    assert.deepStrictEqual(said(read), said(first))
    assert.deepStrictEqual([read.enqueuedAtMillis, read.traces], [first.enqueuedAtMillis, first.traces])
  })

  it("of a later release with keys that are not known yet is read without them", () => {
    const { items } = decode(golden("element-v1-with-more"))
    assert.deepStrictEqual(
      items.map(({ notification }) => notification.id),
      [idOf(1)]
    )
    assert.isTrue(Exit.isSuccess(Schema.encodeExit(codec)(decode(golden("element-v1-with-more")))))
  })

  it.effect("of an unknown version is not lost: it is kept among the failed, and the others are sent", () =>
    Effect.gen(function* () {
      const { outbox, sink, startWorker, store } = yield* stage()
      store.put("apns:high", "tomorrow", golden("element-v2"))
      yield* outbox.enqueueAll("today", [hello(1)])
      yield* startWorker()
      yield* elapse("2 seconds")
      assert.deepStrictEqual(store.states().failed, ["tomorrow"])
      assert.deepStrictEqual(store.stored("apns:high", "tomorrow"), golden("element-v2"))
      assert.deepStrictEqual(sink.told(), [`Accepted ${idOf(1)}`])
    })
  )

  it.effect("of an unknown version fails at once in Effect's own store in memory, too", () =>
    Effect.gen(function* () {
      const store = yield* PersistedQueue.PersistedQueueStore
      const queue = yield* PersistedQueue.make({ name: "apns:high", schema: Element.Element })
      yield* store.offer({ name: "apns:high", id: "tomorrow", element: golden("element-v2"), isCustomId: true })
      yield* queue.offer(first, { id: "today" })
      assert.strictEqual(yield* queue.take((_, { id }) => Effect.succeed(id)), "today")
    }).pipe(Effect.provide(PersistedQueue.layer), Effect.provide(PersistedQueue.layerStoreMemory))
  )

  it("says the payload once for neighbours that share it", () => {
    const items = [...Notification.fanOut(hello(0), [device(1), device(2), device(3)])]
    const chunk = items.map((n) => Result.getOrThrow(toItem(n)))
    const { messages } = encode({ items: chunk, enqueuedAtMillis: nowMillis, traces: [] })
    assert.lengthOf(messages, 1)
    assert.lengthOf(messages[0]?.to ?? [], 3)
    const read = decode(encode({ items: chunk, enqueuedAtMillis: nowMillis, traces: [] })).items
    assert.strictEqual(read[0]?.notification.content, read[2]?.notification.content)
  })

  it("keeps apart neighbours that differ in anything but the device", () => {
    const [one] = Notification.fanOut(hello(0), [device(1)])
    assert.isDefined(one)
    if (one === undefined) return
    const differing: ReadonlyArray<Notification.Notification> = [
      one,
      { ...one, topic: "com.example.other" },
      { ...one, priority: 5 },
      { ...one, collapseId: "a" },
      { ...one, expiration: new Date(nowMillis + 1000) },
      { ...one, replayUnknown: false },
      { ...one, pushType: "background" },
      { ...one, topicSuffix: ".voip" },
      { ...one, trust: "token" }
    ]
    const items = differing.flatMap((n) => [Result.getOrThrow(toItem(n)), Result.getOrThrow(toItem(one))])
    const { messages } = encode({ items, enqueuedAtMillis: nowMillis, traces: [] })
    // The first two are the same.
    assert.lengthOf(messages, items.length - 1)
  })
})

describe("an item", () => {
  const samples: ReadonlyArray<Notification.Notification> = [
    Notification.alert({
      device: device(1),
      alert: { title: "A", body: "B" },
      badge: 1,
      sound: "default",
      data: { a: 1 }
    }),
    Notification.background({ device: device(1), data: { sync: true } }),
    Notification.voip({ device: device(1), data: { call: 1 } }),
    Notification.complication({ device: device(1), data: {} }),
    Notification.location({ device: device(1) }),
    Notification.pushToTalk({ device: device(1), data: {} }),
    Notification.widgets({ device: device(1) }),
    Notification.mdm({ device: device(1), pushMagic: "magic" }),
    Notification.walletPass({ device: device(1), passTypeId: "pass.com.example.member" }),
    Notification.raw({ device: device(1), pushType: "novelty", topic: "com.example.novelty", payload: '{"aps":{}}' })
  ]

  for (const notification of samples) {
    it(`of the push type ${notification.pushType ?? "none"} is to APNs what was enqueued`, () => {
      const now = { nowMillis }
      const item = itemOf(notification)
      const [read] = decode(encode({ items: [item], enqueuedAtMillis: nowMillis, traces: [] })).items
      assert.isDefined(read)
      if (read === undefined) return
      const said = ({ body, expiresAtMillis }: Notification.Checked) => [Buffer.from(body).toString(), expiresAtMillis]
      assert.deepStrictEqual(
        said(Result.getOrThrow(Notification.check(read.notification, now))),
        said(Result.getOrThrow(Notification.check(notification, now)))
      )
      const { device: to, id, priority, pushType, topic, topicSuffix = "", trust } = notification
      const { notification: n } = read
      assert.deepStrictEqual(
        [n.device, n.id, n.priority, n.pushType, n.topic, n.topicSuffix ?? "", n.trust],
        [to, id, priority, pushType, topic, topicSuffix, trust]
      )
    })
  }

  it("has an instant for an expiration that was a duration", () => {
    const { notification } = itemOf(hello(1, { expiration: "90 seconds" }))
    assert.deepStrictEqual(notification.expiration, new Date(nowMillis + 90_000))
  })

  it("has a text that was cut where it was to be cut", () => {
    const long = Notification.alert({ device: device(1), alert: { title: "A", body: "long ".repeat(2000) } })
    assert.isTrue(Result.isFailure(Element.item(long, { dueMillis: nowMillis })))
    const { content } = itemOf(Notification.truncate(long, { fields: ["body"] })).notification
    assert.isTrue(content._tag === "Raw" && typeof content.body === "string" && content.body.length <= 4096)
  })

  it("cannot be made of bytes that are no text", () => {
    const binary = Notification.raw({ device: device(1), pushType: "alert", payload: Uint8Array.of(0x7b, 0xff, 0x7d) })
    const made = Element.item(binary, { dueMillis: nowMillis })
    assert.isTrue(Result.isFailure(made) && made.failure.reason instanceof Reason.InvalidNotification)
  })

  it("cannot be made of what send would refuse", () => {
    const made = Element.item(hello(1, { collapseId: "x".repeat(65) }), { dueMillis: nowMillis })
    assert.isTrue(Result.isFailure(made) && made.failure.reason instanceof Reason.InvalidNotification)
    assert.isTrue(Result.isFailure(made) && made.failure.notificationId === idOf(1))
  })
})
