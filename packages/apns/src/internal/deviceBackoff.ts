/**
 * Devices that APNs calls too busy, and who waits for them: nothing is sent to one for a while, and then one at a time,
 * until none waits and the last one went through. In memory, bounded.
 */
import * as Effect from "effect/Effect"
import type { ApnsConnection } from "../ApnsConnection.ts"
import { jitteredMillis } from "./backoff.ts"
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
const noTurn = 0

interface Busy {
  /** Refusals in a row, and when the last one that counts came: what was sent earlier tells of the past. */
  refusals: number
  refusedAtMillis: number
  /** When the next may go out. */
  nextMillis: number
  /** The turn of the one that is on its way, or `noTurn`. */
  turn: number
  /** The refusal that those who wait owe it to. */
  reason: Refusal
  /** Those who wait, the first one first. */
  readonly line: Set<() => void>
}

export class DeviceBackoff {
  private readonly settings: DeviceBackoffSettings
  private readonly random: () => number
  private readonly devices = new Map<string, Busy>()
  private forgetAtMillis = 0
  /** The number of the turn taken last. */
  turn = noTurn

  constructor(settings: DeviceBackoffSettings, random: () => number = Math.random) {
    this.settings = settings
    this.random = random
  }

  /** While it is, nobody waits, and nothing need be asked. */
  get isEmpty(): boolean {
    return this.devices.size === 0
  }

  /** Whether something has to wait for a device, or did so a short while ago. */
  isBusy(key: string, nowMillis: number): boolean {
    if (nowMillis >= this.forgetAtMillis) this.forgetOld(nowMillis)
    return this.devices.has(key)
  }

  /** Takes the turn of a device: 0, if something may go out to it now; else when to ask again. */
  take(key: string, nowMillis: number): number {
    const busy = this.devices.get(key)
    if (busy === undefined) return 0
    if (nowMillis < busy.nextMillis) return busy.nextMillis
    busy.nextMillis = nowMillis + patienceMillis
    busy.turn = ++this.turn
    return 0
  }

  /** A turn is over, and unless APNs said something of the device, the next one may go. */
  release(key: string, turn: number): void {
    const busy = this.devices.get(key)
    if (turn !== noTurn && busy?.turn === turn) this.next(key, busy)
  }

  /** Why something waits for a device. */
  reasonOf(key: string): Refusal | undefined {
    return this.devices.get(key)?.reason
  }

  /** APNs refused what was sent at a time, because the device gets too many; `retryAfterMillis` is what it asks to wait. */
  refused(key: string, reason: Refusal, retryAfterMillis: number, sentAtMillis: number, nowMillis: number): void {
    const known = this.devices.get(key)
    if (known !== undefined && sentAtMillis <= known.refusedAtMillis) {
      known.nextMillis = Math.max(known.nextMillis, nowMillis + retryAfterMillis)
      return
    }
    const busy = known ?? { refusals: 0, refusedAtMillis: 0, nextMillis: 0, turn: noTurn, reason, line: new Set() }
    const { firstMillis, maxMillis } = this.settings
    busy.refusals++
    busy.turn = noTurn
    busy.refusedAtMillis = nowMillis
    busy.nextMillis =
      nowMillis + Math.max(jitteredMillis(firstMillis, maxMillis, busy.refusals, this.random()), retryAfterMillis)
    busy.reason = reason
    this.devices.delete(key)
    this.devices.set(key, busy)
    if (this.devices.size > capacity) this.forget(this.devices.entries().next().value)
    this.call(key)
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
    this.next(key, busy)
  }

  /** Waits until the first in the line has something to look at again. */
  change(key: string): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const busy = this.devices.get(key)
      if (busy === undefined) return resume(Effect.void)
      const { line } = busy
      const called = () => {
        line.delete(called)
        resume(Effect.void)
      }
      line.add(called)
      return Effect.sync(() => {
        line.delete(called)
      })
    })
  }

  /** The first in the line looks again. */
  call(key: string): void {
    this.devices.get(key)?.line.values().next().value?.()
  }

  private next(key: string, busy: Busy) {
    busy.turn = noTurn
    busy.nextMillis = 0
    this.call(key)
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
    const [key, { line }] = oldest
    this.devices.delete(key)
    for (const called of line) called()
  }
}

const backoffs = new WeakMap<ApnsConnection["Service"], DeviceBackoff>()

/** A connection, with the devices that all who send over it spare. */
export const withDeviceBackoff = (
  connection: ApnsConnection["Service"],
  devices: DeviceBackoff | undefined
): ApnsConnection["Service"] => {
  if (devices !== undefined) backoffs.set(connection, devices)
  return connection
}

/** The devices of a connection; nothing where it is not this package's own, or it is switched off. */
export const deviceBackoffOf = (connection: ApnsConnection["Service"]): DeviceBackoff | undefined =>
  backoffs.get(connection)
