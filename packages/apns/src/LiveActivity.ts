/**
 * Live Activities: the Schemas of their payloads, typed by the Schemas of your own attributes and content state.
 *
 * The phone decodes `attributes` and `content-state` with Swift's default JSON coding (Apple, "Starting and updating Live
 * Activities with ActivityKit push notifications"). What does not decode changes nothing on the phone, and APNs accepts it
 * all the same. So the JSON must be what a `JSONDecoder` without settings expects of the app's `ActivityAttributes` type:
 *
 * | Swift | JSON | Schema |
 * | --- | --- | --- |
 * | `String`, `Bool` | string, `true` or `false` | `Schema.String`, `Schema.Boolean` |
 * | `Int` | number without fraction | `Schema.Int` |
 * | `Double`, `Float` | finite number | `Schema.Finite` |
 * | `Date` | seconds since 2001-01-01T00:00:00Z, with fraction | `SwiftDate` |
 * | `ClosedRange<Date>` | array of two such numbers | `Schema.Tuple([SwiftDate, SwiftDate])` |
 * | `Data` | base64 with padding | `Schema.Uint8ArrayFromBase64` |
 * | `URL` | string | `Schema.URLFromString` |
 * | `UUID` | string; either case is read | `Schema.String` |
 * | Optional | key absent, or `null` | `Schema.optionalKey`, `Schema.NullOr` |
 * | array, `[String: T]` | array, object | `Schema.Array`, `Schema.Record` |
 * | `enum` with raw values | the raw value | `Schema.Literals` |
 * | `enum` without raw values | `{"case":{"label":value}}`; for no label `_0`, `_1`, … | `Schema.Union` of `Schema.Struct` |
 * | `struct` | object; keys as the properties are spelt | `Schema.Struct` |
 *
 * Sources: `JSONDecoder`, `Date`, `UUID` of Apple's swift-foundation, `ClosedRange` of the Swift standard library,
 * Swift Evolution SE-0295 for enums. The dates beside the content state (`timestamp`, `staleDate`, `dismissalDate`) are
 * read by the system: those are whole seconds since 1970.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import {
  channelPattern,
  greatestMillis,
  jsonWriters,
  type LiveActivityWriters,
  typedWriters,
  withWriters
} from "./internal/liveActivityWriter.ts"
import { extra, type Flat, open } from "./internal/open.ts"
import * as Payload from "./Payload.ts"

const instantFrom = (millisOf: (wire: number) => number, wireOf: (millis: number) => number) =>
  Schema.Finite.check(
    Schema.makeFilter((wire: number) => Math.abs(millisOf(wire)) <= greatestMillis || "Expected an instant")
  ).pipe(
    Schema.decodeTo(
      Schema.DateTimeUtc,
      SchemaTransformation.transform({
        decode: (wire) => DateTime.makeUnsafe(millisOf(wire)),
        encode: (instant) => wireOf(instant.epochMilliseconds)
      })
    )
  )

/** Whole seconds since 1970. Rounds down: the second that the instant falls in. */
const Seconds = instantFrom(
  (seconds) => Math.round(seconds * 1000),
  (millis) => Math.floor(millis / 1000)
)

/** 2001-01-01T00:00:00Z. */
const referenceMillis = 978_307_200_000

/**
 * A `Date` as Swift codes it by default: the number of seconds since 2001-01-01T00:00:00Z, with a fraction.
 *
 * **When to use**
 *
 * Use for every `Date` inside attributes and content state. Seconds since 1970 would show as a date 31 years off.
 *
 * **Details**
 *
 * Exact to the millisecond within 139,000 years; beyond, a double has no room for it. Source: `Date` and `JSONDecoder`
 * (`deferredToDate`) of Apple's swift-foundation.
 *
 * **Example** (An arrival time)
 *
 * ```ts run
 * import { DateTime, Schema } from "effect"
 * import { LiveActivity } from "effect-apns"
 *
 * const arrival = DateTime.makeUnsafe("2026-01-01T12:00:00.500Z")
 * Schema.encodeSync(LiveActivity.SwiftDate)(arrival) // => 788961600.5
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const SwiftDate = instantFrom(
  (seconds) => Math.round(seconds * 1000) + referenceMillis,
  (millis) => (millis - referenceMillis) / 1000
)

/**
 * The text of a Live Activity's alert: in the clear, or a localization key of the app with its arguments.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Text = Schema.Union([
  Schema.String,
  Schema.Struct({ locKey: Schema.String, locArgs: Schema.optional(Schema.Array(Schema.String)) }).pipe(
    Schema.encodeKeys({ locKey: "loc-key", locArgs: "loc-args" })
  )
])

/**
 * The text of a Live Activity's alert.
 *
 * @category models
 * @since 0.1.0
 */
export type Text = typeof Text.Type

/**
 * What lights up the screen when a Live Activity starts or changes. Its sound is inside, unlike that of an alert push.
 *
 * **Details**
 *
 * `sound` is the name of a file in the app's bundle or `"default"`. Keys that are not listed here are kept in `extra`.
 * Source: Apple, "Starting and updating Live Activities with ActivityKit push notifications".
 *
 * @category schemas
 * @since 0.1.0
 */
export const Alert = open(
  Schema.Struct({
    title: Schema.optional(Text),
    body: Schema.optional(Text),
    sound: Schema.optional(Schema.String),
    extra
    // No key changes its name: this is for `open`, which wants a struct of the encoded keys.
  }).pipe(Schema.encodeKeys({}))
)

/**
 * What lights up the screen when a Live Activity starts or changes.
 *
 * @category models
 * @since 0.1.0
 */
export type Alert = typeof Alert.Type

const Channel = Schema.String.check(Schema.isPattern(channelPattern, { message: "Expected a channel's id in base64" }))

const Flag = Schema.Literal(1).pipe(
  Schema.decodeTo(
    Schema.Literal(true),
    SchemaTransformation.transform({ decode: () => true as const, encode: () => 1 as const })
  )
)

/**
 * A Schema for attributes or content state: whatever its type is in TypeScript, it is a JSON object on the wire, of the
 * form that Swift's default JSON coding expects.
 *
 * @category models
 * @since 0.1.0
 */
export type StateSchema<State> = Schema.Codec<State, Schema.JsonObject>

/**
 * What the `aps` dictionaries of all three events have.
 *
 * @category models
 * @since 0.1.0
 */
export interface CommonAps {
  /** When the content was made. The phone ignores a push that is older than the newest it has. */
  readonly timestamp: DateTime.Utc
  /** From when on the content counts as outdated. */
  readonly staleDate?: DateTime.Utc | undefined
  /** Keys of `aps` that are not listed here, as they are on the wire. */
  readonly extra?: Schema.JsonObject | undefined
}

/**
 * The `aps` dictionary of a push that starts a Live Activity. `inputPushToken` and `inputPushChannel` exclude each
 * other.
 *
 * Source: Apple, "Starting and updating Live Activities with ActivityKit push notifications", as for the other events.
 *
 * @category models
 * @since 0.1.0
 */
export interface StartAps<Attributes, State> extends CommonAps {
  readonly event: "start"
  /** The name of the app's `ActivityAttributes` type. */
  readonly attributesType: string
  readonly attributes: Attributes
  readonly contentState: State
  readonly alert: Alert
  /** Asks the app for a token to update this activity with; iOS 18 and later. */
  readonly inputPushToken?: true | undefined
  /** The channel whose broadcasts update the activity; iOS 18 and later, where an older phone starts nothing. */
  readonly inputPushChannel?: string | undefined
  /** Any number: the higher, the more prominent among the app's activities. */
  readonly relevanceScore?: number | undefined
}

/**
 * The `aps` dictionary of a push that updates a Live Activity. An `alert` makes the update seen and heard.
 *
 * @category models
 * @since 0.1.0
 */
export interface UpdateAps<State> extends CommonAps {
  readonly event: "update"
  readonly contentState: State
  readonly alert?: Alert | undefined
  /** Any number: the higher, the more prominent among the app's activities. */
  readonly relevanceScore?: number | undefined
}

/**
 * The `aps` dictionary of a push that ends a Live Activity. Apple recommends the final content state.
 *
 * @category models
 * @since 0.1.0
 */
export interface EndAps<State> extends CommonAps {
  readonly event: "end"
  readonly contentState?: State | undefined
  readonly alert?: Alert | undefined
  /** When to take it off the lock screen: past, at once; otherwise within four hours, as it does when absent. */
  readonly dismissalDate?: DateTime.Utc | undefined
}

const commonFields = { timestamp: Seconds, staleDate: Schema.optional(Seconds), extra }
const commonNames = { staleDate: "stale-date", contentState: "content-state" } as const

const startAps = <Attributes, State>(
  attributesType: Schema.Codec<string>,
  attributes: StateSchema<Attributes>,
  contentState: StateSchema<State>
): Schema.Codec<StartAps<Attributes, State>, Flat> =>
  open(
    Schema.Struct({
      event: Schema.Literal("start"),
      ...commonFields,
      attributesType,
      attributes,
      contentState,
      alert: Alert,
      inputPushToken: Schema.optional(Flag),
      inputPushChannel: Schema.optional(Channel),
      relevanceScore: Schema.optional(Schema.Finite)
    })
      .check(
        Schema.makeFilter(
          ({
            inputPushChannel,
            inputPushToken
          }: {
            readonly inputPushChannel?: unknown
            readonly inputPushToken?: unknown
          }) =>
            inputPushToken === undefined ||
            inputPushChannel === undefined ||
            "inputPushToken and inputPushChannel exclude each other"
        )
      )
      .pipe(
        Schema.encodeKeys({
          ...commonNames,
          attributesType: "attributes-type",
          inputPushToken: "input-push-token",
          inputPushChannel: "input-push-channel",
          relevanceScore: "relevance-score"
        })
      )
  )

const updateAps = <State>(contentState: StateSchema<State>): Schema.Codec<UpdateAps<State>, Flat> =>
  open(
    Schema.Struct({
      event: Schema.Literal("update"),
      ...commonFields,
      contentState,
      alert: Schema.optional(Alert),
      relevanceScore: Schema.optional(Schema.Finite)
    }).pipe(Schema.encodeKeys({ ...commonNames, relevanceScore: "relevance-score" }))
  )

const endAps = <State>(contentState: StateSchema<State>): Schema.Codec<EndAps<State>, Flat> =>
  open(
    Schema.Struct({
      event: Schema.Literal("end"),
      ...commonFields,
      contentState: Schema.optional(contentState),
      alert: Schema.optional(Alert),
      dismissalDate: Schema.optional(Seconds)
    }).pipe(Schema.encodeKeys({ ...commonNames, dismissalDate: "dismissal-date" }))
  )

/**
 * The Schema of a whole payload: its `aps` dictionary and the custom data beside it.
 *
 * @category models
 * @since 0.1.0
 */
export type PayloadCodec<Aps> = Schema.Codec<
  Payload.Payload<Aps, Schema.JsonObject>,
  { readonly [key: string]: unknown }
>

/**
 * The Schemas of the payloads of a kind of Live Activity, by event. The constructors encode with them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Payloads<Attributes, State> {
  readonly start: PayloadCodec<StartAps<Attributes, State>>
  readonly update: PayloadCodec<UpdateAps<State>>
  readonly end: PayloadCodec<EndAps<State>>
}

const payloadsOf = <Attributes, State>(
  attributesType: Schema.Codec<string>,
  attributes: StateSchema<Attributes>,
  contentState: StateSchema<State>,
  writers: LiveActivityWriters
): Payloads<Attributes, State> =>
  withWriters(
    {
      start: Payload.make(startAps(attributesType, attributes, contentState), Schema.JsonObject),
      update: Payload.make(updateAps(contentState), Schema.JsonObject),
      end: Payload.make(endAps(contentState), Schema.JsonObject)
    },
    writers
  )

/**
 * The Schemas of the payloads of any Live Activity, its attributes and content state plain JSON.
 *
 * **When to use**
 *
 * Use to read payloads back where the activity's own Schemas are not at hand.
 *
 * **Example** (Reading a payload)
 *
 * ```ts run
 * import { Schema } from "effect"
 * import { LiveActivity } from "effect-apns"
 *
 * const body = '{"aps":{"event":"update","timestamp":1767268800,"content-state":{"minutes":5}}}'
 * const { aps } = Schema.decodeSync(Schema.fromJsonString(LiveActivity.payloads.update))(body)
 * aps.contentState // => { minutes: 5 }
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const payloads: Payloads<Schema.JsonObject, Schema.JsonObject> = payloadsOf(
  Schema.NonEmptyString,
  Schema.JsonObject,
  Schema.JsonObject,
  jsonWriters
)

/**
 * A kind of Live Activity: the name of its attributes type in the app, the Schemas of attributes and content state, and
 * the Schemas of payloads that follow from them.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveActivity<Attributes, State> {
  readonly attributesType: string
  readonly payloads: Payloads<Attributes, State>
}

/**
 * Defines a kind of Live Activity, once, for all its pushes and broadcasts.
 *
 * **When to use**
 *
 * Use wherever the same activity is started, updated or ended: what is sent is then checked by your Schemas, in the
 * types and before sending. Without a definition, attributes and content state are plain JSON.
 *
 * **Details**
 *
 * `attributesType` is the name of the app's Swift type that conforms to `ActivityAttributes`. The Schemas describe the
 * JSON that the app decodes: see the table of this module.
 *
 * **Example** (One definition, every push)
 *
 * ```ts run
 * import { DateTime, Schema } from "effect"
 * import { LiveActivity, Notification } from "effect-apns"
 *
 * const Ride = LiveActivity.make({
 *   attributesType: "RideAttributes",
 *   attributes: Schema.Struct({ rider: Schema.String }),
 *   contentState: Schema.Struct({ arrival: LiveActivity.SwiftDate, minutes: Schema.Int })
 * })
 *
 * const n = Notification.liveActivity.update({
 *   device: "7a1f0c3b5d2e4f60",
 *   activity: Ride,
 *   contentState: { arrival: DateTime.makeUnsafe("2026-01-01T12:00:00Z"), minutes: 5 }
 * })
 * n.pushType // => "liveactivity"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Attributes, State>(definition: {
  readonly attributesType: string
  readonly attributes: StateSchema<Attributes>
  readonly contentState: StateSchema<State>
}): LiveActivity<Attributes, State> => {
  const { attributes, attributesType, contentState } = definition
  return {
    attributesType,
    payloads: payloadsOf(
      Schema.Literal(attributesType),
      attributes,
      contentState,
      typedWriters(attributesType, attributes, contentState)
    )
  }
}
