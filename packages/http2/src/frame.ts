/** The frame layout (RFC 9113, 4.1) and the frame types (RFC 9113, 6). */

export const frameHeaderSize = 9

/** SETTINGS_MAX_FRAME_SIZE as it stands unless changed, and the largest it may be (RFC 9113, 6.5.2). */
export const defaultMaxFrameSize = 16_384
export const largestMaxFrameSize = 16_777_215

/** The largest flow-control window, and the largest stream identifier (RFC 9113, 6.9.1 and 5.1.1). */
export const maxWindowSize = 2_147_483_647
export const maxStreamId = 2_147_483_647

/** Both flow-control windows of every stream and connection at the start (RFC 9113, 6.9.2). */
export const defaultWindowSize = 65_535

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9
} as const

export const Flag = {
  /** Of SETTINGS and PING. */
  ACK: 0x1,
  /** Of DATA and HEADERS. */
  END_STREAM: 0x1,
  /** Of HEADERS and CONTINUATION. */
  END_HEADERS: 0x4,
  /** Of DATA and HEADERS. */
  PADDED: 0x8,
  /** Of HEADERS. */
  PRIORITY: 0x20
} as const

/** What a client sends before its first frame (RFC 9113, 3.4). */
export const connectionPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

export const writeFrameHeader = (
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number
): void => {
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  writeUint32(bytes, at + 5, streamId)
}

export const writeUint32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export const readUint24 = (bytes: Buffer, at: number): number =>
  ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)

export const readUint32 = (bytes: Buffer, at: number): number =>
  readUint31(bytes, at) + ((bytes[at] as number) >>> 7) * 0x80000000

/** The low 31 bits: the reserved bit before a stream identifier or a window is ignored (RFC 9113, 4.1). */
export const readUint31 = (bytes: Buffer, at: number): number =>
  (((bytes[at] as number) & 0x7f) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number)
