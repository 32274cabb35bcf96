/** The store of a run, as each process opens it. */
import { Store } from "@effect-apns/delivery"
import { Effect, Layer, Redacted, Schedule } from "effect"
import type { StoreAddress } from "./protocol.ts"

/** Loads what the store needs, and nothing else: a run starts many processes. */
export const storeAt = (
  address: StoreAddress,
  options: Store.StoreOptions = {}
): Layer.Layer<Store.Services, unknown> =>
  Layer.unwrap(
    Effect.promise(async (): Promise<Layer.Layer<Store.Services, unknown>> => {
      switch (address._tag) {
        case "sqlite": {
          const NodeSqlite = await import("@effect-apns/delivery/NodeSqlite")
          // Who waits for the file says nothing of being alive: for less than a lease, then.
          return Store.sql(options).pipe(
            Layer.provide(NodeSqlite.layer({ filename: address.filename, busyTimeout: "1 second" }))
          )
        }
        case "postgres": {
          const { PgClient } = await import("@effect/sql-pg")
          return Store.sql(options).pipe(
            Layer.provide(PgClient.layer({ url: Redacted.make(address.url), multiplex: true, maxConnections: 4 }))
          )
        }
        case "redis": {
          const NodeRedis = await import("@effect/platform-node/NodeRedis")
          return Store.redis(options).pipe(
            Layer.provide(NodeRedis.layer({ url: address.url, disableOfflineQueue: true }))
          )
        }
      }
    })
  )

/** Runs a program again until its store can be opened, as whatever supervises processes would. */
export const untilThere = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(program, Schedule.spaced("250 millis"))
