import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Credentials from "effect-apns/Credentials"
import { asNobody } from "../support/nobody.ts"

const directory = join(import.meta.dirname, "../fixtures/certificates")
const path = (name: string) => join(directory, name)
const bytes = (name: string) => readFileSync(path(name))
const text = (name: string) => readFileSync(path(name), "utf8")

// The passphrases of scripts/certificates.ts.
const passphrase = "correct horse battery"
const unicodePassphrase = "pässwörd €"

const today = TestClock.setTime(Date.parse("2026-11-23T12:00:00Z"))

/** Every rendering through which an error or a value could reach a log. */
const renderings = (value: unknown): string =>
  [
    String(value),
    value instanceof Error ? value.message + value.stack : "",
    inspect(value, { depth: 10, showHidden: true }),
    JSON.stringify(value)
  ].join("\n")

const base64Lines = (name: string) =>
  text(name)
    .split("\n")
    .filter((line) => line.length > 8 && !line.includes("-----") && !line.includes(":"))

/** A P-256 key's scalar lies in bytes 36 to 67 of its PKCS #8: the end of its first line and the start of its second. */
const ecSecrets = (name: string) => [
  base64Lines(name)[0]?.slice(50, 64) ?? "",
  base64Lines(name)[1]?.slice(0, 20) ?? ""
]

/** The second half of an RSA key holds nothing public. */
const rsaSecrets = (name: string) =>
  base64Lines(name)
    .slice(14)
    .map((line) => line.slice(4, 28))

const secrets = [
  passphrase,
  unicodePassphrase,
  ...["AuthKey_FAKEKEY001.p8", "ec.key.pem"].flatMap(ecSecrets),
  ...["push.key.pem", "push-pkcs1.key.pem"].flatMap(rsaSecrets),
  ...["encrypted.p8", "push-encrypted.key.pem"].flatMap((name) => base64Lines(name).map((line) => line.slice(4, 28)))
].filter((secret) => secret.length > 8)

const assertNoSecret = (value: unknown): void => {
  const rendered = renderings(value)
  assert.deepStrictEqual(
    secrets.filter((secret) => rendered.includes(secret)),
    []
  )
}

/** Runs a loader that must fail, and returns the reason after checking that it keeps its secrets. */
const problemOf = <A, E>(loading: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    yield* today
    const error = yield* Effect.flip(loading)
    assertNoSecret(error)
    return renderings(error)
  })

const token = (privateKey: string) =>
  Credentials.token({ teamId: "FAKETEAM01", keyId: "FAKEKEY001", privateKey: Redacted.make(privateKey) })
const tokenFile = (privateKeyFile: string) =>
  Credentials.token({ teamId: "FAKETEAM01", keyId: "FAKEKEY001", privateKeyFile })

describe("token", () => {
  const clean = text("AuthKey_FAKEKEY001.p8")

  it.effect.each<readonly [name: string, value: string]>([
    ["a .p8 as downloaded", clean],
    ["CRLF line breaks", clean.replaceAll("\n", "\r\n")],
    ["the escapes of an environment variable", clean.replaceAll("\n", "\\n")],
    ["doubled escapes", clean.replaceAll("\n", "\\\\n")],
    ["CRLF escapes", clean.replaceAll("\n", "\\r\\n")],
    ["a byte order mark", `\uFEFF${clean}`],
    ["spaces in place of line breaks", clean.replaceAll("\n", " ")],
    ["quotation marks around it", `"${clean.trim()}"`],
    ["no line break at the end", clean.trim()],
    [
      "the parameters block that openssl writes first",
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${clean}`
    ]
  ])("accepts %s and normalises it", ([, value]) =>
    Effect.gen(function* () {
      const credentials = yield* token(value)
      assert.strictEqual(Redacted.value(credentials.privateKey), clean)
      assert.strictEqual(credentials.teamId, "FAKETEAM01")
      assert.strictEqual(credentials.keyId, "FAKEKEY001")
    })
  )

  it.effect("reads a file", () =>
    Effect.gen(function* () {
      const credentials = yield* tokenFile(path("AuthKey_FAKEKEY001.p8"))
      assert.strictEqual(Redacted.value(credentials.privateKey), clean)
    })
  )

  it.effect("reads a file that a Windows shell wrote as UTF-16", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.promise(() => writeFile(join(folder, "key.p8"), Buffer.from(`\uFEFF${clean}`, "utf16le")))
      const credentials = yield* tokenFile(join(folder, "key.p8"))
      assert.strictEqual(Redacted.value(credentials.privateKey), clean)
    })
  )

  it.effect("shows no key when printed", () => Effect.map(token(clean), assertNoSecret))

  const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString()
  const secp256k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString()
  const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString()

  it.effect.each<readonly [name: string, value: string, expected: string]>([
    ["an empty value", "", "it is empty"],
    ["blank space", " \n ", "it is empty"],
    ["a path", "./keys/AuthKey_FAKEKEY001.p8", "path of a file"],
    ["plain text", "hello", "plain text without a BEGIN line"],
    [
      "the bare base64 inside the file",
      clean.replaceAll(/-----.*-----/g, ""),
      "bare base64 without BEGIN and END lines"
    ],
    ["JSON", JSON.stringify({ key: 1 }), "it is JSON"],
    ["an error page", "<!doctype html><p>403", "HTML or XML"],
    ["a certificate", text("universal.pem"), "This is a certificate, not a token key"],
    ["a public key", text("public.pem"), "This is a public key"],
    ["SEC1", text("sec1.pem"), "openssl pkcs8 -topk8 -nocrypt"],
    ["an encrypted key", text("encrypted.p8"), "This private key is encrypted"],
    ["an RSA key", text("push.key.pem"), "key of type rsa"],
    ["an RSA key in PKCS #1", text("push-pkcs1.key.pem"), "This is an RSA key"],
    ["P-384", text("p384.p8"), "on the curve P-384"],
    ["P-521", p521, "on the curve P-521"],
    ["secp256k1", secp256k1, "on the curve secp256k1"],
    ["Ed25519", ed25519, "key of type ed25519"],
    ["two keys", clean + clean, "2 private keys"],
    ["a text without its END line", clean.slice(0, 150), 'END PRIVATE KEY-----" is missing'],
    ["a text cut in the middle", `${clean.slice(0, 101)}\n-----END PRIVATE KEY-----`, "is damaged"],
    ["a missing line", clean.split("\n").toSpliced(2, 1).join("\n"), "does not hold a complete PKCS #8 key"],
    ["foreign characters", clean.replace("M", "*"), "characters that are not base64"],
    ["an empty block", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "nothing between"],
    ["another kind of PEM", "-----BEGIN PGP MESSAGE-----\nAAAA\n-----END PGP MESSAGE-----", "holds PGP MESSAGE"]
  ])("refuses %s", ([, value, expected]) =>
    Effect.map(problemOf(token(value)), (problem) => assert.include(problem.replaceAll('\\"', '"'), expected))
  )

  it.effect.each<readonly [name: string, teamId: string, keyId: string, expected: string]>([
    ["a short team id", "TEAM", "FAKEKEY001", "Membership page"],
    ["a lower-case key id", "FAKETEAM01", "fakekey001", "Keys page"],
    ["a key where an id belongs", clean, "FAKEKEY001", `it has ${clean.length}`]
  ])("refuses %s", ([, teamId, keyId, expected]) =>
    Effect.map(problemOf(Credentials.token({ teamId, keyId, privateKey: Redacted.make(clean) })), (problem) =>
      assert.include(problem, expected)
    )
  )

  it.effect("sees ids that were swapped by the file's name", () =>
    Effect.gen(function* () {
      const problem = yield* problemOf(
        Credentials.token({ teamId: "FAKEKEY001", keyId: "FAKETEAM01", privateKeyFile: path("AuthKey_FAKEKEY001.p8") })
      )
      assert.include(problem, "Swap teamId and keyId")
    })
  )

  it.effect("explains files that cannot be read", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      assert.include(yield* problemOf(tokenFile(join(folder, "none.p8"))), "it does not exist")
      assert.include(yield* problemOf(tokenFile(folder)), "it is a directory")
      assert.include(yield* problemOf(tokenFile(path("legacy.p12"))), "it is a .p12 file")
      yield* Effect.promise(() => writeFile(join(folder, "large"), Buffer.alloc(2 ** 21)))
      assert.include(yield* problemOf(tokenFile(join(folder, "large"))), "2097152 bytes")
    })
  )

  it.effect("explains a file without permission", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "key.p8")
      yield* Effect.promise(() => writeFile(file, clean))
      yield* Effect.promise(() => chmod(file, 0))
      assert.include(yield* asNobody([folder, file], problemOf(tokenFile(file))), "permission is denied")
    })
  )
})

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-apns-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

const p12 = (name: string, pass?: string) =>
  Credentials.certificate({ p12: bytes(name), passphrase: pass === undefined ? undefined : Redacted.make(pass) })
const pem = (certificate: string, key?: string, pass?: string) =>
  Credentials.certificate({
    pem: certificate,
    key: key === undefined ? undefined : Redacted.make(key),
    passphrase: pass === undefined ? undefined : Redacted.make(pass)
  })
const keyOf = (credentials: Credentials.CertificateCredentials) => Redacted.value(credentials.privateKey)
const blocks = (certificate: string) =>
  certificate.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
const commonNames = (certificate: string) =>
  blocks(certificate).map((block) => /CN=(.*)/.exec(new X509Certificate(block).subject)?.[1])

describe("certificate: what it says", () => {
  const app = "com.example.FakeApp"
  const three = [
    { topic: app, kinds: ["app"] },
    { topic: `${app}.voip`, kinds: ["voip"] },
    { topic: `${app}.complication`, kinds: ["complication"] }
  ]
  const plain = (...topics: ReadonlyArray<string>) => topics.map((topic) => ({ topic, kinds: [] }))
  const both = ["sandbox", "production"]
  const mdm = "com.apple.mgmt.External.0f0e0d0c-0b0a-4908-8706-050403020100"

  it.effect.each<
    readonly [
      name: string,
      kind: Credentials.CertificateKind,
      commonName: string,
      topic: string,
      environments: ReadonlyArray<string>,
      topics: ReadonlyArray<Credentials.CertificateTopic>
    ]
  >([
    ["development", "development", `Apple Development IOS Push Services: ${app}`, app, ["sandbox"], plain(app)],
    ["production", "production", `Apple Production IOS Push Services: ${app}`, app, ["production"], plain(app)],
    ["universal", "universal", `Apple Push Services: ${app}`, app, both, three],
    ["voip", "voip", `VoIP Services: ${app}`, `${app}.voip`, both, plain(app, `${app}.voip`)],
    ["watchkit", "watchkit", `WatchKit Services: ${app}`, `${app}.complication`, both, three],
    [
      "website",
      "website",
      "Website Push ID: web.com.example.fake",
      "web.com.example.fake",
      ["production"],
      plain("web.com.example.fake")
    ],
    [
      "pass",
      "pass",
      "Pass Type ID: pass.com.example.fake",
      "pass.com.example.fake",
      ["production"],
      plain("pass.com.example.fake")
    ],
    ["mdm", "mdm", "APSP:0f0e0d0c-0b0a-4908-8706-050403020100", mdm, ["production"], plain(mdm)],
    ["not-apns", "unknown", "Not a push certificate", app, [], plain(app)]
  ])("reads a %s certificate", ([name, kind, commonName, topic, environments, topics]) =>
    Effect.gen(function* () {
      yield* today
      const certificate = text(`${name}.pem`)
      const credentials = yield* pem(certificate, text("push.key.pem"))
      assert.strictEqual(credentials.kind, kind)
      assert.strictEqual(credentials.commonName, commonName)
      assert.strictEqual(credentials.topic, topic)
      assert.strictEqual(credentials.teamId, "FAKETEAM01")
      assert.deepStrictEqual(credentials.environments, environments)
      assert.deepStrictEqual(credentials.topics, topics)
      assert.strictEqual(credentials.clientAuthentication, name !== "not-apns")
      assert.strictEqual(DateTime.formatIso(credentials.notBefore), "2026-01-01T00:00:00.000Z")
      assert.strictEqual(DateTime.formatIso(credentials.expiresAt), "2076-01-01T00:00:00.000Z")
      const digest = createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex").toUpperCase()
      assert.strictEqual(credentials.fingerprint.replaceAll(":", ""), digest)
      assert.strictEqual(credentials.certificate, certificate)
      assertNoSecret(credentials)
    })
  )

  it.effect("reads a topic list longer than one length byte can say", () =>
    Effect.gen(function* () {
      yield* today
      const { topics } = yield* pem(text("many-topics.pem"), text("push.key.pem"))
      assert.strictEqual(topics.length, 12)
      assert.deepStrictEqual(topics.at(-1), { topic: `${app}.part11`, kinds: ["app"] })
    })
  )
})

describe("certificate: .p12", () => {
  it.effect.each<readonly [name: string, file: string, pass: string | undefined]>([
    ["RC2-40 and 3DES, as OpenSSL 1 wrote it", "legacy.p12", passphrase],
    ["one MAC iteration, as Keychain Access wrote it", "keychain.p12", passphrase],
    ["3DES throughout", "triple-des.p12", passphrase],
    ["RC2-128", "rc2-128.p12", passphrase],
    ["PBES2 with AES-256 and SHA-256, as OpenSSL 3 writes it", "modern.p12", passphrase],
    ["PBES2 with AES-128 and a SHA-512 MAC", "aes128-sha512.p12", passphrase],
    ["PBMAC1", "pbmac1.p12", passphrase],
    ["no MAC", "no-mac.p12", passphrase],
    ["nothing encrypted but a MAC", "unencrypted.p12", passphrase],
    ["BER with indefinite lengths", "ber.p12", passphrase],
    ["an empty passphrase, old", "empty-legacy.p12", undefined],
    ["an empty passphrase, new", "empty-modern.p12", undefined],
    ["an empty passphrase given as such", "empty-legacy.p12", ""],
    ["an absent password", "absent-password.p12", undefined],
    ["an absent password given as empty", "absent-password.p12", ""],
    ["a passphrase beyond ASCII, old", "unicode-legacy.p12", unicodePassphrase],
    ["a passphrase beyond ASCII, new", "unicode-modern.p12", unicodePassphrase],
    ["two keys, of which one belongs to the certificate", "two-keys.p12", passphrase],
    ["two certificates for one key, linked by localKeyID", "shared-key.p12", passphrase]
  ])("reads a file with %s", ([, file, pass]) =>
    Effect.gen(function* () {
      yield* today
      const credentials = yield* p12(file, pass)
      assert.strictEqual(credentials.certificate, text("universal.pem"))
      assert.strictEqual(keyOf(credentials), text("push.key.pem"))
      assert.strictEqual(credentials.kind, "universal")
      assertNoSecret(credentials)
    })
  )

  it.effect("reads an EC key", () =>
    Effect.gen(function* () {
      yield* today
      const credentials = yield* p12("ec.p12", passphrase)
      assert.strictEqual(keyOf(credentials), text("ec.key.pem"))
      assert.strictEqual(credentials.certificate, text("ec.pem"))
    })
  )

  it.effect("keeps the chain and puts it in order", () =>
    Effect.gen(function* () {
      yield* today
      const credentials = yield* p12("with-chain.p12", passphrase)
      assert.deepStrictEqual(commonNames(credentials.certificate), [
        "Apple Push Services: com.example.FakeApp",
        "Fake Worldwide Developer Relations Certification Authority",
        "Fake Root CA"
      ])
    })
  )

  it.effect.each<readonly [name: string, file: string, pass: string | undefined, expected: string]>([
    ["a wrong passphrase, old", "legacy.p12", "guess", "The passphrase is wrong"],
    ["a wrong passphrase, new", "modern.p12", "guess", "its MAC does not verify"],
    ["a wrong passphrase under PBMAC1", "pbmac1.p12", "guess", "its MAC does not verify"],
    ["a wrong passphrase without a MAC", "no-mac.p12", "guess", "its content does not decrypt"],
    ["a passphrase with its file's line break", "legacy.p12", `${passphrase}\n`, "white space"],
    ["an empty passphrase", "legacy.p12", "", "needs a passphrase and none was given"],
    ["a missing passphrase", "legacy.p12", undefined, "needs a passphrase and none was given"],
    ["a certificate without its key", "no-key.p12", passphrase, "select the certificate and its key, and export both"],
    ["a key without its certificate", "no-certificate.p12", passphrase, "holds a private key without a certificate"],
    ["a foreign key", "foreign-key.p12", passphrase, "does not belong to the certificate"],
    ["two certificates with their keys", "two-identities.p12", passphrase, "Several certificates come with their keys"],
    [
      "two unlinked certificates for one key",
      "shared-key-unlinked.p12",
      passphrase,
      "Apple Development IOS Push Services"
    ],
    ["a key under another passphrase", "other-key-passphrase.p12", passphrase, "another passphrase than the file"],
    ["a cipher nobody should use", "rc4.p12", passphrase, "scheme that is not supported"],
    ["an expired certificate", "expired.p12", passphrase, "expired at 2021-01-31T00:00:00.000Z"],
    ["PEM text", "pair.pem", undefined, "it is PEM text"],
    ["a bare certificate", "universal.cer", undefined, "a bare certificate (.cer)"]
  ])("refuses %s", ([, file, pass, expected]) =>
    Effect.map(problemOf(p12(file, pass)), (problem) => assert.include(problem, expected))
  )

  const whole = bytes("modern.p12")
  it.effect.each<readonly [name: string, value: Uint8Array, expected: string]>([
    ["nothing", new Uint8Array(), "it is empty"],
    ["half a file", whole.subarray(0, 1000), "it is cut off"],
    ["a file that went through UTF-8", Buffer.from(whole.toString("utf8")), "This is not a .p12 file"],
    ["base64 of a file", Buffer.from(whole.toString("base64")), "it is bare base64"],
    ["a ZIP archive", Buffer.from("PK\u0003\u0004rest of it"), "it is a ZIP archive"],
    ["a Java key store", Buffer.from("feedfeed00000002", "hex"), "it is a Java key store"],
    ["a changed byte", whole.with(900, (whole[900] ?? 0) ^ 1), "its MAC does not verify"],
    ["noise", Buffer.from("fffefdfc00010203", "hex"), "This is not a .p12 file"]
  ])("refuses %s", ([, value, expected]) =>
    Effect.map(problemOf(Credentials.certificate({ p12: value, passphrase: Redacted.make(passphrase) })), (problem) =>
      assert.include(problem, expected)
    )
  )

  it.effect.each<readonly [name: string, file: string, step: number]>([
    ["authenticated", "ec.p12", 31],
    ["not authenticated", "no-mac.p12", 17],
    ["without encryption", "unencrypted.p12", 17],
    ["that is a bare certificate", "universal.cer", 3]
  ])("survives one changed byte in a file %s", ([, file, step]) =>
    Effect.gen(function* () {
      yield* today
      const folder = yield* temporaryFolder
      const whole = bytes(file)
      const keyFile = file === "universal.cer" ? path("push.key.pem") : undefined
      for (let index = 0; index < whole.length; index += step) {
        yield* Effect.promise(() =>
          writeFile(join(folder, "changed"), whole.with(index, (whole[index] ?? 0) ^ (1 << (index % 8))))
        )
        // A changed byte may go unseen or fail; what must not happen is a defect, which Effect.result lets through.
        const result = yield* Effect.result(
          Credentials.certificate({ file: join(folder, "changed"), keyFile, passphrase: Redacted.make(passphrase) })
        )
        assertNoSecret(result)
      }
    })
  )
})

describe("certificate: PEM", () => {
  const pair = text("pair.pem")

  it.effect.each<readonly [name: string, certificate: string, key: string | undefined, pass: string | undefined]>([
    ["certificate and key in one text", pair, undefined, undefined],
    ["an unencrypted PKCS #8 key", text("universal.pem"), text("push.key.pem"), undefined],
    ["a PKCS #1 key", text("universal.pem"), text("push-pkcs1.key.pem"), undefined],
    ["an encrypted PKCS #8 key", text("universal.pem"), text("push-encrypted.key.pem"), passphrase],
    ["a key encrypted the old way (Proc-Type)", text("universal.pem"), text("push-proc-type.key.pem"), passphrase],
    ["escapes for line breaks", pair.replaceAll("\n", "\\n"), undefined, undefined],
    ["CRLF", pair.replaceAll("\n", "\r\n"), undefined, undefined],
    ["the key given twice", pair, text("push-pkcs1.key.pem"), undefined],
    [
      "bag attributes between the blocks",
      pair.replaceAll("-----BEGIN", "Bag Attributes\n    localKeyID: 01 02\n-----BEGIN"),
      undefined,
      undefined
    ]
  ])("reads %s", ([, certificate, key, pass]) =>
    Effect.gen(function* () {
      yield* today
      const credentials = yield* pem(certificate, key, pass)
      assert.strictEqual(credentials.certificate, text("universal.pem"))
      assert.strictEqual(keyOf(credentials), text("push.key.pem"))
      assertNoSecret(credentials)
    })
  )

  it.effect("reads a SEC1 key", () =>
    Effect.gen(function* () {
      yield* today
      assert.strictEqual(keyOf(yield* pem(text("ec.pem"), text("ec-sec1.key.pem"))), text("ec.key.pem"))
    })
  )

  it.effect("takes the text as a redacted value", () =>
    Effect.gen(function* () {
      yield* today
      assert.strictEqual((yield* Credentials.certificate({ pem: Redacted.make(pair) })).kind, "universal")
    })
  )

  it.effect("sorts blocks given in any order", () =>
    Effect.gen(function* () {
      yield* today
      assert.deepStrictEqual(commonNames((yield* pem(text("scrambled.pem"))).certificate), [
        "Apple Push Services: com.example.FakeApp",
        "Fake Worldwide Developer Relations Certification Authority",
        "Fake Root CA"
      ])
    })
  )

  it.effect("leaves out certificates that are not of the chain", () =>
    Effect.gen(function* () {
      yield* today
      const credentials = yield* pem(text("ec.pem") + text("root.pem") + pair)
      assert.strictEqual(credentials.certificate, text("universal.pem"))
    })
  )

  it.effect.each<
    readonly [name: string, certificate: string, key: string | undefined, pass: string | undefined, expected: string]
  >([
    [
      "a missing passphrase",
      text("universal.pem"),
      text("push-encrypted.key.pem"),
      undefined,
      "no passphrase was given"
    ],
    ["a wrong passphrase", text("universal.pem"), text("push-encrypted.key.pem"), "guess", "The passphrase is wrong"],
    [
      "a missing passphrase (Proc-Type)",
      text("universal.pem"),
      text("push-proc-type.key.pem"),
      undefined,
      "no passphrase was given"
    ],
    [
      "a wrong passphrase (Proc-Type)",
      text("universal.pem"),
      text("push-proc-type.key.pem"),
      "guess",
      "The passphrase is wrong"
    ],
    [
      "a cipher that OpenSSL 3 dropped",
      text("universal.pem"),
      text("push-md5-des.key.pem"),
      passphrase,
      "no longer offers"
    ],
    ["a certificate without a key", text("universal.pem"), undefined, undefined, "without its private key"],
    ["a key without a certificate", text("push.key.pem"), undefined, undefined, "holds no certificate"],
    ["a token key", text("AuthKey_FAKEKEY001.p8"), undefined, undefined, "use Credentials.token"],
    ["a foreign key", text("universal.pem"), text("ec.key.pem"), undefined, "does not belong to the certificate"],
    ["a damaged certificate", pair.replace("MII", "AAA"), undefined, undefined, "The certificate is damaged"],
    ["a text cut off", pair.slice(0, 700), undefined, undefined, "is missing: the text is cut off"],
    [
      "an expired certificate",
      text("expired.pem"),
      text("push.key.pem"),
      undefined,
      "expired at 2021-01-31T00:00:00.000Z"
    ],
    [
      "a certificate of the future",
      text("not-yet-valid.pem"),
      text("push.key.pem"),
      undefined,
      "is not valid before 2070-01-01T00:00:00.000Z"
    ],
    ["something else", "hello", undefined, undefined, "This is not a PEM file"]
  ])("refuses %s", ([, certificate, key, pass, expected]) =>
    Effect.map(problemOf(pem(certificate, key, pass)), (problem) => assert.include(problem, expected))
  )

  it.effect("measures validity by the Clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2020-06-01T00:00:00Z"))
      assert.strictEqual((yield* pem(text("expired.pem"), text("push.key.pem"))).kind, "universal")
    })
  )

  it.effect("refuses a pair that TLS does not take", () =>
    Effect.map(problemOf(pem(text("small-key.pem"))), (problem) =>
      assert.include(problem, "TLS refuses the certificate with its key: ee key too small")
    )
  )
})

describe("certificate: files", () => {
  it.effect.each<readonly [name: string, file: string, keyFile: string | undefined]>([
    ["a .p12", "legacy.p12", undefined],
    ["one PEM file", "pair.pem", undefined],
    ["two PEM files", "universal.pem", "push.key.pem"],
    ["the .cer from Apple's site with the key beside it", "universal.cer", "push-encrypted.key.pem"]
  ])("reads %s", ([, file, keyFile]) =>
    Effect.gen(function* () {
      yield* today
      const credentials = yield* Credentials.certificate({
        file: path(file),
        keyFile: keyFile === undefined ? undefined : path(keyFile),
        passphrase: Redacted.make(passphrase)
      })
      assert.strictEqual(credentials.certificate, text("universal.pem"))
      const publicKey = createPublicKey(createPrivateKey(keyOf(credentials)))
      assert.isTrue(publicKey.equals(new X509Certificate(credentials.certificate).publicKey))
    })
  )

  it.effect("names the file at fault", () =>
    Effect.gen(function* () {
      const problem = yield* problemOf(
        Credentials.certificate({ file: path("universal.pem"), keyFile: path("legacy.p12") })
      )
      assert.include(problem, "legacy.p12: This is not a PEM file")
      const bare = yield* problemOf(Credentials.certificate({ file: path("universal.cer") }))
      assert.include(bare, "as Apple's site hands it out")
      const missing = yield* problemOf(Credentials.certificate({ file: path("none.p12") }))
      assert.include(missing, "it does not exist")
    })
  )
})
