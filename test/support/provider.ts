/** A provider that sends whatever it is told, over Node's own HTTP/2: what a correct client would never send, too. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto"
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2"

export interface Target {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
}

export interface RawPush {
  readonly device?: string
  /** In place of the path to a device. */
  readonly path?: string
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly payload?: unknown
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const tokenOf = ({ keyId, teamId }: Target["key"], key: KeyObject): string => {
  const input = `${base64url({ alg: "ES256", kid: keyId })}.${base64url({ iss: teamId, iat: Math.floor(Date.now() / 1_000) })}`
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" })
  return `${input}.${signature.toString("base64url")}`
}

const bodyOf = (payload: unknown): string =>
  payload === undefined ? "" : typeof payload === "string" ? payload : JSON.stringify(payload)

const sendOn = (session: ClientHttp2Session, token: string, push: RawPush): Promise<number> =>
  new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": push.method ?? "POST",
      ":path": push.path ?? `/3/device/${push.device ?? ""}`,
      authorization: `bearer ${token}`,
      ...push.headers
    })
    let status = 0
    stream.on("response", (headers) => {
      status = Number(headers[":status"])
    })
    stream.on("data", () => {})
    stream.on("error", reject)
    stream.on("close", () => resolve(status))
    stream.end(bodyOf(push.payload))
  })

/** One connection. `send` gives the status, or 0 when the stream ended without an answer. */
export const makeProvider = (target: Target) => {
  const session = connect(`https://${target.host}:${target.port}`, { ca: target.ca })
  session.on("error", () => {})
  const token = tokenOf(target.key, createPrivateKey(target.key.privateKey))
  const ready = new Promise<void>((resolve) => session.once("remoteSettings", () => resolve()))
  return {
    send: async (push: RawPush): Promise<number> => {
      await ready
      return sendOn(session, token, push)
    },
    close: () => session.destroy()
  }
}
