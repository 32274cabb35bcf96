import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { type Received, Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { dialogue } from "../dialogue.ts"
import { connectWithToken, device, topic } from "../support.ts"
import { ask } from "./support.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Runs with a file that is gone afterwards. */
const withFile = <A, E>(use: (file: string) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(folder, (path) => use(join(path, "inbox.db"))))

const entries = (simulator: Simulator["Service"]) => simulator.inbox.entries({ order: "oldest", limit: 1_000 })

/** Without the keys that have no value. */
const plain = (received: ReadonlyArray<Received>): unknown => JSON.parse(JSON.stringify(received))

const started = <A, E>(
  options: SimulatorOptions,
  use: (simulator: Simulator["Service"]) => Effect.Effect<A, E, Scope.Scope>
) => Effect.scoped(Simulator.use(use)).pipe(Effect.provide(Simulator.layer(options)))

describe("an inbox in a file", () => {
  it.live("is there again after a restart, with ids that go on", () =>
    withFile((data) =>
      Effect.gen(function* () {
        const before = yield* dialogue(
          (simulator, client) =>
            Effect.gen(function* () {
              yield* simulator.addScenario({
                id: "hot",
                every: 3,
                effect: { _tag: "reject", reason: "TooManyRequests" }
              })
              yield* simulator.addScenario({ id: "gone", effect: { _tag: "silence" } })
              yield* simulator.removeScenario("gone")
              yield* simulator.switchScenario("hot", false)
              yield* simulator.register({ state: "offline", token: device })
              yield* simulator.register({ state: "unregistered", token: "cd", since: 5 })
              yield* simulator.register({ state: "active", token: "ef" })
              yield* simulator.unregister("ef")
              yield* simulator.registerChannel({ bundleId: topic, id: "AAAA", storage: "mostRecent" })
              yield* simulator.setBroadcastCapability("com.example.none", false)
              yield* client.push({ headers: { "apns-collapse-id": "Grüße" } })
              yield* client.push({ path: "/3/device/cd" })
              yield* client.push({ path: "/4/other", body: "\u0000no JSON" })
              yield* client.push({ body: Buffer.from([0xff, 0xfe]), headers: { "apns-priority": "7" } })
              return yield* entries(simulator)
            }),
          { data }
        )
        assert.strictEqual(before.length, 4)
        yield* dialogue(
          (simulator, client) =>
            Effect.gen(function* () {
              assert.deepStrictEqual(plain(yield* entries(simulator)), plain(before))
              const [hot, ...others] = yield* simulator.scenarios
              assert.deepInclude(hot?.scenario, { id: "hot", every: 3, enabled: false })
              assert.strictEqual(others.length, 0)
              const devices = yield* simulator.devices
              assert.deepStrictEqual(
                devices.map(({ device }) => device?.state),
                ["offline", "unregistered"]
              )
              assert.strictEqual(devices[0]?.stored[0]?.received, 1)
              assert.deepStrictEqual(
                (yield* simulator.channels).map(({ id }) => id),
                ["AAAA"]
              )
              // Coming online delivers what an earlier process stored.
              yield* simulator.register({ state: "active", token: device })
              assert.strictEqual((yield* simulator.inbox.get(1))?.delivery?._tag, "delivered")
              yield* client.push()
              assert.strictEqual((yield* entries(simulator)).at(-1)?.id, 5)
              assert.strictEqual((yield* simulator.inbox.waitFor({ pushType: "alert" }, { after: 4 })).sequence, 0)
              yield* simulator.inbox.clear
            }),
          { data }
        )
        yield* started({ data }, (simulator) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* entries(simulator), [])
            assert.strictEqual((yield* simulator.inbox.summary).firstId, 6)
            yield* simulator.reset
          })
        )
        yield* started({ data }, (simulator) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* simulator.devices, [])
            assert.deepStrictEqual(yield* simulator.channels, [])
            assert.deepStrictEqual(yield* simulator.scenarios, [])
          })
        )
      })
    )
  )

  it.live("holds no more than the cap, on disk as in memory", () =>
    withFile((data) =>
      Effect.gen(function* () {
        yield* dialogue(
          (_, client) => Effect.forEach(Array.from({ length: 50 }), () => client.push(), { discard: true }),
          { data, keep: 20 }
        )
        const database = new DatabaseSync(data)
        const rows = database.prepare("SELECT id FROM received ORDER BY id").all()
        database.close()
        assert.deepStrictEqual(
          rows.map(({ id }) => id),
          Array.from({ length: 20 }, (_, index) => 31 + index)
        )
        // A smaller cap holds for what is kept already.
        yield* started({ data, keep: 5 }, (simulator) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(
              (yield* entries(simulator)).map(({ id }) => id),
              [46, 47, 48, 49, 50]
            )
          })
        )
      })
    )
  )

  it.live("is refused when it is something else, and left as it was", () =>
    withFile((data) =>
      Effect.gen(function* () {
        const failure = Effect.map(Effect.flip(started({ data }, () => Effect.void)), ({ message }) => message)
        writeFileSync(data, "Dear diary, today I received a push. ".repeat(40))
        assert.include(yield* failure, "not a database")
        assert.include(readFileSync(data, "utf8"), "Dear diary")
        rmSync(data)
        const other = new DatabaseSync(data)
        other.exec("CREATE TABLE accounts (id INTEGER)")
        other.close()
        assert.include(yield* failure, "another program")
        rmSync(data)
        yield* started({ data }, () => Effect.void)
        const newer = new DatabaseSync(data)
        newer.exec("PRAGMA user_version = 2")
        newer.close()
        assert.include(yield* failure, "format 2")
        const missing = yield* Effect.flip(
          started({ data: join(data, "..", "no", "such", "folder.db") }, () => Effect.void)
        )
        assert.strictEqual((missing as { readonly reason?: { readonly _tag: string } }).reason?._tag, "InvalidData")
      })
    )
  )

  it.live("leaves out a row that it cannot read", () =>
    withFile((data) =>
      Effect.gen(function* () {
        yield* dialogue((_, client) => Effect.andThen(client.push(), client.push()), { data })
        const database = new DatabaseSync(data)
        database.exec("UPDATE received SET data = '{\"id\": 1' WHERE id = 1")
        database.exec("UPDATE kept SET value = '[]'")
        database.close()
        yield* started({ data }, (simulator) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(
              (yield* entries(simulator)).map(({ id }) => id),
              [2]
            )
          })
        )
      })
    )
  )
})

const main = fileURLToPath(new URL("../../../packages/simulator/src/main.ts", import.meta.url))

interface Running {
  readonly child: ChildProcess
  readonly output: string
  readonly url: string
}

/** Starts the process, on free ports, and waits until it says how to reach it. */
const run = (path: string, ...flags: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.callback<Running, Error>((resume) => {
      const free = ["--port", "--management-port", "--inbox-port"].filter((flag) => !flags.includes(flag))
      const ports = free.flatMap((flag) => [flag, "0"])
      const words = [main, ...ports, "--ca-dir", join(path, "ca"), ...flags]
      const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] })
      let output = ""
      const read = (chunk: Buffer) => {
        output += chunk.toString("utf8")
        const url = /web inbox +(http:\S+)/.exec(output)?.[1]
        if (url !== undefined && output.includes("Ctrl-C")) resume(Effect.succeed({ child, output, url }))
      }
      child.stdout.on("data", read)
      child.stderr.on("data", read)
      child.on("exit", (code) => resume(Effect.fail(new Error(`ended with ${code}: ${output}`))))
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const end = (child: ChildProcess, signal: NodeJS.Signals) =>
  Effect.callback<number | null>((resume) => {
    child.on("exit", (code) => resume(Effect.succeed(code)))
    child.kill(signal)
  })

const reachable = (url: string) =>
  Effect.map(ask(url, "/api/info"), ({ json }) => json as Simulator["Service"] & { readonly ca: string })

describe("the process", () => {
  it.live(
    "says in 80 columns what to point a client at, and ends when it is told to",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const { child, output, url } = yield* run(path)
        for (const line of output.split("\n")) {
          if (!line.includes(path)) assert.isAtMost(line.length, 80, line)
        }
        assert.include(output, "ca.pem")
        assert.include(output, "SIMKEY0001")
        const client = yield* connectWithToken(yield* reachable(url))
        assert.strictEqual((yield* client.push()).status, 200)
        yield* Effect.all([end(child, "SIGTERM"), client.closed], { concurrency: 2 })
        assert.strictEqual(client.goAways[0]?.debugData, '{"reason":"Shutdown"}')
      }),
    120_000
  )

  it.live(
    "keeps certificates, key and inbox, and loses nothing committed when it is killed",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const data = join(path, "inbox.db")
        const first = yield* run(path, "--data", data)
        const info = yield* reachable(first.url)
        const client = yield* connectWithToken(info)
        for (let n = 0; n < 30; n++) yield* client.push()
        // A write follows a change within a twentieth of a second; when the file holds all, the process is shot down.
        const written = Effect.gen(function* () {
          yield* Effect.sleep(50)
          const size = statSync(`${data}-wal`).size
          return size
        })
        let size = -1
        for (let now = yield* written; now !== size; now = yield* written) size = now
        yield* end(first.child, "SIGKILL")
        assert.isTrue(readdirSync(path).includes("inbox.db-wal"))

        const second = yield* run(path, "--data", data)
        const again = yield* reachable(second.url)
        assert.strictEqual(again.ca, info.ca)
        assert.deepStrictEqual(again.key, info.key)
        const kept = (yield* ask(second.url, "/api/received/whole?limit=1000")).json as ReadonlyArray<Received>
        assert.strictEqual(kept.length, 30)
        assert.deepInclude(kept[0], { id: 30, topic, device })
        yield* (yield* connectWithToken(again)).push()
        assert.strictEqual((yield* ask(second.url, "/api/received")).json.items[0].id, 31)
        const { json } = yield* ask(second.url, "/api/info")
        assert.strictEqual(json.data, data)
      }),
    120_000
  )

  it.live(
    "loads scenarios from files, and says what is wrong with one",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const good = join(path, "good.json")
        writeFileSync(good, JSON.stringify([{ id: "busy", effect: { _tag: "reject", reason: "ServiceUnavailable" } }]))
        const { url } = yield* run(path, "--scenario", good)
        assert.strictEqual((yield* ask(url, "/api/scenarios")).json[0].scenario.id, "busy")
        const bad = join(path, "bad.json")
        writeFileSync(bad, "{}")
        const failed = yield* Effect.flip(run(path, "--scenario", bad))
        assert.include(failed.message, "ended with 1")
        assert.include(failed.message, "bad.json is no file of scenarios")
      }),
    120_000
  )

  it.live(
    "says what is wrong with a port or a file that another process has",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const data = join(path, "inbox.db")
        const { url } = yield* run(path, "--data", data)
        const taken = yield* Effect.flip(run(path, "--inbox-port", new URL(url).port))
        assert.include(taken.message, "listens there already")
        const locked = yield* Effect.flip(run(path, "--data", data))
        assert.include(locked.message, "Another process uses it")
      }),
    120_000
  )
})
