/**
 * Asking before something is done for good.
 *
 * @since 0.1.0
 */
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import { badInput, type Failure } from "./Failure.ts"
import { Process } from "./Process.ts"

/**
 * Asks on the terminal; only "y" and "yes" mean yes. Fails where there is no terminal, with the cure that `--yes` does without.
 *
 * @category constructors
 * @since 0.1.0
 */
export const confirm = (question: string): Effect.Effect<boolean, Failure> =>
  Effect.flatMap(Process, ({ stderr, stdin }) => {
    if (!stdin.isTTY || !stderr.isTTY) {
      return Effect.fail(badInput("there is no terminal to ask on", "Give --yes to do it without being asked."))
    }
    return Effect.callback<boolean>((resume) => {
      // The terminal edits the line itself, so that Ctrl-C stays a signal.
      const lines = createInterface({ input: stdin, terminal: false })
      stderr.write(`${question} [y/N] `)
      let answered = false
      lines.once("line", (line) => {
        answered = true
        lines.close()
        resume(Effect.succeed(/^y(es)?$/i.test(line.trim())))
      })
      lines.once("close", () => {
        if (answered) return
        stderr.write("\n")
        resume(Effect.succeed(false))
      })
      return Effect.sync(() => {
        answered = true
        lines.close()
      })
    })
  })
