/** One connection: its HTTP/2 session, its streams and their limit, its GOAWAYs and its counts. */
import * as http2 from "node:http2"
import type { TLSSocket } from "node:tls"
import type { ConnectionInfo } from "../ConnectionInfo.ts"
import type { FaultEffect } from "../Scenario.ts"
import { Exchange } from "./exchange.ts"
import { goAwayFrame } from "./frames.ts"
import type { Listener } from "./request.ts"
import { type State, withinAppRate, withinRate } from "./state.ts"
import { Trust } from "./trust.ts"
import type { RuleContext } from "./verdict.ts"
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
  // Megabytes. What a client that does not read leaves unread, and headers without end, end the session beyond it.
  maxSessionMemory: 128,
  // A client that cancels much is the client's affair here.
  streamResetBurst: 1_000_000,
  streamResetRate: 1_000_000
}

type SettingsEffect = Extract<FaultEffect, { readonly _tag: "settings" }>

const ignore = () => {}

const lastOfAll = 0x7fffffff

const excessDebugData = "Maximum active streams violated for this endpoint."

const { NGHTTP2_REFUSED_STREAM } = http2.constants

export class Connection {
  readonly id: number
  readonly listener: Listener
  /** What the rules may ask about a request on this connection. */
  readonly ruleContext: RuleContext
  /** The header fields of the request before. */
  lastFields: ReadonlyArray<string> = []
  readonly #state: State
  readonly #socket: TLSSocket
  readonly #wire: Wire
  readonly #session: http2.ServerHttp2Session
  /** Streams that count against the limit: open and not answered. */
  readonly #streams = new Map<number, http2.ServerHttp2Stream>()
  /** Streams a connection that said GOAWAY waits for: those whose answer may still have to be written. */
  readonly #unfinished = new Set<number>()
  readonly trust: Trust
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
  /** When they were answered. */
  readonly #errors: Array<number> = []
  readonly #badDeviceTokens: Array<number> = []
  #accepted = 0
  #rejected = 0
  #refusing = false
  readonly #openedAt: number
  #closedAt: number | undefined
  readonly #remote: string
  readonly #tls: string

  constructor(id: number, listener: Listener, socket: TLSSocket, state: State) {
    this.id = id
    this.listener = listener
    this.#state = state
    this.#socket = socket
    this.#openedAt = state.now()
    this.#remote = `${socket.remoteAddress}:${socket.remotePort}`
    this.#tls = `${socket.getProtocol()} ${socket.getCipher().name}`
    this.ruleContext = this.#makeRuleContext()
    this.trust = new Trust(state, socket, () => this.#tellChanged())
    const outcome = this.trust.certificateOutcome()
    // The handshake has authenticated the client, so that the one-stream rule has nothing to wait for.
    this.#limitRaised = outcome?._tag === "accepted"
    const { initialMaxConcurrentStreams, maxConcurrentStreams } = state.settings
    this.#limit = this.#limitRaised ? maxConcurrentStreams : initialMaxConcurrentStreams
    this.#wire = new Wire(socket, {
      limit: () => {
        this.#unacknowledged.push(this.#limit)
        return this.#limit
      },
      hideGoAway: () => this.#goAways.length > 0
    })
    this.#session = http2.performServerHandshake(this.#wire, sessionOptions)
    this.#session.on("error", ignore)
    // Node reports streams a tick late and acknowledgements at once: those of one read must stay in their order.
    this.#session.on("localSettings", () =>
      process.nextTick(() => {
        this.#acknowledged = this.#unacknowledged.shift() ?? this.#acknowledged
      })
    )
    this.#session.on("stream", (stream, _headers, _flags, rawHeaders) => this.#opened(stream, rawHeaders))
    if (outcome?._tag === "refused" && state.settings.certificateRefusal === "goAway") {
      const reason = typeof outcome.fault === "string" ? outcome.fault : outcome.fault.reason
      // The session writes its SETTINGS first.
      setImmediate(() => this.sendGoAway({ code: 0, lastStreamId: 0, debugData: JSON.stringify({ reason }) }))
    }
    socket.on("close", () => {
      this.#open = false
      this.#closedAt = state.now()
    })
  }

  get info(): ConnectionInfo {
    return {
      id: this.id,
      listener: this.listener,
      open: this.#open,
      streamsOpened: this.#streamsOpened,
      streamsOpen: this.#open ? this.#countOpen() : 0,
      maxStreamsOpen: this.#maxStreamsOpen,
      maxConcurrentStreams: this.#limit,
      excessStreams: this.#excessStreams,
      binding: this.trust.binding,
      token: this.trust.token,
      accepted: this.#accepted,
      rejected: this.#rejected,
      remote: this.#remote,
      tls: this.#tls,
      openedAt: this.#openedAt,
      closedAt: this.#closedAt,
      goAways: [...this.#goAways]
    }
  }

  get highestStreamId(): number {
    return this.#highestStreamId
  }

  /** Whether an answer on this stream may still be sent. */
  isAnswerable(stream: http2.ServerHttp2Stream): boolean {
    return !stream.destroyed && !stream.closed && !this.isIgnored(stream.id ?? 0)
  }

  /** Whether a stream is above the last stream id of a GOAWAY. */
  isIgnored(id: number): boolean {
    return id > this.#lastAccepted
  }

  /** Whether it is shutting down and says so to new requests. */
  get isRefusing(): boolean {
    return this.#refusing
  }

  /** Sends a new stream limit. A pinned limit is no longer changed by what is accepted or rejected. */
  setLimit(limit: number, pinned: boolean): void {
    this.#limitPinned ||= pinned
    this.#limit = limit
    if (!this.#session.destroyed) this.#session.settings({})
    this.#tellChanged()
  }

  /** Sends SETTINGS as a scenario says; the limit in them is pinned. */
  sendSettings({ _tag, forMillis, maxConcurrentStreams, ...others }: SettingsEffect): void {
    if (maxConcurrentStreams !== undefined) {
      this.#limitPinned = true
      this.#limit = maxConcurrentStreams
    }
    const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
    if (!this.#session.destroyed) this.#session.settings(given)
    this.#tellChanged()
  }

  /** Carries at most so many bytes each way from now on. */
  limitBandwidth(bytesPerSecond: number): void {
    this.#wire.limitBandwidth(bytesPerSecond)
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
    const { events } = this.#state
    if (events.isHeard) events.publish({ _tag: "goAway", connection: this.id, goAway })
    this.#closeWhenDrained()
  }

  /** Ends the connection in two steps (RFC 9113, section 6.8); `refuse`: what comes in between is `503 Shutdown`. */
  shutDown(millis: number, debugData: string, refuse: boolean, code = 0): void {
    this.#refusing ||= refuse
    this.sendGoAway({ code: 0, lastStreamId: lastOfAll, debugData: "" })
    this.#state.later(millis, () => this.sendGoAway({ code, lastStreamId: this.#highestStreamId, debugData }))
  }

  /** The stream was answered: the client may open another one as soon as it reads the answer. */
  release(id: number): void {
    this.#streams.delete(id)
  }

  /** The stream will never be answered and yet stays open; a draining connection does not wait for it. */
  abandon(id: number): void {
    this.#unfinished.delete(id)
    this.#closeWhenDrained()
  }

  /** Sends what was written so far and closes. */
  finish(): void {
    this.#wire.finish()
  }

  /** Sends `bytes`, the beginning of a frame, and cuts the socket. */
  cut(bytes: Buffer): void {
    this.#wire.cut(bytes)
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
    if (status < 400) this.#accepted++
    else this.#rejected++
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

  #makeRuleContext(): RuleContext {
    const state = this.#state
    return {
      ...state.settings,
      get nowMillis() {
        return state.now()
      },
      credential: (authorization) => this.trust.judge(authorization),
      device: (token) => state.devices.find(token),
      withinRate: (token) => withinRate(state, token),
      withinAppRate: (bundleId) => withinAppRate(state, bundleId),
      channels: state.channels
    }
  }

  #tellChanged(): void {
    const { events } = this.#state
    if (events.isHeard) events.publish({ _tag: "connectionChanged", connection: this.info })
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
    stream.on("error", ignore)
    this.#streamsOpened++
    if (this.isIgnored(id)) {
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
    const exchange = new Exchange(this.#state, this, stream, rawHeaders)
    stream.on("close", () => {
      exchange.closed()
      this.release(id)
      this.abandon(id)
    })
  }

  #closeWhenDrained(): void {
    // A GOAWAY that still lets streams in announces the end and is not the end.
    if (this.#goAways.length === 0 || this.#lastAccepted > this.#highestStreamId) return
    for (const id of this.#unfinished) if (id <= this.#lastAccepted) return
    this.#wire.finish()
  }
}
