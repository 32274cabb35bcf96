/**
 * Which HTTP requests the control port answers. Pages of other origins can make a browser send requests to this machine: by
 * forms and scripts, and by a name of theirs that resolves to 127.0.0.1 (DNS rebinding). Pure.
 */
import { isIP } from "node:net"
import { isLoopback } from "../settings.ts"

/** What the guard looks at. */
export interface GuardedRequest {
  readonly method: string
  readonly path: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface Refusal {
  readonly status: 403 | 415 | 421
  readonly message: string
}

/** The name in a `Host` header, without its port and brackets; `undefined` when it is none. */
const nameOf = (host: string): string | undefined => {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(host)
  return (found?.[1] ?? found?.[2])?.toLowerCase()
}

/**
 * Whether a host name may be used for this server. An address cannot be rebound as a name can: a server that listens on
 * more than the loopback answers to every one.
 */
const isOwnName = (name: string, boundTo: string): boolean =>
  isLoopback(name) || name === boundTo.toLowerCase() || (!isLoopback(boundTo) && isIP(name) !== 0)

const changes = new Set(["POST", "PUT", "PATCH"])

const isJson = (type: string | undefined): boolean => /^application\/json\s*(?:;|$)/i.test(type ?? "")

/** Why a request is refused; `undefined` when it may pass. */
export const refusalOf = (request: GuardedRequest, boundTo: string): Refusal | undefined => {
  const { method, path, headers } = request
  const { host = "", origin } = headers
  const name = nameOf(host)
  if (name === undefined || !isOwnName(name, boundTo)) {
    return { status: 421, message: "This host name is not the simulator's; use localhost or its address." }
  }
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return { status: 403, message: "Pages of another origin may not use the simulator." }
  }
  const site = headers["sec-fetch-site"]
  const isVisit = method === "GET" && headers["sec-fetch-mode"] === "navigate" && !path.startsWith("/api/")
  if (site !== undefined && site !== "same-origin" && site !== "none" && !isVisit) {
    return { status: 403, message: "Pages of another site may not use the simulator." }
  }
  // A form of a foreign page can post every other content type without asking first.
  if (changes.has(method) && !isJson(headers["content-type"])) {
    return { status: 415, message: "Send content-type: application/json, also with an empty object." }
  }
  return undefined
}

/** Headers of every answer. */
export const protection: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin"
}
