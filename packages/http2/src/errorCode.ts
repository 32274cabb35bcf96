/** Error codes of RST_STREAM and GOAWAY (RFC 9113, 7). */

export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd
} as const

/** The name of an error code, for messages; unknown codes are allowed (RFC 9113, 7). */
export const errorCodeName = (code: number): string =>
  Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? `0x${code.toString(16)}`

/**
 * The peer broke a rule after which nothing on the connection can be relied on (RFC 9113, 5.4.1). The code goes out in
 * a GOAWAY frame, the message in its debug data.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError"
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
