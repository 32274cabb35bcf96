/**
 * The log of requests that reached the server.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What the server did with a request.
 *
 * **Details**
 *
 * - `answered`: a response was written. `reason` is absent on success and on a `respond` fault. `apnsId`, `requestId`,
 *   `uniqueId` and `channel` are the headers `apns-id`, `apns-request-id`, `apns-unique-id` and `apns-channel-id` of the
 *   response, where it has them.
 * - `unanswered`: none was, yet or ever. `pending` is a request still waiting for its delay; `closed` one whose stream
 *   or connection was closed by the client, by another fault or by the server's end before its answer.
 *
 * @category models
 * @since 0.1.0
 */
export const Answer = Schema.TaggedUnion({
  answered: {
    status: Schema.Int,
    reason: Schema.optional(Schema.String),
    apnsId: Schema.optional(Schema.String),
    requestId: Schema.optional(Schema.String),
    uniqueId: Schema.optional(Schema.String),
    channel: Schema.optional(Schema.String)
  },
  unanswered: {
    why: Schema.Literals(["pending", "silence", "reset", "goAway", "disconnect", "closed"])
  }
})

/**
 * @category models
 * @since 0.1.0
 */
export type Answer = typeof Answer.Type

/**
 * What is kept of a provider token: who made it and when, and a hash to tell two tokens apart. Never the token.
 *
 * **Details**
 *
 * - `kid`, `iss`, `iat`: as the token says, unverified; absent when it could not be decoded.
 * - `hash`: the first 16 hex digits of the token's SHA-256.
 *
 * @category models
 * @since 0.1.0
 */
export const ReceivedToken = Schema.Struct({
  kid: Schema.optional(Schema.String),
  iss: Schema.optional(Schema.String),
  iat: Schema.optional(Schema.Finite),
  hash: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReceivedToken = typeof ReceivedToken.Type

/**
 * One request that arrived whole, that is with its end of stream. A stream refused for the limit, or above the last stream
 * id of a GOAWAY, is not processed and not listed; `ConnectionInfo` counts it.
 *
 * **Details**
 *
 * - `kind`: what the path is for: a push to a `device`, a `broadcast`, the `management` of channels, or `other`: nothing
 *   the listener serves.
 * - `sequence`: 0 for the first request since the layer started or was `reset`.
 * - `connection`, `stream`: ids of the connection (see `ConnectionInfo`) and of the HTTP/2 stream.
 * - `headers`: name and value in the order received, repeated headers included, pseudo-headers first, values decoded as
 *   UTF-8. The value of `authorization` is `"<redacted>"`.
 * - `body`: the body as UTF-8 text, cut after 64 KiB; `bodyBytes` is its full length.
 * - `device`: the token in the path as sent. `bundleId`: the app in the path of a broadcast or of management.
 * - `topic`, `pushType`, `apnsId`, `requestId`, `channel` (`apns-channel-id`): the headers as sent.
 * - `time`: epoch milliseconds at which the end of stream arrived, by Effect's `Clock`.
 *
 * @category models
 * @since 0.1.0
 */
export const Received = Schema.Struct({
  kind: Schema.Literals(["device", "broadcast", "management", "other"]),
  sequence: Schema.Int,
  connection: Schema.Int,
  stream: Schema.Int,
  method: Schema.String,
  path: Schema.String,
  headers: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  token: Schema.optional(ReceivedToken),
  body: Schema.String,
  bodyBytes: Schema.Int,
  device: Schema.optional(Schema.String),
  bundleId: Schema.optional(Schema.String),
  topic: Schema.optional(Schema.String),
  pushType: Schema.optional(Schema.String),
  apnsId: Schema.optional(Schema.String),
  requestId: Schema.optional(Schema.String),
  channel: Schema.optional(Schema.String),
  time: Schema.Finite,
  answer: Answer
})

/**
 * @category models
 * @since 0.1.0
 */
export type Received = typeof Received.Type
