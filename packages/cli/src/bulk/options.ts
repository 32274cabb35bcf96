/** What `apns bulk` is given, and what is wrong with it before anything is read. */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { badInput, type Failure } from "../Failure.ts"
import type { SettingFlags } from "../Settings.ts"
import type { Format } from "./output.ts"
import { parseJson, type Said } from "./rows.ts"
import { compile, type Template } from "./template.ts"

/** What the command was given. */
export interface BulkInput extends SettingFlags {
  readonly input: string
  readonly format: Option.Option<Format>
  readonly template: Option.Option<string>
  readonly pushType: string
  readonly collapseId: Option.Option<string>
  readonly expiration: Option.Option<string>
  readonly priority: Option.Option<string>
  readonly rate: Option.Option<number>
  readonly concurrency: Option.Option<number>
  readonly results: Option.Option<string>
  readonly resultsFormat: Option.Option<Format>
  readonly failedOnly: boolean
  readonly deadTokens: Option.Option<string>
  readonly strict: boolean
  readonly resume: boolean
  readonly resumeFile: Option.Option<string>
  readonly replayUnknown: boolean
  readonly quiet: boolean
  readonly json: boolean
}

/** A flag's value, if it was given. */
export const get = Option.getOrUndefined

/** The payload in a file, as a template. */
export const readTemplate = (path: string): Effect.Effect<Template, Failure> =>
  Effect.gen(function* () {
    const text = yield* Effect.try({
      try: () => readFileSync(path === "-" ? 0 : path, "utf8"),
      catch: (cause) => {
        const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
        return badInput(
          `the template ${path} cannot be read (${code === "ENOENT" ? "it does not exist" : code})`,
          undefined,
          cause
        )
      }
    })
    const { problem, value } = parseJson(text.replace(/^\uFEFF/, ""))
    if (problem !== undefined) return yield* badInput(`the template ${path} ${problem}`)
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return yield* badInput(
        `the template ${path} is not an object`,
        'Give a payload, such as {"aps": {"alert": "Hello"}}.'
      )
    }
    return compile(value)
  })

/** What the flags say for all rows. */
export const saidOf = (flags: BulkInput): Said => ({
  pushType: flags.pushType,
  priority: get(flags.priority),
  expiration: get(flags.expiration),
  collapseId: get(flags.collapseId)
})

/** What is wrong with the flags, as far as they alone tell. */
export const checkFlags = (flags: BulkInput): Failure | undefined => {
  const rate = get(flags.rate) ?? 1
  const concurrency = get(flags.concurrency) ?? 1
  if (rate <= 0) return badInput("--rate is not above 0", "Give how many rows a second.")
  if (concurrency < 1) return badInput("--concurrency is not above 0", "Give how many may be under way.")
  if (flags.json && get(flags.results) === "-") {
    return badInput("--json and --results - both want standard output", "Write the results to a file.")
  }
  const written = [get(flags.results), get(flags.deadTokens)].filter((path) => path !== undefined && path !== "-")
  const paths = [flags.input, get(flags.template), ...written].filter((path) => path !== undefined && path !== "-")
  const twice = paths.find((path, at) =>
    paths.some((other, index) => index < at && resolve(other ?? "") === resolve(path ?? ""))
  )
  if (twice !== undefined)
    return badInput(`${twice} is named twice`, "Input, template and results are files of their own.")
  if (flags.input === "-" && get(flags.template) === "-") {
    return badInput("rows and template cannot both come from standard input", "Give one of them as a file.")
  }
  return undefined
}
