/** Which tests of the command start processes, and why: all others run their command lines in this one. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"

/** By file: what of a process it is that is tested. */
const reasons: Readonly<Record<string, string>> = {
  "bulk.test.ts":
    "SIGINT, SIGTERM and SIGKILL; outputs that are closed or full; standard input and a pipe that stay open",
  "cert.test.ts": "a terminal: passphrases that are typed, keys that are not printed",
  "channels.test.ts": "a terminal: the question before something is deleted",
  "doctor.test.ts": "SIGINT; standard output that is full",
  "queue.test.ts": "SIGINT, and the worker that takes over",
  "send.test.ts": "SIGINT",
  "shell.test.ts": "completions in bash; a pipe that is closed early; the terminal's width; the ending itself",
  "simulate.test.ts": "SIGINT; the browser that is started; a command that stays while others are called",
  "token.test.ts": "a terminal, on which nothing is waited for",
  "support/doctor.ts": "whom Node trusts (NODE_EXTRA_CA_CERTS), which it reads when a process starts",
  "support/process.ts": "how they are started",
  "support/terminal.ts": "how they are started in a terminal"
}

describe("processes of the command", () => {
  it("are started where a process is what is tested, and nowhere else", () => {
    const starting = globSync("**/*.ts", { cwd: import.meta.dirname }).filter((file) =>
      /from "node:child_process"|\/process\.ts"|\/terminal\.ts"/.test(
        readFileSync(join(import.meta.dirname, file), "utf8")
      )
    )
    assert.deepStrictEqual(starting.filter((file) => file !== "processes.test.ts").sort(), Object.keys(reasons).sort())
  })
})
