/** An HTTP/2 session on a connection that is trusted: what the server announces, how far it is, what its clock says. */
import * as Http2 from "node:http2"
import type { TLSSocket } from "node:tls"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Check, failed, passed, readable, rounded, skipped, skippedFor } from "./check.ts"
import { checkClock } from "./clock.ts"
import type { Target } from "./target.ts"

interface Opened {
  readonly session: Http2.ClientHttp2Session
  readonly settings: Http2.Settings
  readonly millis: number
}

const authorityOf = ({ address: { host, port } }: Target) =>
  `https://${host.includes(":") ? `[${host}]` : host}:${port}`

const open = (target: Target, socket: TLSSocket): Effect.Effect<Opened, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Opened, string>((resume) => {
      const startedAt = performance.now()
      const fail = (problem: string) => resume(Effect.fail(problem))
      let goAway = ""
      const session = Http2.connect(authorityOf(target), { createConnection: () => socket })
      session.once("remoteSettings", (settings) =>
        resume(Effect.succeed({ session, settings, millis: performance.now() - startedAt }))
      )
      session.on("goaway", (_code, _lastStreamId, data) => {
        goAway =
          data === undefined
            ? ""
            : ` (GOAWAY ${String(data)
                .slice(0, 100)
                .replaceAll(/[^ -~]/g, "?")})`
      })
      // It stays: an error that comes late is told by the request or PING that meets it.
      session.on("error", (error) => fail(`the server broke off: ${error.message}${goAway}`))
      session.once("close", () => fail(`the server ended the connection${goAway}`))
      return Effect.sync(() => session.destroy())
    }),
    ({ session }) => Effect.sync(() => session.destroy()),
    { interruptible: true }
  ).pipe(
    Effect.timeoutOrElse({
      duration: target.timeoutMillis,
      orElse: () => Effect.fail(`the server sent no SETTINGS within ${readable(target.timeoutMillis)}`)
    })
  )

/** What a server says that sets no limit (Node's reading of RFC 9113, 6.5.2). */
const unlimited = 0xffffffff

const checkSettings = ({ millis, settings }: Opened): Check => {
  const streams = settings.maxConcurrentStreams ?? unlimited
  const said =
    streams === unlimited
      ? "no limit of streams"
      : streams === 1
        ? "1 stream at a time until a provider token is accepted"
        : `${streams} streams at a time`
  return passed("settings", `after ${readable(millis)}; ${said}`, {
    millis: rounded(millis),
    maxConcurrentStreams: streams === unlimited ? null : streams,
    initialWindowSize: settings.initialWindowSize ?? null,
    maxHeaderListSize: settings.maxHeaderListSize ?? null
  })
}

const ping = (session: Http2.ClientHttp2Session): Effect.Effect<number, string> =>
  Effect.callback((resume) => {
    const fail = () => resume(Effect.fail("the connection ended before the answer to PING"))
    if (session.closed || session.destroyed) return fail()
    session.ping((error, millis) => (error === null ? resume(Effect.succeed(millis)) : fail()))
  })

const pings = 3

const checkRoundTrip = ({ timeoutMillis }: Target, session: Http2.ClientHttp2Session): Effect.Effect<Check> =>
  Effect.gen(function* () {
    const all: Array<number> = []
    for (let n = 0; n < pings; n++) all.push(yield* ping(session))
    const best = Math.min(...all)
    return passed("roundTrip", `${readable(best)} (the best of ${pings} PINGs)`, { millis: rounded(best) })
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeoutMillis,
      orElse: () => Effect.fail(`no answer to PING within ${readable(timeoutMillis)}`)
    }),
    Effect.catch((problem) =>
      Effect.succeed(
        failed("roundTrip", problem, "Look for a proxy or load balancer that opens HTTP/2 on the way, and for loss.")
      )
    )
  )

/**
 * Asks for the server's time with a GET that needs no credentials, and that APNs answers with 405. Half a second is added,
 * for the header tells whole seconds.
 */
const aheadMillis = (session: Http2.ClientHttp2Session): Effect.Effect<number, string> =>
  Effect.callback((resume) => {
    if (session.closed || session.destroyed) return resume(Effect.fail("the connection ended"))
    const askedAt = Date.now()
    const stream = session.request({ ":method": "GET", ":path": "/" })
    stream.once("response", (headers) => {
      const date = Date.parse(headers.date ?? "")
      stream.close()
      resume(
        Number.isNaN(date)
          ? Effect.fail("the server does not tell the time: its answer has no date")
          : Effect.succeed((askedAt + Date.now()) / 2 - (date + 500))
      )
    })
    stream.on("error", (error) => resume(Effect.fail(`the server does not tell the time: ${error.message}`)))
    stream.once("close", () => resume(Effect.fail("the server does not tell the time: it gave no answer")))
    stream.resume()
    return Effect.sync(() => stream.close())
  })

const checkTime = ({ timeoutMillis }: Target, session: Http2.ClientHttp2Session): Effect.Effect<Check> =>
  aheadMillis(session).pipe(
    Effect.timeoutOrElse({
      duration: timeoutMillis,
      orElse: () => Effect.fail(`the server did not tell the time within ${readable(timeoutMillis)}`)
    }),
    Effect.match({ onFailure: (problem) => skipped("clock", problem), onSuccess: checkClock })
  )

/** Looks at the session, and tells of each check as soon as it is done. `false`: there was none. */
export const examineSession = <E, R>(
  target: Target,
  socket: TLSSocket,
  tell: (check: Check) => Effect.Effect<void, E, R>
): Effect.Effect<boolean, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const opened = yield* Effect.result(open(target, socket))
    if (opened._tag === "Failure") {
      const cure =
        target.credentials?._tag === "CertificateCredentials"
          ? "APNs may refuse the certificate; else something on the way opens TLS and does not speak HTTP/2."
          : "What answers there is no APNs, or something on the way does not pass HTTP/2 on."
      yield* tell(failed("settings", opened.failure, cure))
      yield* Effect.forEach(skippedFor("settings", ["roundTrip", "clock"]), tell)
      return false
    }
    const { session } = opened.success
    yield* tell(checkSettings(opened.success))
    yield* tell(yield* checkRoundTrip(target, session))
    yield* tell(yield* checkTime(target, session))
    return true
  })
