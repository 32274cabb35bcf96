/**
 * The responses as they come in: header sections, bodies within the flow-control windows, trailers (RFC 9113, 8.1). What is
 * wrong with one is a stream error.
 */
import type { ClientStream } from "./clientStream.ts"
import { ConnectionError, ErrorCode } from "./errorCode.ts"
import type { HeaderField } from "./fields.ts"
import type { FloodBudget, Sent } from "./floodBudget.ts"
import { defaultWindowSize } from "./frame.ts"
import { HpackError } from "./hpack/index.ts"
import { ReceiveWindow, type WindowUpdates } from "./receiveWindow.ts"
import { contentLengthOf, headersProblem, trailersProblem } from "./response.ts"

/** The connection's window for what we receive; streams keep the initial 65,535 (RFC 9113, 6.9.2). */
export const receiveWindowSize = 1_048_576
/** Bodies of unfinished responses, over all streams. */
const maxHeldBodies = 16_777_216

/** What responses need of their connection. */
export interface ResponseOwner extends WindowUpdates, Sent {
  /** A stream error (RFC 9113, 5.4.2). */
  resetStream(stream: ClientStream, code: number, problem: string): void
  /** The response is complete. */
  answered(stream: ClientStream): void
}

export class Responses {
  private readonly owner: ResponseOwner
  private readonly budget: FloodBudget
  private readonly maxBodySize: number
  private readonly window: ReceiveWindow
  private heldBodies = 0

  constructor(owner: ResponseOwner, budget: FloodBudget, maxBodySize: number) {
    this.owner = owner
    this.budget = budget
    this.maxBodySize = maxBodySize
    this.window = new ReceiveWindow(0, receiveWindowSize, owner)
  }

  /** A header block; `stream` is `undefined` where it is closed. */
  headers(stream: ClientStream | undefined, fields: ReadonlyArray<HeaderField> | HpackError, endStream: boolean): void {
    if (stream === undefined) this.budget.receive("on closed streams", this.owner)
    // RFC 9113, 10.5.1
    else if (fields instanceof HpackError) {
      this.owner.resetStream(stream, ErrorCode.ENHANCE_YOUR_CALM, fields.message)
    } else if (stream.status === 0) this.response(stream, fields, endStream)
    else this.trailers(stream, fields, endStream)
  }

  private response(stream: ClientStream, fields: ReadonlyArray<HeaderField>, endStream: boolean) {
    const problem = headersProblem(fields)
    if (problem !== undefined) return this.malformed(stream, problem)
    const status = Number((fields[0] as HeaderField)[1])
    if (status < 200) {
      // Informational responses do not end a stream, and 101 does not exist (RFC 9113, 8.1 and 8.6).
      if (endStream || status === 101) return this.malformed(stream, `a final response of status ${status}`)
      return this.budget.receive("informational responses", this.owner)
    }
    stream.status = status
    stream.fields = fields.slice(1)
    // Those have no content, whatever length they tell (RFC 9113, 8.1.1; RFC 9110, 6.4.1).
    stream.contentLength = stream.isHead || status === 204 || status === 304 ? 0 : contentLengthOf(fields)
    if (endStream) this.complete(stream)
  }

  private trailers(stream: ClientStream, fields: ReadonlyArray<HeaderField>, endStream: boolean) {
    // RFC 9113, 8.1
    const problem = endStream ? trailersProblem(fields) : "trailers that do not end it"
    if (problem !== undefined) return this.malformed(stream, problem)
    stream.trailers = fields
    this.complete(stream)
  }

  /** A DATA frame; `stream` is `undefined` where it is closed. `size` is its payload with the padding. */
  data(stream: ClientStream | undefined, bytes: Buffer, start: number, end: number, size: number, endStream: boolean) {
    // The whole payload counts, also on closed streams (RFC 9113, 5.1 and 6.9.1).
    if (!this.window.receive(size)) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "DATA above the connection's window")
    }
    this.window.replenish()
    if (stream === undefined) return this.budget.receive("on closed streams", this.owner)
    // RFC 9113, 10.5
    if (start === end && !endStream) this.budget.spend("empty DATA")
    // RFC 9113, 8.1
    if (stream.status === 0) return this.malformed(stream, "a body before its header section")
    // A frame is smaller than the window, so the last one needs no check unless others came before it.
    if (!endStream) stream.window ??= new ReceiveWindow(stream.id, defaultWindowSize, this.owner)
    if (stream.window?.receive(size) === false) {
      // RFC 9113, 6.9.1
      return this.owner.resetStream(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA above the stream's window")
    }
    this.body(stream, bytes, start, end, endStream)
  }

  private body(stream: ClientStream, bytes: Buffer, start: number, end: number, endStream: boolean) {
    this.heldBodies += end - start
    if (stream.bodyLength + end - start > this.maxBodySize || this.heldBodies > maxHeldBodies) {
      this.heldBodies -= end - start
      return this.owner.resetStream(stream, ErrorCode.ENHANCE_YOUR_CALM, "the body of the response is too long")
    }
    if (end > start) stream.append(bytes, start, end)
    if (endStream) return this.complete(stream)
    stream.window?.replenish()
  }

  /** The stream is over: what was held of its body is not any more. */
  forget(stream: ClientStream): void {
    this.heldBodies -= stream.bodyLength
  }

  private complete(stream: ClientStream) {
    const { contentLength } = stream
    // RFC 9113, 8.1.1; NaN differs from every length.
    if (contentLength !== -1 && contentLength !== stream.bodyLength) {
      return this.malformed(stream, "its body is not as long as its content-length")
    }
    this.owner.answered(stream)
  }

  /** A malformed response is a stream error (RFC 9113, 8.1.1). */
  private malformed(stream: ClientStream, problem: string) {
    this.owner.resetStream(stream, ErrorCode.PROTOCOL_ERROR, `the response is malformed: ${problem}`)
  }
}
