import { generateKeyPairSync } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, Duration, Effect, Exit, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Apns, type ApnsError, Channels, Notification } from "effect-apns"
import { channelSettingsFromEnv, settingsFromEnv } from "../../packages/apns/src/internal/env.ts"

const p8 = (namedCurve = "P-256") =>
  generateKeyPairSync("ec", { namedCurve }).privateKey.export({ type: "pkcs8", format: "pem" }).toString()

const key = p8()
const ids = { APNS_TEAM_ID: "ABCDE12345", APNS_KEY_ID: "KEY1234567" }
const complete = { ...ids, APNS_KEY: key, APNS_TOPIC: "com.example.app" }

type Variables = Readonly<Record<string, string>>

const provided = (variables: Variables) => ConfigProvider.layer(ConfigProvider.fromEnvRecord({ ...variables }))

const build = (variables: Variables) =>
  Layer.build(Apns.layerConfig()).pipe(Effect.scoped, Effect.provide(provided(variables)))

const settings = (variables: Variables) => settingsFromEnv.pipe(Effect.provide(provided(variables)))

/** Every rendering through which an error could reach a log. */
const renderings = (error: ApnsError) =>
  [String(error), error.stack, inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error)].join("\n")

const base64Lines = (pem: string) => pem.split(/\r?\n|\\n/).filter((line) => line.length > 8 && !line.includes("-----"))

const assertNoSecret = (error: ApnsError, secrets: ReadonlyArray<string>) => {
  const rendered = renderings(error)
  for (const secret of secrets) assert.notInclude(rendered, secret)
}

/** The error of the layer, which has to name the variable, say what to do, and echo no secret. */
const failure = (variables: Variables, tag: "InvalidConfiguration" | "InvalidCredentials", ...named: Array<string>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(build(variables))
    assert.strictEqual(error._tag, "ApnsError")
    assert.strictEqual(error.reason._tag, tag)
    assert.deepStrictEqual([error.outcome, error.action], ["unsent", "fixConfig"])
    for (const name of named) assert.include(error.message, name)
    assert.notInclude(error.message, "\n")
    assertNoSecret(error, base64Lines(key))
    return error
  })

const omit = (name: string): Variables => Object.fromEntries(Object.entries(complete).filter(([key]) => key !== name))

const fixture = (name: string) => join(import.meta.dirname, "../fixtures/certificates", name)

/** The certificates of the fixtures are valid then. */
const today = TestClock.setTime(Date.parse("2026-11-23T12:00:00Z"))

const temporaryFile = (name: string, content: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const directory = await mkdtemp(join(tmpdir(), "effect-apns-"))
      await writeFile(join(directory, name), content)
      return { directory, path: join(directory, name) }
    }),
    ({ directory }) => Effect.promise(() => rm(directory, { recursive: true }))
  )

describe("Apns.layerConfig", () => {
  it.effect("builds from the text of a key", () => build(complete))

  it.effect("builds from a key whose line breaks are written as \\n", () =>
    build({ ...complete, APNS_KEY: key.trim().replaceAll("\n", "\\n") })
  )

  it.effect("builds from a key with Windows line breaks", () =>
    build({ ...complete, APNS_KEY: key.replaceAll("\n", "\r\n") })
  )

  it.effect("builds from the file of a key", () =>
    Effect.gen(function* () {
      const { path } = yield* temporaryFile("AuthKey_KEY1234567.p8", key)
      yield* build({ ...ids, APNS_KEY_FILE: path })
    })
  )

  it.effect("takes an empty variable for an absent one", () =>
    build({ ...complete, APNS_KEY_FILE: "", APNS_HOST: " ", APNS_PORT: "", APNS_TIMEOUT: "", APNS_ENVIRONMENT: "" })
  )

  it.effect("needs no topic: each notification can name its own", () => build(omit("APNS_TOPIC")))

  it.effect("provides an Apns that checks notifications", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(Apns.layerConfig()).pipe(Effect.provide(provided(omit("APNS_TOPIC"))))
      const apns = Context.get(context, Apns)
      const device = "7a1f0c3b5d2e4f60".repeat(4)
      const error = yield* Effect.flip(apns.send(Notification.alert({ device, alert: "Hello" })))
      assert.strictEqual(error.reason._tag, "InvalidNotification")
      assert.include(error.message, "topic is missing")
      assert.deepStrictEqual([error.device, error.attempts], ["7a1f…4f60", 0])
      assertNoSecret(error, [device])
    })
  )

  describe("a missing variable", () => {
    it.effect("no credentials at all", () =>
      failure({}, "InvalidConfiguration", "APNS_KEY_FILE", "APNS_KEY", "APNS_CERTIFICATE_FILE")
    )
    it.effect("no key", () => failure(omit("APNS_KEY"), "InvalidConfiguration", "APNS_KEY_FILE"))
    it.effect("no team ID", () => failure(omit("APNS_TEAM_ID"), "InvalidConfiguration", "APNS_TEAM_ID is not set"))
    it.effect("no key ID", () => failure(omit("APNS_KEY_ID"), "InvalidConfiguration", "APNS_KEY_ID is not set"))
    it.effect("an empty team ID", () =>
      failure({ ...complete, APNS_TEAM_ID: " " }, "InvalidConfiguration", "APNS_TEAM_ID is not set")
    )
  })

  describe("a malformed variable", () => {
    const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
      ["APNS_ENVIRONMENT", ["prod", "Production", "development", "https://api.push.apple.com"]],
      ["APNS_PORT", ["0", "65536", "99999", "-1", "443.5", "https", "0x1bb", "4e2"]],
      ["APNS_TIMEOUT", ["soon", "10", "0 seconds", "-5 seconds", "NaN seconds", "10 s"]],
      ["APNS_CONNECT_TIMEOUT", ["soon", "0 seconds", "Infinity"]],
      ["APNS_DRAIN_TIMEOUT", ["soon", "0 seconds", "Infinity"]],
      ["APNS_MAX_SESSIONS", ["0", "-1", "1.5", "many", "1e3", "08"]],
      ["APNS_IDLE_PING", ["never", "0 seconds"]],
      ["APNS_SILENCE_PING", ["never", "0 seconds"]],
      ["APNS_PING_TIMEOUT", ["soon", "0 seconds", "Infinity"]],
      ["APNS_WARM_UP", ["yes", "1", "TRUE"]],
      ["APNS_HOST", ["https://localhost", "localhost:8443/3", "local host", "[::1]"]],
      ["APNS_TOPIC", ["com.example app", "com.example.app\n", "com.exämple"]]
    ]
    for (const [name, values] of cases) {
      for (const value of values) {
        it.effect(`${name} as ${JSON.stringify(value)}`, () =>
          Effect.gen(function* () {
            const error = yield* failure({ ...complete, [name]: value }, "InvalidConfiguration", `${name} is `)
            assert.include(error.message, JSON.stringify(value))
          })
        )
      }
    }

    it.effect("APNS_TEAM_ID", () =>
      failure({ ...complete, APNS_TEAM_ID: "abc" }, "InvalidCredentials", "APNS_TEAM_ID", "teamId")
    )
    it.effect("APNS_KEY_ID", () =>
      failure({ ...complete, APNS_KEY_ID: "abc" }, "InvalidCredentials", "APNS_KEY_ID", "keyId")
    )

    it.effect("a key in the place of an ID is not echoed", () =>
      failure({ ...complete, APNS_TEAM_ID: key, APNS_KEY_ID: key }, "InvalidCredentials", "APNS_TEAM_ID")
    )

    for (const [what, value] of [
      ["cut off", key.slice(0, 120)],
      ["on another curve", p8("P-384")],
      ["without its frame", base64Lines(key).join("")],
      ["a password", "correct horse battery"],
      ["the path of a file", "/run/secrets/AuthKey_KEY1234567.p8"]
    ] as const) {
      it.effect(`APNS_KEY ${what}`, () =>
        Effect.gen(function* () {
          const error = yield* failure({ ...complete, APNS_KEY: value }, "InvalidCredentials", "APNS_KEY")
          assertNoSecret(error, [value, ...base64Lines(value)])
        })
      )
    }
  })

  describe("a file", () => {
    for (const name of ["APNS_KEY_FILE", "APNS_CERTIFICATE_FILE"]) {
      it.effect(`${name} that does not exist`, () =>
        Effect.gen(function* () {
          const error = yield* failure(
            { ...ids, [name]: "/nonexistent/AuthKey.p8" },
            "InvalidCredentials",
            name,
            "/nonexistent/AuthKey.p8"
          )
          assert.include(error.message, "does not exist")
        })
      )

      it.effect(`${name} that is a directory`, () =>
        failure({ ...ids, [name]: tmpdir() }, "InvalidCredentials", name, tmpdir())
      )

      for (const [what, value] of [
        ["the text of a key", key],
        ["the text of a key with \\n", key.replaceAll("\n", "\\n")],
        ["the base64 of a key", base64Lines(key).join("")]
      ] as const) {
        it.effect(`${name} that holds ${what} is not echoed`, () =>
          failure({ ...ids, [name]: value }, "InvalidConfiguration", `${name} holds text where a path belongs`)
        )
      }
    }

    it.effect("a Windows path with a folder that begins with n is a path", () =>
      failure({ ...ids, APNS_KEY_FILE: "C:\\keys\\new.p8" }, "InvalidCredentials", "C:\\keys\\new.p8", "not exist")
    )

    it.effect("APNS_KEY_FILE that holds something else", () =>
      Effect.gen(function* () {
        const { path } = yield* temporaryFile("notes.txt", "correct horse battery")
        const error = yield* failure({ ...ids, APNS_KEY_FILE: path }, "InvalidCredentials", "APNS_KEY_FILE", path)
        assertNoSecret(error, ["correct horse battery"])
      })
    )

    it.effect("APNS_CERTIFICATE_KEY_FILE that does not exist", () =>
      failure(
        {
          APNS_CERTIFICATE_FILE: fixture("production.pem"),
          APNS_CERTIFICATE_KEY_FILE: "/nonexistent/push.key"
        },
        "InvalidCredentials",
        "APNS_CERTIFICATE_KEY_FILE",
        "/nonexistent/push.key"
      )
    )

    it.effect("APNS_CA_FILE that does not exist", () =>
      failure(
        { ...complete, APNS_HOST: "localhost", APNS_CA_FILE: "/nonexistent/ca.pem" },
        "InvalidConfiguration",
        "APNS_CA_FILE names the file /nonexistent/ca.pem",
        "ENOENT"
      )
    )

    it.effect("APNS_CA_FILE without APNS_HOST", () =>
      failure({ ...complete, APNS_CA_FILE: "/ca.pem" }, "InvalidConfiguration", "APNS_CA_FILE", "APNS_HOST")
    )
  })

  describe("a certificate", () => {
    const certificate = { APNS_CERTIFICATE_FILE: fixture("production.pem") }
    const p12 = { APNS_CERTIFICATE_FILE: fixture("keychain.p12") }

    it.effect("is read from a .p12, with its passphrase", () =>
      Effect.andThen(today, build({ ...p12, APNS_CERTIFICATE_PASSPHRASE: "correct horse battery" }))
    )

    it.effect("is read from PEM, with its key in another file", () =>
      Effect.andThen(today, build({ ...certificate, APNS_CERTIFICATE_KEY_FILE: fixture("push.key.pem") }))
    )

    it.effect("with the wrong passphrase is refused, and the passphrase is not echoed", () =>
      Effect.gen(function* () {
        yield* today
        const variables = { ...p12, APNS_CERTIFICATE_PASSPHRASE: "wrong horse" }
        const error = yield* failure(variables, "InvalidCredentials", "APNS_CERTIFICATE_PASSPHRASE")
        assertNoSecret(error, ["wrong horse"])
      })
    )

    it.effect("for production is refused in the sandbox", () =>
      Effect.gen(function* () {
        yield* today
        const key = { APNS_CERTIFICATE_KEY_FILE: fixture("push.key.pem"), APNS_ENVIRONMENT: "sandbox" }
        yield* failure({ ...certificate, ...key }, "InvalidCredentials", '"sandbox" but for production')
      })
    )
  })

  describe("two kinds of credentials", () => {
    const pairs = [
      { APNS_KEY_FILE: "/k.p8" },
      { APNS_CERTIFICATE_FILE: "/c.p12" },
      { APNS_KEY_FILE: "/k.p8", APNS_CERTIFICATE_FILE: "/c.p12" }
    ]
    for (const more of pairs) {
      it.effect(`APNS_KEY and ${Object.keys(more).join(" and ")}`, () =>
        failure({ ...complete, ...more }, "InvalidConfiguration", "APNS_KEY", ...Object.keys(more))
      )
    }
  })
})

describe("the settings of Apns.layerConfig", () => {
  it.effect("default to production", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* settings({}), {
        environment: "production",
        port: undefined,
        topic: undefined,
        timeout: undefined,
        connectTimeout: undefined,
        drainTimeout: undefined,
        maxSessions: undefined,
        idlePing: undefined,
        silencePing: undefined,
        pingTimeout: undefined,
        warmUp: undefined
      })
    })
  )

  it.effect("are read from their variables", () =>
    Effect.gen(function* () {
      const { path } = yield* temporaryFile("ca.pem", "PEM")
      const read = yield* settings({
        APNS_ENVIRONMENT: "sandbox",
        APNS_HOST: "localhost",
        APNS_PORT: "8443",
        APNS_CA_FILE: path,
        APNS_TOPIC: "com.example.app",
        APNS_TIMEOUT: "10 seconds",
        APNS_CONNECT_TIMEOUT: "3 seconds",
        APNS_DRAIN_TIMEOUT: "4 seconds",
        APNS_MAX_SESSIONS: "12",
        APNS_IDLE_PING: "Infinity",
        APNS_SILENCE_PING: "2 seconds",
        APNS_PING_TIMEOUT: "1 second",
        APNS_WARM_UP: "true"
      })
      assert.deepStrictEqual(read.environment, { host: "localhost", ca: "PEM" })
      assert.deepStrictEqual([read.port, read.topic], [8443, "com.example.app"])
      assert.deepStrictEqual(read.timeout, Duration.seconds(10))
      assert.deepStrictEqual(
        [read.connectTimeout, read.drainTimeout, read.idlePing, read.silencePing, read.pingTimeout],
        [Duration.seconds(3), Duration.seconds(4), Duration.infinity, Duration.seconds(2), Duration.seconds(1)]
      )
      assert.deepStrictEqual([read.maxSessions, read.warmUp], [12, true])
    })
  )

  it.effect("take the sandbox and Apple's other port", () =>
    Effect.gen(function* () {
      const read = yield* settings({ APNS_ENVIRONMENT: "sandbox", APNS_PORT: "2197" })
      assert.deepStrictEqual([read.environment, read.port], ["sandbox", 2197])
    })
  )

  it.effect("read no other variable than their own", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(settings({ HOST: "https://x", PORT: "0", TOPIC: "a b" }))
      assert.isTrue(Exit.isSuccess(exit))
    })
  )
})

describe("Channels.layerConfig", () => {
  const buildChannels = (variables: Variables) =>
    Layer.build(Channels.layerConfig()).pipe(Effect.scoped, Effect.provide(provided(variables)))

  const refusedFor = (variables: Variables, ...named: Array<string>) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(buildChannels(variables))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      for (const name of named) assert.include(error.message, name)
    })

  it.effect("builds from a key", () => buildChannels(complete))

  it.effect("builds from a certificate, which names the app", () =>
    Effect.andThen(
      today,
      buildChannels({
        APNS_CERTIFICATE_FILE: fixture("production.pem"),
        APNS_CERTIFICATE_KEY_FILE: fixture("push.key.pem")
      })
    )
  )

  it.effect("refuses a certificate of the other environment", () =>
    Effect.gen(function* () {
      yield* today
      const error = yield* Effect.flip(
        buildChannels({
          APNS_CERTIFICATE_FILE: fixture("production.pem"),
          APNS_CERTIFICATE_KEY_FILE: fixture("push.key.pem"),
          APNS_ENVIRONMENT: "sandbox"
        })
      )
      assert.strictEqual(error.reason._tag, "InvalidCredentials")
      assert.include(error.message, '"sandbox" but for production')
    })
  )

  it.effect("needs a topic", () => refusedFor(omit("APNS_TOPIC"), "APNS_TOPIC"))

  it.effect("needs the management port of a server of your own", () =>
    refusedFor({ ...complete, APNS_HOST: "localhost", APNS_PORT: "8443" }, "APNS_MANAGEMENT_PORT is not set")
  )

  for (const port of ["0", "65536", "x", "1.5"]) {
    it.effect(`refuses the management port ${port}`, () =>
      refusedFor({ ...complete, APNS_MANAGEMENT_PORT: port }, "APNS_MANAGEMENT_PORT", "2196", "2195")
    )
  }

  const ports: ReadonlyArray<readonly [Variables, number | undefined]> = [
    [{}, undefined],
    [{ APNS_PORT: "2197" }, undefined],
    [{ APNS_PORT: "2197", APNS_MANAGEMENT_PORT: "1" }, 1],
    [{ APNS_HOST: "localhost", APNS_PORT: "8443", APNS_MANAGEMENT_PORT: "8444" }, 8444]
  ]
  for (const [variables, port] of ports) {
    it.effect(`takes from ${JSON.stringify(variables)} the port ${port}`, () =>
      Effect.gen(function* () {
        const read = yield* channelSettingsFromEnv.pipe(Effect.provide(provided(variables)))
        assert.strictEqual(read.port, port)
      })
    )
  }
})
