/** One request and its answer: from the headers of a stream to the frames that end it. */
import { randomUUID } from "node:crypto"
import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2"
import type { Fault, FaultEffect } from "../Fault.ts"
import { statusOf } from "../Reasons.ts"
import type { Answer, Received } from "../Received.ts"
import type { Connection } from "./connection.ts"
import { takeFault } from "./faults.ts"
import { isMessageId, type ReadRequest, readRequest } from "./request.ts"
import { judge } from "./rules.ts"
import { type State, withinRate } from "./state.ts"
import type { Verdict } from "./verdict.ts"

const keptBodyBytes = 65_536
const internalError = 2
const refusedStream = 7
const everyStream = 0x7fffffff

type GoAwayEffect = Extract<FaultEffect, { readonly _tag: "goAway" }>

interface Exchange {
  readonly state: State
  readonly connection: Connection
  readonly stream: ServerHttp2Stream
  readonly request: ReadRequest
  readonly verdict: Verdict
  readonly log: (answer: Answer) => void
}

/** Node hands header values over as latin1; APNs means UTF-8. */
const decodeHeaders = (rawHeaders: ReadonlyArray<string>): Array<readonly [string, string]> => {
  const headers: Array<readonly [string, string]> = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] ?? ""
    const isAscii = !/[\u0080-\u00ff]/.test(value)
    headers.push([rawHeaders[index] ?? "", isAscii ? value : Buffer.from(value, "latin1").toString("utf8")])
  }
  return headers
}

/** Collects a request's body and processes the request at its end of stream. */
export const receive = (
  state: State,
  connection: Connection,
  stream: ServerHttp2Stream,
  rawHeaders: ReadonlyArray<string>
): void => {
  const chunks: Array<Buffer> = []
  let bodyBytes = 0
  stream.on("data", (chunk: Buffer) => {
    // The rest is counted and dropped: a body without end must not fill the memory.
    if (bodyBytes < keptBodyBytes) chunks.push(chunk.subarray(0, keptBodyBytes - bodyBytes))
    bodyBytes += chunk.length
  })
  stream.on("end", () => {
    if (stream.aborted || stream.destroyed || connection.isIgnored(stream)) return
    const headers = decodeHeaders(rawHeaders)
    const pseudo = (name: string) => headers.find((header) => header[0] === name)?.[1] ?? ""
    const request = readRequest({
      listener: connection.listener,
      method: pseudo(":method"),
      path: pseudo(":path"),
      headers,
      body: Buffer.concat(chunks).toString("utf8"),
      bodyBytes
    })
    arrived(state, connection, stream, request)
  })
}

const kindOf = ({ route }: ReadRequest): Received["kind"] => {
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

type Entry = Omit<Received, "sequence" | "answer">

const entryOf = (state: State, connection: Connection, stream: ServerHttp2Stream, request: ReadRequest): Entry => {
  const { authorization } = request
  return {
    kind: kindOf(request),
    connection: connection.id,
    stream: stream.id ?? 0,
    method: request.method,
    path: request.path,
    headers: request.headers.map(([name, value]) => [name, name === "authorization" ? "<redacted>" : value]),
    token: authorization === undefined ? undefined : connection.seenToken(authorization)?.received,
    body: request.body,
    bodyBytes: request.bodyBytes,
    device: request.device,
    bundleId: request.bundleId,
    topic: request.topic,
    pushType: request.pushType,
    apnsId: request.apnsId,
    requestId: request.requestId,
    channel: request.channel,
    time: state.now()
  }
}

const arrived = (state: State, connection: Connection, stream: ServerHttp2Stream, request: ReadRequest): void => {
  const { verdict, credential } = judge(request, {
    ...state.settings,
    nowMillis: state.now(),
    credential: () => connection.judgeCredential(request.authorization),
    device: (token) => state.devices.get(token.toLowerCase()),
    withinRate: (token) => withinRate(state, token),
    channels: state.channels
  })
  const [fault, remaining] = takeFault(state.faults, request)
  state.faults = remaining
  if (credential?._tag === "accepted" && !isRefusal(fault?.effect)) connection.raiseLimit()
  const processed = verdict._tag === "accepted" && isProcessed(fault?.effect, stream.id ?? 0)
  if (processed && verdict.change !== undefined) state.channels.apply(verdict.change)
  const entry = entryOf(state, connection, stream, request)
  const key = state.log.add(entry)
  let settled = false
  const log = (answer: Answer) => {
    if (settled) return
    settled = true
    state.log.answer(key, answer)
    state.onSettled?.({ ...entry, sequence: key.sequence, answer }, processed)
  }
  stream.on("close", () => log({ _tag: "unanswered", why: "closed" }))
  const exchange: Exchange = { state, connection, stream, request, verdict, log }
  after(state, fault?.delayMillis ?? 0, () => apply(exchange, fault))
}

const isRefusal = (effect: FaultEffect | undefined): boolean =>
  effect?._tag === "reject" && (effect.status ?? statusOf(effect.reason)) === 403

/** Whether the request a fault matches has its effect all the same. */
const isProcessed = (effect: FaultEffect | undefined, id: number): boolean => {
  switch (effect?._tag) {
    case "reject":
    case "respond":
      return false
    case "reset":
      return effect.code !== refusedStream
    case "goAway":
      return effect.announceMillis !== undefined || id <= lastStreamIdOf(effect, id)
    default:
      return true
  }
}

const lastStreamIdOf = ({ lastStreamId = "this" }: GoAwayEffect, id: number): number =>
  lastStreamId === "this" ? id : lastStreamId === "before" ? Math.max(0, id - 2) : lastStreamId

const after = (state: State, millis: number, action: () => void): void => {
  if (millis > 0) state.later(millis, action)
  else action()
}

const apply = (exchange: Exchange, fault: Fault | undefined): void => {
  const { state, connection, stream, log } = exchange
  const effect = fault?.effect
  switch (effect?._tag) {
    case undefined:
      answer(exchange)
      break
    case "delay":
      after(state, effect.millis, () => answer(exchange))
      break
    case "settings":
      connection.setLimit(effect.maxConcurrentStreams, true)
      if (effect.forMillis !== undefined) after(state, effect.forMillis, () => connection.unpinLimit())
      answer(exchange)
      break
    case "reject": {
      const { reason, status = statusOf(reason), timestamp, retryAfter, headers } = effect
      const extra = { ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }), ...headers }
      reject(exchange, status, reason, timestamp, extra)
      break
    }
    case "respond": {
      const { status, contentType, headers, body = "" } = effect
      const type = contentType === undefined ? {} : { "content-type": contentType }
      respond(exchange, { ":status": status, ...type, ...headers }, body, undefined)
      break
    }
    case "silence":
      log({ _tag: "unanswered", why: "silence" })
      break
    case "reset":
      log({ _tag: "unanswered", why: "reset" })
      connection.release(stream)
      if (!stream.destroyed) stream.close(effect.code)
      break
    case "disconnect":
      log({ _tag: "unanswered", why: "disconnect" })
      connection.destroy()
      break
    case "goAway":
      goAway(exchange, effect)
      break
  }
}

const goAway = (exchange: Exchange, effect: GoAwayEffect): void => {
  const { connection, state, stream } = exchange
  const { announceMillis, code = 0, debugData = "" } = effect
  if (announceMillis !== undefined) {
    connection.sendGoAway({ code: 0, lastStreamId: everyStream, debugData: "" })
    after(state, announceMillis, () =>
      connection.sendGoAway({ code, lastStreamId: connection.highestStreamId, debugData })
    )
    answer(exchange)
    return
  }
  const id = stream.id ?? 0
  const lastStreamId = lastStreamIdOf(effect, id)
  const answered = id <= lastStreamId && (effect.answer ?? true)
  if (!answered) {
    exchange.log({ _tag: "unanswered", why: "goAway" })
    connection.abandon(stream)
  }
  connection.sendGoAway({ code, lastStreamId, debugData })
  if (answered) answer(exchange)
}

/** Answers as the rules say. */
const answer = (exchange: Exchange): void => {
  const { verdict, state, request } = exchange
  if (verdict._tag === "rejected") {
    reject(exchange, statusOf(verdict.reason), verdict.reason, verdict.timestamp, {})
    return
  }
  const { status, headers, body } = verdict
  // Apple names `apns-unique-id` for pushes in the development environment, and for broadcasts in both.
  const kind = kindOf(request)
  const isFindable = kind === "broadcast" || (kind === "device" && state.settings.environment === "sandbox")
  const uniqueId = isFindable ? { "apns-unique-id": randomUUID() } : {}
  respond(exchange, { ":status": status, ...idHeader(exchange), ...uniqueId, ...headers }, body, undefined)
}

/** The request's id, or a new one: in upper case, as the server's own are seen. */
const idHeader = ({ request }: Exchange): Readonly<Record<string, string>> => {
  const isApp = request.listener === "management" || request.route?._tag === "broadcast"
  const given = isApp ? request.requestId : request.apnsId
  return { [isApp ? "apns-request-id" : "apns-id"]: isMessageId(given) ? given : randomUUID().toUpperCase() }
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

const reject = (
  exchange: Exchange,
  status: number,
  reason: string,
  timestamp: number | undefined,
  extra: Readonly<Record<string, string>>
): void => {
  const at = timestamp ?? (status === 410 ? exchange.state.now() : undefined)
  const body = JSON.stringify(at === undefined ? { reason } : { reason, timestamp: at })
  const headers = { ":status": status, ...idHeader(exchange), "content-type": "application/json", ...extra }
  respond(exchange, headers, body, reason)
}

const respond = (
  { connection, stream, log }: Exchange,
  headers: OutgoingHttpHeaders & { readonly ":status": number },
  body: string,
  reason: string | undefined
): void => {
  if (!connection.isAnswerable(stream)) {
    log({ _tag: "unanswered", why: connection.isIgnored(stream) ? "goAway" : "closed" })
    return
  }
  const status = headers[":status"]
  // Node ends the stream itself after a status that has no body.
  const endStream = body === "" || status === 204 || status === 205 || status === 304
  try {
    stream.respond(headers, { endStream })
    if (!endStream) stream.end(body)
  } catch {
    // Only a fault's own headers can be unsendable.
    stream.close(internalError)
    log({ _tag: "unanswered", why: "reset" })
    return
  }
  log(answered(status, reason, headers))
  connection.release(stream)
  connection.answered(status, reason)
}
