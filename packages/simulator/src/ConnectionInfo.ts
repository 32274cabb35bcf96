/**
 * What a test can know about a connection.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ReceivedToken } from "./Received.ts"

/**
 * What a connection is bound to: the team and key of its first accepted token (Apple, "Establishing a token-based
 * connection to APNs"), or the client certificate's topics.
 *
 * @category models
 * @since 0.1.0
 */
export const ConnectionBinding = Schema.TaggedUnion({
  token: { teamId: Schema.String, keyId: Schema.String },
  certificate: { topics: Schema.Array(Schema.String) }
})

/**
 * A GOAWAY frame the server sent.
 *
 * @category models
 * @since 0.1.0
 */
export const SentGoAway = Schema.Struct({
  code: Schema.Int,
  lastStreamId: Schema.Int,
  debugData: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type SentGoAway = typeof SentGoAway.Type

/**
 * One connection, open or closed.
 *
 * **Details**
 *
 * - `listener`: which port it came in on: `port` or `managementPort`. Ids are given over both.
 * - `streamsOpened`: streams the client opened so far, refused ones included.
 * - `streamsOpen`: streams open now. `maxStreamsOpen`: the most ever open at once, refused ones included.
 * - `maxConcurrentStreams`: the limit last sent.
 * - `excessStreams`: streams opened above the limit in force. A correct client keeps this at 0. A lowered limit is in
 *   force once the client acknowledged it; the first one at once, as Apple allows one stream only from the beginning.
 * - `token`: the newest provider token it brought, good or bad.
 * - `accepted`, `rejected`: answers below status 400, and the others.
 * - `goAways`: the GOAWAY frames sent.
 * - `remote`: address and port of the client. `tls`: version and cipher.
 * - `openedAt`, `closedAt`: epoch milliseconds by the simulator's clock.
 *
 * @category models
 * @since 0.1.0
 */
export const ConnectionInfo = Schema.Struct({
  id: Schema.Int,
  listener: Schema.Literals(["device", "management"]),
  open: Schema.Boolean,
  streamsOpened: Schema.Int,
  streamsOpen: Schema.Int,
  maxStreamsOpen: Schema.Int,
  maxConcurrentStreams: Schema.Int,
  excessStreams: Schema.Int,
  binding: Schema.optional(ConnectionBinding),
  token: Schema.optional(ReceivedToken),
  accepted: Schema.Int,
  rejected: Schema.Int,
  remote: Schema.String,
  tls: Schema.String,
  openedAt: Schema.Finite,
  closedAt: Schema.optional(Schema.Finite),
  goAways: Schema.Array(SentGoAway)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ConnectionInfo = typeof ConnectionInfo.Type
