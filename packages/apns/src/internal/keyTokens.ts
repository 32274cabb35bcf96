/**
 * The provider tokens of one key. APNs counts the tokens of a key and not those of a layer, so all caches of a key in one
 * process have them in common, also those that are made when others have closed.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { ProviderToken } from "../JwtCache.ts"
import { type SteadyNow, steadyOf } from "./steadyClock.ts"

/** How long the rules of a cache let tokens live. */
export interface Ages {
  readonly minimumMillis: number
  /** How old a token may be that is kept for want of a better one: nearly as old as APNs lets it be. */
  readonly lastMillis: number
}

/** How many short-lived caches of a key may close within a minute before it is told. */
const tolerated = 2

const minuteMillis = 60_000

export class KeyTokens {
  /** The one in use. */
  current: ProviderToken | undefined = undefined
  /** One that was in use before, and may be again. */
  other: ProviderToken | undefined = undefined
  /** Whether an older token is in use because APNs has refused the newer one as one too many. */
  isKeptOn = false
  /** For those who replace the token, one at a time. */
  readonly single: Semaphore.Semaphore = Semaphore.makeUnsafe(1)
  /** Those that APNs called one too many or not valid, since they were last put to use. */
  private readonly refused = new WeakSet<ProviderToken>()
  /** Those that it called not valid. */
  private readonly invalid = new WeakSet<ProviderToken>()
  /** When each was issued, by the steady clock. */
  private readonly since = new WeakMap<ProviderToken, number>()
  /** When the newest of them was issued, by both clocks. */
  private issuedMillis = Number.NaN
  private heldSinceMillis = Number.NaN
  /** When a token was last issued so soon that only a step of the clock can have made the one before it old. */
  private steppedMillis = Number.NEGATIVE_INFINITY
  private readonly clock: Clock.Clock
  private readonly steadyMillis: SteadyNow
  private readonly ages: Ages

  constructor(clock: Clock.Clock, ages: Ages) {
    this.clock = clock
    this.steadyMillis = steadyOf(clock)
    this.ages = ages
  }

  /** By the clock on the wall. One from the future was issued before that was set back: it is as wrong as an old one. */
  ageByWallMillis(token: ProviderToken): number {
    return Math.abs(this.clock.currentTimeMillisUnsafe() - token.issuedAtMillis)
  }

  /** By the clock on which it is older. */
  ageMillis(token: ProviderToken): number {
    const now = this.steadyMillis()
    return Math.max(this.ageByWallMillis(token), now - (this.since.get(token) ?? now))
  }

  use(token: ProviderToken): void {
    const { current } = this
    if (token === current) return
    if (token !== this.other) this.issued(token)
    this.refused.delete(token)
    this.other = current
    this.current = token
    this.isKeptOn = false
  }

  private issued(token: ProviderToken) {
    const now = this.steadyMillis()
    if (this.current !== undefined && now - this.heldSinceMillis < this.ages.minimumMillis) this.steppedMillis = now
    const before = Math.max(0, this.clock.currentTimeMillisUnsafe() - token.issuedAtMillis)
    this.issuedMillis = token.issuedAtMillis
    this.heldSinceMillis = now - before
    this.since.set(token, this.heldSinceMillis)
  }

  /**
   * Whether APNs lets the key have another token in place of this one, by either clock: the one on the wall runs while a machine
   * is suspended.
   */
  mayBeReplaced({ issuedAtMillis }: ProviderToken): boolean {
    const byWall = this.clock.currentTimeMillisUnsafe() - Math.max(issuedAtMillis, this.issuedMillis)
    return Math.max(byWall, this.steadyMillis() - this.heldSinceMillis) >= this.ages.minimumMillis
  }

  /**
   * The same where nobody but the clock on the wall says that the token is old. Whether the machine was suspended or the clock
   * was set, it cannot tell: it is believed once in that time, and a clock that goes to and fro makes no more tokens.
   */
  get mayBeRenewed(): boolean {
    const now = this.steadyMillis()
    const { minimumMillis } = this.ages
    return now - this.heldSinceMillis >= minimumMillis || now - this.steppedMillis >= minimumMillis
  }

  /** APNs calls this one not valid, as one that was made while the clock was ahead. */
  invalidate(token: ProviderToken): void {
    this.invalid.add(token)
    this.refuse(token)
  }

  isInvalid(token: ProviderToken): boolean {
    return this.invalid.has(token)
  }

  /** APNs calls this one too many, or not valid: the one before is used in its place while that is valid. */
  refuse(token: ProviderToken): void {
    const { current, other } = this
    this.refused.add(token)
    if (token !== current || other === undefined || this.refused.has(other)) return
    if (this.ageMillis(other) >= this.ages.lastMillis) return
    this.use(other)
    this.isKeptOn = token.issuedAtMillis > other.issuedAtMillis
  }
}

/** The token that is in use, or a new one where it is `stale` or as old as that. */
export const currentOr = <E>(
  tokens: KeyTokens,
  stale: ProviderToken | undefined,
  oldMillis: number,
  mint: Effect.Effect<ProviderToken, E>
): Effect.Effect<ProviderToken, E> =>
  Effect.suspend(() => {
    const { current } = tokens
    if (current !== undefined && current !== stale && tokens.ageMillis(current) < oldMillis) {
      return Effect.succeed(current)
    }
    return Effect.tap(mint, (token) => Effect.sync(() => tokens.use(token)))
  }).pipe(Semaphore.withPermit(tokens.single))

interface Kept {
  readonly tokens: KeyTokens
  users: number
  /** When caches were closed that had been opened less than a minute before, as far as it matters. */
  closings: ReadonlyArray<number>
  told: boolean
}

/** The keys that a process uses or has used. */
class Keys {
  private readonly clock: Clock.Clock
  private readonly steadyMillis: SteadyNow
  private readonly inUse = new Map<string, Kept>()
  /** In the order in which their last caches were closed. */
  private readonly idle = new Map<string, { readonly kept: Kept; readonly sinceMillis: number }>()

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.steadyMillis = steadyOf(clock)
  }

  /** The tokens of a key for one more cache, until that closes. */
  open(name: string, ages: Ages) {
    const openedMillis = this.steadyMillis()
    this.forget(openedMillis, ages)
    const kept = this.inUse.get(name) ??
      this.idle.get(name)?.kept ?? { tokens: new KeyTokens(this.clock, ages), users: 0, closings: [], told: false }
    this.idle.delete(name)
    this.inUse.set(name, kept)
    kept.users++
    kept.closings = kept.closings.filter((millis) => openedMillis - millis < minuteMillis)
    const comesAndGoes = !kept.told && kept.closings.length >= tolerated
    if (comesAndGoes) kept.told = true
    return {
      tokens: kept.tokens,
      /** Whether it is to be told that caches of the key come and go: once for each key. */
      comesAndGoes,
      close: () => {
        const now = this.steadyMillis()
        if (now - openedMillis < minuteMillis) kept.closings = [...kept.closings.slice(1 - tolerated), now]
        if (--kept.users > 0) return
        this.inUse.delete(name)
        this.idle.set(name, { kept, sinceMillis: now })
      }
    }
  }

  /** Of keys that nobody uses, the tokens that are too old. */
  private forget(nowMillis: number, { lastMillis }: Ages) {
    for (const [name, { sinceMillis }] of this.idle) {
      if (nowMillis - sinceMillis < lastMillis) return
      this.idle.delete(name)
    }
  }
}

const keys = new WeakMap<object, Keys>()

/** The keys of a process. By clock, of which a program has one: a test with a clock of its own shares no tokens with another. */
export const keysOf = (process: object | undefined, clock: Clock.Clock): Keys => {
  const known = keys.get(process ?? clock) ?? new Keys(clock)
  keys.set(process ?? clock, known)
  return known
}
