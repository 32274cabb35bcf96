import { DynamicTable } from "./DynamicTable.ts"
import { entrySize, type HeaderField } from "./HeaderField.ts"
import { compressionError, HpackError } from "./HpackError.ts"
import { BlockCursor, readContinuation } from "./integer.ts"
import { staticLength, staticTable } from "./staticTable.ts"
import { readString } from "./stringLiteral.ts"

/**
 * The limits of a decoder.
 *
 * @category models
 * @since 0.1.0
 */
export interface DecoderOptions {
  /** The SETTINGS_HEADER_TABLE_SIZE in force for what the peer sends; 4096 until it acknowledged another. */
  readonly maxTableSize: number
  /** The SETTINGS_MAX_HEADER_LIST_SIZE we announce: names, values and 32 octets a field (RFC 9113, section 6.5.2). */
  readonly maxHeaderListSize: number
}

const noBlock = new Uint8Array(0)

/**
 * Decodes the header blocks of one connection, in the order they were received (RFC 7541).
 *
 * @category decoding
 * @since 0.1.0
 */
export class Decoder {
  readonly #table: DynamicTable
  readonly #cursor = new BlockCursor()
  readonly #maxHeaderListSize: number
  /** What the peer may set its table to (section 4.2). */
  #maxTableSize: number
  /** The largest size the next block's update may say, while one is due because we lowered the limit (section 4.2). */
  #dueUpdate: number | undefined
  /** The error that broke the connection's compression state, once there was one. */
  #broken: HpackError | undefined

  constructor(options: DecoderOptions) {
    this.#table = new DynamicTable(options.maxTableSize)
    this.#maxTableSize = options.maxTableSize
    this.#maxHeaderListSize = options.maxHeaderListSize
  }

  /**
   * Changes the limit of the peer's table. To be called when the peer acknowledged the SETTINGS frame that carried the
   * new SETTINGS_HEADER_TABLE_SIZE: from then on, and not before, the peer must keep to it. If that is less than the
   * table's size, the next block must begin by saying so (RFC 7541, section 4.2).
   */
  setMaxTableSize(maxTableSize: number): void {
    this.#maxTableSize = maxTableSize
    if (maxTableSize < this.#table.maxSize) {
      this.#dueUpdate = maxTableSize
      // The peer evicts the same entries when it sends the update; the memory need not wait for it.
      this.#table.setMaxSize(maxTableSize)
    }
  }

  /**
   * Decodes a complete header block, all fragments joined.
   *
   * Throws an `HpackError`. After one of kind `"compression"` the state of the connection is lost, and every further
   * call throws it again. One of kind `"headerListTooLarge"` is thrown at the end of the block, with the table in step.
   */
  decode(block: Uint8Array, start = 0, end = block.length): ReadonlyArray<HeaderField> {
    if (this.#broken !== undefined) throw this.#broken
    const cursor = this.#cursor
    cursor.bytes = block
    cursor.position = start
    cursor.end = end
    try {
      return this.#readFields()
    } catch (error) {
      if (error instanceof HpackError && error.kind === "compression") this.#broken = error
      throw error
    } finally {
      // The block may be a slice of a large socket buffer.
      cursor.bytes = noBlock
    }
  }

  #readFields(): ReadonlyArray<HeaderField> {
    const cursor = this.#cursor
    const { bytes, end } = cursor
    const fields: Array<HeaderField> = []
    let listSize = 0
    if (
      this.#dueUpdate !== undefined ||
      (cursor.position < end && ((bytes[cursor.position] as number) & 0xe0) === 0x20)
    )
      this.#readSizeUpdates()
    while (cursor.position < end) {
      const octet = bytes[cursor.position++] as number // inside the block
      let field: HeaderField
      if (octet >= 0x80) {
        // Indexed header field (section 6.1)
        field = this.#entry(octet === 0xff ? readContinuation(cursor, 0x7f) : octet & 0x7f)
      } else if (octet >= 0x40) {
        // Literal with incremental indexing (section 6.2.1)
        field = this.#readLiteral(octet & 0x3f, 0x3f)
        this.#table.insert(field)
      } else if (octet >= 0x20) {
        throw compressionError("a dynamic table size update after the beginning of a block", "4.2")
      } else {
        // Literal without indexing or never indexed (sections 6.2.2 and 6.2.3)
        field = this.#readLiteral(octet & 0x0f, 0x0f)
      }
      listSize += entrySize(field[0], field[1])
      // A list too long is not kept, but the rest of it is decoded: it may change the table (RFC 9113, section 4.3).
      if (listSize <= this.#maxHeaderListSize) fields.push(field)
      else fields.length = 0
    }
    if (listSize > this.#maxHeaderListSize) {
      throw new HpackError(
        "headerListTooLarge",
        `a header list of ${listSize} octets; the limit is ${this.#maxHeaderListSize} (RFC 9113, section 10.5.1)`
      )
    }
    return fields
  }

  /** Dynamic table size updates (section 6.3), which only the beginning of a block may hold (section 4.2). */
  #readSizeUpdates(): void {
    const cursor = this.#cursor
    while (cursor.position < cursor.end) {
      const octet = cursor.bytes[cursor.position] as number // inside the block
      if ((octet & 0xe0) !== 0x20) break
      cursor.position++
      const size = (octet & 0x1f) === 0x1f ? readContinuation(cursor, 0x1f) : octet & 0x1f
      if (size > this.#maxTableSize) {
        throw compressionError(`a table size of ${size}, above the limit of ${this.#maxTableSize}`, "6.3")
      }
      if (this.#dueUpdate !== undefined) {
        // The smallest limit since the last block must be said, and said first.
        if (size > this.#dueUpdate) break
        this.#dueUpdate = undefined
      }
      this.#table.setMaxSize(size)
    }
    if (this.#dueUpdate !== undefined) {
      throw compressionError(`no dynamic table size update to the lowered limit of ${this.#dueUpdate}`, "4.2")
    }
  }

  /** The field at an index of the static and dynamic tables' one address space (section 2.3.3). */
  #entry(index: number): HeaderField {
    const field = index <= staticLength ? staticTable[index] : this.#table.get(index - staticLength - 1)
    if (field === undefined) {
      throw index === 0
        ? compressionError("index 0", "6.1")
        : compressionError(`index ${index} is beyond both tables`, "2.3.3")
    }
    return field
  }

  /** A literal (section 6.2) after its first octet, whose prefix is the index of the name or 0. */
  #readLiteral(prefix: number, fullPrefix: number): HeaderField {
    const cursor = this.#cursor
    const index = prefix === fullPrefix ? readContinuation(cursor, fullPrefix) : prefix
    const name = index === 0 ? readString(cursor) : this.#entry(index)[0]
    return [name, readString(cursor)]
  }
}
