import * as Net from "node:net"
import { join } from "node:path"
import type * as Tls from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { connectProxy, password, serving, socksProxy, urlOf, user } from "../support/proxies.ts"
import { run } from "./support/commandLine.ts"
import {
  certificates,
  closedPort,
  diagnosed,
  failedAt,
  pointedAt,
  simulated,
  tlsServer,
  well,
  withoutChannels
} from "./support/doctor.ts"
import { localVariables } from "./support/local.ts"

describe("apns doctor finds the way at fault:", () => {
  it.live("a name that does not exist", () =>
    Effect.gen(function* () {
      const env = { ...(yield* localVariables), APNS_HOST: "apns.nowhere.invalid" }
      const { line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, failedAt("dns"))
      assert.match(line("dns").detail, /^apns\.nowhere\.invalid (does not resolve|cannot be resolved)/)
      assert.match(line("dns").cure ?? "", /DNS/)
      assert.include(line("tls").detail, "because of DNS")
    }).pipe(simulated())
  )

  it.live("a port that is closed; that of channels is looked at all the same", () =>
    Effect.gen(function* () {
      const closed = yield* closedPort
      const { line, statuses } = yield* diagnosed({ ...(yield* localVariables), APNS_PORT: String(closed) })
      assert.deepStrictEqual(statuses, { ...failedAt("port"), managementPort: "passed" })
      assert.include(line("port").detail, "refused: nothing listens there")
      assert.include(line("port").cure, "Check --host and --port")
      assert.include(line("tls").detail, "because of Port")
    }).pipe(simulated())
  )

  it.live("a closed port of channels is a note", () =>
    Effect.gen(function* () {
      const closed = yield* closedPort
      const env = { ...(yield* localVariables), APNS_MANAGEMENT_PORT: String(closed) }
      const { code, line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual({ code, statuses }, { code: 0, statuses: { ...well, managementPort: "warned" } })
      assert.include(line("managementPort").cure, "Only the management of channels needs it")
    }).pipe(simulated())
  )

  it.live("an authority that is not trusted, which is named", () =>
    Effect.gen(function* () {
      const variables = yield* localVariables
      const distrusting = { ...variables, APNS_CA_FILE: "" }
      const { line, statuses } = yield* diagnosed(distrusting)
      assert.deepStrictEqual(statuses, failedAt("tls"))
      assert.include(line("tls").detail, "is issued by effect-apns simulator CA")
      assert.include(line("tls").cure, "--ca-file (APNS_CA_FILE)")
      assert.include(line("tls").cure, "an inspecting proxy opens TLS")
      // By its other way, the runtime's own list of authorities.
      const trusting = yield* diagnosed({ ...distrusting, NODE_EXTRA_CA_CERTS: variables.APNS_CA_FILE })
      assert.deepStrictEqual(trusting.statuses, well)
    }).pipe(simulated())
  )

  it.live("another authority than the server's", () =>
    Effect.gen(function* () {
      const env = { ...(yield* localVariables), APNS_CA_FILE: join(certificates, "root.pem") }
      const { line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, failedAt("tls"))
      assert.include(line("tls").cure, "root.pem is another one")
    }).pipe(simulated())
  )

  // Elsewhere only 127.0.0.1 is loopback.
  it.live.skipIf(process.platform !== "linux")("a certificate for another name", () =>
    Effect.gen(function* () {
      const env = { ...(yield* localVariables), APNS_HOST: "127.0.0.2" }
      const { line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, { ...failedAt("tls") })
      assert.include(line("tls").detail, "is not for 127.0.0.2 but for")
      assert.include(line("tls").cure, "--host")
    }).pipe(simulated({ host: "0.0.0.0" }))
  )

  const http1 = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
  const oldServers: ReadonlyArray<readonly [string, Tls.TlsOptions, RegExp]> = [
    ["by ALPN", { ALPNProtocols: ["http/1.1"] }, /^the server chose http\/1\.1 \(ALPN\)/],
    ["without ALPN", {}, /^the server did not choose h2/],
    ["that ends the handshake over ALPN", { ALPNProtocols: ["http/1.0"] }, /^the server did not choose h2/]
  ]
  it.live.each(oldServers)("a server with HTTP/1.1 only, %s", ([, options, detail]) =>
    Effect.gen(function* () {
      const { port } = yield* tlsServer(options, (socket) => void socket.end(http1))
      const { line, statuses } = yield* diagnosed(yield* pointedAt(port))
      assert.deepStrictEqual(statuses, failedAt("http2", withoutChannels))
      assert.match(line("http2").detail, detail)
      assert.include(line("http2").detail, "it speaks HTTP/1.1 only")
      assert.include(line("http2").cure, "APNs is HTTP/2 only")
    }).pipe(simulated())
  )

  it.live("a server without TLS", () =>
    Effect.gen(function* () {
      const { port } = yield* serving((socket) => void socket.once("data", () => socket.end(http1)))
      const { line, statuses } = yield* diagnosed(yield* pointedAt(port))
      assert.deepStrictEqual(statuses, failedAt("tls", withoutChannels))
      assert.include(line("tls").detail, "does not speak TLS")
    }).pipe(simulated())
  )

  it.live("a server that ends the connection at once", () =>
    Effect.gen(function* () {
      const { port } = yield* serving((socket) => void socket.destroy())
      const { line, statuses } = yield* diagnosed(yield* pointedAt(port))
      assert.deepStrictEqual(statuses, failedAt("tls", withoutChannels))
      assert.include(line("tls").detail, "ended during the handshake")
      assert.include(line("tls").cure, "a firewall that reads the server's name")
    }).pipe(simulated())
  )

  it.live("a server that accepts and never answers", () =>
    Effect.gen(function* () {
      const { port } = yield* serving(() => {})
      const { line, statuses } = yield* diagnosed(yield* pointedAt(port), ["--timeout", "300 millis"])
      assert.deepStrictEqual(statuses, failedAt("tls", withoutChannels))
      assert.include(line("tls").detail, "did not answer within 300 ms")
      assert.include(line("tls").cure, "no firewall swallows TLS")
    }).pipe(simulated())
  )

  it.live("a server that never says SETTINGS", () =>
    Effect.gen(function* () {
      const { port } = yield* tlsServer({ ALPNProtocols: ["h2"] }, () => {})
      const { line, statuses } = yield* diagnosed(yield* pointedAt(port), ["--timeout", "2 seconds"])
      assert.deepStrictEqual(statuses, failedAt("settings", withoutChannels))
      assert.include(line("settings").detail, "no SETTINGS within 2 s")
      assert.include(line("settings").cure, "does not pass HTTP/2 on")
    }).pipe(simulated())
  )

  it.live("a server that does not tell the time is no fault", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({
        match: { method: "GET" },
        effect: { _tag: "respond", status: 405, headers: { date: "today" }, body: "" }
      })
      const { code, line, statuses } = yield* diagnosed(yield* localVariables)
      assert.deepStrictEqual({ code, statuses }, { code: 0, statuses: { ...well, clock: "skipped" } })
      assert.include(line("clock").detail, "its answer has no date")
    }).pipe(simulated())
  )
})

describe("apns doctor finds the proxy", () => {
  const secret = "wr0ng-h0rse"

  const noSecret = (stdout: string) => {
    for (const word of [secret, encodeURIComponent(password), password]) assert.notInclude(stdout, word)
  }

  const kinds: ReadonlyArray<
    readonly [string, (locked: boolean) => Effect.Effect<{ readonly port: number }, never, Scope.Scope>]
  > = [
    ["http", (locked) => connectProxy("http", locked)],
    ["socks5", (locked) => socksProxy(locked)]
  ]

  it.live.each(kinds)("by %s good, and everything behind it", ([scheme, proxy]) =>
    Effect.gen(function* () {
      const { port } = yield* proxy(true)
      const env = { ...(yield* localVariables), HTTPS_PROXY: urlOf(scheme, port, password) }
      const { line, statuses, stdout } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, well)
      assert.include(line("proxy").detail, `HTTPS_PROXY names ${scheme}://127.0.0.1:${port}, which opened a tunnel`)
      assert.include(line("dns").detail, "left to the proxy")
      noSecret(stdout)
    }).pipe(simulated())
  )

  it.live.each(kinds)("by %s with wrong credentials, which it does not show", ([scheme, proxy]) =>
    Effect.gen(function* () {
      const { port } = yield* proxy(true)
      const env = { ...(yield* localVariables), https_proxy: urlOf(scheme, port, secret) }
      const { line, statuses, stdout } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, failedAt("proxy"))
      assert.include(line("proxy").detail, "https_proxy: the proxy 127.0.0.1")
      assert.include(line("proxy").detail, "refused the user or password")
      if (scheme === "http") assert.include(line("proxy").detail, "407")
      assert.include(line("proxy").cure, "Correct them in the proxy's URL")
      assert.include(line("tls").detail, "because of Proxy")
      noSecret(stdout)
      const plain = yield* run(["doctor"], { env })
      noSecret(plain.stdout)
      assert.notInclude(plain.stdout, `${user}:`)
    }).pipe(simulated())
  )

  it.live("closed", () =>
    Effect.gen(function* () {
      const closed = yield* closedPort
      const env = { ...(yield* localVariables), ALL_PROXY: urlOf("http", closed) }
      const { line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, failedAt("proxy"))
      assert.include(line("proxy").detail, "ALL_PROXY: the proxy 127.0.0.1")
      assert.include(line("proxy").cure, "Check host and port of the proxy's URL, and that it runs.")
    }).pipe(simulated())
  )

  it.live("silent", () =>
    Effect.gen(function* () {
      const { port } = yield* serving(() => {})
      const env = { ...(yield* localVariables), HTTPS_PROXY: urlOf("http", port) }
      const { line, statuses } = yield* diagnosed(env, ["--timeout", "300 millis"])
      assert.deepStrictEqual(statuses, failedAt("proxy"))
      assert.include(line("proxy").detail, "opened no tunnel within 300 ms")
    }).pipe(simulated())
  )

  it.live("not for this server", () =>
    Effect.gen(function* () {
      const env = { ...(yield* localVariables), HTTPS_PROXY: "http://proxy.invalid:3128", NO_PROXY: "127.0.0.1" }
      const { line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, well)
      assert.strictEqual(line("proxy").detail, "none: NO_PROXY exempts 127.0.0.1 from HTTPS_PROXY")
    }).pipe(simulated())
  )
})

describe("apns doctor, of Apple's own servers,", () => {
  const host = "api.sandbox.push.apple.com"

  /** A proxy for which Apple's hosts are the simulator: its port for each of theirs, and none for others. */
  const leadingTo = (ports: Readonly<Record<string, number>>) =>
    serving((socket) => {
      socket.once("data", (head) => {
        const [, target = ""] = /^CONNECT (\S+) /.exec(String(head)) ?? []
        const port = ports[target]
        if (port === undefined) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")
        const far = Net.connect({ host: "127.0.0.1", port })
        far.on("error", () => socket.destroy())
        far.on("close", () => socket.destroy())
        socket.on("close", () => far.destroy())
        far.once("connect", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n")
          far.pipe(socket).pipe(far)
        })
      })
    })

  /** The settings of somebody who sends to Apple's sandbox through a proxy. */
  const variables = (...closed: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { managementPort, port } = yield* Simulator
      const { APNS_CA_FILE, ...own } = yield* localVariables
      const apples = { APNS_HOST: "", APNS_PORT: "", APNS_MANAGEMENT_PORT: "", APNS_ENVIRONMENT: "sandbox" }
      const ports: Record<string, number> = {
        [`${host}:443`]: port,
        [`${host}:2197`]: port,
        "api-manage-broadcast.sandbox.push.apple.com:2195": managementPort
      }
      for (const target of closed) delete ports[target]
      const proxy = yield* leadingTo(ports)
      const env = { ...own, ...apples, HTTPS_PROXY: urlOf("http", proxy.port) }
      return { env, trusting: { ...env, NODE_EXTRA_CA_CERTS: APNS_CA_FILE } }
    })

  const apple = simulated({ hostnames: [host] })

  it.live("looks at all ports", () =>
    Effect.gen(function* () {
      const { trusting } = yield* variables()
      const { line, statuses } = yield* diagnosed(trusting)
      assert.deepStrictEqual(statuses, { ...well, alternativePort: "passed" })
      assert.include(line("alternativePort").detail, `${host}:2197 is reachable`)
      assert.include(line("managementPort").detail, "api-manage-broadcast.sandbox.push.apple.com:2195 is reachable")
    }).pipe(apple)
  )

  it.live("notes that the other port and that of channels are closed", () =>
    Effect.gen(function* () {
      const { trusting } = yield* variables(`${host}:2197`, "api-manage-broadcast.sandbox.push.apple.com:2195")
      const { code, line, statuses } = yield* diagnosed(trusting)
      assert.deepStrictEqual(
        { code, statuses },
        { code: 0, statuses: { ...well, alternativePort: "warned", managementPort: "warned" } }
      )
      assert.include(line("alternativePort").detail, "502")
      assert.include(line("alternativePort").cure, "only another way to the same server")
      assert.include(line("managementPort").cure, "allow outbound TCP 2195")
    }).pipe(apple)
  )

  it.live("names an authority that is not trusted as that of an inspecting proxy", () =>
    Effect.gen(function* () {
      const { env } = yield* variables()
      const { line, statuses } = yield* diagnosed(env)
      assert.deepStrictEqual(statuses, { ...failedAt("tls"), alternativePort: "passed" })
      assert.include(line("tls").detail, "is issued by effect-apns simulator CA")
      assert.include(line("tls").cure, "most likely an inspecting proxy or firewall")
      assert.include(line("tls").cure, `Have it leave ${host} alone; or trust its root: NODE_EXTRA_CA_CERTS=`)
    }).pipe(apple)
  )

  it.live("names the environment that a key is for", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { keyId, privateKey: pem, teamId } = simulator.key
      yield* simulator.registerKey({ teamId, keyId, pem, scope: { environment: "production" } })
      const { trusting } = yield* variables()
      const { line, statuses } = yield* diagnosed(trusting)
      assert.deepStrictEqual(statuses, { ...well, alternativePort: "passed", probe: "failed" })
      assert.include(line("probe").cure, "The key is for production: use --environment production (APNS_ENVIRONMENT)")
    }).pipe(apple)
  )

  it.live("knows a certificate of the other environment before APNs is asked", () =>
    Effect.gen(function* () {
      const { trusting } = yield* variables()
      const { line, statuses } = yield* diagnosed({
        ...trusting,
        APNS_KEY_FILE: "",
        APNS_TOPIC: "",
        APNS_CERTIFICATE_FILE: join(certificates, "production.pem"),
        APNS_CERTIFICATE_KEY_FILE: join(certificates, "push.key.pem")
      })
      assert.strictEqual(statuses.credentials, "failed")
      assert.include(line("credentials").cure, "Use a certificate for sandbox, or --environment production.")
    }).pipe(apple)
  )
})
