/** A user who may not read everything: the superuser may, and nothing is denied to it. */
import { chownSync } from "node:fs"
import { Effect } from "effect"

const nobody = 65_534

const isRoot = process.geteuid?.() === 0

/** Runs it as this user, or as nobody where this is the superuser; the paths are then nobody's. */
export const asNobody = <A, E, R>(paths: ReadonlyArray<string>, effect: Effect.Effect<A, E, R>) => {
  if (!isRoot) return effect
  return Effect.acquireUseRelease(
    Effect.sync(() => {
      for (const path of paths) chownSync(path, nobody, nobody)
      process.seteuid?.(nobody)
    }),
    () => effect,
    () => Effect.sync(() => process.seteuid?.(0))
  )
}
