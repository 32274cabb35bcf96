import { compressionError } from "./HpackError.ts"
import { decodeHuffman, encodeHuffman, huffmanLength, longestDecoded } from "./huffman.ts"
import { type BlockCursor, longestInteger, readContinuation, writeInteger } from "./integer.ts"

/** `toString("latin1")` without its checks, a third faster; Node has it, its types do not. */
interface Latin1Slice {
  latin1Slice(this: Uint8Array, start: number, end: number): string
}
// Only names a method of the runtime.
const { latin1Slice } = Buffer.prototype as unknown as Latin1Slice

/** Where strings are coded from and to, for all connections: nothing is left in it between two strings. */
const scratch = Buffer.allocUnsafeSlow(4096)

/** Reads a string literal (RFC 7541, section 5.2). */
export const readString = (cursor: BlockCursor): string => {
  const { bytes } = cursor
  if (cursor.position === cursor.end) throw compressionError("the block ends before a string", "5.2")
  const octet = bytes[cursor.position++] as number // inside the block
  const length = (octet & 0x7f) === 0x7f ? readContinuation(cursor, 0x7f) : octet & 0x7f
  const start = cursor.position
  const end = start + length
  if (end > cursor.end) throw compressionError("the block ends inside a string", "5.2")
  cursor.position = end
  if (octet < 0x80) return latin1Slice.call(bytes, start, end)
  const room = longestDecoded(length) + 2
  const decoded = room <= scratch.length ? scratch : new Uint8Array(room)
  return latin1Slice.call(decoded, 0, decodeHuffman(bytes, start, end, decoded))
}

/** The longest string coded in one pass: its length, raw or Huffman-coded, fits the 7-bit prefix. */
const onePassLength = 126

/** What a string may need beyond its octets: its length, codes of 30 bits before it is found to be shorter raw. */
export const stringSlack = longestInteger + Math.ceil((onePassLength * 30) / 8) - onePassLength

/** Up to this length a loop is faster than the call of `write`. */
const loopLength = 24

/** As `loopLength`, where the octets are not read again. */
const rawLoopLength = 8

/** The octets of `text`, at the start of `scratch` or of an array of their own. */
const octetsOf = (text: string): Uint8Array => {
  const { length } = text
  // Written as UTF-8, text of as many octets as characters is ASCII: any other character takes two octets or more.
  if (length > loopLength && length * 3 <= scratch.length && scratch.write(text, 0) === length) {
    return scratch
  }
  const octets = length <= scratch.length ? scratch : new Uint8Array(length)
  let all = 0
  for (let index = 0; index < length; index++) {
    const character = text.charCodeAt(index)
    all |= character
    octets[index] = character
  }
  if (all > 0xff) throw new TypeError("A header field consists of octets: no character may be above U+00FF")
  return octets
}

/**
 * Writes a string literal (RFC 7541, section 5.2), Huffman-coded if that is shorter, and returns the offset after it.
 * Throws a `TypeError` if a character is not an octet.
 */
export const writeString = (text: string, into: Uint8Array, offset: number): number => {
  const { length } = text
  const octets = octetsOf(text)
  if (length <= onePassLength) {
    const end = encodeHuffman(octets, length, into, offset + 1)
    const coded = end - offset - 1
    if (coded < length) {
      into[offset] = 0x80 | coded
      return end
    }
    into[offset] = length
    return writeOctets(octets, length, into, offset + 1)
  }
  const coded = huffmanLength(octets, length)
  return coded < length
    ? encodeHuffman(octets, length, into, writeInteger(into, offset, 0x80, 0x7f, coded))
    : writeOctets(octets, length, into, writeInteger(into, offset, 0x00, 0x7f, length))
}

const writeOctets = (octets: Uint8Array, length: number, into: Uint8Array, offset: number): number => {
  for (let index = 0; index < length; index++) into[offset + index] = octets[index] as number // below its length
  return offset + length
}

/**
 * Writes a string literal (RFC 7541, section 5.2), raw: in about a third of the time, for a third more octets. Throws as
 * `writeString` does.
 */
export const writeRawString = (text: string, into: Buffer, offset: number): number => {
  const { length } = text
  const start = writeInteger(into, offset, 0x00, 0x7f, length)
  // As in `octetsOf`. The caller's `stringSlack` is more than the two octets a character cut off at the end may lack.
  if (length > rawLoopLength && into.write(text, start) === length) return start + length
  return writeOctets(octetsOf(text), length, into, start)
}
