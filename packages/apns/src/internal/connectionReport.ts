/**
 * What is told of the life cycle of a connection's sessions: log lines and counters. Never of a single notification.
 */
import * as Effect from "effect/Effect"
import * as Metrics from "../Metrics.ts"
import type { Ledger } from "./ledger.ts"
import type { PaceObserver, SlowCause } from "./pace.ts"
import { excerpt, goAwayRejection } from "./reply.ts"
import type { GoAway, SessionFailure } from "./transport.ts"

/** How a session ended: as it should, after it was in use, or before it was. */
export type SessionEnd = "closed" | "lost" | "failed"

/** Who hears of the sessions of a logical connection; they are named as in `Receipt.connection`. */
export interface ConnectionObserver extends PaceObserver {
  onOpening(session: string): void
  /** `address`: the host's address that it has, unless that was not ours to choose. */
  onReady(session: string, address: string | undefined): void
  /** The first GOAWAY of a session. */
  onGoAway(session: string, goAway: GoAway): void
  /** It gave no sign of life, and is ended from here. */
  onSilent(session: string): void
  onEnded(session: string, end: SessionEnd, failure: SessionFailure | undefined, address: string | undefined): void
  /** The next session waits. */
  onBackoff(millis: number, failures: number): void
  /** One of the host's addresses failed: others go before it for a while. */
  onAvoiding(address: string, millis: number): void
}

/** Beyond them there is no error code (RFC 9113, 7). */
const lastErrorCode = 0xd

const sessionAt = (session: string, address: string | undefined) =>
  address === undefined ? { session } : { session, address }
const slowed: Readonly<Record<SlowCause, string>> = {
  badDeviceTokens: "Sending more slowly: too many device tokens are bad",
  outage: "Sending is held back: APNs answers with server errors"
}

const resumed: Readonly<Record<SlowCause, string>> = {
  badDeviceTokens: "Sending at full speed again",
  outage: "APNs takes notifications again"
}

export class ConnectionReport implements ConnectionObserver {
  private readonly server: string
  private readonly ledger: Ledger
  private readonly log: (effect: Effect.Effect<void>) => void
  /** Sessions that ended and were not replaced yet. */
  private missing = 0
  /** Those of which it was known that they end: that is counted once. */
  private readonly going = new Set<string>()
  private readonly now: () => number
  private readonly slowedToldMillis = { badDeviceTokens: Number.NEGATIVE_INFINITY, outage: Number.NEGATIVE_INFINITY }
  private readonly toldOf = { badDeviceTokens: false, outage: false }

  constructor(server: string, ledger: Ledger, log: (effect: Effect.Effect<void>) => void, now: () => number) {
    this.server = server
    this.now = now
    this.ledger = ledger
    this.log = (effect) =>
      log(Effect.annotateLogs(effect, { package: "effect-apns", module: "ApnsConnection", server }))
  }

  onOpening(session: string): void {
    const { server } = this
    this.ledger.count(Metrics.sessionsOpened, { server })
    if (this.missing > 0) {
      this.missing--
      this.ledger.count(Metrics.reconnects, { server })
    }
    this.log(Effect.annotateLogs(Effect.logDebug("Opening a session"), { session }))
  }

  onReady(session: string, address: string | undefined): void {
    this.log(Effect.annotateLogs(Effect.logDebug("The session is ready"), sessionAt(session, address)))
  }

  onGoAway(session: string, { code, debugData }: GoAway): void {
    this.missing++
    this.going.add(session)
    const known = goAwayRejection(debugData)?._tag
    const reason = known ?? "none"
    const { server } = this
    this.ledger.count(Metrics.goAways, { server, code: code <= lastErrorCode ? String(code) : "other", reason })
    const log = code === 0 && known === undefined ? Effect.logInfo : Effect.logWarning
    this.log(
      Effect.annotateLogs(log("The server is closing the session"), {
        session,
        code,
        reason,
        debugData: excerpt(debugData)
      })
    )
  }

  onSilent(session: string): void {
    if (this.going.has(session)) return
    this.missing++
    this.going.add(session)
  }

  onEnded(session: string, end: SessionEnd, failure: SessionFailure | undefined, address: string | undefined): void {
    if (!this.going.delete(session) && end !== "closed") this.missing++
    if (end === "closed") {
      this.log(Effect.annotateLogs(Effect.logDebug("The session has ended"), { session }))
      return
    }
    const what = end === "lost" ? "The session was lost" : "The session could not be opened"
    const { step = "closed", problem = "the server ended the connection" } = failure ?? {}
    this.log(Effect.annotateLogs(Effect.logWarning(what), { ...sessionAt(session, address), step, problem }))
  }

  onAvoiding(address: string, millis: number): void {
    this.log(
      Effect.annotateLogs(Effect.logInfo("Avoiding an address of the server"), { address, millis: Math.round(millis) })
    )
  }

  onBackoff(millis: number, failures: number): void {
    this.log(
      Effect.annotateLogs(Effect.logDebug("Waiting before connecting again"), { millis: Math.round(millis), failures })
    )
  }

  onSlowed(cause: SlowCause): void {
    this.ledger.count(Metrics.slowDowns, { server: this.server, cause })
    const now = this.now()
    // It may come and go: at most once a minute.
    this.toldOf[cause] = now - this.slowedToldMillis[cause] >= 60_000
    if (!this.toldOf[cause]) return
    this.slowedToldMillis[cause] = now
    this.log(Effect.annotateLogs(Effect.logWarning(slowed[cause]), { cause }))
  }

  onResumed(cause: SlowCause): void {
    if (this.toldOf[cause]) this.log(Effect.annotateLogs(Effect.logInfo(resumed[cause]), { cause }))
  }
}
