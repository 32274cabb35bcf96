import { assert, describe, it } from "@effect/vitest"
import { DateTime, Result, Schema } from "effect"
import { type Broadcast, LiveActivity, Notification } from "effect-apns"

const channel = "dHN0LXNyY2gtY2hubA=="
const timestamp = new Date("2026-01-01T12:00:00.999Z")
const to = { channel, priority: 10, expiration: "once", timestamp } as const

const { end, update } = Notification.broadcast

const Match = LiveActivity.make({
  attributesType: "MatchAttributes",
  attributes: Schema.Struct({ home: Schema.String }),
  contentState: Schema.Struct({ score: Schema.Tuple([Schema.Int, Schema.Int]), kickOff: LiveActivity.SwiftDate })
})
const kickOff = DateTime.makeUnsafe("2026-01-01T11:00:00Z")

const encode = ({ content }: Broadcast) =>
  content._tag === "Typed"
    ? Schema.encodeUnknownResult(content.schema)(content.value)
    : assert.fail("a broadcast's content has a Schema")

const text = (broadcast: Broadcast) => {
  const result = encode(broadcast)
  return Result.isSuccess(result) ? JSON.stringify(result.success) : assert.fail(result.failure.message)
}

describe("the body of a broadcast", () => {
  const cases: ReadonlyArray<readonly [string, Broadcast, string]> = [
    [
      "an update",
      update({ ...to, contentState: { score: [1, 0] } }),
      '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"score":[1,0]}}}'
    ],
    [
      "an update by a Schema",
      update({ ...to, activity: Match, contentState: { score: [1, 0], kickOff } }),
      '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"score":[1,0],"kickOff":788958000}}}'
    ],
    [
      "all that an update may have",
      update({
        ...to,
        contentState: {},
        alert: { title: "Goal", body: { locKey: "GOAL", locArgs: [] }, sound: "goal.caf" },
        staleDate: kickOff,
        relevanceScore: 100,
        extra: { x: 1 },
        data: { y: 2 }
      }),
      '{"aps":{"event":"update","timestamp":1767268800,"stale-date":1767265200,"content-state":{},' +
        '"alert":{"title":"Goal","body":{"loc-key":"GOAL","loc-args":[]},"sound":"goal.caf"},"relevance-score":100,"x":1},"y":2}'
    ],
    ["an end", end(to), '{"aps":{"event":"end","timestamp":1767268800}}'],
    [
      "an end by a Schema",
      end({ ...to, activity: Match, contentState: { score: [2, 1], kickOff }, dismissalDate: "now" }),
      '{"aps":{"event":"end","timestamp":1767268800,"content-state":{"score":[2,1],"kickOff":788958000},"dismissal-date":1}}'
    ]
  ]
  for (const [what, broadcast, body] of cases) {
    it(`of ${what}`, () => {
      assert.strictEqual(text(broadcast), body)
    })
  }

  it("is that of a push to a device", () => {
    const options = { timestamp, activity: Match, contentState: { score: [0, 0], kickOff } } as const
    const push = Notification.liveActivity.update({ device: "7a1f", ...options })
    assert.deepStrictEqual(update({ ...to, ...options }).content, push.content)
  })

  it("is refused when it does not fit, as that of a push is", () => {
    const bad = { score: [1, 0.5], kickOff } as const
    const result = encode(update({ ...to, activity: Match, contentState: bad }))
    assert.include(Result.isFailure(result) ? result.failure.message : "accepted", '["score"][1]')
  })
})

describe("what a broadcast says beside its body", () => {
  it("is all that it was given", () => {
    const given = { channel, id: "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11", bundleId: "com.example.app" }
    const { content: _, ...rest } = update({ ...given, priority: 1, expiration: "1 hour", contentState: {} })
    assert.deepStrictEqual(rest, { _tag: "Broadcast", ...given, priority: 1, expiration: "1 hour" })
  })

  it("is an id of its own, when none is given, and no bundle ID", () => {
    const { content: _, id, ...rest } = end(to)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.notStrictEqual(end(to).id, id)
    assert.deepStrictEqual(rest, { _tag: "Broadcast", channel, bundleId: undefined, priority: 10, expiration: "once" })
  })

  it("has no device, whoever gives one", () => {
    const given: object = { ...to, device: "7a1f", collapseId: "c" }
    assert.notProperty(end(given as typeof to), "device")
  })
})
