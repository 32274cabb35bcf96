import { createPublicKey, type X509Certificate } from "node:crypto"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Description, Encryption, Finding, Inspection, ProblemName, RemarkName } from "../Certificate.ts"
import { readAppleFacts } from "./appleExtensions.ts"
import { datesProblem } from "./certificateDates.ts"
import type { Source } from "./certificateSource.ts"
import type { CredentialsProblem } from "./credentialsProblem.ts"
import {
  type Candidate,
  chainOf,
  identify,
  keyPemOf,
  pemOf,
  readCandidates,
  spki,
  withoutCertificate
} from "./identity.ts"
import { encryptionOf } from "./pkcs12Encryption.ts"

const curves: Record<string, string> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" }

const publicKeyOf = ({ publicKey }: X509Certificate): string => {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
  const size = namedCurve === undefined ? modulusLength : (curves[namedCurve] ?? namedCurve)
  return `${(publicKey.asymmetricKeyType ?? "unknown").toUpperCase()} ${size ?? ""}`.trimEnd()
}

const describe = ({ facts, x509 }: Candidate): Description => ({
  commonName: facts.commonName,
  subject: x509.subject.replaceAll("\n", ", "),
  issuer: x509.issuer.replaceAll("\n", ", "),
  serialNumber: x509.serialNumber,
  notBefore: DateTime.fromDateUnsafe(facts.notBefore),
  expiresAt: DateTime.fromDateUnsafe(facts.notAfter),
  fingerprint: x509.fingerprint256,
  publicKey: publicKeyOf(x509)
})

const named = <Name extends string>(name: Name, { problem, cure }: CredentialsProblem): Finding<Name> => ({
  name,
  problem,
  cure
})

const encryptionRemark = (encryption: ReadonlyArray<Encryption>): ReadonlyArray<Finding<RemarkName>> => {
  const legacy = encryption.filter(({ age }) => age !== "current")
  if (legacy.length === 0) return []
  const refused = legacy.filter(({ age }) => age === "refused")
  const said =
    refused.length > 0
      ? `OpenSSL 3 (Node's own TLS, curl and others) refuses ${list(refused)} as "unsupported"`
      : "newer programs may refuse that"
  return [
    {
      name: "legacyEncryption",
      problem: `The .p12 file is encrypted with ${list(legacy)}, as old exports are. It can be used here, but ${said}`,
      cure: "Convert it to PEM for programs that do not read it, or export it again with AES-256"
    }
  ]
}

const list = (encryption: ReadonlyArray<Encryption>) => encryption.map(({ scheme }) => scheme).join(" and ")

const issues = (issuer: Candidate, other: Candidate) =>
  issuer !== other && other.facts.issuer === issuer.facts.subject && other.facts.subject !== issuer.facts.subject

/** Looks at what was read from a file, at a moment in milliseconds since the epoch. */
export const inspectSource = (
  { material, origin, p12 }: Source,
  millis: number
): Result.Result<Inspection, CredentialsProblem> =>
  Result.gen(function* () {
    const candidates = yield* readCandidates(material)
    const keys = material.keys.map(({ key }) => ({ key, publicKey: spki(createPublicKey(key)) }))
    const keyOf = (candidate: Candidate) => keys.find(({ publicKey }) => publicKey === candidate.publicKey)
    const pairs = candidates.filter((candidate) => keyOf(candidate) !== undefined)
    const identity = identify(material, origin)
    const chosen = Result.getOrUndefined(identity)?.fingerprint
    const leaf =
      candidates.find(({ x509 }) => x509.fingerprint256 === chosen) ??
      pairs[0] ??
      candidates.find((each) => !candidates.some((other) => issues(each, other))) ??
      candidates[0]
    if (leaf === undefined) return yield* Result.fail(withoutCertificate(origin))

    const problems: Array<Finding<ProblemName>> = []
    if (Result.isFailure(identity)) {
      const name =
        keys.length === 0
          ? "noKey"
          : pairs.length === 0
            ? "foreignKey"
            : pairs.length > 1
              ? "severalPairs"
              : "refusedByTls"
      problems.push(named(name, identity.failure))
    }
    const dates = datesProblem(leaf.facts, millis)
    if (dates !== undefined) {
      problems.push(named(leaf.facts.notAfter.getTime() <= millis ? "expired" : "notYetValid", dates))
    }

    const encryption = p12 === undefined ? [] : encryptionOf(p12)
    const apple = readAppleFacts(leaf.facts)
    const remarks: Array<Finding<RemarkName>> = [...encryptionRemark(encryption)]
    if (apple.kind === "unknown") {
      remarks.push({
        name: "notForApns",
        problem: "The certificate has none of Apple's push extensions, so that APNs will not know it",
        cure: "Use the certificate that the developer account gives for push notifications (Certificates page)"
      })
    }
    if (!apple.clientAuthentication) {
      remarks.push({
        name: "notForClients",
        problem: "TLS client authentication is not among the purposes of the certificate",
        cure: "Use the certificate that the developer account gives for push notifications (Certificates page)"
      })
    }

    const [, ...chain] = chainOf(leaf, candidates)
    const last = chain.at(-1) ?? leaf
    const key = keyOf(leaf)?.key
    return {
      format: origin,
      encryption,
      certificate: {
        ...describe(leaf),
        topic: leaf.facts.userId,
        teamId: leaf.facts.organizationalUnit,
        ...apple
      },
      chain: chain.map(describe),
      chainComplete: last.facts.subject === last.facts.issuer,
      others: candidates.filter((each) => each !== leaf && !chain.includes(each)).map(describe),
      key: key !== undefined ? "matching" : keys.length > 0 ? "foreign" : "absent",
      problems,
      remarks,
      certificatePem: pemOf([leaf, ...chain]),
      privateKeyPem: key === undefined ? undefined : Redacted.make(keyPemOf(key), { label: "APNs certificate key" })
    }
  })
