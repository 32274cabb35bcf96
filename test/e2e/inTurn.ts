/**
 * Runs the modules that are its arguments, one after the other: each when the one before has left nothing to wait for, as
 * the end of a process of its own would show. Ends what each says on stderr with a line of its own, so that whoever
 * reads it knows which module said what, be it JavaScript or Node that wrote.
 */
import { writeSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { inspect } from "node:util"

/** What ends the output of one module; no module says it. */
export const mark = "\u0000the module is done\n"

const say = (text: string) => writeSync(process.stderr.fd, text)

const play = (files: ReadonlyArray<string>) => {
  const left = files.values()
  let state: "none" | "running" | "settled" = "none"

  const next = () => {
    if (state === "running") say("It waits for something that never comes.\n")
    if (process.exitCode !== undefined) say(`It sets the exit code ${process.exitCode}.\n`)
    process.exitCode = undefined
    if (state !== "none") say(mark)
    const { done, value } = left.next()
    if (done) {
      process.off("beforeExit", next)
      return
    }
    state = "running"
    // What is loaded without a turn of the event loop leaves nothing to wait for, and would be the end.
    setImmediate(() => {})
    import(pathToFileURL(value).href)
      .catch((error: unknown) => say(`${inspect(error)}\n`))
      .finally(() => {
        state = "settled"
      })
  }

  process.on("beforeExit", next)
}

if (import.meta.main) play(process.argv.slice(2))
