/** Files that results are written to, in pieces, with the first error kept. */
import { closeSync, createWriteStream, fstatSync, ftruncateSync, openSync, readSync } from "node:fs"
import type { Writable } from "node:stream"
import * as Effect from "effect/Effect"
import { ExitCode } from "../ExitCode.ts"
import { badInput, Failure } from "../Failure.ts"
import { codeOf } from "../input.ts"
import { Process } from "../Process.ts"

export type Format = "csv" | "ndjson"

/** The format that a file's name says, or the one that is asked for. */
export const formatOf = (path: string, given: Format | undefined): Format =>
  given ?? (path.toLowerCase().endsWith(".csv") ? "csv" : "ndjson")

const meanings: Readonly<Record<string, string>> = {
  EPIPE: "its reader has gone",
  ENOSPC: "the disk is full",
  EACCES: "permission denied",
  EROFS: "its disk is read-only",
  ENOENT: "its folder does not exist",
  EISDIR: "it is a folder"
}

const reasonOf = (cause: unknown): string => {
  const code = codeOf(cause)
  return meanings[code] === undefined ? code : `${meanings[code]}, ${code}`
}

/** Why something could not be written. */
export const unwritable = (name: string, cause: unknown, cure?: string): Failure =>
  new Failure({ problem: `${name} cannot be written (${reasonOf(cause)})`, cure, exitCode: ExitCode.failed, cause })

/** How far back a line break is looked for. */
const tailBytes = 1_048_576

/** Opens a file to go on with it, without the line that a killed process did not finish; says whether it is empty. */
const openToAppend = (path: string): { readonly file: number; readonly isEmpty: boolean } => {
  const file = openSync(path, "a+")
  const { size } = fstatSync(file)
  if (size === 0 || !fstatSync(file).isFile()) return { file, isEmpty: size === 0 }
  const tail = Buffer.alloc(Math.min(size, tailBytes))
  readSync(file, tail, 0, tail.length, size - tail.length)
  const end = tail.lastIndexOf(10) + 1
  if (end > 0) ftruncateSync(file, size - tail.length + end)
  return { file, isEmpty: false }
}

export class Output {
  readonly name: string
  /** Rows that were not written, or not wholly. */
  lost = 0
  failure: Failure | undefined
  /** Whether that is only that its reader has gone. */
  isAbandoned = false
  private readonly stream: Writable
  /** Of a file, which is closed at the end. */
  private readonly file: number | undefined
  private pending = ""
  private rows = 0

  private constructor(name: string, stream: Writable, file?: number) {
    this.name = name
    this.stream = stream
    this.file = file
    stream.on("error", (cause) => this.fail(cause))
  }

  private fail(cause: unknown): void {
    this.failure ??= unwritable(this.name, cause)
    if (codeOf(cause) === "EPIPE") this.isAbandoned = true
  }

  /** Opens a file, or standard output for `-`. `heading` begins it, unless it goes on with what is there. */
  static readonly open = (
    path: string,
    { append, heading }: { readonly append: boolean; readonly heading: string }
  ): Effect.Effect<Output, Failure> =>
    Effect.gen(function* () {
      if (path === "-") {
        const output = new Output("standard output", (yield* Process).stdout)
        output.pending = heading
        return output
      }
      const { file, isEmpty } = yield* Effect.try({
        try: () => (append ? openToAppend(path) : { file: openSync(path, "w"), isEmpty: true }),
        catch: (cause) => badInput(`${path} cannot be written (${reasonOf(cause)})`, undefined, cause)
      })
      const output = new Output(path, createWriteStream(path, { fd: file, autoClose: false }), file)
      if (isEmpty) output.pending = heading
      return output
    })

  add(line: string): void {
    this.pending += line
    this.rows++
  }

  get bytes(): number {
    return this.pending.length
  }

  /** Writes what there is. After an error nothing more is written. */
  readonly flush: Effect.Effect<void> = Effect.callback((resume) => {
    const { pending, rows } = this
    this.pending = ""
    this.rows = 0
    if (this.failure !== undefined || pending === "") {
      this.lost += rows
      return resume(Effect.void)
    }
    this.stream.write(pending, (cause) => {
      if (cause != null) {
        this.fail(cause)
        this.lost += rows
      }
      resume(Effect.void)
    })
  })

  /** Closes a file; it has been flushed. */
  close(): void {
    if (this.file !== undefined) closeSync(this.file)
  }
}
