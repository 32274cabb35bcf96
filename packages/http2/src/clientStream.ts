/**
 * A stream as the client sees it (RFC 9113, 5.1).
 *
 * ```text
 *            open()                 END_STREAM sent              END_STREAM received
 *   idle ------------->  open  ----------------------> half-closed --------------------> closed
 *                         |                              (local)                            ^
 *                         +-----------------------------------------------------------------+
 *                           RST_STREAM sent or received; END_STREAM received (see below)
 * ```
 *
 * "Half-closed (remote)" does not last: a response that is complete before the request makes the rest of the request
 * useless (RFC 9113, 8.1), so we reset the stream with CANCEL and have the answer. So a stream is in the table until it
 * is closed on both sides, and no longer.
 */
import type { Answered, OnEnding } from "./ending.ts"
import type { HeaderField } from "./fields.ts"
import type { ReceiveWindow } from "./receiveWindow.ts"

/** A stream that was opened. */
export interface Stream {
  readonly id: number
  /** How far it has come: until the whole request is handed to the socket, until a response begins, until it ends. */
  readonly stage: "write" | "answer" | "body"
  /** Resets it with CANCEL (RFC 9113, 5.4.2 and 7). Its ending, `Cancelled`, is reported later, never from inside this call. */
  cancel(): void
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** How much of the output has been handed to the socket. */
  readonly taken: number
  cancel(stream: ClientStream): void
}

const noFields: ReadonlyArray<HeaderField> = []
const noBytes = Buffer.alloc(0)

export class ClientStream implements Stream {
  readonly id: number
  readonly onEnding: OnEnding
  private readonly owner: StreamOwner
  /** Closed to us: it has its ending, though that may not have been reported. */
  closed = false

  // The request
  /** The position of the first byte of its HEADERS frame in the output. */
  headersPosition = 0
  /** The position after the last byte of its frames so far. */
  endPosition = 0
  /** What of the body has not been written because a flow-control window is exhausted (RFC 9113, 6.9). */
  unsent: Uint8Array | undefined
  sendWindow: number
  readonly isHead: boolean

  // The response
  /** Its window for what we receive, once there was a DATA frame that is not the last. */
  window: ReceiveWindow | undefined
  status = 0
  fields: ReadonlyArray<HeaderField> = noFields
  trailers: ReadonlyArray<HeaderField> = noFields
  contentLength = -1
  bodyLength = 0
  private body = noBytes

  constructor(owner: StreamOwner, id: number, sendWindow: number, isHead: boolean, onEnding: OnEnding) {
    this.owner = owner
    this.id = id
    this.sendWindow = sendWindow
    this.isHead = isHead
    this.onEnding = onEnding
  }

  get stage(): "write" | "answer" | "body" {
    if (this.status !== 0) return "body"
    return this.unsent !== undefined || this.owner.taken < this.endPosition ? "write" : "answer"
  }

  cancel(): void {
    if (!this.closed) this.owner.cancel(this)
  }

  append(bytes: Buffer, start: number, end: number): void {
    const needed = this.bodyLength + end - start
    if (needed > this.body.length) {
      // The first frame is mostly the only one: its size is right then, and doubling otherwise.
      const larger = Buffer.allocUnsafe(this.bodyLength === 0 ? needed : Math.max(needed, this.body.length * 2))
      this.body.copy(larger, 0, 0, this.bodyLength)
      this.body = larger
    }
    bytes.copy(this.body, this.bodyLength, start, end)
    this.bodyLength = needed
  }

  /** What was received, as an answer. */
  answer(): Answered {
    const { status, fields, body, bodyLength, trailers } = this
    return {
      _tag: "Answered",
      status,
      fields,
      body: bodyLength === body.length ? body : body.subarray(0, bodyLength),
      trailers
    }
  }
}
