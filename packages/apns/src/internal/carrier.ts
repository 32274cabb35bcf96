/** One session of a pool, and what is known of it. */
import type { Address } from "./addresses.ts"
import type { Allowance } from "./caution.ts"
import type { Vitals } from "./health.ts"
import type { Connect, Endpoint, GoAway, Route, Session, SessionFailure, SessionListener } from "./transport.ts"

/** Requests that leave together. */
export class Batch {
  /** When all of them had been handed to the socket. */
  writtenAtMillis: number | undefined = undefined
}

/** Who hears of a session. */
export interface CarrierOwner {
  arrange(carrier: Carrier, found: ReadonlyArray<Address>): ReadonlyArray<Address>
  onAttemptFailed(carrier: Carrier, address: string): void
  onReady(carrier: Carrier): void
  onWritten(batch: Batch): void
  onCapacity(carrier: Carrier): void
  onGoAway(carrier: Carrier, goAway: GoAway): void
  onEnd(carrier: Carrier, failure: SessionFailure | undefined): void
}

export class Carrier implements SessionListener, Route, Vitals {
  /** As `host:port#n`. */
  readonly id: string
  /** Opened beside others, because those were full. */
  readonly surplus: boolean
  readonly session: Session
  readonly allowance: Allowance
  private readonly owner: CarrierOwner
  /** Which of the host's addresses it has, or tries; `undefined` while that is not known, or not ours to choose. */
  address: string | undefined = undefined
  /** Whether that address is avoided because of this session. */
  blamed = false
  goAway: GoAway | undefined = undefined
  /** It has answered that its server is shutting down. */
  shuttingDown = false
  ready = false
  readyAtMillis: number | undefined = undefined
  /** Of the requests that have not left yet. */
  batch: Batch | undefined = undefined
  /** Since when it has answered; a session that never has counts as a failed connect. */
  provenAtMillis: number | undefined = undefined
  /** Why it was ended from here. */
  verdict: string | undefined = undefined
  streams = 0
  /** How many streams it has carried, and whether that is nearly as many as it can. */
  opened = 0
  rotating = false
  heardAtMillis = 0
  unheard = false
  askedAtMillis = 0
  pingedAtMillis: number | undefined = undefined
  /** When it is examined next, and how to call that off. */
  checkAtMillis = Number.POSITIVE_INFINITY
  cancelCheck: (() => void) | undefined = undefined

  constructor(
    id: string,
    surplus: boolean,
    allowance: Allowance,
    owner: CarrierOwner,
    connect: Connect,
    endpoint: Endpoint
  ) {
    this.id = id
    this.surplus = surplus
    this.allowance = allowance
    this.owner = owner
    this.session = connect(endpoint, this, this)
  }

  /** A sign of life. */
  heard(nowMillis: number): void {
    this.heardAtMillis = nowMillis
    this.unheard = false
    this.pingedAtMillis = undefined
  }

  arrange(found: ReadonlyArray<Address>): ReadonlyArray<Address> {
    return this.owner.arrange(this, found)
  }

  onAttempt(address: string): void {
    this.address = address
    this.blamed = false
  }

  onConnected(address: string): void {
    if (address !== this.address) this.onAttempt(address)
  }

  onAttemptFailed(address: string): void {
    this.owner.onAttemptFailed(this, address)
  }

  onReady(): void {
    this.ready = true
    this.owner.onReady(this)
  }

  onWritten(): void {
    const { batch } = this
    if (batch === undefined) return
    this.batch = undefined
    this.owner.onWritten(batch)
  }

  onCapacity(): void {
    this.owner.onCapacity(this)
  }

  onGoAway(goAway: GoAway): void {
    this.owner.onGoAway(this, goAway)
  }

  onEnd(failure: SessionFailure | undefined): void {
    this.owner.onEnd(this, failure)
  }
}
