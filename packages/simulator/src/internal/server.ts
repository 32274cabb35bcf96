/** The TLS listener and its connections. */

import type { Socket } from "node:net"
import * as tls from "node:tls"
import type { ConnectionInfo } from "../ConnectionInfo.ts"
import { Connection } from "./connection.ts"
import type { Identity } from "./identity.ts"
import type { State } from "./state.ts"

export interface Server {
  readonly port: number
  readonly open: () => ReadonlyArray<Connection>
  /** Open and recently closed connections, oldest first. */
  readonly connections: () => ReadonlyArray<ConnectionInfo>
  /** Stops listening and destroys every socket. */
  readonly close: () => Promise<void>
}

/** How many closed connections are remembered. */
const keptConnections = 10_000

/** `undefined` for a socket that died while it was accepted: node:http2 throws on it. */
const openConnection = (id: number, socket: tls.TLSSocket, state: State): Connection | undefined => {
  try {
    return new Connection(id, socket, state)
  } catch {
    socket.destroy()
    return undefined
  }
}

/** Listens. Rejects with the system's error, for example a port in use. */
export const listen = (state: State, identity: Identity): Promise<Server> =>
  new Promise((resolve, reject) => {
    const { settings } = state
    const sockets = new Set<Socket>()
    const connections = new Set<Connection>()
    let past: Array<ConnectionInfo> = []
    let opened = 0
    const server = tls.createServer({
      cert: identity.certificate,
      key: identity.key,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2"],
      requestCert: settings.trust !== "token",
      // A certificate that does not chain is refused with a reason, in an answer, rather than in the handshake.
      rejectUnauthorized: false,
      ...(settings.clientCa === undefined ? {} : { ca: settings.clientCa })
    })
    server.on("connection", (socket) => {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => {})
      socket.on("close", () => sockets.delete(socket))
    })
    server.on("tlsClientError", () => {})
    server.on("secureConnection", (socket) => {
      socket.on("error", () => {})
      // A client that offers ALPN without h2 has failed the handshake already; this one offered none.
      if (socket.alpnProtocol !== "h2") {
        socket.destroy()
        return
      }
      const connection = openConnection(++opened, socket, state)
      if (connection === undefined) return
      connections.add(connection)
      socket.on("close", () => {
        connections.delete(connection)
        past.push(connection.info)
        if (past.length >= 2 * keptConnections) past = past.slice(-keptConnections)
      })
    })
    server.once("error", reject)
    server.listen(settings.port, settings.host, () => {
      server.off("error", reject)
      server.on("error", () => {})
      const address = server.address()
      resolve({
        port: typeof address === "object" && address !== null ? address.port : settings.port,
        open: () => [...connections],
        connections: () =>
          [...past.slice(-keptConnections), ...[...connections].map((connection) => connection.info)].sort(
            (a, b) => a.id - b.id
          ),
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            for (const connection of connections) connection.destroy()
            for (const socket of sockets) socket.destroy()
          })
      })
    })
  })
