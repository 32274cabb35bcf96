/** Provider certificates with Apple's extensions, written as DER by hand. */
import { generateKeyPairSync, sign } from "node:crypto"

export interface CertificateOptions {
  readonly uid?: string
  readonly sandbox?: boolean
  readonly production?: boolean
  /** .6.3.6 */
  readonly topics?: ReadonlyArray<readonly [topic: string, kind: string]>
  /** .6.3.4 */
  readonly voipTopics?: string
}

const tlv = (tag: number, ...content: Array<Buffer>): Buffer => {
  const body = Buffer.concat(content)
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...content: Array<Buffer>) => tlv(0x30, ...content)
const utf8 = (value: string) => tlv(0x0c, Buffer.from(value))
const nothing = tlv(0x05)

const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const septets = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) septets.unshift((left & 0x7f) | 0x80)
    bytes.push(...septets)
  }
  return tlv(0x06, Buffer.from(bytes))
}

const extension = (id: string, value: Buffer, critical = false) =>
  sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value))

const apple = (suffix: string, value: Buffer) => extension(`1.2.840.113635.100.${suffix}`, value)
const attribute = (type: string, value: string) => tlv(0x31, sequence(oid(type), utf8(value)))

const time = (millis: number) =>
  tlv(0x17, Buffer.from(`${new Date(millis).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`))

const pem = (label: string, der: Buffer) =>
  `-----BEGIN ${label}-----\n${der.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`

/** A self-signed provider certificate: PEM of certificate and key, and its DER. */
export const providerCertificate = (options: CertificateOptions) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const name = sequence(
    ...(options.uid === undefined ? [] : [attribute("0.9.2342.19200300.100.1.1", options.uid)]),
    attribute("2.5.4.3", "Apple Push Services: com.example.app")
  )
  const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"))
  const extensions = [
    extension("2.5.29.19", sequence(tlv(0x01, Buffer.from([0xff]))), true),
    extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.2")))
  ]
  if (options.sandbox) extensions.push(apple("6.3.1", nothing))
  if (options.production) extensions.push(apple("6.3.2", nothing))
  if (options.voipTopics !== undefined) extensions.push(apple("6.3.4", utf8(options.voipTopics)))
  if (options.topics !== undefined) {
    const list = options.topics.flatMap(([topic, kind]) => [utf8(topic), sequence(utf8(kind))])
    extensions.push(apple("6.3.6", sequence(...list)))
  }
  const tbs = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - 86_400_000), time(Date.now() + 86_400_000)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions))
  )
  const signature = sign("sha256", tbs, privateKey)
  const der = sequence(tbs, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature))
  return {
    der,
    cert: pem("CERTIFICATE", der),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  }
}
