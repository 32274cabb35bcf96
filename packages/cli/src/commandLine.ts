/** One command line, from its words to what it ends with. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TokenProcess } from "effect-apns/TokenProcess"
import { apns } from "./Cli.ts"
import { endedBy, presenter, tellFailure, Verbose } from "./Ending.ts"
import { helpLayer } from "./Help.ts"
import { Process } from "./Process.ts"
import { environmentVariables } from "./Settings.ts"
import { version } from "./version.ts"
import { asMeant } from "./words.ts"

const environment = Layer.unwrap(
  Effect.map(environmentVariables, (env) => ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
)

const services = Layer.mergeAll(
  NodeServices.layer,
  presenter,
  helpLayer,
  environment,
  Layer.succeed(Logger.LogToStderr, true),
  // One command is one process, also where a program runs several within itself.
  Layer.sync(TokenProcess, () => ({}))
)

/**
 * Runs the words of `Process`, with its variables and its streams; what is printed goes through `Console`. Fails with what the
 * process is to end with.
 */
export const commandLine = Effect.flatMap(Process, ({ argv }) =>
  asMeant(argv.slice(2)).pipe(
    Effect.catchTag("Failure", tellFailure),
    // It has no cause to tell.
    Effect.provideService(Verbose, false),
    Effect.flatMap(Command.runWith(apns, { version }))
  )
).pipe(endedBy, Effect.provide(services))
