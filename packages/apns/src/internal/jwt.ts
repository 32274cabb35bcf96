/** A JWT in the compact form of RFC 7515, section 3.1, taken apart. */
import * as Result from "effect/Result"
import type { CredentialsProblem } from "./credentialsProblem.ts"

type Members = Readonly<Record<string, unknown>>

export interface ParsedJwt {
  readonly header: Members
  readonly claims: Members
  /** What is signed. */
  readonly signed: string
  readonly signature: Buffer
  readonly signatureForm: "jws" | "der" | "other"
}

const cure =
  'Give the whole token: header, claims and signature in base64url, separated by dots, as it stands after "bearer"'

const wrong = (problem: string): Result.Result<never, CredentialsProblem> => Result.fail({ problem, cure })

const membersOf = (part: string): Members | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"))
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** P-256: two numbers of 32 bytes (RFC 7518, section 3.4), or a SEQUENCE of two INTEGERs as OpenSSL writes it. */
const formOf = (signature: Buffer): ParsedJwt["signatureForm"] => {
  if (signature.length === 64) return "jws"
  return signature[0] === 0x30 && signature[1] === signature.length - 2 && signature[2] === 0x02 ? "der" : "other"
}

/** Its problems never hold the text. */
export const parseJwt = (text: string): Result.Result<ParsedJwt, CredentialsProblem> => {
  const token = text.trim().replace(/^(?:authorization\s*:\s*)?(?:bearer\s+)?/i, "")
  if (token === "") return wrong("There is no token: the text is empty")
  if (token.includes("-----BEGIN ")) return wrong("This is PEM text, such as a key, and not a provider token")
  const parts = token.split(".")
  const [first = "", second = "", third = ""] = parts
  if (parts.length !== 3) {
    return wrong(
      `This is no provider token: it has ${parts.length} ${parts.length === 1 ? "part" : "parts"} where a JWT has three`
    )
  }
  if (!parts.every((part) => /^[\w-]*$/.test(part))) {
    return wrong("This is no provider token: it has characters that are not base64url")
  }
  const header = membersOf(first)
  if (header === undefined) return wrong("The header of the token is not base64url of a JSON object")
  const claims = membersOf(second)
  if (claims === undefined) return wrong("The claims of the token are not base64url of a JSON object")
  const signature = Buffer.from(third, "base64url")
  return Result.succeed({ header, claims, signed: `${first}.${second}`, signature, signatureForm: formOf(signature) })
}
