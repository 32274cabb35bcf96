import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { inspect } from "node:util"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Layer, Logger, Redacted, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import { JwtCache, type ProviderToken } from "effect-apns"
import type { TokenCredentials } from "effect-apns/Credentials"
import { minimumAge, renewalAge } from "effect-apns/JwtCache"
import { loggerOf } from "../support/observed.ts"

const ecKey = (namedCurve: string) =>
  generateKeyPairSync("ec", { namedCurve }).privateKey.export({ type: "pkcs8", format: "pem" }).toString()

const p8 = ecKey("P-256")

const credentials = (privateKey = p8): TokenCredentials => ({
  _tag: "TokenCredentials",
  teamId: "ABCDE12345",
  keyId: "KEY1234567",
  privateKey: Redacted.make(privateKey)
})

const now = Date.parse("2026-11-23T12:00:00.999Z")

/** Turns of the event loop until a condition holds: signing is asynchronous outside of Effect's clock. */
const until = (condition: () => boolean) =>
  Effect.callback<void>((resume) => {
    const check = () => (condition() ? resume(Effect.void) : void setTimeout(check, 1))
    check()
  })

/** Long enough for what should not begin to have begun. */
const idle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 10)))

/** Signatures made since, whoever asked for them. */
const signatures = () => vi.spyOn(globalThis.crypto.subtle, "sign")

/** So many signatures have begun and are done, and the token with the last of them is there. */
const signed = (sign: ReturnType<typeof signatures>, count: number) =>
  Effect.andThen(
    until(() => sign.mock.calls.length === count),
    Effect.promise(async () => {
      await Promise.allSettled(sign.mock.results.map(({ value }) => value))
      await new Promise((resolve) => setTimeout(resolve, 10))
    })
  )

afterEach(() => {
  vi.restoreAllMocks()
})

const opened = (given = credentials()) =>
  Effect.gen(function* () {
    const cache = yield* Effect.provide(JwtCache, yield* Layer.build(JwtCache.layer(given)))
    const token = Effect.map(cache.token, (token) => {
      assert.isDefined(token)
      return token as ProviderToken
    })
    return { cache, token }
  })

const jwtOf = (token: ProviderToken) => Redacted.value(token.authorization).replace(/^bearer /, "")

const decoded = (token: ProviderToken) => {
  const [header = "", claims = ""] = jwtOf(token).split(".")
  const json = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString("utf8"))
  return { header: json(header), claims: json(claims) }
}

/** A clock that moves without waking anyone, as after a suspend or when it is set. */
const suspended = (start: number) => {
  let millis = start
  let heldMillis = 0
  const nanos = () => BigInt(millis) * 1_000_000n
  const heldNanos = () => BigInt(heldMillis) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => millis,
    currentTimeMillis: Effect.sync(() => millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: heldNanos,
    monotonicTimeNanos: Effect.sync(heldNanos),
    sleep: () => Effect.never
  }
  return {
    layer: Layer.succeed(Clock.Clock, clock),
    jump: (duration: Duration.Input) => {
      millis += Duration.toMillis(duration)
    },
    pass: (duration: Duration.Input) => {
      millis += Duration.toMillis(duration)
      heldMillis += Duration.toMillis(duration)
    }
  }
}

describe("the provider token", () => {
  it.effect("has the header, the claims and the signature that Apple asks for, and nothing else", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { token } = yield* opened()
      const one = yield* token
      assert.deepStrictEqual(decoded(one), {
        header: { alg: "ES256", kid: "KEY1234567" },
        claims: { iss: "ABCDE12345", iat: Math.floor(now / 1000) }
      })
      assert.strictEqual(one.issuedAtMillis, now)
      assert.match(Redacted.value(one.authorization), /^bearer [\w-]+\.[\w-]+\.[\w-]+$/)
      const [header, claims, signature = ""] = jwtOf(one).split(".")
      const key = createPublicKey(createPrivateKey(p8))
      assert.isTrue(
        verify(
          "sha256",
          Buffer.from(`${header}.${claims}`),
          { key, dsaEncoding: "ieee-p1363" },
          Buffer.from(signature, "base64url")
        )
      )
    })
  )

  it.effect("is the same for 50 minutes", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { token } = yield* opened()
      const first = yield* token
      for (let minutes = 0; minutes < 49; minutes++) {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* token, first)
      }
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* token, first)
    })
  )

  it.effect("is renewed at 50 minutes though nobody asks, again and again", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const sign = signatures()
      const { token } = yield* opened()
      for (let round = 1; round <= 3; round++) {
        assert.lengthOf(sign.mock.calls, round)
        yield* TestClock.adjust(renewalAge)
        yield* signed(sign, round + 1)
      }
      const last = yield* token
      assert.lengthOf(sign.mock.calls, 4)
      assert.strictEqual(last.issuedAtMillis, now + 3 * Duration.toMillis(renewalAge))
      assert.deepInclude(decoded(last).claims, { iat: Math.floor(now / 1000) + 3 * 50 * 60 })
    })
  )

  it.effect("is renewed on reading when the timer slept through its time", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { token } = yield* opened()
      const first = yield* token
      time.jump("49 minutes")
      assert.strictEqual(yield* token, first)
      time.jump("8 hours")
      const second = yield* token
      assert.notStrictEqual(jwtOf(second), jwtOf(first))
      assert.strictEqual(second.issuedAtMillis, now + Duration.toMillis("8 hours") + 49 * 60_000)
      assert.strictEqual(yield* token, second)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is renewed on reading when the clock it was issued by ran hours ahead and was set back", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { token } = yield* opened()
      const first = yield* token
      time.jump("-10 minutes")
      assert.strictEqual(yield* token, first)
      time.jump("-5 hours")
      assert.strictEqual((yield* token).issuedAtMillis, now - Duration.toMillis("5 hours") - 10 * 60_000)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is renewed when it has been held for 50 minutes, though the clock was set back meanwhile", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { token } = yield* opened()
      const first = yield* token
      time.pass("10 minutes")
      time.jump("-30 minutes")
      time.pass("39 minutes")
      assert.strictEqual(yield* token, first)
      time.pass("1 minute")
      assert.strictEqual((yield* token).issuedAtMillis, now + 20 * 60_000)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect.each([
    ["an hour forward and back", "1 hour"],
    ["an hour back and forward", "-1 hour"],
    ["a day forward and back", "1 day"]
  ] as const)("is not minted again and again by a clock that is set %s", ([, step]) => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const sign = signatures()
      const { cache, token } = yield* opened()
      const steps = [step, Duration.negate(Duration.fromInputUnsafe(step))]
      for (let round = 0; round < 9; round++) {
        for (const by of steps) {
          time.jump(by)
          time.pass("1 minute")
          const used = yield* token
          const apart = Math.abs(used.issuedAtMillis - (yield* Clock.currentTimeMillis))
          assert.isBelow(apart, Duration.toMillis(renewalAge))
          yield* cache.renew(used)
        }
      }
      assert.isAtMost(sign.mock.calls.length, 2)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is minted once more in 20 minutes at most, however far the clock runs away", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const sign = signatures()
      const { token } = yield* opened()
      for (let minute = 0; minute < 19; minute++) {
        time.jump("2 hours")
        time.pass("1 minute")
        yield* token
      }
      assert.lengthOf(sign.mock.calls, 2)
      time.pass("20 minutes")
      assert.strictEqual((yield* token).issuedAtMillis, yield* Clock.currentTimeMillis)
      assert.lengthOf(sign.mock.calls, 3)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is minted once for a thousand that read at its expiry", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { token } = yield* opened()
      const sign = signatures()
      time.jump("1 hour")
      const all = yield* Effect.all(
        Array.from({ length: 1000 }, () => token),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(sign.mock.calls, 1)
      assert.strictEqual(new Set(all).size, 1)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is minted all the same when the one that minted it is interrupted", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { token } = yield* opened()
      time.jump("1 hour")
      yield* Effect.race(token, Effect.yieldNow)
      assert.strictEqual((yield* token).issuedAtMillis, now + 3_600_000)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is none where a certificate is the credential", () =>
    Effect.gen(function* () {
      const cache = yield* JwtCache
      assert.isUndefined(yield* cache.token)
      assert.isFalse(yield* cache.renew({ authorization: Redacted.make("bearer x"), issuedAtMillis: 0 }))
    }).pipe(Effect.provide(JwtCache.layerNone))
  )
})

describe("renewing", () => {
  it.effect("a young token is refused, to the last millisecond", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const sign = signatures()
      const first = yield* token
      assert.isFalse(yield* cache.renew(first))
      yield* TestClock.adjust(Duration.toMillis(minimumAge) - 1)
      assert.isFalse(yield* cache.renew(first))
      assert.lengthOf(sign.mock.calls, 0)
      yield* TestClock.adjust(1)
      assert.isTrue(yield* cache.renew(first))
      assert.lengthOf(sign.mock.calls, 1)
    })
  )

  it.effect("a young token is refused though the clock was set back, until it has been held for 20 minutes", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { cache, token } = yield* opened()
      const sign = signatures()
      const first = yield* token
      const renewals = Effect.replicateEffect(cache.renew(first), 200, { concurrency: "unbounded" })
      time.pass("5 minutes")
      time.jump("-30 minutes")
      assert.isFalse((yield* renewals).some((renewed) => renewed))
      time.pass("14 minutes")
      assert.isFalse((yield* renewals).some((renewed) => renewed))
      assert.lengthOf(sign.mock.calls, 0)
      time.pass("1 minute")
      assert.isTrue((yield* renewals).every((renewed) => renewed))
      assert.lengthOf(sign.mock.calls, 1)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("a token that grew old while the machine was suspended replaces it, once for all", () => {
    const time = suspended(now)
    return Effect.gen(function* () {
      const { cache, token } = yield* opened()
      const sign = signatures()
      const first = yield* token
      time.jump("30 minutes")
      const all = yield* Effect.replicateEffect(cache.renew(first), 200, { concurrency: "unbounded" })
      assert.isTrue(all.every((renewed) => renewed))
      assert.lengthOf(sign.mock.calls, 1)
      assert.strictEqual((yield* token).issuedAtMillis, now + 30 * 60_000)
    }).pipe(Effect.provide(time.layer))
  })

  it.effect("is never what follows on a token that is one too many, however many say so", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const sign = signatures()
      const first = yield* token
      yield* TestClock.adjust("40 minutes")
      const all = yield* Effect.replicateEffect(cache.recheck(first), 200, { concurrency: "unbounded" })
      assert.isFalse(all.some((other) => other))
      assert.lengthOf(sign.mock.calls, 0)
      assert.strictEqual(yield* token, first)
      assert.isTrue(yield* cache.renew(first))
      assert.isTrue(yield* cache.recheck(first))
    })
  )

  it.effect(
    "leaves the one before in use when the new one is too many, to its last minute; then the new one is used",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        const { cache, token } = yield* opened()
        const sign = signatures()
        const first = yield* token
        yield* TestClock.adjust(renewalAge)
        const second = yield* token
        assert.notStrictEqual(second, first)
        const all = yield* Effect.replicateEffect(cache.recheck(second), 200, { concurrency: "unbounded" })
        assert.isTrue(all.every((other) => other))
        for (let minute = 50; minute < 59; minute++) {
          assert.strictEqual(yield* token, first)
          yield* TestClock.adjust("1 minute")
        }
        assert.strictEqual(yield* token, second)
        // It may be refused again, and there is none before it any more.
        assert.isFalse(yield* cache.recheck(second))
        yield* TestClock.adjust("40 minutes")
        assert.strictEqual(yield* token, second)
        assert.lengthOf(sign.mock.calls, 1)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* token).issuedAtMillis, now + 100 * 60_000)
        assert.lengthOf(sign.mock.calls, 2)
      })
  )

  it.effect("does not go to and fro between two tokens that are too many", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const first = yield* token
      yield* TestClock.adjust(renewalAge)
      assert.isTrue(yield* cache.recheck(yield* token))
      for (let round = 0; round < 5; round++) {
        assert.isFalse(yield* cache.recheck(first))
        assert.strictEqual(yield* token, first)
      }
    })
  )

  it.effect("an expired token that was kept on gives way to the newer one, without minting", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const first = yield* token
      yield* TestClock.adjust(renewalAge)
      const second = yield* token
      yield* cache.recheck(second)
      const sign = signatures()
      assert.isTrue(yield* cache.renew(first))
      assert.strictEqual(yield* token, second)
      assert.lengthOf(sign.mock.calls, 0)
    })
  )

  it.effect("an old token replaces it, once for all that ask together", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const first = yield* token
      yield* TestClock.adjust("30 minutes")
      const sign = signatures()
      const all = yield* Effect.all(
        Array.from({ length: 200 }, () => cache.renew(first)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(all.every((renewed) => renewed))
      assert.lengthOf(sign.mock.calls, 1)
      const second = yield* token
      assert.strictEqual(second.issuedAtMillis, now + 30 * 60_000)
    })
  )

  it.effect("a token that was replaced already succeeds without minting", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const first = yield* token
      yield* TestClock.adjust("30 minutes")
      assert.isTrue(yield* cache.renew(first))
      const second = yield* token
      const sign = signatures()
      assert.isTrue(yield* cache.renew(first))
      assert.isFalse(yield* cache.renew(second))
      assert.strictEqual(yield* token, second)
      assert.lengthOf(sign.mock.calls, 0)
    })
  )

  it.effect("moves the schedule: the next renewal is 50 minutes after it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const first = yield* token
      yield* TestClock.adjust("40 minutes")
      yield* cache.renew(first)
      const second = yield* token
      const sign = signatures()
      yield* TestClock.adjust("49 minutes")
      yield* idle
      assert.lengthOf(sign.mock.calls, 0)
      yield* TestClock.adjust("1 minute")
      yield* signed(sign, 1)
      assert.notStrictEqual(yield* token, second)
      assert.lengthOf(sign.mock.calls, 1)
    })
  )

  it.effect("whenever and however often it is asked for, no two tokens are minted within 20 minutes", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { cache, token } = yield* opened()
      const seen: Array<ProviderToken> = [yield* token]
      // Steps of 1 to 13 minutes, in an order that repeats only after days.
      for (let step = 0; step < 300; step++) {
        yield* TestClock.adjust(Duration.minutes(1 + ((step * 7) % 13)))
        yield* Effect.all(
          seen.slice(-3).flatMap((stale) => [cache.renew(stale), token]),
          { concurrency: "unbounded", discard: true }
        )
        const current = yield* token
        if (!seen.includes(current)) seen.push(current)
      }
      assert.isAbove(seen.length, 50)
      const gaps = seen.slice(1).map((one, i) => one.issuedAtMillis - (seen[i]?.issuedAtMillis ?? 0))
      assert.isAtLeast(Math.min(...gaps), Duration.toMillis(minimumAge))
      assert.isBelow(Math.max(...gaps), 3_600_000)
    })
  )
})

/** Every rendering through which a value could reach a log. */
const renderings = (value: unknown): string =>
  [String(value), inspect(value, { depth: 12, showHidden: true }), JSON.stringify(value)].join("\n")

describe("secrets", () => {
  it.effect("neither service nor token prints the JWT", () =>
    Effect.gen(function* () {
      const { cache, token } = yield* opened()
      const one = yield* token
      const signature = jwtOf(one).split(".")[2] ?? ""
      const line = p8.split("\n")[1]?.slice(0, 40) ?? ""
      for (const value of [cache, one, { one }, [cache.token], cache.renew(one)]) {
        assert.notInclude(renderings(value), signature)
        assert.notInclude(renderings(value), line)
      }
      assert.include(JSON.stringify(one), "provider token")
    })
  )

  it.effect("a renewal that fails is logged without them, tried again in a minute, and the old token stays", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const logged: Array<string> = []
      const logger = loggerOf(({ cause, logLevel, message, fiber }) => {
        logged.push(renderings([message, logLevel, cause, fiber.getRef(References.CurrentLogAnnotations)]))
      })
      yield* Effect.gen(function* () {
        const { token } = yield* opened()
        const first = yield* token
        const sign = signatures()
        sign.mockRejectedValueOnce(new Error("the provider is away"))
        sign.mockRejectedValueOnce(new Error("the provider is away"))
        yield* TestClock.adjust(renewalAge)
        yield* until(() => logged.length === 1)
        assert.include(logged[0] ?? "", "could not be renewed")
        assert.include(logged[0] ?? "", "effect-apns")
        const error = yield* Effect.flip(token)
        assert.strictEqual(error._tag, "InvalidCredentials")
        yield* TestClock.adjust("1 minute")
        yield* signed(sign, 3)
        const second = yield* token
        assert.strictEqual(second.issuedAtMillis, now + 51 * 60_000)
        assert.lengthOf(sign.mock.calls, 3)
        for (const text of [...logged, renderings(error)]) {
          for (const one of [first, second]) assert.notInclude(text, jwtOf(one).split(".")[2] ?? "")
          assert.notInclude(text, p8.split("\n")[1]?.slice(0, 40) ?? "")
        }
      }).pipe(Effect.provide(Logger.layer([logger])))
    })
  )

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" })

  it.effect.each([
    ["garbage", "not a key"],
    ["damaged PEM", p8.replace(/\n.{20}/, "\n")],
    ["an RSA key", rsa.toString()],
    ["a key on P-384", ecKey("P-384")]
  ] as const)("%s cannot sign: InvalidCredentials, without the key", ([, privateKey]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(JwtCache.layer(credentials(privateKey))))
      assert.strictEqual(error._tag, "ApnsError")
      assert.strictEqual(error.reason._tag, "InvalidCredentials")
      assert.deepStrictEqual([error.outcome, error.action], ["unsent", "fixConfig"])
      assert.include(error.message, "KEY1234567")
      const lines = privateKey.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"))
      for (const line of lines) assert.notInclude(renderings(error), line.slice(0, 40))
    })
  )
})

describe("the scope", () => {
  it.effect("ends the renewals when it closes", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const sign = signatures()
      const scope = Scope.makeUnsafe()
      yield* Layer.buildWithScope(JwtCache.layer(credentials()), scope)
      assert.lengthOf(sign.mock.calls, 1)
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("3 hours")
      yield* idle
      assert.lengthOf(sign.mock.calls, 1)
    })
  )
})
