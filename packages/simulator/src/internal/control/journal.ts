/**
 * What happened lately, for any number of readers at their own pace: a ring of changes by position. A reader holds nothing but
 * its position; one that is too slow, or comes back too late, finds a gap. Mutable.
 */
import { randomBytes } from "node:crypto"
import type { LiveEvent, StatsSecond } from "../../ControlModel.ts"

type What = Extract<LiveEvent, { readonly _tag: "changed" }>["what"][number]

/** Requests are noted by id and told as they are when they are read. */
export type Change =
  | { readonly _tag: "received"; readonly id: number }
  | { readonly _tag: "changed"; readonly what: What }
  | { readonly _tag: "cleared" }
  | { readonly _tag: "missed"; readonly count: number }
  | { readonly _tag: "stats"; readonly second: StatsSecond }

/** The changes after a position, brought together. */
export interface Digest {
  readonly cleared: boolean
  /** How many changes are left out; `undefined` for none, "unknown" when the position is of another process. */
  readonly skipped: number | "unknown" | undefined
  /** Ids of requests that arrived or changed, rising. */
  readonly ids: ReadonlyArray<number>
  readonly what: ReadonlyArray<What>
  readonly seconds: ReadonlyArray<StatsSecond>
  /** Where to go on. */
  readonly position: number
}

const kept = 8_192

export class Journal {
  /** Tells the positions of this process from those of an earlier one. */
  readonly #epoch = randomBytes(4).toString("hex")
  readonly #ring: Array<Change> = []
  readonly #waiting = new Set<() => void>()
  #position = 0

  get position(): number {
    return this.#position
  }

  add(change: Change): void {
    this.#ring[this.#position % kept] = change
    this.#position++
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const callback of waiting) callback()
  }

  /** Calls back once there is something after `position`. Returns how to stop waiting. */
  whenAfter(position: number, callback: () => void): () => void {
    if (position < this.#position) {
      callback()
      return () => {}
    }
    this.#waiting.add(callback)
    return () => this.#waiting.delete(callback)
  }

  /** A position as text, for `Last-Event-ID`. */
  encode(position: number): string {
    return `${this.#epoch}-${position}`
  }

  /** The position a text stands for; `undefined` when it is not one of this process. */
  decode(text: string): number | undefined {
    const [epoch, digits = ""] = text.split("-")
    const position = /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN
    return epoch === this.#epoch && position <= this.#position ? position : undefined
  }

  /** What happened after `position`, with at most `limit` requests, the newest. */
  read(position: number | undefined, limit: number): Digest {
    const oldest = Math.max(0, this.#position - kept)
    let skipped = position === undefined ? 0 : Math.max(0, oldest - position)
    let cleared = false
    let ids = new Set<number>()
    const what = new Set<What>()
    const seconds: Array<StatsSecond> = []
    for (let at = Math.max(oldest, position ?? this.#position); at < this.#position; at++) {
      const change = this.#ring[at % kept]
      switch (change?._tag) {
        case "received":
          ids.add(change.id)
          break
        case "changed":
          what.add(change.what)
          break
        case "cleared":
          cleared = true
          ids = new Set()
          break
        case "missed":
          skipped += change.count
          break
        case "stats":
          seconds.push(change.second)
          break
      }
    }
    const rising = [...ids].sort((a, b) => a - b)
    const newest = rising.slice(-limit)
    skipped += rising.length - newest.length
    return {
      cleared,
      skipped: position === undefined ? "unknown" : skipped === 0 ? undefined : skipped,
      ids: newest,
      what: [...what],
      seconds,
      position: this.#position
    }
  }
}
