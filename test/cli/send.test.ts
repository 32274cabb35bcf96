import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { payloadOf, Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { localVariables, topic } from "./support/local.ts"
import { start } from "./support/process.ts"

const device = (n: number) => n.toString(16).padStart(64, "7")
const phone = device(1)
const short = `${phone.slice(0, 4)}…${phone.slice(-4)}`

/** The requests that came, as far as these tests look at them. */
const requests = Effect.gen(function* () {
  const received = yield* (yield* Simulator).received
  return received.map((one) => ({
    path: one.path,
    headers: Object.fromEntries(one.headers),
    payload: payloadOf(one)
  }))
})

const narrow = (text: string) => {
  for (const line of text.split("\n")) assert.isAtMost(line.length, 80, line)
}

const simulated = Simulator.layer()

describe("apns send", () => {
  it.live("sends the fields of flags and tells the apns-id, the time and the attempts", () =>
    Effect.gen(function* () {
      const id = "11111111-2222-4333-8444-555555555555"
      const args = ["--title", "Hello", "--subtitle", "Now", "--body", "It works", "--badge", "0", "--sound", "default"]
      const more = ["--thread-id", "chat", "--category", "reply", "--interruption-level", "time-sensitive"]
      const last = ["--relevance-score", "0.5", "--mutable-content", "--collapse-id", "one", "--priority", "5"]
      const data = ["--data", "order=042", "--data", 'items:=[1,"b"]', "--data", '{"deep":{"a":1}}', "--id", id]
      const { code, stdout, stderr } = yield* run(["send", phone, ...args, ...more, ...last, ...data], {
        env: yield* localVariables
      })
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      narrow(stdout)
      assert.include(stdout, `✓ ${short} accepted`)
      assert.include(stdout, id)
      assert.match(stdout, /attempts +1, on 127\.0\.0\.1:\d+#1/)
      assert.notInclude(stdout, phone)
      const [request] = yield* requests
      assert.strictEqual(request?.path, `/3/device/${phone}`)
      assert.deepInclude(request?.headers, {
        "apns-id": id,
        "apns-push-type": "alert",
        "apns-topic": topic,
        "apns-priority": "5",
        "apns-collapse-id": "one"
      })
      assert.deepStrictEqual(request?.payload, {
        aps: {
          alert: { title: "Hello", subtitle: "Now", body: "It works" },
          badge: 0,
          sound: "default",
          "thread-id": "chat",
          category: "reply",
          "interruption-level": "time-sensitive",
          "relevance-score": 0.5,
          "mutable-content": 1
        },
        order: "042",
        items: [1, "b"],
        deep: { a: 1 }
      })
    }).pipe(Effect.provide(simulated))
  )

  it.live("sends a payload of a file and of standard input, with flags on top of it", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const file = join(yield* folder, "welcome.json")
      const payload = { aps: { alert: "Hello", badge: 1, novelty: true }, orderId: 42 }
      writeFileSync(file, JSON.stringify(payload))
      const first = yield* run(["send", phone, "--payload", file, "--badge", "3", "--title", "Hi"], { env })
      assert.strictEqual(first.code, 0, first.stderr)
      assert.include(first.stderr, "aps.novelty is no key that Apple documents")
      const second = yield* run(["send", phone, "--file", "-"], { env, stdin: JSON.stringify(payload) })
      assert.strictEqual(second.code, 0, second.stderr)
      const sent = yield* requests
      assert.deepStrictEqual(
        sent.map((request) => request.payload),
        [{ aps: { alert: { body: "Hello", title: "Hi" }, badge: 3, novelty: true }, orderId: 42 }, payload]
      )
    }).pipe(Effect.provide(simulated))
  )

  it.live("sends an .apns file to the app that it names, unless --topic names another", () =>
    Effect.gen(function* () {
      const env = yield* localVariables
      const file = join(yield* folder, "hello.apns")
      writeFileSync(file, JSON.stringify({ "Simulator Target Bundle": "com.example.other", aps: { badge: 2 } }))
      for (const args of [[], ["--topic", topic]]) {
        const { code, stderr } = yield* run(["send", phone, file, ...args], { env })
        assert.strictEqual(code, 0, stderr)
      }
      const sent = yield* requests
      assert.deepStrictEqual(
        sent.map(({ headers, payload }) => [headers["apns-topic"], payload]),
        [
          ["com.example.other", { aps: { badge: 2 } }],
          [topic, { aps: { badge: 2 } }]
        ]
      )
    }).pipe(Effect.provide(simulated))
  )

  it.live.each<[string, ReadonlyArray<string>, string, unknown]>([
    ["background", ["--content-available"], topic, { aps: { "content-available": 1 } }],
    ["background", ["--push-type", "background", "--data", "a=b"], topic, { aps: { "content-available": 1 }, a: "b" }],
    ["voip", ["--push-type", "voip", "--data", "call=0f2b"], `${topic}.voip`, { call: "0f2b" }],
    ["complication", ["--push-type", "complication", "--data", "n:=1"], `${topic}.complication`, { n: 1 }],
    ["pushtotalk", ["--push-type", "pushtotalk", "--data", "who=Ada"], `${topic}.voip-ptt`, { who: "Ada" }],
    ["location", ["--push-type", "location"], `${topic}.location-query`, {}],
    ["widgets", ["--push-type", "widgets"], `${topic}.push-type.widgets`, { aps: { "content-changed": true } }],
    ["controls", ["--push-type", "controls"], `${topic}.push-type.controls`, { aps: { "content-changed": true } }],
    [
      "fileprovider",
      ["--push-type", "fileprovider", "--data", "container-identifier=root", "--data", "domain=ada"],
      `${topic}.pushkit.fileprovider`,
      { "container-identifier": "root", domain: "ada" }
    ],
    [
      "liveactivity",
      ["--payload", "-"],
      `${topic}.push-type.liveactivity`,
      { aps: { event: "update", timestamp: 1767268800, "content-state": { minutes: 5 } } }
    ],
    ["novelty", ["--push-type", "novelty", "--unchecked", "--data", "a=b"], topic, { a: "b" }]
  ])("knows the topic and the content of %s %j", ([pushType, args, name, payload]) =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run(["send", phone, ...args], {
        env: yield* localVariables,
        stdin: JSON.stringify(payload)
      })
      // The simulator knows no push type of tomorrow.
      assert.strictEqual(code, pushType === "novelty" ? 3 : 0, stderr)
      const [request] = yield* requests
      assert.deepStrictEqual(request?.payload, payload)
      assert.deepInclude(request?.headers, { "apns-push-type": pushType, "apns-topic": name })
      if (pushType === "background") assert.strictEqual(request?.headers["apns-priority"], "5")
    }).pipe(Effect.provide(simulated))
  )

  it.live("tells a refusal with its meaning and cure, and ends with 3", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const env = yield* localVariables
      const since = Date.parse("2026-01-02T03:04:05Z")
      yield* simulator.inject({ times: 2, effect: { _tag: "reject", reason: "Unregistered", timestamp: since } })
      const { code, stdout, stderr } = yield* run(["send", phone, "--body", "Hello"], { env })
      assert.deepStrictEqual({ code, stdout }, { code: 3, stdout: "" })
      narrow(stderr)
      assert.include(stderr, `✗ ${short} refused: Unregistered\n`)
      assert.match(stderr, /apns-id [-0-9a-f]{36}, 1 attempt\n/)
      assert.notInclude(stderr, phone)

      const json = yield* run(["send", phone, "--body", "Hello", "--json"], { env })
      assert.strictEqual(json.code, 3)
      const told: unknown = JSON.parse(json.stdout)
      assert.deepInclude(told, {
        outcome: "refused",
        device: short,
        reason: "Unregistered",
        status: 410,
        action: "dropToken",
        attempts: 1,
        since: "2026-01-02T03:04:05.000Z"
      })
      assert.notInclude(json.stdout, phone)
    }).pipe(Effect.provide(simulated))
  )

  it.live("ends with 5 where it may have arrived, unless it is to be replayed", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const env = yield* localVariables
      yield* simulator.inject({ times: 1, effect: { _tag: "disconnect" } })
      const unknown = yield* run(["send", phone, "--body", "Hello"], { env })
      assert.strictEqual(unknown.code, 5, unknown.stderr)
      assert.include(unknown.stderr, `? ${short} may have arrived: OutcomeUnknown`)
      yield* simulator.inject({ times: 1, effect: { _tag: "disconnect" } })
      const replayed = yield* run(["send", phone, "--body", "Hello", "--replay-unknown", "--json"], { env })
      assert.strictEqual(replayed.code, 0, replayed.stderr)
      assert.deepInclude(JSON.parse(replayed.stdout), { outcome: "accepted", device: short, attempts: 2 })
    }).pipe(Effect.provide(simulated))
  )

  it.live("ends with 4 where it was provably not sent", () =>
    Effect.gen(function* () {
      const env = { ...(yield* localVariables), APNS_PORT: "1" }
      const { code, stdout, stderr } = yield* run(["send", phone, "--body", "Hello", "--timeout", "1 second"], { env })
      assert.deepStrictEqual({ code, stdout }, { code: 4, stdout: "" })
      assert.include(stderr, `✗ ${short} not sent: `)
      narrow(stderr)
      const verbose = yield* run(["send", phone, "--body", "Hello", "--timeout", "1 second", "--verbose"], { env })
      assert.deepStrictEqual({ code: verbose.code, stdout: verbose.stdout }, { code: 4, stdout: "" })
      assert.include(verbose.stderr, "The session could not be opened")
    }).pipe(Effect.provide(simulated))
  )

  it.live("sends to several devices, tells of each in their order, and ends with the highest code", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      const env = yield* localVariables
      yield* simulator.inject({
        match: { device: device(2) },
        times: 2,
        effect: { _tag: "reject", reason: "BadDeviceToken" }
      })
      yield* simulator.inject({ match: { device: device(1) }, times: 2, effect: { _tag: "delay", millis: 300 } })
      const devices = [device(1), device(2), device(3)]
      const human = yield* run(["send", ...devices, "--body", "Hello"], { env })
      assert.strictEqual(human.code, 3)
      assert.match(human.stdout, /^✓ 7777…7771 .*\n✓ 7777…7773 .*\n2 accepted, 1 refused\n$/)
      assert.include(human.stderr, "✗ 7777…7772 refused: BadDeviceToken")
      const { stdout } = yield* run(["send", ...devices, "--body", "Hello", "--json"], { env })
      const results = stdout
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line))
      assert.strictEqual(results.length, 3)
      const ids = new Set<unknown>()
      for (const [index, result] of results.entries()) {
        assert.deepInclude(result, { outcome: index === 1 ? "refused" : "accepted", device: `7777…777${index + 1}` })
        assert(typeof result === "object" && result !== null && "apnsId" in result)
        ids.add(result.apnsId)
      }
      assert.strictEqual(ids.size, 3)
    }).pipe(Effect.provide(simulated))
  )

  it.live("ends with 130 at Ctrl-C", () =>
    Effect.gen(function* () {
      const simulator = yield* Simulator
      yield* simulator.inject({ effect: { _tag: "silence" } })
      const running = yield* start(["send", phone, "--body", "Hello"], { env: yield* localVariables })
      yield* simulator.awaitReceived(1)
      running.signal("SIGINT")
      const { code } = yield* running.ended
      assert.strictEqual(code, 130)
    }).pipe(Effect.scoped, Effect.provide(simulated))
  )
})

describe("apns send --dry-run", () => {
  it.live("shows the request without a key, and sends nothing", () =>
    Effect.gen(function* () {
      const { APNS_HOST, APNS_PORT } = yield* localVariables
      const env = { APNS_HOST, APNS_PORT, APNS_TOPIC: topic }
      const args = ["send", phone, "--push-type", "voip", "--data", "call=0f2b", "--dry-run"]
      const { code, stdout, stderr } = yield* run(args, { env })
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      narrow(stdout)
      assert.include(stdout, `POST /3/device/${short}`)
      assert.match(stdout, /authorization +bearer •+\n/)
      assert.match(stdout, /apns-topic +com\.example\.app\.voip\n/)
      assert.match(stdout, /apns-expiration +0\n/)
      assert.include(stdout, "15 of 5,120 bytes")
      assert.notInclude(stdout, phone)
      const json: unknown = JSON.parse((yield* run([...args, "--json"], { env })).stdout)
      assert.deepInclude(json, { dryRun: true, method: "POST", body: { call: "0f2b" }, bytes: 15, limit: 5120 })
      assert.isEmpty(yield* requests)
    }).pipe(Effect.provide(simulated))
  )

  it.live("tells what is allowed and probably not meant", () =>
    Effect.gen(function* () {
      const args = ["send", phone, "--payload", "-", "--dry-run", "--topic", topic]
      const { code, stdout } = yield* run(args, { stdin: '{"aps":{"alert":"Hello"},"badge":3}' })
      assert.strictEqual(code, 0)
      assert.include(stdout, "! badge stands beside aps")
    })
  )
})

describe("apns send of what has no push type, or needs a certificate", () => {
  it.live.each<[string, ReadonlyArray<string>, object, unknown]>([
    ["wallet", ["--topic", "pass.com.example.ticket"], { "apns-topic": "pass.com.example.ticket" }, {}],
    [
      "safari",
      ["--topic", "web.com.example", "--title", "Flight", "--body", "Boarding"],
      { "apns-topic": "web.com.example" },
      { aps: { alert: { title: "Flight", body: "Boarding" }, "url-args": [] } }
    ],
    [
      "mdm",
      ["--topic", "com.apple.mgmt.a", "--data", "mdm=magic"],
      { "apns-topic": "com.apple.mgmt.a", "apns-push-type": "mdm" },
      { mdm: "magic" }
    ]
  ])("%s", ([pushType, args, expected, body]) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run([
        "send",
        phone,
        "--push-type",
        pushType,
        ...args,
        "--dry-run",
        "--json"
      ])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      const shown: unknown = JSON.parse(stdout)
      assert.deepInclude(shown, { body })
      assert(typeof shown === "object" && shown !== null && "headers" in shown)
      const { headers } = shown
      assert(typeof headers === "object" && headers !== null)
      const kept = Object.entries(headers).filter(([name]) => name !== "apns-id" && name !== "authorization")
      assert.deepStrictEqual(Object.fromEntries(kept), expected)
      assert.strictEqual("authorization" in headers, pushType !== "mdm")
    })
  )
})

describe("apns send, given keys that mean something in JavaScript", () => {
  const keys = '{"__proto__":{"admin":true},"constructor":1,"a":{"__proto__":2}}'

  it.live.each<[string, ReadonlyArray<string>]>([
    ["in a file", ["--payload", "-", "--unchecked", "--push-type", "alert"]],
    ["in a file that is checked", ["--payload", "-", "--push-type", "alert"]],
    [
      "by --data",
      ["--body", "x", "--data", '__proto__:={"admin":true}', "--data", "constructor:=1", "--data", 'a:={"__proto__":2}']
    ],
    ["by --data as an object", ["--body", "x", "--data", keys]]
  ])("sends them as they are: %s", ([, args]) =>
    Effect.gen(function* () {
      const stdin = keys.replace(/\}$/, ',"aps":{"alert":"x"}}')
      const { code, stderr, stdout } = yield* run(["send", phone, ...args, "--topic", topic, "--dry-run", "--json"], {
        stdin
      })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.include(stdout.replaceAll(/\s/g, ""), '"__proto__":{"admin":true}')
      assert.include(stdout.replaceAll(/\s/g, ""), '"a":{"__proto__":2}')
    })
  )
})

describe("apns send, given wrong input", () => {
  const env = { APNS_TOPIC: topic, APNS_KEY_FILE: "AuthKey.p8" }

  it.live.each<[string, ReadonlyArray<string>, RegExp]>([
    ["no device", ["--body", "x"], /no device is given/],
    ["nothing to send", [phone], /there is nothing to send/],
    ["no file", [phone, "--payload", "nowhere.json"], /nowhere\.json cannot be read \(ENOENT\)/],
    ["two files", [phone, "a.apns", "--payload", "b.json"], /a\.apns and b\.json are both given/],
    ["bad JSON, by its line", [phone, "--payload", "-"], /standard input is not JSON: .* \(line 7, column 8\)/],
    ["a payload against the rules", [phone, "--badge=-1"], /aps\.badge must be a value greater than or equal to 0/],
    ["a misspelt push type", [phone, "--push-type", "backround"], /Did you mean background\?/],
    ["no push type", [phone, "--data", "a=b"], /the push type cannot be told/],
    ["data without a key", [phone, "--body", "x", "--data", "novalue"], /--data "novalue" has no key/],
    ["data that is no JSON", [phone, "--body", "x", "--data", "n:=x"], /--data n:= is followed by what is not JSON/],
    [
      "data of too many digits",
      [phone, "--body", "x", "--data", "id:=9007199254740993"],
      /--data id:= has a number with more/
    ],
    [
      "data with a key twice",
      [phone, "--body", "x", "--data", '{"a":1,"a":2}'],
      /the key "a", which stands there twice/
    ],
    ["data called aps", [phone, "--body", "x", "--data", 'aps:={"badge":1}'], /--data must not have the key "aps"/],
    ["an expiration of no unit", [phone, "--body", "x", "--expiration", "60"], /--expiration "60" is no expiration/],
    ["an id for two", [phone, device(2), "--body", "x", "--id", "1"], /one id is given for several devices/],
    ["a bundle ID for a pass", [phone, "--push-type", "wallet"], /the topic .* begins with pass\./],
    ["a key for mdm", [phone, "--push-type", "mdm", "--data", "mdm=magic"], /only a certificate can send/],
    ["a key that is not there", [phone, "--body", "x"], /APNS_TEAM_ID|APNS_KEY_FILE/],
    ["a priority that there is not", [phone, "--body", "x", "--priority", "7"], /priority/]
  ])("%s", ([, args, problem]) =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["send", ...args], { env, stdin: '{\n\n\n\n\n\n"aps": }' })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, stderr)
      assert.match(stderr, problem)
      assert.isAtMost(stderr.trimEnd().split("\n").length, 3, stderr)
      assert.notInclude(stderr, phone)
    })
  )

  it.live("asks for a topic in the words of the command", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["send", phone, "--body", "x", "--dry-run"])
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.match(stderr, /the topic is missing\.\n.*--topic, APNS_TOPIC/)
    })
  )

  it.live("tells each of several problems", () =>
    Effect.gen(function* () {
      const args = ["send", phone, "--badge=-1", "--relevance-score", "4"]
      const { code, stdout, stderr } = yield* run(args, { env })
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.include(stderr, "✗ aps.badge ")
      assert.include(stderr, "✗ aps.relevance-score ")
      narrow(stderr)
    })
  )

  it.live("refuses a device token and a priority with the rule, before it connects", () =>
    Effect.gen(function* () {
      const local = { ...(yield* localVariables), APNS_PORT: "1" }
      const odd = yield* run(["send", "7a1", "--body", "x"], { env: local })
      assert.strictEqual(odd.code, 2)
      assert.include(odd.stderr, "7a1… has an odd number of digits (3)")
      const priority = yield* run(["send", phone, "--content-available", "--priority", "10"], { env: local })
      assert.strictEqual(priority.code, 2)
      assert.match(priority.stderr.replaceAll(/\s+/g, " "), /Priority 10 is not for the push type "background"/)
    }).pipe(Effect.provide(simulated))
  )
})
