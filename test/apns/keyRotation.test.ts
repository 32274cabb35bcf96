/** Credentials given as an Effect are read again: at renewal, and when APNs does not know the key any more. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { ConfigProvider, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Apns, ApnsError, broadcast, Channels, Credentials, Notification, Reason, send, sendAll } from "effect-apns"
import { observed } from "../support/observed.ts"
import { device, topic } from "../support/simulated.ts"
import { p8, tokenOf } from "../support/tenants.ts"
import { endsAfter, untilIt } from "../support/waiting.ts"

const hello = (n = 0) => Notification.alert({ device: device(n), alert: "Hello" })

const old = { teamId: "ABCDE12345", keyId: "OLDKEY1234", pem: p8() }
const fresh = { teamId: "ABCDE12345", keyId: "NEWKEY1234", pem: p8() }

const simulator = Simulator.layer({ keys: [old, fresh] })

const certificate = Credentials.certificate({
  file: fileURLToPath(new URL("../fixtures/certificates/ec.p12", import.meta.url)),
  passphrase: Redacted.make("effect-apns")
})

const gone = new Reason.InvalidCredentials({ problem: "the secret manager is away", cure: "Wait for it." })

/** A place that names a key, and how often it was read. */
const secret = () => {
  let reads = 0
  const state = {
    key: old,
    /** In place of the key. */
    answer: undefined as Effect.Effect<Credentials.Credentials, ApnsError> | undefined,
    reads: () => reads
  }
  const credentials = Effect.suspend((): Effect.Effect<Credentials.Credentials, ApnsError> => {
    reads++
    return state.answer ?? tokenOf(state.key)
  })
  return { state, credentials }
}

const configTo = ({ ca, host, managementPort, port }: Simulator["Service"]) =>
  ({
    environment: { host, port, managementPort, ca },
    topic,
    timeout: "5 minutes",
    // An hour of the test clock leaves a server no time to acknowledge a PING.
    idlePing: "Infinity",
    silencePing: "Infinity"
  }) as const

const layerTo = (credentials: Effect.Effect<Credentials.Credentials, ApnsError> | Credentials.Credentials) =>
  Effect.map(Simulator, (simulator) => Apns.layer({ ...configTo(simulator), credentials }))

/** Whose tokens were accepted, on which connection. */
const accepted = Effect.flatMap(Simulator, ({ received }) =>
  Effect.map(received, (all) =>
    all
      .filter(({ answer }) => answer._tag === "answered" && answer.status < 300)
      .map(({ connection, token }) => `${token?.kid} #${connection}`)
  )
)

const revoke = (key: typeof old) =>
  Effect.flatMap(Simulator, ({ registerKey }) => registerKey({ ...key, revoked: true }))

const isClosed = (id: number) =>
  Effect.flatMap(Simulator, ({ connections }) =>
    Effect.map(connections, (all) => all.some((one) => one.id === id && !one.open))
  )

const warnings = (lines: ReadonlyArray<{ readonly level: string; readonly message: string }>) =>
  lines.filter(({ level, message }) => level === "Warn" && message.includes("could not be read again"))

describe("credentials that are an Effect", () => {
  it.live("are read again when APNs knows the key no more: a .p8 that was replaced on disk", () =>
    Effect.gen(function* () {
      const { key, registerKey } = yield* Simulator
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "rotation-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const privateKeyFile = join(folder, "key.p8")
      writeFileSync(privateKeyFile, key.privateKey)
      yield* Effect.gen(function* () {
        yield* send(hello(1))
        const pem = p8()
        writeFileSync(privateKeyFile, pem)
        yield* registerKey({ teamId: key.teamId, keyId: key.keyId, pem })
        assert.strictEqual((yield* send(hello(2))).attempts, 2)
        assert.strictEqual((yield* send(hello(3))).attempts, 1)
      }).pipe(
        Effect.provide(yield* layerTo(Credentials.token({ teamId: key.teamId, keyId: key.keyId, privateKeyFile })))
      )
      assert.deepStrictEqual(yield* accepted, [`${key.keyId} #1`, `${key.keyId} #2`, `${key.keyId} #2`])
    }).pipe(Effect.scoped, Effect.provide(simulator))
  )

  it.live("are read again from where the layer was built: the variables and files of Apns.layerConfig", () =>
    Effect.gen(function* () {
      const { ca, host, key, port, registerKey } = yield* Simulator
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "rotation-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const [keyFile, caFile] = [join(folder, "key.p8"), join(folder, "ca.pem")]
      writeFileSync(keyFile, key.privateKey)
      writeFileSync(caFile, ca)
      const variables = ConfigProvider.fromEnvRecord({
        APNS_TEAM_ID: key.teamId,
        APNS_KEY_ID: key.keyId,
        APNS_KEY_FILE: keyFile,
        APNS_HOST: host,
        APNS_PORT: String(port),
        APNS_CA_FILE: caFile,
        APNS_TOPIC: topic
      })
      const layer = Apns.layerConfig({ proxy: undefined }).pipe(Layer.provide(ConfigProvider.layer(variables)))
      yield* Effect.gen(function* () {
        yield* send(hello(1))
        const pem = p8()
        writeFileSync(keyFile, pem)
        yield* registerKey({ teamId: key.teamId, keyId: key.keyId, pem })
        assert.strictEqual((yield* send(hello(2))).attempts, 2)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped, Effect.provide(simulator))
  )

  it.live("are read once for all that are refused together, which then go out with the new key", () =>
    Effect.gen(function* () {
      const { credentials, state } = secret()
      yield* Effect.gen(function* () {
        yield* send(hello())
        state.key = fresh
        yield* revoke(old)
        const results = yield* Stream.runCollect(sendAll(Stream.map(Stream.range(1, 500), hello)))
        assert.lengthOf(results, 500)
        assert.isTrue(results.every(({ outcome }) => outcome === "accepted"))
        assert.strictEqual(state.reads(), 2)
      }).pipe(Effect.provide(yield* layerTo(credentials)))
    }).pipe(Effect.provide(simulator))
  )

  it.effect("are read again at renewal; what is under way on a session of the old key finishes there", () =>
    Effect.gen(function* () {
      const { credentials, state } = secret()
      const { connections, inject } = yield* Simulator
      yield* Effect.gen(function* () {
        yield* send(hello(1))
        yield* TestClock.adjust("49 minutes")
        assert.strictEqual(state.reads(), 1)
        state.key = fresh
        yield* inject({ effect: { _tag: "delay", millis: 90_000 } })
        const slow = yield* Effect.forkChild(send(hello(2)), { startImmediately: true })
        yield* untilIt(Effect.map(connections, ([first]) => (first?.streamsOpen ?? 0) > 0))
        yield* TestClock.adjust("1 minute")
        yield* send(hello(3))
        assert.strictEqual(state.reads(), 2)
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(slow)
        assert.deepStrictEqual((yield* accepted).toSorted(), ["NEWKEY1234 #2", "OLDKEY1234 #1", "OLDKEY1234 #1"])
        yield* untilIt(isClosed(1))
        assert.isFalse(yield* isClosed(2))
      }).pipe(Effect.provide(yield* layerTo(credentials)))
    }).pipe(Effect.provide(simulator))
  )

  it.effect("are read again at every renewal, and make no token the key has already", () =>
    Effect.gen(function* () {
      const { credentials, state } = secret()
      yield* Effect.gen(function* () {
        for (const key of [old, old, fresh, fresh, old]) {
          state.key = key
          yield* send(hello())
          yield* TestClock.adjust("50 minutes")
        }
        yield* send(hello())
        assert.strictEqual(state.reads(), 6)
      }).pipe(Effect.provide(yield* layerTo(credentials)))
      const keys = (yield* accepted).map((one) => one.split(" ")[0])
      assert.deepStrictEqual(
        keys,
        [old, old, old, fresh, fresh, old].map(({ keyId }) => keyId)
      )
    }).pipe(Effect.provide(simulator))
  )

  it.live("change the key of Channels and of broadcasts, too", () =>
    Effect.gen(function* () {
      const { credentials, state } = secret()
      const config = configTo(yield* Simulator)
      yield* Effect.gen(function* () {
        const channels = yield* Channels
        const { channel } = yield* channels.create({ storage: "none" })
        state.key = fresh
        yield* revoke(old)
        const goal = { channel, priority: 10, expiration: "once", contentState: {} } as const
        yield* broadcast(Notification.broadcast.update(goal))
        yield* channels.delete(channel)
        assert.deepStrictEqual(
          (yield* accepted).map((one) => one.split(" ")[0]),
          [old, fresh, fresh].map(({ keyId }) => keyId)
        )
      }).pipe(
        Effect.provide(Layer.merge(Apns.layer({ ...config, credentials }), Channels.layer({ ...config, credentials })))
      )
    }).pipe(Effect.provide(simulator))
  )

  it.effect.each([
    ["fail", Effect.fail(new ApnsError({ reason: gone }))],
    ["die", Effect.die(new Error("a defect of the secret manager"))],
    ["are a certificate", certificate],
    ["are a key that cannot sign", Effect.map(tokenOf(fresh), (key) => ({ ...key, privateKey: Redacted.make("none") }))]
  ] as const)("that %s when they are read again leave the old key in use, with a warning", ([, answer]) => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      const { credentials, state } = secret()
      yield* Effect.gen(function* () {
        yield* send(hello())
        state.answer = answer
        yield* TestClock.adjust("50 minutes")
        yield* send(hello())
        assert.deepStrictEqual(yield* accepted, ["OLDKEY1234 #1", "OLDKEY1234 #1"])
        assert.lengthOf(warnings(lines), 1)
        yield* revoke(old)
        const errors = yield* Effect.replicateEffect(Effect.flip(send(hello())), 50, { concurrency: "unbounded" })
        for (const { reason } of errors) assert.strictEqual(reason._tag, "InvalidProviderToken")
        // Once more for this refusal, and not for each of the notifications.
        assert.lengthOf(warnings(lines), 2)
        assert.notInclude(JSON.stringify(lines), old.pem.split("\n")[1] ?? "")
        state.answer = undefined
        state.key = fresh
        yield* TestClock.adjust("5 seconds")
        yield* send(hello())
        // On none of the sessions that the old key was refused on.
        assert.match((yield* accepted)[2] ?? "", /^NEWKEY1234 #[^123]$/)
      }).pipe(Effect.provide(yield* layerTo(credentials)))
    }).pipe(Effect.provide(Layer.provideMerge(simulator, watched)))
  })

  it.effect("that do not come are waited for 10 seconds; then the old key signs", () => {
    const { layer: watched, lines } = observed()
    return Effect.gen(function* () {
      const { credentials, state } = secret()
      yield* Effect.gen(function* () {
        yield* send(hello())
        state.answer = Effect.never
        yield* TestClock.adjust("50 minutes")
        const sending = yield* Effect.forkChild(send(hello()), { startImmediately: true })
        yield* endsAfter(sending, 10_000)
        assert.deepStrictEqual(yield* accepted, ["OLDKEY1234 #1", "OLDKEY1234 #1"])
        assert.lengthOf(warnings(lines), 1)
      }).pipe(Effect.provide(yield* layerTo(credentials)))
    }).pipe(Effect.provide(Layer.provideMerge(simulator, watched)))
  })

  it.live("that are given as a value are not: the refusal stands", () =>
    Effect.gen(function* () {
      const credentials = yield* tokenOf(old)
      yield* revoke(old)
      const error = yield* Effect.flip(send(hello())).pipe(Effect.provide(yield* layerTo(credentials)))
      assert.deepStrictEqual([error.reason._tag, error.attempts], ["InvalidProviderToken", 1])
    }).pipe(Effect.provide(simulator))
  )
})
