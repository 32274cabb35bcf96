/** What a peer may make us do without getting anything done (RFC 9113, 10.5). */
import { ConnectionError, ErrorCode } from "./errorCode.ts"

/** What a full budget is worth; a busy, honest server stays far below it. */
const fullBudget = 1000
/** What each answered request gives back: a server may send a few WINDOW_UPDATE or PING frames for each. */
const perAnswer = 8
/** Frames that may still be under way for a stream when we reset it; see `late`. */
const perReset = 8

/**
 * PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM, empty DATA, informational responses and frames of unknown types
 * each cost 1. Answers earn some back, and so does time: the driver calls `refill` at most once a second.
 */
export class FloodBudget {
  private left = fullBudget
  private lateFrames = 0

  spend(what: string): void {
    if (--this.left < 0) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `too many frames: ${what}`)
  }

  /** A frame on a closed stream: expected for a while after we reset streams, paid for beyond that (RFC 9113, 5.1). */
  late(): void {
    if (this.lateFrames > 0) this.lateFrames--
    else this.spend("on closed streams")
  }

  answered(): void {
    this.left = Math.min(fullBudget, this.left + perAnswer)
  }

  reset(): void {
    this.lateFrames = Math.min(fullBudget * perReset, this.lateFrames + perReset)
  }

  refill(): void {
    this.left = fullBudget
  }
}
