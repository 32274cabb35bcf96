/**
 * How fast streams are opened while many answers are BadDeviceToken: a state machine on data, which is told the time.
 */

export interface BadTokenSettings {
  /** From what share of the answers on streams are opened more slowly: above 0, at most 1. */
  readonly share: number
  /** How many bad tokens a second are sent then. */
  readonly perSecond: number
  /** Over what time the share is taken. */
  readonly windowMillis: number
}

/** A share of fewer answers says nothing. */
const enoughAnswers = 100
/** A window in which they do not come is that many times as long. */
const patientWindows = 10
/** How much may go out at once after a pause: timers are not exact. */
const burstMillis = 100
/** More often there is no point in looking. */
const leastWaitMillis = 10

export class BadTokenBrake {
  /** Whether streams are opened more slowly. */
  on = false
  private readonly settings: BadTokenSettings
  /** Of the answers of this window. */
  private bad = 0
  private others = 0
  private windowSinceMillis = 0
  private lastBadMillis = 0
  /** Streams a millisecond, and how many may be opened now. */
  private rate = 0
  private allowance = 0
  private allowanceAtMillis = 0

  constructor(settings: BadTokenSettings) {
    this.settings = settings
  }

  /** Whether good answers matter. */
  get watching(): boolean {
    return this.on || this.bad > 0
  }

  /** 0, if a stream may be opened now; else when to ask again. */
  waitUntil(nowMillis: number): number {
    if (!this.on) return 0
    if (nowMillis - this.lastBadMillis >= patientWindows * this.settings.windowMillis) {
      this.release()
      return 0
    }
    const refilled = this.allowance + Math.max(0, nowMillis - this.allowanceAtMillis) * this.rate
    this.allowance = Math.min(Math.max(1, this.rate * burstMillis), refilled)
    this.allowanceAtMillis = nowMillis
    // The sum of fractions may miss 1 by a little.
    return this.allowance > 0.999
      ? 0
      : nowMillis + Math.max(leastWaitMillis, Math.ceil((1 - this.allowance) / this.rate))
  }

  /** A stream was opened, as `waitUntil` allowed. */
  opened(): void {
    if (this.on) this.allowance--
  }

  answered(isBad: boolean, nowMillis: number): void {
    if (!this.watching) {
      if (!isBad) return
      this.windowSinceMillis = nowMillis
    }
    this.closeWindow(nowMillis)
    if (isBad) {
      this.bad++
      this.lastBadMillis = nowMillis
    } else this.others++
    const answers = this.bad + this.others
    if (!this.on && answers >= enoughAnswers && this.bad >= this.settings.share * answers) {
      this.on = true
      this.allowance = 0
      this.allowanceAtMillis = nowMillis
      this.rate = this.rateOf(answers)
    }
  }

  private closeWindow(nowMillis: number) {
    const { share, windowMillis } = this.settings
    const answers = this.bad + this.others
    const millis = nowMillis - this.windowSinceMillis
    if (millis < windowMillis || (answers < enoughAnswers && millis < patientWindows * windowMillis)) return
    if (this.bad < share * answers || answers === 0) this.on = false
    else if (this.on) this.rate = this.rateOf(answers)
    this.bad = 0
    this.others = 0
    this.windowSinceMillis = nowMillis
  }

  /** The good ones between the bad ones go out with them. */
  private rateOf(answers: number): number {
    return (this.settings.perSecond * answers) / this.bad / 1000
  }

  private release() {
    this.on = false
    this.bad = 0
    this.others = 0
  }
}
