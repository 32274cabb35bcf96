/**
 * Holds takers back while a fault lasts that every notification would meet: after a pause one of them tries, and the others
 * follow when it succeeds.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import type { ApnsError } from "effect-apns/ApnsError"
import * as Metrics from "../Metrics.ts"

/** Tells what was let through before a fault from what was let through to see whether it lasts. */
export type Pass = number

export interface Gate {
  /** Waits until a chunk may be taken. */
  readonly pass: Effect.Effect<Pass>
  /** A chunk met a fault. */
  readonly close: (fault: ApnsError) => Effect.Effect<void>
  /** A chunk that was let through was answered. */
  readonly reopen: (pass: Pass) => Effect.Effect<void>
  /** A chunk that was let through tells nothing: somebody may try again. */
  readonly leave: (pass: Pass) => Effect.Effect<void>
}

export const makeGate = Effect.fnUntraced(function* (queue: string, pause: Duration.Duration) {
  const clock = yield* Clock.Clock
  // A clock of the day that is set back would prolong the pause by as much.
  const steadyMillis = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const gauge = Metric.withAttributes(Metrics.paused, { queue })
  const opened = Latch.makeUnsafe(true)
  /** Absent, there is no fault. */
  let trialMillis: number | undefined
  let isTrying = false
  let current: Pass = 0

  const close = (fault: ApnsError) =>
    Effect.suspend(() => {
      const isNew = trialMillis === undefined
      trialMillis = steadyMillis() + Duration.toMillis(pause)
      isTrying = false
      if (!isNew) return Effect.void
      current++
      Latch.closeUnsafe(opened)
      const said = `sending pauses: ${fault.message} Nothing is lost; it is tried again every ${Duration.format(pause)}.`
      return Effect.andThen(
        Metric.update(gauge, 1),
        Effect.annotateLogs(Effect.logError(said), { queue, reason: fault.reason._tag })
      )
    })

  const reopen = (pass: Pass) =>
    Effect.suspend(() => {
      if (trialMillis === undefined || pass !== current) return Effect.void
      trialMillis = undefined
      isTrying = false
      Latch.openUnsafe(opened)
      return Effect.andThen(Metric.update(gauge, 0), Effect.annotateLogs(Effect.logInfo("sending goes on"), { queue }))
    })

  const pass: Effect.Effect<Pass> = Effect.suspend(() => {
    if (trialMillis === undefined) return Effect.succeed(current)
    if (isTrying) return Effect.andThen(Latch.await(opened), pass)
    const left = trialMillis - steadyMillis()
    if (left > 0) return Effect.andThen(Effect.sleep(left), pass)
    isTrying = true
    return Effect.succeed(current)
  })

  const leave = (pass: Pass) =>
    Effect.sync(() => {
      if (pass === current) isTrying = false
    })

  const gate: Gate = { pass, close, reopen, leave }
  return gate
})
