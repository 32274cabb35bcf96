/** What a row can say beside the variables of the template. */
import * as Result from "effect/Result"
import { badInput, type Failure } from "../Failure.ts"
import { nearest } from "../nearest.ts"

/** The columns of CSV, and the keys of NDJSON, that mean something by themselves. */
export const columns = [
  "device",
  "payload",
  "id",
  "push-type",
  "topic",
  "collapse-id",
  "expiration",
  "priority"
] as const

export type Column = (typeof columns)[number]

const known: ReadonlySet<string> = new Set(columns)

export const isColumn = (name: string): name is Column => known.has(name)

/** A device token, as it stands alone on a line. */
const bareToken = /^(?:[0-9a-fA-F]{2}){8,}$/

/** Whether the first record is a row already: a file of nothing but device tokens needs no header. */
export const isBare = (fields: ReadonlyArray<string>): boolean => fields.length === 1 && bareToken.test(fields[0] ?? "")

/** What is wrong with a name, and the one that was probably meant. */
export const unheard = (name: string, names: ReadonlyArray<string>): string => {
  const near = nearest(name, names)
  return near === undefined ? "" : `Did you mean ${near}?`
}

/** A name as it is shown. What is longer than a name is a value, maybe a device token, in the place of a header. */
export const shown = (name: string): string => JSON.stringify(name.length > 32 ? `${name.slice(0, 8)}…` : name)

const list = (names: ReadonlyArray<string>) => names.map(shown).join(", ")

export interface Header {
  readonly names: ReadonlyArray<string>
  /** Columns that nothing reads. */
  readonly unused: ReadonlyArray<string>
}

/** The header of CSV against what rows must and can say; `variables` are the template's, if there is one. */
export const checkHeader = (
  fields: ReadonlyArray<string>,
  variables: ReadonlyArray<string> | undefined
): Result.Result<Header, Failure> => {
  const names = fields.map((field) => field.trim())
  const readable = [...columns, ...(variables ?? [])]
  const twice = names.find((name, at) => name !== "" && names.indexOf(name) !== at)
  if (twice !== undefined) return Result.fail(badInput(`line 1 has the column ${shown(twice)} twice`))
  const spare = names.filter((name) => !readable.includes(name))
  for (const needed of ["device", ...(variables ?? ["payload"])]) {
    if (names.includes(needed)) continue
    const near = nearest(needed, spare)
    const what = needed === "device" || variables === undefined ? "" : ", which the template reads"
    const cure =
      needed === "payload" ? "Give a payload: a column of JSON, or --template." : `There are: ${list(names)}.`
    return Result.fail(
      badInput(
        `line 1 has no column ${shown(needed)}${what}`,
        near === undefined ? cure : `Did you mean it by the column ${shown(near)}?`
      )
    )
  }
  for (const name of spare) {
    const near = nearest(name, readable)
    if (near !== undefined && !names.includes(near)) {
      return Result.fail(badInput(`line 1 has an unknown column ${shown(name)}`, `Did you mean ${near}?`))
    }
  }
  return Result.succeed({ names, unused: spare })
}
