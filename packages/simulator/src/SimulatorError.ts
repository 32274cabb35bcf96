/**
 * Why the simulator could not start or take a key. One wrapper error with a `reason`, for `Effect.catchReason`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/** The system's code of an error, or of its cause. */
const codeOf = (cause: unknown): unknown => {
  if (typeof cause !== "object" || cause === null) return undefined
  if ("code" in cause) return cause.code
  return "cause" in cause ? codeOf(cause.cause) : undefined
}

const cureOf = (cause: unknown): string => {
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return "Something listens there already: choose another port, or 0 for a free one."
    case "EACCES":
      return "Ports below 1024 are for the administrator: choose another."
    case "EADDRNOTAVAIL":
      return "This machine has no such address: choose another."
    default:
      return String(cause)
  }
}

/**
 * The server could not listen, for example because the port is taken.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {
  /** What was wrong, as a sentence without its full stop. */
  get problem() {
    return `cannot listen on ${this.host}:${this.port}`
  }
  /** What to do about it. */
  get cure() {
    return cureOf(this.cause)
  }
  override get message() {
    return `${this.problem}. ${this.cure}`
  }
}

/**
 * A provider key is not a P-256 key in PEM.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidKey extends Data.TaggedError("InvalidKey")<{ readonly keyId: string; readonly cause?: unknown }> {
  override get message() {
    return `key ${this.keyId} is not a P-256 key in PEM`
  }
}

/**
 * The certificates could not be made, `clientCa` is not a certificate in PEM, or `caDirectory` holds no usable authority.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidTls extends Data.TaggedError("InvalidTls")<{ readonly cause: unknown }> {
  override get message() {
    return `the TLS certificates cannot be used: ${this.cause instanceof Error ? this.cause.message : this.cause}`
  }
}

/**
 * The file that should keep the inbox cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidData extends Data.TaggedError("InvalidData")<{ readonly path: string; readonly cause: unknown }> {
  override get message() {
    return this.cause instanceof Error ? this.cause.message : `${this.path} cannot be used`
  }
}

/**
 * What the simulator's layer and `registerKey` fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export class SimulatorError extends Data.TaggedError("SimulatorError")<{
  readonly reason: ListenFailed | InvalidKey | InvalidTls | InvalidData
}> {
  override get message() {
    return this.reason.message
  }
}
