/**
 * The clock that deadlines, pauses and all other spans of time are measured on. It goes on evenly while the clock of the
 * day is set back or forward. Where it begins means nothing: its readings are compared with one another, and never with a
 * time since the epoch.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Reads the steady clock, in milliseconds. */
export type SteadyNow = () => number

const live = Context.get(Context.empty(), Clock.Clock)

/** Whole milliseconds, as timers have them. Every send asks several times: the nanoseconds of `Clock` are slower to read. */
const sinceStart: SteadyNow = () => Math.floor(performance.now())

/** The steady side of a `Clock`, so that a test's clock moves it, too. */
export const steadyOf = (clock: Clock.Clock): SteadyNow =>
  clock === live ? sinceStart : () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** A `Clock` that goes by the steady clock throughout, for what measures spans of time by the time of the day. */
export const evenly = (clock: Clock.Clock): Clock.Clock => {
  const millis = steadyOf(clock)
  const nanos = () => clock.monotonicTimeNanosUnsafe()
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: clock.monotonicTimeNanos,
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

export const steadyNow: Effect.Effect<SteadyNow> = Effect.map(Clock.Clock, steadyOf)
