import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { sqliteBackend } from "../support/stores.ts"
import { durableSuite } from "./durableSuite.ts"
import { Stores } from "./openedStore.ts"
import { storeSuite } from "./storeSuite.ts"
import { Databases, transactionSuite } from "./transactionSuite.ts"

const backend = Layer.unwrap(
  Effect.map(sqliteBackend, (it) => Layer.merge(Layer.succeed(Stores, it), Layer.succeed(Databases, it)))
)

layer(backend, { concurrent: true, excludeTestServices: true })("a store in a SQLite file", (it) => {
  storeSuite(it)
  durableSuite(it)
  transactionSuite(it)
})
