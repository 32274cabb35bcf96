/** The two ways to open a tunnel through a proxy: CONNECT by Node's own HTTP client, SOCKS 5 by `socks`. */
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
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

const connectRequest = (proxy: ProxyAddress, target: string) => {
  const { ca, host, port, protocol } = proxy
  const options = {
    host,
    port,
    method: "CONNECT",
    path: target,
    agent: false,
    headers: { host: target, ...basic(proxy) }
  } as const
  if (protocol === "http") return Http.request(options)
  return Https.request({
    ...options,
    minVersion: "TLSv1.2",
    ...(Net.isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] })
  })
}

/** Throws when Node refuses the TLS of an `https://` proxy. */
export const byConnect = (endpoint: Endpoint, proxy: ProxyAddress, listener: TunnelListener): Tunnel => {
  const target = targetOf(endpoint)
  const request = connectRequest(proxy, target)
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
  return request
}

export const bySocks = (endpoint: Endpoint, proxy: ProxyAddress, listener: TunnelListener): Tunnel => {
  const { credentials, host, port } = proxy
  const socket = Net.connect({ host, port })
  socket.on("error", (error) => listener.onFailure(socketFailed(proxy, error)))
  socket.once("connect", () => {
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
      // Later than the caller's, which began before the socket was connected.
      timeout: endpoint.connectTimeoutMillis
    }).then(
      () => listener.onOpen(socket),
      // The error holds the options, and with them the password: only its words go on.
      (error: Error) => listener.onFailure(refusedBySocks(proxy, targetOf(endpoint), error.message))
    )
  })
  return socket
}
