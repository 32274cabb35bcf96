/** The header block that is being received, over HEADERS and CONTINUATION frames (RFC 9113, 4.3 and 6.10). */
import { ConnectionError, ErrorCode } from "./errorCode.ts"

/**
 * CONTINUATION frames of one block. Fragments of the default frame size carry far more than any limit on the block, so
 * more than a few are a flood (RFC 9113, 10.5.1).
 */
const maxContinuations = 32

export class HeaderBlock {
  /** The stream whose block is not complete; 0 when none is. */
  streamId = 0
  endStream = false
  bytes: Buffer
  length = 0
  private readonly maxSize: number
  private continuations = 0

  constructor(maxSize: number) {
    this.maxSize = maxSize
    this.bytes = Buffer.alloc(0)
  }

  begin(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    this.streamId = streamId
    this.endStream = endStream
    this.length = 0
    this.continuations = 0
    this.append(bytes, start, end)
  }

  continue(bytes: Buffer, start: number, end: number): void {
    // RFC 9113, 10.5.1
    if (++this.continuations > maxContinuations) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `more than ${maxContinuations} CONTINUATION frames`)
    }
    this.append(bytes, start, end)
  }

  private append(bytes: Buffer, start: number, end: number) {
    const needed = this.length + end - start
    // RFC 9113, 10.5.1: a block this long cannot be decoded within the limit on the header list, so it is not kept.
    if (needed > this.maxSize) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `a header block above ${this.maxSize} bytes`)
    }
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.maxSize, Math.max(needed, this.bytes.length * 2)))
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    bytes.copy(this.bytes, this.length, start, end)
    this.length = needed
  }
}
