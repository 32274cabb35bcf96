/** Dialogues with a peer that breaks the rules, or keeps them and floods us (RFC 9113, 5.4, 8.1.1 and 10.5). */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import type { ErrorCode } from "@effect-apns/http2"
import { describe, it } from "vitest"
import { block, frame, settingsPayload, types, uint32 } from "./support/frames.ts"
import { type Play, ready } from "./support/play.ts"

type Code = keyof typeof ErrorCode

/** A connection with one request, on stream 1. */
const requested = () => {
  const server = ready()
  const request = server.request()
  server.expectHeaders(1)
  return { server, request }
}

const status200 = block([[":status", "200"]])

describe("a connection error", () => {
  const cases: ReadonlyArray<readonly [string, Code, (server: Play) => void]> = [
    ["a frame above MAX_FRAME_SIZE (4.2)", "FRAME_SIZE_ERROR", (s) => s.bytes(frame(0, 0, 1, Buffer.alloc(16_385)))],
    [
      "that is seen on the frame's header (4.2)",
      "FRAME_SIZE_ERROR",
      (s) => s.bytes(Buffer.from("004001000000000001", "hex"))
    ],
    ["DATA on stream 0 (6.1)", "PROTOCOL_ERROR", (s) => s.frame(types.data, 0, 0, Buffer.from("x"))],
    [
      "DATA with more padding than payload (6.1)",
      "PROTOCOL_ERROR",
      (s) => s.frame(types.data, 8, 1, Buffer.from([3, 0, 0]))
    ],
    ["DATA, padded, without a payload (6.1)", "FRAME_SIZE_ERROR", (s) => s.frame(types.data, 8, 1)],
    ["HEADERS on stream 0 (6.2)", "PROTOCOL_ERROR", (s) => s.frame(types.headers, 5, 0, status200)],
    [
      "HEADERS with more padding than payload (6.2)",
      "PROTOCOL_ERROR",
      (s) => s.frame(types.headers, 0xd, 1, Buffer.from([3, 0, 0]))
    ],
    [
      "HEADERS too short for its priority (6.2)",
      "PROTOCOL_ERROR",
      (s) => s.frame(types.headers, 0x25, 1, Buffer.alloc(4))
    ],
    ["HEADERS on an even stream (5.1.1)", "PROTOCOL_ERROR", (s) => s.frame(types.headers, 5, 2, status200)],
    ["HEADERS on an idle stream (5.1)", "PROTOCOL_ERROR", (s) => s.frame(types.headers, 5, 3, status200)],
    ["DATA on an idle stream (5.1)", "PROTOCOL_ERROR", (s) => s.data(3, "x")],
    ["RST_STREAM on an idle stream (6.4)", "PROTOCOL_ERROR", (s) => s.reset(3, 0)],
    ["RST_STREAM on stream 0 (6.4)", "PROTOCOL_ERROR", (s) => s.reset(0, 0)],
    ["RST_STREAM of a wrong size (6.4)", "FRAME_SIZE_ERROR", (s) => s.frame(types.rstStream, 0, 1, Buffer.alloc(3))],
    ["PRIORITY on stream 0 (6.3)", "PROTOCOL_ERROR", (s) => s.frame(types.priority, 0, 0, Buffer.alloc(5))],
    ["PRIORITY of a wrong size (6.3)", "FRAME_SIZE_ERROR", (s) => s.frame(types.priority, 0, 1, Buffer.alloc(4))],
    ["PING on a stream (6.7)", "PROTOCOL_ERROR", (s) => s.frame(types.ping, 0, 1, Buffer.alloc(8))],
    ["PING of a wrong size (6.7)", "FRAME_SIZE_ERROR", (s) => s.frame(types.ping, 0, 0, Buffer.alloc(9))],
    ["GOAWAY of a wrong size (6.8)", "FRAME_SIZE_ERROR", (s) => s.frame(types.goAway, 0, 0, Buffer.alloc(7))],
    ["CONTINUATION without HEADERS (6.10)", "PROTOCOL_ERROR", (s) => s.frame(types.continuation, 4, 1, status200)],
    [
      "CONTINUATION of another stream (6.10)",
      "PROTOCOL_ERROR",
      (s) => {
        s.frame(types.headers, 1, 1, status200)
        s.frame(types.continuation, 4, 3)
      }
    ],
    [
      "another frame inside a header block (6.10)",
      "PROTOCOL_ERROR",
      (s) => {
        s.frame(types.headers, 1, 1, status200)
        s.ping("0000000000000000")
      }
    ],
    [
      "an unknown frame inside a header block (5.5, 6.10)",
      "PROTOCOL_ERROR",
      (s) => {
        s.frame(types.headers, 1, 1, status200)
        s.frame(0xfe, 0, 1)
      }
    ],
    [
      "a header block that is no HPACK (4.3)",
      "COMPRESSION_ERROR",
      (s) => s.frame(types.headers, 5, 1, Buffer.from([0x80]))
    ],
    [
      "a header block cut off in a string (4.3)",
      "COMPRESSION_ERROR",
      (s) => s.frame(types.headers, 5, 1, status200.subarray(0, 5))
    ],
    [
      "an integer overflow in a header block (RFC 7541, 5.1)",
      "COMPRESSION_ERROR",
      (s) => s.frame(types.headers, 5, 1, Buffer.from("ffffffffffffffffff7f", "hex"))
    ],
    [
      "Huffman padding of 8 bits (RFC 7541, 5.2)",
      "COMPRESSION_ERROR",
      (s) => s.frame(types.headers, 5, 1, Buffer.from("000161" + "82ffff", "hex"))
    ],
    [
      "a table above our HEADER_TABLE_SIZE (RFC 7541, 6.3)",
      "COMPRESSION_ERROR",
      (s) => s.frame(types.headers, 5, 1, Buffer.from("3fe21f", "hex"))
    ]
  ]
  for (const [name, code, act] of cases) {
    it(`is ${name}: ${code}`, () => {
      const { server, request } = requested()
      act(server)
      const frames = server.unreadFrames().filter((one) => one.type === types.goAway)
      strictEqual(frames.length, 1)
      strictEqual(server.closes.length, 1)
      strictEqual(server.closes[0]?.message.length !== 0, true)
      server.end()
      strictEqual(request.endings.length, 1)
      deepStrictEqual(frames[0]?.payload.readUInt32BE(4), codeOf(code))
    })
  }
})

const codes: ReadonlyArray<string> = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM"
]
const codeOf = (code: Code) => codes.indexOf(code)

describe("a malformed response is a stream error, PROTOCOL_ERROR (8.1.1)", () => {
  const cases: ReadonlyArray<readonly [string, (server: Play) => void]> = [
    ["no :status (8.3.2)", (s) => s.headers(1, [["a", "b"]], true)],
    ["no fields at all (8.3.2)", (s) => s.headers(1, [], true)],
    ["a :status of letters (8.3.2)", (s) => s.headers(1, [[":status", "abc"]], true)],
    ["a :status of four digits (8.3.2)", (s) => s.headers(1, [[":status", "2000"]], true)],
    ["a :status below 100 (8.3.2)", (s) => s.headers(1, [[":status", "099"]], true)],
    [
      "two :status (8.3)",
      (s) =>
        s.headers(
          1,
          [
            [":status", "200"],
            [":status", "200"]
          ],
          true
        )
    ],
    [
      "a pseudo-header field of requests (8.3)",
      (s) =>
        s.headers(
          1,
          [
            [":status", "200"],
            [":path", "/"]
          ],
          true
        )
    ],
    [
      "a pseudo-header field after a regular one (8.3)",
      (s) =>
        s.headers(
          1,
          [
            ["a", "b"],
            [":status", "200"]
          ],
          true
        )
    ],
    ["a name in upper case (8.2)", (s) => s.respond(1, 200, { fields: [["Apns-Id", "x"]] })],
    ["an empty name (8.2.1)", (s) => s.respond(1, 200, { fields: [["", "x"]] })],
    ["a name with a space (8.2.1)", (s) => s.respond(1, 200, { fields: [["a b", "x"]] })],
    ["a name with a colon (8.2.1)", (s) => s.respond(1, 200, { fields: [["a:b", "x"]] })],
    ["a name above ASCII (8.2.1)", (s) => s.respond(1, 200, { fields: [["\u00e4", "x"]] })],
    ["a value with a line feed (8.2.1)", (s) => s.respond(1, 200, { fields: [["a", "x\ny"]] })],
    ["a value with a NUL (8.2.1)", (s) => s.respond(1, 200, { fields: [["a", "\0"]] })],
    ["a value with a space before it (8.2.1)", (s) => s.respond(1, 200, { fields: [["a", " x"]] })],
    ["a value with a tab after it (8.2.1)", (s) => s.respond(1, 200, { fields: [["a", "x\t"]] })],
    ["connection (8.2.2)", (s) => s.respond(1, 200, { fields: [["connection", "close"]] })],
    ["transfer-encoding (8.2.2)", (s) => s.respond(1, 200, { fields: [["transfer-encoding", "chunked"]] })],
    ["keep-alive (8.2.2)", (s) => s.respond(1, 200, { fields: [["keep-alive", "1"]] })],
    ["upgrade (8.2.2)", (s) => s.respond(1, 200, { fields: [["upgrade", "h2"]] })],
    ["proxy-connection (8.2.2)", (s) => s.respond(1, 200, { fields: [["proxy-connection", "x"]] })],
    ["101 (8.6)", (s) => s.headers(1, [[":status", "101"]])],
    ["an informational response that ends the stream (8.1)", (s) => s.headers(1, [[":status", "100"]], true)],
    ["DATA before its header section (8.1)", (s) => s.data(1, "x")],
    [
      "a body longer than content-length (8.1.1)",
      (s) => s.respond(1, 200, { fields: [["content-length", "1"]], body: "xy" })
    ],
    [
      "a body shorter than content-length (8.1.1)",
      (s) => s.respond(1, 200, { fields: [["content-length", "3"]], body: "xy" })
    ],
    ["no body, but a content-length (8.1.1)", (s) => s.respond(1, 200, { fields: [["content-length", "3"]] })],
    [
      "a content-length that is none (8.1.1)",
      (s) => s.respond(1, 200, { fields: [["content-length", "-1"]], body: "x" })
    ],
    [
      "two content-lengths (8.1.1)",
      (s) =>
        s.respond(1, 200, {
          fields: [
            ["content-length", "1"],
            ["content-length", "2"]
          ],
          body: "x"
        })
    ],
    [
      "trailers without END_STREAM (8.1)",
      (s) => {
        s.headers(1, [[":status", "200"]])
        s.headers(1, [["a", "b"]])
      }
    ],
    [
      "trailers with a pseudo-header field (8.1)",
      (s) => s.respond(1, 200, { body: "x", trailers: [[":status", "200"]] })
    ],
    ["trailers with a name in upper case (8.2)", (s) => s.respond(1, 200, { body: "x", trailers: [["A", "b"]] })]
  ]
  for (const [name, act] of cases) {
    it(`with ${name}`, () => {
      const { server, request } = requested()
      act(server)
      server.expectReset(1, "PROTOCOL_ERROR")
      server.expectNothing()
      const { initiator, code, problem } = request.expect("Reset")
      deepStrictEqual([initiator, code], ["local", 1])
      ok(problem.startsWith("the response is malformed"))
      // The connection goes on.
      const next = server.request()
      server.expectHeaders(3)
      server.respond(3, 200)
      next.expect("Answered")
    })
  }

  it("but not with a tab or obs-text inside a value (8.2.1)", () => {
    const { server, request } = requested()
    server.respond(1, 200, {
      fields: [
        ["a", "x\t\u00e9 y"],
        ["b", ""]
      ]
    })
    request.expect("Answered")
  })
})

describe("late frames on a stream that we reset (5.1)", () => {
  it("keep the compression state, and are discarded", () => {
    const { server, request } = requested()
    request.stream.cancel()
    server.expectCancel(1)
    server.frame(
      types.headers,
      4,
      1,
      block(
        [
          [":status", "200"],
          ["x-entry", "kept"]
        ],
        true
      )
    )
    server.data(1, "late")
    server.windowUpdate(1, 5)
    server.reset(1, 0)
    request.expect("Cancelled")
    const next = server.request()
    server.expectHeaders(3)
    // Dynamic table: 62 is x-entry: kept, 63 is :status: 200.
    server.frame(types.headers, 5, 3, Buffer.from([0x80 | 63, 0x80 | 62]))
    deepStrictEqual(next.expect("Answered").fields, [["x-entry", "kept"]])
    server.expectNothing()
  })

  it("of many streams are not taken for a flood", () => {
    const server = ready()
    for (let round = 0; round < 20; round++) {
      const requests = Array.from({ length: 500 }, () => server.request())
      for (const request of requests) request.stream.cancel()
      server.flush()
      for (const { stream } of requests) {
        server.respond(stream.id, 200, { body: "x" })
        server.reset(stream.id, 0)
      }
      server.pong()
    }
    deepStrictEqual(server.closes, [])
  })
})

describe("a flood ends the connection with ENHANCE_YOUR_CALM (10.5)", () => {
  const floods: ReadonlyArray<readonly [string, (server: Play) => void]> = [
    ["PING", (s) => s.ping("0000000000000000")],
    ["PING that acknowledges nothing", (s) => s.frame(types.ping, 1, 0, Buffer.alloc(8, 1))],
    ["SETTINGS", (s) => s.frame(types.settings, 0, 0, settingsPayload({ initialWindowSize: 1 }))],
    ["PRIORITY", (s) => s.frame(types.priority, 0, 1, Buffer.alloc(5))],
    ["unknown types", (s) => s.frame(0xbb, 0, 0)],
    ["WINDOW_UPDATE", (s) => s.windowUpdate(0, 1)],
    ["WINDOW_UPDATE on a stream", (s) => s.windowUpdate(1, 1)],
    ["GOAWAY", (s) => s.goAway(1, 0)],
    ["informational responses", (s) => s.headers(1, [[":status", "103"]])],
    ["RST_STREAM on closed streams", (s) => s.reset(3, 0)],
    ["header blocks on closed streams", (s) => s.headers(3, [[":status", "200"]])],
    ["DATA on closed streams", (s) => s.data(3, "x")]
  ]
  for (const [name, act] of floods) {
    it(`of ${name}`, () => {
      const { server, request } = requested()
      const done = server.request()
      server.expectHeaders(3)
      server.respond(3, 200)
      done.expect("Answered")
      let frames = 0
      for (; server.closes.length === 0 && frames < 10_000; frames++) {
        act(server)
        server.flush()
      }
      ok(frames > 500 && frames < 2000, `${frames} frames`)
      strictEqual(server.closes[0]?.code, 0xb)
      request.expect("Lost")
    })
  }

  it("of empty DATA", () => {
    const { server } = requested()
    server.headers(1, [[":status", "200"]])
    for (let frames = 0; frames < 1001; frames++) server.data(1, "")
    server.expectConnectionError("ENHANCE_YOUR_CALM")
  })

  it("of CONTINUATION, by their number (10.5.1)", () => {
    const { server } = requested()
    server.frame(types.headers, 1, 1, status200)
    for (let frames = 0; frames < 33; frames++) server.frame(types.continuation, 0, 1)
    server.expectConnectionError("ENHANCE_YOUR_CALM")
  })

  it("of CONTINUATION, however large each is (10.5.1)", () => {
    const { server } = requested()
    server.frame(types.headers, 1, 1, status200)
    for (let frames = 0; frames < 32; frames++) server.frame(types.continuation, 0, 1, Buffer.alloc(16_384))
    deepStrictEqual(server.closes, [])
    server.frame(types.continuation, 0, 1, Buffer.alloc(16_384))
    server.expectConnectionError("ENHANCE_YOUR_CALM")
  })

  it("of PING that are not read: what waits to be written is bounded", () => {
    const server = ready()
    for (let frames = 0; server.closes.length === 0 && frames < 10_000; frames++) {
      server.connection.refill()
      server.ping("0000000000000000")
    }
    server.expectConnectionError("ENHANCE_YOUR_CALM")
  })

  it("but not of frames that come with answers, or over time", () => {
    const server = ready()
    for (let id = 1; id < 6000; id += 2) {
      const request = server.request()
      server.windowUpdate(0, 10)
      server.windowUpdate(id, 10)
      server.ping("0000000000000000")
      server.flush()
      server.respond(id, 200)
      request.expect("Answered")
    }
    for (let second = 0; second < 20; second++) {
      server.connection.refill()
      for (let frames = 0; frames < 900; frames++) server.ping("0000000000000000")
      server.flush()
    }
    deepStrictEqual(server.closes, [])
  })
})

/** A server that is behind with its answers, and pays what it owes for what it has received before it gives them. */
describe("an honest server that answers late", () => {
  /** Requests of which every frame is answered by frames of the server's, and then each by 200. */
  const busy = (count: number, bodyLength: number, owed: (server: Play, streamId: number) => void) => {
    const server = ready({ maxConcurrentStreams: 1000 })
    const requests = Array.from({ length: count }, () => server.request({ body: "x".repeat(bodyLength) }))
    server.flush()
    for (const { stream } of requests) owed(server, stream.id)
    server.flush()
    for (const { stream } of requests) server.respond(stream.id, 200)
    for (const request of requests) request.expect("Answered")
    deepStrictEqual(server.closes, [])
  }

  /** WINDOW_UPDATE frames on the connection and on the stream, this many of each. */
  const widens = (times: number) => (server: Play, streamId: number) => {
    for (let n = 0; n < times; n++) {
      server.windowUpdate(0, 10)
      server.windowUpdate(streamId, 10)
    }
  }

  it("widens connection and stream for each DATA frame (6.9)", () => busy(500, 100, widens(1)))
  it("widens them by a fifth of it each time (6.9)", () => busy(600, 100, widens(5)))
  it("widens them for bodies of 4,096 bytes, which it must for the rest to come (6.9)", () => busy(1000, 64, widens(4)))
  it("sends several 103 before each answer (RFC 9110, 15.2)", () =>
    busy(600, 10, (server, streamId) => {
      for (let n = 0; n < 8; n++) server.headers(streamId, [[":status", "103"]])
    }))
  it("does all of it at once", () =>
    busy(1000, 100, (server, streamId) => {
      widens(3)(server, streamId)
      server.headers(streamId, [[":status", "103"]])
      server.headers(streamId, [[":status", "103"]])
    }))

  it("sends on what we have reset meanwhile (5.1)", () => {
    const server = ready({ maxConcurrentStreams: 1000 })
    const requests = Array.from({ length: 1000 }, () => server.request({ body: "x" }))
    server.flush()
    for (const { stream } of requests) stream.cancel()
    server.flush()
    for (const { stream } of requests) {
      server.windowUpdate(stream.id, 1)
      server.headers(stream.id, [[":status", "200"]])
      for (let n = 0; n < 20; n++) server.data(stream.id, "x", n === 19)
    }
    for (const request of requests) request.expect("Cancelled")
    deepStrictEqual(server.closes, [])
  })

  it("and is ended when it goes on beyond what it owes", () => {
    const server = ready()
    const request = server.request({ body: "x" })
    server.flush()
    for (let n = 0; n < 2000 && server.closes.length === 0; n++) widens(1)(server, 1)
    strictEqual(server.closes[0]?.code, 0xb)
    request.expect("Lost")
  })

  it("cannot save up for ever what it has not used", () => {
    const server = ready({ maxConcurrentStreams: 1000 })
    for (let id = 1; id < 12_000; id += 2) {
      const request = server.request({ body: "x" })
      server.flush()
      server.respond(id, 200)
      request.expect("Answered")
      server.windowUpdate(0, 1)
    }
    server.connection.refill()
    let frames = 0
    for (; frames < 500_000 && server.closes.length === 0; frames++) server.windowUpdate(0, 1)
    ok(frames > 100_000 && frames < 110_000, `${frames} frames`)
    strictEqual(server.closes[0]?.code, 0xb)
  })
})

describe("a response too large", () => {
  it("in its header list resets the stream, and keeps the compression state (10.5.1)", () => {
    const server = ready({}, { maxHeaderListSize: 1000 })
    const request = server.request()
    server.expectHeaders(1)
    server.frame(
      types.headers,
      5,
      1,
      block(
        [
          [":status", "200"],
          ["a", "b"],
          ["large", "x".repeat(1000)]
        ],
        true
      )
    )
    server.expectReset(1, "ENHANCE_YOUR_CALM")
    request.expect("Reset")
    const next = server.request()
    server.expectHeaders(3)
    server.frame(types.headers, 5, 3, Buffer.from([0x80 | 64, 0x80 | 63]))
    deepStrictEqual(next.expect("Answered").fields, [["a", "b"]])
  })

  /** A header block, in frames of this size. */
  const headersIn = (server: Play, streamId: number, size: number, whole: Buffer) => {
    for (let at = 0; at < whole.length; at += size) {
      const last = at + size >= whole.length ? 4 : 0
      const [type, end] = at === 0 ? [types.headers, 1] : [types.continuation, 0]
      server.frame(type, end | last, streamId, whole.subarray(at, at + size))
    }
  }
  const status = [":status", "200"] as const
  const entry = ["a", "b"] as const

  it("in its header list resets the stream alone, in one frame or in several (10.5.1)", () => {
    const lists: ReadonlyArray<ReadonlyArray<readonly [string, string]>> = [
      [["large", "x".repeat(16_300)]],
      [["larger", "x".repeat(200_000)]],
      Array.from({ length: 5000 }, (_, n) => [`n${n}`, "v".repeat(n % 60)])
    ]
    for (const list of lists) {
      for (const size of [16_384, 12_000]) {
        const server = ready()
        const [other, request] = [server.request(), server.request()]
        server.expectHeaders(1)
        server.expectHeaders(3)
        headersIn(server, 3, size, Buffer.concat([block([status, ...list]), block([entry], true)]))
        server.expectReset(3, "ENHANCE_YOUR_CALM")
        strictEqual(request.expect("Reset").initiator, "local")
        // The entry that came after what was too much is in the table (4.3).
        server.frame(types.headers, 5, 1, Buffer.concat([block([status]), Buffer.from([0x80 | 62])]))
        deepStrictEqual(other.expect("Answered").fields, [["a", "b"]])
        server.expectNothing()
      }
    }
  })

  it("in its trailers resets the stream alone, too (8.1 and 10.5.1)", () => {
    const server = ready({}, { maxHeaderListSize: 1000 })
    const [other, request] = [server.request(), server.request()]
    server.flush()
    server.unreadFrames()
    server.headers(3, [status])
    headersIn(server, 3, 1000, block([["large", "x".repeat(9000)]]))
    server.expectReset(3, "ENHANCE_YOUR_CALM")
    request.expect("Reset")
    server.respond(1, 200)
    other.expect("Answered")
  })

  it("on a closed stream does nothing but count, and keeps the compression state (4.3 and 5.1)", () => {
    const server = ready()
    const [other, request] = [server.request(), server.request()]
    server.flush()
    server.unreadFrames()
    request.stream.cancel()
    server.expectCancel(3)
    headersIn(server, 3, 16_384, Buffer.concat([block([["large", "x".repeat(100_000)]]), block([entry], true)]))
    server.expectNothing()
    server.frame(types.headers, 5, 1, Buffer.concat([block([status]), Buffer.from([0x80 | 62])]))
    deepStrictEqual(other.expect("Answered").fields, [["a", "b"]])
  })

  it("is none that is as large as we have said, in as many frames as that takes (6.5.2 and 10.5.1)", () => {
    const server = ready({}, { maxHeaderListSize: 1_000_000 })
    const request = server.request()
    server.expectHeaders(1)
    headersIn(server, 1, 16_384, block([status, ["large", "x".repeat(900_000)]]))
    strictEqual(request.expect("Answered").fields[0]?.[1].length, 900_000)
  })

  it("in its body resets the stream", () => {
    const server = ready({}, { maxBodySize: 10 })
    const [request, exact] = [server.request(), server.request()]
    server.expectHeaders(1)
    server.expectHeaders(3)
    server.respond(1, 200, { body: "12345678901" })
    server.expectReset(1, "ENHANCE_YOUR_CALM")
    strictEqual(request.expect("Reset").initiator, "local")
    server.respond(3, 200, { body: "1234567890" })
    exact.expect("Answered")
    server.expectNothing()
  })

  it("in all bodies together resets the streams that go beyond", () => {
    const server = ready()
    const requests = Array.from({ length: 1000 }, () => server.request())
    server.flush()
    for (const { stream } of requests) {
      server.headers(stream.id, [[":status", "200"]])
      for (let frames = 0; frames < 4; frames++) server.data(stream.id, Buffer.alloc(16_000))
      server.flush()
    }
    const open = requests.filter((request) => request.endings.length === 0).length
    ok(open * 64_000 <= 16_777_216 && open > 200, `${open} streams`)
    deepStrictEqual(server.closes, [])
  })

  it("is not one that advances a stream's window by SETTINGS of its own", () => {
    const { server, request } = requested()
    server.frame(types.settings, 0, 0, uint32())
    server.respond(1, 200)
    request.expect("Answered")
  })
})
