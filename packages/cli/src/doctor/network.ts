/** The way to the server, step by step, over one connection. */
import * as Dns from "node:dns"
import * as Net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Address } from "effect-apns/Environment"
import { type Check, failed, type Name, passed, readable, rounded, skippedFor, warned } from "./check.ts"
import { codeOf, type Dialled, dial, type NoWay } from "./dial.ts"
import { type Handshake, type HandshakeFailure, shakeHands } from "./handshake.ts"
import { examineSession } from "./session.ts"
import { isApple, type NamedProxy, type OtherPort, type Target } from "./target.ts"
import { checkNoHandshake, checkProtocol, checkTrust, noCommonProtocol } from "./tls.ts"

/** Tells of a check as soon as it is done. */
export type Tell = (check: Check) => Effect.Effect<void>

const afterHttp2 = ["settings", "roundTrip", "clock"] as const
const afterPort = ["tls", "http2", ...afterHttp2] as const

/** Everything from the first port on. */
const rest = ({ others }: Target): ReadonlyArray<Name> => ["port", ...others.map(({ check }) => check), ...afterPort]

const skipAll = (tell: Tell, failure: Name, checks: ReadonlyArray<Name>) =>
  Effect.as(Effect.forEach(skippedFor(failure, checks), tell), undefined)

const written = ({ host, port }: Address) => `${host.includes(":") ? `[${host}]` : host}:${port}`

const addresses = (host: string): Effect.Effect<ReadonlyArray<Dns.LookupAddress>, string> =>
  Effect.callback((resume) => {
    Dns.lookup(host, { all: true }, (error, found) =>
      resume(error === null ? Effect.succeed(found) : Effect.fail(codeOf(error)))
    )
  })

const dnsProblems: Readonly<Record<string, readonly [problem: string, cure: string]>> = {
  ENOTFOUND: [
    "does not resolve",
    "Check its spelling, and this machine's DNS: a resolver inside a closed network may know no names outside."
  ],
  EAI_AGAIN: ["cannot be resolved: DNS does not answer", "Check the network and its DNS servers (/etc/resolv.conf)."]
}

const checkDns = ({ address: { host }, timeoutMillis }: Target): Effect.Effect<Check> => {
  if (Net.isIP(host) !== 0) return Effect.succeed(passed("dns", `${host} is an address: there is nothing to resolve`))
  const startedAt = performance.now()
  return addresses(host).pipe(
    Effect.timeoutOrElse({ duration: timeoutMillis, orElse: () => Effect.fail("EAI_AGAIN") }),
    Effect.match({
      onFailure: (code) => {
        const [problem, cure] = dnsProblems[code] ?? [`cannot be resolved (${code})`, "Check the network and its DNS."]
        return failed("dns", `${host} ${problem}`, cure, { host, code })
      },
      onSuccess: (found) => {
        const millis = performance.now() - startedAt
        const a = found.filter(({ family }) => family === 4).length
        const aaaa = found.length - a
        return passed("dns", `${host}: ${a} A, ${aaaa} AAAA (${readable(millis)})`, {
          host,
          a,
          aaaa,
          millis: rounded(millis)
        })
      }
    })
  )
}

const checkNoProxy = ({ address: { host }, exemptFrom }: Target): Check =>
  passed("proxy", exemptFrom === undefined ? "none" : `none: NO_PROXY exempts ${host} from ${exemptFrom}`)

const checkProxy = (named: NamedProxy, way: Dialled | NoWay): Check => {
  const { proxy, variable } = named
  const facts = { variable, host: proxy.host, port: proxy.port }
  if ("socket" in way) {
    const said = `${variable} names ${proxy.protocol}://${proxy.host}:${proxy.port}, which opened a tunnel`
    return passed("proxy", `${said} (${readable(way.millis)})`, { ...facts, millis: rounded(way.millis) })
  }
  return failed("proxy", `${variable}: ${way.problem}`, way.cure ?? "Check the proxy.", facts)
}

const cureOfPort = (target: Target, open: OtherPort | undefined) => {
  const { address } = target
  if (open !== undefined) return `Port ${open.address.port} is open: use --port ${open.address.port} (APNS_PORT).`
  return isApple(target)
    ? `Allow outbound TCP 443 and 2197 to ${address.host} in the firewall, or name a proxy in HTTPS_PROXY.`
    : "Check --host and --port, that the server runs, and that no firewall is between."
}

const checkPort = (target: Target, way: Dialled | NoWay, open: OtherPort | undefined): Check => {
  const { address, proxy } = target
  const facts = { host: address.host, port: address.port }
  if (!("socket" in way)) {
    return failed("port", `${written(address)}: ${way.problem}`, cureOfPort(target, open), facts)
  }
  const how = proxy === undefined ? `reachable (${readable(way.millis)})` : "reachable through the proxy"
  return passed("port", `${written(address)} is ${how}`, { ...facts, millis: rounded(way.millis) })
}

const checkOther = ({ address, check }: OtherPort, way: Dialled | NoWay): Check => {
  const facts = { host: address.host, port: address.port }
  if ("socket" in way) {
    const of = check === "managementPort" ? " (for channels)" : ""
    return passed(check, `${written(address)} is reachable${of}`, facts)
  }
  const cure =
    check === "managementPort"
      ? `Only the management of channels needs it: then allow outbound TCP ${address.port}.`
      : `It is only another way to the same server, for firewalls that close port ${address.port === 443 ? 2197 : 443}.`
  return warned(check, `${written(address)}: ${way.problem}`, cure, facts)
}

const settled = (target: Target, address: Address): Effect.Effect<Dialled | NoWay, never, Scope.Scope> =>
  Effect.catch(dial(target, address), (noWay) => Effect.succeed(noWay))

/** A connection of its own for a server that ends the handshake over ALPN, to see who it is. */
const withoutAlpn = (target: Target, failure: HandshakeFailure) =>
  failure.code === noCommonProtocol
    ? dial(target, target.address).pipe(
        Effect.mapError(() => failure),
        Effect.flatMap(({ socket }) => shakeHands(target, socket, []))
      )
    : Effect.fail(failure)

const examineTls = (
  target: Target,
  { socket }: Dialled,
  tell: Tell
): Effect.Effect<Handshake | undefined, never, Scope.Scope> =>
  Effect.gen(function* () {
    const shaken = yield* shakeHands(target, socket, ["h2", "http/1.1"]).pipe(
      Effect.catch((failure) => withoutAlpn(target, failure)),
      Effect.result
    )
    const trust =
      shaken._tag === "Success" ? checkTrust(target, shaken.success) : checkNoHandshake(target, shaken.failure)
    yield* tell(trust)
    if (shaken._tag === "Failure" || trust.status === "failed") {
      return yield* skipAll(tell, "tls", ["http2", ...afterHttp2])
    }
    const protocol = checkProtocol(target, shaken.success)
    yield* tell(protocol)
    return protocol.status === "passed" ? shaken.success : yield* skipAll(tell, "http2", afterHttp2)
  })

/** What is only noted is waited for no longer: the server may not wait for the handshake meanwhile. */
const noteMillis = 3_000

const noted = (target: Target, other: OtherPort) => {
  const hurried = { ...target, timeoutMillis: Math.min(target.timeoutMillis, noteMillis) }
  return Effect.map(settled(hurried, other.address), (way) => ({ other, way }))
}

/** Connects to all ports, and gives the connection to the one in use. */
const reach = (target: Target, tell: Tell): Effect.Effect<Dialled | undefined, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { address, others, proxy } = target
    if (proxy === undefined) {
      yield* tell(checkNoProxy(target))
      const dns = yield* checkDns(target)
      yield* tell(dns)
      if (dns.status === "failed") return yield* skipAll(tell, "dns", rest(target))
    }
    const [way, ways] = yield* Effect.all(
      [settled(target, address), Effect.forEach(others, (other) => noted(target, other), { concurrency: "unbounded" })],
      { concurrency: "unbounded" }
    )
    if (proxy !== undefined) {
      yield* tell(checkProxy(proxy, way))
      if (!("socket" in way)) return yield* skipAll(tell, "proxy", ["dns", ...rest(target)])
      yield* tell(passed("dns", `left to the proxy, which resolves ${address.host}`))
    }
    const open = ways.find(({ other, way }) => other.check === "alternativePort" && "socket" in way)
    yield* tell(checkPort(target, way, open?.other))
    for (const { other, way } of ways) yield* tell(checkOther(other, way))
    return "socket" in way ? way : yield* skipAll(tell, "port", afterPort)
  })

/** Goes the way to the server, and tells of each step. `false`: it does not lead there. */
export const examineNetwork = (target: Target, tell: Tell): Effect.Effect<boolean> =>
  Effect.scoped(
    Effect.gen(function* () {
      const dialled = yield* reach(target, tell)
      if (dialled === undefined) return false
      const handshake = yield* examineTls(target, dialled, tell)
      return handshake === undefined ? false : yield* examineSession(target, handshake.socket, tell)
    })
  )
