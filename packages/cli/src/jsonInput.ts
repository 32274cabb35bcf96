/**
 * A JSON object that a flag gives: as it is, in a file, or on standard input.
 *
 * @since 0.1.0
 */
import { readFile } from "node:fs/promises"
import { text } from "node:stream/consumers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as ApnsFile from "effect-apns/ApnsFile"
import { badInput, type Failure } from "./Failure.ts"

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error")

/** For values that come from JSON alone, whose objects are JSON objects. */
const isJsonObject = (value: unknown): value is Schema.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Where and why a text is not JSON, in the words of the library. */
const problemOf = (source: string): string => {
  const read = ApnsFile.read(source)
  if (Result.isSuccess(read)) return "is not JSON"
  const { position, problem } = read.failure
  return position === undefined ? problem : `${problem} at line ${position.line}, column ${position.column}`
}

const readAll = (given: string, origin: string): Effect.Effect<string, Failure> =>
  Effect.tryPromise({
    try: () => (given === "-" ? text(process.stdin) : readFile(given, "utf8")),
    catch: (cause) =>
      badInput(
        `${origin} cannot be read (${codeOf(cause)})`,
        "Check the path and its permissions, or give JSON, or - for standard input.",
        cause
      )
  })

/**
 * The JSON object that a flag gives: text that begins with a brace is the object itself, `-` is standard input, all else is the
 * path of a file. Fails in one line, which names the line and column of what is not JSON.
 *
 * @category constructors
 * @since 0.1.0
 */
export const jsonObject = (flag: string, given: string): Effect.Effect<Schema.JsonObject, Failure> =>
  Effect.gen(function* () {
    const inline = given.trimStart().startsWith("{")
    const origin = inline ? `--${flag}` : given === "-" ? `--${flag} (standard input)` : `--${flag}: ${given}`
    const source = inline ? given : yield* readAll(given, origin)
    const value = yield* Effect.try({
      try: (): unknown => JSON.parse(source.replace(/^\uFEFF/, "")),
      catch: (cause) => badInput(`${origin} ${problemOf(source)}`, "Mend it there.", cause)
    })
    return isJsonObject(value)
      ? value
      : yield* badInput(`${origin} is no JSON object`, 'Give an object, such as {"score":1}.')
  })
