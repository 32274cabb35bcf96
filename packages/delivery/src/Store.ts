/**
 * Where queued notifications are kept. The layer alone decides: memory, a file, a database, Redis.
 *
 * | Layer | For |
 * | ----- | --- |
 * | `Store.memory` | tests and development: nothing outlives the process |
 * | `Store.sql` on `NodeSqlite` | one machine, with no server |
 * | `Store.sql` on PostgreSQL (`@effect/sql-pg`) | many machines, and notifications that commit with your own data |
 * | `Store.redis` (`NodeRedis` of `@effect/platform-node`) | many machines, at the least cost for a notification |
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Redis from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { DeadLetters } from "./DeadLetters.ts"
import { makeMemoryStore } from "./internal/memoryStore.ts"
import { redisDeadLetters, redisStats, warnOfSettings, withLastingSweep } from "./internal/redisStore.ts"
import { migrate, openDialect, sqlDeadLetters, sqlStats } from "./internal/sqlStore.ts"
import { Stats } from "./Stats.ts"

/**
 * What each store provides: queues for `Outbox` and `Worker`, the store itself for `Retention`, and a look into it.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = PersistedQueue.PersistedQueueFactory | PersistedQueue.PersistedQueueStore | DeadLetters | Stats

/**
 * How elements are taken from a store.
 *
 * @category options
 * @since 0.1.0
 */
export interface StoreOptions {
  /**
   * How long an element stays with a worker that no longer says it is alive, before another may take it: how long a delivery
   * rests when a process dies. It has to be longer than a worker can be frozen, or its notifications are sent twice. SQL
   * stores take it in whole seconds. Default: 30 seconds.
   */
  readonly lease?: Duration.Input | undefined
  /** How often a worker says that it is alive. Default: 10 seconds. */
  readonly refresh?: Duration.Input | undefined
  /**
   * How long a worker that has found nothing waits before it looks again. What its own process enqueues, it sees at once.
   * Default: 250 milliseconds.
   */
  readonly poll?: Duration.Input | undefined
}

/**
 * Options of `Store.sql`.
 *
 * @category options
 * @since 0.1.0
 */
export interface SqlOptions extends StoreOptions {
  /** The table's name: a store of its own for each. Default: `apns_queue`. */
  readonly table?: string | undefined
}

/**
 * Options of `Store.redis`.
 *
 * @category options
 * @since 0.1.0
 */
export interface RedisOptions extends StoreOptions {
  /**
   * What all keys begin with: a store of its own for each. Redis Cluster runs the queue's scripts on one node only, so the
   * prefix has to have a part in braces there. Default: `{apns}:`.
   */
  readonly prefix?: string | undefined
}

const takeOptions = (options: StoreOptions) => ({
  lockExpiration: options.lease ?? "30 seconds",
  lockRefreshInterval: options.refresh ?? "10 seconds",
  pollInterval: options.poll ?? "250 millis"
})

interface Parts {
  readonly store: PersistedQueue.PersistedQueueStore["Service"]
  readonly deadLetters: DeadLetters["Service"]
  readonly stats: Stats["Service"]
}

const provide = <E, R>(parts: Effect.Effect<Parts, E, R>): Layer.Layer<Services, E, Exclude<R, Scope.Scope>> =>
  PersistedQueue.layer.pipe(
    Layer.provideMerge(
      Layer.effectContext(
        Effect.map(parts, ({ deadLetters, stats, store }) =>
          Context.make(PersistedQueue.PersistedQueueStore, store).pipe(
            Context.add(DeadLetters, deadLetters),
            Context.add(Stats, stats)
          )
        )
      )
    )
  )

/**
 * Keeps queues in memory: what is queued is lost with the process.
 *
 * **When to use**
 *
 * For tests, whose `TestClock` it follows, and for development.
 *
 * @category layers
 * @since 0.1.0
 */
export const memory: Layer.Layer<Services> = provide(makeMemoryStore)

/**
 * Keeps queues in a table of a SQL database, PostgreSQL or SQLite, that the layer's `SqlClient` is connected to.
 *
 * **When to use**
 *
 * With `NodeSqlite.layer` on one machine. With `PgClient.layer` of `@effect/sql-pg` on several, and where notifications shall
 * be queued only if the caller's transaction commits.
 *
 * **Details**
 *
 * The table and its indexes are made and migrated when the layer is built; processes that start at the same time wait for
 * each other. Delays are measured with the database's clock, in whole seconds, rounded up. On PostgreSQL, give the client
 * `multiplex: true`, and let all processes have the same time zone (`TimeZone`), since the table keeps times without one.
 *
 * What was enqueued is as safe as what the database commits: with `synchronous_commit` off, or SQLite's `synchronous` at
 * `normal`, a power cut loses the last moments.
 *
 * Fails with `SqlError` when the database does not answer, and for other databases, whose dead letters and statistics are
 * not supported.
 *
 * **Example** (PostgreSQL)
 *
 * ```ts
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 * import { Store } from "@effect-apns/delivery"
 *
 * export const StoreLive = Store.sql().pipe(
 *   Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL"), multiplex: Config.succeed(true) }))
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const sql = (options: SqlOptions = {}): Layer.Layer<Services, SqlError, SqlClient.SqlClient> =>
  provide(
    Effect.gen(function* () {
      const client = yield* SqlClient.SqlClient
      const dialect = yield* openDialect(client)
      const tableName = options.table ?? "apns_queue"
      const settings = takeOptions(options)
      // Where it cannot make its table it dies, though a database that is busy may be asked again.
      const store = yield* PersistedQueue.makeStoreSql({ ...settings, tableName }).pipe(
        Effect.catchDefect((defect) => (isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)))
      )
      yield* migrate(tableName)
      return {
        store,
        deadLetters: sqlDeadLetters(client, dialect, tableName),
        stats: sqlStats(client, dialect, tableName, Duration.fromInputUnsafe(settings.lockExpiration))
      }
    })
  )

/**
 * Keeps queues in Redis, under keys that begin with a prefix.
 *
 * **When to use**
 *
 * With `NodeRedis.layer` of `@effect/platform-node`, on several machines: of the stores it carries the most notifications.
 *
 * **Details**
 *
 * Redis keeps what was enqueued as its settings say: `appendonly yes` with `appendfsync everysec` loses up to a second in a
 * power cut, and a failover what had not been replicated; with a `maxmemory-policy` other than `noeviction` it drops queued
 * notifications when memory is short. The layer looks at these settings when it is built, and logs one warning. Delays are
 * measured with the clocks of the processes, which have to agree.
 *
 * With `disableOfflineQueue`, what is enqueued while Redis is away fails at once; without it, it waits for as long as Redis is
 * away.
 *
 * **Example** (Redis)
 *
 * ```ts
 * import { NodeRedis } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { Store } from "@effect-apns/delivery"
 *
 * export const StoreLive = Store.redis().pipe(Layer.provide(NodeRedis.layer({ url: "redis://localhost", disableOfflineQueue: true })))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const redis = (options: RedisOptions = {}): Layer.Layer<Services, never, Redis.Redis> =>
  provide(
    Effect.gen(function* () {
      const client = yield* Redis.Redis
      yield* warnOfSettings(client)
      const prefix = options.prefix ?? "{apns}:"
      return {
        store: yield* PersistedQueue.makeStoreRedis({ ...takeOptions(options), prefix }).pipe(
          Effect.provideService(Redis.Redis, withLastingSweep(client))
        ),
        deadLetters: redisDeadLetters(client, prefix),
        stats: redisStats(client, prefix)
      }
    })
  )
