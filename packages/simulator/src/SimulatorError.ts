/**
 * Why the simulator could not start or take a key. One wrapper error with a `reason`, for `Effect.catchReason`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

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
  override get message() {
    return `cannot listen on ${this.host}:${this.port}`
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
 * What the simulator's layer and `registerKey` fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export class SimulatorError extends Data.TaggedError("SimulatorError")<{
  readonly reason: ListenFailed | InvalidKey | InvalidTls
}> {
  override get message() {
    return this.reason.message
  }
}
