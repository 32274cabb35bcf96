/** The peer's SETTINGS (RFC 9113, 6.5), applied as they arrive. */
import { ConnectionError, ErrorCode } from "./errorCode.ts"
import { defaultMaxFrameSize, defaultWindowSize, largestMaxFrameSize, maxWindowSize, readUint32 } from "./frame.ts"

export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6
} as const

/** Bytes of one parameter in a SETTINGS frame (RFC 9113, 6.5.1). */
export const settingSize = 6

/** The peer's parameters; initial values as in RFC 9113, 6.5.2. */
export class PeerSettings {
  headerTableSize = 4096
  /** The smallest that the last SETTINGS frame had, if any: a table was cut to it, though it may have grown again. */
  smallestHeaderTableSize = Number.POSITIVE_INFINITY
  maxConcurrentStreams = Number.POSITIVE_INFINITY
  initialWindowSize = defaultWindowSize
  maxFrameSize = defaultMaxFrameSize
  maxHeaderListSize = Number.POSITIVE_INFINITY

  /** Applies the payload of a SETTINGS frame in order of appearance (RFC 9113, 6.5.3). */
  apply(bytes: Buffer, start: number, end: number): void {
    this.smallestHeaderTableSize = Number.POSITIVE_INFINITY
    for (let at = start; at < end; at += settingSize) {
      this.set(((bytes[at] as number) << 8) | (bytes[at + 1] as number), readUint32(bytes, at + 2))
    }
  }

  private set(id: number, value: number): void {
    switch (id) {
      case Setting.HEADER_TABLE_SIZE:
        this.headerTableSize = value
        this.smallestHeaderTableSize = Math.min(this.smallestHeaderTableSize, value)
        break
      case Setting.ENABLE_PUSH:
        // A server must not send 1; other values were never allowed (RFC 9113, 6.5.2).
        if (value !== 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `ENABLE_PUSH ${value} from a server`)
        break
      case Setting.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value
        break
      case Setting.INITIAL_WINDOW_SIZE:
        // RFC 9113, 6.5.2
        if (value > maxWindowSize) {
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, `INITIAL_WINDOW_SIZE ${value} is above 2^31-1`)
        }
        this.initialWindowSize = value
        break
      case Setting.MAX_FRAME_SIZE:
        // RFC 9113, 6.5.2
        if (value < defaultMaxFrameSize || value > largestMaxFrameSize) {
          throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `MAX_FRAME_SIZE ${value} is out of range`)
        }
        this.maxFrameSize = value
        break
      case Setting.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value
        break
      // Unknown parameters are ignored (RFC 9113, 6.5.2).
    }
  }
}
