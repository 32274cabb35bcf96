/**
 * Whether a connection may push with the credential it presents: the rules that tie a token to the connection it comes
 * in on. Pure: the connection's binding and the ledger of token updates go in and come out.
 */
import type { Environment } from "../Credentials.ts"
import type { ClientCertificate } from "./clientCertificate.ts"
import { ageFault, type RegisteredKey, type VerifiedToken } from "./providerToken.ts"
import { because, type Fault } from "./verdict.ts"

/** What a connection is bound to, and what that may push to. */
export type Binding =
  | { readonly _tag: "token"; readonly key: RegisteredKey }
  | { readonly _tag: "certificate"; readonly topics: ReadonlyArray<string> }

/** The accepted tokens of each key id or team, as far as they still matter. */
export type TokenLedger = ReadonlyMap<string, ReadonlyArray<VerifiedToken>>

export type Outcome =
  | {
      readonly _tag: "accepted"
      /** What the connection is bound to from now on: its first credential. */
      readonly binding: Binding
      /** The topics this request's credential may push to; `undefined`: every topic. */
      readonly topics: TopicGrant
      readonly ledger: TokenLedger
    }
  | { readonly _tag: "refused"; readonly fault: Fault }

/** The topics a credential may push to. */
export type TopicGrant =
  | { readonly _tag: "every" }
  /** Bundle IDs; their suffixed topics are included. */
  | { readonly _tag: "bundleIds"; readonly bundleIds: ReadonlyArray<string> }
  /** Exact topics of a certificate. */
  | { readonly _tag: "exact"; readonly topics: ReadonlyArray<string> }

export interface CredentialRules {
  readonly environment: Environment
  readonly tokenUpdateScope: "connection" | "key" | "team" | "none"
  readonly environmentReason: "BadEnvironmentKeyInToken" | "BadEnvironmentKeyIdInToken"
}

const refused = (fault: Fault): Outcome => ({ _tag: "refused", fault })

/** How far apart two new tokens must be. */
export const minUpdateSeconds = 1_200

/**
 * Enters a token in the ledger; `undefined` when it comes less than 20 minutes from another token of the same key
 * (Apple, "Establishing a token-based connection to APNs"). Ages are compared by `iat`, and a token already known is
 * never an update: several servers may share one, and an older one stays good until it is stale.
 */
const recordUpdate = (
  ledger: TokenLedger,
  token: VerifiedToken,
  nowMillis: number,
  scope: CredentialRules["tokenUpdateScope"]
): TokenLedger | undefined => {
  const counted = scope === "team" ? `team ${token.key.teamId}` : token.key.keyId
  const known = ledger.get(counted) ?? []
  if (known.some((other) => other.hash === token.hash)) return ledger
  const fresh = known.filter((other) => ageFault(other, nowMillis) === undefined)
  const tooSoon = fresh.some((other) => Math.abs(other.issuedAtSeconds - token.issuedAtSeconds) < minUpdateSeconds)
  return tooSoon ? undefined : new Map(ledger).set(counted, [...fresh, token])
}

const related = (a: RegisteredKey, b: RegisteredKey) => a.scope.relatedTo === b.keyId || b.scope.relatedTo === a.keyId

/** May `key` be used on a connection whose first push used `first`? (Same source.) */
const sharesConnection = (first: RegisteredKey, key: RegisteredKey): boolean => {
  if (first.keyId === key.keyId) return true
  if (first.scope.topics === undefined) return key.scope.topics === undefined
  return key.scope.topics !== undefined && related(first, key)
}

/**
 * Judges a token. `token` is `undefined` when the header was there and its token did not verify.
 *
 * Order: invalid, expired, too many updates, another team, environment, unrelated. The environment comes before the
 * unrelated key because a key of the other environment can never be related, and Apple lists it as a case of its own.
 * Apple does not name the reason for a second team on one connection; `InvalidProviderToken` is inferred.
 */
export const judgeToken = (
  token: VerifiedToken | undefined,
  bound: Binding | undefined,
  ledger: TokenLedger,
  nowMillis: number,
  rules: CredentialRules
): Outcome => {
  if (token === undefined) return refused("InvalidProviderToken")
  const age = ageFault(token, nowMillis)
  if (age !== undefined) return refused(age)
  const updated = recordUpdate(ledger, token, nowMillis, rules.tokenUpdateScope)
  if (updated === undefined) return refused("TooManyProviderTokenUpdates")
  const { key } = token
  const first = bound?._tag === "token" ? bound.key : key
  if (first.teamId !== key.teamId) return refused(because("InvalidProviderToken", "InvalidProviderToken.team"))
  const { environment, topics } = key.scope
  if (environment !== undefined && environment !== rules.environment) return refused(rules.environmentReason)
  if (!sharesConnection(first, key)) return refused("UnrelatedKeyIdInToken")
  return {
    _tag: "accepted",
    binding: bound ?? { _tag: "token", key },
    topics: topics === undefined ? { _tag: "every" } : { _tag: "bundleIds", bundleIds: topics },
    ledger: updated
  }
}

/**
 * Judges a client certificate. `trusted` says whether it chains to the configured CA (always, without one).
 * `undefined` for a certificate that could not be read.
 */
export const judgeCertificate = (
  certificate: ClientCertificate | undefined,
  trusted: boolean,
  ledger: TokenLedger,
  rules: CredentialRules
): Outcome => {
  if (certificate === undefined || !trusted) return refused("BadCertificate")
  const { environments, topics } = certificate
  if (topics.length === 0 || environments.length === 0) return refused("BadCertificate")
  if (!environments.includes(rules.environment)) return refused("BadCertificateEnvironment")
  return { _tag: "accepted", binding: { _tag: "certificate", topics }, topics: { _tag: "exact", topics }, ledger }
}
