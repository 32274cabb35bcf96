import { assert, describe, layer } from "@effect/vitest"
import { Simulator } from "@effect-apns/simulator"
import { Effect } from "effect"
import { run } from "./support/commandLine.ts"
import { localVariables, newest, topic } from "./support/local.ts"

/** A channel at the simulator, and the variables of a command that may use it. */
const prepared = (storage: "none" | "mostRecent") =>
  Effect.gen(function* () {
    const { registerChannel } = yield* Simulator
    const { id } = yield* registerChannel({ bundleId: topic, storage })
    return { channel: id, env: yield* localVariables }
  })

describe("apns broadcast", () => {
  layer(Simulator.layer(), { excludeTestServices: true })((it) => {
    it.effect("updates the activities that follow a channel", () =>
      Effect.gen(function* () {
        const { channel, env } = yield* prepared("none")
        const before = Math.floor(Date.now() / 1000)
        const { code, stderr, stdout } = yield* run(
          [
            ..."broadcast update --alert-title Goal --alert-body 1:0 --alert-sound default --relevance-score 2.5".split(
              " "
            ),
            ...["--channel", channel, "--content-state", '{"score":[1,0]}', "--stale-date", "+15 minutes"],
            ...["--data", '{"match":7}']
          ],
          { env }
        )
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.match(stdout, /^✓ Accepted\.\n {2}id {8}[0-9a-f-]{36}\n/)
        const request = yield* newest
        assert.strictEqual(request.path, `/4/broadcasts/apps/${topic}`)
        assert.containsSubset(request.headers, {
          "apns-channel-id": channel,
          "apns-priority": "10",
          "apns-expiration": "0",
          "apns-push-type": "liveactivity"
        })
        const payload = request.payload as { readonly aps: Record<string, unknown> }
        const { timestamp, "stale-date": staleDate, ...aps } = payload.aps
        assert.deepStrictEqual(
          { ...payload, aps },
          {
            aps: {
              event: "update",
              "content-state": { score: [1, 0] },
              alert: { title: "Goal", body: "1:0", sound: "default" },
              "relevance-score": 2.5
            },
            match: 7
          }
        )
        assert.isAtLeast(Number(timestamp), before)
        assert.strictEqual(Number(staleDate) - Number(timestamp), 15 * 60)
      })
    )

    it.effect("ends them, with content from standard input, and tells it as JSON", () =>
      Effect.gen(function* () {
        const { channel, env } = yield* prepared("mostRecent")
        const { code, stdout } = yield* run(
          [
            ..."broadcast end --priority 5 --content-state - --dismissal-date 2026-01-01T23:00:00Z --json".split(" "),
            ...["--channel", channel, "--expiration", "1 hour"]
          ],
          { env, stdin: '{"score":[2,1]}\n' }
        )
        assert.strictEqual(code, 0)
        const told: unknown = JSON.parse(stdout)
        assert.containsSubset(told, { outcome: "accepted", channel, attempts: 1 })
        const request = yield* newest
        assert.strictEqual(request.headers["apns-priority"], "5")
        assert.isAbove(Number(request.headers["apns-expiration"]), Date.now() / 1000 + 3000)
        assert.containsSubset(request.payload, {
          aps: { event: "end", "content-state": { score: [2, 1] }, "dismissal-date": 1_767_308_400 }
        })
        assert.strictEqual((told as { readonly id: string }).id, request.headers["apns-request-id"])
      })
    )

    it.effect("tells a refusal, as JSON too, and ends with its code", () =>
      Effect.gen(function* () {
        const { channel, env } = yield* prepared("none")
        const args = ["broadcast", "update", "--channel", channel, "--content-state", "{}", "--expiration", "1 hour"]
        const refused = yield* run([...args, "--json"], { env })
        assert.strictEqual(refused.code, 3)
        assert.containsSubset(JSON.parse(refused.stdout), { outcome: "refused", reason: "BadExpirationDate" })
        assert.match(refused.stderr, /^apns: BadExpirationDate: /)
        const plain = yield* run(args, { env })
        assert.deepStrictEqual({ code: plain.code, stdout: plain.stdout }, { code: 3, stdout: "" })
      })
    )

    it.effect("shows what it would send, and sends nothing", () =>
      Effect.gen(function* () {
        const { channel, env } = yield* prepared("none")
        const before = (yield* (yield* Simulator).received).length
        const args = ["broadcast", "update", "--channel", channel, "--content-state", '{"minutes":5}', "--dry-run"]
        const shown = yield* run(args, { env })
        assert.deepStrictEqual({ code: shown.code, stderr: shown.stderr }, { code: 0, stderr: "" })
        const [first, second] = shown.stdout.split("\n")
        assert.strictEqual(first, `POST /4/broadcasts/apps/${topic}`)
        assert.strictEqual(second, `to ${env.APNS_HOST}:${env.APNS_PORT}`)
        assert.include(shown.stdout, `\napns-channel-id  ${channel}\n`)
        assert.match(shown.stdout, /^✓ \d+ of 5,120 bytes\.\nNothing was sent\.\n$/m)

        const json: unknown = JSON.parse((yield* run([...args, "--json"], { env })).stdout)
        assert.containsSubset(json, {
          dryRun: true,
          method: "POST",
          host: env.APNS_HOST,
          port: Number(env.APNS_PORT),
          headers: { "apns-channel-id": channel },
          body: { aps: { event: "update", "content-state": { minutes: 5 } } },
          limit: 5120
        })
        assert.strictEqual((yield* (yield* Simulator).received).length, before)
      })
    )

    it.effect("needs no key for a dry run, but a topic", () =>
      Effect.gen(function* () {
        const args = "broadcast end --channel dHN0 --dry-run".split(" ")
        const shown = yield* run([...args, "--topic", topic, "--environment", "sandbox"])
        assert.strictEqual(shown.code, 0, shown.stderr)
        assert.include(shown.stdout, "to api.sandbox.push.apple.com:443")
        const without = yield* run(args)
        assert.deepStrictEqual({ code: without.code, stdout: without.stdout }, { code: 2, stdout: "" })
        assert.include(without.stderr, "APNS_TOPIC")
        const nowhere = yield* run([...args, "--topic", topic, "--environment", "staging"])
        assert.strictEqual(nowhere.code, 2)
        assert.include(nowhere.stderr, '"staging" is not known')
      })
    )

    it.effect("finds what is too large before it sends", () =>
      Effect.gen(function* () {
        const state = JSON.stringify({ text: "x".repeat(5200) })
        const { code, stderr } = yield* run(
          ["broadcast", "update", "--channel", "dHN0", "--topic", topic, "--content-state", "-", "--dry-run"],
          { stdin: state }
        )
        assert.strictEqual(code, 2)
        assert.include(stderr, "5,120")
      })
    )
  })
})
