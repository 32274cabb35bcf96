/** Dialogues with a logical connection and its pool. */
import {
  type ConnectionError,
  LogicalConnection,
  type Pending
} from "../../packages/apns/src/internal/logicalConnection.ts"
import type { PoolSettings } from "../../packages/apns/src/internal/pool.ts"
import type { SessionFailure } from "../../packages/apns/src/internal/transport.ts"
import { fakePeer, handClock } from "./fakeTransport.ts"

const nameOf = (session: string) => session.slice(session.indexOf("#"))

/** A request, and what became of it. */
export interface Asked {
  readonly pending: Pending
  readonly results: Array<string>
  readonly errors: Array<ConnectionError>
}

/** What the connection keeps, to show that it keeps nothing. */
interface Inside {
  readonly deadlines: { readonly buckets: ReadonlyMap<number, unknown> }
  readonly pool: { readonly carriers: ReadonlySet<unknown> }
  readonly queue: { readonly length: number }
  readonly queued: number
}

/** A logical connection, the peer of its sessions, and a clock, all played by hand. */
export const dialogue = (settings: Partial<PoolSettings> = {}) => {
  const clock = handClock()
  /** What was told of addresses. */
  const told: Array<string> = []
  const peer = fakePeer()
  /** How much of the time the event loop is busy. */
  const loop = { busyShare: 0 }
  let loopTime = { idle: 0, active: 0 }
  let loopMillis = clock.now()
  /** What lies in the sockets, unread: it is read before a late timer has its effect. */
  const inSockets: Array<() => void> = []
  /** By how much the clock of the day is ahead. */
  const day = { aheadMillis: 1_000_000_000 }
  const connection = new LogicalConnection({
    endpoint: { host: "push.test", port: 443, connectTimeoutMillis: 10_000 },
    connect: peer.connect,
    pool: {
      maxSessions: 1,
      idlePingMillis: 60_000,
      silencePingMillis: 5000,
      pingTimeoutMillis: 2000,
      ...settings
    },
    now: clock.now,
    wallNow: () => clock.now() + day.aheadMillis,
    later: clock.after,
    afterReading: (run) => {
      for (const read of inSockets.splice(0)) read()
      run()
    },
    loopTime: () => {
      const millis = clock.now() - loopMillis
      loopMillis += millis
      const { active, idle } = loopTime
      loopTime = { idle: idle + millis * (1 - loop.busyShare), active: active + millis * loop.busyShare }
      return loopTime
    },
    observer: {
      onOpening: () => {},
      onReady: (session, address) => told.push(`${nameOf(session)} ready at ${address}`),
      onGoAway: () => {},
      onSilent: () => {},
      onEnded: (session, end, _, address) => told.push(`${nameOf(session)} ${end} at ${address}`),
      onBackoff: () => {},
      onSlowed: () => {},
      onResumed: () => {},
      onAvoiding: (address, millis) => told.push(`avoiding ${address} for ${millis} ms`)
    }
  })
  const ask = (name = "a", timeout = 600_000): Asked => {
    const results: Array<string> = []
    const errors: Array<ConnectionError> = []
    const pending = connection.submit(
      { method: "POST", path: name, fields: {}, body: new Uint8Array() },
      clock.now() + timeout,
      {
        onResponse: ({ status }) => results.push(String(status)),
        onError: (error) => {
          results.push(error._tag)
          errors.push(error)
        }
      }
    )
    return { pending, results, errors }
  }
  const askMany = (count: number) => Array.from({ length: count }, (_, i) => ask(String(i)))
  /** A session that has answered once, after a round trip of 100 ms, and now takes that many streams. */
  const proven = (limit: number) => {
    ask("first")
    const session = peer.session(0).settings(1)
    clock.advance(100)
    session.stream(0).answer(200)
    return session.settings(limit)
  }
  const inside = connection as unknown as Inside
  return { clock, peer, connection, ask, askMany, proven, inside, inSockets, day, loop, told }
}

export const refusedConnect: SessionFailure = {
  step: "connect",
  problem: "nothing listens there (connection refused)",
  cure: "Check the host.",
  transient: true
}
