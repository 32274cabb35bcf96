/**
 * What the library logs while a command runs.
 *
 * @since 0.1.0
 */
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as References from "effect/References"
import { Verbose } from "./Ending.ts"

/**
 * Keeps logs off the terminal, where the command tells what came of it all; with `--verbose` or `--log-level` they go to
 * standard error, as those of all commands do.
 *
 * @category combinators
 * @since 0.1.0
 */
export const quiet = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const isWanted = (yield* Verbose) || Option.isSome(yield* GlobalFlag.LogLevel)
    return yield* isWanted ? command : Effect.provideService(command, References.MinimumLogLevel, "None")
  })
