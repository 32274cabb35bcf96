import { describe, expect, it } from "vitest"
import { Decoder } from "../../packages/http2/src/hpack/Decoder.ts"
import { Encoder } from "../../packages/http2/src/hpack/Encoder.ts"
import type { EncodeField, Indexing } from "../../packages/http2/src/hpack/HeaderField.ts"
import { HpackError } from "../../packages/http2/src/hpack/HpackError.ts"
import { OctetBuffer } from "../../packages/http2/src/hpack/OctetBuffer.ts"

/** A seeded generator (mulberry32): a failure names its seed and happens again. */
const random = (seed: number) => {
  let state = seed
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  const pick = <A>(from: ReadonlyArray<A>): A => from[below(from.length)] as A // never empty here
  return { below, pick }
}
type Random = ReturnType<typeof random>

const names = [
  ":path",
  ":method",
  ":status",
  "cookie",
  "apns-id",
  "apns-topic",
  "x",
  "",
  "x-long".repeat(30),
  "www-authenticate"
]
const alphabets = ["0123456789abcdef-", "abcdefghij ", "~<>|{}", "\u0000\u0001\u0080\u00fe\u00ff", "GETPOST/0"]

const text = (from: Random): string => {
  const alphabet = from.pick(alphabets)
  const length = from.pick([0, 1, 2, 7, 16, 24, 25, 36, 64, 125, 126, 127, 128, 300, from.below(2000)])
  let result = ""
  for (let index = 0; index < length; index++) result += alphabet[from.below(alphabet.length)]
  return result
}

const policies: ReadonlyArray<Indexing | undefined> = [undefined, "indexed", "indexed", "literal", "never"]

const fieldFrom = (from: Random, values: ReadonlyArray<string>): EncodeField => {
  const name = from.below(8) === 0 ? text(from) : from.pick(names)
  const value = from.below(3) === 0 ? text(from) : from.pick(values)
  const indexing = from.pick(policies)
  return indexing === undefined ? [name, value] : [name, value, indexing]
}

const plain = (fields: ReadonlyArray<EncodeField>) => fields.map(([name, value]) => [name, value])

describe("any interleaving of blocks, templates, table sizes and blocks not sent", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))("seed %i", (seed) => {
    const from = random(seed)
    const encoder = new Encoder({
      maxTableSize: from.pick([0, 40, 256, 4096, 1 << 16]),
      huffmanLiterals: seed % 2 === 0
    })
    const decoder = new Decoder({ maxTableSize: 4096, maxHeaderListSize: 1 << 24 })
    const into = new OctetBuffer(1)
    const values = Array.from({ length: 6 }, () => text(from))
    const fields = () => Array.from({ length: from.below(7) }, () => fieldFrom(from, values))
    const templates = Array.from({ length: 4 }, fields)
    for (let step = 0; step < 150; step++) {
      into.offset = from.below(3)
      const start = into.offset
      const kind = from.below(12)
      if (kind === 0) {
        for (let change = from.below(3); change >= 0; change--) {
          const size = from.pick([0, 33, 64, 128, 500, 4096, 5000, 1 << 17])
          encoder.setMaxTableSize(size)
          decoder.setMaxTableSize(size)
        }
      } else if (kind === 1) {
        // A block that is not sent
        encoder.encode(fields(), into)
        encoder.discard()
      } else if (kind === 2) {
        expect(() =>
          encoder.encode([...fields(), ["x", `${text(from)}\u0100`, from.pick(policies) ?? "indexed"]], into)
        ).toThrow(TypeError)
        expect(into.offset).toBe(start)
      } else if (kind < 6) {
        const list = fields()
        encoder.encode(list, into)
        expect(decoder.decode(into.buffer, start, into.offset)).toEqual(plain(list))
      } else {
        const stable = from.pick(templates)
        const varying = fields()
        encoder.encodeTemplate(stable, varying, into)
        const first = varying.filter(([name]) => name.startsWith(":"))
        const last = varying.filter(([name]) => !name.startsWith(":"))
        expect(decoder.decode(into.buffer, start, into.offset)).toEqual(plain([...first, ...stable, ...last]))
      }
    }
  })
})

describe("whatever the octets", () => {
  const limits = { maxTableSize: 4096, maxHeaderListSize: 8000 }

  /** Decodes, and says whether it was refused; anything but an `HpackError` fails the test. */
  const survives = (decoder: Decoder, block: Uint8Array): boolean => {
    try {
      const fields = decoder.decode(block)
      let size = 0
      for (const [name, value] of fields) size += name.length + value.length + 32
      expect(size).toBeLessThanOrEqual(limits.maxHeaderListSize)
      return true
    } catch (error) {
      if (!(error instanceof HpackError)) throw error
      return error.kind === "headerListTooLarge"
    }
  }

  it("random blocks end in a list or an HpackError", () => {
    const from = random(1)
    let decoder = new Decoder(limits)
    let accepted = 0
    for (let round = 0; round < 30_000; round++) {
      const block = new Uint8Array(from.below(40))
      for (let index = 0; index < block.length; index++) block[index] = from.below(256)
      if (survives(decoder, block)) accepted++
      else decoder = new Decoder(limits)
    }
    expect(accepted).toBeGreaterThan(100)
  })

  it("mutated blocks too", () => {
    const from = random(2)
    const into = new OctetBuffer()
    let encoder = new Encoder()
    let decoder = new Decoder(limits)
    let accepted = 0
    for (let round = 0; round < 10_000; round++) {
      into.offset = 0
      encoder.encode(
        Array.from({ length: 4 }, () => fieldFrom(from, ["a", "200", "application/json"])),
        into
      )
      const block = Uint8Array.from(into.buffer.subarray(0, into.offset))
      for (let change = from.below(3); change > 0; change--) block[from.below(block.length)] = from.below(256)
      if (survives(decoder, block.subarray(0, from.below(8) === 0 ? from.below(block.length) : block.length)))
        accepted++
      else {
        decoder = new Decoder(limits)
        encoder = new Encoder()
      }
    }
    expect(accepted).toBeGreaterThan(1000)
  })

  it("a megabyte of anything takes linear time and keeps nothing", () => {
    const blocks: Record<string, Buffer> = {
      "size updates": Buffer.alloc(1 << 20, 0x20),
      references: Buffer.alloc(1 << 20, 0x82),
      "empty entries": Buffer.concat(Array.from({ length: 1 << 18 }, () => Buffer.from("40000000", "hex"))),
      "empty literals": Buffer.alloc(3 << 18),
      "one Huffman-coded name": Buffer.concat([
        Buffer.from("40ffe1fe3f", "hex"),
        Buffer.alloc((1 << 20) - 32, 0),
        Buffer.from("00", "hex")
      ])
    }
    for (const [what, block] of Object.entries(blocks)) {
      const decoder = new Decoder(limits)
      // Of the processor, whatever else it does.
      const before = process.cpuUsage()
      survives(decoder, block)
      expect(process.cpuUsage(before).user / 1000, what).toBeLessThan(2000)
    }
    const decoder = new Decoder(limits)
    const entries = Buffer.concat(Array.from({ length: 1 << 16 }, () => Buffer.from("4001610162", "hex")))
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < 10; round++) survives(decoder, entries)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20)
  })
})
