import { connect, createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { type NetworkFault, type Relay, relayTo } from "../../packages/bench/src/storm/relay.ts"

/** A server that sends back what it is sent, and notes how its connections ended. */
const echo: Effect.Effect<number, never, Scope.Scope> = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer((socket) => {
      socket.on("error", () => {})
      socket.pipe(socket)
    }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
)

interface Client {
  readonly socket: Socket
  readonly read: () => string
  /** How the connection ended: `end` for FIN, or the code of the error. */
  readonly ended: Promise<string>
}

const dial = (port: number) =>
  Effect.acquireRelease(
    Effect.sync((): Client => {
      let text = ""
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
      socket.setEncoding("utf8").on("data", (part: string) => {
        text += part
      })
      const ended = new Promise<string>((resolve) => {
        socket.once("end", () => resolve("end"))
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""))
      })
      return { socket, read: () => text, ended }
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

const until = (condition: () => boolean) =>
  Effect.gen(function* () {
    while (!condition()) yield* Effect.sleep("2 millis")
  })

/** A client that has sent one letter and had it back. */
const talking = Effect.gen(function* () {
  const relay = yield* Effect.acquireRelease(
    Effect.flatMap(echo, (port) => Effect.promise(() => relayTo(port))),
    (relay) => Effect.sync(() => relay.close())
  )
  const client = yield* dial(relay.port)
  client.socket.write("a")
  yield* until(() => client.read() === "a")
  return { relay, client }
})

const failing = (
  fault: NetworkFault,
  talk: (client: Client, relay: Relay) => Effect.Effect<void, never, Scope.Scope>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { client, relay } = yield* talking
      relay.fail(fault)
      yield* talk(client, relay)
    })
  )

const endOf = ({ ended }: Client) => Effect.promise(() => ended)

/**
 * The code of the reset. libuv tells one that comes together with the last bytes as an end of the stream; what is written
 * then fails, as it does not after a FIN.
 */
const resetOf = ({ socket, ended }: Client) =>
  Effect.promise(async () => {
    const end = await ended
    if (end !== "end") return end
    return new Promise<string>((resolve) => {
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""))
      socket.write("x", (error) => {
        if (error == null) resolve("none")
      })
    })
  })

describe("the relay", () => {
  it.live("resets after so many bytes of the answers", () =>
    failing({ _tag: "cut", of: "answers", afterBytes: 3, by: "reset" }, (client) =>
      Effect.gen(function* () {
        client.socket.write("bcdef")
        assert.match(yield* resetOf(client), /^(ECONNRESET|EPIPE)$/)
        assert.isFalse(client.read().includes("e"), client.read())
      })
    )
  )

  it.live("ends after so many bytes of the answers", () =>
    failing({ _tag: "cut", of: "answers", afterBytes: 3, by: "end" }, (client) =>
      Effect.gen(function* () {
        client.socket.write("bcdef")
        assert.strictEqual(yield* endOf(client), "end")
        assert.strictEqual(client.read(), "abcd")
      })
    )
  )

  it.live("closes one half", () =>
    failing({ _tag: "halfClose" }, (client) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* endOf(client), "end")
        assert.isTrue(client.socket.writable)
      })
    )
  )

  it.live("falls silent", () =>
    failing({ _tag: "silence", of: "both" }, (client) =>
      Effect.gen(function* () {
        client.socket.write("b")
        yield* Effect.sleep("50 millis")
        assert.strictEqual(client.read(), "a")
        assert.isFalse(client.socket.readableEnded)
      })
    )
  )

  it.live.each<NetworkFault>([
    { _tag: "pause", millis: 40 },
    { _tag: "narrow", bytesPerMilli: 1, millis: 40 }
  ])("keeps every byte in order: $_tag", (fault) =>
    failing(fault, (client) =>
      Effect.gen(function* () {
        client.socket.write(`${"b".repeat(100)}c`)
        yield* until(() => client.read() === `a${"b".repeat(100)}c`)
      })
    )
  )

  it.live("refuses connections for a while", () =>
    failing({ _tag: "refuse", millis: 1_500 }, (client, relay) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* endOf(client), "ECONNRESET")
        assert.strictEqual(yield* endOf(yield* dial(relay.port)), "ECONNREFUSED")
        const again = Effect.gen(function* () {
          const next = yield* dial(relay.port)
          next.socket.write("x")
          return yield* Effect.race(
            Effect.as(
              until(() => next.read() === "x"),
              "x"
            ),
            endOf(next)
          )
        })
        let answer = ""
        while (answer !== "x") answer = yield* Effect.delay(again, "10 millis")
      })
    )
  )
})
