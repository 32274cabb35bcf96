/** What a store says when it is opened: that its server is away, not supported, or set to lose notifications. */

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { NodeRedis } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { DeadLetters, Stats, Store } from "@effect-apns/delivery"
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import { Effect, Fiber, Layer, Redacted, Schedule, Schema } from "effect"
import { PersistedQueue, Redis } from "effect/persistence"
import { Reactivity } from "effect/reactivity"
import { SqlClient, Statement } from "effect/sql"
import { TestClock } from "effect/testing"
import { dangers } from "../../packages/delivery/src/internal/redisStore.ts"
import { freePort } from "../support/freePort.ts"
import { observed } from "../support/observed.ts"
import { redisServer } from "../support/redis.ts"
import { redis } from "../support/stores.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-opening-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

describe("a store in a SQL database", () => {
  it.live("fails when the database is away", () =>
    Effect.gen(function* () {
      const url = Redacted.make(`postgres://apns@127.0.0.1:${yield* Effect.promise(freePort)}/apns`)
      const store = Store.sql().pipe(Layer.provide(PgClient.layer({ url })))
      const error = yield* Effect.flip(Layer.build(store))
      assert.strictEqual(error._tag, "SqlError")
      assert.strictEqual(error.reason._tag, "ConnectionError")
    })
  )

  it.live("fails, and does not die, while another process holds the file's lock", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryFolder, "queue.db")
      const other = new DatabaseSync(filename)
      yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
      other.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE")
      const client = NodeSqlite.layer({ filename, busyTimeout: "20 millis" })
      const error = yield* Effect.flip(Layer.build(Store.sql().pipe(Layer.provide(client))))
      assert.strictEqual(error._tag, "SqlError")
      assert.strictEqual(error.reason._tag, "LockTimeoutError")
    })
  )

  it.effect("fails for a database whose dead letters it could not read", () =>
    Effect.gen(function* () {
      const client = SqlClient.make({
        acquirer: Effect.die("no statement is run"),
        compiler: Statement.makeCompiler({
          dialect: "mysql",
          placeholder: () => "?",
          onIdentifier: (name) => name,
          onRecordUpdate: () => ["", []],
          onCustom: () => ["", []]
        }),
        driver: "mysql2",
        spanAttributes: []
      }).pipe(Layer.effect(SqlClient.SqlClient), Layer.provide(Reactivity.layer))
      const error = yield* Effect.flip(Layer.build(Store.sql().pipe(Layer.provide(client))))
      assert.include(error.message, "not with mysql2: use PersistedQueue.layerStoreSql")
    })
  )
})

describe("the settings of a Redis", () => {
  const info = (policy: string, aof: string) =>
    `# Memory\r\nmaxmemory_policy:${policy}\r\n# Persistence\r\naof_enabled:${aof}\r\n`
  const policy = (name: string) =>
    `maxmemory-policy is ${name}, which drops queued notifications when memory is short: set noeviction`
  const aof = "appendonly is off, so a restart loses what was enqueued since the last snapshot: set appendonly yes"

  it.each([
    [info("noeviction", "1"), []],
    [info("allkeys-lru", "1"), [policy("allkeys-lru")]],
    [info("volatile-ttl", "0"), [policy("volatile-ttl"), aof]],
    [info("noeviction", "0"), [aof]],
    ["# Server\r\nredis_version:7.0.15\r\n", []]
  ])("that endanger a queue are those of %j", (given, expected) => {
    assert.deepStrictEqual(dangers(given), expected)
  })

  /** The warnings that opening a store logs. */
  const warnings = (client: Layer.Layer<Redis.Redis, Redis.RedisError>) =>
    Effect.gen(function* () {
      const { layer, lines } = observed()
      yield* Effect.scoped(Layer.build(Store.redis().pipe(Layer.provide(client), Layer.provide(layer))))
      return lines.filter(({ level }) => level === "Warn").map(({ message }) => message)
    })

  describe.skipIf(redis.skipped)(redis.title, { timeout: 120_000 }, () => {
    it.live("are looked at once, and what endangers the queue is logged as one warning", () =>
      Effect.gen(function* () {
        const { url } = yield* redisServer
        const client = NodeRedis.layer({ url })
        assert.deepStrictEqual(yield* warnings(client), [])
        yield* Redis.Redis.use(({ send }) =>
          send("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "appendonly", "no")
        ).pipe(Effect.provide(client))
        assert.deepStrictEqual(yield* warnings(client), [
          `Store.redis: this Redis may lose notifications: ${policy("allkeys-lfu")}; ${aof}`
        ])
      })
    )
  })

  it.effect("are named where the server does not show them", () =>
    Effect.gen(function* () {
      const refuse = Effect.fail(new Redis.RedisError({ cause: new Error("NOPERM") }))
      const client = Redis.make({
        send: () => refuse,
        subscribe: () => refuse,
        connect: refuse
      }).pipe(Layer.effect(Redis.Redis))
      const [warning, ...others] = yield* warnings(client)
      assert.isEmpty(others)
      assert.include(warning, "INFO is refused")
      assert.include(warning, "maxmemory-policy noeviction and appendonly yes")
    })
  )
})

describe("a store in memory", () => {
  it.effect("goes by the clock of the test", () =>
    Effect.gen(function* () {
      const queue = yield* PersistedQueue.make({
        name: "q",
        schema: Schema.String,
        maxAttempts: 2,
        retrySchedule: Schedule.spaced("5 minutes")
      })
      const attempts: Array<number> = []
      const worker = yield* Effect.forkChild(
        Effect.forever(
          Effect.ignore(
            queue.take((_, metadata) => {
              attempts.push(metadata.attempts)
              return Effect.fail("no")
            })
          )
        )
      )
      yield* queue.offer("tomorrow", { delay: "1 day" })
      yield* TestClock.adjust("23 hours")
      assert.deepStrictEqual(attempts, [])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(attempts, [1])
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(attempts, [1])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(attempts, [1, 2])
      const [letter] = yield* DeadLetters.use(({ list }) => list("q"))
      assert.strictEqual(letter?.failedAt.epochMilliseconds, (24 * 60 + 5) * 60_000)
      assert.strictEqual((yield* Stats.use(({ read }) => read("q"))).failed, 1)
      yield* Fiber.interrupt(worker)
    }).pipe(Effect.provide(Store.memory))
  )
})
