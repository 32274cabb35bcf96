/** The stores of durable delivery: a folder for SQLite, and servers of PostgreSQL and Redis of our own. */
import { execFileSync } from "node:child_process"
import { chownSync, globSync } from "node:fs"
import { dirname, join } from "node:path"
import { Effect, type Scope } from "effect"
import { awaitReady, type BenchError, find, start } from "./processes.ts"
import { accepts, freePort, host, serverCpu, temporaryFolder } from "./servers.ts"

/** Where each store is, for the clients that use it; without those whose server is not installed. */
export type Places = Readonly<Partial<Record<"memory" | "sqlite" | "postgres" | "redis", string>>>

const user = "postgres"

/** PostgreSQL refuses to run as root. */
const asUser = (command: ReadonlyArray<string>): ReadonlyArray<string> =>
  process.getuid?.() === 0 ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...command] : command

const own = (folder: string) => {
  if (process.getuid?.() !== 0) return
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { stdio: "pipe" }).toString())
  chownSync(folder, id("-u"), id("-g"))
}

const postgres: Effect.Effect<string | undefined, BenchError, Scope.Scope> = Effect.gen(function* () {
  const [program] = globSync("/usr/lib/postgresql/*/bin/postgres")
  if (program === undefined) return undefined
  const folder = yield* temporaryFolder
  own(folder)
  const data = join(folder, "data")
  const make = asUser([
    join(dirname(program), "initdb"),
    "-D",
    data,
    "-U",
    user,
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C"
  ])
  execFileSync(make[0] ?? "", make.slice(1), { cwd: folder, stdio: "pipe" })
  const port = yield* freePort
  const settings = [`listen_addresses=${host}`, `port=${port}`, `unix_socket_directories=${folder}`]
  const running = yield* start({
    command: asUser([program, "-D", data, ...settings.flatMap((setting) => ["-c", setting])]),
    cpu: serverCpu
  })
  const ready = () => Promise.resolve(running.stderr().includes("is ready to accept connections") || undefined)
  yield* awaitReady("PostgreSQL", running, ready)
  return `postgres://${user}@${host}:${port}/postgres`
})

const redis: Effect.Effect<string | undefined, BenchError, Scope.Scope> = Effect.gen(function* () {
  const program = find("redis-server")
  if (program === undefined) return undefined
  const folder = yield* temporaryFolder
  const port = yield* freePort
  // As one that keeps a queue is set up: appends to a file, synced every second, and evicts nothing.
  const settings = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--maxmemory-policy",
    "noeviction",
    "--save",
    ""
  ]
  const running = yield* start({
    command: [program, "--bind", host, "--port", String(port), "--dir", folder, ...settings],
    cpu: serverCpu
  })
  yield* awaitReady("Redis", running, () => accepts(port))
  return `redis://${host}:${port}`
})

/** Starts the servers. */
export const stores: Effect.Effect<Places, BenchError, Scope.Scope> = Effect.gen(function* () {
  const places = { memory: "", sqlite: yield* temporaryFolder, postgres: yield* postgres, redis: yield* redis }
  return Object.fromEntries(Object.entries(places).filter(([, place]) => place !== undefined))
})
