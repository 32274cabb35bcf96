/**
 * The seam between the logical connection and an HTTP/2 implementation.
 *
 * A transport opens sessions and streams and reports how each ended; it knows nothing of APNs, keeps no queue, and never
 * opens a stream beyond the peer's limit. Callbacks and plain data, no Effect: this is the hot path.
 */
import type * as Redacted from "effect/Redacted"
import type { ProxyAddress } from "../Proxy.ts"
import type { ConnectionStep } from "../Reason.ts"
import type { Address } from "./addresses.ts"

/** Asks for the addresses of a host name, as the system has them now. */
export type Resolve = (
  host: string,
  onResolved: (error: NodeJS.ErrnoException | null, found: ReadonlyArray<Address>) => void
) => void

/** Where and how to connect. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Default: the system's resolver, which is asked anew for every session. */
  readonly resolve?: Resolve | undefined
  /** Certificates to trust instead of the runtime's, in PEM. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** SHA-256 hashes of public keys in base64, one of which has to be in the server's chain. */
  readonly pins?: ReadonlyArray<string> | undefined
  readonly proxy?: ProxyAddress | undefined
  readonly clientCertificate?:
    | { readonly certificate: string; readonly privateKey: Redacted.Redacted<string> }
    | undefined
  /** Until the peer's SETTINGS must have arrived, in milliseconds. */
  readonly connectTimeoutMillis: number
  /** The largest body of an answer, in bytes. Default: the HTTP/2 implementation's. */
  readonly maxAnswerBytes?: number | undefined
}

/** One request: header fields and one body. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  /** The field `authorization`, kept apart so that nothing prints it. */
  readonly authorization?: Redacted.Redacted<string> | undefined
  readonly body: Uint8Array
}

/** A GOAWAY frame (RFC 9113, 6.8). */
export interface GoAway {
  readonly code: number
  readonly lastStreamId: number
  readonly debugData: string
}

/** "The peer is exhibiting a behavior that might be generating excessive load" (RFC 9113, 7). */
export const enhanceYourCalm = 0xb

/** What had come of an answer: its status and fields, and of its body the beginning. */
export interface Received {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

/** How a stream ended: exactly one of these, exactly once. */
export type Ending =
  | {
      readonly _tag: "Answered"
      readonly status: number
      readonly fields: Readonly<Record<string, string>>
      readonly body: string
    }
  /** By `Stream.cancel`. */
  | { readonly _tag: "Cancelled" }
  /** RST_STREAM with REFUSED_STREAM: not processed (RFC 9113, 8.7). */
  | { readonly _tag: "Refused" }
  /** Above the last stream of a GOAWAY: not processed (RFC 9113, 6.8). */
  | { readonly _tag: "AboveLastStream"; readonly goAway: GoAway }
  /** The session could not take it; nothing was written. */
  | { readonly _tag: "NeverWritten"; readonly problem?: string | undefined }
  /** RST_STREAM with another code: may have been processed. The peer's, unless it is said to be from here. */
  | {
      readonly _tag: "Reset"
      readonly code: number
      readonly initiator?: "local" | "peer" | undefined
      readonly received?: Received | undefined
    }
  /** The session ended after the request was written: may have been processed. */
  | { readonly _tag: "Lost"; readonly problem: string; readonly received?: Received | undefined }

/** A stream that has not ended. */
export interface Stream {
  /** How far it has come. */
  readonly stage: "write" | "answer" | "body"
  /** Resets it with CANCEL (RFC 9113, 8.7). */
  cancel(): void
}

/** Who hears how a stream ended. An object and no function, for a function would be made for each stream. */
export interface StreamListener {
  onEnding(ending: Ending): void
}

/** Why a session could not be opened, or ended. */
export interface SessionFailure {
  readonly step: ConnectionStep
  readonly problem: string
  readonly cure: string
  readonly transient: boolean
  readonly cause?: unknown
  /** It says nothing of the address: another one would have met it, too, or each has been told of by itself. */
  readonly sparesAddress?: boolean | undefined
}

/** What a session reports. None of these is called before the function that opens the session has returned. */
export interface SessionListener {
  /** The peer's SETTINGS have arrived. */
  onReady(): void
  /** All requests so far have been handed to the socket, whole. */
  onWritten(): void
  /** More streams may be opened than before. */
  onCapacity(): void
  onGoAway(goAway: GoAway): void
  /** The session is over, after the ending of its last stream. Called once; nothing follows. */
  onEnd(failure: SessionFailure | undefined): void
}

/**
 * Chooses among the addresses of a host name, and hears which of them are tried. Nobody asks it where there is no choice:
 * for an IP address, and through a proxy, which resolves the name itself.
 */
export interface Route {
  /** Puts the host's addresses into the order in which to try them. */
  arrange(found: ReadonlyArray<Address>): ReadonlyArray<Address>
  /** The address is tried, and is the one of the session unless another follows. Those before it may still be tried. */
  onAttempt(address: string): void
  /** It could not be connected to; that another one was sooner is no failure. */
  onAttemptFailed(address: string): void
  /** It is the one of the session. */
  onConnected(address: string): void
}

/** One HTTP/2 connection. */
export interface Session {
  /** How many streams may be opened now. */
  readonly openable: number
  /** Opens a stream; only while `openable` is above 0. */
  open(request: Request, listener: StreamListener): Stream
  /** Asks for a sign of life (PING; RFC 9113, 6.7). Nothing is called back if the session ends first. */
  ping(onAcknowledged: () => void): void
  /** Opens no more streams, and ends when the last one has. */
  close(): void
  /** Ends now; open streams are lost. */
  destroy(): void
}

/** Opens a session; it is not ready before `onReady`. */
export type Connect = (endpoint: Endpoint, listener: SessionListener, route?: Route) => Session
