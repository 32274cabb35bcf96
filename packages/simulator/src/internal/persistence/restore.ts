/** Puts what a file kept back into a server's state. What cannot be read any more is left out. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Channel } from "../../Channel.ts"
import { DeviceInfo } from "../../Device.ts"
import { Received } from "../../Received.ts"
import { Scenario } from "../../Scenario.ts"
import { Entry } from "../entry.ts"
import { isRuleName } from "../explanations.ts"
import { readRequest, routeOf } from "../request.ts"
import type { State } from "../state.ts"
import type { Kept } from "./inboxFile.ts"

const decodeReceived = Schema.decodeUnknownOption(Received)
const decodeDevice = Schema.decodeUnknownOption(DeviceInfo)
const decodeScenario = Schema.decodeUnknownOption(Scenario)
const decodeChannel = Schema.decodeUnknownOption(Channel)

const entryOf = (received: Received): Entry => {
  const { id, sequence, connection, stream, time, token, answer, explanation, delivery } = received
  const { kind, headers, path, body, bodyBytes } = received
  // What one listener serves is of no kind on the other.
  const isManagement = kind === "management" || (kind === "other" && routeOf("device", path) !== undefined)
  const fields = headers.flatMap(([name, value]) => [name, Buffer.from(value, "utf8").toString("latin1")])
  const request = readRequest(isManagement ? "management" : "device", fields, body, bodyBytes)
  const entry = new Entry(id, sequence, request, connection, stream, time, token)
  const isLost = answer._tag === "unanswered" && answer.why === "pending"
  entry.answer = isLost ? { _tag: "unanswered", why: "closed" } : answer
  const rule = explanation?.rule
  entry.rule = rule !== undefined && isRuleName(rule) ? rule : undefined
  entry.scenario = received.scenario
  entry.deviceState = received.deviceState
  entry.delivery = delivery?._tag === "delivered" && delivery.time === time ? undefined : delivery
  entry.replaces = received.replaces
  entry.told = true
  return entry
}

/** Restores requests first, then what refers to them. */
export const restore = (state: State, kept: Kept): void => {
  const entries = kept.received.flatMap((one) => Option.toArray(Option.map(decodeReceived(one), entryOf)))
  state.log.restore(entries, kept.nextId)
  for (const entry of entries) {
    const { device } = entry.request
    if (device !== undefined && device !== "") state.devices.note(device, entry)
  }
  for (const { kind, name, value } of kept.values) {
    switch (kind) {
      case "device":
        for (const info of Option.toArray(decodeDevice(value))) state.devices.restore(info, (id) => state.log.get(id))
        break
      case "scenario":
        for (const scenario of Option.toArray(decodeScenario(value))) state.scenarios.add(scenario)
        break
      case "channel":
        for (const channel of Option.toArray(decodeChannel(value))) state.channels.apply({ _tag: "create", channel })
        break
      case "capability":
        state.channels.setEnabled(name, value === true)
        break
    }
  }
}
