/** An `Apns` that answers as a script says, errors as APNs and the library give them, and a sink that remembers. */
import { type Outcome, OutcomeSink } from "@effect-apns/delivery"
import { Clock, Duration, Effect, Layer } from "effect"
import { Apns, ApnsError, Notification, Reason, type ReasonTable, type Receipt } from "effect-apns"

export const timings = { queueMillis: 0, answerMillis: 20, totalMillis: 20 }

/** Not hexadecimal digits alone, so that what is printed of it is found. */
export const device = (n: number): string => n.toString(16).padStart(64, "c0ffee0badcafe0d")

export const hello = (n = 0, options: Partial<Notification.Push<"alert">> = {}) =>
  Notification.alert({ device: device(n), alert: "Hello", id: idOf(n), ...options })

export const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`

export const errorOf = (reason: Reason.Reason): ApnsError => new ApnsError({ reason, attempts: 1, device: "c0ff…0001" })

const statusOf: Partial<Record<ReasonTable.RejectionName, number>> = {
  Unregistered: 410,
  TooManyRequests: 429,
  InvalidProviderToken: 403,
  InternalServerError: 500,
  ServiceUnavailable: 503
}

export const refused = (name: ReasonTable.RejectionName, retryAfter?: Duration.Input): ApnsError =>
  errorOf(
    new Reason.rejectionClasses[name]({
      status: statusOf[name] ?? 400,
      retryAfter: retryAfter === undefined ? undefined : Duration.fromInputUnsafe(retryAfter)
    })
  )

export const connectionLost = errorOf(
  new Reason.ConnectionFailed({
    address: "api.push.apple.com:443",
    step: "stream",
    problem: "the stream was refused",
    cure: "Send it again.",
    transient: true
  })
)

export const unknown = errorOf(
  new Reason.OutcomeUnknown({ address: "api.push.apple.com:443", problem: "it was reset" })
)

/** One send, as APNs saw it. */
export interface Sent {
  readonly id: string
  readonly device: string
  readonly atMillis: number
}

/** Says how the `nth` send (from 1) of a notification ends; succeeding, it is accepted. */
export type Script = (notification: Notification.Notification, nth: number) => Effect.Effect<void, ApnsError>

export const scriptedApns = (script: Script = () => Effect.void) => {
  const sent: Array<Sent> = []
  const layer = Layer.effect(
    Apns,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      return Apns.of({
        send: (notification) =>
          Effect.suspend(() => {
            const { device, id } = notification
            sent.push({ id, device, atMillis: clock.currentTimeMillisUnsafe() })
            const nth = sent.filter((one) => one.id === id).length
            const receipt: Receipt = { apnsId: id, attempts: 1, connection: "scripted:443#1", timings }
            return Effect.as(script(notification, nth), receipt)
          }),
        broadcast: () => Effect.never
      })
    })
  )
  return { layer, sent }
}

/** Fails with the errors, one for each send, and then accepts. */
export const failing =
  (...errors: ReadonlyArray<ApnsError>): Script =>
  (_, nth) => {
    const error = errors[nth - 1]
    return error === undefined ? Effect.void : Effect.fail(error)
  }

export const rememberingSink = () => {
  const chunks: Array<ReadonlyArray<Outcome.Outcome>> = []
  return {
    chunks,
    /** Tag and id of each outcome, in the order they were told. */
    told: () => chunks.flat().map(({ _tag, notification }) => `${_tag} ${notification.id}`),
    of: (id: string) => chunks.flat().filter(({ notification }) => notification.id === id),
    layer: OutcomeSink.layer((outcomes) => Effect.sync(() => void chunks.push(outcomes)))
  }
}
