/** The driver on real sockets: TLS, timeouts, back pressure and shutdown. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import { duplexPair } from "node:stream"
import * as Tls from "node:tls"
import { connect, type Ending } from "@effect-apns/http2"
import { afterEach, describe, it, vi } from "vitest"
import { client, summary } from "./support/client.ts"
import { block, frame, settingsPayload, types } from "./support/frames.ts"
import { certificate, listening, nodeServer } from "./support/servers.ts"

const cleanups: Array<() => unknown> = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const server = async (...args: Parameters<typeof nodeServer>) => {
  const running = await nodeServer(...args)
  cleanups.push(running.stop)
  return running
}

const open = (options: Parameters<typeof client>[0]) => {
  const opened = client(options)
  cleanups.push(() => opened.session.destroy())
  return opened
}

/** A server of raw sockets; `onSocket` is the server's part. Returns the port. */
const raw = async (onSocket: (socket: Net.Socket) => void) => {
  const sockets = new Set<Net.Socket>()
  const listener = Net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    onSocket(socket)
  })
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => listener.close(resolve))
  })
  return listening(listener)
}

/** A raw server that is ready, without TLS. */
const rawReady = (onSocket: (socket: Net.Socket) => void) =>
  raw((socket) => {
    socket.write(frame(types.settings, 0, 0, settingsPayload({ maxConcurrentStreams: 100 })))
    onSocket(socket)
  })

/** Runs a part of the server once the client has opened a stream, which is when it is ready and has written. */
const onceAsked = (socket: Net.Socket, then: () => void) => {
  const preface = 24
  let received = Buffer.alloc(0)
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (let at = preface; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
      if (received[at + 3] !== types.headers) continue
      socket.off("data", onData)
      socket.resume()
      return then()
    }
  }
  socket.on("data", onData)
}

// Taken before a test holds the timers.
const { setTimeout: later } = globalThis

const sleep = (millis: number) => new Promise((resolve) => later(resolve, millis))

const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(1)
}

/** The time for connecting runs out, but not before the client has spoken and the server has heard it. */
const timedOut = async (options: Partial<Parameters<typeof open>[0]>) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  cleanups.push(() => vi.useRealTimers())
  let heard = false
  const port = await raw((socket) => {
    socket.on("data", () => {
      heard = true
    })
  })
  const { ended } = open({ host: "127.0.0.1", port, connectTimeoutMillis: 100, ...options })
  let over = false
  void ended.then(() => {
    over = true
  })
  await until(() => heard)
  vi.advanceTimersByTime(99)
  await sleep(1)
  ok(!over)
  vi.advanceTimersByTime(1)
  return ended
}

describe("a session", () => {
  it("resolves the host by the function it is given, and tells which addresses it tries", async () => {
    const port = await rawReady(() => {})
    const told: Array<string> = []
    await new Promise<void>((resolve, reject) => {
      const session = connect(
        {
          host: "push.test",
          port,
          plaintext: true,
          lookup: (host, { all }, callback) => {
            told.push(`resolve ${host}${all === true ? ", all" : ""}`)
            const found = ["127.0.0.2", "127.0.0.1"].map((address) => ({ address, family: 4 }))
            setImmediate(() => callback(null, found))
          }
        },
        {
          onAttempt: (address) => told.push(`try ${address}`),
          onAttemptFailed: (address) => told.push(`failed ${address}`),
          onReady: resolve,
          onCapacity: () => {},
          onGoAway: () => {},
          onEnd: (failure) => reject(failure?.error)
        }
      )
      cleanups.push(() => session.destroy())
    })
    deepStrictEqual(told, ["resolve push.test, all", "try 127.0.0.2", "failed 127.0.0.2", "try 127.0.0.1"])
  })

  it("sends requests and has answers, over TLS with ALPN h2", async () => {
    const seen: Array<unknown> = []
    const { host, port, ca } = await server((stream, headers) => {
      seen.push([
        headers[":method"],
        headers[":path"],
        headers[":authority"],
        headers[":scheme"],
        headers["apns-topic"]
      ])
      let body = ""
      stream.setEncoding("utf8").on("data", (chunk) => {
        body += chunk
      })
      stream.on("end", () => {
        stream.respond({ ":status": 200, "apns-id": "A" })
        stream.end(body.toUpperCase())
      })
    })
    const { session, send, ended } = open({ host, port, ca })
    const ending = await send({ path: "/3/device/a", stableFields: [["apns-topic", "t"]], body: "grüße" })
    strictEqual(summary(ending), "200 GRÜSSE")
    ok(ending._tag === "Answered")
    strictEqual(new Map(ending.fields).get("apns-id"), "A")
    deepStrictEqual(seen, [["POST", "/3/device/a", `127.0.0.1:${port}`, "https", "t"]])
    session.close()
    strictEqual(await ended, undefined)
  })

  it("opens by name with SNI, and sends authority and server name that were asked for", async () => {
    const names: Array<unknown> = []
    const {
      port,
      ca,
      server: http2
    } = await server((stream, headers) => {
      names.push(headers[":authority"])
      stream.respond({ ":status": 204 }, { endStream: true })
    })
    http2.on("secureConnection", (socket: Tls.TLSSocket) => names.push((socket as { servername?: unknown }).servername))
    const { send } = open({ host: "localhost", port, ca, authority: "api.example" })
    strictEqual(summary(await send({ method: "GET" })), "204")
    deepStrictEqual(names, ["localhost", "api.example"])
  })

  it("presents a client certificate", async () => {
    const { cert, key } = certificate()
    const { host, port, ca } = await server(
      (stream) => {
        const socket = stream.session?.socket as Tls.TLSSocket | undefined
        const peer = socket?.getPeerCertificate()
        stream.respond({ ":status": 200 })
        stream.end(String(peer?.subject?.CN))
      },
      { requestCert: true, ca: certificate().cert }
    )
    const { send } = open({ host, port, ca, cert, key })
    strictEqual(summary(await send()), "200 localhost")
  })

  it("keeps within the server's limit under load, as the server counts (5.1.2)", async () => {
    let current = 0
    let most = 0
    const { host, port, ca } = await server(
      (stream) => {
        most = Math.max(most, ++current)
        stream.on("close", () => current--)
        stream.respond({ ":status": 200 }, { endStream: true })
      },
      { settings: { maxConcurrentStreams: 7 } }
    )
    const { session, send, ended } = open({ host, port, ca })
    const endings = await Promise.all(Array.from({ length: 2000 }, () => send({ body: "x".repeat(250) })))
    ok(endings.every((ending) => summary(ending) === "200"))
    ok(most <= 7, `${most} streams`)
    session.close()
    strictEqual(await ended, undefined)
  })

  it("moves large bodies both ways", async () => {
    const { host, port, ca } = await server((stream) => {
      stream.respond({ ":status": 200 })
      stream.pipe(stream)
    })
    const { send } = open({ host, port, ca, maxBodySize: 10_000_000 })
    const body = Buffer.alloc(3_000_000, "0123456789")
    const endings = await Promise.all([send({ body }), send({ body })])
    for (const ending of endings) ok(ending._tag === "Answered" && ending.body.equals(body))
  })

  it("drains on close(): what is open is answered, then it ends", async () => {
    const { host, port, ca } = await server((stream) => {
      setTimeout(() => stream.respond({ ":status": 200 }, { endStream: true }), 100)
    })
    const { session, send, ready, ended } = open({ host, port, ca })
    await ready
    const pending = [send(), send()]
    session.close()
    strictEqual(session.openable, 0)
    deepStrictEqual((await Promise.all(pending)).map(summary), ["200", "200"])
    strictEqual(await ended, undefined)
  })

  it("loses what is open on destroy(), and ends", async () => {
    let asked = false
    const { host, port, ca } = await server(() => {
      asked = true
    })
    const { session, send, ready, ended } = open({ host, port, ca })
    await ready
    const written = send()
    await until(() => asked)
    const left = send()
    session.destroy()
    deepStrictEqual([summary(await written), summary(await left)], ["Lost", "NeverWritten"])
    strictEqual(await ended, undefined)
  })

  it("answers health checks by PING", async () => {
    const { host, port, ca } = await server(() => {})
    const { session, ready } = open({ host, port, ca })
    await ready
    await new Promise<void>((resolve) => session.ping(resolve))
  })

  it("follows a graceful GOAWAY: open streams are answered, then it ends (6.8)", async () => {
    const { host, port, ca } = await server((stream) => {
      stream.session?.goaway(0, 1, Buffer.from(`{"reason":"Shutdown"}`))
      setTimeout(() => stream.respond({ ":status": 200 }, { endStream: true }), 50)
    })
    const { send, goAways, ended } = open({ host, port, ca })
    strictEqual(summary(await send()), "200")
    deepStrictEqual(goAways, [{ code: 0, lastStreamId: 1, debugData: `{"reason":"Shutdown"}` }])
    strictEqual(await ended, undefined)
  })

  it("runs over a stream that is given, such as a proxy's tunnel", async () => {
    const { host, port, ca } = await server((stream) => stream.respond({ ":status": 200 }, { endStream: true }))
    const tunnel = Net.connect({ host, port })
    await new Promise((resolve) => tunnel.on("connect", resolve))
    const { send } = open({ host: "localhost", port, ca, socket: tunnel })
    strictEqual(summary(await send()), "200")
  })

  it("runs without TLS by prior knowledge (3.3)", async () => {
    const plain = Http2.createServer()
    plain.on("stream", (stream) => stream.respond({ ":status": 200 }, { endStream: true }))
    const port = await listening(plain)
    const { session, send, ended } = open({ host: "127.0.0.1", port, plaintext: true })
    strictEqual(summary(await send()), "200")
    session.close()
    await ended
    await new Promise((resolve) => plain.close(resolve))
  })

  it("opens nothing while the socket is behind, and goes on when it has drained", async () => {
    let blocked: Net.Socket | undefined
    const port = await raw((socket) => {
      socket.pause()
      blocked = socket
      // In one piece: whoever knows of the streams knows of the windows.
      const settings = settingsPayload({ maxConcurrentStreams: 100, initialWindowSize: 100_000_000 })
      const window = frame(types.windowUpdate, 0, 0, Buffer.from([0x7f, 0, 0, 0]))
      socket.write(Buffer.concat([frame(types.settings, 0, 0, settings), window]))
    })
    const { session, send, ready } = open({ host: "127.0.0.1", port, plaintext: true })
    await ready
    const endings = [send({ body: Buffer.alloc(40_000_000) })]
    await until(() => session.openable === 0)
    const late = send()
    await sleep(20)
    strictEqual(session.openable, 0)
    // Whoever does not ask first is told.
    const never = await new Promise<Ending>((resolve) => session.open({ method: "POST", path: "/" }, resolve))
    strictEqual(never._tag, "NeverWritten")
    blocked?.resume()
    await until(() => session.openable > 0)
    blocked?.write(Buffer.concat([1, 3].map((id) => frame(types.headers, 5, id, block([[":status", "200"]])))))
    deepStrictEqual([summary(await (endings[0] as Promise<never>)), summary(await late)], ["200", "200"])
  })
})

describe("a session over a stream that was given", () => {
  it("needs none of what only sockets of the network have", async () => {
    const [ours, theirs] = duplexPair()
    theirs.write(frame(types.settings, 0, 0, settingsPayload({})))
    theirs.once("data", () => theirs.write(frame(types.headers, 5, 1, block([[":status", "200"]]))))
    const { send } = open({ host: "push.test", port: 443, socket: ours, plaintext: true })
    strictEqual(summary(await send()), "200")
  })
})

describe("a session of TLS 1.2", () => {
  it("is not negotiated again (9.2.1)", async () => {
    const { cert, key } = certificate()
    const told: Array<string | undefined> = []
    const listener = Tls.createServer({ cert, key, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] }, (socket) => {
      socket.on("error", (error) => told.push(codeOf(error)))
      socket.write(frame(types.settings, 0, 0, settingsPayload({})))
      // Once the client has spoken, and so has done with the handshake.
      socket.once("data", () => socket.renegotiate({}, () => {}))
    })
    const port = await listening(listener)
    cleanups.push(() => new Promise((resolve) => listener.close(resolve)))
    const failure = await open({ host: "127.0.0.1", port, ca: cert }).ended
    deepStrictEqual([failure?.kind, told], ["socket", ["ERR_SSL_NO_RENEGOTIATION"]])
  })
})

describe("a session that fails says the step and gives the error as it was", () => {
  it("dns: a name that does not resolve", async () => {
    const { ended } = open({ host: "does-not-exist.invalid", port: 443, connectTimeoutMillis: 10_000 })
    const failure = await ended
    ok(failure?.step === "dns" && ["socket", "timeout"].includes(failure.kind), JSON.stringify(failure))
  })

  it("connect: nothing listens", async () => {
    const closed = Net.createServer()
    const port = await listening(closed)
    await new Promise((resolve) => closed.close(resolve))
    const failure = await open({ host: "127.0.0.1", port }).ended
    deepStrictEqual([failure?.step, failure?.kind, codeOf(failure?.error)], ["connect", "socket", "ECONNREFUSED"])
    const byName = await open({ host: "localhost", port }).ended
    deepStrictEqual([byName?.step, byName?.kind], ["connect", "socket"])
  })

  it("tls: a check of the server that throws has not passed", async () => {
    const { ca, host, port } = await server(() => {})
    const checkServer = () => {
      throw new Error("a bug of the check")
    }
    const failure = await open({ host, port, ca, checkServer }).ended
    deepStrictEqual([failure?.step, failure?.kind, failure?.error.message], ["tls", "socket", "a bug of the check"])
  })

  it("settings: the peer ends the connection in the middle of a frame", async () => {
    const port = await raw((socket) => socket.end(frame(types.settings, 0, 0, settingsPayload({})).subarray(0, 7)))
    const failure = await open({ host: "127.0.0.1", port, plaintext: true }).ended
    deepStrictEqual([failure?.step, failure?.kind], ["settings", "protocol"])
  })

  it("tls: a certificate that is not trusted", async () => {
    const { host, port } = await server(() => {})
    const failure = await open({ host, port }).ended
    deepStrictEqual([failure?.step, codeOf(failure?.error)], ["tls", "DEPTH_ZERO_SELF_SIGNED_CERT"])
  })

  it("tls: a certificate for another name", async () => {
    const { host, port, ca } = await server(() => {})
    const failure = await open({ host, port, ca, servername: "other.example" }).ended
    deepStrictEqual([failure?.step, codeOf(failure?.error)], ["tls", "ERR_TLS_CERT_ALTNAME_INVALID"])
  })

  it("tls: a peer that does not speak TLS", async () => {
    const port = await raw((socket) => socket.on("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")))
    const failure = await open({ host: "127.0.0.1", port }).ended
    deepStrictEqual([failure?.step, failure?.kind], ["tls", "socket"])
  })

  it("tls: a version below 1.2 (9.2)", async () => {
    const { host, port, ca } = await server(() => {}, {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "ALL:@SECLEVEL=0"
    })
    const failure = await open({ host, port, ca }).ended
    deepStrictEqual([failure?.step, failure?.kind], ["tls", "socket"])
  })

  it("alpn: a server that does not select h2 (3.3)", async () => {
    const { cert, key } = certificate()
    const listener = Tls.createServer({ cert, key }, (socket) => socket.on("error", () => {}))
    const port = await listening(listener)
    cleanups.push(() => new Promise<void>((resolve) => listener.close(() => resolve())))
    const failure = await open({ host: "127.0.0.1", port, ca: cert }).ended
    deepStrictEqual([failure?.step, failure?.kind], ["alpn", "notHttp2"])
  })

  it("is not out of time for what has come while the process stood still", async () => {
    const port = await raw((socket) =>
      socket.once("data", () => {
        socket.write(frame(types.settings, 0, 0, settingsPayload({ maxConcurrentStreams: 100 })), () => {
          // As after a suspend: both the time and the SETTINGS have come when the process runs again.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
        })
      })
    )
    const { ended, ready, session } = open({ host: "127.0.0.1", port, plaintext: true, connectTimeoutMillis: 500 })
    const end = await Promise.race([ended, ready.then(() => "ready")])
    deepStrictEqual([end, session.openable], ["ready", 100])
  })

  it("settings: a server that sends none in time", async () => {
    const failure = await timedOut({ plaintext: true })
    deepStrictEqual([failure?.step, failure?.kind], ["settings", "timeout"])
  })

  it("tls: a server that never finishes the handshake", async () => {
    const failure = await timedOut({})
    deepStrictEqual([failure?.step, failure?.kind], ["tls", "timeout"])
  })

  it("a certificate that TLS refuses to load is thrown, and no timer is left", async () => {
    throws(() => open({ host: "127.0.0.1", port: 1, cert: "none", key: "none", connectTimeoutMillis: 20 }))
    // A timer that found no socket would be an uncaught exception, which fails the run.
    await new Promise((resolve) => setTimeout(resolve, 60))
  })

  it("settings: a server that ends before them", async () => {
    const port = await raw((socket) => socket.end())
    const failure = await open({ host: "127.0.0.1", port, plaintext: true }).ended
    deepStrictEqual([failure?.step, failure?.kind], ["settings", "ended"])
  })

  it("settings: a server that speaks HTTP/1.1 (3.4)", async () => {
    const port = await raw((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
    const failure = await open({ host: "127.0.0.1", port, plaintext: true }).ended
    deepStrictEqual([failure?.step, failure?.kind, codeOf(failure?.error)], ["settings", "protocol", 1])
  })

  it("stream: a server that breaks a rule; it is told by GOAWAY (5.4.1)", async () => {
    const received: Array<Buffer> = []
    const port = await rawReady((socket) => {
      socket.on("data", (chunk) => received.push(chunk))
      onceAsked(socket, () => socket.write(frame(types.data, 0, 0, Buffer.alloc(1))))
    })
    const { send, ended } = open({ host: "127.0.0.1", port, plaintext: true })
    const ending = await send()
    strictEqual(summary(ending), "Lost")
    const failure = await ended
    deepStrictEqual([failure?.step, failure?.kind], ["stream", "protocol"])
    const goAway = frame(types.goAway, 0, 0, Buffer.from("0000000000000001", "hex")).subarray(9)
    ok(Buffer.concat(received).includes(goAway))
  })

  it("stream: a connection that is reset", async () => {
    const port = await rawReady((socket) => {
      onceAsked(socket, () => socket.resetAndDestroy())
    })
    const { send, ended } = open({ host: "127.0.0.1", port, plaintext: true })
    strictEqual(summary(await send()), "Lost")
    const failure = await ended
    deepStrictEqual([failure?.step, codeOf(failure?.error)], ["stream", "ECONNRESET"])
  })

  it("nothing, when the server ends the connection by half-close after it was ready", async () => {
    const port = await rawReady((socket) => {
      onceAsked(socket, () => socket.end())
    })
    const { send, ended } = open({ host: "127.0.0.1", port, plaintext: true })
    strictEqual(summary(await send()), "Lost")
    strictEqual(await ended, undefined)
  })
})

const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code

describe("onWritten", () => {
  it("tells when all requests are handed to the socket, once for those that leave together", async () => {
    let peer: Net.Socket | undefined
    const port = await raw((socket) => {
      peer = socket
      socket.resume()
      socket.write(frame(types.settings, 0, 0, settingsPayload({ maxConcurrentStreams: 100, initialWindowSize: 10 })))
    })
    let written = 0
    let ready = () => {}
    const isReady = new Promise<void>((resolve) => {
      ready = resolve
    })
    const session = connect(
      { host: "127.0.0.1", port, plaintext: true },
      { onReady: () => ready(), onWritten: () => written++, onCapacity: () => {}, onGoAway: () => {}, onEnd: () => {} }
    )
    cleanups.push(() => session.destroy())
    await isReady
    // The preface left before this; the acknowledgement of the SETTINGS is the last that leaves by itself.
    await until(() => written > 0)
    written = 0
    const post = (body: string) => session.open({ method: "POST", path: "/", body }, () => {})
    const [small] = [post("0123456789"), post(""), post("x")]
    deepStrictEqual([written, small?.stage], [0, "write"])
    await until(() => written > 0)
    deepStrictEqual([written, small?.stage], [1, "answer"])

    // A body of which one byte waits for the window (RFC 9113, 6.9).
    const large = post("0123456789a")
    await sleep(20)
    deepStrictEqual([written, large.stage], [1, "write"])
    peer?.write(frame(types.windowUpdate, 0, large.id, Buffer.from([0, 0, 0, 1])))
    await until(() => written > 1)
    deepStrictEqual([written, large.stage], [2, "answer"])
  })
})
