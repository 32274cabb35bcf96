/** A connection that speaks given lines, one for each request, the last again and again. */
import { Clock, Effect, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import {
  ApnsConnection,
  type ApnsError,
  type ApnsRequest,
  type ApnsResponse,
  Reason,
  type RequestError
} from "effect-apns"

/** What the connection does with a request. */
export type Line = Effect.Effect<Partial<ApnsResponse>, RequestError>

export interface Asked {
  readonly request: ApnsRequest
  readonly at: number
}

const address = "push.test:443"

export const answered = (
  status: number,
  fields: Readonly<Record<string, string>> = {},
  body: string | object = ""
): Line => Effect.succeed({ status, fields, body: typeof body === "string" ? body : JSON.stringify(body) })

export const refused = (status: number, reason: string, fields?: Readonly<Record<string, string>>): Line =>
  answered(status, fields, { reason })

export const turnedAway: Line = Effect.fail(
  new Reason.ConnectionFailed({
    address,
    step: "stream",
    problem: "the server refused the stream",
    cure: "Send it again.",
    transient: true
  })
)

export const lost: Line = Effect.fail(
  new Reason.OutcomeUnknown({ address, problem: "the server ended the connection" })
)

export const scripted = (lines: ReadonlyArray<Line>) => {
  const asked: Array<Asked> = []
  const retired: Array<string> = []
  const layer = Layer.effect(
    ApnsConnection,
    Effect.map(Clock.Clock, (clock) => ({
      address,
      request: (request: ApnsRequest) =>
        Effect.suspend(() => {
          const queuedAtMillis = clock.currentTimeMillisUnsafe()
          const line = lines[Math.min(asked.length, lines.length - 1)] ?? Effect.never
          asked.push({ request, at: queuedAtMillis })
          return Effect.map(
            line,
            (said): ApnsResponse => ({
              status: 200,
              fields: {},
              body: "",
              connection: `${address}#1`,
              queuedAtMillis,
              openedAtMillis: queuedAtMillis,
              answeredAtMillis: clock.currentTimeMillisUnsafe(),
              ...said
            })
          )
        }),
      retire: (name: string) => Effect.sync(() => void retired.push(name))
    }))
  )
  /** The only request there was. */
  const request = () => {
    const [only, second] = asked
    if (only === undefined || second !== undefined) throw new Error(`${asked.length} requests`)
    const { body, ...rest } = only.request
    return { ...rest, body: Buffer.from(body).toString("utf8") }
  }
  return { layer, asked, retired, request }
}

/** Runs to its end, while time passes until nothing more can happen. */
export const settled = <A, R>(effect: Effect.Effect<A, ApnsError, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(effect), { startImmediately: true })
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(fiber)
  })

export const succeeds = <A, R>(effect: Effect.Effect<A, ApnsError, R>) =>
  Effect.map(settled(effect), (result) => {
    if (Result.isFailure(result)) throw result.failure
    return result.success
  })

export const fails = <A, R>(effect: Effect.Effect<A, ApnsError, R>) =>
  Effect.map(settled(effect), (result) => {
    if (Result.isSuccess(result)) throw new Error("it succeeded")
    return result.failure
  })
