/**
 * The simulator's throw-away certificates. Keys are made by node:crypto, off the main thread and far faster than in
 * JavaScript; node-forge writes and signs the certificates. Made once per process: nobody outside it needs to trust them.
 */
import { generateKeyPair, randomBytes } from "node:crypto"
import { promisify } from "node:util"
import forge from "node-forge"

export interface Identity {
  /** PEM of the CA certificate that a client has to trust. */
  readonly ca: string
  /** PEM of the server's certificate and key. */
  readonly certificate: string
  readonly key: string
}

const day = 86_400_000

const rsaKeyPair = async () => {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" }
  })
  return {
    pem: privateKey,
    private: forge.pki.privateKeyFromPem(privateKey),
    public: forge.pki.publicKeyFromPem(publicKey)
  }
}

const name = (commonName: string) => [
  { name: "commonName", value: commonName },
  { name: "organizationName", value: "effect-apns simulator" }
]

const certificate = (
  subject: string,
  issuer: string,
  publicKey: forge.pki.PublicKey,
  signer: forge.pki.rsa.PrivateKey,
  extensions: Array<object>
): string => {
  const made = forge.pki.createCertificate()
  made.publicKey = publicKey
  // The leading byte keeps the serial number positive.
  made.serialNumber = `01${randomBytes(8).toString("hex")}`
  // TLS compares these with the machine's clock, so Effect's Clock, which a test may set, is not asked.
  made.validity.notBefore = new Date(Date.now() - day)
  made.validity.notAfter = new Date(Date.now() + 825 * day)
  made.setSubject(name(subject))
  made.setIssuer(name(issuer))
  made.setExtensions(extensions)
  made.sign(signer, forge.md.sha256.create())
  return forge.pki.certificateToPem(made)
}

const dns = 2
const address = 7

const makeIdentity = async (): Promise<Identity> => {
  const [authority, server] = await Promise.all([rsaKeyPair(), rsaKeyPair()])
  const authorityName = "effect-apns simulator CA"
  return {
    ca: certificate(authorityName, authorityName, authority.public, authority.private, [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      { name: "subjectKeyIdentifier" }
    ]),
    certificate: certificate("localhost", authorityName, server.public, authority.private, [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: dns, value: "localhost" },
          { type: address, ip: "127.0.0.1" },
          { type: address, ip: "::1" }
        ]
      }
    ]),
    key: server.pem
  }
}

let shared: Promise<Identity> | undefined

/** The identity of this process. */
export const identity = (): Promise<Identity> => {
  shared ??= makeIdentity()
  return shared
}
