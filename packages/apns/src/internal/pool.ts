/**
 * The sessions of a logical connection: which of them take streams, when one more is opened, whether they are alive.
 * Plain handlers; the decisions are in growth.ts, health.ts, caution.ts and standstill.ts.
 */
import * as Duration from "effect/Duration"
import { type Address, Addresses } from "./addresses.ts"
import { backoffMillis } from "./backoff.ts"
import { type Batch, Carrier, type CarrierOwner } from "./carrier.ts"
import { Caution } from "./caution.ts"
import { type CheckOwner, Checks, type Later } from "./checks.ts"
import type { ConnectionObserver } from "./connectionReport.ts"
import type { AfterReading } from "./deadlines.ts"
import { growAtMillis, idleShare, type LoopTime, smoothed, waitMillis } from "./growth.ts"
import type { HealthSettings } from "./health.ts"
import type { Census } from "./ledger.ts"
import { Standstill } from "./standstill.ts"
import {
  type Connect,
  type Ending,
  type Endpoint,
  enhanceYourCalm,
  type GoAway,
  type SessionFailure
} from "./transport.ts"

export interface PoolSettings extends HealthSettings {
  readonly maxSessions: number
  /** How many streams a session carries in its life. Default: as many as there are identifiers (RFC 9113, 5.1.1). */
  readonly maxStreamsPerSession?: number | undefined
}

/** Whose requests the sessions carry. */
export interface PoolOwner {
  /** Since when the head of the queue has waited; `undefined` while nothing waits. */
  waitingSinceMillis(): number | undefined
  /** A request that waits may find a session now, or one has to be opened for it. */
  onCapacity(): void
  /** Returns whether another session may fare better. */
  onGoAway(goAway: GoAway): boolean
  /** There is no session, and the last one never came to be. */
  onUnreachable(failure: SessionFailure | undefined): void
  /** The last session has ended. */
  onEmpty(): void
}

const allIdentifiers = 2 ** 30
/** The queue is not looked at more often than this; in less time, nothing could be said of the event loop either. */
const minPauseMillis = 10
/** A program that has sent this lately sends again, likelier than not. */
const recentMillis = 10_000

/** How many identifiers are left when the next session is asked for: a 16th, or what goes out in the time of a handshake. */
const rotationMargin = (maxStreams: number) => Math.min(Math.floor(maxStreams / 16), 2 ** 16)

export class Pool implements CarrierOwner, CheckOwner {
  private readonly address: string
  private readonly endpoint: Endpoint
  private readonly connect: Connect
  private readonly settings: PoolSettings
  private readonly maxStreams: number
  private readonly rotateAt: number
  private readonly owner: PoolOwner
  private readonly now: () => number
  private readonly later: Later
  private readonly checks: Checks
  private readonly loopTime: () => LoopTime
  private readonly observer: ConnectionObserver | undefined
  /** All that have not ended. */
  private readonly carriers = new Set<Carrier>()
  /** Those that take streams, or will, in the order of opening; those that are to be replaced last. */
  private readonly active: Array<Carrier> = []
  private sessions = 0
  private closed = false
  private waitingToConnect = false
  private failures = 0
  private waitingToGrow = false
  /** Of the event loop, when the pool began to wait before it grows. */
  private loopTimeThen: LoopTime | undefined
  private growthFailures = 0
  private growNotBeforeMillis = 0
  private roundTripMillis = 0
  private readonly addresses = new Addresses()
  private readonly caution = new Caution()
  private waitingForCalm = false
  private readonly standstill: Standstill

  constructor(options: {
    readonly address: string
    readonly endpoint: Endpoint
    readonly connect: Connect
    readonly settings: PoolSettings
    readonly owner: PoolOwner
    readonly now: () => number
    readonly wallNow: () => number
    readonly later: Later
    readonly afterReading: AfterReading
    readonly loopTime: () => LoopTime
    readonly observer?: ConnectionObserver | undefined
  }) {
    this.address = options.address
    this.endpoint = options.endpoint
    this.connect = options.connect
    this.settings = options.settings
    this.maxStreams = options.settings.maxStreamsPerSession ?? allIdentifiers
    this.rotateAt = this.maxStreams - rotationMargin(this.maxStreams)
    this.owner = options.owner
    this.now = options.now
    this.standstill = new Standstill(options.settings, options.wallNow)
    this.later = options.later
    this.checks = new Checks(options.settings, options.now, options.later, options.afterReading, this)
    this.loopTime = options.loopTime
    this.observer = options.observer
  }

  get isEmpty(): boolean {
    return this.carriers.size === 0
  }

  /** Since when a session has been there, full as it may be; `undefined` while there is none. */
  readySinceMillis(): number | undefined {
    let since: number | undefined
    for (const { readyAtMillis } of this.active) {
      if (readyAtMillis !== undefined && (since === undefined || readyAtMillis < since)) since = readyAtMillis
    }
    return since
  }

  /** A session that takes a stream now: of those that do, the oldest, so that those that are not needed fall idle. */
  free(nowMillis: number): Carrier | undefined {
    if (nowMillis < this.caution.calmUntilMillis) return undefined
    this.standstill.notice(nowMillis)
    for (const carrier of this.active) {
      const { allowance, ready, session, streams } = carrier
      if (!ready || streams >= allowance.limit || session.openable === 0) continue
      if (!this.standstill.doubts(carrier, nowMillis)) return carrier
      if (carrier.pingedAtMillis === undefined) this.checks.ping(carrier, nowMillis)
    }
    return undefined
  }

  /** No session takes what waits: opens one, now or later, when there is none or when those there are do not suffice. */
  want(nowMillis: number): void {
    if (this.active.length === 0) this.open()
    else if (nowMillis < this.caution.calmUntilMillis) this.waitForCalm(nowMillis)
    else if (!this.waitingToGrow && this.hasPlace(nowMillis)) this.considerGrowth(nowMillis)
  }

  private waitForCalm(nowMillis: number) {
    if (this.waitingForCalm) return
    this.waitingForCalm = true
    this.later(this.caution.calmUntilMillis - nowMillis, () => {
      this.waitingForCalm = false
      this.owner.onCapacity()
    })
  }

  /** Opens the first session; after failures, not at once. */
  open(): void {
    if (this.waitingToConnect || this.closed || this.active.length > 0) return
    const failures = Math.max(this.failures, this.caution.failures)
    const delay = backoffMillis(failures, Math.random())
    if (delay === 0) {
      this.openNow(false)
      return
    }
    this.waitingToConnect = true
    this.observer?.onBackoff(delay, failures)
    this.later(delay, () => {
      this.waitingToConnect = false
      const needed = this.owner.waitingSinceMillis() !== undefined && this.active.length === 0
      if (needed && !this.closed) this.openNow(false)
    })
  }

  private considerGrowth(nowMillis: number) {
    if (this.closed) return
    if (this.active.every((one) => one.ready && this.standstill.doubts(one, nowMillis)))
      return this.openBeside(nowMillis)
    if (this.caution.careful) return
    let provenSinceMillis = 0
    for (const { provenAtMillis } of this.active) {
      // One at a time: this one may be enough.
      if (provenAtMillis === undefined) return
      provenSinceMillis = Math.max(provenSinceMillis, provenAtMillis)
    }
    const waitingSinceMillis = this.owner.waitingSinceMillis()
    if (waitingSinceMillis === undefined) return
    const { growNotBeforeMillis, loopTimeThen, roundTripMillis } = this
    const demand = { waitingSinceMillis, provenSinceMillis, roundTripMillis }
    const growAt = (idle: number) => Math.max(growAtMillis(demand, idle), growNotBeforeMillis)
    let delay = growAt(1) - nowMillis
    // Sessions that bring nothing are silent, or the network is: one more would hang there, too. An answer comes back here.
    if (delay <= 0 && this.active.every(({ heardAtMillis }) => heardAtMillis < waitingSinceMillis)) return
    if (delay <= 0 && loopTimeThen !== undefined) {
      delay = growAt(idleShare(loopTimeThen, this.loopTime())) - nowMillis
    }
    this.loopTimeThen = undefined
    if (delay <= 0) return this.openNow(true)
    this.loopTimeThen = this.loopTime()
    this.growLater(delay === Number.POSITIVE_INFINITY ? waitMillis(roundTripMillis) : Math.max(delay, minPauseMillis))
  }

  /** All sessions may be dead: the next one is opened beside them when they have had the time for a sign of life. */
  private openBeside(nowMillis: number) {
    const waitingSinceMillis = this.owner.waitingSinceMillis()
    if (waitingSinceMillis === undefined) return
    const atMillis = Math.max(waitingSinceMillis + waitMillis(this.roundTripMillis), this.growNotBeforeMillis)
    if (nowMillis >= atMillis) this.openNow(true)
    else this.growLater(Math.max(atMillis - nowMillis, minPauseMillis))
  }

  private growLater(pauseMillis: number) {
    this.waitingToGrow = true
    this.later(pauseMillis, () => {
      this.waitingToGrow = false
      this.owner.onCapacity()
    })
  }

  private openNow(surplus: boolean) {
    const id = `${this.address}#${++this.sessions}`
    this.observer?.onOpening(id)
    const carrier = new Carrier(id, surplus, this.caution.allowance(), this, this.connect, this.endpoint)
    this.carriers.add(carrier)
    // Before those that it replaces, so that it is given the streams.
    const index = this.active.findIndex(({ rotating }) => rotating)
    this.active.splice(index < 0 ? this.active.length : index, 0, carrier)
  }

  /** Whether a session more is allowed. One that is about to be replaced, or may be, does not count: its replacement does. */
  private hasPlace(nowMillis: number): boolean {
    let count = 0
    for (const one of this.active) if (!one.rotating && !(one.ready && this.standstill.doubts(one, nowMillis))) count++
    return count < this.settings.maxSessions
  }

  /** How many streams the sessions allow together, whatever of them is taken. */
  get streamsAllowed(): number {
    let allowed = 0
    for (const { allowance, ready, session, streams } of this.active) {
      if (ready) allowed += Math.min(allowance.limit, streams + session.openable)
    }
    return allowed
  }

  census(): Omit<Census, "queued" | "slowed"> {
    let inFlight = 0
    let ready = 0
    for (const carrier of this.carriers) inFlight += carrier.streams
    for (const carrier of this.active) if (carrier.ready) ready++
    return {
      inFlight,
      connecting: this.active.length - ready,
      ready,
      draining: this.carriers.size - this.active.length,
      streamsAllowed: this.streamsAllowed,
      addressesAvoided: this.addresses.avoidedAt(this.now())
    }
  }

  /** A stream is opened on it. */
  asked(carrier: Carrier, nowMillis: number): void {
    carrier.streams++
    if (!carrier.unheard) {
      carrier.unheard = true
      carrier.askedAtMillis = nowMillis
      const silentAtMillis = nowMillis + this.settings.silencePingMillis
      if (silentAtMillis < carrier.checkAtMillis) this.checks.watch(carrier, silentAtMillis)
    }
    if (++carrier.opened >= this.rotateAt) this.rotate(carrier, nowMillis)
  }

  /** Its identifiers come to an end: another session takes over as soon as it has answered. */
  private rotate(carrier: Carrier, nowMillis: number) {
    carrier.rotating = true
    if (carrier.opened >= this.maxStreams) return this.rest(carrier)
    const index = this.active.indexOf(carrier)
    if (index >= 0 && this.active.every(({ rotating }) => rotating) && nowMillis >= this.growNotBeforeMillis) {
      this.openNow(true)
    }
  }

  /** A stream of it has its answer. */
  answered(carrier: Carrier, openedAtMillis: number, nowMillis: number): void {
    this.failures = 0
    if (carrier.provenAtMillis === undefined) {
      carrier.provenAtMillis = nowMillis
      if (carrier.surplus) this.growthFailures = 0
      if (carrier.address !== undefined) this.addresses.proven(carrier.address)
      for (const one of [...this.active]) if (one.rotating && !carrier.rotating) this.rest(one)
    }
    carrier.heard(nowMillis)
    if (carrier.allowance.counts(openedAtMillis)) this.trust(carrier, nowMillis)
    this.roundTripMillis = smoothed(this.roundTripMillis, nowMillis - openedAtMillis)
  }

  private trust(carrier: Carrier, nowMillis: number) {
    const { allowance } = carrier
    this.caution.answered()
    if (allowance.answered() && this.active.includes(carrier))
      this.checks.ping(carrier, nowMillis, () => allowance.widen())
  }

  /** A stream of it ended without one. */
  unanswered(carrier: Carrier, ending: Ending, openedAtMillis: number): void {
    if (ending._tag === "Lost") carrier.allowance.lost++
    if (ending._tag === "Reset" && ending.code === enhanceYourCalm && ending.initiator !== "local") {
      this.calm(openedAtMillis)
    }
  }

  /** The server asks for calm. */
  private calm(openedAtMillis: number) {
    const now = this.now()
    if (!this.caution.calm(openedAtMillis, now, Math.random())) return
    for (const { allowance } of this.active) allowance.narrow(now)
  }

  /** Opens no more streams on the session of that name; what is open there may finish. */
  retire(id: string): void {
    const carrier = this.active.find((one) => one.id === id)
    if (carrier === undefined) return
    this.rest(carrier)
    this.owner.onCapacity()
  }

  /** Opens no more streams on those that have opened some. */
  retireUsed(): void {
    for (const carrier of [...this.active]) if (carrier.opened > 0) this.rest(carrier)
    this.owner.onCapacity()
  }

  close(): void {
    this.closed = true
    this.active.length = 0
    for (const carrier of this.carriers) carrier.session.close()
  }

  destroy(): void {
    for (const carrier of this.carriers) carrier.session.destroy()
  }

  arrange(carrier: Carrier, found: ReadonlyArray<Address>): ReadonlyArray<Address> {
    const sessions = new Map<string, number>()
    for (const { address, blamed } of this.carriers) {
      if (address !== undefined && !blamed) sessions.set(address, (sessions.get(address) ?? 0) + 1)
    }
    const ordered = this.addresses.inOrder(found, sessions, this.now())
    // Until the runtime says which one it tries: others may be opened meanwhile.
    carrier.address = ordered[0]?.address
    return ordered
  }

  onAttemptFailed(carrier: Carrier, address: string): void {
    if (carrier.verdict !== undefined || this.closed) return
    if (carrier.address === address) this.blame(carrier)
    else this.avoid(address)
  }

  /** Avoids the address of a session, once for each. */
  private blame(carrier: Carrier) {
    if (carrier.address === undefined || carrier.blamed) return
    carrier.blamed = true
    this.avoid(carrier.address)
  }

  private avoid(address: string) {
    const millis = this.addresses.failed(address, this.now(), Math.random())
    this.observer?.onAvoiding(address, millis)
  }

  onReady(carrier: Carrier): void {
    const now = this.now()
    carrier.readyAtMillis = now
    carrier.heard(now)
    this.observer?.onReady(carrier.id, carrier.address)
    this.checks.watch(carrier, now + this.settings.idlePingMillis)
    this.owner.onCapacity()
  }

  onWritten(batch: Batch): void {
    batch.writtenAtMillis = this.now()
  }

  onCapacity(carrier: Carrier): void {
    if (this.active.includes(carrier)) this.owner.onCapacity()
  }

  onGoAway(carrier: Carrier, goAway: GoAway): void {
    // A graceful shutdown takes two frames (RFC 9113, 6.8); it is one failure.
    const taking = this.active.includes(carrier)
    this.deactivate(carrier)
    this.countFailure(carrier)
    if (carrier.goAway === undefined) {
      this.observer?.onGoAway(carrier.id, goAway)
      if (goAway.code === enhanceYourCalm) this.calm(Number.POSITIVE_INFINITY)
    }
    carrier.goAway = goAway
    const replaceable = this.owner.onGoAway(goAway)
    carrier.session.close()
    this.owner.onCapacity()
    if (taking && replaceable) this.succeed(carrier)
  }

  /** Opens the successor of a session that was in use, before anything waits for it. */
  private succeed({ askedAtMillis, provenAtMillis, streams }: Carrier) {
    const now = this.now()
    if (provenAtMillis === undefined || (streams === 0 && now - askedAtMillis >= recentMillis)) return
    if (this.active.length === 0) return this.open()
    // One at a time, as when the pool grows: it is told to go by a server that may tell so to all.
    const busy = this.active.some((one) => one.provenAtMillis === undefined)
    const notBeforeMillis = Math.max(this.growNotBeforeMillis, this.caution.calmUntilMillis)
    if (!busy && this.hasPlace(now) && !this.closed && now >= notBeforeMillis) this.openNow(true)
  }

  onEnd(carrier: Carrier, failure: SessionFailure | undefined): void {
    carrier.cancelCheck?.()
    this.carriers.delete(carrier)
    const wanted = this.active.includes(carrier)
    const lost = carrier.verdict === undefined ? failure : silent(carrier.verdict)
    const expected = this.closed || carrier.verdict === unneeded || (!wanted && lost === undefined)
    const unproven = carrier.provenAtMillis === undefined && carrier.goAway === undefined
    if (!expected && unproven && failure?.sparesAddress !== true) this.blame(carrier)
    this.observer?.onEnded(carrier.id, expected ? "closed" : carrier.ready ? "lost" : "failed", lost, carrier.address)
    this.deactivate(carrier)
    this.countFailure(carrier)
    // One that said GOAWAY has lost nothing by it.
    const { allowance, readyAtMillis } = carrier
    const isLost = !expected && carrier.verdict === undefined && carrier.goAway === undefined
    if (isLost && readyAtMillis !== undefined) this.caution.ended(allowance, readyAtMillis, this.now())
    // After a GOAWAY, the queue may wait for another session already.
    if (!carrier.ready && this.active.length === 0 && !this.closed) this.owner.onUnreachable(failure)
    if (this.isEmpty) this.owner.onEmpty()
    this.owner.onCapacity()
  }

  private countFailure({ goAway, provenAtMillis, surplus, verdict }: Carrier) {
    if (goAway !== undefined || provenAtMillis !== undefined || verdict === unneeded) return
    if (!surplus || this.active.length === 0) this.failures++
    else {
      this.growNotBeforeMillis = this.now() + backoffMillis(++this.growthFailures, Math.random())
    }
  }

  private deactivate(carrier: Carrier) {
    const index = this.active.indexOf(carrier)
    if (index >= 0) this.active.splice(index, 1)
  }

  /** Opens no more streams on it. */
  private rest(carrier: Carrier) {
    this.deactivate(carrier)
    carrier.session.close()
  }

  isThere(carrier: Carrier): boolean {
    return this.carriers.has(carrier)
  }

  isKept(carrier: Carrier): boolean {
    return carrier === this.active[0]
  }

  onAlive(): void {
    this.owner.onCapacity()
  }

  /** Others suffice, or it was to close and does not. */
  onIdle(carrier: Carrier): void {
    carrier.verdict = unneeded
    if (this.active.includes(carrier)) {
      this.rest(carrier)
      this.checks.watch(carrier, this.now() + this.settings.pingTimeoutMillis)
    } else {
      carrier.session.destroy()
    }
  }

  /** The next session is asked for before this one has ended. */
  onDead(carrier: Carrier): void {
    const { pingTimeoutMillis } = this.settings
    carrier.verdict = `the server gave no sign of life within ${Duration.format(Duration.millis(pingTimeoutMillis))}`
    this.blame(carrier)
    this.observer?.onSilent(carrier.id)
    this.deactivate(carrier)
    carrier.session.destroy()
    this.owner.onCapacity()
  }
}

const unneeded = "the connection was not needed any more"

const silent = (problem: string): SessionFailure => ({
  step: "closed",
  problem,
  cure: "Send it again.",
  transient: true
})
