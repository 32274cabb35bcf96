import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Outbox, Store } from "@effect-apns/delivery"
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Layer, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Notification } from "effect-apns"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { localVariables } from "./support/local.ts"
import { start } from "./support/process.ts"

const deviceOf = (index: number) => index.toString(16).padStart(64, "0")

const storeOf = (file: string) => Store.sql().pipe(Layer.provide(NodeSqlite.layer({ filename: file })))

const enqueue = (file: string, from: number, to: number) =>
  Effect.gen(function* () {
    const outbox = yield* Outbox
    const notifications = Array.from({ length: to - from }, (_, index) =>
      Notification.alert({ device: deviceOf(from + index), alert: "Hello" })
    )
    yield* outbox.enqueueAll(`batch ${from}`, notifications)
  }).pipe(Effect.provide(Outbox.layer().pipe(Layer.provide(storeOf(file)))), Effect.orDie)

/** A chunk that does not decode, so that a worker can only fail it. */
const enqueueBroken = (file: string) =>
  Effect.gen(function* () {
    const queue = yield* PersistedQueue.make({ name: "apns:high", schema: Schema.Struct({ v: Schema.Literal(99) }) })
    yield* queue.offer({ v: 99 }, { id: "from-the-future" })
  }).pipe(Effect.provide(storeOf(file)), Effect.orDie)

const lines = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

describe("apns queue", () => {
  it.live("work sends what lies in a file, writes down what became of each, and ends when it is empty", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const simulator = yield* Simulator
      const home = yield* folder
      const file = join(home, "queue.db")
      yield* simulator.register({ state: "unregistered", token: deviceOf(7), since: 1_767_225_600_000 })
      yield* enqueue(file, 0, 120)

      const before = yield* run(["queue", "stats", "--store", file, "--json"], { env })
      assert.strictEqual(before.code, 0, before.stderr)
      assert.deepInclude(JSON.parse(before.stdout)[0], { queue: "apns:high", ready: 3, taken: 0, failed: 0 })

      const outcomes = join(home, "outcomes.ndjson")
      const worked = yield* run(["queue", "work", "--store", file, "--outcomes", outcomes, "--until-empty"], { env })
      assert.strictEqual(worked.code, 0, worked.stderr)
      assert.include(worked.stderr, "119 accepted, 1 refused.")
      assert.strictEqual(worked.stdout, "")
      const told = lines(outcomes)
      assert.strictEqual(told.length, 120)
      assert.deepInclude(
        told.find(({ device }) => device === deviceOf(7)),
        { outcome: "Refused", reason: "Unregistered", attempts: 1 }
      )
      assert.strictEqual((yield* simulator.received).length, 120)

      const after = yield* run(["queue", "stats", "--store", file], { env })
      assert.match(after.stdout, /apns:high +0 +0 +0 +0$/m)
      for (const line of after.stdout.split("\n")) assert.isAtMost(line.length, 80, line)
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("enqueue stores the rows of a file, once however often it runs, and names what is wrong with some", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const simulator = yield* Simulator
      const home = yield* folder
      const file = join(home, "queue.db")
      const rows = Array.from({ length: 1_200 }, (_, index) => `${deviceOf(index)},user ${index}`)
      rows[5] = "no hex,user 5"
      writeFileSync(join(home, "users.csv"), `device,name\n${rows.join("\n")}\n`)
      writeFileSync(join(home, "hello.json"), JSON.stringify({ aps: { alert: "Hello {{name}}" } }))
      const args = ["queue", "enqueue", "users.csv", "--template", "hello.json", "--store", file, "--lane", "low"]

      const first = yield* run(args, { env, cwd: home })
      assert.strictEqual(first.code, 2, first.stderr)
      assert.strictEqual(first.stdout, "1,199 notifications of users.csv are in the queue.\n")
      assert.match(first.stderr, /users\.csv has 1 bad row, which is not in the queue\.\n +line 7 .*hexadecimal/)
      yield* run(args, { env, cwd: home })
      const stats = yield* run(["queue", "stats", "--store", file, "--json"], { env })
      assert.deepInclude(JSON.parse(stats.stdout)[1], { queue: "apns:low", ready: 24 })

      const worked = yield* run(["queue", "work", "--store", file, "--until-empty"], { env })
      assert.include(worked.stderr, "1,199 accepted.")
      const received = yield* simulator.received
      assert.strictEqual(received.length, 1_199)
      assert.strictEqual(new Set(received.map(({ device }) => device)).size, 1_199)
      assert.include(received.find(({ device }) => device === deviceOf(7))?.body, "Hello user 7")
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("enqueue reads standard input, and holds back what is for later", () =>
    Effect.gen(function* () {
      const file = join(yield* folder, "queue.db")
      const row = { device: deviceOf(1), payload: { aps: { alert: "Hello" } }, topic: "com.example.app" }
      const args = ["queue", "enqueue", "-", "--store", file, "--at", "+1 hour", "--json"]
      const { code, stderr, stdout } = yield* run(args, { stdin: `${JSON.stringify(row)}\n` })
      assert.strictEqual(code, 0, stderr)
      assert.deepInclude(JSON.parse(stdout), { enqueued: 1, bad: 0 })
      const stats = yield* run(["queue", "stats", "--store", file, "--json"])
      assert.deepInclude(JSON.parse(stats.stdout)[0], { ready: 0, delayed: 1 })
    })
  )

  it.live.each([
    { args: ["nothing.csv"], says: /nothing\.csv/ },
    { args: ["-", "--at", "tomorrow"], says: /--at "tomorrow" is no instant/ },
    { args: ["-", "--deadline", "once"], says: /--deadline is no time/ },
    { args: ["-", "--priority", "7"], says: /--priority/ },
    { args: ["-", "--key", ""], says: /--key is empty/ }
  ])("enqueue says what is wrong with $args", ({ args, says }) =>
    Effect.gen(function* () {
      const file = join(yield* folder, "queue.db")
      const { code, stdout, stderr } = yield* run(["queue", "enqueue", ...args, "--store", file], { stdin: "00\n" })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.match(stderr, says)
    })
  )

  it.live("work ends on Ctrl-C with what is in hand, and the next one sends the rest, each once", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const simulator = yield* Simulator
      const home = yield* folder
      const file = join(home, "queue.db")
      yield* enqueue(file, 0, 400)
      const outcomes = join(home, "outcomes.ndjson")
      const args = ["queue", "work", "--store", file, "--outcomes", outcomes, "--rate", "50"]
      const first = yield* start(args, { env })
      while ((yield* simulator.received).length === 0) yield* Effect.sleep("10 millis")
      first.signal("SIGINT")
      const { code, stderr } = yield* first.ended
      assert.strictEqual(code, 130, stderr)
      const seen = (yield* simulator.received).length
      assert.isBelow(seen, 400)
      assert.strictEqual(lines(outcomes).length, seen, "each that was sent is told")

      const rest = ["queue", "work", "--store", file, "--outcomes", outcomes, "--until-empty"]
      assert.strictEqual((yield* run(rest, { env })).code, 0)
      const received = yield* simulator.received
      assert.strictEqual(received.length, 400)
      assert.strictEqual(new Set(received.map(({ device }) => device)).size, 400)
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("lists what no worker can finish, gives it back and removes it", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const file = join(yield* folder, "queue.db")
      yield* enqueueBroken(file)
      assert.strictEqual((yield* run(["queue", "work", "--store", file, "--until-empty"], { env })).code, 0)

      const listed = yield* run(["queue", "failed", "--store", file], { env })
      assert.strictEqual(listed.code, 0, listed.stderr)
      assert.include(listed.stdout, "from-the-future")
      assert.include(listed.stdout, "1 of 1.")

      const unsaid = yield* run(["queue", "redrive", "--store", file], { env })
      assert.deepStrictEqual({ code: unsaid.code, stdout: unsaid.stdout }, { code: 2, stdout: "" })
      assert.include(unsaid.stderr, "--all")
      const given = yield* run(["queue", "redrive", "--store", file, "from-the-future", "no-such"], { env })
      assert.include(given.stdout, "1 chunk given back to the workers.")
      assert.include(given.stderr, "1 of them are not among the failed.")
      assert.include((yield* run(["queue", "failed", "--store", file], { env })).stdout, "Nothing has failed.")

      assert.strictEqual((yield* run(["queue", "work", "--store", file, "--until-empty"], { env })).code, 0)
      assert.include((yield* run(["queue", "discard", "--store", file, "--all"], { env })).stdout, "1 chunk removed.")
      assert.deepInclude(JSON.parse((yield* run(["queue", "failed", "--store", file, "--json"], { env })).stdout), {
        total: 0
      })
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live.each([
    { args: [], env: {}, says: /it is not said where the queue is.*\n +Give --store/ },
    { args: ["--store", "mysql://host/db"], env: {}, says: /a queue cannot be at "mysql:\/\/host\/db"/ },
    {
      args: ["--store", "redis://:hunter2@127.0.0.1:1"],
      env: {},
      says: /--store holds a password.*\n +Set APNS_QUEUE/
    },
    { args: [], env: { APNS_QUEUE: "postgres://me:hunter2@127.0.0.1:1/db" }, says: /cannot be opened/ },
    { args: ["--store", "/nowhere/queue.db"], env: {}, says: /the queue at \/nowhere\/queue\.db cannot be opened/ }
  ])("says what is wrong with $args $env", ({ args, env, says }) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["queue", "stats", ...args], { env })
      assert.include([1, 2], code)
      assert.strictEqual(stdout, "")
      assert.match(stderr, says)
      assert.notInclude(stderr, "hunter2")
    })
  )

  it.live("says so when what became of each cannot be written down", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const home = yield* folder
      const file = join(home, "queue.db")
      writeFileSync(join(home, "file"), "")
      const outcomes = join(home, "file", "outcomes.ndjson")
      const { code, stderr } = yield* run(["queue", "work", "--store", file, "--outcomes", outcomes], { env })
      assert.strictEqual(code, 2)
      assert.match(stderr, /outcomes\.ndjson cannot be written \(ENOTDIR\)/)
    }).pipe(Effect.provide(Simulator.layer()))
  )
})
