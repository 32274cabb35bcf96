import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { type Running, start } from "./support/process.ts"

const freePorts = ["--port", "0", "--management-port", "0", "--inbox-port", "0"]
const device = "7a1f0c3b5d2e4f60".repeat(4)

/** Waits for what a process has said by now to contain a text. */
const saying = (said: () => string, text: string) =>
  Effect.suspend(() => (said().includes(text) ? Effect.succeed(said()) : Effect.fail("not yet"))).pipe(
    Effect.retry(Schedule.spaced("20 millis"))
  )

const ready = ({ stdout }: Running) => saying(stdout, "Ctrl-C ends it.")

/** A home of its own, for certificates and profiles. */
const home = Effect.map(folder, (HOME) => ({ HOME, XDG_CONFIG_HOME: join(HOME, "config") }))

/** Puts a command into the way of the system's own, which writes its arguments to a file. */
const fakeOpener = (directory: string, exitCode: number) => {
  const bin = join(directory, "bin")
  const file = join(directory, "opened")
  mkdirSync(bin)
  for (const name of ["xdg-open", "open"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "$@" > '${file}'\nexit ${exitCode}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return { file, PATH: `${bin}:${process.env.PATH ?? ""}` }
}

describe("apns simulate", () => {
  it.live("keeps a profile, by which the other commands send to it", () =>
    Effect.gen(function* () {
      const env = yield* home
      const simulator = yield* start(["simulate", "--profile", "local", ...freePorts], { env })
      const told = yield* ready(simulator)
      assert.include(told, "apns send --profile local")
      for (const line of told.split("\n")) assert.isAtMost(line.length, 80 + env.HOME.length, line)

      const path = join(env.XDG_CONFIG_HOME, "apns", "profiles.json")
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      const kept = JSON.parse(readFileSync(path, "utf8"))
      assert.deepStrictEqual(Object.keys(kept), ["profiles"])
      assert.containsSubset(kept.profiles.local, { host: "127.0.0.1", topic: "com.example.app" })
      assert.isTrue(existsSync(kept.profiles.local["key-file"]))
      assert.notInclude(JSON.stringify(kept), "PRIVATE KEY")

      const sent = yield* run(["activity", "end", "--profile", "local", "--device", device], { env })
      assert.strictEqual(sent.code, 0, sent.stderr)
      const made = yield* run(["channels", "create", "--storage", "none", "--profile", "local"], { env })
      assert.strictEqual(made.code, 0, made.stderr)
      const channel = made.stdout.trim()
      const broadcast = yield* run(["broadcast", "end", "--profile", "local", "--channel", channel], { env })
      assert.strictEqual(broadcast.code, 0, broadcast.stderr)

      simulator.signal("SIGINT")
      assert.containsSubset(yield* simulator.ended, { code: 130, stderr: "" })
    })
  )

  it.live("renews its own profile, and leaves others as they are", () =>
    Effect.gen(function* () {
      const env = yield* home
      const directory = join(env.XDG_CONFIG_HOME, "apns")
      const path = join(directory, "profiles.json")
      mkdirSync(directory, { recursive: true })
      const work = { "key-file": "/keys/AuthKey.p8", topic: "com.example.work" }
      writeFileSync(path, JSON.stringify({ inUse: "work", profiles: { work } }), { mode: 0o600 })

      const taken = yield* run(["simulate", "--profile", "work", ...freePorts], { env })
      assert.deepStrictEqual({ code: taken.code, stdout: taken.stdout }, { code: 2, stdout: "" })
      assert.include(taken.stderr, "profile work is not for this simulator")

      for (const topic of ["com.example.first", "com.example.second"]) {
        const simulator = yield* start(["simulate", "--profile", "local", "--topic", topic, ...freePorts], { env })
        yield* ready(simulator)
        const kept = JSON.parse(readFileSync(path, "utf8"))
        assert.containsSubset(kept, { inUse: "work", profiles: { work, local: { topic } } })
        simulator.signal("SIGTERM")
        assert.strictEqual((yield* simulator.ended).code, 130)
      }
    })
  )

  it.live("prints the variables for a shell, and nothing else on standard output", () =>
    Effect.gen(function* () {
      const { HOME, ...env } = yield* home
      const spaced = join(HOME, "it's a home")
      const simulator = yield* start(["simulate", "--print-env", "--ca-dir", spaced, ...freePorts], { env })
      yield* saying(simulator.stdout, "APNS_TOPIC")
      yield* saying(simulator.stderr, "Ctrl-C ends it.")
      const lines = simulator.stdout().trimEnd().split("\n")
      for (const line of lines) assert.match(line, /^export APNS_[A-Z_]+=/)
      assert.include(simulator.stdout(), String.raw`it'\''s a home`)
      const variables = lines.map((line) => {
        const [name = "", value = ""] = line.slice("export ".length).split("=")
        return [name, value.startsWith("'") ? value.slice(1, -1).replaceAll(String.raw`'\''`, "'") : value] as const
      })
      const sent = yield* run(["activity", "end", "--device", device], { env: Object.fromEntries(variables) })
      assert.strictEqual(sent.code, 0, sent.stderr)
    })
  )

  it.live("opens the web inbox in the browser", () =>
    Effect.gen(function* () {
      const env = yield* home
      const { PATH, file } = fakeOpener(env.HOME, 0)
      const simulator = yield* start(["simulate", "--open", ...freePorts], { env: { ...env, PATH } })
      const [, url] = /web inbox +(\S+)/.exec(yield* ready(simulator)) ?? []
      const opened = yield* saying(() => (existsSync(file) ? readFileSync(file, "utf8") : ""), "\n")
      assert.strictEqual(opened.trim(), url)
      const page = yield* Effect.promise(async () => (await fetch(`${url}/api/info`)).status)
      assert.strictEqual(page, 200)
      assert.strictEqual(simulator.stderr(), "")
    })
  )

  for (const [how, exitCode] of [
    ["there is none", undefined],
    ["it fails", 3]
  ] as const) {
    it.live(`says where the web inbox is when no browser opens: ${how}`, () =>
      Effect.gen(function* () {
        const env = yield* home
        const PATH = exitCode === undefined ? env.HOME : fakeOpener(env.HOME, exitCode).PATH
        const simulator = yield* start(["simulate", "--open", ...freePorts], { env: { ...env, PATH } })
        const [, url] = /web inbox +(\S+)/.exec(yield* ready(simulator)) ?? []
        const said = yield* saying(simulator.stderr, "\n")
        assert.strictEqual(said, `! No browser could be opened. The web inbox is at ${url}\n`)
      })
    )
  }

  it.live("misbehaves as a scenario says", () =>
    Effect.gen(function* () {
      const env = yield* home
      const file = join(env.HOME, "scenario.json")
      const effect = { _tag: "reject", reason: "TopicDisallowed" }
      writeFileSync(file, JSON.stringify({ id: "no", name: "No to all", effect }))
      const simulator = yield* start(["simulate", "--profile", "local", "--scenario", file, ...freePorts], { env })
      yield* ready(simulator)
      const sent = yield* run(["activity", "end", "--profile", "local", "--device", device], { env })
      assert.strictEqual(sent.code, 3)
      assert.include(sent.stderr, "TopicDisallowed")
    })
  )

  it.live("names what is wrong with a file of scenarios", () =>
    Effect.gen(function* () {
      const env = yield* home
      const cases = [
        [undefined, "scenario.json cannot be read (ENOENT)"],
        [
          `{\n${'  "a": 1,\n'.repeat(5)}  oops\n}`,
          "scenario.json is not JSON: expected a key in double quotes at line 7, column 3"
        ],
        ['{"name":"no id"}', 'Missing key at ["id"]']
      ] as const
      for (const [content, says] of cases) {
        const file = join(env.HOME, "scenario.json")
        if (content !== undefined) writeFileSync(file, content)
        const { code, stderr, stdout } = yield* run(["simulate", "--scenario", file, ...freePorts], { env })
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        assert.include(stderr, says)
        assert.strictEqual(stderr.trimEnd().split("\n").length, 2, stderr)
      }
    })
  )

  it.live("says that a port is taken, and what to do", () =>
    Effect.gen(function* () {
      const env = yield* home
      const port = yield* Effect.acquireRelease(
        Effect.callback<{ readonly number: string; readonly close: () => void }>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => {
            const address = server.address()
            assert(typeof address === "object" && address !== null)
            resume(Effect.succeed({ number: String(address.port), close: () => void server.close() }))
          })
        }),
        ({ close }) => Effect.sync(close)
      )
      const { code, stderr } = yield* run(["simulate", ...freePorts.slice(2), "--port", port.number], { env })
      assert.strictEqual(code, 1)
      assert.strictEqual(
        stderr,
        `apns: cannot listen on 127.0.0.1:${port.number}.\n      Something listens there already: choose another port, or 0 for a free one.\n`
      )
    })
  )

  it.live("refuses a port that is none", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run(["simulate", "--port", "70000"])
      assert.strictEqual(code, 2)
      assert.include(stderr, "--port")
    })
  )
})
