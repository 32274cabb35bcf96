/**
 * Signs provider tokens (RFC 7515 with ES256, RFC 7518), and knows those that the same key has signed elsewhere.
 */
import { createHash, createPublicKey } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { compactVerify, importPKCS8, SignJWT } from "jose"
import type { TokenCredentials } from "../Credentials.ts"
import type { ProviderToken } from "../JwtCache.ts"
import * as Metrics from "../Metrics.ts"
import { InvalidCredentials } from "../Reason.ts"
import { ledgerOf } from "./ledger.ts"

const scheme = "bearer "

const tokenOf = (key: string, jwt: string, issuedAtMillis: number): ProviderToken => ({
  authorization: Redacted.make(`${scheme}${jwt}`, { label: "provider token" }),
  issuedAtMillis,
  key
})

/** The JWT of a token. It is a secret. */
export const jwtOf = ({ authorization }: ProviderToken): string => Redacted.value(authorization).slice(scheme.length)

/** Whether two tokens are the same JWT. */
export const isSame = (one: ProviderToken, other: ProviderToken): boolean =>
  Redacted.value(one.authorization) === Redacted.value(other.authorization)

/** A key that signs. */
export interface Minter {
  /** Names the key by its ids and its public half: who has those of another and a key of their own has another name. */
  readonly key: string
  readonly mint: Effect.Effect<ProviderToken, InvalidCredentials>
  /** The token of a JWT, if this key signed it for this team. */
  readonly verified: (jwt: string) => Effect.Effect<ProviderToken | undefined>
}

export const makeMinter = Effect.fnUntraced(function* (
  credentials: TokenCredentials
): Effect.fn.Return<Minter, InvalidCredentials> {
  const clock = yield* Clock.Clock
  const ledger = yield* ledgerOf
  const { keyId, teamId } = credentials
  const cannotSign = (cause: unknown) =>
    new InvalidCredentials({
      problem: `the key ${keyId} cannot sign a provider token`,
      cure: "Use the .p8 file of an APNs key as Apple's developer account gave it.",
      cause
    })
  const pem = Redacted.value(credentials.privateKey)
  const key = yield* Effect.tryPromise({ try: () => importPKCS8(pem, "ES256"), catch: cannotSign })
  const publicKey = yield* Effect.try({ try: () => createPublicKey(pem), catch: cannotSign })

  const fingerprint = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url")
  const name = `${teamId}/${keyId}/${fingerprint}`

  const mint = Effect.suspend(() => {
    const issuedAtMillis = clock.currentTimeMillisUnsafe()
    return Effect.tryPromise({
      try: () =>
        new SignJWT()
          .setProtectedHeader({ alg: "ES256", kid: keyId })
          .setIssuer(teamId)
          .setIssuedAt(Math.floor(issuedAtMillis / 1000))
          .sign(key),
      catch: cannotSign
    }).pipe(
      Effect.map((jwt) => tokenOf(name, jwt, issuedAtMillis)),
      Effect.tap(() => {
        ledger.count(Metrics.providerTokensMinted, {})
        return Effect.logDebug("Minted a provider token")
      }),
      Effect.annotateLogs({ package: "effect-apns", module: "JwtCache", keyId })
    )
  })

  const verified: Minter["verified"] = (jwt) =>
    Effect.promise(async () => {
      try {
        const { payload, protectedHeader } = await compactVerify(jwt, publicKey, { algorithms: ["ES256"] })
        const claims: unknown = JSON.parse(new TextDecoder().decode(payload))
        if (typeof claims !== "object" || claims === null || !("iss" in claims && "iat" in claims)) return undefined
        const { iat, iss } = claims
        if (protectedHeader.kid !== keyId || iss !== teamId) return undefined
        return typeof iat === "number" && Number.isFinite(iat) ? tokenOf(name, jwt, iat * 1000) : undefined
      } catch {
        // It is not one of this key's.
        return undefined
      }
    })

  return { key: name, mint, verified }
})
