/**
 * How `send` reads the provider token without an Effect while it is fresh, which is nearly always.
 */
import type { JwtCache, ProviderToken } from "../JwtCache.ts"

/** The token if it is fresh, nothing if none is needed, or `"ask"`: then `JwtCache.token` has to be run. */
export type FreshToken = () => ProviderToken | undefined | "ask"

const known = new WeakMap<JwtCache["Service"], FreshToken>()

/** A cache, with the way to its token that takes no Effect. */
export const withFreshToken = (cache: JwtCache["Service"], fresh: FreshToken): JwtCache["Service"] => {
  known.set(cache, fresh)
  return cache
}

/** The shortest way to a cache's token. */
export const freshTokenOf = (cache: JwtCache["Service"]): FreshToken => known.get(cache) ?? (() => "ask")
