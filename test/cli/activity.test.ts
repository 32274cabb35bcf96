import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, layer } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { run } from "./support/commandLine.ts"
import { folder } from "./support/folder.ts"
import { localVariables, newest, topic } from "./support/local.ts"

const device = "7a1f0c3b5d2e4f60".repeat(4)

const starting = [
  ..."activity start --attributes-type RideAttributes --alert-title Ride --alert-body Soon".split(" "),
  ...["--device", device, "--content-state", '{"minutes":5}']
]

describe("apns activity", () => {
  layer(Simulator.layer(), { excludeTestServices: true })((it) => {
    it.effect("starts an activity, and asks for a token", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const file = join(yield* folder, "ride.json")
        writeFileSync(file, '\uFEFF{\n  "rider": "Ann"\n}\n')
        const { code, stderr, stdout } = yield* run([...starting, "--attributes", file, "--input-push-token"], { env })
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.match(stdout, /^✓ Accepted\./)
        assert.notInclude(stdout, device)
        const request = yield* newest
        assert.strictEqual(request.path, `/3/device/${device}`)
        assert.containsSubset(request.headers, {
          "apns-topic": `${topic}.push-type.liveactivity`,
          "apns-push-type": "liveactivity"
        })
        assert.containsSubset(request.payload, {
          aps: {
            event: "start",
            "attributes-type": "RideAttributes",
            attributes: { rider: "Ann" },
            "content-state": { minutes: 5 },
            alert: { title: "Ride", body: "Soon" },
            "input-push-token": 1
          }
        })
      })
    )

    it.effect("subscribes it to a channel", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const args = [...starting, "--attributes", "{}", "--input-push-channel", "dHN0LXNyY2gtY2hubA=="]
        const { code } = yield* run(args, { env })
        assert.strictEqual(code, 0)
        assert.containsSubset((yield* newest).payload, { aps: { "input-push-channel": "dHN0LXNyY2gtY2hubA==" } })
        const both = yield* run([...args, "--input-push-token"], { env })
        assert.strictEqual(both.code, 2)
        assert.include(both.stderr, "exclude each other")
      })
    )

    it.effect("warns of an activity that push cannot update", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const { code, stderr } = yield* run([...starting, "--attributes", "{}"], { env })
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr, "! It asks for no token and names no channel: push cannot update the activity.\n")
      })
    )

    it.effect("updates it, with all that a push can say", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const id = "3f2b8c1e-6f0e-4c55-9d0a-5a6f0a3c9b11"
        const { code, stdout } = yield* run(
          [
            ..."activity update --priority 5 --collapse-id ride-7 --timestamp 2026-01-01T12:00:00Z --json".split(" "),
            ...["--device", device, "--content-state", '{"minutes":2}', "--expiration", "once", "--id", id]
          ],
          { env }
        )
        assert.strictEqual(code, 0)
        const told: unknown = JSON.parse(stdout)
        assert.containsSubset(told, { outcome: "accepted", id, attempts: 1 })
        assert.isString((told as { readonly uniqueId: unknown }).uniqueId)
        const request = yield* newest
        assert.containsSubset(request.headers, {
          "apns-id": id,
          "apns-priority": "5",
          "apns-collapse-id": "ride-7",
          "apns-expiration": "0"
        })
        assert.deepStrictEqual(request.payload, {
          aps: { event: "update", timestamp: 1_767_268_800, "content-state": { minutes: 2 } }
        })
      })
    )

    it.effect("ends it at once", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const { code } = yield* run(["activity", "end", "--device", device, "--dismissal-date", "now"], { env })
        assert.strictEqual(code, 0)
        assert.containsSubset((yield* newest).payload, { aps: { event: "end", "dismissal-date": 1 } })
      })
    )

    it.effect("shows what it would send with the token shortened, and what is probably not meant", () =>
      Effect.gen(function* () {
        const { code, stdout } = yield* run([
          ..."activity end --stale-date 2026-01-01T12:00:00Z --dry-run --topic com.example.app".split(" "),
          ...["--device", device, "--dismissal-date", "+5 hours"]
        ])
        assert.strictEqual(code, 0)
        assert.match(stdout, /^POST \/3\/device\/7a1f…4f60\n/)
        assert.notInclude(stdout, device)
        assert.include(stdout, "! The stale date is past")
        assert.include(stdout, "! The dismissal date is more than four hours away")
        for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
      })
    )

    it.effect("tells that the activity is gone", () =>
      Effect.gen(function* () {
        const env = yield* localVariables
        const gone = "ab".repeat(32)
        yield* (yield* Simulator).register({ state: "unregistered", token: gone, since: 1_767_225_600_000 })
        const { code, stderr, stdout } = yield* run(
          ["activity", "update", "--device", gone, "--content-state", "{}", "--json"],
          { env }
        )
        assert.strictEqual(code, 3)
        assert.match(stderr, /^apns: Unregistered: /)
        assert.containsSubset(JSON.parse(stdout), { outcome: "refused", reason: "Unregistered", action: "dropToken" })
        assert.notInclude(stderr + stdout, gone)
      })
    )

    it.effect("tells that the server is not there", () =>
      Effect.gen(function* () {
        const env = { ...(yield* localVariables), APNS_PORT: "1", APNS_TIMEOUT: "2 seconds" }
        const { code, stdout } = yield* run(["activity", "end", "--device", device, "--json"], { env })
        assert.strictEqual(code, 4)
        assert.containsSubset(JSON.parse(stdout), { outcome: "unsent" })
      })
    )

    interface Wrong {
      readonly name: string
      readonly args: ReadonlyArray<string>
      readonly stdin?: string
      readonly says: ReadonlyArray<string>
    }

    const update = ["activity", "update", "--device", device, "--topic", topic, "--dry-run", "--content-state"]
    const lines = ["{", ...Array.from({ length: 5 }, (_, row) => `  "row${row}": ${row},`), "  oops", "}"].join("\n")
    const cases: ReadonlyArray<Wrong> = [
      {
        name: "no file",
        args: [...update, "nowhere.json"],
        says: ["nowhere.json cannot be read (ENOENT)", "standard input"]
      },
      { name: "bad JSON on line 7", args: [...update, "-"], stdin: lines, says: ["is not JSON", "line 7, column 3"] },
      { name: "bad JSON on the command line", args: [...update, "{score}"], says: ["--content-state is not JSON"] },
      { name: "JSON of another kind", args: [...update, "-"], stdin: "[1]", says: ["is no JSON object"] },
      { name: "nothing on standard input", args: [...update, "-"], stdin: "", says: ["it is empty"] },
      { name: "standard input twice", args: [...update, "-", "--data", "-"], stdin: "{}", says: ["asked for twice"] },
      {
        name: "a date without a zone",
        args: [...update, "{}", "--stale-date", "2026-01-01T12:00:00"],
        says: ["--stale-date", "zone"]
      },
      {
        name: "an expiration without a unit",
        args: [...update, "{}", "--expiration", "3600"],
        says: ["--expiration", "once"]
      },
      {
        name: "a start without an alert",
        args: [..."activity start --device ab --attributes-type A --attributes {} --content-state {}".split(" ")],
        says: ["needs an alert", "--alert-title"]
      },
      {
        name: "a token that is none",
        args: [..."activity end --dry-run --topic a.b --device xyz".split(" ")],
        says: ["not hexadecimal"]
      },
      { name: "no device", args: ["activity", "end"], says: ["--device"] },
      {
        name: "a channel that is none",
        args: [...starting, "--dry-run", "--topic", topic, "--attributes", "{}", "--input-push-channel", "?"],
        says: ["channel"]
      }
    ]
    for (const { args, name, says, stdin } of cases) {
      it.effect(`is bad input: ${name}`, () =>
        Effect.gen(function* () {
          const { code, stderr, stdout } = yield* run(args, { stdin })
          assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" }, stderr)
          for (const text of says) assert.include(stderr, text)
          assert.notInclude(stderr, device)
        })
      )
    }
  })
})
