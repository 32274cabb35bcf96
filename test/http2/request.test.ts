/** What of a request is refused here, before it is written (RFC 9113, 8.2 and 8.3.1). */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import type { Request } from "@effect-apns/http2"
import { describe, it } from "vitest"
import { types } from "./support/frames.ts"
import { ready } from "./support/play.ts"

describe("a request is never written", () => {
  const cases: ReadonlyArray<readonly [string, Partial<Request>]> = [
    ["with a name in upper case (8.2)", { fields: [["Apns-Id", "x"]] }],
    ["with an empty name (8.2.1)", { fields: [["", "x"]] }],
    ["with a pseudo-header field among its fields (8.3)", { fields: [[":path", "/"]] }],
    ["with a pseudo-header field among its stable fields (8.3)", { stableFields: [[":authority", "x"]] }],
    ["with a line feed in a value (8.2.1)", { fields: [["a", "x\ny"]] }],
    ["with a line feed in a stable value (8.2.1)", { stableFields: [["a", "x\r"]] }],
    ["with a character that is no octet (8.2.1)", { fields: [["a", "\u20ac"]] }],
    ["with a space around a value (8.2.1)", { fields: [["a", " x"]] }],
    ["with a connection-specific field (8.2.2)", { fields: [["connection", "close"]] }],
    ["with te other than trailers (8.2.2)", { fields: [["te", "gzip"]] }],
    ["with an empty path (8.3.1)", { path: "" }],
    ["with a path that is no path (8.3.1)", { path: "3/device" }],
    ["with a space in its path (8.3.1)", { path: "/3/device/a b" }],
    ["with a character above ASCII in its path (8.3.1)", { path: "/\u00e4" }],
    ["with a fragment in its path (8.3.1)", { path: "/3/device/a#b" }],
    ["with a method that is none (8.3.1)", { method: "PO ST" }],
    ["with a method that opens a tunnel (8.5)", { method: "CONNECT" }],
    ["with a host beside the authority (8.3.1)", { fields: [["host", "elsewhere.test"]] }],
    ["with a host among its stable fields (8.3.1)", { stableFields: [["host", "elsewhere.test"]] }],
    ["with a content-length that is not its body's (8.1.1)", { body: "x\u00e4", fields: [["content-length", "2"]] }],
    ["with a stable content-length that is not (8.1.1)", { body: "x", stableFields: [["content-length", "2"]] }],
    ["with a content-length and no body (8.1.1)", { fields: [["content-length", "1"]] }]
  ]
  for (const [name, request] of cases) {
    it(name, () => {
      const server = ready()
      const bad = server.request(request)
      bad.expectPending()
      server.expectNothing()
      ok(bad.expect("NeverWritten").problem.length > 0)
      bad.stream.cancel()
      // It costs nothing: the next has the first identifier.
      server.request({ path: "/good" })
      server.expectHeaders(1, { ":path": "/good" })
      server.expectNothing()
    })
  }
})

describe("a request is written", () => {
  it("with the content-length of its body (8.1.1)", () => {
    const server = ready()
    server.request({ body: "x\u00e4", fields: [["content-length", "3"]] })
    server.expectHeaders(1, { "content-length": "3" })
    server.request({ body: Buffer.from("xyz"), stableFields: [["content-length", "3"]] })
    server.expectData(1, "x\u00e4")
    server.expectHeaders(3, { "content-length": "3" })
  })
})

describe("a request on a connection whose authority is none", () => {
  it("is never written (8.3.1)", () => {
    const server = ready({}, { authority: "\u20ac" })
    const bad = server.request()
    server.expectNothing()
    bad.expect("NeverWritten")
  })
})

describe("header blocks", () => {
  it("have the pseudo-header fields first, whatever is stable (8.3)", () => {
    const server = ready()
    const stableFields = [["apns-topic", "t"]] as const
    for (const id of [1, 3, 5]) {
      server.request({ path: `/${id}`, stableFields, fields: [["apns-id", `i${id}`, "literal"]] })
      deepStrictEqual(Object.entries(server.expectHeaders(id)), [
        [":path", `/${id}`],
        [":method", "POST"],
        [":scheme", "https"],
        [":authority", "example.com"],
        ["apns-topic", "t"],
        ["apns-id", `i${id}`]
      ])
    }
  })

  it("become small once their stable fields are known (RFC 7541, 6.1)", () => {
    const server = ready()
    const stableFields = [
      ["authorization", `bearer ${"x".repeat(200)}`],
      ["apns-topic", "com.example.app"]
    ] as const
    const sizes = [1, 3, 5].map((id) => {
      server.request({ stableFields, path: "/a" })
      return server.expectFrame(types.headers, 5, id).payload.length
    })
    ok((sizes[0] ?? 0) > 150)
    ok((sizes[2] ?? 1000) < 16, `${sizes}`)
  })

  it("are of the method of each request, also with the same stable fields", () => {
    const server = ready()
    const stableFields = [["a", "b"]] as const
    for (const [id, method] of [
      [1, "GET"],
      [3, "POST"],
      [5, "GET"]
    ] as const) {
      server.request({ stableFields, method })
      strictEqual(server.expectHeaders(id)[":method"], method)
    }
  })

  it("keep obs-text and tabs in values (8.2.1)", () => {
    const server = ready()
    server.request({
      fields: [
        ["a", "\u00e9\tx"],
        ["b", ""],
        ["te", "trailers"]
      ]
    })
    server.expectHeaders(1, { a: "\u00e9\tx", b: "", te: "trailers" })
  })
})
