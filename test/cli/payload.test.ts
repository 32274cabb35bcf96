import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PayloadInspection, PushType } from "effect-apns"
import { adviceOn, knownKeys } from "../../packages/cli/src/payload/cures.ts"
import { findings } from "../../packages/cli/src/payload/findings.ts"
import { kindOfPayload, kinds } from "../../packages/cli/src/payload/kinds.ts"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"

const good = { aps: { alert: { title: "Hello" }, badge: 1 }, orderId: 42 }

const narrow = (text: string) => {
  for (const line of text.split("\n")) assert.isAtMost(line.length, 80, line)
}

describe("apns payload", () => {
  it.live("tells that a payload is right, its size, and the size of each key", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["payload"], { stdin: JSON.stringify(good, null, 2) })
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      narrow(stdout)
      assert.include(stdout, "As a push of the type alert it breaks no rule.")
      assert.include(stdout, "58 of 4,096 bytes; 95 with the file's white space, which is not sent.")
      assert.match(stdout, /^ {4}7 +12 % {2}aps\.alert\.title$/m)
    })
  )

  it.live("explains every problem with its cure and ends with 1", () =>
    Effect.gen(function* () {
      const payload = { aps: { alert: { body: 3 }, badge: "3", "content-available": true }, sound: "default" }
      const { code, stdout, stderr } = yield* run(["payload", "-"], { stdin: JSON.stringify(payload) })
      assert.deepStrictEqual({ code, stderr }, { code: 1, stderr: "" })
      narrow(stdout)
      assert.match(stdout, /✗ aps\.badge must be number\.\n {2}Give a whole number, without quotes; 0 removes/)
      assert.include(stdout, "✗ aps.alert.body must be string.")
      assert.include(stdout, "✗ aps.content-available must be 1.")
      assert.include(stdout, "! sound stands beside aps, where only the app reads it.")
    })
  )

  it.live("prints JSON with stable names", () =>
    Effect.gen(function* () {
      const file = join(yield* folder, "large.json")
      writeFileSync(file, JSON.stringify({ call: "x".repeat(5200) }))
      const { code, stdout } = yield* run(["payload", file, "--push-type", "voip", "--json"])
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(JSON.parse(stdout), {
        file,
        pushType: "voip",
        valid: false,
        bytes: 5211,
        limit: 5120,
        fileBytes: 5211,
        findings: [
          {
            severity: "error",
            key: "",
            problem: "is 5,211 bytes, and the limit is 5,120",
            cure: "Shorten it by 91 bytes.",
            source: "Sending notification requests to APNs"
          }
        ],
        keys: [{ key: "call", bytes: 5202 }]
      })
    })
  )

  it.live("shows a screenful of keys, the largest ones in their order", () =>
    Effect.gen(function* () {
      const data = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`k${n}`, "x".repeat(n)]))
      const stdin = JSON.stringify({ aps: { alert: "Hello" }, ...data })
      const { code, stdout } = yield* run(["payload"], { stdin })
      assert.strictEqual(code, 1)
      narrow(stdout)
      const keys = [...stdout.matchAll(/ % {2}(k\d+)$/gm)].map(([, key]) => key)
      assert.deepStrictEqual(
        keys,
        Array.from({ length: 24 }, (_, n) => `k${n + 376}`)
      )
      assert.match(stdout, /^ +and 378 smaller ones$/m)
      const [heading = "", first = ""] = stdout.slice(stdout.indexOf(" BYTES")).split("\n")
      assert.strictEqual(heading.indexOf("KEY"), first.indexOf("all of it"))
    })
  )

  it.live("reads an .apns file without its bundle ID", () =>
    Effect.gen(function* () {
      const file = join(yield* folder, "hello.apns")
      writeFileSync(file, JSON.stringify({ "Simulator Target Bundle": "com.example.app", aps: { alert: "Hello" } }))
      const { code, stdout } = yield* run(["payload", file, "--json"])
      assert.strictEqual(code, 0)
      assert.deepInclude(JSON.parse(stdout), { pushType: "alert", bytes: 25 })
    })
  )

  it.live.each<[string, ReadonlyArray<string>, string, RegExp]>([
    ["no file", ["nowhere.json"], "", /nowhere\.json cannot be read \(ENOENT\)/],
    ["bad JSON, by its line", ["-"], '{\n\n\n\n\n\n"aps": }', /standard input is not JSON: .* \(line 7, column 8\)/],
    ["no object", ["-"], "[]", /is not an object/],
    ["no push type", ["-"], '{"call": 1}', /its push type cannot be told/],
    ["a wrong push type", ["--push-type", "wigdets"], "{}", /Did you mean widgets\?/]
  ])("takes %s for bad input", ([, args, stdin, problem]) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["payload", ...args], { stdin })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.match(stderr, problem)
      assert.strictEqual(stderr.trimEnd().split("\n").length, 2, stderr)
    })
  )
})

describe("findings", () => {
  const keysOf = (...args: Parameters<typeof findings>) => findings(...args).map(({ key, severity }) => [key, severity])

  it("warns of a misspelt key and names the right one", () => {
    const [finding] = findings("alert", { aps: { alert: "Hello", "tread-id": "chat" } })
    assert.deepInclude(finding, { severity: "warning", key: "aps.tread-id", cure: "Did you mean aps.thread-id?" })
  })

  it("warns of a misspelt key beside one that is wrong", () => {
    assert.deepStrictEqual(keysOf("alert", { aps: { alert: { title: "Hello", boddy: "World" }, badge: "1" } }), [
      ["aps.badge", "error"],
      ["aps.alert.boddy", "warning"]
    ])
  })

  it("warns of what shows nothing, and of what has no meaning", () => {
    assert.deepStrictEqual(keysOf("alert", { aps: {} }), [["aps", "warning"]])
    assert.deepStrictEqual(keysOf("background", { aps: { "content-available": 1, "thread-id": "a" } }), [
      ["aps.thread-id", "warning"]
    ])
  })

  it("leaves custom data alone", () => {
    assert.deepStrictEqual(findings("alert", { aps: { alert: "Hello" }, extra: { a: 1 }, category: "books" }), [])
    assert.deepStrictEqual(findings("voip", { alert: "Hello" }), [])
  })

  it("wants the payload of a Wallet push empty", () => {
    assert.deepStrictEqual(findings("wallet", {}), [])
    assert.deepStrictEqual(keysOf("wallet", { aps: {} }), [["aps", "error"]])
  })

  it("has advice on every key that it calls known, and a kind for every push type", () => {
    for (const key of knownKeys) assert.notStrictEqual(adviceOn(key)?.cure ?? "", "", key)
    assert.strictEqual(adviceOn("aps.alert.loc-args.3"), adviceOn("aps.alert.loc-args"))
    assert.includeMembers([...kinds], Object.keys(PushType.rules))
  })

  it("calls nothing known that the Schema of alerts does not know", () => {
    const others = new Set(["content-changed", "url-args"])
    const ofActivities = ["event", "timestamp", "stale-date", "dismissal-date", "content-state", "attributes"]
    const keys = knownKeys
      .filter((key) => /^aps\.[a-z-]+$/.test(key))
      .map((key) => key.slice(4))
      .filter((key) => !others.has(key) && !key.startsWith("input-") && !key.startsWith("attributes-"))
      .filter((key) => !ofActivities.includes(key))
    for (const key of keys) {
      const payload = { aps: { [key]: { wrong: true } } }
      const schema = PayloadInspection.schemaOf("alert", payload)
      // An unknown key may hold anything; a known one not this.
      assert.isNotEmpty(
        schema === undefined
          ? []
          : PayloadInspection.problems(schema, payload).concat(key === "alert" ? [{ key, problem: "an object" }] : []),
        key
      )
    }
  })
})

describe("the kind of a payload", () => {
  it.each([
    [{ aps: { alert: "a" } }, "alert"],
    [{ aps: { "content-available": 1 } }, "background"],
    [{ aps: { event: "update" } }, "liveactivity"],
    [{ aps: { alert: { title: "a", body: "b" }, "url-args": [] } }, "safari"],
    [{ aps: {} }, undefined],
    [{ call: 1 }, undefined]
  ])("%j: %s", (payload, kind) => {
    assert.strictEqual(kindOfPayload(payload), kind)
  })
})
