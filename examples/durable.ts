/**
 * The same notifications, durably: they lie in a queue in a file until each is decided, and what became of each lies in the
 * same file. Whoever ends this program half-way, even with `kill -9`, starts it again, and it goes on.
 *
 * One is sent every quarter of a second, so that there is a half-way.
 */
import { createHash } from "node:crypto"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Outbox, type Outcome, OutcomeSink, Store, Worker } from "@effect-apns/delivery"
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import { Simulator } from "@effect-apns/simulator"
import { Console, Deferred, Effect, Layer, Result, Schema } from "effect"
import { RateLimiter } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { Notification } from "effect-apns"
import { describe, late, Row } from "./table.ts"

/** A local APNs that keeps what it received in a file beside the queue. */
export const localApns = (folder: string) =>
  Layer.unwrap(
    Effect.sync(() => {
      mkdirSync(folder, { recursive: true })
      return Simulator.layer({ data: join(folder, "apns.db") })
    })
  )

/** Gives a file's worth of notifications to a queue in `folder`. */
export const durably = <A, E, R>(delivery: Effect.Effect<A, E, R>, folder: string) =>
  Effect.provide(
    delivery,
    // A short lease: whoever runs it again after a kill does not want to wait half a minute for what was in hand.
    Store.sql({ lease: "5 seconds", refresh: "1 second" }).pipe(
      Layer.provideMerge(NodeSqlite.layer({ filename: join(folder, "queue.db") }))
    )
  )

/** The same ids each time, so that a file that was enqueued already is known again. */
const withStableIds = (notifications: ReadonlyArray<Notification.Notification>) => {
  const digest = (text: string) => createHash("sha256").update(text).digest("hex")
  const file = digest(JSON.stringify(notifications.map(({ id: _, ...rest }) => rest)))
  const idOf = (index: number) =>
    digest(`${file} ${index}`).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5")
  return { key: file, notifications: notifications.map((each, index) => ({ ...each, id: idOf(index) })) }
}

/** What became of it, for the table. */
const rowOf = (outcome: Outcome.Outcome): Row => {
  const { notification } = outcome
  if (outcome._tag === "Accepted") {
    return describe(notification, Result.succeed(outcome.receipt), outcome.receipt.timings.totalMillis)
  }
  const { error } = outcome
  return error === undefined
    ? late(notification)
    : describe(notification, Result.fail(error), error.timings?.totalMillis ?? 0)
}

const Stored = Schema.fromJsonString(Row)

/** What became of notifications, by their ids, in a table beside the queue. */
const outcomes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS outcome (id TEXT PRIMARY KEY, row TEXT NOT NULL)`
  const read = Effect.gen(function* () {
    const found = yield* sql<{ readonly id: string; readonly row: string }>`SELECT id, row FROM outcome`
    return new Map(found.map(({ id, row }) => [id, Schema.decodeSync(Stored)(row)]))
  })
  /** Told twice, it is written once: the first word stands. */
  const write = (id: string, row: Row) =>
    sql`INSERT INTO outcome ${sql.insert({ id, row: Schema.encodeSync(Stored)(row) })} ON CONFLICT (id) DO NOTHING`
  return { read, write }
})

/** Sends what is in the queue until all that is `pending` is decided, and says so line by line. */
const work = (pending: ReadonlySet<string>, write: (id: string, row: Row) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const left = new Set(pending)
    const done = yield* Deferred.make<void>()
    if (left.size === 0) return
    const record = (decided: ReadonlyArray<Outcome.Outcome>) =>
      Effect.forEach(
        decided,
        (outcome) =>
          Effect.gen(function* () {
            const row = rowOf(outcome)
            yield* write(outcome.notification.id, row)
            if (!left.delete(outcome.notification.id)) return
            yield* Console.log(
              `${String(left.size).padStart(4)} to go: ${row.token} ${row.outcome} ${row.reason}`.trimEnd()
            )
            if (left.size === 0) yield* Deferred.succeed(done, undefined)
          }),
        { discard: true }
      )
    const worker = Worker.layer({ concurrency: 1, chunkSize: 1, rateLimit: { limit: 1, window: "250 millis" } }).pipe(
      Layer.provide([OutcomeSink.layer(record), RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))])
    )
    yield* Effect.provide(Deferred.await(done), worker)
    yield* Console.log("")
  })

/** Enqueues what is not in the queue yet, sends what is not decided yet, and gives a row for each. */
export const deliver = (given: ReadonlyArray<Notification.Notification>) =>
  Effect.gen(function* () {
    const { key, notifications } = withStableIds(given)
    const { read, write } = yield* outcomes
    const valid: Array<Notification.Notification> = []
    for (const notification of notifications) {
      const checked = Notification.check(notification, { nowMillis: Date.now() })
      if (Result.isSuccess(checked)) valid.push(notification)
      else yield* write(notification.id, describe(notification, Result.fail(checked.failure), 0))
    }
    const outbox = yield* Outbox
    yield* outbox.enqueueAll(key, valid)
    const decided = yield* read
    const pending = new Set(notifications.map(({ id }) => id).filter((id) => !decided.has(id)))
    yield* work(pending, write).pipe(
      Effect.onInterrupt(() => Console.log("\nWhat is left is in the queue. Run the same command again to go on."))
    )
    const rows = yield* read
    return notifications.flatMap(({ id }) => rows.get(id) ?? [])
  }).pipe(Effect.provide(Outbox.layer({ chunkSize: 1 })))
