/**
 * Where outcomes go.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Outcome } from "./Outcome.ts"

/**
 * Hears what became of the notifications.
 *
 * **Details**
 *
 * The worker calls `record` once for the outcomes of a chunk, before the chunk leaves the queue: so an outcome may be told
 * twice, and is never left untold. Be quick, for the chunk waits; and do not fail for reasons of your own business: when
 * `record` fails, it is asked again for half a minute, and then the whole chunk comes back later and is **sent again**.
 *
 * **Example** (Removing dead tokens)
 *
 * ```ts
 * import { Outcome, OutcomeSink } from "@effect-apns/delivery"
 * import { Effect } from "effect"
 *
 * export const sink = (remove: (tokens: ReadonlyArray<string>) => Effect.Effect<void>) =>
 *   OutcomeSink.layer((outcomes) =>
 *     remove(outcomes.filter(Outcome.isDeadToken).map(({ notification }) => notification.device))
 *   )
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class OutcomeSink extends Context.Service<
  OutcomeSink,
  {
    readonly record: (outcomes: ReadonlyArray<Outcome>) => Effect.Effect<void, unknown>
  }
>()("@effect-apns/delivery/OutcomeSink") {
  /** Outcomes go to a function. */
  static readonly layer = <R = never>(
    record: (outcomes: ReadonlyArray<Outcome>) => Effect.Effect<void, unknown, R>
  ): Layer.Layer<OutcomeSink, never, R> =>
    Layer.effect(
      this,
      Effect.map(Effect.context<R>(), (context) => ({
        record: (outcomes) => Effect.provideContext(record(outcomes), context)
      }))
    )

  /**
   * A log line for every notification that was not accepted, with its id and the reason. Dead tokens and what expired are
   * worth a line of the level `Info`, all others of `Warn`.
   */
  static readonly layerLog: Layer.Layer<OutcomeSink> = Layer.sync(this, () => ({
    record: (outcomes) => Effect.forEach(outcomes, log, { discard: true })
  }))
}

const log = (outcome: Outcome): Effect.Effect<void> => {
  if (outcome._tag === "Accepted") return Effect.void
  const { _tag, attempts, error, notification } = outcome
  const mild = _tag === "Expired" || error.action === "dropToken"
  return Effect.annotateLogs(
    mild ? Effect.logInfo(`a notification ended ${_tag}`) : Effect.logWarning(`a notification ended ${_tag}`),
    {
      package: "@effect-apns/delivery",
      module: "OutcomeSink",
      notification: notification.id,
      attempts,
      ...(error !== undefined && { device: error.device, reason: error.reason._tag, detail: error.reason.detail })
    }
  )
}
