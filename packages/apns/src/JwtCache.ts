/**
 * The provider token: one for each (team, key) and process, minted with ES256 and renewed on a schedule by Apple's rules.
 *
 * Apple refuses a token older than 60 minutes (`ExpiredProviderToken`) and a key that is given new tokens more often than
 * once in 20 minutes (`TooManyProviderTokenUpdates`); its advice is to use each token for close to an hour (Apple,
 * "Establishing a token-based connection to APNs"). All caches of a key in one process have one token, also those that are
 * made after others have closed; between processes use `JwtCache.layerShared`.
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
import { ApnsError } from "./ApnsError.ts"
import type { Credentials, TokenCredentials } from "./Credentials.ts"
import { withFreshToken } from "./internal/freshToken.ts"
import { currentOr, KeyTokens, keysOf } from "./internal/keyTokens.ts"
import { sharedTokens } from "./internal/sharedTokens.ts"
import { type CacheOptions, makeCache } from "./internal/tokenCache.ts"
import { ownTokens } from "./internal/tokenSource.ts"
import { InvalidCredentials } from "./Reason.ts"
import { TokenProcess } from "./TokenProcess.ts"

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
  /**
   * Names the key that signed it: other sessions carry the tokens of another key. Absent where that is not known. It tells no
   * secret: Team ID, Key ID and a hash of the public key.
   */
  readonly key?: string | undefined
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
 * Use `JwtCache.layer` where the connection is provided or replaced, as with `Apns.layerNoDeps`, `JwtCache.layerShared` to
 * share the token with other processes, and `JwtCache.layerNone` where a certificate is the credential.
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
     * another token is to be used now, because one is shared or the one before is still valid; otherwise the refused one
     * stays.
     */
    readonly recheck: (refused: ProviderToken) => Effect.Effect<boolean>
    /**
     * Tells of `InvalidProviderToken`: reads the credentials again where they were given as an Effect. `true` when a token of
     * another key is to be used now. A cache without it has one key for good.
     */
    readonly reload?: (refused: ProviderToken) => Effect.Effect<boolean>
  }
>()("effect-apns/JwtCache") {
  /**
   * Mints the first token at once, and a new one every 50 minutes for as long as the layer lives. A token that the process
   * has of the key, from another layer or one that has closed, is used until it is that old.
   *
   * Layers of one key that are opened and closed in quick succession, as by a program that provides one to each `send`, are
   * told of in a warning, once.
   *
   * Credentials that are given as an Effect are read again when the token is renewed and after `InvalidProviderToken`. If they
   * name another key, that signs from then on, and connections of this package leave the sessions of the old one. What cannot
   * be read within 10 seconds leaves the old key in use, with a warning.
   *
   * Fails with `InvalidCredentials` when the key cannot sign.
   */
  static readonly layer = (
    credentials: TokenCredentials | Effect.Effect<TokenCredentials, ApnsError>
  ): Layer.Layer<JwtCache, ApnsError> => layerOf(credentials, openOwn)

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
    credentials: TokenCredentials | Effect.Effect<TokenCredentials, ApnsError>,
    options?: { readonly prefix?: string | undefined; readonly timeout?: Duration.Input | undefined }
  ): Layer.Layer<JwtCache, ApnsError, KeyValueStore.KeyValueStore> => layerOf(credentials, openShared(options))

  /** No token: APNs knows the sender by its certificate. */
  static readonly layerNone: Layer.Layer<JwtCache> = Layer.sync(JwtCache, () =>
    withFreshToken(
      { token: Effect.succeed(undefined), renew: () => Effect.succeed(false), recheck: () => Effect.succeed(false) },
      () => undefined
    )
  )
}

/** How old a token may be that is used for want of a better one. */
const lastAge = Duration.minutes(59)

const lastMillis = Duration.toMillis(lastAge)

const renewalMillis = Duration.toMillis(renewalAge)

const ages = { minimumMillis: Duration.toMillis(minimumAge), lastMillis }

const layerOf = <R>(
  given: TokenCredentials | Effect.Effect<TokenCredentials, ApnsError>,
  open: Effect.Effect<CacheOptions["open"], never, R>,
  again = Effect.isEffect(given) ? given : undefined
): Layer.Layer<JwtCache, ApnsError, R> =>
  Layer.effect(
    JwtCache,
    Effect.gen(function* () {
      const credentials = Effect.isEffect(given) ? yield* given : given
      return yield* Effect.mapError(
        makeCache({ credentials, again, open: yield* open, renewalMillis, lastMillis }),
        (reason) => new ApnsError({ reason })
      )
    })
  )

/**
 * `JwtCache.layer` of credentials that were read already, from what was given: an Effect reads them again.
 *
 * @internal
 */
export const layerRead = (
  credentials: TokenCredentials,
  given: Credentials | Effect.Effect<Credentials, ApnsError>
): Layer.Layer<JwtCache, ApnsError> =>
  layerOf(credentials, openOwn, Effect.isEffect(given) ? Effect.flatMap(given, tokenKey) : undefined)

/** What was a token key and is one no more is not gone over to. */
const tokenKey = (read: Credentials): Effect.Effect<TokenCredentials, ApnsError> =>
  read._tag === "TokenCredentials"
    ? Effect.succeed(read)
    : Effect.fail(
        new ApnsError({
          reason: new InvalidCredentials({
            problem: "they were a token key when the layer was built, and are a certificate now",
            cure: "Build the layer anew: a certificate belongs to the connection."
          })
        })
      )

const keysInCommon = Effect.zipWith(TokenProcess, Clock.Clock, keysOf)

/** Every cache of a key in the process has its tokens in common. */
const openOwn: Effect.Effect<CacheOptions["open"]> = Effect.map(keysInCommon, (keys) => {
  return (minter, { keyId }) =>
    Effect.sync(() => {
      const { key } = minter
      return { key, keyId, source: ownTokens(minter, renewalAge), ...keys.open(key, ages) }
    })
})

/** The store is what the caches have in common; without it, the caches of the process have a token of their own. */
const openShared = Effect.fnUntraced(function* (
  options: { readonly prefix?: string | undefined; readonly timeout?: Duration.Input | undefined } = {}
): Effect.fn.Return<CacheOptions["open"], never, KeyValueStore.KeyValueStore> {
  const { prefix = "effect-apns/provider-token/", timeout = "10 seconds" } = options
  const clock = yield* Clock.Clock
  const keys = yield* keysInCommon
  const context = yield* Effect.context<KeyValueStore.KeyValueStore>()
  return (minter, credentials) =>
    Effect.suspend(() => {
      const { key } = minter
      const kept = keys.open(key, ages)
      const own = (stale: ProviderToken | undefined) => currentOr(kept.tokens, stale, renewalMillis, minter.mint)
      const sharing = { credentials, own, prefix, timeout, minimumAge, overdueAge, renewalAge }
      return Effect.map(sharedTokens(minter, sharing), (source) => ({
        ...kept,
        key,
        keyId: credentials.keyId,
        source,
        tokens: new KeyTokens(clock, ages)
      }))
    }).pipe(Effect.provide(context))
})
