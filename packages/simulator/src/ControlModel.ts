/**
 * What the control API says and is told, as schemas. They are the contract of the web inbox, of test clients and of the
 * OpenAPI document; none of them needs Node, so that a browser can use them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Environment } from "./Credentials.ts"
import { DeviceInfo } from "./Device.ts"
import { Delivery, Received } from "./Received.ts"
import { Scenario } from "./Scenario.ts"
import { ClockInfo } from "./SimulatorClock.ts"

const text = Schema.optionalKey(Schema.String)

/**
 * What became of a request, in one word.
 *
 * **Details**
 *
 * - `accepted`: answered with a status of 2xx by the rules.
 * - `refused`: answered with an error by the rules.
 * - `faulted`: a scenario or fault decided its fate: an injected answer, a reset, silence, a lost connection.
 * - `pending`: not answered yet. `lost`: the client went away before its answer.
 *
 * @category models
 * @since 0.1.0
 */
export const Outcome = Schema.Literals(["accepted", "refused", "faulted", "pending", "lost"])

/**
 * @category models
 * @since 0.1.0
 */
export type Outcome = typeof Outcome.Type

/**
 * One received request as the list shows it.
 *
 * **Details**
 *
 * Fields are those of `Received`, and:
 *
 * - `app`: the bundle ID: of the path, else the topic without its push type's suffix.
 * - `priority`: the header as sent.
 * - `title`, `text`: the first words of the alert, for a line of a list; without an alert `text` is the content state of a
 *   Live Activity. `event`: what a push does to a Live Activity.
 * - `outcome`, `status`, `reason`: of the answer.
 * - `replayOf`: the request that this one repeats.
 *
 * @category models
 * @since 0.1.0
 */
export const ReceivedSummary = Schema.Struct({
  id: Schema.Int,
  time: Schema.Finite,
  kind: Received.fields.kind,
  method: Schema.String,
  path: Schema.String,
  connection: Schema.Int,
  stream: Schema.Int,
  bodyBytes: Schema.Int,
  maxBytes: Schema.optionalKey(Schema.Int),
  device: text,
  app: text,
  topic: text,
  pushType: text,
  priority: text,
  collapseId: text,
  apnsId: text,
  channel: text,
  title: text,
  text,
  event: text,
  outcome: Outcome,
  status: Schema.optionalKey(Schema.Int),
  reason: text,
  scenario: Schema.optionalKey(Schema.Struct({ id: Schema.String, name: Schema.String })),
  delivery: Schema.optionalKey(Delivery),
  replaces: Schema.optionalKey(Schema.Int),
  replayOf: Schema.optionalKey(Schema.Int)
}).annotate({ identifier: "ReceivedSummary" })

/**
 * @category models
 * @since 0.1.0
 */
export type ReceivedSummary = typeof ReceivedSummary.Type

/**
 * What a device would show of a push: the parts of `aps` that are seen, checked for their types.
 *
 * **Details**
 *
 * - `surface`: where it is seen: a `banner`, a `liveActivity`, or nowhere: `unseen`, and `why` says so.
 * - `localized`: true when a text is a localization key, which only the app can resolve; the key is shown in its place.
 * - `badge` 0 takes the badge away. `group` is `thread-id`.
 * - `activity`: of a Live Activity: its event and states, as sent.
 *
 * @category models
 * @since 0.1.0
 */
export const Preview = Schema.Struct({
  surface: Schema.Literals(["banner", "liveActivity", "unseen"]),
  why: text,
  title: text,
  subtitle: text,
  body: text,
  localized: Schema.Boolean,
  badge: Schema.optionalKey(Schema.Finite),
  sound: text,
  critical: Schema.optionalKey(Schema.Boolean),
  group: text,
  category: text,
  level: Schema.optionalKey(Schema.Literals(["passive", "active", "time-sensitive", "critical"])),
  relevance: Schema.optionalKey(Schema.Finite),
  mutable: Schema.Boolean,
  activity: Schema.optionalKey(
    Schema.Struct({
      event: Schema.String,
      timestamp: Schema.optionalKey(Schema.Finite),
      attributesType: text,
      attributes: Schema.optionalKey(Schema.Json),
      contentState: Schema.optionalKey(Schema.Json),
      staleDate: Schema.optionalKey(Schema.Finite),
      dismissalDate: Schema.optionalKey(Schema.Finite)
    })
  )
}).annotate({ identifier: "Preview" })

/**
 * @category models
 * @since 0.1.0
 */
export type Preview = typeof Preview.Type

/**
 * Everything known of one received request: `Received`, what the list shows, and:
 *
 * **Details**
 *
 * - `truncated`: `body` is not the whole body. `pretty`: its JSON indented; absent when it is none.
 * - `registered`: its device as it is now.
 * - `preview`: what a device would show.
 *
 * @category models
 * @since 0.1.0
 */
export const ReceivedDetail = Schema.Struct({
  ...Received.fields,
  app: text,
  priority: text,
  title: text,
  text,
  event: text,
  outcome: Outcome,
  status: Schema.optionalKey(Schema.Int),
  reason: text,
  replayOf: Schema.optionalKey(Schema.Int),
  truncated: Schema.Boolean,
  pretty: text,
  registered: Schema.optionalKey(DeviceInfo),
  preview: Schema.optionalKey(Preview)
}).annotate({ identifier: "ReceivedDetail" })

/**
 * @category models
 * @since 0.1.0
 */
export type ReceivedDetail = typeof ReceivedDetail.Type

const short = Schema.String.check(Schema.isMaxLength(512))

/**
 * Which received requests are meant. Every given field must hold.
 *
 * **Details**
 *
 * - `app`: the bundle ID. `topic`: the whole topic. `device`: a token, or the beginning of one, in any case.
 * - `text`: occurs somewhere in the path, the headers or the payload, in any case.
 * - `after`: only requests with a higher id. `since`, `until`: epoch milliseconds, inclusive.
 *
 * @category models
 * @since 0.1.0
 */
export const ReceivedFilter = Schema.Struct({
  app: Schema.optionalKey(short),
  topic: Schema.optionalKey(short),
  device: Schema.optionalKey(short),
  pushType: Schema.optionalKey(short),
  kind: Schema.optionalKey(Received.fields.kind),
  outcome: Schema.optionalKey(Outcome),
  status: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(short),
  connection: Schema.optionalKey(Schema.Int),
  channel: Schema.optionalKey(short),
  apnsId: Schema.optionalKey(short),
  collapseId: Schema.optionalKey(short),
  scenario: Schema.optionalKey(short),
  text: Schema.optionalKey(short),
  after: Schema.optionalKey(Schema.Int),
  since: Schema.optionalKey(Schema.Finite),
  until: Schema.optionalKey(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReceivedFilter = typeof ReceivedFilter.Type

/**
 * One page of received requests, newest first.
 *
 * **Details**
 *
 * - `next`: give it as `before` for the following page; absent on the last. Requests that arrive meanwhile shift nothing.
 * - `kept`: how many requests are kept in all.
 *
 * @category models
 * @since 0.1.0
 */
export const ReceivedPage = Schema.Struct({
  items: Schema.Array(ReceivedSummary),
  next: Schema.optionalKey(Schema.Int),
  kept: Schema.Int
}).annotate({ identifier: "ReceivedPage" })

/**
 * @category models
 * @since 0.1.0
 */
export type ReceivedPage = typeof ReceivedPage.Type

/**
 * What a wait found.
 *
 * **Details**
 *
 * - `matched`: whether `count` matching requests were there in time.
 * - `items`: those that match, oldest first, whole.
 * - `others`: the newest requests that did not match, to see why a wait ran out; empty when it matched.
 *
 * @category models
 * @since 0.1.0
 */
export const WaitResult = Schema.Struct({
  matched: Schema.Boolean,
  items: Schema.Array(ReceivedDetail),
  others: Schema.Array(ReceivedSummary)
}).annotate({ identifier: "WaitResult" })

/**
 * @category models
 * @since 0.1.0
 */
export type WaitResult = typeof WaitResult.Type

/**
 * A scenario to put under an id.
 *
 * @category models
 * @since 0.1.0
 */
export const ScenarioInput = Scenario.mapFields(({ id: _, ...fields }) => fields).annotate({
  identifier: "ScenarioInput"
})

/**
 * @category models
 * @since 0.1.0
 */
export type ScenarioInput = typeof ScenarioInput.Type

/**
 * The simulator's clock, and the machine's (`real`), in epoch milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export const ClockState = Schema.Struct({ ...ClockInfo.fields, real: Schema.Finite }).annotate({
  identifier: "ClockState"
})

/**
 * @category models
 * @since 0.1.0
 */
export type ClockState = typeof ClockState.Type

/**
 * One second of the charts. `time` is its beginning, in epoch milliseconds of the machine; an answer is counted in the second
 * in which it was given.
 *
 * @category models
 * @since 0.1.0
 */
export const StatsSecond = Schema.Struct({
  time: Schema.Finite,
  received: Schema.Int,
  accepted: Schema.Int,
  refused: Schema.Int,
  faulted: Schema.Int,
  lost: Schema.Int
}).annotate({ identifier: "StatsSecond" })

/**
 * @category models
 * @since 0.1.0
 */
export type StatsSecond = typeof StatsSecond.Type

/**
 * Counts since the start or the last `clear`, and the last seconds, oldest first; a second in which nothing happened is left
 * out.
 *
 * @category models
 * @since 0.1.0
 */
export const Stats = Schema.Struct({
  received: Schema.Int,
  outcomes: Schema.Struct({
    accepted: Schema.Int,
    refused: Schema.Int,
    faulted: Schema.Int,
    lost: Schema.Int
  }),
  reasons: Schema.Record(Schema.String, Schema.Int),
  seconds: Schema.Array(StatsSecond)
}).annotate({ identifier: "Stats" })

/**
 * @category models
 * @since 0.1.0
 */
export type Stats = typeof Stats.Type

/**
 * What a client needs to send here, and what holds for this process.
 *
 * **Details**
 *
 * - `ca`: PEM of the throw-away authority to trust; `caFile` where it is kept on disk.
 * - `key`: a registered provider key, for this simulator alone: not a secret.
 * - `data`: the file that keeps the inbox; absent: it is kept in memory.
 * - `keep`: how many requests are kept.
 *
 * @category models
 * @since 0.1.0
 */
export const Info = Schema.Struct({
  version: Schema.String,
  environment: Environment,
  host: Schema.String,
  port: Schema.Int,
  managementPort: Schema.Int,
  inboxPort: Schema.Int,
  ca: Schema.String,
  caFile: text,
  key: Schema.Struct({ teamId: Schema.String, keyId: Schema.String, privateKey: Schema.String }),
  keyFile: text,
  data: text,
  keep: Schema.Int,
  started: Schema.Finite
}).annotate({ identifier: "Info" })

/**
 * @category models
 * @since 0.1.0
 */
export type Info = typeof Info.Type

/**
 * What a live view is told, as the JSON of a server-sent event's `data`.
 *
 * **Details**
 *
 * - `hello`: the first event of every stream, with the position it starts from.
 * - `received`: requests that arrived or changed, each as it is now, oldest first; at most some hundred an event and some events
 *   a second. Put them into the list by `id`.
 * - `gap`: events were left out, because the position asked for is no longer kept or more happened than a stream carries
 *   (`skipped` of them, where it is known): read the lists again.
 * - `cleared`: the received requests were forgotten.
 * - `changed`: one of the other lists is not what it was: read it again.
 * - `stats`: the second that ended.
 *
 * Comment lines keep an idle stream open. The `id` of an event is a position for `Last-Event-ID`.
 *
 * @category models
 * @since 0.1.0
 */
export const LiveEvent = Schema.TaggedUnion({
  hello: { version: Schema.String, position: Schema.String },
  received: { items: Schema.Array(ReceivedSummary) },
  gap: { skipped: Schema.optionalKey(Schema.Int) },
  cleared: {},
  changed: { what: Schema.Array(Schema.Literals(["devices", "scenarios", "channels", "connections", "clock"])) },
  stats: { second: StatsSecond }
}).annotate({ identifier: "LiveEvent" })

/**
 * @category models
 * @since 0.1.0
 */
export type LiveEvent = typeof LiveEvent.Type
