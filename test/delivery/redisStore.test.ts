import { describe, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { redisServer } from "../support/redis.ts"
import { redis, redisBackend, redisStores } from "../support/stores.ts"
import { durableSuite, restartTest } from "./durableSuite.ts"
import { Stores } from "./openedStore.ts"
import { storeSuite } from "./storeSuite.ts"

describe.skipIf(redis.skipped)(redis.title, { concurrent: true, timeout: 120_000 }, () => {
  layer(Layer.effect(Stores, redisBackend), { concurrent: true, excludeTestServices: true, timeout: "60 seconds" })(
    "a store",
    (it) => {
      storeSuite(it)
      durableSuite(it)
    }
  )

  it.live("goes on when the server was killed and started again", () =>
    Effect.flatMap(redisServer, (server) => Effect.provideService(restartTest(server), Stores, redisStores(server)))
  )
})
