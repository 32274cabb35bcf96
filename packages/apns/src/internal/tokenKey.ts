import { createPrivateKey } from "node:crypto"
import * as Result from "effect/Result"
import type { CredentialsProblem } from "./credentialsProblem.ts"
import { decodeText, parse } from "./pem.ts"
import { recognise, unexpected } from "./recognise.ts"

const p8 = "Use the AuthKey_<key id>.p8 file downloaded from the Keys page of the developer account"

const otherLabels: Record<string, CredentialsProblem> = {
  CERTIFICATE: {
    problem: "This is a certificate, not a token key",
    cure: `${p8}; to send with a certificate, use Credentials.certificate`
  },
  "PUBLIC KEY": {
    problem: "This is a public key; signing provider tokens takes the private one",
    cure: p8
  },
  "EC PRIVATE KEY": {
    problem: "This is an EC key in SEC1 form; a token key is PKCS #8",
    cure: "Convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem -out key.p8"
  },
  "ENCRYPTED PRIVATE KEY": {
    problem: "This private key is encrypted; Apple's token keys are not, and the library takes none",
    cure: "Decrypt it: openssl pkcs8 -in key.pem -out key.p8"
  },
  "RSA PRIVATE KEY": {
    problem: "This is an RSA key; provider tokens are signed with an EC key on the curve P-256 (ES256)",
    cure: p8
  },
  "CERTIFICATE REQUEST": {
    problem: "This is a certificate request (CSR), not a token key",
    cure: p8
  }
}

const curveNames: Record<string, string> = { secp384r1: "P-384", secp521r1: "P-521" }

/** Secret stores and CI systems keep files in base64, some in base64 of that. */
const unwrapped = (text: string, times = 2): string => {
  const base64 = text
    .replace(/^\uFEFF/, "")
    .replaceAll(/\s|\\[rn]/g, "")
    .replace(/^data:[^,]*,/i, "")
  if (times === 0 || !/^[\w+/=-]{40,}$/.test(base64)) return text
  const inner = decodeText(Buffer.from(base64, "base64"))
  if (inner.includes("-----BEGIN ")) return inner
  const further = unwrapped(inner, times - 1)
  return further === inner ? text : further
}

/**
 * Checks the text of a .p8 token key, or base64 of it, and returns it as clean PKCS #8 PEM. The key must be an EC key on P-256, the only
 * kind ES256 signs with (RFC 7518, section 3.4).
 */
export const readTokenKey = (given: string): Result.Result<string, CredentialsProblem> =>
  Result.gen(function* () {
    const text = unwrapped(given)
    const blocks = yield* parse(text)
    const [block, ...others] = blocks.filter(({ label }) => label === "PRIVATE KEY")
    if (block === undefined) {
      const label = blocks.find((found) => found.label in otherLabels)?.label ?? blocks[0]?.label
      return yield* Result.fail(
        label === undefined
          ? unexpected("a token key in PEM form", recognise(Buffer.from(text)))
          : (otherLabels[label] ?? { problem: `This PEM text holds ${label}, not a token key.`, cure: p8 })
      )
    }
    if (others.length > 0) {
      return yield* Result.fail({
        problem: `This PEM text holds ${others.length + 1} private keys`,
        cure: "Leave only the key that belongs to the key ID"
      })
    }
    const key = yield* Result.try({
      try: () => createPrivateKey(block.text),
      catch: (): CredentialsProblem => ({
        problem: "The PRIVATE KEY block is damaged: its base64 does not hold a complete PKCS #8 key",
        cure: `Copy the whole file again. ${p8}; Apple lets a key be downloaded once, after that make a new one`
      })
    })
    if (key.asymmetricKeyType !== "ec") {
      return yield* Result.fail({
        problem: `This is a key of type ${key.asymmetricKeyType ?? "unknown"}; provider tokens are signed with an EC key on the curve P-256 (ES256)`,
        cure: p8
      })
    }
    const curve = key.asymmetricKeyDetails?.namedCurve ?? "with explicit parameters"
    if (curve !== "prime256v1") {
      return yield* Result.fail({
        problem: `This EC key is on the curve ${curveNames[curve] ?? curve}; provider tokens need P-256 (ES256)`,
        cure: p8
      })
    }
    return key.export({ type: "pkcs8", format: "pem" }).toString()
  })
