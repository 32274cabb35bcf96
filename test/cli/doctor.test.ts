import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { serving } from "../support/proxies.ts"
import { run } from "./support/commandLine.ts"
import { diagnosed, order, pointedAt, simulated, type Variables, well } from "./support/doctor.ts"
import { folder } from "./support/folder.ts"
import { localVariables, topic } from "./support/local.ts"
import { main, start } from "./support/process.ts"

describe("apns doctor", () => {
  it.live("finds all well, and sends nothing that could arrive", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { code, line, statuses } = yield* diagnosed(yield* localVariables)
      assert.deepStrictEqual({ code, statuses }, { code: 0, statuses: well })
      assert.deepStrictEqual(Object.keys(statuses), order)
      assert.deepStrictEqual(line("probe").facts, { status: 400, reason: "BadDeviceToken" })
      assert.include(line("dns").detail, "is an address")
      assert.strictEqual(line("settings").facts?.maxConcurrentStreams, 1)
      assert.isAtMost(Math.abs(Number(line("clock").facts?.skewSeconds)), 5)
      const pushes = (yield* simulator.received).filter(({ method }) => method === "POST")
      assert.deepStrictEqual(
        pushes.map(({ answer }) => answer?._tag === "answered" && answer.reason),
        ["BadDeviceToken"]
      )
    }).pipe(simulated())
  )

  it.live("is read in 80 columns, without colours where there is no terminal", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["doctor"], { env: yield* localVariables })
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
      assert.notInclude(stdout, "\u001b")
      assert.match(stdout, /^✓ Node {9}\d/m)
      assert.match(stdout, /^✓ Probe {8}BadDeviceToken, as it should be/m)
      assert.match(stdout, /\nAll is well\.\n$/)
    }).pipe(simulated())
  )

  it.live("has colours where they are wanted", () =>
    Effect.gen(function* () {
      const env = { ...(yield* localVariables), FORCE_COLOR: "1" }
      const { stdout } = yield* run(["doctor", "--no-probe"], { env })
      assert.include(stdout, "\u001b[32m✓\u001b[39m Node")
    }).pipe(simulated())
  )

  it.live("sends no probe with --no-probe", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { line, statuses } = yield* diagnosed(yield* localVariables, ["--no-probe"])
      assert.deepStrictEqual(statuses, { ...well, probe: "skipped" })
      assert.include(line("probe").detail, "--no-probe")
      assert.deepStrictEqual(
        (yield* simulator.received).map(({ method, path, token }) => ({ method, path, token })),
        [{ method: "GET", path: "/", token: undefined }]
      )
    }).pipe(simulated())
  )

  it.live("says where each setting is from, and shows no key", () =>
    Effect.gen(function* () {
      const { APNS_KEY_FILE, APNS_TEAM_ID, APNS_TOPIC, ...env } = yield* localVariables
      const { key } = yield* Simulator
      const config = yield* folder
      mkdirSync(join(config, "apns"))
      const profiles = {
        profiles: { work: { "team-id": APNS_TEAM_ID, topic: "com.example.other", timeout: "5 seconds" } }
      }
      writeFileSync(join(config, "apns", "profiles.json"), JSON.stringify(profiles), { mode: 0o600 })
      const variables = { ...env, APNS_KEY: key.privateKey, XDG_CONFIG_HOME: config }
      const { settings, statuses, stdout } = yield* diagnosed(variables, ["--profile", "work", "--topic", topic])
      assert.deepStrictEqual(statuses, { ...well, permissions: "skipped" })
      const of = (wanted: string) => settings.find(({ name }) => name === wanted)
      assert.deepStrictEqual(of("topic"), { name: "topic", value: topic, from: "flag", source: "--topic" })
      assert.deepStrictEqual(of("team-id"), { name: "team-id", value: APNS_TEAM_ID, from: "profile", source: "work" })
      assert.deepStrictEqual(of("timeout"), { name: "timeout", value: "5 seconds", from: "profile", source: "work" })
      assert.deepStrictEqual(of("key-id"), {
        name: "key-id",
        value: env.APNS_KEY_ID,
        from: "variable",
        source: "APNS_KEY_ID"
      })
      assert.deepStrictEqual(of("APNS_KEY"), { name: "APNS_KEY", value: "(set)", from: "variable", source: "APNS_KEY" })
      assert.notInclude(stdout, key.privateKey.split("\n")[1] ?? "")
    }).pipe(simulated())
  )
})

describe("apns doctor ends with 2, for settings that cannot be used:", () => {
  const bad: ReadonlyArray<readonly [string, ReadonlyArray<string>, Variables, RegExp]> = [
    ["an environment that there is not", ["--environment", "staging"], {}, /APNS_ENVIRONMENT is "staging"/],
    ["no credentials", [], {}, /APNS_KEY_FILE is not set/],
    ["a key without its ID", ["--key-file", "key.p8", "--team-id", "SIMTEAM001"], {}, /APNS_KEY_ID is not set/],
    [
      "an authority that is missing",
      ["--host", "localhost", "--ca-file", "/nowhere/ca.pem"],
      {},
      /ca\.pem, which cannot be read/
    ],
    ["a proxy that is none", [], { APNS_KEY: "x", HTTPS_PROXY: "ftp://push:s3cr3t@proxy" }, /HTTPS_PROXY has a scheme/],
    ["a timeout that is none", ["--timeout", "soon"], {}, /--timeout is "soon"/],
    ["an endless timeout", ["--timeout", "Infinity"], {}, /--timeout is "Infinity"/],
    ["a profile that there is not", ["--profile", "play"], {}, /there is no profile "play"/],
    ["a flag that there is not", ["--bogus"], {}, /--bogus/]
  ]
  it.live.each(bad)("%s", ([, args, env, said]) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* run(["doctor", ...args], { env })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.strictEqual(stderr.trimEnd().split("\n").length, 2, stderr)
      assert.match(stderr, said)
      assert.notInclude(stderr, "s3cr3t")
    })
  )
})

describe("apns doctor's output", () => {
  /** Runs it with its output into a file, or into a reader that leaves after the first line. */
  const printing = (env: Variables, into: "/dev/full" | "reader") =>
    Effect.callback<{ readonly code: number | null; readonly stderr: string }>((resume) => {
      const stdout = into === "reader" ? "pipe" : openSync(into, "w")
      const child = spawn(process.execPath, [main, "doctor"], { env, stdio: ["ignore", stdout, "pipe"] })
      let stderr = ""
      child.stdout?.once("data", () => child.stdout?.destroy())
      child.stderr?.on("data", (text) => {
        stderr += String(text)
      })
      child.once("close", (code) => {
        if (typeof stdout === "number") closeSync(stdout)
        resume(Effect.succeed({ code, stderr }))
      })
      return Effect.sync(() => child.kill("SIGKILL"))
    })

  it.live("comes line by line, and ends with Ctrl-C", () =>
    Effect.gen(function* () {
      const { port } = yield* serving(() => {})
      const running = yield* start(["doctor", "--timeout", "1 hour"], { env: yield* pointedAt(port) })
      while (!/^✓ Port /m.test(running.stdout())) yield* Effect.sleep(5)
      running.signal("SIGINT")
      const { code, stderr, stdout } = yield* running.ended
      assert.deepStrictEqual({ code, stderr }, { code: 130, stderr: "" })
      assert.notInclude(stdout, "TLS")
    }).pipe(simulated())
  )

  it.live("may end early", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* printing(yield* localVariables, "reader"), { code: 0, stderr: "" })
    }).pipe(simulated())
  )

  it.live.skipIf(process.platform !== "linux")("says so in one line when it cannot be written", () =>
    Effect.gen(function* () {
      const stderr = "apns: the output cannot be written (ENOSPC).\n"
      assert.deepStrictEqual(yield* printing(yield* localVariables, "/dev/full"), { code: 1, stderr })
    }).pipe(simulated())
  )
})
