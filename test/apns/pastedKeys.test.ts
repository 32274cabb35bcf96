/** Keys in place of their paths, keys in base64, and files that are none: nothing is repeated, and nothing waits for ever. */
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Fiber, Redacted } from "effect"
import { type ApnsError, Credentials, FromConfig } from "effect-apns"
import { partsOf, pastedForms } from "../support/pastedKeys.ts"
import { renderings } from "../support/testimony.ts"

const fixture = (name: string) => join(import.meta.dirname, "../fixtures/certificates", name)
const p8 = readFileSync(fixture("AuthKey_FAKEKEY001.p8"), "utf8")
const rsa = readFileSync(fixture("push.key.pem"), "utf8")
const ids = { teamId: "FAKETEAM01", keyId: "FAKEKEY001" }

const silent = (error: ApnsError, given: string) => {
  const all = renderings(error).join("\n")
  for (const part of partsOf(given)) assert.notInclude(all, part)
}

const fromVariables = (env: Record<string, string>) =>
  FromConfig.credentials.pipe(
    Effect.andThen(FromConfig.settings),
    Effect.flip,
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  )

for (const [kind, pem] of [
  ["a token key", p8],
  ["a certificate's key", rsa]
] as const) {
  describe(`${kind} in place of a path`, () => {
    for (const [form, given] of Object.entries(pastedForms(pem))) {
      it.effect(`as ${form} is not repeated, and it is said what to do`, () =>
        Effect.gen(function* () {
          const file = fixture("production.pem")
          const errors = [
            yield* Effect.flip(Credentials.token({ ...ids, privateKeyFile: given })),
            yield* Effect.flip(Credentials.certificate({ file: given })),
            yield* Effect.flip(Credentials.certificate({ file, keyFile: given })),
            yield* fromVariables({ APNS_KEY_FILE: given, APNS_TEAM_ID: ids.teamId, APNS_KEY_ID: ids.keyId }),
            yield* fromVariables({ APNS_CERTIFICATE_FILE: given }),
            yield* fromVariables({ APNS_CERTIFICATE_FILE: file, APNS_CERTIFICATE_KEY_FILE: given }),
            yield* fromVariables({
              APNS_KEY_FILE: fixture("AuthKey_FAKEKEY001.p8"),
              APNS_TEAM_ID: ids.teamId,
              APNS_KEY_ID: ids.keyId,
              APNS_HOST: "127.0.0.1",
              APNS_CA_FILE: given
            })
          ]
          for (const error of errors) {
            silent(error, given)
            assert.match(error.message, /path|text of a key/)
          }
        })
      )
    }
  })
}

describe("a path", () => {
  it.each([
    "AuthKey_FAKEKEY001.p8",
    "/run/secrets/ApnsKeyProduction2024MainAccountKey",
    "./QmFzZTY0TG9va2luZ05hbWVXaXRob3V0QURvdDEyMw",
    "C:\\keys\\newKey.p8",
    "/Users/ada/Library/Mobile Documents/com~apple~CloudDocs/keys/AuthKey_ABC123DEFG.p8",
    "keys/push cert (2).p12",
    "-",
    "/dev/stdin",
    "/dev/fd/63"
  ])("%s is one", (path) => {
    assert.isTrue(Credentials.isPath(path))
  })

  it.effect("that does not exist is told whole", () =>
    Effect.gen(function* () {
      for (const privateKeyFile of ["keys/AuthKey_FAKEKEY001.p8", "/nowhere/push cert.pem"]) {
        const error = yield* Effect.flip(Credentials.token({ ...ids, privateKeyFile }))
        assert.include(error.message, `The file ${privateKeyFile} cannot be read: it does not exist`)
      }
    })
  )
})

describe("a token key in base64", () => {
  for (const form of [
    "base64",
    "base64 in lines",
    "base64 without its end",
    "base64url",
    "base64 of base64",
    "a data: URI"
  ]) {
    it.effect(`as ${form} is read, as text, by variable and out of a file`, () =>
      Effect.gen(function* () {
        const given = pastedForms(p8)[form] ?? assert.fail(form)
        const plain = yield* Credentials.token({ ...ids, privateKey: Redacted.make(p8) })
        const read = yield* Credentials.token({ ...ids, privateKey: Redacted.make(given) })
        assert.strictEqual(Redacted.value(read.privateKey), Redacted.value(plain.privateKey))
        const env = { APNS_KEY: given, APNS_TEAM_ID: ids.teamId, APNS_KEY_ID: ids.keyId }
        const provider = ConfigProvider.fromEnv({ env })
        yield* FromConfig.credentials.pipe(Effect.provideService(ConfigProvider.ConfigProvider, provider))
      })
    )
  }
})

describe("a file without an end", () => {
  const within = <A>(use: (folder: string) => Promise<A>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "apns-files-"))),
      (folder) => Effect.promise(() => use(folder)),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )

  it.live("such as /dev/zero is read as far as a key may reach", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Credentials.token({ ...ids, privateKeyFile: "/dev/zero" }))
      assert.match(error.message, /more than 1048576 bytes/)
    })
  )

  it.live("such as a pipe nobody writes to can be given up, and keeps no process", () =>
    within(async (folder) => {
      const pipe = join(folder, "pipe")
      execFileSync("mkfifo", [pipe])
      const fiber = Effect.runFork(Credentials.token({ ...ids, privateKeyFile: pipe }))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.isUndefined(fiber.pollUnsafe())
      const exit = await Effect.runPromise(Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber)))
      assert.isTrue(Exit.isFailure(exit))
    })
  )

  it.live("such as a pipe that somebody writes to, late and in parts, is read", () =>
    within(async (folder) => {
      const pipe = join(folder, "pipe")
      execFileSync("mkfifo", [pipe])
      writeFileSync(join(folder, "key"), p8)
      const script = `exec 3>"${pipe}"; head -c 100 key >&3; sleep 0.1; tail -c +101 key >&3`
      const writer = spawn("bash", ["-c", `sleep 0.1; ${script}`], { cwd: folder })
      const read = await Effect.runPromise(Credentials.token({ ...ids, privateKeyFile: pipe }))
      assert.include(Redacted.value(read.privateKey), "PRIVATE KEY")
      writer.kill()
    })
  )
})
