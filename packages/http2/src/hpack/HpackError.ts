/**
 * What a header block can be refused for.
 *
 * - `"compression"`: the block is not valid HPACK, so the two dynamic tables no longer agree. A connection error of type
 *   COMPRESSION_ERROR (RFC 9113, section 4.3).
 * - `"headerListTooLarge"`: the block was decoded and the table is in step, but the list is longer than we announced
 *   with SETTINGS_MAX_HEADER_LIST_SIZE. The stream can be refused and the connection kept (RFC 9113, section 10.5.1).
 *
 * @category errors
 * @since 0.1.0
 */
export type HpackErrorKind = "compression" | "headerListTooLarge"

/**
 * A header block was refused.
 *
 * It carries no stack: a peer decides how often it is made.
 *
 * @category errors
 * @since 0.1.0
 */
export class HpackError extends Error {
  override readonly name = "HpackError"
  readonly kind: HpackErrorKind

  constructor(kind: HpackErrorKind, message: string) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.kind = kind
  }
}

/** A decoding error; `section` is the section of RFC 7541 the block violates. */
export const compressionError = (message: string, section: string): HpackError =>
  new HpackError("compression", `${message} (RFC 7541, section ${section})`)
