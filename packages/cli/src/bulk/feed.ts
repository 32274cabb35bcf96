/** The Stream of notifications that `sendAll` is given: rows in batches, at a rate, until there are no more or it is stopped. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Failure } from "../Failure.ts"
import type { Input } from "./input.ts"
import { type Journal, unwritableJournal } from "./journal.ts"
import { BadRow, Batch, type RowNotification } from "./rows.ts"

export interface FeedOptions {
  readonly input: Input
  /** Nothing where the input cannot be read again. */
  readonly journal: Journal | undefined
  readonly replayUnknown: boolean
  /** Rows a second, at most. */
  readonly rate: number | undefined
  readonly concurrency: number | undefined
  readonly onBadRow: (row: BadRow) => void
}

/** Rows handed over at a time, at most: what is handed over is sent, and each time is noted. */
const batchRows = 512

/** How often a second rows are handed over where there is a rate. */
const batchesPerSecond = 20

export class Feed {
  /** What was handed over and has not all its results. */
  readonly batches = new Set<Batch>()
  /** All rows have been handed over. */
  isExhausted = false
  /** Rows that were left out because they are done, or may have arrived. */
  skipped = 0
  private readonly options: FeedOptions
  private readonly stopped = Deferred.makeUnsafe<void>()
  private isStopped = false
  private rows: ReadonlyArray<RowNotification> = []
  private at = 0
  private dueMillis = 0
  /** Of the input, before and after the rows that are being handed over. */
  private positions: readonly [number, number] = [0, 0]
  private readonly size: number

  constructor(options: FeedOptions) {
    this.options = options
    const { concurrency = Number.POSITIVE_INFINITY, rate = Number.POSITIVE_INFINITY } = options
    this.size = Math.max(1, Math.floor(Math.min(batchRows, concurrency / 4, rate / batchesPerSecond)))
  }

  /** Hands over no more. */
  stop(): void {
    this.isStopped = true
    Deferred.doneUnsafe(this.stopped, Effect.void)
  }

  get notifications(): Stream.Stream<RowNotification, Failure> {
    return Stream.fromPull(Effect.succeed(this.pull))
  }

  /** Notes that a row has its result. */
  settle(row: RowNotification): void {
    const { batch } = row
    if (batch === undefined) return
    row.batch = undefined
    if (--batch.open === 0) this.batches.delete(batch)
  }

  /** How far it is in the input, in bytes, as near as can be told. */
  get position(): number {
    const [before, after] = this.positions
    return this.rows.length === 0 ? after : before + ((after - before) * this.at) / this.rows.length
  }

  /** Rows on their way. */
  get underWay(): number {
    let rows = 0
    for (const { open } of this.batches) rows += open
    return rows
  }

  private readonly isWanted = (row: number): boolean => {
    const known = this.options.journal?.known
    if (known === undefined || !known.given.has(row)) return true
    if (!known.done.has(row) && (known.again.has(row) || this.options.replayUnknown)) return true
    this.skipped++
    return false
  }

  private readonly read: Effect.Effect<void, Failure | Cause.Done> = Effect.suspend(() =>
    Effect.flatMap(this.options.input.next(this.isWanted), (found): Effect.Effect<void, Failure | Cause.Done> => {
      if (found === undefined) {
        this.isExhausted = true
        return Cause.done()
      }
      const rows: Array<RowNotification> = []
      const bad: Array<BadRow> = []
      for (const row of found) {
        if (row instanceof BadRow) bad.push(row)
        else rows.push(row)
      }
      this.rows = rows
      this.at = 0
      this.positions = [this.positions[1], this.options.input.position()]
      if (bad.length === 0) return Effect.void
      return Effect.map(this.give(bad), () => {
        for (const row of bad) this.options.onBadRow(row)
      })
    })
  )

  private give(rows: ReadonlyArray<{ readonly row: number }>): Effect.Effect<void, Failure> {
    const { journal } = this.options
    if (journal === undefined) return Effect.void
    return Effect.try({ try: () => journal.give(rows), catch: (cause) => unwritableJournal(journal.path, cause) })
  }

  /** Waits until that many rows are due. */
  private pace(rows: number): Effect.Effect<void> {
    const { rate } = this.options
    if (rate === undefined) return Effect.void
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const wait = Math.max(0, this.dueMillis - now)
      this.dueMillis = now + wait + (rows * 1000) / rate
      return wait === 0 ? Effect.void : Effect.sleep(wait)
    })
  }

  private readonly pull: Effect.Effect<Arr.NonEmptyReadonlyArray<RowNotification>, Failure | Cause.Done> = Effect.gen(
    { self: this },
    function* () {
      while (!this.isStopped && this.at >= this.rows.length)
        yield* Effect.raceFirst(this.read, Deferred.await(this.stopped))
      const rows = this.rows.slice(this.at, this.at + this.size)
      if (!this.isStopped) yield* Effect.raceFirst(this.pace(rows.length), Deferred.await(this.stopped))
      if (this.isStopped || !Arr.isReadonlyArrayNonEmpty(rows)) return yield* Cause.done()
      this.at += rows.length
      yield* this.give(rows)
      this.batches.add(new Batch(rows))
      return rows
    }
  )
}
