import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { refusalOf } from "../../../packages/simulator/src/internal/control/guard.ts"
import { ended } from "../dialogue.ts"
import { device, topic } from "../support.ts"
import { controlled } from "./support.ts"

const json = { "content-type": "application/json" }

describe("which requests are answered", () => {
  const get = { method: "GET", path: "/api/received" }
  const post = { method: "POST", path: "/api/clock" }
  const page = { method: "GET", path: "/" }
  const local = "127.0.0.1"
  const table: ReadonlyArray<
    readonly [
      what: string,
      Pick<Parameters<typeof refusalOf>[0], "method" | "path">,
      Record<string, string>,
      string,
      number | undefined
    ]
  > = [
    ["an address", get, { host: "127.0.0.1:8197" }, local, undefined],
    ["localhost", get, { host: "LocalHost:8197" }, local, undefined],
    ["IPv6", get, { host: "[::1]:8197" }, local, undefined],
    ["no host", get, {}, local, 421],
    ["a foreign name (DNS rebinding)", get, { host: "evil.example:8197" }, local, 421],
    ["a name that only begins well", get, { host: "localhost.evil.example" }, local, 421],
    ["an address of the network", get, { host: "192.0.2.7" }, local, 421],
    ["credentials in the host", get, { host: "localhost@evil.example" }, local, 421],
    ["its own address beyond the loopback", get, { host: "192.0.2.7:1" }, "192.0.2.7", undefined],
    ["any address when it listens on all", get, { host: "192.0.2.7:1" }, "0.0.0.0", undefined],
    ["a name when it listens on all", get, { host: "evil.example" }, "0.0.0.0", 421],
    ["its own origin", get, { host: "localhost:1", origin: "http://localhost:1" }, local, undefined],
    ["another port's origin", get, { host: "localhost:1", origin: "http://localhost:2" }, local, 403],
    ["a foreign origin", get, { host: "localhost:1", origin: "https://evil.example" }, local, 403],
    ["the null origin", get, { host: "localhost:1", origin: "null" }, local, 403],
    ["a foreign page's image", get, { host: "localhost", "sec-fetch-site": "cross-site" }, local, 403],
    ["another port's script", get, { host: "localhost", "sec-fetch-site": "same-site" }, local, 403],
    ["the page's own script", get, { host: "localhost", "sec-fetch-site": "same-origin" }, local, undefined],
    ["the address bar", page, { host: "localhost", "sec-fetch-site": "none" }, local, undefined],
    [
      "a link from elsewhere",
      page,
      { host: "localhost", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      local,
      undefined
    ],
    [
      "a link to the API",
      get,
      { host: "localhost", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      local,
      403
    ],
    ["JSON", post, { host: "localhost", ...json }, local, undefined],
    [
      "JSON with a charset",
      post,
      { host: "localhost", "content-type": "application/json; charset=utf-8" },
      local,
      undefined
    ],
    ["a form", post, { host: "localhost", "content-type": "application/x-www-form-urlencoded" }, local, 415],
    ["a form in disguise", post, { host: "localhost", "content-type": "text/plain; application/json" }, local, 415],
    ["no type", post, { host: "localhost" }, local, 415]
  ]
  for (const [what, request, headers, boundTo, status] of table) {
    it(`${what}: ${status ?? "passes"}`, () => {
      assert.strictEqual(refusalOf({ ...request, headers }, boundTo)?.status, status)
    })
  }
})

describe("the control port", () => {
  it.live("refuses foreign pages and leaves everything as it was", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        yield* client.push()
        const foreign = { origin: "https://evil.example" }
        assert.strictEqual((yield* ask("/api/received", { headers: foreign })).status, 403)
        assert.strictEqual((yield* ask("/api/received", { method: "DELETE", headers: foreign })).status, 403)
        assert.strictEqual((yield* ask("/api/events", { headers: foreign })).status, 403)
        assert.strictEqual((yield* ask("/openapi.json", { headers: { host: "evil.example" } })).status, 421)
        assert.strictEqual((yield* ask("/", { headers: { host: "evil.example" } })).status, 421)
        const form = { raw: '{"_tag":"advance","millis":1}', headers: { "content-type": "text/plain" } }
        assert.strictEqual((yield* ask("/api/clock", form)).status, 415)
        const preflight = yield* ask("/api/clock", { method: "OPTIONS", headers: foreign })
        assert.notProperty(preflight.headers, "access-control-allow-origin")
        assert.strictEqual((yield* ask("/api/received")).json.kept, 1)
        assert.strictEqual((yield* ask("/api/clock")).json.offset, 0)
      })
    )
  )

  it.live("sends the headers that protect a page with every answer", () =>
    controlled(({ ask }) =>
      Effect.gen(function* () {
        const bad = { host: "evil.example" }
        for (const reply of [
          yield* ask("/api/info"),
          yield* ask("/"),
          yield* ask("/api/received/77"),
          yield* ask("/api/received/x"),
          yield* ask("/nothing", { method: "DELETE" }),
          yield* ask("/api/info", { headers: bad })
        ]) {
          assert.include(String(reply.headers["content-security-policy"]), "default-src 'self'")
          assert.strictEqual(reply.headers["x-content-type-options"], "nosniff")
          assert.strictEqual(reply.headers["x-frame-options"], "DENY")
          assert.notProperty(reply.headers, "access-control-allow-origin")
        }
        assert.strictEqual((yield* ask("/api/info")).headers["cache-control"], "no-store")
      })
    )
  )

  it.live("takes no body, path or filter of any size", () =>
    controlled(({ ask, simulator }) =>
      Effect.gen(function* () {
        const huge = JSON.stringify({ state: "active", token: "a".repeat(3_000_000) })
        const refused = yield* Effect.result(ask("/api/devices", { raw: huge, headers: json }))
        if (refused._tag === "Success") assert.include([400, 413], refused.success.status)
        assert.deepStrictEqual(yield* simulator.devices, [])
        assert.strictEqual((yield* ask(`/api/received?text=${"x".repeat(600)}`)).status, 400)
        assert.include([400, 414, 431], (yield* ask(`/api/received?text=${"x".repeat(40_000)}`)).status)
        assert.strictEqual((yield* ask("/api/received?limit=1000000")).status, 400)
        assert.strictEqual((yield* ask("/api/wait-for?timeout=1e9")).status, 400)
        assert.strictEqual((yield* ask("/api/clock", { raw: "{", headers: json })).status, 400)
        assert.strictEqual((yield* ask("/api/clock", { raw: "[".repeat(200_000), headers: json })).status, 400)
        assert.strictEqual((yield* ask("/api/info")).status, 200)
      })
    )
  )

  it.live("survives bytes that are no HTTP", () =>
    controlled(({ ask, url }) =>
      Effect.gen(function* () {
        const port = Number(new URL(url).port)
        for (const bytes of [
          "\0\0\0\0",
          "GET / HTTP/9.9\r\n\r\n",
          `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
          "POST /api/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
          "GET /%00%ff/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
          "GET //evil.example/%2e%2e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
          "GET http://evil.example/api/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        ]) {
          yield* ended(connect(port, "127.0.0.1"), bytes)
        }
        assert.strictEqual((yield* ask("/api/info")).status, 200)
      })
    )
  )

  it.live("keeps a payload of HTML, and whatever else, as text", () =>
    controlled(({ ask, client }) =>
      Effect.gen(function* () {
        const evil = `</script><img src=x onerror=alert(1)>\u2028\u0000`
        yield* client.push({ body: JSON.stringify({ aps: { alert: evil }, __proto__: null, constructor: 1 }) })
        yield* client.push({ path: "/3/device/%3Cscript%3E" })
        const reply = yield* ask("/api/received/1")
        assert.include(String(reply.headers["content-type"]), "application/json")
        assert.strictEqual(reply.json.preview.body, evil)
        const text = yield* ask("/api/received/1/export?as=curl")
        assert.include(String(text.headers["content-type"]), "text/plain")
        assert.strictEqual((yield* ask("/api/received?text=%3Cscript")).json.items.length, 0)
        assert.strictEqual((yield* ask("/api/received?text=%253Cscript")).json.items.length, 1)
      })
    )
  )
})

describe("the page", () => {
  it.live("says how to build it where it is missing", () =>
    controlled(
      ({ ask }) =>
        Effect.gen(function* () {
          const { status, text } = yield* ask("/")
          assert.strictEqual(status, 404)
          assert.include(text, "npm run")
        }),
      { control: { page: "/nowhere" } }
    )
  )

  it.live("is served with its hashed files for good, and nothing outside of it", () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apns-"))
    const page = join(folder, "page")
    mkdirSync(join(page, "assets"), { recursive: true })
    writeFileSync(join(page, "index.html"), "<!doctype html><title>Inbox</title>")
    writeFileSync(join(page, "assets", "app-1a2b3c.js"), "export {}")
    writeFileSync(join(folder, "secret.txt"), device)
    return controlled(
      ({ ask }) =>
        Effect.gen(function* () {
          const index = yield* ask("/")
          assert.include(index.text, "Inbox")
          assert.include(String(index.headers["content-type"]), "text/html")
          assert.strictEqual(index.headers["cache-control"], "no-cache")
          const script = yield* ask("/assets/app-1a2b3c.js")
          assert.include(String(script.headers["content-type"]), "text/javascript")
          assert.strictEqual(script.headers["cache-control"], "public, max-age=31536000, immutable")
          for (const path of [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%5c..%5csecret.txt"
          ]) {
            assert.notInclude((yield* ask(path)).text, device, path)
          }
          assert.strictEqual((yield* ask("/assets/none.js")).status, 404)
          assert.strictEqual((yield* ask("/api/nothing")).status, 404)
          assert.strictEqual((yield* ask(`/api/received?topic=${topic}`)).status, 200)
        }),
      { control: { page } }
    ).pipe(Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true }))))
  })
})
