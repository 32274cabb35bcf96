/** A request as the log keeps it: what `Received` says, without what can be made from it when somebody looks. */
import type { Answer, Delivery, Received, ReceivedToken } from "../Received.ts"
import { maxAppBodyBytes } from "./appRules.ts"
import { explanationOf, type RuleName } from "./explanations.ts"
import { pushTypeOf } from "./pushType.ts"
import type { ReadRequest } from "./request.ts"

const pending: Answer = { _tag: "unanswered", why: "pending" }

export class Entry {
  readonly id: number
  readonly sequence: number
  readonly request: ReadRequest
  readonly connection: number
  readonly stream: number
  readonly time: number
  readonly token: ReceivedToken | undefined
  answer: Answer = pending
  rule: RuleName | undefined = undefined
  scenario: { readonly id: string; readonly name: string } | undefined = undefined
  deviceState: string | undefined = undefined
  /** Absent for a push that went to its device at once. */
  delivery: Delivery | undefined = undefined
  replaces: number | undefined = undefined
  /** Whether an event told of it. */
  told = false

  constructor(
    id: number,
    sequence: number,
    request: ReadRequest,
    connection: number,
    stream: number,
    time: number,
    token: ReceivedToken | undefined
  ) {
    this.id = id
    this.sequence = sequence
    this.request = request
    this.connection = connection
    this.stream = stream
    this.time = time
    this.token = token
  }

  get isPending(): boolean {
    return this.answer === pending
  }
}

export const kindOf = ({ route }: ReadRequest): Received["kind"] => {
  switch (route?._tag) {
    case undefined:
      return "other"
    case "device":
    case "broadcast":
      return route._tag
    case "channels":
    case "allChannels":
      return "management"
  }
}

const maxBytesOf = ({ route, topic, pushType, method }: ReadRequest): number | undefined => {
  switch (route?._tag) {
    case "device":
      return pushTypeOf(pushType, topic ?? "").maxBytes
    case "broadcast":
      return maxAppBodyBytes
    case "channels":
      return method === "POST" ? maxAppBodyBytes : undefined
    default:
      return undefined
  }
}

const pairs = (fields: ReadonlyArray<string>): Array<readonly [string, string]> => {
  const found: Array<readonly [string, string]> = []
  for (let index = 0; index + 1 < fields.length; index += 2) found.push([fields[index] ?? "", fields[index + 1] ?? ""])
  return found
}

const deliveryOf = ({ answer, delivery, request, time }: Entry, now: number): Delivery | undefined => {
  if (delivery?._tag === "stored" && delivery.until <= now) return { _tag: "expired", time: delivery.until }
  if (delivery !== undefined) return delivery
  const delivered = request.route?._tag === "device" && answer._tag === "answered" && answer.status === 200
  return delivered ? { _tag: "delivered", time } : undefined
}

/** What is told of a request at a time. */
export const receivedOf = (entry: Entry, now: number): Received => {
  const { request } = entry
  return {
    id: entry.id,
    kind: kindOf(request),
    sequence: entry.sequence,
    connection: entry.connection,
    stream: entry.stream,
    method: request.method,
    path: request.path,
    headers: pairs(request.fields),
    token: entry.token,
    body: request.body,
    bodyBytes: request.bodyBytes,
    maxBytes: maxBytesOf(request),
    device: request.device,
    bundleId: request.bundleId,
    topic: request.topic,
    pushType: request.pushType,
    apnsId: request.apnsId,
    requestId: request.requestId,
    channel: request.channel,
    collapseId: request.collapseId,
    time: entry.time,
    answer: entry.answer,
    explanation: entry.rule === undefined ? undefined : explanationOf(entry.rule),
    scenario: entry.scenario,
    deviceState: entry.deviceState,
    delivery: deliveryOf(entry, now),
    replaces: entry.replaces
  }
}
