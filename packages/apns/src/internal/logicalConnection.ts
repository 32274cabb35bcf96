/**
 * One logical connection to one server: a queue of requests, at most one session that takes them, and sessions that are
 * draining. Plain handlers; Effect begins at `ApnsConnection`.
 */
import * as Duration from "effect/Duration"
import * as MutableList from "effect/MutableList"
import { ConnectionFailed, DeadlinePassed, OutcomeUnknown, type Rejection } from "../Reason.ts"
import type { ConnectionObserver } from "./connectionReport.ts"
import { type After, Deadlines, Due } from "./deadlines.ts"
import type { Census } from "./ledger.ts"
import { excerpt, goAwayRejection } from "./reply.ts"
import type {
  Connect,
  Ending,
  Endpoint,
  GoAway,
  Request,
  Session,
  SessionFailure,
  Stream,
  StreamListener
} from "./transport.ts"

export type ConnectionError = ConnectionFailed | DeadlinePassed | OutcomeUnknown | Rejection

/** An answer, and where and when it was had. */
export interface Response {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
  /** Names the session that carried the request, as `host:port#n`. */
  readonly connection: string
  readonly queuedAtMillis: number
  readonly openedAtMillis: number
  readonly answeredAtMillis: number
}

/** Who hears what became of a request: one call of one method, maybe before `submit` returns. */
export interface ResponseListener {
  onResponse(response: Response): void
  onError(error: ConnectionError): void
}

/**
 * A request that is not settled yet.
 *
 * A class and no literal: V8 comes to allocate literals that live as long as these among the old objects at once, from
 * where, dead, they keep the whole graph of their send alive until the next full collection.
 */
export class Pending extends Due implements StreamListener {
  readonly request: Request
  readonly queuedAtMillis: number
  readonly listener: ResponseListener
  private readonly connection: LogicalConnection
  openedAtMillis = 0
  carrier: Carrier | undefined = undefined
  stream: Stream | undefined = undefined
  place: "outside" | "queue" | "stream" | "settled" = "outside"

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
}

interface Carrier {
  readonly id: string
  readonly session: Session
  goAway: GoAway | undefined
  ready: boolean
  /** Whether it has answered anything; a session that has not counts as a failed connect. */
  fruitful: boolean
  /** Requests that have a stream here and are not settled. */
  open: number
}

const firstBackoffMillis = 100
const maxBackoffMillis = 10_000

/** How long to wait before connecting again after `failures` in a row: doubling from 100 ms to 10 s, ±20 %. */
const backoffMillis = (failures: number, random: number) =>
  failures === 0 ? 0 : Math.min(maxBackoffMillis, firstBackoffMillis * 2 ** (failures - 1)) * (0.8 + 0.4 * random)

const describeGoAway = ({ code, debugData }: GoAway) =>
  `GOAWAY, code ${code}${debugData === "" ? "" : `, ${JSON.stringify(excerpt(debugData))}`}`

export class LogicalConnection {
  readonly address: string
  private readonly endpoint: Endpoint
  private readonly connect: Connect
  private readonly now: () => number
  private readonly after: After
  private readonly observer: ConnectionObserver | undefined
  private readonly deadlines: Deadlines<Pending>
  private readonly queue = MutableList.make<Pending>()
  private readonly carriers = new Set<Carrier>()
  private current: Carrier | undefined
  private waitingToConnect = false
  private failures = 0
  private queued = 0
  private sessions = 0
  private closed = false
  private onDrained: (() => void) | undefined

  constructor(options: {
    readonly endpoint: Endpoint
    readonly connect: Connect
    readonly now: () => number
    readonly after: After
    readonly observer?: ConnectionObserver | undefined
  }) {
    this.endpoint = options.endpoint
    this.connect = options.connect
    this.now = options.now
    this.after = options.after
    this.observer = options.observer
    this.address = `${options.endpoint.host}:${options.endpoint.port}`
    this.deadlines = new Deadlines(options.now, options.after, (pending) => this.expire(pending))
  }

  submit(request: Request, deadlineMillis: number, listener: ResponseListener): Pending {
    const pending = new Pending(this, request, deadlineMillis, this.now(), listener)
    if (this.closed) {
      this.fail(pending, this.closedError())
    } else if (deadlineMillis <= pending.queuedAtMillis) {
      this.expire(pending)
    } else {
      this.deadlines.add(pending)
      pending.place = "queue"
      MutableList.append(this.queue, pending)
      this.queued++
      this.pump(pending.queuedAtMillis)
    }
    return pending
  }

  /** See `Pending.cancel`. */
  cancel(pending: Pending): void {
    if (this.forget(pending)) pending.stream?.cancel()
  }

  /** Opens no more streams on the session of that name; what is open there may finish. */
  retire(connection: string): void {
    const { current } = this
    if (current?.id !== connection) return
    this.current = undefined
    current.session.close()
    this.pump()
  }

  /** Fails what is queued, and calls back when the last session has drained. */
  close(onDrained: () => void): void {
    this.closed = true
    this.onDrained = onDrained
    this.failQueue(this.closedError())
    this.current = undefined
    for (const carrier of this.carriers) carrier.session.close()
    this.checkDrained()
  }

  /** Ends every session now; requests on them settle as unknown. */
  destroy(): void {
    for (const carrier of this.carriers) carrier.session.destroy()
  }

  census(): Census {
    let inFlight = 0
    let connecting = 0
    let ready = 0
    let draining = 0
    let streamsAllowed = 0
    for (const carrier of this.carriers) {
      inFlight += carrier.open
      if (carrier !== this.current) draining++
      else if (!carrier.ready) connecting++
      else {
        ready++
        streamsAllowed += carrier.open + carrier.session.openable
      }
    }
    return { queued: this.queued, inFlight, connecting, ready, draining, streamsAllowed }
  }

  private checkDrained() {
    if (this.closed && this.carriers.size === 0) this.onDrained?.()
  }

  /** Opens a stream for as many queued requests as the session takes. */
  private pump(nowMillis = this.now()) {
    while (this.queued > 0) {
      const carrier = this.current
      if (carrier === undefined) return this.openSession()
      if (!carrier.ready || carrier.session.openable === 0) return
      const pending = MutableList.take(this.queue)
      if (pending === MutableList.Empty) return
      if (pending.place === "settled") continue
      this.queued--
      pending.place = "stream"
      pending.openedAtMillis = nowMillis
      pending.carrier = carrier
      carrier.open++
      pending.stream = carrier.session.open(pending.request, pending)
    }
  }

  private openSession() {
    if (this.waitingToConnect || this.closed) return
    const delay = backoffMillis(this.failures, Math.random())
    if (delay === 0) return this.openSessionNow()
    this.waitingToConnect = true
    this.observer?.onBackoff(delay, this.failures)
    this.after(delay, () => {
      this.waitingToConnect = false
      if (this.queued > 0 && this.current === undefined && !this.closed) this.openSessionNow()
    })
  }

  private openSessionNow() {
    const id = `${this.address}#${++this.sessions}`
    this.observer?.onOpening(id)
    const carrier: Carrier = {
      id,
      goAway: undefined,
      ready: false,
      fruitful: false,
      open: 0,
      session: this.connect(this.endpoint, {
        onReady: () => {
          carrier.ready = true
          this.observer?.onReady(id)
          this.pump()
        },
        onCapacity: () => {
          if (this.current === carrier) this.pump()
        },
        onGoAway: (goAway) => this.onGoAway(carrier, goAway),
        onEnd: (failure) => this.onSessionEnd(carrier, failure)
      })
    }
    this.carriers.add(carrier)
    this.current = carrier
  }

  private onGoAway(carrier: Carrier, goAway: GoAway) {
    // A graceful shutdown takes two frames (RFC 9113, 6.8); it is one failure.
    if (carrier.goAway === undefined) {
      if (!carrier.fruitful) this.failures++
      this.observer?.onGoAway(carrier.id, goAway)
    }
    carrier.goAway = goAway
    if (this.current === carrier) this.current = undefined
    const rejection = goAwayRejection(goAway.debugData)
    if (rejection?.action === "fixConfig") this.failQueue(rejection)
    carrier.session.close()
    this.pump()
  }

  private onSessionEnd(carrier: Carrier, failure: SessionFailure | undefined) {
    this.carriers.delete(carrier)
    const expected = this.closed || (this.current !== carrier && failure === undefined)
    this.observer?.onEnded(carrier.id, expected ? "closed" : carrier.ready ? "lost" : "failed", failure)
    if (this.current === carrier) this.current = undefined
    if (carrier.goAway === undefined && !carrier.fruitful) this.failures++
    // After a GOAWAY, the queue may wait for another session already.
    if (!carrier.ready && this.current === undefined && !this.closed) {
      this.failQueue(
        new ConnectionFailed({
          address: this.address,
          step: "closed",
          problem: "the connection was closed before it was ready",
          cure: "Send it again.",
          transient: true,
          ...failure
        })
      )
    }
    this.checkDrained()
    this.pump()
  }

  /** See `Pending.onEnding`. */
  onEnding(pending: Pending, ending: Ending): void {
    const { carrier } = pending
    if (ending._tag !== "Answered") {
      if (pending.place !== "settled") this.fail(pending, this.errorOf(ending))
      return
    }
    if (carrier !== undefined) carrier.fruitful = true
    this.failures = 0
    if (!this.forget(pending)) return
    const { queuedAtMillis, openedAtMillis } = pending
    pending.listener.onResponse({
      status: ending.status,
      fields: ending.fields,
      body: ending.body,
      connection: carrier?.id ?? this.address,
      queuedAtMillis,
      openedAtMillis,
      answeredAtMillis: this.now()
    })
  }

  private errorOf(ending: Exclude<Ending, { readonly _tag: "Answered" }>): ConnectionError {
    const { address } = this
    switch (ending._tag) {
      case "Refused":
        return this.notProcessed("stream", "the server refused the stream")
      case "AboveLastStream":
        return (
          goAwayRejection(ending.goAway.debugData) ??
          this.notProcessed("stream", `the server is going away (${describeGoAway(ending.goAway)})`)
        )
      case "NeverWritten":
        return this.notProcessed("closed", ending.problem ?? "the connection ended before the notification was written")
      case "Reset":
        return new OutcomeUnknown({ address, problem: `the stream was reset (code ${ending.code})` })
      case "Lost":
        return new OutcomeUnknown({ address, problem: ending.problem })
      case "Cancelled":
        return new OutcomeUnknown({ address, problem: "the stream was cancelled" })
    }
  }

  private notProcessed(step: "stream" | "closed", problem: string) {
    return new ConnectionFailed({ address: this.address, step, problem, cure: "Send it again.", transient: true })
  }

  private closedError() {
    return new ConnectionFailed({
      address: this.address,
      step: "closed",
      problem: "the connection was closed by this program",
      cure: "Keep the layer's scope open until every send has ended.",
      transient: false
    })
  }

  private expire(pending: Pending) {
    const stage = pending.stream?.stage ?? (this.current?.ready === true ? "queue" : "connect")
    const waited = Duration.millis(this.now() - pending.queuedAtMillis)
    pending.stream?.cancel()
    this.fail(pending, new DeadlinePassed({ address: this.address, stage, waited }))
  }

  private failQueue(error: ConnectionError) {
    for (const pending of MutableList.takeAll(this.queue)) {
      this.fail(pending, error)
    }
  }

  private fail(pending: Pending, error: ConnectionError) {
    if (this.forget(pending)) pending.listener.onError(error)
  }

  /** Marks a request as settled; `false` when it already was. */
  private forget(pending: Pending): boolean {
    const { place } = pending
    if (place === "settled") return false
    pending.place = "settled"
    this.deadlines.delete(pending)
    if (place === "stream" && pending.carrier !== undefined) pending.carrier.open--
    if (place === "queue") {
      this.queued--
      // Settled requests leave the queue when they reach its head, or when they outnumber those that wait.
      if (this.queue.length > 2 * this.queued + 1024) MutableList.filter(this.queue, (p) => p.place === "queue")
    }
    return true
  }
}
