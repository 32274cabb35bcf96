/** The three kinds of stores as a run has them: they can go away, and come back with what they had. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Redacted, type Scope } from "effect"
import { hasPostgres, postgresServer } from "../../support/postgres.ts"
import { hasRedis, redisServer } from "../../support/redis.ts"
import { type Child, start, type TruthError } from "./children.ts"
import type { StoreAddress } from "./protocol.ts"

export interface Place {
  readonly address: StoreAddress
  /** From now on, no process can use it: a server is killed (-9), a file is locked. */
  readonly leave: Effect.Effect<void, TruthError, Scope.Scope>
  readonly comeBack: Effect.Effect<void>
}

export interface Kind {
  readonly name: "SQLite" | "PostgreSQL" | "Redis"
  readonly isPresent: boolean
  readonly open: Effect.Effect<Place, never, Scope.Scope>
}

interface Held {
  readonly _tag: "held"
}

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-truth-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const sqlite: Kind = {
  name: "SQLite",
  isPresent: true,
  open: Effect.map(temporaryFolder, (folder) => {
    const filename = join(folder, "queue.db")
    let holder: Child<Held> | undefined
    return {
      address: { _tag: "sqlite", filename },
      leave: Effect.gen(function* () {
        const started = yield* start<Held>("the holder of the file", "./holder.ts", filename)
        holder = started
        yield* started.next("held")
      }),
      comeBack: Effect.suspend(() => {
        holder?.signal("SIGKILL")
        return Effect.asVoid(holder?.exited ?? Effect.void)
      })
    }
  })
}

const postgres: Kind = {
  name: "PostgreSQL",
  isPresent: hasPostgres,
  open: Effect.map(postgresServer, ({ kill, start, url }) => ({
    address: { _tag: "postgres", url: Redacted.value(url) },
    leave: kill,
    comeBack: start
  }))
}

const redis: Kind = {
  name: "Redis",
  isPresent: hasRedis,
  open: Effect.map(redisServer, ({ kill, start, url }) => ({
    address: { _tag: "redis", url },
    leave: kill,
    comeBack: start
  }))
}

export const kinds: ReadonlyArray<Kind> = [sqlite, postgres, redis]
