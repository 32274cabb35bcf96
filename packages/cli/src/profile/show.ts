/** Shows the settings of a profile. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { badInput } from "../Failure.ts"
import { profileOf } from "../Profiles.ts"
import { style } from "../Style.ts"
import { table } from "../table.ts"
import { fileWarnings } from "./files.ts"
import { kept, warn } from "./kept.ts"

export const show = ({ json, name }: { readonly name: Option.Option<string>; readonly json: boolean }) =>
  Effect.gen(function* () {
    const { counting, profiles } = yield* kept
    const named = Option.getOrUndefined(name) ?? counting
    if (named === undefined) return yield* badInput("no profile is in use", "Name one; apns profile list lists them.")
    const settings = yield* profileOf(profiles, named)
    const warnings = yield* fileWarnings(settings)
    yield* Console.log(
      json
        ? JSON.stringify(
            {
              name: named,
              inUse: named === counting,
              settings,
              warnings: warnings.map(({ cure, problem, setting }) => ({ setting, problem, cure }))
            },
            null,
            2
          )
        : table(["SETTING", "VALUE"], Object.entries(settings), (yield* style("stdout")).strong)
    )
    if (json) return
    for (const { cure, problem } of warnings) yield* warn(problem, cure)
  })
