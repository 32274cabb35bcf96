/** No key, provider token, password or whole device token in anything the library shows, whatever happens to it. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { ConfigProvider, Effect, Exit, Fiber, Layer, Metric, Redacted, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  Apns,
  ApnsConnection,
  ApnsError,
  broadcast,
  Channels,
  type Config,
  Credentials,
  DeadTokens,
  JwtCache,
  Notification,
  Reason,
  ReasonTable,
  send,
  sendAll,
  sendSummary,
  Tenants
} from "effect-apns"
import { observed } from "../support/observed.ts"
import { connectProxy, password, socksProxy, urlOf, user } from "../support/proxies.ts"
import { clientOf, simulated, topic } from "../support/simulated.ts"
import { forms, leaks, pemSecrets, type Secret, testimony } from "../support/testimony.ts"

const names = Object.keys(ReasonTable.rejections) as ReadonlyArray<ReasonTable.RejectionName>
const passphrase = "correct horse battery"
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/certificates/${name}`, import.meta.url))
const never = Schedule.recurs(0)

/** Every device of this suite begins alike, and so is found however it is cut. */
const mark = "c0ffee0badcafe0d"
const device = (n: number) => mark.repeat(3) + n.toString(16).padStart(16, "0")
const hello = (n = 1) => Notification.alert({ device: device(n), alert: "Hello", topic })
/** With what a careless server would repeat: the path, and the fields of the request. */
const echo = `POST /3/device/${device(7)} and ${device(7).toUpperCase()} authorization: bearer eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJBIn0.c2lnbmF0dXJl`

type Print = (source: string, value: unknown) => void

/** Variables that a key may be pasted into, beside those it goes with. */
const others = [
  "APNS_KEY_FILE",
  "APNS_ENVIRONMENT",
  "APNS_HOST",
  "APNS_PORT",
  "APNS_CA_FILE",
  "APNS_TIMEOUT",
  "APNS_CERTIFICATE_FILE",
  "APNS_CERTIFICATE_KEY_FILE",
  "APNS_CERTIFICATE_PASSPHRASE"
]

/** A path through the library, and what it gives the program to print. */
type Path = (
  simulator: Simulator["Service"],
  print: Print
) => Effect.Effect<void, unknown, Simulator | Apns | DeadTokens>

const sent = (print: Print, n = 1) =>
  Effect.map(Effect.exit(send(hello(n))), (exit) => {
    print("exit", exit)
    if (Exit.isFailure(exit)) print("cause", exit.cause)
    return exit
  })

const refused = (print: Print, n?: number) => Effect.map(Effect.flip(send(hello(n))), (error) => print("error", error))

/** What a layer with other settings shows. */
const through = (print: Print, config: (client: ReturnType<typeof clientOf>) => Partial<Config>) =>
  Effect.gen(function* () {
    const client = clientOf(yield* Simulator)
    const apns = Apns.layer({ ...client, retry: never, ...config(client) })
    const exit = yield* Effect.exit(Effect.provide(send(hello()), apns, { local: true }))
    print("exit", exit)
  })

const paths: Readonly<Record<string, Path>> = {
  "accepted, and the services themselves": (_, print) =>
    Effect.gen(function* () {
      print("receipt", yield* send(hello()))
      print("apns", yield* Apns)
      print("dead tokens", yield* DeadTokens)
    }),
  "every reason of APNs": (simulator, print) =>
    Effect.forEach(names, (reason, n) =>
      Effect.andThen(
        simulator.inject({ effect: { _tag: "reject", reason }, times: 2 }),
        // The provider token may be asked for anew.
        Effect.andThen(refused(print, 100 + n), simulator.clearFaults)
      )
    ),
  "reasons and pages that repeat the request": (simulator, print) =>
    Effect.gen(function* () {
      yield* simulator.inject({ effect: { _tag: "reject", reason: echo, status: 400 } })
      yield* refused(print)
      for (const status of [200, 302, 400, 403, 407, 502]) {
        const body = `<html>${"x".repeat(status)} ${echo}</html>`
        yield* simulator.inject({ effect: { _tag: "respond", status, contentType: "text/html", body } })
        yield* sent(print)
        yield* simulator.inject({ effect: { _tag: "respond", status, body: echo } })
        yield* sent(print)
      }
    }),
  "every RST_STREAM": (simulator, print) =>
    Effect.forEach([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], (code) =>
      Effect.andThen(simulator.inject({ effect: { _tag: "reset", code } }), sent(print))
    ),
  "every GOAWAY, with debug data that repeats the request": (simulator, print) =>
    Effect.forEach(["", echo, ...names.map((reason) => JSON.stringify({ reason }))], (debugData, n) =>
      Effect.gen(function* () {
        yield* simulator.inject({ effect: { _tag: "goAway", code: n % 14, lastStreamId: "before", debugData } })
        yield* sent(print)
        yield* sent(print)
      })
    ),
  "lost connections": (simulator, print) =>
    Effect.gen(function* () {
      for (let n = 0; n < 3; n++) {
        yield* simulator.inject({ effect: { _tag: "disconnect" } })
        yield* sent(print)
      }
    }),
  "the deadline, in the queue and on a stream": (simulator, print) =>
    Effect.gen(function* () {
      yield* simulator.inject({ effect: { _tag: "silence" }, times: 2 })
      const before = (yield* simulator.received).length
      yield* Effect.gen(function* () {
        yield* TestClock.setTime(Date.now())
        const fiber = yield* Effect.forkChild(through(print, () => ({ timeout: 200 })))
        yield* simulator.awaitReceived(before + 1)
        // Deadlines are kept to 10 ms.
        yield* TestClock.adjust(210)
        yield* Fiber.join(fiber)
      }).pipe(Effect.provide(TestClock.layer()))
      yield* through(print, () => ({ timeout: 0 }))
    }),
  "an interrupted send": (simulator, print) =>
    Effect.gen(function* () {
      yield* simulator.inject({ effect: { _tag: "silence" } })
      const before = (yield* simulator.received).length
      const fiber = yield* Effect.forkChild(send(hello()))
      yield* simulator.awaitReceived(before + 1)
      yield* Fiber.interrupt(fiber)
      print("exit", yield* Fiber.await(fiber))
    }),
  "notifications that break rules": (_, print) =>
    Effect.forEach(
      [
        { ...hello(), device: `${device(1)}x` },
        { ...hello(), device: `${device(1)} ` },
        { ...hello(), device: device(1).slice(1) },
        { ...hello(), device: device(1).toUpperCase(), topic: "" },
        { ...hello(), topic: "no topic\n" },
        { ...hello(), id: "42" },
        { ...hello(), collapseId: "x".repeat(65) },
        { ...hello(), registeredAt: new Date(Number.NaN) },
        Notification.alert({ device: device(2), alert: "x".repeat(5000), topic }),
        Notification.raw({ device: device(2), pushType: "alert", payload: "", topic }),
        Notification.location({ device: device(2), topic })
      ],
      (notification) => Effect.map(Effect.exit(send(notification)), (exit) => print("exit", exit))
    ),
  "dead tokens: held back, and told of": (simulator, print) =>
    Effect.gen(function* () {
      const events = yield* Effect.forkChild(Stream.runCollect(Stream.take(DeadTokens.events, 2)))
      yield* Effect.yieldNow
      for (const reason of ["Unregistered", "BadDeviceToken"]) {
        yield* simulator.inject({ effect: { _tag: "reject", reason } })
        yield* refused(print, reason.length)
        yield* refused(print, reason.length)
      }
      print("events", yield* Fiber.join(events))
    }),
  "sendAll, halted": (simulator, print) =>
    Effect.gen(function* () {
      yield* simulator.inject({ effect: { _tag: "reject", reason: "InvalidProviderToken" } })
      const notifications = [1, 2, 3, 4].map(hello)
      const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(notifications), { concurrency: 1 }))
      // The results hold the notifications, which are the caller's own.
      for (const result of results) print("result", result.outcome === "accepted" ? result.receipt : result.error)
      print("summary", yield* Stream.run(Stream.fromIterable(results), sendSummary))
    }),
  "a provider token called expired, by a clock that is off": (simulator, print) =>
    Effect.gen(function* () {
      const headers = { date: new Date(Date.now() + 7_200_000).toUTCString() }
      yield* simulator.inject({ effect: { _tag: "reject", reason: "ExpiredProviderToken", headers }, times: 2 })
      yield* refused(print)
      const { key } = simulator
      const credentials = yield* Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) })
      print("credentials", credentials)
      yield* Effect.provide(
        Effect.gen(function* () {
          const cache = yield* JwtCache
          print("cache", cache)
          print("provider token", yield* cache.token)
        }),
        JwtCache.layer(credentials)
      )
    }),
  "broadcasts and channels": (simulator, print) =>
    Effect.gen(function* () {
      const { id: channel } = yield* simulator.registerChannel({ bundleId: topic, storage: "mostRecent" })
      const update = (channel: string) =>
        Effect.exit(
          broadcast(
            Notification.broadcast.update({ channel, priority: 10, expiration: "1 hour", contentState: { score: 1 } })
          )
        )
      print("exit", yield* update(channel))
      print("exit", yield* update("bm90IGEgY2hhbm5lbA=="))
      yield* simulator.inject({ effect: { _tag: "respond", status: 502, body: echo } })
      print("exit", yield* update(channel))
      const channels = Channels.layer({ ...clientOf(simulator), retry: never })
      yield* Effect.gen(function* () {
        print("exit", yield* Effect.exit(Channels.use(({ create }) => create({ storage: "none" }))))
        yield* simulator.inject({ effect: { _tag: "respond", status: 200, body: echo } })
        print("exit", yield* Effect.exit(Channels.use(({ list }) => list())))
        print("exit", yield* Effect.exit(Channels.use(({ read }) => read("bm90IGEgY2hhbm5lbA=="))))
      }).pipe(Effect.provide(channels, { local: true }))
    }),
  "servers that cannot be reached or trusted": (simulator, print) =>
    Effect.gen(function* () {
      const { ca, host, port } = simulator
      yield* through(print, () => ({ environment: { host, port: 1, ca } }))
      yield* through(print, () => ({ environment: { host, port } }))
      yield* through(print, () => ({ pins: [Buffer.alloc(32).toString("base64")] }))
      yield* through(print, () => ({ pins: ["not a pin"] }))
    }),
  "proxies, with credentials right, wrong and none": (_, print) =>
    Effect.gen(function* () {
      for (const scheme of ["http", "https", "socks5"] as const) {
        const running = yield* scheme === "socks5" ? socksProxy(true) : connectProxy(scheme, true)
        for (const given of [password, `${password}!`, undefined]) {
          const url = Redacted.make(urlOf(scheme, running.port, given))
          yield* through(print, () => ({ proxy: { url, ca: running.ca } }))
        }
      }
      for (const url of [
        `ftp://${user}:${encodeURIComponent(password)}@127.0.0.1:1`,
        `http://${user}:${password}@127.0.0.1:1`,
        `http://${user}:${encodeURIComponent(password)}@:x`
      ]) {
        yield* through(print, () => ({ proxy: { url: Redacted.make(url) } }))
        yield* through(print, () => ({ proxy: url }))
      }
    }).pipe(Effect.scoped),
  "certificates and keys, right and wrong": (simulator, print) =>
    Effect.gen(function* () {
      const load = (file: string, given: string) =>
        Credentials.certificate({ file: fixture(file), passphrase: Redacted.make(given) })
      for (const file of ["legacy.p12", "modern.p12", "no-key.p12", "expired.p12", "encrypted.p8", "two-keys.p12"]) {
        for (const given of [passphrase, `${passphrase}!`, ""]) print("exit", yield* Effect.exit(load(file, given)))
      }
      yield* through(print, () => ({ credentials: load("legacy.p12", passphrase), topic: undefined }))
      const { key } = simulator
      const pasted = [key.privateKey, key.privateKey.slice(0, -40), key.privateKey.replaceAll("\n", "")]
      for (const text of [...pasted, passphrase]) {
        print("exit", yield* Effect.exit(Credentials.token({ ...key, privateKey: Redacted.make(text) })))
      }
      const right = { APNS_TEAM_ID: key.teamId, APNS_KEY_ID: key.keyId, APNS_KEY: key.privateKey, APNS_TOPIC: topic }
      for (const text of pasted) {
        for (const name of [...Object.keys(right), ...others]) {
          const provider = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ ...right, [name]: text }))
          const layer = Layer.build(Apns.layerConfig()).pipe(Effect.scoped, Effect.provide(provider))
          // What it has built holds the test's own services.
          print("exit", yield* Effect.exit(Effect.asVoid(layer)))
        }
      }
    }),
  tenants: (simulator, print) =>
    Effect.gen(function* () {
      const acme = { tenant: "acme", environment: "sandbox" } as const
      const lookup = ({ tenant }: { readonly tenant: string }) =>
        tenant === "acme"
          ? Effect.succeed({ ...clientOf(simulator), retry: never })
          : Effect.die(new Error("no tenant"))
      const tenants = Tenants.layer({ lookup })
      yield* Effect.gen(function* () {
        print("tenants", yield* Tenants)
        print("exit", yield* Effect.exit(Tenants.send(acme, hello())))
        yield* simulator.inject({ effect: { _tag: "reject", reason: "BadTopic" } })
        print("exit", yield* Effect.exit(Tenants.send(acme, hello())))
      }).pipe(Effect.provide(tenants, { local: true }))
    }),
  "a connection by itself": (simulator, print) =>
    Effect.gen(function* () {
      const { ca, host, port } = simulator
      yield* Effect.gen(function* () {
        const connection = yield* ApnsConnection
        print("connection", connection)
        const request = { method: "POST", path: `/3/device/${device(1)}`, fields: {}, body: new Uint8Array() } as const
        print("answer", yield* Effect.exit(connection.request({ ...request, deadlineMillis: Date.now() + 5000 })))
        print("answer", yield* Effect.exit(connection.request({ ...request, deadlineMillis: 0 })))
      }).pipe(Effect.provide(ApnsConnection.layer({ environment: { host, port, ca } }), { local: true }))
    })
}

const secretsOf = (simulator: Simulator["Service"]) =>
  Effect.gen(function* () {
    const { certificateKey } = yield* Effect.map(
      Credentials.certificate({ file: fixture("legacy.p12"), passphrase: Redacted.make(passphrase) }),
      ({ privateKey }) => ({ certificateKey: Redacted.value(privateKey) })
    )
    const secrets: ReadonlyArray<Secret> = [
      ...pemSecrets("p8", simulator.key.privateKey),
      ...pemSecrets("certificate's key", certificateKey),
      ...pemSecrets("encrypted key", readFileSync(fixture("encrypted.p8"), "utf8")),
      ...forms("passphrase", passphrase),
      ...forms("proxy password", password),
      { what: "proxy credentials", text: Buffer.from(`${user}:${password}`).toString("base64").replace(/=+$/, "") },
      { what: "provider token", text: "eyJ" },
      { what: "provider token", text: "bearer ey" },
      { what: "device token", text: mark }
    ]
    return secrets
  })

/** A simulator, a client of it and what watches both. */
const watched = () => {
  const watchers = observed()
  const layer = simulated({ apns: { retry: never } }).pipe(
    Layer.provideMerge(DeadTokens.layer()),
    Layer.provideMerge(watchers.layer)
  )
  return { watchers, layer }
}

describe("secrets", () => {
  it.live.each(Object.entries(paths))("are shown by nothing: %s", ([, path]) => {
    const { layer, watchers } = watched()
    const { hear, print, printed } = testimony()
    return Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* path(simulator, print)
      hear(watchers)
      assert.isAbove(printed.length, 0)
      assert.deepStrictEqual(leaks(printed, yield* secretsOf(simulator)), [])
    }).pipe(Effect.provide(layer))
  })

  it.live(
    "are found where they are planted: in a log, a span, a metric, an error, its cause, and in either case",
    () => {
      const { layer, watchers } = watched()
      return Effect.gen(function* () {
        const simulator = yield* Simulator
        const secrets = yield* secretsOf(simulator)
        const [line = ""] = pemSecrets("p8", simulator.key.privateKey).map(({ text }) => text)
        const plants: Readonly<Record<string, (print: Print) => Effect.Effect<void>>> = {
          "device token in log": () => Effect.logInfo("sending", { to: device(1).toUpperCase() }),
          "p8 in log": () => Effect.annotateLogs(Effect.logInfo("signing"), { key: line }),
          "provider token in span": () => Effect.withSpan(Effect.void, "send", { attributes: { jwt: "eyJhbGciOi" } }),
          "proxy password in span": () => Effect.ignore(Effect.withSpan(Effect.fail(new Error(password)), "connect")),
          "device token in metric": () =>
            Metric.update(Metric.withAttributes(Metric.counter("planted"), { device: device(2) }), 1),
          "passphrase in error": (print) =>
            Effect.sync(() => {
              const cause = new Error(`wrong passphrase: ${passphrase}`)
              const step = { address: "push.test:443", step: "tls", problem: "it broke", cure: "Mend it." } as const
              print(
                "error",
                new ApnsError({ reason: new Reason.ConnectionFailed({ ...step, transient: false, cause }) })
              )
            }),
          "certificate's key in error": (print) =>
            Effect.sync(() => {
              const [secret] = secrets.filter(({ what }) => what === "certificate's key")
              print(
                "error",
                Object.defineProperty(new Error("hidden"), "key", { value: secret?.text, enumerable: false })
              )
            })
        }
        for (const [found, plant] of Object.entries(plants)) {
          const { hear, print, printed } = testimony()
          watchers.lines.length = 0
          watchers.spans.length = 0
          yield* plant(print)
          hear(watchers)
          assert.isTrue(
            leaks(printed, secrets).some((leak) => leak.startsWith(found)),
            found
          )
        }
      }).pipe(Effect.provide(layer))
    }
  )
})
