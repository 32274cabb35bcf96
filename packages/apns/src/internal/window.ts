/**
 * What `sendAll` has taken from its Stream and not yet handed on: notifications on their way, and results that wait to be
 * taken. Plain handlers; the Effects are those at the end of the class.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type { Receipt } from "../Apns.ts"
import type { ApnsError } from "../ApnsError.ts"
import type { Notification } from "../Notification.ts"
import { type Halted, OutcomeUnknown } from "../Reason.ts"
import type { SendResult } from "../SendAll.ts"
import type { Dispatch, Inside, Outlet } from "./dispatch.ts"
import { Link, Ring } from "./ring.ts"
import { notificationError } from "./sendErrors.ts"
import type { Cancellable, StreamsAllowed } from "./submit.ts"
import { type Release, type Suspect, Suspicions } from "./suspicion.ts"

/** A notification on its way. (A class and no literal: see `Pending`.) */
class Flight<E> extends Link implements Outlet<Receipt>, Suspect {
  readonly notification: Notification
  readonly number: number
  private readonly window: Window<E>
  sent: Cancellable | undefined = undefined
  result: SendResult | undefined = undefined

  constructor(window: Window<E>, notification: Notification, number: number) {
    super()
    this.window = window
    this.notification = notification
    this.number = number
  }

  onReceipt(receipt: Receipt): void {
    this.window.accept(this)
    this.window.settle(this, { outcome: "accepted", notification: this.notification, receipt })
  }

  onRest(rest: Effect.Effect<Receipt, ApnsError>): void {
    this.window.finish(this, rest)
  }
}

/** Where the connection does not tell how many streams it has: what APNs commonly allows one session. */
const commonStreams = 1000
const fewest = 100
const frugal = 3000

/**
 * How many notifications are under way at a time over a connection with that many streams. Three times as many: what
 * waits then waits two round trips, which shows the pool that another session would be of use. Each takes some
 * kilobytes, though, and more than a few thousand outlive the collections of V8's young generation: above 3,000 it is a
 * quarter more than the streams, so that one that becomes free never waits for the next chunk of notifications.
 */
export const windowOver = (streamsAllowed: number): number =>
  Math.max(fewest, Math.ceil(1.25 * streamsAllowed), Math.min(frugal, 3 * streamsAllowed))

const underWay = new OutcomeUnknown({ address: "sendAll", problem: "a defect ended it" })

/** The window of a `sendAll`. */
export const capacityOf = (given: number | undefined, width: StreamsAllowed | undefined): (() => number) => {
  if (given === undefined && width !== undefined) return () => windowOver(width())
  const fixed = Math.max(1, given ?? commonStreams)
  return () => fixed
}

export interface WindowOptions {
  /** How many notifications may be held now. */
  readonly capacity: () => number
  readonly ordered: boolean
  /** Whether to send no more after a fault that the rest would meet as well. */
  readonly haltOnFault: boolean
  readonly dispatch: Dispatch
  readonly inside: Inside
  /** Runs what is left of a notification, as long as the Stream lives. */
  readonly run: (rest: Effect.Effect<Receipt, ApnsError>) => Fiber.Fiber<Receipt, ApnsError>
}

/** How long notifications may be started, which may be settled without the network, before the event loop has a turn. */
const turnMillis = 5

export class Window<E> implements Release<Flight<E>> {
  private readonly options: WindowOptions
  private readonly suspicions: Suspicions<Flight<E>> | undefined
  private readonly flights = new Ring<Flight<E>>()
  /** Where results come in order: the flights whose result was not handed on, oldest first. */
  private readonly line: Array<Flight<E>> = []
  private results: Array<SendResult> = []
  /** Notifications whose result has not been taken. */
  private held = 0
  private end: Cause.Cause<E> | undefined
  private broken: Cause.Cause<never> | undefined
  private started = 0
  /** Notifications on their way. */
  underWay = 0
  private turnUntil = performance.now() + turnMillis
  /** The event loop is to have a turn before the next notification. */
  private isOverdue = false
  private onResults: (() => void) | undefined
  private onRoom: (() => void) | undefined

  constructor(options: WindowOptions) {
    this.options = options
    this.suspicions = options.haltOnFault
      ? new Suspicions((notification) => this.targetOf(notification), this)
      : undefined
  }

  /** Starts notifications, from an index, while there is room; returns the index after the last one. */
  start(notifications: ReadonlyArray<Notification>, from: number): number {
    const { ordered } = this.options
    const { suspicions } = this
    const capacity = this.options.capacity()
    let next = from
    for (; next < notifications.length && this.held < capacity && this.broken === undefined; next++) {
      // Now and then, for it takes longer to ask for the time than to count.
      if ((++this.started & 63) === 0 && performance.now() > this.turnUntil) {
        this.isOverdue = true
        return next
      }
      const flight = new Flight(this, notifications[next] as Notification, this.started)
      this.held++
      this.flights.add(flight)
      if (ordered) this.line.push(flight)
      if (suspicions === undefined || suspicions.none || suspicions.admits(flight)) this.go(flight)
    }
    return next
  }

  go(flight: Flight<E>): void {
    this.underWay++
    try {
      flight.sent = this.options.dispatch(flight.notification, flight)
    } catch (defect) {
      this.break(Cause.die(defect))
    }
  }

  halt(flight: Flight<E>, halted: Halted): void {
    const { notification } = flight
    const error = notificationError(notification, this.targetOf(notification), halted, 0)
    this.options.inside.onHalted?.(notification, error)
    this.fail(flight, error)
  }

  accept(flight: Flight<E>): void {
    this.underWay--
    this.suspicions?.accepted(flight)
  }

  private targetOf(notification: Notification): string | undefined {
    try {
      return this.options.inside.targetOf?.(notification)
    } catch {
      // It is sent, and told what is wrong with it, by whoever finds no target for it.
      return undefined
    }
  }

  settle(flight: Flight<E>, result: SendResult): void {
    // It may end after a defect has settled it.
    if (!Ring.leave(flight)) return
    if (this.options.ordered) {
      flight.result = result
      let settled = 0
      for (let head = this.line[0]?.result; head !== undefined; head = this.line[settled]?.result) {
        this.results.push(head)
        settled++
      }
      this.line.splice(0, settled)
    } else {
      this.results.push(result)
    }
    if (this.results.length > 0) this.onResults?.()
  }

  finish(flight: Flight<E>, rest: Effect.Effect<Receipt, ApnsError>): void {
    const fiber = this.options.run(rest)
    flight.sent = undefined
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) return flight.onReceipt(exit.value)
      const error = Cause.findError(exit.cause)
      if (Result.isFailure(error)) return this.break(error.failure)
      this.underWay--
      this.suspicions?.failed(flight, error.success)
      this.fail(flight, error.success)
    })
  }

  private fail(flight: Flight<E>, error: ApnsError) {
    this.settle(flight, { outcome: error.outcome, notification: flight.notification, error })
  }

  /**
   * A defect, such as one of the Schedule or of an `Apns` of somebody else's: it ends the Stream, after a result for everything that
   * was taken from it. What was under way may have arrived.
   */
  private break(cause: Cause.Cause<never>) {
    this.broken ??= cause
    this.suspicions?.haltWaiting()
    for (const flight of this.flights.all()) {
      flight.sent?.cancel()
      this.fail(flight, notificationError(flight.notification, undefined, underWay, 1))
    }
    this.onResults?.()
  }

  /** No more notifications come, and why. */
  close(cause: Cause.Cause<E>): void {
    this.end = cause
    this.onResults?.()
  }

  /** Gives up whatever is on its way. */
  cancel(): void {
    for (const { sent } of this.flights.all()) sent?.cancel()
  }

  /** Waits until a notification may be started. */
  readonly room: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.isOverdue) {
      setImmediate(() => {
        this.isOverdue = false
        this.turnUntil = performance.now() + turnMillis
        resume(Effect.void)
      })
      return
    }
    if (this.held < this.options.capacity()) return resume(Effect.void)
    this.onRoom = () => {
      this.onRoom = undefined
      resume(Effect.void)
    }
  })

  /** There is something for `take`. */
  private get isDue(): boolean {
    return this.results.length > 0 || this.broken !== undefined || (this.end !== undefined && this.held === 0)
  }

  private readonly someResults: Effect.Effect<void> = Effect.callback((resume) => {
    // The fiber may have yielded since `take` looked.
    if (this.isDue) return resume(Effect.void)
    this.onResults = () => {
      this.onResults = undefined
      resume(Effect.void)
    }
  })

  /** The results there are; waits for one, and then a turn, in which the answers come that arrived together. */
  readonly take: Effect.Effect<Arr.NonEmptyReadonlyArray<SendResult>, E> = Effect.suspend(() => {
    const { results } = this
    if (Arr.isReadonlyArrayNonEmpty(results)) {
      this.held -= results.length
      this.results = []
      this.onRoom?.()
      return Effect.succeed(results)
    }
    if (this.broken !== undefined) return Effect.failCause(this.broken)
    if (this.end !== undefined && this.held === 0) return Effect.failCause(this.end)
    return this.someResults.pipe(Effect.andThen(Effect.yieldNow), Effect.andThen(this.take))
  })
}
