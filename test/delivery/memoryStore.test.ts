import { describe, layer } from "@effect/vitest"
import { Layer } from "effect"
import { memoryBackend } from "../support/stores.ts"
import { Stores } from "./openedStore.ts"
import { storeSuite } from "./storeSuite.ts"

describe("a store in memory", { concurrent: true, timeout: 120_000 }, () => {
  layer(Layer.effect(Stores, memoryBackend), { concurrent: true, excludeTestServices: true })(storeSuite)
})
