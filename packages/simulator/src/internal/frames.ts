/**
 * The three things node:http2 cannot be made to do, done on the bytes it sends (RFC 9113, sections 4.1, 6.5 and 6.8).
 *
 * It enforces every SETTINGS_MAX_CONCURRENT_STREAMS it sends by ending the connection with PROTOCOL_ERROR, where APNs
 * resets the stream or says GOAWAY 7. So the session is never told about the limit: the limit is added to the SETTINGS
 * frames on their way out, and the simulator enforces it itself. It cannot send a GOAWAY with a last stream id of 0, which
 * APNs sends. And it answers a client's GOAWAY with one of its own, which would blur a GOAWAY sent on purpose.
 */

const headerBytes = 9
const settingsType = 0x4
const goAwayType = 0x7
const ackFlag = 0x1

/** A number that fits the field, so that an option out of range cannot throw in the middle of a frame. */
const clamp = (value: number, maximum: number) => Math.min(Math.max(Math.trunc(value) || 0, 0), maximum)

const maxConcurrentStreamsEntry = (limit: number): Buffer => {
  const entry = Buffer.alloc(6)
  entry.writeUInt16BE(0x3, 0)
  entry.writeUInt32BE(clamp(limit, 0xffffffff), 2)
  return entry
}

export const goAwayFrame = (lastStreamId: number, code: number, debugData: string): Buffer => {
  const debug = Buffer.from(debugData)
  const frame = Buffer.alloc(headerBytes + 8 + debug.length)
  frame.writeUIntBE(8 + debug.length, 0, 3)
  frame.writeUInt8(goAwayType, 3)
  frame.writeUInt32BE(clamp(lastStreamId, 0x7fffffff), headerBytes)
  frame.writeUInt32BE(clamp(code, 0xffffffff), headerBytes + 4)
  debug.copy(frame, headerBytes + 8)
  return frame
}

const headersType = 0x1
const endHeadersFlag = 0x4

/** The first bytes of a HEADERS frame with `:status 200` and an `apns-id`: always fewer than it should have. */
export const cutHeadersFrame = (stream: number, bytes: number): Buffer => {
  const name = Buffer.from("apns-id")
  const id = Buffer.from("0F2B6B1E-6A0E-4C55-9D0A-5A6F0A3C9B1")
  const block = Buffer.concat([Buffer.from([0x88, 0x00, name.length]), name, Buffer.from([id.length + 1]), id])
  const header = Buffer.alloc(headerBytes)
  header.writeUIntBE(block.length + 1, 0, 3)
  header.writeUInt8(headersType, 3)
  header.writeUInt8(endHeadersFlag, 4)
  header.writeUInt32BE(clamp(stream, 0x7fffffff), 5)
  return Buffer.concat([header, block]).subarray(0, bytes)
}

export interface OutgoingFrames {
  /** The bytes to send for bytes of the session. */
  readonly pass: (chunk: Buffer) => Array<Buffer>
  /** Adds a frame between two frames of the session: the bytes to send now, none when it must wait. */
  readonly insert: (frame: Buffer) => Array<Buffer>
}

export interface FrameChoices {
  /** The stream limit; asked once for each SETTINGS frame that is not an acknowledgement. */
  readonly limit: () => number
  /** Whether the session's own GOAWAY is left out. */
  readonly hideGoAway: () => boolean
}

/** Follows the frames of one connection. */
export const makeOutgoingFrames = ({ limit, hideGoAway }: FrameChoices): OutgoingFrames => {
  let header: Buffer = Buffer.alloc(0)
  let payloadLeft = 0
  let trailer: Buffer | undefined
  let hidden = false
  const waiting: Array<Buffer> = []

  const atBoundary = () => header.length === 0 && payloadLeft === 0 && trailer === undefined

  const startFrame = (out: Array<Buffer>) => {
    const type = header.readUInt8(3)
    const isSettings = type === settingsType && (header.readUInt8(4) & ackFlag) === 0
    hidden = type === goAwayType && hideGoAway()
    payloadLeft = header.readUIntBE(0, 3)
    if (isSettings) {
      trailer = maxConcurrentStreamsEntry(limit())
      // A copy: the header may be a view of the session's own buffer.
      header = Buffer.from(header)
      header.writeUIntBE(payloadLeft + trailer.length, 0, 3)
    }
    if (!hidden) out.push(header)
    header = Buffer.alloc(0)
  }

  const endFrame = (out: Array<Buffer>) => {
    if (trailer !== undefined) out.push(trailer)
    trailer = undefined
    out.push(...waiting.splice(0))
  }

  return {
    pass: (chunk) => {
      const out: Array<Buffer> = []
      let at = 0
      while (at < chunk.length) {
        if (payloadLeft === 0) {
          const part = chunk.subarray(at, at + headerBytes - header.length)
          header = header.length === 0 ? part : Buffer.concat([header, part])
          at += part.length
          if (header.length < headerBytes) break
          startFrame(out)
        } else {
          const part = chunk.subarray(at, at + payloadLeft)
          if (!hidden) out.push(part)
          at += part.length
          payloadLeft -= part.length
        }
        if (payloadLeft === 0) endFrame(out)
      }
      return out
    },
    insert: (frame) => {
      if (atBoundary()) return [frame]
      waiting.push(frame)
      return []
    }
  }
}
