import { assert, describe, it } from "@effect/vitest"
import type { Endpoint, SessionListener } from "../../packages/apns/src/internal/transport.ts"
import { fakePeer, handClock, Violation } from "./fakeTransport.ts"

const endpoint: Endpoint = { host: "push.test", port: 443, connectTimeoutMillis: 1000 }
const request = { method: "POST", path: "/3/device/ab", fields: {}, body: new Uint8Array() }

/** A session, and everything it reported, in order. */
const opened = () => {
  const heard: Array<string> = []
  const listener: SessionListener = {
    onReady: () => heard.push("ready"),
    onWritten: () => heard.push("written"),
    onCapacity: () => heard.push("capacity"),
    onGoAway: ({ code, lastStreamId, debugData }) => heard.push(`goAway ${code} ${lastStreamId} ${debugData}`),
    onEnd: (failure) => heard.push(`end ${failure?.step ?? "-"}`)
  }
  const peer = fakePeer()
  const session = peer.connect(endpoint, listener)
  const open = (name: string) =>
    session.open({ ...request, path: name }, { onEnding: (ending) => heard.push(`${name} ${ending._tag}`) })
  return { heard, peer, session, open, played: peer.session(0) }
}

describe("fake transport", () => {
  it("reports ready once, then capacity", () => {
    const { heard, played, session } = opened()
    assert.strictEqual(session.openable, 0)
    played.settings(1).settings(2).settings(0)
    assert.deepStrictEqual(heard, ["ready", "capacity"])
    assert.strictEqual(session.openable, 0)
  })

  it("refuses a stream before SETTINGS, beyond the limit, and on a closing session", () => {
    const { open, played, session } = opened()
    assert.throws(() => open("early"), Violation, "before SETTINGS")
    played.settings(1)
    open("a")
    assert.throws(() => open("b"), Violation, "beyond the limit of 1")
    played.settings(2)
    session.close()
    assert.strictEqual(played.closes, 1)
    assert.throws(() => open("b"), Violation, "closing")
  })

  it("records the requests and counts a slot free only after the end of its stream", () => {
    const { heard, open, played, session } = opened()
    played.settings(2)
    open("a")
    open("b")
    assert.deepStrictEqual(
      played.streams.map((stream) => [stream.id, stream.request.path]),
      [
        [1, "a"],
        [3, "b"]
      ]
    )
    played.stream(0).cancel()
    assert.strictEqual(session.openable, 0)
    played.flush()
    assert.strictEqual(session.openable, 1)
    played.stream(1).answer(200)
    assert.deepStrictEqual(heard, ["ready", "a Cancelled", "capacity", "b Answered", "capacity"])
  })

  it("drops what the peer says to a stream that was reset", () => {
    const { heard, open, played } = opened()
    played.settings(1)
    open("a").cancel()
    played.stream(0).answer(200)
    assert.include(heard, "a Cancelled")
    assert.throws(() => played.stream(0).answer(200), Violation, "ended twice")
    assert.throws(() => played.stream(0).cancel(), Violation, "cancelled twice")
  })

  it("ends the streams above a GOAWAY, and the session after its last stream", () => {
    const { heard, open, played } = opened()
    played.settings(3)
    for (const name of ["a", "b", "c"]) open(name)
    played.goAway({ processed: 1, code: 7, debugData: "calm" })
    played.flush()
    assert.deepStrictEqual(heard, ["ready", "goAway 7 1 calm", "b AboveLastStream", "c AboveLastStream"])
    played.stream(0).refuse()
    played.flush()
    assert.deepStrictEqual(heard.slice(4), ["a Refused", "end -"])
  })

  it("loses its streams before it ends, once", () => {
    const { heard, open, played } = opened()
    played.settings(2)
    open("a")
    played.end({ step: "stream", problem: "gone", cure: "none", transient: true })
    assert.deepStrictEqual(heard, ["ready", "a Lost", "end stream"])
    assert.throws(() => played.end(), Violation, "ended twice")
    played.flush()
    assert.lengthOf(heard, 3)
  })

  it("ends a destroyed session at the flush, not before", () => {
    const { heard, open, peer, played, session } = opened()
    played.settings(1)
    open("a")
    session.destroy()
    assert.deepStrictEqual(heard, ["ready"])
    peer.flush()
    assert.deepStrictEqual(heard, ["ready", "a Lost", "end -"])
    assert.deepStrictEqual(peer.live(), [])
  })

  it("acknowledges PINGs when told, and none after its end", () => {
    const { heard, played, session } = opened()
    assert.throws(() => session.ping(() => {}), Violation, "before SETTINGS")
    played.settings(1)
    session.ping(() => heard.push("a"))
    session.ping(() => heard.push("b"))
    assert.deepStrictEqual([played.pings, ...heard], [2, "ready"])
    played.acknowledge().acknowledge()
    session.ping(() => heard.push("c"))
    played.end()
    played.acknowledge()
    assert.deepStrictEqual(heard, ["ready", "a", "b", "end -"])
    assert.throws(() => session.ping(() => {}), Violation, "after the end")
  })

  it("names what is missing", () => {
    const { peer, played } = opened()
    assert.throws(() => peer.session(1), Violation, "no session 1: 1 were opened")
    assert.throws(() => played.stream(0), Violation, "no stream 0: 0 were opened")
  })
})

describe("hand clock", () => {
  it("runs timers in the order of their times, each at its time", () => {
    const clock = handClock(0)
    const heard: Array<string> = []
    const say = (name: string) => () => heard.push(`${name} ${clock.now()}`)
    clock.after(20, say("b"))
    clock.after(10, () => {
      say("a")()
      clock.after(5, say("nested"))
    })
    clock.after(30, say("c"))
    clock.advance(25)
    assert.deepStrictEqual(heard, ["a 10", "nested 15", "b 20"])
    assert.deepStrictEqual([clock.now(), clock.timers()], [25, 1])
  })

  it("does not run what was called off", () => {
    const clock = handClock(0)
    const heard: Array<string> = []
    const callOff = clock.after(10, () => heard.push("a"))
    clock.after(10, () => heard.push("b"))
    callOff()
    assert.strictEqual(clock.timers(), 1)
    clock.advance(10)
    callOff()
    assert.deepStrictEqual(heard, ["b"])
  })

  it("runs late what a jump passed over", () => {
    const clock = handClock(0)
    const heard: Array<number> = []
    clock.after(10, () => heard.push(clock.now()))
    clock.jump(100)
    assert.deepStrictEqual(heard, [])
    clock.advance(0)
    assert.deepStrictEqual(heard, [100])
  })
})
