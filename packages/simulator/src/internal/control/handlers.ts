/** The control API's endpoints, group by group, over a simulator. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ControlApi, Impossible, NotFound } from "../../ControlApi.ts"
import type { Info, ReceivedDetail } from "../../ControlModel.ts"
import { type ExportTarget, exportOf } from "../../Export.ts"
import type { Received } from "../../Received.ts"
import type { Simulator } from "../../Simulator.ts"
import { findNewest, findOldest } from "./find.ts"
import { eventStream, type Live } from "./live.ts"
import { NotReplayable, providerToken, replay } from "./replay.ts"
import { detailOf, present, summaryOf } from "./summary.ts"
import { waitFor } from "./waiting.ts"

type Service = Simulator["Service"]

/** What the handlers need beside the simulator. */
export interface Surroundings {
  readonly simulator: Service
  readonly live: Live
  readonly info: Effect.Effect<Info>
}

const maxReaders = 128
const keptConnections = 200
const answerMillis = 30_000

const noRequest = (id: number) =>
  new NotFound({ message: `Request ${id} is not kept: it never came, was cleared, or made room for newer ones.` })
const noDevice = new NotFound({ message: "No such device was registered or seen." })
const noScenario = (id: string) => new NotFound({ message: `There is no scenario ${id}.` })
const noConnection = new NotFound({ message: "There is no such open connection." })

const details = Effect.fnUntraced(function* ({ simulator, live }: Surroundings, items: ReadonlyArray<Received>) {
  const devices = new Map((yield* simulator.devices).map((device) => [device.token, device]))
  return items.map((received): ReceivedDetail => {
    const registered = devices.get(received.device?.toLowerCase() ?? "")
    return detailOf(received, registered, live.replays.originalOf(received.id))
  })
})

const find = Effect.fnUntraced(function* ({ simulator }: Surroundings, id: number) {
  return (yield* simulator.inbox.get(id)) ?? (yield* Effect.fail(noRequest(id)))
})

const detail = Effect.fnUntraced(function* (surroundings: Surroundings, received: Received) {
  const [only] = yield* details(surroundings, [received])
  return only ?? (yield* Effect.fail(noRequest(received.id)))
})

const target = ({ host, port, managementPort, caFile }: Info): ExportTarget => ({ host, port, managementPort, caFile })

/** Sends a request again and finds it among those received. */
const replayed = Effect.fnUntraced(function* (surroundings: Surroundings, original: Received) {
  const { simulator, live } = surroundings
  const { now } = yield* simulator.clock
  const token = live.replays.token(now, () => providerToken(simulator.key, now))
  const sender = yield* replay(original, { ...simulator, token }).pipe(
    Effect.timeoutOrElse({
      duration: answerMillis,
      orElse: () => Effect.fail(new NotReplayable(`It was sent again and has no answer after ${answerMillis} ms.`))
    }),
    Effect.mapError(({ message }) => new Impossible({ message }))
  )
  const connection = (yield* simulator.connections).findLast(({ remote }) => remote === sender)?.id
  const [again] = yield* simulator.inbox.entries({ match: { connection }, after: original.id, limit: 1 })
  if (connection === undefined || again === undefined) {
    return yield* new Impossible({ message: "It was sent again and was not received whole." })
  }
  live.replays.add(again.id, original.id)
  live.journal.add({ _tag: "received", id: again.id })
  return again
})

const received = (surroundings: Surroundings) => {
  const { simulator, live, info } = surroundings
  const { inbox } = simulator
  return HttpApiBuilder.group(ControlApi, "received", (handlers) =>
    handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query: { before, limit = 100, ...filter } }) {
        const { items, more } = yield* findNewest(inbox, filter, before, limit)
        const { kept } = yield* inbox.summary
        const summaries = items.map((one) => summaryOf(one, live.replays.originalOf(one.id)))
        return present({ items: summaries, next: more ? items.at(-1)?.id : undefined, kept })
      }),
      whole: Effect.fnUntraced(function* ({ query: { before, limit = 100, order = "newest", ...filter } }) {
        const items =
          order === "oldest"
            ? yield* findOldest(inbox, filter, limit)
            : (yield* findNewest(inbox, filter, before, limit)).items
        return yield* details(surroundings, items)
      }),
      get: Effect.fnUntraced(function* ({ params: { id } }) {
        return yield* detail(surroundings, yield* find(surroundings, id))
      }),
      summary: () => inbox.summary,
      clear: () => inbox.clear,
      waitFor: Effect.fnUntraced(function* ({ query: { count = 1, timeout = 10_000, ...filter } }) {
        const { items, others } = yield* waitFor(inbox, filter, count, timeout)
        return {
          matched: items.length >= count,
          items: yield* details(surroundings, items),
          others: others.map((one) => summaryOf(one, live.replays.originalOf(one.id)))
        }
      }),
      replay: Effect.fnUntraced(function* ({ params: { id } }) {
        return yield* detail(surroundings, yield* replayed(surroundings, yield* find(surroundings, id)))
      }),
      export: Effect.fnUntraced(function* ({ params: { id }, query }) {
        const exported = exportOf(yield* find(surroundings, id), query.as, target(yield* info))
        return exported._tag === "text" ? exported.text : yield* new Impossible({ message: exported.why })
      })
    })
  )
}

const devices = ({ simulator }: Surroundings) => {
  const known = Effect.fnUntraced(function* (token: string) {
    const wanted = token.toLowerCase()
    const found = (yield* simulator.devices).find((device) => device.token === wanted)
    return found === undefined ? yield* Effect.fail(noDevice) : present(found)
  })
  return HttpApiBuilder.group(ControlApi, "devices", (handlers) =>
    handlers.handleAll({
      list: () => Effect.map(simulator.devices, present),
      register: ({ payload }) => Effect.orDie(Effect.andThen(simulator.register(payload), known(payload.token))),
      change: Effect.fnUntraced(function* ({ params: { token }, payload: { online } }) {
        const { device } = yield* known(token)
        const topics = device !== undefined && "topics" in device ? device.topics : undefined
        yield* simulator.register({ state: online ? "active" : "offline", token, topics })
        return yield* known(token)
      }),
      remove: ({ params: { token } }) =>
        Effect.flatMap(simulator.unregister(token), (found) => (found ? Effect.void : Effect.fail(noDevice)))
    })
  )
}

const scenarios = ({ simulator }: Surroundings) =>
  HttpApiBuilder.group(ControlApi, "scenarios", (handlers) =>
    handlers.handleAll({
      list: () => Effect.map(simulator.scenarios, present),
      put: ({ params: { id }, payload }) => Effect.map(simulator.addScenario({ ...payload, id }), present),
      change: ({ params: { id }, payload: { enabled } }) =>
        Effect.flatMap(simulator.switchScenario(id, enabled), (found) =>
          found === undefined ? Effect.fail(noScenario(id)) : Effect.succeed(present(found))
        ),
      remove: ({ params: { id } }) =>
        Effect.flatMap(simulator.removeScenario(id), (found) => (found ? Effect.void : Effect.fail(noScenario(id)))),
      load: ({ payload }) =>
        Effect.forEach([payload].flat(), (scenario) => Effect.map(simulator.addScenario(scenario), present)),
      inject: ({ payload }) => simulator.inject(payload),
      clearFaults: () => simulator.clearFaults
    })
  )

const channels = ({ simulator }: Surroundings) =>
  HttpApiBuilder.group(ControlApi, "channels", (handlers) =>
    handlers.handleAll({
      list: () => Effect.map(simulator.channels, present),
      create: ({ payload }) => Effect.map(simulator.registerChannel(payload), present),
      capability: ({ params: { app }, payload: { broadcast } }) => simulator.setBroadcastCapability(app, broadcast)
    })
  )

const connections = ({ simulator }: Surroundings) => {
  /** A connection that was asked for must be open. */
  const onOpen = Effect.fnUntraced(function* (connection: number | undefined, action: Effect.Effect<void>) {
    const open = (yield* simulator.connections).filter((each) => each.open)
    if (connection !== undefined && !open.some(({ id }) => id === connection)) return yield* Effect.fail(noConnection)
    yield* action
  })
  return HttpApiBuilder.group(ControlApi, "connections", (handlers) =>
    handlers.handleAll({
      list: () =>
        Effect.map(simulator.connections, (all) => {
          const open = all.filter((each) => each.open)
          const closed = all.filter((each) => !each.open).slice(-keptConnections)
          return present([...open, ...closed].sort((a, b) => b.id - a.id))
        }),
      goAway: ({ payload }) => onOpen(payload.connection, simulator.goAway(payload)),
      disconnect: ({ payload: { connection } }) =>
        onOpen(connection, connection === undefined ? simulator.disconnectAll : simulator.disconnect(connection)),
      setMaxConcurrentStreams: ({ payload: { connection, limit } }) =>
        onOpen(connection, simulator.setMaxConcurrentStreams(limit, connection))
    })
  )
}

const clock = ({ simulator }: Surroundings) => {
  const withReal = (state: { readonly now: number; readonly offset: number }) =>
    Effect.map(Clock.currentTimeMillis, (real) => ({ ...state, real }))
  return HttpApiBuilder.group(ControlApi, "clock", (handlers) =>
    handlers.handleAll({
      read: () => Effect.flatMap(simulator.clock, withReal),
      move: ({ payload }) => Effect.flatMap(simulator.moveClock(payload), withReal)
    })
  )
}

const system = ({ simulator, live, info }: Surroundings) =>
  HttpApiBuilder.group(ControlApi, "system", (handlers) =>
    handlers.handleAll({
      info: () => info,
      stats: () => Effect.sync(() => live.counter.stats),
      events: Effect.fnUntraced(function* ({ headers }) {
        if (live.readers >= maxReaders) {
          return yield* new Impossible({ message: `${maxReaders} readers follow the events already.` })
        }
        const { version } = yield* info
        const events = eventStream(simulator, live, version, headers["last-event-id"])
        return HttpServerResponse.stream(Stream.encodeText(events), {
          contentType: "text/event-stream",
          headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
        })
      })
    })
  )

/** The handlers of every group. */
export const handlers = (surroundings: Surroundings) =>
  Layer.mergeAll(
    received(surroundings),
    devices(surroundings),
    scenarios(surroundings),
    channels(surroundings),
    connections(surroundings),
    clock(surroundings),
    system(surroundings)
  )
