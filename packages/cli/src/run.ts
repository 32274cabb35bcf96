/** Runs this process's command line, and ends the process with its exit code. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Runtime from "effect/Runtime"
import { commandLine } from "./commandLine.ts"
import { ExitCode } from "./ExitCode.ts"

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

NodeRuntime.runMain(commandLine, { disableErrorReporting: true, teardown: Runtime.defaultTeardown })
