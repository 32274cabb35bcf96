/**
 * The provider token in use: renewed in time, replaced when APNs does not take it, and signed with another key where the
 * credentials have changed.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { ApnsError } from "../ApnsError.ts"
import type { TokenCredentials } from "../Credentials.ts"
import type { JwtCache, ProviderToken } from "../JwtCache.ts"
import type { InvalidCredentials } from "../Reason.ts"
import { withFreshToken } from "./freshToken.ts"
import type { KeyTokens } from "./keyTokens.ts"
import { ledgerOf } from "./ledger.ts"
import { type Minter, makeMinter } from "./mint.ts"
import { steadyOf } from "./steadyClock.ts"
import type { TokenSource } from "./tokenSource.ts"

/** How long a cache does not ask again what it has just asked or could not get. */
const pauseMillis = 5000

/** How long reading the credentials again may take; then the ones in use are used on. */
const readingMillis = 10_000

/** A key that is in use. */
export interface KeyInUse {
  /** See `Minter.key`. */
  readonly key: string
  readonly keyId: string
  readonly tokens: KeyTokens
  readonly source: TokenSource
  /** Whether it is to be told that caches of the key come and go. */
  readonly comesAndGoes: boolean
  readonly close: () => void
}

export interface CacheOptions {
  readonly credentials: TokenCredentials
  /** Reads them again. */
  readonly again: Effect.Effect<TokenCredentials, ApnsError> | undefined
  readonly open: (minter: Minter, credentials: TokenCredentials) => Effect.Effect<KeyInUse>
  /** How old a token is when it is renewed, and how old one may be that is kept for want of a better one. */
  readonly renewalMillis: number
  readonly lastMillis: number
}

export const makeCache = Effect.fnUntraced(function* ({
  again,
  credentials,
  lastMillis,
  open,
  renewalMillis
}: CacheOptions): Effect.fn.Return<JwtCache["Service"], InvalidCredentials, Scope.Scope> {
  const clock = yield* Clock.Clock
  const ledger = yield* ledgerOf
  const steadyMillis = steadyOf(clock)

  const annotated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const { keyId } = inUse
      return Effect.annotateLogs(effect, { package: "effect-apns", module: "JwtCache", keyId })
    })

  const isFresh = ({ source, tokens }: KeyInUse, token: ProviderToken) => tokens.ageMillis(token) < source.overdueMillis
  const dueMillis = ({ tokens }: KeyInUse) => (tokens.isKeptOn ? lastMillis : renewalMillis)
  const overdueMillis = ({ source, tokens }: KeyInUse) => (tokens.isKeptOn ? lastMillis : source.overdueMillis)
  const freshOf = (key: KeyInUse) => {
    const { current } = key.tokens
    return current !== undefined && key.tokens.ageMillis(current) < overdueMillis(key) ? current : undefined
  }

  /** Puts what it is given in place of `stale`, one at a time; when another fiber has done so already, does nothing. */
  const replace = <E>(
    { tokens }: KeyInUse,
    stale: ProviderToken | undefined,
    other: Effect.Effect<ProviderToken | undefined, E>
  ) =>
    Effect.gen(function* () {
      if (tokens.current !== stale) return
      const token = yield* other
      if (token !== undefined) tokens.use(token)
    }).pipe(Semaphore.withPermit(tokens.single))

  /** What to put in place of a token that is too old: one that is there already, or a new one. */
  const next = (key: KeyInUse, stale: ProviderToken | undefined) =>
    Effect.suspend(() => {
      const { source, tokens } = key
      const { other } = tokens
      if (other !== undefined && isFresh(key, other)) return Effect.succeed(other)
      return stale === undefined || tokens.mayBeRenewed ? source.next(stale) : lookAgain(key, stale)
    })

  let lookedMillis = Number.NEGATIVE_INFINITY
  /** Another token that is there already; not asked for again at once. */
  const lookAgain = ({ source }: KeyInUse, known: ProviderToken) =>
    Effect.suspend(() => {
      const now = steadyMillis()
      if (now - lookedMillis < pauseMillis) return Effect.undefined
      lookedMillis = now
      return source.look(known)
    })

  /** Uses a key, of which there is a token then. */
  const use = Effect.fnUntraced(function* (minter: Minter, credentials: TokenCredentials) {
    const key = yield* open(minter, credentials)
    const { current } = key.tokens
    if (freshOf(key) === undefined) {
      yield* Effect.onExit(replace(key, current, next(key, current)), (exit) =>
        Exit.isSuccess(exit) ? Effect.void : Effect.sync(key.close)
      )
    }
    return key
  })

  let inUse = yield* use(yield* makeMinter(credentials), credentials)
  yield* Effect.addFinalizer(() => Effect.sync(() => inUse.close()))
  if (inUse.comesAndGoes) {
    yield* annotated(
      Effect.logWarning(
        "Layers of one key open and close in quick succession: provide the layer once, around all that sends. " +
          "Each opens a connection of its own, and APNs takes that for an attack."
      )
    )
  }

  const ageMillis = () => (inUse.tokens.current === undefined ? 0 : inUse.tokens.ageMillis(inUse.tokens.current))
  const unwatch = ledger.watchToken(ageMillis)
  yield* Effect.addFinalizer(() => Effect.sync(unwatch))

  // Whoever has the credentials read again, they come from where they came from at first, such as a ConfigProvider.
  const context = yield* Effect.context()
  const reading = yield* Semaphore.make(1)
  let readFor: ProviderToken | undefined
  let readMillis = Number.NEGATIVE_INFINITY

  /** Reads the credentials again on account of a token, once for all, and goes over to their key if it is another. */
  const reread = (key: KeyInUse, stale: ProviderToken | undefined): Effect.Effect<void> => {
    if (again === undefined) return Effect.void
    const other = Effect.gen(function* () {
      const read = yield* again
      const minter = yield* makeMinter(read)
      return minter.key === key.key ? undefined : yield* use(minter, read)
    }).pipe(Effect.provide(context))
    return Effect.gen(function* () {
      if (inUse !== key || (stale === readFor && steadyMillis() - readMillis < pauseMillis)) return
      const read = yield* Effect.exit(Effect.timeout(other, readingMillis))
      readFor = stale
      readMillis = steadyMillis()
      if (Exit.isFailure(read)) {
        const error = Cause.findError(read.cause)
        const message = "The credentials could not be read again; going on with those in use"
        const problem = Result.isSuccess(error) ? error.success.message : "reading them died"
        return yield* annotated(Effect.logWarning(message, { problem }))
      }
      if (read.value === undefined) return
      key.close()
      inUse = read.value
      yield* annotated(Effect.logInfo("The credentials have changed: provider tokens are signed with another key"))
    }).pipe(Semaphore.withPermit(reading))
  }

  /** Replaces a token that is too old: with one that was found, or one of the key that the credentials name now. */
  const renewed = (key: KeyInUse, stale: ProviderToken | undefined, found?: ProviderToken) =>
    Effect.andThen(
      reread(key, stale),
      Effect.suspend(() => {
        if (inUse !== key) return Effect.void
        return replace(key, stale, found === undefined ? next(key, stale) : Effect.succeed(found))
      })
    )

  // The timer renews a token that nobody asks for; `token` renews one whose timer was late, as after a suspend.
  yield* Effect.gen(function* () {
    const key = inUse
    const { source, tokens } = key
    const token = tokens.current
    if (token === undefined) return
    yield* Effect.sleep(Math.max(0, dueMillis(key) - tokens.ageMillis(token)))
    if (tokens.ageMillis(token) < dueMillis(key)) return
    const found = yield* source.turn(token)
    yield* renewed(key, token, found).pipe(
      Effect.tapError(() => Effect.logWarning("The provider token could not be renewed; trying again in a minute")),
      Effect.retry(Schedule.spaced("1 minute"))
    )
    if (inUse.tokens.current === token) yield* Effect.sleep(pauseMillis)
  }).pipe(Effect.forever, Effect.annotateLogs({ package: "effect-apns", module: "JwtCache" }), Effect.forkScoped)

  /** Takes over another token that is there already. Whether another one is in use now. */
  const takeOver = Effect.fnUntraced(function* (known: ProviderToken) {
    const key = inUse
    yield* replace(key, known, lookAgain(key, known))
    return inUse.tokens.current !== known
  })

  const tellOfExpiry = annotated(Effect.logWarning("APNs calls the provider token expired; renewing it"))

  let toldOfUpdatesMillis = Number.NEGATIVE_INFINITY
  const tellOfUpdates = Effect.suspend(() => {
    const now = steadyMillis()
    if (now - toldOfUpdatesMillis < 60_000) return Effect.void
    toldOfUpdatesMillis = now
    return Effect.logWarning(
      "APNs counts too many provider tokens of this key: another process mints them too. " +
        "Share one token between them: JwtCache.layerShared."
    ).pipe(annotated)
  })

  return withFreshToken(
    {
      token: Effect.suspend(() => {
        const fresh = freshOf(inUse)
        if (fresh !== undefined) return Effect.succeed(fresh)
        return Effect.andThen(
          renewed(inUse, inUse.tokens.current),
          Effect.sync(() => inUse.tokens.current)
        )
      }),
      renew: Effect.fnUntraced(function* (stale) {
        if (yield* takeOver(stale)) return true
        const key = inUse
        const { other } = key.tokens
        const isNewer = other !== undefined && other.issuedAtMillis > stale.issuedAtMillis
        const newer = isNewer && !key.tokens.isInvalid(other) && isFresh(key, other)
        if (!newer && !key.tokens.mayBeReplaced(stale)) return false
        yield* reread(key, stale)
        if (inUse !== key) return true
        const renewing = Effect.andThen(tellOfExpiry, key.source.replace(stale))
        yield* replace(key, stale, newer ? Effect.succeed(other) : renewing)
        return true
      }),
      recheck: Effect.fnUntraced(function* (refused) {
        yield* tellOfUpdates
        yield* takeOver(refused)
        inUse.tokens.refuse(refused)
        return inUse.tokens.current !== refused
      }),
      reload: Effect.fnUntraced(function* (refused) {
        if (inUse.key === refused.key) yield* reread(inUse, refused)
        if (inUse.key !== refused.key) return true
        // The key is as it was. A token that was made while the clock was ahead is refused, and the one before it is not.
        inUse.tokens.invalidate(refused)
        return inUse.tokens.current !== refused
      })
    },
    // Every send asks. Reading one clock is enough: the timer goes by the other one.
    () => {
      const { current } = inUse.tokens
      return current !== undefined && inUse.tokens.ageByWallMillis(current) < overdueMillis(inUse) ? current : "ask"
    }
  )
})
