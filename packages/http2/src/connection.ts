/**
 * The client side of an HTTP/2 connection (RFC 9113), without a socket: bytes in, requests in, bytes out, events out.
 *
 * It holds no timer, no clock and no socket; a driver brings those (`Session`). Nothing is opened before the peer's
 * SETTINGS, and never more than they allow. Events and endings are reported only from inside `receive`, `receiveEnd` and
 * `deliver`, never from inside a call that asks for something.
 *
 * The hot path is `open` → `Sender.request` and `receive` → `Receiver.onFrame` → `Responses` → `answered`: no closure, no
 * copy of a buffer and no object per frame on it beyond the stream, its fields and its ending.
 */
import { ClientStream, type Stream, type StreamOwner } from "./clientStream.ts"
import type { Ending, GoAway, OnEnding } from "./ending.ts"
import { ConnectionError, ErrorCode, errorCodeName } from "./errorCode.ts"
import type { HeaderField } from "./fields.ts"
import { FloodBudget } from "./floodBudget.ts"
import { defaultWindowSize, maxStreamId, maxWindowSize } from "./frame.ts"
import type { HpackError } from "./hpack/index.ts"
import { checkNumber, largestSetting } from "./options.ts"
import { type FrameListener, Receiver } from "./receiver.ts"
import type { Request } from "./request.ts"
import { type ResponseOwner, Responses, receiveWindowSize } from "./responses.ts"
import { Sender } from "./sender.ts"
import { Setting } from "./settings.ts"
import { StreamTable } from "./streamTable.ts"

/** What a connection reports. */
export interface ConnectionListener {
  /** There is something to do: bytes to take or endings to deliver. Called once, until the next `deliver`. */
  onWork(): void
  /** The peer's SETTINGS have arrived. */
  onReady(): void
  /** Streams may be opened, after some could not, or after streams have ended. */
  onCapacity(): void
  /** Reported before the endings of the streams above its last stream, and of those that were not written yet. */
  onGoAway(goAway: GoAway): void
  /** All is over, every stream has ended. What is left to take is to be written; then the socket is to be closed. */
  onClose(error: ConnectionError | undefined): void
}

export interface ConnectionOptions {
  readonly scheme: string
  readonly authority: string
  /** Streams to open at most, if the peer allows more: from 1. Default 1000. */
  readonly maxConcurrentStreams?: number | undefined
  /** The largest header list of a response (RFC 9113, 6.5.2), from 1 to 2^32-1; a larger one resets its stream. Default 16,384. */
  readonly maxHeaderListSize?: number | undefined
  /** The largest body of a response, `Infinity` for any; a larger one resets its stream. Default 65,536. */
  readonly maxBodySize?: number | undefined
  /** The identifier of the first stream: 1 unless a test wants them exhausted. */
  readonly firstStreamId?: number | undefined
}

/** Bytes of debug data that are kept of a GOAWAY. */
const maxDebugData = 4096

export class Connection implements FrameListener, StreamOwner, ResponseOwner {
  private readonly listener: ConnectionListener
  private readonly sender: Sender
  private readonly receiver: Receiver
  private readonly budget = new FloodBudget()
  private readonly streams = new StreamTable()
  private readonly responses: Responses
  private readonly maxConcurrentStreams: number
  private readonly pings = new Map<number, () => void>()
  private pingCount = 0
  private readonly firstStreamId: number
  private nextStreamId: number
  private settingsUnacknowledged = true
  /** Streams that were cancelled, and that the peer may still be busy with: each keeps its place until a PING after it is answered. */
  private resetting = 0
  private isProbing = false

  /** The peer's SETTINGS have arrived. */
  private ready = false
  /** No stream is opened any more. */
  private closing = false
  private goAwaySent = false
  private goAway: GoAway | undefined
  /** The driver can hand on nothing more for now: it says so, and says when it can. */
  isBehind = false
  /** Nothing is received or sent any more, beyond what is in the output. */
  over = false
  private error: ConnectionError | undefined
  private closeReported = false

  private announced = false
  private capacityChanged = false
  /** Endings decided outside `receive`. */
  private deferred: Array<[ClientStream, Ending]> = []

  /** Throws a RangeError when an option is out of its range. */
  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    const { firstStreamId = 1, maxBodySize = 65_536, maxConcurrentStreams = 1000, maxHeaderListSize = 16_384 } = options
    checkNumber("maxConcurrentStreams", maxConcurrentStreams, { least: 1, most: Number.POSITIVE_INFINITY })
    checkNumber("maxHeaderListSize", maxHeaderListSize, { least: 1, most: largestSetting })
    checkNumber("maxBodySize", maxBodySize, { least: 0, most: Number.POSITIVE_INFINITY })
    checkNumber("firstStreamId", firstStreamId, { least: 1, most: maxStreamId })
    this.listener = listener
    this.sender = new Sender(options.scheme, options.authority)
    this.receiver = new Receiver(maxHeaderListSize, this)
    this.responses = new Responses(this, this.budget, maxBodySize)
    this.maxConcurrentStreams = maxConcurrentStreams
    this.firstStreamId = firstStreamId
    this.nextStreamId = this.firstStreamId
    this.sender.preface([
      [Setting.ENABLE_PUSH, 0],
      [Setting.MAX_HEADER_LIST_SIZE, maxHeaderListSize]
    ])
    this.sender.windowUpdate(0, receiveWindowSize - defaultWindowSize)
  }

  // ------------------------------------------------------------------------------------------------ what may be asked

  /** How many streams may be opened now. */
  get openable(): number {
    if (this.closing || !this.ready || this.isBehind) return 0
    const limit = Math.min(this.sender.peer.maxConcurrentStreams, this.maxConcurrentStreams)
    // Stream identifiers cannot be reused (RFC 9113, 5.1.1).
    const open = this.streams.size + this.resetting
    return Math.max(0, Math.min(limit - open, (maxStreamId - this.nextStreamId) / 2 + 1))
  }

  /** How many streams are open: from `open` until closed on both sides (RFC 9113, 5.1.2). */
  get openStreams(): number {
    return this.streams.size
  }

  /** How many bytes have been taken. */
  get taken(): number {
    return this.sender.output.taken
  }

  /** How many bytes there are to take. */
  get outputLength(): number {
    return this.sender.output.offset
  }

  /** How many streams have been opened. */
  get requests(): number {
    return (this.nextStreamId - this.firstStreamId) / 2
  }

  /** How many DATA frames have been written into the output. */
  get dataFrames(): number {
    return this.sender.dataFrames
  }

  /** Whether every request has been taken, and none has a body that waits for a flow-control window. */
  get isWritten(): boolean {
    return this.sender.isIdle
  }

  /** Opens a stream. If that cannot be done, `NeverWritten` is delivered. */
  open(request: Request, onEnding: OnEnding): Stream {
    const { sender } = this
    const id = this.nextStreamId
    const stream = new ClientStream(this, id, sender.peer.initialWindowSize, request.method === "HEAD", onEnding)
    const problem = this.openable === 0 ? "no stream may be opened on this connection now" : sender.problemOf(request)
    if (problem !== undefined) {
      this.defer(stream, { _tag: "NeverWritten", problem })
      return stream
    }
    this.nextStreamId = id + 2
    this.streams.add(stream)
    sender.request(stream, request)
    if (this.nextStreamId > maxStreamId) this.closing = true
    this.announce()
    return stream
  }

  cancel(stream: ClientStream): void {
    this.sender.reset(stream.id, ErrorCode.CANCEL)
    this.budget.reset()
    this.keepPlace()
    this.remove(stream)
    this.defer(stream, { _tag: "Cancelled" })
  }

  /**
   * Opening one stream for each that is cancelled, over and over, is an attack on the peer ("Rapid Reset", CVE-2023-44487), for it has
   * the work of both; a server ends the connection of whoever looks like it.
   */
  private keepPlace() {
    this.resetting++
    if (!this.isProbing) this.probe()
  }

  private probe() {
    const { resetting } = this
    this.isProbing = true
    this.ping(() => {
      this.isProbing = false
      this.resetting -= resetting
      this.capacityChanged = true
      if (this.resetting > 0) this.probe()
    })
  }

  /** Sends a PING; `onAcknowledged` is called when the peer has answered it, and never if the connection ends first. */
  ping(onAcknowledged: () => void): void {
    if (this.over) return
    this.pings.set(++this.pingCount, onAcknowledged)
    this.sender.ping(this.pingCount)
    this.announce()
  }

  /** Opens no more streams; the connection closes when the last one has ended (RFC 9113, 6.8). */
  close(): void {
    if (this.over) return
    this.closing = true
    this.sayGoAway()
    this.announce()
  }

  /** Ends everything now. */
  destroy(problem: string): void {
    if (!this.over) this.finish(problem)
  }

  // ------------------------------------------------------------------------------------------------- what the driver does

  /** Gives time its due: to be called at most once a second, while the peer sends (see `FloodBudget`). */
  refill(): void {
    this.budget.refill(this)
  }

  /**
   * Takes the bytes to be written next: their requests count as written from now on. Their memory is lent until
   * `recycle` is called, once for each time bytes were taken.
   */
  take(): Buffer | undefined {
    return this.sender.take()
  }

  recycle(): void {
    this.sender.output.recycle()
  }

  /** Takes bytes of the peer: the first `length` of the chunk. They are not kept. */
  receive(chunk: Buffer, length: number = chunk.length): void {
    if (this.over) return
    try {
      this.receiver.receive(chunk, length)
    } catch (error) {
      if (error instanceof ConnectionError) {
        this.fail(error)
      } else {
        this.fail(new ConnectionError(ErrorCode.INTERNAL_ERROR, "a callback threw"))
        throw error
      }
    }
    this.deliver()
  }

  /** The peer sends no more: the socket has ended. */
  receiveEnd(problem: string): void {
    if (!this.over && this.receiver.inFrame) {
      // What was cut off cannot be told from what was never sent.
      this.error = protocolError(`${problem}, in the middle of a frame`)
      this.finish(this.error.message)
    } else if (!this.over) this.finish(problem)
    this.deliver()
  }

  /** Reports what was decided since the last report. */
  deliver(): void {
    this.announced = false
    if (this.deferred.length > 0) this.deliverDeferred()
    if (this.capacityChanged) {
      this.capacityChanged = false
      if (this.closing && !this.over && this.streams.size === 0) this.finish()
      else if (this.openable > 0) this.listener.onCapacity()
    } else if (this.closing && !this.over && this.streams.size === 0) {
      this.finish()
    }
    if (this.over && !this.closeReported && this.deferred.length === 0) {
      this.closeReported = true
      this.listener.onClose(this.error)
    }
  }

  private deliverDeferred() {
    const { deferred } = this
    let done = 0
    try {
      while (done < deferred.length) {
        const [stream, ending] = deferred[done++] as [ClientStream, Ending]
        stream.onEnding(ending)
      }
    } finally {
      deferred.splice(0, done)
      if (deferred.length > 0 || this.over) this.announce()
    }
  }

  // ---------------------------------------------------------------------------------------------------- how things end

  private announce() {
    if (this.announced) return
    this.announced = true
    this.listener.onWork()
  }

  private defer(stream: ClientStream, ending: Ending) {
    stream.closed = true
    this.deferred.push([stream, ending])
    this.announce()
  }

  private remove(stream: ClientStream) {
    stream.closed = true
    this.streams.delete(stream)
    this.sender.forget(stream)
    this.responses.forget(stream)
    this.capacityChanged = true
  }

  private end(stream: ClientStream, ending: Ending) {
    this.remove(stream)
    stream.onEnding(ending)
  }

  windowUpdate(streamId: number, increment: number): number {
    this.sender.windowUpdate(streamId, increment)
    this.announce()
    return this.sender.output.position
  }

  /** A stream error (RFC 9113, 5.4.2). */
  resetStream(stream: ClientStream, code: number, problem: string): void {
    this.sender.reset(stream.id, code)
    this.budget.reset()
    this.announce()
    this.end(stream, { _tag: "Reset", code, initiator: "local", problem })
  }

  /** A connection error (RFC 9113, 5.4.1). What was not taken is dropped: its requests are never written. */
  private fail(error: ConnectionError) {
    if (this.over) return
    this.error = error
    this.finish(error.message)
    this.sender.goAway(error.code, error.message)
    this.announce()
  }

  private sayGoAway() {
    if (this.goAwaySent) return
    this.goAwaySent = true
    this.sender.goAway(ErrorCode.NO_ERROR, "")
  }

  /** Without a problem, everything is done. */
  private finish(problem?: string) {
    const streams = this.streams.all()
    this.closing = true
    this.over = true
    if (problem === undefined) this.sayGoAway()
    else {
      this.sender.discard()
      const lost = { _tag: "Lost", problem } as const
      const neverWritten: Ending = { _tag: "NeverWritten", problem }
      for (const stream of streams) {
        this.remove(stream)
        if (stream.status !== 0) this.defer(stream, { ...lost, received: stream.answer() })
        else this.defer(stream, stream.headersPosition < this.taken ? lost : neverWritten)
      }
    }
    this.pings.clear()
    this.announce()
  }

  // -------------------------------------------------------------------------------------------------------- frames in

  /** The stream of a frame; `undefined` for one that is closed. Others were never opened (RFC 9113, 5.1 and 5.1.1). */
  private streamOf(id: number): ClientStream | undefined {
    const stream = this.streams.get(id)
    if (stream === undefined && ((id & 1) === 0 || id >= this.nextStreamId)) {
      throw protocolError(id === 0 ? "a frame on stream 0 that belongs to a stream" : `a frame on idle stream ${id}`)
    }
    return stream
  }

  onHeaders(id: number, fields: ReadonlyArray<HeaderField> | HpackError, endStream: boolean) {
    this.responses.headers(this.streamOf(id), fields, endStream)
  }

  onData(id: number, bytes: Buffer, start: number, end: number, size: number, endStream: boolean) {
    this.responses.data(this.streamOf(id), bytes, start, end, size, endStream)
  }

  answered(stream: ClientStream): void {
    if (stream.unsent !== undefined) {
      // The rest of the request is of no use (RFC 9113, 8.1).
      this.sender.reset(stream.id, ErrorCode.CANCEL)
      this.budget.reset()
      this.announce()
    }
    this.budget.answered()
    this.end(stream, stream.answer())
  }

  onRstStream(id: number, code: number) {
    const stream = this.streamOf(id)
    if (stream === undefined) return this.budget.receive("on closed streams", this)
    // After the beginning of a response, the request was processed whatever the code says.
    if (code === ErrorCode.REFUSED_STREAM && stream.status === 0) return this.end(stream, { _tag: "Refused" })
    const problem = `the peer reset the stream (${errorCodeName(code)})`
    const received = stream.status === 0 ? undefined : { received: stream.answer() }
    this.end(stream, { _tag: "Reset", code, initiator: "peer", problem, ...received })
  }

  onSettingsAck() {
    // RFC 9113, 6.5.3; and the first frame is not one (RFC 9113, 3.4).
    if (!this.ready || !this.settingsUnacknowledged) throw protocolError("an ACK of SETTINGS that were not sent")
    this.settingsUnacknowledged = false
  }

  onSettings(bytes: Buffer, start: number, end: number) {
    this.budget.spend("SETTINGS")
    const { peer } = this.sender
    const { initialWindowSize } = peer
    this.sender.applySettings(bytes, start, end)
    this.announce()
    if (peer.initialWindowSize !== initialWindowSize) this.adjustWindows(peer.initialWindowSize - initialWindowSize)
    if (this.ready) {
      this.capacityChanged = true
    } else {
      this.ready = true
      this.listener.onReady()
    }
  }

  /** A new INITIAL_WINDOW_SIZE moves the windows of all streams, also below 0 (RFC 9113, 6.9.2). */
  private adjustWindows(difference: number) {
    for (const stream of this.streams.all()) {
      stream.sendWindow += difference
      if (stream.sendWindow > maxWindowSize) throw flowControlError("INITIAL_WINDOW_SIZE makes a window overflow")
    }
    if (difference > 0) this.sender.resume()
  }

  onPing(bytes: Buffer, start: number, end: number) {
    this.budget.spend("PING")
    this.sender.pong(bytes, start, end)
    this.announce()
  }

  onPingAck(high: number, low: number) {
    const onAcknowledged = high === 0 ? this.pings.get(low) : undefined
    if (onAcknowledged === undefined) return this.budget.spend("PING")
    this.pings.delete(low)
    onAcknowledged()
  }

  onGoAway(lastStream: number, code: number, bytes: Buffer, start: number, end: number) {
    this.budget.spend("GOAWAY")
    // It may be repeated with a lower last stream; a higher one is not allowed, and changes nothing (RFC 9113, 6.8).
    const lastStreamId = Math.min(lastStream, this.goAway?.lastStreamId ?? maxStreamId)
    const debugData = bytes.toString("utf8", start, Math.min(end, start + maxDebugData))
    const goAway: GoAway = { code, lastStreamId, debugData }
    const isFirst = this.goAway === undefined
    this.goAway = goAway
    this.closing = true
    this.listener.onGoAway(goAway)
    if (isFirst) this.withdraw(goAway)
    // Those up to it may still be answered, whatever the code (RFC 9113, 6.8); and what is being answered was processed,
    // whatever the number says (RFC 9113, 8.7: only what was not is safe to send again).
    for (const stream of this.streams.all()) {
      if (stream.id > lastStreamId && !stream.closed && stream.status === 0) {
        this.end(stream, { _tag: "AboveLastStream", goAway })
      }
    }
  }

  /** Nothing is opened after a GOAWAY, whatever its last stream (RFC 9113, 6.8): what is still in the output stays here. */
  private withdraw({ code }: GoAway) {
    const problem = `the peer was going away (${errorCodeName(code)}) before it was written`
    this.sender.withdraw()
    for (const stream of this.streams.all()) {
      if (stream.headersPosition >= this.taken && !stream.closed) this.end(stream, { _tag: "NeverWritten", problem })
    }
    this.sender.resume()
    this.announce()
  }

  onIgnored(what: string) {
    this.budget.spend(what)
  }

  onWindowUpdate(id: number, increment: number) {
    this.budget.receive("WINDOW_UPDATE", this)
    if (id === 0) {
      if (increment === 0) throw protocolError("WINDOW_UPDATE of 0")
      // RFC 9113, 6.9.1
      if (!this.sender.widen(increment)) throw flowControlError("the connection's window overflows")
    } else {
      const stream = this.streamOf(id)
      if (stream === undefined) return
      if (increment === 0) return this.resetStream(stream, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0")
      stream.sendWindow += increment
      if (stream.sendWindow > maxWindowSize) {
        // RFC 9113, 6.9.1
        return this.resetStream(stream, ErrorCode.FLOW_CONTROL_ERROR, "the stream's window overflows")
      }
    }
    this.sender.resume()
    this.announce()
  }
}

const protocolError = (problem: string) => new ConnectionError(ErrorCode.PROTOCOL_ERROR, problem)
const flowControlError = (problem: string) => new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, problem)
