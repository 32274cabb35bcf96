/**
 * How carefully a server is treated that is not well: it asks for calm (ENHANCE_YOUR_CALM; RFC 9113, 7), or ends sessions soon
 * after they have begun. What is in flight then is unknown, and Apple takes rapid connecting and disconnecting for an attack.
 *
 * Sessions opened meanwhile begin with one stream, and are given twice as many each time that all were answered and a PING
 * after them, too: a server that answers some and dies takes few with it.
 */
import { backoffMillis } from "./backoff.ts"

/** A session that has answered so many is as it should be. */
const steadyAnswers = 16
/** One that ends sooner than this, and has answered fewer, ends young. */
const youthMillis = 10_000
/** So many streams lost at once are nothing to be careful for, nor are so many for each answer. */
const fewLost = 100
const lostShare = 0.25
/** A session that has carried so many at a time is given as many as the server allows. */
const trustedStreams = 512

/** The part of a session in this. */
export class Allowance {
  private width: number
  /** Streams that were answered since it was opened, or since the server asked for calm. */
  answers = 0
  /** Streams that were lost with it. */
  lost = 0
  private round = 0
  private probing = false
  private narrowedAtMillis = Number.NEGATIVE_INFINITY

  constructor(width: number) {
    this.width = width
  }

  /** How many streams it may have open, if the server allows more: no new ones while a PING is under way. */
  get limit(): number {
    return this.probing ? 0 : this.width
  }

  /** Whether a stream that was opened then tells anything of what the server takes now. */
  counts(openedAtMillis: number): boolean {
    return openedAtMillis > this.narrowedAtMillis
  }

  /** Such a one was answered. Says whether the server is to be asked for a sign of life, after which `widen` is called. */
  answered(): boolean {
    this.answers++
    if (this.width === Number.POSITIVE_INFINITY || ++this.round < this.width || this.probing) return false
    this.probing = true
    return true
  }

  widen(): void {
    if (!this.probing) return
    this.probing = false
    this.round = 0
    this.width = this.width >= trustedStreams ? Number.POSITIVE_INFINITY : 2 * this.width
  }

  /** The server has asked for calm. */
  narrow(nowMillis: number): void {
    this.narrowedAtMillis = nowMillis
    this.width = 1
    this.answers = 0
    this.round = 0
    this.probing = false
  }
}

/** The part of the pool. */
export class Caution {
  /** Sessions that ended young, and requests for calm, in a row. */
  private troubles = 0
  /** Whether sessions begin with one stream, and none is opened because others are full. */
  careful = false
  /** How many streams were answered since. */
  private answers = 0
  private calmedAtMillis = Number.NEGATIVE_INFINITY
  /** Until when no stream is opened. */
  calmUntilMillis = Number.NEGATIVE_INFINITY

  /** As how many failures they count in the backoff. The first session that ends young is replaced at once. */
  get failures(): number {
    return Math.max(0, this.troubles - 1)
  }

  /** Of a session that is opened now. */
  allowance(): Allowance {
    return new Allowance(this.careful ? 1 : Number.POSITIVE_INFINITY)
  }

  /** A stream was answered that was opened since the last of them. */
  answered(): void {
    if ((this.troubles === 0 && !this.careful) || ++this.answers < steadyAnswers) return
    this.troubles = 0
    this.careful = false
  }

  /** A session was lost. Those that never answered are failures already. */
  ended({ answers, lost }: Allowance, readyAtMillis: number, nowMillis: number): void {
    const isYoung = answers > 0 && answers < steadyAnswers && nowMillis - readyAtMillis < youthMillis
    const isDear = lost > fewLost && lost > answers * lostShare
    if (isYoung) this.troubles++
    if (isDear || this.troubles > 1) this.careful = true
    if (isDear || isYoung) this.answers = 0
  }

  /** The server asks for calm, over a stream that was opened then. Says whether that is news. */
  calm(openedAtMillis: number, nowMillis: number, random: number): boolean {
    if (openedAtMillis <= this.calmedAtMillis) return false
    this.troubles = Math.max(1, this.troubles) + 1
    this.careful = true
    this.answers = 0
    this.calmedAtMillis = nowMillis
    this.calmUntilMillis = nowMillis + backoffMillis(this.failures, random)
    return true
  }
}
