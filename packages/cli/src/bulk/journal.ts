/**
 * The resume file: which rows were handed over to be sent, and what is known of them.
 *
 * It is written before a row is handed over and after its result is written, so that a row that may have been sent is never
 * taken for one that was not, however the process ends. A row is in one of four states: not handed over; done; to be sent
 * again, which cannot make a duplicate; or handed over with no result known, which may have arrived. Its first line is a
 * snapshot, in JSON; further lines tell what has happened since, and are folded into the first from time to time, by
 * writing a new file and renaming it.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { badInput, type Failure } from "../Failure.ts"
import { unwritable } from "./output.ts"
import { Ranges } from "./ranges.ts"

/** What a resume file is of: rows are counted in this input, read in this way. */
export const Tie = Schema.Struct({
  bytes: Schema.Number,
  sha256: Schema.String,
  format: Schema.Literals(["csv", "ndjson"])
})

export type Tie = typeof Tie.Type

const rows = Schema.optionalKey(Schema.String)

const Entry = Schema.Struct({ given: rows, done: rows, again: rows })

const Snapshot = Schema.Struct({ version: Schema.Literal(1), input: Tie, ...Entry.fields })

const readEntry = Schema.decodeUnknownOption(Schema.fromJsonString(Entry))
const readSnapshot = Schema.decodeUnknownOption(Schema.fromJsonString(Snapshot))

/** What is known of the rows. */
export class Known {
  /** Handed over, some time. */
  readonly given = new Ranges()
  /** Not to be sent again. */
  readonly done = new Ranges()
  /** Was not accepted, and can be sent again. */
  readonly again = new Ranges()

  /** The handed over whose result is not known: they may have arrived. */
  get unknown(): number {
    return this.given.size - this.done.size - this.again.size
  }

  /** Takes in an entry; says whether its ranges are some. */
  take({ again = "", done = "", given = "" }: typeof Entry.Type): boolean {
    const nowGiven = Ranges.parse(given)
    const nowDone = Ranges.parse(done)
    const nowAgain = Ranges.parse(again)
    if (nowGiven === undefined || nowDone === undefined || nowAgain === undefined) return false
    this.give(nowGiven)
    this.settle(nowDone, nowAgain)
    return true
  }

  give(given: Ranges): void {
    this.given.addAll(given)
    this.again.removeAll(given)
  }

  settle(done: Ranges, again: Ranges): void {
    this.done.addAll(done)
    this.again.addAll(again)
  }
}

/** A resume file as it was found. */
export interface Found {
  readonly input: Tie
  readonly known: Known
}

/** What a resume file says. A last line that was not finished, as when the process was killed, does not count. */
export const readJournal = (path: string): Result.Result<Found, Failure> => {
  const fail = (problem: string, cause?: unknown) =>
    Result.fail(
      badInput(`${path} ${problem}`, "Give the resume file of this input, or begin again without --resume.", cause)
    )
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
    return fail(code === "ENOENT" ? "does not exist: there is nothing to resume" : `cannot be read (${code})`, cause)
  }
  const [first = "", ...more] = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1)
  const snapshot = readSnapshot(first)
  if (Option.isNone(snapshot)) return fail("is not a resume file")
  const { input, version: _, ...entry } = snapshot.value
  const known = new Known()
  // In a snapshot a row is given before it is anything else, as in any entry.
  if (!known.take(entry)) return fail("is not a resume file")
  for (const [at, line] of more.entries()) {
    const entry = readEntry(line)
    if (Option.isNone(entry) || !known.take(entry.value)) return fail(`is damaged on line ${at + 2}`)
  }
  return Result.succeed({ input, known })
}

/** As much is appended before the file is written anew, at least. */
const appendedAtMost = 1_048_576

/** That the file cannot be written: without it nothing is sent. */
export const unwritableJournal = (path: string, cause: unknown): Failure =>
  unwritable(path, cause, "Nothing is sent without it. --resume-file puts it elsewhere.")

/** Numbers of rows, in any order. */
export interface Notes {
  readonly done: ReadonlyArray<number>
  readonly again: ReadonlyArray<number>
}

/** The resume file as it is written. Its methods throw what the file system says. */
export class Journal {
  readonly path: string
  readonly known: Known
  private readonly input: Tie
  private file: number | undefined
  private appended = 0
  private snapshotBytes = 0
  private done: Array<number> = []
  private again: Array<number> = []

  constructor(path: string, input: Tie, known: Known) {
    this.path = path
    this.input = input
    this.known = known
    this.snapshot()
  }

  /** Says that rows are about to be handed over. */
  give(rows: ReadonlyArray<{ readonly row: number }>): void {
    const given = Ranges.of(rows.map(({ row }) => row))
    this.append(`{"given":"${given}"}\n`)
    this.known.give(given)
  }

  /** Notes what became of a row. */
  settle(row: number, isDone: boolean): void {
    ;(isDone ? this.done : this.again).push(row)
  }

  /** What was noted since it was last taken; to be written once the results of those rows are. */
  takeNotes(): Notes {
    const notes = { done: this.done, again: this.again }
    this.done = []
    this.again = []
    return notes
  }

  write(notes: Notes): void {
    if (notes.done.length + notes.again.length === 0) return
    const done = Ranges.of(notes.done)
    const again = Ranges.of(notes.again)
    this.append(`{"done":"${done}","again":"${again}"}\n`)
    this.known.settle(done, again)
    if (this.appended > appendedAtMost + this.snapshotBytes) this.snapshot()
  }

  /** Leaves the file for who goes on, as one line. */
  leave(): void {
    this.snapshot()
    this.close()
  }

  /** Removes the file: nothing is left to be done. */
  remove(): void {
    this.close()
    rmSync(this.path, { force: true })
  }

  private close(): void {
    if (this.file !== undefined) closeSync(this.file)
    this.file = undefined
  }

  private append(line: string): void {
    if (this.file === undefined) return
    writeAll(this.file, line)
    this.appended += line.length
  }

  private snapshot(): void {
    const { again, done, given } = this.known
    const text = `${JSON.stringify({
      version: 1,
      input: this.input,
      given: String(given),
      done: String(done),
      again: String(again)
    })}\n`
    const fresh = `${this.path}.new`
    const file = openSync(fresh, "w", 0o600)
    try {
      writeAll(file, text)
      fsyncSync(file)
      renameSync(fresh, this.path)
    } catch (cause) {
      closeSync(file)
      rmSync(fresh, { force: true })
      throw cause
    }
    this.close()
    this.file = file
    this.appended = 0
    this.snapshotBytes = text.length
  }
}

const writeAll = (file: number, text: string): void => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}
