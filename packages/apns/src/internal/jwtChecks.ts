/** What APNs looks at in a provider token. */
import { createPublicKey, verify } from "node:crypto"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { TokenCredentials } from "../Credentials.ts"
import type { Check, Standing } from "../Jwt.ts"
import { maximumAge, minimumAge } from "../JwtCache.ts"
import type { ParsedJwt } from "./jwt.ts"

const minute = 60

const oldestSeconds = Duration.toSeconds(maximumAge)
const youngestSeconds = Duration.toSeconds(minimumAge)

/** How far clocks of two machines may be apart before it is worth a word. */
const toleranceSeconds = minute

/** Times in seconds stay below this until the year 5138; times in milliseconds have been above since 1973. */
const firstMillis = 1e11

export const standingOf = (
  iat: unknown,
  nowMillis: number
): { readonly issuedAt?: number; readonly ageSeconds?: number; readonly standing: Standing } => {
  if (typeof iat !== "number" || !(Math.abs(iat) < firstMillis)) return { standing: "unknown" }
  const ageSeconds = Math.floor(nowMillis / 1000 - iat)
  const standing =
    ageSeconds < -toleranceSeconds
      ? "future"
      : ageSeconds < youngestSeconds
        ? "fresh"
        : ageSeconds < oldestSeconds
          ? "renewable"
          : "expired"
  return { issuedAt: iat * 1000, ageSeconds, standing }
}

const ageText = (seconds: number): string => {
  const count = Math.abs(seconds)
  if (count < 2 * minute) return `${count} s`
  return count < 120 * minute ? `${Math.floor(count / minute)} min` : `${Math.floor(count / 60 / minute)} h`
}

const ageCheck = (iat: unknown, nowMillis: number): Check => {
  const { ageSeconds = 0, standing } = standingOf(iat, nowMillis)
  const passed = standing === "fresh" || standing === "renewable"
  switch (standing) {
    case "unknown":
      return typeof iat === "number"
        ? { name: "age", passed, detail: "iat is in milliseconds", cure: "Write iat in whole seconds" }
        : {
            name: "age",
            passed,
            detail: iat === undefined ? "There is no iat" : "iat is not a number",
            cure: "Write the time of issue as iat: a JSON number, in whole seconds since the epoch"
          }
    case "future":
      return {
        name: "age",
        passed,
        detail: `It was issued ${ageText(ageSeconds)} from now`,
        cure: "Set the clock: of this machine, or of the one that signed the token"
      }
    case "expired":
      return {
        name: "age",
        passed,
        detail: `It is ${ageText(ageSeconds)} old; APNs refuses tokens from an hour on`,
        cure: "Sign a new one; if this one is new, set the clock of the machine that signed it"
      }
    default:
      return {
        name: "age",
        passed,
        detail: `It is ${ageText(Math.max(0, ageSeconds))} old, less than an hour`
      }
  }
}

/** Only ids, which are no secrets, and only of their length: other text may be something secret in the wrong place. */
const shown = (value: unknown): string =>
  value === undefined
    ? "missing"
    : typeof value === "string" && /^\w{1,20}$/.test(value)
      ? value
      : "something that is no ID"

const idCheck = (name: "keyId" | "teamId", field: string, found: unknown, wanted: string): Check =>
  found === wanted
    ? { name, passed: true, detail: `${field} is ${wanted}` }
    : {
        name,
        passed: false,
        detail: `${field} is ${shown(found)}, and the ${name === "keyId" ? "key" : "team"} is ${wanted}`,
        cure: `Sign with ${field} ${wanted}, or check against the ${name === "keyId" ? "key" : "team"} that the token is of`
      }

const signatureCheck = ({ signature, signatureForm, signed }: ParsedJwt, credentials: TokenCredentials): Check => {
  const cure = "Sign with the key of this Key ID; a token that was changed or cut after signing does not verify either"
  if (signatureForm === "other") {
    return {
      name: "signature",
      passed: false,
      detail: `The signature has ${signature.length} bytes and is none of ES256`,
      cure
    }
  }
  const key = createPublicKey(Redacted.value(credentials.privateKey))
  const dsaEncoding = signatureForm === "jws" ? "ieee-p1363" : "der"
  return verify("sha256", Buffer.from(signed), { key, dsaEncoding }, signature)
    ? {
        name: "signature",
        passed: true,
        detail:
          signatureForm === "jws"
            ? "The signature is of this key"
            : "The signature is of this key, in ASN.1 form where RFC 7518 asks for 64 bytes; APNs takes both"
      }
    : { name: "signature", passed: false, detail: "The signature is not of this key", cure }
}

/** Every check of a token, at a moment in milliseconds since the epoch. */
export const checksOf = (token: ParsedJwt, credentials: TokenCredentials, nowMillis: number): ReadonlyArray<Check> => [
  token.header.alg === "ES256"
    ? { name: "algorithm", passed: true, detail: "alg is ES256" }
    : {
        name: "algorithm",
        passed: false,
        detail: `alg is ${shown(token.header.alg)}`,
        cure: "Sign with ES256; APNs takes nothing else"
      },
  idCheck("keyId", "kid", token.header.kid, credentials.keyId),
  idCheck("teamId", "iss", token.claims.iss, credentials.teamId),
  ageCheck(token.claims.iat, nowMillis),
  signatureCheck(token, credentials)
]
