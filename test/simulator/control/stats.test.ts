import { assert, describe, it } from "@effect/vitest"
import type { Received } from "@effect-apns/simulator"
import { Counter } from "../../../packages/simulator/src/internal/control/stats.ts"
import { outcomeOf } from "../../../packages/simulator/src/internal/control/summary.ts"
import { device, topic } from "../support.ts"

const scenario = { id: "busy", name: "Busy" }
const explanation = {
  rule: "Unregistered",
  says: "The device token is no longer active.",
  fix: "Send no more to it.",
  source: "Handling notification responses from APNs",
  certainty: "documented" as const
}

const received = (id: number, more: Partial<Received>): Received => ({
  id,
  kind: "device",
  sequence: id - 1,
  connection: 1,
  stream: 1,
  method: "POST",
  path: `/3/device/${device}`,
  headers: [],
  body: "{}",
  bodyBytes: 2,
  device,
  topic,
  time: 0,
  answer: { _tag: "unanswered", why: "pending" },
  ...more
})

const answered = (status: number, reason?: string) => ({ answer: { _tag: "answered" as const, status, reason } })
const unanswered = (why: "pending" | "silence" | "reset" | "goAway" | "disconnect" | "closed") => ({
  answer: { _tag: "unanswered" as const, why }
})

describe("an outcome", () => {
  const table = [
    ["accepted", { ...answered(200) }],
    ["accepted", { ...answered(204) }],
    ["accepted", { ...answered(200), scenario }],
    ["refused", { ...answered(410, "Unregistered"), explanation }],
    ["refused", { ...answered(410, "Unregistered"), explanation, scenario }],
    ["faulted", { ...answered(503, "ServiceUnavailable"), scenario }],
    ["faulted", { ...answered(429, "TooManyRequests"), explanation, scenario }],
    ["faulted", { ...answered(502), scenario }],
    ["faulted", { ...unanswered("silence"), scenario }],
    ["faulted", { ...unanswered("disconnect"), scenario }],
    ["lost", unanswered("closed")],
    ["lost", unanswered("goAway")],
    ["pending", unanswered("pending")],
    ["pending", { ...unanswered("pending"), scenario }]
  ] as const
  for (const [expected, more] of table) {
    it(`is ${expected} for ${JSON.stringify({ ...more, explanation: undefined })}`, () => {
      assert.strictEqual(outcomeOf(received(1, more)), expected)
    })
  }
})

describe("the counts", () => {
  it("count a request when it comes and once more when it is settled, however often it changes", () => {
    const counter = new Counter()
    counter.received(received(1, answered(200)), 10_500)
    counter.received(received(2, {}), 10_900)
    counter.updated(received(2, answered(410, "Unregistered")), 12_100)
    counter.updated(received(2, answered(410, "Unregistered")), 13_000)
    counter.updated(received(1, answered(200)), 13_000)
    assert.deepStrictEqual(counter.stats, {
      received: 2,
      outcomes: { accepted: 1, refused: 1, faulted: 0, lost: 0 },
      reasons: { Unregistered: 1 },
      seconds: [
        { time: 10_000, received: 2, accepted: 1, refused: 0, faulted: 0, lost: 0 },
        { time: 12_000, received: 0, accepted: 0, refused: 1, faulted: 0, lost: 0 }
      ]
    })
    assert.deepStrictEqual(
      counter.ended(9_000, 12_500).map(({ time }) => time),
      [10_000]
    )
    counter.clear()
    assert.deepInclude(counter.stats, { received: 0, seconds: [] })
  })

  it("keep ten minutes and 200 reasons, whatever comes", () => {
    const counter = new Counter()
    for (let n = 0; n < 2_000; n++) counter.received(received(n, answered(400, `Reason${n}`)), n * 1_000)
    assert.strictEqual(counter.stats.seconds.length, 600)
    assert.strictEqual(Object.keys(counter.stats.reasons).length, 200)
    assert.strictEqual(counter.stats.outcomes.refused, 2_000)
  })

  it("stay in order when the clock is set back", () => {
    const counter = new Counter()
    counter.received(received(1, answered(200)), 20_000)
    counter.received(received(2, answered(200)), 5_000)
    assert.deepInclude(counter.stats.seconds[0], { time: 20_000, received: 2 })
  })
})
