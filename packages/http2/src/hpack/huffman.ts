import { compressionError } from "./HpackError.ts"

/**
 * The length in bits of each octet's code, and of EOS as symbol 256 (RFC 7541, appendix B). The code is canonical: codes
 * of one length are consecutive in the order of their symbols, and shorter codes come first. The lengths say it all.
 */
// biome-ignore format: sixteen octets a line, as a hex dump
const codeLengths = Uint8Array.of(
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30
)

const endOfString = 256

/** The codes, right-aligned, by symbol. */
const codes = ((): Int32Array => {
  const codes = new Int32Array(codeLengths.length)
  let next = 0
  for (let length = 1; length <= 30; length++) {
    next *= 2
    for (let symbol = 0; symbol <= endOfString; symbol++) if (codeLengths[symbol] === length) codes[symbol] = next++
  }
  return codes
})()

/**
 * The decoder is a state machine fed an octet at a time. Its states are the 256 inner nodes of the code tree: a prefix
 * of a code read so far. The shortest code has 5 bits, so an octet completes at most two symbols.
 *
 * A transition is `next state | first symbol << 8 | second symbol << 16 | symbols << 24`, or `rejected`.
 */
const rejected = -1

/** Per state, 1 where a string may end: the bits since the last symbol are fewer than 8, all ones (section 5.2). */
const accepting = new Uint8Array(256)

const transitions = ((): Int32Array => {
  // The tree: two children a node; an inner node is a positive index, a leaf is -1 - symbol.
  const children: Array<number> = [0, 0]
  for (let symbol = 0; symbol <= endOfString; symbol++) {
    let node = 0
    for (let bit = (codeLengths[symbol] ?? 0) - 1; bit >= 0; bit--) {
      const slot = node * 2 + (((codes[symbol] ?? 0) >>> bit) & 1)
      if (bit === 0) children[slot] = -1 - symbol
      else {
        if (children[slot] === 0) {
          children[slot] = children.length / 2
          children.push(0, 0)
        }
        node = children[slot] ?? 0
      }
    }
  }
  for (let depth = 0, node = 0; depth < 8; depth++, node = children[node * 2 + 1] ?? 0) accepting[node] = 1
  const transitions = new Int32Array(256 * 256)
  for (let state = 0; state < 256; state++) {
    for (let octet = 0; octet < 256; octet++) {
      let node = state
      let symbols = 0
      let count = 0
      for (let bit = 7; bit >= 0 && node >= 0; bit--) {
        const child = children[node * 2 + ((octet >>> bit) & 1)] ?? 0
        if (child >= 0) node = child
        else if (child === -1 - endOfString) node = rejected
        else {
          symbols |= (-1 - child) << (8 * ++count)
          node = 0
        }
      }
      transitions[state * 256 + octet] = node < 0 ? rejected : node | symbols | (count << 24)
    }
  }
  return transitions
})()

/** The most octets that `length` Huffman-coded octets decode to: every code has at least 5 bits. */
export const longestDecoded = (length: number): number => Math.floor((length * 8) / 5)

/**
 * Decodes a Huffman-coded string literal (RFC 7541, section 5.2) and returns the number of octets written at the start
 * of `into`, which must have room for `longestDecoded(end - start) + 2` (the machine stores before it counts).
 */
export const decodeHuffman = (bytes: Uint8Array, start: number, end: number, into: Uint8Array): number => {
  let state = 0
  let length = 0
  for (let position = start; position < end; position++) {
    const transition = transitions[(state << 8) | (bytes[position] as number)] as number // both are below 256
    if (transition < 0) throw compressionError("a Huffman-coded string contains EOS", "5.2")
    state = transition & 0xff
    into[length] = transition >> 8
    into[length + 1] = transition >> 16
    length += transition >> 24
  }
  if (accepting[state] === 0)
    throw compressionError("the padding of a Huffman-coded string is not a prefix of EOS under 8 bits", "5.2")
  return length
}

/**
 * The codes of two octets at a time, `code | length << 24`, by `first << 8 | second`; 0 if they have more than 24 bits.
 */
const pairs = ((): Int32Array => {
  const pairs = new Int32Array(256 * 256)
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const secondLength = codeLengths[second] ?? 0
      const length = (codeLengths[first] ?? 0) + secondLength
      if (length > 24) continue
      pairs[(first << 8) | second] = (((codes[first] ?? 0) << secondLength) | (codes[second] ?? 0)) + length * 2 ** 24
    }
  }
  return pairs
})()

/** The number of octets the first `length` octets of `bytes` have Huffman-coded. */
export const huffmanLength = (bytes: Uint8Array, length: number): number => {
  let bits = 0
  for (let index = 0; index < length; index++) bits += codeLengths[bytes[index] as number] as number // below 256
  return Math.ceil(bits / 8)
}

/**
 * Writes the first `length` octets of `bytes` Huffman-coded and padded with ones (RFC 7541, section 5.2), and returns
 * the offset after them.
 */
export const encodeHuffman = (bytes: Uint8Array, length: number, into: Uint8Array, offset: number): number => {
  // Codes are collected in `pending` from bit 31 downwards, and written four octets at a time. The inner loop holds
  // nothing but the common case: any more in it costs half as much again.
  let pending = 0
  let free = 32
  let index = 0
  while (index < length) {
    for (; index + 1 < length; index += 2) {
      const pair = pairs[((bytes[index] as number) << 8) | (bytes[index + 1] as number)] as number // below 65536
      if (pair === 0) break
      const bits = pair >> 24
      const code = pair & 0xff_ffff
      if (bits <= free) {
        free -= bits
        pending |= code << free
      } else {
        const left = bits - free
        writeWord(into, offset, pending | (code >> left))
        offset += 4
        free = 32 - left
        pending = code << free
      }
    }
    if (index === length) break
    // The last octet, or the first of a pair of long codes
    const octet = bytes[index++] as number // below `length`
    const bits = codeLengths[octet] as number
    const code = codes[octet] as number
    if (bits <= free) {
      free -= bits
      pending |= code << free
    } else {
      const left = bits - free
      writeWord(into, offset, pending | (code >> left))
      offset += 4
      free = 32 - left
      pending = code << free
    }
  }
  // A shift by 32 would be one by 0.
  if (free > 0) pending |= 0xffff_ffff >>> (32 - free)
  for (let bits = 32 - free; bits > 0; bits -= 8) {
    into[offset++] = pending >> 24
    pending <<= 8
  }
  return offset
}

const writeWord = (into: Uint8Array, offset: number, word: number): void => {
  into[offset] = word >> 24
  into[offset + 1] = word >> 16
  into[offset + 2] = word >> 8
  into[offset + 3] = word
}
