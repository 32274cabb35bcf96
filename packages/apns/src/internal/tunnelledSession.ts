/**
 * A session through a proxy: none before the tunnel is open, then the one that runs over it. The connect timeout covers
 * both.
 */
import type * as Net from "node:net"
import { patience } from "@effect-apns/http2"
import type { ProxyAddress } from "../Proxy.ts"
import { tunnelTimedOut } from "./proxyFailure.ts"
import type { Endpoint, Request, Session, SessionFailure, SessionListener, StreamListener } from "./transport.ts"
import { openTunnel, type Tunnel } from "./tunnel.ts"

export class TunnelledSession implements Session {
  private readonly listener: SessionListener
  private readonly callOffTimer: () => void
  private readonly tunnel: Tunnel
  private session: Session | undefined
  private over = false

  /** `connectOver` opens the session that runs over the tunnel, within the milliseconds that are left. */
  constructor(
    endpoint: Endpoint,
    proxy: ProxyAddress,
    listener: SessionListener,
    connectOver: (socket: Net.Socket, millis: number) => Session
  ) {
    this.listener = listener
    const { connectTimeoutMillis } = endpoint
    const startedAt = performance.now()
    this.callOffTimer = patience(connectTimeoutMillis, () => this.fail(tunnelTimedOut(proxy, connectTimeoutMillis)))
    this.tunnel = openTunnel(endpoint, proxy, {
      onOpen: (socket) => {
        if (this.over) return void socket.destroy()
        this.callOffTimer()
        this.session = connectOver(socket, Math.max(1, connectTimeoutMillis - (performance.now() - startedAt)))
      },
      onFailure: (failure) => this.fail(failure)
    })
  }

  get openable(): number {
    return this.session?.openable ?? 0
  }

  open(request: Request, listener: StreamListener) {
    if (this.session === undefined) throw new Error("not ready")
    return this.session.open(request, listener)
  }

  ping(onAcknowledged: () => void): void {
    this.session?.ping(onAcknowledged)
  }

  close(): void {
    if (this.session === undefined) this.giveUp()
    else this.session.close()
  }

  destroy(): void {
    if (this.session === undefined) this.giveUp()
    else this.session.destroy()
  }

  private giveUp() {
    queueMicrotask(() => this.fail(undefined))
  }

  private fail(failure: SessionFailure | undefined) {
    // From the moment the tunnel is open, the session over it tells of its end.
    if (this.over || this.session !== undefined) return
    this.over = true
    this.callOffTimer()
    this.tunnel.destroy()
    this.listener.onEnd(failure)
  }
}
