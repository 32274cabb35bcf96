/**
 * The bytes that wait for the socket.
 *
 * Frames are written into one large buffer, which is taken whole, as one `write`. Every byte of the connection has a position, so that a stream can be told as written or not by one comparison (see `Ending`).
 */
import type { OctetSink } from "./hpack/index.ts"

const initialSize = 65_536
/** A buffer that grew above this is left to the garbage collector once it has been written. */
const keptSize = 1_048_576
const keptCount = 16

export class Output implements OctetSink {
  buffer: Buffer = Buffer.allocUnsafeSlow(initialSize)
  /** How much of `buffer` is used. */
  offset = 0
  /** How many bytes of the connection have been taken: the position of `buffer[0]`. */
  taken = 0
  /** Bytes that were written and cut out again: the positions after them stay as they are. */
  private withdrawn = 0
  private readonly inFlight: Array<Buffer> = []
  private readonly spare: Array<Buffer> = []

  /** The position of the next byte. */
  get position(): number {
    return this.taken + this.offset + this.withdrawn
  }

  reserve(length: number): void {
    const { buffer, offset } = this
    if (offset + length > buffer.length) {
      this.buffer = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, offset + length))
      buffer.copy(this.buffer, 0, 0, offset)
    }
  }

  /** Takes all bytes. The memory stays theirs until `recycle` is called, once for each `take`, in the same order. */
  take(): Buffer | undefined {
    const { buffer, offset } = this
    if (offset === 0) return undefined
    this.inFlight.push(buffer)
    this.taken += offset + this.withdrawn
    this.withdrawn = 0
    this.offset = 0
    this.buffer = this.spare.pop() ?? Buffer.allocUnsafeSlow(initialSize)
    return buffer.subarray(0, offset)
  }

  recycle(): void {
    const buffer = this.inFlight.shift()
    if (buffer !== undefined && buffer.length <= keptSize && this.spare.length < keptCount) this.spare.push(buffer)
  }

  /** Keeps so much of the buffer, from which parts were cut out. */
  shorten(offset: number): void {
    this.withdrawn += this.offset - offset
    this.offset = offset
  }

  /** Drops what has not been taken, but for what comes before this position. */
  discard(from: number): void {
    this.offset = Math.max(0, from - this.taken)
  }
}
