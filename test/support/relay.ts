/** A network between client and server that can stop to carry anything. */
import { connect, createServer, type Socket } from "node:net"
import { Effect, type Scope } from "effect"

export interface Relay {
  readonly port: number
  /** How many connections came. */
  readonly opened: () => number
  /** Those there are carry nothing any more, and stay open. */
  readonly cut: () => void
}

export const relayTo = (port: number): Effect.Effect<Relay, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    let opened = 0
    const carry = (from: Socket, to: Socket) => {
      sockets.add(from)
      from.on("error", () => {}).on("close", () => to.destroy())
      from.pipe(to)
    }
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer((near) => {
          opened++
          const far = connect(port, "127.0.0.1")
          carry(near, far)
          carry(far, near)
        })
      ),
      (server) =>
        Effect.sync(() => {
          server.close()
          for (const socket of sockets) socket.destroy()
        })
    )
    yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
    const address = server.address()
    if (address === null || typeof address === "string") return yield* Effect.die(new Error("it has no port"))
    return {
      port: address.port,
      opened: () => opened,
      cut: () => {
        for (const socket of sockets) socket.unpipe().pause()
      }
    }
  })
