/**
 * When a logical connection may open a stream, by what its sessions were answered: they share one pace, for it is the
 * environment that is ill. While all is well, two booleans are all that is looked at.
 */
import { BadTokenBrake } from "./badTokenBrake.ts"
import { OutageGate } from "./outageGate.ts"
import { honouredMillis } from "./reply.ts"
import type { SlowDownSettings } from "./slowDownSettings.ts"

/** Why streams are opened more slowly, or not at all. */
export type SlowCause = "badDeviceTokens" | "outage"

/** Who hears when the pace changes. */
export interface PaceObserver {
  onSlowed(cause: SlowCause): void
  onResumed(cause: SlowCause): void
}

/** An answer, as far as the pace goes by it. */
export interface Heard {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

export class Pace {
  /** Whether `waitUntil` is to be asked, and `opened` and `unanswered` are to be told. */
  limited = false
  /** Whether answers of status 200 are to be told as well. */
  watching = false
  private readonly gate: OutageGate | undefined
  private readonly brake: BadTokenBrake | undefined
  private readonly observer: PaceObserver | undefined
  private isBraked = false
  private isShut = false

  constructor(
    { badTokens, outage }: Pick<SlowDownSettings, "badTokens" | "outage">,
    observer?: PaceObserver,
    random: () => number = Math.random
  ) {
    this.gate = outage && new OutageGate(outage, random)
    this.brake = badTokens && new BadTokenBrake(badTokens)
    this.observer = observer
  }

  isSlowed(cause: SlowCause, nowMillis: number): boolean {
    // Time alone may have ended it.
    if (this.isBraked) this.waitUntil(nowMillis)
    return cause === "outage" ? this.isShut : this.isBraked
  }

  /** 0, if a stream may be opened now; else when to ask again. */
  waitUntil(nowMillis: number): number {
    const until = Math.max(this.gate?.waitUntil(nowMillis) ?? 0, this.brake?.waitUntil(nowMillis) ?? 0)
    this.settle()
    return until
  }

  opened(nowMillis: number): void {
    this.gate?.opened(nowMillis)
    this.brake?.opened()
  }

  /** `wallMillis`: the time of the day, which `retry-after` may name. */
  answered({ body, fields, status }: Heard, openedAtMillis: number, nowMillis: number, wallMillis = nowMillis): void {
    if (status < 500) this.gate?.well(openedAtMillis, nowMillis)
    else this.gate?.ill(honouredMillis(fields["retry-after"], wallMillis), openedAtMillis, nowMillis)
    // The search is cheaper than to parse what is parsed for the error anyway.
    this.brake?.answered(status === 400 && body.includes('"BadDeviceToken"'), nowMillis)
    this.settle()
  }

  /** A stream ended without an answer. */
  unanswered(openedAtMillis: number, nowMillis: number): void {
    this.gate?.unanswered(openedAtMillis, nowMillis)
  }

  private settle() {
    const { brake, gate } = this
    const isBraked = brake?.on === true
    const state = gate === undefined ? "open" : gate.state
    this.limited = isBraked || state !== "open"
    this.watching = this.limited || brake?.watching === true || gate?.uneasy === true
    if (isBraked !== this.isBraked) {
      this.isBraked = isBraked
      this.tell("badDeviceTokens", isBraked)
    }
    const isShut = state === "shut"
    if (isShut !== this.isShut) {
      this.isShut = isShut
      this.tell("outage", isShut)
    }
  }

  private tell(cause: SlowCause, isSlowed: boolean) {
    if (isSlowed) this.observer?.onSlowed(cause)
    else this.observer?.onResumed(cause)
  }
}
