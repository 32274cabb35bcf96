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

/** How long the event loop has waited for something to do, and how long it did something, since some moment. */
export interface LoopTime {
  readonly idle: number
  readonly active: number
}

/** Nearer servers answer sooner than a handshake is worth. */
const minWaitMillis = 50

/** A program that is busier than this would not send more over more sessions. */
const leastIdleShare = 0.1

/** How long the head of the queue has to wait at least. */
export const waitMillis = (roundTripMillis: number): number => Math.max(minWaitMillis, roundTripMillis)

/** Which part of the time the event loop had nothing to do; 1 where no time has passed, or the runtime does not tell. */
export const idleShare = (then: LoopTime, now: LoopTime): number => {
  const idle = now.idle - then.idle
  const active = now.active - then.active
  return idle + active > 0 ? idle / (idle + active) : 1
}

/**
 * When the queue has waited longer than a round trip for streams that all sessions could have freed meanwhile.
 *
 * Only the time counts in which this program waited for the network, `idle` of the whole: as long as the event loop is
 * busy, answers that have come are not read, and what looks like a want of streams is one of CPU, which sessions do not
 * bring. With no idle time to speak of, never.
 */
export const growAtMillis = (
  { waitingSinceMillis, provenSinceMillis, roundTripMillis }: Demand,
  idle: number
): number =>
  idle < leastIdleShare
    ? Number.POSITIVE_INFINITY
    : Math.max(waitingSinceMillis, provenSinceMillis) + waitMillis(roundTripMillis) / idle

/** The smoothed time of an answer, with one more sample; `known` is 0 before the first. (The weight is TCP's: RFC 6298.) */
export const smoothed = (known: number, sampleMillis: number): number =>
  known === 0 ? sampleMillis : known + (sampleMillis - known) / 8
