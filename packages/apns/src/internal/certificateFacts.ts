import type * as Result from "effect/Result"
import * as Asn1 from "./asn1.ts"
import type { CredentialsProblem } from "./credentialsProblem.ts"

/** What the library reads out of the DER of one certificate (RFC 5280, section 4.1). */
export interface CertificateFacts {
  /** The subject and the issuer as hexadecimal DER, for comparison only. */
  readonly subject: string
  readonly issuer: string
  readonly commonName: string
  readonly userId: string | undefined
  readonly organizationalUnit: string | undefined
  readonly notBefore: Date
  readonly notAfter: Date
  /** The DER value of each extension by its dotted object identifier. */
  readonly extensions: ReadonlyMap<string, Buffer>
}

const Oid = {
  commonName: "2.5.4.3",
  organizationalUnit: "2.5.4.11",
  userId: "0.9.2342.19200300.100.1.1"
} as const

const attribute = (name: Asn1.Asn1, oid: string): string | undefined => {
  for (const relative of Asn1.members(name)) {
    for (const pair of Asn1.members(relative)) {
      if (Asn1.oid(Asn1.member(pair, 0)) === oid) {
        return Asn1.text(Asn1.member(pair, 1))
      }
    }
  }
  return undefined
}

const readExtensions = (wrapper: Asn1.Asn1 | undefined): ReadonlyMap<string, Buffer> =>
  new Map(
    wrapper === undefined
      ? []
      : Asn1.members(Asn1.member(wrapper, 0)).map((extension) => [
          Asn1.oid(Asn1.member(extension, 0)),
          // The optional critical flag stands between the identifier and the value.
          Asn1.octets(Asn1.members(extension).at(-1))
        ])
  )

/** Reads a certificate's DER. */
export const readCertificate = (der: Uint8Array): Result.Result<CertificateFacts, CredentialsProblem> =>
  Asn1.reading(
    () => {
      const fields = Asn1.members(Asn1.member(Asn1.decode(der), 0))
      // A version 1 certificate has no version field.
      const [, , issuer, validity, subject] = Asn1.isTagged(fields[0], 0) ? fields.slice(1) : fields
      if (issuer === undefined || subject === undefined) {
        throw new Asn1.MalformedAsn1("name missing")
      }
      return {
        subject: Asn1.encode(subject).toString("hex"),
        issuer: Asn1.encode(issuer).toString("hex"),
        commonName: attribute(subject, Oid.commonName) ?? "",
        userId: attribute(subject, Oid.userId),
        organizationalUnit: attribute(subject, Oid.organizationalUnit),
        notBefore: Asn1.time(Asn1.member(validity, 0)),
        notAfter: Asn1.time(Asn1.member(validity, 1)),
        extensions: readExtensions(fields.find((field) => Asn1.isTagged(field, 3)))
      }
    },
    () => ({
      problem: "The certificate is damaged: its structure cannot be read",
      cure: "Download it again from the developer account, or export it again from Keychain Access"
    })
  )
