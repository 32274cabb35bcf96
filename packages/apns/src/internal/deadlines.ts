/**
 * Deadlines of many pending things with one timer: things due within the same tick share a bucket, so that setting and
 * clearing a deadline, which every notification does, costs a set operation and no timer.
 */

/** How exactly a deadline is kept, in milliseconds; it is never early. */
const tick = 10

/** Runs a function later, unless the scope it belongs to closes first. */
export type After = (millis: number, run: () => void) => void

export class Deadlines<A extends { readonly deadlineMillis: number }> {
  private readonly buckets = new Map<number, Set<A>>()
  private readonly now: () => number
  private readonly after: After
  private readonly onPassed: (a: A) => void
  private wakeAt = Number.POSITIVE_INFINITY

  constructor(now: () => number, after: After, onPassed: (a: A) => void) {
    this.now = now
    this.after = after
    this.onPassed = onPassed
  }

  add(a: A): void {
    const at = Math.ceil(a.deadlineMillis / tick) * tick
    const bucket = this.buckets.get(at)
    if (bucket === undefined) this.buckets.set(at, new Set([a]))
    else bucket.add(a)
    if (at < this.wakeAt) this.wake(at)
  }

  delete(a: A): void {
    const at = Math.ceil(a.deadlineMillis / tick) * tick
    const bucket = this.buckets.get(at)
    if (bucket?.delete(a) && bucket.size === 0) this.buckets.delete(at)
  }

  private wake(at: number) {
    this.wakeAt = at
    // An earlier deadline may have set an earlier timer since; then this one finds that it is not its turn.
    this.after(Math.max(0, at - this.now()), () => {
      if (this.wakeAt === at) this.sweep()
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
        for (const a of bucket) passed.push(a)
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.wake(next)
    for (const a of passed) this.onPassed(a)
  }
}
