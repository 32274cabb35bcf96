import { randomBytes } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { connect as connectSocket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectTls } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Logger } from "effect"
import { random } from "../../packages/simulator/src/internal/random.ts"
import { isLoopback } from "../../packages/simulator/src/internal/settings.ts"
import { dialogue } from "./dialogue.ts"
import { connect, connectWithToken } from "./support.ts"

type Writes = (write: (bytes: Buffer | string) => void) => void

/** Writes to a socket, half-closes it, and waits until the server lets go of it or a moment has passed. */
const pelt = (simulator: Simulator["Service"], port: number, secure: boolean, writes: Writes) =>
  Effect.callback<void>((resume) => {
    const { host, ca } = simulator
    const socket = secure ? connectTls({ host, port, ca, ALPNProtocols: ["h2"] }) : connectSocket({ host, port })
    const timer = setTimeout(() => socket.destroy(), 300)
    socket.on("error", () => {})
    socket.on("close", () => {
      clearTimeout(timer)
      resume(Effect.void)
    })
    socket.resume()
    socket.on(secure ? "secureConnect" : "connect", () => {
      writes((bytes) => socket.write(bytes))
      socket.end()
    })
  })

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/** A frame with a true length and anything else. */
const anyFrame = (next: () => number): Buffer => {
  const payload = randomBytes(Math.floor(next() * 40))
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(Math.floor(next() * 12), 3)
  header.writeUInt8(Math.floor(next() * 256), 4)
  header.writeUInt32BE(Math.floor(next() * 8), 5)
  return Buffer.concat([header, payload])
}

describe("the ports", () => {
  it.live("survive any bytes", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const next = random(11)
      const hello = Buffer.from("16030100c8010000c40303", "hex")
      const plain: ReadonlyArray<Writes> = [
        (write) => write(randomBytes(4_000)),
        (write) => write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (write) => write(preface),
        (write) => write(hello),
        (write) => write(Buffer.concat([hello, randomBytes(189)])),
        () => {}
      ]
      const secure: ReadonlyArray<Writes> = [
        (write) => write(randomBytes(3_000)),
        (write) => write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (write) => write(preface.slice(0, 11)),
        (write) => write(preface + randomBytes(200).toString("latin1")),
        ...Array.from(
          { length: 60 },
          (): Writes => (write) => {
            write(preface)
            write(Buffer.from("000000040000000000", "hex"))
            for (let n = 0; n < 12; n++) write(anyFrame(next))
          }
        )
      ]
      for (const port of [simulator.port, simulator.managementPort]) {
        yield* Effect.forEach(plain, (writes) => pelt(simulator, port, false, writes), { concurrency: 6 })
        yield* Effect.forEach(secure, (writes) => pelt(simulator, port, true, writes), { concurrency: 8 })
      }
      const client = yield* connectWithToken(simulator)
      assert.strictEqual((yield* client.push()).status, 200)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )

  it.live("answer a large body with 413 and keep a part of it", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const answer = yield* client.push({ body: Buffer.alloc(3_000_000, 0x61) })
        assert.deepStrictEqual([answer.status, answer.json.reason], [413, "PayloadTooLarge"])
        const [entry] = yield* simulator.received
        assert.strictEqual(entry?.bodyBytes, 3_000_000)
        assert.strictEqual(entry?.body.length, 65_536)
      })
    )
  )

  it.live("refuse headers above the limit and go on", () =>
    dialogue((_, client) =>
      Effect.gen(function* () {
        yield* Effect.flip(client.push({ headers: { "x-large": "x".repeat(60_000) } }))
        const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`x-${n}`, "v"]))
        yield* Effect.exit(client.push({ headers: many }))
      })
    )
  )

  it.live("hold a bounded memory whatever comes", () =>
    dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          yield* client.push()
          yield* client.limit(1000)
          const body = Buffer.alloc(60_000, 0x61)
          yield* Effect.forEach(Array.from({ length: 200 }), () => client.push({ body }), { concurrency: 20 })
          const { kept, keptBytes } = yield* simulator.inbox.summary
          assert.isAtMost(keptBytes, 1_000_000)
          assert.isBelow(kept, 20)
          assert.lengthOf(yield* simulator.inbox.entries(), kept)
        }),
      { keepBytes: 1_000_000 }
    )
  )
})

describe("the address", () => {
  it("is known to be of this machine alone, or not", () => {
    const all = ["127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "192.168.1.2", "example.com"]
    assert.deepStrictEqual(all.map(isLoopback), [true, true, true, true, false, false, false, false])
  })

  it.live("is warned of when others can reach it", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message, logLevel }) => {
      lines.push(`${logLevel} ${message}`)
    })
    const started = (host: string) =>
      Effect.void.pipe(Effect.provide(Simulator.layer({ host })), Effect.provide(Logger.layer([logger])))
    return Effect.gen(function* () {
      yield* started("127.0.0.1")
      assert.deepStrictEqual(lines, [])
      yield* started("0.0.0.0")
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /^Warn the APNs simulator listens on 0\.0\.0\.0/)
    })
  })
})

describe("the authority", () => {
  const inDirectory = <A, E>(use: (directory: string) => Effect.Effect<A, E>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "simulator-"))),
      (directory) => use(join(directory, "kept")),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )

  const caOf = (caDirectory: string) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { ca } = simulator
      assert.strictEqual(simulator.caFile, join(caDirectory, "ca.pem"))
      const client = yield* connectWithToken(simulator)
      assert.strictEqual((yield* client.push()).status, 200)
      return ca
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer({ caDirectory, hostnames: ["simulator.test", "10.1.2.3"] })))

  it.live("is kept in a directory, readable by its owner alone, and used again", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const first = yield* caOf(directory)
        assert.strictEqual(readFileSync(join(directory, "ca.pem"), "utf8"), first)
        assert.strictEqual(statSync(join(directory, "ca-key.pem")).mode & 0o777, 0o600)
        assert.strictEqual(yield* caOf(directory), first)
      })
    )
  )

  it.live("that is incomplete or wrong is an error that names the directory", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* caOf(directory)
        const failure = Effect.map(Effect.flip(caOf(directory)), (error) => String(error))
        const key = join(directory, "ca-key.pem")
        const good = readFileSync(key)
        rmSync(key)
        assert.include(yield* failure, `${directory} holds one of ca.pem and ca-key.pem without the other`)
        writeFileSync(key, "no key")
        assert.include(yield* failure, "the TLS certificates cannot be used")
        writeFileSync(key, good)
        yield* caOf(directory)
      })
    )
  )

  it.live("covers the names it is told, and is not that of the process", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const simulator = yield* Simulator
        const named = yield* connect(simulator, { servername: "simulator.test" })
        assert.strictEqual(named.limits[0], 1)
        const refused = yield* Effect.flip(connect(simulator, { servername: "other.test" }))
        assert.include(refused.message, "other.test")
        assert.notStrictEqual(
          yield* Effect.map(Simulator, ({ ca }) => ca).pipe(Effect.provide(Simulator.layer())),
          simulator.ca
        )
      }).pipe(Effect.scoped, Effect.provide(Simulator.layer({ caDirectory: directory, hostnames: ["simulator.test"] })))
    )
  )
})
