/** What is done with each result: counted, written, noted. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { SendResult } from "effect-apns"
import type { Failure } from "../Failure.ts"
import type { Feed } from "./feed.ts"
import { type Journal, unwritableJournal } from "./journal.ts"
import type { Format, Output } from "./output.ts"
import { acceptedLine, badLine, deadLine, errorLine, givenUpLine } from "./results.ts"
import type { BadRow, RowNotification, Rows } from "./rows.ts"
import { breaksAll, isDone, outcomeOf, type Tally } from "./tally.ts"

/** A file, and how lines are written in it. */
export interface Target {
  readonly output: Output
  readonly format: Format
}

export interface RecorderOptions {
  readonly results: Target | undefined
  readonly deadTokens: Target | undefined
  readonly failedOnly: boolean
  readonly journal: Journal | undefined
  readonly tally: Tally
  readonly rows: Rows
}

/** Results are written when there are that many characters of them, or by the clock. */
const writeAt = 65_536

/** Faults of one topic do not concern rows of another. */
const ofTopic = new Set(["TopicDisallowed", "BadTopic"])

export interface Fault {
  readonly _tag: string
  readonly detail: string
  readonly cure: string
}

export class Recorder {
  /** What was met that every further row would meet. */
  halted: Fault | undefined
  /** Why nothing more can be written. */
  failure: Failure | undefined
  private readonly options: RecorderOptions
  private readonly feed: Feed
  private readonly alone = Semaphore.makeUnsafe(1)

  constructor(options: RecorderOptions, feed: Feed) {
    this.options = options
    this.feed = feed
  }

  readonly onResults = (results: ReadonlyArray<SendResult<RowNotification>>): Effect.Effect<void> => {
    for (const result of results) this.record(result)
    const bytes = (this.options.results?.output.bytes ?? 0) + (this.options.deadTokens?.output.bytes ?? 0)
    return bytes < writeAt ? Effect.void : this.flush
  }

  private record(result: SendResult<RowNotification>): void {
    const { deadTokens, failedOnly, journal, results, tally } = this.options
    const { notification } = result
    this.feed.settle(notification)
    if (result.outcome === "accepted") {
      tally.counts.accepted++
      journal?.settle(notification.row, true)
      if (results !== undefined && !failedOnly) {
        results.output.add(acceptedLine(results.format, notification, result.receipt))
      }
      return
    }
    const { error } = result
    const { reason } = error
    const outcome = outcomeOf(error)
    tally.add(outcome, reason._tag, error.cure)
    if (outcome !== "unknown") journal?.settle(notification.row, isDone(notification, error))
    results?.output.add(errorLine(results.format, notification, outcome, error))
    if (error.action === "dropToken") {
      tally.deadTokens++
      deadTokens?.output.add(deadLine(deadTokens.format, notification, error))
    }
    if (breaksAll(notification, error)) this.halt(error.reason)
    else if (reason._tag === "Halted" && !(ofTopic.has(reason.by._tag) && this.options.rows.hasTopics)) {
      this.halt(reason.by)
    }
  }

  private halt(by: Fault): void {
    this.halted ??= by
    this.feed.stop()
  }

  readonly onBadRow = (row: BadRow): void => {
    const { journal, results, tally } = this.options
    tally.add("invalid", "InvalidRow", "The results say which lines, and what is wrong with them.")
    journal?.settle(row.row, true)
    results?.output.add(badLine(results.format, row))
  }

  /** Counts what is given up: it may have arrived. */
  giveUp(): void {
    const { results, tally } = this.options
    for (const { rows } of this.feed.batches) {
      for (const row of rows) {
        if (row.batch === undefined) continue
        tally.add("unknown", "Interrupted", "It may have arrived. --resume --replay-unknown sends it again.")
        results?.output.add(givenUpLine(results.format, row))
      }
    }
  }

  /** Writes results, and then that their rows are done. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => this.alone.withPermit(this.write))

  private readonly write: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const { deadTokens, journal, results } = this.options
    const notes = journal?.takeNotes()
    for (const target of [results, deadTokens]) {
      if (target === undefined) continue
      yield* target.output.flush
      this.failure ??= target.output.failure
    }
    if (journal !== undefined && notes !== undefined) {
      try {
        journal.write(notes)
      } catch (cause) {
        this.failure ??= unwritableJournal(journal.path, cause)
      }
    }
    if (this.failure !== undefined) this.feed.stop()
  })
}
