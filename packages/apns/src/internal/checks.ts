/** When the sessions of a pool are checked: timers and PINGs. What a check finds is decided in health.ts. */
import type { Carrier } from "./carrier.ts"
import { type AfterReading, punctualMillis } from "./deadlines.ts"
import { examine, type HealthSettings } from "./health.ts"

/** Runs a function later, unless it is called off, or the scope it belongs to closes first. */
export type Later = (millis: number, run: () => void) => () => void

/** A timer that runs later than this tells that the process stood still. */
const latenessMillis = 1000

/** Whose sessions are checked. */
export interface CheckOwner {
  /** Whether the session has not ended. */
  isThere(carrier: Carrier): boolean
  /** Whether it is kept though it carries nothing. */
  isKept(carrier: Carrier): boolean
  /** It has answered a PING. */
  onAlive(): void
  /** It carries nothing, and is not kept. */
  onIdle(carrier: Carrier): void
  /** It has not answered a PING. */
  onDead(carrier: Carrier): void
}

export class Checks {
  private readonly settings: HealthSettings
  private readonly now: () => number
  private readonly later: Later
  private readonly afterReading: AfterReading
  private readonly owner: CheckOwner

  constructor(
    settings: HealthSettings,
    now: () => number,
    later: Later,
    afterReading: AfterReading,
    owner: CheckOwner
  ) {
    this.settings = settings
    this.now = now
    this.later = later
    this.afterReading = afterReading
    this.owner = owner
  }

  /** Checks it next then, and no more before. */
  watch(carrier: Carrier, atMillis: number): void {
    carrier.cancelCheck?.()
    carrier.cancelCheck = undefined
    carrier.checkAtMillis = atMillis
    if (atMillis === Number.POSITIVE_INFINITY) return
    carrier.cancelCheck = this.later(Math.max(0, atMillis - this.now()), () => this.check(carrier))
  }

  ping(carrier: Carrier, nowMillis: number, onAlive?: () => void): void {
    carrier.pingedAtMillis = nowMillis
    carrier.session.ping(() => {
      carrier.heard(this.now())
      onAlive?.()
      this.owner.onAlive()
    })
    this.watch(carrier, nowMillis + this.settings.pingTimeoutMillis)
  }

  private check(carrier: Carrier) {
    const { checkAtMillis } = carrier
    const lateMillis = this.now() - checkAtMillis
    if (lateMillis <= punctualMillis) return this.examine(carrier, false)
    this.afterReading(() => {
      const isDue = this.owner.isThere(carrier) && carrier.checkAtMillis === checkAtMillis
      if (isDue) this.examine(carrier, lateMillis > latenessMillis)
    })
  }

  private examine(carrier: Carrier, late: boolean) {
    const now = this.now()
    const checkup = examine(carrier, this.settings, now, late)
    switch (checkup._tag) {
      case "Wait":
        return this.watch(carrier, checkup.untilMillis)
      case "Silent":
        return this.ping(carrier, now)
      case "Idle":
        if (this.owner.isKept(carrier)) return this.ping(carrier, now)
        return this.owner.onIdle(carrier)
      case "Dead":
        return this.owner.onDead(carrier)
    }
  }
}
