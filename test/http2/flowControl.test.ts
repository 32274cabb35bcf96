/** Dialogues: both flow-control windows, both ways (RFC 9113, 5.2 and 6.9). */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { describe, it } from "vitest"
import { settingsPayload, types, uint32 } from "./support/frames.ts"
import { play, ready } from "./support/play.ts"

describe("what we send", () => {
  it("keeps to the initial window of a stream (6.9.2)", () => {
    const server = ready({ initialWindowSize: 5 })
    server.request({ body: "hello world" })
    server.expectHeaders(1)
    server.expectData(1, "hello", false)
    server.expectNothing()
    server.windowUpdate(1, 1)
    server.expectData(1, " ", false)
    server.windowUpdate(1, 100)
    server.expectData(1, "world")
    server.expectNothing()
  })

  it("keeps to the initial window of the connection, 65,535 whatever the settings say (6.9.2)", () => {
    const server = ready({ initialWindowSize: 1_000_000, maxFrameSize: 100_000 })
    server.request({ body: Buffer.alloc(65_000, "a") })
    server.request({ body: Buffer.alloc(1000, "b") })
    server.expectHeaders(1)
    server.expectData(1, "a".repeat(65_000))
    server.expectHeaders(3)
    server.expectData(3, "b".repeat(535), false)
    server.expectNothing()
    server.windowUpdate(3, 100_000)
    server.expectNothing()
    server.windowUpdate(0, 1000)
    server.expectData(3, "b".repeat(465))
    server.expectNothing()
  })

  it("goes on in the order it began to wait", () => {
    const server = ready({ initialWindowSize: 0 })
    server.request({ body: "a" })
    server.request({ body: "b" })
    server.request({ body: "c" })
    for (const id of [1, 3, 5]) server.expectHeaders(id)
    server.settings({ initialWindowSize: 1 })
    server.expectData(1, "a")
    server.expectData(3, "b")
    server.expectData(5, "c")
  })

  it("shares the connection's window among those that wait, a frame in turn (5.2.1 and 6.9)", () => {
    const server = ready({ initialWindowSize: 1_000_000, maxFrameSize: 1_000_000 })
    for (const letter of "abc") server.request({ body: letter.repeat(200_000) })
    server.flush()
    server.unreadFrames()
    const sent = () => server.unreadFrames().map(({ payload }) => [payload.toString("latin1", 0, 1), payload.length])
    const order: Array<unknown> = []
    for (let updates = 0; updates < 9; updates++) {
      server.windowUpdate(0, 10_000)
      order.push(...sent())
    }
    deepStrictEqual(
      order,
      [..."abcabcabc"].map((letter) => [letter, 10_000])
    )
    server.windowUpdate(0, 50_000)
    deepStrictEqual(sent(), [
      ["a", 16_384],
      ["b", 16_384],
      ["c", 16_384],
      ["a", 50_000 - 3 * 16_384]
    ])
  })

  it("passes by who waits for a window of its own, which keeps its place (5.2.1 and 6.9)", () => {
    const server = ready({ initialWindowSize: 65_535 })
    for (const letter of "abc") server.request({ body: letter.repeat(80_000) })
    server.flush()
    server.unreadFrames()
    const turns = () => server.unreadFrames().map(({ payload }) => payload.toString("latin1", 0, 1))
    // The first has used its own window up.
    for (const letter of "bcb") {
      server.windowUpdate(0, 10)
      deepStrictEqual(turns(), [letter])
    }
    server.windowUpdate(1, 100_000)
    for (const letter of "acba") {
      server.windowUpdate(0, 10)
      deepStrictEqual(turns(), [letter])
    }
  })

  it("is whole and in order for each that shares it (5.2.1)", () => {
    const server = ready({ initialWindowSize: 0 })
    const bodies = Array.from({ length: 7 }, (_, n) => String.fromCharCode(97 + n).repeat(20_000 + n))
    const requests = bodies.map((body) => server.request({ body }))
    server.flush()
    server.unreadFrames()
    const sent = new Map<number, string>()
    for (let turn = 1; sent.size < 7 || [...sent.values()].join("").length < bodies.join("").length; turn++) {
      server.windowUpdate(0, 1000 * (turn % 5) + 1)
      server.windowUpdate(1 + 2 * (turn % 7), 1500)
      for (const { payload, streamId, flags } of server.unreadFrames()) {
        const text = (sent.get(streamId) ?? "") + payload.toString("latin1")
        sent.set(streamId, text)
        strictEqual((flags & 1) !== 0, text.length === bodies[(streamId - 1) / 2]?.length)
      }
    }
    deepStrictEqual(
      [...sent].sort(([a], [b]) => a - b).map(([, text]) => text),
      bodies
    )
    for (const { stream } of requests) server.respond(stream.id, 200)
    for (const request of requests) request.expect("Answered")
  })

  it("follows INITIAL_WINDOW_SIZE down below 0 and up again (6.9.2)", () => {
    const server = ready({ initialWindowSize: 10 })
    server.request({ body: "0123456789abcdef" })
    server.expectHeaders(1)
    server.expectData(1, "0123456789", false)
    // The window is now 0 - 8 = -8.
    server.settings({ initialWindowSize: 2 })
    server.windowUpdate(1, 8)
    server.expectNothing()
    server.windowUpdate(1, 1)
    server.expectData(1, "a", false)
    server.settings({ initialWindowSize: 4 })
    server.expectData(1, "bc", false)
    server.settings({ initialWindowSize: 3 })
    server.settings({ initialWindowSize: 100 })
    server.expectData(1, "def")
  })

  it("ends with END_STREAM on HEADERS without a body (8.1)", () => {
    const server = ready({ initialWindowSize: 0 })
    server.request()
    server.request({ body: "" })
    server.request({ body: Buffer.alloc(0) })
    for (const id of [1, 3, 5]) server.expectFrame(types.headers, 5, id)
    server.expectNothing()
  })

  it("counts a text in bytes (6.9.1)", () => {
    const server = ready({ initialWindowSize: 7 })
    server.request({ body: "grüße" })
    server.request({ body: "€uros" })
    server.expectHeaders(1)
    server.expectData(1, "grüße")
    server.expectHeaders(3)
    server.expectData(3, "€uros")
    server.request({ body: "12345678" })
    server.expectHeaders(5)
    server.expectData(5, "1234567", false)
  })

  it("is the same text whether its size is known to fit or not", () => {
    const text = "ü€😀".repeat(2000)
    const server = ready({ initialWindowSize: 60_000 })
    server.request({ body: text })
    server.expectHeaders(1)
    server.expectFrame(types.data, 0, 1)
    const rest = server.expectFrame(types.data, 1, 1).payload
    ok(text.endsWith(rest.toString("utf8").slice(1)))
  })

  it("waits in bounded memory for a socket that does not take it", () => {
    const server = ready({ initialWindowSize: 2 ** 31 - 1 })
    server.windowUpdate(0, 2 ** 31 - 1 - 65_535)
    server.expectNothing()
    const body = Buffer.alloc(10_000_000, "a")
    server.request({ body })
    const first = server.connection.take()
    ok(first !== undefined && first.length < 4_300_000)
    server.connection.recycle()
    let length = first.length
    for (let bytes = server.connection.take(); bytes !== undefined; bytes = server.connection.take()) {
      length += bytes.length
      server.connection.recycle()
    }
    ok(length > body.length)
  })

  it("may not be given a window above 2^31-1: the connection's (6.9.1)", () => {
    const server = ready()
    server.windowUpdate(0, 2 ** 31 - 1)
    server.expectConnectionError("FLOW_CONTROL_ERROR")
  })

  it("may not be given a window above 2^31-1: a stream's (6.9.1)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.windowUpdate(1, 2 ** 31 - 1)
    server.expectReset(1, "FLOW_CONTROL_ERROR")
    strictEqual(request.expect("Reset").initiator, "local")
    server.expectNothing()
  })

  it("may not be given a window above 2^31-1: by SETTINGS (6.9.2)", () => {
    const server = ready()
    server.request()
    server.expectHeaders(1)
    server.windowUpdate(1, 2 ** 31 - 1 - 65_535)
    server.frame(types.settings, 0, 0, settingsPayload({ initialWindowSize: 65_536 }))
    server.expectConnectionError("FLOW_CONTROL_ERROR")
  })

  it("may not be given 0: for the connection, for a stream (6.9)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.windowUpdate(1, 0)
    server.expectReset(1, "PROTOCOL_ERROR")
    request.expect("Reset")
    server.windowUpdate(0, 0)
    server.expectConnectionError("PROTOCOL_ERROR")
  })

  it("may not be given a window for an idle stream, may be for a closed one (5.1)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.respond(1, 200)
    request.expect("Answered")
    server.windowUpdate(1, 10)
    server.expectNothing()
    server.windowUpdate(3, 10)
    server.expectConnectionError("PROTOCOL_ERROR")
  })
})

describe("what we receive", () => {
  it("may come in a window of 1 MiB for the connection (6.9.2)", () => {
    const server = play()
    server.expectFrame(types.settings, 0, 0)
    server.expectWindowUpdate(0, 1_048_576 - 65_535)
  })

  it("is given back in batches, for the connection and the stream (6.9)", () => {
    const server = ready({}, { maxBodySize: 10_000_000 })
    const request = server.request()
    server.expectHeaders(1)
    server.headers(1, [[":status", "200"]])
    server.data(1, Buffer.alloc(16_384))
    server.expectNothing()
    server.data(1, Buffer.alloc(16_384))
    server.expectWindowUpdate(1, 32_768)
    for (let frames = 2; frames < 32; frames++) {
      server.data(1, Buffer.alloc(16_384), frames === 31)
      if (frames === 31) server.expectWindowUpdate(0, 32 * 16_384)
      else if (frames % 2 === 1) server.expectWindowUpdate(1, 32_768)
    }
    server.expectNothing()
    strictEqual(request.expect("Answered").body.length, 32 * 16_384)
  })

  it("counts with its padding (6.9.1)", () => {
    const server = ready()
    server.request()
    server.expectHeaders(1)
    server.headers(1, [[":status", "200"]])
    for (let frames = 0; frames < 127; frames++) {
      server.frame(types.data, 0x8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(257)]))
    }
    server.expectNothing()
    server.frame(types.data, 0x8, 1, Buffer.concat([Buffer.from([0]), Buffer.alloc(1)]))
    server.expectWindowUpdate(1, 127 * 258 + 2)
  })

  it("may not be above the window of the stream, as far as the peer can know it (6.9.1)", () => {
    for (const taken of [false, true]) {
      const server = ready({}, { maxBodySize: 100_000 })
      const request = server.request()
      server.expectHeaders(1)
      server.headers(1, [[":status", "200"]])
      for (let frames = 0; frames < 6; frames++) {
        server.data(1, Buffer.alloc(13_000))
        if (taken) server.flush()
      }
      if (taken) request.expectPending()
      else strictEqual(request.expect("Reset").code, 3)
    }
  })

  it("may not be above the window of the connection, as far as the peer can know it (6.9.1)", () => {
    for (const taken of [false, true]) {
      const server = ready()
      server.request().stream.cancel()
      server.flush()
      for (let frames = 0; frames < 65; frames++) {
        server.data(1, Buffer.alloc(16_384))
        if (taken) server.flush()
      }
      deepStrictEqual(
        server.closes.map((error) => error?.code),
        taken ? [] : [3]
      )
    }
  })

  it("counts for the connection on closed streams too (5.1)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    request.stream.cancel()
    server.expectCancel(1)
    for (let frames = 0; frames < 31; frames++) server.data(1, Buffer.alloc(16_384))
    server.expectNothing()
    server.data(1, Buffer.alloc(16_384))
    server.expectWindowUpdate(0, 32 * 16_384)
  })

  it("may not be a WINDOW_UPDATE of another size than 4 (6.9)", () => {
    const server = ready()
    server.frame(types.windowUpdate, 0, 0, Buffer.concat([uint32(1), Buffer.from([0])]))
    server.expectConnectionError("FRAME_SIZE_ERROR")
  })
})
