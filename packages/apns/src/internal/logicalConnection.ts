/**
 * One logical connection to one server: a queue of requests, and a pool of sessions that take them. Plain handlers; Effect
 * begins at `ApnsConnection`.
 */
import * as Duration from "effect/Duration"
import * as MutableList from "effect/MutableList"
import { ConnectionFailed, DeadlinePassed, OutcomeUnknown, type Rejection } from "../Reason.ts"
import { Batch, type Carrier } from "./carrier.ts"
import type { Later } from "./checks.ts"
import type { ConnectionObserver } from "./connectionReport.ts"
import { type AfterReading, atOnce, Deadlines, Due } from "./deadlines.ts"
import { DeviceBackoff, type Waiting } from "./deviceBackoff.ts"
import { closedHere } from "./draining.ts"
import type { LoopTime } from "./growth.ts"
import type { Census } from "./ledger.ts"
import { type Heard, Pace } from "./pace.ts"
import { Pool, type PoolOwner, type PoolSettings } from "./pool.ts"
import { excerpt, goAwayFault, honouredMillis, type Reply, refusalOf } from "./reply.ts"
import type { SlowDownSettings } from "./slowDownSettings.ts"
import type { SteadyNow } from "./steadyClock.ts"
import { type Spent, spentInQueue, spentOnStream } from "./timings.ts"
import type { Connect, Ending, Endpoint, GoAway, Request, SessionFailure, Stream, StreamListener } from "./transport.ts"

export type ConnectionError = ConnectionFailed | DeadlinePassed | OutcomeUnknown | Rejection

/** An answer, and where and when it was had: by the steady clock. */
export interface Response {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
  /** Why it is not whole: its stream or session ended after the status had come. Absent, it is. */
  readonly cut?: string | undefined
  /** Names the session that carried the request, as `host:port#n`. */
  readonly connection: string
  readonly queuedAtMillis: number
  /** When that session took requests; before `queuedAtMillis` where it was open already. */
  readonly readyAtMillis?: number | undefined
  /** When it got a stream. */
  readonly openedAtMillis: number
  /** When the whole request had been handed to the socket, where that is known. */
  readonly writtenAtMillis?: number | undefined
  readonly answeredAtMillis: number
}

/** Who hears what became of a request: one call of one method, maybe before `submit` returns. */
export interface ResponseListener {
  onResponse(response: Response): void
  onError(error: ConnectionError, spent: Spent | undefined): void
}

/**
 * A request that is not settled yet.
 *
 * A class and no literal: V8 comes to allocate literals that live as long as these among the old objects at once, from
 * where, dead, they keep the whole graph of their send alive until the next full collection.
 */
export class Pending extends Due implements StreamListener, Waiting {
  readonly request: Request
  queuedAtMillis: number
  readonly listener: ResponseListener
  private readonly connection: LogicalConnection
  openedAtMillis = 0
  carrier: Carrier | undefined = undefined
  batch: Batch | undefined = undefined
  stream: Stream | undefined = undefined
  place: "outside" | "line" | "queue" | "stream" | "settled" = "outside"
  /** The device in whose line it stands, or whose turn it has. */
  device: string | undefined = undefined

  constructor(
    connection: LogicalConnection,
    request: Request,
    deadlineMillis: number,
    queuedAtMillis: number,
    listener: ResponseListener
  ) {
    super(deadlineMillis)
    this.connection = connection
    this.request = request
    this.queuedAtMillis = queuedAtMillis
    this.listener = listener
  }

  /** Gives the request up: it leaves the queue, or its stream is reset; nobody hears of it any more. */
  cancel(): void {
    this.connection.cancel(this)
  }

  onEnding(ending: Ending): void {
    this.connection.onEnding(this, ending)
  }

  go(): void {
    this.connection.go(this)
  }
}

const devicePath = "/3/device/"

/** Tokens are hexadecimal, and so the same in either case. Broadcasts and channels have none. */
const deviceOf = ({ fields, path }: Request): string | undefined =>
  path.startsWith(devicePath)
    ? `${fields["apns-topic"] ?? ""} ${path.slice(devicePath.length).toLowerCase()}`
    : undefined

const saysShutdown = ({ body, status }: Heard) => status === 503 && body.includes('"Shutdown"')

const describeGoAway = ({ code, debugData }: GoAway) =>
  `GOAWAY, code ${code}${debugData === "" ? "" : `, ${JSON.stringify(excerpt(debugData))}`}`

export class LogicalConnection implements PoolOwner {
  readonly address: string
  private readonly now: SteadyNow
  private readonly wallNow: () => number
  private readonly deadlines: Deadlines<Pending>
  private readonly queue = MutableList.make<Pending>()
  private readonly pool: Pool
  private readonly later: Later
  private readonly pace: Pace
  private readonly devices: DeviceBackoff | undefined
  /** Until when the pace held the queue back, the last time it did. */
  private heldUntilMillis = 0
  private wakeAtMillis = Number.POSITIVE_INFINITY
  private queued = 0
  private closed = false
  /** Requests that are queued or on a stream. */
  private unsettled = 0
  private isDraining = false
  private readonly onSettled = new Set<() => void>()
  private onDrained: (() => void) | undefined

  constructor(options: {
    readonly endpoint: Endpoint
    readonly connect: Connect
    readonly pool: PoolSettings
    readonly slowDown?: SlowDownSettings | undefined
    readonly now: SteadyNow
    /**
     * The time of the day, for the dates that a server names, and for the time that `now` does not count while a machine
     * sleeps. Default: `now`.
     */
    readonly wallNow?: (() => number) | undefined
    readonly later: Later
    readonly afterReading?: AfterReading | undefined
    readonly loopTime: () => LoopTime
    readonly observer?: ConnectionObserver | undefined
  }) {
    const {
      afterReading = atOnce,
      connect,
      endpoint,
      later,
      loopTime,
      now,
      observer,
      pool,
      slowDown = { badTokens: undefined, devices: undefined, outage: undefined },
      wallNow = now
    } = options
    this.now = now
    this.wallNow = wallNow
    this.later = later
    this.pace = new Pace(slowDown, observer)
    this.devices = slowDown.devices && new DeviceBackoff(slowDown.devices, now, later)
    this.address = `${endpoint.host}:${endpoint.port}`
    this.deadlines = new Deadlines(now, later, (pending) => this.expire(pending), afterReading)
    this.pool = new Pool({
      address: this.address,
      endpoint,
      connect,
      settings: pool,
      owner: this,
      now,
      wallNow,
      later,
      afterReading,
      loopTime,
      observer
    })
  }

  /** Opens the first session before a request asks for it. */
  warmUp(): void {
    this.pool.open()
  }

  submit(request: Request, deadlineMillis: number, listener: ResponseListener): Pending {
    const pending = new Pending(this, request, deadlineMillis, this.now(), listener)
    if (this.closed || this.isDraining) {
      this.fail(pending, closedHere(this.address))
    } else if (deadlineMillis <= pending.queuedAtMillis) {
      this.expire(pending)
    } else {
      this.deadlines.add(pending)
      this.unsettled++
      const { devices } = this
      if (devices === undefined || devices.isEmpty || this.admits(devices, pending)) {
        this.enqueue(pending, pending.queuedAtMillis)
      }
    }
    return pending
  }

  /** Whether its device takes it now; else it waits in the line of those for the device. */
  private admits(devices: DeviceBackoff, pending: Pending): boolean {
    const device = deviceOf(pending.request)
    if (device === undefined) return true
    pending.device = device
    if (devices.admits(device, pending, pending.queuedAtMillis)) return true
    pending.place = "line"
    return false
  }

  /** It is the turn of one that stood in a device's line. */
  go(pending: Pending): void {
    if (this.closed || this.isDraining) {
      this.fail(pending, closedHere(this.address))
    } else {
      pending.queuedAtMillis = this.now()
      this.enqueue(pending, pending.queuedAtMillis)
    }
  }

  private enqueue(pending: Pending, nowMillis: number) {
    pending.place = "queue"
    MutableList.append(this.queue, pending)
    this.queued++
    this.pump(nowMillis)
  }

  /** See `Pending.cancel`. */
  cancel(pending: Pending): void {
    if (this.forget(pending)) pending.stream?.cancel()
  }

  /** Opens no more streams on the session of that name; what is open there may finish. */
  retire(connection: string): void {
    this.pool.retire(connection)
  }

  /** The same of all sessions that have carried something. */
  retireUsed(): void {
    this.pool.retireUsed()
  }

  /** Takes no more, and calls back when all there is has been settled; returns how to wait no longer. */
  drain(onSettled: () => void): () => void {
    this.isDraining = true
    // What waits for a device may wait for long.
    this.devices?.forgetAll()
    if (this.unsettled === 0) onSettled()
    else this.onSettled.add(onSettled)
    return () => void this.onSettled.delete(onSettled)
  }

  /** Fails what is queued, and calls back when the last session has drained. */
  close(onDrained: () => void): void {
    this.closed = true
    this.onDrained = onDrained
    this.failQueue(closedHere(this.address))
    this.devices?.forgetAll()
    this.pool.close()
    this.onEmpty()
  }

  /** Ends every session now; requests on them settle as unknown. */
  destroy(): void {
    this.pool.destroy()
  }

  census(): Census {
    const { pace } = this
    const now = this.now()
    const slowed = { badDeviceTokens: pace.isSlowed("badDeviceTokens", now), outage: pace.isSlowed("outage", now) }
    return { queued: this.queued, slowed, ...this.pool.census() }
  }

  /** How many streams the sessions allow together. */
  get streamsAllowed(): number {
    return this.pool.streamsAllowed
  }

  onEmpty(): void {
    if (this.closed && this.pool.isEmpty) this.onDrained?.()
  }

  onCapacity(): void {
    this.pump()
  }

  /** Opens a stream for as many queued requests as the sessions take. */
  private pump(nowMillis = this.now()) {
    while (this.queued > 0) {
      if (this.pace.limited && this.isHeld(nowMillis)) return
      const carrier = this.pool.free(nowMillis)
      if (carrier === undefined) return this.pool.want(nowMillis)
      const pending = MutableList.take(this.queue)
      if (pending === MutableList.Empty) return
      if (pending.place === "settled") continue
      this.queued--
      pending.place = "stream"
      pending.openedAtMillis = nowMillis
      pending.carrier = carrier
      carrier.batch ??= new Batch()
      pending.batch = carrier.batch
      pending.stream = carrier.session.open(pending.request, pending)
      this.pool.asked(carrier, nowMillis)
      if (this.pace.limited) this.pace.opened(nowMillis)
    }
  }

  /** Whether the pace lets nothing out now; it is asked again when it may. */
  private isHeld(nowMillis: number): boolean {
    const untilMillis = this.pace.waitUntil(nowMillis)
    if (untilMillis === 0) return false
    this.heldUntilMillis = untilMillis
    if (untilMillis < this.wakeAtMillis) {
      this.wakeAtMillis = untilMillis
      // An earlier one may have been set since; then this one finds that it is not its turn.
      this.later(Math.max(1, untilMillis - nowMillis), () => {
        if (this.wakeAtMillis !== untilMillis) return
        this.wakeAtMillis = Number.POSITIVE_INFINITY
        this.pump()
      })
    }
    return true
  }

  waitingSinceMillis(): number | undefined {
    for (let head = MutableList.take(this.queue); head !== MutableList.Empty; head = MutableList.take(this.queue)) {
      if (head.place === "settled") continue
      MutableList.prepend(this.queue, head)
      // What is held back is no demand for streams.
      return Math.max(head.queuedAtMillis, this.heldUntilMillis)
    }
    return undefined
  }

  onGoAway(goAway: GoAway): boolean {
    const fault = goAwayFault(goAway.debugData)
    if (fault === undefined) return true
    this.failQueue(fault)
    return false
  }

  onUnreachable(failure: SessionFailure | undefined): void {
    const { sparesAddress: _, ...told } = failure ?? {}
    this.failQueue(
      new ConnectionFailed({
        address: this.address,
        step: "closed",
        problem: "the connection was closed before it was ready",
        cure: "Send it again.",
        transient: true,
        ...told
      })
    )
  }

  /** See `Pending.onEnding`. */
  onEnding(pending: Pending, ending: Ending): void {
    const { carrier, openedAtMillis } = pending
    if (carrier !== undefined) carrier.streams--
    if (ending._tag !== "Answered") {
      if (carrier !== undefined) this.pool.unanswered(carrier, ending, openedAtMillis)
      if (this.pace.limited) {
        this.pace.unanswered(openedAtMillis, this.now())
        this.pump()
      }
      if (pending.place !== "settled") {
        const error = this.errorOf(ending, carrier?.verdict)
        const received = ending._tag === "Reset" || ending._tag === "Lost" ? ending.received : undefined
        if (received === undefined) this.fail(pending, error, ending._tag === "NeverWritten")
        // The status is APNs' word, whatever was to follow it.
        else this.respond(pending, { ...received, cut: `was cut off: ${error.detail}` }, this.now())
      }
      return
    }
    const answeredAtMillis = this.now()
    if (carrier !== undefined) this.pool.answered(carrier, openedAtMillis, answeredAtMillis)
    if (ending.status !== 200 || this.pace.watching) this.heed(ending, carrier, openedAtMillis, answeredAtMillis)
    this.respond(pending, ending, answeredAtMillis)
  }

  private respond(pending: Pending, answer: Reply, answeredAtMillis: number) {
    const { batch, carrier, openedAtMillis, queuedAtMillis } = pending
    const { devices } = this
    if (devices !== undefined && (answer.status === 429 || !devices.isEmpty)) {
      this.note(devices, pending, answer, answeredAtMillis)
    }
    if (!this.forget(pending)) return
    const response: Response = {
      status: answer.status,
      fields: answer.fields,
      body: answer.body,
      connection: carrier?.id ?? this.address,
      queuedAtMillis,
      readyAtMillis: carrier?.readyAtMillis,
      openedAtMillis,
      writtenAtMillis: batch?.writtenAtMillis,
      answeredAtMillis
    }
    pending.listener.onResponse(answer.cut === undefined ? response : { ...response, cut: answer.cut })
  }

  /** What APNs said of a device. */
  private note(devices: DeviceBackoff, { openedAtMillis, request }: Pending, answer: Heard, nowMillis: number) {
    const device = deviceOf(request)
    if (device === undefined) return
    const refusal = answer.status === 429 ? refusalOf(answer, 200, this.wallNow()) : undefined
    if (refusal?._tag === "TooManyRequests") {
      const retryAfterMillis = honouredMillis(answer.fields["retry-after"], this.wallNow())
      devices.refused(device, refusal, retryAfterMillis, openedAtMillis, nowMillis)
    } else if (answer.status < 500) devices.judged(device, openedAtMillis)
  }

  /** An answer that the pace may change with. */
  private heed(answer: Heard, carrier: Carrier | undefined, openedAtMillis: number, nowMillis: number) {
    const { limited } = this.pace
    if (carrier !== undefined && saysShutdown(answer)) {
      // A server tells of itself, of every request that it has: of the environment that says no more than the first one did.
      if (carrier.shuttingDown) this.pace.unanswered(openedAtMillis, nowMillis)
      else this.pace.answered(answer, openedAtMillis, nowMillis, this.wallNow())
      carrier.shuttingDown = true
    } else this.pace.answered(answer, openedAtMillis, nowMillis, this.wallNow())
    if (limited) {
      this.heldUntilMillis = nowMillis
      this.pump(nowMillis)
    }
  }

  private errorOf(
    ending: Exclude<Ending, { readonly _tag: "Answered" }>,
    verdict: string | undefined
  ): ConnectionError {
    const { address } = this
    switch (ending._tag) {
      case "Refused":
        return this.notProcessed("stream", "the server refused the stream")
      case "AboveLastStream":
        return (
          goAwayFault(ending.goAway.debugData) ??
          this.notProcessed("stream", `the server is going away (${describeGoAway(ending.goAway)})`)
        )
      case "NeverWritten":
        return this.notProcessed(
          "closed",
          verdict ?? ending.problem ?? "the connection ended before the notification was written"
        )
      case "Reset":
        return new OutcomeUnknown({ address, problem: `the stream was reset (code ${ending.code})` })
      case "Lost":
        return new OutcomeUnknown({ address, problem: verdict ?? ending.problem })
      case "Cancelled":
        return new OutcomeUnknown({ address, problem: "the stream was cancelled" })
    }
  }

  private notProcessed(step: "stream" | "closed", problem: string) {
    return new ConnectionFailed({ address: this.address, step, problem, cure: "Send it again.", transient: true })
  }

  private expire(pending: Pending) {
    const { device, place } = pending
    const waits = place === "line" || this.pool.readySinceMillis() !== undefined || this.pace.limited
    const stage = pending.stream?.stage ?? (waits ? "queue" : "connect")
    const waited = Duration.millis(this.now() - pending.queuedAtMillis)
    const previous = place === "line" && device !== undefined ? this.devices?.reasonOf(device) : undefined
    pending.stream?.cancel()
    this.fail(pending, new DeadlinePassed({ address: this.address, stage, waited, previous }), stage === "write")
  }

  private failQueue(error: ConnectionError) {
    for (const pending of MutableList.takeAll(this.queue)) {
      this.fail(pending, error)
    }
  }

  private fail(pending: Pending, error: ConnectionError, unwritten = false) {
    if (this.forget(pending)) pending.listener.onError(error, this.spent(pending, unwritten))
  }

  private spent(pending: Pending, unwritten: boolean): Spent {
    const { batch, carrier, openedAtMillis, queuedAtMillis } = pending
    const now = this.now()
    if (carrier === undefined) return spentInQueue(queuedAtMillis, this.pool.readySinceMillis(), now)
    const { readyAtMillis } = carrier
    const writtenAtMillis = batch?.writtenAtMillis
    return spentOnStream({ queuedAtMillis, readyAtMillis, openedAtMillis, writtenAtMillis }, unwritten, now)
  }

  /** Who drains hears of it after the listener of the last request. */
  private settled() {
    queueMicrotask(() => {
      for (const onSettled of this.onSettled) onSettled()
      this.onSettled.clear()
    })
  }

  /** Marks a request as settled; `false` when it already was. */
  private forget(pending: Pending): boolean {
    const { place } = pending
    if (place === "settled") return false
    pending.place = "settled"
    this.deadlines.delete(pending)
    if (pending.device !== undefined) this.devices?.leave(pending.device, pending)
    if (place === "queue") {
      this.queued--
      // Settled requests leave the queue when they reach its head, or when they outnumber those that wait.
      if (this.queue.length > 2 * this.queued + 1024) MutableList.filter(this.queue, (p) => p.place === "queue")
    }
    if (place !== "outside" && --this.unsettled === 0 && this.isDraining) this.settled()
    return true
  }
}
