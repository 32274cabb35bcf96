/** What a peer may send that gets nothing done (RFC 9113, 10.5): a budget of its own, and one that grows with what we send. */
import { ConnectionError, ErrorCode } from "./errorCode.ts"

/** What each budget is worth when nothing was asked of the peer. */
const spare = 1000
/** What each answer gives back to the first: a server may ask for signs of life with each. */
const perAnswer = 8
/** WINDOW_UPDATE frames for a DATA frame of ours; the strategy is the receiver's alone (RFC 9113, 6.9), and Envoy takes as many. */
const perDataFrame = 10
/** Informational responses to a request, of which there may be any number (RFC 9110, 15.2). */
const perRequest = 10
/** Frames that are on their way when we reset a stream: its answer, in pieces, and what we sent it (RFC 9113, 5.1). */
const perReset = 100
/** What may be left of the second: so long an honest peer may be behind. */
const mostOwed = 100_000

/** What we have sent on a connection. */
export interface Sent {
  readonly requests: number
  readonly dataFrames: number
}

/**
 * - PING, SETTINGS, GOAWAY, PRIORITY, empty DATA and frames of unknown types cost 1 of a budget that answers refill.
 * - WINDOW_UPDATE, informational responses and frames on closed streams are owed to what we sent, and may come long before the
 *   answers: they cost 1 of a budget that grows with every request, every DATA frame and every reset of ours.
 *
 * Time refills both: the driver calls `refill` at most once a second.
 */
export class FloodBudget {
  private left = spare
  private resets = 0
  private paid = 0

  spend(what: string): void {
    if (--this.left < 0) tooMany(what)
  }

  /** Something that is owed to what was sent. */
  receive(what: string, sent: Sent): void {
    if (++this.paid > this.owed(sent) + spare) tooMany(what)
  }

  answered(): void {
    this.left = Math.min(spare, this.left + perAnswer)
  }

  reset(): void {
    this.resets++
  }

  refill(sent: Sent): void {
    this.left = spare
    const owed = this.owed(sent)
    this.paid = Math.max(owed - mostOwed, Math.min(owed, this.paid))
  }

  private owed({ dataFrames, requests }: Sent): number {
    return dataFrames * perDataFrame + requests * perRequest + this.resets * perReset
  }
}

const tooMany = (what: string): never => {
  throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `too many frames: ${what}`)
}
