import * as Result from "effect/Result"
import type { Encryption } from "../Certificate.ts"
import * as Asn1 from "./asn1.ts"
import { Oid } from "./pkcs12.ts"

/** RFC 7292, appendix C. OpenSSL 3 has RC2 and RC4 in its legacy provider only, which nothing loads by itself. */
const pkcs12Schemes: Record<string, Encryption> = {
  "1.2.840.113549.1.12.1.1": { scheme: "RC4-128", age: "refused" },
  "1.2.840.113549.1.12.1.2": { scheme: "RC4-40", age: "refused" },
  "1.2.840.113549.1.12.1.3": { scheme: "3DES", age: "old" },
  "1.2.840.113549.1.12.1.4": { scheme: "3DES with two keys", age: "old" },
  "1.2.840.113549.1.12.1.5": { scheme: "RC2-128", age: "refused" },
  "1.2.840.113549.1.12.1.6": { scheme: "RC2-40", age: "refused" }
}

/** RFC 8018, appendix B.2. */
const pbes2Schemes: Record<string, Encryption> = {
  "2.16.840.1.101.3.4.1.2": { scheme: "AES-128", age: "current" },
  "2.16.840.1.101.3.4.1.22": { scheme: "AES-192", age: "current" },
  "2.16.840.1.101.3.4.1.42": { scheme: "AES-256", age: "current" },
  "1.2.840.113549.3.7": { scheme: "3DES", age: "old" }
}

const pbes2 = "1.2.840.113549.1.5.13"

const schemeOf = (algorithm: Asn1.Asn1): Encryption => {
  const name = Asn1.oid(Asn1.member(algorithm, 0))
  const known =
    name === pbes2
      ? pbes2Schemes[Asn1.oid(Asn1.member(Asn1.member(Asn1.member(algorithm, 1), 1), 0))]
      : pkcs12Schemes[name]
  return known ?? { scheme: name, age: "old" }
}

const ofBags = (safeContents: Asn1.Asn1): ReadonlyArray<Encryption> =>
  Asn1.members(safeContents).flatMap((bag) =>
    Asn1.oid(Asn1.member(bag, 0)) === Oid.shroudedKeyBag
      ? [schemeOf(Asn1.member(Asn1.member(Asn1.member(bag, 1), 0), 0))]
      : []
  )

const ofContents = (contentInfo: Asn1.Asn1): ReadonlyArray<Encryption> => {
  const content = Asn1.member(Asn1.member(contentInfo, 1), 0)
  switch (Asn1.oid(Asn1.member(contentInfo, 0))) {
    case Oid.encryptedData:
      return [schemeOf(Asn1.member(Asn1.member(content, 1), 1))]
    case Oid.data:
      return ofBags(Asn1.decode(Asn1.octets(content)))
    default:
      return []
  }
}

/** How the parts of a .p12 are encrypted, each scheme once. It takes no passphrase to know. */
export const encryptionOf = (p12: Uint8Array): ReadonlyArray<Encryption> =>
  Result.merge(
    Asn1.reading(
      () => {
        const content = Asn1.octets(Asn1.member(Asn1.member(Asn1.member(Asn1.decode(p12), 1), 1), 0))
        const found = Asn1.members(Asn1.decode(content)).flatMap(ofContents)
        return found.filter(({ scheme }, index) => found.findIndex((other) => other.scheme === scheme) === index)
      },
      (): ReadonlyArray<Encryption> => []
    )
  )
