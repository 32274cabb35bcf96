/** The command in a terminal: what stands on it, and what is typed when something does. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { folder } from "./folder.ts"

const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url))

/** `script` of util-linux is the terminal, as Node has none; that of macOS takes other arguments. */
export const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "")

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** Runs `apns` to its end, typing each text when what it waits for is on the screen once more. */
export const inTerminal = (
  args: ReadonlyArray<string>,
  typed: ReadonlyArray<readonly [waitsFor: string, text: string]> = [],
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<{ readonly code: number | null; readonly screen: string }> =>
  Effect.scoped(
    Effect.gen(function* () {
      const home = yield* folder
      const command = [process.execPath, main, ...args].map(quoted).join(" ")
      const child = spawn("script", ["-qfec", command, "/dev/null"], {
        cwd: home,
        env: { PATH: process.env.PATH ?? "", HOME: home, SHELL: "/bin/sh", TERM: "xterm-256color", ...env },
        stdio: ["pipe", "pipe", "inherit"]
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => void child.kill("SIGKILL")))
      const left = [...typed]
      let screen = ""
      let seen = 0
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        screen += text
        const [next] = left
        if (next === undefined) return
        const at = screen.indexOf(next[0], seen)
        if (at < 0) return
        seen = at + next[0].length
        left.shift()
        child.stdin.write(next[1])
      })
      const [code] = yield* Effect.promise(() => once(child, "close"))
      return { code: typeof code === "number" ? code : null, screen }
    })
  )
