/**
 * One provider token for all processes that share a `KeyValueStore`.
 *
 * The store has no compare-and-set, so the right to mint is claimed by Fischer's timed lock (L. Lamport, "A fast mutual
 * exclusion algorithm", 1987, section 2): read that nobody has claimed, write a claim, wait, and mint only if the claim still
 * stands. It excludes as long as each write takes effect within that wait of the read before it; every claimant measures
 * its own, and one that took longer gives up the claim. Suppose two held it, and P's claim was written before Q's: Q read
 * before P wrote, or it would have seen P's claim, so Q wrote within one wait of P's write, and P, which looked later
 * than that, saw Q's claim. A token is used by nobody before it stands in the store.
 *
 * What remains is a store that forgets or reorders writes, and a process that stops between its last look at the clock and
 * its write. Then two tokens are there at about the same age, the store keeps one, and `look` leads to it.
 */
import { createHash, randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type { TokenCredentials } from "../Credentials.ts"
import type { ProviderToken } from "../JwtCache.ts"
import * as Metrics from "../Metrics.ts"
import type { InvalidCredentials } from "../Reason.ts"
import { ledgerOf } from "./ledger.ts"
import { isSame, jwtOf, type Minter } from "./mint.ts"
import type { TokenSource } from "./tokenSource.ts"

/** What stands in the store. */
const Stored = Schema.fromJsonString(Schema.Struct({ version: Schema.Literal(1), jwt: Schema.String }))

/** How long a claim has to stand, and how long its write may take. */
const settleMillis = 1000
/** How long a claim is respected that leads to no token. */
const claimMillis = 5000
/** How long after its claim the holder may still publish; the rest is for the write. */
const publishMillis = 3000
/** How often others look for the token of the one that has the claim. */
const pollMillis = 200
/** How often each process looks for a new token from the renewal age on, so that all change at nearly the same time. */
const watchMillis = 5000
/** Within what time after the renewal age each process has its turn to mint: the first one to have it does. */
const spreadMillis = 60_000
/** How far another clock may be ahead without a word. */
const skewMillis = 60_000

/** What is left of an attempt to share when the store fails: the token that others may have taken over. */
interface Last {
  published: ProviderToken | undefined
}

export interface Sharing {
  readonly credentials: TokenCredentials
  readonly prefix: string
  readonly timeout: Duration.Input
  /** A token in place of `stale` that this process has for itself: what there is without the store. */
  readonly own: (stale: ProviderToken | undefined) => Effect.Effect<ProviderToken, InvalidCredentials>
  readonly renewalAge: Duration.Duration
  readonly overdueAge: Duration.Duration
  readonly minimumAge: Duration.Duration
}

/** The text of a failure, without a JWT that a client of a database may have put into it. */
const withoutTokens = (text: string) => text.replaceAll(/[\w-]{8,}\.[\w-]{8,}\.[\w-]+/g, "<provider token>")

export const sharedTokens = Effect.fnUntraced(function* (
  { mint, verified }: Minter,
  { credentials, minimumAge, overdueAge, own, prefix, renewalAge, timeout }: Sharing
): Effect.fn.Return<TokenSource, never, KeyValueStore.KeyValueStore> {
  const store = yield* KeyValueStore.KeyValueStore
  const clock = yield* Clock.Clock
  const ledger = yield* ledgerOf
  const { keyId, teamId } = credentials
  const key =
    prefix +
    createHash("sha256")
      .update(JSON.stringify([teamId, keyId]))
      .digest("hex")
  const claimKey = `${key}.claim`
  const overdueMillis = Duration.toMillis(overdueAge)

  const annotated = Effect.annotateLogs({ package: "effect-apns", module: "JwtCache", keyId })
  const elapsedMillis = (sinceNanos: bigint) => Number(clock.monotonicTimeNanosUnsafe() - sinceNanos) / 1e6
  const ageMillis = (token: ProviderToken) => clock.currentTimeMillisUnsafe() - token.issuedAtMillis
  // One from the future was issued by a clock that is ahead of this one: which of them is wrong, nobody here knows.
  const isUsable = (token: ProviderToken) =>
    ageMillis(token) < overdueMillis && ageMillis(token) > -Duration.toMillis(minimumAge)

  const warned = new Map<string, number>()
  /** Each warning at most once a minute. */
  const warn = (message: string, ...detail: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      if (Math.abs(now - (warned.get(message) ?? Number.NEGATIVE_INFINITY)) < 60_000) return Effect.void
      warned.set(message, now)
      return annotated(Effect.logWarning(message, ...detail))
    })

  /** The shared token, if it is one to use in place of `known`. */
  const read = Effect.fnUntraced(function* (known: ProviderToken | undefined) {
    const text = yield* store.get(key)
    if (text === undefined) return undefined
    const stored = Schema.decodeUnknownOption(Stored)(text)
    const token = stored._tag === "None" ? undefined : yield* verified(stored.value.jwt)
    if (token === undefined) {
      return yield* Effect.as(
        warn("What is stored as the shared provider token is none of this key; ignoring it"),
        undefined
      )
    }
    if (known !== undefined && isSame(token, known)) return undefined
    if (ageMillis(token) < -skewMillis) {
      yield* warn("The shared provider token is from the future: the clocks of the processes that share it differ", {
        aheadMillis: -ageMillis(token)
      })
    }
    if (!isUsable(token)) return undefined
    return known === undefined || !isUsable(known) || token.issuedAtMillis > known.issuedAtMillis ? token : undefined
  })

  const adopted = (token: ProviderToken) => {
    ledger.count(Metrics.providerTokensAdopted, {})
    return Effect.as(annotated(Effect.logDebug("Took over the shared provider token")), token)
  }

  /**
   * Mints with the claim in hand, and publishes; nothing where that took so long that another may have claimed. Then what
   * stands in the store is the token of all.
   */
  const mintClaimed = Effect.fnUntraced(function* (claimedNanos: bigint, last: Last) {
    if (elapsedMillis(claimedNanos) > publishMillis) return undefined
    const token = yield* mint
    if (elapsedMillis(claimedNanos) > publishMillis) return undefined
    last.published = token
    yield* store.set(key, JSON.stringify({ version: 1, jwt: jwtOf(token) }))
    if (elapsedMillis(claimedNanos) > claimMillis) return undefined
    yield* store.remove(claimKey)
    return token
  })

  /** The shared token, minted by whoever gets the claim. */
  const agree = Effect.fnUntraced(function* (stale: ProviderToken | undefined, last: Last) {
    const mine = randomUUID()
    let seen: string | undefined
    let seenNanos = 0n
    for (;;) {
      const shared = yield* read(stale)
      if (shared !== undefined) return yield* adopted(shared)
      const readNanos = clock.monotonicTimeNanosUnsafe()
      const claim = yield* store.get(claimKey)
      if (claim !== seen) {
        seen = claim
        seenNanos = readNanos
      }
      if (claim === undefined || elapsedMillis(seenNanos) >= claimMillis) {
        const attempt = `${mine} ${readNanos}`
        yield* store.set(claimKey, attempt)
        const inTime = elapsedMillis(readNanos) < settleMillis
        yield* Effect.sleep(settleMillis)
        if (inTime && (yield* store.get(claimKey)) === attempt) {
          const published = yield* read(stale)
          if (published !== undefined) {
            yield* store.remove(claimKey)
            return yield* adopted(published)
          }
          const minted = yield* mintClaimed(readNanos, last)
          if (minted !== undefined) return minted
        }
      } else {
        yield* Effect.sleep(yield* Random.nextIntBetween(pollMillis / 2, pollMillis * 1.5))
      }
    }
  })

  /** Goes on without the store when that fails or is slow. */
  const forgiving = <A, E>(asked: Effect.Effect<A, E | KeyValueStore.KeyValueStoreError>) =>
    asked.pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.as(warn("The store of the shared provider token is too slow; going on without it"), undefined)
      }),
      Effect.catchIf(
        (error) => error instanceof KeyValueStore.KeyValueStoreError,
        ({ message, method }) =>
          Effect.as(
            warn("The store of the shared provider token fails; going on without it", {
              method,
              message: withoutTokens(message)
            }),
            undefined
          )
      )
    )

  const look: TokenSource["look"] = (known) =>
    forgiving(Effect.flatMap(read(known), (token) => (token === undefined ? Effect.undefined : adopted(token))))

  /** The shared token; without the store, what `otherwise` gives. */
  const shared = (stale: ProviderToken | undefined, otherwise: ReturnType<TokenSource["next"]>) =>
    Effect.suspend(() => {
      const last: Last = { published: undefined }
      return Effect.flatMap(forgiving(agree(stale, last)), (token = last.published) =>
        token === undefined ? otherwise : Effect.succeed(token)
      )
    })

  return {
    next: (stale) =>
      shared(
        stale,
        Effect.suspend(() => (stale !== undefined && isUsable(stale) ? Effect.succeed(stale) : own(stale)))
      ),
    replace: (stale) => shared(stale, own(stale)),
    look,
    overdueMillis,
    turn: Effect.fnUntraced(function* (known) {
      const waitMillis = yield* Random.nextIntBetween(0, spreadMillis)
      for (;;) {
        const found = yield* look(known)
        const leftMillis = Duration.toMillis(renewalAge) + waitMillis - ageMillis(known)
        if (found !== undefined || leftMillis <= 0) return found
        yield* Effect.sleep(Math.min(leftMillis, watchMillis))
      }
    })
  }
})
