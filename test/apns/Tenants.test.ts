import { readFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Redacted, Result, Schedule, Schema, Scope, Stream } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Apns, ApnsError, Credentials, JwtCache, Notification, send, sendAll, Tenants } from "effect-apns"
import type { TargetConfig, TargetInput } from "effect-apns/Tenants"
import { device, topic } from "../support/simulated.ts"
import {
  apple,
  built,
  config,
  connections,
  gone,
  hello,
  type Key,
  keys,
  openOnes,
  p8,
  type Server,
  sandbox,
  started,
  teams,
  tokenOf,
  tokensOf,
  untilOpen
} from "../support/tenants.ts"

afterEach(() => {
  vi.restoreAllMocks()
})

describe("connections", () => {
  it.effect("open with the first use of a target, not before", () =>
    Effect.gen(function* () {
      const { lookups, production, sandbox: other, service } = yield* started(keys)
      const layer = service.get("acme")
      assert.deepStrictEqual(lookups, [])
      yield* Layer.build(layer)
      assert.deepStrictEqual(lookups, ["acme/production"])
      assert.deepStrictEqual(yield* connections(production), [])
      yield* service.send("acme", hello())
      assert.deepStrictEqual(yield* teams(production), ["ACMETEAM01/ACMEKEY001"])
      assert.deepStrictEqual(yield* connections(other), [])
    })
  )

  it.effect("are one for each key and environment", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, service } = yield* started(keys)
      for (let round = 0; round < 3; round++) {
        for (const tenant of ["acme", "beta", "rotated"]) {
          yield* service.send(tenant, hello(round))
          yield* service.send(sandbox(tenant), hello(round))
        }
      }
      const all = ["ACMETEAM01/ACMEKEY001", "BETATEAM01/BETAKEY001", "ACMETEAM01/ACMEKEY002"]
      assert.deepStrictEqual(yield* teams(production), all)
      assert.deepStrictEqual(yield* teams(other), all)
    })
  )

  it.effect("are shared by targets of the same key and environment, as the provider token is across environments", () =>
    Effect.gen(function* () {
      const sign = vi.spyOn(globalThis.crypto.subtle, "sign")
      const { lookups, production, sandbox: other, service } = yield* started({ app: keys.acme, watch: keys.acme })
      yield* Effect.forEach(["app", "watch", sandbox("app"), sandbox("watch")], (to) => service.send(to, hello()), {
        concurrency: "unbounded"
      })
      assert.lengthOf(lookups, 4)
      assert.lengthOf(yield* connections(production), 1)
      assert.lengthOf(yield* connections(other), 1)
      assert.lengthOf(sign.mock.calls, 1)
      assert.strictEqual(yield* tokensOf(production, other), 1)
    })
  )

  it.effect("are not shared with who claims the ids of a key and has another", () =>
    Effect.gen(function* () {
      const { production, service } = yield* started({ acme: keys.acme, mallory: { ...keys.acme, pem: p8() } })
      yield* service.send("acme", hello(1))
      const error = yield* Effect.flip(service.send("mallory", hello(2)))
      assert.strictEqual(error.reason._tag, "InvalidProviderToken")
      yield* service.send("acme", hello(3))
      assert.lengthOf(yield* connections(production), 2)
      assert.strictEqual(yield* tokensOf(production), 2)
    })
  )

  it.live("of several processes share the tokens of their keys, where they share a store", () =>
    Effect.gen(function* () {
      const servers = yield* apple
      const store = Layer.succeedContext(yield* Layer.build(KeyValueStore.layerMemory))
      const process = built({
        lookup: (target) => Effect.succeed(config(servers, target, target.tenant === "beta" ? keys.beta : keys.acme)),
        token: (credentials) => Layer.provide(JwtCache.layerShared(credentials), store)
      })
      const services = [yield* process, yield* process, yield* process]
      yield* Effect.forEach(
        services.flatMap((service) => ["acme", "beta"].map((tenant) => service.send(tenant, hello()))),
        (sends) => sends,
        { concurrency: "unbounded" }
      )
      assert.lengthOf(yield* connections(servers.production), 6)
      assert.strictEqual(yield* tokensOf(servers.production), 2)
    })
  )

  it.effect("are one for each setting of theirs", () =>
    Effect.gen(function* () {
      const servers = yield* apple
      const drainTimeout: Readonly<Record<string, TargetConfig["drainTimeout"]>> = {
        one: "2 seconds",
        same: 2000,
        other: "3 seconds"
      }
      const service = yield* built({
        lookup: (target) =>
          Effect.succeed({ ...config(servers, target, keys.acme), drainTimeout: drainTimeout[target.tenant] })
      })
      for (const tenant of ["one", "same"]) yield* service.send(tenant, hello())
      assert.lengthOf(yield* connections(servers.production), 1)
      yield* service.send("other", hello())
      assert.lengthOf(yield* connections(servers.production), 2)
      assert.strictEqual(yield* tokensOf(servers.production), 1)
    })
  )

  it.effect("with a certificate stand beside those with a key", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-11-23T12:00:00Z"))
      const servers = yield* apple
      const fixture = (name: string) =>
        readFileSync(join(import.meta.dirname, "../fixtures/certificates", name), "utf8")
      const pem = fixture("production.pem")
      const certificate = Credentials.certificate({ pem, key: Redacted.make(fixture("push.key.pem")) })
      const service = yield* built({
        lookup: (target) =>
          Effect.succeed({
            ...config(servers, target, keys.acme),
            ...(target.tenant === "old" && { credentials: certificate, topic: undefined })
          })
      })
      yield* Effect.forEach(["old", "acme", "old"], (tenant) => service.send(tenant, hello()))
      assert.deepStrictEqual(yield* teams(servers.production), ["certificate", "ACMETEAM01/ACMEKEY001"])
    })
  )

  const names = ["acme", "rotated", "beta", "acmeAgain"] as const
  const target = Schema.Struct({
    tenant: Schema.Literals(names),
    environment: Schema.Literals(["production", "sandbox"])
  })

  it.effect.prop(
    "never mix keys, whatever is sent to whom in whatever order",
    [Schema.Array(target).check(Schema.isMaxLength(30))],
    ([targets]) =>
      Effect.gen(function* () {
        const of: Readonly<Record<string, Key>> = { ...keys, acmeAgain: keys.acme }
        const { production, sandbox: other, service } = yield* started(of)
        const receipts = yield* Effect.forEach(targets, (to, n) => service.send(to, hello(n)), {
          concurrency: "unbounded"
        })
        const used = new Set(targets.map(({ environment, tenant }) => `${environment}/${of[tenant]?.keyId}`))
        const servers = { production, sandbox: other }
        const carried = yield* Effect.forEach(["production", "sandbox"] as const, (environment) =>
          Effect.map(servers[environment].received, (all) =>
            all.map(({ connection, token }) => ({ connection, key: `${environment}/${token?.kid}` }))
          )
        )
        for (const requests of carried) {
          const keyOn = new Map(requests.map(({ connection, key }) => [connection, key]))
          for (const { connection, key } of requests) assert.strictEqual(key, keyOn.get(connection))
        }
        assert.deepStrictEqual(new Set(carried.flat().map(({ key }) => key)), used)
        const opened = [...(yield* production.connections), ...(yield* other.connections)]
        assert.lengthOf(opened, used.size)
        assert.strictEqual(yield* tokensOf(production, other), new Set(targets.map(({ tenant }) => of[tenant])).size)
        assert.isTrue(receipts.every(({ attempts }) => attempts === 1))
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 15 } }
  )
})

describe("a lookup", () => {
  it.effect("runs once for all that use a target first together", () =>
    Effect.gen(function* () {
      const { lookups, production, service } = yield* started(keys)
      const all = Array.from({ length: 100 }, (_, n) => service.send({ tenant: "acme" }, hello(n)))
      const receipts = yield* Effect.all(all, { concurrency: "unbounded" })
      assert.deepStrictEqual(lookups, ["acme/production"])
      assert.lengthOf(yield* connections(production), 1)
      assert.strictEqual(new Set(receipts.map(({ connection }) => connection)).size, 1)
    })
  )

  it.effect("that fails fails those sends alone, typed, by name, and is tried again on the next", () =>
    Effect.gen(function* () {
      const { found, lookups, service } = yield* started({ beta: keys.beta })
      const one = hello(1)
      const failing = Effect.flip(service.send("acme", one))
      const [failed, , shared] = yield* Effect.all([failing, service.send("beta", one), failing], {
        concurrency: "unbounded"
      })
      for (const error of [failed, shared]) {
        assert.instanceOf(error, ApnsError)
        assert.strictEqual(error.reason, gone)
        assert.deepStrictEqual([error.outcome, error.action, error.attempts], ["unsent", "fixConfig", 0])
        assert.deepStrictEqual([error.target, error.notificationId], ["acme (production)", one.id])
        assert.include(error.message, "acme (production): InvalidCredentials: the store of secrets is away")
        assert.notInclude(inspect(error, { depth: 10 }), device(1))
      }
      assert.deepStrictEqual(lookups, ["acme/production", "beta/production"])
      found.acme = keys.acme
      yield* service.send("acme", one)
      assert.lengthOf(lookups, 3)
    })
  )

  it.effect("that dies is tried again, too", () =>
    Effect.gen(function* () {
      const servers = yield* apple
      let times = 0
      const service = yield* built({
        lookup: (target) => {
          if (++times === 1) throw new Error("a mistake")
          return Effect.succeed(config(servers, target, keys.acme))
        }
      })
      const exit = yield* Effect.exit(service.send("acme", hello()))
      assert.isTrue(Exit.hasDies(exit))
      yield* service.send("acme", hello())
      assert.strictEqual(times, 2)
    })
  )

  it.effect("takes no longer than lookupTimeout", () =>
    Effect.gen(function* () {
      const service = yield* built({ lookup: () => Effect.never, lookupTimeout: "3 seconds" })
      const fiber = yield* Effect.forkChild(Effect.flip(service.send("acme", hello())))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "ConnectionFailed")
      assert.deepStrictEqual([error.outcome, error.action], ["unsent", "retry"])
      assert.include(error.message, "its lookup took more than 3s")
    })
  )

  it.effect("that nobody waits for any more and then fails leaves nothing behind", () =>
    Effect.gen(function* () {
      const servers = yield* apple
      let times = 0
      const service = yield* built({
        lookup: (target) =>
          ++times === 1
            ? Effect.andThen(Effect.sleep("1 second"), Effect.fail(new ApnsError({ reason: gone })))
            : Effect.succeed(config(servers, target, keys.acme))
      })
      const fiber = yield* Effect.forkChild(service.send("acme", hello()), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 second")
      yield* service.send("acme", hello())
      assert.strictEqual(times, 2)
    })
  )

  it.effect("fails for credentials and settings that cannot be used, and mends with them", () =>
    Effect.gen(function* () {
      const servers = yield* apple
      const faulty: Array<Partial<TargetConfig>> = [
        { credentials: tokenOf({ ...keys.acme, pem: "no key" }) },
        { credentials: { ...(yield* tokenOf(keys.acme)), privateKey: Redacted.make("no key") } },
        { environment: { host: "https://example.com" } },
        { port: 0 }
      ]
      const rest = [...faulty]
      const service = yield* built({
        lookup: (target) => Effect.sync(() => ({ ...config(servers, target, keys.acme), ...rest.shift() }))
      })
      const errors = yield* Effect.forEach(faulty, () => Effect.flip(service.send("acme", hello())))
      assert.deepStrictEqual(
        errors.map(({ reason, target }) => [reason._tag, target]),
        ["InvalidCredentials", "InvalidCredentials", "InvalidConfiguration", "InvalidConfiguration"].map((tag) => [
          tag,
          "acme (production)"
        ])
      )
      yield* service.send("acme", hello())
    })
  )

  it.effect("is no way to an environment that does not exist", () =>
    Effect.gen(function* () {
      const service = yield* built({ tenants: { acme: { credentials: tokenOf(keys.acme), topic } } })
      // What a caller without types can give.
      const error = yield* Effect.flip(service.send({ tenant: "acme", environment: "prod" as "sandbox" }, hello()))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      assert.include(error.message, 'acme (prod): InvalidConfiguration: environment "prod" is not known')
    })
  )

  it.effect("may be a record of tenants", () =>
    Effect.gen(function* () {
      const { production } = yield* apple
      const { ca, host, port } = production
      const environment = { host, port, ca }
      const service = yield* built({
        tenants: {
          acme: { environment, credentials: tokenOf(keys.acme), topic },
          beta: { environment, credentials: tokenOf(keys.beta), topic }
        }
      })
      yield* Effect.forEach(["acme", "beta"], (tenant) => service.send(tenant, hello()))
      assert.deepStrictEqual(yield* teams(production), ["ACMETEAM01/ACMEKEY001", "BETATEAM01/BETAKEY001"])
      for (const tenant of ["gamma", "__proto__", "toString", ""]) {
        const error = yield* Effect.flip(service.send(tenant, hello()))
        assert.strictEqual(error.reason._tag, "InvalidConfiguration")
        assert.include(
          error.message,
          `${tenant} (production): InvalidConfiguration: tenants has no tenant of that name`
        )
      }
    })
  )

  it.effect("may ask for services, which are those of the layer", () =>
    Effect.gen(function* () {
      class Store extends Context.Service<Store, { readonly key: Key }>()("test/Store") {}
      const servers = yield* apple
      const layer = Tenants.layer({
        lookup: (target) => Effect.map(Store, ({ key }) => config(servers, target, key))
      }).pipe(Layer.provide(Layer.succeed(Store, { key: keys.beta })))
      // The first to send may have services of its own; they are not those of the lookup.
      const first = Effect.provideService(Tenants.send("any", hello()), Store, { key: keys.acme })
      yield* Effect.andThen(first, Tenants.send("any", hello())).pipe(Effect.provide(layer))
      assert.deepStrictEqual(yield* teams(servers.production), ["BETATEAM01/BETAKEY001"])
    })
  )
})

describe("errors", () => {
  it.effect("of APNs name the target", () =>
    Effect.gen(function* () {
      const { sandbox: other, service } = yield* started(keys)
      yield* other.register({ state: "unregistered", token: device(7) })
      const error = yield* Effect.flip(service.send(sandbox("acme"), hello(7)))
      assert.strictEqual(error.reason._tag, "Unregistered")
      assert.strictEqual(error.target, "acme (sandbox)")
      assert.match(error.message, /^acme \(sandbox\): Unregistered: /)
    })
  )

  it.effect("keep a name to one line", () =>
    Effect.gen(function* () {
      const { service } = yield* started({})
      const error = yield* Effect.flip(service.send(`a\r\nb\u0085${"c".repeat(500)}`, hello()))
      assert.match(error.target ?? "", /^a\?\?b\?c{95} \(production\)$/)
    })
  )

  it.effect("of a layer name the target, and show no key", () =>
    Effect.gen(function* () {
      const pem = keys.acme.pem.replace(/.{8}\n-----END/, "\n-----END")
      const service = yield* built({ tenants: { acme: { credentials: tokenOf({ ...keys.acme, pem }) } } })
      const layer = service.get("acme")
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(error.target, "acme (production)")
      const secret = keys.acme.pem.split("\n")[1] ?? "?"
      for (const value of [error, service, layer]) assert.notInclude(inspect(value, { depth: 12 }), secret)
    })
  )
})

describe("an idle target", () => {
  it.effect("is closed, and opened again with the same provider token", () =>
    Effect.gen(function* () {
      const { lookups, production, service } = yield* started(keys)
      for (let round = 1; round <= 3; round++) {
        yield* service.send("acme", hello())
        yield* TestClock.adjust("9 minutes")
        yield* service.send("acme", hello())
        yield* TestClock.adjust(10 * 60_000 - 1)
        assert.lengthOf(lookups, round)
        assert.strictEqual(yield* openOnes(production), 1)
        yield* TestClock.adjust(1)
        yield* untilOpen(production, 0)
        assert.lengthOf(yield* connections(production), round)
      }
      // An hour has passed: one renewal, though the target was closed twice since.
      assert.strictEqual(yield* tokensOf(production), 1)
      yield* service.send("acme", hello())
      assert.strictEqual(yield* tokensOf(production), 2)
    })
  )

  it.effect("leaves the connection to another that uses it", () =>
    Effect.gen(function* () {
      const { production, service } = yield* started({ app: keys.acme, watch: keys.acme })
      yield* Effect.forEach(["app", "watch"], (tenant) => service.send(tenant, hello()))
      yield* TestClock.adjust("6 minutes")
      yield* service.send("watch", hello())
      yield* TestClock.adjust("6 minutes")
      yield* service.send("watch", hello())
      assert.lengthOf(yield* connections(production), 1)
      yield* TestClock.adjust("10 minutes")
      yield* untilOpen(production, 0)
    })
  )

  it.effect("is none while a send is in flight, however long", () =>
    Effect.gen(function* () {
      const { production, service } = yield* started(keys, {
        idleTimeToLive: "1 second",
        apns: { timeout: "1 hour" }
      })
      yield* production.inject({ effect: { _tag: "delay", millis: 600_000 } })
      const fiber = yield* Effect.forkChild(service.send("acme", hello()))
      yield* production.awaitReceived(1)
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(yield* openOnes(production), 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).attempts, 1)
      yield* TestClock.adjust("1 second")
      yield* untilOpen(production, 0)
    })
  )

  it.effect("is none while its layer is in use", () =>
    Effect.gen(function* () {
      const { lookups, production, service } = yield* started(keys)
      yield* Effect.gen(function* () {
        yield* send(hello())
        yield* TestClock.adjust("45 minutes")
        yield* send(hello())
      }).pipe(Effect.provide(service.get("acme")))
      assert.lengthOf(yield* connections(production), 1)
      assert.lengthOf(lookups, 1)
      yield* TestClock.adjust("10 minutes")
      yield* untilOpen(production, 0)
    })
  )
})

describe("invalidating", () => {
  it.effect("sends with the new key what comes after it, and lets what is in flight finish with the old", () =>
    Effect.gen(function* () {
      const { found, production, service } = yield* started({ acme: keys.acme })
      yield* service.send("acme", hello(1))
      yield* production.inject({ match: { device: device(2) }, effect: { _tag: "delay", millis: 5_000 } })
      const old = yield* Effect.forkChild(service.send("acme", hello(2)))
      yield* production.awaitReceived(2)
      found.acme = keys.rotated
      yield* service.invalidate("acme")
      yield* service.send("acme", hello(3))
      assert.deepStrictEqual(yield* teams(production), ["ACMETEAM01/ACMEKEY001", "ACMETEAM01/ACMEKEY002"])
      assert.strictEqual(yield* openOnes(production), 2)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(old)).attempts, 1)
      yield* untilOpen(production, 1)
      yield* service.send("acme", hello(4))
      assert.lengthOf(yield* connections(production), 2)
    })
  )

  it.effect("closes at once what is not in use, and concerns no other target", () =>
    Effect.gen(function* () {
      const { lookups, production, sandbox: other, service } = yield* started(keys)
      yield* service.send("acme", hello())
      yield* service.send(sandbox("acme"), hello())
      yield* service.invalidate("acme")
      yield* service.invalidate("nobody")
      yield* untilOpen(production, 0)
      assert.strictEqual(yield* openOnes(other), 1)
      yield* service.send(sandbox("acme"), hello())
      yield* service.send("acme", hello())
      assert.deepStrictEqual(lookups, ["acme/production", "acme/sandbox", "acme/production"])
      assert.strictEqual(yield* tokensOf(production, other), 1)
    })
  )
})

describe("invalidating a target whose credentials stay the same", () => {
  it.effect("opens another connection, though the old one is in use without a pause", () =>
    Effect.gen(function* () {
      const { production, service } = yield* started(keys)
      yield* production.inject({ match: { device: device(1) }, effect: { _tag: "delay", millis: 5_000 } })
      const old = yield* Effect.forkChild(service.send("acme", hello(1)))
      yield* production.awaitReceived(1)
      yield* service.invalidate("acme")
      yield* service.send("acme", hello(2))
      assert.strictEqual(yield* openOnes(production), 2)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(old)
      yield* untilOpen(production, 1)
      assert.strictEqual(yield* tokensOf(production), 1)
    })
  )

  it.effect("opens one for all its targets, and closes the old one with the last that leaves it", () =>
    Effect.gen(function* () {
      const tenants = { app: keys.acme, watch: keys.acme, mac: keys.acme }
      const { production, service } = yield* started(tenants)
      const all = Effect.forEach(Object.keys(tenants), (tenant) => service.send(tenant, hello()))
      yield* all
      for (const tenant of ["app", "watch"]) {
        yield* service.invalidate(tenant)
        yield* all
        assert.strictEqual(yield* openOnes(production), 2)
      }
      yield* service.invalidate("mac")
      yield* untilOpen(production, 1)
      yield* all
      assert.lengthOf(yield* connections(production), 2)
    })
  )
})

describe("when the scope closes", () => {
  it.effect("everything is closed, and a later send fails, typed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const {
        production,
        sandbox: other,
        service
      } = yield* Effect.gen(function* () {
        const servers = yield* apple
        const service = yield* Scope.provide(
          built({ lookup: (target) => Effect.succeed(config(servers, target, keys.acme)) }),
          scope
        )
        return { ...servers, service }
      })
      yield* service.send("acme", hello())
      yield* service.send(sandbox("acme"), hello())
      yield* Scope.close(scope, Exit.void)
      yield* untilOpen(production, 0)
      yield* untilOpen(other, 0)
      const failed = [
        yield* Effect.flip(service.send("acme", hello())),
        yield* Effect.flip(Effect.scoped(Layer.build(service.get("beta"))))
      ]
      for (const error of failed) {
        assert.strictEqual(error.reason._tag, "ConnectionFailed")
        assert.include(error.message, "closed by this program")
        assert.strictEqual(error.outcome, "unsent")
      }
      yield* service.invalidate("acme")
    })
  )

  it.effect("a send that waits for its lookup fails, typed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const service = yield* Scope.provide(built({ lookup: () => Effect.never }), scope)
      const fiber = yield* Effect.forkChild(Effect.flip(service.send("acme", hello())), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "ConnectionFailed")
      assert.strictEqual(error.target, "acme (production)")
    })
  )

  it.effect("sends in flight finish; all those that do not share one drainTimeout", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const servers = yield* apple
      const { production } = servers
      const service = yield* Scope.provide(
        built({
          lookup: (target) =>
            Effect.succeed({
              ...config(servers, target, target.tenant === "acme" ? keys.acme : keys.beta),
              drainTimeout: target.tenant === "slow" ? "5001 millis" : "5 seconds",
              retry: Schedule.recurs(0)
            })
        }),
        scope
      )
      yield* production.inject({ match: { device: device(1) }, effect: { _tag: "delay", millis: 4_000 } })
      yield* production.inject({ match: { device: device(2) }, effect: { _tag: "silence" }, times: 2 })
      const sends: ReadonlyArray<readonly [TargetInput, number]> = [
        ["acme", 1],
        ["beta", 2],
        ["slow", 2]
      ]
      const fibers = yield* Effect.forEach(sends, ([to, n]) =>
        Effect.forkChild(Effect.result(service.send(to, hello(n))))
      )
      yield* production.awaitReceived(3)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("4 seconds")
      yield* TestClock.adjust("1001 millis")
      yield* Fiber.join(closing)
      const results = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      assert.deepStrictEqual(
        results.map((result) => (Result.isSuccess(result) ? "accepted" : result.failure.outcome)),
        ["accepted", "unknown", "unknown"]
      )
    })
  )
})

describe("sendAll for all targets", () => {
  it.live("halts the target whose key is refused, and no other, in whatever the Apns is wrapped", () =>
    Effect.gen(function* () {
      const revoked: Key = { ...keys.acme, pem: p8() }
      const routed = Effect.map(apple, (servers) =>
        Tenants.layerApns().pipe(
          Layer.provide(
            Tenants.layer({
              lookup: (target) =>
                Effect.succeed(config(servers, target, target.tenant === "acme" ? revoked : keys.beta))
            })
          )
        )
      )
      const logged = Layer.effect(
        Apns,
        Effect.map(Apns, (apns) => ({
          ...apns,
          send: (n: Notification.Notification) => Effect.tap(apns.send(n), Effect.void)
        }))
      )
      const targets: ReadonlyArray<TargetInput> = ["acme", "beta", sandbox("beta")]
      for (const apns of [yield* routed, Layer.provide(logged, yield* routed)]) {
        const given = Array.from({ length: 900 }, (_, n) => Tenants.to(targets[n % 3] ?? "acme", hello(n)))
        const results = yield* Stream.runCollect(sendAll(Stream.fromIterable(given), { concurrency: 60 })).pipe(
          Effect.provide(apns)
        )
        const tagsOf = (target: TargetInput) =>
          results
            .filter(({ notification }) => notification.target === target)
            .map((result) => (result.outcome === "accepted" ? "accepted" : result.error.reason._tag))
        for (const target of targets.slice(1)) assert.deepStrictEqual(tagsOf(target), Array(300).fill("accepted"))
        const acme = tagsOf("acme")
        assert.lengthOf(acme, 300)
        assert.isAtLeast(acme.filter((tag) => tag === "Halted").length, 200)
        for (const result of results) {
          if (result.outcome === "accepted") continue
          assert.include(["InvalidProviderToken", "Halted"], result.error.reason._tag)
          assert.strictEqual(result.error.target, "acme (production)")
        }
      }
    })
  )
})

describe("ways to send", () => {
  const layer = Effect.gen(function* () {
    const servers = yield* apple
    const tenants = Tenants.layer({
      lookup: (target) => Effect.succeed(config(servers, target, target.tenant === "beta" ? keys.beta : keys.acme))
    })
    return { ...servers, tenants }
  })

  it.effect("send to a target, by name or in full", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* layer
      yield* Effect.gen(function* () {
        yield* Tenants.send("acme", hello(1))
        yield* Tenants.send({ tenant: "acme" }, hello(2))
        yield* Tenants.send({ tenant: "acme", environment: "production" }, hello(3))
        yield* Tenants.send({ tenant: "acme", environment: "sandbox" }, hello(4))
        yield* Tenants.invalidate("acme")
      }).pipe(Effect.provide(tenants))
      assert.lengthOf(yield* production.received, 3)
      assert.lengthOf(yield* other.received, 1)
    })
  )

  it.effect("provide a target's Apns", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* layer
      yield* Effect.gen(function* () {
        yield* send(hello()).pipe(Effect.provide(Tenants.get("acme")))
        yield* send(hello()).pipe(Effect.provide(Tenants.get(sandbox("beta"))))
      }).pipe(Effect.provide(tenants))
      assert.deepStrictEqual(yield* teams(production), ["ACMETEAM01/ACMEKEY001"])
      assert.deepStrictEqual(yield* teams(other), ["BETATEAM01/BETAKEY001"])
    })
  )

  it.effect("route by what the notification names", () =>
    Effect.gen(function* () {
      const { production, sandbox: other, tenants } = yield* layer
      yield* Effect.gen(function* () {
        yield* send(Tenants.to("acme", hello(1)))
        yield* send(Tenants.to(sandbox("beta"), hello(2)))
        const n = hello(3)
        const error = yield* Effect.flip(send(n))
        assert.strictEqual(error.reason._tag, "InvalidNotification")
        assert.propertyVal(error.reason, "field", "target")
        assert.deepStrictEqual([error.outcome, error.attempts, error.notificationId], ["unsent", 0, n.id])
        assert.notInclude(inspect(error), device(3))
      }).pipe(Effect.provide(Tenants.layerApns().pipe(Layer.provide(tenants))))
      const devices = (server: Server) => Effect.map(server.received, (all) => all.map((one) => one.device))
      assert.deepStrictEqual(yield* devices(production), [device(1)])
      assert.deepStrictEqual(yield* devices(other), [device(2)])
    })
  )

  it.effect("route by a function of one's own", () =>
    Effect.gen(function* () {
      const { production, tenants } = yield* layer
      const routed = Tenants.layerApns(({ collapseId }) => collapseId).pipe(Layer.provide(tenants))
      yield* Effect.gen(function* () {
        const apns = yield* Apns
        for (const collapseId of ["beta", "acme", "beta"]) {
          yield* apns.send(Notification.alert({ device: device(), alert: "Hello", collapseId }))
        }
        assert.strictEqual((yield* Effect.flip(apns.send(hello()))).reason._tag, "InvalidNotification")
      }).pipe(Effect.provide(routed))
      assert.deepStrictEqual(yield* teams(production), ["BETATEAM01/BETAKEY001", "ACMETEAM01/ACMEKEY001"])
    })
  )
})
