/**
 * Why a command stops: one line that says what was wrong, and one that says what to do.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { ApnsError } from "effect-apns"
import { ExitCode } from "./ExitCode.ts"

/**
 * A command's failure, as its user reads it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Failure extends Data.TaggedError("Failure")<{
  /** What was wrong, as a sentence without its full stop. */
  readonly problem: string
  /** What to do about it. */
  readonly cure?: string | undefined
  readonly exitCode: ExitCode
  /** Told with `--verbose`. */
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.problem
  }
}

/**
 * The arguments, a file or a setting is wrong.
 *
 * @category constructors
 * @since 0.1.0
 */
export const badInput = (problem: string, cure?: string, cause?: unknown): Failure =>
  new Failure({ problem, cure, cause, exitCode: ExitCode.badInput })

/** The reasons that are found before anything is sent. */
const input = new Set(["InvalidNotification", "InvalidRequest", "InvalidConfiguration", "InvalidCredentials"])

/**
 * The exit code of a notification that was not accepted.
 *
 * @category getters
 * @since 0.1.0
 */
export const exitCodeOf = ({ outcome, reason }: ApnsError): ExitCode =>
  input.has(reason._tag) ? ExitCode.badInput : ExitCode[outcome]

/**
 * The library's error as a command's failure.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofApnsError = (error: ApnsError): Failure => {
  const { cure, reason, target } = error
  const problem = `${target === undefined ? "" : `${target}: `}${reason.detail}`
  return new Failure({
    problem: input.has(reason._tag) ? problem : `${reason._tag}: ${problem}`,
    cure,
    exitCode: exitCodeOf(error),
    cause: error
  })
}
