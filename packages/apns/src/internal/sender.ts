/**
 * Sending over the three services: checks, the first attempt without an Effect, retries by Schedule.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { Apns, Receipt, SendOptions } from "../Apns.ts"
import { ApnsConnection, type ApnsRequest, type ApnsResponse, type RequestError } from "../ApnsConnection.ts"
import { ApnsError } from "../ApnsError.ts"
import { JwtCache, type ProviderToken } from "../JwtCache.ts"
import type { Notification } from "../Notification.ts"
import { PayloadSchema } from "../PayloadSchema.ts"
import * as Reason from "../Reason.ts"
import * as Retry from "../Retry.ts"
import { type Dispatch, type Outlet, withDispatch } from "./dispatch.ts"
import { freshTokenOf } from "./freshToken.ts"
import { outcomeOf } from "./reply.ts"
import { head, type RequestHead, shorten } from "./request.ts"
import { type Cancellable, type RequestListener, requestBy, submitTo } from "./submit.ts"

/** What the notifications of one `Apns` have in common. */
export interface Sender extends SendOptions {
  readonly topicRequired: boolean
  /** The kind of the credentials; `undefined` where only the caller knows. */
  readonly trust: "token" | "certificate" | undefined
  /** What its errors call it. */
  readonly target?: string | undefined
}

type AttemptError = RequestError | Reason.Rejection | Reason.Failure

/** A notification that has passed every check, and the request of its attempts. (A class: see `Pending`.) */
class Sending implements ApnsRequest {
  readonly method = "POST"
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly deadlineMillis: number
  readonly notification: Notification
  readonly startedAtMillis: number
  /** That of the attempt under way. */
  token: ProviderToken | undefined = undefined

  constructor(notification: Notification, head: RequestHead, body: Uint8Array, nowMillis: number, timeout: number) {
    this.path = head.path
    this.fields = head.fields
    this.body = body
    this.deadlineMillis = Math.min(nowMillis + timeout, head.expiresAtMillis)
    this.notification = notification
    this.startedAtMillis = nowMillis
  }

  get authorization(): ApnsRequest["authorization"] {
    return this.token?.authorization
  }
}

/** What an attempt that failed leaves behind. */
interface Failed {
  readonly reason: AttemptError
  readonly connection: string | undefined
  readonly token: ProviderToken | undefined
  readonly dateMillis: number
}

const failedBefore = (reason: AttemptError, token: ProviderToken | undefined): Failed => ({
  reason,
  connection: undefined,
  token,
  dateMillis: Number.NaN
})

/** What an answer means. */
const read = (sending: Sending, response: ApnsResponse, attempts: number): Result.Result<Receipt, Failed> => {
  const outcome = outcomeOf(response, response.answeredAtMillis)
  if (Result.isFailure(outcome)) {
    const dateMillis = Date.parse(response.fields.date ?? "")
    const { connection } = response
    return Result.fail({ reason: outcome.failure, connection, token: sending.token, dateMillis })
  }
  const { apnsId, uniqueId } = outcome.success
  const { answeredAtMillis, connection, openedAtMillis, queuedAtMillis } = response
  const timings = {
    totalMillis: answeredAtMillis - sending.startedAtMillis,
    queueMillis: openedAtMillis - queuedAtMillis,
    answerMillis: answeredAtMillis - openedAtMillis
  }
  const id = apnsId ?? sending.notification.id
  return Result.succeed(
    uniqueId === undefined
      ? { apnsId: id, attempts, connection, timings }
      : { apnsId: id, uniqueId, attempts, connection, timings }
  )
}

/** Hears of a first attempt. */
class FirstAttempt implements RequestListener {
  private readonly sending: Sending
  private readonly outlet: Outlet
  private readonly retry: (sending: Sending, first: Failed) => Effect.Effect<Receipt, ApnsError>

  constructor(
    sending: Sending,
    outlet: Outlet,
    retry: (sending: Sending, first: Failed) => Effect.Effect<Receipt, ApnsError>
  ) {
    this.sending = sending
    this.outlet = outlet
    this.retry = retry
  }

  onResponse(response: ApnsResponse): void {
    const result = read(this.sending, response, 1)
    if (Result.isSuccess(result)) this.outlet.onReceipt(result.success)
    else this.outlet.onRest(this.retry(this.sending, result.failure))
  }

  onError(error: RequestError): void {
    this.outlet.onRest(this.retry(this.sending, failedBefore(error, this.sending.token)))
  }

  onDefect(cause: Cause.Cause<never>): void {
    this.outlet.onRest(Effect.failCause(cause))
  }
}

/** Resumes the fiber of one `send`. */
class Resume implements Outlet {
  private readonly resume: (effect: Effect.Effect<Receipt, ApnsError>) => void

  constructor(resume: (effect: Effect.Effect<Receipt, ApnsError>) => void) {
    this.resume = resume
  }

  onReceipt(receipt: Receipt): void {
    this.resume(Effect.succeed(receipt))
  }

  onRest(rest: Effect.Effect<Receipt, ApnsError>): void {
    this.resume(rest)
  }
}

export const makeSender = Effect.fnUntraced(function* (
  options: Sender
): Effect.fn.Return<Apns["Service"], never, ApnsConnection | JwtCache | PayloadSchema> {
  const connection = yield* ApnsConnection
  const submit = yield* submitTo(connection)
  const jwt = yield* JwtCache
  const freshToken = freshTokenOf(jwt)
  const payloads = yield* PayloadSchema
  const clock = yield* Clock.Clock
  const schedule = options.retry ?? (options.replayUnknown === true ? Retry.scheduleReplayingUnknown : Retry.schedule)
  const timeoutMillis = Duration.toMillis(options.timeout ?? "30 seconds")
  const { target, topic, topicRequired, trust } = options

  const errorOf = (reason: Reason.Reason, { id, device }: Notification, attempts: number) =>
    new ApnsError({ reason, attempts, notificationId: id, device: shorten(String(device)), target })

  /** An expired token that is young tells that a clock is wrong; a passed deadline, what took the time. */
  const explain = (
    { reason, token, dateMillis }: Failed,
    { startedAtMillis }: Sending,
    previous: AttemptError | undefined
  ): AttemptError => {
    const now = clock.currentTimeMillisUnsafe()
    if (reason._tag === "DeadlinePassed") {
      const { address, stage } = reason
      return new Reason.DeadlinePassed({ address, stage, waited: Duration.millis(now - startedAtMillis), previous })
    }
    if (reason._tag !== "ExpiredProviderToken" || token === undefined) return reason
    return new Reason.ExpiredProviderToken({
      status: reason.status,
      apnsId: reason.apnsId,
      retryAfter: reason.retryAfter,
      tokenAge: Duration.millis(now - token.issuedAtMillis),
      clockSkew: Number.isNaN(dateMillis) ? undefined : Duration.millis(dateMillis - now)
    })
  }

  /** An attempt that asks for the provider token first. */
  const attempt = Effect.fnUntraced(function* (sending: Sending, attempts: number): Effect.fn.Return<Receipt, Failed> {
    const token = yield* Effect.mapError(jwt.token, (reason) => failedBefore(reason, undefined))
    sending.token = token
    const response = yield* Effect.mapError(requestBy(submit, sending), (reason) => failedBefore(reason, token))
    return yield* Effect.fromResult(read(sending, response, attempts))
  })

  /** The slow path: entered only after a first attempt has failed. */
  const retry = Effect.fnUntraced(function* (sending: Sending, first: Failed): Effect.fn.Return<Receipt, ApnsError> {
    const { notification, deadlineMillis } = sending
    const step = yield* Schedule.toStep(schedule)
    let failed = first
    let previous: AttemptError | undefined
    let doubtful: AttemptError | undefined
    let renewed = false
    for (let attempts = 1; ; attempts++) {
      let delayMillis = 0
      if (failed.reason._tag === "ExpiredProviderToken" && failed.token !== undefined && !renewed) {
        renewed = true
        const fresh = yield* Effect.result(jwt.renew(failed.token))
        if (Result.isFailure(fresh)) return yield* errorOf(fresh.failure, notification, attempts)
        if (!fresh.success) return yield* errorOf(explain(failed, sending, previous), notification, attempts)
      } else {
        const reason = explain(failed, sending, previous)
        if (reason.outcome === "unknown") doubtful = reason
        // What an earlier attempt left in doubt is not undone by a later one that was never sent.
        const told = reason.outcome === "unsent" ? (doubtful ?? reason) : reason
        const now = clock.currentTimeMillisUnsafe()
        const next =
          reason.outcome === "unknown" && options.replayUnknown !== true
            ? undefined
            : yield* Pull.catchDone(step(now, errorOf(reason, notification, attempts)), () => Effect.succeed(undefined))
        delayMillis = next === undefined ? Number.POSITIVE_INFINITY : Duration.toMillis(next[1])
        if (now + delayMillis >= deadlineMillis) return yield* errorOf(told, notification, attempts)
      }
      // The connection that brought a stale token or a closing server may go on refusing.
      const { action } = failed.reason
      if (failed.connection !== undefined && (action === "reconnect" || action === "renewToken")) {
        yield* connection.retire(failed.connection)
      }
      if (delayMillis > 0) yield* Effect.sleep(delayMillis)
      const result = yield* Effect.result(attempt(sending, attempts + 1))
      if (Result.isSuccess(result)) return result.success
      previous = failed.reason
      failed = result.failure
    }
  })

  // The hot path: no Effect, no span, no timer, no Schedule unless something fails.
  const dispatch: Dispatch = (notification, outlet): Cancellable | undefined => {
    const refuse = (reason: Reason.InvalidNotification) => outlet.onRest(Effect.fail(errorOf(reason, notification, 0)))
    const nowMillis = clock.currentTimeMillisUnsafe()
    const request = head(notification, { topic, topicRequired, trust, nowMillis })
    if (Result.isFailure(request)) return void refuse(request.failure)
    const body = payloads.encode(notification)
    if (Result.isFailure(body)) return void refuse(body.failure)
    const sending = new Sending(notification, request.success, body.success, nowMillis, timeoutMillis)
    const token = freshToken()
    if (token === "ask") {
      return void outlet.onRest(Effect.catch(attempt(sending, 1), (failed) => retry(sending, failed)))
    }
    sending.token = token
    return submit(sending, new FirstAttempt(sending, outlet, retry))
  }

  return withDispatch(
    {
      send: (notification) =>
        Effect.callback<Receipt, ApnsError>((resume) => {
          const dispatched = dispatch(notification, new Resume(resume))
          return dispatched && Effect.sync(() => dispatched.cancel())
        })
    },
    dispatch
  )
})
