/** A tunnel through a proxy, from its opening to the socket that lies in it. */
import type * as Net from "node:net"
import type { ProxyAddress } from "../Proxy.ts"
import { socketFailed } from "./proxyFailure.ts"
import type { Endpoint, SessionFailure } from "./transport.ts"

/** Who hears of the tunnel. A failure may be told more than once, and after `Tunnel.destroy`. */
export interface TunnelListener {
  onOpen(socket: Net.Socket): void
  onFailure(failure: SessionFailure): void
}

/** A tunnel that is being opened. */
export interface Tunnel {
  /** Gives it up; not for one that is open. */
  destroy(): void
}

/**
 * Opens a tunnel to the endpoint. Node's HTTP client and `socks`, 30 ms to load, are loaded with the first one: programs
 * without a proxy never pay for them.
 */
export const openTunnel = (endpoint: Endpoint, proxy: ProxyAddress, listener: TunnelListener): Tunnel => {
  let opening: Tunnel | undefined
  let isGivenUp = false
  import("./tunnelClients.ts")
    .then(({ byConnect, bySocks }) => {
      if (isGivenUp) return
      opening = (proxy.protocol === "socks5" ? bySocks : byConnect)(endpoint, proxy, listener)
    })
    // Such as one that is not installed.
    .catch((error: unknown) =>
      listener.onFailure(socketFailed(proxy, error instanceof Error ? error : new Error(String(error))))
    )
  return {
    destroy: () => {
      isGivenUp = true
      opening?.destroy()
    }
  }
}
