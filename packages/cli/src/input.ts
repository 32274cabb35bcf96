/**
 * What a command reads whole: a file, or standard input where its name is `-`.
 *
 * @since 0.1.0
 */
import { readFile } from "node:fs/promises"
import { buffer } from "node:stream/consumers"
import * as Effect from "effect/Effect"
import { badInput, type Failure } from "./Failure.ts"
import { Process } from "./Process.ts"

/**
 * What a system call failed with, such as `ENOENT`.
 *
 * @category getters
 * @since 0.1.0
 */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"

/**
 * Everything that comes on standard input. Fails where that is a terminal, on which nobody knows that they are to type; `cure`
 * tells what to do.
 *
 * @category constructors
 * @since 0.1.0
 */
export const standardInput = (what: string, cure: string): Effect.Effect<Buffer, Failure> =>
  Effect.flatMap(Process, ({ stdin }) =>
    stdin.isTTY
      ? Effect.fail(badInput(`there is no ${what}`, cure))
      : Effect.tryPromise({
          try: () => buffer(stdin),
          catch: (cause) => badInput(`standard input cannot be read (${codeOf(cause)})`, cure, cause)
        })
  )

/**
 * A secret from a file: its first line. The error does not name the file, in place of which somebody may have written the
 * secret itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const secretLine = (flag: string, path: string): Effect.Effect<string, Failure> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) =>
      badInput(
        `the file of --${flag} cannot be read (${codeOf(cause)})`,
        "Give the path of a file whose first line is the passphrase."
      )
  }).pipe(Effect.map((text) => text.replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0] ?? ""))
