import * as Result from "effect/Result"
import type { CertificateCredentials } from "../Credentials.ts"
import * as Asn1 from "./asn1.ts"
import type { CertificateFacts } from "./certificateFacts.ts"

/** What Apple's own extensions say about a push certificate. */
export type AppleFacts = Pick<CertificateCredentials, "kind" | "topics" | "environments" | "clientAuthentication">

const apple = "1.2.840.113635.100"
const Oid = {
  sandbox: `${apple}.6.3.1`,
  production: `${apple}.6.3.2`,
  voipBundleId: `${apple}.6.3.3`,
  voipTopics: `${apple}.6.3.4`,
  services: `${apple}.6.3.5`,
  topics: `${apple}.6.3.6`,
  passTypeId: `${apple}.6.1.16`,
  websiteId: `${apple}.6.1.17`,
  extendedKeyUsage: "2.5.29.37",
  clientAuthentication: "1.3.6.1.5.5.7.3.2",
  anyUsage: "2.5.29.37.0"
} as const

type Topics = AppleFacts["topics"]

/** An extension this reader does not understand counts as absent: Apple may extend them, and they only inform. */
const read = <A>(facts: CertificateFacts, oid: string, f: (value: Asn1.Asn1) => A): A | undefined => {
  const der = facts.extensions.get(oid)
  return der === undefined
    ? undefined
    : Result.getOrUndefined(
        Asn1.reading(
          () => f(Asn1.decode(der)),
          () => undefined
        )
      )
}

/** A SEQUENCE in which each topic may be followed by a SEQUENCE of its kinds. */
const topicList = (value: Asn1.Asn1): Topics => {
  const topics: Array<{ readonly topic: string; readonly kinds: Array<string> }> = []
  for (const item of Asn1.members(value)) {
    if (Asn1.isSequence(item)) {
      topics.at(-1)?.kinds.push(...Asn1.members(item).map(Asn1.text))
    } else {
      topics.push({ topic: Asn1.text(item), kinds: [] })
    }
  }
  return topics
}

const plain = (topic: string | undefined): Topics => (topic === undefined ? [] : [{ topic, kinds: [] }])

/** One UTF8String holding every topic of a VoIP certificate, separated by comma and space. */
const voipTopics = (value: Asn1.Asn1): Topics =>
  Asn1.text(value)
    .split(",")
    .map((topic) => topic.trim())
    .filter((topic) => topic !== "")
    .flatMap(plain)

const kindOf = (facts: CertificateFacts): AppleFacts["kind"] => {
  const has = (oid: string) => facts.extensions.has(oid)
  if (has(Oid.passTypeId)) return "pass"
  if (has(Oid.websiteId)) return "website"
  if (facts.userId?.startsWith("com.apple.mgmt.")) return "mdm"
  if (has(Oid.voipBundleId) || has(Oid.voipTopics)) return "voip"
  if (has(Oid.services)) return "watchkit"
  if (has(Oid.sandbox)) return has(Oid.production) ? "universal" : "development"
  return has(Oid.production) ? "production" : "unknown"
}

/**
 * Reads Apple's extensions by object identifier and never by the common name's wording, which changed over the years
 * (measured on certificates Apple issued; Apple page "Establishing a certificate-based connection to APNs").
 */
export const readAppleFacts = (facts: CertificateFacts): AppleFacts => {
  const listed =
    read(facts, Oid.topics, topicList) ??
    read(facts, Oid.voipTopics, voipTopics) ??
    plain(read(facts, Oid.passTypeId, Asn1.text) ?? read(facts, Oid.websiteId, Asn1.text))
  const usages = read(facts, Oid.extendedKeyUsage, (value) => Asn1.members(value).map(Asn1.oid))
  return {
    kind: kindOf(facts),
    topics: listed.length > 0 ? listed : plain(facts.userId),
    environments: [
      ...(facts.extensions.has(Oid.sandbox) ? (["sandbox"] as const) : []),
      ...(facts.extensions.has(Oid.production) ? (["production"] as const) : [])
    ],
    clientAuthentication:
      usages === undefined || usages.includes(Oid.clientAuthentication) || usages.includes(Oid.anyUsage)
  }
}
