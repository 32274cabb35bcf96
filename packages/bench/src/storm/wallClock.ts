/** The clock of the day, which the storm sets; time itself goes on evenly. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface WallClock {
  readonly clock: Clock.Clock
  /** From now on it is ahead of the true one by so much, or behind where that is negative. */
  readonly set: (aheadMillis: number) => void
}

export const wallClock = (): WallClock => {
  const live = Context.get(Context.empty(), Clock.Clock)
  let ahead = 0
  const millis = () => live.currentTimeMillisUnsafe() + ahead
  const nanos = () => live.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
  return {
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: () => live.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: live.monotonicTimeNanos,
      sleep: (duration) => live.sleep(duration)
    },
    set: (aheadMillis) => {
      ahead = aheadMillis
    }
  }
}
