import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { faults } from "./truth/faults.ts"
import { kinds } from "./truth/places.ts"
import { table } from "./truth/report.ts"
import { broken, run } from "./truth/run.ts"

const options = {
  seed: 5,
  faults,
  notifications: 600,
  rounds: 1,
  pageSize: 60,
  inFlight: 60,
  leaseMillis: 6_000,
  idleMillis: 2_000,
  patienceMillis: 300_000
}

/** The long form is `pnpm delivery:truth`. */
describe("two worker processes lose nothing", { concurrent: true, timeout: 900_000 }, () => {
  for (const kind of kinds) {
    const title = kind.isPresent ? `on ${kind.name}` : `on ${kind.name} (skipped: it is not on this machine)`
    it.live.skipIf(!kind.isPresent)(`${title}, whatever is done to them and to it`, () =>
      Effect.gen(function* () {
        const report = yield* run(kind, options)
        assert.deepStrictEqual(broken(report), [], table([report]))
        for (const { fault, verdict } of report.rows) {
          const { enqueued, outcomes } = verdict
          // The store is away in one: what was enqueued then, one by one, may not be there.
          if (fault !== "store away") assert.strictEqual(enqueued, options.notifications, fault)
          assert.isAbove(outcomes.Accepted ?? 0, 0, fault)
          assert.isAbove(outcomes.Refused ?? 0, 0, fault)
        }
      })
    )
  }
})
