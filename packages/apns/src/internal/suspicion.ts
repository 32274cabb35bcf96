/**
 * What `sendAll` makes of the faults that its notifications meet: whether the rest is worth sending. Of each target and of
 * each topic by itself. What APNs says of credentials while it takes others with them counts once another notification has
 * met it as well, for one of its servers may err alone; where nothing was accepted before, once nothing is that is under
 * way. Until then the others wait. Plain handlers.
 */
import type { ApnsError } from "../ApnsError.ts"
import type { Notification } from "../Notification.ts"
import { Halted, type Reason } from "../Reason.ts"
import { isSaid, scopeOf, topicOf } from "./fault.ts"

/** A notification on its way, or that waits. */
export interface Suspect {
  readonly notification: Notification
  /** Counts up in the order of starting. */
  readonly number: number
}

/** What is done with those that waited. */
export interface Release<S> {
  /** How many are on their way. */
  readonly underWay: number
  go(suspect: S): void
  halt(suspect: S, halted: Halted): void
}

interface Suspicion<S> {
  readonly reason: Reason
  /** Of the one that met it: what was started before may have gone through when all was well. */
  readonly number: number
  /** Whether one is to go out and tell; else those do that are on their way. */
  probing: boolean
  /** The one that is to tell. */
  probe: S | undefined
  /** How many of those were tried and told nothing. */
  silent: number
  readonly waiting: Array<S>
}

/** After so many that tell nothing there is no fault to be seen. */
const patience = 3

/** APNs took the credentials and the topic. */
const tellsOfHealth = (reason: Reason): boolean => "status" in reason && reason.status === 410

export class Suspicions<S extends Suspect> {
  private readonly targetOf: (notification: Notification) => string | undefined
  private readonly release: Release<S>
  private readonly halted = new Map<string, Halted>()
  private readonly open = new Map<string, Suspicion<S>>()
  /** Something was accepted. */
  private proven = false

  constructor(targetOf: (notification: Notification) => string | undefined, release: Release<S>) {
    this.targetOf = targetOf
    this.release = release
  }

  /** While it is, everything goes out. */
  get none(): boolean {
    return this.open.size === 0 && this.halted.size === 0
  }

  /** Whether it may go out. Else it is halted, now or later, or goes when it may. */
  admits(suspect: S): boolean {
    const keys = this.keysOf(suspect, this.targetOf(suspect.notification))
    for (const key of keys) {
      const halted = this.halted.get(key)
      if (halted !== undefined) {
        this.release.halt(suspect, halted)
        return false
      }
      const suspicion = this.open.get(key)
      if (suspicion !== undefined && (!suspicion.probing || suspicion.probe !== undefined)) {
        suspicion.waiting.push(suspect)
        return false
      }
    }
    for (const key of keys) {
      const suspicion = this.open.get(key)
      if (suspicion !== undefined) suspicion.probe = suspect
    }
    return true
  }

  accepted(suspect: S): void {
    this.proven = true
    if (this.open.size === 0) return
    const keys = this.keysOf(suspect, this.targetOf(suspect.notification))
    for (const [key, suspicion] of [...this.open]) {
      if (keys.includes(key)) this.clear(key, suspect)
      else if (!suspicion.probing) {
        // Others go on: those on their way may be theirs.
        suspicion.probing = true
        this.letGo(suspicion.waiting.splice(0, 1))
      }
    }
    this.conclude()
  }

  failed(suspect: S, { attempts, reason, target }: ApnsError): void {
    const scope = scopeOf(reason)
    if (scope === undefined && this.open.size === 0) return
    const [all, topic] = this.keysOf(suspect, target)
    const met = scope === "all" ? all : scope === "topic" ? topic : undefined
    for (const key of [all, topic]) {
      if (key === met) this.meet(key, suspect, reason)
      else if (tellsOfHealth(reason)) this.clear(key, suspect)
      else this.toldNothing(key, suspect, attempts !== 0)
    }
    this.conclude()
  }

  /** Nothing more is found out: those that wait are not sent. */
  haltWaiting(): void {
    for (const [key, { reason }] of [...this.open]) this.halt(key, reason)
  }

  /** Nothing is on its way that could tell more. */
  private conclude() {
    if (this.release.underWay > 0) return
    for (const [key, { probing, reason }] of [...this.open]) if (!probing) this.halt(key, reason)
  }

  private meet(key: string, suspect: S, reason: Reason) {
    if (this.halted.has(key)) return
    const suspicion = this.open.get(key)
    if (!isSaid(reason) || suspicion?.probe === suspect) return this.halt(key, reason)
    if (suspicion !== undefined) return
    const { number } = suspect
    this.open.set(key, { reason, number, probing: this.proven, probe: undefined, silent: 0, waiting: [] })
  }

  private halt(key: string, by: Reason) {
    const halted = new Halted({ by })
    this.halted.set(key, halted)
    for (const waiting of this.close(key)) this.release.halt(waiting, halted)
  }

  private clear(key: string, { number }: S) {
    const suspicion = this.open.get(key)
    if (suspicion !== undefined && number > suspicion.number) this.letGo(this.close(key))
  }

  private toldNothing(key: string, suspect: S, tried: boolean) {
    const suspicion = this.open.get(key)
    if (suspicion === undefined || suspicion.probe !== suspect) return
    suspicion.probe = undefined
    if (tried && ++suspicion.silent >= patience) return this.letGo(this.close(key))
    this.letGo(suspicion.waiting.splice(0, 1))
  }

  private letGo(waiting: ReadonlyArray<S>) {
    for (const suspect of waiting) if (this.admits(suspect)) this.release.go(suspect)
  }

  private close(key: string): ReadonlyArray<S> {
    const waiting = this.open.get(key)?.waiting ?? []
    this.open.delete(key)
    return waiting
  }

  /** Of all that goes to its target, and of its topic there. */
  private keysOf({ notification }: S, target = ""): readonly [all: string, topic: string] {
    return [target, `${target}\n${topicOf(notification)}`]
  }
}
