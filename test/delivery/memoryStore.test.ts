import { layer } from "@effect/vitest"
import { Layer } from "effect"
import { memoryBackend } from "../support/stores.ts"
import { Stores } from "./openedStore.ts"
import { storeSuite } from "./storeSuite.ts"

layer(Layer.effect(Stores, memoryBackend), { concurrent: true, excludeTestServices: true })(
  "a store in memory",
  storeSuite
)
