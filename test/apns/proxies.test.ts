import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { ConfigProvider, Effect, Fiber, Layer, Redacted, Schedule, type Scope } from "effect"
import { Apns, ApnsConnection, type ApnsError, type Config, Notification, type Proxy, send, Tenants } from "effect-apns"
import { connectProxy, password, type RunningProxy, serving, socksProxy, urlOf, user } from "../support/proxies.ts"
import { clientOf, device } from "../support/simulated.ts"
import { endsAfter, heldTimers, timedOutAfter, until, untilIt } from "../support/waiting.ts"

const hello = Notification.alert({ device: device(), alert: "Hello" })

const sent = (options: Partial<Config>) =>
  Effect.gen(function* () {
    const client = clientOf(yield* Simulator)
    return yield* send(hello).pipe(Effect.provide(Apns.layer({ ...client, retry: Schedule.recurs(0), ...options })))
  })

/** The reason, which has to be a failed connection, and shows no credentials in any form. */
const failed = (options: Partial<Config>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(sent(options))
    assertNoSecret(error)
    const { reason } = error
    assert(reason._tag === "ConnectionFailed")
    return reason
  })

const wrong = "wr0ng-h0rse"

const assertNoSecret = (error: ApnsError) => {
  const shown = [String(error), error.stack, inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)]
  for (const secret of [password, wrong]) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(`${user}:${secret}`).toString("base64")]) {
      assert.notInclude(shown.join("\n"), form)
    }
  }
}

const kinds: ReadonlyArray<readonly [string, (locked?: boolean) => Effect.Effect<RunningProxy, never, Scope.Scope>]> = [
  ["http", (locked) => connectProxy("http", locked)],
  ["https", (locked) => connectProxy("https", locked)],
  ["socks5", socksProxy]
]

const run = Effect.provide(Simulator.layer())

describe.each(kinds)("through a proxy by %s", (scheme, proxy) => {
  const settings = ({ ca, port }: RunningProxy, withPassword?: string): Proxy => ({
    url: Redacted.make(urlOf(scheme, port, withPassword)),
    ca
  })

  it.live("sends, and leaves no socket behind", () =>
    Effect.gen(function* () {
      const running = yield* proxy()
      const { host, port } = yield* Simulator
      const { attempts } = yield* sent({ proxy: settings(running) })
      assert.strictEqual(attempts, 1)
      assert.deepStrictEqual(running.asked, [`${host}:${port}`])
      assert.lengthOf(yield* Effect.flatMap(Simulator, ({ received }) => received), 1)
      yield* untilIt(Effect.map(running.sockets, (count) => count === 0))
    }).pipe(run)
  )

  // The clock of the test stands still: nothing waits long enough for another session.
  it.effect("sends many at once over one tunnel", () =>
    Effect.gen(function* () {
      const running = yield* proxy()
      const client = clientOf(yield* Simulator)
      const all = Array.from({ length: 500 }, (_, n) => Notification.alert({ device: device(n), alert: "Hello" }))
      yield* Effect.forEach(all, send, { concurrency: 100, discard: true }).pipe(
        Effect.provide(Apns.layer({ ...client, proxy: settings(running) }))
      )
      assert.lengthOf(running.asked, 1)
    }).pipe(run)
  )

  it.live("sends with credentials", () =>
    Effect.gen(function* () {
      const running = yield* proxy(true)
      yield* sent({ proxy: settings(running, password) })
    }).pipe(run)
  )

  it.live("says that the proxy wants credentials", () =>
    Effect.gen(function* () {
      const reason = yield* failed({ proxy: settings(yield* proxy(true)) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "fixConfig"])
      assert.match(reason.problem, scheme === "socks5" ? /credentials \(SOCKS\)/ : /credentials \(407 Proxy Auth/)
      assert.include(reason.cure, "user and password")
    }).pipe(run)
  )

  it.live("says that the proxy refused the credentials", () =>
    Effect.gen(function* () {
      const reason = yield* failed({ proxy: settings(yield* proxy(true), wrong) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "fixConfig"])
      assert.include(reason.problem, "refused the user or password")
    }).pipe(run)
  )

  it.live("says that the proxy cannot reach the server", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(serving(() => {}))
      const reason = yield* failed({ proxy: settings(yield* proxy()), port })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "retry"])
      // proxy-chain says so by closing.
      const expected = scheme === "socks5" ? /cannot reach 127\.0\.0\.1:\d+ \(SOCKS: Conn/ : /ended the connection/
      assert.match(reason.problem, expected)
    }).pipe(run)
  )

  it.live("says that no proxy listens there", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(serving(() => {}))
      const reason = yield* failed({ proxy: urlOf(scheme, port) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "retry"])
      assert.include(reason.problem, `the proxy 127.0.0.1:${port} failed: nothing listens there`)
    }).pipe(run)
  )

  it.live("gives up on a proxy that hangs, within the connect timeout", () =>
    Effect.gen(function* () {
      const silent = yield* serving((socket) => void socket.resume())
      const failing = failed({ proxy: urlOf(scheme, silent.port), connectTimeout: 300 })
      const reason = yield* timedOutAfter(failing, 300, () => silent.sockets.size > 0)
      assert.deepStrictEqual([reason.step, reason.transient], ["proxy", true])
      assert.include(reason.problem, "opened no tunnel within 300 ms")
      yield* until(() => silent.sockets.size === 0)
    }).pipe(run)
  )

  it.live("says that the proxy ended the connection", () =>
    Effect.gen(function* () {
      const { port } = yield* serving((socket) => void socket.once("data", () => socket.destroy()))
      const reason = yield* failed({ proxy: urlOf(scheme, port) })
      assert.deepStrictEqual([reason.step, reason.transient], ["proxy", true])
      assert.match(reason.problem, /ended the connection before it opened a tunnel|reset/)
    }).pipe(run)
  )

  it.live("says that it is no proxy", () =>
    Effect.gen(function* () {
      const { port } = yield* serving(
        (socket) => void socket.once("data", () => socket.end("220 mail.example ESMTP\r\n"))
      )
      const reason = yield* failed({ proxy: urlOf(scheme, port) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "fixConfig"])
      assert.match(reason.problem, /does not (answer in HTTP|speak SOCKS 5|speak TLS)/)
    }).pipe(run)
  )

  it.effect("closes at once while the tunnel is being opened", () =>
    Effect.gen(function* () {
      const silent = yield* serving((socket) => void socket.resume())
      const proxy = urlOf(scheme, silent.port)
      const failing = yield* Effect.forkChild(Effect.flip(sent({ proxy, timeout: 100, connectTimeout: "1 minute" })))
      yield* until(() => silent.sockets.size > 0)
      const { reason } = yield* endsAfter(failing, 100)
      assert(reason._tag === "DeadlinePassed")
      assert.strictEqual(reason.stage, "connect")
      yield* until(() => silent.sockets.size === 0)
    }).pipe(run)
  )
})

describe("what the proxy answers to CONNECT", () => {
  const answers: ReadonlyArray<readonly [string, string, "fixConfig" | "retry"]> = [
    ["403 Forbidden", "forbids the way to 127.0.0.1:", "fixConfig"],
    ["405 Method Not Allowed", "opens no tunnels (405 Method Not Allowed)", "fixConfig"],
    ["301 Moved Permanently\r\nlocation: http://login.example/", "opens no tunnels (301", "fixConfig"],
    ["407 Nope\r\nproxy-authenticate: Negotiate", "takes no Basic credentials", "fixConfig"],
    ["429 Too Many Requests", "cannot reach", "retry"],
    ["502 Bad Gateway", "cannot reach", "retry"],
    ["503 Service Unavailable", "cannot reach", "retry"],
    ["504 Gateway Timeout", "cannot reach", "retry"],
    ["598 whatever", "(598)", "retry"],
    ["200 OK\r\n\r\nmore", "sent more than its answer", "fixConfig"]
  ]
  it.live.each(answers)("%j", ([answer, problem, action]) =>
    Effect.gen(function* () {
      const { port } = yield* serving(
        (socket) => void socket.once("data", () => socket.write(`HTTP/1.1 ${answer}\r\n\r\n`))
      )
      const reason = yield* failed({ proxy: urlOf("http", port) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", action])
      assert.include(reason.problem, problem)
    }).pipe(run)
  )

  it.live("a rule of a SOCKS proxy that forbids", () =>
    Effect.gen(function* () {
      const { port } = yield* socksProxy(false, () => false)
      const reason = yield* failed({ proxy: urlOf("socks5", port) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "fixConfig"])
      assert.include(reason.problem, "forbids the way to 127.0.0.1:")
    }).pipe(run)
  )

  it.live("names the proxy's certificate as what is not trusted", () =>
    Effect.gen(function* () {
      const { port } = yield* connectProxy("https")
      const reason = yield* failed({ proxy: urlOf("https", port) })
      assert.deepStrictEqual([reason.step, reason.action], ["proxy", "fixConfig"])
      assert.include(reason.problem, "issuer of the server's certificate")
      assert.include(reason.cure, "`ca` of `proxy`")
    }).pipe(run)
  )

  it.live("the connect timeout covers what comes after the tunnel, too", () =>
    Effect.gen(function* () {
      let greeted = false
      const { port } = yield* serving((socket) => {
        socket.once("data", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n")
          socket.once("data", () => {
            greeted = true
          })
        })
      })
      const pass = yield* heldTimers
      const failing = yield* Effect.forkChild(failed({ proxy: urlOf("http", port), connectTimeout: 300 }))
      yield* until(() => greeted)
      // The real time that the tunnel took is taken off.
      pass(300)
      const reason = yield* Fiber.join(failing)
      assert.deepStrictEqual([reason.step, reason.transient], ["tls", true])
      assert.include(reason.problem, "within 300 ms")
    }).pipe(run)
  )
})

describe("the variables", () => {
  const provided = (variables: Readonly<Record<string, string>>) =>
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({ ...variables })))

  const through = (variables: (proxy: string) => Readonly<Record<string, string>>, proxy?: Proxy) =>
    Effect.gen(function* () {
      const running = yield* connectProxy("http", true)
      yield* sent({ proxy }).pipe(provided(variables(urlOf("http", running.port, password))))
      return running.asked.length > 0
    }).pipe(run)

  const cases: ReadonlyArray<readonly [string, (proxy: string) => Readonly<Record<string, string>>, boolean]> = [
    ["none", () => ({}), false],
    ["HTTPS_PROXY", (proxy) => ({ HTTPS_PROXY: proxy }), true],
    ["https_proxy", (proxy) => ({ https_proxy: proxy }), true],
    ["https_proxy before HTTPS_PROXY", (proxy) => ({ https_proxy: proxy, HTTPS_PROXY: "http://127.0.0.1:1" }), true],
    ["an empty https_proxy is none", (proxy) => ({ https_proxy: "", HTTPS_PROXY: proxy }), true],
    ["ALL_PROXY", (proxy) => ({ ALL_PROXY: proxy }), true],
    ["all_proxy", (proxy) => ({ all_proxy: proxy }), true],
    ["HTTP_PROXY is another", (proxy) => ({ HTTP_PROXY: proxy, http_proxy: proxy }), false],
    ["without scheme", (proxy) => ({ HTTPS_PROXY: proxy.replace("http://", "") }), true],
    ["NO_PROXY", (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: "example.com,127.0.0.1" }), false],
    ["no_proxy", (proxy) => ({ HTTPS_PROXY: proxy, no_proxy: "127.0.0.0/8" }), false],
    ["NO_PROXY for another", (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: "127.0.0.2" }), true]
  ]
  it.live.each(cases)("%s", ([, variables, proxied]) =>
    Effect.map(through(variables, "environment"), (asked) => assert.strictEqual(asked, proxied))
  )

  it.live("count for nothing unless asked for", () =>
    Effect.map(
      through((proxy) => ({ HTTPS_PROXY: proxy })),
      (asked) => assert.isFalse(asked)
    )
  )

  const fromConfig = (options?: Parameters<typeof Apns.layerConfig>[0]) =>
    Effect.gen(function* () {
      const running = yield* connectProxy("http", true)
      const { ca, host, key, port } = yield* Simulator
      yield* send(hello).pipe(
        Effect.provide(Apns.layerConfig({ ca, ...options })),
        provided({
          APNS_HOST: host,
          APNS_PORT: String(port),
          APNS_TEAM_ID: key.teamId,
          APNS_KEY_ID: key.keyId,
          APNS_KEY: key.privateKey,
          APNS_TOPIC: "com.example.app",
          HTTPS_PROXY: urlOf("http", running.port, password)
        })
      )
      return running.asked.length
    }).pipe(run)

  it.live("count for layerConfig", () => Effect.map(fromConfig(), (asked) => assert.strictEqual(asked, 1)))

  it.live("count for layerConfig no more, when a proxy is given", () =>
    Effect.gen(function* () {
      const { port } = yield* socksProxy()
      assert.strictEqual(yield* fromConfig({ proxy: urlOf("socks5", port) }), 0)
    })
  )

  it.effect.each(["http://push:s3cret@", "ftp://push:s3cret@proxy", "http://push:s3#cret@proxy:1"])(
    "are named, and not shown, when they hold %s",
    (value) =>
      Effect.gen(function* () {
        const layer = ApnsConnection.layer({ environment: "production", proxy: "environment" })
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer))).pipe(provided({ HTTPS_PROXY: value }))
        assert(error.reason._tag === "InvalidConfiguration")
        assert.strictEqual(error.reason.setting, "HTTPS_PROXY")
        assert.notInclude(inspect(error, { depth: 20 }), "s3")
      })
  )
})

it.live("tenants of one key share no connection when one of them has a proxy", () =>
  Effect.gen(function* () {
    const { credentials: loading, environment, topic } = clientOf(yield* Simulator)
    const credentials = yield* loading
    const { asked, port } = yield* connectProxy("http")
    const TenantsLive = Tenants.layer({
      lookup: ({ tenant }) =>
        Effect.succeed({ environment, credentials, topic, ...(tenant === "far" && { proxy: urlOf("http", port) }) })
    })
    yield* Effect.forEach(["near", "far", "near", "far"], (tenant) => Tenants.send(tenant, hello)).pipe(
      Effect.provide(TenantsLive)
    )
    assert.lengthOf(asked, 1)
    assert.lengthOf(yield* Effect.flatMap(Simulator, ({ connections }) => connections), 2)
  }).pipe(run)
)

describe("the setting", () => {
  const long = "x".repeat(256)
  const cases: ReadonlyArray<readonly [string, Proxy, RegExp]> = [
    ["no URL", "proxy.example.com", /not the URL of a proxy/],
    ["empty", "", /not the URL of a proxy/],
    ["another scheme", "socks4://proxy:1080", /scheme that is not known/],
    ["a path", "http://proxy:3128/proxy.pac", /not the URL of a proxy/],
    ["no host", "socks5://:1080", /not the URL of a proxy/],
    ["port 0", "http://proxy:0", /not the URL of a proxy/],
    ["a broken escape", { url: Redacted.make("http://push:s3%zz@proxy") }, /not the URL of a proxy/],
    ["a password in plain text", "http://push:s3cret@proxy:3128", /password in plain text.*Redacted/s],
    ["a password in a plain url", { url: "http://push:s3cret@proxy:3128" }, /password in plain text/],
    ["a user with a colon", { url: Redacted.make("http://pu%3Ash:s3cret@proxy") }, /a user with a colon/],
    ["a long SOCKS password", { url: Redacted.make(`socks5://push:${long}@proxy`) }, /more than 255 bytes/],
    ["a SOCKS password alone", { url: Redacted.make("socks5://:s3cret@proxy") }, /no user/]
  ]
  it.effect.each(cases)("%s is refused", ([, proxy, problem]) =>
    Effect.gen(function* () {
      const layer = ApnsConnection.layer({ environment: "production", proxy })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.deepStrictEqual([error.reason._tag, error.action], ["InvalidConfiguration", "fixConfig"])
      assert.match(error.message, problem)
      assert.notInclude(inspect(error, { depth: 20 }), "s3")
    })
  )

  const good: ReadonlyArray<Proxy> = [
    "http://proxy",
    "https://proxy:8443/",
    "socks5h://[::1]:1080",
    "socks://user@proxy",
    { url: "http://10.0.0.1:3128" }
  ]
  it.effect.each(good)("%j is taken", (proxy) =>
    Effect.scoped(Layer.build(ApnsConnection.layer({ environment: "production", proxy })))
  )
})
