/** From text or bytes to a JSON object, or in words that a person can act upon why not. */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { jsonLoss, jsonProblem } from "./jsonProblem.ts"

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

const longNumber = /\d{16}|\d[.eE]/
const colon = /"[ \t\n\r]*:/g

/** Beyond this, what reads and writes values may overflow its stack; APNs takes 4 KiB. */
const deepest = 2000

/**
 * How many keys there are; `NaN` where JSON cannot keep a number, or values are nested too deeply. A reviver would say so of
 * numbers, at six times the cost.
 */
const keysOf = (value: unknown, depth = 0): number => {
  if (typeof value === "number") return Number.isFinite(value) ? 0 : Number.NaN
  if (typeof value !== "object" || value === null) return 0
  if (depth === deepest) return Number.NaN
  const inner = Object.values(value)
  let keys = Array.isArray(value) ? 0 : inner.length
  for (const one of inner) if (typeof one === "object" || typeof one === "number") keys += keysOf(one, depth + 1)
  return keys
}

const outOfRange = () => fail("holds a number out of range, or is nested too deeply", "Give values that JSON can keep.")

/** The value that the text is, if it is kept as it stands there. */
export const jsonValue = (source: string | Uint8Array): Result.Result<unknown, JsonTextProblem> => {
  const text = textOf(source)
  if (text === undefined) return fail("is not UTF-8", "Save it as UTF-8.")
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const found = jsonProblem(text)
    if (found === undefined) return outOfRange()
    const { column, line, problem } = found
    return fail(`is not JSON: ${problem}`, "Mend it there.", { line, column })
  }
  const keys = keysOf(value)
  if (Number.isNaN(keys)) return outOfRange()
  // Where there are as many keys as colons behind texts, none stood there twice.
  const isPlain = !longNumber.test(text) && keys === (text.match(colon)?.length ?? 0)
  const lost = isPlain ? undefined : jsonLoss(text)
  if (lost === undefined) return Result.succeed(value)
  const { column, line, problem } = lost
  return fail(`has ${problem}`, "Write such numbers as text, and each key once.", { line, column })
}

/** The object that the text is; `expected` tells what to give where it is another value. */
export const jsonObject = (
  source: string | Uint8Array,
  expected: string
): Result.Result<Schema.JsonObject, JsonTextProblem> =>
  Result.flatMap(jsonValue(source), (value) =>
    isJsonObject(value) ? Result.succeed(value) : fail("is not an object", expected)
  )
