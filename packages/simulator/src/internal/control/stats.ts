/** Counts of what was received and what became of it, in all and by the second. Mutable. */
import type { Outcome, Stats, StatsSecond } from "../../ControlModel.ts"
import type { Received } from "../../Received.ts"
import { outcomeOf } from "./summary.ts"

/** Ten minutes. */
const keptSeconds = 600

/** Different reasons counted; a scenario can make up as many as it likes. */
const keptReasons = 200

/** Requests without an answer that are waited for; older ones may have been forgotten by everybody. */
const maxPending = 100_000

type Settled = Exclude<Outcome, "pending">

interface Counts {
  received: number
  accepted: number
  refused: number
  faulted: number
  lost: number
}

const none = (): Counts => ({ received: 0, accepted: 0, refused: 0, faulted: 0, lost: 0 })

export class Counter {
  #total = none()
  #reasons = new Map<string, number>()
  #seconds: Array<{ readonly time: number; readonly counts: Counts }> = []
  #pending = new Set<number>()

  /** A request that arrived at `now` (epoch milliseconds). */
  received(received: Received, now: number): void {
    this.#total.received++
    this.#second(now).received++
    const outcome = outcomeOf(received)
    if (outcome === "pending") this.#wait(received.id)
    else this.#settled(outcome, received, now)
  }

  /** A request that changed. It is counted when it gets its outcome, and once. */
  updated(received: Received, now: number): void {
    const outcome = outcomeOf(received)
    if (outcome !== "pending" && this.#pending.delete(received.id)) this.#settled(outcome, received, now)
  }

  clear(): void {
    this.#total = none()
    this.#reasons = new Map()
    this.#seconds = []
    this.#pending = new Set()
  }

  /** The seconds kept that ended before `now` and began at `since` or later, oldest first. */
  ended(since: number, now: number): ReadonlyArray<StatsSecond> {
    return this.#seconds
      .filter(({ time }) => time >= since && time + 1_000 <= now)
      .map(({ time, counts }) => ({ time, ...counts }))
  }

  get stats(): Stats {
    const { received, ...outcomes } = this.#total
    return {
      received,
      outcomes,
      reasons: Object.fromEntries(this.#reasons),
      seconds: this.#seconds.map(({ time, counts }) => ({ time, ...counts }))
    }
  }

  #wait(id: number): void {
    if (this.#pending.size >= maxPending) {
      const [oldest] = this.#pending
      if (oldest !== undefined) this.#pending.delete(oldest)
    }
    this.#pending.add(id)
  }

  #settled(outcome: Settled, { answer }: Received, now: number): void {
    this.#total[outcome]++
    this.#second(now)[outcome]++
    const reason = answer._tag === "answered" ? answer.reason : undefined
    if (reason === undefined) return
    const known = this.#reasons.get(reason)
    if (known !== undefined || this.#reasons.size < keptReasons) this.#reasons.set(reason, (known ?? 0) + 1)
  }

  #second(now: number): Counts {
    const time = Math.floor(now / 1_000) * 1_000
    const last = this.#seconds.at(-1)
    // A clock set back goes on in the last second.
    if (last !== undefined && last.time >= time) return last.counts
    const counts = none()
    this.#seconds.push({ time, counts })
    if (this.#seconds.length > keptSeconds) this.#seconds.shift()
    return counts
  }
}
