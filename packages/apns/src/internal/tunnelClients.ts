/** The two ways to open a tunnel through a proxy: CONNECT by Node's own HTTP client, SOCKS 5 by `socks`. */
import * as Http from "node:http"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { type Dial, dial } from "@effect-apns/http2"
import * as Redacted from "effect/Redacted"
import { SocksClient } from "socks"
import type { ProxyAddress } from "../Proxy.ts"
import { answered, refusedBySocks, socketFailed, spokeFirst } from "./proxyFailure.ts"
import type { Endpoint } from "./transport.ts"
import type { Tunnel, TunnelListener } from "./tunnel.ts"

const targetOf = ({ host, port }: Endpoint) => `${Net.isIPv6(host) ? `[${host}]` : host}:${port}`

const basic = ({ credentials }: ProxyAddress) => {
  if (credentials === undefined) return {}
  const pair = `${credentials.username}:${Redacted.value(credentials.password)}`
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` }
}

const overTls = ({ ca, host }: ProxyAddress, socket: Net.Socket) =>
  Tls.connect({
    socket,
    host,
    minVersion: "TLSv1.2",
    ...(Net.isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] })
  })

/** Connects to the proxy: to whichever of its addresses answers first. */
const dialProxy = (proxy: ProxyAddress, listener: TunnelListener, onConnected: (socket: Net.Socket) => void): Dial =>
  dial(
    { host: proxy.host, connect: (address) => Net.connect({ host: address, port: proxy.port, noDelay: true }) },
    { onConnected, onFailed: (error) => listener.onFailure(socketFailed(proxy, error)) }
  )

export const byConnect = (endpoint: Endpoint, proxy: ProxyAddress, listener: TunnelListener): Tunnel => {
  const target = targetOf(endpoint)
  let dialling: Dial | undefined
  const request = Http.request({
    method: "CONNECT",
    path: target,
    headers: { host: target, ...basic(proxy) },
    createConnection: (_, onCreated) => {
      dialling = dialProxy(proxy, listener, (socket) =>
        onCreated(null, proxy.protocol === "https" ? overTls(proxy, socket) : socket)
      )
      return undefined
    }
  })
  request.on("connect", ({ headers, statusCode = 0 }, socket: Net.Socket, head) => {
    // Once TLS runs over it, TLS reports its errors.
    socket.on("error", () => {})
    if (statusCode >= 200 && statusCode < 300 && head.length === 0) return listener.onOpen(socket)
    socket.destroy()
    const opened = statusCode >= 200 && statusCode < 300
    // The standard phrase, for the proxy's own may be anything.
    const answer = {
      status: statusCode,
      phrase: Http.STATUS_CODES[statusCode],
      challenge: headers["proxy-authenticate"]
    }
    listener.onFailure(opened ? spokeFirst(proxy) : answered(proxy, target, answer))
  })
  request.on("error", (error) => listener.onFailure(socketFailed(proxy, error)))
  request.end()
  return {
    destroy: () => {
      dialling?.destroy()
      request.destroy()
    }
  }
}

export const bySocks = (endpoint: Endpoint, proxy: ProxyAddress, listener: TunnelListener): Tunnel => {
  const { credentials, host, port } = proxy
  let opening: Net.Socket | undefined
  const onConnected = (socket: Net.Socket) => {
    opening = socket
    socket.on("error", (error) => listener.onFailure(socketFailed(proxy, error)))
    SocksClient.createConnection({
      command: "connect",
      existing_socket: socket,
      destination: { host: endpoint.host, port: endpoint.port },
      proxy: {
        host,
        port,
        type: 5,
        ...(credentials && { userId: credentials.username, password: Redacted.value(credentials.password) })
      },
      // Later than the caller's, which began before the socket was connected, and may wait again for a process that stood still.
      timeout: 2 * endpoint.connectTimeoutMillis
    }).then(
      () => listener.onOpen(socket),
      // The error holds the options, and with them the password: only its words go on.
      (error: Error) => listener.onFailure(refusedBySocks(proxy, targetOf(endpoint), error.message))
    )
  }
  const dialling = dialProxy(proxy, listener, onConnected)
  return {
    destroy: () => {
      dialling.destroy()
      opening?.destroy()
    }
  }
}
