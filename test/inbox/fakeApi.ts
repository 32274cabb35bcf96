/** A control API in memory, for tests of what the page makes of it. */
import type { LiveEvent, ReceivedSummary } from "@effect-apns/simulator/ControlModel"
import type { InboxApi } from "../../packages/inbox/src/api/client.ts"
import type { EventHandlers, Link } from "../../packages/inbox/src/api/events.ts"

export const summary = (id: number, more: Partial<ReceivedSummary> = {}): ReceivedSummary => ({
  id,
  time: 1_000 * id,
  kind: "device",
  method: "POST",
  path: `/3/device/${"ab".repeat(32)}`,
  connection: 1,
  stream: 2 * id - 1,
  bodyBytes: 40,
  maxBytes: 4_096,
  device: "ab".repeat(32),
  app: "com.example.app",
  topic: "com.example.app",
  pushType: "alert",
  title: `Push ${id}`,
  text: `Body ${id}`,
  outcome: "accepted",
  status: 200,
  ...more
})

const unused = () => Promise.reject(new Error("this test does not need it"))

export const makeFakeApi = () => {
  let received: ReadonlyArray<ReceivedSummary> = []
  let started = 1
  let handlers: EventHandlers | undefined
  const asked: Array<string> = []
  const api: InboxApi = {
    info: async () => ({
      ...{ version: "0", environment: "sandbox", host: "127.0.0.1", port: 1, managementPort: 2, inboxPort: 3, ca: "" },
      ...{ key: { teamId: "", keyId: "", privateKey: "" }, keep: 100_000, started }
    }),
    stats: async () => ({
      ...{ received: received.length, outcomes: { accepted: 0, refused: 0, faulted: 0, lost: 0 } },
      ...{ reasons: {}, seconds: [] }
    }),
    received: async ({ after = 0, before = Number.POSITIVE_INFINITY, limit = 100, text }) => {
      asked.push(text === undefined ? `page before ${before}` : `search ${text} after ${after}`)
      const matching = received
        .filter(({ id, path }) => id > after && id < before && (text === undefined || path.includes(text)))
        .toReversed()
      const items = matching.slice(0, limit)
      const last = items.at(-1)
      return {
        items,
        kept: received.length,
        ...(matching.length > limit && last !== undefined ? { next: last.id } : {})
      }
    },
    scenarios: async () => [],
    devices: async () => [],
    channels: async () => [],
    connections: async () => [],
    clock: async () => ({ now: 0, real: 0, offset: 0 }),
    detail: unused,
    clear: unused,
    replay: unused,
    exported: unused,
    registerDevice: unused,
    removeDevice: unused,
    putScenario: unused,
    switchScenario: unused,
    removeScenario: unused,
    createChannel: unused,
    goAway: unused,
    disconnect: unused,
    moveClock: unused
  }
  const listen: Link = (given) => {
    handlers = given
    given.onState("live")
    return () => {
      handlers = undefined
    }
  }
  return {
    api,
    listen,
    /** What was asked of `received`, in order. */
    asked,
    /** Receives without a word. */
    receive: (...summaries: ReadonlyArray<ReceivedSummary>) => {
      received = [...received, ...summaries]
    },
    restart: () => {
      started += 1
      received = []
    },
    tell: (event: LiveEvent) => handlers?.onEvent(event)
  }
}
