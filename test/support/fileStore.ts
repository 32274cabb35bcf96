/** A `KeyValueStore` in a folder, for several processes: a write replaces a file as a whole. */
import { randomUUID } from "node:crypto"
import { readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { KeyValueStore } from "effect/persistence"

const asked = <A>(method: string, access: () => Promise<A>) =>
  Effect.tryPromise({
    try: access,
    catch: (cause) => new KeyValueStore.KeyValueStoreError({ method, message: "the folder failed", cause })
  })

const unused = (method: string) =>
  Effect.fail(new KeyValueStore.KeyValueStoreError({ method, message: "is not used here" }))

const readOrNothing = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}

export const fileStore = (folder: string): Layer.Layer<KeyValueStore.KeyValueStore> => {
  const pathOf = (key: string) => join(folder, encodeURIComponent(key))
  return Layer.succeed(
    KeyValueStore.KeyValueStore,
    KeyValueStore.makeStringOnly({
      get: (key) => asked("get", () => readOrNothing(pathOf(key))),
      set: (key, value) =>
        asked("set", async () => {
          const draft = join(folder, randomUUID())
          await writeFile(draft, value)
          await rename(draft, pathOf(key))
        }),
      remove: (key) => asked("remove", () => rm(pathOf(key), { force: true })),
      clear: unused("clear"),
      size: unused("size"),
      keys: unused("keys")
    })
  )
}
