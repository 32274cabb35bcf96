/**
 * How `send` reaches a connection without an Effect for every step: this package's own connection is asked by callback,
 * any other through its `request`.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { ApnsConnection, ApnsRequest, ApnsResponse, RequestError } from "../ApnsConnection.ts"

/** Sends a request and calls back once with how it ended, maybe before it returns. What it returns gives the request up. */
export type Submit = (request: ApnsRequest, settle: (exit: Exit.Exit<ApnsResponse, RequestError>) => void) => () => void

const known = new WeakMap<ApnsConnection["Service"], Submit>()

/** A connection, with the way to it that takes no Effect. */
export const withSubmit = (connection: ApnsConnection["Service"], submit: Submit): ApnsConnection["Service"] => {
  known.set(connection, submit)
  return connection
}

/** The shortest way to a connection. */
export const submitTo = (connection: ApnsConnection["Service"]): Effect.Effect<Submit> =>
  Effect.map(Effect.context(), (context): Submit => {
    const direct = known.get(connection)
    if (direct !== undefined) return direct
    return (request, settle) => {
      const fiber = Effect.runForkWith(context)(connection.request(request))
      fiber.addObserver(settle)
      return () => fiber.interruptUnsafe()
    }
  })
