/** One connection: its HTTP/2 session, its streams and their limit, its GOAWAYs and its counts. */
import * as http2 from "node:http2"
import type { TLSSocket } from "node:tls"
import type { ConnectionInfo } from "../ConnectionInfo.ts"
import { type ClientCertificate, readClientCertificate } from "./clientCertificate.ts"
import { type Binding, judgeCertificate, judgeToken, type Outcome, type TokenLedger } from "./credential.ts"
import { receive } from "./exchange.ts"
import { goAwayFrame } from "./frames.ts"
import { bearer } from "./providerToken.ts"
import type { Listener } from "./request.ts"
import { type SeenToken, type State, seeToken } from "./state.ts"
import { Wire } from "./wire.ts"

export interface GoAway {
  readonly code: number
  readonly lastStreamId: number
  readonly debugData: string
}

/** What APNs' frame logs show, but for the stream limit, which `frames.ts` adds. */
const sessionSettings: http2.Settings = {
  headerTableSize: 4_096,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: 8_000
}

const sessionOptions = {
  settings: sessionSettings,
  // Node's default of 10 would end a session whose limit a test moves often. Missing in Node's types.
  maxOutstandingSettings: 1_000,
  maxSessionMemory: 1_000,
  // A client that cancels much is the client's affair here.
  streamResetBurst: 1_000_000,
  streamResetRate: 1_000_000
}

const excessDebugData = "Maximum active streams violated for this endpoint."

const { NGHTTP2_REFUSED_STREAM } = http2.constants

export class Connection {
  readonly id: number
  readonly listener: Listener
  readonly #state: State
  readonly #socket: TLSSocket
  readonly #wire: Wire
  readonly #session: http2.ServerHttp2Session
  /** Streams that count against the limit: open and not answered. */
  readonly #streams = new Map<number, http2.ServerHttp2Stream>()
  /** Streams a connection that said GOAWAY waits for: those whose answer may still have to be written. */
  readonly #unfinished = new Set<number>()
  readonly #certificate: { readonly read: ClientCertificate | undefined; readonly trusted: boolean } | undefined
  readonly #goAways: Array<GoAway> = []
  #open = true
  #streamsOpened = 0
  #maxStreamsOpen = 0
  #excessStreams = 0
  #highestStreamId = 0
  /** Streams above this id are ignored: the last stream id of the lowest GOAWAY. */
  #lastAccepted = Number.POSITIVE_INFINITY
  /** The limit last asked for; those sent and not yet acknowledged; the one acknowledged last. */
  #limit: number
  #unacknowledged: Array<number> = []
  #acknowledged = 0
  #limitPinned = false
  #limitRaised = false
  #binding: Binding | undefined
  #ledger: TokenLedger = new Map()
  /** When they were answered. */
  readonly #errors: Array<number> = []
  readonly #badDeviceTokens: Array<number> = []

  constructor(id: number, listener: Listener, socket: TLSSocket, state: State) {
    this.id = id
    this.listener = listener
    this.#state = state
    this.#socket = socket
    const { clientCa, initialMaxConcurrentStreams } = state.settings
    const der = socket.getPeerX509Certificate()?.raw
    if (der !== undefined) {
      this.#certificate = { read: readClientCertificate(der), trusted: clientCa === undefined || socket.authorized }
    }
    this.#limit = initialMaxConcurrentStreams
    // The handshake has authenticated the client, so that the one-stream rule has nothing to wait for.
    const outcome = this.#judgeCertificate()
    if (outcome?._tag === "accepted") {
      this.#binding = outcome.binding
      this.#limitRaised = true
      this.#limit = state.settings.maxConcurrentStreams
    }
    this.#wire = new Wire(socket, {
      limit: () => {
        this.#unacknowledged.push(this.#limit)
        return this.#limit
      },
      hideGoAway: () => this.#goAways.length > 0
    })
    this.#session = http2.performServerHandshake(this.#wire, sessionOptions)
    this.#session.on("error", () => {})
    // Node reports streams a tick late and acknowledgements at once: those of one read must stay in their order.
    this.#session.on("localSettings", () =>
      process.nextTick(() => {
        this.#acknowledged = this.#unacknowledged.shift() ?? this.#acknowledged
      })
    )
    this.#session.on("stream", (stream, _headers, _flags, rawHeaders) => this.#opened(stream, rawHeaders))
    socket.on("close", () => {
      this.#open = false
    })
  }

  get info(): ConnectionInfo {
    const binding = this.#binding
    return {
      id: this.id,
      listener: this.listener,
      open: this.#open,
      streamsOpened: this.#streamsOpened,
      streamsOpen: this.#open ? this.#countOpen() : 0,
      maxStreamsOpen: this.#maxStreamsOpen,
      maxConcurrentStreams: this.#limit,
      excessStreams: this.#excessStreams,
      binding:
        binding?._tag === "token"
          ? { _tag: "token", teamId: binding.key.teamId, keyId: binding.key.keyId }
          : binding && { _tag: "certificate", topics: binding.topics },
      goAways: [...this.#goAways]
    }
  }

  get highestStreamId(): number {
    return this.#highestStreamId
  }

  /** Whether an answer on this stream may still be sent. */
  isAnswerable(stream: http2.ServerHttp2Stream): boolean {
    return !stream.destroyed && !stream.closed && !this.isIgnored(stream)
  }

  /** Whether the stream is above the last stream id of a GOAWAY. */
  isIgnored(stream: http2.ServerHttp2Stream): boolean {
    return (stream.id ?? 0) > this.#lastAccepted
  }

  /** Judges the credential of a request with this `authorization` header. */
  judgeCredential(authorization: string | undefined): Outcome {
    const { settings } = this.#state
    const shared = settings.tokenUpdateScope === "key"
    const fromCertificate = this.#judgeCertificate()
    if (fromCertificate !== undefined) return fromCertificate
    if (settings.trust === "certificate" || authorization === undefined) {
      return { _tag: "refused", reason: "MissingProviderToken" }
    }
    const outcome = judgeToken(
      this.seenToken(authorization)?.verified,
      this.#binding,
      shared ? this.#state.ledger : this.#ledger,
      this.#state.now(),
      settings
    )
    if (outcome._tag === "accepted") {
      this.#binding = outcome.binding
      if (shared) this.#state.ledger = outcome.ledger
      else if (settings.tokenUpdateScope === "connection") this.#ledger = outcome.ledger
    }
    return outcome
  }

  seenToken(authorization: string): SeenToken | undefined {
    const token = bearer(authorization)
    return token === undefined ? undefined : seeToken(this.#state, token)
  }

  /** Sends a new stream limit. A pinned limit is no longer changed by what is accepted or rejected. */
  setLimit(limit: number, pinned: boolean): void {
    this.#limitPinned ||= pinned
    this.#limit = limit
    if (!this.#session.destroyed) this.#session.settings({})
  }

  /** Goes back to the limit of the options, from one that was pinned. */
  unpinLimit(): void {
    const { initialMaxConcurrentStreams, maxConcurrentStreams } = this.#state.settings
    this.#limitPinned = false
    this.setLimit(this.#limitRaised ? maxConcurrentStreams : initialMaxConcurrentStreams, false)
  }

  /** Raises the limit after the first accepted token. */
  raiseLimit(): void {
    if (this.#limitRaised) return
    this.#limitRaised = true
    if (!this.#limitPinned) this.setLimit(this.#state.settings.maxConcurrentStreams, false)
  }

  sendGoAway(goAway: GoAway): void {
    if (!this.#open || this.#socket.writableEnded) return
    this.#goAways.push(goAway)
    this.#lastAccepted = Math.min(this.#lastAccepted, goAway.lastStreamId)
    this.#wire.insert(goAwayFrame(goAway.lastStreamId, goAway.code, goAway.debugData))
    this.#closeWhenDrained()
  }

  /** The stream was answered: the client may open another one as soon as it reads the answer. */
  release(stream: http2.ServerHttp2Stream): void {
    this.#streams.delete(stream.id ?? 0)
  }

  /** The stream will never be answered and yet stays open; a draining connection does not wait for it. */
  abandon(stream: http2.ServerHttp2Stream): void {
    this.#unfinished.delete(stream.id ?? 0)
    this.#closeWhenDrained()
  }

  forgetTokenUpdates(): void {
    this.#ledger = new Map()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Notes an answer, for the limits that follow from answers. */
  answered(status: number, reason: string | undefined): void {
    const { settings } = this.#state
    const after = settings.maxConcurrentStreamsAfterRejection
    if (after !== undefined && !this.#limitPinned && this.#limitRaised) {
      if (status >= 400 && status < 500 && this.#limit !== after) this.setLimit(after, false)
      if (status === 200 && this.#limit === after) this.setLimit(settings.maxConcurrentStreams, false)
    }
    // Apple: a 410 does not count as an error.
    if (status < 400 || status === 410) return
    const { disconnectAfterErrors = Number.POSITIVE_INFINITY } = settings
    const { disconnectAfterBadDeviceTokens = Math.ceil(disconnectAfterErrors / 4) } = settings
    if (this.#goAways.length > 0) return
    const isBad = reason === "BadDeviceToken" && this.#count(this.#badDeviceTokens) >= disconnectAfterBadDeviceTokens
    if (!isBad && this.#count(this.#errors) < disconnectAfterErrors) return
    const debugData = reason === undefined ? "" : JSON.stringify({ reason })
    this.sendGoAway({ code: 0, lastStreamId: this.#highestStreamId, debugData })
  }

  /** How many errors there were with this one, of those within the window if there is one. */
  #count(times: Array<number>): number {
    const { disconnectAfterBadDeviceTokens, disconnectAfterErrors, disconnectWindowMillis } = this.#state.settings
    if (disconnectAfterErrors === undefined && disconnectAfterBadDeviceTokens === undefined) return 0
    const now = this.#state.now()
    times.push(now)
    while (now - (times[0] ?? now) >= disconnectWindowMillis) times.shift()
    return times.length
  }

  #judgeCertificate(): Outcome | undefined {
    const certificate = this.#certificate
    if (certificate === undefined) return undefined
    return judgeCertificate(certificate.read, certificate.trusted, this.#ledger, this.#state.settings)
  }

  /** Until a lowered limit is acknowledged the client may not know it. */
  #limitInForce(): number {
    return Math.max(this.#acknowledged, ...this.#unacknowledged)
  }

  #countOpen(): number {
    // A stream the client reset is closed at once, while its `close` event may come after the next stream's headers.
    for (const [id, stream] of this.#streams) {
      if (stream.closed || stream.destroyed) this.#streams.delete(id)
    }
    return this.#streams.size
  }

  #opened(stream: http2.ServerHttp2Stream, rawHeaders: Array<string>): void {
    const id = stream.id ?? 0
    stream.on("error", () => {})
    stream.on("close", () => {
      this.release(stream)
      this.abandon(stream)
    })
    this.#streamsOpened++
    if (this.isIgnored(stream)) {
      stream.resume()
      return
    }
    const before = this.#highestStreamId
    this.#highestStreamId = Math.max(before, id)
    // Counting is only worth its time where it matters: at the limit, or for a new maximum.
    const matters = this.#streams.size >= Math.min(this.#limitInForce(), this.#maxStreamsOpen)
    const open = (matters ? this.#countOpen() : this.#streams.size) + 1
    this.#maxStreamsOpen = Math.max(this.#maxStreamsOpen, open)
    if (open > this.#limitInForce()) {
      this.#excessStreams++
      stream.resume()
      if (this.#state.settings.excessStreams === "refuse") stream.close(NGHTTP2_REFUSED_STREAM)
      else this.sendGoAway({ code: NGHTTP2_REFUSED_STREAM, lastStreamId: before, debugData: excessDebugData })
      return
    }
    this.#streams.set(id, stream)
    this.#unfinished.add(id)
    receive(this.#state, this, stream, rawHeaders)
  }

  #closeWhenDrained(): void {
    // A GOAWAY that still lets streams in announces the end and is not the end.
    if (this.#goAways.length === 0 || this.#lastAccepted > this.#highestStreamId) return
    for (const id of this.#unfinished) if (id <= this.#lastAccepted) return
    this.#wire.finish()
  }
}
