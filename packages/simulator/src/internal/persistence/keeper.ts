/** Keeps a server's state in a file: what changes is noted at once and written a moment later, many changes together. */
import * as Effect from "effect/Effect"
import type { Received } from "../../Received.ts"
import { InvalidData, SimulatorError } from "../../SimulatorError.ts"
import type { SimulatorEvent } from "../../SimulatorEvent.ts"
import { received, type State } from "../state.ts"
import { InboxFile, type Kept, type KeptValue, type Kind } from "./inboxFile.ts"
import { restore } from "./restore.ts"

const pauseMillis = 50
/** After a write that failed: the next one writes everything. */
const retryMillis = 5_000

/** What changed since the last write. */
class Changes {
  #received = new Map<number, Received>()
  #cleared = new Set<Kind>()
  #values = new Map<string, KeptValue>()
  isEmpty = true

  note(event: SimulatorEvent): void {
    switch (event._tag) {
      case "received":
      case "updated":
        this.#received.set(event.received.id, event.received)
        break
      case "cleared":
        this.#received = new Map()
        break
      case "deviceChanged":
        this.#value("device", event.device.token, event.device)
        break
      case "deviceForgotten":
        this.#value("device", event.token, undefined)
        break
      case "devicesCleared":
        this.#clear("device")
        break
      case "channelChanged": {
        const { bundleId, id } = event.channel
        this.#value("channel", `${bundleId} ${id}`, event.change === "deleted" ? undefined : event.channel)
        break
      }
      case "channelsCleared":
        this.#clear("channel")
        this.#clear("capability")
        break
      case "capabilityChanged":
        this.#value("capability", event.bundleId, event.enabled)
        break
      case "scenarioChanged":
        if (event.scenario.kind === "fault") return
        this.#value("scenario", event.scenario.scenario.id, event.scenario.scenario)
        break
      case "scenarioRemoved":
        this.#value("scenario", event.id, undefined)
        break
      default:
        return
    }
    this.isEmpty = false
  }

  write(file: InboxFile, state: State): void {
    const { firstId, nextId } = state.log
    file.write({
      firstId,
      nextId,
      received: this.#received.values(),
      cleared: this.#cleared,
      values: this.#values.values()
    })
  }

  #value(kind: Kind, name: string, value: unknown): void {
    this.#values.set(`${kind} ${name}`, { kind, name, value })
  }

  #clear(kind: Kind): void {
    this.#cleared.add(kind)
    for (const [key, value] of this.#values) if (value.kind === kind) this.#values.delete(key)
  }
}

/** Everything, for when a write failed and it is not known what the file has. */
const everything = (state: State): Changes => {
  const now = state.now()
  const all = new Changes()
  all.note({ _tag: "devicesCleared" })
  all.note({ _tag: "channelsCleared" })
  for (const entry of state.log.entries()) all.note({ _tag: "received", received: received(state, entry) })
  for (const device of state.devices.infos(now)) {
    if (device.device !== undefined) all.note({ _tag: "deviceChanged", device })
  }
  for (const channel of state.channels.all(now)) all.note({ _tag: "channelChanged", change: "created", channel })
  for (const scenario of state.scenarios.infos) all.note({ _tag: "scenarioChanged", scenario })
  return all
}

const open = (path: string, keep: number): Effect.Effect<readonly [InboxFile, Kept], SimulatorError> =>
  Effect.tryPromise({
    try: async () => {
      const file = await InboxFile.open(path)
      return [file, file.read(keep)] as const
    },
    catch: (cause) => new SimulatorError({ reason: new InvalidData({ path, cause }) })
  })

/** Restores what a file kept, and keeps what happens from now on until the scope closes, when the rest is written. */
export const keepInFile = Effect.fnUntraced(function* (state: State, path: string, keep: number) {
  const [file, kept] = yield* Effect.acquireRelease(open(path, keep), ([file]) => Effect.sync(() => file.close()))
  restore(state, kept)

  let changes = new Changes()
  let failed = false
  const write = Effect.suspend(() => {
    if (changes.isEmpty && !failed) return Effect.void
    const written = failed ? everything(state) : changes
    changes = new Changes()
    return Effect.try({ try: () => written.write(file, state), catch: (cause) => cause }).pipe(
      Effect.andThen(
        Effect.sync(() => {
          failed = false
        })
      ),
      Effect.catch((cause) => {
        const isFirst = !failed
        failed = true
        const why = cause instanceof Error ? cause.message : String(cause)
        return isFirst ? Effect.logWarning(`${path} cannot be written, and is tried again: ${why}`) : Effect.void
      })
    )
  })
  state.events.listen((event) => changes.note(event))
  yield* Effect.addFinalizer(() => write)
  const next = Effect.suspend(() => Effect.delay(write, failed ? retryMillis : pauseMillis))
  yield* Effect.forkScoped(Effect.forever(next))
})
