/**
 * Sending notifications and broadcasts over the services: their checks, and what an answer means.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Apns, BroadcastReceipt, Receipt, SendOptions } from "../Apns.ts"
import { ApnsConnection } from "../ApnsConnection.ts"
import type { ApnsError } from "../ApnsError.ts"
import type { Broadcast } from "../Broadcast.ts"
import { type Dead, DeadTokens } from "../DeadTokens.ts"
import type { JwtCache } from "../JwtCache.ts"
import type { Notification } from "../Notification.ts"
import { PayloadSchema } from "../PayloadSchema.ts"
import type * as Reason from "../Reason.ts"
import type { Timings } from "../Timings.ts"
import { broadcastHead } from "./broadcastRequest.ts"
import { type DeadRegister, registerOf } from "./deadRegister.ts"
import { type OnHalted, withDispatch, withInside } from "./dispatch.ts"
import { Draining } from "./draining.ts"
import { makeExchange } from "./exchange.ts"
import { topicOf } from "./fault.ts"
import { ledgerOf } from "./ledger.ts"
import type { Response } from "./logicalConnection.ts"
import { Prepared } from "./prepared.ts"
import { type Refusal, refusalOf } from "./reply.ts"
import { head, type NotificationHead, pastProblem, type RequestHead } from "./request.ts"
import { broadcastError, guarded, notificationError } from "./sendErrors.ts"
import { tracedBroadcasts, tracedNotifications } from "./spans.ts"
import { steadyOf } from "./steadyClock.ts"
import { streamsAllowedBy } from "./submit.ts"
import { deathOf, environmentOf, suppressed } from "./suppression.ts"
import { timeoutMillisOf } from "./timeSetting.ts"
import { timingsOf } from "./timings.ts"

/** What the notifications of one `Apns` have in common. */
export interface Sender extends SendOptions {
  readonly topicRequired: boolean
  /** The kind of the credentials; `undefined` where only the caller knows. */
  readonly trust: "token" | "certificate" | undefined
  /** What its errors call it. */
  readonly target?: string | undefined
  /** Where broadcasts do not go over the ordinary connection. */
  readonly broadcastConnection?: ApnsConnection["Service"] | undefined
  /** See `Config.drainTimeout` of the connection. */
  readonly drainTimeout?: Duration.Input | undefined
}

/** What is known of dead tokens, in memory. */
interface Known {
  readonly environment: string
  readonly register: DeadRegister
}

const destinationOf = (environment: string, { device, fields }: Pick<NotificationHead, "device" | "fields">) => ({
  environment,
  topic: fields["apns-topic"] ?? "",
  device
})

class PreparedNotification extends Prepared<Receipt> {
  readonly method = "POST"
  private readonly notification: Notification
  private readonly target: string | undefined
  private readonly known: Known | undefined
  /** The device token's digits. */
  readonly device: string

  constructor(
    notification: Notification,
    target: string | undefined,
    known: Known | undefined,
    head: NotificationHead,
    body: Uint8Array,
    nowMillis: number,
    startedAtMillis: number,
    timeoutMillis: number
  ) {
    super(head, body, nowMillis, startedAtMillis, timeoutMillis)
    this.notification = notification
    this.target = target
    this.known = known
    this.device = head.device
  }

  override read(response: Response, attempts: number, nowMillis: number): Result.Result<Receipt, Refusal> {
    const { connection, fields } = response
    const refusal = refusalOf(response, 200, nowMillis)
    if (refusal !== undefined) {
      if (this.known !== undefined) this.bury(this.known, deathOf(refusal, nowMillis))
      return Result.fail(refusal)
    }
    const apnsId = fields["apns-id"] ?? this.notification.id
    const uniqueId = fields["apns-unique-id"]
    const timings = timingsOf(this.startedAtMillis, response)
    return Result.succeed(
      uniqueId === undefined
        ? { apnsId, attempts, connection, timings }
        : { apnsId, uniqueId, attempts, connection, timings }
    )
  }

  private bury({ environment, register }: Known, dead: Dead | undefined): void {
    if (dead !== undefined) register.record(destinationOf(environment, this), dead)
  }

  override get replayUnknown(): boolean | undefined {
    return this.notification.replayUnknown
  }

  override errorOf(reason: Reason.Reason, attempts: number, timings?: Timings, doubt?: Reason.Reason): ApnsError {
    return notificationError(this.notification, this.target, reason, attempts, timings, doubt)
  }
}

class PreparedBroadcast extends Prepared<BroadcastReceipt> {
  readonly method = "POST"
  private readonly broadcast: Broadcast
  private readonly target: string | undefined

  constructor(
    broadcast: Broadcast,
    target: string | undefined,
    head: RequestHead,
    body: Uint8Array,
    nowMillis: number,
    startedAtMillis: number,
    timeoutMillis: number
  ) {
    super(head, body, nowMillis, startedAtMillis, timeoutMillis)
    this.broadcast = broadcast
    this.target = target
  }

  override read(response: Response, attempts: number, nowMillis: number): Result.Result<BroadcastReceipt, Refusal> {
    const { connection, fields } = response
    const refusal = refusalOf(response, 200, nowMillis)
    if (refusal !== undefined) return Result.fail(refusal)
    const uniqueId = fields["apns-unique-id"]
    return Result.succeed({
      requestId: fields["apns-request-id"] ?? this.broadcast.id,
      ...(uniqueId !== undefined && { uniqueId }),
      attempts,
      connection,
      timings: timingsOf(this.startedAtMillis, response)
    })
  }

  override errorOf(reason: Reason.Reason, attempts: number, timings?: Timings, doubt?: Reason.Reason): ApnsError {
    return broadcastError(this.broadcast, this.target, reason, attempts, timings, doubt)
  }
}

export const makeSender = Effect.fnUntraced(function* (
  options: Sender
): Effect.fn.Return<Apns["Service"], ApnsError, ApnsConnection | JwtCache | PayloadSchema> {
  const timeoutMillis = yield* timeoutMillisOf(options.timeout)
  const connection = yield* ApnsConnection
  const environment = environmentOf(connection.address)
  const ledger = yield* ledgerOf
  const { broadcastConnection, target, topic, topicRequired, trust } = options
  const tally = ledger.tallyNotifications(topic)
  const connections = broadcastConnection === undefined ? [connection] : [connection, broadcastConnection]
  const draining = new Draining(
    Effect.forEach(connections, ({ drain = Effect.void }) => drain, { concurrency: "unbounded", discard: true }),
    options.drainTimeout
  )
  const sending = { ...options, draining }
  const exchange = yield* makeExchange(connection, sending, tally)
  const broadcasts = yield* makeExchange(broadcastConnection ?? connection, sending, ledger.tallyBroadcasts(topic))
  const traceNotification = tracedNotifications(topic)
  const traceBroadcast = tracedBroadcasts(topic)
  const payloads = yield* PayloadSchema
  const clock = yield* Clock.Clock
  const steadyMillis = steadyOf(clock)

  const deadTokens = Option.getOrUndefined(yield* Effect.serviceOption(DeadTokens))
  const register = deadTokens && registerOf(deadTokens)
  const known: Known | undefined = register && { environment, register }

  const check = (notification: Notification): Result.Result<PreparedNotification, ApnsError> => {
    const nowMillis = clock.currentTimeMillisUnsafe()
    const request = head(notification, { topic, topicRequired, trust, nowMillis })
    if (Result.isFailure(request)) return Result.fail(notificationError(notification, target, request.failure, 0))
    const past = pastProblem(request.success, nowMillis)
    if (past !== undefined) return Result.fail(notificationError(notification, target, past, 0))
    if (known !== undefined) {
      const dead = known.register.find(destinationOf(environment, request.success))
      const problem = dead && suppressed(notification, dead)
      if (problem !== undefined) return Result.fail(notificationError(notification, target, problem, 0))
    }
    const body = payloads.encode(notification)
    if (Result.isFailure(body)) return Result.fail(notificationError(notification, target, body.failure, 0))
    return Result.succeed(
      new PreparedNotification(
        notification,
        target,
        known,
        request.success,
        body.success,
        nowMillis,
        steadyMillis(),
        timeoutMillis
      )
    )
  }

  const checkBroadcast = (broadcast: Broadcast): Result.Result<PreparedBroadcast, ApnsError> => {
    const nowMillis = clock.currentTimeMillisUnsafe()
    const request = broadcastHead(broadcast, { bundleId: topic, nowMillis })
    if (Result.isFailure(request)) return Result.fail(broadcastError(broadcast, target, request.failure, 0))
    const past = pastProblem(request.success, nowMillis)
    if (past !== undefined) return Result.fail(broadcastError(broadcast, target, past, 0))
    const body = payloads.encodeBroadcast(broadcast)
    if (Result.isFailure(body)) return Result.fail(broadcastError(broadcast, target, body.failure, 0))
    return Result.succeed(
      new PreparedBroadcast(broadcast, target, request.success, body.success, nowMillis, steadyMillis(), timeoutMillis)
    )
  }

  const prepare = guarded(check, "notification", target)
  const prepareBroadcast = guarded(checkBroadcast, "broadcast", target)

  const broadcast = (broadcast: Broadcast) => broadcasts.run(prepareBroadcast, broadcast, traceBroadcast)

  const onHalted: OnHalted = (notification, error) => {
    try {
      const { pushType, topic: own = topic, topicSuffix } = notification
      tally.held(error, topicOf({ topic: own, topicSuffix }) || undefined, pushType)
    } catch {
      // It is no notification, and would not have been sent anyway.
      tally.held(error)
    }
  }

  const inside = { width: streamsAllowedBy(connection), onHalted, targetOf: () => target }

  if (deadTokens !== undefined && register === undefined) {
    const hold = (error: ApnsError) => {
      tally.held(error)
      return Effect.fail(error)
    }
    const left = ({ deadlineMillis }: PreparedNotification) => Duration.millis(deadlineMillis - steadyMillis())
    /** The dead tokens are not in memory: they are asked, and told, by Effects. The deadline covers these too. */
    const send = Effect.fnUntraced(function* (notification: Notification): Effect.fn.Return<Receipt, ApnsError> {
      const checked = prepare(notification)
      if (Result.isFailure(checked)) return yield* hold(checked.failure)
      const prepared = checked.success
      const at = destinationOf(environment, prepared)
      const dead = Option.getOrUndefined(yield* Effect.timeoutOption(deadTokens.find(at), left(prepared)))
      const problem = dead && suppressed(notification, dead)
      if (problem !== undefined) return yield* hold(prepared.errorOf(problem, 0))
      const sent = exchange.run(Result.succeed<PreparedNotification>, prepared, (send) =>
        traceNotification(send, notification)
      )
      return yield* Effect.tapError(sent, ({ reason }) => {
        const death = deathOf(reason, clock.currentTimeMillisUnsafe())
        return death === undefined ? Effect.void : Effect.timeoutOption(deadTokens.record(at, death), left(prepared))
      })
    })
    return withInside({ send, broadcast, draining }, inside)
  }

  const send = (notification: Notification) => exchange.run(prepare, notification, traceNotification)
  return withInside(
    withDispatch({ send, broadcast, draining }, (notification, outlet) =>
      exchange.dispatch(prepare, notification, outlet)
    ),
    inside
  )
})
