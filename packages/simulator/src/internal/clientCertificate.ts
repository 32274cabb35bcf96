/**
 * Reads what APNs needs from a provider certificate: the topics and environments that Apple's certificate extensions
 * grant. Layout: Apple, "Establishing a certificate-based connection to APNs", and certificates issued by Apple.
 */
import type { Environment } from "../Credentials.ts"

export interface ClientCertificate {
  /** From 1.2.840.113635.100.6.3.6, else .6.3.4, else the subject's UID. Empty when the certificate has none. */
  readonly topics: ReadonlyArray<string>
  /** From .6.3.1 (sandbox) and .6.3.2 (production). Empty: not a push certificate. */
  readonly environments: ReadonlyArray<Environment>
}

interface Element {
  readonly tag: number
  readonly content: Buffer
}

const tags = { sequence: 0x30, utf8: 0x0c, octets: 0x04, version: 0xa0, extensions: 0xa3 } as const

/** The elements that fill `der`. Throws on a malformed length. */
const elements = (der: Buffer): Array<Element> => {
  const found: Array<Element> = []
  let at = 0
  while (at < der.length) {
    const tag = der.readUInt8(at)
    let length = der.readUInt8(at + 1)
    at += 2
    if (length & 0x80) {
      const bytes = length & 0x7f
      length = der.readUIntBE(at, bytes)
      at += bytes
    }
    if (at + length > der.length) throw new RangeError("DER element longer than its container")
    found.push({ tag, content: der.subarray(at, at + length) })
    at += length
  }
  return found
}

const oids = {
  uid: "0992268993f22c640101",
  sandbox: "2a864886f76364060301",
  production: "2a864886f76364060302",
  voipTopics: "2a864886f76364060304",
  topics: "2a864886f76364060306"
} as const

const text = (element: Element) => element.content.toString("utf8")

/** The subject's UID: Name ::= SEQUENCE OF SET OF SEQUENCE { OID, value }. */
const subjectUid = (subject: Buffer): string | undefined => {
  for (const set of elements(subject)) {
    for (const attribute of elements(set.content)) {
      const [type, value] = elements(attribute.content)
      if (type !== undefined && value !== undefined && type.content.toString("hex") === oids.uid) return text(value)
    }
  }
  return undefined
}

const extensionValues = (extensions: Buffer): ReadonlyMap<string, Buffer> => {
  const values = new Map<string, Buffer>()
  for (const list of elements(extensions)) {
    for (const extension of elements(list.content)) {
      const parts = elements(extension.content)
      const id = parts[0]
      // The optional `critical` flag stands between the id and the value.
      const value = parts.at(-1)
      if (id !== undefined && value?.tag === tags.octets) values.set(id.content.toString("hex"), value.content)
    }
  }
  return values
}

/** .6.3.6: SEQUENCE of topic, SEQUENCE of kinds, topic, … The kinds are not needed. */
const listedTopics = (value: Buffer): ReadonlyArray<string> =>
  elements(elements(value)[0]?.content ?? Buffer.alloc(0))
    .filter((element) => element.tag === tags.utf8)
    .map(text)

/** .6.3.4: one string, topics separated by comma and space. */
const commaTopics = (value: Buffer): ReadonlyArray<string> =>
  elements(value)
    .flatMap((element) => text(element).split(","))
    .map((topic) => topic.trim())
    .filter((topic) => topic !== "")

/** `undefined` when the bytes are not an X.509 certificate. */
export const readClientCertificate = (der: Buffer): ClientCertificate | undefined => {
  try {
    const tbs = elements(elements(elements(der)[0]?.content ?? der)[0]?.content ?? der)
    const fields = tbs[0]?.tag === tags.version ? tbs.slice(1) : tbs
    // serialNumber, signature, issuer, validity, subject, …
    const subject = fields[4]
    if (subject?.tag !== tags.sequence) return undefined
    const extensions = fields.find((field) => field.tag === tags.extensions)
    const values = extensions === undefined ? new Map<string, Buffer>() : extensionValues(extensions.content)
    const listed = values.get(oids.topics)
    const voip = values.get(oids.voipTopics)
    const uid = subjectUid(subject.content)
    const environments: Array<Environment> = []
    if (values.has(oids.sandbox)) environments.push("sandbox")
    if (values.has(oids.production)) environments.push("production")
    return {
      topics: listed !== undefined ? listedTopics(listed) : voip !== undefined ? commaTopics(voip) : uid ? [uid] : [],
      environments
    }
  } catch {
    return undefined
  }
}
