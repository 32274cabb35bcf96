import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { processEnvironment } from "../support/processEnvironment.ts"
import { hasRedis, redisServer } from "../support/redis.ts"

const run = promisify(execFile)
const worker = fileURLToPath(new URL("../support/tokenWorker.ts", import.meta.url))

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-tokens-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** What becomes of the notifications of three processes that start together. */
const outcomes = (store: "none" | "files" | "redis", at: string) =>
  Effect.gen(function* () {
    const { ca, host, key, port } = yield* Simulator
    const task = JSON.stringify({ ca, host, key, port, store, at })
    const env = { ...processEnvironment, TOKEN_WORKER: task }
    const one = Effect.promise(() => run(process.execPath, [worker], { env }))
    const printed = yield* Effect.all([one, one, one], { concurrency: "unbounded" })
    // What is logged comes before it.
    return printed.map(({ stdout }) => {
      const lines = stdout.trim().split("\n")
      const outcomes: ReadonlyArray<string> = JSON.parse(lines.at(-1) ?? "")
      return { outcomes, warnings: lines.filter((line) => line.includes("JwtCache.layerShared")).length }
    })
  }).pipe(Effect.provide(Simulator.layer({ tokenUpdateScope: "key" })))

const accepted = Array.from({ length: 3 }, () => ({
  outcomes: Array.from({ length: 10 }, () => "accepted"),
  warnings: 0
}))

describe("three processes with one key", () => {
  it.live(
    "are refused by a server that counts the tokens of a key, when each mints its own",
    () =>
      Effect.gen(function* () {
        const all = yield* outcomes("none", "")
        const refused = (given: ReadonlyArray<string>) =>
          given.filter((outcome) => outcome === "TooManyProviderTokenUpdates").length
        assert.isAbove(refused(all.flatMap(({ outcomes }) => outcomes)), 0)
        for (const { outcomes, warnings } of all) assert.strictEqual(warnings, Math.min(1, refused(outcomes)))
      }),
    120_000
  )

  it.live(
    "are never refused when they share the token through files, and store no private key",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        assert.deepStrictEqual(yield* outcomes("files", path), accepted)
        const files = readdirSync(path).map((name) => readFileSync(join(path, name), "utf8"))
        assert.lengthOf(files, 1)
        assert.notInclude(files[0] ?? "", "PRIVATE KEY")
      }),
    120_000
  )

  it.live.skipIf(!hasRedis)(
    `are never refused when they share it through Redis${hasRedis ? "" : " (skipped: no redis-server on this machine)"}`,
    () =>
      Effect.gen(function* () {
        const { path } = yield* redisServer
        assert.deepStrictEqual(yield* outcomes("redis", path), accepted)
      }),
    120_000
  )
})
