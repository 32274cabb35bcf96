/** The TLS handshake with whoever answers, looked at and not yet judged. */
import type { Socket } from "node:net"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { codeOf } from "./dial.ts"
import type { Target } from "./target.ts"

/** A certificate of the chain that the server sent. */
export interface Link {
  readonly subject: string
  readonly issuer: string
}

/** What there is to see of a handshake. */
export interface Seen {
  readonly millis: number
  readonly protocol: string
  /** What the server chose; `undefined` where it takes no part in ALPN. */
  readonly alpn: string | undefined
  /** The server's own certificate first; without a root that the server did not send. */
  readonly chain: ReadonlyArray<Link>
  readonly names: string
  readonly validFrom: string
  readonly validTo: string
  /** Node's code for why the chain is not trusted. */
  readonly distrust: string | undefined
}

export interface Handshake extends Seen {
  readonly socket: Tls.TLSSocket
}

/** The error's code, or `"timeout"`, or `"ended"`. */
export interface HandshakeFailure {
  readonly code: string
}

const nameOf = (name: Tls.Certificate | undefined): string => {
  const first = (value: string | ReadonlyArray<string> | undefined) => (typeof value === "string" ? value : value?.[0])
  const common = first(name?.CN)
  const organisation = first(name?.O)
  if (common === undefined) return organisation ?? first(name?.OU) ?? "nobody"
  return organisation === undefined || organisation === common ? common : `${common} (${organisation})`
}

const chainOf = (certificate: Tls.DetailedPeerCertificate): ReadonlyArray<Link> => {
  const chain: Array<Link> = []
  const seen = new Set<Tls.DetailedPeerCertificate>()
  let next: Tls.DetailedPeerCertificate | undefined = certificate
  while (next?.subject !== undefined && !seen.has(next)) {
    seen.add(next)
    chain.push({ subject: nameOf(next.subject), issuer: nameOf(next.issuer) })
    next = next.issuerCertificate
  }
  return chain
}

/** What OpenSSL finds while Node writes comes as EPROTO, with OpenSSL's words in the message only. */
const sslCodeOf = (error: Error): string => {
  const code = codeOf(error)
  const reason = code === "EPROTO" ? /:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1] : undefined
  return reason === undefined ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`
}

const look = (socket: Tls.TLSSocket, millis: number): Handshake => {
  const certificate = socket.getPeerCertificate(true)
  // Declared as an Error, it is the code of one (Node's documentation of `tlsSocket.authorizationError`).
  const distrust: unknown = socket.authorized ? undefined : socket.authorizationError
  return {
    socket,
    millis,
    protocol: (socket.getProtocol() ?? "TLS").replace("TLSv", "TLS "),
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
    chain: chainOf(certificate),
    names: certificate.subjectaltname ?? nameOf(certificate.subject),
    validFrom: certificate.valid_from,
    validTo: certificate.valid_to,
    distrust: distrust === undefined || distrust === null ? undefined : String(distrust)
  }
}

const options = (
  { address: { ca, host }, credentials }: Target,
  offered: ReadonlyArray<string>
): Tls.ConnectionOptions => ({
  minVersion: "TLSv1.2",
  // Nothing is said to a peer that is not trusted; it is only looked at.
  rejectUnauthorized: false,
  host,
  ...(Net.isIP(host) === 0 && { servername: host }),
  ...(offered.length > 0 && { ALPNProtocols: [...offered] }),
  ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
  ...(credentials?._tag === "CertificateCredentials" && {
    cert: credentials.certificate,
    key: Redacted.value(credentials.privateKey)
  })
})

/** Shakes hands over the socket. `offered`: the protocols for ALPN; none leaves it out. */
export const shakeHands = (
  target: Target,
  socket: Socket,
  offered: ReadonlyArray<string>
): Effect.Effect<Handshake, HandshakeFailure, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Handshake, HandshakeFailure>((resume) => {
      const startedAt = performance.now()
      const fail = (code: string) => resume(Effect.fail({ code }))
      let tls: Tls.TLSSocket
      try {
        tls = Tls.connect({ ...options(target, offered), socket })
      } catch (error) {
        return fail(error instanceof Error ? sslCodeOf(error) : String(error))
      }
      tls.once("secureConnect", () => resume(Effect.succeed(look(tls, performance.now() - startedAt))))
      tls.once("close", () => fail("ended"))
      // It stays: see `directly`.
      tls.on("error", (error) => fail(sslCodeOf(error)))
      return Effect.sync(() => tls.destroy())
    }),
    ({ socket }) => Effect.sync(() => socket.destroy()),
    { interruptible: true }
  ).pipe(
    Effect.timeoutOrElse({
      duration: target.timeoutMillis,
      orElse: () => Effect.fail<HandshakeFailure>({ code: "timeout" })
    })
  )
