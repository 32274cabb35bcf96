import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ReasonTable } from "effect-apns"
import { run } from "./support/commandLine.ts"

describe("apns reason", () => {
  it.live("explains one, whatever the case of its letters", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["reason", "unregistered"])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.match(stdout, /^Unregistered\n/)
      assert.include(stdout, "HTTP 410; Apple, “Handling notification responses from APNs”")
      for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
    })
  )

  it.live("says which one was probably meant", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["reason", "BadDevicetokn"])
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.include(stderr, "Did you mean BadDeviceToken?")
    })
  )

  it.live("lists every reason there is", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(["reason", "--json"])
      assert.strictEqual(code, 0)
      const listed: unknown = JSON.parse(stdout)
      assert(Array.isArray(listed))
      assert.deepStrictEqual(
        listed.map(({ reason }) => reason),
        [...Object.keys(ReasonTable.rejections), ...Object.keys(ReasonTable.failures)]
      )
      const sources = new Map(listed.map(({ reason, source }) => [reason, source]))
      assert.match(sources.get("ChannelNotRegistered"), /Handling error responses/)
      assert.match(sources.get("MissingChannelQueueSize"), /none of Apple's pages/)
      assert.match(sources.get("Halted"), /effect-apns/)
    })
  )

  it.live("takes a wrong flag for bad input, in one line and the way to the help", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* run(["reason", "--bogus"])
      assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.strictEqual(stderr.trimEnd().split("\n").length, 2, stderr)
      assert.include(stderr, "--bogus")
    })
  )
})
