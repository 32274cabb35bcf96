/** From text or bytes to a JSON object, or in words that a person can act upon why not. */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { jsonProblem } from "./jsonProblem.ts"

export interface JsonTextProblem {
  readonly problem: string
  readonly cure: string
  /** Counted from 1; the column in UTF-16 code units, as editors count. */
  readonly position?: { readonly line: number; readonly column: number } | undefined
}

/** For values that come from JSON alone, whose objects are JSON objects. */
export const isJsonObject = (value: unknown): value is Schema.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `JSON.parse` makes infinity of numbers that are too large, and `JSON.stringify` makes `null` of infinity. */
export const finite = (_: string, value: unknown): unknown => {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("not a number that JSON can keep")
  return value
}

const textOf = (source: string | Uint8Array): string | undefined => {
  if (typeof source === "string") return source.replace(/^\uFEFF/, "")
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(source)
  } catch {
    return undefined
  }
}

const fail = (problem: string, cure: string, position?: JsonTextProblem["position"]) =>
  Result.fail({ problem, cure, position })

/** The object that the text is; `expected` tells what to give where it is another value. */
export const jsonObject = (
  source: string | Uint8Array,
  expected: string
): Result.Result<Schema.JsonObject, JsonTextProblem> => {
  const text = textOf(source)
  if (text === undefined) return fail("is not UTF-8", "Save it as UTF-8.")
  let value: unknown
  try {
    value = JSON.parse(text, finite)
  } catch {
    const found = jsonProblem(text)
    if (found === undefined) {
      return fail("holds a number out of range, or is nested too deeply", "Give values that JSON can keep.")
    }
    const { column, line, problem } = found
    return fail(`is not JSON: ${problem}`, "Mend it there.", { line, column })
  }
  return isJsonObject(value) ? Result.succeed(value) : fail("is not an object", expected)
}
