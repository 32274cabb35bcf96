/** Connecting to one of several addresses: sockets and time played by hand. */
import { deepStrictEqual, strictEqual } from "node:assert"
import * as Net from "node:net"
import { type DialOptions, dial } from "@effect-apns/http2"
import { describe, it } from "vitest"
import { inTurn } from "../../packages/http2/src/dial.ts"
import { handClock } from "../support/fakeTransport.ts"

const turn = () => new Promise((resolve) => setImmediate(resolve))

const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: "ECONNREFUSED" })

const v4 = (address: string) => ({ address, family: 4 })
const v6 = (address: string) => ({ address, family: 6 })

/** A dial that has been told of its addresses. */
const dialled = async (addresses: ReadonlyArray<{ readonly address: string; readonly family: number }>) => {
  const clock = handClock()
  const sockets = new Map<string, Net.Socket>()
  const told: Array<string> = []
  const options: DialOptions = {
    host: "push.test",
    lookup: (_, __, callback) => callback(null, [...addresses]),
    connect: (address) => {
      const socket = new Net.Socket()
      sockets.set(address, socket)
      return socket
    },
    later: clock.after
  }
  const dialling = dial(options, {
    onAttempt: (address) => told.push(`try ${address}`),
    onAttemptFailed: (address, { message }) => told.push(`failed ${address}: ${message}`),
    onConnected: (_, address) => told.push(`connected ${address}`),
    onFailed: ({ message }) => told.push(`none: ${message}`)
  })
  await turn()
  const connect = (address: string) => sockets.get(address)?.emit("connect")
  const fail = async (address: string) => {
    sockets.get(address)?.destroy(refused(address))
    await turn()
  }
  const dead = () => [...sockets].flatMap(([address, { destroyed }]) => (destroyed ? [address] : []))
  return { clock, connect, dead, dialling, fail, told }
}

describe("dialling", () => {
  it("does not end a slow attempt when the next one begins (RFC 8305, 5)", async () => {
    const { clock, connect, dead, told } = await dialled([v4("a"), v4("b"), v4("c")])
    clock.advance(249)
    deepStrictEqual(told, ["try a"])
    clock.advance(1)
    clock.advance(250)
    deepStrictEqual([told, dead()], [["try a", "try b", "try c"], []])
    clock.advance(9000)
    connect("a")
    // Those that were slower have not failed.
    deepStrictEqual([told.slice(3), dead()], [["connected a"], ["b", "c"]])
  })

  it("reaches a server 300 ms away behind dead addresses", async () => {
    const { clock, connect, dead, told } = await dialled([v4("dead"), v4("dead too"), v4("far")])
    clock.advance(500)
    clock.advance(300)
    connect("far")
    deepStrictEqual(
      [told, dead()],
      [
        ["try dead", "try dead too", "try far", "connected far"],
        ["dead", "dead too"]
      ]
    )
    strictEqual(clock.timers(), 0)
  })

  it("goes on at once after a failure, and gives the next one its whole time", async () => {
    const { clock, fail, told } = await dialled([v4("a"), v4("b"), v4("c")])
    clock.advance(200)
    await fail("a")
    deepStrictEqual(told, ["try a", "failed a: connect ECONNREFUSED a", "try b"])
    clock.advance(249)
    strictEqual(told.length, 3)
    clock.advance(1)
    strictEqual(told.at(-1), "try c")
  })

  it("fails when the last one has, with what kept the first", async () => {
    const { clock, fail, told } = await dialled([v4("a"), v4("b")])
    clock.advance(250)
    await fail("b")
    deepStrictEqual(told, ["try a", "try b", "failed b: connect ECONNREFUSED b"])
    await fail("a")
    deepStrictEqual(told.slice(3), ["failed a: connect ECONNREFUSED a", "none: connect ECONNREFUSED b"])
  })

  it("tries one of each family in turn (RFC 8305, 4)", () => {
    deepStrictEqual(inTurn([v6("1"), v6("2"), v6("3"), v4("a")]), ["1", "a", "2", "3"])
    deepStrictEqual(inTurn([v4("a"), v6("1"), v6("2"), v6("3")]), ["a", "1", "2", "3"])
    deepStrictEqual(inTurn([]), [])
  })

  it("fails where the name has no address, or does not resolve", async () => {
    deepStrictEqual((await dialled([])).told, ["none: push.test has no address"])
    const told: Array<string> = []
    dial(
      {
        host: "push.test",
        lookup: (_, __, callback) => callback(new Error("no such host"), []),
        connect: () => new Net.Socket()
      },
      { onConnected: () => told.push("connected"), onFailed: ({ message }) => told.push(message) }
    )
    deepStrictEqual(told, [])
    await turn()
    deepStrictEqual(told, ["no such host"])
  })

  it("that is given up says nothing more, and with a reason tells it of the attempts that had their time", async () => {
    const quiet = await dialled([v4("a"), v4("b")])
    quiet.dialling.destroy()
    quiet.clock.advance(1000)
    deepStrictEqual([quiet.told, quiet.dead()], [["try a"], ["a"]])

    const late = await dialled([v4("a"), v4("b")])
    const until = performance.now() + 20
    while (performance.now() < until) await turn()
    late.clock.advance(250)
    late.dialling.destroy(new Error("out of time"))
    deepStrictEqual(
      [late.told, late.dead()],
      [
        ["try a", "try b", "failed a: out of time"],
        ["a", "b"]
      ]
    )
  })
})
