import { createPrivateKey, sign as signBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Credentials, Jwt } from "effect-apns"

const now = Date.parse("2026-11-23T12:00:00Z")
const key = readFileSync(join(import.meta.dirname, "../fixtures/certificates/AuthKey_FAKEKEY001.p8"), "utf8")
const credentials = Credentials.token({
  teamId: "FAKETEAM01",
  keyId: "FAKEKEY001",
  privateKey: Redacted.make(key)
})

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A token of our own making, right but for what is given. */
const forged = (
  change: {
    readonly header?: object
    readonly claims?: object
    readonly form?: "ieee-p1363" | "der"
    readonly signature?: Buffer
  } = {}
) => {
  const signed = [
    part({ alg: "ES256", kid: "FAKEKEY001", ...change.header }),
    part({ iss: "FAKETEAM01", iat: now / 1000 - 60, ...change.claims })
  ].join(".")
  const dsaEncoding = change.form ?? "ieee-p1363"
  const signature =
    change.signature ?? signBytes("sha256", Buffer.from(signed), { key: createPrivateKey(key), dsaEncoding })
  return `${signed}.${signature.toString("base64url")}`
}

const today = TestClock.setTime(now)

const failedOf = (token: string) =>
  Effect.gen(function* () {
    yield* today
    return (yield* Jwt.verify(token, yield* credentials)).filter(({ passed }) => !passed)
  })

describe("sign", () => {
  it.effect("makes a token that verifies, and shows it to nobody", () =>
    Effect.gen(function* () {
      yield* today
      const token = yield* Jwt.sign(yield* credentials)
      assert.notInclude(inspect(token, { depth: 9, showHidden: true }), Redacted.value(token))
      const { ageSeconds, claims, header, issuedAt, signatureForm, standing } = yield* Jwt.decode(token)
      assert.deepStrictEqual(header, { alg: "ES256", kid: "FAKEKEY001" })
      assert.deepStrictEqual(claims, { iss: "FAKETEAM01", iat: now / 1000 })
      assert.deepStrictEqual([ageSeconds, standing, signatureForm], [0, "fresh", "jws"])
      assert.strictEqual(issuedAt === undefined ? undefined : DateTime.toEpochMillis(issuedAt), now)
      assert.deepStrictEqual(yield* failedOf(Redacted.value(token)), [])
    })
  )
})

describe("decode", () => {
  it.effect.each<readonly [seconds: number, standing: Jwt.Standing]>([
    [-61, "future"],
    [-60, "fresh"],
    [0, "fresh"],
    [20 * 60 - 1, "fresh"],
    [20 * 60, "renewable"],
    [60 * 60 - 1, "renewable"],
    [60 * 60, "expired"]
  ])("knows where a token of %i s stands: %s", ([seconds, standing]) =>
    Effect.gen(function* () {
      yield* today
      const decoded = yield* Jwt.decode(forged({ claims: { iat: now / 1000 - seconds } }))
      assert.deepStrictEqual([decoded.ageSeconds, decoded.standing], [seconds, standing])
    })
  )

  it.effect.each([undefined, "1732363200", now, Number.MAX_VALUE, null])("has no age for an iat of %s", (iat) =>
    Effect.gen(function* () {
      const decoded = yield* Jwt.decode(forged({ claims: { iat } }))
      assert.deepStrictEqual(
        [decoded.ageSeconds, decoded.issuedAt, decoded.standing],
        [undefined, undefined, "unknown"]
      )
    })
  )

  it.effect.each([
    (token: string) => `bearer ${token}`,
    (token: string) => `authorization: Bearer ${token}\n`,
    (token: string) => `\n ${token}\r\n`
  ])("takes a token as it stands in a header: %o", (write) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Jwt.decode(write(forged()))).header.kid, "FAKEKEY001")
    })
  )

  it.effect.each<readonly [text: string, problem: string]>([
    ["", "the text is empty"],
    ["c2VjcmV0", "it has 1 part where"],
    ["c2VjcmV0.c2VjcmV0", "it has 2 parts where"],
    ["c2VjcmV0.c2VjcmV0!.c2VjcmV0", "not base64url"],
    ["c2VjcmV0.c2VjcmV0.c2VjcmV0", "The header of the token"],
    [`${part({ alg: "ES256" })}.c2VjcmV0.c2VjcmV0`, "The claims of the token"],
    [`${part({ alg: "ES256" })}.${part(["c2VjcmV0"])}.c2VjcmV0`, "The claims of the token"],
    [key, "PEM text"]
  ])("says what is wrong with what is no token (%#)", ([text, problem]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Jwt.decode(text))
      assert.strictEqual(error.reason._tag, "InvalidCredentials")
      assert.include(error.reason.detail, problem)
      assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "c2VjcmV0")
    })
  )
})

describe("verify", () => {
  it.effect("takes the signature in both forms that APNs takes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* failedOf(forged()), [])
      assert.deepStrictEqual(yield* failedOf(forged({ form: "der" })), [])
    })
  )

  it.effect.each<readonly [name: Jwt.Check["name"], token: string, detail: string]>([
    ["algorithm", forged({ header: { alg: "HS256" } }), "alg is HS256"],
    ["keyId", forged({ header: { kid: "OTHERKEY01" } }), "kid is OTHERKEY01, and the key is FAKEKEY001"],
    ["keyId", forged({ header: { kid: undefined } }), "kid is missing"],
    ["teamId", forged({ claims: { iss: "somebody's e-mail" } }), "iss is something that is no ID"],
    ["age", forged({ claims: { iat: now / 1000 - 3600 } }), "60 min old"],
    ["age", forged({ claims: { iat: now / 1000 + 180 } }), "3 min from now"],
    ["age", forged({ claims: { iat: now } }), "iat is in milliseconds"],
    ["age", forged({ claims: { iat: String(now / 1000) } }), "iat is not a number"],
    ["signature", forged({ signature: Buffer.alloc(64, 1) }), "not of this key"],
    ["signature", forged({ signature: Buffer.alloc(12) }), "12 bytes"]
  ])("finds one fault: %s (%#)", ([name, token, detail]) =>
    Effect.gen(function* () {
      const [check, ...others] = yield* failedOf(token)
      assert.deepStrictEqual([check?.name, others], [name, []])
      assert.include(check?.detail, detail)
      assert.isString(check?.cure)
    })
  )

  it.effect("finds every fault of a token that has several", () =>
    Effect.gen(function* () {
      const failed = yield* failedOf(`${part({})}.${part({})}.${Buffer.alloc(64).toString("base64url")}`)
      assert.deepStrictEqual(
        failed.map(({ name }) => name),
        ["algorithm", "keyId", "teamId", "age", "signature"]
      )
    })
  )
})
