/**
 * How everything goes out over one connection: the first attempt without an Effect, retries by Schedule, one deadline
 * over all.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { SendOptions } from "../Apns.ts"
import type { ApnsConnection, RequestError } from "../ApnsConnection.ts"
import type { ApnsError } from "../ApnsError.ts"
import { JwtCache, type ProviderToken } from "../JwtCache.ts"
import * as Reason from "../Reason.ts"
import * as Retry from "../Retry.ts"
import type { Outlet } from "./dispatch.ts"
import { closedHere, Draining } from "./draining.ts"
import { refusesCredentials } from "./fault.ts"
import { freshTokenOf } from "./freshToken.ts"
import type { Tally } from "./ledger.ts"
import type { Response } from "./logicalConnection.ts"
import type { Prepared } from "./prepared.ts"
import { isTraced, type Traced } from "./spans.ts"
import { steadyOf } from "./steadyClock.ts"
import { type Cancellable, type RequestListener, requestBy, submitTo } from "./submit.ts"
import { type Spent, timingsOf } from "./timings.ts"

type AttemptError = RequestError | Reason.Rejection | Reason.Failure

/** What an attempt that failed leaves behind. */
interface Failed {
  readonly reason: AttemptError
  readonly connection: string | undefined
  readonly token: ProviderToken | undefined
  readonly dateMillis: number
  readonly spent: Spent | undefined
}

const failedBefore = (reason: AttemptError, token: ProviderToken | undefined, spent?: Spent): Failed => ({
  reason,
  connection: undefined,
  token,
  dateMillis: Number.NaN,
  spent
})

/** What an answer means: what was asked for, or a failure. */
const read = <A>(
  prepared: Prepared<A>,
  response: Response,
  attempts: number,
  tally: Tally | undefined,
  clock: Clock.Clock
): Result.Result<A, Failed> => {
  tally?.answered(response.openedAtMillis - response.queuedAtMillis)
  const result = prepared.read(response, attempts, clock.currentTimeMillisUnsafe())
  if (Result.isSuccess(result)) return Result.succeed(result.success)
  const dateMillis = Date.parse(response.fields.date ?? "")
  const { connection } = response
  const spent = timingsOf(prepared.startedAtMillis, response)
  return Result.fail({ reason: result.failure, connection, token: prepared.token, dateMillis, spent })
}

/** What first attempts have in common. */
interface Shared {
  readonly tally: Tally | undefined
  readonly clock: Clock.Clock
  readonly retry: <A>(prepared: Prepared<A>, first: Failed) => Effect.Effect<A, ApnsError>
}

/** Hears of a first attempt. */
class FirstAttempt<A> implements RequestListener {
  private readonly prepared: Prepared<A>
  private readonly outlet: Outlet<A>
  private readonly shared: Shared

  constructor(prepared: Prepared<A>, outlet: Outlet<A>, shared: Shared) {
    this.prepared = prepared
    this.outlet = outlet
    this.shared = shared
  }

  onResponse(response: Response): void {
    const { prepared, shared } = this
    const result = read(prepared, response, 1, shared.tally, shared.clock)
    if (Result.isSuccess(result)) {
      shared.tally?.accepted(prepared.fields, response.answeredAtMillis - prepared.startedAtMillis)
      this.outlet.onReceipt(result.success)
    } else this.outlet.onRest(shared.retry(prepared, result.failure))
  }

  onError(error: RequestError, spent: Spent | undefined): void {
    this.outlet.onRest(this.shared.retry(this.prepared, failedBefore(error, this.prepared.token, spent)))
  }

  onDefect(cause: Cause.Cause<never>): void {
    this.outlet.onRest(Effect.failCause(cause))
  }
}

/** Resumes a fiber. */
class Resume<A> implements Outlet<A> {
  private readonly resume: (effect: Effect.Effect<A, ApnsError>) => void

  constructor(resume: (effect: Effect.Effect<A, ApnsError>) => void) {
    this.resume = resume
  }

  onReceipt(receipt: A): void {
    this.resume(Effect.succeed(receipt))
  }

  onRest(rest: Effect.Effect<A, ApnsError>): void {
    this.resume(rest)
  }
}

/** The checks of what is to be sent. */
export type Prepare<In, A> = (input: In) => Result.Result<Prepared<A>, ApnsError>

/** Checks what is to be sent and sends it: attempts, the retries between them, one deadline over all. */
export interface Exchange {
  /** See `Dispatch`. */
  readonly dispatch: <In, A>(prepare: Prepare<In, A>, input: In, outlet: Outlet<A>) => Cancellable | undefined
  /** The same as an Effect; interrupting it gives up. `traced` puts a span around it, where the program has a tracer. */
  readonly run: <In, A>(prepare: Prepare<In, A>, input: In, traced?: Traced<In, A>) => Effect.Effect<A, ApnsError>
}

/** What is no notification, as JavaScript may give it, has nothing to name a span by; its check says what it is. */
const inSpan = <In, A>(traced: Traced<In, A>, sending: Effect.Effect<A, ApnsError>, input: In) => {
  try {
    return traced(sending, input)
  } catch {
    return sending
  }
}

export const makeExchange = Effect.fnUntraced(function* (
  connection: ApnsConnection["Service"],
  options: Pick<SendOptions, "retry" | "replayUnknown"> & { readonly draining?: Draining },
  tally?: Tally
): Effect.fn.Return<Exchange, never, JwtCache> {
  const submit = yield* submitTo(connection)
  const jwt = yield* JwtCache
  const freshToken = freshTokenOf(jwt)
  const clock = yield* Clock.Clock
  const steadyMillis = steadyOf(clock)
  const { draining = new Draining(Effect.void) } = options

  /** An expired token that is young tells that a clock is wrong; a passed deadline, what took the time. */
  const explain = (
    { reason, token, dateMillis }: Failed,
    { expires, startedAtMillis }: Prepared<unknown>,
    previous: AttemptError | undefined
  ): AttemptError => {
    if (reason._tag === "DeadlinePassed") {
      const { address, stage } = reason
      return new Reason.DeadlinePassed({
        address,
        stage,
        waited: Duration.millis(steadyMillis() - startedAtMillis),
        previous: previous ?? reason.previous,
        expired: expires
      })
    }
    if (reason._tag !== "ExpiredProviderToken" || token === undefined) return reason
    const wallMillis = clock.currentTimeMillisUnsafe()
    return new Reason.ExpiredProviderToken({
      status: reason.status,
      apnsId: reason.apnsId,
      requestId: reason.requestId,
      retryAfter: reason.retryAfter,
      tokenAge: Duration.millis(wallMillis - token.issuedAtMillis),
      clockSkew: Number.isNaN(dateMillis) ? undefined : Duration.millis(dateMillis - wallMillis)
    })
  }

  let toldOfClockMillis = Number.NEGATIVE_INFINITY

  /** Says that a clock is wrong, which every notification then suffers from: at most once a minute. */
  const tellOfClock = (reason: AttemptError) =>
    Effect.suspend(() => {
      const now = steadyMillis()
      if (reason._tag !== "ExpiredProviderToken" || now - toldOfClockMillis < 60_000) return Effect.void
      toldOfClockMillis = now
      const { clockSkew, tokenAge } = reason
      return Effect.annotateLogs(Effect.logWarning("APNs calls a young provider token expired: a clock is wrong"), {
        package: "effect-apns",
        module: "Apns",
        server: connection.address,
        ...(tokenAge !== undefined && { tokenAge: Duration.format(tokenAge) }),
        ...(clockSkew !== undefined && { clockSkewMillis: Duration.toMillis(clockSkew) })
      })
    })

  /** What is asked of the cache of provider tokens, which may be silent, within the deadline. */
  const inTime = <A, E>(
    asked: Effect.Effect<A, E>,
    { deadlineMillis, startedAtMillis }: Prepared<unknown>
  ): Effect.Effect<A, E | Reason.DeadlinePassed> =>
    Effect.suspend(() =>
      Effect.timeoutOrElse(asked, {
        duration: Duration.millis(deadlineMillis - steadyMillis()),
        orElse: () => {
          const waited = Duration.millis(steadyMillis() - startedAtMillis)
          return Effect.fail(new Reason.DeadlinePassed({ address: connection.address, stage: "token", waited }))
        }
      })
    )

  /** Whether APNs does not take the token of a key and another one is to be used now. */
  const isSuperseded = ({ reason, token }: Failed, prepared: Prepared<unknown>) => {
    const asked =
      token === undefined
        ? undefined
        : reason._tag === "TooManyProviderTokenUpdates"
          ? jwt.recheck(token)
          : reason._tag === "InvalidProviderToken"
            ? jwt.reload?.(token)
            : undefined
    return asked === undefined
      ? Effect.succeed(false)
      : Effect.catch(inTime(asked, prepared), () => Effect.succeed(false))
  }

  /** Nobody waits for it: another's connection may be silent. This package's own has done it then. */
  const retire = (name: string) => Effect.forkDetach(connection.retire(name), { startImmediately: true })

  let leftMillis = Number.NEGATIVE_INFINITY

  /**
   * A connection that was given too many tokens refuses all that follows; one that refuses the credentials, or knows no such
   * topic, may do so alone, for it knows what they were allowed when it was opened (Apple, "Establishing a token-based
   * connection to APNs"). So the next notification has another one: at most once a minute, as APNs may judge so elsewhere.
   */
  const leaveRefusing = ({ connection: refusing, reason }: Failed) =>
    Effect.suspend(() => {
      const now = steadyMillis()
      const refusesAll =
        reason._tag === "TooManyProviderTokenUpdates" || reason._tag === "TopicDisallowed" || refusesCredentials(reason)
      if (!refusesAll || refusing === undefined) return Effect.void
      if (now - leftMillis < 60_000) return Effect.void
      leftMillis = now
      return retire(refusing)
    })

  let key: string | undefined
  /** Tells the connection that another key signs from now on. As with `retire`, nobody waits for it. */
  const tellOfKey = (token: ProviderToken | undefined) =>
    Effect.suspend(() => {
      key = token?.key
      const told = key === undefined ? undefined : connection.useKey?.(key)
      return told === undefined ? Effect.void : Effect.forkDetach(told, { startImmediately: true })
    })
  const first = freshToken()
  if (first !== "ask") yield* tellOfKey(first)

  /** An attempt that asks for the provider token first. */
  const ask = Effect.fnUntraced(function* <A>(prepared: Prepared<A>, attempts: number): Effect.fn.Return<A, Failed> {
    const token = yield* draining.unlessAsked(
      Effect.mapError(inTime(jwt.token, prepared), (reason) => failedBefore(reason, undefined)),
      Effect.suspend(() => Effect.fail(failedBefore(closedHere(connection.address), undefined)))
    )
    prepared.token = token
    if (token?.key !== key) yield* tellOfKey(token)
    const response = yield* requestBy(submit, prepared, (reason, spent) => failedBefore(reason, token, spent))
    return yield* Effect.fromResult(read(prepared, response, attempts, tally, clock))
  })

  /** The slow path: entered only after a first attempt has failed. */
  const retries = Effect.fnUntraced(function* <A>(
    prepared: Prepared<A>,
    first: Failed
  ): Effect.fn.Return<A, ApnsError> {
    const { deadlineMillis, startedAtMillis } = prepared
    const replayUnknown = prepared.replayUnknown ?? options.replayUnknown ?? false
    const step = yield* Schedule.toStep(
      options.retry ?? (replayUnknown ? Retry.scheduleReplayingUnknown : Retry.schedule)
    )
    // A Schedule may go by the time of the day, and by how much of it has passed, which is to go on evenly.
    const aheadMillis = clock.currentTimeMillisUnsafe() - steadyMillis()
    let failed = first
    let previous: AttemptError | undefined
    let doubt: AttemptError | undefined
    let renewed = false
    const timings = () => ({ ...failed.spent, totalMillis: steadyMillis() - startedAtMillis })
    /** The last word. What an earlier attempt left in doubt is undone by no later one, be it refused or never sent. */
    const told = (reason: AttemptError, attempts: number) =>
      doubt === undefined || reason.outcome !== "unsent"
        ? prepared.errorOf(reason, attempts, timings(), doubt)
        : prepared.errorOf(doubt, attempts, timings())
    for (let attempts = 1; ; attempts++) {
      // A server that shuts down, or binds the connection to another key, refuses whatever comes there.
      if (failed.connection !== undefined && failed.reason.action === "reconnect") {
        yield* retire(failed.connection)
      }
      let delayMillis = 0
      if (failed.reason._tag === "ExpiredProviderToken" && failed.token !== undefined && !renewed) {
        renewed = true
        const fresh = yield* Effect.result(inTime(jwt.renew(failed.token), prepared))
        if (Result.isFailure(fresh)) {
          return yield* told(explain({ ...failed, reason: fresh.failure }, prepared, failed.reason), attempts)
        }
        if (!fresh.success) {
          const reason = explain(failed, prepared, previous)
          yield* tellOfClock(reason)
          return yield* told(reason, attempts)
        }
      } else if (!renewed && (yield* isSuperseded(failed, prepared))) {
        renewed = true
      } else {
        const reason = explain(failed, prepared, previous)
        if (reason.outcome === "unknown") doubt = reason
        const now = steadyMillis()
        const next =
          reason.outcome === "unknown" && !replayUnknown
            ? undefined
            : yield* Pull.catchDone(step(now + aheadMillis, prepared.errorOf(reason, attempts, timings())), () =>
                Effect.succeed(undefined)
              )
        delayMillis = next === undefined ? Number.POSITIVE_INFINITY : Duration.toMillis(next[1])
        if (now + delayMillis >= deadlineMillis) {
          yield* leaveRefusing(failed)
          return yield* told(reason, attempts)
        }
      }
      // The connection that brought a stale token, or one of a key that was replaced, may go on refusing.
      const { _tag, action } = failed.reason
      const refuses =
        action === "renewToken" || _tag === "TooManyProviderTokenUpdates" || _tag === "InvalidProviderToken"
      if (failed.connection !== undefined && refuses) {
        yield* retire(failed.connection)
      }
      if (delayMillis > 0) yield* draining.unlessAsked(Effect.sleep(delayMillis), Effect.void)
      if (draining.isAsked) return yield* told(failed.reason, attempts)
      const result = yield* Effect.result(ask(prepared, attempts + 1))
      if (Result.isSuccess(result)) return result.success
      previous = failed.reason
      failed = result.failure
    }
  })

  /** Counts what becomes of it, unless it is interrupted. */
  const counted = <A>(prepared: Prepared<A>, rest: Effect.Effect<A, ApnsError>): Effect.Effect<A, ApnsError> =>
    tally === undefined
      ? rest
      : Effect.onExit(rest, (exit) => {
          const millis = steadyMillis() - prepared.startedAtMillis
          const error = Exit.isSuccess(exit) ? undefined : Cause.findError(exit.cause)
          if (error === undefined) tally.accepted(prepared.fields, millis)
          else if (Result.isSuccess(error)) tally.failed(prepared.fields, error.success, millis)
          return Effect.void
        })

  const shared: Shared = { tally, clock, retry: (prepared, first) => counted(prepared, retries(prepared, first)) }

  // The hot path: no Effect, no span, no timer, no Schedule unless something fails.
  const dispatch = <In, A>(prepare: Prepare<In, A>, input: In, outlet: Outlet<A>): Cancellable | undefined => {
    const result = prepare(input)
    if (Result.isFailure(result)) {
      tally?.held(result.failure)
      return void outlet.onRest(Effect.fail(result.failure))
    }
    const prepared = result.success
    if (draining.isAsked) {
      const error = prepared.errorOf(closedHere(connection.address), 0)
      tally?.held(error)
      return void outlet.onRest(Effect.fail(error))
    }
    const token = freshToken()
    if (token === "ask" || token?.key !== key) {
      const rest = Effect.catch(ask(prepared, 1), (failed) => retries(prepared, failed))
      return void outlet.onRest(counted(prepared, rest))
    }
    prepared.token = token
    return submit(prepared, new FirstAttempt(prepared, outlet, shared))
  }

  const run: Exchange["run"] = (prepare, input, traced) =>
    Effect.callback((resume) => {
      if (traced !== undefined && isTraced(Fiber.getCurrent()))
        return resume(inSpan(traced, run(prepare, input), input))
      const dispatched = dispatch(prepare, input, new Resume(resume))
      return dispatched && Effect.sync(() => dispatched.cancel())
    })

  return { dispatch, run }
})
