import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { settings } from "../../packages/cli/src/Settings.ts"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"

const fixture = (name: string) => join(import.meta.dirname, "../fixtures/certificates", name)

/** A home of its own, with a key that only its owner may read. */
const home = Effect.gen(function* () {
  const place = yield* folder
  const keyFile = join(place, "AuthKey.p8")
  copyFileSync(fixture("AuthKey_FAKEKEY001.p8"), keyFile)
  chmodSync(keyFile, 0o600)
  const file = join(place, "apns/profiles.json")
  const env = { XDG_CONFIG_HOME: place }
  const profile = (...args: ReadonlyArray<string>) => run(["profile", ...args], { env, cwd: place })
  return { place, keyFile, file, env, profile }
})

const ids = ["--team-id", "FAKETEAM01", "--key-id", "FAKEKEY001"]

describe("apns profile", () => {
  it.live("keeps every setting, files as absolute paths, for its owner alone", () =>
    Effect.gen(function* () {
      const { env, file, place, profile } = yield* home
      writeFileSync(join(place, "ca.pem"), readFileSync(fixture("root.pem")))
      copyFileSync(fixture("modern.p12"), join(place, "push.p12"))
      chmodSync(join(place, "push.p12"), 0o600)
      // A profile has a key or a certificate; between them these name all there is.
      const values: Record<string, string> = {
        environment: "sandbox",
        topic: "com.example.app",
        "team-id": "FAKETEAM01",
        "key-id": "FAKEKEY001",
        "key-file": "AuthKey.p8",
        "certificate-file": "push.p12",
        "certificate-key-file": "AuthKey.p8",
        host: "127.0.0.1",
        port: "2197",
        "management-port": "2196",
        "ca-file": "ca.pem",
        timeout: "5 seconds"
      }
      assert.deepStrictEqual(
        Object.keys(values).sort(),
        Object.values(settings)
          .map(({ flag }) => flag as string)
          .sort()
      )
      const flags = (...without: ReadonlyArray<string>) =>
        Object.entries(values).flatMap(([flag, value]) => (without.includes(flag) ? [] : [`--${flag}`, value]))
      const key = yield* profile("add", "key", ...flags("certificate-file", "certificate-key-file"))
      assert.deepStrictEqual([key.code, key.stderr], [0, ""])
      const certificate = yield* profile("add", "certificate", ...flags("key-file", "team-id", "key-id"))
      assert.deepStrictEqual([certificate.code, certificate.stderr], [0, ""])

      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.strictEqual(statSync(join(place, "apns")).mode & 0o777, 0o700)
      const { stdout } = yield* profile("list", "--json")
      const [first, second] = JSON.parse(stdout)
      assert.deepStrictEqual([first.name, first.inUse, second.name, second.inUse], ["key", true, "certificate", false])
      const kept: Record<string, string> = { ...first.settings, ...second.settings }
      for (const { file, flag } of Object.values<{ flag: string; file?: true }>(settings)) {
        const given = values[flag] ?? ""
        assert.strictEqual(kept[flag], file === true ? join(place, given) : given)
      }
      // The commands that use settings read them.
      const token = yield* run(["token", "make"], { env })
      assert.deepStrictEqual([token.code, token.stderr], [0, ""])
    })
  )

  it.live("never copies a key", () =>
    Effect.gen(function* () {
      const { file, keyFile, profile } = yield* home
      yield* profile("add", "work", ...ids, "--key-file", keyFile)
      const line = readFileSync(keyFile, "utf8").split("\n")[1] ?? ""
      assert.isAbove(line.length, 60)
      assert.notInclude(readFileSync(file, "utf8"), line)
    })
  )

  it.live("marks the one in use, and changes it", () =>
    Effect.gen(function* () {
      const { env, profile } = yield* home
      const none = yield* profile("list")
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
      assert.include(none.stderr, "apns profile add")
      yield* profile("add", "one", "--topic", "com.example.one")
      yield* profile("add", "two", "--topic", "com.example.two", "--environment", "sandbox")
      assert.match((yield* profile("list")).stdout, /^✓ {2}one +production +com\.example\.one$/m)
      assert.strictEqual((yield* profile("use", "two")).stdout, "two: in use\n")
      assert.match((yield* profile("list")).stdout, /^✓ {2}two +sandbox +com\.example\.two$/m)
      assert.include((yield* profile("show")).stdout, "com.example.two")
      const named = yield* run(["profile", "show", "--json"], { env: { ...env, APNS_PROFILE: "one" } })
      assert.deepInclude(JSON.parse(named.stdout), { name: "one", inUse: true, warnings: [] })
      yield* profile("add", "three", "--topic", "com.example.three", "--use")
      assert.include((yield* profile("show")).stdout, "com.example.three")
    })
  )

  it.live("removes one, and then none is in use", () =>
    Effect.gen(function* () {
      const { profile } = yield* home
      yield* profile("add", "one", "--topic", "com.example.one")
      yield* profile("add", "two", "--topic", "com.example.two")
      assert.strictEqual((yield* profile("remove", "one")).stdout, "one: removed; no profile is in use\n")
      const shown = yield* profile("show")
      assert.strictEqual(shown.code, 2)
      assert.include(shown.stderr, "no profile is in use")
      assert.strictEqual((yield* profile("remove", "two")).stdout, "two: removed\n")
      assert.strictEqual((yield* profile("list", "--json")).stdout, "[]\n")
    })
  )

  it.live("replaces one only when it is told to", () =>
    Effect.gen(function* () {
      const { profile } = yield* home
      yield* profile("add", "one", "--topic", "com.example.one")
      const refused = yield* profile("add", "one", "--topic", "com.example.other")
      assert.strictEqual(refused.code, 2)
      assert.include(refused.stderr, "--force")
      assert.include((yield* profile("show")).stdout, "com.example.one")
      yield* profile("add", "one", "--topic", "com.example.other", "--force")
      assert.include((yield* profile("show")).stdout, "com.example.other")
    })
  )

  it.live("warns of files that are not there or that others may read, and keeps them", () =>
    Effect.gen(function* () {
      const { keyFile, profile } = yield* home
      chmodSync(keyFile, 0o644)
      const open = yield* profile("add", "open", ...ids, "--key-file", keyFile)
      assert.strictEqual(open.code, 0)
      assert.include(open.stderr.replaceAll(/\s+/g, " "), `Run: chmod 600 ${keyFile}`)
      const absent = yield* profile("add", "absent", ...ids, "--key-file", "nowhere.p8")
      assert.strictEqual(absent.code, 0)
      assert.include(absent.stderr, "does not exist")
      assert.include((yield* profile("show", "absent")).stderr, "does not exist")
      const wrong = yield* profile("add", "wrong", ...ids, "--key-file", fixture("p384.p8"))
      assert.strictEqual(wrong.code, 0)
      assert.include(wrong.stderr, "P-384")
    })
  )

  it.live.each<readonly [what: string, args: ReadonlyArray<string>, said: string]>([
    ["no name", ["add", "--topic", "a"], "name"],
    ["a name that is none", ["add", "../work", "--topic", "a"], "no name of a profile"],
    ["no setting", ["add", "work"], "without settings"],
    ["a wrong port", ["add", "work", "--port", "https"], "APNS_PORT"],
    ["a wrong environment", ["add", "work", "--environment", "staging"], "APNS_ENVIRONMENT"],
    ["a wrong duration", ["add", "work", "--timeout", "soon"], "APNS_TIMEOUT"],
    [
      "a key and a certificate",
      ["add", "work", "--key-file", fixture("p384.p8"), "--certificate-file", fixture("pair.pem")],
      "both set"
    ],
    ["an unknown setting", ["add", "work", "--key", "secret"], "--key"],
    ["an unknown profile", ["use", "work"], 'no profile "work"'],
    ["the name of what every object has", ["show", "constructor"], 'no profile "constructor"'],
    ["an unknown profile", ["remove", "work"], 'no profile "work"']
  ])("takes no %s", ([, args, said]) =>
    Effect.gen(function* () {
      const { file, profile } = yield* home
      const { code, stdout, stderr } = yield* profile(...args)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, said)
      assert.isFalse(existsSync(file))
    })
  )

  it.live("trusts no file that others may read or that is damaged, and does not overwrite it", () =>
    Effect.gen(function* () {
      const { file, place, profile } = yield* home
      mkdirSync(join(place, "apns"))
      writeFileSync(file, '{"profiles":{}}', { mode: 0o644 })
      const open = yield* profile("add", "work", "--topic", "a")
      assert.strictEqual(open.code, 2)
      assert.include(open.stderr, `chmod 600 ${file}`)
      chmodSync(file, 0o600)
      writeFileSync(file, "{")
      const damaged = yield* profile("list")
      assert.deepStrictEqual([damaged.code, damaged.stdout], [2, ""])
      assert.include(damaged.stderr, "not a file of profiles")
      assert.strictEqual((yield* profile("add", "work", "--topic", "a")).code, 2)
      assert.strictEqual(readFileSync(file, "utf8"), "{")
    })
  )

  it.live("writes through a link, and says where it cannot write", () =>
    Effect.gen(function* () {
      const { file, place, profile } = yield* home
      mkdirSync(join(place, "apns"))
      mkdirSync(join(place, "dotfiles"))
      writeFileSync(join(place, "dotfiles/profiles.json"), '{"profiles":{}}', { mode: 0o600 })
      symlinkSync("../dotfiles/profiles.json", file)
      yield* profile("add", "work", "--topic", "com.example.app")
      assert.include(readFileSync(join(place, "dotfiles/profiles.json"), "utf8"), "com.example.app")
      const nowhere = yield* run(["profile", "add", "work", "--topic", "a"], { env: { XDG_CONFIG_HOME: "/dev/null" } })
      assert.strictEqual(nowhere.code, 2)
      assert.include(nowhere.stderr, "/dev/null")
    })
  )
})
