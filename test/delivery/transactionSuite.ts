/** What a store in a database adds: notifications that are queued only if the caller's own changes are committed. */
import { assert, type Vitest } from "@effect/vitest"
import { Stats } from "@effect-apns/delivery"
import { Context, Effect, Fiber, Layer, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import type { SqlBackend } from "../support/stores.ts"
import { newSpace } from "./openedStore.ts"

/** Where the suite's databases are. */
export class Databases extends Context.Service<Databases, SqlBackend>()("test/Databases") {}

const opened = Effect.gen(function* () {
  const { openSql } = yield* Databases
  // A worker would not look by itself.
  const store = yield* Layer.build(openSql(yield* newSpace, { poll: "1 hour" }))
  const sql = Context.get(store, SqlClient.SqlClient)
  yield* sql`CREATE TABLE ${sql(`orders`)} (name TEXT)`.pipe(Effect.ignore)
  const queue = yield* PersistedQueue.make({ name: "q", schema: Schema.String }).pipe(Effect.provide(store))
  const ready = Effect.map(Context.get(store, Stats).read("q"), ({ ready }) => ready)
  return { sql, queue, ready }
})

export const transactionSuite = (it: Vitest.MethodsNonLive<Databases>): void => {
  it.effect("stores nothing of a transaction that is rolled back, and its ids stay free", () =>
    Effect.gen(function* () {
      const { queue, ready, sql } = yield* opened
      const placed = Effect.gen(function* () {
        yield* sql`INSERT INTO orders (name) VALUES ('rolled back')`
        yield* queue.offer("placed", { id: "key" })
        yield* queue.offer("shipped", { delay: "1 hour" })
        return yield* Effect.fail("no stock")
      })
      assert.strictEqual(yield* Effect.flip(sql.withTransaction(placed)), "no stock")
      assert.strictEqual(yield* ready, 0)
      assert.deepStrictEqual(yield* sql`SELECT name FROM orders WHERE name = 'rolled back'`, [])
      yield* queue.offer("later", { id: "key" })
      assert.strictEqual(yield* queue.take(Effect.succeed), "later")
    })
  )

  it.effect("stores a transaction as a whole when it is committed, and wakes the worker then", () =>
    Effect.gen(function* () {
      const { queue, ready, sql } = yield* opened
      const worker = yield* Effect.forkChild(queue.take(Effect.succeed))
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`INSERT INTO orders (name) VALUES ('committed')`
          yield* queue.offer("placed")
          // What is nested and fails takes only its own with it.
          yield* sql.withTransaction(Effect.andThen(queue.offer("never"), Effect.fail("no"))).pipe(Effect.ignore)
          yield* queue.offer("paid")
        })
      )
      const others = [yield* Fiber.join(worker), yield* queue.take(Effect.succeed)]
      assert.sameMembers(others, ["placed", "paid"])
      assert.strictEqual(yield* ready, 0)
      assert.deepStrictEqual(yield* sql`SELECT name FROM orders WHERE name = 'committed'`, [{ name: "committed" }])
    })
  )
}
