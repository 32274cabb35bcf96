/** A PostgreSQL of the machine's own, in a folder and on a port of its own. */
import { execFile, execFileSync } from "node:child_process"
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { Effect, Redacted } from "effect"
import { freePort } from "./freePort.ts"
import { serverProcess } from "./serverProcess.ts"

const run = promisify(execFile)

/** Debian keeps the programs of each version in a folder that is not in the path. */
const findPrograms = (): string | undefined => {
  const candidates = [
    ...globSync("/usr/lib/postgresql/*/bin/postgres"),
    ...(process.env.PATH ?? "").split(":").map((folder) => join(folder, "postgres"))
  ]
  const found = candidates.find((path) => existsSync(path))
  return found === undefined ? undefined : dirname(found)
}

const programs = findPrograms()

/** Whether the machine has PostgreSQL. */
export const hasPostgres = programs !== undefined

/** PostgreSQL refuses to run as root. */
const owner = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string, user: string) => Number(execFileSync("id", [flag, user], { stdio: "pipe" }).toString())
  const ids = (user: string) => ({ uid: idOf("-u", user), gid: idOf("-g", user) })
  try {
    return ids("postgres")
  } catch {
    return ids("nobody")
  }
}

const user = "apns"

/** Starts a PostgreSQL server with an empty database, and ends it with the scope. */
export const postgresServer = Effect.gen(function* () {
  if (programs === undefined) return yield* Effect.die(new Error("there is no PostgreSQL on this machine"))
  const account = owner()
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "effect-apns-postgres-"))
      if (account.uid !== undefined && account.gid !== undefined) chownSync(path, account.uid, account.gid)
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const data = join(folder, "data")
  const make = ["-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
  yield* Effect.promise(() => run(join(programs, "initdb"), make, { ...account, cwd: folder }))
  const port = yield* Effect.promise(freePort)
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: folder,
    // Several processes of a test with a pool each.
    max_connections: "200",
    // What is written outlives a killed server by itself.
    fsync: "off",
    full_page_writes: "off"
  }
  const process = yield* serverProcess({
    command: join(programs, "postgres"),
    args: ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    options: { ...account, cwd: folder },
    ready: "database system is ready to accept connections",
    ending: "SIGQUIT"
  })
  return { ...process, port, url: Redacted.make(`postgres://${user}@127.0.0.1:${port}/postgres`) }
})
