/** The newest requests received, and those who wait for more of them. Mutable, like the rest of the server's state. */
import type { Answer, ReceivedToken } from "../Received.ts"
import { Entry } from "./entry.ts"
import type { ReadRequest } from "./request.ts"

/** What a request takes beside its text, roughly. */
const entryBytes = 1_024

const bytesOf = ({ request }: Entry): number => {
  let bytes = entryBytes + request.body.length
  for (const field of request.fields) bytes += field.length
  return bytes
}

interface CountWaiter {
  readonly total: number
  readonly callback: () => void
}

/** A ring: an id's place is its remainder. Keeps at most `keep` requests and about `keepBytes` of memory. */
export class Log {
  readonly #keep: number
  readonly #keepBytes: number
  #ring: Array<Entry | undefined> = []
  #bytes = 0
  /** Ids of the oldest request kept, of the next one to come, and of the first one counted. */
  #first: number
  #next: number
  #base: number
  /** The id that has place 0. */
  #origin: number
  readonly #countWaiters = new Set<CountWaiter>()
  readonly #watchers = new Set<(entry: Entry) => void>()

  constructor(keep: number, keepBytes: number, firstId: number) {
    this.#keep = Math.max(1, keep)
    this.#keepBytes = keepBytes
    this.#first = firstId
    this.#next = firstId
    this.#base = firstId
    this.#origin = firstId
  }

  get firstId(): number {
    return this.#first
  }

  get nextId(): number {
    return this.#next
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Adds a request, still unanswered. */
  add(request: ReadRequest, connection: number, stream: number, time: number, token: ReceivedToken | undefined): Entry {
    const id = this.#next++
    const entry = new Entry(id, id - this.#base, request, connection, stream, time, token)
    if (id - this.#first >= this.#keep) this.#forgetFirst()
    this.#ring[this.#place(id)] = entry
    this.#bytes += bytesOf(entry)
    while (this.#bytes > this.#keepBytes && this.#first < id) this.#forgetFirst()
    if (this.#countWaiters.size > 0) this.#tellCount()
    return entry
  }

  /** Puts back what an earlier process received, by rising ids; the next request gets `nextId` or a higher id. */
  restore(entries: ReadonlyArray<Entry>, nextId: number): void {
    this.#origin = entries[0]?.id ?? nextId
    this.#first = this.#origin
    this.#next = this.#origin
    for (const entry of entries) {
      while (entry.id - this.#first >= this.#keep) this.#forgetFirst()
      this.#ring[this.#place(entry.id)] = entry
      this.#bytes += bytesOf(entry)
      this.#next = entry.id + 1
    }
    this.#next = Math.max(this.#next, nextId)
    while (this.#bytes > this.#keepBytes || this.#next - this.#first > this.#keep) this.#forgetFirst()
    this.#base = this.#next
  }

  get(id: number): Entry | undefined {
    if (id < this.#first || id >= this.#next) return undefined
    return this.#ring[this.#place(id)]
  }

  /** Notes what became of a request; `false` when that was known. */
  answer(entry: Entry, answer: Answer): boolean {
    if (!entry.isPending) return false
    entry.answer = answer
    for (const watcher of this.#watchers) watcher(entry)
    return true
  }

  /** Requests kept, oldest first. */
  *entries(after = -1): Generator<Entry> {
    for (let id = Math.max(this.#first, after + 1); id < this.#next; id++) {
      const entry = this.get(id)
      if (entry !== undefined) yield entry
    }
  }

  /** Requests kept, newest first. */
  *newest(before = Number.POSITIVE_INFINITY): Generator<Entry> {
    for (let id = Math.min(this.#next, before) - 1; id >= this.#first; id--) {
      const entry = this.get(id)
      if (entry !== undefined) yield entry
    }
  }

  /** Calls back once `total` requests were added, at once if they already were. Returns how to stop waiting. */
  whenReceived(total: number, callback: () => void): () => void {
    if (total <= this.#next - this.#base) {
      callback()
      return () => {}
    }
    const waiter = { total, callback }
    this.#countWaiters.add(waiter)
    return () => this.#countWaiters.delete(waiter)
  }

  /** Calls back for each request once it is no longer pending. Returns how to stop. */
  watch(watcher: (entry: Entry) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Forgets the requests. */
  clear(): void {
    this.#ring = []
    this.#bytes = 0
    this.#first = this.#next
    this.#origin = this.#next
  }

  /** Forgets the requests and counts from 0 again. */
  reset(): void {
    this.clear()
    this.#base = this.#next
  }

  #place(id: number): number {
    return (id - this.#origin) % this.#keep
  }

  #forgetFirst(): void {
    const place = this.#place(this.#first++)
    const entry = this.#ring[place]
    if (entry === undefined) return
    this.#bytes -= bytesOf(entry)
    this.#ring[place] = undefined
  }

  #tellCount(): void {
    const total = this.#next - this.#base
    for (const waiter of [...this.#countWaiters]) {
      if (waiter.total > total) continue
      this.#countWaiters.delete(waiter)
      waiter.callback()
    }
  }
}
