/**
 * Where encoded octets go: the caller's own buffer, or an `OctetBuffer`.
 *
 * @category models
 * @since 0.1.0
 */
export interface OctetSink {
  /** The octets. `reserve` may replace it. */
  buffer: Buffer
  /** Where the next octet goes. */
  offset: number
  /** Makes room for `length` octets from `offset` on, keeping those before it. */
  reserve(length: number): void
}

/**
 * A buffer that doubles when it is full.
 *
 * @category models
 * @since 0.1.0
 */
export class OctetBuffer implements OctetSink {
  buffer: Buffer
  offset = 0

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
  }

  reserve(length: number): void {
    const needed = this.offset + length
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.offset)
    this.buffer = larger
  }
}
