import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { FromConfig, tunnel } from "effect-apns"
import { connectProxy, password, serving, socksProxy, user } from "../support/proxies.ts"
import { timedOutAfter, until, untilIt } from "../support/waiting.ts"

type Variables = Readonly<Record<string, string>>

const given = (variables: Variables) =>
  Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({ ...variables })))

const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" })

describe("settings from the configuration", () => {
  it.effect("are read, and absent where they are not set", () =>
    Effect.gen(function* () {
      const { environment, port, timeout, topic, warmUp } = yield* FromConfig.settings
      assert.deepStrictEqual(
        { environment, port, topic, warmUp },
        { environment: "sandbox", port: 2197, topic: undefined, warmUp: true }
      )
      assert(timeout !== undefined)
      assert.strictEqual(Duration.toSeconds(timeout), 5)
    }).pipe(
      given({
        APNS_ENVIRONMENT: "sandbox",
        APNS_PORT: "2197",
        APNS_TIMEOUT: "5 seconds",
        APNS_WARM_UP: "true",
        APNS_TOPIC: ""
      })
    )
  )

  it.effect("name the variable that is wrong", () =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(FromConfig.settings)
      assert(reason._tag === "InvalidConfiguration")
      assert.strictEqual(reason.setting, "APNS_PORT")
    }).pipe(given({ APNS_PORT: "https" }))
  )

  it.effect("hold the credentials", () =>
    Effect.gen(function* () {
      const credentials = yield* FromConfig.credentials
      assert(credentials._tag === "TokenCredentials")
      assert.deepStrictEqual([credentials.teamId, credentials.keyId], ["TEAM000001", "KEY0000001"])
    }).pipe(given({ APNS_TEAM_ID: "TEAM000001", APNS_KEY_ID: "KEY0000001", APNS_KEY: String(key) }))
  )

  it.effect("tell missing credentials from unusable ones", () =>
    Effect.gen(function* () {
      const reasonOf = (variables: Variables) =>
        Effect.map(Effect.flip(FromConfig.credentials.pipe(given(variables))), ({ reason }) => reason._tag)
      const ids = { APNS_TEAM_ID: "TEAM000001", APNS_KEY_ID: "KEY0000001" }
      assert.strictEqual(yield* reasonOf({}), "InvalidConfiguration")
      assert.strictEqual(yield* reasonOf({ APNS_KEY: String(key) }), "InvalidConfiguration")
      assert.strictEqual(yield* reasonOf({ ...ids, APNS_KEY: "no key" }), "InvalidCredentials")
      assert.strictEqual(yield* reasonOf({ ...ids, APNS_KEY_FILE: "/nowhere/key.p8" }), "InvalidCredentials")
    })
  )

  const server = { host: "api.push.apple.com", port: 443 }
  const named: ReadonlyArray<readonly [Variables, string | undefined]> = [
    [{}, undefined],
    [{ HTTPS_PROXY: "http://proxy:3128" }, "HTTPS_PROXY http proxy 3128"],
    [{ https_proxy: "one:1", HTTPS_PROXY: "http://two:2" }, "https_proxy http one 1"],
    [{ ALL_PROXY: "socks5://proxy" }, "ALL_PROXY socks5 proxy 1080"],
    [{ https_proxy: " ", all_proxy: "https://proxy" }, "all_proxy https proxy 443"],
    [{ HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "push.apple.com" }, undefined],
    [{ HTTPS_PROXY: "http://proxy:3128", no_proxy: "example.com" }, "HTTPS_PROXY http proxy 3128"]
  ]
  it.effect.each(named)("name the proxy: %j", ([variables, expected]) =>
    Effect.gen(function* () {
      const found = yield* FromConfig.proxy(server)
      assert.strictEqual(
        found && `${found.variable} ${found.proxy.protocol} ${found.proxy.host} ${found.proxy.port}`,
        expected
      )
    }).pipe(given(variables))
  )

  it.effect("say which variable names no proxy, and nothing of what is in it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(FromConfig.proxy(server))
      assert(error.reason._tag === "InvalidConfiguration")
      assert.strictEqual(error.reason.setting, "ALL_PROXY")
      assert.notInclude(inspect(error, { depth: 10 }), "s3cr3t")
    }).pipe(given({ ALL_PROXY: "ftp://push:s3cr3t@proxy" }))
  )
})

describe("a tunnel", () => {
  const echo = serving((socket) => void socket.pipe(socket))

  const proxyAt = (protocol: "http" | "socks5", port: number, secret = password) => ({
    protocol,
    host: "127.0.0.1",
    port,
    credentials: { username: user, password: Redacted.make(secret) },
    ca: undefined
  })

  const kinds = [
    ["http", () => connectProxy("http", true)],
    ["socks5", () => socksProxy(true)]
  ] as const

  it.live.each(kinds)("by %s leads to the server, and ends with the scope", ([protocol, proxy]) =>
    Effect.gen(function* () {
      const { port, sockets } = yield* proxy()
      const server = { host: "127.0.0.1", port: (yield* echo).port }
      const scope = yield* Scope.make()
      const socket = yield* Scope.provide(tunnel(proxyAt(protocol, port), server, "10 seconds"), scope)
      socket.write("hello")
      const [said] = yield* Effect.promise(() => once(socket, "data"))
      assert.strictEqual(String(said), "hello")
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(socket.destroyed)
      yield* untilIt(Effect.map(sockets, (count) => count === 0))
    })
  )

  it.live.each(kinds)("by %s is not opened with a wrong password, which is not told", ([protocol, proxy]) =>
    Effect.gen(function* () {
      const { port } = yield* proxy()
      const server = { host: "127.0.0.1", port: (yield* echo).port }
      const error = yield* Effect.flip(tunnel(proxyAt(protocol, port, "wr0ng"), server, "10 seconds"))
      assert.deepStrictEqual([error._tag, error.step, error.transient], ["ConnectionFailed", "proxy", false])
      assert.strictEqual(error.address, `127.0.0.1:${server.port}`)
      assert.include(error.problem, "refused the user or password")
      assert.notInclude(inspect(error, { depth: 10 }), "wr0ng")
    })
  )

  it.live.each(["http", "socks5"] as const)("by %s is waited for until the timeout", (protocol) =>
    Effect.gen(function* () {
      const silent = yield* serving((socket) => void socket.resume())
      const error = yield* timedOutAfter(
        Effect.flip(tunnel(proxyAt(protocol, silent.port), { host: "127.0.0.1", port: 443 }, "100 millis")),
        100,
        () => silent.sockets.size > 0
      )
      assert.include(error.problem, "opened no tunnel within 100 ms")
      yield* until(() => silent.sockets.size === 0)
    })
  )

  it.live("is given up when it is interrupted", () =>
    Effect.gen(function* () {
      const silent = yield* serving((socket) => void socket.resume())
      const opening = yield* Effect.forkChild(
        tunnel(proxyAt("http", silent.port), { host: "127.0.0.1", port: 443 }, "1 hour")
      )
      yield* until(() => silent.sockets.size > 0)
      yield* Fiber.interrupt(opening)
      yield* until(() => silent.sockets.size === 0)
    })
  )
})
