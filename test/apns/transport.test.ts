import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Redacted, Result, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Apns, ApnsConnection, type ApnsRequest, Notification } from "effect-apns"
import type { Config as ApnsConnectionConfig } from "effect-apns/ApnsConnection"
import { classify } from "../../packages/apns/src/internal/connectFailure.ts"
import { connect as connectEngine } from "../../packages/apns/src/internal/engineTransport.ts"
import type { Connect, Ending, Endpoint, SessionFailure } from "../../packages/apns/src/internal/transport.ts"
import { connect as connectNode } from "../support/nodeTransport.ts"
import { endsAfter, heldTimers, moment, timedOutAfter, until } from "../support/waiting.ts"

/** The transport under test: `node:http2`, the oracle, unless a suite says otherwise. The engine has its own, test/http2. */
let connect: Connect = connectNode

// ---------------------------------------------------------------------------------------------------------------------
// Certificates, as DER by hand

const tlv = (tag: number, ...content: Array<Buffer>): Buffer => {
  const body = Buffer.concat(content)
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...content: Array<Buffer>) => tlv(0x30, ...content)
const hex = (text: string) => Buffer.from(text, "hex")
const ecdsaWithSha256 = sequence(hex("06082a8648ce3d040302"))
const nameOf = (name: string) => sequence(tlv(0x31, sequence(hex("0603550403"), tlv(0x0c, Buffer.from(name)))))
const timeOf = (millis: number) =>
  tlv(0x18, Buffer.from(`${new Date(millis).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`))
const pem = (label: string, der: Buffer) =>
  `-----BEGIN ${label}-----\n${der.toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END ${label}-----\n`

interface Identity {
  readonly name: string
  readonly cert: string
  readonly key: string
  readonly privateKey: KeyObject
}

const day = 86_400_000
let serial = 1

/** A certificate for host names and 127.0.0.1, signed by an issuer, or by itself as an authority. */
const certificate = (
  name: string,
  options: { readonly issuer?: Identity; readonly hosts?: ReadonlyArray<string>; readonly expiresInDays?: number } = {}
): Identity => {
  const { issuer, hosts = [], expiresInDays = 30 } = options
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const names = hosts.map((host) => (host === "127.0.0.1" ? tlv(0x87, hex("7f000001")) : tlv(0x82, Buffer.from(host))))
  const extension =
    issuer === undefined
      ? sequence(hex("0603551d13"), hex("0101ff"), tlv(0x04, sequence(hex("0101ff"))))
      : sequence(hex("0603551d11"), tlv(0x04, sequence(...names)))
  const tbs = sequence(
    tlv(0xa0, hex("020102")),
    tlv(0x02, Buffer.from([++serial])),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence(timeOf(Date.now() - 90 * day), timeOf(Date.now() + expiresInDays * day)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(extension))
  )
  const signature = sign("sha256", tbs, issuer?.privateKey ?? privateKey)
  return {
    name,
    privateKey,
    cert: pem("CERTIFICATE", sequence(tbs, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  }
}

const root = certificate("test root")
const good = certificate("good", { issuer: root, hosts: ["localhost", "127.0.0.1"] })
const elsewhere = certificate("elsewhere", { issuer: root, hosts: ["push.elsewhere.test"] })
const expired = certificate("expired", { issuer: root, hosts: ["localhost"], expiresInDays: -1 })
const stranger = certificate("stranger", { issuer: certificate("unknown root"), hosts: ["localhost"] })
const selfSigned = certificate("localhost")

// ---------------------------------------------------------------------------------------------------------------------
// Servers

const alpnH2 = { ALPNProtocols: ["h2"] }

/** Any server on loopback; its sockets die with the scope. */
const listening = (server: Net.Server | Http2.Http2SecureServer | Https.Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      const sockets = new Set<Net.Socket>()
      server.on("connection", (socket: Net.Socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => sockets.delete(socket))
      })
      server.on("tlsClientError", () => {})
      server.on("secureConnection", (socket: Tls.TLSSocket) => socket.on("error", () => {}))
      server.on("sessionError", () => {})
      server.listen(0, () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
      Object.assign(server, { sockets })
    }),
    () =>
      Effect.sync(() => {
        for (const socket of (server as unknown as { readonly sockets: Set<Net.Socket> }).sockets) socket.destroy()
        server.close()
      })
  )

const tlsServer = (identity: Identity, options: Tls.TlsOptions, onSocket: (socket: Tls.TLSSocket) => void) =>
  listening(Tls.createServer({ cert: identity.cert, key: identity.key, ...options }, onSocket))

/** An HTTP/2 server made of node:http2. */
const http2Server = (
  settings: Http2.Settings,
  onStream: (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders) => void,
  onSession: (session: Http2.ServerHttp2Session) => void = () => {}
) => {
  const server = Http2.createSecureServer({ cert: good.cert, key: good.key, settings })
  server.on("session", onSession)
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {})
    onStream(stream, headers)
  })
  return listening(server)
}

/** The server's end of a connection whose frames (RFC 9113, 4.1) are written by hand. */
interface Wire {
  /** Frames received, as `TYPE stream`. */
  readonly received: Array<string>
  readonly settings: (limit: number) => void
  readonly answer: (stream: number, options?: { readonly body?: string; readonly open?: boolean }) => void
  readonly reset: (stream: number, code: number) => void
  readonly goAway: (lastStream: number, code: number, debugData?: string) => void
  readonly socket: Tls.TLSSocket
}

const uint32 = (...values: Array<number>) => {
  const buffer = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => {
    buffer.writeUInt32BE(value, 4 * i)
  })
  return buffer
}

const frame = (type: number, flags: number, stream: number, payload: Buffer) =>
  Buffer.concat([uint32((payload.length << 8) | type), Buffer.from([flags]), uint32(stream), payload])

const typeNames = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY"]

const wireOf = (socket: Tls.TLSSocket, onFrame: (wire: Wire, type: string, stream: number) => void): Wire => {
  let buffered = Buffer.alloc(0)
  let preface = 24
  const send = (type: number, flags: number, stream: number, payload: Buffer) => {
    if (!socket.destroyed) socket.write(frame(type, flags, stream, payload))
  }
  const wire: Wire = {
    received: [],
    socket,
    settings: (limit) => send(4, 0, 0, Buffer.concat([hex("0003"), uint32(limit)])),
    // 0x88 is `:status: 200` of the static table (RFC 7541, appendix A).
    answer: (stream, { body, open = false } = {}) => {
      send(1, body === undefined && !open ? 0x5 : 0x4, stream, hex("88"))
      if (body !== undefined) send(0, open ? 0 : 1, stream, Buffer.from(body))
    },
    reset: (stream, code) => send(3, 0, stream, uint32(code)),
    goAway: (lastStream, code, debugData = "") =>
      send(7, 0, 0, Buffer.concat([uint32(lastStream, code), Buffer.from(debugData)]))
  }
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= preface + 9) {
      const length = buffered.readUIntBE(preface, 3)
      if (buffered.length < preface + 9 + length) return
      const type = typeNames[buffered[preface + 3] ?? 0] ?? "OTHER"
      const stream = buffered.readUInt32BE(preface + 5)
      wire.received.push(`${type} ${stream}`)
      const rest = buffered.subarray(preface + 9 + length)
      preface = 0
      buffered = rest
      onFrame(wire, type, stream)
    }
  })
  return wire
}

/** An HTTP/2 server whose every frame the test decides; `onFrame` hears `CONNECTED` first. */
const wireServer = (onFrame: (wire: Wire, type: string, stream: number) => void) =>
  tlsServer(good, alpnH2, (socket) => {
    const wire = wireOf(socket, onFrame)
    onFrame(wire, "CONNECTED", 0)
  })

/** A network between client and server that can go dead without a word. */
const network = (server: number) =>
  Effect.gen(function* () {
    let dead = false
    const lossy = new WeakSet<Net.Socket>()
    const port = yield* listening(
      Net.createServer({ allowHalfOpen: true }, (client) => {
        const upstream = Net.connect({ port: server, host: "127.0.0.1", allowHalfOpen: true })
        upstream.on("error", () => {})
        const forward = (from: Net.Socket, to: Net.Socket) => {
          from.on("data", (chunk) => {
            if (dead) lossy.add(client)
            if (!lossy.has(client) && !to.destroyed) to.write(chunk)
          })
          from.on("end", () => void (dead || lossy.has(client) || to.end()))
        }
        forward(client, upstream)
        forward(upstream, client)
        client.on("close", () => upstream.destroy())
      })
    )
    return {
      port,
      die: () => {
        dead = true
      },
      /** For connections to come: those that lost something stay as they are. */
      revive: () => {
        dead = false
      }
    }
  })

// ---------------------------------------------------------------------------------------------------------------------
// Clients

/** Of a test, and of what must not end by time in it, however slow the machine. */
const limit = 120_000

const endpoint = (port: number, options: Partial<Endpoint> = {}): Endpoint => ({
  host: "localhost",
  port,
  ca: root.cert,
  connectTimeoutMillis: limit,
  ...options
})

/** A session of the transport, and what it reports. */
const dial = (to: Endpoint) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const heard: Array<string> = []
      const ready = Deferred.makeUnsafe<void>()
      const ended = Deferred.makeUnsafe<SessionFailure | undefined>()
      const capacity: Array<Deferred.Deferred<void>> = []
      const session = connect(to, {
        onReady: () => {
          heard.push("ready")
          Deferred.doneUnsafe(ready, Exit.void)
        },
        onWritten: () => {},
        onCapacity: () => {
          heard.push("capacity")
          for (const waiting of capacity.splice(0)) Deferred.doneUnsafe(waiting, Exit.void)
        },
        onGoAway: ({ code, lastStreamId, debugData }) => heard.push(`goAway ${code} ${lastStreamId} ${debugData}`),
        onEnd: (failure) => {
          heard.push("end")
          Deferred.doneUnsafe(ended, Exit.succeed(failure))
        }
      })
      const open = (path = "/3/device/ab", body = "{}") => {
        const ending = Deferred.makeUnsafe<Ending>()
        const fields = { "apns-id": path, "apns-topic": "com.example.app" }
        const stream = session.open(
          { method: "POST", path, fields, body: Buffer.from(body) },
          {
            onEnding: (how) => {
              heard.push(`${path} ${how._tag}`)
              Deferred.doneUnsafe(ending, Exit.succeed(how))
            }
          }
        )
        return { stream, ending: Deferred.await(ending) }
      }
      return {
        session,
        heard,
        open,
        ready: Deferred.await(ready),
        ended: Deferred.await(ended),
        /** The next report of capacity. */
        capacity: Effect.suspend(() => {
          const waiting = Deferred.makeUnsafe<void>()
          capacity.push(waiting)
          return Deferred.await(waiting)
        })
      }
    }),
    ({ session }) => Effect.sync(() => session.destroy())
  )

/** A test of the live network, where no time has to pass. */
const live = (name: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => Effect.scoped(body), limit)

/** A test of the live network in the time of the test's clock, which stands still unless the test moves it. */
const timed = (name: string, body: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () => Effect.scoped(body), limit)

const tagged = <Tag extends Ending["_tag"]>(ending: Ending, tag: Tag): Extract<Ending, { readonly _tag: Tag }> => {
  assert.strictEqual(ending._tag, tag)
  return ending as Extract<Ending, { readonly _tag: Tag }>
}

// ---------------------------------------------------------------------------------------------------------------------

describe("an answer", () => {
  live(
    "has status, fields and body; the request arrives as it was given",
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const port = yield* http2Server({ maxConcurrentStreams: 10 }, (stream, headers) => {
        let body = ""
        stream.setEncoding("utf8")
        stream.on("data", (chunk: string) => {
          body += chunk
        })
        stream.on("end", () => {
          seen.push([headers[":method"], headers[":path"], headers[":scheme"], headers["apns-topic"], body])
          stream.respond({ ":status": 410, "apns-id": "id", "x-two": ["a", "b"] })
          stream.end('{"reason":"Unregistered","grüße":1}')
        })
      })
      const { open, ready } = yield* dial(endpoint(port))
      yield* ready
      const answered = tagged(yield* open("/3/device/abcd", '{"aps":{}}').ending, "Answered")
      assert.deepStrictEqual(seen, [["POST", "/3/device/abcd", "https", "com.example.app", '{"aps":{}}']])
      assert.strictEqual(answered.status, 410)
      assert.strictEqual(answered.body, '{"reason":"Unregistered","grüße":1}')
      assert.deepInclude(answered.fields, { "apns-id": "id", "x-two": "a, b" })
      assert.notProperty(answered.fields, ":status")
    })
  )

  live(
    "may be without a body, and come in any order",
    Effect.gen(function* () {
      const streams: Array<number> = []
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(10)
        if (type === "DATA" && streams.push(stream) === 3) for (const id of [5, 1, 3]) wire.answer(id)
      })
      const { heard, open, ready } = yield* dial(endpoint(port))
      yield* ready
      yield* Effect.all([open("a").ending, open("b").ending, open("c").ending], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        heard.filter((event) => event.includes("Answered")),
        ["c Answered", "a Answered", "b Answered"]
      )
    })
  )

  live(
    "of many megabytes is cut, its stream reset, and the session lives on",
    Effect.gen(function* () {
      // Node's server frees the slot of a reset stream a moment late; hence the limit.
      const port = yield* http2Server({ maxConcurrentStreams: 10 }, (stream, headers) => {
        stream.respond({ ":status": 500 })
        if (headers[":path"] !== "/big") return void stream.end("{}")
        const more = () => {
          while (!stream.destroyed && stream.write("x".repeat(65_536)));
        }
        stream.on("drain", more)
        more()
      })
      const { open, ready } = yield* dial(endpoint(port))
      yield* ready
      const big = tagged(yield* open("/big").ending, "Answered")
      assert.strictEqual(big.status, 500)
      assert.isAtMost(big.body.length, 131_072)
      assert.strictEqual(tagged(yield* open("/small").ending, "Answered").body, "{}")
    })
  )

  live(
    "whose body does not come is in the stage body, and can be cancelled",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") {
          wires.push(wire)
          wire.settings(1)
        }
        if (type === "DATA") wire.answer(stream, { body: '{"rea', open: true })
      })
      const { open, ready, session } = yield* dial(endpoint(port))
      yield* ready
      const { ending, stream } = open("a")
      assert.strictEqual(stream.stage, "answer")
      yield* until(() => stream.stage === "body")
      assert.strictEqual(session.openable, 0)
      stream.cancel()
      tagged(yield* ending, "Cancelled")
      assert.strictEqual(session.openable, 1)
      yield* until(() => wires[0]?.received.includes("RST_STREAM 1") === true)
    })
  )
})

describe("SETTINGS", () => {
  live(
    "are waited for: nothing may be opened before them",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type === "CONNECTED") wires.push(wire)
      })
      const { heard, ready, session } = yield* dial(endpoint(port))
      yield* until(() => wires[0]?.received.includes("SETTINGS 0") === true)
      yield* Effect.sleep(30)
      assert.deepStrictEqual([heard, session.openable], [[], 0])
      wires[0]?.settings(1)
      yield* ready
      assert.strictEqual(session.openable, 1)
    })
  )

  live(
    "move the limit 1 → 1000 → 2 → 0 → 5",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type !== "CONNECTED") return
        wires.push(wire)
        wire.settings(1)
      })
      const { capacity, open, ready, session } = yield* dial(endpoint(port))
      yield* ready
      const [wire] = wires
      assert.isDefined(wire)
      if (wire === undefined) return
      open("/0")
      assert.strictEqual(session.openable, 0)
      const raised = yield* Effect.forkChild(capacity, { startImmediately: true })
      wire.settings(1000)
      yield* Fiber.join(raised)
      assert.strictEqual(session.openable, 999)
      open("/1")
      wire.settings(2)
      yield* until(() => session.openable === 0)
      wire.settings(0)
      yield* until(() => wire.received.filter((one) => one === "SETTINGS 0").length >= 4)
      const freed = yield* Effect.forkChild(capacity, { startImmediately: true })
      wire.answer(1)
      wire.settings(5)
      yield* Fiber.join(freed)
      yield* until(() => session.openable === 4)
    })
  )

  live(
    "without a limit allow any number",
    Effect.gen(function* () {
      const port = yield* tlsServer(good, alpnH2, (socket) => {
        socket.on("data", () => {})
        socket.write(frame(4, 0, 0, Buffer.alloc(0)))
      })
      const { ready, session } = yield* dial(endpoint(port))
      yield* ready
      assert.isAbove(session.openable, 1_000_000)
    })
  )
})

describe("a stream", () => {
  live(
    "that is reset says with which code; REFUSED_STREAM is not processed; the session lives on",
    Effect.gen(function* () {
      const codes = [7, 0, 1, 2, 8, 11]
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(1)
        if (type !== "DATA") return
        const code = codes[(stream - 1) / 2]
        if (code === undefined) wire.answer(stream)
        else wire.reset(stream, code)
      })
      const { open, ready } = yield* dial(endpoint(port))
      yield* ready
      tagged(yield* open("refused").ending, "Refused")
      for (const code of codes.slice(1)) {
        assert.strictEqual(tagged(yield* open(String(code)).ending, "Reset").code, code)
      }
      tagged(yield* open("good").ending, "Answered")
    })
  )

  live(
    "that is cancelled is reset with CANCEL, once, whatever else is called",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type !== "CONNECTED") return
        wires.push(wire)
        wire.settings(1)
      })
      const { heard, open, ready } = yield* dial(endpoint(port))
      yield* ready
      const { ending, stream } = open("a")
      yield* until(() => wires[0]?.received.includes("DATA 1") === true)
      stream.cancel()
      stream.cancel()
      tagged(yield* ending, "Cancelled")
      yield* until(() => wires[0]?.received.includes("RST_STREAM 1") === true)
      const unsent = open("b")
      unsent.stream.cancel()
      tagged(yield* unsent.ending, "Cancelled")
      yield* until(() => heard.length === 5)
      assert.deepStrictEqual(heard, ["ready", "a Cancelled", "capacity", "b Cancelled", "capacity"])
      yield* until(() => wires[0]?.received.includes("RST_STREAM 3") === true)
      assert.deepStrictEqual(
        wires[0]?.received.filter((one) => one.startsWith("HEADERS") || one.startsWith("RST_STREAM")),
        ["HEADERS 1", "RST_STREAM 1", "HEADERS 3", "RST_STREAM 3"]
      )
    })
  )

  live(
    "beyond the last stream id (RFC 9113, 5.1.1) is not written, and the session ends",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(10)
        if (type === "DATA") wire.answer(stream)
      })
      const { ended, open, ready, session } = yield* dial(endpoint(port))
      yield* ready
      const node = session as unknown as {
        readonly session: { readonly setNextStreamID: (id: number) => void }
      }
      node.session.setNextStreamID(2 ** 31 - 1)
      const endings = yield* Effect.all([open("last").ending, open("beyond").ending], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        endings.map((one) => one._tag),
        ["Answered", "NeverWritten"]
      )
      yield* ended
    })
  )

  live(
    "with a field that cannot be written fails alone",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(1)
        if (type === "DATA") wire.answer(stream)
      })
      const layer = ApnsConnection.layer({ environment: { host: "localhost", port, ca: root.cert } })
      yield* Effect.gen(function* () {
        const connection = yield* ApnsConnection
        const bad = yield* Effect.flip(connection.request({ ...request("/a"), fields: { connection: "close" } }))
        assert.strictEqual(bad.outcome, "unsent")
        const response = yield* connection.request(request("/b"))
        assert.strictEqual(response.status, 200)
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("GOAWAY", () => {
  const goingAway = (code: number, processed: number, answer: (wire: Wire) => void) =>
    wireServer((wire, type, stream) => {
      if (type === "CONNECTED") wire.settings(10)
      if (type !== "DATA" || stream !== 5) return
      wire.goAway(processed, code, '{"reason":"Shutdown"}')
      answer(wire)
    })

  live(
    "NO_ERROR: streams up to the last finish, those above are not processed, then the session ends",
    Effect.gen(function* () {
      const port = yield* goingAway(0, 3, (wire) => {
        wire.answer(3)
        wire.answer(1)
      })
      const { ended, heard, open, ready, session } = yield* dial(endpoint(port))
      yield* ready
      const endings = yield* Effect.all([open("a").ending, open("b").ending, open("c").ending], {
        concurrency: "unbounded"
      })
      assert.strictEqual(session.openable, 0)
      assert.strictEqual(yield* ended, undefined)
      assert.deepStrictEqual(
        endings.map((one) => one._tag),
        ["Answered", "Answered", "AboveLastStream"]
      )
      assert.deepStrictEqual(tagged(endings[2], "AboveLastStream").goAway, {
        code: 0,
        lastStreamId: 3,
        debugData: '{"reason":"Shutdown"}'
      })
      assert.strictEqual(heard.filter((one) => one.startsWith("goAway")).length, 1)
      assert.strictEqual(heard.at(-1), "end")
    })
  )

  live(
    "with a code: those above the last are not processed, those below are lost, never refused",
    Effect.gen(function* () {
      const port = yield* goingAway(7, 1, () => {})
      const { ended, heard, open, ready } = yield* dial(endpoint(port))
      yield* ready
      const endings = yield* Effect.all([open("a").ending, open("b").ending, open("c").ending], {
        concurrency: "unbounded"
      })
      yield* ended
      assert.deepStrictEqual(
        endings.map((one) => one._tag),
        ["Lost", "AboveLastStream", "AboveLastStream"]
      )
      assert.include(tagged(endings[0], "Lost").problem, "GOAWAY, code 7")
      assert.deepStrictEqual(
        heard.filter((one) => one.startsWith("goAway")),
        ['goAway 7 1 {"reason":"Shutdown"}']
      )
    })
  )

  live(
    "in two frames lowers the last stream with the second",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(10)
        if (type !== "DATA" || stream !== 5) return
        wire.goAway(2 ** 31 - 1, 0)
        wire.goAway(1, 0)
        wire.answer(1)
      })
      const { heard, open, ready } = yield* dial(endpoint(port))
      yield* ready
      const endings = yield* Effect.all([open("a").ending, open("b").ending, open("c").ending], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        heard.filter((one) => one.startsWith("goAway")),
        ["goAway 0 2147483647 ", "goAway 0 1 "]
      )
      assert.deepStrictEqual(
        endings.map((one) => one._tag),
        ["Answered", "AboveLastStream", "AboveLastStream"]
      )
    })
  )

  live(
    "before any request ends the session",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type) => {
        if (type !== "CONNECTED") return
        wire.settings(1)
        wire.goAway(0, 0, '{"reason":"BadCertificateEnvironment"}')
      })
      const { ended, heard } = yield* dial(endpoint(port))
      yield* ended
      assert.include(heard, 'goAway 0 0 {"reason":"BadCertificateEnvironment"}')
    })
  )
})

describe("a lost connection", () => {
  live(
    "destroyed by the peer loses what is in flight, then ends",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(10)
        if (type === "DATA" && stream === 3) wire.socket.destroy()
      })
      const { ended, heard, open, ready } = yield* dial(endpoint(port))
      yield* ready
      const endings = yield* Effect.all([open("a").ending, open("b").ending], { concurrency: "unbounded" })
      yield* ended
      assert.deepStrictEqual(
        endings.map((one) => one._tag),
        ["Lost", "Lost"]
      )
      assert.strictEqual(heard.at(-1), "end")
      assert.strictEqual(heard.filter((one) => one === "end").length, 1)
    })
  )

  live(
    "after the status of an answer keeps what came",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(10)
        if (type !== "DATA") return
        wire.answer(stream, { body: "half an ans", open: true })
        wire.socket.end()
      })
      const { open, ready } = yield* dial(endpoint(port))
      yield* ready
      const answered = tagged(yield* open("a").ending, "Answered")
      assert.deepStrictEqual([answered.status, answered.body], [200, "half an ans"])
    })
  )

  live(
    "reset by the peer (RST) loses what is in flight",
    Effect.gen(function* () {
      const server = Tls.createServer({ cert: good.cert, key: good.key, ...alpnH2 })
      const raw: Array<Net.Socket> = []
      server.on("connection", (socket) => raw.push(socket))
      server.on("secureConnection", (socket) => {
        const wire = wireOf(socket, (_, type) => {
          if (type === "DATA") raw[0]?.resetAndDestroy()
        })
        wire.settings(10)
      })
      const port = yield* listening(server)
      const { open, ready, ended } = yield* dial(endpoint(port))
      yield* ready
      assert.notStrictEqual(tagged(yield* open("a").ending, "Lost").problem, "")
      yield* ended
    })
  )

  live(
    "ended by the peer in good order loses what is in flight",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type) => {
        if (type === "CONNECTED") wire.settings(10)
        if (type === "DATA") wire.socket.end()
      })
      const { open, ready } = yield* dial(endpoint(port))
      yield* ready
      assert.strictEqual(tagged(yield* open("a").ending, "Lost").problem, "the server ended the connection")
    })
  )

  live(
    "that breaks the protocol loses what is in flight",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type) => {
        if (type === "CONNECTED") wire.settings(10)
        // A frame larger than allowed.
        if (type === "DATA") wire.socket.write(frame(0, 0, 1, Buffer.alloc(70_000)))
      })
      const { open, ready, ended } = yield* dial(endpoint(port))
      yield* ready
      tagged(yield* open("a").ending, "Lost")
      yield* ended
    })
  )
})

describe("closing", () => {
  live(
    "waits for the open streams, then ends",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type !== "CONNECTED") return
        wires.push(wire)
        wire.settings(10)
      })
      const { ended, open, ready, session } = yield* dial(endpoint(port))
      yield* ready
      const a = open("a")
      session.close()
      assert.strictEqual(session.openable, 0)
      yield* until(() => wires[0]?.received.includes("DATA 1") === true)
      wires[0]?.answer(1)
      tagged(yield* a.ending, "Answered")
      assert.strictEqual(yield* ended, undefined)
    })
  )

  live(
    "by force loses them and ends at once",
    Effect.gen(function* () {
      const port = yield* wireServer((wire, type) => {
        if (type === "CONNECTED") wire.settings(10)
      })
      const { ended, open, ready, session } = yield* dial(endpoint(port))
      yield* ready
      const a = open("a")
      session.destroy()
      tagged(yield* a.ending, "Lost")
      yield* ended
    })
  )

  live(
    "while connecting gives it up",
    Effect.gen(function* () {
      const port = yield* listening(Net.createServer(() => {}))
      const { ended, session } = yield* dial(endpoint(port))
      session.close()
      yield* ended
    })
  )

  live(
    "while the SETTINGS are waited for gives it up",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type === "CONNECTED") wires.push(wire)
      })
      const { ended, session } = yield* dial(endpoint(port))
      yield* until(() => wires[0]?.received.includes("SETTINGS 0") === true)
      session.close()
      yield* ended
    })
  )
})

// ---------------------------------------------------------------------------------------------------------------------

const request = (path = "/3/device/ab", deadlineMillis = Date.now() + limit): ApnsRequest => ({
  method: "POST",
  path,
  fields: { "apns-topic": "com.example.app" },
  body: Buffer.from("{}"),
  deadlineMillis
})

/** The reason why one request through the layer failed to connect. */
const connectFailure = (port: number, { host = "localhost", timesOutAt }: RefusalOptions = {}) =>
  Effect.gen(function* () {
    const connectTimeout = timesOutAt === undefined ? limit : 200
    const layer = ApnsConnection.layer({ environment: { host, port, ca: root.cert }, connectTimeout })
    const failing = Effect.flip(
      Effect.flatMap(ApnsConnection, (connection) => connection.request(request())).pipe(Effect.provide(layer))
    )
    const error = yield* timesOutAt === undefined ? failing : timedOutAfter(failing, connectTimeout, timesOutAt)
    assert.strictEqual(error._tag, "ConnectionFailed")
    if (error._tag !== "ConnectionFailed") throw error
    assert.strictEqual(error.outcome, "unsent")
    assert.strictEqual(error.address, `${host}:${port}`)
    assert.match(error.cure, /^[A-Z].+\.$/)
    assert.strictEqual(error.action, error.transient ? "retry" : "fixConfig")
    return error
  })

interface RefusalOptions {
  readonly host?: string
  /** Of a server that lets the time for connecting run out: whether the client has come as far as it will. */
  readonly timesOutAt?: () => boolean
}

interface Refusal {
  readonly name: string
  readonly server: Effect.Effect<number, never, Scope.Scope>
  readonly options?: RefusalOptions | undefined
  readonly step: string
  readonly transient: boolean
  readonly problem: RegExp
}

const quiet = (socket: Net.Socket) => void socket.on("data", () => {})

/** Says nothing, too, and whether it was spoken to: then the client has connected, and over TLS shaken hands. */
const addressed = () => {
  let spoken = false
  return {
    onSocket: (socket: Net.Socket) => {
      socket.on("data", () => {
        spoken = true
      })
    },
    isSpokenTo: () => spoken,
    /** Its cases are run more than once, each with a server of its own. */
    started: <A, E, R>(server: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        spoken = false
        return server
      })
  }
}

const [neverAnswering, neverReady] = [addressed(), addressed()]

const closedPort = Effect.scoped(listening(Net.createServer()))

const refusals: ReadonlyArray<Refusal> = [
  {
    name: "a port where nothing listens",
    server: closedPort,
    step: "connect",
    transient: true,
    problem: /refused/
  },
  {
    name: "a port of an address where nothing listens",
    server: closedPort,
    options: { host: "127.0.0.1" },
    step: "connect",
    transient: true,
    problem: /refused/
  },
  {
    name: "a listener that never answers",
    server: neverAnswering.started(Effect.suspend(() => listening(Net.createServer(neverAnswering.onSocket)))),
    options: { timesOutAt: neverAnswering.isSpokenTo },
    step: "tls",
    transient: true,
    problem: /within 200 ms/
  },
  {
    name: "a listener that hangs up",
    server: listening(Net.createServer((socket) => socket.destroy())),
    step: "tls",
    transient: true,
    problem: /reset during the TLS handshake/
  },
  {
    name: "a server that speaks another protocol",
    server: listening(Net.createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"))),
    step: "tls",
    transient: false,
    problem: /does not speak TLS/
  },
  {
    name: "a server of plain HTTP",
    server: listening(
      Net.createServer((socket) =>
        socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
      )
    ),
    step: "tls",
    transient: false,
    problem: /does not speak TLS/
  },
  {
    name: "a server of HTTPS with HTTP/1.1 only",
    server: Effect.suspend(() => listening(Https.createServer({ cert: good.cert, key: good.key }))),
    step: "alpn",
    transient: false,
    problem: /does not speak HTTP\/2/
  },
  {
    name: "a TLS server without ALPN",
    server: tlsServer(good, {}, quiet),
    step: "alpn",
    transient: false,
    problem: /does not speak HTTP\/2/
  },
  {
    name: "a certificate of an unknown issuer",
    server: tlsServer(stranger, alpnH2, quiet),
    step: "tls",
    transient: false,
    problem: /issuer .* not known/
  },
  {
    name: "a self-signed certificate",
    server: tlsServer(selfSigned, alpnH2, quiet),
    step: "tls",
    transient: false,
    problem: /self-signed/
  },
  {
    name: "a certificate for another host",
    server: tlsServer(elsewhere, alpnH2, quiet),
    step: "tls",
    transient: false,
    problem: /another host name/
  },
  {
    name: "an expired certificate",
    server: tlsServer(expired, alpnH2, quiet),
    step: "tls",
    transient: false,
    problem: /expired/
  },
  {
    name: "a server that demands a client certificate (TLS 1.3)",
    server: tlsServer(good, { ...alpnH2, requestCert: true, ca: root.cert }, quiet),
    step: "tls",
    transient: false,
    problem: /client certificate/
  },
  {
    name: "a server that demands a client certificate (TLS 1.2)",
    server: tlsServer(good, { ...alpnH2, requestCert: true, ca: root.cert, maxVersion: "TLSv1.2" }, quiet),
    step: "tls",
    transient: false,
    problem: /handshake/
  },
  {
    name: "a server that never sends SETTINGS",
    server: neverReady.started(Effect.suspend(() => tlsServer(good, alpnH2, neverReady.onSocket))),
    options: { timesOutAt: neverReady.isSpokenTo },
    step: "settings",
    transient: true,
    problem: /no HTTP\/2 SETTINGS within 200 ms/
  },
  {
    name: "a server that hangs up instead of sending SETTINGS",
    server: tlsServer(good, alpnH2, (socket) => socket.end()),
    step: "settings",
    transient: true,
    problem: /before it was ready|reset/
  },
  {
    name: "a server that selects h2 and speaks something else",
    server: tlsServer(good, alpnH2, (socket) => {
      quiet(socket)
      socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
    }),
    step: "settings",
    transient: true,
    problem: /settings failed|before it was ready|broke a rule of HTTP\/2/
  }
]

describe.each([
  ["the engine", connectEngine],
  ["node:http2", connectNode]
] as const)("connecting over %s fails with a step, a problem and a cure", (_, transport) => {
  beforeAll(() => {
    connect = transport
  })
  afterAll(() => {
    connect = connectNode
  })

  for (const { name, options, problem, server, step, transient } of refusals) {
    live(
      name,
      Effect.gen(function* () {
        const error = yield* connectFailure(yield* server, options)
        assert.deepStrictEqual([error.step, error.transient], [step, transient], error.message)
        assert.match(error.problem, problem)
      })
    )
  }

  it.each([
    ["ENOTFOUND", "dns", true],
    ["EAI_AGAIN", "dns", true],
    ["EHOSTUNREACH", "connect", true],
    ["ETIMEDOUT", "connect", true],
    ["CERT_NOT_YET_VALID", "tls", false],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "tls", false],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "tls", false],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED", "tls", false],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls", false]
  ] as const)("%s is of the step %s", (code, step, transient) => {
    const failure = classify(Object.assign(new Error(code), { code }), "dns")
    assert.deepStrictEqual([failure.step, failure.transient], [step, transient])
    assert.isAbove(failure.problem.length, 0)
    assert.isAbove(failure.cure.length, 0)
  })

  live(
    "a PING that is acknowledged says so; nothing is said of one that the end of the session overtakes",
    Effect.gen(function* () {
      const port = yield* http2Server({ maxConcurrentStreams: 1 }, () => {})
      const { ended, heard, ready, session } = yield* dial(endpoint(port))
      yield* ready
      yield* Effect.callback<void>((resume) => session.ping(() => resume(Effect.void)))
      session.ping(() => heard.push("acknowledged"))
      session.destroy()
      session.ping(() => heard.push("acknowledged"))
      yield* ended
      assert.deepStrictEqual(heard, ["ready", "end"])
    })
  )

  it("an error without a code says what it is", () => {
    assert.include(classify(new Error("odd"), "tls").problem, "odd")
  })

  live(
    "a client certificate that TLS refuses to load",
    Effect.gen(function* () {
      const port = yield* closedPort
      const { ended } = yield* dial(
        endpoint(port, { clientCertificate: { certificate: good.cert, privateKey: Redacted.make(stranger.key) } })
      )
      const failure = yield* ended
      assert.deepStrictEqual([failure?.step, failure?.transient], ["tls", false])
      assert.notInclude(JSON.stringify(failure), stranger.key.slice(40, 80))
    })
  )
})

describe("a connection of the layer", () => {
  const answering = (limit = 10) =>
    wireServer((wire, type, stream) => {
      if (type === "CONNECTED") wire.settings(limit)
      if (type === "DATA") wire.answer(stream)
    })

  const silent = Effect.gen(function* () {
    let asked = false
    const port = yield* wireServer((wire, type) => {
      if (type === "CONNECTED") wire.settings(10)
      if (type === "DATA") asked = true
    })
    return { port, asked: () => asked }
  })

  const layerFor = (port: number, drainTimeout?: Duration.Input) =>
    ApnsConnection.layer({
      environment: { host: "localhost", port, ca: root.cert },
      connectTimeout: limit,
      drainTimeout
    })

  /** A connection whose scope the test closes. */
  const opened = (port: number, drainTimeout?: Duration.Input) =>
    Effect.gen(function* () {
      const scope = Scope.makeUnsafe()
      yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
      const context = yield* Layer.buildWithScope(layerFor(port, drainTimeout), scope)
      const connection = yield* Effect.provide(ApnsConnection, context)
      return { connection, closing: Scope.close(scope, Exit.void) }
    })

  timed(
    "carries many at once over one session, within a limit of 1 that rises",
    Effect.gen(function* () {
      let sessions = 0
      let most = 0
      let now = 0
      let answered = 0
      const port = yield* http2Server(
        { maxConcurrentStreams: 1 },
        (stream) => {
          most = Math.max(most, ++now)
          if (++answered === 1) stream.session?.settings({ maxConcurrentStreams: 50 })
          stream.on("close", () => now--)
          stream.respond({ ":status": 200 })
          stream.end()
        },
        () => sessions++
      )
      const { connection } = yield* opened(port)
      const names = new Set<string>()
      yield* Effect.forEach(
        Array.from({ length: 300 }),
        () => Effect.map(connection.request(request()), (response) => names.add(response.connection)),
        { concurrency: "unbounded", discard: true }
      )
      assert.deepStrictEqual([sessions, [...names]], [1, [`localhost:${port}#1`]])
      assert.isAtMost(most, 50)
      assert.strictEqual(connection.address, `localhost:${port}`)
    })
  )

  timed(
    "outlives its connectTimeout, and connects by address",
    Effect.gen(function* () {
      const port = yield* answering()
      const layer = ApnsConnection.layer({
        environment: { host: "127.0.0.1", port, ca: root.cert },
        connectTimeout: "200 millis"
      })
      const pass = yield* heldTimers
      yield* Effect.gen(function* () {
        const connection = yield* ApnsConnection
        const first = yield* connection.request(request())
        pass(250)
        yield* moment
        const second = yield* connection.request(request())
        assert.deepStrictEqual([first.connection, second.connection], Array(2).fill(`127.0.0.1:${port}#1`))
      }).pipe(Effect.provide(layer))
    })
  )

  timed(
    "passes the authorization on",
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const port = yield* http2Server({}, (stream, headers) => {
        seen.push(headers.authorization)
        stream.respond({ ":status": 200 })
        stream.end()
      })
      const { connection } = yield* opened(port)
      yield* connection.request({ ...request(), authorization: Redacted.make("bearer x.y.z") })
      yield* connection.request(request())
      assert.deepStrictEqual(seen, ["bearer x.y.z", undefined])
    })
  )

  timed(
    "is replaced when the peer hangs up between two requests",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") {
          wires.push(wire)
          wire.settings(1)
        }
        if (type === "DATA") wire.answer(stream)
      })
      const { connection } = yield* opened(port)
      const first = yield* connection.request(request())
      wires[0]?.socket.end()
      yield* until(() => wires[0]?.socket.closed === true)
      const second = yield* connection.request(request())
      assert.notStrictEqual(first.connection, second.connection)
    })
  )

  for (const [how, kill] of [
    ["destroyed", (raw: Net.Socket) => raw.destroy()],
    ["reset", (raw: Net.Socket) => raw.resetAndDestroy()],
    ["ended", (_: Net.Socket, wire: Wire) => wire.socket.end()]
  ] as const) {
    timed(
      `when its socket is ${how}, leaves unknown only what was written, and the queue goes out on the next`,
      Effect.gen(function* () {
        const server = Tls.createServer({ cert: good.cert, key: good.key, ...alpnH2 })
        const raws: Array<Net.Socket> = []
        let sessions = 0
        server.on("connection", (raw) => raws.push(raw))
        server.on("secureConnection", (socket) => {
          const session = ++sessions
          const wire = wireOf(socket, (_, type, stream) => {
            if (type !== "DATA") return
            // The first session answers one request and dies with the next two in flight.
            if (session > 1 || stream === 1) wire.answer(stream)
            else if (stream === 5) for (const raw of raws) kill(raw, wire)
          })
          wire.settings(2)
        })
        const { connection } = yield* opened(yield* listening(server))
        yield* connection.request(request())
        const results = yield* Effect.all(
          Array.from({ length: 12 }, () => Effect.result(connection.request(request()))),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          results.map((result) => (Result.isSuccess(result) ? result.success.connection : result.failure._tag)),
          ["OutcomeUnknown", "OutcomeUnknown", ...Array(10).fill(`${connection.address}#2`)]
        )
      })
    )
  }

  timed(
    "keeps the deadline",
    Effect.gen(function* () {
      const { asked, port } = yield* silent
      const { connection } = yield* opened(port)
      const failing = yield* Effect.forkChild(Effect.flip(connection.request(request("/a", 100))), {
        startImmediately: true
      })
      yield* until(asked)
      const error = yield* endsAfter(failing, 100)
      assert.isTrue(error._tag === "DeadlinePassed" && error.stage === "answer" && error.outcome === "unknown")
    })
  )

  timed(
    "interrupted, resets the stream",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type !== "CONNECTED") return
        wires.push(wire)
        wire.settings(1)
      })
      const { connection } = yield* opened(port)
      const fiber = yield* Effect.forkChild(connection.request(request("/a", 60_000)), { startImmediately: true })
      yield* until(() => wires[0]?.received.includes("DATA 1") === true)
      yield* Fiber.interrupt(fiber)
      yield* until(() => wires[0]?.received.includes("RST_STREAM 1") === true)
    })
  )

  timed(
    "never used closes at once",
    Effect.gen(function* () {
      const { closing } = yield* opened(yield* closedPort)
      yield* closing
    })
  )

  timed(
    "idle closes at once",
    Effect.gen(function* () {
      const { closing, connection } = yield* opened(yield* answering())
      yield* connection.request(request())
      yield* closing
    })
  )

  timed(
    "waits for the answers of what is in flight, and no longer",
    Effect.gen(function* () {
      let answer: (() => void) | undefined
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") wire.settings(1)
        if (type === "DATA") answer = () => wire.answer(stream)
      })
      const { closing, connection } = yield* opened(port)
      const sent = yield* Effect.forkChild(connection.request(request()), { startImmediately: true })
      const queued = yield* Effect.forkChild(Effect.flip(connection.request(request())), { startImmediately: true })
      yield* until(() => answer !== undefined)
      const closed = yield* Effect.forkChild(closing, { startImmediately: true })
      const error = yield* Fiber.join(queued)
      assert.isTrue(error._tag === "ConnectionFailed" && error.step === "closed" && error.outcome === "unsent")
      yield* moment
      assert.isUndefined(closed.pollUnsafe())
      answer?.()
      assert.strictEqual((yield* Fiber.join(sent)).status, 200)
      yield* Fiber.join(closed)
    })
  )

  timed(
    "does not wait longer than drainTimeout for a server that never answers",
    Effect.gen(function* () {
      const { asked, port } = yield* silent
      const { closing, connection } = yield* opened(port, "150 millis")
      const sent = yield* Effect.forkChild(Effect.flip(connection.request(request())), { startImmediately: true })
      yield* until(asked)
      yield* endsAfter(yield* Effect.forkChild(closing, { startImmediately: true }), 150)
      const error = yield* Fiber.join(sent)
      assert.deepStrictEqual([error._tag, error.outcome], ["OutcomeUnknown", "unknown"])
    })
  )

  timed(
    "does not wait at all with a drainTimeout of 0",
    Effect.gen(function* () {
      const { asked, port } = yield* silent
      const { closing, connection } = yield* opened(port, 0)
      const sent = yield* Effect.forkChild(Effect.flip(connection.request(request())), { startImmediately: true })
      yield* until(asked)
      yield* closing
      assert.strictEqual((yield* Fiber.join(sent))._tag, "OutcomeUnknown")
    })
  )

  timed(
    "over a network that went dead keeps deadlines, writes nothing more, and closes within drainTimeout",
    Effect.gen(function* () {
      const { die, port } = yield* network(yield* answering(1))
      const { closing, connection } = yield* opened(port, "100 millis")
      assert.strictEqual((yield* connection.request(request())).status, 200)
      die()
      const failing = yield* Effect.forEach([1, 2, 3], (n) =>
        Effect.forkChild(Effect.flip(connection.request(request("/a", 50 * n))), { startImmediately: true })
      )
      const stages: Array<string> = []
      for (const fiber of failing) {
        yield* moment
        const error = yield* endsAfter(fiber, 50)
        stages.push(error._tag === "DeadlinePassed" ? `${error.stage} ${error.outcome}` : error._tag)
      }
      // The first has the only slot, and keeps it: the server has not said that it knows of its end.
      assert.deepStrictEqual(stages, ["answer unknown", "queue unsent", "queue unsent"])
      // No stream is open, so that nothing is waited for but the server's end of the session.
      const closed = yield* Effect.forkChild(closing, { startImmediately: true })
      yield* TestClock.adjust(100)
      yield* Fiber.join(closed)
    })
  )

  const watchful = (port: number, config: Partial<ApnsConnectionConfig> = {}) =>
    Effect.map(
      Layer.build(
        ApnsConnection.layer({
          environment: { host: "localhost", port, ca: root.cert },
          silencePing: "100 millis",
          pingTimeout: "100 millis",
          ...config
        })
      ),
      (context) => Context.get(context, ApnsConnection)
    )

  timed(
    "over a network that goes dead under it is replaced, long before the deadline of what it carried",
    Effect.gen(function* () {
      let connections = 0
      const server = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") {
          connections++
          wire.settings(2)
        }
        if (type === "DATA") wire.answer(stream)
      })
      const { die, port, revive } = yield* network(server)
      // A second session might be under way already when the network dies, and hang there.
      const connection = yield* watchful(port, { maxSessions: 1 })
      assert.strictEqual((yield* connection.request(request())).status, 200)
      die()
      const sent = yield* Effect.forEach([1, 2, 3, 4, 5], (n) =>
        Effect.forkChild(Effect.result(connection.request(request(`/${n}`))), { startImmediately: true })
      )
      yield* moment
      yield* TestClock.adjust(100)
      yield* moment
      revive()
      yield* TestClock.adjust(100)
      const results = yield* Effect.forEach(sent, Fiber.join)
      assert.deepStrictEqual(
        results.map((result) => (Result.isSuccess(result) ? result.success.connection : result.failure.outcome)),
        ["unknown", "unknown", ...Array(3).fill(`localhost:${port}#2`)]
      )
      assert.include(String(results.map(Result.getFailure)), "no sign of life within 100ms")
      assert.strictEqual(connections, 2)
    })
  )

  timed(
    "that is idle over a network that went dead is ended before the next request",
    Effect.gen(function* () {
      const { die, port, revive } = yield* network(yield* answering())
      const connection = yield* watchful(port, { idlePing: "100 millis" })
      yield* connection.request(request())
      die()
      yield* TestClock.adjust(100)
      yield* moment
      yield* TestClock.adjust(100)
      revive()
      assert.strictEqual((yield* connection.request(request())).connection, `localhost:${port}#2`)
    })
  )

  timed(
    "to a server that acknowledges PINGs is kept, slow as it may be",
    Effect.gen(function* () {
      let pings = 0
      const asked: Array<Http2.ServerHttp2Stream> = []
      const port = yield* http2Server(
        { maxConcurrentStreams: 5 },
        (stream) => asked.push(stream),
        (session) => session.on("ping", () => pings++)
      )
      const connection = yield* watchful(port, { idlePing: "50 millis", pingTimeout: "2 seconds" })
      // Whether one was acknowledged is looked at when it should be, and only then the next one follows.
      const pinged = Effect.gen(function* () {
        const before = pings
        while (pings < before + 3) {
          yield* TestClock.adjust(50)
          yield* moment
        }
      })
      for (const path of ["/a", "/b"]) {
        const slow = yield* Effect.forkChild(connection.request(request(path)), { startImmediately: true })
        yield* until(() => asked.length > 0)
        yield* pinged
        const stream = asked.pop()
        stream?.respond({ ":status": 200 })
        stream?.end()
        assert.strictEqual((yield* Fiber.join(slow)).connection, `localhost:${port}#1`)
        yield* pinged
      }
    })
  )

  live(
    "has more sessions where one does not suffice, and no stream beyond the limit of any",
    Effect.gen(function* () {
      const counts = new Map<Http2.Http2Session, number>()
      const held: Array<() => void> = []
      let sessions = 0
      let most = 0
      const port = yield* http2Server(
        { maxConcurrentStreams: 4 },
        (stream) => {
          const { session } = stream
          if (session === undefined) return
          const isFirst = !counts.has(session)
          const open = (counts.get(session) ?? 0) + 1
          counts.set(session, open)
          most = Math.max(most, open)
          const answer = () =>
            setTimeout(() => {
              counts.set(session, (counts.get(session) ?? 0) - 1)
              if (stream.destroyed) return
              stream.respond({ ":status": 200 })
              stream.end()
            }, 10)
          // A session has to answer before another is opened. The rest wait until it has come, however long that takes.
          if (isFirst || sessions === 3) answer()
          else held.push(answer)
        },
        () => {
          if (++sessions === 3) for (const answer of held.splice(0)) answer()
        }
      )
      const connection = yield* watchful(port, { maxSessions: 3, silencePing: Duration.infinity })
      const responses = yield* Effect.forEach(
        Array.from({ length: 120 }, (_, n) => n),
        (n) => connection.request(request(`/${n}`)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(responses.every(({ status }) => status === 200))
      assert.deepStrictEqual([sessions, most], [3, 4])
      assert.strictEqual(new Set(responses.map((response) => response.connection)).size, 3)
    })
  )

  timed(
    "that is to be warm is open before the first request",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type, stream) => {
        if (type === "CONNECTED") {
          wires.push(wire)
          wire.settings(1)
        }
        if (type === "DATA") wire.answer(stream)
      })
      const connection = yield* watchful(port, { warmUp: true })
      yield* until(() => wires[0]?.received.includes("SETTINGS 0") === true)
      assert.strictEqual((yield* connection.request(request())).status, 200)
      assert.lengthOf(wires, 1)
    })
  )

  it.effect.each<[string, Partial<ApnsConnectionConfig>]>([
    ["maxSessions", { maxSessions: 0 }],
    ["maxSessions", { maxSessions: 1.5 }],
    ["idlePing", { idlePing: 0 }],
    ["silencePing", { silencePing: Duration.zero }],
    ["pingTimeout", { pingTimeout: 0 }],
    ["pingTimeout", { pingTimeout: Duration.infinity }]
  ])("refuses a %s out of its range", ([setting, config]) =>
    Effect.gen(function* () {
      const layer = ApnsConnection.layer({ environment: "sandbox", ...config })
      const { reason } = yield* Effect.flip(Layer.build(layer))
      assert.isTrue(reason._tag === "InvalidConfiguration" && reason.setting === setting, reason.message)
    })
  )

  timed(
    "still connecting closes at once",
    Effect.gen(function* () {
      const { isSpokenTo, onSocket } = addressed()
      const { closing, connection } = yield* opened(yield* listening(Net.createServer(onSocket)))
      const sent = yield* Effect.forkChild(Effect.flip(connection.request(request())), { startImmediately: true })
      yield* until(isSpokenTo)
      yield* closing
      const error = yield* Fiber.join(sent)
      assert.isTrue(error._tag === "ConnectionFailed" && error.step === "closed")
    })
  )

  timed(
    "still waiting for SETTINGS closes at once",
    Effect.gen(function* () {
      const { isSpokenTo, onSocket } = addressed()
      const { closing, connection } = yield* opened(yield* tlsServer(good, alpnH2, onSocket))
      const sent = yield* Effect.forkChild(Effect.flip(connection.request(request())), { startImmediately: true })
      yield* until(isSpokenTo)
      yield* closing
      assert.strictEqual((yield* Fiber.join(sent))._tag, "ConnectionFailed")
    })
  )

  timed(
    "fails requests after its scope has closed",
    Effect.gen(function* () {
      const { closing, connection } = yield* opened(yield* answering())
      yield* closing
      const error = yield* Effect.flip(connection.request(request()))
      assert.isTrue(error._tag === "ConnectionFailed" && error.step === "closed" && !error.transient)
    })
  )

  it.effect("refuses a port that is none", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(ApnsConnection.layer({ environment: "sandbox", port: 70_000 })))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
    })
  )
})

describe("Apns.layer", () => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" })

  const layerFor = (port: number) =>
    Apns.layer({
      environment: { host: "localhost", port, ca: root.cert },
      credentials: {
        _tag: "TokenCredentials",
        teamId: "ABCDE12345",
        keyId: "KEY1234567",
        privateKey: Redacted.make(key.toString())
      },
      topic: "com.example.app",
      drainTimeout: "100 millis"
    })

  timed(
    "sends, with a token, a path and the fields",
    Effect.gen(function* () {
      const seen: Array<Http2.IncomingHttpHeaders> = []
      const port = yield* http2Server({ maxConcurrentStreams: 1 }, (stream, headers) => {
        seen.push(headers)
        stream.respond({ ":status": 200, "apns-id": headers["apns-id"], "apns-unique-id": "unique" })
        stream.end()
      })
      const notification = Notification.alert({ device: "abcd", alert: "hello" })
      const receipt = yield* Effect.flatMap(Apns, (apns) => apns.send(notification)).pipe(
        Effect.provide(layerFor(port))
      )
      assert.deepInclude(receipt, { apnsId: notification.id, uniqueId: "unique", attempts: 1 })
      assert.match(String(seen[0]?.authorization), /^bearer [\w-]+\.[\w-]+\.[\w-]{86}$/)
      assert.deepInclude(seen[0], { ":path": "/3/device/abcd", "apns-push-type": "alert" })
    })
  )

  timed(
    "closes promptly with a send in flight that is never answered",
    Effect.gen(function* () {
      const wires: Array<Wire> = []
      const port = yield* wireServer((wire, type) => {
        if (type !== "CONNECTED") return
        wires.push(wire)
        wire.settings(1)
      })
      const scope = Scope.makeUnsafe()
      const context = yield* Layer.buildWithScope(layerFor(port), scope)
      const apns = yield* Effect.provide(Apns, context)
      const sending = yield* Effect.forkChild(
        Effect.flip(apns.send(Notification.alert({ device: "abcd", alert: "hello" }))),
        { startImmediately: true }
      )
      yield* until(() => wires[0]?.received.includes("DATA 1") === true)
      yield* endsAfter(yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true }), 100)
      const error = yield* Fiber.join(sending)
      assert.deepStrictEqual([error.reason._tag, error.outcome, error.attempts], ["OutcomeUnknown", "unknown", 1])
    })
  )
})
