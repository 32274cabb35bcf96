/** Until when APNs tries to deliver, as it is written on the command line and in rows. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Notification from "effect-apns/Notification"

const iso = /^\d{4}-\d{2}-\d{2}/

/** `0` and `once`, epoch seconds, a duration such as `1 hour`, a date; `undefined` when it is none of them. */
export const expirationOf = (text: string): Notification.Expiration | undefined => {
  if (text === "0" || text === "once") return "once"
  if (/^\d+$/.test(text)) return new Date(Number(text) * 1000)
  if (iso.test(text)) {
    const date = new Date(text)
    return Number.isNaN(date.getTime()) ? undefined : date
  }
  // The type asks for a number and a unit, which is what it finds out.
  const duration = Duration.fromInput(text as Duration.Input)
  return Option.isSome(duration) && Duration.isFinite(duration.value) ? duration.value : undefined
}

export const expirationForms = 'Give "once", a duration such as "1 hour", a date, or epoch seconds.'
