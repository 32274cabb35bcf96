import { assert, describe, it } from "@effect/vitest"
import { judge, toldIn } from "./truth/judge.ts"
import { readOptions, usage } from "./truth/options.ts"
import { table } from "./truth/report.ts"
import { broken, type Report } from "./truth/run.ts"

const nothing = { lost: 0, untold: 0, mistold: 0, duplicates: 0, toldTwice: 0 }

/** What became of the notification in the middle of three; the others are accepted and told. */
interface Case {
  readonly name: string
  readonly processed?: number
  readonly accepted?: number
  readonly refused?: number
  readonly told: ReadonlyArray<string>
  readonly doubtful?: boolean
  readonly found: Partial<typeof nothing> & { readonly enqueued?: number }
}

const cases: ReadonlyArray<Case> = [
  { name: "accepted", processed: 1, accepted: 1, told: ["Accepted"], found: {} },
  { name: "refused", refused: 1, told: ["Refused"], found: {} },
  { name: "accepted after a refusal", processed: 1, accepted: 1, refused: 1, told: ["Accepted"], found: {} },
  { name: "nowhere", told: [], found: { lost: 1, untold: 1 } },
  { name: "refused for now, and forgotten", refused: 1, told: [], found: { lost: 1, untold: 1 } },
  { name: "nowhere, and maybe never stored", told: [], doubtful: true, found: { enqueued: 2 } },
  { name: "sent, and maybe never stored", processed: 1, accepted: 1, told: ["Accepted"], doubtful: true, found: {} },
  { name: "sent, and not told", processed: 1, accepted: 1, told: [], found: { untold: 1 } },
  { name: "never seen, and told unknown", told: ["Unknown"], found: {} },
  { name: "never seen, and told accepted", told: ["Accepted"], found: { mistold: 1 } },
  { name: "told refused, and accepted", processed: 1, accepted: 1, told: ["Refused"], found: { mistold: 1 } },
  {
    name: "sent three times",
    processed: 3,
    accepted: 3,
    told: ["Accepted", "Unknown"],
    found: { duplicates: 2, toldTwice: 1 }
  }
]

describe("the judge of deliveries", () => {
  it.each(cases)("$name", ({ accepted = 0, doubtful = false, found, processed = 0, refused = 0, told }) => {
    const counts = {
      processed: Uint8Array.of(9, 1, processed, 1),
      accepted: Uint8Array.of(9, 1, accepted, 1),
      refused: Uint8Array.of(9, 0, refused, 0),
      strangers: 0
    }
    const files = ["Accepted 1 3\nAccepted 2", told.map((tag) => `${tag} 2\n`).join("")]
    const verdict = judge({ from: 1, to: 4 }, new Set(doubtful ? [2] : []), counts, toldIn(files))
    const { outcomes, ...rest } = verdict
    assert.deepStrictEqual(rest, { enqueued: 3, ...nothing, ...found })
    assert.isAtLeast(outcomes.Accepted ?? 0, 2)
  })
})

describe("the table of deliveries", () => {
  const verdict = { ...nothing, enqueued: 150_000, outcomes: { Accepted: 148_000, Unknown: 500 } }
  const report: Report = {
    store: "PostgreSQL",
    failed: 0,
    strangers: 0,
    slowestEnd: 0.4,
    rows: [
      { fault: "worker first", seconds: 1234.56, excused: 0, verdict },
      { fault: "kill -9", seconds: 20, excused: 10_000, verdict: { ...verdict, duplicates: 10_000 } }
    ]
  }

  it("is no wider than 80 columns", () => {
    for (const line of [...table([report]).split("\n"), ...usage.split("\n")]) assert.isAtMost(line.length, 80)
    assert.match(table([report]), /kill -9 +150,000 +0 +10,000 +10,000 +500 +20\.0/)
  })

  it("comes with what was broken", () => {
    assert.deepStrictEqual(broken(report), [])
    const bad = { ...verdict, lost: 1, untold: 2, mistold: 3, duplicates: 4 }
    const [row] = report.rows
    assert.isDefined(row)
    assert.deepStrictEqual(broken({ ...report, failed: 5, strangers: 6, rows: [{ ...row, verdict: bad }] }), [
      "PostgreSQL: 5 elements failed",
      "PostgreSQL: 6 requests for notifications that nobody enqueued",
      "PostgreSQL, worker first: 1 lost",
      "PostgreSQL, worker first: 2 without an outcome",
      "PostgreSQL, worker first: 3 with a wrong outcome",
      "PostgreSQL, worker first: 4 sent again, more than 0"
    ])
  })
})

describe("the command line of deliveries", () => {
  it("kills ten workers of each store", () => {
    const { run, stores } = readOptions([])
    assert.deepStrictEqual(stores, ["SQLite", "PostgreSQL", "Redis"])
    assert.deepInclude(run, { seed: 1, notifications: 150_000, rounds: 10, leaseMillis: 4_000, idleMillis: 600_000 })
    assert.lengthOf(run.faults, 8)
  })

  it("takes stores, faults and numbers", () => {
    const { run, stores } = readOptions("--stores redis --faults frozen,idle --seed 9 --in-flight 70".split(" "))
    assert.deepStrictEqual(stores, ["Redis"])
    assert.deepStrictEqual(
      run.faults.map(({ name }) => name),
      ["frozen", "idle"]
    )
    assert.deepInclude(run, { seed: 9, inFlight: 70 })
  })

  it.each([
    ["--stores", "etcd"],
    ["--faults", "rain"],
    ["--rounds", "0"],
    ["--nothing", "1"]
  ])("refuses %s %s", (flag, value) => {
    assert.throws(() => readOptions([flag, value]))
  })
})
