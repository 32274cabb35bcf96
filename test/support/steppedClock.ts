/** A clock of the day that is set back or forward while time goes on evenly. */
import { Clock, Effect, Layer } from "effect"

export interface SteppedClock {
  /** Sets the time of the day so much further, or back where it is negative. Timers do not notice. */
  readonly step: (millis: number) => void
  readonly layer: Layer.Layer<never>
}

/** Over the clock of the test, which goes on moving it. */
export const steppedClock: Effect.Effect<SteppedClock> = Effect.map(Clock.Clock, (clock) => {
  let ahead = 0
  const millis = () => clock.currentTimeMillisUnsafe() + ahead
  const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
  const stepped: Clock.Clock = {
    ...clock,
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos)
  }
  return {
    step: (millis) => {
      ahead += millis
    },
    layer: Layer.succeed(Clock.Clock)(stepped)
  }
})
