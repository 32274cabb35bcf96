/**
 * The frames we receive: checked for what a frame alone can break (sizes, padding, stream 0, contiguous header blocks),
 * decoded, and handed on by meaning. What a frame means for its stream is the connection's business.
 */
import { ConnectionError, ErrorCode } from "./errorCode.ts"
import type { HeaderField } from "./fields.ts"
import { Flag, FrameType, readUint31, readUint32 } from "./frame.ts"
import { type FrameHandler, FrameReader } from "./frameReader.ts"
import { HeaderBlock } from "./headerBlock.ts"
import { Decoder, HpackError } from "./hpack/index.ts"
import { settingSize } from "./settings.ts"

/** Checked frames. Payloads are `bytes[start..end)`, and only valid during the call. */
export interface FrameListener {
  /** Whether no further frame is wanted. */
  readonly over: boolean
  /** `fields` is an error when the header list is larger than we allow. */
  onHeaders(streamId: number, fields: ReadonlyArray<HeaderField> | HpackError, endStream: boolean): void
  /** `size` is what counts for flow control: the payload with its padding (RFC 9113, 6.9.1). */
  onData(streamId: number, bytes: Buffer, start: number, end: number, size: number, endStream: boolean): void
  onRstStream(streamId: number, code: number): void
  onSettings(bytes: Buffer, start: number, end: number): void
  onSettingsAck(): void
  onPing(bytes: Buffer, start: number, end: number): void
  onPingAck(high: number, low: number): void
  onGoAway(lastStreamId: number, code: number, bytes: Buffer, start: number, end: number): void
  /** `streamId` is 0 for the connection's window. */
  onWindowUpdate(streamId: number, increment: number): void
  /** A frame that means nothing to us. */
  onIgnored(what: string): void
}

export class Receiver implements FrameHandler {
  private readonly listener: FrameListener
  private readonly reader = new FrameReader()
  private readonly decoder: Decoder
  private readonly block: HeaderBlock

  constructor(maxHeaderListSize: number, listener: FrameListener) {
    this.listener = listener
    this.decoder = new Decoder({ maxTableSize: 4096, maxHeaderListSize })
    this.block = new HeaderBlock(maxHeaderListSize)
  }

  /** Whether a frame has begun that has not ended. */
  get inFrame(): boolean {
    return this.reader.inFrame
  }

  get over(): boolean {
    return this.listener.over
  }

  /** Takes bytes of the peer; throws a `ConnectionError`. */
  receive(chunk: Buffer, length: number): void {
    this.reader.read(chunk, length, this)
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number) {
    // A header block is contiguous (RFC 9113, 6.10).
    if (this.block.streamId !== 0 && (type !== FrameType.CONTINUATION || streamId !== this.block.streamId)) {
      throw protocolError("a frame inside a header block that is not its CONTINUATION")
    }
    switch (type) {
      case FrameType.HEADERS:
        return this.headers(flags, streamId, bytes, start, end)
      case FrameType.DATA:
        return this.data(flags, streamId, bytes, start, end)
      case FrameType.WINDOW_UPDATE:
        return this.windowUpdate(streamId, bytes, start, end)
      case FrameType.RST_STREAM:
        return this.rstStream(streamId, bytes, start, end)
      case FrameType.SETTINGS:
        return this.settings(flags, streamId, bytes, start, end)
      case FrameType.PING:
        return this.ping(flags, streamId, bytes, start, end)
      case FrameType.GOAWAY:
        return this.goAway(streamId, bytes, start, end)
      case FrameType.CONTINUATION:
        return this.continuation(flags, bytes, start, end)
      case FrameType.PUSH_PROMISE:
        // Not after ENABLE_PUSH 0, which came before any request (RFC 9113, 6.6 and 8.4)
        throw protocolError("PUSH_PROMISE, though push is disabled")
      case FrameType.PRIORITY:
        // Deprecated and ignored (RFC 9113, 5.3.2 and 6.3)
        if (streamId === 0) throw protocolError("PRIORITY on stream 0")
        if (end - start !== 5) throw frameSizeError("PRIORITY")
        return this.listener.onIgnored("PRIORITY")
      default:
        // Unknown types are ignored (RFC 9113, 4.1 and 5.5).
        return this.listener.onIgnored("of unknown types")
    }
  }

  private headers(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.2
    if (id === 0) throw protocolError("HEADERS on stream 0")
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
    if ((flags & Flag.END_HEADERS) !== 0) this.decode(id, endStream, bytes, from, to)
    else this.block.begin(id, endStream, bytes, from, to)
  }

  private continuation(flags: number, bytes: Buffer, start: number, end: number) {
    const { block } = this
    // RFC 9113, 6.10
    if (block.streamId === 0) throw protocolError("CONTINUATION without HEADERS")
    block.continue(bytes, start, end)
    if ((flags & Flag.END_HEADERS) === 0) return
    const { bytes: whole, endStream, length, streamId } = block
    block.release()
    this.decode(streamId, endStream, whole, 0, length)
  }

  /** Decodes every block, also those of closed streams: the compression state is the connection's (RFC 9113, 4.3). */
  private decode(id: number, endStream: boolean, bytes: Buffer, start: number, end: number) {
    let fields: ReadonlyArray<HeaderField> | HpackError
    try {
      fields = this.decoder.decode(bytes, start, end)
    } catch (error) {
      if (!(error instanceof HpackError)) throw error
      // RFC 9113, 4.3
      if (error.kind === "compression") throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message)
      fields = error
    }
    this.listener.onHeaders(id, fields, endStream)
  }

  private data(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.1
    if (id === 0) throw protocolError("DATA on stream 0")
    let from = start
    let to = end
    if ((flags & Flag.PADDED) !== 0) {
      to -= paddingOf(bytes, start, end)
      from++
    }
    // RFC 9113, 6.1
    if (from > to) throw protocolError("DATA with more padding than payload")
    this.listener.onData(id, bytes, from, to, end - start, (flags & Flag.END_STREAM) !== 0)
  }

  private rstStream(id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.4
    if (id === 0) throw protocolError("RST_STREAM on stream 0")
    if (end - start !== 4) throw frameSizeError("RST_STREAM")
    this.listener.onRstStream(id, readUint32(bytes, start))
  }

  private settings(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.5
    if (id !== 0) throw protocolError("SETTINGS on a stream")
    if ((flags & Flag.ACK) !== 0) {
      if (end !== start) throw frameSizeError("SETTINGS with ACK")
      return this.listener.onSettingsAck()
    }
    if ((end - start) % settingSize !== 0) throw frameSizeError("SETTINGS")
    this.listener.onSettings(bytes, start, end)
  }

  private ping(flags: number, id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.7
    if (id !== 0) throw protocolError("PING on a stream")
    if (end - start !== 8) throw frameSizeError("PING")
    if ((flags & Flag.ACK) === 0) this.listener.onPing(bytes, start, end)
    else this.listener.onPingAck(readUint32(bytes, start), readUint32(bytes, start + 4))
  }

  private goAway(id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.8
    if (id !== 0) throw protocolError("GOAWAY on a stream")
    if (end - start < 8) throw frameSizeError("GOAWAY")
    this.listener.onGoAway(readUint31(bytes, start), readUint32(bytes, start + 4), bytes, start + 8, end)
  }

  private windowUpdate(id: number, bytes: Buffer, start: number, end: number) {
    // RFC 9113, 6.9
    if (end - start !== 4) throw frameSizeError("WINDOW_UPDATE")
    this.listener.onWindowUpdate(id, readUint31(bytes, start))
  }
}

/** The bytes of padding; where they are more than the payload, the caller finds out (RFC 9113, 6.1 and 6.2). */
const paddingOf = (bytes: Buffer, start: number, end: number): number => {
  if (start === end) throw frameSizeError("a padded frame")
  return bytes[start] as number
}

const protocolError = (problem: string) => new ConnectionError(ErrorCode.PROTOCOL_ERROR, problem)
const frameSizeError = (what: string) => new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${what} of a wrong size`)
