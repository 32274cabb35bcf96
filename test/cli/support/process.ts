/** The bundled command as a process: for signals, terminals, closed pipes and what a process alone can show. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import type { Options } from "./commandLine.ts"
import { folder } from "./folder.ts"

export const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly write: (text: string) => void
  readonly endInput: () => void
  /** Its standard output is read no further. */
  readonly closeOutput: () => void
  readonly closeErrors: () => void
  readonly signal: (signal: NodeJS.Signals) => void
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Effect.Effect<Ended>
}

/** Starts `apns`; the end of the scope ends it. */
export const start = (
  args: ReadonlyArray<string>,
  { env = {}, cwd }: Pick<Options, "cwd" | "env"> = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.gen(function* () {
    const home = yield* folder
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [main, ...args], {
          cwd: cwd ?? home,
          env: {
            PATH: process.env.PATH ?? "",
            HOME: home,
            NODE_COMPILE_CACHE: join(tmpdir(), "apns-cli-cache"),
            ...env
          },
          stdio: ["pipe", "pipe", "pipe"]
        })
      ),
      (child) =>
        Effect.promise(async () => {
          if (child.exitCode !== null || child.signalCode !== null) return
          child.kill("SIGKILL")
          await once(child, "close")
        })
    )
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    // It may end before it has read everything.
    child.stdin.on("error", () => {})
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }))
    })
    return {
      write: (text) => void child.stdin.write(text),
      endInput: () => void child.stdin.end(),
      closeOutput: () => void child.stdout.destroy(),
      closeErrors: () => void child.stderr.destroy(),
      signal: (signal) => void child.kill(signal),
      stdout: () => stdout,
      stderr: () => stderr,
      ended: Effect.promise(() => ended)
    }
  })

/** Runs it to its end, with nothing on its standard input. */
export const runProcess = (args: ReadonlyArray<string>, options?: Parameters<typeof start>[1]): Effect.Effect<Ended> =>
  Effect.scoped(
    Effect.flatMap(start(args, options), (running) => {
      running.endInput()
      return running.ended
    })
  )
