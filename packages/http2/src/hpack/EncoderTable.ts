import { DynamicTable } from "./DynamicTable.ts"
import type { HeaderField } from "./HeaderField.ts"
import { staticLength, staticTable } from "./staticTable.ts"

/** All the tables hold under one name. */
export interface NameSlot {
  /** The first static index of the name, or 0. */
  readonly staticIndex: number
  /** Static indexes by value. */
  readonly staticValues: ReadonlyMap<string, number>
  /** The number of the newest dynamic entry of this name, or 0; entries are numbered from 1 as they are inserted. */
  newest: number
  /** The value of that entry. */
  newestValue: string
  /** The numbers of the dynamic entries, by value. */
  readonly values: Map<string, number>
}

const noValues: ReadonlyMap<string, number> = new Map()

/**
 * The encoder's dynamic table: a copy of the peer's that can also be searched.
 */
export class EncoderTable extends DynamicTable {
  /** Differs whenever an index may mean something else than before. */
  generation = 0
  /** The number of entries ever inserted. */
  #inserted = 0
  readonly #names = new Map<string, NameSlot>()

  constructor(maxSize: number) {
    super(maxSize)
    for (let index = staticLength; index > 0; index--) {
      const [name, value] = staticTable[index] as HeaderField // within the table
      const values = new Map(this.#names.get(name)?.staticValues)
      values.set(value, index)
      // Downwards, so that the lowest index of a name is the one that stays.
      this.#names.set(name, { staticIndex: index, staticValues: values, newest: 0, newestValue: "", values: new Map() })
    }
  }

  /** What is known of a name; `undefined` if no table has it. */
  find(name: string): NameSlot | undefined {
    return this.#names.get(name)
  }

  /** The index of a dynamic entry by its number (RFC 7541, section 2.3.3). */
  indexOf(number: number): number {
    return staticLength + 1 + this.#inserted - number
  }

  /** Inserts an entry, which must not be larger than the table. */
  override insert(entry: HeaderField): void {
    this.generation++
    super.insert(entry)
    const [name, value] = entry
    const number = ++this.#inserted
    let slot = this.#names.get(name)
    if (slot === undefined) {
      slot = { staticIndex: 0, staticValues: noValues, newest: 0, newestValue: "", values: new Map() }
      this.#names.set(name, slot)
    }
    slot.newest = number
    slot.newestValue = value
    slot.values.set(value, number)
  }

  override setMaxSize(maxSize: number): void {
    this.generation++
    super.setMaxSize(maxSize)
  }

  protected override evicted([name, value]: HeaderField): void {
    const slot = this.#names.get(name)
    if (slot === undefined) return
    // `length` is already that without the entry, so this is its number.
    const number = this.#inserted - this.length
    if (slot.values.get(value) === number) slot.values.delete(value)
    if (slot.newest === number) {
      slot.newest = 0
      slot.newestValue = ""
      if (slot.staticIndex === 0) this.#names.delete(name)
    }
  }
}
