import { assert, describe, layer } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { run } from "./support/commandLine.ts"
import { localVariables, topic } from "./support/local.ts"
import { hasTerminal, inTerminal } from "./support/terminal.ts"

const uuid = /^[0-9a-f]{8}-/i

const json = (text: string): unknown => JSON.parse(text)

const channelsNow = Effect.gen(function* () {
  const { channels } = yield* Simulator
  return (yield* channels).map(({ id }) => id)
})

/** A channel at the simulator, made without the command. */
const registered = (storage: "none" | "mostRecent") =>
  Effect.gen(function* () {
    const { registerChannel } = yield* Simulator
    return (yield* registerChannel({ bundleId: topic, storage })).id
  })

describe("apns channels", () => {
  layer(Simulator.layer(), { excludeTestServices: true })((it) => {
    it.effect("makes a channel and prints its id", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const made = yield* run(["channels", "create", "--storage", "most-recent"], { env })
        assert.deepStrictEqual({ code: made.code, stderr: made.stderr }, { code: 0, stderr: "" })
        const channel = (yield* (yield* Simulator).channels).find(({ id }) => id === made.stdout.trim())
        assert.strictEqual(channel?.storage, "mostRecent")
      })
    )

    it.effect("makes a channel and tells it as JSON", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const made = yield* run(["channels", "create", "--storage=none", "--json"], { env })
        const { channel, requestId, storage } = json(made.stdout) as Record<string, string>
        assert.include(yield* channelsNow, channel)
        assert.strictEqual(storage, "none")
        assert.match(String(requestId), uuid)
      })
    )

    it.effect("takes the port for managing channels from a flag", () =>
      Effect.gen(function* () {
        const { APNS_MANAGEMENT_PORT, ...env } = yield* localVariables
        const without = yield* run(["channels", "list"], { env })
        assert.strictEqual(without.code, 2)
        assert.include(without.stderr, "APNS_MANAGEMENT_PORT is not set")
        const given = yield* run(["channels", "list", "--management-port", APNS_MANAGEMENT_PORT], { env })
        assert.strictEqual(given.code, 0, given.stderr)
      })
    )

    it.effect("lists the channels, and tells how many more there can be", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const one = yield* registered("none")
        const all = yield* channelsNow
        const listed = yield* run(["channels", "list"], { env })
        assert.strictEqual(listed.code, 0)
        assert.include(listed.stdout.split("\n"), one)
        assert.deepStrictEqual(listed.stdout.trim().split("\n").toSorted(), all.toSorted())
        const remaining = (10_000 - all.length).toLocaleString("en-GB")
        assert.match(listed.stderr, new RegExp(`^${all.length} channels?; ${remaining} more can be made\\.\n$`))
        const asJson = json((yield* run(["channels", "list", "--json"], { env })).stdout)
        assert.containsSubset(asJson, { remaining: 10_000 - all.length, maximum: 10_000 })
      })
    )

    it.effect("reads several, and tells of each that is not there", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const none = yield* registered("none")
        const kept = yield* registered("mostRecent")
        const both = yield* run(["channels", "read", none, "-"], { env, stdin: `${kept}\n\n${none}\n` })
        assert.deepStrictEqual({ code: both.code, stderr: both.stderr }, { code: 0, stderr: "" })
        const [heading, ...rows] = both.stdout.trimEnd().split("\n")
        assert.match(heading ?? "", /^CHANNEL +STORAGE$/)
        assert.deepStrictEqual(
          rows.map((row) => row.split(/ +/)),
          [
            [none, "none"],
            [kept, "most-recent"]
          ]
        )

        const gone = "dGhlcmUgaXMgbm9uZQ=="
        const mixed = yield* run(["channels", "read", kept, gone, "--json"], { env })
        assert.strictEqual(mixed.code, 3)
        assert.containsSubset(json(mixed.stdout), [
          { channel: kept, storage: "most-recent" },
          { channel: gone, outcome: "refused", reason: "ChannelNotRegistered", attempts: 1 }
        ])
        assert.match(mixed.stderr, new RegExp(`^apns: ${gone}: ChannelNotRegistered: `))
      })
    )

    it.effect("says that standard input names no channel", () =>
      Effect.gen(function* () {
        const { code, stderr } = yield* run(["channels", "read", "-"], { stdin: "\n" })
        assert.strictEqual(code, 2)
        assert.include(stderr, "names no channel")
      })
    )

    it.effect("deletes several with --yes", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const ids = [yield* registered("none"), yield* registered("none")]
        const { code, stdout, stderr } = yield* run(["channels", "delete", "--yes", ...ids], { env })
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.strictEqual(stdout, ids.map((id) => `✓ ${id} deleted\n`).join(""))
        const left = yield* channelsNow
        assert.isFalse(ids.some((id) => left.includes(id)))
      })
    )

    it.effect("deletes nothing where there is no terminal to ask on", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const id = yield* registered("none")
        const { code, stdout, stderr } = yield* run(["channels", "delete", id], { env })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.include(stderr, "no terminal to ask on")
        assert.include(stderr, "--yes")
        assert.include(yield* channelsNow, id)
      })
    )

    for (const [keys, code, told] of [
      ["y\n", 0, "deleted"],
      ["n\n", 1, "nothing was deleted"],
      ["\n", 1, "nothing was deleted"],
      ["\u0004", 1, "nothing was deleted"],
      ["\u0003", 130, "for good?"]
    ] as const) {
      it.effect.runIf(hasTerminal)(`asks on a terminal, and takes ${JSON.stringify(keys)}`, () =>
        Effect.gen(function* () {
          const env = yield* localVariables
          const id = yield* registered("none")
          const ended = yield* inTerminal(["channels", "delete", id], [["[y/N]", keys]], env)
          assert.strictEqual(ended.code, code, ended.screen)
          assert.include(ended.screen, `Delete channel ${id} for good? [y/N]`)
          assert.include(ended.screen, told)
          assert.strictEqual((yield* channelsNow).includes(id), code !== 0)
        })
      )
    }

    it.effect("does nothing at all where one of the ids is none", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const id = yield* registered("none")
        const { code, stderr, stdout } = yield* run(["channels", "delete", "--yes", id, "not base64!"], { env })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.match(stderr, /^apns: "not base64!" is no channel's id\.\n {6}Give ids/)
        assert.include(yield* channelsNow, id)
      })
    )

    it.effect("wants the storage, one of two", () =>
      Effect.gen(function* () {
        const missing = yield* run(["channels", "create"])
        assert.strictEqual(missing.code, 2)
        assert.include(missing.stderr, "--storage")
        const wrong = yield* run(["channels", "create", "--storage", "all"])
        assert.strictEqual(wrong.code, 2)
        assert.include(wrong.stderr, "most-recent")
      })
    )
  })
})
