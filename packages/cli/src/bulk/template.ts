/**
 * A payload with places for each row's values: `{{name}}` in its texts. A text that is nothing but one place becomes the
 * value itself, whatever its JSON type; `{{name:json}}` reads a text, as all values of CSV are, as JSON.
 */
import * as Result from "effect/Result"
import * as PayloadInspection from "effect-apns/PayloadInspection"

/** The value of a name in a row; `undefined` where it has none. */
export type ValueOf = (name: string) => unknown

interface Place {
  readonly name: string
  /** Where it stands in the payload, as in `aps.alert.body`. */
  readonly path: string
  readonly as: "value" | "json" | "text"
}

/** Why a row does not fit: which of its columns, and what is wrong with it. */
export interface Misfit {
  readonly column: string
  readonly problem: string
}

export interface Template {
  /** What it reads of a row, each name once; none where it is the same for all. */
  readonly names: ReadonlyArray<string>
  /** The payload's JSON. */
  readonly render: (valueOf: ValueOf) => Result.Result<string, Misfit>
}

const place = /\{\{([^{}]+)\}\}/g

/** Inside of a text in JSON. */
const escaped = (text: string) => JSON.stringify(text).slice(1, -1)

const placeOf = (said: string, path: string, isWhole: boolean): Place => {
  const json = /^(.*):\s*json$/.exec(said.trim())
  if (isWhole && json !== null) return { name: (json[1] ?? "").trim(), path, as: "json" }
  return { name: said.trim(), path, as: isWhole ? "value" : "text" }
}

const partsOfText = (text: string, path: string): ReadonlyArray<string | Place> => {
  const found = [...text.matchAll(place)]
  if (found.length === 1 && found[0]?.[0] === text) return [placeOf(found[0][1] ?? "", path, true)]
  const parts: Array<string | Place> = ['"']
  let at = 0
  for (const match of found) {
    parts.push(escaped(text.slice(at, match.index)), placeOf(match[1] ?? "", path, false))
    at = match.index + match[0].length
  }
  return [...parts, `${escaped(text.slice(at))}"`]
}

const partsOf = (value: unknown, path: string): ReadonlyArray<string | Place> => {
  if (typeof value === "string") return partsOfText(value, path)
  if (typeof value !== "object" || value === null) return [JSON.stringify(value)]
  const isArray = Array.isArray(value)
  const inner = Object.entries(value).flatMap(([key, item], index) => [
    index === 0 ? "" : ",",
    isArray ? "" : `${JSON.stringify(key)}:`,
    ...partsOf(item, isArray ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`)
  ])
  return isArray ? ["[", ...inner, "]"] : ["{", ...inner, "}"]
}

/** Neighbouring texts become one. */
const merged = (parts: ReadonlyArray<string | Place>): ReadonlyArray<string | Place> => {
  const all: Array<string | Place> = []
  for (const part of parts) {
    const last = all.at(-1)
    if (typeof part === "string" && typeof last === "string") all[all.length - 1] = last + part
    else all.push(part)
  }
  return all
}

const misfit = (column: string, problem: string) => Result.fail<Misfit>({ column, problem })

const written = ({ as, name, path }: Place, value: unknown): Result.Result<string, Misfit> => {
  if (value === undefined) return misfit(name, `is missing, and the template has it in ${path}`)
  if (as === "json" && typeof value === "string") {
    const read = PayloadInspection.readValue(value)
    if (Result.isSuccess(read)) return Result.succeed(JSON.stringify(read.success))
    return misfit(name, `${read.failure.problem}, and {{${name}:json}} in ${path} asks for JSON`)
  }
  if (as !== "text") return Result.succeed(JSON.stringify(value))
  if (typeof value === "string") return Result.succeed(escaped(value))
  if (typeof value === "number" || typeof value === "boolean") return Result.succeed(String(value))
  return misfit(name, `is ${value === null ? "null" : "an object"}, which the text in ${path} cannot hold`)
}

/** The template that a payload is; its keys are taken as they are. */
export const compile = (payload: object): Template => {
  const parts = merged(partsOf(payload, ""))
  const names = new Set(parts.flatMap((part) => (typeof part === "string" ? [] : [part.name])))
  return {
    names: [...names],
    render: (valueOf) => {
      let json = ""
      for (const part of parts) {
        if (typeof part === "string") json += part
        else {
          const text = written(part, valueOf(part.name))
          if (Result.isFailure(text)) return text
          json += text.success
        }
      }
      return Result.succeed(json)
    }
  }
}
