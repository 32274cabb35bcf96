import { assert, describe, it } from "@effect/vitest"
import { readOptions, usage } from "../../packages/bench/src/storm/options.ts"
import type { PeerReport } from "../../packages/bench/src/storm/peerStorm.ts"
import { peerTable } from "../../packages/bench/src/storm/report.ts"

describe("the storm's command line", () => {
  it("sends a million notifications through ten thousand faults, with replay off and on", () => {
    const { clients, json, replays, storm } = readOptions([])
    assert.deepStrictEqual([clients, json, replays], [["ours"], false, [false, true]])
    assert.deepInclude(storm, { seed: 1, notifications: 1_000_000, faults: 10_000, without: [], concurrency: 64 })
  })

  it("takes numbers, clients and kinds of faults", () => {
    const { clients, replays, storm } = readOptions(
      "--seed 9 --notifications 500 --replay on --clients ours,apns2 --without outage,half-close --deadline 3".split(
        " "
      )
    )
    assert.deepStrictEqual([clients, replays], [["ours", "apns2"], [true]])
    assert.deepInclude(storm, { seed: 9, notifications: 500, faults: 5, deadlineMillis: 3_000 })
    assert.deepStrictEqual(storm.without, ["outage", "half-close"])
  })

  it.each([
    ["--seed", "0"],
    ["--seed", "x"],
    ["--clients", "curl"],
    ["--replay", "maybe"],
    ["--without", "sunshine"],
    ["--nothing", "1"]
  ])("refuses %s %s", (flag, value) => {
    assert.throws(() => readOptions([flag, value]))
  })

  it("is explained within 80 columns", () => {
    for (const line of usage.split("\n")) assert.isAtMost(line.length, 80)
  })
})

describe("the table of the peers", () => {
  it("has a column for each, within 80 columns", () => {
    const report: PeerReport = {
      peer: "node-apn",
      version: "8.1.0",
      settings: "defaults",
      handed: 900,
      uncaught: 0,
      seconds: 12,
      reasons: {},
      verdict: {
        ...{ accepted: 700, refused: 50, unsent: 0, unknown: 0, failed: 100, silent: 150, repeated: 0, lost: 3 },
        ...{ notRefused: 0, refusedProcessed: 0, unsentProcessed: 0, unknownProcessed: 0, failedProcessed: 40 },
        ...{ duplicates: 2, wrongDuplicates: 2, strangers: 0 }
      },
      injectedTotal: 9,
      received: 800,
      connections: 5,
      excessStreams: 1
    }
    const table = peerTable(undefined, [report, { ...report, peer: "apns2", version: "12.2.0" }])
    const numbers = (name: string) =>
      table
        .split("\n")
        .find((line) => line.trim().startsWith(name))
        ?.match(/\d+/g)
    assert.deepStrictEqual(numbers("and not processed by the server: lost"), ["3", "3"])
    assert.deepStrictEqual(numbers("and processed by the server"), ["40", "40"])
    assert.deepStrictEqual(numbers("never settled"), ["50", "50"])
    for (const line of table.split("\n")) assert.isAtMost(line.length, 80)
  })
})
