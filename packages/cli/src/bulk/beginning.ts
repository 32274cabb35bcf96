/** Where a run begins: at the first row, or where an earlier one stopped. */
import { existsSync } from "node:fs"
import * as Effect from "effect/Effect"
import { badInput, type Failure } from "../Failure.ts"
import { isFile, nameOf, tieOf } from "./input.ts"
import { Journal, Known, readJournal, type Tie, unwritableJournal } from "./journal.ts"
import { type BulkInput, get } from "./options.ts"
import type { Format } from "./output.ts"

/** What the resume file will say at first. */
export interface Beginning {
  readonly path: string
  readonly tie: Tie
  readonly known: Known
}

/** The same; nothing for what cannot be read again. */
export const beginning = (flags: BulkInput, format: Format): Effect.Effect<Beginning | undefined, Failure> =>
  Effect.gen(function* () {
    const given = get(flags.resumeFile)
    if (!(yield* isFile(flags.input))) {
      if (!flags.resume && given === undefined) return undefined
      return yield* badInput(`${nameOf(flags.input)} cannot be resumed: it cannot be read again`, "Save it to a file.")
    }
    const path = given ?? `${flags.input}.resume.json`
    if (!flags.resume && existsSync(path)) {
      return yield* badInput(
        `${path} is there: an earlier run has not sent all of this input`,
        "--resume goes on. To send everything again, remove that file first."
      )
    }
    if (!flags.resume) return { path, tie: yield* tieOf(flags.input, format), known: new Known() }
    const { input, known } = yield* Effect.fromResult(readJournal(path))
    const tie = yield* tieOf(flags.input, format)
    if (input.bytes !== tie.bytes || input.sha256 !== tie.sha256) {
      return yield* badInput(
        `${flags.input} has changed since ${path} was written`,
        "Rows are counted, so only the unchanged input can be resumed. Send what is left of it as a new input."
      )
    }
    if (input.format !== format) {
      return yield* badInput(`${path} is of the same input read as ${input.format}`, `Give --format ${input.format}.`)
    }
    return { path, tie, known }
  })

/** Writes the resume file for the first time. */
export const openJournal = ({ known, path, tie }: Beginning): Effect.Effect<Journal, Failure> =>
  Effect.try({ try: () => new Journal(path, tie, known), catch: (cause) => unwritableJournal(path, cause) })
