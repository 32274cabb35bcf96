import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { times } from "../../packages/bench/src/storm/client.ts"
import { kinds } from "../../packages/bench/src/storm/kinds.ts"
import { faultTable, outcomeTable, remarks } from "../../packages/bench/src/storm/report.ts"
import { storm } from "../../packages/bench/src/storm/storm.ts"

const options = {
  seed: 19,
  notifications: 1_000,
  faults: 50,
  without: [],
  concurrency: 32,
  deadlineMillis: 300_000,
  times: {
    ...times,
    timeout: "3 seconds",
    connectTimeout: "1 second",
    silencePing: "150 millis",
    pingTimeout: "250 millis"
  }
} as const

describe("a storm of faults", { timeout: 400_000 }, () => {
  it.live("settles every notification once and truly, and with leave to replay sends some twice", () =>
    Effect.gen(function* () {
      const [strict, replaying] = yield* Effect.all(
        [storm({ ...options, replayUnknown: false }), storm({ ...options, replayUnknown: true })],
        { concurrency: 2 }
      )
      for (const report of [strict, replaying]) {
        assert.deepStrictEqual(report.broken, [], remarks(report))
        assert.deepInclude(report.homecoming, { lost: 0, unaccepted: 0 })
        assert.strictEqual(report.injectedTotal, options.faults)
        assert.sameMembers(Object.keys(report.injected), [...kinds.keys()])
      }
      assert.strictEqual(strict.verdict.duplicates, 0)
      assert.isAbove(strict.verdict.unknown, 0)
      assert.isBelow(replaying.verdict.unknown, strict.verdict.unknown)
      assert.isAbove(replaying.verdict.duplicates, 0)
      for (const table of [faultTable([strict, replaying]), outcomeTable([strict, replaying])]) {
        for (const line of table.split("\n")) assert.isAtMost(line.length, 80)
      }
    })
  )

  it.live("ends at its deadline, and tells what has no result", () =>
    Effect.gen(function* () {
      const report = yield* storm({ ...options, replayUnknown: false, notifications: 50, faults: 1, deadlineMillis: 1 })
      assert.deepInclude(report.verdict, { accepted: 0, silent: 50 })
      assert.lengthOf(report.outstanding, 20)
      assert.include(report.broken, "50 have no result")
      assert.include(remarks(report), "Without a result: 0, 1, 2")
      assert.include(
        remarks(report),
        "pnpm storm --seed 19 --notifications 50 --faults 1 --concurrency 32 --replay off"
      )
    })
  )
})
