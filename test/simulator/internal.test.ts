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
import { Log } from "../../packages/simulator/src/internal/log.ts"
import { bearer, registeredKey, verifyToken } from "../../packages/simulator/src/internal/providerToken.ts"
import { readRequest } from "../../packages/simulator/src/internal/request.ts"
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
  const rules: CredentialRules = {
    environment: "sandbox",
    environmentReason: "BadEnvironmentKeyInToken",
    tokenUpdateScope: "connection"
  }
  const judge = (agoSeconds: number, ledger: TokenLedger = new Map(), at = now): Outcome =>
    judgeToken(verifyToken(providerToken(signing, { nowMillis: now, agoSeconds }), keys), undefined, ledger, at, rules)
  const reason = (outcome: Outcome) => {
    if (outcome._tag === "accepted") return undefined
    return typeof outcome.fault === "string" ? outcome.fault : outcome.fault.reason
  }

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
    const rules: CredentialRules = {
      environment: "sandbox",
      environmentReason: "BadEnvironmentKeyInToken",
      tokenUpdateScope: "connection"
    }
    assert.deepInclude(judgeCertificate(undefined, true, new Map(), rules), { fault: "BadCertificate" })
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
  const request = readRequest("device", [":method", "POST", ":path", "/"], "", 0)
  const add = (log: Log) => log.add(request, 1, 1, 0, undefined)
  const large = 1024 * 1024

  it("keeps the newest and answers those it still has", () => {
    const log = new Log(3, large, 1)
    const found = Array.from({ length: 20 }, () => add(log))
    for (const entry of found) log.answer(entry, { _tag: "answered", status: 200 + entry.sequence })
    assert.deepStrictEqual(
      Array.from(log.entries(), ({ id, sequence, answer }) => [
        id,
        sequence,
        answer._tag === "answered" && answer.status
      ]),
      [
        [18, 17, 217],
        [19, 18, 218],
        [20, 19, 219]
      ]
    )
    assert.deepStrictEqual(
      Array.from(log.newest(20), ({ id }) => id),
      [19, 18]
    )
    assert.deepStrictEqual(
      Array.from(log.entries(19), ({ id }) => id),
      [20]
    )
    assert.isUndefined(log.get(17))
    assert.isUndefined(log.get(21))
    assert.strictEqual(log.get(20)?.id, 20)
  })

  it("keeps no more than so many bytes, and the newest in any case", () => {
    const log = new Log(1000, 20_000, 7)
    const body = "x".repeat(9_000)
    for (let n = 0; n < 10; n++) log.add(readRequest("device", [], body, body.length), 1, 1, 0, undefined)
    assert.strictEqual(log.nextId - log.firstId, 1)
    for (let n = 0; n < 100; n++) add(log)
    assert.isAtMost(log.bytes, 20_000)
    assert.isAbove(log.nextId - log.firstId, 15)
    log.add(readRequest("device", [], "x".repeat(50_000), 50_000), 1, 1, 0, undefined)
    assert.strictEqual(log.nextId - log.firstId, 1)
  })

  it("counts from 0 after a reset and gives no id again", () => {
    const log = new Log(3, large, 1)
    const before = add(log)
    log.reset()
    const after = add(log)
    assert.deepInclude(after, { id: 2, sequence: 0 })
    assert.deepStrictEqual([...log.entries()], [after])
    log.answer(before, { _tag: "answered", status: 500 })
    assert.isTrue(after.isPending)
  })

  it("tells those who wait, once", () => {
    const log = new Log(1, large, 1)
    const told: Array<string> = []
    log.whenReceived(0, () => told.push("none"))
    log.whenReceived(2, () => told.push("two"))
    log.whenReceived(2, () => told.push("stopped"))()
    add(log)
    assert.deepStrictEqual(told, ["none"])
    add(log)
    add(log)
    assert.deepStrictEqual(told, ["none", "two"])
  })

  it("takes the first note of an answer", () => {
    const log = new Log(1, large, 1)
    const entry = add(log)
    assert.isTrue(log.answer(entry, { _tag: "unanswered", why: "silence" }))
    assert.isFalse(log.answer(entry, { _tag: "unanswered", why: "closed" }))
    assert.deepStrictEqual(entry.answer, { _tag: "unanswered", why: "silence" })
  })
})
