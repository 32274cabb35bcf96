/** Compares what a client said with what the server did. Pure. */
import type { Counts } from "./ledger.ts"
import { type Outcomes, words } from "./outcomes.ts"

/** How many notifications stand where. */
export interface Verdict {
  readonly accepted: number
  readonly refused: number
  readonly unsent: number
  readonly unknown: number
  /** The client said that it failed, and not what is known of it. */
  readonly failed: number
  /** The client said nothing. */
  readonly silent: number
  /** The client said something more than once. */
  readonly repeated: number
  /** Called accepted, and the server did not process it and answer 200. */
  readonly lost: number
  /** Called refused, and the server did not refuse it. */
  readonly notRefused: number
  /** Called refused with no unknown attempt before, and the server processed it. */
  readonly refusedProcessed: number
  /** Called unsent, and the server processed it. */
  readonly unsentProcessed: number
  /** Called unknown, and the server processed it: not wrong. */
  readonly unknownProcessed: number
  /** Called failed, and the server processed it. */
  readonly failedProcessed: number
  /** Processed more than once by the server. */
  readonly duplicates: number
  /** Of these, the ones with no attempt that the client called unknown, or without leave to replay such. */
  readonly wrongDuplicates: number
  /** Requests for notifications that nobody was to send. */
  readonly strangers: number
}

export const judge = (
  { doubtful, repeated, said }: Pick<Outcomes, "doubtful" | "repeated" | "said">,
  { accepted, processed, refused, strangers }: Counts,
  replayUnknown: boolean
): Verdict => {
  const verdict = {
    ...{ accepted: 0, refused: 0, unsent: 0, unknown: 0, failed: 0, silent: 0, repeated, strangers },
    ...{ lost: 0, notRefused: 0, refusedProcessed: 0, unsentProcessed: 0, unknownProcessed: 0, failedProcessed: 0 },
    ...{ duplicates: 0, wrongDuplicates: 0 }
  }
  for (let index = 0; index < said.length; index++) {
    const times = processed[index] ?? 0
    const wasProcessed = times > 0
    const wasDoubtful = doubtful[index] === 1
    if (times > 1) {
      verdict.duplicates++
      if (!replayUnknown || !wasDoubtful) verdict.wrongDuplicates++
    }
    switch (words[said[index] ?? 0]) {
      case "accepted":
        verdict.accepted++
        if (!wasProcessed || accepted[index] === 0) verdict.lost++
        break
      case "refused":
        verdict.refused++
        if (refused[index] === 0) verdict.notRefused++
        if (wasProcessed && !wasDoubtful) verdict.refusedProcessed++
        break
      case "unsent":
        verdict.unsent++
        if (wasProcessed) verdict.unsentProcessed++
        break
      case "unknown":
        verdict.unknown++
        if (wasProcessed) verdict.unknownProcessed++
        break
      case "failed":
        verdict.failed++
        if (wasProcessed) verdict.failedProcessed++
        break
      default:
        verdict.silent++
    }
  }
  return verdict
}

/** What a client that keeps its word has none of. */
export const broken = (verdict: Verdict): ReadonlyArray<string> => {
  const promises: ReadonlyArray<readonly [keyof Verdict, string]> = [
    ["silent", "have no result"],
    ["repeated", "results too many"],
    ["lost", "called accepted and not processed"],
    ["notRefused", "called refused and not refused"],
    ["refusedProcessed", "called refused and processed"],
    ["unsentProcessed", "called unsent and processed"],
    ["wrongDuplicates", "processed twice without leave"],
    ["strangers", "requests for notifications that nobody sent"]
  ]
  return promises.flatMap(([name, meaning]) => (verdict[name] === 0 ? [] : [`${verdict[name]} ${meaning}`]))
}
