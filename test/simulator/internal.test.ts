import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { readClientCertificate } from "../../packages/simulator/src/internal/clientCertificate.ts"
import {
  type CredentialRules,
  judgeCertificate,
  judgeToken,
  type Outcome,
  type TokenLedger
} from "../../packages/simulator/src/internal/credential.ts"
import { goAwayFrame, makeOutgoingFrames } from "../../packages/simulator/src/internal/frames.ts"
import { makeLog } from "../../packages/simulator/src/internal/log.ts"
import { bearer, registeredKey, verifyToken } from "../../packages/simulator/src/internal/providerToken.ts"
import { providerCertificate } from "./certificate.ts"
import { providerToken, signingKey } from "./support.ts"

const signing = signingKey("TEAM000001", "KEY0000001")
const registered = registeredKey({ teamId: signing.teamId, keyId: signing.keyId, pem: signing.privateKey })
const keys = new Map([[registered.keyId, registered]])

describe("a provider token", () => {
  it("is read from bearer in any case", () => {
    assert.strictEqual(bearer("bearer a.b.c"), "a.b.c")
    assert.strictEqual(bearer("Bearer a.b.c"), "a.b.c")
    assert.isUndefined(bearer("bearer "))
    assert.isUndefined(bearer("basic a.b.c"))
  })

  it("verifies in both forms of signature and not when changed", () => {
    for (const encoding of ["der", "ieee-p1363"] as const) {
      const token = providerToken(signing, { encoding })
      assert.strictEqual(verifyToken(token, keys)?.key, registered)
      const [header, claims, signature = ""] = token.split(".")
      const flipped = Buffer.from(signature, "base64url")
      flipped[40] = (flipped[40] ?? 0) ^ 1
      assert.isUndefined(verifyToken(`${header}.${claims}.${flipped.toString("base64url")}`, keys))
      assert.isUndefined(verifyToken(`${header}.${claims}`, keys))
      assert.isUndefined(verifyToken(`${header}.${claims}.${signature}=`, keys))
      assert.isUndefined(verifyToken(`${header}.bnVsbA.${signature}`, keys))
    }
  })

  it("does not verify random bytes, in either form", () => {
    const [header, claims] = providerToken(signing).split(".")
    for (let n = 0; n < 300; n++) {
      const bytes = randomBytes(n % 2 === 0 ? 64 : 1 + (n % 90))
      if (n % 3 !== 0) bytes[0] = 0x30
      assert.isUndefined(verifyToken(`${header}.${claims}.${bytes.toString("base64url")}`, keys))
    }
  })

  it("verifies 300 DER signatures whatever their length", () => {
    for (let n = 0; n < 300; n++) {
      assert.isDefined(verifyToken(providerToken(signing, { encoding: "der", agoSeconds: n }), keys))
    }
  })

  const now = 1_800_000_000_000
  const rules: CredentialRules = { environment: "sandbox", environmentReason: "BadEnvironmentKeyInToken" }
  const judge = (agoSeconds: number, ledger: TokenLedger = new Map(), at = now): Outcome =>
    judgeToken(verifyToken(providerToken(signing, { nowMillis: now, agoSeconds }), keys), undefined, ledger, at, rules)
  const reason = (outcome: Outcome) => (outcome._tag === "refused" ? outcome.reason : undefined)

  it("is good for an hour exactly, and a minute early", () => {
    assert.isUndefined(reason(judge(3600)))
    assert.strictEqual(reason(judge(3601)), "ExpiredProviderToken")
    assert.isUndefined(reason(judge(-60)))
    assert.strictEqual(reason(judge(-61)), "InvalidProviderToken")
  })

  it("may be renewed after twenty minutes exactly", () => {
    const first = judge(1200)
    assert.strictEqual(first._tag, "accepted")
    const ledger = first._tag === "accepted" ? first.ledger : new Map()
    assert.isUndefined(reason(judge(0, ledger)))
    assert.strictEqual(reason(judge(1, ledger)), "TooManyProviderTokenUpdates")
    // Two tokens of one second are two tokens all the same: ECDSA signatures differ.
    assert.strictEqual(reason(judge(1200, ledger)), "TooManyProviderTokenUpdates")
    // A token is forgotten once it is stale.
    assert.isUndefined(reason(judge(1, ledger, now + 2_400_001)))
  })
})

describe("a client certificate", () => {
  it("has its topics in .6.3.6, else .6.3.4, else the subject's UID", () => {
    const topics = [
      ["com.example.app", "app"],
      ["com.example.app.voip", "voip"],
      ["com.example.a-long-name-that-needs-two-length-bytes-in-der.complication", "complication"]
    ] as const
    const names = topics.map(([name]) => name)
    const both = { uid: "com.example.app", sandbox: true, production: true, voipTopics: "a, a.voip" }
    const read = (options: Parameters<typeof providerCertificate>[0]) =>
      readClientCertificate(providerCertificate(options).der)
    assert.deepStrictEqual(read({ ...both, topics }), { topics: names, environments: ["sandbox", "production"] })
    assert.deepStrictEqual(read(both)?.topics, ["a", "a.voip"])
    assert.deepStrictEqual(read({ uid: "u", production: true }), { topics: ["u"], environments: ["production"] })
    assert.deepStrictEqual(read({}), { topics: [], environments: [] })
  })

  it("that is cut or no certificate is not read", () => {
    const { der } = providerCertificate({ uid: "u", sandbox: true })
    for (let length = 0; length < der.length; length += 7) {
      assert.isUndefined(readClientCertificate(der.subarray(0, length)), String(length))
    }
    assert.isUndefined(readClientCertificate(Buffer.from("30820a", "hex")))
    const rules: CredentialRules = { environment: "sandbox", environmentReason: "BadEnvironmentKeyInToken" }
    assert.deepInclude(judgeCertificate(undefined, true, new Map(), rules), { reason: "BadCertificate" })
  })
})

describe("outgoing frames", () => {
  const settings = Buffer.from("000006040000000000000300000000".slice(0, 30), "hex")
  const data = Buffer.concat([Buffer.from("000003000100000001", "hex"), Buffer.from("abc")])
  const ack = Buffer.from("000000040100000000", "hex")
  const stream = Buffer.concat([settings, data, ack, goAwayFrame(1, 0, "x"), data])
  const limited = Buffer.concat([
    Buffer.from("00000c0400000000000003000000000003000003e8", "hex"),
    data,
    ack,
    goAwayFrame(1, 0, "x"),
    data
  ])

  it("carry the limit in SETTINGS, however the bytes are cut", () => {
    for (let size = 1; size <= stream.length; size++) {
      const frames = makeOutgoingFrames({ limit: () => 1000, hideGoAway: () => false })
      const out: Array<Buffer> = []
      for (let at = 0; at < stream.length; at += size) out.push(...frames.pass(stream.subarray(at, at + size)))
      assert.strictEqual(Buffer.concat(out).toString("hex"), limited.toString("hex"), String(size))
    }
  })

  it("leave out the session's GOAWAY when asked to", () => {
    const frames = makeOutgoingFrames({ limit: () => 1, hideGoAway: () => true })
    const out = Buffer.concat(frames.pass(Buffer.concat([data, goAwayFrame(1, 0, "x"), data])))
    assert.strictEqual(out.toString("hex"), Buffer.concat([data, data]).toString("hex"))
  })

  it("take a frame of ours between two of the session's", () => {
    const frames = makeOutgoingFrames({ limit: () => 1, hideGoAway: () => false })
    const goAway = goAwayFrame(0, 7, "")
    assert.deepStrictEqual(frames.insert(goAway), [goAway])
    const out = [...frames.pass(data.subarray(0, 4)), ...frames.insert(goAway), ...frames.pass(data.subarray(4))]
    assert.strictEqual(Buffer.concat(out).toString("hex"), Buffer.concat([data, goAway]).toString("hex"))
  })
})

describe("the log", () => {
  const request = {
    kind: "device" as const,
    connection: 1,
    stream: 1,
    method: "POST",
    path: "/",
    headers: [],
    body: "",
    bodyBytes: 0,
    time: 0
  }

  it("keeps the newest and answers those it still has", () => {
    const log = makeLog(3)
    const found = Array.from({ length: 20 }, () => log.add(request))
    for (const key of found) log.answer(key, { _tag: "answered", status: 200 + key.sequence })
    assert.deepStrictEqual(
      log.snapshot().map((entry) => [entry.sequence, entry.answer._tag === "answered" && entry.answer.status]),
      [
        [17, 217],
        [18, 218],
        [19, 219]
      ]
    )
  })

  it("does not answer a request from before it was cleared", () => {
    const log = makeLog(3)
    const before = log.add(request)
    log.clear()
    log.add(request)
    log.answer(before, { _tag: "answered", status: 500 })
    assert.deepStrictEqual(log.snapshot()[0]?.answer, { _tag: "unanswered", why: "pending" })
  })

  it("tells those who wait, once", () => {
    const log = makeLog(1)
    const told: Array<string> = []
    log.whenReceived(0, () => told.push("none"))
    log.whenReceived(2, () => told.push("two"))
    log.whenReceived(2, () => told.push("stopped"))()
    log.add(request)
    assert.deepStrictEqual(told, ["none"])
    log.add(request)
    log.add(request)
    assert.deepStrictEqual(told, ["none", "two"])
  })
})
