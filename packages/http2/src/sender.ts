/** The frames we send: written into the output, within the peer's settings and flow-control windows. */
import type { ClientStream } from "./clientStream.ts"
import { ConnectionError, ErrorCode } from "./errorCode.ts"
import { type EncodeField, entryOverhead } from "./fields.ts"
import {
  connectionPreface,
  defaultMaxFrameSize,
  defaultWindowSize,
  Flag,
  FrameType,
  frameHeaderSize,
  maxWindowSize,
  readUint24,
  readUint31,
  writeFrameHeader,
  writeUint32
} from "./frame.ts"
import { Encoder } from "./hpack/index.ts"
import { Output } from "./output.ts"
import { firstProblem, isPath, listSize, type Request, Templates, toldLength } from "./request.ts"
import { PeerSettings, settingSize } from "./settings.ts"

/** Of bodies, no more than this is put into the output before it is taken. */
const maxWaiting = 4_194_304
/** Answers to the peer's PING and SETTINGS that may wait; a peer that sends these and does not read has more. */
const maxWaitingAnswers = 65_536

/** What a body that waits may write at its turn, however large the peer's frames may be. */
const turnSize = defaultMaxFrameSize

const noFields: ReadonlyArray<EncodeField> = []
const noBytes = new Uint8Array(0)

export class Sender {
  readonly output = new Output()
  readonly peer = new PeerSettings()
  // Values that never come again are written raw: their Huffman code would save 30 octets and cost more than sending them.
  private readonly encoder = new Encoder({ huffmanLiterals: false })
  private readonly templates: Templates
  /** The connection's flow-control window for what we send (RFC 9113, 6.9). */
  private window = defaultWindowSize
  /** Streams whose bodies wait for a window, in the order of their turns. */
  private readonly waiting = new Set<ClientStream>()
  /** DATA frames written. */
  dataFrames = 0
  private waitingAnswers = 0
  private prefaceEnd = 0
  // Scratch: the varying fields of the request that is being written.
  private readonly path: [string, string, "literal"] = [":path", "", "literal"]
  private readonly varying: Array<EncodeField> = []

  constructor(scheme: string, authority: string) {
    this.templates = new Templates(scheme, authority)
  }

  /** The client connection preface (RFC 9113, 3.4), with our settings. */
  preface(settings: ReadonlyArray<readonly [id: number, value: number]>): void {
    const { output } = this
    output.reserve(connectionPreface.length)
    output.offset += output.buffer.write(connectionPreface, output.offset, "latin1")
    let at = this.frame(FrameType.SETTINGS, 0, 0, settings.length * settingSize)
    for (const [id, value] of settings) {
      output.buffer[at] = id >>> 8
      output.buffer[at + 1] = id
      writeUint32(output.buffer, at + 2, value)
      at += settingSize
    }
    this.prefaceEnd = output.position
  }

  /** Drops what has not been taken. The preface stays: nothing can be said without it (RFC 9113, 3.4). */
  discard(): void {
    this.output.discard(this.prefaceEnd)
  }

  /**
   * Takes the requests out of the output that are wholly there, with everything on their streams; what else is there stays.
   * The compression table then has entries that the peer does not know: no request may follow.
   */
  withdraw(): void {
    const { output } = this
    const { buffer, offset } = output
    let firstId = Number.POSITIVE_INFINITY
    let kept = output.taken === 0 ? connectionPreface.length : 0
    for (let at = kept, end = at; at < offset; at = end) {
      const length = readUint24(buffer, at)
      const type = buffer[at + 3] as number
      const streamId = readUint31(buffer, at + 5)
      end = at + frameHeaderSize + length
      if (type === FrameType.HEADERS) firstId = Math.min(firstId, streamId)
      if (streamId < firstId) {
        buffer.copyWithin(kept, at, end)
        kept += end - at
      } else if (type === FrameType.DATA) {
        // The peer will never count it (RFC 9113, 6.9).
        this.window += length
      }
    }
    output.shorten(kept)
  }

  /** Why the request cannot be sent on this connection, if so. Nothing is written. */
  problemOf(request: Request): string | undefined {
    const { body = noBytes, path, fields = noFields } = request
    const template = this.templates.of(request)
    if (template.problem !== undefined) return template.problem
    if (!isPath(request.method, path)) return "the path is not one"
    const problem = firstProblem(fields)
    if (problem !== undefined) return problem
    const told = template.toldLength ?? toldLength(fields)
    if (told !== undefined && told !== String(Buffer.byteLength(body))) {
      // RFC 9113, 8.1.1
      return `the content-length is ${JSON.stringify(told)}, and the body has ${Buffer.byteLength(body)} bytes`
    }
    const size = template.size + ":path".length + path.length + entryOverhead + listSize(fields)
    // RFC 9113, 6.5.2: advisory, but a request above it is refused, so it need not be sent.
    if (size > this.peer.maxHeaderListSize) {
      return `its header list of ${size} bytes is above the peer's MAX_HEADER_LIST_SIZE, ${this.peer.maxHeaderListSize}`
    }
    return undefined
  }

  /** Writes a request of which `problemOf` found nothing. */
  request(stream: ClientStream, request: Request): void {
    const { output, path, varying } = this
    const { body = noBytes, fields = noFields } = request
    path[1] = request.path
    varying[0] = path
    for (let index = 0; index < fields.length; index++) varying[index + 1] = fields[index] as EncodeField
    varying.length = fields.length + 1

    stream.headersPosition = output.position
    output.reserve(frameHeaderSize)
    const start = output.offset
    output.offset = start + frameHeaderSize
    this.encoder.encodeTemplate(this.templates.of(request).fields, varying, output)
    const length = output.offset - start - frameHeaderSize
    const endStream = body.length === 0 ? Flag.END_STREAM : 0
    if (length <= this.peer.maxFrameSize) {
      writeFrameHeader(output.buffer, start, length, FrameType.HEADERS, Flag.END_HEADERS | endStream, stream.id)
    } else {
      this.splitHeaders(stream.id, start, length, endStream)
    }

    if (body.length > 0) {
      if (typeof body === "string") this.text(stream, body)
      else this.body(stream, body)
    }
    stream.endPosition = output.position
  }

  /** Makes HEADERS and CONTINUATION frames of a block that is too long for one frame (RFC 9113, 4.3 and 6.10). */
  private splitHeaders(streamId: number, start: number, length: number, endStream: number) {
    const { output, peer } = this
    const more = Math.ceil(length / peer.maxFrameSize) - 1
    output.reserve(more * frameHeaderSize)
    output.offset += more * frameHeaderSize
    const { buffer } = output
    // From the last fragment to the first, so that each is moved before its place is overwritten.
    for (let index = more; index >= 0; index--) {
      const from = start + frameHeaderSize + index * peer.maxFrameSize
      const size = Math.min(peer.maxFrameSize, length - index * peer.maxFrameSize)
      const to = from + index * frameHeaderSize
      buffer.copyWithin(to, from, from + size)
      const type = index === 0 ? FrameType.HEADERS : FrameType.CONTINUATION
      const flags = (index === 0 ? endStream : 0) | (index === more ? Flag.END_HEADERS : 0)
      writeFrameHeader(buffer, to - frameHeaderSize, size, type, flags, streamId)
    }
  }

  /** Encodes a body of text straight into the output if it surely fits, else by way of bytes. */
  private text(stream: ClientStream, body: string) {
    const most = body.length * 3
    if (most > Math.min(this.peer.maxFrameSize, stream.sendWindow, this.window, this.room())) {
      return this.body(stream, Buffer.from(body, "utf8"))
    }
    const { output } = this
    output.reserve(frameHeaderSize + most)
    const at = output.offset
    const length = output.buffer.write(body, at + frameHeaderSize, "utf8")
    writeFrameHeader(output.buffer, at, length, FrameType.DATA, Flag.END_STREAM, stream.id)
    output.offset = at + frameHeaderSize + length
    this.dataFrames++
    stream.sendWindow -= length
    this.window -= length
  }

  /** Writes as much of a body as the windows allow; the rest waits (RFC 9113, 6.9). */
  private body(stream: ClientStream, body: Uint8Array) {
    let rest: Uint8Array | undefined = body
    while (rest !== undefined && this.isOpen(stream)) rest = this.data(stream, rest, this.peer.maxFrameSize)
    stream.unsent = rest
    if (rest !== undefined) this.waiting.add(stream)
  }

  /** Whether something of a body may be written. */
  private isOpen(stream: ClientStream): boolean {
    return stream.sendWindow > 0 && this.window > 0 && this.room() > 0
  }

  /** Writes one DATA frame; returns what is left of the body. */
  private data(stream: ClientStream, body: Uint8Array, most: number): Uint8Array | undefined {
    const length = Math.min(body.length, most, stream.sendWindow, this.window, this.room())
    const isLast = length === body.length
    const to = this.frame(FrameType.DATA, isLast ? Flag.END_STREAM : 0, stream.id, length)
    this.output.buffer.set(isLast ? body : body.subarray(0, length), to)
    this.dataFrames++
    stream.sendWindow -= length
    this.window -= length
    return isLast ? undefined : body.subarray(length)
  }

  private room(): number {
    return maxWaiting - this.output.offset
  }

  /**
   * Writes what can be written of the bodies that wait, a frame of each in turn, so that a long one does not keep the
   * connection's window to itself (RFC 9113, 5.2.1).
   */
  resume(): void {
    for (const stream of this.waiting) {
      if (this.window <= 0 || this.room() <= 0) return
      if (stream.unsent === undefined || !this.isOpen(stream)) continue
      stream.unsent = this.data(stream, stream.unsent, turnSize)
      stream.endPosition = this.output.position
      this.waiting.delete(stream)
      // At the end of the line, where this loop comes to it again.
      if (stream.unsent !== undefined) this.waiting.add(stream)
    }
  }

  /** There is nothing to take, now or once a window is wider. */
  get isIdle(): boolean {
    return this.output.offset === 0 && this.waiting.size === 0
  }

  /** The stream is over: nothing more of it is written. */
  forget(stream: ClientStream): void {
    if (stream.unsent === undefined) return
    stream.unsent = undefined
    this.waiting.delete(stream)
  }

  /** A WINDOW_UPDATE for the connection; `false` when the window overflows (RFC 9113, 6.9.1). */
  widen(increment: number): boolean {
    this.window += increment
    return this.window <= maxWindowSize
  }

  /** Applies the peer's settings to the encoder, and acknowledges them (RFC 9113, 6.5.3). */
  applySettings(bytes: Buffer, start: number, end: number): void {
    this.peer.apply(bytes, start, end)
    // Both, for what the peer evicted at the smaller one is gone (RFC 7541, 4.2).
    this.encoder.setMaxTableSize(Math.min(this.peer.smallestHeaderTableSize, this.peer.headerTableSize))
    this.encoder.setMaxTableSize(this.peer.headerTableSize)
    this.answered(frameHeaderSize)
    this.frame(FrameType.SETTINGS, Flag.ACK, 0, 0)
  }

  /** Acknowledges a PING with its own payload (RFC 9113, 6.7). */
  pong(bytes: Buffer, start: number, end: number): void {
    this.answered(frameHeaderSize + end - start)
    const at = this.frame(FrameType.PING, Flag.ACK, 0, end - start)
    bytes.copy(this.output.buffer, at, start, end)
  }

  /** A PING whose payload is a number (RFC 9113, 6.7). */
  ping(opaque: number): void {
    const at = this.frame(FrameType.PING, 0, 0, 8)
    writeUint32(this.output.buffer, at, 0)
    writeUint32(this.output.buffer, at + 4, opaque)
  }

  reset(streamId: number, code: number): void {
    writeUint32(this.output.buffer, this.frame(FrameType.RST_STREAM, 0, streamId, 4), code)
  }

  windowUpdate(streamId: number, increment: number): void {
    writeUint32(this.output.buffer, this.frame(FrameType.WINDOW_UPDATE, 0, streamId, 4), increment)
  }

  /** The last stream identifier is 0: a server without push opens no streams (RFC 9113, 6.8). */
  goAway(code: number, debugData: string): void {
    const size = Buffer.byteLength(debugData)
    const at = this.frame(FrameType.GOAWAY, 0, 0, 8 + size)
    writeUint32(this.output.buffer, at, 0)
    writeUint32(this.output.buffer, at + 4, code)
    this.output.buffer.write(debugData, at + 8, "utf8")
  }

  take(): Buffer | undefined {
    this.waitingAnswers = 0
    const bytes = this.output.take()
    if (this.waiting.size > 0) this.resume()
    return bytes
  }

  /** Bounds what a peer that does not read can make us hold (RFC 9113, 10.5). */
  private answered(size: number) {
    this.waitingAnswers += size
    if (this.waitingAnswers > maxWaitingAnswers) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many frames to answer, and the answers are not read")
    }
  }

  /** Writes a frame header and makes room for its payload; returns where in the buffer that goes. */
  private frame(type: number, flags: number, streamId: number, length: number): number {
    const { output } = this
    output.reserve(frameHeaderSize + length)
    const at = output.offset
    writeFrameHeader(output.buffer, at, length, type, flags, streamId)
    output.offset = at + frameHeaderSize + length
    return at + frameHeaderSize
  }
}
