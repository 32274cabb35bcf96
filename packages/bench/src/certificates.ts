/** The throw-away credentials of one run: a CA, a server certificate for 127.0.0.1, and a provider key. */
import { generateKeyPairSync, randomBytes } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import forge from "node-forge"

const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
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

const day = 86_400_000

const certificate = (
  subject: string,
  publicKey: forge.pki.PublicKey,
  issuer: string,
  signer: forge.pki.rsa.PrivateKey,
  extensions: Array<object>
): string => {
  const made = forge.pki.createCertificate()
  made.publicKey = publicKey
  // The leading byte keeps the serial number positive.
  made.serialNumber = `01${randomBytes(8).toString("hex")}`
  made.validity.notBefore = new Date(Date.now() - day)
  made.validity.notAfter = new Date(Date.now() + 7 * day)
  made.setSubject([{ name: "commonName", value: subject }])
  made.setIssuer([{ name: "commonName", value: issuer }])
  made.setExtensions(extensions)
  made.sign(signer, forge.md.sha256.create())
  return forge.pki.certificateToPem(made)
}

export interface Files {
  readonly ca: string
  readonly certificate: string
  readonly key: string
  readonly providerKey: string
}

const authorityName = "effect-apns bench CA"

/** Writes them into a folder and gives their paths. */
export const writeCertificates = (folder: string): Files => {
  const authority = keyPair()
  const server = keyPair()
  const providerKey = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" }
  }).privateKey
  const write = (name: string, content: string) => {
    const file = join(folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  return {
    ca: write(
      "ca.pem",
      certificate(authorityName, authority.public, authorityName, authority.private, [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
        { name: "subjectKeyIdentifier" }
      ])
    ),
    certificate: write(
      "server.pem",
      certificate("localhost", server.public, authorityName, authority.private, [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        {
          name: "subjectAltName",
          altNames: [
            { type: 2, value: "localhost" },
            { type: 7, ip: "127.0.0.1" }
          ]
        }
      ])
    ),
    key: write("server-key.pem", server.pem),
    providerKey: write("AuthKey_BENCHKEY01.p8", providerKey)
  }
}
