/** Cuts the bytes of a connection into frames, whatever the chunks they arrive in. */
import { ConnectionError, ErrorCode } from "./errorCode.ts"
import { defaultMaxFrameSize, FrameType, frameHeaderSize, readUint24, readUint31 } from "./frame.ts"

export interface FrameHandler {
  /** Whether no further frame is wanted. */
  readonly over: boolean
  /** The payload is `bytes[start..end)`; it is only valid during the call. */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void
}

/**
 * Frames are handed out in place; only one that is split over chunks is copied, into a buffer of one frame's size. A
 * frame above our MAX_FRAME_SIZE is refused on its header, before its payload is read.
 */
export class FrameReader {
  private started = false
  private partial: Buffer | undefined
  private held = 0

  /** Whether a frame has begun that has not ended. */
  get inFrame(): boolean {
    return this.held > 0
  }

  read(chunk: Buffer, length: number, handler: FrameHandler): void {
    let at = this.held > 0 ? this.complete(chunk, length, handler) : 0
    while (length - at >= frameHeaderSize && !handler.over) {
      const end = at + frameHeaderSize + this.payloadLength(chunk, at)
      if (end > length) break
      handler.onFrame(
        chunk[at + 3] as number,
        chunk[at + 4] as number,
        readUint31(chunk, at + 5),
        chunk,
        at + frameHeaderSize,
        end
      )
      at = end
    }
    if (at < length && !handler.over) this.hold(chunk, at, length)
  }

  private payloadLength(bytes: Buffer, at: number): number {
    if (!this.started) {
      // The server connection preface is a SETTINGS frame (RFC 9113, 3.4).
      if (bytes[at + 3] !== FrameType.SETTINGS) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "the peer's first frame is not SETTINGS")
      }
      this.started = true
    }
    const length = readUint24(bytes, at)
    // We leave MAX_FRAME_SIZE at its default (RFC 9113, 4.2).
    if (length > defaultMaxFrameSize) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes is above MAX_FRAME_SIZE`)
    }
    return length
  }

  /** Completes the frame that began in an earlier chunk; returns how much of this chunk it took. */
  private complete(chunk: Buffer, length: number, handler: FrameHandler): number {
    let at = 0
    if (this.held < frameHeaderSize) {
      at = Math.min(frameHeaderSize - this.held, length)
      this.hold(chunk, 0, at)
      if (this.held < frameHeaderSize) return at
    }
    const frame = this.partial as Buffer
    const end = frameHeaderSize + this.payloadLength(frame, 0)
    const taken = Math.min(end - this.held, length - at)
    this.hold(chunk, at, at + taken)
    if (this.held < end) return at + taken
    this.held = 0
    handler.onFrame(frame[3] as number, frame[4] as number, readUint31(frame, 5), frame, frameHeaderSize, end)
    return at + taken
  }

  private hold(chunk: Buffer, start: number, end: number) {
    this.partial ??= Buffer.allocUnsafeSlow(frameHeaderSize + defaultMaxFrameSize)
    this.held += chunk.copy(this.partial, this.held, start, end)
  }
}
