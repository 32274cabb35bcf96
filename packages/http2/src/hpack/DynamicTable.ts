import { entrySize, type HeaderField } from "./HeaderField.ts"

/**
 * The dynamic table (RFC 7541, sections 2.3.2 and 4): first in, first out, bounded by the sum of its entries' sizes.
 *
 * A ring buffer whose length is a power of two. It grows with the entries there are, not with the size allowed, so a
 * large SETTINGS_HEADER_TABLE_SIZE costs nothing by itself.
 */
export class DynamicTable {
  /** The number of entries. */
  length = 0
  /** The sum of the entries' sizes (section 4.1). */
  size = 0
  /** What `size` is kept to (section 4.2). */
  maxSize: number
  #ring: Array<HeaderField | undefined> = new Array<HeaderField | undefined>(16).fill(undefined)
  /** Where the newest entry is. */
  #newest = 0

  constructor(maxSize: number) {
    this.maxSize = maxSize
  }

  /** The entry at `position`, 0 being the newest; `undefined` if there are not as many. */
  get(position: number): HeaderField | undefined {
    if (position >= this.length) return undefined
    return this.#ring[(this.#newest - position) & (this.#ring.length - 1)]
  }

  /**
   * Inserts an entry, evicting the oldest ones until it fits. An entry larger than the table empties it and is not
   * inserted, which is no error (section 4.4).
   */
  insert(entry: HeaderField): void {
    const size = entrySize(entry[0], entry[1])
    this.#evictTo(this.maxSize - size)
    if (size > this.maxSize) return
    if (this.length === this.#ring.length) this.#grow()
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1)
    this.#ring[this.#newest] = entry
    this.length++
    this.size += size
  }

  /** Changes the maximum size, evicting until the entries fit (section 4.3). */
  setMaxSize(maxSize: number): void {
    this.maxSize = maxSize
    this.#evictTo(maxSize)
  }

  #evictTo(size: number): void {
    while (this.size > size && this.length > 0) {
      const index = (this.#newest - this.length + 1) & (this.#ring.length - 1)
      const oldest = this.#ring[index]
      if (oldest !== undefined) this.size -= entrySize(oldest[0], oldest[1])
      // So that the strings can be collected.
      this.#ring[index] = undefined
      this.length--
      if (oldest !== undefined) this.evicted(oldest)
    }
  }

  /** Called for each entry evicted; the encoder's table forgets where it was. */
  protected evicted(_entry: HeaderField): void {}

  #grow(): void {
    const ring = new Array<HeaderField | undefined>(this.#ring.length * 2).fill(undefined)
    for (let position = 0; position < this.length; position++) ring[this.length - 1 - position] = this.get(position)
    this.#ring = ring
    this.#newest = this.length - 1
  }
}
