/**
 * Devices that APNs calls too busy, and who waits for them: nothing is sent to one for a while, and then one at a time, in
 * the order of asking, until none waits and the last one went through. In memory, bounded. Plain handlers.
 */
import { jitteredMillis } from "./backoff.ts"
import type { Later } from "./checks.ts"
import type { Refusal } from "./reply.ts"

export interface DeviceBackoffSettings {
  readonly firstMillis: number
  readonly maxMillis: number
}

/** How many devices are kept in mind; the one that was refused the longest ago is forgotten first. */
const capacity = 10_000
/** How long a device is kept in mind after nothing has to wait for it any more. */
const keptMillis = 60_000
/** How long one that goes out holds up the next when nothing is heard of it. */
const patienceMillis = 10_000
/** How often those are looked for that need not be kept. */
const forgetMillis = 1000

/** Who waits for a device. */
export interface Waiting {
  /** It is its turn. */
  go(): void
}

interface Busy {
  /** Refusals in a row, and when the last one that counts came: what was sent earlier tells of the past. */
  refusals: number
  refusedAtMillis: number
  /** When the next may go out. */
  nextMillis: number
  /** The one that is on its way. */
  turn: Waiting | undefined
  /** The refusal that those who wait owe it to. */
  reason: Refusal
  /** Those who wait, the first one first. */
  readonly line: Set<Waiting>
  /** Calls off the timer of the line, if there is one. */
  cancelTimer: (() => void) | undefined
}

export class DeviceBackoff {
  private readonly settings: DeviceBackoffSettings
  private readonly now: () => number
  private readonly later: Later
  private readonly random: () => number
  private readonly devices = new Map<string, Busy>()
  private forgetAtMillis = 0

  constructor(settings: DeviceBackoffSettings, now: () => number, later: Later, random: () => number = Math.random) {
    this.settings = settings
    this.now = now
    this.later = later
    this.random = random
  }

  /** While it is, nobody waits, and nothing need be asked. */
  get isEmpty(): boolean {
    return this.devices.size === 0
  }

  /** Whether something may go out to a device now; else it stands in the line, and is told when it may. */
  admits(key: string, waiting: Waiting, nowMillis: number): boolean {
    if (nowMillis >= this.forgetAtMillis) this.forgetOld(nowMillis)
    const busy = this.devices.get(key)
    if (busy === undefined) return true
    if (busy.line.size === 0 && nowMillis >= busy.nextMillis) {
      this.take(busy, waiting, nowMillis)
      return true
    }
    busy.line.add(waiting)
    if (busy.cancelTimer === undefined) this.wait(busy)
    return false
  }

  /** It leaves the line; or its turn is over, and unless APNs said something of the device, the next one may go. */
  leave(key: string, waiting: Waiting): void {
    const busy = this.devices.get(key)
    if (busy === undefined) return
    if (busy.turn === waiting) this.next(busy)
    else if (busy.line.delete(waiting) && busy.line.size === 0) this.stopWaiting(busy)
  }

  /** Why something waits for a device. */
  reasonOf(key: string): Refusal | undefined {
    return this.devices.get(key)?.reason
  }

  /** APNs refused what was sent at a time, because the device gets too many; `retryAfterMillis` is what it asks to wait. */
  refused(key: string, reason: Refusal, retryAfterMillis: number, sentAtMillis: number, nowMillis: number): void {
    const known = this.devices.get(key)
    if (known !== undefined && sentAtMillis <= known.refusedAtMillis) {
      this.holdUntil(known, Math.max(known.nextMillis, nowMillis + retryAfterMillis))
      return
    }
    const busy = known ?? {
      refusals: 0,
      refusedAtMillis: 0,
      nextMillis: 0,
      turn: undefined,
      reason,
      line: new Set(),
      cancelTimer: undefined
    }
    const { firstMillis, maxMillis } = this.settings
    busy.refusals++
    busy.turn = undefined
    busy.refusedAtMillis = nowMillis
    busy.reason = reason
    this.devices.delete(key)
    this.devices.set(key, busy)
    if (this.devices.size > capacity) this.forget(this.devices.entries().next().value)
    const pauseMillis = jitteredMillis(firstMillis, maxMillis, busy.refusals, this.random())
    this.holdUntil(busy, nowMillis + Math.max(pauseMillis, retryAfterMillis))
  }

  /** APNs did not refuse, or for another reason, what was sent at a time: the next one may go. */
  judged(key: string, sentAtMillis: number): void {
    const busy = this.devices.get(key)
    if (busy === undefined || sentAtMillis <= busy.refusedAtMillis) return
    if (busy.line.size === 0) {
      this.devices.delete(key)
      return
    }
    busy.refusals = 0
    this.next(busy)
  }

  /** Nobody waits any more. */
  forgetAll(): void {
    for (const entry of [...this.devices]) this.forget(entry)
  }

  private take(busy: Busy, waiting: Waiting, nowMillis: number) {
    busy.turn = waiting
    busy.nextMillis = nowMillis + patienceMillis
  }

  private next(busy: Busy) {
    busy.turn = undefined
    busy.nextMillis = 0
    this.advance(busy)
  }

  /** The first in the line goes, if it may; the others wait for what becomes of it. */
  private advance(busy: Busy) {
    this.stopWaiting(busy)
    const now = this.now()
    const first = busy.line.values().next().value
    if (first === undefined) return
    if (now >= busy.nextMillis) {
      busy.line.delete(first)
      this.take(busy, first, now)
      this.wait(busy)
      first.go()
    } else this.wait(busy)
  }

  private holdUntil(busy: Busy, untilMillis: number) {
    busy.nextMillis = untilMillis
    this.wait(busy)
  }

  private wait(busy: Busy) {
    this.stopWaiting(busy)
    if (busy.line.size === 0) return
    busy.cancelTimer = this.later(Math.max(1, busy.nextMillis - this.now()), () => {
      busy.cancelTimer = undefined
      this.advance(busy)
    })
  }

  private stopWaiting(busy: Busy) {
    busy.cancelTimer?.()
    busy.cancelTimer = undefined
  }

  private forgetOld(nowMillis: number) {
    this.forgetAtMillis = nowMillis + forgetMillis
    for (const entry of this.devices) {
      const [, { line, nextMillis }] = entry
      if (line.size > 0 || nowMillis - nextMillis < keptMillis) return
      this.forget(entry)
    }
  }

  private forget(oldest: [string, Busy] | undefined) {
    if (oldest === undefined) return
    const [key, busy] = oldest
    this.devices.delete(key)
    this.stopWaiting(busy)
    const line = [...busy.line]
    busy.line.clear()
    for (const waiting of line) waiting.go()
  }
}
