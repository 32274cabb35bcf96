/**
 * The transport over `@effect-apns/http2`: what the engine reports, in the words of the seam.
 */
import * as Dns from "node:dns"
import * as Net from "node:net"
import * as Http2 from "@effect-apns/http2"
import * as Redacted from "effect/Redacted"
import {
  classify,
  endedEarly,
  isOfEveryAddress,
  notHttp2,
  protocolBroken,
  timedOut,
  unusable
} from "./connectFailure.ts"
import { checkPins } from "./pins.ts"
import type {
  Connect,
  Ending,
  Endpoint,
  Received,
  Request,
  Resolve,
  Route,
  Session,
  SessionFailure,
  SessionListener,
  StreamListener
} from "./transport.ts"
import { TunnelledSession } from "./tunnelledSession.ts"

/** Their values never come again: kept out of the compression table (Apple, "Sending notification requests to APNs"). */
const varyingOfNotifications = ["apns-id", "apns-collapse-id", "apns-expiration"]
const varyingOfChannels = ["apns-request-id", "apns-channel-id", "apns-expiration"]
const varying: ReadonlySet<string> = new Set([...varyingOfNotifications, ...varyingOfChannels])

/**
 * Gives requests that have the same stable fields the same array of them, by which the engine knows their encoding. A
 * program sends few combinations of topic, push type, priority and token; the oldest is forgotten when there are many.
 */
class StableFields {
  private readonly known = new Map<string, Array<Http2.EncodeField>>()
  private last: Array<Http2.EncodeField> = []
  private lastAuthorization: Redacted.Redacted<string> | undefined

  of({ authorization, fields }: Request): Array<Http2.EncodeField> {
    const { last } = this
    if (authorization !== this.lastAuthorization) return this.find(fields, authorization)
    let index = 0
    for (const name in fields) {
      if (varying.has(name)) continue
      const field = last[index]
      if (field === undefined || field[0] !== name || field[1] !== fields[name]) return this.find(fields, authorization)
      index++
    }
    if (authorization !== undefined) index++
    return index === last.length ? last : this.find(fields, authorization)
  }

  private find(fields: Request["fields"], authorization: Request["authorization"]) {
    const stable: Array<Http2.EncodeField> = Object.entries(fields).filter(([name]) => !varying.has(name))
    if (authorization !== undefined) stable.push(["authorization", Redacted.value(authorization)])
    const key = JSON.stringify(stable)
    this.last = this.known.get(key) ?? stable
    this.lastAuthorization = authorization
    this.known.delete(key)
    this.known.set(key, this.last)
    if (this.known.size > 256) for (const oldest of [...this.known.keys()].slice(0, 64)) this.known.delete(oldest)
    return this.last
  }
}

const varyingFields = (fields: Readonly<Record<string, string>>): Array<Http2.EncodeField> => {
  const own: Array<Http2.EncodeField> = []
  for (const name of fields["apns-id"] === undefined ? varyingOfChannels : varyingOfNotifications) {
    const value = fields[name]
    if (value !== undefined) own.push([name, value, "literal"])
  }
  return own
}

const recordOf = (fields: ReadonlyArray<Http2.HeaderField>) => {
  const record: Record<string, string> = {}
  for (const [name, value] of fields) {
    const known = record[name]
    record[name] = known === undefined ? value : `${known}, ${value}`
  }
  return record
}

const receivedOf = ({ body, fields, status }: Http2.Answered): Received => ({
  status,
  fields: recordOf(fields),
  body: body.length === 0 ? "" : body.toString("utf8")
})

const endingOf = (ending: Http2.Ending): Ending => {
  switch (ending._tag) {
    case "Answered":
      return { _tag: "Answered", ...receivedOf(ending) }
    case "Reset":
    case "Lost": {
      const { received, ...ended } = ending
      return received === undefined ? ended : { ...ended, received: receivedOf(received) }
    }
    default:
      return ending
  }
}

const failureOf = (failure: Http2.SessionFailure, endpoint: Endpoint): SessionFailure => {
  const { step, error } = failure
  // Before there is a connection, each address is told of by itself.
  const sparesAddress = step === "dns" || step === "connect" || isOfEveryAddress(error, endpoint)
  return { ...describe(failure, endpoint), ...(sparesAddress && { sparesAddress }) }
}

const describe = ({ kind, step, error }: Http2.SessionFailure, endpoint: Endpoint): SessionFailure => {
  switch (kind) {
    case "socket":
      return classify(error, step)
    case "timeout":
      return timedOut(step, endpoint.connectTimeoutMillis)
    case "notHttp2":
      return notHttp2
    case "ended":
      return endedEarly(step)
    case "protocol":
      return protocolBroken(error, step)
  }
}

class EngineSession implements Session {
  private readonly session: Http2.Session
  private readonly stableFields = new StableFields()

  constructor(session: Http2.Session) {
    this.session = session
  }

  get openable(): number {
    return this.session.openable
  }

  open(request: Request, listener: StreamListener) {
    const { method, path, fields, body } = request
    return this.session.open(
      { method, path, stableFields: this.stableFields.of(request), fields: varyingFields(fields), body },
      (ending) => listener.onEnding(endingOf(ending))
    )
  }

  ping(onAcknowledged: () => void): void {
    this.session.ping(onAcknowledged)
  }

  close(): void {
    this.session.close()
  }

  destroy(): void {
    this.session.destroy()
  }
}

/** A session that could not even begin to connect. */
export const stillborn: Session = {
  openable: 0,
  open: () => {
    throw new Error("not ready")
  },
  ping: () => {},
  close: () => {},
  destroy: () => {}
}

/** `getaddrinfo`, all of its answer in its order (RFC 6724). Nothing is cached on this side of it. */
const systemResolve: Resolve = (host, onResolved) => Dns.lookup(host, { all: true }, onResolved)

const lookupBy =
  (resolve: Resolve, route: Route): Net.LookupFunction =>
  (host, _, callback) =>
    resolve(host, (error, found) => {
      if (error !== null) callback(error, [])
      else callback(null, [...route.arrange(found)])
    })

/** Opens a session of the engine, through the proxy if there is one. */
export const connect: Connect = (endpoint, listener, route) =>
  endpoint.proxy === undefined
    ? open(endpoint, listener, Net.isIP(endpoint.host) === 0 ? route : undefined)
    : new TunnelledSession(endpoint, endpoint.proxy, listener, (socket, millis) =>
        open(endpoint, listener, undefined, socket, millis)
      )

const open = (
  endpoint: Endpoint,
  listener: SessionListener,
  route?: Route,
  socket?: Net.Socket,
  connectTimeoutMillis = endpoint.connectTimeoutMillis
): Session => {
  const { ca, clientCertificate, host, maxAnswerBytes, pins, port, resolve = systemResolve } = endpoint
  try {
    return new EngineSession(
      Http2.connect(
        {
          host,
          port,
          ca,
          lookup: route && lookupBy(resolve, route),
          socket,
          checkServer: pins && checkPins(pins),
          connectTimeoutMillis,
          maxBodySize: maxAnswerBytes,
          cert: clientCertificate?.certificate,
          key: clientCertificate && Redacted.value(clientCertificate.privateKey)
        },
        {
          onAttempt: (address) => route?.onAttempt(address),
          onAttemptFailed: (address, error) => {
            if (!isOfEveryAddress(error, endpoint)) route?.onAttemptFailed(address)
          },
          onConnected: (address) => route?.onConnected(address),
          onReady: () => listener.onReady(),
          onWritten: () => listener.onWritten(),
          onCapacity: () => listener.onCapacity(),
          onGoAway: (goAway) => listener.onGoAway(goAway),
          onEnd: (failure) => listener.onEnd(failure && failureOf(failure, endpoint))
        }
      )
    )
  } catch (error) {
    socket?.destroy()
    queueMicrotask(() => listener.onEnd(unusable(error)))
    return stillborn
  }
}
