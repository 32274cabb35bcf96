import { connect } from "node:http2"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect, Redacted } from "effect"
import { Credentials, Jwt } from "effect-apns"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { localVariables, topic } from "./support/local.ts"
import { hasTerminal, inTerminal } from "./support/terminal.ts"

const fixture = (name: string) => join(import.meta.dirname, "../fixtures/certificates", name)
const keyFile = fixture("AuthKey_FAKEKEY001.p8")
const ids = { APNS_TEAM_ID: "FAKETEAM01", APNS_KEY_ID: "FAKEKEY001" }
const env = { ...ids, APNS_KEY_FILE: keyFile }

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
const unsigned = (claims: object, header: object = {}) =>
  [
    part({ alg: "ES256", kid: "FAKEKEY001", ...header }),
    part({ iss: "FAKETEAM01", ...claims }),
    part("signature")
  ].join(".")
const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1000) - seconds

/** The status that the simulator gives a request with this header. */
const statusOf = (ca: string, host: string, port: number, authorization: string) =>
  Effect.promise(
    () =>
      new Promise<number>((resolve, reject) => {
        const session = connect(`https://${host}:${port}`, { ca }).on("error", reject)
        const request = session.request({
          ":method": "POST",
          ":path": `/3/device/${"7a".repeat(32)}`,
          "apns-topic": topic,
          "apns-push-type": "alert",
          authorization
        })
        request.on("response", (headers) => {
          resolve(Number(headers[":status"]))
          session.close()
        })
        request.on("error", reject)
        request.end('{"aps":{"alert":"Hello"}}')
      })
  )

describe("apns token make", () => {
  it.live("makes a token that a server takes, alone and as a header", () =>
    Effect.gen(function* () {
      const { ca, host, port } = yield* Simulator
      const variables = yield* localVariables
      const alone = yield* run(["token", "make"], { env: variables })
      assert.deepStrictEqual([alone.code, alone.stderr], [0, ""])
      assert.match(alone.stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
      assert.strictEqual(yield* statusOf(ca, host, port, `bearer ${alone.stdout.trim()}`), 200)
      const header = yield* run(["token", "make", "--header"], { env: variables })
      const [, authorization = ""] = /^authorization: (bearer .+)\n$/.exec(header.stdout) ?? []
      assert.strictEqual(yield* statusOf(ca, host, port, authorization), 200)
    }).pipe(Effect.provide(Simulator.layer()))
  )

  it.live("takes its settings from flags, and tells the times as JSON", () =>
    Effect.gen(function* () {
      const args = ["--team-id", ids.APNS_TEAM_ID, "--key-id", ids.APNS_KEY_ID, "--key-file", keyFile]
      const { code, stdout, stderr } = yield* run(["token", "make", "--json", ...args], {
        // A certificate farther away is not in conflict with a key that is named nearer.
        env: { APNS_CERTIFICATE_FILE: fixture("pair.pem") }
      })
      assert.deepStrictEqual([code, stderr], [0, ""])
      const { authorization, expiresAt, issuedAt, keyId, renewableAt, teamId, token } = JSON.parse(stdout)
      assert.deepStrictEqual([keyId, teamId, authorization], ["FAKEKEY001", "FAKETEAM01", `bearer ${token}`])
      assert.strictEqual(Date.parse(renewableAt) - Date.parse(issuedAt), 20 * 60_000)
      assert.strictEqual(Date.parse(expiresAt) - Date.parse(issuedAt), 60 * 60_000)
      const credentials = yield* Credentials.token({ teamId, keyId, privateKeyFile: keyFile })
      const checks = yield* Jwt.verify(Redacted.make(token), credentials)
      assert.deepStrictEqual(
        checks.filter(({ passed }) => !passed),
        []
      )
    })
  )

  it.live.each<readonly [what: string, env: Record<string, string>, said: string]>([
    ["no key", ids, "APNS_KEY_FILE is not set"],
    ["no Team ID", { ...env, APNS_TEAM_ID: "" }, "APNS_TEAM_ID is not set"],
    ["a key that is not there", { ...ids, APNS_KEY_FILE: "/nowhere/key.p8" }, "does not exist"],
    ["another kind of key", { ...ids, APNS_KEY_FILE: fixture("p384.p8") }, "P-384"],
    ["a certificate", { APNS_CERTIFICATE_FILE: fixture("pair.pem") }, "signed with a key"],
    ["an unknown profile", { ...env, APNS_PROFILE: "work" }, 'no profile "work"']
  ])("says what is wrong: %s", ([, variables, said]) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["token", "make"], { env: variables })
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, said)
      assert.strictEqual(stderr.trimEnd().split("\n").length, 2, stderr)
    })
  )
})

describe("apns token decode", () => {
  it.live("reads a token from the argument, from -, and from standard input, with what stands before it", () =>
    Effect.gen(function* () {
      const token = unsigned({ iat: secondsAgo(30 * 60) })
      const outputs = yield* Effect.all([
        run(["token", "decode", token]),
        run(["token", "decode", "-"], { stdin: token }),
        run(["token", "decode"], { stdin: `authorization: bearer ${token}\r\n` })
      ])
      for (const { code, stdout, stderr } of outputs) {
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.include(stdout, '{"alg":"ES256","kid":"FAKEKEY001"}')
        assert.match(stdout, /window {5}renewable: good for another (29|30) min/)
        for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
      }
    })
  )

  it.live.each<readonly [iat: unknown, standing: string]>([
    [secondsAgo(60), "fresh"],
    [secondsAgo(3 * 3600), "expired"],
    [secondsAgo(-3600), "future"],
    ["yesterday", "unknown"]
  ])("knows the window, in JSON too: %s", ([iat, standing]) =>
    Effect.gen(function* () {
      const token = unsigned({ iat })
      const { stdout } = yield* run(["token", "decode", "--json"], { stdin: token })
      const decoded = JSON.parse(stdout)
      assert.deepStrictEqual([decoded.standing, decoded.claims.iat], [standing, iat])
      assert.strictEqual(decoded.issuedAt === null, standing === "unknown")
    })
  )

  it.live("shortens what belongs in no provider token", () =>
    Effect.gen(function* () {
      const secret = "a-long-text-that-is-perhaps-the-secret-of-somebody"
      const { stdout } = yield* run(["token", "decode"], {
        stdin: unsigned({ iat: 1, note: secret, nested: { secret } })
      })
      assert.include(stdout, "a-long… (50 characters)")
      assert.notInclude(stdout, "secret-of-somebody")
    })
  )

  it.live.each(["", "eyJabc", "not.a.token", `${part({})}.%%%.x`])(
    "takes nothing else, and does not repeat it: %j",
    (text) =>
      Effect.gen(function* () {
        const { code, stdout, stderr } = yield* run(["token", "decode"], { stdin: text })
        assert.deepStrictEqual([code, stdout], [2, ""])
        if (text !== "") assert.notInclude(stderr, text)
      })
  )

  it.live.skipIf(!hasTerminal)("does not wait for a token on a terminal", () =>
    Effect.gen(function* () {
      const { code, screen } = yield* inTerminal(["token", "decode"])
      assert.strictEqual(code, 2)
      assert.include(screen, "there is no token")
    })
  )
})

describe("apns token verify", () => {
  it.live("takes a token of the key, and finds each fault of another", () =>
    Effect.gen(function* () {
      const { stdout: token } = yield* run(["token", "make"], { env })
      const good = yield* run(["token", "verify"], { env, stdin: token })
      assert.deepStrictEqual([good.code, good.stderr], [0, ""])
      assert.strictEqual(good.stdout.match(/^✓/gm)?.length, 5)
      const forged = unsigned({ iat: secondsAgo(7200), iss: "OTHERTEAM1" }, { kid: "OTHERKEY01", alg: "HS256" })
      const bad = yield* run(["token", "verify", "--json"], { env, stdin: forged })
      assert.strictEqual(bad.code, 1)
      const { checks, valid } = JSON.parse(bad.stdout)
      assert.isFalse(valid)
      assert.deepStrictEqual(
        checks.map(({ name, passed }: Jwt.Check) => [name, passed]),
        ["algorithm", "keyId", "teamId", "age", "signature"].map((name) => [name, false])
      )
      const told = yield* run(["token", "verify", forged], { env })
      assert.strictEqual(told.code, 1)
      assert.include(told.stdout, "✗ kid is OTHERKEY01, and the key is FAKEKEY001")
      for (const line of told.stdout.split("\n")) assert.isAtMost(line.length, 80, line)
    })
  )

  it.live("uses the profile", () =>
    Effect.gen(function* () {
      const home = yield* folder
      const place = { XDG_CONFIG_HOME: home }
      const flags = ["--team-id", "FAKETEAM01", "--key-id", "FAKEKEY001", "--key-file", keyFile]
      yield* run(["profile", "add", "work", ...flags], { env: place })
      const { stdout } = yield* run(["token", "make"], { env: place })
      const { code } = yield* run(["token", "verify", "--profile", "work"], { env: place, stdin: stdout })
      assert.strictEqual(code, 0)
    })
  )
})
