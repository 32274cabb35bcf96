/**
 * The simulator's certificates. Keys are made by node:crypto, off the main thread and far faster than in JavaScript;
 * node-forge writes and signs the certificates. The authority lasts as long as the process, or is kept in a directory; the
 * server's certificate is made anew for each simulator.
 */
import { createPrivateKey, generateKeyPair, randomBytes, X509Certificate } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { isIP } from "node:net"
import { join } from "node:path"
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

/** A certificate authority: PEM of its certificate and of its key. */
interface Authority {
  readonly certificate: string
  readonly key: string
}

const authorityName = "effect-apns simulator CA"

const makeAuthority = async (): Promise<Authority> => {
  const keys = await rsaKeyPair()
  return {
    certificate: certificate(authorityName, authorityName, keys.public, keys.private, [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      { name: "subjectKeyIdentifier" }
    ]),
    key: keys.pem
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"

/** A file's text; `undefined` when there is none. */
const readIfThere = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })

export const caFileOf = (directory: string): string => join(directory, "ca.pem")

/** Throws what is wrong with an authority that was read. */
const check = ({ certificate, key }: Authority, directory: string): Authority => {
  const read = new X509Certificate(certificate)
  if (!read.checkPrivateKey(createPrivateKey(key))) throw new Error(`${directory}: the key is not the certificate's`)
  if (Date.parse(read.validTo) < Date.now()) throw new Error(`${directory}: the certificate expired; delete both files`)
  return { certificate, key }
}

/** The authority kept in a directory; made there the first time, with a key that only its owner may read. */
const keptAuthority = async (directory: string): Promise<Authority> => {
  const keyFile = join(directory, "ca-key.pem")
  const caFile = caFileOf(directory)
  const certificate = await readIfThere(caFile)
  const key = await readIfThere(keyFile)
  if (certificate !== undefined && key !== undefined) return check({ certificate, key }, directory)
  if (certificate !== undefined || key !== undefined) {
    throw new Error(`${directory} holds one of ca.pem and ca-key.pem without the other; delete it`)
  }
  const made = await makeAuthority()
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // Exclusive: of two processes that start together one fails, and neither has half of the other's files.
  await writeFile(keyFile, made.key, { mode: 0o600, flag: "wx" })
  await writeFile(caFile, made.certificate, { flag: "wx" })
  return made
}

const alternative = (host: string) => (isIP(host) === 0 ? { type: dns, value: host } : { type: address, ip: host })

const makeIdentity = async (authority: Authority, hostnames: ReadonlyArray<string>): Promise<Identity> => {
  const server = await rsaKeyPair()
  const names = [...new Set(["localhost", "127.0.0.1", "::1", ...hostnames])]
  return {
    ca: authority.certificate,
    certificate: certificate("localhost", authorityName, server.public, forge.pki.privateKeyFromPem(authority.key), [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: names.map(alternative) }
    ]),
    key: server.pem
  }
}

let shared: Promise<Authority> | undefined
let sharedIdentity: Promise<Identity> | undefined

/** The identity of this process. */
export const identity = (): Promise<Identity> => {
  shared ??= makeAuthority()
  sharedIdentity ??= shared.then((authority) => makeIdentity(authority, []))
  return sharedIdentity
}

/** An identity for these host names beside the local ones, by the authority of the directory, or of this process. */
export const identityFor = (caDirectory: string | undefined, hostnames: ReadonlyArray<string>): Promise<Identity> => {
  if (caDirectory !== undefined) return keptAuthority(caDirectory).then((kept) => makeIdentity(kept, hostnames))
  if (hostnames.length === 0) return identity()
  shared ??= makeAuthority()
  return shared.then((authority) => makeIdentity(authority, hostnames))
}
