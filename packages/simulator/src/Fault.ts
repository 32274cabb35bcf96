/**
 * Faults: what the server should do wrong, as plain data that survives JSON. A fault waits until a request matches it,
 * is applied as many times as it says, and is then forgotten.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const uint32 = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffffffff }))
const streamId = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0x7fffffff }))
// Node refuses to send anything else as a final answer.
const status = Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))
const headers = Schema.Record(Schema.String, Schema.String)

/**
 * Which requests a fault applies to. Every given field must match; no field matches every request.
 *
 * **Details**
 *
 * - `device`: the token in the path, without regard to case.
 * - `topic`: the `apns-topic` header, exactly.
 * - `pushType`: the `apns-push-type` header, exactly.
 * - `bundleId`: the app in the path of a broadcast or of channel management, exactly.
 * - `channel`: the `apns-channel-id` header, exactly.
 * - `method`: the `:method`, exactly: it tells a channel's creation from its reading and deletion.
 * - `path`: the whole `:path`, exactly.
 *
 * @category models
 * @since 0.1.0
 */
export const FaultMatch = Schema.Struct({
  device: Schema.optional(Schema.String),
  topic: Schema.optional(Schema.String),
  pushType: Schema.optional(Schema.String),
  bundleId: Schema.optional(Schema.String),
  channel: Schema.optional(Schema.String),
  method: Schema.optional(Schema.String),
  path: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type FaultMatch = typeof FaultMatch.Type

/**
 * What happens to a request that a fault matches.
 *
 * **Details**
 *
 * - `reject`: an APNs error answer. `status` defaults to the table of `Reasons`, 400 for a reason outside it.
 *   `timestamp` (epoch ms) defaults to now when the status is 410. `retryAfter` (seconds) becomes `retry-after`, which
 *   Apple never documented and clients honour.
 * - `respond`: any answer at all, such as a proxy's HTML page. No id is added.
 * - `delay`: waits `millis`, then processes the request as usual.
 * - `silence`: never answers; the stream stays open.
 * - `reset`: RST_STREAM with `code` (RFC 9113, section 7).
 * - `goAway`: GOAWAY with `code` (default 0, NO_ERROR). `lastStreamId` is `"this"` (default) for the matched stream,
 *   `"before"` for the one before it (0 on the first), or a number. `debugData` is sent as UTF-8 text. `answer` says
 *   whether this stream is still processed and answered: default true when it is at or below the last stream id; above
 *   it a stream is never answered (RFC 9113, section 6.8). The connection closes when the streams at or below the last
 *   stream id are finished; an unanswered one does not hold it open. A number above the streams opened so far only
 *   announces the end: streams are let in up to it. `announceMillis` makes it graceful, in two frames (RFC 9113, section
 *   6.8): the first says NO_ERROR and 2147483647; the second, that long after, has `code` and the highest stream by then.
 *   This request is answered, and `lastStreamId` and `answer` do not count.
 * - `disconnect`: destroys the socket at once.
 * - `settings`: sends SETTINGS_MAX_CONCURRENT_STREAMS, then processes the request as usual. From then on the connection
 *   keeps this limit: an accepted token no longer raises it. With `forMillis` it does so for that long only; then the limit
 *   is again the one of the options.
 *
 * @category models
 * @since 0.1.0
 */
export const FaultEffect = Schema.TaggedUnion({
  reject: {
    reason: Schema.String,
    status: Schema.optional(status),
    timestamp: Schema.optional(Schema.Finite),
    retryAfter: Schema.optional(count),
    headers: Schema.optional(headers)
  },
  respond: {
    status,
    contentType: Schema.optional(Schema.String),
    headers: Schema.optional(headers),
    body: Schema.optional(Schema.String)
  },
  delay: { millis: count },
  silence: {},
  reset: { code: uint32 },
  goAway: {
    code: Schema.optional(uint32),
    lastStreamId: Schema.optional(Schema.Union([Schema.Literals(["this", "before"]), streamId])),
    debugData: Schema.optional(Schema.String),
    answer: Schema.optional(Schema.Boolean),
    announceMillis: Schema.optional(count)
  },
  disconnect: {},
  settings: { maxConcurrentStreams: uint32, forMillis: Schema.optional(count) }
})

/**
 * @category models
 * @since 0.1.0
 */
export type FaultEffect = typeof FaultEffect.Type

/**
 * One fault.
 *
 * **Details**
 *
 * - `match`: default every request.
 * - `skip`: how many matching requests pass untouched first; default 0.
 * - `times`: how many matching requests it then applies to; default 1.
 * - `delayMillis`: waits this long before `effect` is applied, so that any effect can also be late; default 0.
 * - `effect`: what happens.
 *
 * The first fault, in order of injection, that matches a request is the one applied. A request that a fault skips counts
 * as its skip and may still meet a later fault. The rules run first and their traces stay (the connection is bound to
 * the token's team, the stream limit is raised unless the answer is a 403); the fault replaces the answer only. Channels
 * are the exception: what a `reject` or a `respond` answers, and what is above a GOAWAY's last stream id, creates, deletes
 * and stores nothing; neither does what is reset with REFUSED_STREAM (RFC 9113, section 8.7). What was done and whose
 * answer was lost (`silence`, `reset` with another code, `disconnect`) stays done.
 *
 * **Example** (One late 503, then normal service)
 *
 * ```ts
 * import type { Fault } from "@effect-apns/simulator"
 *
 * export const late503: Fault = {
 *   delayMillis: 200,
 *   effect: { _tag: "reject", reason: "ServiceUnavailable", retryAfter: 2 }
 * }
 * ```
 *
 * **Example** (The third push to one device kills the connection)
 *
 * ```ts
 * import type { Fault } from "@effect-apns/simulator"
 *
 * export const thirdIsFatal: Fault = { match: { device: "7a1f" }, skip: 2, effect: { _tag: "disconnect" } }
 * ```
 *
 * **Example** (A channel is created and its answer is lost)
 *
 * ```ts
 * import type { Fault } from "@effect-apns/simulator"
 *
 * export const lostAnswer: Fault = {
 *   match: { method: "POST", bundleId: "com.example.app" },
 *   effect: { _tag: "disconnect" }
 * }
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export const Fault = Schema.Struct({
  match: Schema.optional(FaultMatch),
  skip: Schema.optional(count),
  times: Schema.optional(count),
  delayMillis: Schema.optional(count),
  effect: FaultEffect
})

/**
 * @category models
 * @since 0.1.0
 */
export type Fault = typeof Fault.Type
