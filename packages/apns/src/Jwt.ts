/**
 * Provider tokens by themselves: signed for another program, read to find out what is in one, and checked against the key and
 * Apple's rules.
 *
 * To send, none of this is needed: `JwtCache` signs, keeps and renews the token. Each token that is signed here counts against
 * Apple's limit of one new token in 20 minutes for a key, as `TooManyProviderTokenUpdates` tells.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ApnsError } from "./ApnsError.ts"
import type { TokenCredentials } from "./Credentials.ts"
import { invalidCredentials } from "./internal/credentialsProblem.ts"
import { parseJwt } from "./internal/jwt.ts"
import { checksOf, standingOf } from "./internal/jwtChecks.ts"
import { jwtOf, makeMinter } from "./internal/mint.ts"

/**
 * Where a token stands in Apple's window.
 *
 * - `fresh`: less than 20 minutes old. A new one for the same key may be refused with `TooManyProviderTokenUpdates`.
 * - `renewable`: from 20 minutes to an hour. It is accepted, and may be replaced.
 * - `expired`: an hour old or more. APNs answers `ExpiredProviderToken`.
 * - `future`: issued more than a minute from now. A clock is wrong.
 * - `unknown`: its `iat` is missing or not a number of seconds.
 *
 * @category models
 * @since 0.1.0
 */
export type Standing = "fresh" | "renewable" | "expired" | "future" | "unknown"

/**
 * What is in a token. Nothing of it is verified: anybody can write it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Decoded {
  /** The whole header. */
  readonly header: Readonly<Record<string, unknown>>
  /** All claims. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The claim `iat`, where it is a time in whole seconds. */
  readonly issuedAt: DateTime.Utc | undefined
  /** How old the token is in seconds, by the Effect `Clock`; negative where it was issued later than now. */
  readonly ageSeconds: number | undefined
  readonly standing: Standing
  /** `jws`: the 64 bytes of RFC 7518; `der`: ASN.1, which APNs takes too; `other`: neither. */
  readonly signatureForm: "jws" | "der" | "other"
}

/**
 * One thing that APNs looks at, and whether it is right.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  readonly name: "algorithm" | "keyId" | "teamId" | "age" | "signature"
  readonly passed: boolean
  /** What was found, as a sentence without its full stop. */
  readonly detail: string
  /** What to do where it did not pass, as a sentence without its full stop. */
  readonly cure?: string | undefined
}

/**
 * Signs a provider token: the JWT that goes after `bearer` in the header `authorization`.
 *
 * **When to use**
 *
 * Use to hand a token to another program, such as curl, or to try a key. Not for each request: use a token for close to an
 * hour. To send, use `Apns.layer`, which needs none.
 *
 * **Details**
 *
 * `iat` is the Effect `Clock`'s time. Fails with an `ApnsError` whose reason is `InvalidCredentials` when the key cannot sign.
 * Apple, "Establishing a token-based connection to APNs"; ES256: RFC 7518, section 3.4.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sign = (credentials: TokenCredentials): Effect.Effect<Redacted.Redacted<string>, ApnsError> =>
  makeMinter(credentials).pipe(
    Effect.flatMap(({ mint }) => mint),
    Effect.map((token) => Redacted.make(jwtOf(token), { label: "provider token" })),
    Effect.mapError((reason) => new ApnsError({ reason }))
  )

const textOf = (token: string | Redacted.Redacted<string>) =>
  Redacted.isRedacted(token) ? Redacted.value(token) : token

const parsed = (token: string | Redacted.Redacted<string>) =>
  Effect.fromResult(Result.mapError(parseJwt(textOf(token)), invalidCredentials))

/**
 * Reads a provider token without its key.
 *
 * **Details**
 *
 * White space around it and what stands before it in a header (`authorization: bearer`) are skipped. Fails with an `ApnsError`
 * whose reason is `InvalidCredentials` when it is no JWT; the error never holds the token. RFC 7519; RFC 7515, section 3.1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const decode = (token: string | Redacted.Redacted<string>): Effect.Effect<Decoded, ApnsError> =>
  Effect.gen(function* () {
    const { claims, header, signatureForm } = yield* parsed(token)
    const { ageSeconds, issuedAt, standing } = standingOf(claims.iat, yield* Clock.currentTimeMillis)
    return {
      header,
      claims,
      issuedAt: issuedAt === undefined ? undefined : DateTime.makeUnsafe(issuedAt),
      ageSeconds,
      standing,
      signatureForm
    }
  })

/**
 * Checks a provider token as APNs does: algorithm, Key ID, Team ID and signature against the credentials, age against Apple's
 * hour.
 *
 * **Details**
 *
 * Gives every check, passed or not, in the order of the list above. Fails only when the token is no JWT, as `decode` does. That the key is
 * known to Apple and good for a topic and an environment, only APNs can tell.
 *
 * @category combinators
 * @since 0.1.0
 */
export const verify = (
  token: string | Redacted.Redacted<string>,
  credentials: TokenCredentials
): Effect.Effect<ReadonlyArray<Check>, ApnsError> =>
  Effect.gen(function* () {
    return checksOf(yield* parsed(token), credentials, yield* Clock.currentTimeMillis)
  })
