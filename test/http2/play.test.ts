/** The dialogue DSL itself: that it reads what is written, and notices what it should. */
import { deepStrictEqual, strictEqual, throws } from "node:assert"
import { describe, it } from "vitest"
import { block, frame, parse, settingsPayload } from "./support/frames.ts"
import { play, ready } from "./support/play.ts"

describe("the dialogue DSL", () => {
  it("plays a whole dialogue", () => {
    const server = play()
    server.settings({ maxConcurrentStreams: 1 })
    const request = server.request({ path: "/a", body: "hello" })
    server.expectHeaders(1, { ":path": "/a", ":method": "POST", ":scheme": "https", ":authority": "example.com" })
    server.expectData(1, "hello")
    server.respond(1, 200, { fields: [["x", "y"]], body: "world", trailers: [["t", "u"]] })
    const answer = request.expect("Answered")
    deepStrictEqual(
      [answer.status, answer.fields, answer.body.toString(), answer.trailers],
      [200, [["x", "y"]], "world", [["t", "u"]]]
    )
    server.expectNothing()
    deepStrictEqual(server.events, ["ready", "Answered", "capacity"])
  })

  it("notices a frame that was not expected", () => {
    const server = ready()
    server.request()
    throws(() => server.expectNothing(), /headers flags=5 stream=1/)
  })

  it("notices a frame of another type, on another stream, or with other flags", () => {
    for (const [type, flags, id] of [
      [0, undefined, 1],
      [1, undefined, 3],
      [1, 4, 1]
    ] as const) {
      const server = ready()
      server.request()
      throws(() => server.expectFrame(type, flags, id), /got headers flags=5 stream=1/)
    }
  })

  it("notices a frame that is missing", () => {
    throws(() => ready().expectHeaders(1), /nothing was written/)
  })

  it("notices another field value", () => {
    const server = ready()
    server.request({ path: "/b" })
    throws(() => server.expectHeaders(1, { ":path": "/a" }), /:path/)
  })

  it("notices an ending that is missing, another or twice", () => {
    const server = ready()
    const request = server.request()
    throws(() => request.expect("Answered"))
    server.respond(1, 200)
    throws(() => request.expect("Refused"))
    request.endings.push({ _tag: "Refused" })
    throws(() => request.expect("Answered"))
  })

  it("notices that a connection error did not happen, or has another code", () => {
    throws(() => ready().expectConnectionError("PROTOCOL_ERROR"))
    const server = ready()
    server.frame(6, 0, 0, Buffer.alloc(7))
    throws(() => server.expectConnectionError("PROTOCOL_ERROR"))
  })

  it("writes frames as RFC 9113, 4.1 lays them out", () => {
    strictEqual(
      frame(4, 0, 0, settingsPayload({ maxConcurrentStreams: 1 })).toString("hex"),
      "000006040000000000000300000001"
    )
    strictEqual(block([["a", "b"]]).toString("hex"), "0001610162")
    strictEqual(
      block([["a", "x".repeat(300)]])
        .subarray(3, 5)
        .toString("hex"),
      "7fad"
    )
  })

  it("keeps an incomplete frame for later", () => {
    const bytes = Buffer.concat([frame(6, 0, 0, Buffer.alloc(8)), Buffer.from([0, 0])])
    const { frames, rest } = parse(bytes)
    strictEqual(frames.length, 1)
    strictEqual(rest.length, 2)
  })
})
