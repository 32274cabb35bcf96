import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import * as Result from "effect/Result"
import { type CertificateFacts, readCertificate } from "./certificateFacts.ts"
import type { CredentialsProblem } from "./credentialsProblem.ts"
import { type PemBlock, parse } from "./pem.ts"

/** The keys and certificates found in the given files, before it is known which belong together. */
export interface Material {
  readonly keys: ReadonlyArray<{ readonly key: KeyObject; readonly localKeyId: string | undefined }>
  readonly certificates: ReadonlyArray<{ readonly der: Buffer; readonly localKeyId: string | undefined }>
}

/** Where the certificate came from; it decides what a user can do about a missing half. */
export type Origin = "p12" | "pem" | "certificate"

/** A certificate with its key, ready for TLS. */
export interface Identity {
  readonly facts: CertificateFacts
  /** SHA-256 of the DER, as `AB:CD:…`. */
  readonly fingerprint: string
  /** PEM: the leaf, then the certificates that lead to its root, as far as they were given. */
  readonly certificatePem: string
  /** Unencrypted PKCS #8 PEM. */
  readonly privateKeyPem: string
}

/** A certificate that was read. */
export interface Candidate {
  readonly x509: X509Certificate
  readonly facts: CertificateFacts
  readonly publicKey: string
  readonly localKeyId: string | undefined
}

const decryptKey = (block: PemBlock, passphrase: string | undefined): Result.Result<KeyObject, CredentialsProblem> => {
  if (block.encrypted && (passphrase === undefined || passphrase === "")) {
    return Result.fail({
      problem: `The private key (${block.label}) is encrypted and no passphrase was given`,
      cure: "Pass `passphrase`, or decrypt the key once: openssl pkey -in key.pem -out plain.pem",
      passphrase: "missing"
    })
  }
  return Result.try({
    try: () => createPrivateKey(block.encrypted ? { key: block.text, passphrase: passphrase ?? "" } : block.text),
    catch: (error): CredentialsProblem => {
      // Only the code is read: the error itself could one day carry input.
      const code = error instanceof Error && "code" in error ? String(error.code) : ""
      if (!block.encrypted) {
        return {
          problem: `The private key (${block.label}) is damaged: its structure cannot be read`,
          cure: "Copy the whole file again, or export the key again"
        }
      }
      return /UNSUPPORTED/.test(code)
        ? {
            problem: `The private key (${block.label}) is encrypted with a cipher that this OpenSSL no longer offers`,
            cure: "Encrypt it anew: openssl pkcs8 -topk8 -provider legacy -provider default -in key.pem -out new.pem"
          }
        : {
            problem: `The passphrase is wrong: it does not decrypt the private key (${block.label})`,
            cure: "Use the passphrase the key was encrypted with; if it is right, the key file is damaged: copy it again",
            passphrase: "wrong"
          }
    }
  })
}

/** Reads every certificate and private key in PEM text; other blocks are skipped and their order does not matter. */
export const readPem = (text: string, passphrase: string | undefined): Result.Result<Material, CredentialsProblem> =>
  Result.gen(function* () {
    const keys: Array<Material["keys"][number]> = []
    const certificates: Array<Material["certificates"][number]> = []
    for (const block of yield* parse(text)) {
      if (block.label.endsWith("PRIVATE KEY")) {
        keys.push({ key: yield* decryptKey(block, passphrase), localKeyId: undefined })
      } else if (block.label === "CERTIFICATE" || block.label === "X509 CERTIFICATE") {
        certificates.push({ der: block.bytes, localKeyId: undefined })
      }
    }
    return { keys, certificates }
  })

const withoutKey: Record<Origin, CredentialsProblem> = {
  p12: {
    problem: "The .p12 file holds a certificate without its private key",
    cure: "In Keychain Access expand the certificate, select the certificate and its key, and export both as .p12"
  },
  pem: {
    problem: "The PEM text holds a certificate without its private key",
    cure: "Pass the key's PEM as `key` (or `keyFile`), or put both into one file"
  },
  certificate: {
    problem: "The file is a bare certificate (.cer), as Apple's site hands it out, without its private key",
    cure: "Pass the key as `keyFile`, or open the file in Keychain Access and export certificate and key as .p12"
  }
}

/** What is wrong with a file of keys alone. */
export const withoutCertificate = (origin: Origin): CredentialsProblem =>
  origin === "p12"
    ? {
        problem: "The .p12 file holds a private key without a certificate",
        cure: 'In Keychain Access choose "My Certificates", select the certificate, and export it with its key as .p12'
      }
    : {
        problem: "The PEM text holds no certificate",
        cure:
          "Add the certificate that Apple issued (openssl x509 -inform DER -in aps.cer -out cert.pem). " +
          "A .p8 token key has none: use Credentials.token. A certificate request (CSR) must be signed by Apple first"
      }

/** A public key, for comparison. */
export const spki = (key: KeyObject): string => key.export({ type: "spki", format: "der" }).toString("hex")

/** Each certificate once. */
export const readCandidates = (material: Material): Result.Result<ReadonlyArray<Candidate>, CredentialsProblem> =>
  Result.gen(function* () {
    const candidates: Array<Candidate> = []
    for (const { der, localKeyId } of material.certificates) {
      const facts = yield* readCertificate(der)
      const { publicKey, x509 } = yield* Result.try({
        try: () => {
          const x509 = new X509Certificate(der)
          return { x509, publicKey: spki(x509.publicKey) }
        },
        catch: (): CredentialsProblem => ({
          problem: "The certificate is damaged: it cannot be read",
          cure: "Download it again from the developer account, or export it again from Keychain Access"
        })
      })
      if (!candidates.some((other) => other.x509.raw.equals(x509.raw))) {
        candidates.push({ x509, facts, publicKey, localKeyId })
      }
    }
    return candidates
  })

const describe = ({ facts }: Candidate): string => `"${facts.commonName}" (until ${facts.notAfter.toISOString()})`

/** Follows the issuers from the leaf up, through the certificates that were given with it. */
export const chainOf = (leaf: Candidate, all: ReadonlyArray<Candidate>): ReadonlyArray<Candidate> => {
  const chain = [leaf]
  for (
    let current: Candidate | undefined = leaf;
    current !== undefined && current.facts.subject !== current.facts.issuer;
  ) {
    const child: Candidate = current
    // Two generations of an intermediate share one name; the signature tells them apart.
    current = all.find(
      (other) =>
        !chain.includes(other) &&
        other.facts.subject === child.facts.issuer &&
        Result.getOrElse(
          Result.try(() => child.x509.verify(other.x509.publicKey)),
          () => false
        )
    )
    if (current !== undefined) {
      chain.push(current)
    }
  }
  return chain
}

/** Certificates as PEM, one after the other. */
export const pemOf = (certificates: ReadonlyArray<Candidate>): string =>
  certificates.map(({ x509 }) => `${x509.toString().trimEnd()}\n`).join("")

/** A private key as unencrypted PKCS #8 PEM. */
export const keyPemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString()

const checkTls = (cert: string, key: string): Result.Result<void, CredentialsProblem> =>
  Result.try({
    try: () => {
      createSecureContext({ cert, key })
    },
    catch: (error): CredentialsProblem => {
      // OpenSSL's own words after its last colon, such as "ee key too small"; they are constants of its error table.
      const reason = error instanceof Error ? error.message.split(":").at(-1) : undefined
      return {
        problem: `TLS refuses the certificate with its key: ${reason ?? "unknown reason"}`,
        cure: "Create a new certificate in the developer account, from a request with a 2048-bit RSA key"
      }
    }
  })

/**
 * Finds the one certificate that a given key belongs to. The public keys decide; localKeyID (RFC 7292, section 4.2)
 * only chooses where several pairs match, and what stays ambiguous is refused, because a wrong guess sends to the
 * wrong app.
 */
export const identify = (material: Material, origin: Origin): Result.Result<Identity, CredentialsProblem> =>
  Result.gen(function* () {
    if (material.certificates.length === 0) {
      return yield* Result.fail(withoutCertificate(origin))
    }
    if (material.keys.length === 0) {
      return yield* Result.fail(withoutKey[origin])
    }
    const candidates = yield* readCandidates(material)
    const keys = material.keys.map((entry) => ({ ...entry, publicKey: spki(createPublicKey(entry.key)) }))
    const pairs = candidates.flatMap((candidate) => {
      const matching = keys.filter((key) => key.publicKey === candidate.publicKey)
      const key = matching.find((entry) => entry.localKeyId === candidate.localKeyId) ?? matching[0]
      return key === undefined ? [] : [{ candidate, key }]
    })
    const linked = pairs.filter(
      ({ candidate, key }) => key.localKeyId !== undefined && key.localKeyId === candidate.localKeyId
    )
    const [chosen, ...others] = linked.length > 0 ? linked : pairs
    if (chosen === undefined) {
      return yield* Result.fail({
        problem: `The private key does not belong to the certificate ${candidates.map(describe).join(", ")}`,
        cure: "Use the key whose request the certificate was made from; in Keychain Access it hangs below the certificate"
      })
    }
    if (others.length > 0) {
      return yield* Result.fail({
        problem: `Several certificates come with their keys: ${[chosen, ...others].map((pair) => describe(pair.candidate)).join(", ")}`,
        cure: "Export only the certificate to send with, together with its key"
      })
    }
    const certificatePem = pemOf(chainOf(chosen.candidate, candidates))
    const privateKeyPem = keyPemOf(chosen.key.key)
    yield* checkTls(certificatePem, privateKeyPem)
    return {
      facts: chosen.candidate.facts,
      fingerprint: chosen.candidate.x509.fingerprint256,
      certificatePem,
      privateKeyPem
    }
  })
