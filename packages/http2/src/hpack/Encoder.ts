import { EncoderTable, type NameSlot } from "./EncoderTable.ts"
import { type EncodeField, entrySize, type Indexing } from "./HeaderField.ts"
import { longestInteger, writeInteger } from "./integer.ts"
import type { OctetSink } from "./OctetBuffer.ts"
import { stringSlack, writeRawString, writeString } from "./stringLiteral.ts"

/**
 * The options of an encoder.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncoderOptions {
  /** The largest dynamic table the encoder keeps, whatever the peer allows. Default 4096, the initial limit. */
  readonly maxTableSize?: number
  /**
   * Whether the values of `"literal"` fields are Huffman-coded where that is shorter. Default `true`. Without it they are
   * written raw, which takes less time and more octets; both are made anew for each block, unlike those of the others.
   */
  readonly huffmanLiterals?: boolean
}

/** The limit before the peer's SETTINGS say another (RFC 9113, section 6.5.2). */
const initialTableSize = 4096

/** What a field may write beyond its octets. */
const fieldSlack = longestInteger + 2 * stringSlack

/** The octets of a template, as they are while the table is of `generation`. */
interface Template {
  generation: number
  octets: Uint8Array
}

/** Up to this size a loop copies faster than the call of `set`. */
const loopCopyLength = 32

/**
 * Encodes the header blocks of one connection, in the order they are sent (RFC 7541).
 *
 * @category encoding
 * @since 0.1.0
 */
export class Encoder {
  readonly #table: EncoderTable
  readonly #maxTableSize: number
  readonly #huffmanLiterals: boolean
  /** The size the peer's table has, as far as it was told. */
  #toldSize = initialTableSize
  /** The smallest maximum since the last block (RFC 7541, section 4.2). */
  #smallestSize: number
  #templates = new WeakMap<ReadonlyArray<EncodeField>, Template>()
  #lastStable: ReadonlyArray<EncodeField> | undefined
  #lastTemplate: Template | undefined

  constructor(options?: EncoderOptions) {
    this.#maxTableSize = options?.maxTableSize ?? initialTableSize
    this.#huffmanLiterals = options?.huffmanLiterals ?? true
    this.#smallestSize = Math.min(this.#maxTableSize, initialTableSize)
    this.#table = new EncoderTable(this.#smallestSize)
  }

  /**
   * Applies the peer's SETTINGS_HEADER_TABLE_SIZE. The next block begins with the dynamic table size updates this needs,
   * the smallest maximum since the last block included (RFC 7541, section 4.2).
   */
  setMaxTableSize(peerLimit: number): void {
    const maxSize = Math.min(peerLimit, this.#maxTableSize)
    if (maxSize === this.#table.maxSize) return
    this.#table.setMaxSize(maxSize)
    if (maxSize < this.#smallestSize) this.#smallestSize = maxSize
  }

  /**
   * Forgets the dynamic table: to be called when an encoded block will not be sent, as the peer then lacks the entries
   * it made. The next block says so with a size update to 0 (RFC 7541, section 4.2).
   */
  discard(): void {
    const { maxSize } = this.#table
    this.#table.setMaxSize(0)
    this.#table.setMaxSize(maxSize)
    this.#smallestSize = 0
    // The block may have held an update.
    this.#toldSize = Number.POSITIVE_INFINITY
  }

  /**
   * Appends the header block of `fields` to `into`.
   *
   * Throws a `TypeError` if a string has a character that is not an octet, and appends nothing.
   */
  encode(fields: ReadonlyArray<EncodeField>, into: OctetSink): void {
    const { offset } = into
    into.reserve(2 * longestInteger + mostOctets(fields))
    try {
      this.#writeSizeUpdates(into)
      for (let index = 0; index < fields.length; index++) this.#writeField(fields[index] as EncodeField, into)
    } catch (error) {
      into.offset = offset
      this.discard()
      throw error
    }
  }

  /**
   * As `encode`, for the many blocks that share most of their fields. The octets of `stable` are kept, under the
   * identity of the array, and copied for as long as the dynamic table stays as it is; so the array must not be changed.
   *
   * The order is: the pseudo-header fields of `varying`, then `stable`, then the rest of `varying`. So a `stable` that
   * begins with its pseudo-header fields makes a block that is in order (RFC 9113, section 8.3).
   */
  encodeTemplate(stable: ReadonlyArray<EncodeField>, varying: ReadonlyArray<EncodeField>, into: OctetSink): void {
    const { offset } = into
    const room = mostOctets(varying)
    into.reserve(2 * longestInteger + room)
    try {
      this.#writeSizeUpdates(into)
      for (let index = 0; index < varying.length; index++) {
        const field = varying[index] as EncodeField // within the array
        if (isPseudo(field[0])) this.#writeField(field, into)
      }
      this.#writeStable(stable, room, into)
      for (let index = 0; index < varying.length; index++) {
        const field = varying[index] as EncodeField // within the array
        if (!isPseudo(field[0])) this.#writeField(field, into)
      }
    } catch (error) {
      into.offset = offset
      this.discard()
      throw error
    }
  }

  /** Writes `stable` and leaves `room` after it. */
  #writeStable(stable: ReadonlyArray<EncodeField>, room: number, into: OctetSink): void {
    const template = this.#templateOf(stable)
    const { generation } = this.#table
    if (template.generation === generation) {
      const { octets } = template
      const { length } = octets
      into.reserve(length + room)
      const { buffer, offset } = into
      if (length > loopCopyLength) buffer.set(octets, offset)
      else for (let index = 0; index < length; index++) buffer[offset + index] = octets[index] as number
      into.offset = offset + length
      return
    }
    into.reserve(mostOctets(stable) + room)
    const { offset } = into
    for (let index = 0; index < stable.length; index++) this.#writeField(stable[index] as EncodeField, into)
    // If an entry was inserted on the way, the same fields have other octets the next time.
    if (this.#table.generation === generation) {
      template.octets = Uint8Array.prototype.slice.call(into.buffer, offset, into.offset)
      template.generation = generation
    }
  }

  #templateOf(stable: ReadonlyArray<EncodeField>): Template {
    if (this.#lastStable === stable && this.#lastTemplate !== undefined) return this.#lastTemplate
    let template = this.#templates.get(stable)
    if (template === undefined) {
      template = { generation: -1, octets: noOctets }
      this.#templates.set(stable, template)
    }
    this.#lastStable = stable
    this.#lastTemplate = template
    return template
  }

  /** Dynamic table size updates, at the beginning of a block (RFC 7541, sections 4.2 and 6.3). */
  #writeSizeUpdates(into: OctetSink): void {
    const { maxSize } = this.#table
    if (maxSize === this.#toldSize && this.#smallestSize >= maxSize) return
    if (this.#smallestSize < maxSize && this.#smallestSize < this.#toldSize) {
      into.offset = writeInteger(into.buffer, into.offset, 0x20, 0x1f, this.#smallestSize)
      this.#toldSize = this.#smallestSize
    }
    if (maxSize !== this.#toldSize) into.offset = writeInteger(into.buffer, into.offset, 0x20, 0x1f, maxSize)
    this.#toldSize = maxSize
    this.#smallestSize = maxSize
  }

  #writeField(field: EncodeField, into: OctetSink): void {
    // Not destructured: that would run an iterator.
    const name = field[0]
    const value = field[1]
    const indexing = field[2] ?? "indexed"
    const slot = this.#table.find(name)
    const index = slot === undefined || indexing === "never" ? 0 : this.#indexOf(slot, value, indexing)
    if (index > 0) {
      // Indexed header field (section 6.1)
      into.offset = writeInteger(into.buffer, into.offset, 0x80, 0x7f, index)
      return
    }
    const nameIndex =
      slot === undefined ? 0 : slot.staticIndex > 0 ? slot.staticIndex : this.#table.indexOf(slot.newest)
    // An entry larger than the table would only empty it (section 4.4).
    const insert =
      (indexing === "indexed" || (indexing === "literal" && nameIndex === 0)) &&
      entrySize(name, value) <= this.#table.maxSize
    // Literals: with incremental indexing, never indexed, without indexing (sections 6.2.1, 6.2.3 and 6.2.2)
    into.offset = insert
      ? writeInteger(into.buffer, into.offset, 0x40, 0x3f, nameIndex)
      : writeInteger(into.buffer, into.offset, indexing === "never" ? 0x10 : 0x00, 0x0f, nameIndex)
    if (nameIndex === 0) into.offset = writeString(name, into.buffer, into.offset)
    into.offset =
      indexing !== "literal" || this.#huffmanLiterals
        ? writeString(value, into.buffer, into.offset)
        : writeRawString(value, into.buffer, into.offset)
    if (insert) this.#table.insert([name, value])
  }

  /** The index of the field, or 0. */
  #indexOf(slot: NameSlot, value: string, indexing: Indexing): number {
    if (slot.newest > 0 && slot.newestValue === value) return this.#table.indexOf(slot.newest)
    // A value that always changes is not worth the search; the entry made for its name may still be the field.
    if (indexing === "literal") return 0
    const staticIndex = slot.staticValues.get(value)
    if (staticIndex !== undefined) return staticIndex
    const number = slot.values.get(value)
    return number === undefined ? 0 : this.#table.indexOf(number)
  }
}

const noOctets = new Uint8Array(0)

const isPseudo = (name: string): boolean => name.charCodeAt(0) === 0x3a

const mostOctets = (fields: ReadonlyArray<EncodeField>): number => {
  let octets = fields.length * fieldSlack
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as EncodeField // within the array
    octets += field[0].length + field[1].length
  }
  return octets
}
