/** Runs the command with this process's arguments, and ends the process with its exit code. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Runtime from "effect/Runtime"
import { apns } from "./Cli.ts"
import { endedBy, presenter } from "./Ending.ts"
import { ExitCode } from "./ExitCode.ts"
import { helpLayer } from "./Help.ts"
import { version } from "./internal/version.ts"

// A reader that has gone (`apns … | head`) is no fault of ours, and nobody is left to tell; a command that has more to do
// then listens by itself.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (stream.listenerCount("error") > 1) return
    if (error.code === "EPIPE") process.exit(0)
    if (stream === process.stdout) process.stderr.write(`apns: the output cannot be written (${error.code}).\n`)
    process.exit(ExitCode.failed)
  })
}

// Which parts of Node are experimental is no news for those who use the command.
process.removeAllListeners("warning").on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") console.error(`${warning.name}: ${warning.message}`)
})

apns.pipe(
  Command.run({ version }),
  endedBy,
  Effect.provide(Layer.mergeAll(NodeServices.layer, presenter, helpLayer, Layer.succeed(Logger.LogToStderr, true))),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: Runtime.defaultTeardown })
)
