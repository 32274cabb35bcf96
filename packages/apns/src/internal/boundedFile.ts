/** Reading a file that ought to be small, whatever it is: a pipe nobody writes to and a device without end, too. */
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** Why a file was not read: `code` is that of the operating system, or one of these. */
export class Unreadable extends Data.TaggedError("Unreadable")<{
  readonly code: "TOO_LARGE" | "SILENT" | (string & {})
  /** Its size, where it has one. */
  readonly bytes?: number
  readonly cause?: unknown
}> {}

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error")

const unreadable = (cause: unknown) => new Unreadable({ code: codeOf(cause), cause })

/** How long a pipe may take to say anything, and between two parts. */
const patienceMillis = 10_000
const pauseMillis = 10

/** `undefined`: nothing is there for now. */
const some = (file: FileHandle, chunk: Uint8Array) =>
  Effect.tryPromise({
    try: () => file.read(chunk, 0, chunk.length, null).then(({ bytesRead }) => bytesRead),
    catch: unreadable
  }).pipe(
    Effect.catchIf(
      ({ code }) => code === "EAGAIN",
      () => Effect.succeed(undefined)
    )
  )

const whole = Effect.fnUntraced(function* (file: FileHandle, maximumBytes: number) {
  const found = yield* Effect.tryPromise({ try: () => file.stat(), catch: unreadable })
  if (found.isDirectory()) return yield* new Unreadable({ code: "EISDIR" })
  if (found.size > maximumBytes) return yield* new Unreadable({ code: "TOO_LARGE", bytes: found.size })
  const chunk = Buffer.alloc(maximumBytes + 1)
  let bytes = 0
  let waitedMillis = 0
  while (true) {
    const read = yield* some(file, chunk.subarray(bytes))
    // The end; or, of a pipe by name, that nobody has begun to write.
    if (read === 0 && (bytes > 0 || !found.isFIFO())) return new Uint8Array(chunk.subarray(0, bytes))
    if (read === undefined || read === 0) {
      if (waitedMillis >= patienceMillis) return yield* new Unreadable({ code: "SILENT" })
      waitedMillis += pauseMillis
      yield* Effect.sleep(pauseMillis)
      continue
    }
    waitedMillis = 0
    bytes += read
    if (bytes > maximumBytes) return yield* new Unreadable({ code: "TOO_LARGE" })
  }
})

/**
 * Reads a file of so many bytes at most. It can be interrupted, and leaves nothing behind that keeps a process: a pipe is not
 * waited for in a thread, but asked now and then.
 */
export const readBounded = (path: string, maximumBytes: number): Effect.Effect<Uint8Array, Unreadable> =>
  Effect.acquireUseRelease(
    Effect.tryPromise({ try: () => open(path, constants.O_RDONLY | constants.O_NONBLOCK), catch: unreadable }),
    (file) => whole(file, maximumBytes),
    (file) => Effect.promise(() => file.close().catch(() => {}))
  )
