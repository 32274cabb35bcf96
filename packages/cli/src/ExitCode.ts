/**
 * The exit codes, which are a contract with scripts.
 *
 * @since 0.1.0
 */

/**
 * What the process ends with. Where notifications ended differently, the highest of their codes.
 *
 * @category tables
 * @since 0.1.0
 */
export const ExitCode = {
  /** Accepted; or done, for commands that send nothing. */
  ok: 0,
  /** A check did not pass, or something broke that is none of the below. */
  failed: 1,
  /** Arguments, files or settings are wrong. Nothing was sent. */
  badInput: 2,
  /** APNs said no, and why. */
  refused: 3,
  /** Provably not processed: sending again cannot make a duplicate. */
  unsent: 4,
  /** It was written and no answer came: it may have arrived. */
  unknown: 5,
  /** Ctrl-C, or SIGTERM. */
  interrupted: 130
} as const

/**
 * One of the codes.
 *
 * @category models
 * @since 0.1.0
 */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
