import { generateKeyPairSync, KeyObject, sign, verify } from "node:crypto"
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import { JwtCache, Metrics, type ProviderToken } from "effect-apns"
import type { TokenCredentials } from "effect-apns/Credentials"
import { minimumAge, overdueAge, renewalAge } from "effect-apns/JwtCache"
import { observed } from "../support/observed.ts"

const p8 = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString()

const privateKey = p8()

const credentials = (given: Partial<Record<"teamId" | "keyId" | "pem", string>> = {}): TokenCredentials => ({
  _tag: "TokenCredentials",
  teamId: given.teamId ?? "ABCDE12345",
  keyId: given.keyId ?? "KEY1234567",
  privateKey: Redacted.make(given.pem ?? privateKey)
})

const now = Date.parse("2026-11-23T12:00:00Z")

const signatures = { count: 0 }

/** Keys that are being loaded, which is the one thing outside of the test's clock. */
const loading = { count: 0 }

// Signed at once, and not on a thread outside of the test's clock.
beforeEach(() => {
  signatures.count = 0
  const { subtle } = globalThis.crypto
  const importKey = subtle.importKey.bind(subtle)
  // Extractable, for `KeyObject.from`.
  vi.spyOn(subtle, "importKey").mockImplementation((format, data, algorithm, _, usages) => {
    loading.count++
    return importKey(format, data, algorithm, true, usages).finally(() => loading.count--)
  })
  vi.spyOn(subtle, "sign").mockImplementation(async (_, key, data) => {
    signatures.count++
    const bytes = Buffer.from(data as Uint8Array)
    return new Uint8Array(sign("sha256", bytes, { key: KeyObject.from(key), dsaEncoding: "ieee-p1363" })).buffer
  })
  vi.spyOn(subtle, "verify").mockImplementation(async (_, key, signature, data) =>
    verify(
      "sha256",
      Buffer.from(data as Uint8Array),
      { key: KeyObject.from(key), dsaEncoding: "ieee-p1363" },
      Buffer.from(signature as Uint8Array)
    )
  )
})

afterEach(() => {
  vi.restoreAllMocks()
})

type Fault = "fails" | "hangs" | undefined

/** A store that can be looked into, slowed and broken. */
const makeStore = () => {
  const entries = new Map<string, string>()
  const state: { fault: Fault; delayMillis: (method: string) => number; gets: number; sets: Array<string> } = {
    fault: undefined,
    delayMillis: () => 0,
    gets: 0,
    sets: []
  }
  const reached = <A>(method: string, access: () => A): Effect.Effect<A, KeyValueStore.KeyValueStoreError> =>
    Effect.suspend(() => {
      if (state.fault === "hangs") return Effect.never
      if (state.fault === "fails") {
        const message = `no route to the store, asked for ${[...entries.values()].join()}`
        return Effect.fail(new KeyValueStore.KeyValueStoreError({ method, message }))
      }
      const delay = state.delayMillis(method)
      return delay > 0 ? Effect.delay(Effect.sync(access), delay) : Effect.sync(access)
    })
  const store = KeyValueStore.makeStringOnly({
    get: (key) =>
      reached("get", () => {
        state.gets++
        return entries.get(key)
      }),
    set: (key, value) =>
      reached("set", () => {
        state.sets.push(key)
        entries.set(key, value)
      }),
    remove: (key) => reached("remove", () => entries.delete(key)),
    clear: reached("clear", () => entries.clear()),
    size: reached("size", () => entries.size),
    keys: reached("keys", () => [...entries.keys()])
  })
  const tokenKeys = () => [...entries.keys()].filter((key) => !key.endsWith(".claim"))
  return { entries, state, layer: Layer.succeed(KeyValueStore.KeyValueStore, store), tokenKeys }
}

type Store = ReturnType<typeof makeStore>

const open = (store: Store, given = credentials(), options?: Parameters<typeof JwtCache.layerShared>[1]) =>
  Effect.map(Layer.build(JwtCache.layerShared(given, options).pipe(Layer.provide(store.layer))), (context) =>
    Context.get(context, JwtCache)
  )

/** A turn of the event loop, and more while keys are being loaded. */
const turn = Effect.callback<void>((resume) => {
  const check = () => {
    if (loading.count === 0) resume(Effect.void)
    else setTimeout(check, 1)
  }
  setImmediate(check)
})

/** Waits while time passes, a tenth of a second at a time. */
const whileTimePasses = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) {
      yield* turn
      if (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })

const opened = (store: Store, given = credentials(), options?: Parameters<typeof JwtCache.layerShared>[1]) =>
  whileTimePasses(open(store, given, options))

const openedTogether = (store: Store, count: number, options?: Parameters<typeof JwtCache.layerShared>[1]) =>
  whileTimePasses(
    Effect.forEach(Array.from({ length: count }), () => open(store, credentials(), options), {
      concurrency: "unbounded"
    })
  )

const tokenOf = (cache: JwtCache["Service"]) =>
  Effect.map(cache.token, (token) => {
    if (token === undefined) throw new Error("no token")
    return token
  })

const jwtOf = (token: ProviderToken) => Redacted.value(token.authorization).slice("bearer ".length)

const distinct = (tokens: Iterable<ProviderToken>) => new Set(Array.from(tokens, jwtOf))

describe("a shared provider token", () => {
  it.effect("is minted by one of twenty that start together", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      const caches = yield* openedTogether(store, 20)
      assert.strictEqual(signatures.count, 1)
      assert.strictEqual(distinct(yield* Effect.forEach(caches, tokenOf)).size, 1)
      assert.deepStrictEqual(Object.keys(JSON.parse(store.entries.get(store.tokenKeys()[0] ?? "") ?? "")), [
        "version",
        "jwt"
      ])
      assert.lengthOf([...store.entries.keys()], 1)
    })
  )

  it.effect(
    "is, over a day, minted as often as one process would, and all of twenty change to it within five seconds",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const store = makeStore()
        const caches = yield* openedTogether(store, 20)
        const seen: Array<string> = []
        let mixedSince: number | undefined
        let longestMix = 0
        const clock = yield* Clock.Clock
        const end = now + Duration.toMillis("24 hours")
        while (clock.currentTimeMillisUnsafe() < end) {
          const tokens = yield* Effect.forEach(caches, tokenOf)
          const millis = clock.currentTimeMillisUnsafe()
          const used = distinct(tokens)
          for (const jwt of used) if (!seen.includes(jwt)) seen.push(jwt)
          if (used.size > 1) {
            assert.strictEqual(used.size, 2)
            mixedSince ??= millis
            longestMix = Math.max(longestMix, millis - mixedSince)
          } else mixedSince = undefined
          for (const token of tokens) assert.isBelow(millis - token.issuedAtMillis, Duration.toMillis(overdueAge))
          const age = millis - (tokens[0]?.issuedAtMillis ?? 0)
          // In steps of a second where something may happen.
          yield* TestClock.adjust(age > Duration.toMillis(renewalAge) - 30_000 ? "1 second" : "20 seconds")
        }
        // One process renews every 50 minutes; the first turn of twenty within a minute after that comes early.
        assert.strictEqual(signatures.count, seen.length)
        assert.isAtMost(seen.length, Math.ceil((24 * 60) / 50))
        assert.isAtLeast(seen.length, Math.ceil((24 * 60) / 51.5))
        const issued = seen.map((jwt) => JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()).iat)
        const gaps = issued.slice(1).map((iat: number, i) => iat - issued[i])
        assert.isAtLeast(Math.min(...gaps), Duration.toSeconds(minimumAge))
        assert.isAtMost(longestMix, 7_000)
      }),
    120_000
  )

  it.effect("is minted once, however the store's delays fall, as long as they are short", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      for (let round = 0; round < 20; round++) {
        const store = makeStore()
        let step = round
        // Between 1 and 240 ms, in an order that differs in each round.
        store.state.delayMillis = () => {
          step = (step * 73 + 41 + round) % 241
          return 1 + (step % 240)
        }
        const before = signatures.count
        const caches = yield* openedTogether(store, 8)
        assert.strictEqual(signatures.count - before, 1, `round ${round}`)
        assert.strictEqual(distinct(yield* Effect.forEach(caches, tokenOf)).size, 1)
      }
    }).pipe(Effect.scoped)
  )

  it.effect(
    "is one where most writes take longer than a claim waits, too",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        for (let round = 0; round < 24; round++) {
          const store = makeStore()
          let seed = round + 1
          // Numbers from 0 to 1 in an order of the round's own (the generator of Park and Miller).
          const next = () => {
            seed = (seed * 48_271) % 2_147_483_647
            return seed / 2_147_483_647
          }
          store.state.delayMillis = (method) => Math.ceil(next() * (method === "set" ? 1990 : 40))
          const caches = yield* openedTogether(store, 4, { timeout: "10 minutes" })
          const used = distinct(yield* Effect.forEach(caches, tokenOf))
          assert.strictEqual(used.size, 1, `round ${round}`)
          assert.include(store.entries.get(store.tokenKeys()[0] ?? "") ?? "", [...used][0] ?? "")
        }
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect("is taken over by a process that starts later, and kept over restarts of all", () => {
    const { layer, values } = observed()
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      const scope = Scope.makeUnsafe()
      const first = yield* Effect.flatMap(opened(store), tokenOf).pipe(Scope.provide(scope))
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("40 minutes")
      const again = yield* Effect.flatMap(opened(store), tokenOf)
      assert.strictEqual(jwtOf(again), jwtOf(first))
      assert.strictEqual(again.issuedAtMillis, Math.floor(first.issuedAtMillis / 1000) * 1000)
      assert.strictEqual(signatures.count, 1)
      assert.deepStrictEqual(values(Metrics.providerTokensAdopted), { "": 1 })
      assert.deepStrictEqual(values(Metrics.providerTokensMinted), { "": 1 })
      assert.isAtLeast(values(Metrics.providerTokenAge)[""] ?? 0, 40 * 60)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is of one team and key", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      for (const given of [
        credentials(),
        credentials({ keyId: "OTHERKEY12" }),
        credentials({ teamId: "OTHERTEAM1" })
      ]) {
        yield* opened(store, given)
      }
      assert.strictEqual(signatures.count, 3)
      assert.lengthOf(store.tokenKeys(), 3)
      assert.isTrue(store.tokenKeys().every((key) => /^effect-apns\/provider-token\/[0-9a-f]{64}$/.test(key)))
    })
  )

  it.effect("goes on when the one that claimed it dies", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      yield* opened(store)
      const [key = ""] = store.tokenKeys()
      store.entries.clear()
      store.entries.set(`${key}.claim`, "somebody who died")
      yield* opened(store)
      assert.strictEqual(signatures.count, 2)
      assert.deepStrictEqual([...store.entries.keys()], [key])
    })
  )
})

describe("a store", () => {
  const garbage: ReadonlyArray<readonly [string, (store: Store) => string]> = [
    ["text", () => "not JSON"],
    ["another version", (store) => (store.entries.get(store.tokenKeys()[0] ?? "") ?? "").replace(":1,", ":2,")],
    ["no JWT", () => JSON.stringify({ version: 1, jwt: "x.y.z" })],
    [
      "a damaged JWT",
      (store) => (store.entries.get(store.tokenKeys()[0] ?? "") ?? "").replace(/.{9}"}$/, 'AAAAAAAAA"}')
    ]
  ]

  it.effect.each(garbage)("with garbage (%s) is written anew, with a warning that does not show it", ([, of]) => {
    const { layer, lines } = observed()
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      yield* opened(store)
      const [key = ""] = store.tokenKeys()
      const text = of(store)
      store.entries.set(key, text)
      const token = yield* Effect.flatMap(opened(store), tokenOf)
      assert.strictEqual(signatures.count, 2)
      assert.strictEqual(JSON.parse(store.entries.get(key) ?? "").jwt, jwtOf(token))
      const warnings = lines.filter(({ level }) => level === "Warn")
      assert.lengthOf(warnings, 1)
      assert.include(warnings[0]?.message ?? "", "none of this key")
      assert.notInclude(JSON.stringify(lines), text)
    }).pipe(Effect.provide(layer))
  })

  it.effect("with a token of another key under this one's name is written anew", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      yield* opened(store, credentials({ pem: p8() }))
      yield* opened(store)
      assert.strictEqual(signatures.count, 2)
    })
  )

  it.effect.each(["fails", "hangs"] as const)("that %s at the start leads to a token of its own, in time", (fault) => {
    const { layer, lines } = observed()
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      store.state.fault = fault
      yield* Effect.flatMap(opened(store, credentials(), { timeout: "2 seconds" }), tokenOf)
      assert.isAtMost(yield* Clock.currentTimeMillis, now + 2500)
      assert.strictEqual(signatures.count, 1)
      const warnings = lines.filter(({ level }) => level === "Warn").map(({ message }) => message)
      assert.lengthOf(warnings, 1)
      assert.include(warnings[0], "going on without it")
    }).pipe(Effect.provide(layer))
  })

  it.effect("that hangs after the token was published leads to that token, which others may have taken over", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      store.state.delayMillis = () => (store.tokenKeys().length === 0 ? 0 : 3_600_000)
      const token = yield* Effect.flatMap(opened(store, credentials(), { timeout: "4 seconds" }), tokenOf)
      assert.strictEqual(signatures.count, 1)
      assert.strictEqual(JSON.parse(store.entries.get(store.tokenKeys()[0] ?? "") ?? "").jwt, jwtOf(token))
    })
  )

  it.effect.each(["fails", "hangs"] as const)(
    "that %s when the token is due leaves it in use to 55 minutes, then one is minted; none is logged",
    (fault) => {
      const { layer, lines } = observed()
      return Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const store = makeStore()
        const cache = yield* opened(store, credentials(), { timeout: "2 seconds" })
        const first = yield* tokenOf(cache)
        store.state.fault = fault
        const minutes = (age: number) => TestClock.setTime(first.issuedAtMillis + age * 60_000)
        for (let age = 50; age < 55; age += 0.5) {
          yield* minutes(age)
          assert.strictEqual(yield* tokenOf(cache), first)
        }
        assert.strictEqual(signatures.count, 1)
        for (let second = 0; second < 20; second++) yield* minutes(55 + second / 60)
        const second = yield* tokenOf(cache)
        assert.notStrictEqual(jwtOf(second), jwtOf(first))
        assert.strictEqual(signatures.count, 2)
        const warnings = lines.filter(({ level }) => level === "Warn")
        assert.isAtLeast(warnings.length, 3)
        assert.isAtMost(warnings.length, 8)
        assert.notInclude(JSON.stringify(lines), jwtOf(first))
        assert.notInclude(JSON.stringify(lines), jwtOf(first).split(".")[2] ?? "")
      }).pipe(Effect.provide(layer))
    }
  )
})

describe("sharing", () => {
  it.effect("replaces a token that APNs calls expired once for all, and never within 20 minutes", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      const one = yield* opened(store)
      const other = yield* opened(store)
      const [stale, staleThere] = [yield* tokenOf(one), yield* tokenOf(other)]
      assert.isFalse(yield* one.renew(stale))
      yield* TestClock.adjust(minimumAge)
      const renewals = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? one.renew(stale) : other.renew(staleThere)))
      const all = yield* whileTimePasses(Effect.all(renewals, { concurrency: "unbounded" }))
      assert.isTrue(all.every((renewed) => renewed))
      assert.strictEqual(signatures.count, 2)
      assert.strictEqual(jwtOf(yield* tokenOf(one)), jwtOf(yield* tokenOf(other)))
      assert.isFalse(yield* one.renew(yield* tokenOf(one)))
    })
  )

  it.effect(
    "takes over the stored token when APNs counts too many, once for all that are refused, and mints none",
    () => {
      const { layer, lines } = observed()
      return Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const store = makeStore()
        store.state.fault = "fails"
        const alone = yield* opened(store)
        store.state.fault = undefined
        yield* TestClock.adjust("1 minute")
        const there = yield* Effect.flatMap(opened(store), tokenOf)
        const refused = yield* tokenOf(alone)
        store.state.gets = 0
        const all = yield* Effect.all(
          Array.from({ length: 1000 }, () => alone.recheck(refused)),
          { concurrency: "unbounded" }
        )
        assert.isTrue(all.every((other) => other))
        assert.strictEqual(jwtOf(yield* tokenOf(alone)), jwtOf(there))
        assert.strictEqual(store.state.gets, 1)
        const shared = yield* tokenOf(alone)
        const again = yield* Effect.replicateEffect(alone.recheck(shared), 1000, { concurrency: "unbounded" })
        assert.isFalse(again.some((other) => other))
        assert.strictEqual(store.state.gets, 1)
        assert.strictEqual(signatures.count, 2)
        const told = () => lines.filter(({ message }) => message.includes("JwtCache.layerShared"))
        assert.lengthOf(told(), 1)
        yield* TestClock.adjust("1 minute")
        yield* alone.recheck(shared)
        assert.lengthOf(told(), 2)
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("tells of a clock that is ahead, and takes its token", () => {
    const { layer, lines } = observed()
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const store = makeStore()
      const first = yield* Effect.flatMap(opened(store), tokenOf)
      yield* TestClock.setTime(now - 10 * 60_000)
      const second = yield* Effect.flatMap(opened(store), tokenOf)
      assert.strictEqual(jwtOf(second), jwtOf(first))
      assert.lengthOf(
        lines.filter(({ message }) => message.includes("the clocks")),
        1
      )
    }).pipe(Effect.provide(layer))
  })
})
