/** The pause of a queue after a fault that every notification would meet. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { makeGate } from "../../packages/delivery/src/internal/gate.ts"
import { steppedClock } from "../support/steppedClock.ts"
import { endsAfter } from "../support/waiting.ts"
import { refused } from "./scripted.ts"

describe("a gate", () => {
  for (const [how, hours] of [
    ["back", -3],
    ["forward", 5]
  ] as const) {
    it.effect(`lets one try when the pause is over, and not before, when the clock is set ${how} meanwhile`, () =>
      Effect.gen(function* () {
        const { layer, step } = yield* steppedClock
        yield* Effect.gen(function* () {
          const gate = yield* makeGate("queue", Duration.minutes(1))
          yield* gate.close(refused("InvalidProviderToken"))
          step(hours * 3_600_000)
          const trial = yield* Effect.forkChild(gate.pass, { startImmediately: true })
          assert.strictEqual(yield* endsAfter(trial, 60_000), 1)
        }).pipe(Effect.provide(layer))
      })
    )
  }
})
