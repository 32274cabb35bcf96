/** The stores that durable delivery runs on, each as a test has it: with its server, and opened as often as wanted. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeRedis } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Store } from "@effect-apns/delivery"
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import { Effect, Layer, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { hasPostgres, postgresServer } from "./postgres.ts"
import { hasRedis, redisServer } from "./redis.ts"

/** Where stores are kept while a test runs. Stores of one space share what is stored, as those of two processes do. */
export interface Backend {
  readonly open: (space: string, options?: Store.StoreOptions) => Layer.Layer<Store.Services, unknown>
}

/** One whose stores are tables of a database, for transactions. */
export interface SqlBackend extends Backend {
  readonly openSql: (
    space: string,
    options?: Store.StoreOptions
  ) => Layer.Layer<Store.Services | SqlClient.SqlClient, unknown>
}

const sqlBackend = (client: (space: string) => Layer.Layer<SqlClient.SqlClient, unknown>): SqlBackend => {
  const openSql: SqlBackend["openSql"] = (space, options) =>
    Store.sql({ ...options, table: `queue_${space}` }).pipe(Layer.provideMerge(client(space)), Layer.fresh)
  return { open: openSql, openSql }
}

export const memoryBackend: Effect.Effect<Backend> = Effect.succeed({ open: () => Layer.fresh(Store.memory) })

export const sqliteBackend: Effect.Effect<SqlBackend, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-sqlite-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => sqlBackend((space) => NodeSqlite.layer({ filename: join(folder, `${space}.db`) }))))

/** Tables in a PostgreSQL server. */
export const postgresStores = ({ url }: Effect.Success<typeof postgresServer>): SqlBackend =>
  sqlBackend(() => PgClient.layer({ url, multiplex: true, maxConnections: 4 }))

export const postgresBackend = Effect.map(postgresServer, postgresStores)

/** Keys in a Redis server. */
export const redisStores = ({ url }: Effect.Success<typeof redisServer>): Backend => ({
  open: (space, options) =>
    Store.redis({ ...options, prefix: `{${space}}:` }).pipe(
      Layer.provide(NodeRedis.layer({ url, disableOfflineQueue: true })),
      Layer.fresh
    )
})

export const redisBackend = Effect.map(redisServer, redisStores)

/** The title of tests that need a server, and whether they are skipped. */
export const postgres = { skipped: !hasPostgres, title: title("PostgreSQL", hasPostgres, "no PostgreSQL") }
export const redis = { skipped: !hasRedis, title: title("Redis", hasRedis, "no redis-server") }

function title(name: string, present: boolean, missing: string) {
  return present ? name : `${name} (skipped: ${missing} on this machine)`
}
