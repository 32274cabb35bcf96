/** What people type behind flags: texts that begin with a dash. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "./support/commandLine.ts"
import { leaves } from "./support/commands.ts"

const phone = "7a1f0c3b".repeat(8)
const send = ["send", phone, "--topic", "com.example.app", "--dry-run", "--json"]

const sent = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { code, stderr, stdout } = yield* run([...send, ...args])
    assert.deepStrictEqual([code, stderr], [0, ""])
    const { body } = JSON.parse(stdout) as { body: { aps: Record<string, unknown> } & Record<string, unknown> }
    return body
  })

describe("a text that begins with a dash", () => {
  it.live.each([
    "-5 degrees tonight",
    "-h",
    "-hv",
    "-v is for version",
    "- milk\n- honey",
    "-",
    "--",
    "---",
    "-----",
    "--x",
    "--no such flag",
    "-=-",
    "-a=b",
    "-1",
    "-1e5",
    "-é",
    "-🙂 hail"
  ])("is the title: %s", (title) =>
    Effect.gen(function* () {
      const together = yield* sent([`--title=${title}`])
      assert.deepStrictEqual(together.aps, { alert: { title } })
      const apart = yield* run([...send, "--title", title])
      if (title === "-h" || title === "--") {
        // A flag itself, and the end of all: its user says which is meant.
        assert.deepStrictEqual([apart.code, apart.stdout], [2, ""])
        assert.include(apart.stderr, `--title=${title}`)
      } else assert.deepStrictEqual(yield* sent(["--title", title]), together)
    })
  )

  it.live("is a value wherever one is taken, before and after other flags", () =>
    Effect.gen(function* () {
      const body = yield* sent(["--title", "-very", "--body", "-h and -v", "--data", "-k=-v", "--sound", "-s.caf"])
      assert.deepStrictEqual(body, {
        aps: { alert: { title: "-very", body: "-h and -v" }, sound: "-s.caf" },
        "-k": "-v"
      })
    })
  )

  it.live("is a value of every flag of every command that takes one", () =>
    Effect.gen(function* () {
      for (const { flags, path } of yield* leaves()) {
        for (const { name, type } of flags) {
          if (type === "boolean") continue
          const { stdout, stderr } = yield* run([...path, `--${name}`, "-5 hot volts", "--no-such-flag"])
          const called = [...path, `--${name}`].join(" ")
          assert.notInclude(stdout, "USAGE", called)
          assert.notInclude(stderr, "there is no flag -5", called)
          assert.include(stderr, "--no-such-flag", called)
        }
      }
    })
  )
})

describe("a word that may be a flag or a value", () => {
  it.live.each<[string, ReadonlyArray<string>, RegExp]>([
    [
      "a flag behind a flag",
      ["send", phone, "--title", "--body", "x"],
      /--title takes a value, .* --body\.\n.*--title=--body/
    ],
    ["one with its value", ["send", phone, "--title", "--body=x"], /--title=--body/],
    ["help behind a flag", ["send", phone, "--title", "--help"], /--title=--help/],
    ["letters, one of which asks for help", ["send", phone, "-5 hot"], /there is no flag -5/],
    ["letters behind a misspelt flag", ["send", phone, "--titel", "-hot"], /there is no flag -h/],
    ["letters that all are flags", ["send", phone, "-hv"], /there is no flag -h/],
    ["a device", ["send", "-7a1f", "--body", "x"], /Devices and files with one: behind --/],
    ["a global flag's", ["--log-level", "--verbose", "reason", "Unregistered"], /--log-level takes a value/],
    ["of a command below a command", ["profile", "add", "work", "--topic", "--team-id", "x"], /--topic=--team-id/]
  ])("%s sends nothing, prints no help, and says how to tell it", ([, args, told]) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* run(args)
      assert.deepStrictEqual([code, stdout], [2, ""], stderr)
      assert.match(stderr, told)
      assert.isAtMost(Math.max(...stderr.split("\n").map((line) => line.length)), 130)
    })
  )

  it.live("takes what stands behind -- as it is", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run(["payload", "--", "-help.json"])
      assert.strictEqual(code, 2)
      assert.include(stderr, "-help.json cannot be read")
    })
  )

  it.live.each<ReadonlyArray<string>>([
    ["-h"],
    ["send", "-h"],
    ["send", phone, "--title", "x", "-h"],
    ["queue", "work", "--help"]
  ])("prints the help where it is asked for: %s", (args) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* run(args)
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.include(stdout, "USAGE")
    })
  )

  it.live.each<[string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["help", ["help"], ["--help"]],
    ["help of a command", ["help", "queue", "work"], ["queue", "work", "--help"]],
    ["version", ["version"], ["--version"]],
    ["completion", ["completion", "zsh"], ["--completions", "zsh"]],
    ["completions", ["completions", "bash"], ["--completions", "bash"]]
  ])("takes %s as other tools do", ([, words, flags]) =>
    Effect.gen(function* () {
      const asked = yield* run(words)
      assert.strictEqual(asked.code, 0, asked.stderr)
      assert.deepStrictEqual(asked, yield* run(flags))
    })
  )
})
