/**
 * The summary of a `sendAll`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import { steadyNow } from "./internal/steadyClock.ts"
import type { SendResult } from "./SendAll.ts"

/**
 * What became of many notifications, in numbers.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendSummary {
  readonly total: number
  readonly accepted: number
  /** Refused by APNs. */
  readonly refused: number
  /** Provably not processed: safe to send again. */
  readonly unsent: number
  /** Perhaps processed: sent again, they may arrive twice. */
  readonly unknown: number
  /** Those that were not accepted, whatever their outcome, by the `_tag` of their reason. */
  readonly byReason: Readonly<Record<string, number>>
  /**
   * How many have the action `"dropToken"`: the device token is dead. Counted and not listed, so that the summary of ten
   * million takes no more memory than that of ten; `DeadTokens.events` and the results tell which they are.
   */
  readonly deadTokens: number
  /** Accepted notifications a second, from the first result awaited to the last. */
  readonly perSecond: number
}

class Tally {
  readonly counts = { accepted: 0, refused: 0, unsent: 0, unknown: 0 }
  readonly byReason = new Map<string, number>()
  deadTokens = 0

  add(result: SendResult): void {
    this.counts[result.outcome]++
    if (result.outcome === "accepted") return
    const { _tag, action } = result.error.reason
    this.byReason.set(_tag, (this.byReason.get(_tag) ?? 0) + 1)
    if (action === "dropToken") this.deadTokens++
  }

  after(millis: number): SendSummary {
    const { counts } = this
    return {
      total: counts.accepted + counts.refused + counts.unsent + counts.unknown,
      ...counts,
      byReason: Object.fromEntries(this.byReason),
      deadTokens: this.deadTokens,
      perSecond: millis > 0 ? (counts.accepted * 1000) / millis : 0
    }
  }
}

/**
 * Counts the results of `sendAll`.
 *
 * **When to use**
 *
 * Use to end the Stream of results, alone or after a `Stream.tap` that keeps what matters to you: dead tokens, what is to be
 * sent again.
 *
 * **Example** (A line when all is done)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { Notification, sendAll, sendSummary } from "effect-apns"
 *
 * export const program = (devices: Iterable<string>) =>
 *   sendAll(Stream.fromIterable(Notification.fanOut(Notification.alert({ device: "", alert: "Sale" }), devices))).pipe(
 *     Stream.run(sendSummary),
 *     Effect.tap(({ accepted, total, perSecond }) => Effect.log(`${accepted} of ${total}, ${Math.round(perSecond)}/s`))
 *   )
 * ```
 *
 * @category sinks
 * @since 0.1.0
 */
export const sendSummary: Sink.Sink<SendSummary, SendResult> = Sink.unwrap(
  Effect.map(steadyNow, (steadyMillis) => {
    const startedAt = steadyMillis()
    return Sink.reduceArray(
      () => new Tally(),
      (tally, results: ReadonlyArray<SendResult>) => {
        for (const result of results) tally.add(result)
        return tally
      }
    ).pipe(Sink.map((tally) => tally.after(steadyMillis() - startedAt)))
  })
)
