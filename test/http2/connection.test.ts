/** Dialogues: settings, streams and their limit, PING, header blocks, and the ends of input. */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { describe, it } from "vitest"
import { Decoder } from "../../packages/http2/src/hpack/index.ts"
import { block, frame, settingsPayload, types, uint32 } from "./support/frames.ts"
import { play, type Requested, ready } from "./support/play.ts"

describe("the connection preface", () => {
  it("is the magic, then SETTINGS with ENABLE_PUSH 0 (3.4, 6.5.2)", () => {
    const server = play()
    const { payload } = server.expectFrame(types.settings, 0, 0)
    strictEqual(payload.readUInt16BE(0), 2)
    strictEqual(payload.readUInt32BE(2), 0)
    server.expectFrame(types.windowUpdate, 0, 0)
    server.expectNothing()
  })

  it("opens nothing before the peer's SETTINGS (3.4)", () => {
    const server = play()
    strictEqual(server.connection.openable, 0)
    const request = server.request()
    server.expectPreface()
    server.expectNothing()
    request.expect("NeverWritten")
    server.settings({ maxConcurrentStreams: 3 })
    strictEqual(server.connection.openable, 3)
  })

  it("of the peer must be SETTINGS (3.4)", () => {
    const server = play()
    server.expectPreface()
    server.ping("0000000000000000")
    server.expectConnectionError("PROTOCOL_ERROR")
  })

  it("of the peer may not be an ACK of SETTINGS (3.4)", () => {
    const server = play()
    server.expectPreface()
    server.settingsAck()
    server.expectConnectionError("PROTOCOL_ERROR")
  })

  it("is recognised as not HTTP/2 from the beginning of an HTTP/1.1 response (3.4)", () => {
    const server = play()
    server.expectPreface()
    server.bytes(Buffer.from("HTTP/1.1 400 Bad Request\r\n"))
    server.expectConnectionError("PROTOCOL_ERROR")
  })
})

describe("SETTINGS", () => {
  it("are acknowledged, each time (6.5.3)", () => {
    const server = play()
    server.settings()
    server.settings({ maxConcurrentStreams: 5 })
    server.settings({ maxConcurrentStreams: 6 })
    server.expectNothing()
  })

  it("without MAX_CONCURRENT_STREAMS leave our own limit (6.5.2)", () => {
    strictEqual(ready({}, { maxConcurrentStreams: 7 }).connection.openable, 7)
    strictEqual(ready({ maxConcurrentStreams: 5 }, { maxConcurrentStreams: 7 }).connection.openable, 5)
  })

  it("move MAX_CONCURRENT_STREAMS between 1, 3 and 0 (5.1.2, 6.5.2)", () => {
    const server = ready({ maxConcurrentStreams: 1 })
    const { connection } = server
    server.request()
    strictEqual(connection.openable, 0)
    server.request().expectPending()
    server.expectHeaders(1)
    server.expectNothing()
    server.settings({ maxConcurrentStreams: 3 })
    strictEqual(connection.openable, 2)
    server.request()
    server.request()
    strictEqual(connection.openable, 0)
  })

  it("lowered below what is open let that finish, and open no more (5.1.2)", () => {
    const server = ready({ maxConcurrentStreams: 3 })
    const requests = [server.request(), server.request(), server.request()]
    for (const id of [1, 3, 5]) server.expectHeaders(id)
    server.settings({ maxConcurrentStreams: 1 })
    server.respond(1, 200)
    strictEqual(server.connection.openable, 0)
    server.respond(3, 200)
    strictEqual(server.connection.openable, 0)
    server.respond(5, 200)
    strictEqual(server.connection.openable, 1)
    for (const request of requests) request.expect("Answered")
    server.settings({ maxConcurrentStreams: 0 })
    strictEqual(server.connection.openable, 0)
    server.settings({ maxConcurrentStreams: 1000 })
    strictEqual(server.connection.openable, 1000)
    strictEqual(server.events.at(-1), "capacity")
  })

  it("never let more streams be open than the limit, while it moves during load (5.1.2)", () => {
    const server = ready({ maxConcurrentStreams: 1 })
    const open: Array<number> = []
    const requests: Array<Requested> = []
    let limit = 1
    /** Reads what was opened; a stream opened now must be within the limit that the client knows now. */
    const read = () => {
      for (const { type, streamId } of server.unreadFrames()) {
        if (type !== types.headers) continue
        open.push(streamId)
        ok(open.length <= limit, `${open.length} streams are open, ${limit} are allowed`)
      }
    }
    server.onCapacity = () => {
      while (server.connection.openable > 0 && requests.length < 5000) requests.push(server.request())
    }
    server.onCapacity()
    for (let round = 0; requests.length < 5000; round++) {
      read()
      limit = [1000, 0, 7, 1, 1000, 3][round % 6] as number
      server.frame(types.settings, 0, 0, settingsPayload({ maxConcurrentStreams: limit }))
      read()
      for (let count = limit === 0 ? open.length : Math.ceil(open.length / 2); count > 0; count--) {
        server.respond(open.shift() as number, 200)
        read()
      }
    }
    read()
    for (const id of open) server.respond(id, 200)
    for (const request of requests) request.expect("Answered")
  })

  it("may not be of a length that is no multiple of 6 (6.5)", () => {
    const server = ready()
    server.frame(types.settings, 0, 0, Buffer.alloc(5))
    server.expectConnectionError("FRAME_SIZE_ERROR")
  })

  it("with ACK may not have a payload (6.5)", () => {
    const server = play()
    server.settings()
    server.frame(types.settings, 1, 0, Buffer.alloc(6))
    server.expectConnectionError("FRAME_SIZE_ERROR")
  })

  it("may not be acknowledged twice (6.5.3)", () => {
    const server = ready()
    server.settingsAck()
    server.expectConnectionError("PROTOCOL_ERROR")
  })

  it("may not be on a stream (6.5)", () => {
    const server = ready()
    server.frame(types.settings, 0, 1)
    server.expectConnectionError("PROTOCOL_ERROR")
  })

  it("may not have values out of range (6.5.2)", () => {
    const cases = [
      [{ enablePush: 1 }, "PROTOCOL_ERROR"],
      [{ enablePush: 2 }, "PROTOCOL_ERROR"],
      [{ initialWindowSize: 2 ** 31 }, "FLOW_CONTROL_ERROR"],
      [{ maxFrameSize: 16_383 }, "PROTOCOL_ERROR"],
      [{ maxFrameSize: 16_777_216 }, "PROTOCOL_ERROR"]
    ] as const
    for (const [values, code] of cases) {
      const server = ready()
      server.frame(types.settings, 0, 0, settingsPayload(values))
      server.expectConnectionError(code)
    }
  })

  it("of unknown identifiers are ignored (6.5.2)", () => {
    const server = ready()
    server.frame(types.settings, 0, 0, Buffer.from("ffff00000001", "hex"))
    server.expectFrame(types.settings, 1, 0)
    server.expectNothing()
  })

  it("of HEADER_TABLE_SIZE shrink the encoder's table (4.3.1, RFC 7541 4.2)", () => {
    const server = ready({ headerTableSize: 0 })
    for (const id of [1, 3]) {
      server.request({ path: "/x", stableFields: [["a", "b"]] })
      const { payload } = server.expectFrame(types.headers, 5, id)
      // The first block says so, with a size update to 0; and nothing is indexed.
      strictEqual(payload[0] === 0x20, id === 1)
    }
  })

  it("of HEADER_TABLE_SIZE 0 and 4096 in one frame empty the encoder's table, for the peer's is empty (RFC 7541 4.2)", () => {
    const server = ready()
    const stableFields = [["a", "b"]] as const
    server.request({ stableFields })
    server.expectHeaders(1, { a: "b" })
    const both = Buffer.concat([settingsPayload({ headerTableSize: 0 }), settingsPayload({ headerTableSize: 4096 })])
    server.frame(types.settings, 0, 0, both)
    server.expectFrame(types.settings, 1, 0)
    server.request({ stableFields })
    const { payload } = server.expectFrame(types.headers, 5, 3)
    // Size updates to 0 and to 4096, and then no index of the dynamic table.
    strictEqual(payload.subarray(0, 4).toString("hex"), "203fe11f")
    deepStrictEqual(new Decoder({ maxTableSize: 4096, maxHeaderListSize: 10_000 }).decode(payload).at(-1), ["a", "b"])
  })

  it("of MAX_FRAME_SIZE cut header blocks and bodies (4.2, 6.10)", () => {
    const server = ready({ maxFrameSize: 16_384 })
    const big = "\u00ff".repeat(40_000)
    const body = Buffer.alloc(20_000, "b")
    server.request({ fields: [["x", big, "never"]], body })
    server.expectHeaders(1, { x: big })
    server.expectData(1, "b".repeat(16_384), false)
    server.expectData(1, "b".repeat(20_000 - 16_384))
    server.settings({ maxFrameSize: 100_000 })
    server.request({ fields: [["x", big, "never"]], body })
    ok(server.expectFrame(types.headers, 4, 3).payload.length > 40_000)
    server.expectData(3, "b".repeat(20_000))
    server.expectNothing()
  })

  it("of MAX_HEADER_LIST_SIZE refuse a larger request here (6.5.2)", () => {
    const server = ready({ maxHeaderListSize: 300 })
    const small = server.request({ path: "/a" })
    server.expectHeaders(1)
    const large = server.request({ path: `/${"a".repeat(200)}` })
    server.expectNothing()
    ok(large.expect("NeverWritten").problem.includes("MAX_HEADER_LIST_SIZE"))
    server.respond(1, 200)
    small.expect("Answered")
    strictEqual(server.connection.openStreams, 0)
  })
})

describe("streams", () => {
  it("have odd identifiers in order (5.1.1)", () => {
    const server = ready()
    for (const id of [1, 3, 5]) {
      server.request()
      server.expectHeaders(id)
    }
  })

  it("count until they are closed (5.1.2)", () => {
    const server = ready({ maxConcurrentStreams: 1 })
    const request = server.request()
    server.headers(1, [[":status", "200"]])
    strictEqual(server.connection.openable, 0)
    server.data(1, "x")
    strictEqual(server.connection.openable, 0)
    request.expectPending()
    server.data(1, "y", true)
    strictEqual(server.connection.openable, 1)
    strictEqual(request.expect("Answered").body.toString(), "xy")
  })

  it("run out: after the last identifier the connection closes (5.1.1)", () => {
    const server = ready({}, { firstStreamId: 2 ** 31 - 3 })
    strictEqual(server.connection.openable, 2)
    server.request()
    const last = server.request()
    strictEqual(server.connection.openable, 0)
    server.expectHeaders(2 ** 31 - 3)
    server.expectHeaders(2 ** 31 - 1)
    server.respond(2 ** 31 - 3, 200)
    deepStrictEqual(server.closes, [])
    server.respond(2 ** 31 - 1, 200)
    last.expect("Answered")
    server.expectGoAway("NO_ERROR")
    deepStrictEqual(server.closes, [undefined])
  })

  it("are answered in any order (5)", () => {
    const server = ready()
    const requests = Array.from({ length: 600 }, () => server.request())
    for (let index = 599; index >= 0; index--) server.respond(1 + 2 * index, 200 + (index % 100))
    requests.forEach((request, index) => {
      strictEqual(request.expect("Answered").status, 200 + (index % 100))
    })
  })

  it("that stay open do not disturb those that come and go (5.1.2)", () => {
    const server = ready()
    const slow = server.request()
    for (let index = 1; index < 5000; index++) {
      const request = server.request()
      server.respond(1 + 2 * index, 200)
      request.expect("Answered")
    }
    slow.expectPending()
    server.respond(1, 204)
    slow.expect("Answered")
    strictEqual(server.connection.openStreams, 0)
  })

  it("tell how far they are", () => {
    const server = ready({ initialWindowSize: 3 })
    const { stream } = server.request({ body: "hello" })
    strictEqual(stream.stage, "write")
    server.flush()
    strictEqual(stream.stage, "write")
    server.windowUpdate(1, 2)
    server.flush()
    strictEqual(stream.stage, "answer")
    server.headers(1, [[":status", "200"]])
    strictEqual(stream.stage, "body")
  })
})

describe("responses", () => {
  it("may be preceded by informational ones (8.1)", () => {
    const server = ready()
    const request = server.request()
    server.headers(1, [
      [":status", "103"],
      ["link", "x"]
    ])
    server.headers(1, [[":status", "100"]])
    request.expectPending()
    server.respond(1, 200, { fields: [["a", "b"]] })
    deepStrictEqual(request.expect("Answered").fields, [["a", "b"]])
  })

  it("may be padded, and have the deprecated priority fields (6.1, 6.2)", () => {
    const server = ready()
    const request = server.request()
    const fields = block([[":status", "200"]])
    server.frame(
      types.headers,
      0x4 | 0x8 | 0x20,
      1,
      Buffer.concat([Buffer.from([3]), uint32(0), Buffer.from([9]), fields, Buffer.alloc(3)])
    )
    server.frame(types.data, 0x8, 1, Buffer.from([2, 0x61, 0, 0]))
    server.frame(types.data, 0x8 | 0x1, 1, Buffer.from([0, 0x62]))
    strictEqual(request.expect("Answered").body.toString(), "ab")
  })

  it("may be cut over CONTINUATION frames anywhere (6.10)", () => {
    const fields = block(
      [
        [":status", "200"],
        ["a", "b"]
      ],
      true
    )
    for (let cut = 0; cut <= fields.length; cut++) {
      const server = ready()
      const request = server.request()
      server.frame(types.headers, 0x1, 1, fields.subarray(0, cut))
      server.frame(types.continuation, 0, 1, fields.subarray(cut, cut))
      server.frame(types.continuation, 0x4, 1, fields.subarray(cut))
      deepStrictEqual(request.expect("Answered").fields, [["a", "b"]])
    }
  })

  it("may end with an empty DATA frame (6.1)", () => {
    const server = ready()
    const request = server.request()
    server.headers(1, [[":status", "200"]])
    server.data(1, "", true)
    strictEqual(request.expect("Answered").body.length, 0)
  })

  it("may be complete before the request: the rest of it is not sent (8.1)", () => {
    const server = ready({ initialWindowSize: 2 })
    const request = server.request({ body: "hello" })
    server.expectHeaders(1)
    server.expectData(1, "he", false)
    server.respond(1, 413)
    strictEqual(request.expect("Answered").status, 413)
    server.expectReset(1, "CANCEL")
    // Asked to stop, as a server may (8.1): the answer stands.
    server.reset(1, 0)
    server.windowUpdate(0, 100)
    server.expectNothing()
    strictEqual(server.connection.openStreams, 0)
  })

  it("to HEAD have a content-length without a body (8.1.1)", () => {
    const server = ready()
    const request = server.request({ method: "HEAD" })
    server.respond(1, 200, { fields: [["content-length", "10"]] })
    request.expect("Answered")
  })

  it("arrive whatever the chunks (4.1)", () => {
    const bytes = Buffer.concat([
      frame(types.settings, 0, 0, settingsPayload({ maxConcurrentStreams: 10 })),
      frame(types.settings, 1, 0),
      frame(
        types.headers,
        4,
        1,
        block(
          [
            [":status", "200"],
            ["a", "b"]
          ],
          true
        )
      ),
      frame(types.data, 0, 1, Buffer.from("hello")),
      frame(types.headers, 5, 1, block([["t", "u"]], true))
    ])
    const first = 15
    for (let size = 1; size < 40; size++) {
      const server = play()
      server.bytes(bytes.subarray(0, first))
      const request = server.request()
      for (let at = first; at < bytes.length; at += size) server.bytes(bytes.subarray(at, at + size))
      const answer = request.expect("Answered")
      deepStrictEqual([answer.body.toString(), answer.trailers], ["hello", [["t", "u"]]])
    }
  })
})

describe("PING", () => {
  it("of the peer is answered with its payload (6.7)", () => {
    const server = ready()
    server.ping("0102030405060708")
    strictEqual(server.expectFrame(types.ping, 1, 0).payload.toString("hex"), "0102030405060708")
  })

  it("of ours calls back when it is answered, each its own (6.7)", () => {
    const server = ready()
    const answered: Array<number> = []
    server.connection.ping(() => answered.push(1))
    server.connection.ping(() => answered.push(2))
    const first = server.expectFrame(types.ping, 0, 0).payload
    const second = server.expectFrame(types.ping, 0, 0).payload
    server.frame(types.ping, 1, 0, second)
    deepStrictEqual(answered, [2])
    server.frame(types.ping, 1, 0, first)
    server.frame(types.ping, 1, 0, first)
    server.frame(types.ping, 1, 0, Buffer.alloc(8, 0xff))
    deepStrictEqual(answered, [2, 1])
    server.expectNothing()
  })
})

describe("frames that mean nothing here", () => {
  it("are ignored: PRIORITY and unknown types (5.3.2, 5.5)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.frame(types.priority, 0, 1, Buffer.alloc(5))
    server.frame(types.priority, 0, 77, Buffer.alloc(5))
    server.frame(0xfe, 0xff, 1, Buffer.from("x"))
    server.frame(0x0c, 0, 0)
    server.respond(1, 200)
    request.expect("Answered")
    server.expectNothing()
  })

  it("are PUSH_PROMISE no more: it is an error with push disabled (8.4)", () => {
    const server = ready()
    server.request()
    server.expectHeaders(1)
    server.frame(types.pushPromise, 4, 1, Buffer.concat([uint32(2), block([[":method", "GET"]])]))
    server.expectConnectionError("PROTOCOL_ERROR")
  })
})
