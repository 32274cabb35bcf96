/**
 * A SQL client on `node:sqlite`, which comes with Node: a durable queue in one file, with nothing to install.
 *
 * It has a module of its own, `@effect-apns/delivery/NodeSqlite`, so that nothing else of the package loads `node:sqlite`.
 *
 * @since 0.1.0
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"

/**
 * Where the database is, and how safely it is written.
 *
 * @category options
 * @since 0.1.0
 */
export interface NodeSqliteOptions {
  /**
   * The path of the file, which is made if there is none; its folder has to exist. `":memory:"` keeps the database in the
   * process. The file has to be on a disk of this machine, since its write-ahead log works on no network file system.
   */
  readonly filename: string
  /**
   * `"full"` waits for the disk at each commit, so that what was enqueued survives a power cut. `"normal"` is several times
   * faster, and survives the end of the process only. Default: `"full"`.
   */
  readonly synchronous?: "full" | "normal" | undefined
  /**
   * How long a statement waits while another process writes to the file, before it fails with `LockTimeoutError`. The wait
   * blocks the process. Default: 5 seconds.
   */
  readonly busyTimeout?: Duration.Input | undefined
}

/** Node gives SQLite's own code as `errcode`, where `classifySqliteError` looks for `errno`. */
const failure = (operation: string) => (cause: unknown) =>
  new SqlError({
    reason: classifySqliteError(
      cause instanceof Error && "errcode" in cause ? Object.assign(cause, { errno: cause.errcode }) : cause,
      { message: `SQLite could not ${operation}${cause instanceof Error ? `: ${cause.message}` : ""}`, operation }
    )
  })

/** `node:sqlite` checks each parameter by itself, and refuses what SQLite has no type for. */
const bound = (parameters: ReadonlyArray<unknown>) => parameters as ReadonlyArray<SQLInputValue>

const readRows = (statement: StatementSync, parameters: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  if (statement.columns().length > 0) return statement.all(...bound(parameters))
  statement.run(...bound(parameters))
  return []
}

/** Rows as arrays of values, which is what Node returns once it is told to. */
const readValues = (statement: StatementSync, parameters: ReadonlyArray<unknown>) => {
  statement.setReturnArrays(true)
  return readRows(statement, parameters) as ReadonlyArray<ReadonlyArray<unknown>>
}

const readRaw = (statement: StatementSync, parameters: ReadonlyArray<unknown>): unknown =>
  statement.columns().length > 0 ? statement.all(...bound(parameters)) : statement.run(...bound(parameters))

/** Statements are prepared each time: most that a queue runs carry a lock's name in their text, and come only once. */
const connectionTo = (database: DatabaseSync): Connection => {
  const run = <A>(
    sql: string,
    parameters: ReadonlyArray<unknown>,
    read: (statement: StatementSync, parameters: ReadonlyArray<unknown>) => A
  ) =>
    Effect.withFiber<A, SqlError>((fiber) =>
      Effect.try({
        try: () => {
          const statement = database.prepare(sql)
          if (Context.get(fiber.context, SqlClient.SafeIntegers)) statement.setReadBigInts(true)
          return read(statement, parameters)
        },
        catch: failure("run a statement")
      })
    )
  const execute: Connection["execute"] = (sql, parameters, transformRows) => {
    const rows = run(sql, parameters, readRows)
    return transformRows === undefined
      ? rows
      : Effect.map(rows, (given) => transformRows(given as ReadonlyArray<object>))
  }
  const executeValues: Connection["executeValues"] = (sql, parameters) => run(sql, parameters, readValues)
  return {
    execute,
    executeUnprepared: execute,
    executeValues,
    executeValuesUnprepared: executeValues,
    executeRaw: (sql, parameters) => run(sql, parameters, readRaw),
    // SQLite is read in one go: a cursor would hold the only connection for as long as the stream is open.
    executeStream: (sql, parameters, transformRows) =>
      Stream.fromIterableEffect(execute(sql, parameters, transformRows))
  }
}

/**
 * Opens a SQLite database as a `SqlClient`, and closes it with the scope.
 *
 * See `layer`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: NodeSqliteOptions
): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope | Reactivity.Reactivity> =>
  Effect.gen(function* () {
    const database = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const opened = new DatabaseSync(options.filename, {
            timeout: Duration.toMillis(Duration.fromInputUnsafe(options.busyTimeout ?? "5 seconds"))
          })
          opened.exec("PRAGMA journal_mode = WAL")
          opened.exec(`PRAGMA synchronous = ${options.synchronous ?? "full"}`)
          return opened
        },
        catch: failure(`open ${options.filename}`)
      }),
      (opened) => Effect.sync(() => opened.close())
    )
    const acquirers = SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connectionTo(database)),
      semaphore: yield* Semaphore.make(1),
      isTransaction: () => database.isTransaction
    })
    return yield* SqlClient.make({
      ...acquirers,
      compiler: Statement.makeCompilerSqlite(),
      driver: "node-sqlite",
      // A transaction that turns from reading to writing cannot wait for another process: it would fail at once.
      beginTransaction: "BEGIN IMMEDIATE",
      releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  })

/**
 * Provides a `SqlClient` on a SQLite database of Node's own `node:sqlite`.
 *
 * **When to use**
 *
 * With `Store.sql`, for a durable queue on one machine that needs no server.
 *
 * **Details**
 *
 * The database is in write-ahead mode. There is one connection: statements and transactions take turns, and each blocks the
 * process until SQLite has answered. Rows of a streamed query are read at once. Several processes may share the file; one
 * that enqueues much is better off with a process of its own. Node says that `node:sqlite` is experimental, in a warning.
 *
 * Fails with `SqlError` when the file cannot be opened.
 *
 * **Example** (A queue in a file)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Store } from "@effect-apns/delivery"
 * import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
 *
 * export const StoreLive = Store.sql().pipe(Layer.provide(NodeSqlite.layer({ filename: "apns.db" })))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: NodeSqliteOptions): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))
