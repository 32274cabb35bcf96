/**
 * Where a cache has its tokens from: its own key alone, or what processes share.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ProviderToken } from "../JwtCache.ts"
import type { InvalidCredentials } from "../Reason.ts"
import type { Minter } from "./mint.ts"

export interface TokenSource {
  /** A token in place of `stale`, or `stale` itself where that can be used for longer and no other can be had. */
  readonly next: (stale: ProviderToken | undefined) => Effect.Effect<ProviderToken, InvalidCredentials>
  /** A token in place of one that APNs calls expired. */
  readonly replace: (stale: ProviderToken) => Effect.Effect<ProviderToken, InvalidCredentials>
  /** Another token than `known` that is there already. Mints none. */
  readonly look: (known: ProviderToken) => Effect.Effect<ProviderToken | undefined>
  /** How old a token may be before sends wait for another one, in milliseconds. */
  readonly overdueMillis: number
  /** Waits, when a token has reached its renewal age, for the moment to renew it. Ends with a token found meanwhile. */
  readonly turn: (known: ProviderToken) => Effect.Effect<ProviderToken | undefined>
}

/** Tokens of this cache alone. */
export const ownTokens = ({ mint }: Minter, renewalAge: Duration.Duration): TokenSource => ({
  next: () => mint,
  replace: () => mint,
  look: () => Effect.undefined,
  overdueMillis: Duration.toMillis(renewalAge),
  turn: () => Effect.undefined
})
