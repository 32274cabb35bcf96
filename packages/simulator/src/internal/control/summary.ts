/** Received requests as the control API tells of them. Keys without a value are left out. Pure. */
import type { Outcome, ReceivedDetail, ReceivedSummary } from "../../ControlModel.ts"
import type { DeviceInfo } from "../../Device.ts"
import { previewOf } from "../../Preview.ts"
import type { Received } from "../../Received.ts"
import { isObject, jsonObject } from "../payload.ts"
import { suffixes } from "../pushType.ts"

/** A type whose keys are absent where they could be `undefined`. */
export type Present<A> = A extends object ? (A extends ReadonlyArray<unknown> ? PresentItems<A> : PresentFields<A>) : A

type PresentItems<A extends ReadonlyArray<unknown>> = { readonly [K in keyof A]: Present<A[K]> }

type PresentFields<A> = { readonly [K in keyof A as undefined extends A[K] ? never : K]: Present<A[K]> } & {
  readonly [K in keyof A as undefined extends A[K] ? K : never]?: Present<Exclude<A[K], undefined>>
}

/** A copy without the keys whose value is `undefined`: the API leaves out what is not there. */
export const present = <A>(value: A): Present<A> => without(value) as Present<A>

const without = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(without)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.map(([key, each]) => [key, without(each)]))
}

/** Whether a scenario decided the answer, rather than only came before it. */
const isFaulted = ({ scenario, explanation, answer }: Received): boolean => {
  if (scenario === undefined || answer._tag === "unanswered") return scenario !== undefined
  const byRule = explanation?.rule.startsWith(answer.reason ?? "\n") === true
  return answer.status >= 400 && !byRule
}

export const outcomeOf = (received: Received): Outcome => {
  const { answer } = received
  if (answer._tag === "unanswered") {
    if (answer.why === "pending") return "pending"
    return isFaulted(received) ? "faulted" : "lost"
  }
  if (isFaulted(received)) return "faulted"
  return answer.status < 400 ? "accepted" : "refused"
}

/** The bundle ID of a topic: without its push type's suffix. */
const withoutSuffix = (topic: string): string => {
  const suffix = suffixes.find((each) => topic.endsWith(each))
  return suffix === undefined ? topic : topic.slice(0, -suffix.length)
}

export const appOf = ({ bundleId, topic }: Received): string | undefined =>
  bundleId ?? (topic === undefined ? undefined : withoutSuffix(topic))

const lineLength = 140

const line = (value: unknown): string | undefined =>
  typeof value === "string" ? value.slice(0, lineLength).replaceAll(/\s+/g, " ") : undefined

/** The fields of a Live Activity's content state. */
const fields = (state: unknown): string | undefined =>
  isObject(state)
    ? line(
        Object.entries(state)
          .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
          .join(", ")
      )
    : undefined

/** The first words of the alert, or of a Live Activity's content state, and the activity's event. */
const words = (body: string): Pick<Partial<ReceivedSummary>, "title" | "text" | "event"> => {
  const aps = jsonObject(body)?.aps
  if (!isObject(aps)) return {}
  const { alert, event, "content-state": state } = aps
  const said = isObject(alert)
    ? {
        title: line(alert.title ?? alert["title-loc-key"]),
        text: line(alert.body ?? alert["loc-key"] ?? alert.subtitle)
      }
    : { text: line(alert) ?? fields(state) }
  return present({ ...said, event: line(event) })
}

/** What the summary and the detail add to a request. */
const added = (received: Received) => {
  const { answer, body, headers } = received
  const answered = answer._tag === "answered" ? answer : undefined
  return {
    app: appOf(received),
    priority: headers.find(([name]) => name === "apns-priority")?.[1],
    ...words(body),
    outcome: outcomeOf(received),
    status: answered?.status,
    reason: answered?.reason
  }
}

export const summaryOf = (received: Received, replayOf: number | undefined): ReceivedSummary => {
  const { id, time, kind, method, path, connection, stream, bodyBytes, maxBytes, device, topic, pushType } = received
  const { collapseId, apnsId, channel, scenario, delivery, replaces } = received
  const from = { id, time, kind, method, path, connection, stream, bodyBytes, maxBytes, device, topic, pushType }
  return present({
    ...from,
    ...{ collapseId, apnsId, channel, scenario, delivery, replaces, replayOf },
    ...added(received)
  })
}

const pretty = (body: string): string | undefined => {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return undefined
  }
}

export const detailOf = (
  received: Received,
  registered: DeviceInfo | undefined,
  replayOf: number | undefined
): ReceivedDetail =>
  present({
    ...received,
    ...added(received),
    truncated: Buffer.byteLength(received.body) < received.bodyBytes,
    pretty: pretty(received.body),
    registered,
    preview: previewOf(received),
    replayOf
  })
