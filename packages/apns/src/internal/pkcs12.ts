import { createPrivateKey } from "node:crypto"
import * as Result from "effect/Result"
import * as Asn1 from "./asn1.ts"
import type { CredentialsProblem } from "./credentialsProblem.ts"
import type { Material } from "./identity.ts"
import { decrypt, type Password, type PasswordFailure, verifyMac } from "./passwordEncryption.ts"

/** RFC 7292, section 4, and RFC 2315. */
export const Oid = {
  data: "1.2.840.113549.1.7.1",
  encryptedData: "1.2.840.113549.1.7.6",
  signedData: "1.2.840.113549.1.7.2",
  keyBag: "1.2.840.113549.1.12.10.1.1",
  shroudedKeyBag: "1.2.840.113549.1.12.10.1.2",
  certBag: "1.2.840.113549.1.12.10.1.3",
  safeContentsBag: "1.2.840.113549.1.12.10.1.6",
  x509Certificate: "1.2.840.113549.1.9.22.1",
  localKeyId: "1.2.840.113549.1.9.21"
} as const

const reexport =
  "Export the .p12 again from Keychain Access, or rewrite it: openssl pkcs12 -in old.p12 -nodes -out all.pem, " +
  "then openssl pkcs12 -export -in all.pem -out new.p12"

const damaged: CredentialsProblem = {
  problem: "The .p12 file is damaged: its structure cannot be read",
  cure: "Copy it again in binary mode, or export it again from Keychain Access"
}

const localKeyIdOf = (bag: Asn1.Asn1): string | undefined => {
  const attributes = Asn1.members(bag)[2]
  const found =
    attributes === undefined
      ? undefined
      : Asn1.members(attributes).find((attribute) => Asn1.oid(Asn1.member(attribute, 0)) === Oid.localKeyId)
  return found === undefined ? undefined : Asn1.octets(Asn1.member(found, 1)).toString("hex")
}

/** Reads the bags of one SafeContents; CRL, secret and unknown bags are of no use here and are skipped. */
const readBags = (safeContents: Asn1.Asn1, password: Password): Result.Result<Material, PasswordFailure> =>
  Result.gen(function* () {
    const keys: Array<Material["keys"][number]> = []
    const certificates: Array<Material["certificates"][number]> = []
    for (const bag of Asn1.members(safeContents)) {
      const kind = Asn1.oid(Asn1.member(bag, 0))
      const value = Asn1.member(Asn1.member(bag, 1), 0)
      if (kind === Oid.keyBag || kind === Oid.shroudedKeyBag) {
        const pkcs8 =
          kind === Oid.keyBag
            ? Asn1.encode(value)
            : yield* decrypt(Asn1.member(value, 0), Asn1.octets(Asn1.member(value, 1)), password)
        // The decrypted PKCS #8 goes to node:crypto as it is: forge itself knows RSA keys only.
        const key = yield* Asn1.reading(
          () => createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }),
          (): PasswordFailure => ({ _tag: "WrongPassword" })
        )
        keys.push({ key, localKeyId: localKeyIdOf(bag) })
      } else if (kind === Oid.certBag && Asn1.oid(Asn1.member(value, 0)) === Oid.x509Certificate) {
        const der = Asn1.octets(Asn1.member(Asn1.member(value, 1), 0))
        certificates.push({ der, localKeyId: localKeyIdOf(bag) })
      } else if (kind === Oid.safeContentsBag) {
        const nested = yield* readBags(value, password)
        keys.push(...nested.keys)
        certificates.push(...nested.certificates)
      }
    }
    return { keys, certificates }
  })

const decryptContents = (contentInfo: Asn1.Asn1, password: Password): Result.Result<Asn1.Asn1, PasswordFailure> => {
  const kind = Asn1.oid(Asn1.member(contentInfo, 0))
  const content = Asn1.member(Asn1.member(contentInfo, 1), 0)
  if (kind === Oid.data) {
    return Result.succeed(Asn1.decode(Asn1.octets(content)))
  }
  if (kind !== Oid.encryptedData) {
    return Result.fail({ _tag: "Unsupported", what: "public-key privacy mode" })
  }
  const encrypted = Asn1.member(content, 1)
  return Result.flatMap(
    decrypt(Asn1.member(encrypted, 1), Asn1.octets(Asn1.member(encrypted, 2)), password),
    // Bytes that decrypt but do not parse come from a wrong password whose padding happened to fit.
    (plain) =>
      Asn1.reading(
        () => Asn1.decode(plain),
        (): PasswordFailure => ({ _tag: "WrongPassword" })
      )
  )
}

/** Once the MAC has verified the passphrase, what it does not open is not the passphrase's fault. */
const differentPart: PasswordFailure = {
  _tag: "Unsupported",
  what: "a part has another passphrase than the file, or holds a kind of key that cannot be read"
}

const readWith = (pfx: Asn1.Asn1, password: Password): Result.Result<Material, PasswordFailure> =>
  Result.gen(function* () {
    const authSafe = Asn1.member(pfx, 1)
    if (Asn1.oid(Asn1.member(authSafe, 0)) === Oid.signedData) {
      return yield* Result.fail<PasswordFailure>({ _tag: "Unsupported", what: "public-key integrity mode" })
    }
    const content = Asn1.octets(Asn1.member(Asn1.member(authSafe, 1), 0))
    const macData = Asn1.members(pfx)[2]
    if (macData !== undefined) {
      yield* verifyMac(macData, content, password)
    }
    const keys: Array<Material["keys"][number]> = []
    const certificates: Array<Material["certificates"][number]> = []
    for (const contentInfo of Asn1.members(Asn1.decode(content))) {
      const found = yield* decryptContents(contentInfo, password).pipe(
        Result.flatMap((safeContents) => readBags(safeContents, password)),
        Result.mapError((failure) =>
          macData !== undefined && failure._tag === "WrongPassword" ? differentPart : failure
        )
      )
      keys.push(...found.keys)
      certificates.push(...found.certificates)
    }
    return { keys, certificates }
  })

const wrongPassphrase = (passphrase: string | undefined, hasMac: boolean): CredentialsProblem => {
  const evidence = hasMac ? "its MAC does not verify" : "its content does not decrypt"
  if (passphrase === undefined || passphrase === "") {
    return {
      problem: `The .p12 file needs a passphrase and none was given (${evidence} without one)`,
      cure: "Pass `passphrase`: the one that was typed when the file was exported",
      passphrase: "missing"
    }
  }
  return {
    problem: `The passphrase is wrong: it does not open the .p12 file (${evidence})`,
    cure: /^\s|\s$/.test(passphrase)
      ? "The passphrase begins or ends with white space, perhaps the line break of a secret file: remove it"
      : "Use the passphrase that was typed when the file was exported; if it is lost, export the file again",
    passphrase: "wrong"
  }
}

/**
 * Reads the keys and certificates of a PKCS #12 file (RFC 7292) of any age, without OpenSSL's own reader, which refuses
 * the RC2 of old exports. An absent passphrase and an empty one both stand for "no passphrase", in both encodings.
 */
export const readPkcs12 = (
  bytes: Uint8Array,
  passphrase: string | undefined
): Result.Result<Material, CredentialsProblem> => {
  const parsed = Asn1.reading(
    () => {
      const pfx = Asn1.decode(bytes)
      return { pfx, hasMac: Asn1.members(pfx).length > 2 }
    },
    () => damaged
  )
  if (Result.isFailure(parsed)) {
    return Result.fail(parsed.failure)
  }
  const { hasMac, pfx } = parsed.success
  const passwords: ReadonlyArray<Password> = passphrase === undefined || passphrase === "" ? ["", null] : [passphrase]
  let failure: PasswordFailure = { _tag: "Malformed" }
  for (const password of passwords) {
    const attempt = Result.flatMap(
      Asn1.reading(
        () => readWith(pfx, password),
        (): PasswordFailure => ({ _tag: "Malformed" })
      ),
      (inner) => inner
    )
    if (Result.isSuccess(attempt)) {
      return Result.succeed(attempt.success)
    }
    failure = attempt.failure
  }
  switch (failure._tag) {
    case "WrongPassword":
      return Result.fail(wrongPassphrase(passphrase, hasMac))
    case "Unsupported":
      return Result.fail({
        problem: `The .p12 file uses a scheme that is not supported: ${failure.what}`,
        cure: reexport
      })
    case "Malformed":
      return Result.fail(damaged)
  }
}
