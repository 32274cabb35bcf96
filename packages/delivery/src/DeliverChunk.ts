/**
 * Sending a chunk and deciding what becomes of each of its notifications: what the worker does between taking and
 * acknowledging, for those who bring their own broker.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Apns } from "effect-apns/Apns"
import type { ApnsError } from "effect-apns/ApnsError"
import { type SendResult, sendAll } from "effect-apns/SendAll"
import { type Item, untilMillis } from "./Element.ts"
import { verdictOf } from "./internal/verdict.ts"
import type { Outcome } from "./Outcome.ts"

/**
 * When a notification is tried again.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface DeliverOptions {
  /**
   * How often a notification is tried before it is `Exhausted`. An attempt is one `send`, with the retries that the library
   * makes itself within its timeout. Default: 20, which with the default pauses is about an hour.
   */
  readonly maxAttempts?: number | undefined
  /**
   * How long to wait after an attempt, by its number from 1; longer where APNs asks for it (`retry-after`). Default: 1 second,
   * doubled each time, at most 5 minutes.
   */
  readonly retry?: ((attempt: number) => Duration.Input) | undefined
  /**
   * Whether to send again what may have arrived. It may then arrive twice: give it a `collapseId`. A notification's own
   * `replayUnknown` goes before it. Default: `false`, and its outcome is `Unknown`.
   */
  readonly replayUnknown?: boolean | undefined
  /**
   * How long to wait after a fault that every notification would meet, such as a revoked key. No attempt is counted.
   * Default: 1 minute.
   */
  readonly faultPause?: Duration.Input | undefined
}

/**
 * A notification to be tried again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Again {
  /** With the number of the next attempt. */
  readonly item: Item
  readonly delay: Duration.Duration
}

/**
 * What became of a chunk: every notification is in `outcomes` or in `retry`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Delivered {
  readonly outcomes: ReadonlyArray<Outcome>
  readonly retry: ReadonlyArray<Again>
  /** What every further notification would meet as well, so that taking more is of no use before it is mended. */
  readonly fault: ApnsError | undefined
}

const defaultRetry = (attempt: number): Duration.Input => Math.min(1000 * 2 ** (attempt - 1), 300_000)

const retryAfterMillis = ({ reason }: ApnsError): number =>
  "retryAfter" in reason && reason.retryAfter !== undefined ? Duration.toMillis(reason.retryAfter) : 0

/** Decides, notification by notification. */
class Decisions {
  readonly outcomes: Array<Outcome> = []
  readonly retry: Array<Again> = []
  fault: ApnsError | undefined = undefined
  private readonly options: DeliverOptions

  constructor(options: DeliverOptions) {
    this.options = options
  }

  expired({ attempt, notification }: Item): void {
    this.outcomes.push({ _tag: "Expired", notification, attempts: attempt - 1, error: undefined })
  }

  sent(item: Item, result: SendResult, nowMillis: number): void {
    if (result.outcome === "accepted") {
      const { receipt } = result
      this.outcomes.push({ _tag: "Accepted", notification: item.notification, attempts: item.attempt, receipt })
    } else this.failed(item, result.error, nowMillis)
  }

  private failed(item: Item, error: ApnsError, nowMillis: number): void {
    const { attempt: attempts, notification } = item
    const verdict = verdictOf(error, notification.replayUnknown ?? this.options.replayUnknown ?? false)
    if (verdict === "halted") {
      if (this.fault === undefined || this.fault.reason._tag === "Halted") this.fault = error
      const delay = Duration.fromInputUnsafe(this.options.faultPause ?? "1 minute")
      this.again(item, attempts, delay, error, nowMillis)
    } else if (verdict === "Unsendable" && nowMillis >= untilMillis(item)) {
      this.outcomes.push({ _tag: "Expired", notification, attempts, error })
    } else if (verdict !== "again") {
      this.outcomes.push({ _tag: verdict, notification, attempts, error })
    } else if (attempts >= (this.options.maxAttempts ?? 20)) {
      this.outcomes.push({ _tag: "Exhausted", notification, attempts, error })
    } else {
      const pause = Duration.toMillis((this.options.retry ?? defaultRetry)(attempts))
      this.again(item, attempts + 1, Duration.millis(Math.max(pause, retryAfterMillis(error))), error, nowMillis)
    }
  }

  private again(item: Item, attempt: number, delay: Duration.Duration, error: ApnsError, nowMillis: number): void {
    const { attempt: attempts, deadlineMillis, notification } = item
    if (nowMillis + Duration.toMillis(delay) >= untilMillis(item)) {
      this.outcomes.push({ _tag: "Expired", notification, attempts, error })
    } else this.retry.push({ item: { notification, attempt, deadlineMillis }, delay })
  }
}

/**
 * Sends a chunk, all its notifications at once, and decides what becomes of each.
 *
 * **When to use**
 *
 * Use with a broker of your own: consume a message, decode it with `Element.Element`, `deliverChunk`, hand the outcomes to
 * whom they concern, publish the retries as a new message with the longest of their delays, then acknowledge. In this
 * order nothing is lost. `Worker.layer` does the same with Effect's `PersistedQueue`.
 *
 * **Details**
 *
 * Never fails. A defect of `Apns`, or an interruption, leaves the chunk undecided: do not acknowledge it then.
 *
 * - accepted: `Accepted`; refused for good: `Refused`; what could not be sent at all: `Unsendable`.
 * - what may go through later, as after a 429, a 5xx or a lost connection: in `retry`, or `Exhausted` after the last attempt.
 * - written, and no answer came: `Unknown`, unless `replayUnknown` says otherwise.
 * - past its deadline or expiration: `Expired`, and not sent.
 * - a fault that every notification would meet (`Retry.isHalting`): in `retry`, with no attempt counted, and `fault` is set.
 *
 * @category sending
 * @since 0.1.0
 */
export const deliverChunk = (
  items: ReadonlyArray<Item>,
  options: DeliverOptions = {}
): Effect.Effect<Delivered, never, Apns> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const decisions = new Decisions(options)
    const now = clock.currentTimeMillisUnsafe()
    const due: Array<Item> = []
    for (const item of items) {
      if (untilMillis(item) <= now) decisions.expired(item)
      else due.push(item)
    }
    if (due.length > 0) {
      let next = 0
      const notifications = due.map(({ notification }) => notification)
      yield* sendAll(Stream.fromIterable(notifications, { chunkSize: due.length }), {
        // In the order of the items, so that results find theirs without a search.
        ordered: true,
        concurrency: due.length
      }).pipe(
        Stream.runForEachArray((results) => {
          const now = clock.currentTimeMillisUnsafe()
          for (const result of results) {
            const item = due[next++]
            if (item !== undefined) decisions.sent(item, result, now)
          }
          return Effect.void
        })
      )
    }
    const { fault, outcomes, retry } = decisions
    return { outcomes, retry, fault }
  })
