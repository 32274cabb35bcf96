import { describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { sqliteBackend } from "../support/stores.ts"
import { durableSuite } from "./durableSuite.ts"
import { Stores } from "./openedStore.ts"
import { storeSuite } from "./storeSuite.ts"
import { Databases, transactionSuite } from "./transactionSuite.ts"

const backend = Layer.unwrap(
  Effect.map(sqliteBackend, (it) => Layer.merge(Layer.succeed(Stores, it), Layer.succeed(Databases, it)))
)

describe("a store in a SQLite file", { concurrent: true, timeout: 120_000 }, () => {
  layer(backend, { concurrent: true, excludeTestServices: true })((it) => {
    storeSuite(it)
    durableSuite(it)
    transactionSuite(it)
  })
})
