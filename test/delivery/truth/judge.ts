/** Compares what was enqueued with what the simulator did and what the workers said. Pure. */
import type { Counts } from "../../../packages/bench/src/storm/ledger.ts"
import type { Span } from "./protocol.ts"

/** What the workers said of each notification: names of outcomes, in the order in which they were written. */
export type Told = ReadonlyMap<number, ReadonlyArray<string>>

/** Reads the lines that workers write. What a killed worker left unfinished does not count. */
export const toldIn = (files: ReadonlyArray<string>): Told => {
  const told = new Map<number, Array<string>>()
  for (const line of files.flatMap((text) => text.split("\n").slice(0, -1))) {
    const [tag = "", ...indices] = line.split(" ")
    for (const index of indices.map(Number)) {
      const before = told.get(index)
      if (before === undefined) told.set(index, [tag])
      else before.push(tag)
    }
  }
  return told
}

/** How many of the enqueued notifications stand where. */
export interface Verdict {
  readonly enqueued: number
  /** The simulator never saw it, or refused it for now and never saw it again, and no outcome names it. */
  readonly lost: number
  /** No outcome names it, though its element left the queue. */
  readonly untold: number
  /** An outcome says that it was accepted, and the simulator did not; or that it was refused, and the simulator did not. */
  readonly mistold: number
  /** Processed by the simulator once more than once: three times count as two. */
  readonly duplicates: number
  /** Named by more than one outcome. */
  readonly toldTwice: number
  /** By the outcome told first. */
  readonly outcomes: Readonly<Record<string, number>>
}

export const judge = (
  { from, to }: Span,
  doubtful: ReadonlySet<number>,
  { accepted, processed, refused }: Counts,
  told: Told
): Verdict => {
  const outcomes: Record<string, number> = {}
  let lost = 0
  let untold = 0
  let mistold = 0
  let duplicates = 0
  let toldTwice = 0
  let enqueued = 0
  for (let index = from; index < to; index++) {
    const times = processed[index] ?? 0
    const isAnswered = times > 0 || (refused[index] ?? 0) > 0
    const [first, ...others] = told.get(index) ?? []
    duplicates += Math.max(0, times - 1)
    // What may not be in the store at all may be sent, too.
    if (doubtful.has(index) && !isAnswered && first === undefined) continue
    enqueued++
    if (first === undefined) {
      untold++
      if (times === 0) lost++
      continue
    }
    if (others.length > 0) toldTwice++
    if (first === "Accepted" && accepted[index] === 0) mistold++
    if (first === "Refused" && refused[index] === 0) mistold++
    outcomes[first] = (outcomes[first] ?? 0) + 1
  }
  return { enqueued, lost, untold, mistold, duplicates, toldTwice, outcomes }
}
