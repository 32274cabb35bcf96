/**
 * The setting `proxy`, made the address of a proxy.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ApnsError } from "../ApnsError.ts"
import type { Address } from "../Environment.ts"
import type { Proxy, ProxyAddress } from "../Proxy.ts"
import { InvalidConfiguration } from "../Reason.ts"
import { anchors } from "./anchors.ts"
import { text } from "./env.ts"
import { isExempt } from "./noProxy.ts"

const schemes: Readonly<Record<string, Pick<ProxyAddress, "protocol" | "port">>> = {
  "http:": { protocol: "http", port: 80 },
  "https:": { protocol: "https", port: 443 },
  "socks:": { protocol: "socks5", port: 1080 },
  "socks5:": { protocol: "socks5", port: 1080 },
  "socks5h:": { protocol: "socks5", port: 1080 }
}

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The parts of a proxy's URL. Nothing of the URL is in the error, for it may be a password. */
export const parseProxy = (
  setting: string,
  url: string,
  ca: ProxyAddress["ca"]
): Result.Result<ProxyAddress, InvalidConfiguration> => {
  const invalid = (problem: string, cure: string) => Result.fail(new InvalidConfiguration({ setting, problem, cure }))
  const malformed = invalid(
    "is not the URL of a proxy",
    'Give scheme, host and port only, as in "http://proxy.example.com:3128"; percent-encode what is special in a password.'
  )
  if (!URL.canParse(url)) return malformed
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(url)
  const scheme = schemes[protocol]
  if (scheme === undefined) {
    return invalid("has a scheme that is not known", "Use http://, https:// or socks5://.")
  }
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  if (!/^[A-Za-z0-9.:_-]+$/.test(host) || port === "0") return malformed
  if ((pathname !== "" && pathname !== "/") || search !== "" || hash !== "") return malformed
  const user = decoded(username)
  const secret = decoded(password)
  if (user === undefined || secret === undefined) return malformed
  if (scheme.protocol === "socks5") {
    if (Buffer.byteLength(user) > 255 || Buffer.byteLength(secret) > 255) {
      return invalid("has a user or password of more than 255 bytes", "SOCKS 5 takes no longer ones (RFC 1929).")
    }
    if (user === "" && secret !== "") return invalid("has a password and no user", "Name the user (RFC 1929).")
  } else if (user.includes(":")) {
    return invalid("has a user with a colon", "Basic credentials cannot express it (RFC 7617): use another user.")
  }
  return Result.succeed({
    protocol: scheme.protocol,
    host,
    port: port === "" ? scheme.port : Number(port),
    credentials:
      user === "" && secret === ""
        ? undefined
        : { username: user, password: Redacted.make(secret, { label: "proxy password" }) },
    ca
  })
}

/** The proxy that the variables name, and which of them; nothing where none is set, or NO_PROXY exempts the server. */
export const proxyFromEnv = ({
  host,
  port
}: Address): Effect.Effect<{ readonly variable: string; readonly proxy: ProxyAddress } | undefined, ApnsError> =>
  Effect.gen(function* () {
    for (const variable of ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) {
      const url = (yield* text(variable))?.trim()
      if (url === undefined) continue
      const exceptions = (yield* text("no_proxy")) ?? (yield* text("NO_PROXY")) ?? ""
      if (isExempt(exceptions, host, port)) return undefined
      const parsed = parseProxy(variable, url.includes("://") ? url : `http://${url}`, undefined)
      return { variable, proxy: yield* Effect.mapError(Effect.fromResult(parsed), asApnsError) }
    }
    return undefined
  })

/** The proxy on the way to a server, if there is one. */
export const resolveProxy = (
  proxy: Proxy | undefined,
  server: Address
): Effect.Effect<ProxyAddress | undefined, ApnsError> => {
  if (proxy === undefined) return Effect.succeed(undefined)
  if (proxy === "environment") return Effect.map(proxyFromEnv(server), (found) => found?.proxy)
  const { url, ca }: { readonly url: unknown; readonly ca?: ProxyAddress["ca"] } =
    typeof proxy === "string" ? { url: proxy } : proxy
  const plain = Redacted.isRedacted(url) ? Redacted.value(url) : url
  const parsed = parseProxy("proxy", typeof plain === "string" ? plain : "", ca)
  if (plain === url && Result.isSuccess(parsed) && hasPassword(parsed.success)) return Effect.fail(plainPassword())
  const trusted = Result.andThen(anchors(ca, undefined, "proxy.ca"), () => parsed)
  return Effect.mapError(Effect.fromResult(trusted), asApnsError)
}

const hasPassword = ({ credentials }: ProxyAddress) =>
  credentials !== undefined && Redacted.value(credentials.password) !== ""

const plainPassword = () =>
  new ApnsError({
    reason: new InvalidConfiguration({
      setting: "proxy",
      problem: "holds a password in plain text",
      cure: "Wrap the URL, so that nothing prints it: { url: Redacted.make(…) }."
    })
  })

const asApnsError = (reason: InvalidConfiguration) => new ApnsError({ reason })
