/**
 * The transport over `node:http2`.
 *
 * `node:http2` opens up to 100 streams before it knows the peer's limit, queues requests beyond the limit where they
 * cannot be told from sent ones, and gives the streams of a lost session no error at all. Hence: nothing is opened before
 * the peer's SETTINGS, never more than they allow, and a stream is over on `close` and on nothing else.
 */

import * as Http2 from "node:http2"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Redacted from "effect/Redacted"
import type { ConnectionStep } from "effect-apns/Reason"
import { classify, endedEarly, notHttp2, timedOut, unusable } from "../../packages/apns/src/internal/connectFailure.ts"
import { stillborn } from "../../packages/apns/src/internal/engineTransport.ts"
import type {
  Connect,
  Ending,
  Endpoint,
  GoAway,
  Request,
  Session,
  SessionFailure,
  SessionListener,
  Stream,
  StreamListener
} from "../../packages/apns/src/internal/transport.ts"

/** The most of an answer's body that is kept; APNs' own are under 100 bytes. */
const maxBodyLength = 65_536

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = Http2.constants

/** Their values always change: kept out of the header compression table (Apple, "Sending notification requests…"). */
const unindexed = ["apns-id", "apns-collapse-id", "apns-expiration"]

const fieldsOf = (headers: Http2.IncomingHttpHeaders) => {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":"))
      fields[name] = Array.isArray(value) ? value.join(", ") : String(value)
  }
  return fields
}

class NodeSession implements Session {
  private readonly endpoint: Endpoint
  private readonly listener: SessionListener
  private readonly socket: Tls.TLSSocket
  private session: Http2.ClientHttp2Session | undefined
  private step: ConnectionStep
  private readonly timer: NodeJS.Timeout
  private limit = 0
  private open_ = 0
  private closing = false
  private ended = false
  private goAway: GoAway | undefined
  private failure: SessionFailure | undefined

  constructor(endpoint: Endpoint, listener: SessionListener) {
    this.endpoint = endpoint
    this.listener = listener
    const { host, port, ca, clientCertificate, connectTimeoutMillis } = endpoint
    this.step = Net.isIP(host) === 0 ? "dns" : "connect"
    this.socket = Tls.connect({
      host,
      port,
      ...(Net.isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.2",
      ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
      ...(clientCertificate !== undefined && {
        cert: clientCertificate.certificate,
        key: Redacted.value(clientCertificate.privateKey)
      })
    })
    this.timer = setTimeout(() => this.fail(timedOut(this.step, connectTimeoutMillis)), connectTimeoutMillis)
    this.socket.setNoDelay(true)
    this.socket.on("lookup", (error) => {
      if (error === null) this.step = "connect"
    })
    this.socket.on("connect", () => {
      this.step = "tls"
    })
    this.socket.on("secureConnect", this.onSecure)
    this.socket.on("error", (error) => this.fail(classify(error, this.step)))
    this.socket.on("close", this.onSocketClose)
  }

  get openable(): number {
    // When the socket dies, streams close one by one before the session says so: none may be opened in their place.
    const { session, socket } = this
    const usable =
      session !== undefined && !session.closed && !session.destroyed && !socket.destroyed && socket.readable
    return this.closing || !usable ? 0 : Math.max(0, this.limit - this.open_)
  }

  private readonly onSecure = () => {
    if (this.socket.alpnProtocol !== "h2") return this.fail(notHttp2)
    this.step = "settings"
    const { host, port } = this.endpoint
    const session = Http2.connect(`https://${Net.isIPv6(host) ? `[${host}]` : host}:${port}`, {
      createConnection: () => this.socket,
      settings: { enablePush: false }
    })
    this.session = session
    session.on("remoteSettings", this.onSettings)
    session.on("goaway", (code, lastStreamId, data) => this.onGoAway(code, lastStreamId, data))
    // After a GOAWAY with a code, the error says no more than the GOAWAY did.
    session.on("error", (error) => {
      if (this.goAway === undefined) this.fail(classify(error, this.step))
    })
    session.on("close", this.onEnd)
  }

  private readonly onSettings = (settings: Http2.Settings) => {
    const first = this.step === "settings"
    this.limit = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY
    if (first) {
      this.step = "stream"
      clearTimeout(this.timer)
      this.listener.onReady()
    } else if (this.openable > 0) {
      this.listener.onCapacity()
    }
  }

  private onGoAway(code: number, lastStreamId: number, data: NodeJS.ArrayBufferView | undefined) {
    // Node repeats the event when it destroys the session by itself; a real second frame can only lower the last stream.
    if (this.goAway !== undefined && lastStreamId >= this.goAway.lastStreamId) return
    const debugData =
      data === undefined ? "" : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8")
    this.goAway = { code, lastStreamId, debugData }
    this.closing = true
    this.listener.onGoAway(this.goAway)
  }

  open(request: Request, listener: StreamListener): Stream {
    let raw: Http2.ClientHttp2Stream
    try {
      if (this.session === undefined) throw new Error("not ready")
      raw = this.session.request({
        ":method": request.method,
        ":path": request.path,
        ...request.fields,
        ...(request.authorization !== undefined && { authorization: Redacted.value(request.authorization) }),
        [Http2.sensitiveHeaders]: unindexed
      })
    } catch {
      // Without a session that can end by itself, nothing would ever replace this one.
      this.close()
      queueMicrotask(() => listener.onEnding({ _tag: "NeverWritten" }))
      return { stage: "write", cancel: () => {} }
    }
    this.open_++
    const stream = new NodeStream(raw, (ending) => {
      this.open_--
      listener.onEnding(ending ?? this.endingOf(raw))
      if (this.openable > 0) this.listener.onCapacity()
    })
    raw.end(request.body)
    return stream
  }

  /** How a stream without an answer ended. */
  private endingOf(stream: Http2.ClientHttp2Stream): Ending {
    const { goAway } = this
    if (stream.id === undefined) {
      // The session has used up its stream ids (RFC 9113, 5.1.1): it takes no more requests, and does not say so.
      this.close()
      return { _tag: "NeverWritten" }
    }
    if (goAway !== undefined && stream.id > goAway.lastStreamId) return { _tag: "AboveLastStream", goAway }
    if (goAway !== undefined && goAway.code !== 0) {
      return { _tag: "Lost", problem: `the server ended the connection (GOAWAY, code ${goAway.code})` }
    }
    if (this.failure !== undefined) return { _tag: "Lost", problem: this.failure.problem }
    if (this.session?.destroyed !== false || this.socket.destroyed) {
      return { _tag: "Lost", problem: "the server ended the connection" }
    }
    return stream.rstCode === NGHTTP2_REFUSED_STREAM
      ? { _tag: "Refused" }
      : { _tag: "Reset", code: stream.rstCode ?? 0 }
  }

  ping(onAcknowledged: () => void): void {
    const { session } = this
    if (session === undefined || session.destroyed) return
    session.ping((error) => {
      if (error === null) onAcknowledged()
    })
  }

  close(): void {
    this.closing = true
    if (this.session === undefined) this.destroy()
    else if (!this.session.closed) this.session.close()
  }

  destroy(): void {
    this.closing = true
    this.session?.destroy()
    this.socket.destroy()
  }

  private fail(failure: SessionFailure) {
    this.failure ??= failure
    this.destroy()
  }

  private readonly onSocketClose = () => {
    // With a session on it, the session's own `close` comes after those of its streams.
    if (this.session === undefined) this.onEnd()
  }

  private readonly onEnd = () => {
    if (this.ended) return
    this.ended = true
    clearTimeout(this.timer)
    this.socket.destroy()
    this.listener.onEnd(this.failure ?? (this.step === "stream" ? undefined : endedEarly(this.step)))
  }
}

class NodeStream implements Stream {
  stage: "answer" | "body" = "answer"
  private readonly raw: Http2.ClientHttp2Stream
  private cancelled = false
  private status: number | undefined
  private fields: Readonly<Record<string, string>> = {}
  private body = ""

  constructor(raw: Http2.ClientHttp2Stream, onClose: (ending: Ending | undefined) => void) {
    this.raw = raw
    raw.setEncoding("utf8")
    raw.on("response", (headers) => {
      this.stage = "body"
      this.status = headers[":status"]
      this.fields = fieldsOf(headers)
    })
    raw.on("data", (chunk: string) => {
      if (this.body.length < maxBodyLength) this.body += chunk
      else raw.close(NGHTTP2_CANCEL)
    })
    // Without a listener it would end the process; what it says is read from the state at `close`.
    raw.on("error", () => {})
    raw.on("close", () => {
      const { status, fields, body } = this
      if (this.cancelled) onClose({ _tag: "Cancelled" })
      else onClose(status === undefined ? undefined : { _tag: "Answered", status, fields, body })
    })
  }

  cancel(): void {
    this.cancelled = true
    this.raw.close(NGHTTP2_CANCEL)
  }
}

/** Opens a session over `node:tls` and `node:http2`. */
export const connect: Connect = (endpoint, listener) => {
  try {
    return new NodeSession(endpoint, listener)
  } catch (error) {
    queueMicrotask(() => listener.onEnd(unusable(error)))
    return stillborn
  }
}
