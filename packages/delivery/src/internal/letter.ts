import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { DeadLetter } from "../DeadLetters.ts"

/** The number of letters on a page where nothing is said. */
export const pageLimit = 100

/** The value of a JSON text, or the text itself. */
export const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A dead letter, from what a store has of it. */
export const deadLetter = (given: {
  readonly queue: string
  readonly id: string
  readonly element: unknown
  readonly attempts: number
  readonly failedAtMillis: number
  readonly failure: string
}): DeadLetter => ({
  queue: given.queue,
  id: given.id,
  element: Redacted.make(given.element, { label: "element" }),
  attempts: given.attempts,
  failedAt: DateTime.makeUnsafe(given.failedAtMillis),
  failure: given.failure
})
