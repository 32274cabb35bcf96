import { assert, describe, it } from "@effect/vitest"
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { providerCertificate } from "./certificate.ts"
import { dialogue, info } from "./dialogue.ts"
import { type Client, connect, providerToken, signingKey, topic } from "./support.ts"

describe("a provider token", () => {
  it.live("may be signed in DER", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const token = providerToken(simulator.key, { encoding: "der" })
        assert.strictEqual((yield* client.push({ headers: { authorization: `Bearer ${token}` } })).status, 200)
      })
    )
  )

  it.live("of another team is refused on the connection of the first", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const other = signingKey("OTHERTEAM1", "OTHERKEY01")
        yield* simulator.registerKey({ teamId: other.teamId, keyId: other.keyId, pem: other.privateKey })
        const authorization = `bearer ${providerToken(other)}`
        yield* client.push()
        assert.deepInclude(yield* client.push({ headers: { authorization } }), {
          status: 403,
          body: `{"reason":"InvalidProviderToken"}`
        })
        const second = yield* connect(simulator, { headers: { authorization } })
        assert.strictEqual((yield* second.push()).status, 200)
      })
    )
  )

  it.live("may not change within twenty minutes on a connection", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        const at = (agoSeconds: number) => ({
          headers: { authorization: `bearer ${providerToken(simulator.key, { agoSeconds })}` }
        })
        const old = at(2000)
        assert.strictEqual((yield* client.push(old)).status, 200)
        assert.strictEqual((yield* client.push(at(700))).status, 200)
        assert.deepInclude(yield* client.push(), {
          status: 429,
          body: `{"reason":"TooManyProviderTokenUpdates"}`
        })
        // A token already known is no update.
        assert.strictEqual((yield* client.push(old)).status, 200)
        const other = yield* connect(simulator, at(600))
        assert.strictEqual((yield* other.push()).status, 200)
      })
    )
  )

  it.live("may be counted over all connections of a key", () =>
    dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          yield* client.push()
          const other = yield* connect(simulator, {
            headers: { authorization: `bearer ${providerToken(simulator.key, { agoSeconds: 10 })}` }
          })
          assert.strictEqual((yield* other.push()).json.reason, "TooManyProviderTokenUpdates")
          yield* simulator.reset
          assert.strictEqual((yield* other.push()).status, 200)
        }),
      { tokenUpdateScope: "key" }
    )
  )

  it.live("may be counted with those of the team's other keys", () => {
    const second = signingKey("SIMTEAM001", "KEY0000002")
    return dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          yield* client.push()
          const authorization = `bearer ${providerToken(second, { agoSeconds: 10 })}`
          const answer = yield* client.push({ headers: { authorization } })
          assert.strictEqual(answer.json.reason, "TooManyProviderTokenUpdates")
          yield* simulator.moveClock({ _tag: "advance", millis: 1_200_000 })
          const later = { nowMillis: Date.now() + 1_200_000 }
          const renewed = { authorization: `bearer ${providerToken(second, later)}` }
          assert.strictEqual((yield* client.push({ headers: renewed })).status, 200)
        }),
      { tokenUpdateScope: "team", keys: [{ teamId: second.teamId, keyId: second.keyId, pem: second.privateKey }] }
    )
  })

  it.live("too many can make the connection useless for a while", () =>
    dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          const reason = (authorization?: string) =>
            Effect.map(
              client.push(authorization === undefined ? {} : { headers: { authorization } }),
              ({ json }) => json.reason
            )
          assert.isUndefined(yield* reason())
          const early = `bearer ${providerToken(simulator.key, { agoSeconds: 10 })}`
          assert.strictEqual(yield* reason(early), "TooManyProviderTokenUpdates")
          assert.strictEqual(yield* reason(), "TooManyProviderTokenUpdates")
          yield* simulator.moveClock({ _tag: "advance", millis: 1_200_000 })
          assert.isUndefined(yield* reason())
        }),
      { tokenUpdatesLockConnection: true }
    )
  )

  it.live("in the DER form can be refused", () =>
    dialogue(
      (simulator, client) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* client.push()).status, 200)
          const authorization = `bearer ${providerToken(simulator.key, { encoding: "der" })}`
          const answer = yield* client.push({ headers: { authorization } })
          assert.strictEqual(answer.json.reason, "InvalidProviderToken")
        }),
      { acceptDerSignatures: false }
    )
  )

  it.live("may be another one each time where updates are not counted", () =>
    dialogue(
      (simulator) =>
        Effect.gen(function* () {
          const client = yield* connect(simulator)
          for (const agoSeconds of [10, 5, 0]) {
            const authorization = `bearer ${providerToken(simulator.key, { agoSeconds })}`
            assert.strictEqual((yield* client.push({ headers: { authorization } })).status, 200)
          }
        }),
      { tokenUpdateScope: "none" }
    )
  )

  it.live("of a revoked key is refused", () =>
    dialogue((simulator, client) =>
      Effect.gen(function* () {
        yield* client.push()
        const { teamId, keyId, privateKey } = simulator.key
        yield* simulator.registerKey({ teamId, keyId, pem: privateKey, revoked: true })
        assert.strictEqual((yield* client.push()).json.reason, "InvalidProviderToken")
      })
    )
  )

  it.effect("ages by Effect's clock", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const authorization = `bearer ${providerToken(simulator.key, { nowMillis: 0 })}`
      const client = yield* connect(simulator, { headers: { authorization } })
      assert.strictEqual((yield* client.push()).status, 200)
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual((yield* client.push()).json.reason, "ExpiredProviderToken")
      assert.deepStrictEqual(
        (yield* simulator.received).map((entry) => entry.time),
        [0, 3_660_000]
      )
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer()))
  )

  it.live("must be of a P-256 key", () =>
    dialogue((simulator) =>
      Effect.gen(function* () {
        const bad = { teamId: "T", keyId: "K", pem: "not a key" }
        const error = yield* Effect.flip(simulator.registerKey(bad))
        assert.strictEqual(error.reason._tag, "InvalidKey")
        const failed = yield* Effect.flip(Effect.scoped(Layer.build(Simulator.layer({ keys: [bad] }))))
        assert.strictEqual(failed.reason._tag, "InvalidKey")
      })
    )
  )
})

describe("a client certificate", () => {
  it.live("can be refused by GOAWAY before any answer", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { cert, key } = providerCertificate({ uid: topic, production: true })
      const client = yield* connect(simulator, { cert, key })
      yield* client.closed
      assert.deepStrictEqual(client.goAways, [
        { code: 0, lastStreamId: 0, debugData: `{"reason":"BadCertificateEnvironment"}` }
      ])
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer({ certificateRefusal: "goAway" })))
  )

  const withCertificate = <A, E>(
    certificate: { readonly cert: string; readonly key: string },
    talk: (client: Client, simulator: Simulator["Service"]) => Effect.Effect<A, E, Scope.Scope>,
    options?: SimulatorOptions
  ) =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const { cert, key } = certificate
      return yield* talk(yield* connect(simulator, { cert, key }), simulator)
    }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

  const universal = providerCertificate({
    uid: topic,
    sandbox: true,
    production: true,
    topics: [
      [topic, "app"],
      [`${topic}.voip`, "voip"],
      [`${topic}.complication`, "complication"]
    ]
  })

  it.live("may push to its topics at once and without a token", () =>
    withCertificate(universal, (client, simulator) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(client.limits, [1000])
        assert.strictEqual((yield* client.push({ headers: { authorization: "ignored" } })).status, 200)
        const voip = { "apns-topic": `${topic}.voip`, "apns-push-type": "voip" }
        assert.strictEqual((yield* client.push({ headers: voip })).status, 200)
        const other = yield* client.push({ headers: { "apns-topic": "com.example.other" } })
        assert.strictEqual(other.json.reason, "TopicDisallowed")
        const missing = yield* client.push({ headers: { "apns-topic": "" } })
        assert.strictEqual(missing.json.reason, "MissingTopic")
        assert.deepStrictEqual((yield* info(simulator)).binding, {
          _tag: "certificate",
          topics: [topic, `${topic}.voip`, `${topic}.complication`]
        })
      })
    )
  )

  it.live("of one topic needs no topic header", () =>
    withCertificate(providerCertificate({ uid: topic, sandbox: true }), (client) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* client.push({ headers: { "apns-topic": "" } })).status, 200)
      })
    )
  )

  it.live("of the other environment is refused", () =>
    withCertificate(
      providerCertificate({ uid: topic, sandbox: true }),
      (client) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(client.limits, [1])
          assert.deepInclude(yield* client.push(), { status: 403, body: `{"reason":"BadCertificateEnvironment"}` })
        }),
      { environment: "production" }
    )
  )

  it.live("that is not a push certificate, or not of the CA, is bad", () =>
    Effect.gen(function* () {
      const reason = (client: Client) => Effect.map(client.push(), (answer) => answer.json.reason)
      const plain = providerCertificate({ uid: topic })
      assert.strictEqual(yield* withCertificate(plain, reason), "BadCertificate")
      const trusted = { clientCa: universal.cert }
      assert.strictEqual(yield* withCertificate(universal, reason, trusted), undefined)
      const other = providerCertificate({ uid: topic, sandbox: true })
      assert.strictEqual(yield* withCertificate(other, reason, trusted), "BadCertificate")
    })
  )

  it.live("is not asked for when only tokens count, and needed when only certificates do", () =>
    Effect.gen(function* () {
      const reason = (client: Client) => Effect.map(client.push(), (answer) => answer.json.reason)
      assert.strictEqual(yield* withCertificate(universal, reason, { trust: "token" }), "MissingProviderToken")
      const refused = yield* dialogue((_, client) => reason(client), { trust: "certificate" })
      assert.strictEqual(refused, "MissingProviderToken")
      assert.isUndefined(yield* withCertificate(universal, reason, { trust: "certificate" }))
    })
  )
})
