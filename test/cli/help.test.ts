import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CliOutput, Command, type HelpDoc } from "effect/cli"
import { apns } from "../../packages/cli/src/Cli.ts"
import { formatHelp } from "../../packages/cli/src/Help.ts"
import { run } from "./support/commandLine.ts"

const plain = (text: string) => text
const look = { good: plain, bad: plain, warn: plain, strong: plain, faint: plain }

/** What `--help` is made from, of a command and of all below it. */
const docsOf = (path: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<HelpDoc.HelpDoc>> =>
  Effect.gen(function* () {
    const docs: Array<HelpDoc.HelpDoc> = []
    const collector = CliOutput.layerPresenter({
      present: (event) =>
        Effect.sync(() => {
          if (event._tag === "Help") docs.push(event.helpDoc)
        })
    })
    yield* Command.runWith(apns, { version: "1.2.3" })([...path, "--help"]).pipe(
      Effect.provide(Layer.mergeAll(NodeServices.layer, collector)),
      Effect.orDie
    )
    const names = docs.flatMap(({ subcommands = [] }) => subcommands.flatMap(({ commands }) => commands))
    const below = yield* Effect.forEach(names, ({ name }) => docsOf([...path, name]))
    return [...docs, ...below.flat()]
  })

describe("apns --help", () => {
  it.live("fits 80 columns and has an example, for every command", () =>
    Effect.gen(function* () {
      const docs = yield* docsOf([])
      assert.isAtLeast(docs.length, 2)
      for (const doc of docs) {
        const name = doc.commandPath?.join(" ")
        for (const line of formatHelp(doc, look).split("\n")) {
          assert.isAtMost(CliOutput.displayWidth(line), 80, `${name}: ${line}`)
          assert.strictEqual(line, line.trimEnd(), `${name}: trailing space`)
        }
        assert.notStrictEqual(doc.description, "", name)
        if (doc.subcommands === undefined) assert.isNotEmpty(doc.examples ?? [], `${name} has no example`)
      }
    })
  )

  it.live("goes to standard output, the flags of every command named in a line", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["reason", "--help"])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.include(stdout, "USAGE  apns reason")
      assert.match(stdout, /Every command also takes --help, .*--verbose/)
      assert.notInclude(stdout, "--wizard")
    })
  )

  it("breaks a long example before its flags", () => {
    const command = `apns send 7a1f --title ${"x".repeat(40)} --body ${"y".repeat(20)}`
    const doc: HelpDoc.HelpDoc = {
      description: "",
      usage: "apns send",
      flags: [],
      annotations: apns.annotations,
      examples: [{ command }]
    }
    const text = formatHelp(doc, look)
    assert.include(text, `${"x".repeat(40)} \\\n      --body`)
    assert.include(text.replaceAll(/ \\\n\s+/g, " "), command)
  })
})
