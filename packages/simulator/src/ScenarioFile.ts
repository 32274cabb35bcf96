/**
 * Scenarios in files of JSON.
 *
 * @since 0.1.0
 */
import { readFile } from "node:fs/promises"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Scenario } from "./Scenario.ts"

/**
 * The content of a file of scenarios: one, or a list of them.
 *
 * @category models
 * @since 0.1.0
 */
export const ScenarioFile = Schema.fromJsonString(Schema.Union([Scenario, Schema.Array(Scenario)]))

/**
 * A file of scenarios cannot be read, or holds something else.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidScenarioFile extends Data.TaggedError("InvalidScenarioFile")<{
  readonly file: string
  readonly cause: unknown
}> {
  override get message() {
    return `${this.file} is no file of scenarios: ${this.cause instanceof Error ? this.cause.message : this.cause}`
  }
}

/**
 * Reads a file of scenarios.
 *
 * **Example** (A simulator with the scenarios of a file)
 *
 * ```ts
 * import { readScenarios, Simulator } from "@effect-apns/simulator"
 * import { Effect, Layer } from "effect"
 *
 * export const layer = Layer.unwrap(
 *   Effect.map(readScenarios("scenarios.json"), (scenarios) => Simulator.layer({ scenarios }))
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const readScenarios = (file: string): Effect.Effect<ReadonlyArray<Scenario>, InvalidScenarioFile> =>
  Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: (cause) => cause }).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(ScenarioFile)),
    Effect.map((found): ReadonlyArray<Scenario> => (isList(found) ? found : [found])),
    Effect.mapError((cause) => new InvalidScenarioFile({ file, cause }))
  )

const isList = (found: typeof ScenarioFile.Type): found is ReadonlyArray<Scenario> => Array.isArray(found)
