import { readFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { type ApnsError, Certificate, Credentials } from "effect-apns"

const directory = join(import.meta.dirname, "../fixtures/certificates")
const path = (name: string) => join(directory, name)
const text = (name: string) => readFileSync(path(name), "utf8")

// The passphrase of scripts/certificates.ts.
const passphrase = Redacted.make("correct horse battery")
const app = "com.example.FakeApp"

const today = TestClock.setTime(Date.parse("2026-11-23T12:00:00Z"))

const inspected = (options: Credentials.CertificateOptions) => Effect.andThen(today, Certificate.inspect(options))
const names = (findings: ReadonlyArray<Certificate.Finding>): ReadonlyArray<string> => findings.map(({ name }) => name)

describe("inspect", () => {
  it.effect("tells everything about a certificate with its key", () =>
    Effect.gen(function* () {
      const { certificate, key, problems, remarks, ...rest } = yield* inspected({
        file: path("universal.pem"),
        keyFile: path("push.key.pem")
      })
      assert.deepStrictEqual([key, problems, remarks], ["matching", [], []])
      assert.deepStrictEqual([rest.format, rest.encryption, rest.others], ["pem", [], []])
      assert.strictEqual(certificate.commonName, `Apple Push Services: ${app}`)
      assert.include(certificate.subject, `UID=${app}, CN=Apple Push Services: ${app}, OU=FAKETEAM01`)
      assert.match(certificate.issuer, /^C=US, O=.*, CN=/)
      assert.match(certificate.serialNumber, /^[0-9A-F]+$/)
      assert.match(certificate.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      assert.strictEqual(certificate.publicKey, "RSA 2048")
      assert.deepStrictEqual(
        [certificate.kind, certificate.teamId, certificate.topic, certificate.environments],
        ["universal", "FAKETEAM01", app, ["sandbox", "production"]]
      )
      assert.deepStrictEqual(
        certificate.topics.map(({ topic }) => topic),
        [app, `${app}.voip`, `${app}.complication`]
      )
      assert.strictEqual(rest.certificatePem, text("universal.pem"))
      assert.strictEqual(
        rest.privateKeyPem === undefined ? undefined : Redacted.value(rest.privateKeyPem),
        text("push.key.pem")
      )
    })
  )

  it.effect("shows the private key to nobody", () =>
    Effect.gen(function* () {
      const found = yield* inspected({ file: path("pair.pem") })
      const key = found.privateKeyPem === undefined ? "" : Redacted.value(found.privateKeyPem)
      const secret = key.split("\n")[14] ?? ""
      assert.isAbove(secret.length, 60)
      assert.notInclude(inspect(found, { depth: 9, showHidden: true }), secret)
      assert.notInclude(JSON.stringify(found), secret)
    })
  )

  it.effect.each<
    readonly [file: string, problems: ReadonlyArray<Certificate.ProblemName>, key: Certificate.Inspection["key"]]
  >([
    ["pair.pem", [], "matching"],
    ["modern.p12", [], "matching"],
    ["universal.pem", ["noKey"], "absent"],
    ["universal.cer", ["noKey"], "absent"],
    ["no-key.p12", ["noKey"], "absent"],
    ["foreign-key.p12", ["foreignKey"], "foreign"],
    ["two-identities.p12", ["severalPairs"], "matching"],
    ["expired.p12", ["expired"], "matching"],
    ["expired.pem", ["noKey", "expired"], "absent"],
    ["not-yet-valid.pem", ["noKey", "notYetValid"], "absent"]
  ])("finds what is wrong with %s", ([file, problems, key]) =>
    Effect.gen(function* () {
      const found = yield* inspected({ file: path(file), passphrase })
      assert.deepStrictEqual(names(found.problems), problems)
      assert.strictEqual(found.key, key)
      assert.strictEqual(found.privateKeyPem === undefined, key !== "matching")
      for (const { cure, problem } of found.problems) assert.notMatch(problem + cure, /\.$/)
    })
  )

  it.effect("finds a key that TLS does not take", () =>
    Effect.gen(function* () {
      const { problems } = yield* inspected({ file: path("small-key.pem") })
      assert.deepStrictEqual(names(problems), ["refusedByTls"])
    })
  )

  it.effect.each<readonly [file: string, schemes: ReadonlyArray<string>, said: string | undefined]>([
    ["keychain.p12", ["RC2-40", "3DES"], "refuses RC2-40"],
    ["rc2-128.p12", ["RC2-128", "3DES"], "refuses RC2-128"],
    ["triple-des.p12", ["3DES"], "newer programs may refuse"],
    ["modern.p12", ["AES-256"], undefined],
    ["aes128-sha512.p12", ["AES-128"], undefined],
    ["unencrypted.p12", [], undefined]
  ])("knows how %s is encrypted, and who cannot read it", ([file, schemes, said]) =>
    Effect.gen(function* () {
      const { encryption, remarks } = yield* inspected({ file: path(file), passphrase })
      assert.deepStrictEqual(
        encryption.map(({ scheme }) => scheme),
        schemes
      )
      assert.deepStrictEqual(names(remarks), said === undefined ? [] : ["legacyEncryption"])
      if (said !== undefined) assert.include(remarks[0]?.problem, said)
    })
  )

  it.effect("puts the chain in order", () =>
    Effect.gen(function* () {
      const { certificate, chain, chainComplete, others } = yield* inspected({
        file: path("with-chain.p12"),
        passphrase
      })
      assert.strictEqual(certificate.issuer, chain[0]?.subject)
      assert.strictEqual(chain[0]?.issuer, chain[1]?.subject)
      assert.deepStrictEqual([chain.length, chainComplete, others], [2, true, []])
      const alone = yield* inspected({ file: path("pair.pem") })
      assert.deepStrictEqual([alone.chain, alone.chainComplete], [[], false])
    })
  )

  it.effect("takes the leaf for the certificate, wherever it stands", () =>
    Effect.gen(function* () {
      const pem = text("root.pem") + text("intermediate.pem") + text("voip.pem")
      const { certificate, chain } = yield* inspected({ pem })
      assert.deepStrictEqual([certificate.kind, chain.length], ["voip", 2])
    })
  )

  it.effect("remarks a certificate that is not for APNs", () =>
    Effect.gen(function* () {
      const { remarks } = yield* inspected({ file: path("not-apns.pem"), keyFile: path("push.key.pem") })
      assert.include(names(remarks), "notForApns")
    })
  )

  it.effect("takes the content of any file, and a key beside it", () =>
    Effect.gen(function* () {
      for (const file of ["modern.p12", "pair.pem"]) {
        const { key } = yield* inspected({ content: readFileSync(path(file)), passphrase })
        assert.strictEqual(key, "matching")
      }
      const content = readFileSync(path("universal.cer"))
      const { format, key } = yield* inspected({ content, key: Redacted.make(text("push.key.pem")) })
      assert.deepStrictEqual([format, key], ["certificate", "matching"])
      yield* Credentials.certificate({ content, key: Redacted.make(text("push.key.pem")) })
    })
  )

  it.effect.each<readonly [file: string, given: string | undefined, passphrase: "missing" | "wrong" | undefined]>([
    ["modern.p12", undefined, "missing"],
    ["modern.p12", "", "missing"],
    ["legacy.p12", "wrong", "wrong"],
    ["push-encrypted.key.pem", undefined, "missing"],
    ["push-encrypted.key.pem", "wrong", "wrong"],
    ["no-certificate.p12", "correct horse battery", undefined],
    ["AuthKey_FAKEKEY001.p8", undefined, undefined],
    ["absent.p12", undefined, undefined]
  ])("fails with what a program may ask for: %s", ([file, given, passphrase]) =>
    Effect.gen(function* () {
      const options = { file: path(file), ...(given === undefined ? {} : { passphrase: Redacted.make(given) }) }
      const failures: ReadonlyArray<Effect.Effect<unknown, ApnsError>> = [
        Certificate.inspect(options),
        Credentials.certificate(options)
      ]
      for (const failing of failures) {
        const { reason } = yield* Effect.flip(failing)
        assert(reason._tag === "InvalidCredentials")
        assert.strictEqual(reason.passphrase, passphrase)
      }
    })
  )

  it.effect("agrees with what Credentials.certificate takes", () =>
    Effect.gen(function* () {
      for (const file of [
        "pair.pem",
        "shared-key.p12",
        "two-keys.p12",
        "two-identities.p12",
        "expired.p12",
        "ec.p12"
      ]) {
        const options = { file: path(file), passphrase }
        const { certificate, problems } = yield* inspected(options)
        const loaded = yield* Effect.result(Credentials.certificate(options))
        assert.strictEqual(problems.length === 0, Result.isSuccess(loaded), file)
        if (Result.isSuccess(loaded)) assert.strictEqual(certificate.fingerprint, loaded.success.fingerprint, file)
      }
    })
  )
})
