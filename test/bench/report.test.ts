import { assert, describe, it } from "@effect/vitest"
import { isUnavailable, type Measured, readOutcome } from "../../packages/bench/src/contract.ts"
import { readH2load } from "../../packages/bench/src/h2loadOutput.ts"
import type { Measurement, Results } from "../../packages/bench/src/measurement.ts"
import { readOptions } from "../../packages/bench/src/options.ts"
import { page } from "../../packages/bench/src/page.ts"
import { remarks, terminalReport } from "../../packages/bench/src/report.ts"
import { percentile, ratio, spread } from "../../packages/bench/src/statistics.ts"
import { groups, growth, rows } from "../../packages/bench/src/summary.ts"
import { niceCeiling, plot } from "../../packages/bench/src/svg.ts"
import { markdownTable, textTable } from "../../packages/bench/src/table.ts"
import { verdicts } from "../../packages/bench/src/targets.ts"

const measured = (perSecond: number, more: Partial<Measured> = {}): Measured => ({
  sent: 100_000,
  accepted: 100_000,
  failed: 0,
  seconds: 100_000 / perSecond,
  cpuMicros: 6_543_210,
  peakRssBytes: 300 * 2 ** 20,
  ...more
})

const measurement = (client: string, round: number, more: Partial<Measurement>): Measurement => ({
  run: "throughput",
  server: "nginx",
  client,
  label: client,
  kind: "peer",
  round,
  concurrency: 1_000,
  rate: 0,
  connections: 1,
  outcome: measured(10_000),
  ...more
})

// The machine is half as fast in the second round.
const throughput = [
  measurement("h2load", 0, { label: "h2load (C)", kind: "limit", outcome: measured(140_000) }),
  measurement("engine", 0, { label: "@effect-apns/http2", kind: "ours", outcome: measured(168_000) }),
  measurement("node-apn", 0, { outcome: measured(14_000, { failed: 43_210, problems: ["apn write timeout"] }) }),
  measurement("hapns", 0, { label: 'hapns <no> & "co"', outcome: { unavailable: "it cannot" } }),
  measurement("h2load", 1, { label: "h2load (C)", kind: "limit", outcome: measured(70_000) }),
  measurement("engine", 1, { label: "@effect-apns/http2", kind: "ours", outcome: measured(84_000) }),
  measurement("node-apn", 1, { outcome: measured(7_000) })
]

const others = [
  measurement("engine", 0, { run: "round-trip", server: "nginx, 50 ms away", concurrency: 1_000 }),
  measurement("engine", 0, { run: "round-trip", server: "nginx, 50 ms away", concurrency: 4_000, connections: 3 }),
  measurement("engine", 0, {
    run: "latency",
    rate: 10_000,
    outcome: measured(10_000, { latencyMicros: { p50: 210, p90: 340, p99: 1_234, max: 123_456 } })
  }),
  measurement("fan-out", 0, {
    run: "memory",
    outcome: measured(10_000, {
      rss: [
        { sent: 50_000, bytes: 90 * 2 ** 20 },
        { sent: 100_000, bytes: 120 * 2 ** 20, youngBytes: 32 * 2 ** 20 },
        { sent: 900_000, bytes: 125 * 2 ** 20, youngBytes: 36 * 2 ** 20 },
        { sent: 1_000_000, bytes: 124 * 2 ** 20, youngBytes: 36 * 2 ** 20 }
      ]
    })
  }),
  measurement("engine", 0, { server: "simulator" })
]

const all = [...throughput, ...others]

describe("statistics", () => {
  it("takes medians of odd and even numbers of rounds", () => {
    assert.deepStrictEqual(spread([3, 1, 2]), { median: 2, min: 1, max: 3 })
    assert.deepStrictEqual(spread([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 })
    assert.isUndefined(spread([]))
  })

  it("takes ratios round by round", () => {
    assert.deepStrictEqual(ratio([100, 10], [50, 5]), { median: 2, min: 2, max: 2 })
    assert.deepStrictEqual(ratio([100, undefined, 30], [50, 5, undefined]), { median: 2, min: 2, max: 2 })
    assert.isUndefined(ratio([100], []))
  })

  it("takes percentiles by nearest rank", () => {
    const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1)
    assert.deepStrictEqual(
      [0, 0.5, 0.99, 1].map((p) => percentile(sorted, p)),
      [1, 50, 99, 100]
    )
    assert.isNaN(percentile([], 0.5))
  })
})

describe("what a client printed", () => {
  it("is its last line of JSON", () => {
    const outcome = readOutcome('hello\n{"sent":2,"accepted":1,"failed":1,"seconds":0.5}\n')
    assert.isFalse(isUnavailable(outcome))
    assert.include(outcome, { sent: 2, accepted: 1, failed: 1, seconds: 0.5, cpuMicros: null, peakRssBytes: null })
  })

  it("may be why it cannot run, or nothing, or nonsense", () => {
    assert.deepStrictEqual(readOutcome('{"unavailable":"no"}'), { unavailable: "no" })
    for (const output of ["", "hello", "{nonsense}", '{"sent":1}']) {
      assert.isTrue(isUnavailable(readOutcome(output)), output)
    }
  })

  it("may be h2load's own text, whose time to connect is left out", () => {
    const outcome = readH2load(`
finished in 2.50s, 40000.00 req/s, 1.91MB/s
requests: 100000 total, 100000 started, 100000 done, 99990 succeeded, 10 failed, 4 errored, 0 timeout
status codes: 99990 2xx, 0 3xx, 6 4xx, 0 5xx
                     min         max         mean         sd        +/- sd
time for request:      211us     30.21ms     12.50ms      1.20ms    80.00%
time for connect:   500.00ms    500.00ms    500.00ms         0us   100.00%
`)
    assert.deepInclude(outcome, { sent: 100_000, accepted: 99_990, failed: 10, seconds: 2 })
    assert.isTrue(isUnavailable(readH2load("")))
  })
})

describe("the summary", () => {
  it("holds one row per client, in order, with ratios to the references", () => {
    const [h2load, engine, nodeApn, hapns] = rows(throughput)
    assert.strictEqual(h2load?.toH2load?.median, 1)
    assert.closeTo(engine?.toH2load?.median ?? 0, 1.2, 1e-9)
    assert.closeTo(nodeApn?.toH2load?.max ?? 0, 0.1, 1e-9)
    assert.strictEqual(nodeApn?.failed, 43_210)
    assert.strictEqual(hapns?.unavailable, "it cannot")
    assert.isUndefined(hapns?.perSecond)
  })

  it("keeps runs, servers, rates and windows apart", () => {
    const names = groups(all).map(({ run, server, rate, concurrency }) => `${run}/${server}/${rate}/${concurrency}`)
    assert.strictEqual(new Set(names).size, 6)
  })

  it("counts growth from the first tenth on", () => {
    const row = rows(others.filter(({ run }) => run === "memory"))[0]
    assert.deepStrictEqual(growth(row?.rss), { from: 120 * 2 ** 20, to: 125 * 2 ** 20, young: 4 * 2 ** 20 })
    assert.isUndefined(growth(null))
  })

  it("judges the promised ratios that were measured", () => {
    const verdict = verdicts(throughput).find(({ client, reference }) => client === "engine" && reference === "h2load")
    assert.isTrue(verdict?.met)
    assert.isUndefined(verdicts(throughput).find(({ client }) => client === "run-promise")?.measured)
  })
})

describe("the report", () => {
  it("fits a terminal of 80 columns", () => {
    const lines = terminalReport(all).split("\n")
    assert.deepStrictEqual(
      lines.filter((line) => line.length > 80),
      []
    )
    assert.isTrue(lines.some((line) => line.startsWith("@effect-apns/http2") && line.includes("1.20")))
  })

  it("says why a client did not run or failed", () => {
    assert.deepStrictEqual(remarks(rows(throughput)), [
      "node-apn, failed: apn write timeout",
      'hapns <no> & "co": it cannot'
    ])
  })

  it("aligns columns", () => {
    const columns = [
      { name: "a", align: "left" as const, cell: (row: string) => row },
      { name: "b", align: "right" as const, cell: (row: string) => `${row}|` }
    ]
    assert.strictEqual(textTable(columns, ["x", "yy"]), "a     b\nx    x|\nyy  yy|")
    assert.strictEqual(markdownTable(columns, ["x"]), "| a | b |\n| --- | ---: |\n| x | x\\| |")
  })

  it("is a page with every section, the ratios first, and no path of the machine", () => {
    const results: Results = {
      startedAt: "2026-01-02T03:04:05.000Z",
      seconds: 61,
      quick: false,
      machine: {
        cpu: "A CPU",
        cores: 2,
        memoryGiB: 8,
        system: "Linux 6.1",
        node: "24.0.0",
        openssl: "3.5",
        pinned: true,
        busy: 0.01,
        software: { nginx: "1.22.1" }
      },
      measurements: all
    }
    const text = page(results, "benchmarks.svg")
    const titles = text.split("\n").filter((line) => line.startsWith("## "))
    assert.deepStrictEqual(titles.slice(0, 2), ["## Ratios", "## Throughput, nginx"])
    assert.includeMembers(titles, ["## Memory, nginx", "## Throughput, simulator", "## The machine", "## Reproduce"])
    assert.notMatch(text, /\/(home|work|root|tmp|usr)\//)
    assert.include(text, "2 cores of A CPU")
  })
})

describe("the plot", () => {
  it("is well-formed, with a bar for each client that ran", () => {
    const svg = plot(rows(throughput), "A <title>")
    const names = Array.from(svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g), ([, close, name, empty]) =>
      empty === "/" ? "" : `${close}${name}`
    ).filter((name) => name !== "")
    const open: Array<string> = []
    for (const name of names) {
      if (!name.startsWith("/")) open.push(name)
      else assert.strictEqual(open.pop(), name.slice(1))
    }
    assert.deepStrictEqual(open, [])
    assert.strictEqual(svg.match(/<rect /g)?.length, 3)
    assert.include(svg, "A &lt;title&gt;")
    assert.notInclude(svg, "NaN")
  })

  it("ends its axis at a round number", () => {
    assert.deepStrictEqual([168_000, 99, 100, 0].map(niceCeiling), [200_000, 100, 100, 1])
  })
})

describe("the command line", () => {
  it("has full and quick defaults, and takes lists", () => {
    assert.include(readOptions([]), { rounds: 5, count: 100_000, quick: false })
    assert.include(readOptions(["--quick", "--count", "77"]), { rounds: 1, count: 77, quick: true })
    assert.deepStrictEqual(readOptions(["--", "--clients", "a, b", "--rates", "5"]).clients, ["a", "b"])
    assert.deepStrictEqual(readOptions(["--rates", "5,6"]).rates, [5, 6])
  })

  it("refuses what it does not know", () => {
    for (const args of [
      ["--rounds", "0"],
      ["--count", "many"],
      ["--runs", "sprint"],
      ["--servers", "apache"],
      ["--x"]
    ]) {
      assert.throws(() => readOptions(args))
    }
  })
})
