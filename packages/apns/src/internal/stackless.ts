import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type { Action, Outcome } from "../ReasonTable.ts"

/**
 * What every reason tells.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  /** What is known of the notification. */
  readonly outcome: Outcome
  /** What to do about it. */
  readonly action: Action
  /** What the reader of the error should do, as a sentence. */
  readonly cure: string
  /** What happened, as a sentence without its full stop. */
  readonly detail: string
}

export interface ReasonClass<Name extends string, Fields extends object> {
  /** `message` is `detail` and `cure` in one line. */
  new (fields: Fields): Cause.YieldableError & Facts & Readonly<Fields> & { readonly _tag: Name }
}

/**
 * Makes a tagged error class without stack traces: refusals come by the thousand, and capturing a stack costs more than
 * the refusal.
 */
export const stackless = <Name extends string, Fields extends object>(
  name: Name,
  facts: (fields: Fields) => Facts
): ReasonClass<Name, Fields> => {
  class Reason extends Data.TaggedError(name)<Facts & { readonly message: string }> {
    constructor(fields: Fields) {
      const limit = Error.stackTraceLimit
      Error.stackTraceLimit = 0
      try {
        const told = facts(fields)
        super({ ...fields, ...told, message: `${told.detail}. ${told.cure}` })
      } finally {
        Error.stackTraceLimit = limit
      }
    }
  }
  // Data.TaggedError assigns every constructor field to the instance; TypeScript cannot see that for a generic `Fields`.
  return Reason as unknown as ReasonClass<Name, Fields>
}
