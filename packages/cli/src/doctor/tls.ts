/** What a TLS handshake says: whether it came about, whether the server is trusted, whether it speaks HTTP/2. Pure. */
import { type Check, failed, passed, readable, rounded } from "./check.ts"
import type { HandshakeFailure, Seen } from "./handshake.ts"
import { isApple, type Target } from "./target.ts"

/** The server ended the handshake for it speaks none of the protocols offered (RFC 7301, 3.2). */
export const noCommonProtocol = "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"

const inspecting = ({ address }: Target) =>
  `Something between here and ${address.host} opens TLS, most likely an inspecting proxy or firewall`

const answeredPort = ({ address }: Target) => `Check that port ${address.port} is that of APNs`

/** Why there was no handshake. */
export const checkNoHandshake = (target: Target, { code }: HandshakeFailure): Check => {
  const facts = { code }
  const { timeoutMillis } = target
  if (code === "timeout") {
    return failed(
      "tls",
      `the connection is open, and the server did not answer within ${readable(timeoutMillis)}`,
      `${answeredPort(target)}, and that no firewall swallows TLS after it let TCP pass.`,
      facts
    )
  }
  if (code === "ended" || code === "ECONNRESET" || code === "EPIPE") {
    return failed(
      "tls",
      "the connection was ended during the handshake",
      `${answeredPort(target)}; a firewall that reads the server's name may have ended it: have it allow that name.`,
      facts
    )
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return failed("tls", "the server does not speak TLS", `${answeredPort(target)}: --port.`, facts)
  }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) {
    return failed("tls", "the server speaks no TLS from 1.2 on", `${inspecting(target)}, and an old one.`, facts)
  }
  return failed(
    "tls",
    `the handshake failed (${code})`,
    "Check what answers there: openssl s_client shows it. A client certificate it refuses has to be replaced.",
    facts
  )
}

const dates: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet"
}

const untrusted = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED"
])

const cureOfDistrust = (target: Target) => {
  const { address, caFile } = target
  if (isApple(target)) {
    return (
      `${inspecting(target)}. Have it leave ${address.host} alone; or trust its root: ` +
      "NODE_EXTRA_CA_CERTS=<the PEM file of that root>."
    )
  }
  const mend =
    caFile === undefined
      ? "Name the PEM file of that root: --ca-file (APNS_CA_FILE)."
      : `The authority in ${caFile} is another one: name that root's PEM file with --ca-file.`
  return `${mend} If it is not the server's own, an inspecting proxy opens TLS on the way.`
}

const distrusted = (target: Target, handshake: Seen, code: string): Check => {
  const { chain, names, validFrom, validTo } = handshake
  const issuer = chain.at(-1)?.issuer ?? "nobody"
  const facts = { code, issuer, chain: chain.map(({ subject }) => subject), validFrom, validTo }
  if (untrusted.has(code)) {
    const said = `the certificate for ${chain[0]?.subject ?? "nobody"} is issued by ${issuer}, which is not trusted`
    return failed("tls", said, cureOfDistrust(target), facts)
  }
  const date = dates[code]
  if (date !== undefined) {
    return failed(
      "tls",
      `the server's certificate ${date} (${validFrom} to ${validTo})`,
      `Check this machine's clock, which says ${new Date().toISOString().slice(0, 10)}; else the server has to renew it.`,
      facts
    )
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") {
    return failed(
      "tls",
      `the certificate is not for ${target.address.host} but for ${names.slice(0, 200)}`,
      isApple(target)
        ? `${inspecting(target)}, or DNS names a wrong address.`
        : "Name the server as its certificate does: --host.",
      facts
    )
  }
  return failed(
    "tls",
    `the certificate for ${chain[0]?.subject} is not trusted (${code})`,
    cureOfDistrust(target),
    facts
  )
}

/** Whether the server is who it should be. */
export const checkTrust = (target: Target, handshake: Seen): Check => {
  const { chain, distrust, millis, protocol, validTo } = handshake
  if (distrust !== undefined) return distrusted(target, handshake, distrust)
  const root = chain.at(-1)?.issuer ?? "nobody"
  return passed("tls", `${protocol} after ${readable(millis)}; trusted, by ${root}`, {
    protocol,
    millis: rounded(millis),
    issuer: root,
    chain: chain.map(({ subject }) => subject),
    validTo
  })
}

/** Whether the server chose HTTP/2. */
export const checkProtocol = (target: Target, { alpn }: Pick<Seen, "alpn">): Check => {
  if (alpn === "h2") return passed("http2", "the server chose h2 (ALPN)", { alpn })
  const cure = isApple(target)
    ? `${inspecting(target)}, and speaks no HTTP/2: have it leave ${target.address.host} alone.`
    : "APNs is HTTP/2 only. Check --host and --port; a proxy in front of the server has to pass HTTP/2 on."
  const said =
    alpn === undefined
      ? "the server did not choose h2 (ALPN): it speaks HTTP/1.1 only"
      : `the server chose ${alpn} (ALPN): it speaks HTTP/1.1 only`
  return failed("http2", said, cure, { alpn: alpn ?? null })
}
