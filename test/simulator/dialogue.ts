/** Dialogues with a simulator: by a client that keeps the rules, and by one that keeps none. */

import type { connect as connectSocket } from "node:net"
import { connect as connectTls } from "node:tls"
import { assert } from "@effect/vitest"
import { Simulator, type SimulatorOptions } from "@effect-apns/simulator"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Client, connectWithToken, device, providerToken, topic } from "./support.ts"

/** Runs a dialogue with a simulator and a client that holds a good token. */
export const dialogue = <A, E>(
  talk: (simulator: Simulator["Service"], client: Client) => Effect.Effect<A, E, Scope.Scope>,
  options?: SimulatorOptions
) =>
  Effect.gen(function* () {
    const simulator = yield* Simulator
    const client = yield* connectWithToken(simulator)
    return yield* talk(simulator, client)
  }).pipe(Effect.scoped, Effect.provide(Simulator.layer(options)))

/** A dialogue in virtual time, which begins now, as provider tokens are made now: a pause lasts until a test ends it. */
export const timedDialogue: typeof dialogue = (talk, options) =>
  Effect.andThen(
    Effect.suspend(() => TestClock.setTime(Date.now())),
    dialogue(talk, options)
  )

const turn = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Lets virtual time pass until something has happened. */
export const whileTimePasses = <A, E, R>(happening: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.raceFirst(happening, Effect.forever(Effect.andThen(TestClock.adjust("10 millis"), turn)))

/** Waits until something is so. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    while (!(yield* condition)) yield* turn
  })

/** Waits until the simulator has read what a client has sent, and the client what came before; or until the connection ends. */
export const echo = ({ session }: Client) =>
  Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    if (session.destroyed || session.closed) return done()
    session.once("close", done)
    session.ping(done)
  })

export const info = (simulator: Simulator["Service"], index = 0) =>
  Effect.map(simulator.connections, (connections) => {
    const found = connections[index]
    assert.isDefined(found)
    return found
  })

/** Writes to a socket and waits for its end. */
export const ended = (socket: ReturnType<typeof connectSocket>, text: string) =>
  Effect.callback<void>((resume) => {
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.void))
    socket.resume()
    socket.write(text)
    return Effect.sync(() => socket.destroy())
  })

export interface Frame {
  readonly type: number
  readonly stream: number
  readonly payload: string
}

/** An HTTP/2 client that keeps no rule: it writes frames and notes those that come back. */
export const rawSession = (simulator: Simulator["Service"]) =>
  Effect.acquireRelease(
    Effect.callback<RawSession>((resume) => {
      const { host, port, ca } = simulator
      const frames: Array<Frame> = []
      const listeners = new Set<() => void>()
      const socket = connectTls({ host, port, ca, ALPNProtocols: ["h2"] })
      let bytes: Buffer = Buffer.alloc(0)
      let over = false
      const changed = () => {
        for (const listener of listeners) listener()
      }
      const until = (condition: () => boolean) =>
        Effect.callback<void>((resumeWait) => {
          const check = () => {
            if (condition()) resumeWait(Effect.void)
          }
          listeners.add(check)
          check()
        })
      socket.on("error", () => {})
      socket.on("close", () => {
        over = true
        changed()
      })
      socket.on("data", (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
          const end = 9 + bytes.readUIntBE(0, 3)
          const frame = {
            type: bytes.readUInt8(3),
            stream: bytes.readUInt32BE(5),
            payload: bytes.subarray(9, end).toString("hex")
          }
          frames.push(frame)
          if (frame.type === 4 && (bytes.readUInt8(4) & 1) === 0) socket.write(frameOf(4, 1, 0, Buffer.alloc(0)))
          bytes = bytes.subarray(end)
        }
        changed()
      })
      const authorization = `bearer ${providerToken(simulator.key)}`
      socket.on("secureConnect", () => {
        socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        socket.write(frameOf(4, 0, 0, Buffer.alloc(0)))
        const session: RawSession = {
          frames,
          ended: until(() => over),
          until: (condition) => until(() => condition(frames)),
          request: (stream, extra = []) => {
            const headers: Array<readonly [string, string]> = [
              [":method", "POST"],
              [":scheme", "https"],
              [":authority", "127.0.0.1"],
              [":path", `/3/device/${device}`],
              ["apns-topic", topic],
              ["authorization", authorization],
              ...extra
            ]
            const block = Buffer.concat(headers.map(([name, value]) => literal(name, value)))
            socket.write(
              Buffer.concat([frameOf(1, 4, stream, block), frameOf(0, 1, stream, Buffer.from(`{"aps":{}}`))])
            )
          },
          socket
        }
        const ready = () => {
          if (!frames.some((frame) => frame.type === 4 && frame.payload !== "")) return
          listeners.delete(ready)
          resume(Effect.succeed(session))
        }
        listeners.add(ready)
        ready()
      })
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

export interface RawSession {
  readonly frames: ReadonlyArray<Frame>
  readonly ended: Effect.Effect<void>
  readonly until: (condition: (frames: ReadonlyArray<Frame>) => boolean) => Effect.Effect<void>
  readonly request: (stream: number, extra?: ReadonlyArray<readonly [string, string]>) => void
  readonly socket: ReturnType<typeof connectTls>
}

const frameOf = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** HPACK literal without indexing; lengths up to 254 + 127 are enough here. */
const literal = (name: string, value: string): Buffer => {
  const length = (text: string) => {
    const bytes = Buffer.byteLength(text)
    if (bytes < 127) return Buffer.from([bytes])
    const rest = bytes - 127
    return Buffer.from(rest < 128 ? [127, rest] : [127, (rest & 127) | 128, rest >> 7])
  }
  return Buffer.concat([Buffer.from([0]), length(name), Buffer.from(name), length(value), Buffer.from(value)])
}
