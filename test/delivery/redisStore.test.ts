import { describe, layer } from "@effect/vitest"
import { Layer } from "effect"
import { redis, redisBackend } from "../support/stores.ts"
import { durableSuite, Stores, storeSuite } from "./storeSuite.ts"

describe.skipIf(redis.skipped)(redis.title, () => {
  layer(Layer.effect(Stores, redisBackend), { concurrent: true, excludeTestServices: true })("a store", (it) => {
    storeSuite(it)
    durableSuite(it)
  })
})
