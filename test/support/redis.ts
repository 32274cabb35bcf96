/** A real redis-server for tests, and a `KeyValueStore` in it: as much of RESP as that needs. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { KeyValueStore } from "effect/persistence"
import { freePort } from "./freePort.ts"
import { serverProcess } from "./serverProcess.ts"

/** Whether the machine has a redis-server. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0

/**
 * Starts a redis-server that listens on a socket file and on a port, and stores each command in a file; ends it with the
 * scope.
 */
export const redisServer = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apns-redis-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const path = join(folder, "socket")
  const port = yield* Effect.promise(freePort)
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    unixsocket: path,
    save: "",
    appendonly: "yes",
    // What is written outlives a killed process by itself. A slow disk makes the other ways answer before they have written.
    appendfsync: "no",
    "maxmemory-policy": "noeviction",
    dir: folder
  }
  const process = yield* serverProcess({
    command: "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ready: "accept connections",
    ending: "SIGTERM"
  })
  return { ...process, path, port, url: `redis://127.0.0.1:${port}` }
})

/** The value of an answer: a bulk string, or nothing. */
const valueOf = (answer: string): string | undefined => (answer.startsWith("$-1") ? undefined : answer.split("\r\n")[1])

/** One command, on a connection of its own. */
const command = (path: string, method: string, ...words: ReadonlyArray<string>) =>
  Effect.callback<string, KeyValueStore.KeyValueStoreError>((resume) => {
    const fail = (cause: unknown) =>
      resume(Effect.fail(new KeyValueStore.KeyValueStoreError({ method, message: "Redis failed", cause })))
    const socket = connect(path, () => {
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`)
    })
    let answer = ""
    socket.on("error", fail)
    socket.on("data", (text) => {
      answer += text.toString()
      const length = /^\$(\d+)\r\n/.exec(answer)
      const whole =
        length === null ? answer.endsWith("\r\n") : answer.length >= length[0].length + Number(length[1]) + 2
      if (!whole) return
      socket.end()
      if (answer.startsWith("-")) fail(new Error(answer))
      else resume(Effect.succeed(answer))
    })
    return Effect.sync(() => socket.destroy())
  })

const unused = (method: string) =>
  Effect.fail(new KeyValueStore.KeyValueStoreError({ method, message: "is not used here" }))

/** A store in the redis-server that listens at a path. */
export const redisStore = (path: string): Layer.Layer<KeyValueStore.KeyValueStore> =>
  Layer.succeed(
    KeyValueStore.KeyValueStore,
    KeyValueStore.makeStringOnly({
      get: (key) => Effect.map(command(path, "get", "GET", key), valueOf),
      set: (key, value) => Effect.asVoid(command(path, "set", "SET", key, value, "EX", "7200")),
      remove: (key) => Effect.asVoid(command(path, "remove", "DEL", key)),
      clear: unused("clear"),
      size: unused("size"),
      keys: unused("keys")
    })
  )
