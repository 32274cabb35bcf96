/**
 * Elements of a queue that ended as failed: those that no release could read, and those whose worker died or whose outcomes
 * could not be recorded, time after time.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { PersistedQueueError } from "effect/persistence/PersistedQueue"
import type * as Redacted from "effect/Redacted"

/**
 * An element that ended as failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeadLetter {
  /** The queue it is in: a lane, by its whole name. */
  readonly queue: string
  /** The element's id. */
  readonly id: string
  /**
   * What is stored, read as JSON with no schema, since a schema may be what it failed; the stored text where that is no JSON.
   * It holds device tokens and payloads: `Redacted.value` shows it.
   */
  readonly element: Redacted.Redacted<unknown>
  /** How many workers have taken it. */
  readonly attempts: number
  /** When it ended. */
  readonly failedAt: DateTime.Utc
  /** Why, as the store has it: the text of the last failure. */
  readonly failure: string
}

/**
 * Which part of the list: the oldest failures come first.
 *
 * @category options
 * @since 0.1.0
 */
export interface PageOptions {
  /** How many letters to pass over. Default: none. */
  readonly skip?: number | undefined
  /** How many letters to read at most. Default: 100. */
  readonly limit?: number | undefined
}

/**
 * The letters something is done with: ids, or all that the queue has.
 *
 * @category options
 * @since 0.1.0
 */
export type Selected = ReadonlyArray<string> | "all"

/**
 * Reads, returns and removes the elements that ended as failed.
 *
 * **When to use**
 *
 * For operators, when `count` is above 0: `list` says why, `redrive` gives the elements back to the workers once the cause is
 * mended, `discard` gives them up. Each layer of `Store` provides it.
 *
 * **Details**
 *
 * A notification that APNs refused, or that expired, is no dead letter: that is an outcome, and goes to the `OutcomeSink`. A
 * dead letter is an element that no worker could bring to an outcome. Its notifications may have been sent: workers that died
 * after sending are one of the causes.
 *
 * @category services
 * @since 0.1.0
 */
export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    /** How many elements of the queue have failed. */
    readonly count: (queue: string) => Effect.Effect<number, PersistedQueueError>
    /** The elements of the queue that have failed, the oldest failure first. */
    readonly list: (
      queue: string,
      options?: PageOptions
    ) => Effect.Effect<ReadonlyArray<DeadLetter>, PersistedQueueError>
    /**
     * Gives elements back to the workers, with no attempt counted, and returns how many these were. Ids that are not among
     * the failed are passed over.
     */
    readonly redrive: (queue: string, selected: Selected) => Effect.Effect<number, PersistedQueueError>
    /** Removes elements for good, and returns how many these were. Their ids may then be used again. */
    readonly discard: (queue: string, selected: Selected) => Effect.Effect<number, PersistedQueueError>
  }
>()("@effect-apns/delivery/DeadLetters") {}
