/**
 * The peer's side of the seam in internal/transport.ts, played by hand: `peer.session(0).settings(1)`,
 * `peer.session(0).stream(0).answer(200)`, `peer.session(0).goAway({ processed: 1 })`. Nothing happens that the test did
 * not say: a cancelled stream, a closed or a destroyed session ends when the test calls `flush`, never earlier.
 */
import type {
  Connect,
  Ending,
  Endpoint,
  GoAway,
  Request,
  Route,
  Session,
  SessionFailure,
  SessionListener,
  Stream,
  StreamListener
} from "../../packages/apns/src/internal/transport.ts"

/** Breaks the dialogue: the code under test, or the test, did what the seam forbids. */
export class Violation extends Error {
  override readonly name = "Violation"
}

/** Time that moves only when told. */
export interface HandClock {
  readonly now: () => number
  /** Calls back later, unless called off by what it returns. */
  readonly after: (millis: number, run: () => void) => () => void
  /** Moves on and runs every timer on its way, each at its time. */
  readonly advance: (millis: number) => void
  /** The time jumps, as after a suspend: no timer runs on its way. */
  readonly jump: (millis: number) => void
  /** How many timers have not run. */
  readonly timers: () => number
}

export const handClock = (start = 1_000_000): HandClock => {
  let now = start
  let timers: Array<{ readonly at: number; readonly run: () => void }> = []
  const next = (until: number) =>
    timers.reduce<(typeof timers)[number] | undefined>(
      (found, timer) => (timer.at <= until && (found === undefined || timer.at < found.at) ? timer : found),
      undefined
    )
  return {
    now: () => now,
    after: (millis, run) => {
      const timer = { at: now + millis, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: (millis) => {
      const until = now + millis
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers = timers.filter((other) => other !== timer)
        now = Math.max(now, timer.at)
        timer.run()
      }
      now = until
    },
    jump: (millis) => {
      now += millis
    },
    timers: () => timers.length
  }
}

export class FakeStream implements Stream {
  stage: "write" | "answer" | "body" = "answer"
  readonly id: number
  readonly request: Request
  /** RST_STREAM with CANCEL was sent. */
  cancelled = false
  ending: Ending | undefined
  private readonly onEnding: (ending: Ending) => void

  constructor(id: number, request: Request, onEnding: (ending: Ending) => void) {
    this.id = id
    this.request = request
    this.onEnding = onEnding
  }

  get open(): boolean {
    return this.ending === undefined
  }

  cancel(): void {
    if (this.cancelled) throw new Violation(`stream ${this.id} was cancelled twice`)
    if (!this.open) throw new Violation(`stream ${this.id} was cancelled after its end`)
    this.cancelled = true
  }

  /** The request cannot be written yet. */
  blocked(): this {
    this.stage = "write"
    return this
  }

  /** The answer's fields have come, its body has not. */
  headers(): this {
    this.stage = "body"
    return this
  }

  answer(status: number, body = "", fields: Readonly<Record<string, string>> = {}): void {
    this.end({ _tag: "Answered", status, fields, body })
  }

  refuse(): void {
    this.end({ _tag: "Refused" })
  }

  reset(code: number): void {
    this.end({ _tag: "Reset", code })
  }

  end(ending: Ending): void {
    if (!this.open) throw new Violation(`stream ${this.id} ended twice`)
    // What the peer says to a stream that was reset is dropped.
    this.ending = this.cancelled ? { _tag: "Cancelled" } : ending
    this.onEnding(this.ending)
  }
}

export class FakeSession implements Session {
  readonly endpoint: Endpoint
  readonly streams: Array<FakeStream> = []
  /** The peer's limit; 0 before its SETTINGS. */
  limit = 0
  ready = false
  /** It takes no more streams: it was asked to close, or is going away. */
  closing = false
  /** How often it was asked to close. */
  closes = 0
  destroyed = false
  ended = false
  /** How many PINGs it was sent. */
  pings = 0
  private unacknowledged: Array<() => void> = []
  private readonly listener: SessionListener
  private readonly route: Route | undefined
  private address = ""

  constructor(endpoint: Endpoint, listener: SessionListener, route: Route | undefined) {
    this.endpoint = endpoint
    this.listener = listener
    this.route = route
  }

  /** The host has these addresses; the first in the order that is returned is tried. */
  resolve(...addresses: ReadonlyArray<string>): ReadonlyArray<string> {
    if (this.route === undefined) throw new Violation("the session has no route")
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
    const order = this.route.arrange(found).map(({ address }) => address)
    this.attempt(order[0] ?? "")
    return order
  }

  /** The address is tried, beside those before it. */
  attempt(address: string): this {
    this.address = address
    this.route?.onAttempt(address)
    return this
  }

  /** The address is the first to be connected to. */
  connected(address: string): this {
    this.address = address
    this.route?.onConnected(address)
    return this
  }

  /** The address that is tried cannot be connected to; another one is tried. */
  fallBack(address?: string): this {
    this.route?.onAttemptFailed(this.address)
    if (address !== undefined) this.attempt(address)
    return this
  }

  get live(): Array<FakeStream> {
    return this.streams.filter((stream) => stream.open)
  }

  get openable(): number {
    return this.closing || this.ended ? 0 : Math.max(0, this.limit - this.live.length)
  }

  open(request: Request, listener: StreamListener): Stream {
    if (!this.ready) throw new Violation("a stream was opened before SETTINGS")
    if (this.closing || this.ended) throw new Violation("a stream was opened on a session that is closing")
    if (this.openable === 0) throw new Violation(`a stream was opened beyond the limit of ${this.limit}`)
    const stream = new FakeStream(2 * this.streams.length + 1, request, (ending) => {
      listener.onEnding(ending)
      if (this.openable > 0) this.listener.onCapacity()
    })
    this.streams.push(stream)
    return stream
  }

  ping(onAcknowledged: () => void): void {
    if (!this.ready) throw new Violation("a PING was sent before SETTINGS")
    if (this.ended) throw new Violation("a PING was sent after the end of the session")
    this.pings++
    this.unacknowledged.push(onAcknowledged)
  }

  /** Every request so far is handed to the socket. */
  written(): this {
    this.listener.onWritten()
    return this
  }

  /** Acknowledges every PING. */
  acknowledge(): this {
    for (const onAcknowledged of this.unacknowledged.splice(0)) onAcknowledged()
    return this
  }

  close(): void {
    this.closes++
    this.closing = true
  }

  destroy(): void {
    this.closing = true
    this.destroyed = true
  }

  /** SETTINGS with that limit; the first makes the session ready. */
  settings(limit: number): this {
    this.limit = limit
    if (!this.ready) {
      this.ready = true
      this.listener.onReady()
    } else if (this.openable > 0) this.listener.onCapacity()
    return this
  }

  stream(index: number): FakeStream {
    const stream = this.streams[index]
    if (stream === undefined) throw new Violation(`no stream ${index}: ${this.streams.length} were opened`)
    return stream
  }

  /** GOAWAY after `processed` streams (default: all of them); those above end at once. */
  goAway(options: { readonly processed?: number; readonly code?: number; readonly debugData?: string } = {}): this {
    const { processed = this.streams.length, code = 0, debugData = "" } = options
    const goAway: GoAway = { code, lastStreamId: Math.max(0, 2 * processed - 1), debugData }
    this.closing = true
    this.listener.onGoAway(goAway)
    for (const stream of this.live) {
      if (stream.id > goAway.lastStreamId) stream.end({ _tag: "AboveLastStream", goAway })
    }
    return this
  }

  /** The session ends; open streams are lost. */
  end(failure?: SessionFailure): void {
    if (this.ended) throw new Violation("the session ended twice")
    this.closing = true
    for (const stream of this.live) {
      stream.end({ _tag: "Lost", problem: failure?.problem ?? "the server ended the connection" })
    }
    this.ended = true
    this.unacknowledged = []
    this.listener.onEnd(failure)
  }

  /** What was asked of the session takes effect: cancelled streams end, and it ends itself when it should. */
  flush(): void {
    if (this.ended) return
    for (const stream of this.live) {
      if (stream.cancelled) stream.end({ _tag: "Cancelled" })
    }
    if (this.destroyed || (this.closing && this.live.length === 0)) this.end()
  }
}

export interface FakePeer {
  readonly connect: Connect
  readonly sessions: ReadonlyArray<FakeSession>
  /** The session opened as the n-th, from 0. */
  readonly session: (index: number) => FakeSession
  /** Sessions that have not ended. */
  readonly live: () => Array<FakeSession>
  readonly flush: () => void
}

export const fakePeer = (): FakePeer => {
  const sessions: Array<FakeSession> = []
  return {
    connect: (endpoint, listener, route) => {
      const session = new FakeSession(endpoint, listener, route)
      sessions.push(session)
      return session
    },
    sessions,
    session: (index) => {
      const session = sessions[index]
      if (session === undefined) throw new Violation(`no session ${index}: ${sessions.length} were opened`)
      return session
    },
    live: () => sessions.filter((session) => !session.ended),
    flush: () => {
      for (const session of sessions) session.flush()
    }
  }
}
