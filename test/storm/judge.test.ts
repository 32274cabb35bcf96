import { assert, describe, it } from "@effect/vitest"
import type { Received } from "@effect-apns/simulator"
import { broken, judge } from "../../packages/bench/src/storm/judge.ts"
import { deviceOf, idOf, indexOf, Ledger } from "../../packages/bench/src/storm/ledger.ts"
import { Outcomes, type Word } from "../../packages/bench/src/storm/outcomes.ts"

/** What the server did with a notification, request by request: processed and answered, or either, or neither. */
interface Case {
  readonly name: string
  readonly said: Word | undefined
  readonly doubtful?: boolean
  readonly requests: ReadonlyArray<readonly [status: number | undefined, processed: boolean]>
  readonly replay?: boolean
  readonly broken: ReadonlyArray<string>
}

const done = [200, true] as const
const refused = [503, false] as const
const unanswered = [undefined, true] as const
const dropped = [undefined, false] as const

const cases: ReadonlyArray<Case> = [
  { name: "accepted and processed", said: "accepted", requests: [done], broken: [] },
  { name: "accepted after a refusal", said: "accepted", requests: [refused, done], broken: [] },
  {
    name: "accepted and never seen",
    said: "accepted",
    requests: [],
    broken: ["1 called accepted and not processed"]
  },
  {
    name: "accepted and never answered",
    said: "accepted",
    requests: [unanswered],
    broken: ["1 called accepted and not processed"]
  },
  { name: "refused and refused", said: "refused", requests: [refused], broken: [] },
  { name: "refused and dropped", said: "refused", requests: [dropped], broken: ["1 called refused and not refused"] },
  {
    name: "refused, and processed before",
    said: "refused",
    requests: [unanswered, refused],
    broken: ["1 called refused and processed"]
  },
  {
    name: "refused, and processed by an attempt that was called unknown",
    said: "refused",
    doubtful: true,
    requests: [unanswered, refused],
    replay: true,
    broken: []
  },
  { name: "unsent and never seen", said: "unsent", requests: [], broken: [] },
  { name: "unsent and dropped", said: "unsent", requests: [dropped], broken: [] },
  {
    name: "unsent and processed",
    said: "unsent",
    requests: [unanswered],
    broken: ["1 called unsent and processed"]
  },
  { name: "unknown and processed", said: "unknown", requests: [unanswered], broken: [] },
  { name: "unknown and never seen", said: "unknown", requests: [], broken: [] },
  {
    name: "processed twice without leave",
    said: "unknown",
    requests: [unanswered, unanswered],
    broken: ["1 processed twice without leave"]
  },
  {
    name: "processed twice with leave, and no attempt unknown",
    said: "accepted",
    requests: [done, done],
    replay: true,
    broken: ["1 processed twice without leave"]
  },
  {
    name: "processed twice with leave, after an unknown attempt",
    said: "accepted",
    doubtful: true,
    requests: [unanswered, done],
    replay: true,
    broken: []
  },
  { name: "never settled", said: undefined, requests: [done], broken: ["1 have no result"] }
]

const request = (index: number, status: number | undefined): Received => ({
  id: 1,
  kind: "device",
  sequence: 0,
  connection: 1,
  stream: 1,
  method: "POST",
  path: `/3/device/${deviceOf(index)}`,
  headers: [],
  body: "",
  bodyBytes: 0,
  device: deviceOf(index),
  apnsId: idOf(index),
  time: 0,
  answer: status === undefined ? { _tag: "unanswered", why: "silence" } : { _tag: "answered", status }
})

describe("the judge", () => {
  it.each(cases)("$name", (each) => {
    const outcomes = new Outcomes(3)
    const ledger = new Ledger(3)
    for (const index of [0, 2]) {
      outcomes.say(index, "accepted")
      ledger.add(request(index, 200), true)
    }
    if (each.said !== undefined) outcomes.say(1, each.said)
    if (each.doubtful === true) outcomes.doubt(1)
    for (const [status, processed] of each.requests) ledger.add(request(1, status), processed)
    assert.deepStrictEqual(broken(judge(outcomes, ledger.counts, each.replay ?? false)), each.broken)
  })

  it("counts results beyond the first, and requests of strangers", () => {
    const outcomes = new Outcomes(1)
    const ledger = new Ledger(1)
    outcomes.say(0, "accepted")
    outcomes.say(0, "accepted")
    ledger.add(request(0, 200), true)
    ledger.add(request(1, 200), true)
    ledger.add({ ...request(0, 200), apnsId: idOf(5) }, true)
    ledger.add({ ...request(0, 200), device: undefined }, true)
    const verdict = judge(outcomes, ledger.counts, false)
    assert.deepInclude(verdict, { accepted: 1, repeated: 1, strangers: 3 })
    assert.lengthOf(broken(verdict), 2)
  })
})

describe("a notification's number", () => {
  it("is in its device token and its id", () => {
    for (const index of [0, 1, 999_999, 2 ** 40]) {
      assert.match(deviceOf(index), /^[0-9a-f]{64}$/)
      assert.match(idOf(index), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.deepStrictEqual([indexOf(deviceOf(index)), indexOf(idOf(index))], [index, index])
    }
  })
})
