/** When something is to be sent, and until when. Pure. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { ApnsError } from "effect-apns/ApnsError"
import { InvalidNotification } from "effect-apns/Reason"
import type { EnqueueOptions } from "../Outbox.ts"

export interface Due {
  readonly dueMillis: number
  /** Absent, at once. */
  readonly delay: Duration.Duration | undefined
  readonly deadlineMillis: number | undefined
}

type Instant = Date | DateTime.DateTime

const millisOf = (instant: Instant): number =>
  DateTime.isDateTime(instant) ? instant.epochMilliseconds : instant.getTime()

const untilMillis = (deadline: NonNullable<EnqueueOptions["deadline"]>, dueMillis: number): number =>
  deadline instanceof Date || DateTime.isDateTime(deadline)
    ? millisOf(deadline)
    : dueMillis + Duration.toMillis(deadline)

const noTime = (field: string, cure: string) =>
  Result.fail(
    new ApnsError({ attempts: 0, reason: new InvalidNotification({ field, problem: "is not a time", cure }) })
  )

/** A time that is none would end in the store: for a delay without end, it keeps nothing. */
export const dueOf = ({ at, deadline, delay }: EnqueueOptions, nowMillis: number): Result.Result<Due, ApnsError> => {
  const atMillis = at === undefined ? nowMillis : millisOf(at)
  if (!Number.isFinite(atMillis)) return noTime("at", "Use a valid Date or a DateTime.")
  const delayMillis = delay === undefined ? 0 : Duration.toMillis(delay)
  if (!Number.isFinite(delayMillis)) return noTime("delay", "Use a finite duration.")
  const dueMillis = Math.max(nowMillis, atMillis, nowMillis + delayMillis)
  const until = deadline === undefined ? undefined : untilMillis(deadline, dueMillis)
  if (until !== undefined && !Number.isFinite(until)) return noTime("deadline", "Leave it out where there is none.")
  return Result.succeed({
    dueMillis,
    delay: dueMillis === nowMillis ? undefined : Duration.millis(dueMillis - nowMillis),
    deadlineMillis: until
  })
}
