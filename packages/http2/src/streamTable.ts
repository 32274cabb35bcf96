/** The open streams by identifier. */
import type { ClientStream } from "./clientStream.ts"

const initialSlots = 256
const maxSlots = 8192

/**
 * Identifiers are handed out in order and mostly given back in order, so a stream nearly always has the slot of its
 * identifier's low bits to itself; one that finds it taken goes to a Map. Memory follows the number of open streams,
 * however long one of them stays open.
 */
export class StreamTable {
  size = 0
  private slots: Array<ClientStream | undefined> = new Array(initialSlots).fill(undefined)
  private mask = initialSlots - 1
  private readonly others = new Map<number, ClientStream>()

  get(id: number): ClientStream | undefined {
    const stream = this.slots[(id >>> 1) & this.mask]
    if (stream !== undefined && stream.id === id) return stream
    return this.others.size === 0 ? undefined : this.others.get(id)
  }

  add(stream: ClientStream): void {
    if (this.size++ > this.mask >>> 1 && this.mask < maxSlots - 1) this.grow()
    this.place(stream)
  }

  delete(stream: ClientStream): void {
    const slot = (stream.id >>> 1) & this.mask
    if (this.slots[slot] === stream) this.slots[slot] = undefined
    else if (!this.others.delete(stream.id)) return
    this.size--
  }

  /** The open streams in the order they were opened. */
  all(): Array<ClientStream> {
    const streams = [...this.others.values()]
    for (const stream of this.slots) if (stream !== undefined) streams.push(stream)
    return streams.sort((a, b) => a.id - b.id)
  }

  private place(stream: ClientStream) {
    const slot = (stream.id >>> 1) & this.mask
    if (this.slots[slot] === undefined) this.slots[slot] = stream
    else this.others.set(stream.id, stream)
  }

  private grow() {
    const streams = this.all()
    this.mask = this.mask * 2 + 1
    this.slots = new Array(this.mask + 1).fill(undefined)
    this.others.clear()
    for (const stream of streams) this.place(stream)
  }
}
