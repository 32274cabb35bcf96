/** When one session more is opened: a decision on data. */

/** What is asked of the sessions there are, every stream of which is taken. */
export interface Demand {
  /** Since when the head of the queue has waited. */
  readonly waitingSinceMillis: number
  /** Since when each session has answered: before its first answers APNs allows it one stream. */
  readonly provenSinceMillis: number
  /** How long an answer takes. */
  readonly roundTripMillis: number
}

/** Nearer servers answer sooner than a handshake is worth. */
const minWaitMillis = 50

/** When the queue has waited longer than a round trip for streams that all sessions could have freed meanwhile. */
export const growAtMillis = ({ waitingSinceMillis, provenSinceMillis, roundTripMillis }: Demand): number =>
  Math.max(waitingSinceMillis, provenSinceMillis) + Math.max(minWaitMillis, roundTripMillis)

/** The smoothed time of an answer, with one more sample; `known` is 0 before the first. (The weight is TCP's: RFC 6298.) */
export const smoothed = (known: number, sampleMillis: number): number =>
  known === 0 ? sampleMillis : known + (sampleMillis - known) / 8
