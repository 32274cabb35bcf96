/**
 * The provider token: one for each (team, key), minted with ES256, kept in a Ref, and renewed on a schedule by Apple's
 * rules.
 *
 * Apple refuses a token older than 60 minutes (`ExpiredProviderToken`) and a key that is given new tokens more often than
 * once in 20 minutes (`TooManyProviderTokenUpdates`); its advice is to use each token for close to an hour (Apple,
 * "Establishing a token-based connection to APNs"). One cache mints one token at a time; two caches of the same key know
 * nothing of each other, so share the Layer between everything that uses the key.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { importPKCS8, SignJWT } from "jose"
import { ApnsError } from "./ApnsError.ts"
import type { TokenCredentials } from "./Credentials.ts"
import { withFreshToken } from "./internal/freshToken.ts"
import { ledgerOf } from "./internal/ledger.ts"
import * as Metrics from "./Metrics.ts"
import { InvalidCredentials } from "./Reason.ts"

/**
 * A provider token and when it was issued.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProviderToken {
  /** The value of the header `authorization`: `bearer` and the JWT. */
  readonly authorization: Redacted.Redacted<string>
  /** When it was issued, in milliseconds since the epoch, by this machine's clock. */
  readonly issuedAtMillis: number
}

/**
 * How old a token is when it is renewed: 50 minutes, ten before APNs refuses it.
 *
 * @category rules
 * @since 0.1.0
 */
export const renewalAge: Duration.Duration = Duration.minutes(50)

/**
 * How old a token must be before another may be minted: 20 minutes.
 *
 * @category rules
 * @since 0.1.0
 */
export const minimumAge: Duration.Duration = Duration.minutes(20)

/**
 * Gives out the provider token.
 *
 * **When to use**
 *
 * Use `JwtCache.layer` as a Layer of its own to share one token between several connections of the same key, and
 * `JwtCache.layerNone` where a certificate is the credential.
 *
 * @category services
 * @since 0.1.0
 */
export class JwtCache extends Context.Service<
  JwtCache,
  {
    /** The current token; nothing where a certificate is the credential. */
    readonly token: Effect.Effect<ProviderToken | undefined, InvalidCredentials>
    /**
     * Renews a token that APNs called expired. `false` when it is less than 20 minutes old: then a new one would be
     * refused too, and the clock of this machine is wrong. `true` when another token is to be used now, whoever renewed
     * it.
     */
    readonly renew: (stale: ProviderToken) => Effect.Effect<boolean, InvalidCredentials>
  }
>()("effect-apns/JwtCache") {
  /**
   * Mints the first token at once, and a new one every 50 minutes for as long as the layer lives.
   *
   * Fails with `InvalidCredentials` when the key cannot sign.
   */
  static readonly layer = (credentials: TokenCredentials): Layer.Layer<JwtCache, ApnsError> =>
    Layer.effect(
      JwtCache,
      Effect.mapError(make(credentials), (reason) => new ApnsError({ reason }))
    )

  /** No token: APNs knows the sender by its certificate. */
  static readonly layerNone: Layer.Layer<JwtCache> = Layer.sync(JwtCache, () =>
    withFreshToken({ token: Effect.succeed(undefined), renew: () => Effect.succeed(false) }, () => undefined)
  )
}

const make = Effect.fnUntraced(function* (
  credentials: TokenCredentials
): Effect.fn.Return<JwtCache["Service"], InvalidCredentials, Scope.Scope> {
  const clock = yield* Clock.Clock
  const ledger = yield* ledgerOf
  const cannotSign = (cause: unknown) =>
    new InvalidCredentials({
      problem: `the key ${credentials.keyId} cannot sign a provider token`,
      cure: "Use the .p8 file of an APNs key as Apple's developer account gave it.",
      cause
    })
  const key = yield* Effect.tryPromise({
    try: () => importPKCS8(Redacted.value(credentials.privateKey), "ES256"),
    catch: cannotSign
  })

  const mint = Effect.suspend(() => {
    const issuedAtMillis = clock.currentTimeMillisUnsafe()
    return Effect.tryPromise({
      try: () =>
        new SignJWT()
          .setProtectedHeader({ alg: "ES256", kid: credentials.keyId })
          .setIssuer(credentials.teamId)
          .setIssuedAt(Math.floor(issuedAtMillis / 1000))
          .sign(key),
      catch: cannotSign
    }).pipe(
      Effect.map(
        (jwt): ProviderToken => ({
          authorization: Redacted.make(`bearer ${jwt}`, { label: "provider token" }),
          issuedAtMillis
        })
      ),
      Effect.tap(() => {
        ledger.count(Metrics.providerTokensMinted, {})
        return Effect.logDebug("Minted a provider token")
      }),
      Effect.annotateLogs({ package: "effect-apns", module: "JwtCache", keyId: credentials.keyId })
    )
  })

  const current = yield* Ref.make(yield* mint)
  const single = yield* Semaphore.make(1)
  // A token from the future was issued before the clock was set back: it is as wrong as an old one.
  const ageMillis = (token: ProviderToken) => Math.abs(clock.currentTimeMillisUnsafe() - token.issuedAtMillis)

  const unwatch = ledger.watchToken(() => ageMillis(Ref.getUnsafe(current)))
  yield* Effect.addFinalizer(() => Effect.sync(unwatch))

  const tellOfExpiry = Effect.logWarning("APNs calls the provider token expired; renewing it").pipe(
    Effect.annotateLogs({ package: "effect-apns", module: "JwtCache", keyId: credentials.keyId })
  )

  /** Mints a token in place of `stale`, one at a time; when another fiber has done so already, does nothing. */
  const replace = (stale: ProviderToken, tell = Effect.void) =>
    Effect.gen(function* () {
      if ((yield* Ref.get(current)) !== stale) return
      yield* tell
      yield* Ref.set(current, yield* mint)
    }).pipe(Semaphore.withPermit(single))

  const due = Duration.toMillis(renewalAge)

  // The timer renews a token that nobody asks for; `token` renews one whose timer was late, as after a suspend.
  yield* Effect.gen(function* () {
    const token = yield* Ref.get(current)
    yield* Effect.sleep(due - ageMillis(token))
    if (ageMillis(token) < due) return
    yield* replace(token).pipe(
      Effect.tapError(() => Effect.logWarning("The provider token could not be renewed; trying again in a minute")),
      Effect.retry(Schedule.spaced("1 minute"))
    )
  }).pipe(Effect.forever, Effect.annotateLogs({ package: "effect-apns", module: "JwtCache" }), Effect.forkScoped)

  const fresh = () => {
    const token = Ref.getUnsafe(current)
    return ageMillis(token) < due ? token : "ask"
  }

  return withFreshToken(
    {
      token: Effect.suspend(() => {
        const token = Ref.getUnsafe(current)
        return fresh() === token ? Effect.succeed(token) : Effect.andThen(replace(token), Ref.get(current))
      }),
      renew: Effect.fnUntraced(function* (stale) {
        if ((yield* Ref.get(current)) !== stale) return true
        if (ageMillis(stale) < Duration.toMillis(minimumAge)) return false
        yield* replace(stale, tellOfExpiry)
        return true
      })
    },
    fresh
  )
})
