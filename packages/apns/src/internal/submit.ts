/**
 * How `send` reaches a connection without an Effect for every step: this package's own connection is asked by listener,
 * any other through its `request`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { ApnsConnection, ApnsRequest, ApnsResponse, RequestError } from "../ApnsConnection.ts"
import type { ResponseListener } from "./logicalConnection.ts"
import type { Spent } from "./timings.ts"

/** Who hears what became of a request. */
export interface RequestListener extends ResponseListener {
  /** A connection that is not this package's own died, or was interrupted. */
  onDefect(cause: Cause.Cause<never>): void
}

/** What was begun and may be given up; nobody hears of it then. */
export interface Cancellable {
  cancel(): void
}

/** Sends a request and tells the listener once how it ended, maybe before it returns. */
export type Submit = (request: ApnsRequest, listener: RequestListener) => Cancellable

/** How many streams a connection may have open at once, now. */
export type StreamsAllowed = () => number

const known = new WeakMap<ApnsConnection["Service"], Submit>()
const allowed = new WeakMap<ApnsConnection["Service"], StreamsAllowed>()

/** A connection, with the way to it that takes no Effect, and its width. */
export const withSubmit = (
  connection: ApnsConnection["Service"],
  submit: Submit,
  streamsAllowed: StreamsAllowed
): ApnsConnection["Service"] => {
  known.set(connection, submit)
  allowed.set(connection, streamsAllowed)
  return connection
}

/** The width of a connection; `undefined` of one that is not this package's own. */
export const streamsAllowedBy = (connection: ApnsConnection["Service"]): StreamsAllowed | undefined =>
  allowed.get(connection)

const tell = (listener: RequestListener, exit: Exit.Exit<ApnsResponse, RequestError>) => {
  if (Exit.isSuccess(exit)) return listener.onResponse(exit.value)
  const error = Cause.findError(exit.cause)
  if (Result.isSuccess(error)) listener.onError(error.success, undefined)
  else listener.onDefect(error.failure)
}

/** The shortest way to a connection. */
export const submitTo = (connection: ApnsConnection["Service"]): Effect.Effect<Submit> =>
  Effect.map(Effect.context(), (context): Submit => {
    const direct = known.get(connection)
    if (direct !== undefined) return direct
    return ({ method, path, fields, authorization, body, deadlineMillis }, listener) => {
      // A copy: ours may change for the next attempt, and another connection may keep what it was given.
      const request = { method, path, fields, authorization, body, deadlineMillis }
      const fiber = Effect.runForkWith(context)(connection.request(request))
      const forget = fiber.addObserver((exit) => tell(listener, exit))
      return {
        cancel: () => {
          forget()
          fiber.interruptUnsafe()
        }
      }
    }
  })

class Resume<E> implements RequestListener {
  private readonly resume: (effect: Effect.Effect<ApnsResponse, E>) => void
  private readonly failureOf: (error: RequestError, spent: Spent | undefined) => E

  constructor(
    resume: (effect: Effect.Effect<ApnsResponse, E>) => void,
    failureOf: (error: RequestError, spent: Spent | undefined) => E
  ) {
    this.resume = resume
    this.failureOf = failureOf
  }

  onResponse(response: ApnsResponse): void {
    this.resume(Effect.succeed(response))
  }

  onError(error: RequestError, spent: Spent | undefined): void {
    this.resume(Effect.fail(this.failureOf(error, spent)))
  }

  onDefect(cause: Cause.Cause<never>): void {
    this.resume(Effect.failCause(cause))
  }
}

/** The same as an Effect: interrupting it gives the request up. */
export const requestBy = <E>(
  submit: Submit,
  request: ApnsRequest,
  failureOf: (error: RequestError, spent: Spent | undefined) => E
): Effect.Effect<ApnsResponse, E> =>
  Effect.callback((resume) => {
    const submitted = submit(request, new Resume(resume, failureOf))
    return Effect.sync(() => submitted.cancel())
  })
