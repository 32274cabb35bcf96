/** The newest requests received, and those who wait for more of them. */
import type { Answer, Received } from "../Received.ts"

export interface Log {
  /** Adds a request, still unanswered, and returns its sequence number. */
  readonly add: (request: Omit<Received, "sequence" | "answer">) => LogKey
  /** Notes what became of a request. Ignored when the request is no longer kept. */
  readonly answer: (key: LogKey, answer: Answer) => void
  readonly snapshot: () => ReadonlyArray<Received>
  /** Calls back once `total` requests were added, at once if they already were. Returns how to stop waiting. */
  readonly whenReceived: (total: number, callback: () => void) => () => void
  readonly clear: () => void
}

/** A request of a log. `epoch` tells requests before a `clear` from those after it. */
export interface LogKey {
  readonly epoch: number
  readonly sequence: number
}

interface Waiter {
  readonly total: number
  readonly callback: () => void
}

export const makeLog = (keep: number): Log => {
  let epoch = 0
  let total = 0
  let entries: Array<Received> = []
  const waiters = new Set<Waiter>()

  const firstSequence = () => total - entries.length

  return {
    add: (request) => {
      const key = { epoch, sequence: total }
      entries.push({ ...request, sequence: total, answer: { _tag: "unanswered", why: "pending" } })
      total++
      // Cutting in halves keeps `add` constant on average.
      if (entries.length >= 2 * keep) entries = entries.slice(entries.length - keep)
      for (const waiter of [...waiters]) {
        if (waiter.total > total) continue
        waiters.delete(waiter)
        waiter.callback()
      }
      return key
    },
    answer: (key, answer) => {
      const index = key.sequence - firstSequence()
      const entry = entries[index]
      if (key.epoch === epoch && entry !== undefined) entries[index] = { ...entry, answer }
    },
    snapshot: () => entries.slice(-keep),
    whenReceived: (wanted, callback) => {
      if (wanted <= total) {
        callback()
        return () => {}
      }
      const waiter = { total: wanted, callback }
      waiters.add(waiter)
      return () => waiters.delete(waiter)
    },
    clear: () => {
      epoch++
      total = 0
      entries = []
    }
  }
}
