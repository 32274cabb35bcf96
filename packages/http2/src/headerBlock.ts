/** The header block that is being received, over HEADERS and CONTINUATION frames (RFC 9113, 4.3 and 6.10). */
import { ConnectionError, ErrorCode } from "./errorCode.ts"
import { defaultMaxFrameSize } from "./frame.ts"

/** CONTINUATION frames that one block may have at least, however small the limit on its list: servers cut blocks as they like. */
const fewestContinuations = 32
/** A buffer that grew above this is left to the garbage collector once its block is decoded. */
const keptSize = 65_536
const noBytes = Buffer.alloc(0)

/**
 * A block whose list is above our limit is an error of its stream alone, but has to be decoded all the same, for the
 * compression state is the connection's (RFC 9113, 4.3 and 10.5.1). So it is held whole, up to as many frames as bound
 * the work; more are a flood, and end the connection.
 */
export class HeaderBlock {
  /** The stream whose block is not complete; 0 when none is. */
  streamId = 0
  endStream = false
  bytes: Buffer = noBytes
  length = 0
  private readonly maxContinuations: number
  private continuations = 0

  constructor(maxHeaderListSize: number) {
    // A block may be longer than its list, if Huffman-coded badly; by no more than this if it is honest.
    this.maxContinuations = Math.max(fewestContinuations, Math.ceil((maxHeaderListSize * 2) / defaultMaxFrameSize))
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
    if (++this.continuations > this.maxContinuations) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `more than ${this.maxContinuations} CONTINUATION frames`)
    }
    this.append(bytes, start, end)
  }

  /** The block is decoded. */
  release(): void {
    this.streamId = 0
    if (this.bytes.length > keptSize) this.bytes = noBytes
  }

  private append(bytes: Buffer, start: number, end: number) {
    const needed = this.length + end - start
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    bytes.copy(this.bytes, this.length, start, end)
    this.length = needed
  }
}
