/**
 * Schemas of what a notification carries: the `aps` dictionary of each kind of push, and the custom data beside it.
 *
 * The decoded side speaks TypeScript (`threadId`, `true`), the encoded side is the JSON that goes over the wire
 * (`"thread-id"`, `1`). Keys that Apple does not document inside `aps` are dropped; custom data lives beside it (Apple,
 * "Generating a remote notification").
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** `true` in TypeScript, the number 1 on the wire. */
const Flag = Schema.Literal(1).pipe(
  Schema.decodeTo(
    Schema.Literal(true),
    SchemaTransformation.transform({ decode: () => true as const, encode: () => 1 as const })
  )
)

const Strings = Schema.Array(Schema.String)

/**
 * The text of an alert, in the clear or by localization keys of the app.
 *
 * Source: Apple, "Generating a remote notification", table of alert keys. `action`, `actionLocKey`, `summaryArg` and
 * `summaryArgCount` are legacy keys that Apple's current page no longer lists.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AlertText = Schema.Struct({
  title: Schema.optional(Schema.String),
  subtitle: Schema.optional(Schema.String),
  body: Schema.optional(Schema.String),
  launchImage: Schema.optional(Schema.String),
  titleLocKey: Schema.optional(Schema.String),
  titleLocArgs: Schema.optional(Strings),
  subtitleLocKey: Schema.optional(Schema.String),
  subtitleLocArgs: Schema.optional(Strings),
  locKey: Schema.optional(Schema.String),
  locArgs: Schema.optional(Strings),
  action: Schema.optional(Schema.String),
  actionLocKey: Schema.optional(Schema.String),
  summaryArg: Schema.optional(Schema.String),
  summaryArgCount: Schema.optional(Schema.Int)
}).pipe(
  Schema.encodeKeys({
    launchImage: "launch-image",
    titleLocKey: "title-loc-key",
    titleLocArgs: "title-loc-args",
    subtitleLocKey: "subtitle-loc-key",
    subtitleLocArgs: "subtitle-loc-args",
    locKey: "loc-key",
    locArgs: "loc-args",
    actionLocKey: "action-loc-key",
    summaryArg: "summary-arg",
    summaryArgCount: "summary-arg-count"
  })
)

/**
 * The text of an alert.
 *
 * @category models
 * @since 0.1.0
 */
export type AlertText = typeof AlertText.Type

/**
 * A sound: the name of a file in the app's bundle or `Library/Sounds`, `"default"`, or the object of a critical alert,
 * whose volume runs from 0 (silent) to 1 (full).
 *
 * Source: Apple, "Generating a remote notification". Critical alerts need an entitlement that Apple grants.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Sound = Schema.Union([
  Schema.String,
  Schema.Struct({
    critical: Schema.optional(Flag),
    name: Schema.String,
    volume: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })))
  })
])

/**
 * A sound.
 *
 * @category models
 * @since 0.1.0
 */
export type Sound = typeof Sound.Type

/**
 * How urgently an alert interrupts. `"time-sensitive"` and `"critical"` need a capability of the app, which APNs does not
 * check.
 *
 * @category schemas
 * @since 0.1.0
 */
export const InterruptionLevel = Schema.Literals(["passive", "active", "time-sensitive", "critical"])

/**
 * How urgently an alert interrupts.
 *
 * @category models
 * @since 0.1.0
 */
export type InterruptionLevel = typeof InterruptionLevel.Type

/**
 * The `aps` dictionary of an alert push.
 *
 * Source: Apple, "Generating a remote notification". `badge` is a whole number from 0, which removes it;
 * `relevanceScore` runs from 0 to 1.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AlertAps = Schema.Struct({
  alert: Schema.optional(Schema.Union([Schema.String, AlertText])),
  badge: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  sound: Schema.optional(Sound),
  threadId: Schema.optional(Schema.String),
  category: Schema.optional(Schema.String),
  contentAvailable: Schema.optional(Flag),
  mutableContent: Schema.optional(Flag),
  targetContentId: Schema.optional(Schema.String),
  interruptionLevel: Schema.optional(InterruptionLevel),
  relevanceScore: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  filterCriteria: Schema.optional(Schema.String)
}).pipe(
  Schema.encodeKeys({
    threadId: "thread-id",
    contentAvailable: "content-available",
    mutableContent: "mutable-content",
    targetContentId: "target-content-id",
    interruptionLevel: "interruption-level",
    relevanceScore: "relevance-score",
    filterCriteria: "filter-criteria"
  })
)

/**
 * The `aps` dictionary of an alert push.
 *
 * @category models
 * @since 0.1.0
 */
export type AlertAps = typeof AlertAps.Type

/**
 * The `aps` dictionary of a background push: `content-available` and nothing that a user would notice (Apple, "Pushing
 * background updates to your App").
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackgroundAps = Schema.Struct({ contentAvailable: Flag }).pipe(
  Schema.encodeKeys({ contentAvailable: "content-available" })
)

/**
 * The `aps` dictionary of a background push.
 *
 * @category models
 * @since 0.1.0
 */
export type BackgroundAps = typeof BackgroundAps.Type

/**
 * A Schema for custom data: whatever its type is in TypeScript, it is a JSON object on the wire.
 *
 * @category models
 * @since 0.1.0
 */
export type DataSchema<Data> = Schema.Codec<Data, Schema.JsonObject>

/**
 * A payload as the app receives it, taken apart.
 *
 * @category models
 * @since 0.1.0
 */
export interface Payload<Aps, Data> {
  readonly aps: Aps
  /** The custom data: everything beside `aps`. */
  readonly data: Data
}

const Flat = Schema.Record(Schema.String, Schema.Unknown)

interface Parts<ApsJson> {
  readonly aps: ApsJson
  readonly data: Schema.JsonObject
}

/**
 * The Schema of a whole payload, from the Schemas of its `aps` dictionary and of its custom data.
 *
 * **When to use**
 *
 * Use to read a payload back, as a test or a service that inspects pushes does. `send` encodes with the same Schema.
 *
 * **Example** (Reading a payload)
 *
 * ```ts run
 * import { Schema } from "effect"
 * import { Payload } from "effect-apns"
 *
 * const Order = Payload.make(Payload.AlertAps, Schema.Struct({ orderId: Schema.Int }))
 * const { aps, data } = Schema.decodeUnknownSync(Schema.fromJsonString(Order))('{"aps":{"badge":0},"orderId":42}')
 * aps.badge // => 0
 * data.orderId // => 42
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const make = <Aps, ApsJson extends object, Data>(aps: Schema.Codec<Aps, ApsJson>, data: DataSchema<Data>) =>
  Flat.pipe(
    Schema.decodeTo(
      Schema.Struct({ aps, data }),
      SchemaTransformation.transformEffect<Parts<ApsJson>, typeof Flat.Type>({
        // The Struct this leads to checks both parts, so what they are here need not be known.
        decode: ({ aps, ...data }) => Effect.succeed({ aps, data } as Parts<ApsJson>),
        encode: ({ aps, data }) =>
          "aps" in data
            ? Effect.fail(new SchemaIssue.InvalidValue({ message: 'Custom data must not have the key "aps"' }))
            : Effect.succeed({ aps, ...data })
      })
    )
  )
