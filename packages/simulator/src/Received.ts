/**
 * The requests that reached the server, and what became of them.
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
 * Why a request was refused by a rule.
 *
 * **Details**
 *
 * - `rule`: a stable name, unique among the rules: the reason, and a suffix where a reason has several causes.
 * - `says`: what Apple says, in our words. `source`: the title of Apple's page.
 * - `fix`: what the sender should change.
 * - `certainty`: `documented` by Apple, `observed` from APNs, or `inferred` where Apple names no reason.
 * - `option`: the option of the layer that decides it, where one does.
 *
 * @category models
 * @since 0.1.0
 */
export const Explanation = Schema.Struct({
  rule: Schema.String,
  says: Schema.String,
  fix: Schema.String,
  source: Schema.String,
  certainty: Schema.Literals(["documented", "observed", "inferred"]),
  option: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Explanation = typeof Explanation.Type

/**
 * What became of an accepted push to a device; times in epoch milliseconds.
 *
 * **Details**
 *
 * - `delivered`: it reached the device, at once or when the device came online.
 * - `stored`: it waits for a device that is offline, until `until`: its `apns-expiration`, else 30 days, the upper bound
 *   Apple names.
 * - `replaced`: a newer one of the same app, whose id is `by`, took its place in the store.
 * - `expired`: its `apns-expiration` passed while it was stored.
 * - `discarded`: the device was offline and `apns-expiration` was 0, or the device is gone.
 *
 * @category models
 * @since 0.1.0
 */
export const Delivery = Schema.TaggedUnion({
  delivered: { time: Schema.Finite },
  stored: { until: Schema.Finite },
  replaced: { by: Schema.Int, time: Schema.Finite },
  expired: { time: Schema.Finite },
  discarded: { time: Schema.Finite }
})

/**
 * @category models
 * @since 0.1.0
 */
export type Delivery = typeof Delivery.Type

/**
 * One request that arrived whole, that is with its end of stream. A stream refused for the limit, or above the last stream
 * id of a GOAWAY, is not processed and not listed; `ConnectionInfo` counts it.
 *
 * **Details**
 *
 * - `id`: a number that grows by one with each request and is never given again, not even after `reset`.
 * - `kind`: what the path is for: a push to a `device`, a `broadcast`, the `management` of channels, or `other`: nothing
 *   the listener serves.
 * - `sequence`: 0 for the first request since the layer started or was `reset`.
 * - `connection`, `stream`: ids of the connection (see `ConnectionInfo`) and of the HTTP/2 stream.
 * - `headers`: name and value in the order received, repeated headers included, pseudo-headers first, values decoded as
 *   UTF-8. The value of `authorization` is `"<redacted>"`.
 * - `body`: the body as UTF-8 text, cut after 64 KiB; `bodyBytes` is its full length. `maxBytes`: the largest body the
 *   path and the push type allow.
 * - `device`: the token in the path as sent. `bundleId`: the app in the path of a broadcast or of management.
 * - `topic`, `pushType`, `apnsId`, `requestId`, `channel` (`apns-channel-id`), `collapseId`: the headers as sent.
 * - `time`: epoch milliseconds at which the end of stream arrived, by the simulator's clock.
 * - `answer`: what the client was told.
 * - `explanation`: the rule that refused the request; present even if a fault replaced the answer.
 * - `scenario`: the fault or scenario applied.
 * - `deviceState`: the state of the device when the push arrived; `unknown`: never registered.
 * - `delivery`: what became of it, when it was accepted and is for a device.
 * - `replaces`: id of an earlier push of the same topic to the same device whose `apns-collapse-id` it has, and whose
 *   place it takes on the screen.
 *
 * @category models
 * @since 0.1.0
 */
export const Received = Schema.Struct({
  id: Schema.Int,
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
  maxBytes: Schema.optional(Schema.Int),
  device: Schema.optional(Schema.String),
  bundleId: Schema.optional(Schema.String),
  topic: Schema.optional(Schema.String),
  pushType: Schema.optional(Schema.String),
  apnsId: Schema.optional(Schema.String),
  requestId: Schema.optional(Schema.String),
  channel: Schema.optional(Schema.String),
  collapseId: Schema.optional(Schema.String),
  time: Schema.Finite,
  answer: Answer,
  explanation: Schema.optional(Explanation),
  scenario: Schema.optional(Schema.Struct({ id: Schema.String, name: Schema.String })),
  deviceState: Schema.optional(Schema.String),
  delivery: Schema.optional(Delivery),
  replaces: Schema.optional(Schema.Int)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Received = typeof Received.Type

/**
 * The JSON value a request's body holds; `undefined` when it holds none, or was cut.
 *
 * @category getters
 * @since 0.1.0
 */
export const payloadOf = (received: Received): unknown => {
  try {
    return JSON.parse(received.body)
  } catch {
    return undefined
  }
}
