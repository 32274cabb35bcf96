/** Waiting for several requests, for so long in all. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { waitFor } from "../../../packages/simulator/src/internal/control/waiting.ts"
import { steppedClock } from "../../support/steppedClock.ts"
import { endsAfter, moment } from "../../support/waiting.ts"
import { connectWithToken } from "../support.ts"

describe("a wait for two requests of which one comes", () => {
  for (const [how, hours] of [
    ["back", -3],
    ["forward", 5]
  ] as const) {
    it.effect(`is over in time, and not before, when the clock is set ${how} meanwhile`, () =>
      Effect.gen(function* () {
        const { layer, step } = yield* steppedClock
        yield* Effect.gen(function* () {
          const simulator = yield* Simulator
          const client = yield* connectWithToken(simulator)
          const waiting = yield* Effect.forkChild(waitFor(simulator.inbox, {}, 2, 5000), { startImmediately: true })
          yield* TestClock.adjust(1000)
          step(hours * 3_600_000)
          yield* client.push()
          yield* moment
          assert.lengthOf((yield* endsAfter(waiting, 4000)).items, 1)
        }).pipe(Effect.scoped, Effect.provide(Simulator.layer()), Effect.provide(layer))
      })
    )
  }
})
