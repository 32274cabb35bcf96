import { describe, expect, it } from "vitest"
import { Decoder } from "../../packages/http2/src/hpack/Decoder.ts"
import { Encoder } from "../../packages/http2/src/hpack/Encoder.ts"
import type { EncodeField, HeaderField } from "../../packages/http2/src/hpack/HeaderField.ts"
import { HpackError } from "../../packages/http2/src/hpack/HpackError.ts"
import { OctetBuffer } from "../../packages/http2/src/hpack/OctetBuffer.ts"

const decoder = (maxTableSize = 4096, maxHeaderListSize = 65_536) => new Decoder({ maxTableSize, maxHeaderListSize })

const octets = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex")

const encoded = (encoder: Encoder, fields: ReadonlyArray<EncodeField>): string => {
  const into = new OctetBuffer(16)
  encoder.encode(fields, into)
  return into.buffer.toString("hex", 0, into.offset)
}

const errorOf = (run: () => unknown): HpackError => {
  try {
    run()
  } catch (error) {
    if (error instanceof HpackError) return error
    throw error
  }
  throw new Error("it was accepted")
}

const refuses = (hex: string, section: string, from = decoder()) => {
  const error = errorOf(() => from.decode(octets(hex)))
  expect(error.kind).toBe("compression")
  expect(error.message).toContain(`section ${section})`)
}

describe("RFC 7541, appendix C", () => {
  const get: ReadonlyArray<HeaderField> = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"]
  ]
  const getNoCache: ReadonlyArray<HeaderField> = [...get, ["cache-control", "no-cache"]]
  const getCustom: ReadonlyArray<HeaderField> = [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"]
  ]
  const common: ReadonlyArray<HeaderField> = [
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"]
  ]
  const found: ReadonlyArray<HeaderField> = [[":status", "302"], ...common]
  const temporary: ReadonlyArray<HeaderField> = [[":status", "307"], ...common]
  const ok: ReadonlyArray<HeaderField> = [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"]
  ]
  type Example = ReadonlyArray<readonly [hex: string, fields: ReadonlyArray<HeaderField>]>

  const single: Record<string, readonly [string, ReadonlyArray<HeaderField>]> = {
    "C.2.1": ["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", [["custom-key", "custom-header"]]],
    "C.2.2": ["040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]]],
    "C.2.3": ["1008 7061 7373 776f 7264 0673 6563 7265 74", [["password", "secret"]]],
    "C.2.4": ["82", [[":method", "GET"]]]
  }
  it.each(Object.entries(single))("%s", (_, [hex, fields]) => {
    expect(decoder().decode(octets(hex))).toEqual(fields)
  })

  const c3: Example = [
    ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", get],
    ["8286 84be 5808 6e6f 2d63 6163 6865", getNoCache],
    ["8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", getCustom]
  ]
  const c4: Example = [
    ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", get],
    ["8286 84be 5886 a8eb 1064 9cbf", getNoCache],
    ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", getCustom]
  ]
  const c5: Example = [
    [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120
       474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      found
    ],
    ["4803 3330 37c1 c0bf", temporary],
    [
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738
       666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33
       3630 303b 2076 6572 7369 6f6e 3d31`,
      ok
    ]
  ]
  const c6: Example = [
    [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718
       63c7 8f0b 97c8 e9ae 82ae 43d3`,
      found
    ],
    ["4883 640e ffc1 c0bf", temporary],
    [
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7
       b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ok
    ]
  ]
  const clean = (hex: string) => hex.replaceAll(/\s/g, "")

  it.each([
    ["C.3", c3, 4096],
    ["C.4", c4, 4096],
    ["C.5", c5, 256],
    ["C.6", c6, 256]
  ] as const)("%s decodes", (_, blocks, size) => {
    const from = decoder(size)
    for (const [hex, fields] of blocks) expect(from.decode(octets(clean(hex)))).toEqual(fields)
  })

  it.each([
    ["C.4", c4, 4096, ""],
    // The example supposes a table of 256 octets that nobody announced; our encoder announces it: 3f e1 01.
    ["C.6", c6, 256, "3fe101"]
  ] as const)("%s is what the encoder makes, octet for octet", (_, blocks, maxTableSize, first) => {
    const encoder = new Encoder({ maxTableSize })
    let update: string = first
    for (const [hex, fields] of blocks) {
      // The example codes "307" in three octets; ours keeps to the raw form unless the other is shorter.
      expect(encoded(encoder, fields)).toBe(update + clean(hex).replace("4883640eff", "4803333037"))
      update = ""
    }
  })
})

describe("decoding", () => {
  it("reads a part of a larger buffer", () => {
    expect(decoder().decode(octets("ff82 8400"), 1, 3)).toEqual([
      [":method", "GET"],
      [":path", "/"]
    ])
    const from = decoder()
    expect(errorOf(() => from.decode(octets("0001 6101 62"), 0, 4)).message).toContain("section 5.2")
  })

  it("an empty block is an empty list", () => {
    expect(decoder().decode(octets(""))).toEqual([])
  })

  it("empty names and empty values, raw and Huffman-coded", () => {
    expect(decoder().decode(octets("0000 00 4080 80 be"))).toEqual([
      ["", ""],
      ["", ""],
      ["", ""]
    ])
  })

  it("integers with continuation octets, and those padded with zeros up to five (5.1)", () => {
    const value = "x".repeat(1337)
    expect(decoder().decode(Buffer.concat([octets("04 7f ba09"), Buffer.from(value)]))).toEqual([[":path", value]])
    const padded = Buffer.concat([octets("04 7f 8280 8080 00"), Buffer.from("x".repeat(129))])
    expect(decoder().decode(padded)).toEqual([[":path", "x".repeat(129)]])
  })

  it("the limit, said again in every block, is no error", () => {
    const from = decoder()
    for (let round = 0; round < 3; round++) expect(from.decode(octets("3fe11f 82"))).toEqual([[":method", "GET"]])
  })

  it("an entry larger than the table empties it (4.4)", () => {
    const from = decoder(64)
    from.decode(octets("4001 61 01 62"))
    expect(from.decode(octets("be"))).toEqual([["a", "b"]])
    const large = Buffer.concat([octets("4001 61 28"), Buffer.alloc(40, "v")])
    expect(from.decode(large)).toEqual([["a", "v".repeat(40)]])
    refuses("be", "2.3.3", from)
  })

  it("an entry may be named by the one it evicts (4.4)", () => {
    const from = decoder(64)
    from.decode(Buffer.concat([octets("4001 61 14"), Buffer.alloc(20, "v")]))
    expect(from.decode(octets("7e 01 77 be"))).toEqual([
      ["a", "w"],
      ["a", "w"]
    ])
  })

  it("a table that grows past its first ring keeps its order", () => {
    const from = decoder(1 << 20)
    for (let index = 0; index < 500; index++) from.decode(octets(`4001 61 04${index.toString(16).padStart(8, "0")}`))
    const last = from.decode(octets("be"))[0]?.[1] ?? ""
    expect(Buffer.from(last, "latin1").readUInt32BE()).toBe(499)
    // 62 + 499, as an integer with a 7-bit prefix
    const first = from.decode(octets("ffb203"))[0]?.[1] ?? ""
    expect(Buffer.from(first, "latin1").readUInt32BE()).toBe(0)
  })
})

describe("a compression error, by section", () => {
  it("2.3.3: an index beyond both tables", () => {
    refuses("be", "2.3.3")
    refuses("ff ff ff ff ff 0e", "2.3.3")
    refuses("7e 0161", "2.3.3")
    refuses("0f 2f 0161", "2.3.3")
  })
  it("4.2: a size update after the first field", () => refuses("82 20", "4.2"))
  it("5.1: an integer cut off", () => {
    refuses("ff", "5.1")
    refuses("ff 80", "5.1")
    refuses("3f", "5.1")
    refuses("0f", "5.1")
    refuses("04 7f", "5.1")
  })
  it("5.1: an integer above 32 bits, or padded without end", () => {
    refuses("ff 81ff ffff 0f", "5.1")
    refuses("ff ffff ffff 7f", "5.1")
    refuses("ff 8080 8080 8000", "5.1")
    refuses(`ff ${"80".repeat(1000)}00`, "5.1")
  })
  it("5.2: a string cut off", () => {
    refuses("40", "5.2")
    refuses("4001", "5.2")
    refuses("4001 61", "5.2")
    refuses("4001 61 02 62", "5.2")
    refuses("04 7f ffff ff07", "5.2")
    refuses("04 84 f1", "5.2")
  })
  it("5.2: padding of 8 bits or more", () => {
    refuses("0081 ff 00", "5.2")
    // "a" is 00011; then 11 bits of padding
    refuses("0082 1fff 00", "5.2")
    expect(decoder().decode(octets("0081 1f 00"))).toEqual([["a", ""]])
  })
  it("5.2: padding that is not the beginning of EOS", () => {
    refuses("0081 18 00", "5.2")
    refuses("0081 1e 00", "5.2")
  })
  it("5.2: EOS inside, or as the end", () => {
    refuses("0084 ffff fffc 00", "5.2")
    refuses("0084 ffff ffff 00", "5.2")
    // "a", EOS, padding
    refuses("0085 1fff ffff ff 00", "5.2")
  })
  it("6.1: index 0", () => refuses("80", "6.1"))
  it("6.3: a size above the limit", () => {
    refuses("3fe21f", "6.3")
    refuses("3f 00", "6.3", decoder(30))
  })

  it("is final: the tables no longer agree (RFC 9113, 4.3)", () => {
    const from = decoder()
    refuses("80", "6.1", from)
    refuses("82", "6.1", from)
  })
})

describe("a limit lowered and acknowledged", () => {
  const lowered = (...limits: ReadonlyArray<number>) => {
    const from = decoder()
    from.decode(octets("4001 61 01 62"))
    for (const limit of limits) from.setMaxTableSize(limit)
    return from
  }
  it("needs an update at the start of the next block (4.2)", () => {
    refuses("82", "4.2", lowered(0))
    refuses("", "4.2", lowered(0))
    refuses("3f61", "6.3", lowered(100))
    expect(lowered(100).decode(octets("3f45 be"))).toEqual([["a", "b"]])
  })
  it("and raised again needs the smallest first (4.2)", () => {
    refuses("3fe11f", "4.2", lowered(0, 4096))
    refuses("3fe11f 20", "4.2", lowered(0, 4096))
    expect(lowered(0, 4096).decode(octets("20 3fe11f 82"))).toEqual([[":method", "GET"]])
    expect(lowered(64, 32, 128).decode(octets("20 82"))).toEqual([[":method", "GET"]])
    refuses("3f03", "4.2", lowered(64, 33, 128))
  })
  it("needs none where the table is as small already", () => {
    const from = decoder()
    from.decode(octets("3f45"))
    from.setMaxTableSize(100)
    expect(from.decode(octets("82"))).toEqual([[":method", "GET"]])
  })
  it("raised needs none, and permits the larger size", () => {
    const from = decoder()
    from.setMaxTableSize(65_536)
    expect(from.decode(octets("82"))).toEqual([[":method", "GET"]])
    expect(from.decode(octets("3fe1ff03 82"))).toEqual([[":method", "GET"]])
  })
})

describe("a header list too large (RFC 9113, 10.5.1)", () => {
  it("is reported once the block is decoded, with the table in step", () => {
    // a: b and c: d are 34 octets each
    const from = decoder(4096, 67)
    const error = errorOf(() => from.decode(octets("4001 61 01 62 4001 63 01 64")))
    expect(error.kind).toBe("headerListTooLarge")
    expect(from.decode(octets("be"))).toEqual([["c", "d"]])
    expect(from.decode(octets("bf"))).toEqual([["a", "b"]])
    expect(decoder(4096, 68).decode(octets("4001 61 01 62 4001 63 01 64"))).toHaveLength(2)
  })
  it("yields to an error of compression after it", () => {
    const from = decoder(4096, 10)
    refuses("82 80", "6.1", from)
  })
  it("keeps nothing of a small block that refers to one large entry many times", () => {
    const from = decoder(4096, 8000)
    const bomb = Buffer.concat([octets("4001 61 7f811e"), Buffer.alloc(3968, "x"), Buffer.alloc(16_000, 0xbe)])
    expect(errorOf(() => from.decode(bomb)).message).toContain("64")
    expect(from.decode(octets("82"))).toHaveLength(1)
  })
})

describe("encoding", () => {
  it("literal: the first one enters the table for its name, the others do not (Apple's advice)", () => {
    const encoder = new Encoder()
    const into = (id: string) => encoded(encoder, [["apns-id", id, "literal"]])
    expect(into("!!")).toMatch(/^40.*022121$/)
    expect(into("!#")).toBe("0f2f022123")
    // The value that came first is an entry, after all.
    expect(into("!!")).toBe("be")
    expect(encoded(encoder, [[":path", "!!", "literal"]])).toBe("04022121")
    expect(encoded(encoder, [[":path", "!!", "literal"]])).toBe("04022121")
  })
  it("never: marked so, and no entry is made", () => {
    const encoder = new Encoder()
    expect(encoded(encoder, [["authorization", "!!", "never"]])).toBe("1f08022121")
    for (let round = 0; round < 2; round++) expect(encoded(encoder, [["!", "!", "never"]])).toBe("1001210121")
    // Not even where an entry would match
    encoded(encoder, [["!", "!"]])
    expect(encoded(encoder, [["!", "!", "never"]])).toBe("1f2f0121")
  })
  it("indexed: from the static table, once into the dynamic table, then from there", () => {
    const encoder = new Encoder()
    expect(encoded(encoder, [[":method", "POST"]])).toBe("83")
    expect(encoded(encoder, [[":method", "!!"]])).toBe("42022121")
    expect(encoded(encoder, [[":method", "!!"]])).toBe("be")
    expect(encoded(encoder, [[":method", "GET"]])).toBe("82")
  })
  it("an entry larger than the table is not inserted, as it would empty it (4.4)", () => {
    const encoder = new Encoder({ maxTableSize: 64 })
    expect(encoded(encoder, [["!", "#"]])).toBe("3f214001210123")
    expect(encoded(encoder, [["!", "!".repeat(40)]])).toMatch(/^0f2f28/)
    expect(encoded(encoder, [["!", "#"]])).toBe("be")
  })
  it("table sizes: the smallest and the last are said at the start of the next block, once (4.2)", () => {
    const encoder = new Encoder()
    const after = (...limits: ReadonlyArray<number>) => {
      for (const limit of limits) encoder.setMaxTableSize(limit)
      return encoded(encoder, [[":method", "GET"]])
    }
    expect(after()).toBe("82")
    expect(after(0)).toBe("2082")
    expect(after()).toBe("82")
    expect(after(4096)).toBe("3fe11f82")
    expect(after(100, 0, 4096)).toBe("203fe11f82")
    expect(after(100, 200)).toBe("3f453fa90182")
    expect(after(4096, 200)).toBe("82")
    // More than we want to keep is not used.
    expect(after(65_536)).toBe("3fe11f82")
    expect(after(1 << 20, 8192)).toBe("82")
  })
  it("a smaller table by choice is said in the first block", () => {
    expect(encoded(new Encoder({ maxTableSize: 0 }), [["!", "!"]])).toBe("200001210121")
    const larger = new Encoder({ maxTableSize: 8192 })
    expect(encoded(larger, [[":method", "GET"]])).toBe("82")
    larger.setMaxTableSize(65_536)
    expect(encoded(larger, [[":method", "GET"]])).toBe("3fe13f82")
  })
  it("appends at the offset and grows the buffer", () => {
    const into = new OctetBuffer(8)
    into.buffer.write("frame")
    into.offset = 5
    new Encoder().encode([["!", "!".repeat(5000), "never"]], into)
    expect(into.buffer.toString("latin1", 0, 5)).toBe("frame")
    expect(decoder().decode(into.buffer, 5, into.offset)).toEqual([["!", "!".repeat(5000)]])
  })
  it("a character that is not an octet is refused, nothing is appended, and the tables stay in step", () => {
    for (const wrong of ["\u010a", `${"é".repeat(30)}Ā`, `${"x".repeat(200)}€`, "😀", `${"x".repeat(50)}\ud800`]) {
      const encoder = new Encoder()
      const from = decoder()
      from.setMaxTableSize(1000)
      encoder.setMaxTableSize(1000)
      const into = new OctetBuffer()
      const bad: ReadonlyArray<EncodeField> = [
        ["a", "b"],
        ["c", wrong]
      ]
      expect(() => encoder.encode(bad, into)).toThrow(TypeError)
      expect(() => encoder.encodeTemplate(bad, [["d", "e"]], into)).toThrow(TypeError)
      expect(into.offset).toBe(0)
      for (let round = 0; round < 2; round++) {
        into.offset = 0
        encoder.encode([["a", "b"]], into)
        expect(from.decode(into.buffer, 0, into.offset)).toEqual([["a", "b"]])
      }
      expect(into.offset).toBe(1)
    }
  })
  it("every octet and every pair of octets survives Huffman coding, at every length of padding", () => {
    const encoder = new Encoder()
    const from = decoder(4096, 1 << 20)
    const into = new OctetBuffer()
    for (let first = 0; first < 256; first++) {
      // Lower-case letters around it, so that the Huffman form is the shorter one
      const fields: Array<EncodeField> = []
      for (let second = 0; second < 256; second++) {
        const pair = String.fromCharCode(first, second)
        fields.push([`eeeeee${"a".repeat(second % 8)}`, `${"e".repeat(second % 9)}${pair}ooooooooaaaaaa`, "never"])
        fields.push(["", pair, "never"])
      }
      into.offset = 0
      encoder.encode(fields, into)
      expect(from.decode(into.buffer, 0, into.offset)).toEqual(fields.map(([name, value]) => [name, value]))
    }
  })
})

describe("header block templates", () => {
  const stable: ReadonlyArray<EncodeField> = [
    [":method", "POST"],
    [":scheme", "https"],
    ["apns-topic", "com.example.app"]
  ]
  it("come between the pseudo-header fields and the others, and cost one octet a field when they are known", () => {
    const encoder = new Encoder()
    const from = decoder()
    const into = new OctetBuffer()
    for (let round = 0; round < 4; round++) {
      into.offset = 0
      encoder.encodeTemplate(
        stable,
        [
          ["apns-id", `${round}`, "literal"],
          [":path", `/${round}`, "literal"]
        ],
        into
      )
      expect(from.decode(into.buffer, 0, into.offset)).toEqual([
        [":path", `/${round}`],
        ...stable,
        ["apns-id", `${round}`]
      ])
    }
    expect(into.buffer.subarray(0, into.offset)).toEqual(octets("04 02 2f33 83 87 bf 0f2f 01 33"))
  })
  it("follow an insertion, a resize and a forgotten block", () => {
    const encoder = new Encoder()
    const from = decoder()
    const into = new OctetBuffer()
    const same = () => {
      into.offset = 0
      encoder.encodeTemplate(stable, [], into)
      expect(from.decode(into.buffer, 0, into.offset)).toEqual(stable)
      return into.offset
    }
    expect([same(), same(), same()]).toEqual([expect.any(Number), 3, 3])
    into.offset = 0
    encoder.encode([["x", "y"]], into)
    from.decode(into.buffer, 0, into.offset)
    expect([same(), same()]).toEqual([3, 3])
    from.setMaxTableSize(0)
    encoder.setMaxTableSize(0)
    same()
    from.setMaxTableSize(4096)
    encoder.setMaxTableSize(4096)
    same()
    expect(same()).toBe(3)
    into.offset = 0
    encoder.encode([["never", "sent"]], into)
    encoder.discard()
    expect(same()).toBeGreaterThan(3)
    expect(same()).toBe(3)
  })
})
