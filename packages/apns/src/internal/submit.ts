/**
 * How `send` reaches a connection without an Effect for every step: this package's own connection is asked by listener,
 * any other through its `request`.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { ApnsConnection, ApnsRequest, ApnsResponse, RequestError } from "../ApnsConnection.ts"
import { DeadlinePassed } from "../Reason.ts"
import type { ResponseListener } from "./logicalConnection.ts"
import { steadyOf } from "./steadyClock.ts"
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

/** A request whose deadline is one of the steady clock. */
export interface SteadyRequest extends Omit<ApnsRequest, "deadlineMillis"> {
  /** When to give up, by the steady clock. */
  readonly deadlineMillis: number
}

/**
 * Sends a request and tells the listener once how it ended, maybe before it returns. The times of the answer are those of
 * the steady clock.
 */
export type Submit = (request: SteadyRequest, listener: RequestListener) => Cancellable

/** How many streams a connection may have open at once, now. */
export type StreamsAllowed = () => number

const Width = Symbol("effect-apns/ApnsConnection/width")

type Known = ApnsConnection["Service"] & { readonly [Width]?: StreamsAllowed }

/** By the very function that it stands in for: a copy with a `request` of its own is asked through that. */
const shortcuts = new WeakMap<ApnsConnection["Service"]["request"], Submit>()

/** A connection, with the way to it that takes no Effect, and its width, which a copy (`{ ...connection, request }`) has as well. */
export const withSubmit = (
  connection: ApnsConnection["Service"],
  submit: Submit,
  streamsAllowed: StreamsAllowed
): ApnsConnection["Service"] => {
  shortcuts.set(connection.request, submit)
  const known: Known = { ...connection, [Width]: streamsAllowed }
  return known
}

/** The width of a connection; `undefined` of one that is not this package's own. (A mock seems to have whatever it is asked for.) */
export const streamsAllowedBy = (connection: Known): StreamsAllowed | undefined =>
  Object.hasOwn(connection, Width) ? connection[Width] : undefined

const tell = (listener: RequestListener, exit: Exit.Exit<ApnsResponse, RequestError>) => {
  if (Exit.isSuccess(exit)) return listener.onResponse(exit.value)
  const error = Cause.findError(exit.cause)
  if (Result.isSuccess(error)) listener.onError(error.success, undefined)
  else listener.onDefect(error.failure)
}

/** The same answer, its times told by another clock that is ahead by so much. */
export const shifted = (response: ApnsResponse, aheadMillis: number): ApnsResponse => {
  const { answeredAtMillis, openedAtMillis, queuedAtMillis, readyAtMillis, writtenAtMillis } = response
  return {
    ...response,
    queuedAtMillis: queuedAtMillis + aheadMillis,
    readyAtMillis: readyAtMillis === undefined ? undefined : readyAtMillis + aheadMillis,
    openedAtMillis: openedAtMillis + aheadMillis,
    writtenAtMillis: writtenAtMillis === undefined ? undefined : writtenAtMillis + aheadMillis,
    answeredAtMillis: answeredAtMillis + aheadMillis
  }
}

/**
 * How much longer than the deadline a connection that is not this package's own may take to say what became of a request: it
 * may pass requests on to one that is, which knows the stage and is late by some milliseconds.
 */
const graceMillis = 20

/** By the event loop and not by `Clock`: it is the time that timers which are due need. */
const grace = Effect.callback<void>((resume) => {
  const timer = setTimeout(() => resume(Effect.void), graceMillis)
  return Effect.sync(() => clearTimeout(timer))
})

/** A request of a connection that may know no deadlines: what became of it then, nobody knows. */
const inTime = (connection: ApnsConnection["Service"], request: ApnsRequest, left: Duration.Duration) =>
  Effect.raceFirst(
    connection.request(request),
    Effect.andThen(
      Effect.andThen(Effect.sleep(left), grace),
      Effect.fail(new DeadlinePassed({ address: connection.address, stage: "answer", waited: left }))
    )
  )

/** The shortest way to a connection. */
export const submitTo = (connection: ApnsConnection["Service"]): Effect.Effect<Submit> =>
  Effect.map(Effect.context(), (context): Submit => {
    const direct = shortcuts.get(connection.request)
    if (direct !== undefined) return direct
    const clock = Context.get(context, Clock.Clock)
    const steadyMillis = steadyOf(clock)
    return ({ method, path, fields, authorization, body, deadlineMillis }, listener) => {
      // A copy: ours may change for the next attempt, and another connection may keep what it was given.
      const left = deadlineMillis - steadyMillis()
      const request = {
        method,
        path,
        fields,
        authorization,
        body,
        deadlineMillis: clock.currentTimeMillisUnsafe() + left
      }
      const asked = Effect.map(inTime(connection, request, Duration.millis(left)), (response) =>
        shifted(response, steadyMillis() - response.answeredAtMillis)
      )
      const fiber = Effect.runForkWith(context)(asked)
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
  request: SteadyRequest,
  failureOf: (error: RequestError, spent: Spent | undefined) => E
): Effect.Effect<ApnsResponse, E> =>
  Effect.callback((resume) => {
    const submitted = submit(request, new Resume(resume, failureOf))
    return Effect.sync(() => submitted.cancel())
  })
