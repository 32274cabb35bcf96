/** What became of the rows, in numbers, and whether a row is done. Pure. */
import type { ApnsError } from "effect-apns"
import { ExitCode } from "../ExitCode.ts"
import type { RowNotification } from "./rows.ts"

export type RowOutcome = "accepted" | "refused" | "unsent" | "unknown" | "invalid"

export const outcomes: ReadonlyArray<RowOutcome> = ["accepted", "refused", "unsent", "unknown", "invalid"]

export interface ReasonCount {
  readonly outcome: RowOutcome
  readonly reason: string
  /** Of the first one. */
  readonly cure: string
  count: number
}

export class Tally {
  readonly counts: Record<RowOutcome, number> = { accepted: 0, refused: 0, unsent: 0, unknown: 0, invalid: 0 }
  readonly reasons = new Map<string, ReasonCount>()
  deadTokens = 0

  get total(): number {
    return outcomes.reduce((sum, outcome) => sum + this.counts[outcome], 0)
  }

  add(outcome: RowOutcome, reason: string, cure: string, count = 1): void {
    this.counts[outcome] += count
    const key = `${outcome} ${reason}`
    const known = this.reasons.get(key)
    if (known === undefined) this.reasons.set(key, { outcome, reason, cure, count })
    else known.count += count
  }
}

/** What a row's error comes to: what breaks a rule before it is sent is the row's own fault. */
export const outcomeOf = ({ outcome, reason }: ApnsError): RowOutcome =>
  reason._tag === "InvalidNotification" ? "invalid" : outcome

/** What only a row can say. */
const ofRow = new Set(["device", "id"])

/** Whether it is a rule that all rows break alike: one for what was said for all of them. */
export const breaksAll = ({ content, isOwn }: RowNotification, { reason }: ApnsError): boolean =>
  reason._tag === "InvalidNotification" &&
  !isOwn &&
  !ofRow.has(reason.field) &&
  (reason.field !== "payload" || content.once !== undefined)

/**
 * Whether a row that was not accepted is done: its device token is dead, or the row itself is wrong. All others can be sent
 * again when the fault is over or mended; but of the unknown nobody can say.
 */
export const isDone = (row: RowNotification, error: ApnsError): boolean =>
  error.action === "dropToken" || (error.reason._tag === "InvalidNotification" && !breaksAll(row, error))

const codes: Readonly<Record<RowOutcome, ExitCode>> = {
  accepted: ExitCode.ok,
  invalid: ExitCode.badInput,
  refused: ExitCode.refused,
  unsent: ExitCode.unsent,
  unknown: ExitCode.unknown
}

/** The highest code of the outcomes there were. */
export const exitCodeOf = ({ counts }: Tally): ExitCode =>
  outcomes.reduce<ExitCode>((code, outcome) => {
    const own = codes[outcome]
    return counts[outcome] > 0 && own > code ? own : code
  }, ExitCode.ok)
