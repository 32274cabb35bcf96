/**
 * The simulator's own clock, which a test can move without touching its own.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What the clock says.
 *
 * **Details**
 *
 * - `now`: epoch milliseconds. `offset`: milliseconds by which it runs ahead of Effect's `Clock`; negative: behind.
 *
 * @category models
 * @since 0.1.0
 */
export const ClockInfo = Schema.Struct({ now: Schema.Finite, offset: Schema.Finite })

/**
 * @category models
 * @since 0.1.0
 */
export type ClockInfo = typeof ClockInfo.Type

/**
 * The clock that ages of tokens, times of devices and expirations are told by. It runs at the pace of Effect's `Clock`;
 * delays are by that one.
 *
 * @category models
 * @since 0.1.0
 */
export const ClockChange = Schema.TaggedUnion({
  /** Moves it by so many milliseconds; back, when negative. */
  advance: { millis: Schema.Finite },
  /** Sets how far it runs ahead, in milliseconds; 0 undoes every change. */
  offset: { millis: Schema.Finite },
  /** Sets it to an epoch time in milliseconds. */
  set: { time: Schema.Finite }
})

/**
 * @category models
 * @since 0.1.0
 */
export type ClockChange = typeof ClockChange.Type
