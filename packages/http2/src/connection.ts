/**
 * The client side of an HTTP/2 connection (RFC 9113), without a socket: bytes in, requests in, bytes out, events out.
 *
 * It holds no timer, no clock and no socket; a driver brings those (`Session`). Nothing is opened before the peer's
 * SETTINGS, and never more than they allow. Events and endings are reported only from inside `receive`, `receiveEnd` and
 * `deliver`, never from inside a call that asks for something.
 *
 * The hot path is `open` → `Sender.request` and `receive` → `onFrame` → `onHeaders` → `answered`: no closure, no
 * copy of a buffer and no object per frame on it beyond the stream, its fields and its ending.
 */
import { ClientStream, type Stream, type StreamOwner } from "./clientStream.ts"
import type { Ending, GoAway, OnEnding } from "./ending.ts"
import { ConnectionError, ErrorCode, errorCodeName } from "./errorCode.ts"
import type { HeaderField } from "./fields.ts"
import { FloodBudget } from "./floodBudget.ts"
import { defaultWindowSize, Flag, FrameType, maxStreamId, maxWindowSize, readUint31, readUint32 } from "./frame.ts"
import { type FrameHandler, FrameReader } from "./frameReader.ts"
import { HeaderBlock } from "./headerBlock.ts"
import { Decoder, HpackError } from "./hpack/index.ts"
import type { Request } from "./request.ts"
import { contentLengthOf, headersProblem, trailersProblem } from "./response.ts"
import { Sender } from "./sender.ts"
import { Setting, settingSize } from "./settings.ts"
import { StreamTable } from "./streamTable.ts"

/** What a connection reports. */
export interface ConnectionListener {
  /** There is something to do: bytes to take or endings to deliver. Called once, until the next `deliver`. */
  onWork(): void
  /** The peer's SETTINGS have arrived. */
  onReady(): void
  /** Streams may be opened, after some could not, or after streams have ended. */
  onCapacity(): void
  /** Reported before the endings of the streams above its last stream. */
  onGoAway(goAway: GoAway): void
  /** All is over, every stream has ended. What is left to take is to be written; then the socket is to be closed. */
  onClose(error: ConnectionError | undefined): void
}

export interface ConnectionOptions {
  readonly scheme: string
  readonly authority: string
  /** Streams to open at most, if the peer allows more. Default 1000. */
  readonly maxConcurrentStreams?: number | undefined
  /** The largest header list of a response (RFC 9113, 6.5.2); a larger one resets its stream. Default 16,384. */
  readonly maxHeaderListSize?: number | undefined
  /** The largest body of a response; a larger one resets its stream. Default 65,536. */
  readonly maxBodySize?: number | undefined
  /** The identifier of the first stream: 1 unless a test wants them exhausted. */
  readonly firstStreamId?: number | undefined
}

/** The connection's window for what we receive; streams keep the initial 65,535 (RFC 9113, 6.9.2). */
const receiveWindowSize = 1_048_576
/** Bodies of unfinished responses, over all streams. */
const maxHeldBodies = 16_777_216
/** Bytes of debug data that are kept of a GOAWAY. */
const maxDebugData = 4096

export class Connection implements FrameHandler, StreamOwner {
  private readonly listener: ConnectionListener
  private readonly sender: Sender
  private readonly reader = new FrameReader()
  private readonly decoder: Decoder
  private readonly block: HeaderBlock
  private readonly budget = new FloodBudget()
  private readonly streams = new StreamTable()
  private readonly maxConcurrentStreams: number
  private readonly maxBodySize: number
  private readonly pings = new Map<number, () => void>()
  private pingCount = 0
  private nextStreamId: number
  private settingsUnacknowledged = true
  private receiveWindow = receiveWindowSize
  private unacknowledged = 0
  private heldBodies = 0

  /** The peer's SETTINGS have arrived. */
  private ready = false
  /** No stream is opened any more. */
  private closing = false
  private goAwaySent = false
  private goAway: GoAway | undefined
  /** Nothing is received or sent any more, beyond what is in the output. */
  over = false
  private error: ConnectionError | undefined
  private closeReported = false

  private announced = false
  private capacityChanged = false
  /** Endings decided outside `receive`. */
  private deferred: Array<[ClientStream, Ending]> = []

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    const { maxHeaderListSize = 16_384 } = options
    this.listener = listener
    this.sender = new Sender(options.scheme, options.authority)
    this.decoder = new Decoder({ maxTableSize: 4096, maxHeaderListSize })
    // A block may be longer than its list, if Huffman-coded badly; by no more than this if it is honest.
    this.block = new HeaderBlock(maxHeaderListSize * 2)
    this.maxConcurrentStreams = options.maxConcurrentStreams ?? 1000
    this.maxBodySize = options.maxBodySize ?? 65_536
    this.nextStreamId = options.firstStreamId ?? 1
    this.sender.preface([
      [Setting.ENABLE_PUSH, 0],
      [Setting.MAX_HEADER_LIST_SIZE, maxHeaderListSize]
    ])
    this.sender.windowUpdate(0, receiveWindowSize - defaultWindowSize)
  }

  // ------------------------------------------------------------------------------------------------ what may be asked

  /** How many streams may be opened now. */
  get openable(): number {
    if (this.closing || !this.ready) return 0
    const limit = Math.min(this.sender.peer.maxConcurrentStreams, this.maxConcurrentStreams)
    // Stream identifiers cannot be reused (RFC 9113, 5.1.1).
    return Math.max(0, Math.min(limit - this.streams.size, (maxStreamId - this.nextStreamId) / 2 + 1))
  }

  /** How many streams are open: from `open` until closed on both sides (RFC 9113, 5.1.2). */
  get openStreams(): number {
    return this.streams.size
  }

  /** How many bytes have been taken. */
  get taken(): number {
    return this.sender.output.taken
  }

  /** Whether there are bytes to take. */
  get hasOutput(): boolean {
    return this.sender.output.offset > 0
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
    this.remove(stream)
    this.defer(stream, { _tag: "Cancelled" })
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
    this.budget.refill()
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

  /** Takes bytes of the peer. They are not kept. */
  receive(chunk: Buffer): void {
    if (this.over) return
    try {
      this.reader.read(chunk, this)
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
    if (!this.over) {
      this.finish(this.reader.inFrame ? `${problem}, in the middle of a frame` : problem)
    }
    this.deliver()
  }

  /** Reports what was decided since the last report. */
  deliver(): void {
    this.announced = false
    if (this.deferred.length > 0) this.deliverDeferred()
    if (this.capacityChanged) {
      this.capacityChanged = false
      if (this.closing && !this.over && this.streams.size === 0) this.finish("")
      else if (this.openable > 0) this.listener.onCapacity()
    } else if (this.closing && !this.over && this.streams.size === 0) {
      this.finish("")
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
      if (deferred.length > 0) this.announce()
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
    this.heldBodies -= stream.bodyLength
    this.capacityChanged = true
  }

  private end(stream: ClientStream, ending: Ending) {
    this.remove(stream)
    stream.onEnding(ending)
  }

  /** A stream error (RFC 9113, 5.4.2). */
  private resetStream(stream: ClientStream, code: number, problem: string) {
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

  private finish(problem: string) {
    const streams = this.streams.all()
    this.closing = true
    this.over = true
    if (problem === "") this.sayGoAway()
    else this.sender.output.discard()
    const lost: Ending = { _tag: "Lost", problem }
    const neverWritten: Ending = { _tag: "NeverWritten", problem }
    for (const stream of streams) {
      this.remove(stream)
      this.defer(stream, stream.headersPosition < this.taken ? lost : neverWritten)
    }
    this.pings.clear()
    this.announce()
  }

  // -------------------------------------------------------------------------------------------------------- frames in

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number) {
    // A header block is contiguous (RFC 9113, 6.10).
    if (this.block.streamId !== 0 && (type !== FrameType.CONTINUATION || streamId !== this.block.streamId)) {
      throw protocolError("a frame inside a header block that is not its CONTINUATION")
    }
    switch (type) {
      case FrameType.HEADERS:
        return this.onHeaders(flags, streamId, bytes, start, end)
      case FrameType.DATA:
        return this.onData(flags, streamId, bytes, start, end)
      case FrameType.WINDOW_UPDATE:
        return this.onWindowUpdate(streamId, bytes, start, end)
      case FrameType.RST_STREAM:
        return this.onRstStream(streamId, bytes, start, end)
      case FrameType.SETTINGS:
        return this.onSettings(flags, streamId, bytes, start, end)
      case FrameType.PING:
        return this.onPing(flags, streamId, bytes, start, end)
      case FrameType.GOAWAY:
        return this.onGoAway(streamId, bytes, start, end)
      case FrameType.CONTINUATION:
        return this.onContinuation(flags, bytes, start, end)
      case FrameType.PUSH_PROMISE:
        // Not after ENABLE_PUSH 0, which came before any request (RFC 9113, 6.6 and 8.4)
        throw protocolError("PUSH_PROMISE, though push is disabled")
      case FrameType.PRIORITY:
        // Deprecated and ignored (RFC 9113, 5.3.2 and 6.3)
        if (streamId === 0) throw protocolError("PRIORITY on stream 0")
        if (end - start !== 5) throw frameSizeError("PRIORITY")
        return this.budget.spend("PRIORITY")
      default:
        // Unknown types are ignored (RFC 9113, 4.1 and 5.5).
        return this.budget.spend("of unknown types")
    }
  }

  /** The stream of a frame; `undefined` for one that is closed. Others were never opened (RFC 9113, 5.1 and 5.1.1). */
  private streamOf(id: number): ClientStream | undefined {
    const stream = this.streams.get(id)
    if (stream === undefined && ((id & 1) === 0 || id >= this.nextStreamId)) {
      throw protocolError(id === 0 ? "a frame on stream 0 that belongs to a stream" : `a frame on idle stream ${id}`)
    }
    return stream
  }

  private onHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    let from = start
    let to = end
    if ((flags & Flag.PADDED) !== 0) {
      to -= paddingOf(bytes, start, end)
      from++
    }
    // Priority is deprecated and skipped (RFC 9113, 6.2).
    if ((flags & Flag.PRIORITY) !== 0) from += 5
    // RFC 9113, 6.2
    if (from > to) throw protocolError("HEADERS with more padding or priority than payload")
    const endStream = (flags & Flag.END_STREAM) !== 0
    if ((flags & Flag.END_HEADERS) !== 0) return this.onHeaderBlock(id, endStream, bytes, from, to)
    this.streamOf(id)
    this.block.begin(id, endStream, bytes, from, to)
  }

  private onContinuation(flags: number, bytes: Buffer, start: number, end: number) {
    const { block } = this
    // RFC 9113, 6.10
    if (block.streamId === 0) throw protocolError("CONTINUATION without HEADERS")
    block.continue(bytes, start, end)
    if ((flags & Flag.END_HEADERS) === 0) return
    const id = block.streamId
    block.streamId = 0
    this.onHeaderBlock(id, block.endStream, block.bytes, 0, block.length)
  }

  private onHeaderBlock(id: number, endStream: boolean, bytes: Buffer, start: number, end: number) {
    const stream = this.streamOf(id)
    let fields: ReadonlyArray<HeaderField>
    try {
      // Also for closed streams: the compression state is the connection's (RFC 9113, 4.3).
      fields = this.decoder.decode(bytes, start, end)
    } catch (error) {
      if (!(error instanceof HpackError)) throw error
      // RFC 9113, 4.3
      if (error.kind === "compression") throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message)
      // RFC 9113, 10.5.1
      if (stream !== undefined) this.resetStream(stream, ErrorCode.ENHANCE_YOUR_CALM, error.message)
      return
    }
    if (stream === undefined) return this.budget.late()
    if (stream.status === 0) this.onResponse(stream, fields, endStream)
    else this.onTrailers(stream, fields, endStream)
  }

  private onResponse(stream: ClientStream, fields: ReadonlyArray<HeaderField>, endStream: boolean) {
    const problem = headersProblem(fields)
    if (problem !== undefined) return this.malformed(stream, problem)
    const status = Number((fields[0] as HeaderField)[1])
    if (status < 200) {
      // Informational responses do not end a stream, and 101 does not exist (RFC 9113, 8.1 and 8.6).
      if (endStream || status === 101) return this.malformed(stream, `a final response of status ${status}`)
      return this.budget.spend("informational responses")
    }
    stream.status = status
    stream.fields = fields.slice(1)
    stream.contentLength = stream.isHead || status === 304 ? -1 : contentLengthOf(fields)
    if (endStream) this.answered(stream)
  }

  private onTrailers(stream: ClientStream, fields: ReadonlyArray<HeaderField>, endStream: boolean) {
    // RFC 9113, 8.1
    const problem = endStream ? trailersProblem(fields) : "trailers that do not end it"
    if (problem !== undefined) return this.malformed(stream, problem)
    stream.trailers = fields
    this.answered(stream)
  }

  /** A malformed response is a stream error (RFC 9113, 8.1.1). */
  private malformed(stream: ClientStream, problem: string) {
    this.resetStream(stream, ErrorCode.PROTOCOL_ERROR, `the response is malformed: ${problem}`)
  }

  private answered(stream: ClientStream) {
    const { contentLength } = stream
    // RFC 9113, 8.1.1; NaN differs from every length.
    if (contentLength !== -1 && contentLength !== stream.bodyLength) {
      return this.malformed(stream, "its body is not as long as its content-length")
    }
    if (stream.unsent !== undefined) {
      // The rest of the request is of no use (RFC 9113, 8.1).
      this.sender.reset(stream.id, ErrorCode.CANCEL)
      this.budget.reset()
      this.announce()
    }
    this.budget.answered()
    this.end(stream, stream.answer())
  }

  private onData(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    const size = end - start
    let from = start
    let to = end
    if ((flags & Flag.PADDED) !== 0) {
      to -= paddingOf(bytes, start, end)
      from++
    }
    // RFC 9113, 6.1
    if (from > to) throw protocolError("DATA with more padding than payload")
    const stream = this.streamOf(id)
    // The whole payload counts, also on closed streams (RFC 9113, 5.1 and 6.9.1).
    this.receiveWindow -= size
    if (this.receiveWindow < 0) throw flowControlError("DATA above the connection's window")
    this.unacknowledged += size
    if (this.unacknowledged >= receiveWindowSize / 2) {
      this.sender.windowUpdate(0, this.unacknowledged)
      this.receiveWindow += this.unacknowledged
      this.unacknowledged = 0
      this.announce()
    }
    if (stream === undefined) return this.budget.late()
    const endStream = (flags & Flag.END_STREAM) !== 0
    // RFC 9113, 10.5
    if (from === to && !endStream) this.budget.spend("empty DATA")
    // RFC 9113, 8.1
    if (stream.status === 0) return this.malformed(stream, "a body before its header section")
    stream.receiveWindow -= size
    if (stream.receiveWindow < 0) {
      // RFC 9113, 6.9.1
      return this.resetStream(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA above the stream's window")
    }
    this.appendBody(stream, bytes, from, to, size, endStream)
  }

  private appendBody(
    stream: ClientStream,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    endStream: boolean
  ) {
    this.heldBodies += end - start
    if (stream.bodyLength + end - start > this.maxBodySize || this.heldBodies > maxHeldBodies) {
      this.heldBodies -= end - start
      return this.resetStream(stream, ErrorCode.ENHANCE_YOUR_CALM, "the body of the response is too long")
    }
    if (end > start) stream.append(bytes, start, end)
    if (endStream) return this.answered(stream)
    stream.unacknowledged += size
    if (stream.unacknowledged >= defaultWindowSize / 2) {
      // RFC 9113, 6.9
      this.sender.windowUpdate(stream.id, stream.unacknowledged)
      stream.receiveWindow += stream.unacknowledged
      stream.unacknowledged = 0
      this.announce()
    }
  }

  private onRstStream(id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.4
    const stream = this.streamOf(id)
    if (end - start !== 4) throw frameSizeError("RST_STREAM")
    if (stream === undefined) return this.budget.late()
    const code = readUint32(bytes, start)
    // After the beginning of a response, the request was processed whatever the code says.
    if (code === ErrorCode.REFUSED_STREAM && stream.status === 0) return this.end(stream, { _tag: "Refused" })
    const problem = `the peer reset the stream (${errorCodeName(code)})`
    this.end(stream, { _tag: "Reset", code, initiator: "peer", problem })
  }

  private onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.5
    if (id !== 0) throw protocolError("SETTINGS on a stream")
    if ((flags & Flag.ACK) !== 0) {
      if (end !== start) throw frameSizeError("SETTINGS with ACK")
      if (!this.ready || !this.settingsUnacknowledged) throw protocolError("an ACK of SETTINGS that were not sent")
      this.settingsUnacknowledged = false
      return
    }
    if ((end - start) % settingSize !== 0) throw frameSizeError("SETTINGS")
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

  private onPing(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.7
    if (id !== 0) throw protocolError("PING on a stream")
    if (end - start !== 8) throw frameSizeError("PING")
    if ((flags & Flag.ACK) === 0) {
      this.budget.spend("PING")
      this.sender.pong(bytes, start, end)
      return this.announce()
    }
    const opaque = readUint32(bytes, start) === 0 ? readUint32(bytes, start + 4) : 0
    const onAcknowledged = this.pings.get(opaque)
    if (onAcknowledged === undefined) return this.budget.spend("PING")
    this.pings.delete(opaque)
    onAcknowledged()
  }

  private onGoAway(id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.8
    if (id !== 0) throw protocolError("GOAWAY on a stream")
    if (end - start < 8) throw frameSizeError("GOAWAY")
    this.budget.spend("GOAWAY")
    // It may be repeated with a lower last stream; a higher one is not allowed, and changes nothing (RFC 9113, 6.8).
    const lastStreamId = Math.min(readUint31(bytes, start), this.goAway?.lastStreamId ?? maxStreamId)
    const goAway: GoAway = {
      code: readUint32(bytes, start + 4),
      lastStreamId,
      debugData: bytes.toString("utf8", start + 8, Math.min(end, start + 8 + maxDebugData))
    }
    this.goAway = goAway
    this.closing = true
    this.listener.onGoAway(goAway)
    // Those up to it may still be answered, whatever the code (RFC 9113, 6.8).
    for (const stream of this.streams.all()) {
      if (stream.id > lastStreamId && !stream.closed) this.end(stream, { _tag: "AboveLastStream", goAway })
    }
  }

  private onWindowUpdate(id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.9
    if (end - start !== 4) throw frameSizeError("WINDOW_UPDATE")
    const increment = readUint31(bytes, start)
    this.budget.spend("WINDOW_UPDATE")
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

/** The bytes of padding, and where they are too many for the payload the caller finds out (RFC 9113, 6.1 and 6.2). */
const paddingOf = (bytes: Buffer, start: number, end: number): number => {
  if (start === end) throw frameSizeError("a padded frame")
  return bytes[start] as number
}

const protocolError = (problem: string) => new ConnectionError(ErrorCode.PROTOCOL_ERROR, problem)
const frameSizeError = (what: string) => new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${what} of a wrong size`)
const flowControlError = (problem: string) => new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, problem)
