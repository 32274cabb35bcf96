/**
 * Whether an environment that answers 5xx is sent anything: a state machine on data, which is told the time.
 *
 * Open, everything goes out. Shut, one request at a time does, to see whether the environment is well again. Opening, each
 * good answer admits two more, so that an environment that is just coming back is not met by the whole queue.
 */
import { jitteredMillis } from "./backoff.ts"

export interface OutageSettings {
  /** How many 5xx in a row shut the gate. */
  readonly failures: number
  /** Within what time they have to come. */
  readonly withinMillis: number
  /** How long the first probe waits; the wait doubles with each that is refused. */
  readonly firstMillis: number
  readonly maxMillis: number
}

/** After that many good answers an opening gate is open. */
const goodAnswers = 100

export class OutageGate {
  state: "open" | "shut" | "opening" = "open"
  private readonly settings: OutageSettings
  private readonly random: () => number
  /** How many 5xx came in a row, and when the first of them did. */
  private run = 0
  private runSinceMillis = 0
  /** How often a probe was decided on since the gate was open. */
  private probes = 0
  /** Streams that were opened earlier tell of the past: they are not listened to. */
  private sinceMillis = Number.POSITIVE_INFINITY
  /** When one more goes out although nothing was heard of those before. */
  private nextMillis = 0
  /** How many may go out before that. */
  private credit = 0
  private good = 0
  private openingSinceMillis = 0

  constructor(settings: OutageSettings, random: () => number) {
    this.settings = settings
    this.random = random
  }

  /** Whether good answers matter. */
  get uneasy(): boolean {
    return this.run > 0 || this.state !== "open"
  }

  /** 0, if a stream may be opened now; else when to ask again. */
  waitUntil(nowMillis: number): number {
    return this.state === "open" || this.credit > 0 || nowMillis >= this.nextMillis ? 0 : this.nextMillis
  }

  /** A stream was opened, as `waitUntil` allowed. */
  opened(nowMillis: number): void {
    if (this.state === "open") return
    if (this.credit > 0) this.credit--
    if (this.state === "shut") this.sinceMillis = Math.min(this.sinceMillis, nowMillis)
    // Its answer comes sooner, or never.
    this.nextMillis = nowMillis + this.settings.maxMillis
  }

  /** An answer below 500: the environment judges what it is sent, whatever it says. */
  well(openedAtMillis: number, nowMillis: number): void {
    if (this.state !== "open" && openedAtMillis < this.sinceMillis) return
    this.run = 0
    if (this.state === "open") return
    if (this.state === "shut") {
      this.state = "opening"
      this.openingSinceMillis = nowMillis
      this.good = 0
    }
    this.credit += 2
    this.good++
    if (this.good >= goodAnswers || nowMillis - this.openingSinceMillis >= this.settings.withinMillis) this.open()
  }

  /** An answer from 500; `retryAfterMillis` is what it asks to wait. */
  ill(retryAfterMillis: number, openedAtMillis: number, nowMillis: number): void {
    if (this.state !== "open" && openedAtMillis < this.sinceMillis) return
    if (this.state === "shut") {
      this.shut(retryAfterMillis, nowMillis)
      return
    }
    if (this.state === "opening") this.credit++
    if (this.run === 0 || nowMillis - this.runSinceMillis > this.settings.withinMillis) {
      this.run = 0
      this.runSinceMillis = nowMillis
    }
    if (++this.run >= this.settings.failures) this.shut(retryAfterMillis, nowMillis)
  }

  /** A stream ended without an answer: somebody else may go in its place. */
  unanswered(openedAtMillis: number, nowMillis: number): void {
    if (this.state === "open" || openedAtMillis < this.sinceMillis) return
    if (this.state === "opening") this.credit++
    else this.nextMillis = Math.min(this.nextMillis, nowMillis + this.delayMillis())
  }

  private shut(retryAfterMillis: number, nowMillis: number) {
    this.state = "shut"
    this.run = 0
    this.credit = 0
    this.sinceMillis = Number.POSITIVE_INFINITY
    this.probes++
    this.nextMillis = nowMillis + Math.max(this.delayMillis(), retryAfterMillis)
  }

  private open() {
    this.state = "open"
    this.probes = 0
    this.credit = 0
  }

  private delayMillis(): number {
    const { firstMillis, maxMillis } = this.settings
    return jitteredMillis(firstMillis, maxMillis, this.probes, this.random())
  }
}
