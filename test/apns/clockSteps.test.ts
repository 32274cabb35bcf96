/** A clock of the day that is set while notifications are under way: nothing that is measured may follow it. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Duration, Effect, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { type Apns, type Config, Notification, send } from "effect-apns"
import { device, simulated } from "../support/simulated.ts"
import { type SteppedClock, steppedClock } from "../support/steppedClock.ts"
import { endsAfter } from "../support/waiting.ts"

const hour = 3_600_000
const hello = (n = 0) => Notification.alert({ device: device(n), alert: `Hello ${n}` })
const forked = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Nothing is tried again, and a silent server is not asked for a sign of life. */
const patient: Partial<Config> = { retry: Schedule.recurs(0), silencePing: Duration.infinity }

/** Server and client on one clock that the play steps. */
const played = <A, E>(
  options: { readonly simulator?: SimulatorOptions; readonly apns?: Partial<Config> },
  play: (clock: SteppedClock) => Effect.Effect<A, E, Simulator | Apns>
) =>
  Effect.gen(function* () {
    const clock = yield* steppedClock
    return yield* play(clock).pipe(Effect.provide(Layer.provideMerge(simulated(options), clock.layer)))
  })

for (const [how, by] of [
  ["back", -3 * hour],
  ["forward", 5 * hour]
] as const) {
  describe(`a clock that is set ${how} by hours`, () => {
    it.effect("leaves deadlines where they are: each of two sends to a silent server ends at its own", () =>
      played({ apns: patient }, ({ step }) =>
        Effect.gen(function* () {
          const simulator = yield* Simulator
          yield* simulator.inject({ times: 2, effect: { _tag: "silence" } })
          const first = yield* forked(Effect.flip(send(hello(1))))
          yield* simulator.awaitReceived(1)
          yield* TestClock.adjust("5 seconds")
          const second = yield* forked(Effect.flip(send(hello(2))))
          yield* simulator.awaitReceived(2)
          step(by)
          const early = yield* endsAfter(first, 25_000)
          const late = yield* endsAfter(second, 5000)
          for (const { outcome, reason, timings } of [early, late]) {
            assert.deepStrictEqual([reason._tag, outcome, timings?.totalMillis], ["DeadlinePassed", "unknown", 30_000])
          }
        })
      )
    )
  })
}
