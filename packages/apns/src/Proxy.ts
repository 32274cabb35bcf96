/**
 * The way to APNs through a proxy.
 *
 * @since 0.1.0
 */
import type { Socket } from "node:net"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Address } from "./Environment.ts"
import { tunnelTimedOut } from "./internal/proxyFailure.ts"
import type { SessionFailure } from "./internal/transport.ts"
import { openTunnel, type Tunnel } from "./internal/tunnel.ts"
import { ConnectionFailed } from "./Reason.ts"

/**
 * A proxy whose URL is secret, or whose certificate the runtime does not trust.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProxyServer {
  /**
   * `http://`, `https://` (TLS to the proxy itself) or `socks5://`, with host, port, and user and password where the proxy
   * asks for them, percent-encoded. Default ports: 80, 443, 1080.
   */
  readonly url: string | Redacted.Redacted<string>
  /** Certificates to trust instead of the runtime's, in PEM, for the TLS of an `https://` proxy. */
  readonly ca?: string | ReadonlyArray<string> | undefined
}

/**
 * Which proxy to use: its URL, or `"environment"` for the one that the variables name.
 *
 * **Details**
 *
 * HTTP and HTTPS proxies are asked for a tunnel by CONNECT (RFC 9110, 9.3.6), with Basic credentials if there are any (RFC
 * 7617); SOCKS proxies by SOCKS 5 (RFC 1928), with user and password if there are any (RFC 1929). TLS with APNs goes
 * through the tunnel, so that the proxy sees host, port and sizes only. The proxy resolves the name of the host. `socks5h`
 * and `socks` mean the same as `socks5`.
 *
 * A URL that holds a password has to be `Redacted`: `{ url: Redacted.make("http://user:password@proxy:3128") }`.
 *
 * `"environment"` reads, through Effect's `Config`, the first that is set of `https_proxy`, `HTTPS_PROXY`, `all_proxy` and
 * `ALL_PROXY`; and `no_proxy` or `NO_PROXY`, hosts that are connected to directly. These are separated by commas or
 * spaces: `*`, a name (which means its subdomains too), `.name` or `*.name` (its subdomains only), an IP address, or a
 * range such as `10.0.0.0/8`; each with `:port` for one port only.
 *
 * @category models
 * @since 0.1.0
 */
export type Proxy = string | ProxyServer

/**
 * A proxy, read from its setting.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProxyAddress {
  readonly protocol: "http" | "https" | "socks5"
  readonly host: string
  readonly port: number
  readonly credentials: { readonly username: string; readonly password: Redacted.Redacted<string> } | undefined
  /** Certificates to trust instead of the runtime's, in PEM, for TLS with the proxy itself. */
  readonly ca: string | ReadonlyArray<string> | undefined
}

/**
 * Opens a tunnel to a server, as connections do that go through a proxy.
 *
 * **When to use**
 *
 * Use to look at what answers at the other end, as a diagnosis does. Sending needs only the setting `proxy`.
 *
 * **Details**
 *
 * Gives the socket before TLS; the scope destroys it. `timeout` is finite. Fails with `ConnectionFailed`, step `"proxy"`, when no tunnel is open
 * after `timeout`, the proxy does not answer, or it says no; the error names its status and never the credentials.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tunnel = (
  proxy: ProxyAddress,
  { host, port }: Address,
  timeout: Duration.Input
): Effect.Effect<Socket, ConnectionFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Socket, ConnectionFailed>((resume) => {
      const millis = Duration.toMillis(timeout)
      let opening: Tunnel | undefined
      const giveUp = () => {
        clearTimeout(timer)
        opening?.destroy()
      }
      const fail = (failure: SessionFailure) => {
        giveUp()
        resume(Effect.fail(new ConnectionFailed({ address: `${host}:${port}`, ...failure })))
      }
      const timer = setTimeout(() => fail(tunnelTimedOut(proxy, millis)), millis)
      opening = openTunnel({ host, port, connectTimeoutMillis: millis }, proxy, {
        onOpen: (socket) => {
          clearTimeout(timer)
          resume(Effect.succeed(socket))
        },
        onFailure: fail
      })
      return Effect.sync(giveUp)
    }),
    (socket) => Effect.sync(() => socket.destroy()),
    { interruptible: true }
  )
