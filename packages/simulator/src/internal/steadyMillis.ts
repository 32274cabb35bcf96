/** The clock that waits are measured on: one of the day that is set back would prolong them by as much. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** In milliseconds, to be compared with one another only. */
export const steadyMillis: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
