/** Dead letters and statistics, from the table that `PersistedQueue.makeStoreSql` makes. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { PersistedQueueError } from "effect/persistence/PersistedQueue"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import type { DeadLetters, Selected } from "../DeadLetters.ts"
import type { Stats } from "../Stats.ts"
import { deadLetter, pageLimit, parsed } from "./letter.ts"

/** The most ids in one statement: databases take a limited number of parameters. */
const batchSize = 1000

const failed = (message: string) => (cause: SqlError) => new PersistedQueueError({ message, cause })

/**
 * What differs between the databases. Both take the database's clock, as the queue does; PostgreSQL keeps its times without
 * a zone, in that of the session.
 */
const dialects = {
  pg: {
    now: "NOW()",
    epoch: (time: string) => `EXTRACT(EPOCH FROM (${time})::timestamptz)::float8`,
    ago: (seconds: number) => `NOW() - INTERVAL '${seconds} seconds'`
  },
  sqlite: {
    now: "CURRENT_TIMESTAMP",
    epoch: (time: string) => `CAST(strftime('%s', ${time}) AS INTEGER)`,
    ago: (seconds: number) => `datetime(CURRENT_TIMESTAMP, '-${seconds} seconds')`
  }
}

const unsupported = (dialect: string) => () =>
  new SqlError({
    reason: new UnknownError({
      cause: undefined,
      operation: "Store.sql",
      message: `Store.sql works with PostgreSQL and SQLite, not with ${dialect}: use PersistedQueue.layerStoreSql, which has no dead letters and statistics`
    })
  })

/** The client's dialect; fails when it is not one of those that are supported, or when the database does not answer. */
export const openDialect = (sql: SqlClient.SqlClient) =>
  Effect.gen(function* () {
    const dialect = yield* sql.onDialectOrElse({
      pg: () => Effect.succeed(dialects.pg),
      sqlite: () => Effect.succeed(dialects.sqlite),
      orElse: () => Effect.fail(unsupported(sql.driver)())
    })
    // The queue's own migration would die of it.
    yield* sql`SELECT 1`
    return dialect
  })

type Dialect = (typeof dialects)[keyof typeof dialects]

/** Keeps the count of failed elements from reading the whole table, in which completed ones are the most. */
export const migrate = (table: string) =>
  Migrator.make({})({
    loader: Migrator.fromRecord({
      "0001_failed_index": Effect.gen(function* () {
        const sql = (yield* SqlClient.SqlClient).withoutTransforms()
        yield* sql`CREATE INDEX IF NOT EXISTS ${sql(`idx_${table}_failed`)} ON ${sql(table)} (queue_name, updated_at)
          WHERE state = 'failed'`
      })
    }),
    table: `${table}_letters_migrations`
  }).pipe(Effect.catchTag("MigrationError", Effect.die))

interface LetterRow {
  readonly id: string
  readonly element: string
  readonly attempts: number
  readonly failed_at: number
  readonly last_failure: string | null
}

/** The dead letters of a table. */
export const sqlDeadLetters = (
  client: SqlClient.SqlClient,
  dialect: Dialect,
  tableName: string
): DeadLetters["Service"] => {
  const sql = client.withoutTransforms()
  const table = sql(tableName)
  const now = sql.literal(dialect.now)

  const selections = (selected: Selected) =>
    selected === "all"
      ? [sql`state = 'failed'`]
      : Array.from({ length: Math.ceil(selected.length / batchSize) }, (_, index) =>
          sql.and([sql`state = 'failed'`, sql.in("id", selected.slice(index * batchSize, (index + 1) * batchSize))])
        )
  type Selection = ReturnType<typeof selections>[number]

  const changed = (
    selected: Selected,
    message: string,
    change: (where: Selection) => Effect.Effect<ReadonlyArray<object>, SqlError>
  ) =>
    Effect.forEach(selections(selected), change).pipe(
      Effect.map((batches) => batches.reduce((sum, rows) => sum + rows.length, 0)),
      Effect.mapError(failed(message))
    )

  return {
    count: (queue) =>
      sql<{ readonly count: number }>`
        SELECT CAST(COUNT(*) AS INTEGER) AS count FROM ${table} WHERE queue_name = ${queue} AND state = 'failed'
      `.pipe(
        Effect.map((rows) => rows[0]?.count ?? 0),
        Effect.mapError(failed("Failed to count the dead letters"))
      ),
    list: (queue, options) =>
      sql<LetterRow>`
        SELECT id, element, attempts, last_failure, ${sql.literal(dialect.epoch("updated_at"))} AS failed_at
        FROM ${table} WHERE queue_name = ${queue} AND state = 'failed'
        ORDER BY updated_at, sequence LIMIT ${options?.limit ?? pageLimit} OFFSET ${options?.skip ?? 0}
      `.pipe(
        Effect.map((rows) =>
          rows.map((row) =>
            deadLetter({
              queue,
              id: row.id,
              element: parsed(row.element),
              attempts: row.attempts,
              failedAtMillis: row.failed_at * 1000,
              failure: row.last_failure ?? ""
            })
          )
        ),
        Effect.mapError(failed("Failed to list the dead letters"))
      ),
    redrive: (queue, selected) =>
      changed(
        selected,
        "Failed to re-drive dead letters",
        (where) => sql`
          UPDATE ${table}
          SET state = 'pending', attempts = 0, visible_at = ${now}, updated_at = ${now}, last_failure = NULL
          WHERE queue_name = ${queue} AND ${where} RETURNING id
        `
      ),
    discard: (queue, selected) =>
      changed(
        selected,
        "Failed to discard dead letters",
        (where) => sql`DELETE FROM ${table} WHERE queue_name = ${queue} AND ${where} RETURNING id`
      )
  }
}

interface StatsRow {
  readonly ready: number
  readonly delayed: number
  readonly taken: number
  readonly failed: number
  readonly lag: number | null
}

/** The statistics of a table whose workers' leases last so long. */
export const sqlStats = (
  client: SqlClient.SqlClient,
  dialect: Dialect,
  tableName: string,
  lease: Duration.Duration
): Stats["Service"] => {
  const sql = client.withoutTransforms()
  const table = sql(tableName)
  const now = sql.literal(dialect.now)
  const taken = sql.literal(`acquired_at >= ${dialect.ago(Math.ceil(Duration.toSeconds(lease)))}`)
  const free = sql`(acquired_at IS NULL OR NOT ${taken})`
  const ready = sql`${free} AND visible_at <= ${now}`
  const lag = sql.literal(`${dialect.epoch(dialect.now)} - ${dialect.epoch("MIN(visible_at)")}`)
  return {
    read: (queue) =>
      sql<StatsRow>`
        SELECT
          CAST(COUNT(*) AS INTEGER) AS ready, ${lag} AS lag,
          (SELECT CAST(COUNT(*) AS INTEGER) FROM ${table}
            WHERE queue_name = ${queue} AND state = 'pending' AND ${free} AND visible_at > ${now}) AS delayed,
          (SELECT CAST(COUNT(*) AS INTEGER) FROM ${table}
            WHERE queue_name = ${queue} AND state = 'pending' AND ${taken}) AS taken,
          (SELECT CAST(COUNT(*) AS INTEGER) FROM ${table}
            WHERE queue_name = ${queue} AND state = 'failed') AS failed
        FROM ${table} WHERE queue_name = ${queue} AND state = 'pending' AND ${ready}
      `.pipe(
        Effect.map((rows) => {
          const { lag, ...counts } = rows[0] ?? { ready: 0, delayed: 0, taken: 0, failed: 0, lag: null }
          return { ...counts, lag: Duration.seconds(Math.max(0, lag ?? 0)) }
        }),
        Effect.mapError(failed("Failed to read the queue's statistics"))
      )
  }
}
