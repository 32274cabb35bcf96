import { describe, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { postgresServer } from "../support/postgres.ts"
import { postgres, postgresBackend, postgresStores } from "../support/stores.ts"
import { durableSuite, restartTest } from "./durableSuite.ts"
import { Stores } from "./openedStore.ts"
import { storeSuite } from "./storeSuite.ts"
import { Databases, transactionSuite } from "./transactionSuite.ts"

const backend = Layer.unwrap(
  Effect.map(postgresBackend, (it) => Layer.merge(Layer.succeed(Stores, it), Layer.succeed(Databases, it)))
)

describe.skipIf(postgres.skipped)(postgres.title, { concurrent: true, timeout: 120_000 }, () => {
  layer(backend, { concurrent: true, excludeTestServices: true, timeout: "60 seconds" })("a store", (it) => {
    storeSuite(it)
    durableSuite(it)
    transactionSuite(it)
  })

  it.live("goes on when the server was killed and started again", () =>
    Effect.flatMap(postgresServer, (server) =>
      Effect.provideService(restartTest(server), Stores, postgresStores(server))
    )
  )
})
