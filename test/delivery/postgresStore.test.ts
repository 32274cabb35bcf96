import { describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { postgres, postgresBackend } from "../support/stores.ts"
import { durableSuite, Stores, storeSuite } from "./storeSuite.ts"
import { Databases, transactionSuite } from "./transactionSuite.ts"

const backend = Layer.unwrap(
  Effect.map(postgresBackend, (it) => Layer.merge(Layer.succeed(Stores, it), Layer.succeed(Databases, it)))
)

describe.skipIf(postgres.skipped)(postgres.title, () => {
  layer(backend, { concurrent: true, excludeTestServices: true, timeout: "60 seconds" })("a store", (it) => {
    storeSuite(it)
    durableSuite(it)
    transactionSuite(it)
  })
})
