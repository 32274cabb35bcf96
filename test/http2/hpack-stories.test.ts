import { readdirSync, readFileSync } from "node:fs"
import { constants, createServer, type Http2Server, type Settings } from "node:http2"
import { Duplex } from "node:stream"
import { describe, expect, it } from "vitest"
import { Decoder } from "../../packages/http2/src/hpack/Decoder.ts"
import { Encoder } from "../../packages/http2/src/hpack/Encoder.ts"
import type { EncodeField, HeaderField } from "../../packages/http2/src/hpack/HeaderField.ts"
import { OctetBuffer } from "../../packages/http2/src/hpack/OctetBuffer.ts"

/** A story of https://github.com/http2jp/hpack-test-case: the blocks one encoder made on one connection. */
interface Story {
  readonly cases: ReadonlyArray<{
    readonly wire: string
    readonly header_table_size?: number
    readonly headers: ReadonlyArray<Record<string, string>>
  }>
}

const root = new URL("./hpack-vectors/", import.meta.url)
const stories = readdirSync(root)
  .filter((name) => name !== "LICENSE")
  .flatMap((encoder) => readdirSync(new URL(`${encoder}/`, root)).map((name) => `${encoder}/${name}`))
const read = (name: string): Story => JSON.parse(readFileSync(new URL(name, root), "utf8"))

const fieldsOf = (headers: Story["cases"][number]["headers"]): ReadonlyArray<HeaderField> =>
  headers.flatMap((header) =>
    Object.entries(header).map(
      ([name, value]) => [Buffer.from(name).toString("latin1"), Buffer.from(value).toString("latin1")] as const
    )
  )

/** A duplex stream whose other side is this test. */
class Wire extends Duplex {
  readonly onOctets: (octets: Buffer) => void
  constructor(onOctets: (octets: Buffer) => void) {
    super()
    this.onOctets = onOctets
  }
  override _read() {}
  override _write(octets: Buffer, _encoding: BufferEncoding, done: () => void) {
    this.onOctets(octets)
    done()
  }
  override _final(done: () => void) {
    done()
  }
}

const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

/** An independent decoder: nghttp2's, inside a `node:http2` server at the other end of a `Wire`. */
const nghttp2 = async (encoder: Encoder, settings: Settings) => {
  const lists: Array<ReadonlyArray<string>> = []
  let goAway: number | undefined
  const server: Http2Server = createServer({ settings, maxHeaderListPairs: 1000 })
  const session = new Promise<import("node:http2").ServerHttp2Session>((resolve) => server.once("session", resolve))
  server.on("sessionError", () => {})
  server.on("stream", (stream, _headers, _flags, raw: unknown) => {
    lists.push(raw as ReadonlyArray<string>) // the fourth argument, which the types of "stream" leave out
    stream.on("error", () => {})
    stream.close()
  })
  let unread: Buffer = Buffer.alloc(0)
  const wire = new Wire((octets) => {
    unread = Buffer.concat([unread, octets])
    while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
      const payload = unread.subarray(9, 9 + unread.readUIntBE(0, 3))
      if (unread[3] === 7) goAway = payload.readUInt32BE(4)
      if (unread[3] === 4 && ((unread[4] ?? 0) & 1) === 0) {
        for (let at = 0; at < payload.length; at += 6) {
          if (payload.readUInt16BE(at) === 1) encoder.setMaxTableSize(payload.readUInt32BE(at + 2))
        }
        wire.push(frame(4, 1, 0, Buffer.alloc(0)))
      }
      unread = unread.subarray(9 + payload.length)
    }
  })
  server.emit("connection", wire)
  wire.push(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0, Buffer.alloc(0))]))
  const peer = await session
  for (let turn = 0; turn < 5; turn++) await settle()
  let stream = -1
  return {
    /** What the server read of a block; `undefined` if it refused the request or the block. */
    decode: async (block: Uint8Array): Promise<ReadonlyArray<HeaderField> | undefined> => {
      const before = lists.length
      stream += 2
      wire.push(frame(1, constants.NGHTTP2_FLAG_END_STREAM | constants.NGHTTP2_FLAG_END_HEADERS, stream, block))
      for (let turn = 0; turn < 20 && lists.length === before && goAway === undefined; turn++) await settle()
      const raw = lists.length > before ? lists.at(-1) : undefined
      return raw?.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []))
    },
    setTableSize: async (headerTableSize: number) => {
      await new Promise<void>((resolve) => peer.settings({ headerTableSize }, () => resolve()))
    },
    goAway: () => goAway,
    close: () => {
      peer.destroy()
      wire.destroy()
    }
  }
}

describe("the stories of hpack-test-case", () => {
  it("are all there", () => expect(stories).toHaveLength(36))

  it.each(stories)("%s: decoded, encoded again, decoded again", (name) => {
    const limits = { maxTableSize: 4096, maxHeaderListSize: 1 << 20 }
    const theirs = new Decoder(limits)
    const ours = new Decoder(limits)
    const encoder = new Encoder({ maxTableSize: 1 << 16 })
    const into = new OctetBuffer(16)
    for (const { wire, headers, header_table_size: size } of read(name).cases) {
      if (size !== undefined) for (const side of [theirs, ours, encoder]) side.setMaxTableSize(size)
      const fields = fieldsOf(headers)
      expect(theirs.decode(Buffer.from(wire, "hex"))).toEqual(fields)
      into.offset = 0
      encoder.encode(fields, into)
      expect(ours.decode(into.buffer, 0, into.offset)).toEqual(fields)
    }
  })

  it("compress as well as the reference encoders do", () => {
    for (const set of ["nghttp2", "haskell-http2-linear-huffman"]) {
      let theirs = 0
      const into = new OctetBuffer(1 << 20)
      for (const name of stories.filter((name) => name.startsWith(`${set}/`))) {
        const encoder = new Encoder()
        for (const { wire, headers } of read(name).cases) {
          theirs += wire.length / 2
          encoder.encode(fieldsOf(headers), into)
        }
      }
      expect(into.offset).toBeLessThan(theirs * 1.05)
    }
  })
})

describe("read by nghttp2 (the node:http2 server)", () => {
  // HTTP/2 has no connection-specific fields (RFC 9113, section 8.2.2) and nghttp2 refuses them; the stories' do.
  const dropped = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]
  const requests = (name: string) =>
    read(name)
      .cases.map(({ headers }) => fieldsOf(headers).filter(([field]) => !dropped.includes(field)))
      .filter((fields) => fields.some(([field]) => field === ":path"))

  it.each([4096, 0, 100, 65_536])(
    "every request of the stories, with a table of %i octets",
    async (headerTableSize) => {
      let count = 0
      for (const name of stories.filter((name) => name.startsWith("nghttp2/"))) {
        const encoder = new Encoder({ maxTableSize: 1 << 16 })
        const server = await nghttp2(encoder, { headerTableSize })
        for (const fields of requests(name)) {
          const into = new OctetBuffer()
          encoder.encode(fields, into)
          expect(await server.decode(into.buffer.subarray(0, into.offset))).toEqual(fields)
          count++
        }
        expect(server.goAway()).toBeUndefined()
        server.close()
      }
      expect(count).toBeGreaterThan(80)
    }
  )

  it("templates and every policy, while the table's limit goes up and down", async () => {
    const encoder = new Encoder({ maxTableSize: 1 << 16 })
    const server = await nghttp2(encoder, {})
    const sizes = [4096, 0, 200, 4096, 64, 65_536, 300]
    for (let round = 0; round < 140; round++) {
      if (round % 20 === 19) await server.setTableSize(sizes[(round - 19) / 20] ?? 4096)
      const stable = stables[round % stables.length] ?? []
      const varying: ReadonlyArray<EncodeField> = [
        ["apns-id", `0f2b6b1e-6a0e-4c55-9d0a-${String(round * 7919).padStart(12, "0")}`, "literal"],
        [":path", `/3/device/${"7a1f".repeat(16)}${round}`, "literal"],
        ["apns-expiration", String(round * 1000), "literal"],
        ["x-secret", `s${round}`, "never"],
        ["x-octets", `é\u0080ÿ${"~|<>^`".repeat(round % 30)}`, round % 3 === 0 ? "indexed" : "literal"]
      ]
      const into = new OctetBuffer()
      encoder.encodeTemplate(stable, varying, into)
      expect(await server.decode(into.buffer.subarray(0, into.offset))).toEqual([
        varying[1]?.slice(0, 2),
        ...stable,
        ...varying.filter(([name]) => name !== ":path").map((field) => field.slice(0, 2))
      ])
    }
    expect(server.goAway()).toBeUndefined()
    server.close()
  })

  const stables: ReadonlyArray<ReadonlyArray<EncodeField>> = [0, 1, 2].map((index) => [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "api.push.apple.com"],
    ["authorization", `bearer ${"eyJhbGciOiJFUzI1NiJ9".repeat(10)}${index}`],
    ["apns-topic", `com.example.app${index}`],
    ["apns-push-type", "alert"]
  ])

  it("notices a wrong block: this decoder does judge", async () => {
    const server = await nghttp2(new Encoder(), {})
    expect(await server.decode(Buffer.from("80", "hex"))).toBeUndefined()
    expect(server.goAway()).toBe(constants.NGHTTP2_COMPRESSION_ERROR)
    server.close()
  })
})
