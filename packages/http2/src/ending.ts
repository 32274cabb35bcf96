/** How streams and connections end. */
import type { HeaderField } from "./hpack/index.ts"

/** A GOAWAY frame of the peer (RFC 9113, 6.8). */
export interface GoAway {
  readonly code: number
  readonly lastStreamId: number
  readonly debugData: string
}

/** A complete response (RFC 9113, 8.1). */
export interface Answered {
  readonly _tag: "Answered"
  readonly status: number
  /** The header fields without `:status`, in the order they came. */
  readonly fields: ReadonlyArray<HeaderField>
  readonly body: Buffer
  readonly trailers: ReadonlyArray<HeaderField>
}

/** Reset, by the peer or by us because its response broke a rule. The peer may have processed the request. */
export interface Reset {
  readonly _tag: "Reset"
  readonly code: number
  readonly initiator: "peer" | "local"
  readonly problem: string
  /** What had come of the response, if the peer reset it after its header section. */
  readonly received?: Answered
}

/**
 * How a stream ended: exactly one of these, exactly once.
 *
 * The peer has provably not processed the request after `Refused`, `AboveLastStream` and `NeverWritten`. It may have
 * after `Reset`, `Lost` and `Cancelled`.
 *
 * `NeverWritten` means that not one byte of the request was handed to the socket. Bytes are handed over in whole
 * batches, and a request counts as written from the moment its batch was handed over: what then happens inside the
 * operating system cannot be known, so such a stream is `Lost`.
 */
export type Ending =
  | Answered
  /** By `Stream.cancel` (RFC 9113, 5.4.2 and 7: CANCEL). */
  | { readonly _tag: "Cancelled" }
  /** RST_STREAM with REFUSED_STREAM before any response (RFC 9113, 8.7). */
  | { readonly _tag: "Refused" }
  /** Above the last stream identifier of a GOAWAY (RFC 9113, 6.8). */
  | { readonly _tag: "AboveLastStream"; readonly goAway: GoAway }
  /** The connection could not take it, or ended, or was told to by a GOAWAY, before it was handed to the socket. */
  | { readonly _tag: "NeverWritten"; readonly problem: string }
  | Reset
  /** The connection ended after the request was handed to the socket. */
  | { readonly _tag: "Lost"; readonly problem: string; readonly received?: Answered }

export type OnEnding = (ending: Ending) => void
