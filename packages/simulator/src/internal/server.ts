/** The two TLS listeners, for devices and broadcasts and for channel management, and their connections. */

import type { Socket } from "node:net"
import * as tls from "node:tls"
import type { ConnectionInfo } from "../ConnectionInfo.ts"
import { Connection } from "./connection.ts"
import type { Identity } from "./identity.ts"
import type { Listener } from "./request.ts"
import type { State } from "./state.ts"

/** How many closed connections are remembered. */
const keptConnections = 10_000

/** The connections of both listeners. */
export class Connections {
  readonly #open = new Set<Connection>()
  #past: Array<ConnectionInfo> = []
  #opened = 0

  /** A socket that died while it was accepted is left out: node:http2 throws on it. */
  add(listener: Listener, socket: tls.TLSSocket, state: State): void {
    let connection: Connection
    try {
      connection = new Connection(++this.#opened, listener, socket, state)
    } catch {
      socket.destroy()
      return
    }
    this.#open.add(connection)
    const { events } = state
    if (events.isHeard) events.publish({ _tag: "connectionOpened", connection: connection.info })
    socket.on("close", () => {
      this.#open.delete(connection)
      if (events.isHeard) events.publish({ _tag: "connectionClosed", connection: connection.info })
      this.#past.push(connection.info)
      if (this.#past.length >= 2 * keptConnections) this.#past = this.#past.slice(-keptConnections)
    })
  }

  /** Those open now; of one listener or of both. */
  open(listener?: Listener): ReadonlyArray<Connection> {
    return [...this.#open].filter((connection) => listener === undefined || connection.listener === listener)
  }

  /** Open and recently closed ones, oldest first. */
  infos(): ReadonlyArray<ConnectionInfo> {
    const open = [...this.#open].map((connection) => connection.info)
    return [...this.#past.slice(-keptConnections), ...open].sort((a, b) => a.id - b.id)
  }
}

export interface Listening {
  readonly port: number
  /** Stops listening and destroys every socket. */
  readonly close: () => Promise<void>
}

/** Listens for `listener`. Rejects with the system's error, for example a port in use. */
export const listen = (
  listener: Listener,
  port: number,
  connections: Connections,
  state: State,
  identity: Identity
): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const { settings } = state
    const sockets = new Set<Socket>()
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
      if (socket.alpnProtocol === "h2") connections.add(listener, socket, state)
      else socket.destroy()
    })
    server.once("error", reject)
    server.listen(port, settings.host, () => {
      server.off("error", reject)
      server.on("error", () => {})
      const address = server.address()
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            for (const connection of connections.open(listener)) connection.destroy()
            for (const socket of sockets) socket.destroy()
          })
      })
    })
  })
