import { compressionError } from "./HpackError.ts"

/**
 * A place in a header block. The decoder owns one and moves it, so that reading allocates nothing.
 */
export class BlockCursor {
  bytes: Uint8Array = new Uint8Array(0)
  position = 0
  end = 0
}

/** What integers are limited to: SETTINGS_HEADER_TABLE_SIZE has 32 bits, and nothing in a block is larger. */
const largest = 0xffff_ffff

/** Five continuation octets hold 35 bits: enough for `largest`, and an end to padding with 0x80 octets. */
const largestFactor = 2 ** 28

/**
 * Reads the rest of an integer whose prefix is all ones (RFC 7541, section 5.1).
 *
 * @param prefix the value of the full prefix, `2^N - 1`
 */
export const readContinuation = (cursor: BlockCursor, prefix: number): number => {
  let value = prefix
  // Not a shift: the fifth octet reaches past bit 31.
  for (let factor = 1; factor <= largestFactor; factor *= 128) {
    if (cursor.position === cursor.end) throw compressionError("the block ends inside an integer", "5.1")
    const octet = cursor.bytes[cursor.position++] as number // inside the block, checked above
    value += (octet & 0x7f) * factor
    if (octet < 0x80) {
      if (value > largest) break
      return value
    }
  }
  throw compressionError("an integer exceeds 32 bits", "5.1")
}

/**
 * Writes an integer with an N-bit prefix (RFC 7541, section 5.1) and returns the offset after it.
 *
 * @param pattern the bits of the first octet above the prefix
 * @param prefix the value of the full prefix, `2^N - 1`
 */
export const writeInteger = (
  into: Uint8Array,
  offset: number,
  pattern: number,
  prefix: number,
  value: number
): number => {
  if (value < prefix) {
    into[offset] = pattern | value
    return offset + 1
  }
  into[offset++] = pattern | prefix
  let rest = value - prefix
  while (rest >= 0x80) {
    into[offset++] = (rest & 0x7f) | 0x80
    // Not a shift: `rest` may have 32 bits.
    rest = Math.floor(rest / 128)
  }
  into[offset] = rest
  return offset + 1
}

/** The most octets `writeInteger` writes. */
export const longestInteger = 6
