/** Real proxies on loopback, and servers that behave as no proxy should. All end with the scope. */
import * as Net from "node:net"
import { createServer } from "@pondwader/socks5-server"
import { Effect } from "effect"
import { Server as ConnectProxy } from "proxy-chain"
import { identity } from "../../packages/simulator/src/internal/identity.ts"

export const user = "push"
/** With what is special in a URL, in Basic credentials and in a shell. */
export const password = "c:0@rr/ct h%rse ü"

export const urlOf = (scheme: string, port: number, withPassword?: string) =>
  withPassword === undefined
    ? `${scheme}://127.0.0.1:${port}`
    : `${scheme}://${user}:${encodeURIComponent(withPassword)}@127.0.0.1:${port}`

/** A server on loopback; its sockets die with the scope. */
export const serving = (onSocket: (socket: Net.Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly sockets: Set<Net.Socket>; readonly server: Net.Server }>(
      (resume) => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer((socket) => {
          sockets.add(socket)
          socket.on("error", () => {})
          socket.on("close", () => sockets.delete(socket))
          onSocket(socket)
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(Effect.succeed({ port, sockets, server }))
        })
      }
    ),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  )

/** A proxy: its port, where it was asked to connect to as `host:port`, and the root of its certificate. */
export interface RunningProxy {
  readonly port: number
  readonly asked: ReadonlyArray<string>
  readonly ca: string | undefined
  readonly sockets: Effect.Effect<number>
}

/** `proxy-chain`, over plain TCP or over TLS. Locked, it asks for `user` and `password`. */
export const connectProxy = (serverType: "http" | "https", locked = false) =>
  Effect.gen(function* () {
    const { ca, certificate, key } = yield* Effect.promise(identity)
    const asked: Array<string> = []
    const server = new ConnectProxy({
      host: "127.0.0.1",
      port: 0,
      ...(serverType === "http" ? { serverType } : { serverType, httpsOptions: { cert: certificate, key } }),
      prepareRequestFunction: ({ hostname, port, username, password: given }) => {
        asked.push(`${hostname}:${port}`)
        return { requestAuthentication: locked && (username !== user || given !== password) }
      }
    })
    server.on("tlsError", () => {})
    yield* Effect.acquireRelease(
      Effect.promise(() => server.listen()),
      () => Effect.promise(() => server.close(true))
    )
    return { port: server.port, asked, ca, sockets: Effect.sync(() => server.connections.size) }
  })

/** `@pondwader/socks5-server`. Locked, it asks for `user` and `password`; else `rule` says where it goes. */
export const socksProxy = (locked = false, rule: (host: string) => boolean = () => true) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const socks = createServer(locked ? { auth: { username: user, password } } : {})
    socks.setRulesetValidator(({ destAddress, destPort }) => {
      asked.push(`${destAddress}:${destPort}`)
      return rule(destAddress)
    })
    const { port, sockets } = yield* serving((socket) => void socks._handleConnection(socket))
    return { port, asked, ca: undefined, sockets: Effect.sync(() => sockets.size) }
  })
