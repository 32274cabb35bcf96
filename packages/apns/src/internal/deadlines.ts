/**
 * Deadlines of many pending things with one timer: things due within the same tick share a bucket, so that setting and
 * clearing a deadline, which every notification does, costs no timer.
 */
import { Link, Ring } from "./ring.ts"

/** How exactly a deadline is kept, in milliseconds; it is never early. */
const tick = 10

/** A timer that runs later than this tells that the process stood still meanwhile, or was busy. */
export const punctualMillis = tick

/** Runs a function later, unless the scope it belongs to closes first. */
export type After = (millis: number, run: () => void) => void

/** Runs a function when what lies in the sockets by now has been read. Default: at once, where there are no sockets. */
export type AfterReading = (run: () => void) => void

export const atOnce: AfterReading = (run) => run()

/** What has a deadline. */
export class Due extends Link {
  readonly deadlineMillis: number

  constructor(deadlineMillis: number) {
    super()
    this.deadlineMillis = deadlineMillis
  }
}

const tickOf = (millis: number) => Math.ceil(millis / tick) * tick

export class Deadlines<A extends Due> {
  private readonly buckets = new Map<number, Ring<A>>()
  private readonly now: () => number
  private readonly after: After
  private readonly afterReading: AfterReading
  private readonly onPassed: (a: A) => void
  private wakeAt = Number.POSITIVE_INFINITY

  constructor(now: () => number, after: After, onPassed: (a: A) => void, afterReading: AfterReading = atOnce) {
    this.now = now
    this.after = after
    this.afterReading = afterReading
    this.onPassed = onPassed
  }

  add(a: A): void {
    const at = tickOf(a.deadlineMillis)
    let bucket = this.buckets.get(at)
    if (bucket === undefined) {
      bucket = new Ring()
      this.buckets.set(at, bucket)
    }
    bucket.add(a)
    if (at < this.wakeAt) this.wake(at)
  }

  delete(a: A): void {
    if (!Ring.leave(a)) return
    const at = tickOf(a.deadlineMillis)
    if (this.buckets.get(at)?.isEmpty === true) this.buckets.delete(at)
  }

  private wake(at: number) {
    this.wakeAt = at
    // An earlier deadline may have set an earlier timer since; then this one finds that it is not its turn.
    this.after(Math.max(0, at - this.now()), () => {
      if (this.wakeAt !== at) return
      // Timers run before sockets are read: what has come in time may still lie there.
      if (this.now() - at > punctualMillis) this.afterReading(() => this.sweep())
      else this.sweep()
    })
  }

  private sweep() {
    this.wakeAt = Number.POSITIVE_INFINITY
    const now = this.now()
    let next = Number.POSITIVE_INFINITY
    const passed: Array<A> = []
    for (const [at, bucket] of this.buckets) {
      if (at > now) next = Math.min(next, at)
      else {
        this.buckets.delete(at)
        // One by one: a bucket may be larger than an argument list.
        for (const a of bucket.all()) {
          Ring.leave(a)
          passed.push(a)
        }
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.wake(next)
    for (const a of passed) this.onPassed(a)
  }
}
