/** The answers the server writes. */
import { randomUUID } from "node:crypto"
import type { OutgoingHttpHeaders } from "node:http2"
import { statusOf } from "../Reasons.ts"
import type { Answer } from "../Received.ts"
import { kindOf } from "./entry.ts"
import type { Exchange } from "./exchange.ts"
import { isMessageId } from "./request.ts"

const internalError = 2

/** Answers as the rules say. */
export const answer = (exchange: Exchange): void => {
  const { verdict, state, entry } = exchange
  if (verdict === undefined || entry === undefined) return
  if (verdict._tag === "rejected") {
    reject(exchange, statusOf(verdict.reason), verdict.reason, verdict.timestamp, {})
    return
  }
  const headers: Headers = { ":status": verdict.status }
  addId(headers, exchange)
  // Apple names `apns-unique-id` for pushes in the development environment, and for broadcasts in both.
  const kind = kindOf(entry.request)
  const isFindable = kind === "broadcast" || (kind === "device" && state.settings.environment === "sandbox")
  if (isFindable) headers["apns-unique-id"] = randomUUID()
  Object.assign(headers, verdict.headers)
  respond(exchange, headers, verdict.body, undefined)
}

interface Headers extends OutgoingHttpHeaders {
  readonly ":status": number
}

/** The request's id, or a new one: in upper case, as the server's own are seen. */
const addId = (headers: OutgoingHttpHeaders, { entry }: Exchange): void => {
  if (entry === undefined) return
  const { listener, route, requestId, apnsId } = entry.request
  const isApp = listener === "management" || route?._tag === "broadcast"
  const given = isApp ? requestId : apnsId
  headers[isApp ? "apns-request-id" : "apns-id"] = isMessageId(given) ? given : randomUUID().toUpperCase()
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined)

/** What the log says of an answer. */
const answered = (status: number, reason: string | undefined, headers: OutgoingHttpHeaders): Answer => ({
  _tag: "answered",
  status,
  reason,
  apnsId: text(headers["apns-id"]),
  requestId: text(headers["apns-request-id"]),
  uniqueId: text(headers["apns-unique-id"]),
  channel: text(headers["apns-channel-id"])
})

export const reject = (
  exchange: Exchange,
  status: number,
  reason: string,
  timestamp: number | undefined,
  extra: Readonly<Record<string, string>>
): void => {
  const at = timestamp ?? (status === 410 ? exchange.state.now() : undefined)
  const body = JSON.stringify(at === undefined ? { reason } : { reason, timestamp: at })
  const headers: Headers = { ":status": status }
  addId(headers, exchange)
  headers["content-type"] = "application/json"
  Object.assign(headers, extra)
  respond(exchange, headers, body, reason)
}

export const respond = (exchange: Exchange, headers: Headers, body: string, reason: string | undefined): void => {
  const { connection, state, stream } = exchange
  if (!connection.isAnswerable(stream)) {
    exchange.log({ _tag: "unanswered", why: connection.isIgnored(exchange.id) ? "goAway" : "closed" })
    return
  }
  // Node writes the machine's time itself.
  if (state.clockOffset !== 0) headers.date ??= new Date(state.now()).toUTCString()
  const status = headers[":status"]
  // Node ends the stream itself after a status that has no body.
  const endStream = body === "" || status === 204 || status === 205 || status === 304
  try {
    stream.respond(headers, { endStream })
    if (!endStream) stream.end(body)
  } catch {
    // Only a scenario's own headers can be unsendable.
    stream.close(internalError)
    exchange.log({ _tag: "unanswered", why: "reset" })
    return
  }
  exchange.log(answered(status, reason, headers))
  connection.release(exchange.id)
  connection.answered(status, reason)
}
