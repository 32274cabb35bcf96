import { copyFileSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createSecureContext } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { hasTerminal, inTerminal } from "./support/terminal.ts"

const fixture = (name: string) => join(import.meta.dirname, "../fixtures/certificates", name)
// The passphrase of scripts/certificates.ts.
const passphrase = "correct horse battery"
const env = { APNS_CERTIFICATE_PASSPHRASE: passphrase }
const app = "com.example.FakeApp"

describe("apns cert inspect", () => {
  it.live("tells what a legacy file is, and the cure", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["cert", "inspect", fixture("keychain.p12")], { env })
      assert.deepStrictEqual([code, stderr], [0, ""])
      for (const said of [
        `Apple Push Services: ${app}\n`,
        `${app}.voip (voip)`,
        "environments sandbox, production",
        "team         FAKETEAM01",
        "RSA 2048, with its private key",
        "RC2-40 and 3DES",
        "✓ Good to send with",
        "apns cert convert"
      ]) {
        assert.include(stdout, said)
      }
      for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
    })
  )

  it.live("prints one JSON document", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(["cert", "inspect", "--json", fixture("with-chain.p12")], { env })
      assert.strictEqual(code, 0)
      const { certificate, chain, chainComplete, encryption, key, problems, usable } = JSON.parse(stdout)
      assert.deepStrictEqual([chain.length, chainComplete, key, problems, usable], [2, true, "matching", [], true])
      assert.deepStrictEqual(encryption[0].age, "current")
      assert.strictEqual(certificate.teamId, "FAKETEAM01")
      assert.deepStrictEqual(certificate.environments, ["sandbox", "production"])
      assert.isAbove(certificate.daysLeft, 1000)
      assert.notInclude(stdout, "PRIVATE")
    })
  )

  it.live.each<readonly [file: string, problem: string, cure: string]>([
    ["expired.p12", "expired at 2021-01-31", "Create a new certificate"],
    ["universal.cer", "without its private key", "--certificate-key-file"],
    ["foreign-key.p12", "does not belong to the certificate", "Use the key whose request"],
    ["two-identities.p12", "Several certificates", "Export only the certificate to send with"],
    ["not-yet-valid.pem", "is not valid before", "Check the clock"]
  ])("finds what keeps %s from being used", ([file, problem, cure]) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["cert", "inspect", fixture(file)], { env })
      assert.deepStrictEqual([code, stderr], [1, ""])
      const text = stdout.replaceAll(/\s+/g, " ")
      assert.include(text, "✗")
      assert.include(text, problem)
      assert.include(text, cure)
    })
  )

  it.live("takes a key from a file of its own, and a file from standard input", () =>
    Effect.gen(function* () {
      const key = ["--certificate-key-file", fixture("push.key.pem")]
      const named = yield* run(["cert", "inspect", fixture("universal.cer"), ...key])
      assert.strictEqual(named.code, 0, named.stdout)
      const piped = yield* run(["cert", "inspect", "-", ...key], {
        stdin: readFileSync(fixture("universal.pem"), "utf8")
      })
      assert.strictEqual(piped.code, 0, piped.stdout)
    })
  )

  it.live("finds the passphrase in the file that is named, before the variable", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "passphrase")
      writeFileSync(path, `${passphrase}\r\n`)
      const { code } = yield* run(["cert", "inspect", fixture("modern.p12"), "--passphrase-file", path], {
        env: { APNS_CERTIFICATE_PASSPHRASE: "another" }
      })
      assert.strictEqual(code, 0)
    })
  )

  it.live.each<readonly [what: string, file: string, env: Record<string, string>, said: string]>([
    ["a file that needs a passphrase, and no terminal", "modern.p12", {}, "--passphrase-file"],
    ["an encrypted key, and no terminal", "push-encrypted.key.pem", {}, "APNS_CERTIFICATE_PASSPHRASE"],
    ["a wrong passphrase", "legacy.p12", { APNS_CERTIFICATE_PASSPHRASE: "wrong" }, "The passphrase is wrong"],
    ["a cipher that nobody has", "rc4.p12", env, "Export the .p12 again"],
    ["a key without a certificate", "no-certificate.p12", env, "without a certificate"],
    ["a token key", "AuthKey_FAKEKEY001.p8", {}, "holds no certificate"],
    ["a missing file", "nowhere.p12", {}, "does not exist"]
  ])("says why it cannot read %s", ([, file, variables, said]) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["cert", "inspect", fixture(file)], { env: variables })
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, said)
    })
  )

  it.live("knows a file that was cut off", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "half.p12")
      writeFileSync(path, readFileSync(fixture("modern.p12")).subarray(0, 1000))
      const { code, stderr } = yield* run(["cert", "inspect", path], { env })
      assert.strictEqual(code, 2)
      assert.include(stderr, "it is cut off")
    })
  )

  it.live.skipIf(!hasTerminal)("asks for the passphrase on a terminal, and shows none of it", () =>
    Effect.gen(function* () {
      const { code, screen } = yield* inTerminal(
        ["cert", "inspect", fixture("modern.p12")],
        [
          ["Passphrase: ", "wrong one\r"],
          ["That is not it. Passphrase: ", `${passphrase}\r`]
        ]
      )
      assert.strictEqual(code, 0)
      assert.include(screen, "Good to send with")
      assert.notInclude(screen, "wrong one")
      assert.notInclude(screen, passphrase)
    })
  )

  it.live.skipIf(!hasTerminal)("gives up after three, on Ctrl-D and on Ctrl-C", () =>
    Effect.gen(function* () {
      const args = ["cert", "inspect", fixture("modern.p12")]
      const wrong = yield* inTerminal(
        args,
        [1, 2, 3].map(() => ["Passphrase: ", "no\r"])
      )
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.screen, "The passphrase is wrong")
      const ended = yield* inTerminal(args, [["Passphrase: ", "\u0004"]])
      assert.strictEqual(ended.code, 2)
      assert.include(ended.screen, "no passphrase was given")
      const interrupted = yield* inTerminal(args, [["Passphrase: ", "\u0003"]])
      assert.strictEqual(interrupted.code, 130)
    })
  )
})

describe("apns cert convert", () => {
  const converted = (args: ReadonlyArray<string>, cwd: string) => run(["cert", "convert", ...args], { env, cwd })

  it.live("makes a PEM file of a legacy .p12 that TLS takes, readable by its owner alone", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const { code, stdout, stderr } = yield* converted([fixture("keychain.p12"), "--out", "push.pem"], cwd)
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.strictEqual(stdout, `push.pem: Apple Push Services: ${app}, with its private key, mode 600\n`)
      const path = join(cwd, "push.pem")
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      const pem = readFileSync(path, "utf8")
      createSecureContext({ cert: pem, key: pem })
      const inspected = yield* run(["cert", "inspect", path])
      assert.strictEqual(inspected.code, 0)
    })
  )

  it.live("replaces a file only when it is told to, and then its mode too", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const path = join(cwd, "push.pem")
      writeFileSync(path, "mine", { mode: 0o644 })
      const refused = yield* converted([fixture("modern.p12"), "--out", "push.pem"], cwd)
      assert.strictEqual(refused.code, 2)
      assert.include(refused.stderr, "--force")
      assert.strictEqual(readFileSync(path, "utf8"), "mine")
      const { code } = yield* converted([fixture("modern.p12"), "--out", "push.pem", "--force"], cwd)
      assert.strictEqual(code, 0)
      assert.include(readFileSync(path, "utf8"), "BEGIN CERTIFICATE")
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )

  it.live("refuses to replace what is no file, and writes into no directory that is not there", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const device = yield* converted([fixture("modern.p12"), "--out", "/dev/full", "--force"], cwd)
      assert.deepStrictEqual([device.code, device.stdout], [2, ""])
      assert.include(device.stderr, "no regular file")
      const nowhere = yield* converted([fixture("modern.p12"), "--out", "nowhere/push.pem"], cwd)
      assert.deepStrictEqual([nowhere.code, nowhere.stdout], [1, ""])
      assert.include(nowhere.stderr, "Make the directory first")
      assert.isFalse(existsSync(join(cwd, "nowhere")))
    })
  )

  it.live("keeps a link a link", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      copyFileSync(fixture("pair.pem"), join(cwd, "old.pem"))
      symlinkSync("old.pem", join(cwd, "push.pem"))
      yield* converted([fixture("modern.p12"), "--out", "push.pem", "--force"], cwd)
      assert.strictEqual(readFileSync(join(cwd, "old.pem"), "utf8"), readFileSync(join(cwd, "push.pem"), "utf8"))
      assert.strictEqual(statSync(join(cwd, "old.pem")).mode & 0o777, 0o600)
    })
  )

  it.live("converts what has expired or has no key, and says so", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const expired = yield* converted([fixture("expired.p12"), "--out", "expired.pem", "--json"], cwd)
      assert.strictEqual(expired.code, 0)
      assert.include(expired.stderr, "expired at")
      assert.deepInclude(JSON.parse(expired.stdout), { out: join(cwd, "expired.pem"), key: true })
      const bare = yield* converted([fixture("universal.cer"), "--out", "bare.pem"], cwd)
      assert.include(bare.stdout, "without its private key")
      assert.notInclude(readFileSync(join(cwd, "bare.pem"), "utf8"), "PRIVATE")
    })
  )

  it.live("refuses a file in which it is not clear what to send with", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      for (const file of ["foreign-key.p12", "two-identities.p12"]) {
        const { code } = yield* converted([fixture(file), "--out", "push.pem"], cwd)
        assert.strictEqual(code, 2, file)
      }
      assert.isFalse(existsSync(join(cwd, "push.pem")))
    })
  )

  it.live("writes to a pipe", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(["cert", "convert", fixture("modern.p12"), "--out", "-"], { env })
      assert.strictEqual(code, 0)
      createSecureContext({ cert: stdout, key: stdout })
    })
  )

  it.live.skipIf(!hasTerminal)("never prints a private key on a terminal", () =>
    Effect.gen(function* () {
      const { code, screen } = yield* inTerminal(["cert", "convert", fixture("modern.p12"), "--out", "-"], [], env)
      assert.strictEqual(code, 2)
      assert.include(screen, "is not printed on a terminal")
      assert.notInclude(screen, "BEGIN")
    })
  )
})
