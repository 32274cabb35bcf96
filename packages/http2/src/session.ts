/** The driver: one `Connection` on one socket of `node:tls` or `node:net`. */
import { constants } from "node:crypto"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Tls from "node:tls"
import type { Stream } from "./clientStream.ts"
import { Connection } from "./connection.ts"
import { type Dial, dial } from "./dial.ts"
import type { GoAway, OnEnding } from "./ending.ts"
import { checkNumber, largestPort, longestTimer } from "./options.ts"
import { patience } from "./patience.ts"
import type { Request } from "./request.ts"

/** Where and how to connect. */
export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** The `:authority` of requests. Default: `host`, with the port if it is not 443. */
  readonly authority?: string | undefined
  /** The name for SNI and for the server's certificate. Default: `host`, unless it is an IP address. */
  readonly servername?: string | undefined
  /** Certificates to trust instead of the runtime's, in PEM. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /**
   * A further check of the server, once the TLS handshake is done and before anything is written. An error ends the session
   * with it, at the step `tls`. Runs whatever `NODE_TLS_REJECT_UNAUTHORIZED` says.
   */
  readonly checkServer?: ((socket: Tls.TLSSocket) => Error | undefined) | undefined
  /** The client certificate and its private key, in PEM. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /**
   * Resolves `host`, unless it is an IP address. Default: the runtime's, `dns.lookup`. The addresses are tried in its order,
   * one of each family in turn: the next one 250 ms after the one before, or when that has failed (RFC 8305).
   */
  readonly lookup?: Net.LookupFunction | undefined
  /** A connected stream to run over, such as a proxy's tunnel, instead of a new socket. */
  readonly socket?: Duplex | undefined
  /** Without TLS, by prior knowledge (RFC 9113, 3.3): for tests. Default false. */
  readonly plaintext?: boolean | undefined
  /**
   * Until the peer's SETTINGS must have arrived, in milliseconds, from 1 to 2^31-1. Default 10,000. Time in which the process
   * stood still does not count.
   */
  readonly connectTimeoutMillis?: number | undefined
  /** Streams to open at most, if the peer allows more: from 1. Default 1000. */
  readonly maxConcurrentStreams?: number | undefined
  /** The largest header list of a response, from 1 to 2^32-1; a larger one resets its stream. Default 16,384. */
  readonly maxHeaderListSize?: number | undefined
  /** The largest body of a response, `Infinity` for any; a larger one resets its stream. Default 65,536. */
  readonly maxBodySize?: number | undefined
}

/** How far a session had come. */
export type Step = "dns" | "connect" | "tls" | "alpn" | "settings" | "stream"

/** Why a session could not be opened, or ended early. */
export interface SessionFailure {
  readonly step: Step
  /**
   * - `socket`: an error of the socket, of TLS or of name resolution, as the runtime gave it
   * - `timeout`: the peer's SETTINGS did not arrive within `connectTimeoutMillis`
   * - `notHttp2`: the server did not select h2 in the TLS handshake
   * - `ended`: the peer ended the connection before its SETTINGS
   * - `protocol`: the peer broke a rule; the error is a `ConnectionError`
   */
  readonly kind: "socket" | "timeout" | "notHttp2" | "ended" | "protocol"
  readonly error: Error
}

/** What a session reports. None of these is called before `connect` has returned. */
export interface SessionListener {
  /** One of the host's addresses is tried, maybe beside others (RFC 8305). */
  onAttempt?(address: string): void
  /** It could not be connected to, or not within `connectTimeoutMillis`. That another one was sooner is no failure. */
  onAttemptFailed?(address: string, error: Error): void
  /** That one is the session's. */
  onConnected?(address: string): void
  /** The peer's SETTINGS have arrived. */
  onReady(): void
  /** Every request so far has been handed to the socket, whole. */
  onWritten?(): void
  /** Streams may be opened, after some could not, or after streams have ended. */
  onCapacity(): void
  onGoAway(goAway: GoAway): void
  /** The session is over, after the ending of its last stream. Called once; nothing follows. */
  onEnd(failure: SessionFailure | undefined): void
}

/** One HTTP/2 connection. */
export interface Session {
  /** How many streams may be opened now: 0 before the peer's SETTINGS, and while the socket is behind. */
  readonly openable: number
  /** How many streams are open. */
  readonly openStreams: number
  /**
   * Opens a stream. Its ending is reported once, and never from inside this call: `NeverWritten` if `openable` is 0 or
   * the request breaks a rule.
   */
  open(request: Request, onEnding: OnEnding): Stream
  /** Asks for a sign of life; nothing is called back if the session ends first. */
  ping(onAcknowledged: () => void): void
  /** Opens no more streams, and ends when the last one has. */
  close(): void
  /** Ends now; open streams are lost. */
  destroy(): void
}

/** Above this many bytes in the socket's own buffer nothing is added to them, until it has drained. */
const maxWritableLength = 1_048_576
/** How long the peer has to end its side once we have ended ours. */
const lingerMillis = 1000
/** A turn that has so many bytes to write lets them go before its end: the peer can work on them meanwhile. */
const earlyWriteLength = 32_768
const refillMillis = 1000
/** The buffer that is read into: four TLS records. */
const readSize = 65_536

/**
 * Opens a session; it takes streams from `onReady` on. Throws, before it dials, a RangeError for a number that is out of its
 * range, and the runtime's error for a certificate that is none.
 */
export const connect = (options: ConnectOptions, listener: SessionListener): Session =>
  new SocketSession(options, listener)

class SocketSession implements Session {
  private readonly listener: SessionListener
  private readonly connection: Connection
  private readonly checkServer: ConnectOptions["checkServer"]
  /** Until there is a socket. */
  private dial: Dial | undefined
  private socket: Net.Socket | undefined
  private callOffTimer: () => void = () => {}
  private step: Step
  private failure: SessionFailure | undefined
  /** The socket takes bytes: the handshake is done, and it is not behind. */
  private connected = false
  private scheduled = false
  /** The connection has reported its last ending. */
  private settled = false
  /** The socket is closed. */
  private closed = false
  private over = false
  private endedHere = false
  private refilledAt = 0
  private readsInPlace = false

  constructor(options: ConnectOptions, listener: SessionListener) {
    const { host, port, plaintext = false, connectTimeoutMillis = 10_000 } = options
    checkNumber("port", port, { least: 0, most: largestPort })
    checkNumber("connectTimeoutMillis", connectTimeoutMillis, { least: 1, most: longestTimer, fraction: true })
    this.listener = listener
    this.connection = new Connection(
      { ...options, scheme: plaintext ? "http" : "https", authority: options.authority ?? authorityOf(host, port) },
      {
        onWork: () => this.schedule(),
        onReady: () => {
          this.callOffTimer()
          this.step = "stream"
          listener.onReady()
        },
        onCapacity: () => listener.onCapacity(),
        onGoAway: (goAway) => listener.onGoAway(goAway),
        onClose: (error) => {
          if (error !== undefined) this.failure ??= { step: this.step, kind: "protocol", error }
          this.settled = true
          if (this.closed) this.end()
          else this.endSocket()
        }
      }
    )
    this.checkServer = options.checkServer
    const { socket } = options
    this.step = socket !== undefined || Net.isIP(host) !== 0 ? "connect" : "dns"
    // What is wrong with a certificate is thrown here, before there is a timer that nobody would stop.
    const overTls = plaintext ? undefined : tlsOver(options)
    if (socket !== undefined) {
      this.step = "tls"
      this.adopt(overTls === undefined ? (socket as Net.Socket) : overTls({ socket }))
      if (plaintext) setImmediate(() => this.onConnected())
    } else {
      const onread = { buffer: Buffer.allocUnsafeSlow(readSize), callback: this.onRead }
      const { lookup } = options
      const connectTo = overTls ?? Net.connect
      this.dial = dial(
        { host, lookup, connect: (address) => connectTo({ host: address, port, onread }) },
        {
          onResolved: () => {
            this.step = "connect"
          },
          onAttempt: (address) => listener.onAttempt?.(address),
          onAttemptFailed: (address, error) => listener.onAttemptFailed?.(address, error),
          onConnected: (socket, address) => {
            this.dial = undefined
            this.adopt(socket)
            listener.onConnected?.(address)
            if (plaintext) this.onConnected()
            else this.step = "tls"
          },
          onFailed: (error) => this.fail("socket", error)
        }
      )
    }
    this.callOffTimer = patience(connectTimeoutMillis, () => this.onTimeout(connectTimeoutMillis))
  }

  /** Takes a socket that is connected, or a stream in its place. */
  private adopt(socket: Net.Socket) {
    this.socket = socket
    // A stream that was given may be none of the network.
    if ("setNoDelay" in socket) socket.setNoDelay(true)
    socket.on("secureConnect", this.onSecure)
    socket.on("data", this.onData)
    socket.on("drain", this.onDrain)
    socket.on("end", () => this.connection.receiveEnd("the peer ended the connection"))
    socket.on("error", this.onError)
    socket.on("close", this.onClose)
  }

  get openable(): number {
    return this.connection.openable
  }

  get openStreams(): number {
    return this.connection.openStreams
  }

  open(request: Request, onEnding: OnEnding): Stream {
    const stream = this.connection.open(request, onEnding)
    if (this.connection.outputLength >= earlyWriteLength) this.write()
    return stream
  }

  ping(onAcknowledged: () => void): void {
    this.connection.ping(onAcknowledged)
  }

  close(): void {
    this.endedHere = true
    this.connection.close()
  }

  destroy(): void {
    this.endedHere = true
    this.connection.destroy("the connection was ended by this program")
    this.destroySocket()
  }

  private readonly onSecure = () => {
    // Only TLS has this event.
    const socket = this.socket as Tls.TLSSocket
    const refusal = refusalOf(this.checkServer, socket)
    if (refusal !== undefined) return this.fail("socket", refusal)
    if (socket.alpnProtocol !== "h2") {
      this.step = "alpn"
      return this.fail("notHttp2", new Error("the server did not select h2 in the TLS handshake"))
    }
    this.onConnected()
  }

  private onConnected() {
    this.step = "settings"
    this.connected = true
    this.work()
  }

  private onTimeout(millis: number) {
    const error = new Error(`no SETTINGS of the peer within ${millis} ms (step "${this.step}")`)
    this.dial?.destroy(error)
    this.fail("timeout", error)
  }

  /** Without `onread`: on a stream that was given, and where the runtime does not know it. */
  private readonly onData = (chunk: Buffer) => {
    if (!this.readsInPlace) this.receive(chunk, chunk.length)
  }

  /**
   * Reads into one buffer, without the stream's machinery: a server may send every response in a TLS record of its own,
   * and each would be a `data` event.
   */
  private readonly onRead = (length: number, buffer: Uint8Array) => {
    this.readsInPlace = true
    this.receive(buffer as Buffer, length)
    return true
  }

  private receive(chunk: Buffer, length: number) {
    // A clock of the day may be set back, and would keep the budgets as they are until it comes here again.
    const now = performance.now()
    if (now - this.refilledAt >= refillMillis) {
      this.refilledAt = now
      this.connection.refill()
    }
    this.connection.receive(chunk, length)
  }

  private readonly onError = (error: Error) => this.fail("socket", error)

  private readonly onClose = () => {
    if (this.closed) return
    this.closed = true
    this.callOffTimer()
    this.connection.receiveEnd("the connection was closed")
    // When a callback throws, the endings after it are delivered at the next turn, and this comes after them.
    if (this.settled) this.end()
  }

  private end() {
    if (this.over) return
    this.over = true
    if (this.failure === undefined && this.step !== "stream" && !this.endedHere) {
      const error = new Error(`the peer ended the connection before its SETTINGS (step "${this.step}")`)
      this.failure = { step: this.step, kind: "ended", error }
    }
    this.listener.onEnd(this.failure)
  }

  private fail(kind: SessionFailure["kind"], error: Error) {
    this.failure ??= { step: this.step, kind, error }
    this.connection.destroy(error.message)
    this.destroySocket()
  }

  /** Of a socket that never came to be, nobody tells the end. */
  private destroySocket() {
    this.dial?.destroy()
    if (this.socket === undefined) setImmediate(this.onClose)
    else this.socket.destroy()
  }

  /**
   * Once per turn of the event loop, after its input: so all requests and frames of a turn leave together. A
   * microtask would write once for each chunk that is read.
   */
  private schedule() {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.work)
  }

  private readonly work = () => {
    this.scheduled = false
    try {
      this.connection.deliver()
    } finally {
      this.write()
    }
  }

  private write() {
    const { connection, socket } = this
    if (connection.outputLength === 0 || socket === undefined) return
    while (this.connected && !connection.isBehind && connection.outputLength > 0 && socket.writable) {
      const bytes = connection.take()
      if (bytes === undefined) return
      const more = socket.write(bytes, this.onWritten)
      if (!more && socket.writableLength > maxWritableLength) connection.isBehind = true
    }
    if (connection.isWritten) this.listener.onWritten?.()
  }

  private readonly onWritten = () => this.connection.recycle()

  private readonly onDrain = () => {
    const { connection } = this
    if (!connection.isBehind) return
    connection.isBehind = false
    this.write()
    if (connection.openable > 0) this.listener.onCapacity()
  }

  /** Writes what is left, ends our side, and does not wait for the peer's longer than it takes to be polite. */
  private endSocket() {
    const { socket } = this
    this.callOffTimer()
    if (this.closed || socket?.destroyed === true) return
    if (socket === undefined || !this.connected) return this.destroySocket()
    this.connection.isBehind = false
    this.write()
    socket.end()
    this.callOffTimer = patience(lingerMillis, () => socket.destroy())
  }
}

/** A check that throws has not passed. */
const refusalOf = (checkServer: ConnectOptions["checkServer"], socket: Tls.TLSSocket): Error | undefined => {
  try {
    return checkServer?.(socket)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const authorityOf = (host: string, port: number): string => {
  const name = Net.isIPv6(host) ? `[${host}]` : host
  return port === 443 ? name : `${name}:${port}`
}

/** What TLS runs over: a stream that was given, or a socket of its own to an address. */
type Under = { readonly socket: Duplex } | (Net.TcpNetConnectOpts & { readonly host: string })

/** One context for all attempts. Throws when the certificate, its key or `ca` is none. */
const tlsOver = ({ host, ca, cert, key, servername = Net.isIP(host) === 0 ? host : undefined }: ConnectOptions) => {
  const secureContext = Tls.createSecureContext({
    // RFC 9113, 9.2
    minVersion: "TLSv1.2",
    // RFC 9113, 9.2.1. Node's own `disableRenegotiation` is for servers.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key })
  })
  return (under: Under): Net.Socket =>
    Tls.connect({
      host,
      ...under,
      secureContext,
      ALPNProtocols: ["h2"],
      ...(servername !== undefined && { servername })
    })
}
