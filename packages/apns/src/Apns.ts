/**
 * Sending: one notification in, a receipt or a typed error out.
 *
 * `Apns` composes the three services of the library, `PayloadSchema` (encodes and checks), `JwtCache` (the provider
 * token) and `ApnsConnection` (HTTP/2), with the retry Schedule and the deadline.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import {
  ApnsConnection,
  type ApnsRequest,
  type ApnsResponse,
  type Config as ConnectionConfig,
  type RequestError
} from "./ApnsConnection.ts"
import { ApnsError } from "./ApnsError.ts"
import type { Credentials } from "./Credentials.ts"
import { credentialsFromEnv, settingsFromEnv } from "./internal/env.ts"
import { freshTokenOf } from "./internal/freshToken.ts"
import { type Accepted, outcomeOf } from "./internal/reply.ts"
import { head, type RequestHead, shorten } from "./internal/request.ts"
import { submitTo } from "./internal/submit.ts"
import { JwtCache, type ProviderToken } from "./JwtCache.ts"
import type { Notification } from "./Notification.ts"
import { PayloadSchema } from "./PayloadSchema.ts"
import * as Reason from "./Reason.ts"
import * as Retry from "./Retry.ts"

/**
 * APNs has accepted the notification: it will try to deliver it. (It never says whether it did.)
 *
 * @category models
 * @since 0.1.0
 */
export interface Receipt {
  /** The notification's id, as APNs returned it. */
  readonly apnsId: string
  /** Finds the notification in Apple's Push Notifications Console; given by the sandbox. */
  readonly uniqueId?: string | undefined
  /** How often it was tried, the last time included. */
  readonly attempts: number
  /** Names the HTTP/2 session that carried it, as `host:port#n`. */
  readonly connection: string
  readonly timings: Timings
}

/**
 * How long things took, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timings {
  /** From the call of `send` to the receipt, all attempts included. */
  readonly totalMillis: number
  /** Of the last attempt: waiting for a connection and a free stream. */
  readonly queueMillis: number
  /** Of the last attempt: from opening its stream to the end of the answer. */
  readonly answerMillis: number
}

/**
 * How `send` behaves.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface SendOptions {
  /** The app's bundle ID, for notifications that name no topic. Default: the certificate's, if there is one. */
  readonly topic?: string | undefined
  /**
   * How long a `send` may take in all: queue, connecting, writing, answer, retries. The notification's expiration bounds
   * it too. Default: 30 seconds.
   */
  readonly timeout?: Duration.Input | undefined
  /** When to try again; replaces the default, `Retry.schedule`, wholly. */
  readonly retry?: Schedule.Schedule<unknown, ApnsError> | undefined
  /**
   * Whether the retry Schedule is asked about notifications whose outcome is unknown, too. They may then arrive twice.
   * Default: `false`.
   */
  readonly replayUnknown?: boolean | undefined
}

/**
 * Settings of `Apns.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface Config extends SendOptions, Omit<ConnectionConfig, "certificate"> {
  /** From `Credentials.token` or `Credentials.certificate`, loaded or still to be loaded. */
  readonly credentials: Credentials | Effect.Effect<Credentials, ApnsError>
}

/** What the notifications of one `Apns` have in common. */
interface Sender extends SendOptions {
  readonly topicRequired: boolean
}

type AttemptError = RequestError | Reason.Rejection | Reason.Failure

/**
 * Sends notifications.
 *
 * @category services
 * @since 0.1.0
 */
export class Apns extends Context.Service<
  Apns,
  {
    /** See the function `send`. */
    readonly send: (notification: Notification) => Effect.Effect<Receipt, ApnsError>
  }
>()("effect-apns/Apns") {
  /**
   * Everything needed to send: credentials, provider token, connection, payload Schemas.
   *
   * **Details**
   *
   * Fails, before anything is sent, with `InvalidCredentials` or `InvalidConfiguration`. The connection opens with the
   * first notification and closes with the layer.
   *
   * **Example** (A layer with a .p8 key)
   *
   * ```ts
   * import { Redacted } from "effect"
   * import { Apns, Credentials } from "effect-apns"
   *
   * export const layer = (p8: string) =>
   *   Apns.layer({
   *     environment: "production",
   *     credentials: Credentials.token({ teamId: "ABCDE12345", keyId: "KEY1234567", privateKey: Redacted.make(p8) }),
   *     topic: "com.example.app"
   *   })
   * ```
   */
  static readonly layer = (config: Config): Layer.Layer<Apns, ApnsError> =>
    Layer.unwrap(
      Effect.gen(function* () {
        const { credentials: given, ...settings } = config
        const credentials = Effect.isEffect(given) ? yield* given : given
        if (credentials._tag === "TokenCredentials") {
          return Apns.layerNoDeps(settings).pipe(
            Layer.provide([JwtCache.layer(credentials), ApnsConnection.layer(settings), PayloadSchema.layer])
          )
        }
        const { environment } = settings
        const { commonName, environments } = credentials
        // A certificate that names no environment may still be good for one: then APNs decides.
        if (typeof environment === "string" && environments.length > 0 && !environments.includes(environment)) {
          return yield* wrongEnvironment(commonName, environment, environments)
        }
        return layerSender({
          ...settings,
          topic: settings.topic ?? credentials.topic,
          topicRequired: credentials.topics.length > 1
        }).pipe(
          Layer.provide([
            JwtCache.layerNone,
            ApnsConnection.layer({ ...settings, certificate: credentials }),
            PayloadSchema.layer
          ])
        )
      })
    )

  /**
   * `Apns.layer` with everything read from the environment through Effect's `Config`.
   *
   * **Details**
   *
   * `APNS_ENVIRONMENT` (`production` or `sandbox`; default `production`), `APNS_TOPIC`, and the credentials: either
   * `APNS_TEAM_ID`, `APNS_KEY_ID` and `APNS_KEY` (the text of the .p8 file) or `APNS_KEY_FILE` (its path); or
   * `APNS_CERTIFICATE_FILE` (.p12 or PEM) with `APNS_CERTIFICATE_KEY_FILE` and `APNS_CERTIFICATE_PASSPHRASE` where needed.
   * Optional: `APNS_HOST`, `APNS_PORT` and `APNS_CA_FILE` for a server of your own, `APNS_TIMEOUT` (such as
   * `"10 seconds"`).
   */
  static readonly layerConfig = (
    options?: Pick<SendOptions, "retry" | "replayUnknown">
  ): Layer.Layer<Apns, ApnsError> =>
    Layer.unwrap(
      Effect.gen(function* () {
        const settings = yield* settingsFromEnv
        return Apns.layer({ ...settings, ...options, credentials: credentialsFromEnv })
      })
    )

  /** `send` over the three services, which the caller provides, replaced or mocked. */
  static readonly layerNoDeps = (
    options: SendOptions = {}
  ): Layer.Layer<Apns, never, ApnsConnection | JwtCache | PayloadSchema> =>
    layerSender({ ...options, topicRequired: true })
}

const wrongEnvironment = (name: string, wanted: string, allowed: ReadonlyArray<string>) =>
  new ApnsError({
    reason: new Reason.InvalidCredentials({
      problem: `the certificate "${name}" is not for the environment "${wanted}" but for ${allowed.join(" and ")}`,
      cure: `Use a certificate for "${wanted}", or the certificate's own environment.`
    })
  })

const layerSender = (options: Sender) => Layer.effect(Apns, makeSender(options))

/** A notification that has passed every check. (A class and no literal: see `Pending`.) */
class Prepared {
  readonly notification: Notification
  readonly head: RequestHead
  readonly body: Uint8Array
  readonly startedAtMillis: number
  readonly deadlineMillis: number

  constructor(
    notification: Notification,
    head: RequestHead,
    body: Uint8Array,
    nowMillis: number,
    timeoutMillis: number
  ) {
    this.notification = notification
    this.head = head
    this.body = body
    this.startedAtMillis = nowMillis
    this.deadlineMillis = Math.min(nowMillis + timeoutMillis, head.expiresAtMillis)
  }
}

/** The request of one attempt. */
class SendRequest implements ApnsRequest {
  readonly method = "POST"
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  readonly authorization: ApnsRequest["authorization"]
  readonly body: Uint8Array
  readonly deadlineMillis: number

  constructor({ body, deadlineMillis, head }: Prepared, token: ProviderToken | undefined) {
    this.path = head.path
    this.fields = head.fields
    this.authorization = token?.authorization
    this.body = body
    this.deadlineMillis = deadlineMillis
  }
}

/** What an attempt that failed leaves behind. */
interface Failed {
  readonly reason: AttemptError
  readonly connection: string | undefined
  readonly token: ProviderToken | undefined
  readonly dateMillis: number
}

const makeSender = Effect.fnUntraced(function* (
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
  const { topic, topicRequired } = options

  const errorOf = (reason: Reason.Reason, { id, device }: Notification, attempts: number) =>
    new ApnsError({ reason, attempts, notificationId: id, device: shorten(String(device)) })

  const prepare = (notification: Notification): Result.Result<Prepared, Reason.InvalidNotification> => {
    const nowMillis = clock.currentTimeMillisUnsafe()
    const request = head(notification, { topic, topicRequired, nowMillis })
    if (Result.isFailure(request)) return Result.fail(request.failure)
    const body = payloads.encode(notification)
    if (Result.isFailure(body)) return Result.fail(body.failure)
    return Result.succeed(new Prepared(notification, request.success, body.success, nowMillis, timeoutMillis))
  }

  const receipt = (
    { startedAtMillis, notification }: Prepared,
    { apnsId, uniqueId }: Accepted,
    response: ApnsResponse,
    attempts: number
  ): Receipt => ({
    apnsId: apnsId ?? notification.id,
    ...(uniqueId !== undefined && { uniqueId }),
    attempts,
    connection: response.connection,
    timings: {
      totalMillis: response.answeredAtMillis - startedAtMillis,
      queueMillis: response.openedAtMillis - response.queuedAtMillis,
      answerMillis: response.answeredAtMillis - response.openedAtMillis
    }
  })

  /** What an answer means: a receipt, or what `otherwise` makes of a failure. */
  const read = <E>(
    prepared: Prepared,
    token: ProviderToken | undefined,
    exit: Exit.Exit<ApnsResponse, RequestError>,
    attempts: number,
    otherwise: (failed: Failed) => Effect.Effect<Receipt, E>
  ): Effect.Effect<Receipt, E> => {
    if (Exit.isFailure(exit)) {
      const reason = Cause.findError(exit.cause)
      if (Result.isFailure(reason)) return Effect.failCause(reason.failure)
      return otherwise({ reason: reason.success, connection: undefined, token, dateMillis: Number.NaN })
    }
    const response = exit.value
    const outcome = outcomeOf(response, response.answeredAtMillis)
    if (Result.isSuccess(outcome)) return Effect.succeed(receipt(prepared, outcome.success, response, attempts))
    const dateMillis = Date.parse(response.fields.date ?? "")
    return otherwise({ reason: outcome.failure, connection: response.connection, token, dateMillis })
  }

  /** One attempt: a request is submitted, and what comes of it decides how the fiber goes on. */
  const attempt = <E>(
    prepared: Prepared,
    token: ProviderToken | undefined,
    next: (exit: Exit.Exit<ApnsResponse, RequestError>) => Effect.Effect<Receipt, E>,
    resume: (effect: Effect.Effect<Receipt, E>) => void
  ): Effect.Effect<void> => Effect.sync(submit(new SendRequest(prepared, token), (exit) => resume(next(exit))))

  /** An expired token that is young tells that a clock is wrong; a passed deadline, what took the time. */
  const explain = (
    { reason, token, dateMillis }: Failed,
    { startedAtMillis }: Prepared,
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
  const again = (prepared: Prepared, attempts: number): Effect.Effect<Receipt, Failed> =>
    Effect.matchEffect(jwt.token, {
      onFailure: (reason) => Effect.fail({ reason, connection: undefined, token: undefined, dateMillis: Number.NaN }),
      onSuccess: (token) =>
        Effect.callback<Receipt, Failed>((resume) =>
          attempt(prepared, token, (exit) => read(prepared, token, exit, attempts, Effect.fail), resume)
        )
    })

  /** The slow path: entered only after a first attempt has failed. */
  const retry = Effect.fnUntraced(function* (prepared: Prepared, first: Failed) {
    const { notification, deadlineMillis } = prepared
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
        if (!fresh.success) return yield* errorOf(explain(failed, prepared, previous), notification, attempts)
      } else {
        const reason = explain(failed, prepared, previous)
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
      const result = yield* Effect.result(again(prepared, attempts + 1))
      if (Result.isSuccess(result)) return result.success
      previous = failed.reason
      failed = result.failure
    }
  })

  return {
    // The hot path: one Effect, one suspension; no span, no timer, no Schedule unless something fails.
    send: (notification) =>
      Effect.callback<Receipt, ApnsError>((resume) => {
        const result = prepare(notification)
        if (Result.isFailure(result)) return resume(Effect.fail(errorOf(result.failure, notification, 0)))
        const prepared = result.success
        const otherwise = (failed: Failed) => retry(prepared, failed)
        const token = freshToken()
        if (token === "ask") return resume(Effect.catch(again(prepared, 1), otherwise))
        return attempt(prepared, token, (exit) => read(prepared, token, exit, 1, otherwise), resume)
      })
  }
})

/**
 * Sends one notification and waits for APNs to accept or refuse it.
 *
 * **When to use**
 *
 * Use for every notification: `Effect.runPromise(send(n).pipe(Effect.provide(ApnsLive)))`. In a program that sends many,
 * provide the layer once, around all of it: its connection and provider token are shared.
 *
 * **Details**
 *
 * Fails with `ApnsError`, whose `reason` says why, `outcome` what is known of the notification, and `action` what to do.
 * Notifications that APNs provably did not process, and those it refused for a passing fault, are tried again as the
 * retry Schedule says; those with an unknown outcome are not. Interrupting it cancels the request.
 *
 * **Example** (Handling a dead token)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Notification, send } from "effect-apns"
 *
 * export const program = (device: string) =>
 *   send(Notification.alert({ device, alert: "Hello" })).pipe(
 *     Effect.asVoid,
 *     Effect.catchReason("ApnsError", "Unregistered", (reason) => Effect.log("gone since", reason.timestamp))
 *   )
 * ```
 *
 * @category sending
 * @since 0.1.0
 */
export const send = (notification: Notification): Effect.Effect<Receipt, ApnsError, Apns> =>
  Effect.flatMap(Apns, (apns) => apns.send(notification))
