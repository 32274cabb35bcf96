/** Device tokens as people have them: what is read, and what is said of the rest. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Apns, DeadTokens, JwtCache, Notification, PayloadSchema, send, sendAll } from "effect-apns"
import { answered, type Line, scripted } from "../support/scriptedConnection.ts"

const token = "7a1f0c3b5d2e4f608192a3b4c5d6e7f80918273645546372819a0b1c2d3e4f50"
const bytes = Buffer.from(token, "hex")
const groups = token.replaceAll(/(.{8})(?=.)/g, "$1 ")

const over = (lines: ReadonlyArray<Line>) => {
  const { asked, layer } = scripted(lines)
  return {
    asked,
    layer: Apns.layerNoDeps({ topic: "com.example.app" }).pipe(
      Layer.provide([layer, JwtCache.layerNone, PayloadSchema.layer]),
      Layer.provideMerge(DeadTokens.layer())
    )
  }
}

const to = (device: unknown) => Notification.alert({ device: device as string, alert: "Hello" })

const readable: ReadonlyArray<readonly [string, unknown]> = [
  ["upper case", token.toUpperCase()],
  ["blanks around it", ` ${token}\t\r\n`],
  ["a byte order mark", `\ufeff${token}`],
  ["blanks in it", groups],
  ["line breaks in it", groups.replaceAll(" ", "\n")],
  ["no-break spaces in it", groups.replaceAll(" ", "\u00a0")],
  ["invisible characters in it", `${token.slice(0, 9)}\u200b${token.slice(9)}\u2060`],
  ["what NSData said up to iOS 12", `<${groups}>`],
  ["that without its blanks", `<${token}>`],
  ["a prefix of hexadecimal", `0x${token}`],
  ["that in capitals", `0X${token.toUpperCase()}`],
  ["a whole description of iOS 13", `{length = 32, bytes = 0x${token}}`],
  ["a Buffer", bytes],
  ["a Uint8Array within a larger one", new Uint8Array([1, ...bytes, 2]).subarray(1, 33)]
]

const unreadable: ReadonlyArray<readonly [string, unknown, RegExp]> = [
  ["nothing", "", /is missing or empty/],
  ["blanks", " \n", /is missing or empty/],
  ["undefined", undefined, /is missing or empty/],
  ["null", null, /is missing or empty/],
  ["no bytes", new Uint8Array(), /is missing or empty/],
  ["a number", 7.1e75, /is a number.*Keep tokens as text/],
  ["a bigint", 7n, /is a number/],
  ["an object", { token }, /is missing or empty/],
  ["base64", bytes.toString("base64"), /is not hexadecimal, but base64\. Decode it/],
  ["base64url", Buffer.alloc(32, 0xfb).toString("base64url"), /but base64/],
  ["the base64 of 100 bytes", Buffer.alloc(100, 7).toString("base64"), /but base64/],
  ["a token of Firebase", `dXk3-8_fQ0:APA91b${"Hx_-9".repeat(26)}`, /is a token of Firebase/],
  ["one of Expo", "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]", /is a token of Expo/],
  ["another of Expo", "ExpoPushToken[xxxxxxxxxxxxxxxxxxxxxx]", /is a token of Expo/],
  ["a UUID", "7A1F0C3B-5D2E-4F60-8192-A3B4C5D6E7F8", /is a UUID/],
  [
    "a cut description of iOS 13",
    "{length = 32, bytes = 0x7a1f0c3b 5d2e4f60 ... 819a0b1c 2d3e4f50 }",
    /cut out of it, and lost.*%02x/
  ],
  ["one that says more than it has", `{length = 64, bytes = 0x${token}}`, /lost/],
  ["(null)", "(null)", /prints where it has none/],
  ["null as text", "null", /prints where it has none/],
  ["undefined as text", "undefined", /prints where it has none/],
  ["None", "None", /prints where it has none/],
  ["an object as text", "[object Object]", /prints where it has none/],
  ["an optional of Swift", 'Optional("7a1f")', /prints where it has none/],
  ["quotation marks", `"${token}"`, /is in quotation marks\. Leave them out/],
  ["an address", "https://web.push.apple.com/QGuQyavXutnMH0123456789", /is an address/],
  ["a digit too few", token.slice(1), /has an odd number of digits \(63\)/],
  ["the letter O for a zero", token.replace("0", "O"), /is not hexadecimal/],
  ["several", `${token},${token}`, /is not hexadecimal/]
]

describe("a device token", () => {
  it.effect.each(readable)("is read out of %s", ([, device]) =>
    Effect.gen(function* () {
      const { asked, layer } = over([answered(200)])
      const notification = to(device)
      yield* send(notification).pipe(Effect.provide(layer))
      yield* send({ ...notification, device: device as string }).pipe(Effect.provide(layer))
      for (const { request } of asked) assert.strictEqual(request.path.toLowerCase(), `/3/device/${token}`)
      assert.strictEqual(asked.length, 2)
    })
  )

  it.effect.each(unreadable)("is not guessed from %s, and not dropped for it", ([, device, told]) =>
    Effect.gen(function* () {
      const { asked, layer } = over([answered(200)])
      const error = yield* Effect.flip(send(to(device))).pipe(Effect.provide(layer))
      assert.strictEqual(error.reason._tag, "InvalidNotification")
      assert.deepStrictEqual([error.outcome, error.action], ["unsent", "fixConfig"])
      assert.match(error.message, told)
      assert.strictEqual(asked.length, 0)
      if (typeof device === "string" && device.length > 16) {
        for (const said of [error.message, JSON.stringify(error)]) assert.notInclude(said, device.slice(4, 16))
      }
    })
  )

  it.effect("is one, however it is spelt: what APNs found dead stays so", () =>
    Effect.gen(function* () {
      const { asked, layer } = over([answered(410, {}, { reason: "Unregistered", timestamp: 500 }), answered(200)])
      yield* Effect.gen(function* () {
        const first = yield* Effect.flip(send(to(`<${groups}>`)))
        assert.strictEqual(first.action, "dropToken")
        for (const spelling of [token, token.toUpperCase(), `0x${token}`, bytes]) {
          const error = yield* Effect.flip(send(to(spelling)))
          assert.strictEqual(error.reason._tag, "Suppressed")
        }
      }).pipe(Effect.provide(layer))
      assert.strictEqual(asked.length, 1)
    })
  )

  it.effect("of a bug in a query is told for each, and none is lost", () =>
    Effect.gen(function* () {
      const { asked, layer } = over([answered(200)])
      const template = to(token)
      const devices = [undefined, bytes, "(null)", { device: `<${groups}>` }] as unknown as ReadonlyArray<string>
      const results = yield* sendAll(Stream.fromIterable(Notification.fanOut(template, devices))).pipe(
        Stream.runCollect,
        Effect.provide(layer)
      )
      const actions = results.map((result) => (result.outcome === "accepted" ? "accepted" : result.error.action))
      assert.deepStrictEqual(actions.toSorted(), ["accepted", "accepted", "fixConfig", "fixConfig"])
      assert.strictEqual(asked.length, 2)
    })
  )
})
