/** Runs the simulator, and says how to send to it. */
import { readFile } from "node:fs/promises"
import type { InvalidScenarioFile, SimulatorError } from "@effect-apns/simulator"
import type { SimulatorFlags } from "@effect-apns/simulator/SimulatorFlags"
import { announcement, optionsOf, stay } from "@effect-apns/simulator/SimulatorProcess"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ExitCode } from "../ExitCode.ts"
import { badInput, Failure } from "../Failure.ts"
import { codeOf } from "../input.ts"
import { jsonProblem } from "../jsonInput.ts"
import { openInBrowser } from "./browser.ts"
import { exportLines, keepProfile, variablesFor } from "./pointing.ts"

const ofScenarioFile = ({ cause, file, message }: InvalidScenarioFile): Effect.Effect<never, Failure> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) =>
      badInput(`--scenario: ${file} cannot be read (${codeOf(cause)})`, "Check the path and its permissions.", cause)
  }).pipe(
    Effect.flatMap((source) => {
      const problem = jsonProblem(source)
      const told = problem === undefined ? message.replaceAll(/\s*\n\s*/g, " ") : `--scenario: ${file} ${problem}`
      return Effect.fail(badInput(told, "Give a scenario in JSON, or a list of them.", cause))
    })
  )

const ofSimulator = (error: SimulatorError): Failure => {
  const { message, reason } = error
  const [problem, cure] = reason._tag === "ListenFailed" ? [reason.problem, reason.cure] : [message]
  return new Failure({ problem, cure, exitCode: ExitCode.failed, cause: error })
}

interface Input extends SimulatorFlags {
  readonly open: boolean
  readonly profile: Option.Option<string>
  readonly printEnv: boolean
  readonly topic: string
}

const sendRow = (profile: Option.Option<string>): readonly [string, string] => [
  "to send",
  Option.isSome(profile) ? `apns send --profile ${profile.value} …` : "--profile NAME or --print-env says how"
]

export const simulate = ({ open, printEnv, profile, topic, ...flags }: Input) =>
  Effect.gen(function* () {
    const options = yield* Effect.catchTag(optionsOf(flags), "InvalidScenarioFile", ofScenarioFile)
    return yield* stay(options, (simulator, control) =>
      Effect.gen(function* () {
        const variables = variablesFor(simulator, topic)
        if (Option.isSome(profile)) yield* keepProfile(profile.value, variables)
        const told = announcement(simulator, control, [sendRow(profile)])
        if (printEnv) {
          yield* Console.error(told)
          yield* Console.log(exportLines(variables))
        } else yield* Console.log(told)
        if (open) yield* Effect.forkChild(openInBrowser(control.url))
      })
    ).pipe(Effect.catchTag("SimulatorError", (error) => Effect.fail(ofSimulator(error))))
  })
