/** A client made of node:http2 alone, for asking the simulator what a real one could ask. */
import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto"
import * as http2 from "node:http2"
import type { ConnectionOptions } from "node:tls"
import { Effect, type Scope } from "effect"

export const device = "ab".repeat(32)
export const topic = "com.example.app"
export const requestId = "0f2b6b1e-6a0e-4c55-9d0a-5a6f0a3c9b11"
export const uuid = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i

export interface SigningKey {
  readonly teamId: string
  readonly keyId: string
  readonly privateKey: string
}

export const signingKey = (teamId: string, keyId: string): SigningKey => ({
  teamId,
  keyId,
  privateKey: generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" }
  }).privateKey
})

export interface TokenOptions {
  readonly header?: object
  readonly claims?: object
  readonly agoSeconds?: number
  readonly nowMillis?: number
  readonly encoding?: "ieee-p1363" | "der"
}

const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

export const providerToken = (key: SigningKey, options: TokenOptions = {}): string => {
  const iat = Math.floor((options.nowMillis ?? Date.now()) / 1000) - (options.agoSeconds ?? 0)
  const header = segment({ alg: "ES256", kid: key.keyId, ...options.header })
  const input = `${header}.${segment({ iss: key.teamId, iat, ...options.claims })}`
  const signature = sign("sha256", Buffer.from(input), {
    key: createPrivateKey(key.privateKey),
    dsaEncoding: options.encoding ?? "ieee-p1363"
  })
  return `${input}.${signature.toString("base64url")}`
}

export const shortHash = (token: string) => createHash("sha256").update(token).digest("hex").slice(0, 16)

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly json: { readonly reason?: string; readonly timestamp?: number }
}

export interface Push {
  readonly method?: string
  readonly path?: string
  readonly headers?: http2.OutgoingHttpHeaders
  readonly body?: string | Buffer
}

/** A request without what a push to a device has. */
export const bare = (push: Push): Push => ({
  ...push,
  headers: { "apns-topic": undefined, "apns-push-type": undefined, ...push.headers },
  body: push.body ?? ""
})

/** How a stream ended without an answer. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer"
  readonly rstCode: number | undefined
  constructor(rstCode: number | undefined) {
    super(`no answer, RST_STREAM code ${rstCode}`)
    this.rstCode = rstCode
  }
}

export interface GoAwayFrame {
  readonly code: number
  readonly lastStreamId: number
  readonly debugData: string
}

export interface Client {
  readonly session: http2.ClientHttp2Session
  readonly goAways: ReadonlyArray<GoAwayFrame>
  /** Stream limits in the order received. */
  readonly limits: ReadonlyArray<number>
  /** Sends a push and waits for its whole answer. */
  readonly push: (push?: Push) => Effect.Effect<Answer, NoAnswer>
  /** Opens a stream and does not wait. */
  readonly open: (push?: Push) => http2.ClientHttp2Stream
  readonly closed: Effect.Effect<void>
  /** Waits until a SETTINGS frame with this limit has arrived. */
  readonly limit: (value: number) => Effect.Effect<void>
}

const waitFor = (condition: () => boolean, emitter: http2.ClientHttp2Session, event: string) =>
  Effect.callback<void>((resume) => {
    const check = () => {
      if (!condition()) return
      emitter.off(event, check)
      resume(Effect.void)
    }
    emitter.on(event, check)
    check()
    return Effect.sync(() => emitter.off(event, check))
  })

const parse = (body: string): Answer["json"] => {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}

export const answerOf = (stream: http2.ClientHttp2Stream): Effect.Effect<Answer, NoAnswer> =>
  Effect.callback<Answer, NoAnswer>((resume) => {
    let headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {}
    const chunks: Array<Buffer> = []
    stream.on("response", (received) => {
      headers = received
    })
    stream.on("data", (chunk) => chunks.push(chunk))
    stream.on("error", () => {})
    stream.on("close", () => {
      const status = headers[":status"]
      if (status === undefined) return resume(Effect.fail(new NoAnswer(stream.rstCode)))
      const body = Buffer.concat(chunks).toString("utf8")
      resume(Effect.succeed({ status, headers, body, json: parse(body) }))
    })
  })

export interface ConnectOptions extends ConnectionOptions {
  /** Default headers; `authorization` among them unless a certificate is used. */
  readonly headers?: http2.OutgoingHttpHeaders
}

/** Connects and waits for the first SETTINGS, as a client of APNs must. */
export const connect = (
  simulator: { readonly host: string; readonly port: number; readonly ca: string },
  options: ConnectOptions = {}
): Effect.Effect<Client, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Client, Error>((resume) => {
      const { headers: defaults = {}, ...tls } = options
      const session = http2.connect(`https://${simulator.host}:${simulator.port}`, { ca: simulator.ca, ...tls })
      const goAways: Array<GoAwayFrame> = []
      const limits: Array<number> = []
      let closed = false
      session.on("error", (error) => resume(Effect.fail(error)))
      session.on("close", () => {
        closed = true
      })
      session.on("goaway", (code, lastStreamId, data) =>
        goAways.push({ code, lastStreamId, debugData: data === undefined ? "" : Buffer.from(data).toString("utf8") })
      )
      const open = (push: Push = {}) => {
        const headers = {
          ":method": push.method ?? "POST",
          ":path": push.path ?? `/3/device/${device}`,
          "apns-topic": topic,
          "apns-push-type": "alert",
          ...defaults,
          ...push.headers
        }
        // Node would end a GET before its body.
        const stream = session.request(headers, { endStream: false })
        stream.on("error", () => {})
        stream.end(push.body ?? JSON.stringify({ aps: { alert: "hello" } }))
        return stream
      }
      const client: Client = {
        session,
        goAways,
        limits,
        open,
        push: (push) => Effect.suspend(() => answerOf(open(push))),
        closed: waitFor(() => closed, session, "close"),
        limit: (value) => waitFor(() => limits.includes(value), session, "remoteSettings")
      }
      session.on("remoteSettings", (settings) => {
        limits.push(settings.maxConcurrentStreams ?? -1)
        resume(Effect.succeed(client))
      })
    }),
    ({ session }) => Effect.sync(() => session.destroy())
  )

/** Connects with a fresh token of the simulator's own key. */
export const connectWithToken = (simulator: {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly key: SigningKey
}) => connect(simulator, { headers: { authorization: `bearer ${providerToken(simulator.key)}` } })
