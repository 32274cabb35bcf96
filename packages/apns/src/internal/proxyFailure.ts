/**
 * What went wrong on the way through a proxy: what it answered, and the cure. Pure.
 */
import type { ProxyAddress } from "../Proxy.ts"
import { classify, isOfThisMachine } from "./connectFailure.ts"
import type { SessionFailure } from "./transport.ts"

const failed = (
  { host, port }: ProxyAddress,
  problem: string,
  cure: string,
  transient: boolean,
  cause?: unknown
): SessionFailure => ({
  step: "proxy",
  problem: `the proxy ${host}:${port} ${problem}`,
  cure,
  transient,
  ...(cause !== undefined && { cause })
})

const credentials = (proxy: ProxyAddress, answer: string) =>
  proxy.credentials === undefined
    ? failed(proxy, `wants credentials (${answer})`, "Put user and password into the proxy's URL.", false)
    : failed(proxy, `refused the user or password (${answer})`, "Correct them in the proxy's URL.", false)

const forbidden = (proxy: ProxyAddress, target: string, answer: string) =>
  failed(proxy, `forbids the way to ${target} (${answer})`, `Have it allow CONNECT to ${target}.`, false)

const unreachable = (proxy: ProxyAddress, target: string, answer: string) =>
  failed(
    proxy,
    `cannot reach ${target} (${answer})`,
    "Check that the proxy itself may leave the network and resolve the name.",
    true
  )

/** What a proxy answers to CONNECT with. */
export interface Answer {
  readonly status: number
  /** The standard one of the status, where there is one. */
  readonly phrase: string | undefined
  /** Its header `proxy-authenticate`. */
  readonly challenge: string | undefined
}

/** An answer that opens no tunnel. */
export const answered = (
  proxy: ProxyAddress,
  target: string,
  { challenge, phrase, status }: Answer
): SessionFailure => {
  const answer = phrase === undefined ? String(status) : `${status} ${phrase}`
  if (status === 407 && challenge !== undefined && !/\bbasic\b/i.test(challenge)) {
    return failed(
      proxy,
      `takes no Basic credentials (${answer})`,
      "Enable Basic on the proxy, or exempt this machine: other schemes are not supported.",
      false
    )
  }
  if (status === 407) return credentials(proxy, answer)
  if (status === 403 || status === 451) return forbidden(proxy, target, answer)
  if (status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505)) {
    return unreachable(proxy, target, answer)
  }
  return failed(
    proxy,
    `opens no tunnels (${answer})`,
    "Check that this is the URL of a proxy that takes CONNECT.",
    false
  )
}

const repliesOfSocks: Readonly<
  Record<string, (proxy: ProxyAddress, target: string, answer: string) => SessionFailure>
> = {
  NotAllowed: forbidden,
  CommandNotSupported: forbidden,
  AddressNotSupported: forbidden
}

/** What a SOCKS proxy said no with, from the words of the library. */
export const refusedBySocks = (proxy: ProxyAddress, target: string, message: string): SessionFailure => {
  const reply = /rejected connection - (\w+)/.exec(message)?.[1]
  if (reply !== undefined) return (repliesOfSocks[reply] ?? unreachable)(proxy, target, `SOCKS: ${reply}`)
  if (/authentication/i.test(message)) return credentials(proxy, "SOCKS")
  if (/socket closed/i.test(message)) return ended(proxy)
  return failed(proxy, "does not speak SOCKS 5", "Check the scheme and port of the proxy's URL.", false)
}

/** The proxy ended the connection before the tunnel was open. */
export const ended = (proxy: ProxyAddress): SessionFailure =>
  failed(
    proxy,
    "ended the connection before it opened a tunnel",
    "Look into its log: it may have failed to reach APNs.",
    true
  )

/** It spoke before there was anything to answer: what comes through the tunnel cannot be told from its own words. */
export const spokeFirst = (proxy: ProxyAddress): SessionFailure =>
  failed(proxy, "sent more than its answer", "Check that this is the URL of a proxy that takes CONNECT.", false)

/** The tunnel was not open in time. */
export const tunnelTimedOut = (proxy: ProxyAddress, millis: number): SessionFailure =>
  failed(proxy, `opened no tunnel within ${millis} ms`, "Check the proxy, and that it can reach APNs.", true)

/** An error of the socket to the proxy. */
export const socketFailed = (proxy: ProxyAddress, error: Error & { readonly code?: unknown }): SessionFailure => {
  const code = typeof error.code === "string" ? error.code : ""
  if (code === "ECONNRESET" || code === "EPIPE") return ended(proxy)
  if (code.startsWith("HPE_")) {
    return failed(proxy, "does not answer in HTTP", "Check the scheme and port of the proxy's URL.", false)
  }
  const { cure: ownCure, problem, step, transient } = classify(error, "proxy")
  const cure = isOfThisMachine(error)
    ? ownCure
    : step === "tls"
      ? "The TLS is that of an https:// proxy: trust its root (`ca` of `proxy`), or use http:// if it takes no TLS."
      : "Check host and port of the proxy's URL, and that it runs."
  return failed(proxy, `failed: ${problem}`, cure, transient, error)
}
