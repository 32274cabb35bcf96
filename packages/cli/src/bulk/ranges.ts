/** Sets of row numbers, kept as ranges: the rows of a file that were sent are few ranges, however many rows there are. */

const written = /^(\d+)(?:-(\d+))?$/

export class Ranges {
  /** First numbers, ascending; each range ends before the next one starts, and they do not touch. */
  private readonly starts: Array<number> = []
  /** The number after the last one of each range. */
  private readonly ends: Array<number> = []

  /** The ranges of a text as `toString` writes it; `undefined` when it is none. */
  static parse(text: string): Ranges | undefined {
    const ranges = new Ranges()
    if (text === "") return ranges
    for (const part of text.split(",")) {
      const [, first, last = first] = written.exec(part) ?? []
      if (first === undefined || Number(last) < Number(first)) return undefined
      ranges.add(Number(first), Number(last) + 1)
    }
    return ranges
  }

  /** The ranges of numbers in any order. */
  static of(numbers: ReadonlyArray<number>): Ranges {
    const ranges = new Ranges()
    const { ends, starts } = ranges
    for (const each of Float64Array.from(numbers).sort()) {
      const last = ends.length - 1
      if (last < 0 || each > (ends[last] as number)) {
        starts.push(each)
        ends.push(each + 1)
      } else ends[last] = each + 1
    }
    return ranges
  }

  /** The index of the first range that ends at or after a number. */
  private find(number: number): number {
    let low = 0
    let high = this.ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.ends[middle] as number) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Adds the numbers from `start` up to, and not, `end`. */
  add(start: number, end: number): void {
    const at = this.find(start)
    let after = at
    let first = start
    let last = end
    for (; after < this.starts.length && (this.starts[after] as number) <= end; after++) {
      first = Math.min(first, this.starts[after] as number)
      last = Math.max(last, this.ends[after] as number)
    }
    this.starts.splice(at, after - at, first)
    this.ends.splice(at, after - at, last)
  }

  remove(start: number, end: number): void {
    for (let at = this.find(start + 1); at < this.starts.length && (this.starts[at] as number) < end; ) {
      const first = this.starts[at] as number
      const last = this.ends[at] as number
      const left: Array<readonly [number, number]> = []
      if (first < start) left.push([first, start])
      if (last > end) left.push([end, last])
      this.starts.splice(at, 1, ...left.map(([from]) => from))
      this.ends.splice(at, 1, ...left.map(([, to]) => to))
      at += left.length
    }
  }

  addAll(others: Ranges): void {
    for (const [start, end] of others.entries()) this.add(start, end)
  }

  removeAll(others: Ranges): void {
    // What was never in it is the common case, and costs nothing.
    if (this.starts.length === 0) return
    for (const [start, end] of others.entries()) this.remove(start, end)
  }

  has(number: number): boolean {
    const at = this.find(number + 1)
    return at < this.starts.length && (this.starts[at] as number) <= number
  }

  /** How many numbers there are. */
  get size(): number {
    return this.starts.reduce((sum, start, at) => sum + (this.ends[at] as number) - start, 0)
  }

  *entries(): Iterable<readonly [start: number, end: number]> {
    for (const [at, start] of this.starts.entries()) yield [start, this.ends[at] as number]
  }

  /** As in `0-99,105`. */
  toString(): string {
    return this.starts
      .map((start, at) => {
        const last = (this.ends[at] as number) - 1
        return start === last ? String(start) : `${start}-${last}`
      })
      .join(",")
  }
}
