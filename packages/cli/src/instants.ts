/**
 * Instants and spans of time that flags give.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { badInput, type Failure } from "./Failure.ts"

const iso = /^(\d{4}-\d{2}-(\d{2}))T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})$/

/** JavaScript takes the 31st of February for the 3rd of March. */
const isDay = (date: string, day: string) => {
  const midnight = new Date(`${date}T00:00:00Z`)
  return !Number.isNaN(midnight.getTime()) && midnight.getUTCDate() === Number(day)
}

/** An instant as ISO 8601 writes it, with its zone; `undefined` of all else. */
const isoInstant = (given: string): Date | undefined => {
  const [, date, day] = iso.exec(given) ?? []
  if (date === undefined || day === undefined || !isDay(date, day)) return undefined
  const instant = new Date(given)
  return Number.isNaN(instant.getTime()) ? undefined : instant
}

/** A span of time longer than none, such as "15 minutes"; `undefined` of all else. */
const span = (given: string): Duration.Duration | undefined => {
  if (!/^\d+(?:\.\d+)? +[a-z]+$/.test(given)) return undefined
  const parsed = Duration.fromInput(given as Duration.Input) // Checked just now; what is no unit gives none.
  if (Option.isNone(parsed)) return undefined
  const millis = Duration.toMillis(parsed.value)
  return millis > 0 && Number.isFinite(millis) ? parsed.value : undefined
}

/**
 * An instant: ISO 8601 with its zone, or from now on, as in "+15 minutes".
 *
 * @category constructors
 * @since 0.1.0
 */
export const instant = (flag: string, given: string, nowMillis: number): Result.Result<Date, Failure> => {
  const text = given.trim()
  const later = text.startsWith("+") ? span(text.slice(1).trimStart()) : undefined
  const found = later === undefined ? isoInstant(text) : new Date(nowMillis + Duration.toMillis(later))
  return found === undefined || Number.isNaN(found.getTime())
    ? Result.fail(
        badInput(
          `--${flag} ${JSON.stringify(given)} is no instant`,
          'Give one such as "+15 minutes" (from now) or "2026-01-01T12:00:00Z", with its zone.'
        )
      )
    : Result.succeed(found)
}

/** The forms of `expirationIn`, for a message. */
export const expirationForms = 'Give "once", a span such as "1 hour", or an instant such as "2026-01-01T12:00:00Z".'

/**
 * Until when APNs may store and deliver: "once" (or 0), a span such as "1 hour" or "+1 hour", an instant with its zone, or epoch
 * seconds, as the header field has it; `undefined` of all else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expirationIn = (given: string): "once" | Duration.Duration | Date | undefined => {
  const text = given.trim()
  if (text === "once" || text === "0") return "once"
  // Fewer digits are a span without its unit.
  if (/^\d{10,12}$/.test(text)) return new Date(Number(text) * 1_000)
  return span(text.replace(/^\+ */, "")) ?? isoInstant(text)
}

/**
 * The same, of a flag.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expiration = (flag: string, given: string): Result.Result<"once" | Duration.Duration | Date, Failure> => {
  const found = expirationIn(given)
  return found === undefined
    ? Result.fail(badInput(`--${flag} ${JSON.stringify(given)} is no expiration`, expirationForms))
    : Result.succeed(found)
}
