import { spawnSync } from "node:child_process"
import { openSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { settings } from "../../packages/cli/src/Settings.ts"
import { run } from "./support/commandLine.ts"
import { leaves } from "./support/commands.ts"
import { hasTerminal, inTerminal } from "./support/terminal.ts"

const fixtures = join(import.meta.dirname, "../fixtures")
const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url))

describe("apns --completions", () => {
  /** What bash offers after each line, the script loaded. */
  const completed = (lines: ReadonlyArray<ReadonlyArray<string>>) =>
    Effect.gen(function* () {
      const { code, stdout: script } = yield* run(["--completions", "bash"])
      assert.strictEqual(code, 0)
      const complete = `offer() { COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMPREPLY=(); _apns; echo "\${COMPREPLY[*]}"; }`
      const calls = lines.map((words) => `offer apns ${words.map((word) => `'${word}'`).join(" ")}`)
      const { status, stdout, stderr } = spawnSync("bash", ["--norc"], {
        input: [script, complete, ...calls, ""].join("\n"),
        cwd: fixtures,
        encoding: "utf8"
      })
      assert.deepStrictEqual([status, stderr], [0, ""])
      return stdout.trimEnd().split("\n")
    })

  it.live("completes commands, flags and files in bash", () =>
    Effect.gen(function* () {
      const offered = yield* completed([
        ["tok"],
        ["token", ""],
        ["profile", "add", "work", "--certificate"],
        ["cert", "inspect", "certificates/push.k"],
        ["token", "make", "--key-file", "certificates/AuthKey_FAKEK"]
      ])
      const [commands, subcommands, flags, ...files] = offered
      assert.deepStrictEqual(
        [commands, subcommands, flags],
        ["token", "make decode verify", "--certificate-file --certificate-key-file"]
      )
      // With or without what is typed already, as the bash there is wants it.
      assert.match(files[0] ?? "", /ey\.pem$/)
      assert.match(files[1] ?? "", /EY001\.p8$/)
    })
  )

  it.live.each(["bash", "zsh", "fish"])("names every command and every setting in %s", (shell) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["--completions", shell])
      assert.deepStrictEqual([code, stderr], [0, ""])
      for (const { path } of yield* leaves()) {
        for (const name of path) assert.match(stdout, new RegExp(`\\b${name}\\b`))
      }
      for (const { flag } of Object.values(settings)) assert.match(stdout, new RegExp(`(--|-l )${flag}\\b`))
    })
  )
})

describe("colours", () => {
  const args = ["cert", "inspect", join(fixtures, "certificates/expired.pem")]

  it.live("are those of a terminal, unless NO_COLOR is set or there is none", () =>
    Effect.gen(function* () {
      const colored = yield* run(args, { env: { FORCE_COLOR: "1" } })
      assert.notStrictEqual(stripVTControlCharacters(colored.stdout), colored.stdout)
      const plain = yield* Effect.all([
        run(args),
        run(args, { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }),
        run(args, { env: { FORCE_COLOR: "1", TERM: "dumb" } })
      ])
      for (const { stdout } of plain) assert.strictEqual(stdout, stripVTControlCharacters(colored.stdout))
    })
  )

  it.live.skipIf(!hasTerminal)(
    "are left out on a terminal with NO_COLOR, of every command and of help and faults",
    () =>
      Effect.gen(function* () {
        const commands = [args, ["--help"], ["token", "make", "--help"], ["token", "make"], ["bogus"]]
        const screens = yield* Effect.forEach(commands, (command) => inTerminal(command, [], { NO_COLOR: "1" }))
        for (const { screen } of screens) assert.strictEqual(stripVTControlCharacters(screen), screen)
        const { screen } = yield* inTerminal(args)
        assert.notStrictEqual(stripVTControlCharacters(screen), screen)
      })
  )
})

describe("--verbose", () => {
  it.live("tells the cause of a failure, which is else a line and its cure", () =>
    Effect.gen(function* () {
      const args = ["cert", "inspect", join(fixtures, "nowhere.p12")]
      const short = yield* run(args, { cwd: fixtures })
      assert.strictEqual(short.stderr.trimEnd().split("\n").length, 2, short.stderr)
      const long = yield* run([...args, "--verbose"], { cwd: fixtures })
      assert.deepStrictEqual([long.code, long.stdout], [short.code, ""])
      const lines = short.stderr.split("\n")
      assert.strictEqual(long.stderr.split("\n")[1], lines[1])
      assert.include(long.stderr, "ApnsError")
      assert.isAbove(long.stderr.length, short.stderr.length)
    })
  )
})

describe("standard output", () => {
  const toFull = (...args: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [main, ...args], {
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
      encoding: "utf8"
    })

  it
    .skipIf(process.platform !== "linux")
    .each([
      ["reason"],
      ["cert", "inspect", "--json", join(fixtures, "certificates/pair.pem")],
      ["cert", "convert", join(fixtures, "certificates/pair.pem"), "--out", "-"]
    ])("on a full disk is said in one line: %s", (...args) => {
    const { status, stderr } = toFull(...args)
    assert.strictEqual(status, 1)
    assert.strictEqual(stderr, "apns: the output cannot be written (ENOSPC).\n")
  })

  it("may be closed by its reader", () => {
    const { status, stderr } = spawnSync(
      "bash",
      ["-c", `"$0" "$1" reason --json | head -c 1`, process.execPath, main],
      {
        encoding: "utf8"
      }
    )
    assert.deepStrictEqual([status, stderr], [0, ""])
  })
})
