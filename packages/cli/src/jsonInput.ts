/**
 * A JSON object that a flag gives: as it is, in a file, or on standard input.
 *
 * @since 0.1.0
 */
import { readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as PayloadInspection from "effect-apns/PayloadInspection"
import { badInput, type Failure } from "./Failure.ts"
import { codeOf, standardInput } from "./input.ts"

/** For values that come from JSON alone, whose objects are JSON objects. */
const isJsonObject = (value: unknown): value is Schema.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const whereOf = ({ position, problem }: PayloadInspection.InvalidPayloadText) =>
  position === undefined ? problem : `${problem} at line ${position.line}, column ${position.column}`

/**
 * Where and why a text is not JSON, in the words of the library, as in "is not JSON: … at line 7, column 3"; `undefined` of
 * JSON.
 *
 * @category getters
 * @since 0.1.0
 */
export const jsonProblem = (source: string): string | undefined => {
  const read = PayloadInspection.readValue(source)
  return Result.isSuccess(read) ? undefined : whereOf(read.failure)
}

const cure = "Give the path of a file, JSON itself, or - for standard input."

const readAll = (given: string, origin: string): Effect.Effect<string, Failure> =>
  given === "-"
    ? Effect.map(standardInput("JSON on standard input", cure), (bytes) => bytes.toString("utf8"))
    : Effect.tryPromise({
        try: () => readFile(given, "utf8"),
        catch: (cause) => badInput(`${origin} cannot be read (${codeOf(cause)})`, cure, cause)
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
    const source = (inline ? given : yield* readAll(given, origin)).replace(/^\uFEFF/, "")
    const value = yield* Effect.mapError(Effect.fromResult(PayloadInspection.readValue(source)), (error) =>
      badInput(`${origin} ${whereOf(error)}`, error.cure, error)
    )
    return isJsonObject(value)
      ? value
      : yield* badInput(`${origin} is no JSON object`, 'Give an object, such as {"score":1}.')
  })
