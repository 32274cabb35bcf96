/**
 * Sends a received request again, as a client of the simulator's own: over a new HTTP/2 connection, with a provider token
 * signed by the simulator's key, as the original's credential is not kept.
 */
import { sign } from "node:crypto"
import * as http2 from "node:http2"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import type { Received } from "../../Received.ts"

/** Where and as whom. */
export interface ReplayTarget {
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly ca: string
  readonly token: string
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A provider token issued at `now` (epoch milliseconds). */
export const providerToken = (
  key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string },
  now: number
): string => {
  const input = `${part({ alg: "ES256", kid: key.keyId })}.${part({ iss: key.teamId, iat: Math.floor(now / 1_000) })}`
  const signature = sign("sha256", Buffer.from(input), { key: key.privateKey, dsaEncoding: "ieee-p1363" })
  return `${input}.${signature.toString("base64url")}`
}

/** An address to connect to, for one that is listened on. */
const reachable = (host: string): string => (host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host)

const unsendable = new Set(["connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"])

/** Node takes header values as latin1; APNs means UTF-8. */
const wire = (value: string): string => Buffer.from(value, "utf8").toString("latin1")

const headersOf = ({ headers, method, path }: Received, token: string): http2.OutgoingHttpHeaders => {
  const sent: Record<string, string | Array<string>> = {}
  for (const [name, value] of headers) {
    if (name.startsWith(":") || unsendable.has(name)) continue
    const text = name === "authorization" ? `bearer ${token}` : wire(value)
    const before = sent[name]
    sent[name] = before === undefined ? text : [before, text].flat()
  }
  return { ...sent, ":method": method, ":path": wire(path) }
}

/** A request cannot be sent again. */
export class NotReplayable extends Error {
  override readonly name = "NotReplayable"
}

/**
 * Sends `received` and waits until its stream is closed, answered or not. Gives the address its connection came from, by which
 * the simulator lists it; the new request is the first of its connection.
 */
export const replay = (received: Received, target: ReplayTarget): Effect.Effect<string, NotReplayable> =>
  Effect.callback((resume) => {
    const fail = (message: string, cause?: unknown) =>
      resume(Effect.fail(new NotReplayable(message, cause === undefined ? {} : { cause })))
    if (Buffer.byteLength(received.body) !== received.bodyBytes) {
      fail("Its body was cut or is not UTF-8 text, so that it cannot be sent again.")
      return
    }
    const port = received.kind === "management" ? target.managementPort : target.port
    const host = reachable(target.host)
    const session = http2.connect(`https://${host.includes(":") ? `[${host}]` : host}:${port}`, {
      ca: target.ca,
      servername: "localhost"
    })
    const close = () => {
      if (!session.destroyed) session.destroy()
    }
    session.on("error", (cause) => fail("The simulator could not be reached.", cause))
    // Its SETTINGS first: a limit of 0 streams would have the request wait.
    session.once("remoteSettings", () => {
      const { localAddress = "", localPort = 0 } = session.socket as Socket
      const sender = `${localAddress}:${localPort}`
      try {
        const stream = session.request(headersOf(received, target.token))
        stream.on("error", () => {})
        stream.resume()
        stream.on("close", () => {
          close()
          resume(Effect.succeed(sender))
        })
        stream.end(received.body)
      } catch (cause) {
        close()
        fail("Its headers cannot be sent by Node.", cause)
      }
    })
    return Effect.sync(close)
  })
