import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto"
import { identity } from "effect/Function"
import * as Result from "effect/Result"
import forge from "node-forge"
import * as Asn1 from "./asn1.ts"

/**
 * A PKCS #12 password. `null` is the absent password: it enters the PKCS #12 key derivation as zero bytes, while the
 * empty string enters as one NUL character (RFC 7292, appendix B.1). Programs disagree on which of the two "no
 * password" means.
 */
export type Password = string | null

/** Why bytes could not be decrypted or authenticated. */
export type PasswordFailure =
  | { readonly _tag: "WrongPassword" }
  | { readonly _tag: "Unsupported"; readonly what: string }
  | { readonly _tag: "Malformed" }

export const malformed = (): PasswordFailure => ({ _tag: "Malformed" })
const wrongPassword: PasswordFailure = { _tag: "WrongPassword" }
const unsupported = (what: string): Result.Result<never, PasswordFailure> => Result.fail({ _tag: "Unsupported", what })

/** An upper bound on key derivation, which blocks the process. NSS uses 600,000, more than any other known writer. */
const maximumIterations = 2_000_000

/** RFC 7292, appendix B.3: what the derived bytes are for. */
const Purpose = { key: 1, iv: 2, mac: 3 } as const

const digests: Record<
  string,
  { readonly name: string; readonly size: number; readonly make: () => forge.md.MessageDigest }
> = {
  "1.3.14.3.2.26": { name: "sha1", size: 20, make: () => forge.md.sha1.create() },
  "2.16.840.1.101.3.4.2.1": { name: "sha256", size: 32, make: () => forge.md.sha256.create() },
  "2.16.840.1.101.3.4.2.2": { name: "sha384", size: 48, make: () => forge.md.sha512.sha384.create() },
  "2.16.840.1.101.3.4.2.3": { name: "sha512", size: 64, make: () => forge.md.sha512.create() }
}

const hmacs: Record<string, string> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512"
}

const tripleDes = (key: string, iv: string, data: Buffer): Buffer | undefined => {
  const decipher = forge.cipher.createDecipher("3DES-CBC", key)
  decipher.start({ iv })
  decipher.update(forge.util.createBuffer(data.toString("latin1")))
  return decipher.finish() ? Buffer.from(decipher.output.getBytes(), "latin1") : undefined
}

const rc2 =
  (bits: number) =>
  (key: string, iv: string, data: Buffer): Buffer | undefined => {
    const decipher = forge.rc2.createDecryptionCipher(key, bits)
    decipher.start(iv)
    decipher.update(forge.util.createBuffer(data.toString("latin1")))
    return decipher.finish() ? Buffer.from(decipher.output.getBytes(), "latin1") : undefined
  }

// RC2 is not in OpenSSL 3's default provider, and 3DES is on its way out: both run in JavaScript (RFC 7292, appendix C).
const pkcs12Ciphers: Record<string, { readonly keySize: number; readonly decrypt: ReturnType<typeof rc2> }> = {
  "1.2.840.113549.1.12.1.3": { keySize: 24, decrypt: tripleDes },
  "1.2.840.113549.1.12.1.5": { keySize: 16, decrypt: rc2(128) },
  "1.2.840.113549.1.12.1.6": { keySize: 5, decrypt: rc2(40) }
}

const aes =
  (name: string) =>
  (key: Buffer, iv: Buffer, data: Buffer): Buffer | undefined => {
    const decipher = createDecipheriv(name, key, iv)
    const head = decipher.update(data)
    try {
      return Buffer.concat([head, decipher.final()])
    } catch {
      return undefined
    }
  }

const pbes2Ciphers: Record<string, { readonly keySize: number; readonly decrypt: ReturnType<typeof aes> }> = {
  "2.16.840.1.101.3.4.1.2": { keySize: 16, decrypt: aes("aes-128-cbc") },
  "2.16.840.1.101.3.4.1.22": { keySize: 24, decrypt: aes("aes-192-cbc") },
  "2.16.840.1.101.3.4.1.42": { keySize: 32, decrypt: aes("aes-256-cbc") },
  "1.2.840.113549.3.7": {
    keySize: 24,
    decrypt: (key, iv, data) => tripleDes(key.toString("latin1"), iv.toString("latin1"), data)
  }
}

const iterationsOf = (value: Asn1.Asn1 | undefined): number => {
  const iterations = Asn1.integer(value)
  if (iterations < 1 || iterations > maximumIterations) {
    throw new Asn1.MalformedAsn1("iteration count out of range")
  }
  return iterations
}

const pkcs12Derive = (
  password: Password,
  salt: Buffer,
  purpose: number,
  iterations: number,
  size: number,
  digest?: forge.md.MessageDigest
): string =>
  forge.pkcs12
    .generateKey(password, forge.util.createBuffer(salt.toString("latin1")), purpose, iterations, size, digest)
    .getBytes()

interface Pbkdf2 {
  readonly keySize: number | undefined
  readonly derive: (password: Password, size: number) => Buffer
}

const readPbkdf2 = (algorithm: Asn1.Asn1): Result.Result<Pbkdf2, PasswordFailure> => {
  const name = Asn1.oid(Asn1.member(algorithm, 0))
  if (name !== "1.2.840.113549.1.5.12") {
    return unsupported(`key derivation ${name}`)
  }
  const parameters = Asn1.member(algorithm, 1)
  const salt = Asn1.octets(Asn1.member(parameters, 0))
  const iterations = iterationsOf(Asn1.member(parameters, 1))
  const rest = Asn1.members(parameters).slice(2)
  const keySize = rest.find(Asn1.isInteger)
  const prf = rest.find(Asn1.isSequence)
  const prfOid = prf === undefined ? "1.2.840.113549.2.7" : Asn1.oid(Asn1.member(prf, 0))
  const hash = hmacs[prfOid]
  return hash === undefined
    ? unsupported(`pseudo-random function ${prfOid}`)
    : Result.succeed({
        keySize: keySize === undefined ? undefined : Asn1.integer(keySize),
        derive: (password, size) => pbkdf2Sync(Buffer.from(password ?? "", "utf8"), salt, iterations, size, hash)
      })
}

const decryptPbes2 = (
  parameters: Asn1.Asn1,
  data: Buffer,
  password: Password
): Result.Result<Buffer, PasswordFailure> =>
  Result.flatMap(readPbkdf2(Asn1.member(parameters, 0)), (kdf) => {
    const scheme = Asn1.member(parameters, 1)
    const name = Asn1.oid(Asn1.member(scheme, 0))
    const cipher = pbes2Ciphers[name]
    if (cipher === undefined) {
      return unsupported(`cipher ${name}`)
    }
    const key = kdf.derive(password, cipher.keySize)
    const plain = cipher.decrypt(key, Asn1.octets(Asn1.member(scheme, 1)), data)
    return plain === undefined ? Result.fail(wrongPassword) : Result.succeed(plain)
  })

/**
 * Decrypts `data` under an `AlgorithmIdentifier` of PKCS #5 PBES2 (RFC 8018, section 6.2) or of the PKCS #12 schemes
 * (RFC 7292, appendix C).
 */
export const decrypt = (
  algorithm: Asn1.Asn1,
  data: Buffer,
  password: Password
): Result.Result<Buffer, PasswordFailure> =>
  Result.flatMap(
    Asn1.reading(() => {
      const name = Asn1.oid(Asn1.member(algorithm, 0))
      const parameters = Asn1.member(algorithm, 1)
      if (name === "1.2.840.113549.1.5.13") {
        return decryptPbes2(parameters, data, password)
      }
      const cipher = pkcs12Ciphers[name]
      if (cipher === undefined) {
        return unsupported(`encryption ${name}`)
      }
      const salt = Asn1.octets(Asn1.member(parameters, 0))
      const iterations = iterationsOf(Asn1.member(parameters, 1))
      const key = pkcs12Derive(password, salt, Purpose.key, iterations, cipher.keySize)
      const iv = pkcs12Derive(password, salt, Purpose.iv, iterations, 8)
      const plain = cipher.decrypt(key, iv, data)
      return plain === undefined ? Result.fail(wrongPassword) : Result.succeed(plain)
    }, malformed),
    identity
  )

const macKey = (
  macData: Asn1.Asn1,
  password: Password
): Result.Result<{ hash: string; key: Buffer }, PasswordFailure> => {
  const algorithm = Asn1.member(Asn1.member(macData, 0), 0)
  const name = Asn1.oid(Asn1.member(algorithm, 0))
  // PBMAC1 (RFC 9579) keeps salt and iterations in its own parameters and ignores those of MacData.
  if (name === "1.2.840.113549.1.5.14") {
    const parameters = Asn1.member(algorithm, 1)
    return Result.flatMap(readPbkdf2(Asn1.member(parameters, 0)), (kdf) => {
      const scheme = Asn1.oid(Asn1.member(Asn1.member(parameters, 1), 0))
      const hash = hmacs[scheme]
      if (hash === undefined) {
        return unsupported(`message authentication ${scheme}`)
      }
      // RFC 9579, section 4: keyLength must be there; the lower bound keeps a forged one from emptying the check.
      if (kdf.keySize === undefined || kdf.keySize < 20 || kdf.keySize > 64) {
        return Result.fail(malformed())
      }
      return Result.succeed({ hash, key: kdf.derive(password, kdf.keySize) })
    })
  }
  const digest = digests[name]
  if (digest === undefined) {
    return unsupported(`digest ${name}`)
  }
  const salt = Asn1.octets(Asn1.member(macData, 1))
  const iterations = Asn1.members(macData).length > 2 ? iterationsOf(Asn1.member(macData, 2)) : 1
  const key = pkcs12Derive(password, salt, Purpose.mac, iterations, digest.size, digest.make())
  return Result.succeed({ hash: digest.name, key: Buffer.from(key, "latin1") })
}

/** Checks `content` against the `MacData` of a PKCS #12 file (RFC 7292, section 4; PBMAC1: RFC 9579). */
export const verifyMac = (
  macData: Asn1.Asn1,
  content: Buffer,
  password: Password
): Result.Result<void, PasswordFailure> =>
  Result.flatMap(
    Asn1.reading(
      () =>
        Result.flatMap(macKey(macData, password), ({ hash, key }) => {
          const expected = Asn1.octets(Asn1.member(Asn1.member(macData, 0), 1))
          const actual = createHmac(hash, key).update(content).digest()
          return expected.length === actual.length && timingSafeEqual(expected, actual)
            ? Result.succeed(undefined)
            : Result.fail(wrongPassword)
        }),
      malformed
    ),
    identity
  )
