/** When something is to be sent, and until when. Pure. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { EnqueueOptions } from "../Outbox.ts"

export interface Due {
  readonly dueMillis: number
  /** Absent, at once. */
  readonly delay: Duration.Duration | undefined
  readonly deadlineMillis: number | undefined
}

type Instant = Date | DateTime.DateTime

const isInstant = (value: unknown): value is Instant => value instanceof Date || DateTime.isDateTime(value)

const millisOf = (instant: Instant): number =>
  DateTime.isDateTime(instant) ? instant.epochMilliseconds : instant.getTime()

export const dueOf = ({ at, deadline, delay }: EnqueueOptions, nowMillis: number): Due => {
  const atMillis = at === undefined ? nowMillis : millisOf(at)
  const delayedMillis = delay === undefined ? nowMillis : nowMillis + Duration.toMillis(delay)
  const dueMillis = Math.max(nowMillis, atMillis, delayedMillis)
  return {
    dueMillis,
    delay: dueMillis === nowMillis ? undefined : Duration.millis(dueMillis - nowMillis),
    deadlineMillis:
      deadline === undefined
        ? undefined
        : isInstant(deadline)
          ? millisOf(deadline)
          : dueMillis + Duration.toMillis(deadline)
  }
}
