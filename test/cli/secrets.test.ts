/** No key, token or passphrase in anything the command prints, whatever is given where. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { partsOf, pastedForms } from "../support/pastedKeys.ts"
import { forms, leaks, pemSecrets, type Secret } from "../support/testimony.ts"
import { run } from "./support/commandLine.ts"
import { type Leaf, leaves } from "./support/commands.ts"

const fixture = (name: string) => join(import.meta.dirname, "../fixtures/certificates", name)
const p8 = readFileSync(fixture("AuthKey_FAKEKEY001.p8"), "utf8")
const rsa = readFileSync(fixture("push.key.pem"), "utf8")
const bare = (pem: string) => pem.replaceAll(/-----.*-----|\s/g, "")
const passphrase = "correct horse battery"
const queuePassword = "hunter2-of-the-queue"
const queueAt = (scheme: string) => `${scheme}://somebody:${queuePassword}@127.0.0.1:9`
const jwt = `${Buffer.from('{"alg":"ES256"}').toString("base64url")}.${Buffer.from('{"iss":"SOMEBODY01"}').toString("base64url")}.c2VjcmV0LXNpZ25hdHVyZQ`

const secrets: ReadonlyArray<Secret> = [
  ...pemSecrets("token key", p8),
  ...pemSecrets("token key", bare(p8)),
  ...pemSecrets("private key", rsa),
  ...pemSecrets("private key", bare(rsa)),
  ...forms("passphrase", passphrase),
  ...forms("password of the queue", queuePassword),
  { what: "provider token", text: "c2VjcmV0LXNpZ25hdHVyZQ" }
]

/** Flags that name secrets: somebody may give the secret itself in place of its path, or with its address. */
const pasted: Readonly<Record<string, string>> = {
  "key-file": bare(p8),
  "certificate-key-file": bare(rsa),
  "passphrase-file": passphrase,
  store: queueAt("redis")
}

/** Something for each argument and flag that a command cannot do without. */
const needed = ({ args, flags, path }: Leaf, value: string): ReadonlyArray<string> => [
  ...path,
  ...args.filter(({ required }) => required).map(() => value),
  ...flags
    .filter(({ name, required }) => required && pasted[name] === undefined)
    .flatMap(({ name }) => [`--${name}`, value])
]

/** What it prints, on both streams. A command that stays is interrupted once it has said that it does. */
const printedBy = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>, stdin = "") =>
  Effect.gen(function* () {
    const stays = args[0] === "simulate"
    const interruptedWhen = (said: string) => stays && said.endsWith("\n")
    const { stderr, stdout } = yield* run([...args, "--verbose"], { env, stdin, interruptedWhen })
    assert.isAbove(stdout.length + stderr.length, 0, args.join(" "))
    return { source: args.slice(0, 3).join(" "), text: `${stdout}\n${stderr}` }
  })

/** A server that is not there: nothing leaves the machine. */
const nowhere = {
  APNS_QUEUE: queueAt("mysql"),
  APNS_HOST: "127.0.0.1",
  APNS_PORT: "9",
  APNS_MANAGEMENT_PORT: "9",
  APNS_TIMEOUT: "1 second"
}

const environments: ReadonlyArray<readonly [what: string, env: Readonly<Record<string, string>>]> = [
  ["a key that is right", { APNS_KEY: p8, APNS_TEAM_ID: "FAKETEAM01", APNS_KEY_ID: "FAKEKEY001" }],
  ["a key in place of its path", { APNS_KEY_FILE: p8, APNS_TEAM_ID: "FAKETEAM01", APNS_KEY_ID: "FAKEKEY001" }],
  ["secrets in place of ids", { APNS_KEY: p8.slice(0, 150), APNS_TEAM_ID: passphrase, APNS_KEY_ID: bare(p8) }],
  [
    "a certificate with a wrong passphrase",
    {
      APNS_CERTIFICATE_FILE: fixture("unicode-modern.p12"),
      APNS_CERTIFICATE_PASSPHRASE: passphrase,
      APNS_QUEUE: queueAt("postgres")
    }
  ]
]

/** The others are not told by one variable more than by another. */
const takesSettings = ({ flags }: Leaf) =>
  flags.some(({ name }) => name === "profile" || name === "store" || name === "passphrase-file")

/** Beyond what the machine may need for so many processes when others use it, too. */
const long = 600_000

const assertSilent = (printed: ReadonlyArray<{ readonly source: string; readonly text: string }>) =>
  assert.deepStrictEqual(leaks(printed, secrets), [])

describe("every command", () => {
  it.live(
    "echoes no secret of the environment",
    () =>
      Effect.gen(function* () {
        const all = yield* leaves()
        assert.isAtLeast(all.length, 11)
        // A provider token that was asked for is the one secret that is a result.
        const calls = all.flatMap((leaf) =>
          (takesSettings(leaf) ? environments : environments.slice(0, 1)).map(([, env]) =>
            printedBy(needed(leaf, fixture("unicode-modern.p12")), { ...nowhere, ...env }, jwt)
          )
        )
        assertSilent(yield* Effect.all(calls))
      }),
    long
  )

  it.live(
    "echoes no secret that is given in place of a path",
    () =>
      Effect.gen(function* () {
        const calls = (yield* leaves()).flatMap((leaf) => {
          const flags = leaf.flags.filter(({ name }) => pasted[name] !== undefined)
          const given = flags.map(({ name }) =>
            printedBy([...needed(leaf, "work"), `--${name}=${pasted[name]}`], nowhere)
          )
          const pem = flags.map(({ name }) => printedBy([...needed(leaf, "work"), `--${name}=${p8}`], nowhere))
          return [...given, ...pem]
        })
        assert.isAtLeast(calls.length, 12)
        assertSilent(yield* Effect.all(calls))
      }),
    long
  )

  it.live(
    "echoes no part of a key in any form, in place of any path and any text",
    () =>
      Effect.gen(function* () {
        const all = yield* leaves()
        const leaked: Array<string> = []
        let calls = 0
        for (const [form, given] of Object.entries(pastedForms(p8))) {
          const parts = partsOf(given)
          const look = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
            Effect.map(printedBy(args, { ...nowhere, ...env }), ({ text }) => {
              calls++
              const part = parts.find((part) => text.includes(part))
              if (part !== undefined) leaked.push(`${args[0]} ${args[1]} … ${form}: ${part.slice(0, 6)}…`)
            })
          for (const leaf of all) {
            for (const { name, type } of leaf.flags) {
              if (type === "file") yield* look([...needed(leaf, "work"), `--${name}=${given}`])
            }
          }
          for (const name of [
            "KEY_FILE",
            "CERTIFICATE_FILE",
            "CA_FILE",
            "TOPIC",
            "TEAM_ID",
            "KEY_ID",
            "ENVIRONMENT",
            "TIMEOUT"
          ]) {
            const env = { APNS_KEY: p8, APNS_TEAM_ID: "FAKETEAM01", APNS_KEY_ID: "FAKEKEY001", [`APNS_${name}`]: given }
            yield* look(["doctor", "--json", "--timeout=1"], env)
            yield* look(["send", "7a1f0c3b5d2e4f60", "--body=x"], env)
          }
          for (const args of [["cert", "inspect"], ["payload"], ["token", "decode"], ["reason"], ["send"], ["bulk"]]) {
            yield* look([...args, "--", given])
          }
        }
        assert.isAtLeast(calls, 500)
        assert.deepStrictEqual(leaked, [])
      }),
    long
  )

  it.live(
    "echoes no secret of a wrong command line",
    () =>
      Effect.gen(function* () {
        const calls = [
          ["token", "make", "--passphrase", passphrase],
          ["token", "make", `--key=${p8}`],
          ["token", "make", "--key", p8],
          ["token", "verify", jwt, jwt],
          ["token", "decode", jwt.slice(0, -30), jwt],
          ["token", jwt],
          [jwt],
          ["cert", "inspect", bare(rsa)],
          ["cert", "inspect", rsa],
          ["profile", "add", bare(p8), "--topic", "a"],
          ["profile", "use", bare(p8)],
          ["reason", bare(p8)]
        ].map((args) => printedBy(args, nowhere))
        assertSilent(yield* Effect.all(calls))
      }),
    long
  )
})
