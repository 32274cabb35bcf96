import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { checkClock } from "../../packages/cli/src/doctor/clock.ts"
import type { Seen } from "../../packages/cli/src/doctor/handshake.ts"
import { checkNode } from "../../packages/cli/src/doctor/local.ts"
import { checkAnswer, pushFor, reasonIn } from "../../packages/cli/src/doctor/probe.ts"
import { headOf, lineOf } from "../../packages/cli/src/doctor/report.ts"
import type { Target } from "../../packages/cli/src/doctor/target.ts"
import { checkNoHandshake, checkProtocol, checkTrust } from "../../packages/cli/src/doctor/tls.ts"
import { style } from "../../packages/cli/src/Style.ts"

const apple: Target = {
  environment: "production",
  address: { host: "api.push.apple.com", port: 443 },
  others: [],
  proxy: undefined,
  exemptFrom: undefined,
  credentials: {
    _tag: "TokenCredentials",
    teamId: "TEAM000001",
    keyId: "KEY0000001",
    privateKey: Redacted.make("")
  },
  topic: "com.example.app",
  caFile: undefined,
  timeoutMillis: 10_000
}

const own: Target = { ...apple, environment: { host: "apns.test" }, address: { host: "apns.test", port: 443 } }

const shaken = (distrust: string): Seen => ({
  millis: 12,
  protocol: "TLS 1.3",
  alpn: "h2",
  chain: [
    { subject: "api.push.apple.com", issuer: "Acme Inspection" },
    { subject: "Acme Inspection", issuer: "Acme Root (Acme)" }
  ],
  names: "DNS:proxy.acme.test",
  validFrom: "Jan  1 00:00:00 2026 GMT",
  validTo: "Feb  1 00:00:00 2026 GMT",
  distrust
})

describe("Node", () => {
  it.each([
    ["22.19.0", "passed"],
    ["22.18.0", "failed"],
    ["20.99.1", "failed"],
    ["24.0.0", "passed"],
    ["26.1.0-nightly", "passed"]
  ])("%s has %s", (version, status) => {
    assert.strictEqual(checkNode(version).status, status)
  })
})

describe("a clock", () => {
  it.each([
    [0, "passed", "within a second of the server's"],
    [400, "passed", "within a second of the server's"],
    [-2_000, "passed", "2 s behind the server's"],
    [60_000, "passed", "60 s ahead of the server's"],
    [61_000, "failed", "61 s ahead of the server's (limit: 60 s)"],
    [-600_000, "passed", "600 s behind the server's"],
    [-601_000, "failed", "601 s behind the server's (limit: 600 s)"]
  ])("%d ms ahead has %s", (ahead, status, detail) => {
    const check = checkClock(ahead)
    assert.strictEqual(check.status, status)
    assert.include(check.detail, detail)
  })
})

describe("a chain", () => {
  it.each([
    ["SELF_SIGNED_CERT_IN_CHAIN", apple, "issued by Acme Root (Acme), which is not trusted", "NODE_EXTRA_CA_CERTS="],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", own, "issued by Acme Root (Acme), which is not trusted", "--ca-file"],
    ["CERT_HAS_EXPIRED", apple, "has expired (Jan  1 00:00:00 2026 GMT to", "Check this machine's clock"],
    ["CERT_NOT_YET_VALID", apple, "is not valid yet", "Check this machine's clock"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", apple, "not for api.push.apple.com but for DNS:proxy.acme.test", "opens TLS"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", own, "not for apns.test but for DNS:proxy.acme.test", "--host"],
    ["CERT_REVOKED", apple, "is not trusted (CERT_REVOKED)", "opens TLS"]
  ] as const)("with %s", (code, target, detail, cure) => {
    const check = checkTrust(target, shaken(code))
    assert.strictEqual(check.status, "failed")
    assert.include(check.detail, detail)
    assert.include(check.cure, cure)
  })
})

describe("a handshake", () => {
  it.each([
    ["timeout", "did not answer within 10 s", "no firewall swallows TLS"],
    ["ECONNRESET", "ended during the handshake", "a firewall that reads the server's name"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "does not speak TLS", "--port"],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "no TLS from 1.2 on", "opens TLS"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "the handshake failed (ERR_SSL", "openssl s_client"]
  ])("that ends with %s", (code, detail, cure) => {
    const check = checkNoHandshake(apple, { code })
    assert.include(check.detail, detail)
    assert.include(check.cure, cure)
  })

  it("without HTTP/2 is by something between here and Apple", () => {
    const { cure, detail } = checkProtocol(apple, { alpn: "http/1.1" })
    assert.include(detail, "chose http/1.1 (ALPN)")
    assert.include(cure, "Something between here and api.push.apple.com opens TLS")
  })
})

describe("an answer to the probe", () => {
  it.each([
    [400, "BadDeviceToken", "passed", ""],
    [200, undefined, "passed", ""],
    [403, "InvalidProviderToken", "failed", "Key ID KEY0000001, team ID TEAM000001"],
    [403, "ExpiredProviderToken", "failed", "see Clock"],
    [403, "BadEnvironmentKeyIdInToken", "failed", "use --environment sandbox"],
    [403, "BadEnvironmentKeyInToken", "failed", "The key is for sandbox"],
    [403, "UnrelatedKeyIdInToken", "failed", "something on the way shares connections"],
    [403, "MissingProviderToken", "failed", "did not arrive"],
    [403, "BadCertificate", "failed", "create a new one"],
    [400, "TopicDisallowed", "failed", "compare --topic"],
    [400, "BadTopic", "failed", "com.example.app is no topic"],
    [400, "MissingTopic", "failed", "Set --topic"],
    [429, "TooManyProviderTokenUpdates", "failed", "wait 20 minutes"],
    [403, "Forbidden", "failed", "Check what this key or certificate is allowed to do."],
    [503, "ServiceUnavailable", "failed", "wait 15 minutes"],
    [400, "NewReason", "failed", "apns reason NewReason"],
    [502, undefined, "failed", "Look for a proxy"]
  ])("%d %s has %s", (status, reason, expected, cure) => {
    const check = checkAnswer(apple, { status, reason })
    assert.strictEqual(check.status, expected)
    if (expected === "failed") assert.include(check.cure, cure)
  })

  it("that misses a topic which is not set is good", () => {
    const check = checkAnswer({ ...apple, topic: undefined }, { status: 400, reason: "MissingTopic" })
    assert.strictEqual(check.status, "passed")
    assert.include(check.detail, "there was no topic to check")
  })

  it.each([
    ['{"reason":"BadDeviceToken"}', "BadDeviceToken"],
    ['{"reason":"a\\u001b[31m b"}', "a??31m?b"],
    ['{"reason":7}', undefined],
    ["<html>", undefined],
    ["null", undefined]
  ])("%s says %s", (body, reason) => {
    assert.strictEqual(reasonIn(body), reason)
  })
})

describe("the probe's push", () => {
  it.each([
    ["com.example.app", "background"],
    [undefined, "background"],
    ["com.example.app.voip", "voip"],
    ["com.example.app.voip-ptt", "pushtotalk"],
    ["com.example.app.push-type.liveactivity", "liveactivity"],
    ["com.apple.mgmt.External.1", "mdm"]
  ])("to %s is of the type %s", (topic, pushType) => {
    assert.strictEqual(pushFor(topic).pushType, pushType)
  })
})

describe("the report", () => {
  const plain = Effect.runSync(style("stderr"))

  it("fits 80 columns whatever is in it", () => {
    const path = `/${"very-long-folder/".repeat(12)}AuthKey.p8`
    const line = lineOf(
      { check: "permissions", status: "warned", detail: `${path} is open`, cure: `Run: chmod 600 ${path}` },
      plain
    )
    const head = headOf(
      {
        address: { host: "api.push.apple.com", port: 443 },
        settings: [
          { variable: "APNS_KEY_FILE", value: path, from: "flag", source: "--key-file" },
          { variable: "APNS_TOPIC", value: "com.example.app", from: "profile", source: "p".repeat(100) }
        ]
      },
      plain
    )
    for (const text of `${line}\n${head}`.split("\n")) assert.isAtMost(text.length, 80, text)
    assert.include(line.replaceAll(/\s/g, ""), path)
    assert.include(head.replaceAll(/\s/g, ""), path)
  })

  it.each([
    ["APNS_KEY", "anything"],
    ["APNS_CERTIFICATE_PASSPHRASE", "anything"],
    ["APNS_TEAM_ID", "-----BEGIN PRIVATE KEY-----"],
    ["APNS_TOPIC", "M".repeat(64)],
    ["APNS_KEY_FILE", `MI${"G".repeat(100)}`]
  ])("does not show what is in %s", (variable, value) => {
    const head = headOf(
      {
        address: { host: "api.push.apple.com", port: 443 },
        settings: [{ variable, value, from: "variable", source: variable }]
      },
      plain
    )
    assert.notInclude(head, value)
  })
})
