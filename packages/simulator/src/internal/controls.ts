/** What a test or a user can change while the server runs. Each change is told as an event. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Channel, NewChannel } from "../Channel.ts"
import { Device } from "../Device.ts"
import { Fault, Scenario, type ScenarioInfo } from "../Scenario.ts"
import { ClockChange, type ClockInfo } from "../SimulatorClock.ts"
import { newChannelId } from "./channels.ts"
import type { ActiveScenario } from "./scenarios.ts"
import { type State, tellDevice, tellUpdated } from "./state.ts"

export const register = (state: State, device: Device): Effect.Effect<void> =>
  Effect.map(Effect.orDie(Schema.decodeUnknownEffect(Device)(device)), (checked) => {
    for (const entry of state.devices.register(checked, state.now())) tellUpdated(state, entry)
    tellDevice(state, checked.token)
  })

export const unregister = (state: State, token: string): Effect.Effect<boolean> =>
  Effect.sync(() => {
    const before = state.devices.info(token, state.now())
    if (before === undefined) return false
    for (const entry of state.devices.forget(token, state.now())) tellUpdated(state, entry)
    state.events.publish({ _tag: "deviceForgotten", token: before.token })
    return true
  })

export const registerChannel = (state: State, channel: NewChannel): Effect.Effect<Channel> =>
  Effect.map(Effect.orDie(Schema.decodeUnknownEffect(NewChannel)(channel)), (checked) => {
    const { bundleId, id = newChannelId(), storage = "none" } = checked
    const made: Channel = { bundleId, id, storage }
    state.channels.apply({ _tag: "create", channel: made })
    state.events.publish({ _tag: "channelChanged", change: "created", channel: made })
    return made
  })

export const setCapability = (state: State, bundleId: string, enabled: boolean): Effect.Effect<void> =>
  Effect.sync(() => {
    const channels = state.channels.all(state.now()).filter((channel) => channel.bundleId === bundleId)
    state.channels.setEnabled(bundleId, enabled)
    state.events.publish({ _tag: "capabilityChanged", bundleId, enabled })
    if (enabled) return
    for (const channel of channels) state.events.publish({ _tag: "channelChanged", change: "deleted", channel })
  })

const tellScenario = (state: State, { info }: ActiveScenario): ScenarioInfo => {
  state.events.publish({ _tag: "scenarioChanged", scenario: info })
  return info
}

export const inject = (state: State, fault: Fault): Effect.Effect<void> =>
  Effect.map(Effect.orDie(Schema.decodeUnknownEffect(Fault)(fault)), (checked) => {
    const added = state.scenarios.inject(checked)
    if (added !== undefined) tellScenario(state, added)
  })

export const addScenario = (state: State, scenario: Scenario): Effect.Effect<ScenarioInfo> =>
  Effect.map(Effect.orDie(Schema.decodeUnknownEffect(Scenario)(scenario)), (checked) =>
    tellScenario(state, state.scenarios.add(checked))
  )

export const switchScenario = (state: State, id: string, enabled: boolean): Effect.Effect<ScenarioInfo | undefined> =>
  Effect.sync(() => {
    const found = state.scenarios.setEnabled(id, enabled)
    return found && tellScenario(state, found)
  })

export const removeScenario = (state: State, id: string): Effect.Effect<boolean> =>
  Effect.sync(() => {
    const removed = state.scenarios.remove(id)
    if (removed) state.events.publish({ _tag: "scenarioRemoved", id })
    return removed
  })

export const clearScenarios = (state: State, kind?: ScenarioInfo["kind"]): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const id of state.scenarios.clear(kind)) state.events.publish({ _tag: "scenarioRemoved", id })
  })

export const clockInfo = (state: State): ClockInfo => ({ now: state.now(), offset: state.clockOffset })

const moved = (state: State, change: ClockChange): number => {
  switch (change._tag) {
    case "advance":
      return state.clockOffset + change.millis
    case "offset":
      return change.millis
    case "set":
      return state.clockOffset + change.time - state.now()
  }
}

export const moveClock = (state: State, change: ClockChange): Effect.Effect<ClockInfo> =>
  Effect.map(Effect.orDie(Schema.decodeUnknownEffect(ClockChange)(change)), (checked) => {
    state.clockOffset = moved(state, checked)
    const clock = clockInfo(state)
    state.events.publish({ _tag: "clockChanged", clock })
    return clock
  })

/** Forgets everything but keys and connections. */
export const reset = (state: State): void => {
  const { events } = state
  for (const id of state.scenarios.clear()) events.publish({ _tag: "scenarioRemoved", id })
  state.devices.clear()
  state.channels.clear()
  state.rates.clear()
  state.log.reset()
  state.ledger = new Map()
  state.clockOffset = 0
  events.publish({ _tag: "cleared" })
  events.publish({ _tag: "devicesCleared" })
  events.publish({ _tag: "channelsCleared" })
  events.publish({ _tag: "clockChanged", clock: clockInfo(state) })
}
