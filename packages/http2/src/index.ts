/**
 * A fast HTTP/2 client engine for small requests (RFC 9113 and 7541).
 *
 * `connect` opens a `Session` on a socket. It opens no stream before the peer's SETTINGS nor beyond their limit, keeps no
 * queue, and says of each stream how it ended and whether the peer may have processed it (`Ending`). What it does not
 * do: servers, server push, priorities, streaming of bodies, WebSockets, extended CONNECT.
 *
 * `Connection` is the same without a socket: bytes in, bytes out.
 */
export type { Stream } from "./clientStream.ts"
export { Connection, type ConnectionListener, type ConnectionOptions } from "./connection.ts"
export { type Dial, type DialListener, type DialOptions, dial } from "./dial.ts"
export type { Answered, Ending, GoAway, OnEnding, Reset } from "./ending.ts"
export { ConnectionError, ErrorCode, errorCodeName } from "./errorCode.ts"
export type { EncodeField, HeaderField, Indexing } from "./hpack/index.ts"
export { patience } from "./patience.ts"
export type { Request } from "./request.ts"
export {
  type ConnectOptions,
  connect,
  type Session,
  type SessionFailure,
  type SessionListener,
  type Step
} from "./session.ts"
