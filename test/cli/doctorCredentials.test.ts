import { chmodSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { asNobody } from "../support/nobody.ts"
import { certificates, diagnosed, simulated, type Variables, well } from "./support/doctor.ts"
import { localVariables, topic } from "./support/local.ts"

describe("apns doctor finds the credentials at fault:", () => {
  const refused = (variables: Variables, reason: string, cure: RegExp, more: Readonly<Record<string, string>> = {}) =>
    Effect.gen(function* () {
      const { line, statuses } = yield* diagnosed({ ...(yield* localVariables), ...variables })
      assert.deepStrictEqual(statuses, { ...well, probe: "failed", ...more })
      assert.strictEqual(line("probe").facts?.reason, reason)
      assert.match(line("probe").cure ?? "", cure)
    })

  it.live("a key that is not this team's", () =>
    refused(
      { APNS_TEAM_ID: "OTHERTEAM1" },
      "InvalidProviderToken",
      /^Key ID SIMKEY0001, team ID OTHERTEAM1 and the \.p8 file do not belong together, or the key is revoked/
    ).pipe(simulated())
  )

  it.live("another key", () =>
    Effect.gen(function* () {
      const other = join(certificates, "AuthKey_FAKEKEY001.p8")
      const { line, statuses } = yield* diagnosed({ ...(yield* localVariables), APNS_KEY_FILE: other })
      assert.strictEqual(statuses.probe, "failed")
      assert.strictEqual(line("probe").facts?.reason, "InvalidProviderToken")
      assert.strictEqual(statuses.credentials, "warned")
      assert.include(line("credentials").detail, "the file's name says key ID FAKEKEY001, the setting SIMKEY0001")
    }).pipe(simulated())
  )

  it.live("a key of the other environment", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const pem = simulator.key.privateKey
      yield* simulator.registerKey({
        teamId: "SIMTEAM001",
        keyId: "PRODKEY001",
        pem,
        scope: { environment: "production" }
      })
      yield* refused({ APNS_KEY_ID: "PRODKEY001" }, "BadEnvironmentKeyInToken", /not for the server's environment/)
    }).pipe(simulated())
  )

  it.live("a key that is not for the topic", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const pem = simulator.key.privateKey
      yield* simulator.registerKey({
        teamId: "SIMTEAM001",
        keyId: "TOPICKEY01",
        pem,
        scope: { topics: ["com.example.other"] }
      })
      yield* refused(
        { APNS_KEY_ID: "TOPICKEY01" },
        "TopicDisallowed",
        /^These credentials may not push to com\.example\.app: compare --topic/
      )
    }).pipe(simulated())
  )

  it.live("a topic that is none", () =>
    refused({ APNS_TOPIC: "-com.example.app" }, "BadTopic", /set --topic \(APNS_TOPIC\)/).pipe(simulated())
  )

  it.live("no topic: the credentials are checked all the same", () =>
    Effect.gen(function* () {
      const { line, statuses } = yield* diagnosed({ ...(yield* localVariables), APNS_TOPIC: "" })
      assert.deepStrictEqual(statuses, { ...well, topic: "warned" })
      assert.include(line("topic").cure, "Set --topic")
      assert.include(line("probe").detail, "MissingTopic: key, team and environment are right")
    }).pipe(simulated())
  )

  it.live("too many provider tokens", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({
        match: { method: "POST" },
        effect: { _tag: "reject", reason: "TooManyProviderTokenUpdates" }
      })
      yield* refused({}, "TooManyProviderTokenUpdates", /says nothing of the key.*wait 20 minutes/)
    }).pipe(simulated())
  )

  it.live("an answer that is not one of APNs", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({
        match: { method: "POST" },
        effect: { _tag: "respond", status: 403, headers: { "content-type": "text/html" }, body: "<html>No</html>" }
      })
      const { line, statuses } = yield* diagnosed(yield* localVariables)
      assert.deepStrictEqual(statuses, { ...well, probe: "failed" })
      assert.include(line("probe").detail, "is not one of APNs")
      assert.include(line("probe").cure, "Look for a proxy")
    }).pipe(simulated())
  )

  it.live("no answer", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ match: { method: "POST" }, effect: { _tag: "silence" } })
      const { line, statuses } = yield* diagnosed(yield* localVariables, ["--timeout", "2 seconds"])
      assert.deepStrictEqual(statuses, { ...well, probe: "failed" })
      assert.include(line("probe").detail, "the deadline passed")
    }).pipe(simulated())
  )

  const unusable: ReadonlyArray<readonly [string, string, RegExp]> = [
    ["that does not exist", "/nowhere/AuthKey.p8", /cannot be read: it does not exist/],
    ["that is a directory", certificates, /cannot be read: it is a directory/],
    ["on another curve", join(certificates, "p384.p8"), /P-384/i],
    ["that is no key", join(certificates, "universal.pem"), /certificate/]
  ]
  it.live.each(unusable)("a key file %s; the way is looked at all the same", ([, file, detail]) =>
    Effect.gen(function* () {
      const { line, statuses } = yield* diagnosed({ ...(yield* localVariables), APNS_KEY_FILE: file })
      assert.deepStrictEqual(
        { ...statuses, permissions: "" },
        { ...well, credentials: "failed", permissions: "", probe: "skipped" }
      )
      assert.match(line("credentials").detail, detail)
      assert.notStrictEqual(line("credentials").cure, "")
      assert.include(line("probe").detail, "because of Credentials")
    }).pipe(simulated())
  )

  it.live("a key file that may not be read", () =>
    Effect.gen(function* () {
      const variables = yield* localVariables
      const { APNS_CA_FILE, APNS_KEY_FILE } = variables
      // Before it is denied; and what it takes is loaded then, from folders that nobody else may be allowed to read.
      assert.deepStrictEqual((yield* diagnosed(variables)).statuses, well)
      chmodSync(APNS_KEY_FILE, 0o000)
      const { line, statuses } = yield* asNobody(
        [dirname(APNS_KEY_FILE), APNS_KEY_FILE, APNS_CA_FILE],
        diagnosed(variables)
      )
      assert.deepStrictEqual(statuses, { ...well, credentials: "failed", probe: "skipped" })
      assert.include(line("credentials").detail, "permission is denied")
      assert.include(line("credentials").cure, "Let the user that runs this process read the file")
    }).pipe(simulated())
  )

  it.live("a key file that others may read", () =>
    Effect.gen(function* () {
      const variables = yield* localVariables
      chmodSync(variables.APNS_KEY_FILE, 0o644)
      const { code, line, statuses } = yield* diagnosed(variables)
      assert.deepStrictEqual({ code, statuses }, { code: 0, statuses: { ...well, permissions: "warned" } })
      assert.strictEqual(line("permissions").cure, `Run: chmod 600 ${variables.APNS_KEY_FILE}`)
    }).pipe(simulated())
  )

  const certified = (certificate: string, more: Variables = {}) =>
    Effect.gen(function* () {
      return yield* diagnosed({
        ...(yield* localVariables),
        APNS_KEY_FILE: "",
        APNS_TOPIC: "",
        APNS_CERTIFICATE_FILE: join(certificates, certificate),
        APNS_CERTIFICATE_KEY_FILE: join(certificates, "push.key.pem"),
        ...more
      })
    })

  it.live("nothing, with a certificate that is good", () =>
    Effect.gen(function* () {
      const { line, statuses } = yield* certified("universal.pem")
      assert.deepStrictEqual({ ...statuses, permissions: "" }, { ...well, permissions: "" })
      assert.include(line("topic").detail, "com.example.FakeApp, the certificate's")
      assert.include(line("probe").detail, "certificate, topic and environment are right")
    }).pipe(simulated())
  )

  it.live("a certificate that has expired", () =>
    Effect.gen(function* () {
      const { line, statuses } = yield* certified("expired.pem")
      assert.deepStrictEqual(
        { ...statuses, permissions: "", topic: "" },
        { ...well, permissions: "", topic: "", credentials: "failed", probe: "skipped" }
      )
      assert.match(line("credentials").detail, /expired at \d{4}-/)
      assert.include(line("credentials").cure, "Create a new certificate")
    }).pipe(simulated())
  )

  it.live("a certificate of another app", () =>
    Effect.gen(function* () {
      const { line, statuses } = yield* certified("universal.pem", { APNS_TOPIC: topic })
      assert.deepStrictEqual(
        { ...statuses, permissions: "" },
        { ...well, permissions: "", topic: "failed", probe: "failed" }
      )
      assert.include(line("topic").detail, "com.example.app is not among the certificate's: com.example.FakeApp")
      assert.strictEqual(line("probe").facts?.reason, "TopicDisallowed")
    }).pipe(simulated())
  )

  it.live("a certificate of the other environment", () =>
    Effect.gen(function* () {
      const { line, statuses } = yield* certified("production.pem")
      assert.strictEqual(statuses.probe, "failed")
      assert.strictEqual(line("probe").facts?.reason, "BadCertificateEnvironment")
      assert.include(line("probe").cure, "Use the environment the certificate was made for")
    }).pipe(simulated())
  )
})

describe("apns doctor finds the clock at fault:", () => {
  const skewed = (millis: number, reason: string, detail: RegExp) =>
    Effect.gen(function* () {
      yield* (yield* Simulator).moveClock({ _tag: "advance", millis })
      const { line, statuses } = yield* diagnosed(yield* localVariables)
      assert.deepStrictEqual(statuses, { ...well, clock: "failed", probe: "failed" })
      assert.match(line("clock").detail, detail)
      assert.include(line("clock").cure, "Set this machine's clock")
      assert.approximately(Number(line("clock").facts?.skewSeconds), -millis / 1000, 5)
      assert.strictEqual(line("probe").facts?.reason, reason)
      assert.include(line("probe").cure, "see Clock")
    })

  it.live("it is behind", () =>
    skewed(7_200_000, "ExpiredProviderToken", /^7\d{3} s behind the server's \(limit: 600 s\)/).pipe(simulated())
  )

  it.live("it is ahead", () =>
    skewed(-7_200_000, "InvalidProviderToken", /^7\d{3} s ahead of the server's \(limit: 60 s\)/).pipe(simulated())
  )
})
