/** Which received requests a filter means. Pure. */
import type { ReceivedFilter } from "../../ControlModel.ts"
import type { Received } from "../../Received.ts"
import { appOf, outcomeOf } from "./summary.ts"

const same = ["topic", "pushType", "kind", "connection", "channel", "collapseId"] as const

const startsWith = (value: string | undefined, beginning: string) =>
  value?.toLowerCase().startsWith(beginning.toLowerCase()) === true

const contains = ({ path, body, headers }: Received, text: string): boolean => {
  const has = (value: string) => value.toLowerCase().includes(text)
  return has(path) || has(body) || headers.some(([name, value]) => has(`${name}: ${value}`))
}

const answers = ({ answer }: Received, { status, reason }: ReceivedFilter): boolean => {
  const answered = answer._tag === "answered" ? answer : undefined
  return (status === undefined || status === answered?.status) && (reason === undefined || reason === answered?.reason)
}

/** The id a request carried, or the one its answer gave it. */
const hasId = ({ apnsId, answer }: Received, wanted: string): boolean => {
  const given = answer._tag === "answered" ? answer.apnsId : undefined
  return [apnsId, given].some((id) => id?.toLowerCase() === wanted.toLowerCase())
}

/** Makes the test of a filter. The dearest comparison comes last. */
export const matching = (filter: ReceivedFilter): ((received: Received) => boolean) => {
  const fields = same.filter((name) => filter[name] !== undefined)
  const { app, device, outcome, apnsId, scenario, after, since, until } = filter
  const text = filter.text?.toLowerCase()
  return (received) =>
    fields.every((name) => filter[name] === received[name]) &&
    (after === undefined || received.id > after) &&
    (since === undefined || received.time >= since) &&
    (until === undefined || received.time <= until) &&
    (device === undefined || startsWith(received.device, device)) &&
    (scenario === undefined || received.scenario?.id === scenario) &&
    (app === undefined || appOf(received) === app) &&
    answers(received, filter) &&
    (apnsId === undefined || hasId(received, apnsId)) &&
    (outcome === undefined || outcomeOf(received) === outcome) &&
    (text === undefined || contains(received, text))
}
