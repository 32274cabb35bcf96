/**
 * The way to APNs through a proxy.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"

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
