/**
 * Scenarios: what the server should do wrong, as plain data that survives JSON. A scenario stays until it is removed and
 * can be switched off and on; a fault is the form that is forgotten once it is spent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const atLeastOne = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
const uint32 = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffffffff }))
const streamId = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0x7fffffff }))
const millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
// Node refuses to send anything else as a final answer.
const status = Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))
const headers = Schema.Record(Schema.String, Schema.String)

/**
 * Which requests are meant. Every given field must match; no field matches every request.
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
 * A time that varies, in milliseconds. Values are drawn from the seed of the scenario; none is below 0.
 *
 * **Details**
 *
 * - `uniform`: between `min` and `max`.
 * - `exponential`: with a `mean`; at most `max`, default 20 times the mean.
 * - `normal`: around `mean` with a standard `deviation`.
 * - `percentiles`: pairs of a percentile (0 to 100) and its value, both rising, straight lines between them: with
 *   `[[50, 20], [99, 400]]` half of the times are at most 20 ms and 99 % at most 400. Below the first pair and above the
 *   last the value stays that of the pair.
 *
 * @category models
 * @since 0.1.0
 */
export const Distribution = Schema.TaggedUnion({
  uniform: { min: millis, max: millis },
  exponential: { mean: millis, max: Schema.optional(millis) },
  normal: { mean: millis, deviation: millis },
  percentiles: {
    values: Schema.NonEmptyArray(
      Schema.Tuple([Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })), millis])
    )
  }
})

/**
 * @category models
 * @since 0.1.0
 */
export type Distribution = typeof Distribution.Type

/**
 * Milliseconds: always the same, or drawn anew for each request.
 *
 * @category models
 * @since 0.1.0
 */
export const Delay = Schema.Union([millis, Distribution])

/**
 * @category models
 * @since 0.1.0
 */
export type Delay = typeof Delay.Type

/**
 * What happens to a request that is meant.
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
 *   announces the end: streams are let in up to it. `abrupt` closes the connection right behind the frame, whatever is
 *   open.
 * - `shutdown`: the graceful end in two steps of RFC 9113, section 6.8. GOAWAY with last stream id 2147483647 now, while
 *   streams are still let in; after `millis` (default 100) one with the highest stream so far, `code` and `debugData`.
 *   With `refuse` what comes in between is answered `503 Shutdown`. The request itself is processed as usual.
 * - `disconnect`: destroys the socket at once. With `afterBytes` the answer is begun and the socket is cut after so many
 *   bytes, at most 55, of its HEADERS frame: 9 are its head, and fewer cut through that.
 * - `settings`: sends SETTINGS, then processes the request as usual. From then on the connection keeps this
 *   `maxConcurrentStreams`: an accepted token no longer raises it. With `forMillis` it does so for that long only; then
 *   the limit is again the one of the options.
 * - `bandwidth`: from now on the connection carries at most `bytesPerSecond` each way, TLS not counted; the request is
 *   processed as usual.
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
  delay: { millis: Delay },
  silence: {},
  reset: { code: uint32 },
  goAway: {
    code: Schema.optional(uint32),
    lastStreamId: Schema.optional(Schema.Union([Schema.Literals(["this", "before"]), streamId])),
    debugData: Schema.optional(Schema.String),
    answer: Schema.optional(Schema.Boolean),
    abrupt: Schema.optional(Schema.Boolean)
  },
  shutdown: {
    code: Schema.optional(uint32),
    millis: Schema.optional(Delay),
    debugData: Schema.optional(Schema.String),
    refuse: Schema.optional(Schema.Boolean)
  },
  disconnect: { afterBytes: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 55 }))) },
  settings: {
    maxConcurrentStreams: Schema.optional(uint32),
    forMillis: Schema.optional(count),
    headerTableSize: Schema.optional(uint32),
    initialWindowSize: Schema.optional(streamId),
    maxFrameSize: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 16_384, maximum: 16_777_215 }))),
    maxHeaderListSize: Schema.optional(uint32)
  },
  bandwidth: { bytesPerSecond: atLeastOne }
})

/**
 * @category models
 * @since 0.1.0
 */
export type FaultEffect = typeof FaultEffect.Type

const conditions = {
  match: Schema.optional(FaultMatch),
  skip: Schema.optional(count),
  every: Schema.optional(atLeastOne),
  times: Schema.optional(count),
  probability: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  seed: Schema.optional(uint32),
  delayMillis: Schema.optional(Delay),
  effect: FaultEffect
}

/**
 * The one-shot form of a scenario: it is forgotten once it is spent.
 *
 * **Details**
 *
 * The fields are those of `Scenario`, but that `times` defaults to 1.
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
export const Fault = Schema.Struct(conditions)

/**
 * @category models
 * @since 0.1.0
 */
export type Fault = typeof Fault.Type

/**
 * A fault that stays.
 *
 * **Details**
 *
 * - `id`: what it is called to switch or remove it; adding a scenario replaces the one with its id.
 * - `name`, `description`: for people; `name` defaults to the id.
 * - `enabled`: default true. One that is switched off neither applies nor counts.
 * - `match`: default every request.
 * - `skip`: how many matching requests pass untouched first; default 0.
 * - `every`: of those after them, it applies to the first of each `every`; default 1, which is all.
 * - `probability`: and to these with this chance; default 1. The same `seed` (default 1) draws the same.
 * - `times`: to how many it applies at most; default no end.
 * - `delayMillis`: waits this long before `effect` is applied, so that any effect can also be late; default 0.
 * - `effect`: what happens.
 *
 * Faults come before scenarios, and within each the first added comes first: the first one that applies to a request is
 * the only one. A request that one leaves alone may still meet a later one. The rules run first and their traces stay (the
 * connection is bound to the token's team, the stream limit is raised unless the answer is a 403); the effect replaces the
 * answer only. Channels and devices are the exception: what a `reject` or a `respond` answers, and what is above a
 * GOAWAY's last stream id, creates, deletes, stores and delivers nothing; neither does what is reset with REFUSED_STREAM
 * (RFC 9113, section 8.7). What was done and whose answer was lost (`silence`, `reset` with another code, `disconnect`)
 * stays done.
 *
 * **Example** (One push in a hundred is refused for the rate, the same ones in each run)
 *
 * ```ts
 * import type { Scenario } from "@effect-apns/simulator"
 *
 * export const hotDevices: Scenario = {
 *   id: "hot-devices",
 *   name: "Some devices get too much",
 *   probability: 0.01,
 *   seed: 7,
 *   effect: { _tag: "reject", reason: "TooManyRequests" }
 * }
 * ```
 *
 * **Example** (A slow day)
 *
 * ```ts
 * import type { Scenario } from "@effect-apns/simulator"
 *
 * export const slowDay: Scenario = {
 *   id: "slow-day",
 *   effect: { _tag: "delay", millis: { _tag: "percentiles", values: [[50, 40], [95, 300], [99.9, 4_000]] } }
 * }
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export const Scenario = Schema.Struct({
  id: Schema.NonEmptyString,
  name: Schema.optional(Schema.String),
  description: Schema.optional(Schema.String),
  enabled: Schema.optional(Schema.Boolean),
  ...conditions
})

/**
 * @category models
 * @since 0.1.0
 */
export type Scenario = typeof Scenario.Type

/**
 * A scenario or a fault as the simulator has it.
 *
 * **Details**
 *
 * - `kind`: whether it stays (`scenario`) or goes when it is spent (`fault`). A fault gets an id of the simulator's.
 * - `matched`: requests that matched since it was added, skipped ones included. `applied`: those it was applied to.
 * - `spent`: it has been applied `times` times.
 *
 * @category models
 * @since 0.1.0
 */
export const ScenarioInfo = Schema.Struct({
  kind: Schema.Literals(["scenario", "fault"]),
  scenario: Scenario,
  matched: Schema.Int,
  applied: Schema.Int,
  spent: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type ScenarioInfo = typeof ScenarioInfo.Type
