/**
 * Provider tokens: decoding and verification, without any state of connections. Sources: Apple, "Establishing a
 * token-based connection to APNs"; RFC 7515 and RFC 7518, section 3.4.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto"
import type { KeyScope, ProviderKey } from "../Credentials.ts"
import { because, type Fault } from "./verdict.ts"

/** A key as verification needs it. */
export interface RegisteredKey {
  readonly teamId: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly scope: KeyScope
  readonly revoked: boolean
}

/** The readable parts of a token. Nothing here is verified. */
export interface DecodedToken {
  readonly alg: unknown
  readonly kid: unknown
  readonly iss: unknown
  readonly iat: unknown
  readonly signingInput: string
  readonly signature: Buffer
}

/** A token whose signature, key and team are right. Its age is not checked yet: that changes while it is used. */
export interface VerifiedToken {
  readonly key: RegisteredKey
  readonly issuedAtSeconds: number
  readonly hash: string
}

export const maxAgeMillis = 3_600_000
// Apple names no tolerance for a provider's clock that runs ahead (inferred). A minute forgives ordinary skew and still
// catches an `iat` in milliseconds.
export const futureLeewayMillis = 60_000

/** Reads a key. Throws when the PEM holds no P-256 key. */
export const registeredKey = (key: ProviderKey): RegisteredKey => {
  const publicKey = createPublicKey(key.pem)
  if (publicKey.asymmetricKeyType !== "ec" || publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error(`expected a P-256 key, got ${publicKey.asymmetricKeyType}`)
  }
  return {
    teamId: key.teamId,
    keyId: key.keyId,
    publicKey,
    scope: key.scope ?? {},
    revoked: key.revoked ?? false
  }
}

/** The token of an `authorization` header; Apple writes `bearer`, and other cases work too. */
export const bearer = (authorization: string): string | undefined => /^bearer +(\S+)$/i.exec(authorization)?.[1]

/** SHA-256 of a token in hex, so that tokens can be compared and logged without being kept. */
export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("hex")

const jsonObject = (segment: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, "base64url").toString("utf8"))
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const base64url = /^[A-Za-z0-9_-]+$/

export const decodeToken = (token: string): DecodedToken | undefined => {
  const [header, claims, signature, ...rest] = token.split(".")
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) return undefined
  if (!base64url.test(header) || !base64url.test(claims) || !base64url.test(signature)) return undefined
  const head = jsonObject(header)
  const body = jsonObject(claims)
  if (head === undefined || body === undefined) return undefined
  return {
    alg: head.alg,
    kid: head.kid,
    iss: body.iss,
    iat: body.iat,
    signingInput: `${header}.${claims}`,
    signature: Buffer.from(signature, "base64url")
  }
}

const signatureMatches = (decoded: DecodedToken, key: KeyObject, acceptDer: boolean): boolean => {
  const data = Buffer.from(decoded.signingInput)
  const { signature } = decoded
  const matches = (dsaEncoding: "ieee-p1363" | "der") => verify("sha256", data, { key, dsaEncoding }, signature)
  // JOSE asks for r‖s. APNs evidently takes the DER form too: a long-lived Java client and Apple's own shell sample send
  // it. A DER signature may by chance be 64 bytes long, so length alone does not decide.
  return (signature.length === 64 && matches("ieee-p1363")) || (acceptDer && signature[0] === 0x30 && matches("der"))
}

/**
 * Checks everything about a token that does not depend on time or on the connection. `undefined` means the token is
 * invalid (`403 InvalidProviderToken`).
 */
export const verifyToken = (
  token: string,
  keys: ReadonlyMap<string, RegisteredKey>,
  acceptDer = true
): VerifiedToken | undefined => {
  const decoded = decodeToken(token)
  if (decoded === undefined || decoded.alg !== "ES256" || typeof decoded.kid !== "string") return undefined
  const key = keys.get(decoded.kid)
  if (key === undefined || key.revoked || decoded.iss !== key.teamId) return undefined
  // `iat` as a string or with a fraction is refused: Apple asks for a number of whole seconds.
  if (typeof decoded.iat !== "number" || !Number.isInteger(decoded.iat)) return undefined
  if (!signatureMatches(decoded, key.publicKey, acceptDer)) return undefined
  return { key, issuedAtSeconds: decoded.iat, hash: tokenHash(token) }
}

/** The reason a verified token is refused at this moment, if it is. */
export const ageFault = (token: VerifiedToken, nowMillis: number): Fault | undefined => {
  const issuedAt = token.issuedAtSeconds * 1000
  if (issuedAt - nowMillis > futureLeewayMillis) return because("InvalidProviderToken", "InvalidProviderToken.future")
  return nowMillis - issuedAt > maxAgeMillis ? "ExpiredProviderToken" : undefined
}
