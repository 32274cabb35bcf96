/**
 * Makes every key, certificate and .p12 under test/fixtures/certificates. Run with `pnpm fixtures`.
 *
 * Nothing here is Apple's: the authority, the team "FAKETEAM01" and the app "com.example.FakeApp" are invented, the
 * keys are public by being committed, and the passphrases stand below. The certificates copy the anatomy of Apple's
 * push certificates (extensions, subjects, DER values), and are valid from 2026 to 2076.
 */
import { spawnSync } from "node:child_process"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { certificateBag, keyBag, tlv, writeBerPkcs12, writePbmac1Pkcs12, writePkcs12 } from "./pkcs12Writer.ts"

const passphrase = "correct horse battery"
const unicodePassphrase = "pässwörd €"
const app = "com.example.FakeApp"
const team = "FAKETEAM01"

const out = join(import.meta.dirname, "../test/fixtures/certificates")
const work = mkdtempSync(join(tmpdir(), "effect-apns-fixtures-"))
const path = (name: string) => join(out, name)
const temporary = (name: string) => join(work, name)

const openssl = (...args: ReadonlyArray<string>): void => {
  const { error, status, stderr } = spawnSync("openssl", args, { cwd: work, encoding: "utf8" })
  if (error !== undefined) {
    const missing = "code" in error && error.code === "ENOENT"
    throw new Error(missing ? "The openssl command is missing: install OpenSSL 3 and run this again" : error.message)
  }
  if (status !== 0) {
    throw new Error(`openssl ${args.join(" ")}\n${stderr}`)
  }
}

// --- keys ---

const rsaKey = (file: string) =>
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file)
const ecKey = (file: string, curve: string) =>
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${curve}`, "-out", file)

const keys = (): void => {
  ecKey(path("AuthKey_FAKEKEY001.p8"), "P-256")
  ecKey(path("p384.p8"), "P-384")
  openssl("pkey", "-in", path("AuthKey_FAKEKEY001.p8"), "-pubout", "-out", path("public.pem"))
  openssl("ec", "-in", path("AuthKey_FAKEKEY001.p8"), "-out", path("sec1.pem"))
  openssl(
    "pkcs8",
    "-topk8",
    "-in",
    path("AuthKey_FAKEKEY001.p8"),
    "-passout",
    `pass:${passphrase}`,
    "-out",
    path("encrypted.p8")
  )
  rsaKey(path("push.key.pem"))
  openssl("rsa", "-traditional", "-in", path("push.key.pem"), "-out", path("push-pkcs1.key.pem"))
  openssl(
    ...["pkcs8", "-topk8", "-in", path("push.key.pem"), "-v2", "aes-256-cbc"],
    ...["-passout", `pass:${passphrase}`, "-out", path("push-encrypted.key.pem")]
  )
  openssl(
    ...["rsa", "-traditional", "-aes256", "-in", path("push.key.pem")],
    ...["-passout", `pass:${passphrase}`, "-out", path("push-proc-type.key.pem")]
  )
  openssl(
    ...[
      "pkcs8",
      "-topk8",
      "-in",
      path("push.key.pem"),
      "-v1",
      "PBE-MD5-DES",
      "-provider",
      "legacy",
      "-provider",
      "default"
    ],
    ...["-passout", `pass:${passphrase}`, "-out", path("push-md5-des.key.pem")]
  )
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512", "-out", temporary("small.key"))
  ecKey(path("ec.key.pem"), "P-256")
  openssl("ec", "-in", path("ec.key.pem"), "-out", path("ec-sec1.key.pem"))
}

// --- Apple's extensions, as openssl configuration lines ---

const apple = "1.2.840.113635.100"
const der = (oid: string, value: Uint8Array) => `${oid}=DER:${Buffer.from(value).toString("hex")}`
const utf8 = (text: string) => tlv(0x0c, Buffer.from(text))
const flag = (oid: string) => der(oid, Buffer.from([0x05, 0x00]))
const sandbox = flag(`${apple}.6.3.1`)
const production = flag(`${apple}.6.3.2`)
const topics = (list: ReadonlyArray<readonly [topic: string, kind: string]>) =>
  der(`${apple}.6.3.6`, tlv(0x30, ...list.flatMap(([topic, kind]) => [utf8(topic), tlv(0x30, utf8(kind))])))
const appTopics = topics([
  [app, "app"],
  [`${app}.voip`, "voip"],
  [`${app}.complication`, "complication"]
])
const leaf = (extraUsage: string, ...extensions: ReadonlyArray<string>) => [
  "basicConstraints=critical,CA:FALSE",
  "keyUsage=critical,digitalSignature",
  `extendedKeyUsage=clientAuth${extraUsage}`,
  ...extensions
]

interface Leaf {
  readonly file: string
  readonly commonName: string
  readonly userId: string
  readonly extensions: ReadonlyArray<string>
  readonly key?: string
  readonly dates?: readonly [start: string, end: string]
}

const manyTopics = Array.from({ length: 12 }, (_, index) => [`${app}.part${index}`, "app"] as const)
const mdmTopic = "com.apple.mgmt.External.0f0e0d0c-0b0a-4908-8706-050403020100"

const leaves: ReadonlyArray<Leaf> = [
  {
    file: "development.pem",
    commonName: `Apple Development IOS Push Services: ${app}`,
    userId: app,
    extensions: leaf("", sandbox)
  },
  {
    file: "production.pem",
    commonName: `Apple Production IOS Push Services: ${app}`,
    userId: app,
    extensions: leaf("", production)
  },
  {
    file: "universal.pem",
    commonName: `Apple Push Services: ${app}`,
    userId: app,
    extensions: leaf("", sandbox, production, appTopics)
  },
  {
    file: "voip.pem",
    commonName: `VoIP Services: ${app}`,
    userId: `${app}.voip`,
    extensions: leaf(
      "",
      sandbox,
      production,
      der(`${apple}.6.3.3`, utf8(app)),
      der(`${apple}.6.3.4`, utf8(`${app}, ${app}.voip`)),
      flag(`${apple}.6.3.5`)
    )
  },
  {
    file: "watchkit.pem",
    commonName: `WatchKit Services: ${app}`,
    userId: `${app}.complication`,
    extensions: leaf("", sandbox, production, flag(`${apple}.6.3.5`), appTopics)
  },
  {
    file: "website.pem",
    commonName: "Website Push ID: web.com.example.fake",
    userId: "web.com.example.fake",
    extensions: leaf(`,${apple}.4.15`, production, der(`${apple}.6.1.17`, utf8("web.com.example.fake")))
  },
  {
    file: "pass.pem",
    commonName: "Pass Type ID: pass.com.example.fake",
    userId: "pass.com.example.fake",
    extensions: leaf(`,${apple}.4.14`, production, der(`${apple}.6.1.16`, utf8("pass.com.example.fake")))
  },
  {
    file: "mdm.pem",
    commonName: "APSP:0f0e0d0c-0b0a-4908-8706-050403020100",
    userId: mdmTopic,
    extensions: leaf("", production)
  },
  {
    file: "many-topics.pem",
    commonName: "Apple Push Services: many",
    userId: app,
    extensions: leaf("", sandbox, production, topics(manyTopics))
  },
  {
    file: "not-apns.pem",
    commonName: "Not a push certificate",
    userId: app,
    extensions: ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=codeSigning"]
  },
  {
    file: "expired.pem",
    commonName: `Apple Push Services: ${app}`,
    userId: app,
    extensions: leaf("", sandbox, production, appTopics),
    dates: ["20200101000000Z", "20210131000000Z"]
  },
  {
    file: "not-yet-valid.pem",
    commonName: `Apple Push Services: ${app}`,
    userId: app,
    extensions: leaf("", sandbox, production, appTopics),
    dates: ["20700101000000Z", "20760101000000Z"]
  },
  {
    file: "ec.pem",
    commonName: `Apple Push Services: ${app}`,
    userId: app,
    extensions: leaf("", sandbox, production, appTopics),
    key: path("ec.key.pem")
  },
  {
    file: "small-key.pem",
    commonName: "Apple Push Services: small",
    userId: app,
    extensions: leaf("", sandbox),
    key: temporary("small.key")
  }
]

// --- the authority: a root and an intermediate in the manner of Apple's WWDR ---

const authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]

let serial = 0x1000
const issue = (options: {
  readonly file: string
  readonly subject: string
  readonly key: string
  readonly extensions: ReadonlyArray<string>
  readonly issuer: { readonly certificate: string; readonly key: string } | "self"
  readonly dates: readonly [start: string, end: string]
}): void => {
  serial += 1
  writeFileSync(temporary("serial"), serial.toString(16))
  writeFileSync(temporary("index"), "")
  writeFileSync(
    temporary("openssl.cnf"),
    [
      ...["[req]", "distinguished_name=name", "[name]"],
      ...["[ca]", "default_ca=authority", "[authority]", `new_certs_dir=${work}`, `database=${temporary("index")}`],
      ...[`serial=${temporary("serial")}`, "default_md=sha256", "policy=any", "[any]", "commonName=supplied"],
      ...["[extensions]", ...options.extensions]
    ].join("\n")
  )
  const configuration = ["-config", temporary("openssl.cnf")]
  openssl(
    ...["req", "-new", "-utf8", ...configuration, "-subj", options.subject],
    ...["-key", options.key, "-out", temporary("request")]
  )
  openssl(
    ...["ca", ...configuration, "-batch", "-notext", "-preserveDN", "-extensions", "extensions"],
    ...["-startdate", options.dates[0], "-enddate", options.dates[1]],
    ...(options.issuer === "self"
      ? ["-selfsign", "-keyfile", options.key]
      : ["-cert", options.issuer.certificate, "-keyfile", options.issuer.key]),
    ...["-in", temporary("request"), "-out", path(options.file)]
  )
}

const validity = ["20260101000000Z", "20760101000000Z"] as const

const certificates = (): void => {
  ecKey(temporary("root.key"), "P-256")
  ecKey(temporary("intermediate.key"), "P-256")
  const root = { certificate: path("root.pem"), key: temporary("root.key") }
  const intermediate = { certificate: path("intermediate.pem"), key: temporary("intermediate.key") }
  issue({
    file: "root.pem",
    subject: "/C=US/O=Fake Fruit Inc./CN=Fake Root CA",
    key: root.key,
    extensions: authority,
    issuer: "self",
    dates: validity
  })
  issue({
    file: "intermediate.pem",
    subject: "/C=US/O=Fake Fruit Inc./OU=G0/CN=Fake Worldwide Developer Relations Certification Authority",
    key: intermediate.key,
    extensions: authority,
    issuer: root,
    dates: validity
  })
  for (const { commonName, dates, extensions, file, key, userId } of leaves) {
    issue({
      file,
      subject: `/UID=${userId}/CN=${commonName}/OU=${team}/O=Fake Company/C=US`,
      key: key ?? path("push.key.pem"),
      extensions,
      issuer: intermediate,
      dates: dates ?? validity
    })
  }
  writeFileSync(path("small-key.pem"), readFileSync(temporary("small.key")), { flag: "a" })
}

// --- PEM and PKCS #12 ---

const concatenate = (file: string, ...sources: ReadonlyArray<string>): void =>
  writeFileSync(path(file), sources.map((source) => readFileSync(path(source), "utf8")).join(""))

const exportPkcs12 = (file: string, options: ReadonlyArray<string>, pass = passphrase, source = "universal"): void => {
  const key = source === "ec" ? "ec.key.pem" : "push.key.pem"
  openssl(
    ...["pkcs12", "-export", "-in", path(`${source}.pem`), "-inkey", path(key), "-name", "Fake push certificate"],
    ...[...options, "-passout", `pass:${pass}`, "-out", path(file)]
  )
}

const containers = (): void => {
  concatenate("pair.pem", "universal.pem", "push.key.pem")
  concatenate("scrambled.pem", "root.pem", "push.key.pem", "intermediate.pem", "universal.pem")

  exportPkcs12("legacy.p12", ["-legacy"])
  exportPkcs12("keychain.p12", ["-legacy", "-nomaciter"])
  exportPkcs12("triple-des.p12", ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"])
  exportPkcs12("rc2-128.p12", ["-legacy", "-certpbe", "PBE-SHA1-RC2-128"])
  exportPkcs12("modern.p12", [])
  exportPkcs12("aes128-sha512.p12", ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha512"])
  exportPkcs12("no-mac.p12", ["-nomac"])
  exportPkcs12("unencrypted.p12", ["-keypbe", "NONE", "-certpbe", "NONE"])
  exportPkcs12("rc4.p12", ["-legacy", "-certpbe", "PBE-SHA1-RC4-128"])
  exportPkcs12("empty-legacy.p12", ["-legacy"], "")
  exportPkcs12("empty-modern.p12", [], "")
  exportPkcs12("unicode-legacy.p12", ["-legacy"], unicodePassphrase)
  exportPkcs12("unicode-modern.p12", [], unicodePassphrase)
  exportPkcs12("ec.p12", [], passphrase, "ec")
  exportPkcs12("expired.p12", ["-legacy"], passphrase, "expired")
  concatenate("authorities.tmp", "root.pem", "intermediate.pem")
  exportPkcs12("with-chain.p12", ["-certfile", path("authorities.tmp")])
  rmSync(path("authorities.tmp"))
  openssl(
    "pkcs12",
    "-export",
    "-nokeys",
    "-in",
    path("universal.pem"),
    "-passout",
    `pass:${passphrase}`,
    "-out",
    path("no-key.p12")
  )
  openssl(
    "pkcs12",
    "-export",
    "-nocerts",
    "-inkey",
    path("push.key.pem"),
    "-passout",
    `pass:${passphrase}`,
    "-out",
    path("no-certificate.p12")
  )

  const certificateDer = (file: string) => new X509Certificate(readFileSync(path(file))).raw
  const keyDer = (file: string) =>
    createPrivateKey(readFileSync(path(file), "utf8")).export({ type: "pkcs8", format: "der" })
  const push = certificateDer("universal.pem")
  const development = certificateDer("development.pem")
  const ec = certificateDer("ec.pem")
  const pushKey = keyDer("push.key.pem")
  const otherKey = keyDer("ec.key.pem")
  const write = (file: string, bytes: Uint8Array) => writeFileSync(path(file), bytes)
  const pair = (pass: string | null) => [certificateBag(push, "A"), keyBag(pushKey, pass, "A")]

  write("absent-password.p12", writePkcs12(pair(null), null))
  write("ber.p12", writeBerPkcs12(pair(passphrase), passphrase))
  write("pbmac1.p12", writePbmac1Pkcs12(pair(passphrase), passphrase))
  write("two-keys.p12", writePkcs12([keyBag(otherKey, passphrase, "B"), ...pair(passphrase)], passphrase))
  write("foreign-key.p12", writePkcs12([certificateBag(push, "A"), keyBag(otherKey, passphrase, "A")], passphrase))
  write(
    "two-identities.p12",
    writePkcs12([...pair(passphrase), certificateBag(ec, "B"), keyBag(otherKey, passphrase, "B")], passphrase)
  )
  // One key with two certificates, as after a renewal from the same request: only localKeyID can tell.
  write("shared-key.p12", writePkcs12([certificateBag(development, "B"), ...pair(passphrase)], passphrase))
  write(
    "shared-key-unlinked.p12",
    writePkcs12([certificateBag(development), certificateBag(push), keyBag(pushKey, passphrase)], passphrase)
  )
  write("other-key-passphrase.p12", writePkcs12([certificateBag(push), keyBag(pushKey, "another")], passphrase))
  write("universal.cer", push)
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
try {
  keys()
  certificates()
  containers()
} finally {
  rmSync(work, { recursive: true, force: true })
}
const files = readdirSync(out)
// openssl makes its outputs private to the user; git would record that only in part.
for (const file of files) {
  chmodSync(path(file), 0o644)
}
const bytes = files.reduce((sum, file) => sum + statSync(path(file)).size, 0)
console.log(`${files.length} fixtures, ${Math.ceil(bytes / 1024)} KB, in test/fixtures/certificates`)
