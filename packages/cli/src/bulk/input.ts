/** The rows of a file or of standard input, as they are read. */
import { createHash } from "node:crypto"
import { constants, createReadStream, openSync, type Stats, statSync } from "node:fs"
import { Socket } from "node:net"
import type { Readable } from "node:stream"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { badInput, type Failure } from "../Failure.ts"
import { codeOf } from "../input.ts"
import { Process } from "../Process.ts"
import { checkHeader, isBare } from "./columns.ts"
import { type Broken, type CsvRecord, CsvRecords } from "./csv.ts"
import type { Tie } from "./journal.ts"
import { Lines } from "./ndjson.ts"
import type { Format } from "./output.ts"
import type { BadRow, RowNotification, Rows } from "./rows.ts"
import type { Template } from "./template.ts"

export interface InputOptions {
  /** A path, or `-` for standard input. */
  readonly path: string
  readonly format: Format | undefined
  readonly rows: Rows
  readonly template: Template | undefined
}

/** The name in messages. */
export const nameOf = (path: string): string => (path === "-" ? "standard input" : path)

const meanings: Readonly<Record<string, string>> = { ENOENT: "it does not exist", EISDIR: "it is a folder" }

const unreadable = (path: string, code: string, cause?: unknown) =>
  badInput(`${nameOf(path)} cannot be read (${meanings[code] ?? code})`, undefined, cause)

const stats = (path: string): Effect.Effect<Stats, Failure> =>
  Effect.try({ try: () => statSync(path), catch: (cause) => unreadable(path, codeOf(cause), cause) })

/** Whether it can be read again from its beginning. */
export const isFile = (path: string): Effect.Effect<boolean, Failure> =>
  path === "-" ? Effect.succeed(false) : Effect.map(stats(path), (stat) => stat.isFile())

/** What the resume file of an input is tied to: all of its content. */
export const tieOf = (path: string, format: Format): Effect.Effect<Tie, Failure> =>
  Effect.tryPromise({
    try: async () => {
      const hash = createHash("sha256")
      let bytes = 0
      for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
        hash.update(chunk)
        bytes += chunk.length
      }
      return { bytes, sha256: hash.digest("hex"), format }
    },
    catch: (cause) => unreadable(path, codeOf(cause), cause)
  })

const formatIn = (path: string, text: string): Format => {
  if (/\.(?:ndjson|jsonl|json)$/i.test(path)) return "ndjson"
  if (/\.(?:csv|tsv|txt)$/i.test(path)) return "csv"
  return text.trimStart().startsWith("{") ? "ndjson" : "csv"
}

/** Bytes read at a time: some thousand rows. */
const readBytes = 131_072

/** A piece of the input's text. */
interface Piece {
  readonly text: string
  readonly isLast: boolean
}

/** The input as text, in pieces. */
class Pieces {
  /** Bytes read so far. */
  position = 0
  private readonly chunks: AsyncIterator<Buffer>
  private readonly decoder = new TextDecoder("utf-8", { fatal: true })

  constructor(chunks: AsyncIterator<Buffer>) {
    this.chunks = chunks
  }

  async next(): Promise<Piece> {
    const chunk = await this.chunks.next()
    if (chunk.done === true) return { text: this.decoder.decode(), isLast: true }
    this.position += chunk.value.length
    return { text: this.decoder.decode(chunk.value, { stream: true }), isLast: false }
  }
}

/** An input that is being read. */
export interface Input {
  readonly name: string
  readonly format: Format
  /** In bytes, where that is known. */
  readonly size: number | undefined
  /** Bytes read so far. */
  readonly position: () => number
  /** Columns of CSV that nothing reads. */
  readonly unused: ReadonlyArray<string>
  /** The next rows, without those that are not wanted; nothing after the last. */
  readonly next: (
    isWanted: (row: number) => boolean
  ) => Effect.Effect<ReadonlyArray<RowNotification | BadRow> | undefined, Failure>
}

const brokenAt = (name: string, { line, problem }: Broken): Failure =>
  badInput(
    `${name}: line ${line} ${problem}`,
    "Nothing from there on was sent. Mend it, and send it as an input of its own."
  )

const wrongBytes = (name: string, cause: unknown): Failure =>
  codeOf(cause) === "ERR_ENCODING_INVALID_ENCODED_DATA"
    ? badInput(`${name} is not UTF-8`, "Save it as UTF-8. What the results do not name was not sent.", cause)
    : badInput(`${name} cannot be read (${codeOf(cause)})`, undefined, cause)

/** A read that waits in a thread of its own, as those of files do, would keep the process from ending. */
const streamOf = (path: string, isPipe: boolean): Readable => {
  if (isPipe) return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) })
  return createReadStream(path, { highWaterMark: readBytes })
}

/**
 * Opens an input and reads what it begins with: its format, and of CSV the header.
 *
 * Fails where that is wrong, with nothing sent.
 */
export const open = ({
  format: given,
  path,
  rows,
  template
}: InputOptions): Effect.Effect<Input, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const name = nameOf(path)
    const stat = path === "-" ? undefined : yield* stats(path)
    if (stat?.isDirectory()) return yield* unreadable(path, "EISDIR")
    const stream =
      path === "-"
        ? (yield* Process).stdin
        : yield* Effect.try({
            try: () => streamOf(path, stat?.isFIFO() ?? false),
            catch: (cause) => unreadable(path, codeOf(cause), cause)
          })
    yield* Effect.addFinalizer(() => Effect.sync(() => stream.destroy()))
    const pieces = new Pieces(stream[Symbol.asyncIterator]())
    const piece = Effect.tryPromise({ try: () => pieces.next(), catch: (cause) => wrongBytes(name, cause) })

    let first = yield* piece
    while (first.text.trim() === "" && !first.isLast) {
      const { isLast, text } = yield* piece
      first = { text: first.text + text, isLast }
    }
    if (first.text.trim() === "") return yield* badInput(`${name} has no rows`)
    const format = given ?? formatIn(path, first.text)
    const records = new CsvRecords()
    const lines = new Lines()
    let count = 0
    let unused: ReadonlyArray<string> = []

    let pending: ReadonlyArray<CsvRecord> = []
    let last = first
    if (format === "csv") {
      pending = records.read(first.text, first.isLast)
      while (pending.length === 0 && !last.isLast && records.broken === undefined) {
        last = yield* piece
        pending = records.read(last.text, last.isLast)
      }
      if (pending.length === 0 && records.broken !== undefined) return yield* brokenAt(name, records.broken)
      const [head] = pending
      if (head === undefined) return yield* badInput(`${name} has no rows`)
      const isList = isBare(head.fields)
      const header = yield* Effect.fromResult(checkHeader(isList ? ["device"] : head.fields, template?.names)).pipe(
        Effect.mapError(({ cure, problem }) => badInput(`${name}: ${problem}`, cure))
      )
      rows.setHeader(header.names)
      unused = header.unused
      if (!isList) pending = pending.slice(1)
    }

    const made = <A>(
      raws: ReadonlyArray<A>,
      make: (raw: A, row: number) => RowNotification | BadRow,
      isWanted: (row: number) => boolean
    ) => {
      const all: Array<RowNotification | BadRow> = []
      for (const raw of raws) {
        const row = count++
        if (isWanted(row)) all.push(make(raw, row))
      }
      return all
    }

    let isFirst = true
    const next: Input["next"] = (isWanted) =>
      Effect.gen(function* () {
        const broken = records.broken ?? lines.broken
        if (!isFirst && broken !== undefined) return yield* brokenAt(name, broken)
        if (!isFirst && last.isLast) return undefined
        if (!isFirst) last = yield* piece
        const { isLast, text } = last
        const isBegun = !isFirst
        isFirst = false
        if (format === "ndjson") return made(lines.read(text, isLast), (raw, row) => rows.ofLine(raw, row), isWanted)
        const raws = isBegun ? records.read(text, isLast) : pending
        pending = []
        return made(raws, (raw, row) => rows.ofRecord(raw, row), isWanted)
      })
    return { name, format, size: stat?.isFile() ? stat.size : undefined, position: () => pieces.position, unused, next }
  })
