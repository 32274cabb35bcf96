import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import { Context, Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-sqlite-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const opened = (filename: string, options: Omit<NodeSqlite.NodeSqliteOptions, "filename"> = {}) =>
  Effect.map(Layer.build(NodeSqlite.layer({ filename, ...options })), Context.get(SqlClient.SqlClient))

const inMemory = Effect.tap(
  opened(":memory:"),
  (sql) => sql`CREATE TABLE pushes (id INTEGER PRIMARY KEY, name TEXT UNIQUE)`
)

const namesIn = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ readonly name: string }>`SELECT name FROM pushes ORDER BY id`, (rows) =>
    rows.map(({ name }) => name)
  )

describe("the SQL client on node:sqlite", () => {
  it.live("reads rows, values, raw results and streams", () =>
    Effect.gen(function* () {
      const sql = yield* inMemory
      assert.deepStrictEqual(yield* sql`INSERT INTO pushes ${sql.insert([{ name: "a" }, { name: "b" }])}`, [])
      const rows = yield* sql`SELECT * FROM pushes`
      assert.deepStrictEqual(
        rows.map((row) => ({ ...row })),
        [
          { id: 1, name: "a" },
          { id: 2, name: "b" }
        ]
      )
      assert.deepStrictEqual(yield* sql`SELECT id, name FROM pushes`.values, [
        [1, "a"],
        [2, "b"]
      ])
      assert.deepStrictEqual(yield* sql`SELECT id FROM pushes WHERE name = ${"b"}`.unprepared, [{ id: 2 }])
      assert.deepInclude(yield* sql`DELETE FROM pushes WHERE id = 1`.raw, { changes: 1 })
      assert.deepStrictEqual(yield* Stream.runCollect(sql`SELECT name FROM pushes`.stream), [{ name: "b" }])
      assert.deepStrictEqual(yield* sql`UPDATE pushes SET name = 'c' RETURNING id, name`, [{ id: 2, name: "c" }])
    })
  )

  it.live("reads integers beyond 2^53 when asked for", () =>
    Effect.gen(function* () {
      const sql = yield* inMemory
      yield* sql`INSERT INTO pushes (id, name) VALUES (${2n ** 60n}, 'a')`
      const read = sql`SELECT id FROM pushes`
      assert.strictEqual((yield* Effect.flip(read))._tag, "SqlError")
      const [row] = yield* Effect.provideService(read, SqlClient.SafeIntegers, true)
      assert.strictEqual(row?.id, 2n ** 60n)
    })
  )

  it.live("says what is wrong, as a SqlError", () =>
    Effect.gen(function* () {
      const sql = yield* inMemory
      yield* sql`INSERT INTO pushes (name) VALUES ('a')`
      const twice = yield* Effect.flip(sql`INSERT INTO pushes (name) VALUES ('a')`)
      assert.strictEqual(twice.reason._tag, "UniqueViolation")
      assert.include(twice.message, "pushes.name")
      const nonsense = yield* Effect.flip(sql`SELEC 1`)
      assert.include(nonsense.message, 'near "SELEC"')
    })
  )

  it.live("says that a file cannot be opened", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "missing", "apns.db")
      const error = yield* Effect.flip(opened(path))
      assert.strictEqual(error.reason._tag, "ConnectionError")
      assert.include(error.message, path)
    })
  )

  it.live.each([
    [{}, 2],
    [{ synchronous: "full" }, 2],
    [{ synchronous: "normal" }, 1]
  ] as const)("writes ahead, and to the disk as %j says", ([options, level]) =>
    Effect.gen(function* () {
      const sql = yield* opened(join(yield* folder, "apns.db"), options)
      assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`, [{ journal_mode: "wal" }])
      assert.deepStrictEqual(yield* sql`PRAGMA synchronous`, [{ synchronous: level }])
    })
  )

  it.live("lets nothing else into a transaction, and takes back the whole of one that fails or is interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* inMemory
      const inside = yield* Deferred.make<void>()
      const transaction = yield* sql`INSERT INTO pushes (name) VALUES ('interrupted')`.pipe(
        Effect.andThen(Deferred.succeed(inside, undefined)),
        Effect.andThen(Effect.never),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(inside)
      const other = yield* Effect.forkChild(sql`INSERT INTO pushes (name) VALUES ('other')`)
      yield* Effect.sleep("20 millis")
      assert.isUndefined(other.pollUnsafe())
      yield* Fiber.interrupt(transaction)
      yield* Fiber.join(other)
      yield* sql`INSERT INTO pushes (name) VALUES ('failed')`.pipe(
        Effect.andThen(Effect.fail("no")),
        sql.withTransaction,
        Effect.flip
      )
      assert.deepStrictEqual(yield* namesIn(sql), ["other"])
    })
  )

  it.live("takes back what is nested in a transaction and fails, and keeps the rest", () =>
    Effect.gen(function* () {
      const sql = yield* inMemory
      const insert = (name: string) => sql`INSERT INTO pushes (name) VALUES (${name})`
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* insert("outer")
          yield* insert("inner").pipe(Effect.andThen(Effect.fail("no")), sql.withTransaction, Effect.flip)
          yield* sql.withTransaction(insert("kept"))
        })
      )
      assert.deepStrictEqual(yield* namesIn(sql), ["outer", "kept"])
    })
  )

  it.live("can be used after a commit that failed", () =>
    Effect.gen(function* () {
      const sql = yield* inMemory
      yield* sql`CREATE TABLE receipts (push INTEGER REFERENCES pushes (id) DEFERRABLE INITIALLY DEFERRED)`
      const orphan = yield* Effect.exit(sql.withTransaction(sql`INSERT INTO receipts (push) VALUES (7)`))
      assert.strictEqual(orphan._tag, "Failure")
      yield* sql.withTransaction(sql`INSERT INTO pushes (name) VALUES ('after')`)
      assert.deepStrictEqual(yield* namesIn(sql), ["after"])
    })
  )

  it.live("waits for another process no longer than it may, and reads what that one has committed", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "apns.db")
      const [one, other] = [yield* opened(path), yield* opened(path, { busyTimeout: "50 millis" })]
      yield* one`CREATE TABLE pushes (id INTEGER PRIMARY KEY, name TEXT)`
      const insert = other`INSERT INTO pushes (name) VALUES ('other')`
      yield* one.withTransaction(
        Effect.gen(function* () {
          // What only reads so far has the file for itself too, or it could not write later.
          yield* one`SELECT 1`
          assert.strictEqual((yield* Effect.flip(insert)).reason._tag, "LockTimeoutError")
          assert.deepStrictEqual(yield* namesIn(other), [])
          yield* one`INSERT INTO pushes (name) VALUES ('one')`
        })
      )
      yield* insert
      assert.deepStrictEqual(yield* namesIn(one), ["one", "other"])
    })
  )
})

it("loads node:sqlite with its own module only", () => {
  const loads = (module: string) =>
    execFileSync(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `await import("${module}"); console.log(process.moduleLoadList.includes("NativeModule sqlite") || process.moduleLoadList.includes("Internal Binding sqlite"))`
      ],
      { cwd: import.meta.dirname, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }
    ).trim()
  assert.strictEqual(loads("@effect-apns/delivery"), "false")
  assert.strictEqual(loads("@effect-apns/delivery/NodeSqlite"), "true")
})
