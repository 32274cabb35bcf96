/** Numbers among the options that are none: refused before anything is dialled or announced. */
import { deepStrictEqual, strictEqual, throws } from "node:assert"
import { type ConnectOptions, connect } from "@effect-apns/http2"
import { describe, it } from "vitest"
import { types } from "./support/frames.ts"
import { play } from "./support/play.ts"

const nobody = { onReady: () => {}, onCapacity: () => {}, onGoAway: () => {}, onEnd: () => {} }

/** How often a name was looked up in trying to connect. */
let lookups = 0
const dial = (options: Partial<ConnectOptions>) => {
  lookups = 0
  connect({ host: "example.test", port: 443, ...options, lookup: () => lookups++ }, nobody).destroy()
}

const none = [Number.NaN, -1, Number.NEGATIVE_INFINITY]
const refused: ReadonlyArray<readonly [keyof ConnectOptions, ReadonlyArray<number>]> = [
  // Of 32 bits (RFC 9113, 6.5.1): Infinity was announced as 0.
  ["maxHeaderListSize", [...none, 0, 1.5, 2 ** 32, Number.POSITIVE_INFINITY]],
  // Of Node's timers, which fire after 1 ms where they should wait longer.
  ["connectTimeoutMillis", [...none, 0, 2 ** 31, Number.POSITIVE_INFINITY]],
  ["maxConcurrentStreams", [...none, 0, 1.5]],
  ["maxBodySize", [...none, 1.5]],
  ["port", [...none, 65_536, 1.5, Number.POSITIVE_INFINITY]]
]

describe("connect refuses, before it dials,", () => {
  for (const [option, values] of refused) {
    it(`${option} ${values.join(", ")}`, () => {
      for (const value of values) {
        throws(() => dial({ [option]: value }), {
          name: "RangeError",
          message: new RegExp(`^${option} is ${value}; it has to be `)
        })
        strictEqual(lookups, 0)
      }
    })
  }

  it("and takes the ends of each range", async () => {
    for (const options of [
      { maxHeaderListSize: 1 },
      { maxHeaderListSize: 2 ** 32 - 1 },
      { connectTimeoutMillis: 1 },
      { connectTimeoutMillis: 1234.5 },
      { connectTimeoutMillis: 2 ** 31 - 1 },
      { maxConcurrentStreams: 1 },
      { maxConcurrentStreams: Number.POSITIVE_INFINITY },
      { maxBodySize: 0 },
      { maxBodySize: Number.POSITIVE_INFINITY },
      { port: 65_535 }
    ]) {
      await new Promise<void>((resolve) => {
        const session = connect({ host: "example.test", port: 443, ...options, lookup: () => resolve() }, nobody)
        setImmediate(() => session.destroy())
      })
    }
  })
})

describe("a connection without a socket", () => {
  it("refuses the same", () => {
    for (const [option, values] of refused) {
      if (option === "port" || option === "connectTimeoutMillis") continue
      for (const value of values) throws(() => play({ [option]: value }), { name: "RangeError" })
    }
  })

  it("announces the limit on header lists that it was given (6.5.2)", () => {
    for (const size of [1, 16_384, 2 ** 32 - 1]) {
      const { payload } = play({ maxHeaderListSize: size }).expectFrame(types.settings, 0, 0)
      deepStrictEqual([payload.readUInt16BE(6), payload.readUInt32BE(8)], [6, size])
    }
  })
})
