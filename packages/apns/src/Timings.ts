/**
 * What a notification spent its time on.
 *
 * @since 0.1.0
 */

/**
 * How long things took, in whole milliseconds: in a receipt, and in the error of what was not accepted. What is not known
 * is absent, and so is what the last attempt did not come to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timings {
  /** From the call to its end, all attempts and the pauses between them included. */
  readonly totalMillis: number
  /** Of the last attempt: waiting for a connection and a free stream. */
  readonly queueMillis?: number | undefined
  /** The part of `queueMillis` in which the connection was not ready yet; 0 where it was open already. */
  readonly connectMillis?: number | undefined
  /** Of the last attempt: from opening its stream until the whole request was handed to the socket. */
  readonly writeMillis?: number | undefined
  /** Of the last attempt: from then (or, where that is not known, from opening its stream) to the end of the answer, or of waiting for it. */
  readonly answerMillis?: number | undefined
}
