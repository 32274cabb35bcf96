/** A setting that is a time, checked: what does not end, never began, or is no number hangs or ends at once. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ApnsError } from "../ApnsError.ts"
import { InvalidConfiguration } from "../Reason.ts"

/** The longest that a timer of Node's can wait; it fires at once where it should wait longer. */
const longestMillis = 2 ** 31 - 1

export interface Range {
  /** Whether 0 is a time, too. */
  readonly zero?: boolean
  /** Whether it may be `Duration.infinity`, or longer than a timer can wait. */
  readonly infinity?: boolean
}

/** Why a time is none for the setting, if so. */
export const timeProblem = (
  setting: string,
  millis: number,
  { infinity = false, zero = false }: Range = {}
): InvalidConfiguration | undefined => {
  if ((zero ? millis >= 0 : millis > 0) && (infinity || millis <= longestMillis)) return undefined
  const least = zero ? "of 0 or more" : "above 0"
  return new InvalidConfiguration({
    setting,
    problem: `${Number.isNaN(millis) ? "NaN" : Duration.format(Duration.millis(millis))} is out of its range`,
    cure: infinity ? `Give a time ${least}, or Duration.infinity.` : `Give a time ${least}, of 24 days at most.`
  })
}

/** The milliseconds of an input, NaN where it is none. */
export const millisOf = (input: Duration.Input): number => {
  const duration = Duration.fromInput(input)
  return duration._tag === "Some" ? Duration.toMillis(duration.value) : Number.NaN
}

/** How long a send may take in all; who wants to wait for ever may. */
export const timeoutMillisOf = (timeout: Duration.Input = "30 seconds"): Effect.Effect<number, ApnsError> => {
  const millis = millisOf(timeout)
  const reason = timeProblem("timeout", millis, { infinity: true })
  return reason === undefined ? Effect.succeed(millis) : Effect.fail(new ApnsError({ reason }))
}
