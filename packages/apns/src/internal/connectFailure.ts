/**
 * What went wrong while connecting, from the error codes of Node and OpenSSL: the step, the problem and the cure. Pure.
 */
import type { ConnectionStep } from "../Reason.ts"
import { PinMismatch } from "./pins.ts"
import type { Endpoint, SessionFailure } from "./transport.ts"

const failure = (step: ConnectionStep, problem: string, cure: string, transient: boolean): SessionFailure => ({
  step,
  problem,
  cure,
  transient
})

const network = "Check the host, the network, and that outbound TCP 443 (or 2197) is allowed."
const trust =
  "Trust the server's root: pass its PEM as `extraCa`, or as `ca` to trust nothing else. Apple's servers chain to USERTrust RSA, which runtimes ship; a proxy that opens TLS has a root of its own."

const openFiles =
  "Raise this process's limit of open files (`ulimit -n`, `LimitNOFILE` of systemd), or find what keeps so many open."
const memory = "Look for what takes this machine's memory or socket buffers."

const chain = "Look who really answers at that host and port: Apple's own chain passes this check."

const hostName = failure(
  "tls",
  "the server's certificate is for another host name",
  "Connect by a name that the certificate holds.",
  false
)

const noAlpn = failure(
  "alpn",
  "the server does not speak HTTP/2: it did not select h2 in the TLS handshake (ALPN)",
  "Check host and port; between here and APNs no proxy may end TLS with HTTP/1.1.",
  false
)

/** The server ended the handshake without selecting `h2`. */
export const notHttp2 = noAlpn

const byCode: Readonly<Record<string, SessionFailure>> = {
  ENOTFOUND: failure("dns", "the host name does not resolve", "Check the spelling of the host, and DNS.", true),
  EAI_AGAIN: failure("dns", "DNS does not answer", "Check the network and its DNS servers.", true),
  ECONNREFUSED: failure("connect", "nothing listens there (connection refused)", network, true),
  EHOSTUNREACH: failure("connect", "the host cannot be reached", network, true),
  ENETUNREACH: failure("connect", "the network cannot be reached", network, true),
  EMFILE: failure("connect", "this process has as many files and sockets open as it may", openFiles, true),
  ENFILE: failure(
    "connect",
    "this machine has as many files and sockets open as it may",
    "Raise its limit (`fs.file-max` on Linux), or find what keeps so many open.",
    true
  ),
  ENOBUFS: failure("connect", "this machine has no buffer for another socket", memory, true),
  ENOMEM: failure("connect", "this machine has no memory for another socket", memory, true),
  ETIMEDOUT: failure("connect", "the host did not answer in time", network, true),
  DEPTH_ZERO_SELF_SIGNED_CERT: failure("tls", "the server's certificate is self-signed and not trusted", trust, false),
  SELF_SIGNED_CERT_IN_CHAIN: failure("tls", "the root of the server's certificate is not trusted", trust, false),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: failure("tls", "the issuer of the server's certificate is not known", trust, false),
  UNABLE_TO_GET_ISSUER_CERT: failure("tls", "the issuer of the server's certificate is not known", trust, false),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: failure(
    "tls",
    "the issuer of the server's certificate is not known",
    trust,
    false
  ),
  CERT_UNTRUSTED: failure("tls", "the root of the server's certificate is not trusted", trust, false),
  CERT_CHAIN_TOO_LONG: failure("tls", "the chain of the server's certificate is too long", chain, false),
  CERT_SIGNATURE_FAILURE: failure("tls", "a signature in the chain of the server's certificate is wrong", chain, false),
  CERT_REJECTED: failure("tls", "the root of the server's certificate is marked as not for servers", chain, false),
  CERT_REVOKED: failure("tls", "the server's certificate has been revoked", chain, false),
  INVALID_CA: failure("tls", "an issuer in the server's chain is no authority", chain, false),
  INVALID_PURPOSE: failure("tls", "the server's certificate is not one for servers", chain, false),
  PATH_LENGTH_EXCEEDED: failure("tls", "the server's chain is longer than its issuers allow", chain, false),
  HOSTNAME_MISMATCH: hostName,
  CERT_HAS_EXPIRED: failure("tls", "the server's certificate has expired", "Check this machine's clock.", false),
  CERT_NOT_YET_VALID: failure("tls", "the server's certificate is not valid yet", "Check this machine's clock.", false),
  ERR_TLS_CERT_ALTNAME_INVALID: hostName,
  ERR_SSL_WRONG_VERSION_NUMBER: failure("tls", "the server does not speak TLS", "Check the port.", false),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: failure("tls", "the server does not speak TLS", "Check the port.", false),
  ERR_SSL_UNSUPPORTED_PROTOCOL: failure(
    "tls",
    "the server speaks no TLS version from 1.2 on",
    "Update the server.",
    false
  ),
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: failure(
    "tls",
    "the server speaks no TLS version from 1.2 on",
    "Update the server.",
    false
  ),
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: noAlpn
}

/** Alerts by which a server refuses the client's certificate (RFC 8446, 6.2). */
const certificateAlert =
  /ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED)|CERTIFICATE_REQUIRED/

/** TLS 1.2 has no alert of its own for a client certificate that is missing (RFC 5246, 7.4.6). */
const handshakeAlert = /ALERT_HANDSHAKE_FAILURE$/

const pinMismatch = (error: PinMismatch): SessionFailure => ({
  ...failure(
    "tls",
    `the server's chain has none of the pins (it has ${error.seen.join(", ") || "no certificate"})`,
    "If one of these is meant, add it to `pins`. If not, somebody between here and the server opens TLS.",
    false
  ),
  cause: error
})

/** The code of an error. What OpenSSL finds while Node writes comes as EPROTO, with OpenSSL's words in the message only. */
const codeOf = (error: Error & { readonly code?: unknown }) => {
  const reason = error.code === "EPROTO" ? /:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1] : undefined
  if (reason !== undefined) return `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`
  return typeof error.code === "string" ? error.code : ""
}

/** Which failure an error of the socket is, given the step it happened in. */
export const classify = (error: Error & { readonly code?: unknown }, step: ConnectionStep): SessionFailure => {
  const code = codeOf(error)
  if (error instanceof PinMismatch) return pinMismatch(error)
  const known = byCode[code]
  if (known !== undefined) return { ...known, cause: error }
  if (certificateAlert.test(code)) {
    return {
      ...failure(
        "tls",
        "the server refused the client certificate, or the lack of one",
        "Check that the certificate is an APNs one for this environment, and neither expired nor revoked.",
        false
      ),
      cause: error
    }
  }
  if (handshakeAlert.test(code)) {
    return {
      ...failure(
        "tls",
        "the server refused the TLS handshake",
        "Give a client certificate if it demands one; otherwise no TLS version and cipher are common to both.",
        false
      ),
      cause: error
    }
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    const during = step === "tls" ? "during the TLS handshake" : "by the peer"
    return { ...failure(step, `the connection was reset ${during}`, network, true), cause: error }
  }
  const name = code === "" ? error.message : code
  return { ...failure(step, `${step} failed (${name})`, network, true), cause: error }
}

const ofThisMachine: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])

/**
 * Whether an error says nothing of the address at which it was met: it is for want of something on this machine, for a
 * certificate of its own that servers refuse, or for anchors and pins of its own that the servers' chain does not meet.
 */
export const isOfEveryAddress = (error: Error, { ca }: Pick<Endpoint, "ca">): boolean => {
  const code = codeOf(error)
  if (isOfThisMachine(error) || certificateAlert.test(code) || error instanceof PinMismatch) return true
  return ca !== undefined && byCode[code]?.cure === trust
}

/** Whether it is for want of something on this machine, wherever it was to connect to. */
export const isOfThisMachine = (error: Error): boolean => ofThisMachine.has(codeOf(error))

/** The steps up to the peer's SETTINGS took longer than allowed. */
export const timedOut = (step: ConnectionStep, millis: number): SessionFailure =>
  failure(
    step,
    step === "settings"
      ? `the server sent no HTTP/2 SETTINGS within ${millis} ms`
      : `the connection was not open within ${millis} ms (step "${step}")`,
    network,
    true
  )

/** Node refused the endpoint's certificate or key before it connected. */
export const unusable = (error: unknown): SessionFailure => ({
  ...failure(
    "tls",
    `TLS cannot be set up with this certificate and key (${error instanceof Error ? error.message : "unknown error"})`,
    "Check that certificate and key belong together, and that the key is of at least 2048 bits (RSA).",
    false
  ),
  cause: error
})

/** The peer broke a rule of HTTP/2, so that nothing more of it can be understood. */
export const protocolBroken = (error: Error, step: ConnectionStep): SessionFailure => ({
  ...failure(
    step,
    `the server broke a rule of HTTP/2 (${error.message})`,
    "Look for a proxy between this machine and APNs.",
    true
  ),
  cause: error
})

/** The peer ended the connection before it was ready. */
export const endedEarly = (step: ConnectionStep): SessionFailure =>
  failure(step, "the server ended the connection before it was ready", network, true)
