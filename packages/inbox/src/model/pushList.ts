/** The newest pushes the page knows, by id. */
import type { ReceivedSummary } from "@effect-apns/simulator/ControlModel"
import { Push } from "./push.ts"

/** How many the page keeps: about 20 MB, and as many rows as a scroll bar can usefully address. */
const capacity = 20_000

export class PushList {
  #items: Array<Push> = []

  /** Oldest first. Replaced, never changed, so that it can be compared by identity. */
  get items(): ReadonlyArray<Push> {
    return this.#items
  }

  #indexOf(id: number): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle]?.id ?? 0) < id) low = middle + 1
      else high = middle
    }
    return low
  }

  get(id: number): Push | undefined {
    const found = this.#items[this.#indexOf(id)]
    return found?.id === id ? found : undefined
  }

  /** Puts requests in by id. A known one is replaced, unless what comes is from before its answer. */
  put(summaries: ReadonlyArray<ReceivedSummary>): void {
    const last = this.#items.at(-1)?.id ?? 0
    const known = summaries.filter(({ id }) => id <= last)
    const fresh = summaries.filter(({ id }) => id > last).toSorted((a, b) => a.id - b.id)
    let items = this.#items.slice()
    const earlier: Array<Push> = []
    for (const summary of known) {
      const index = this.#indexOf(summary.id)
      const present = items[index]
      if (present?.id !== summary.id) earlier.push(new Push(summary))
      else if (summary.outcome !== "pending" || present.summary.outcome === "pending") items[index] = new Push(summary)
    }
    if (earlier.length > 0) items = [...items, ...earlier].sort((a, b) => a.id - b.id)
    let previous = last
    for (const summary of fresh) {
      if (summary.id === previous) items[items.length - 1] = new Push(summary)
      else items.push(new Push(summary))
      previous = summary.id
    }
    this.#items = items.length > capacity ? items.slice(items.length - capacity) : items
  }

  clear(): void {
    this.#items = []
  }
}
