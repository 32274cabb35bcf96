/**
 * The provider token: one for each (team, key), minted with ES256, kept in a Ref, and renewed on a schedule by Apple's
 * rules.
 *
 * Apple refuses a token older than 60 minutes (`ExpiredProviderToken`) and a key that is given new tokens more often than
 * once in 20 minutes (`TooManyProviderTokenUpdates`); its advice is to use each token for close to an hour (Apple,
 * "Establishing a token-based connection to APNs"). One cache mints one token at a time; two caches of the same key know
 * nothing of each other, so share the Layer between everything in a process that uses the key, and between processes use
 * `JwtCache.layerShared`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { ApnsError } from "./ApnsError.ts"
import type { TokenCredentials } from "./Credentials.ts"
import { withFreshToken } from "./internal/freshToken.ts"
import { ledgerOf } from "./internal/ledger.ts"
import { makeMinter } from "./internal/mint.ts"
import { sharedTokens } from "./internal/sharedTokens.ts"
import { ownTokens, type TokenSource } from "./internal/tokenSource.ts"
import type { InvalidCredentials } from "./Reason.ts"

/**
 * A provider token and when it was issued.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProviderToken {
  /** The value of the header `authorization`: `bearer` and the JWT. */
  readonly authorization: Redacted.Redacted<string>
  /** When it was issued, in milliseconds since the epoch, by the clock of the machine that minted it. */
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
 * How old a shared token is when sends wait for another: 55 minutes. Between that and `renewalAge` a store may fail, and
 * the token stays in use.
 *
 * @category rules
 * @since 0.1.0
 */
export const overdueAge: Duration.Duration = Duration.minutes(55)

/**
 * How old a token must be before another may be minted: 20 minutes.
 *
 * @category rules
 * @since 0.1.0
 */
export const minimumAge: Duration.Duration = Duration.minutes(20)

/**
 * How old a token is when APNs refuses it: 60 minutes.
 *
 * @category rules
 * @since 0.1.0
 */
export const maximumAge: Duration.Duration = Duration.minutes(60)

/**
 * Gives out the provider token.
 *
 * **When to use**
 *
 * Use `JwtCache.layer` as a Layer of its own to share one token between several connections of the same key,
 * `JwtCache.layerShared` to share it with other processes too, and `JwtCache.layerNone` where a certificate is the
 * credential.
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
    /**
     * Tells of `TooManyProviderTokenUpdates`: somebody else mints tokens for the key. Never mints another one. `true` when
     * another token is to be used now, because one is shared; otherwise the refused one stays.
     */
    readonly recheck: (refused: ProviderToken) => Effect.Effect<boolean>
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
      Effect.mapError(makeOwn(credentials), (reason) => new ApnsError({ reason }))
    )

  /**
   * The same, with one token for all processes that use the key and share a `KeyValueStore`: a process that starts takes
   * over the token that is there, and of those that find it due one mints the next.
   *
   * **When to use**
   *
   * Use where several processes send with one key. APNs may count their tokens together (Apple does not say), and answers
   * `TooManyProviderTokenUpdates`.
   *
   * **Details**
   *
   * - The first token of all takes a second more, for the processes to agree on who mints it. From 50 minutes of age
   *   on, each process looks for a new token every 5 seconds, and mints one if none came by its own turn, a random moment
   *   within a minute.
   * - No two processes mint at the same time, though a `KeyValueStore` cannot compare and set: one claims the right with a
   *   write, and mints only if its claim still stands a second later; a claim whose write took longer is given up.
   *   This asks of the store that a read sees the last write, and so of Redis that reads do not go to replicas. A
   *   process that is stopped for seconds between claiming and publishing can lead to a second token; nothing else happens.
   * - A store that fails or is slow stops nothing. The token in use stays until it is 55 minutes old; then, or where there
   *   is none yet, the process mints its own. A warning says so, at most once a minute.
   * - The JWT in the store is a secret: whoever reads it can send notifications for up to an hour. Protect the store
   *   accordingly; the value is not encrypted. The private key is never stored.
   * - What is not a token signed by this very key is ignored, with a warning. The record is JSON: `version` 1 and `jwt`.
   * - Clocks of the processes must agree to within minutes; a token from the future is told in a warning.
   *
   * `prefix`: what its keys begin with; default `"effect-apns/provider-token/"`. The rest is a SHA-256 hash of Team ID and
   * Key ID. `timeout`: how long sharing may take before the process goes on without; default 10 seconds.
   *
   * **Example** (One token for all processes)
   *
   * ```ts
   * import { Layer } from "effect"
   * import type { KeyValueStore } from "effect/persistence"
   * import { Apns, ApnsConnection, type Credentials, JwtCache, PayloadSchema } from "effect-apns"
   *
   * export const live = (
   *   credentials: Credentials.TokenCredentials,
   *   store: Layer.Layer<KeyValueStore.KeyValueStore>
   * ) =>
   *   Apns.layerNoDeps({ topic: "com.example.app" }).pipe(
   *     Layer.provide([
   *       JwtCache.layerShared(credentials).pipe(Layer.provide(store)),
   *       ApnsConnection.layer({ environment: "production" }),
   *       PayloadSchema.layer
   *     ])
   *   )
   * ```
   */
  static readonly layerShared = (
    credentials: TokenCredentials,
    options?: { readonly prefix?: string | undefined; readonly timeout?: Duration.Input | undefined }
  ): Layer.Layer<JwtCache, ApnsError, KeyValueStore.KeyValueStore> =>
    Layer.effect(
      JwtCache,
      Effect.mapError(makeShared(credentials, options), (reason) => new ApnsError({ reason }))
    )

  /** No token: APNs knows the sender by its certificate. */
  static readonly layerNone: Layer.Layer<JwtCache> = Layer.sync(JwtCache, () =>
    withFreshToken(
      { token: Effect.succeed(undefined), renew: () => Effect.succeed(false), recheck: () => Effect.succeed(false) },
      () => undefined
    )
  )
}

const makeOwn = Effect.fnUntraced(function* (credentials: TokenCredentials) {
  return yield* make(credentials, ownTokens(yield* makeMinter(credentials), renewalAge))
})

const makeShared = Effect.fnUntraced(function* (
  credentials: TokenCredentials,
  options: { readonly prefix?: string | undefined; readonly timeout?: Duration.Input | undefined } = {}
) {
  const { prefix = "effect-apns/provider-token/", timeout = "10 seconds" } = options
  const ages = { minimumAge, overdueAge, renewalAge }
  const minter = yield* makeMinter(credentials)
  return yield* make(credentials, yield* sharedTokens(minter, { credentials, prefix, timeout, ...ages }))
})

/** How long a cache does not ask again what it has just asked or could not get. */
const pauseMillis = 5000

const make = Effect.fnUntraced(function* (
  { keyId }: TokenCredentials,
  source: TokenSource
): Effect.fn.Return<JwtCache["Service"], InvalidCredentials, Scope.Scope> {
  const clock = yield* Clock.Clock
  const ledger = yield* ledgerOf
  const annotated = Effect.annotateLogs({ package: "effect-apns", module: "JwtCache", keyId })

  const current = yield* Ref.make(yield* source.next(undefined))
  let heldSinceNanos = clock.monotonicTimeNanosUnsafe()
  const single = yield* Semaphore.make(1)
  // A token from the future was issued before the clock was set back: it is as wrong as an old one.
  const ageMillis = (token: ProviderToken) => Math.abs(clock.currentTimeMillisUnsafe() - token.issuedAtMillis)
  const heldMillis = () => Number(clock.monotonicTimeNanosUnsafe() - heldSinceNanos) / 1e6
  // By the clock, which runs while the machine is suspended; or by the time it was held, where the clock was set back.
  const mayBeReplaced = (token: ProviderToken) =>
    Math.max(clock.currentTimeMillisUnsafe() - token.issuedAtMillis, heldMillis()) >= Duration.toMillis(minimumAge)

  const unwatch = ledger.watchToken(() => ageMillis(Ref.getUnsafe(current)))
  yield* Effect.addFinalizer(() => Effect.sync(unwatch))

  /** Puts what it is given in place of `stale`, one at a time; when another fiber has done so already, does nothing. */
  const replace = <E>(stale: ProviderToken, other: Effect.Effect<ProviderToken | undefined, E>) =>
    Effect.gen(function* () {
      if ((yield* Ref.get(current)) !== stale) return
      const token = yield* other
      if (token === undefined || token === stale) return
      yield* Ref.set(current, token)
      heldSinceNanos = clock.monotonicTimeNanosUnsafe()
    }).pipe(Semaphore.withPermit(single))

  const due = Duration.toMillis(renewalAge)

  // The timer renews a token that nobody asks for; `token` renews one whose timer was late, as after a suspend.
  yield* Effect.gen(function* () {
    const token = yield* Ref.get(current)
    yield* Effect.sleep(Math.max(0, due - ageMillis(token)))
    if (ageMillis(token) < due) return
    const found = yield* source.turn(token)
    yield* replace(token, found === undefined ? source.next(token) : Effect.succeed(found)).pipe(
      Effect.tapError(() => Effect.logWarning("The provider token could not be renewed; trying again in a minute")),
      Effect.retry(Schedule.spaced("1 minute"))
    )
    if ((yield* Ref.get(current)) === token) yield* Effect.sleep(pauseMillis)
  }).pipe(Effect.forever, Effect.annotateLogs({ package: "effect-apns", module: "JwtCache" }), Effect.forkScoped)

  let lookedNanos: bigint | undefined
  /** Takes over another token that is there already; not asked for again at once. Whether another one is in use now. */
  const takeOver = Effect.fnUntraced(function* (known: ProviderToken) {
    yield* replace(
      known,
      Effect.suspend(() => {
        const now = clock.monotonicTimeNanosUnsafe()
        if (lookedNanos !== undefined && Number(now - lookedNanos) / 1e6 < pauseMillis) return Effect.undefined
        lookedNanos = now
        return source.look(known)
      })
    )
    return (yield* Ref.get(current)) !== known
  })

  const tellOfExpiry = annotated(Effect.logWarning("APNs calls the provider token expired; renewing it"))

  let toldOfUpdatesMillis = Number.NEGATIVE_INFINITY
  const tellOfUpdates = Effect.suspend(() => {
    const now = clock.currentTimeMillisUnsafe()
    if (Math.abs(now - toldOfUpdatesMillis) < 60_000) return Effect.void
    toldOfUpdatesMillis = now
    return Effect.logWarning(
      "APNs counts too many provider tokens of this key: something else mints them too. " +
        "Share one token: JwtCache.layerShared between processes, one JwtCache within a process."
    ).pipe(annotated)
  })

  const fresh = () => {
    const token = Ref.getUnsafe(current)
    return ageMillis(token) < source.overdueMillis ? token : "ask"
  }

  return withFreshToken(
    {
      token: Effect.suspend(() => {
        const token = Ref.getUnsafe(current)
        return fresh() === token
          ? Effect.succeed(token)
          : Effect.andThen(replace(token, source.next(token)), Ref.get(current))
      }),
      renew: Effect.fnUntraced(function* (stale) {
        if (yield* takeOver(stale)) return true
        if (!mayBeReplaced(stale)) return false
        yield* replace(stale, Effect.andThen(tellOfExpiry, source.replace(stale)))
        return true
      }),
      recheck: (refused) => Effect.andThen(tellOfUpdates, takeOver(refused))
    },
    fresh
  )
})
