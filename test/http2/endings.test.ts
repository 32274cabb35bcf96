/** Dialogues: every way a stream ends, exactly once, and what GOAWAY does. */
import { deepStrictEqual, strictEqual } from "node:assert"
import { describe, it } from "vitest"
import { settingsPayload, types } from "./support/frames.ts"
import { play, ready } from "./support/play.ts"

describe("a stream ends", () => {
  it("as answered (8.1)", () => {
    const server = ready()
    const request = server.request()
    server.respond(1, 400, { fields: [["apns-id", "A"]], body: `{"reason":"BadTopic"}` })
    const { status, fields, body, trailers } = request.expect("Answered")
    deepStrictEqual([status, fields, body.toString(), trailers], [400, [["apns-id", "A"]], `{"reason":"BadTopic"}`, []])
  })

  it("as refused, by RST_STREAM with REFUSED_STREAM (8.7)", () => {
    const server = ready()
    const request = server.request()
    server.reset(1, 7)
    request.expect("Refused")
    strictEqual(server.connection.openStreams, 0)
  })

  it("as reset, not refused, when a response had begun: it was processed (8.7)", () => {
    const server = ready()
    const request = server.request()
    server.headers(1, [[":status", "200"]])
    server.reset(1, 7)
    const { code, received } = request.expect("Reset")
    deepStrictEqual([code, received?.status, received?.body.length], [7, 200, 0])
  })

  it("as reset, with the code and who did it (6.4)", () => {
    const server = ready()
    const request = server.request()
    server.reset(1, 0x2)
    const { code, initiator } = request.expect("Reset")
    deepStrictEqual([code, initiator], [2, "peer"])
    const unknown = server.request()
    server.reset(3, 0xdeadbeef)
    strictEqual(unknown.expect("Reset").code, 0xdeadbeef)
  })

  it("as above the last stream of a GOAWAY (6.8)", () => {
    const server = ready()
    const processed = server.request()
    const above = server.request()
    server.flush()
    server.goAway(1, 0, "bye")
    deepStrictEqual(above.expect("AboveLastStream").goAway, { code: 0, lastStreamId: 1, debugData: "bye" })
    processed.expectPending()
    server.respond(1, 200)
    processed.expect("Answered")
  })

  it("by its answer, if that had begun, also above the last stream of a GOAWAY: it was processed (8.7)", () => {
    const server = ready()
    const [begun, above] = [server.request(), server.request()]
    server.flush()
    server.headers(1, [[":status", "200"]])
    server.goAway(0, 0, "bye")
    above.expect("AboveLastStream")
    begun.expectPending()
    server.data(1, "x", true)
    strictEqual(begun.expect("Answered").body.toString(), "x")
    server.flush()
    deepStrictEqual(server.closes, [undefined])
  })

  it("as lost by its answer that had begun above the last stream of a GOAWAY, when no more of it comes (8.7)", () => {
    const server = ready()
    const begun = server.request()
    server.flush()
    server.headers(1, [[":status", "200"]])
    server.goAway(0, 0)
    server.end()
    begun.expect("Lost")
  })

  it("as lost, with the end of the connection as an error, in the middle of a frame", () => {
    const server = ready()
    const request = server.request()
    server.flush()
    server.bytes(Buffer.from("00000a0000", "hex"))
    server.end()
    strictEqual(request.expect("Lost").problem, "the peer ended the connection, in the middle of a frame")
    server.flush()
    strictEqual(server.closes[0]?.message, "the peer ended the connection, in the middle of a frame")
  })

  it("as lost or never written by destroy(), whatever is said of it", () => {
    const server = ready()
    const taken = server.request()
    server.flush()
    const left = server.request()
    server.connection.destroy("")
    server.flush()
    taken.expect("Lost")
    left.expect("NeverWritten")
  })

  it("as answered without content, whatever its length is said to be: HEAD, 204, 304 (8.1.1)", () => {
    for (const [method, status] of [
      ["HEAD", 200],
      ["POST", 204],
      ["GET", 304]
    ] as const) {
      const server = ready()
      const told = server.request({ method })
      server.respond(1, status, { fields: [["content-length", "5"]] })
      told.expect("Answered")
      const wrong = server.request({ method })
      server.respond(3, status, { body: "x" })
      strictEqual(wrong.expect("Reset").initiator, "local")
    }
  })

  it("as lost, when the connection ends after it was written (5.4)", () => {
    const server = ready()
    const request = server.request()
    server.flush()
    server.end("the peer ended the connection")
    strictEqual(request.expect("Lost").problem, "the peer ended the connection")
  })

  it("as lost, when its response had begun", () => {
    const server = ready()
    const request = server.request()
    server.flush()
    server.headers(1, [
      [":status", "400"],
      ["apns-id", "x"]
    ])
    server.data(1, '{"rea')
    server.end()
    const { received } = request.expect("Lost")
    deepStrictEqual([received?.status, received?.fields, received?.body.toString()], [400, [["apns-id", "x"]], '{"rea'])
  })

  it("as lost, when only its header section was written (6.9)", () => {
    const server = ready({ initialWindowSize: 0 })
    const request = server.request({ body: "x" })
    server.flush()
    server.end()
    request.expect("Lost")
  })

  it("as never written, when its bytes were not taken before the end", () => {
    const server = ready()
    const taken = server.request()
    server.flush()
    const left = server.request()
    server.end()
    taken.expect("Lost")
    left.expect("NeverWritten")
    server.expectHeaders(1)
    server.expectNothing()
  })

  it("as never written, when the peer broke a rule before: its bytes are dropped, GOAWAY is sent", () => {
    const server = ready()
    const taken = server.request()
    server.expectHeaders(1)
    const left = server.request()
    server.frame(types.ping, 0, 0, Buffer.alloc(7))
    server.expectConnectionError("FRAME_SIZE_ERROR")
    taken.expect("Lost")
    left.expect("NeverWritten")
  })

  it("as cancelled, which resets it with CANCEL (7); never from inside cancel()", () => {
    const server = ready({ maxConcurrentStreams: 1 })
    const request = server.request({ body: "x" })
    server.expectHeaders(1)
    server.expectData(1, "x")
    request.stream.cancel()
    request.stream.cancel()
    request.expectPending()
    server.expectCancel(1)
    request.expect("Cancelled")
    server.expectNothing()
  })

  it("as cancelled before it was taken: the whole request is written all the same, and the reset after it", () => {
    const server = ready()
    const request = server.request({ body: "x" })
    strictEqual(request.stream.stage, "write")
    request.stream.cancel()
    server.expectHeaders(1)
    server.expectData(1, "x")
    server.expectReset(1, "CANCEL")
    request.expect("Cancelled")
  })

  it("as cancelled while its body waits for a window: the rest is not sent (6.9)", () => {
    const server = ready({ initialWindowSize: 1 })
    const request = server.request({ body: "xyz" })
    server.expectHeaders(1)
    server.expectData(1, "x", false)
    request.stream.cancel()
    server.expectCancel(1)
    server.windowUpdate(1, 10)
    server.settings({ initialWindowSize: 100 })
    server.expectNothing()
    request.expect("Cancelled")
  })

  it("as cancelled, and keeps its place until the peer has said that it knows (10.5)", () => {
    const server = ready({ maxConcurrentStreams: 2 })
    const requests = [server.request(), server.request()]
    server.flush()
    requests[0]?.stream.cancel()
    requests[1]?.stream.cancel()
    strictEqual(server.connection.openable, 0)
    const refused = server.request()
    server.flush()
    refused.expect("NeverWritten")
    server.pong()
    strictEqual(server.connection.openable, 2)
    server.request()
    server.respond(5, 200)
    strictEqual(server.connection.openable, 2)
  })

  it("as cancelled, ten thousand times over, and never more than the peer can have got rid of (10.5)", () => {
    const server = ready({ maxConcurrentStreams: 100 })
    let opened = 0
    for (let round = 0; round < 100; round++) {
      const requests = Array.from({ length: server.connection.openable }, () => server.request())
      opened += requests.length
      for (const { stream } of requests) stream.cancel()
      strictEqual(server.connection.openable, 0)
      server.pong()
    }
    strictEqual(opened, 10_000)
    deepStrictEqual(server.closes, [])
  })

  it("once: cancel() after the ending does nothing", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.respond(1, 200)
    request.stream.cancel()
    server.expectNothing()
    server.end()
    request.expect("Answered")
  })

  it("once: what was decided in a batch stays when its callbacks cancel and destroy", () => {
    const server = ready()
    const others = [server.request(), server.request()]
    server.connection.open({ method: "GET", path: "/" }, () => {
      others[0]?.stream.cancel()
      server.connection.destroy("enough")
    })
    server.flush()
    server.respond(5, 200)
    server.flush()
    others[0]?.expect("Cancelled")
    others[1]?.expect("Lost")
    deepStrictEqual(server.closes, [undefined])
  })

  it("once, for each of them, when a callback throws", () => {
    const server = ready()
    const before = server.request()
    server.connection.open({ method: "GET", path: "/" }, () => {
      throw new Error("mine")
    })
    const after = server.request()
    server.flush()
    let thrown = 0
    for (let turn = 0; turn < 4; turn++) {
      try {
        if (turn === 0) server.end()
        else server.flush()
      } catch {
        thrown++
      }
    }
    strictEqual(thrown, 1)
    before.expect("Lost")
    after.expect("Lost")
    strictEqual(server.closes.length, 1)
  })

  it("when a callback throws inside a chunk: all others still end, and the connection with them", () => {
    const server = ready()
    server.connection.open({ method: "GET", path: "/" }, () => {
      throw new Error("mine")
    })
    const other = server.request()
    server.flush()
    let thrown: unknown
    try {
      server.respond(1, 200)
    } catch (error) {
      thrown = error
    }
    strictEqual((thrown as Error).message, "mine")
    server.flush()
    other.expect("Lost")
    strictEqual(server.closes.length, 1)
  })
})

describe("GOAWAY", () => {
  it("stops opening; streams up to it finish, then the connection closes (6.8)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.goAway(1, 0)
    strictEqual(server.connection.openable, 0)
    server.request().expectPending()
    server.respond(1, 200)
    request.expect("Answered")
    server.expectGoAway("NO_ERROR")
    deepStrictEqual(server.closes, [undefined])
    server.expectNothing()
  })

  it("with an error code does not end the streams up to it either (6.8)", () => {
    for (const code of [1, 2, 7, 11, 0xffff_ffff]) {
      const server = ready()
      const [first, second, third] = [server.request(), server.request(), server.request()]
      server.flush()
      server.goAway(3, code)
      third.expect("AboveLastStream")
      server.respond(3, 200)
      second.expect("Answered")
      server.respond(1, 200)
      first.expect("Answered")
      strictEqual(server.goAways[0]?.code, code)
    }
  })

  it("in two steps is a graceful shutdown (6.8)", () => {
    const server = ready()
    const [first, second] = [server.request(), server.request()]
    server.flush()
    server.goAway(2 ** 31 - 1, 0)
    first.expectPending()
    second.expectPending()
    server.goAway(1, 0)
    second.expect("AboveLastStream")
    server.respond(1, 200)
    first.expect("Answered")
    deepStrictEqual(
      server.goAways.map((goAway) => goAway.lastStreamId),
      [2 ** 31 - 1, 1]
    )
  })

  it("does not raise its last stream again (6.8)", () => {
    const server = ready()
    const [first, second] = [server.request(), server.request()]
    server.flush()
    server.goAway(1, 0)
    server.goAway(3, 0)
    second.expect("AboveLastStream")
    strictEqual(server.goAways[1]?.lastStreamId, 1)
    server.respond(1, 200)
    first.expect("Answered")
  })

  it("is reported before the endings it makes", () => {
    const server = ready()
    server.request()
    server.flush()
    server.goAway(0, 0)
    deepStrictEqual(server.events, ["ready", "goAway", "AboveLastStream", "close"])
  })

  it("with debug data hands it out, cut to 4 KB (6.8)", () => {
    const server = ready()
    server.goAway(0, 0, `{"reason":"BadCertificateEnvironment"}`)
    strictEqual(server.goAways[0]?.debugData, `{"reason":"BadCertificateEnvironment"}`)
    const other = ready()
    other.goAway(0, 0, "x".repeat(10_000))
    strictEqual(other.goAways[0]?.debugData.length, 4096)
  })

  it("without open streams closes at once", () => {
    const server = ready()
    server.goAway(0, 0)
    deepStrictEqual(server.closes, [undefined])
  })

  it("then the end of input: what could be answered is lost (6.8)", () => {
    const server = ready()
    const request = server.request()
    server.flush()
    server.goAway(1, 2)
    server.end()
    request.expect("Lost")
    strictEqual(server.closes.length, 1)
  })

  it("may not be on a stream (6.8)", () => {
    const server = ready()
    server.frame(types.goAway, 0, 1, Buffer.alloc(8))
    server.expectConnectionError("PROTOCOL_ERROR")
  })
})

describe("the connection ends", () => {
  it("by close(): GOAWAY at once, then its streams finish (6.8)", () => {
    const server = ready()
    const request = server.request()
    server.expectHeaders(1)
    server.connection.close()
    server.connection.close()
    server.expectGoAway("NO_ERROR")
    strictEqual(server.connection.openable, 0)
    deepStrictEqual(server.closes, [])
    server.respond(1, 200)
    request.expect("Answered")
    server.expectNothing()
    deepStrictEqual(server.closes, [undefined])
  })

  it("by close() without streams, at the next turn", () => {
    const server = ready()
    server.connection.close()
    deepStrictEqual(server.closes, [])
    server.expectGoAway("NO_ERROR")
    deepStrictEqual(server.closes, [undefined])
  })

  it("by close() before the peer's SETTINGS", () => {
    const server = play()
    server.connection.close()
    server.flush()
    deepStrictEqual(server.closes, [undefined])
  })

  it("by destroy(): written streams are lost, others never written", () => {
    const server = ready()
    const written = server.request()
    server.flush()
    const left = server.request()
    server.connection.destroy("enough")
    written.expectPending()
    server.flush()
    written.expect("Lost")
    left.expect("NeverWritten")
    deepStrictEqual(server.closes, [undefined])
  })

  it("once, and nothing follows", () => {
    const server = ready()
    server.connection.destroy("enough")
    server.flush()
    server.end()
    server.settingsAck()
    server.goAway(0, 0)
    server.frame(types.settings, 0, 0, settingsPayload({}))
    server.connection.close()
    server.connection.destroy("again")
    server.connection.ping(() => {})
    const late = server.request()
    server.expectNothing()
    late.expect("NeverWritten")
    deepStrictEqual(server.events, ["ready", "close", "NeverWritten"])
  })

  it("by an error before anything was taken: GOAWAY comes after the preface (3.4)", () => {
    const server = play()
    server.ping("0000000000000000")
    server.expectFrame(types.settings, 0, 0)
    server.expectConnectionError("PROTOCOL_ERROR")
  })

  it("at any byte of a dialogue, and every stream has ended once", () => {
    for (let cut = 0; ; cut++) {
      const server = play()
      const bytes: Array<Buffer> = []
      const recorded = ready()
      recorded.connection.receive = (chunk: Buffer) => {
        bytes.push(Buffer.from(chunk))
      }
      recorded.frame(types.settings, 0, 0, settingsPayload({ maxConcurrentStreams: 10 }))
      const greeting = Buffer.concat(bytes).length
      recorded.respond(1, 200, { body: "hello", trailers: [["a", "b"]] })
      recorded.goAway(3, 0)
      recorded.reset(3, 7)
      const all = Buffer.concat(bytes)
      if (cut > all.length) break
      server.bytes(all.subarray(0, Math.min(cut, greeting)))
      const requests = [server.request(), server.request(), server.request()]
      server.flush()
      if (cut > greeting) server.bytes(all.subarray(greeting, cut))
      server.end()
      for (const request of requests) strictEqual(request.endings.length, 1)
      strictEqual(server.closes.length, 1)
    }
  })
})

describe("a request still in the output when GOAWAY comes", () => {
  it("is not written, and is told as never written: no stream is opened after it (6.8)", () => {
    const server = ready()
    const taken = server.request({ path: "/taken" })
    server.expectHeaders(1)
    const left = [server.request({ path: "/a", body: "a" }), server.request({ path: "/b" })]
    server.goAway(2 ** 31 - 1, 0)
    for (const request of left) request.expect("NeverWritten")
    server.expectNothing()
    server.respond(1, 200)
    taken.expect("Answered")
    server.flush()
    deepStrictEqual(server.closes, [undefined])
  })

  it("is told so after the GOAWAY, with those above its last stream (6.8)", () => {
    const server = ready()
    const [processed, above] = [server.request(), server.request()]
    server.flush()
    const left = server.request()
    server.goAway(1, 2, "busy")
    above.expect("AboveLastStream")
    left.expect("NeverWritten")
    processed.expectPending()
    deepStrictEqual(server.events, ["ready", "goAway", "NeverWritten", "AboveLastStream"])
  })

  it("takes nothing with it: what answers the peer, and bodies of others, are written (6.5.3, 6.7, 6.9)", () => {
    const server = ready({ initialWindowSize: 2 })
    const long = server.request({ body: "abcd" })
    server.expectHeaders(1)
    server.expectData(1, "ab", false)
    server.ping("0102030405060708")
    const left = server.request({ path: "/left", body: "x" })
    server.windowUpdate(1, 10)
    server.ping("1112131415161718")
    server.goAway(2 ** 31 - 1, 0)
    left.expect("NeverWritten")
    strictEqual(server.expectFrame(types.ping, 1, 0).payload.toString("hex"), "0102030405060708")
    server.expectData(1, "cd")
    strictEqual(server.expectFrame(types.ping, 1, 0).payload.toString("hex"), "1112131415161718")
    server.expectNothing()
    strictEqual(long.stream.stage, "answer")
  })

  it("gives back what its body had taken of the connection's window: others may need it (6.9)", () => {
    const server = ready({ initialWindowSize: 60_000, maxFrameSize: 60_000 })
    server.request({ body: "a".repeat(100_000) })
    server.expectHeaders(1)
    server.expectData(1, "a".repeat(60_000), false)
    const left = server.request({ body: "b".repeat(60_000) })
    server.goAway(2 ** 31 - 1, 0)
    left.expect("NeverWritten")
    server.windowUpdate(1, 40_000)
    server.expectData(1, "a".repeat(5535), false)
    server.expectNothing()
  })

  it("that was cancelled before is not written either, nor its reset", () => {
    const server = ready()
    const left = server.request({ body: "x" })
    left.stream.cancel()
    server.goAway(2 ** 31 - 1, 0)
    server.expectFrame(types.ping, 0, 0)
    server.expectGoAway("NO_ERROR")
    server.expectNothing()
    left.expect("Cancelled")
  })

  it("is not written when its header section takes several frames (6.10)", () => {
    const server = ready()
    const left = server.request({ fields: [["long", "x".repeat(40_000), "literal"]], body: "x" })
    server.goAway(2 ** 31 - 1, 0)
    left.expect("NeverWritten")
    server.expectGoAway("NO_ERROR")
    server.expectNothing()
  })

  it("is not written before the preface was, which stays (3.4)", () => {
    const server = play()
    server.frame(types.settings, 0, 0, settingsPayload({}))
    const left = server.request({ body: "x" })
    server.goAway(2 ** 31 - 1, 0)
    left.expect("NeverWritten")
    server.expectPreface()
    server.expectFrame(types.settings, 1, 0)
  })

  it("counts for positions: the windows that were given back before it are known when it is taken (6.9.1)", () => {
    const server = ready({}, { maxBodySize: 1_000_000 })
    const request = server.request()
    server.expectHeaders(1)
    server.headers(1, [[":status", "200"]])
    server.request({ body: Buffer.alloc(1000) })
    for (let frames = 0; frames < 2; frames++) server.data(1, Buffer.alloc(16_384))
    server.goAway(2 ** 31 - 1, 0)
    server.flush()
    for (let frames = 0; frames < 3; frames++) server.data(1, Buffer.alloc(16_384))
    request.expectPending()
    deepStrictEqual(server.closes, [])
  })
})
