/**
 * Schemas of what a notification carries: the `aps` dictionary of each kind of push, and the custom data beside it.
 *
 * The decoded side speaks TypeScript (`threadId`, `true`), the encoded side is the JSON that goes over the wire
 * (`"thread-id"`, `1`). Custom data lives beside `aps` (Apple, "Generating a remote notification"). Keys that a Schema does
 * not know are kept in `extra` when a payload is read, and written from there, so that a key Apple adds tomorrow can be
 * used today. `extra` never overrides: a key that the Schema knows is refused there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { extra, Flat, mustNotHave, open, refused } from "./internal/open.ts"

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
export const AlertText = open(
  Schema.Struct({
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
    summaryArgCount: Schema.optional(Schema.Int),
    extra
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
)

/**
 * The text of an alert.
 *
 * @category models
 * @since 0.1.0
 */
export type AlertText = typeof AlertText.Type

/** A number from 0 to 1. */
const Fraction = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/**
 * The object of a sound. With `critical` it is heard in spite of the mute switch; `volume` runs from 0 (silent) to 1
 * (full).
 *
 * Source: Apple, "Generating a remote notification". Critical alerts need an entitlement that Apple grants.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SoundObject = open(
  Schema.Struct({
    critical: Schema.optional(Flag),
    name: Schema.String,
    volume: Schema.optional(Fraction),
    extra
  }).pipe(Schema.encodeKeys({}))
)

/**
 * The object of a sound.
 *
 * @category models
 * @since 0.1.0
 */
export type SoundObject = typeof SoundObject.Type

/**
 * A sound: the name of a file in the app's bundle or `Library/Sounds`, `"default"`, or an object.
 *
 * Source: Apple, "Generating a remote notification".
 *
 * @category schemas
 * @since 0.1.0
 */
export const Sound = Schema.Union([Schema.String, SoundObject])

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
export const AlertAps = open(
  Schema.Struct({
    alert: Schema.optional(Schema.Union([Schema.String, AlertText])),
    badge: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    sound: Schema.optional(Sound),
    threadId: Schema.optional(Schema.String),
    category: Schema.optional(Schema.String),
    contentAvailable: Schema.optional(Flag),
    mutableContent: Schema.optional(Flag),
    targetContentId: Schema.optional(Schema.String),
    interruptionLevel: Schema.optional(InterruptionLevel),
    relevanceScore: Schema.optional(Fraction),
    filterCriteria: Schema.optional(Schema.String),
    extra
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
)

/**
 * The `aps` dictionary of an alert push.
 *
 * @category models
 * @since 0.1.0
 */
export type AlertAps = typeof AlertAps.Type

/**
 * The `aps` dictionary of a background push: `content-available`, and none of `alert`, `badge` and `sound` (Apple, "Pushing
 * background updates to your App").
 *
 * @category schemas
 * @since 0.1.0
 */
export const BackgroundAps = open(
  Schema.Struct({ contentAvailable: Flag, extra }).pipe(Schema.encodeKeys({ contentAvailable: "content-available" })),
  ["alert", "badge", "sound"]
)

/**
 * The `aps` dictionary of a background push.
 *
 * @category models
 * @since 0.1.0
 */
export type BackgroundAps = typeof BackgroundAps.Type

/**
 * The `aps` dictionary of a push that reloads widgets or controls. Here Apple writes `true`, not the number 1.
 *
 * Source: Apple, "Updating widgets with WidgetKit push notifications" and "Updating controls locally and remotely".
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReloadAps = open(
  Schema.Struct({ contentChanged: Schema.Literal(true), extra }).pipe(
    Schema.encodeKeys({ contentChanged: "content-changed" })
  )
)

/**
 * The `aps` dictionary of a push that reloads widgets or controls.
 *
 * @category models
 * @since 0.1.0
 */
export type ReloadAps = typeof ReloadAps.Type

/**
 * The text of a website push. `action` is the label of its button.
 *
 * Source: Apple's guide to Safari push notifications.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WebsiteText = open(
  Schema.Struct({
    title: Schema.String,
    body: Schema.String,
    action: Schema.optional(Schema.String),
    extra
  }).pipe(Schema.encodeKeys({}))
)

/**
 * The text of a website push.
 *
 * @category models
 * @since 0.1.0
 */
export type WebsiteText = typeof WebsiteText.Type

/**
 * The `aps` dictionary of a website push. `urlArgs` has one text for each placeholder of the site's URL format, which may
 * be empty; it must be present.
 *
 * Source: Apple's guide to Safari push notifications.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WebsiteAps = open(
  Schema.Struct({ alert: WebsiteText, urlArgs: Strings, extra }).pipe(Schema.encodeKeys({ urlArgs: "url-args" }))
)

/**
 * The `aps` dictionary of a website push.
 *
 * @category models
 * @since 0.1.0
 */
export type WebsiteAps = typeof WebsiteAps.Type

/**
 * The payload of a File Provider push, which has no `aps`: what has changed, and in which domain.
 *
 * Source: Apple, "Using push notifications to signal changes".
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileProvider = open(
  Schema.Struct({ containerIdentifier: Schema.String, domain: Schema.String, extra }).pipe(
    Schema.encodeKeys({ containerIdentifier: "container-identifier" })
  )
)

/**
 * The payload of a File Provider push.
 *
 * @category models
 * @since 0.1.0
 */
export type FileProvider = typeof FileProvider.Type

/**
 * The payload of an MDM push: the device's PushMagic and nothing else, so that any other key is refused.
 *
 * Source: Apple, "Sending MDM commands to a device".
 *
 * @category schemas
 * @since 0.1.0
 */
export const Mdm = Flat.pipe(
  Schema.decodeTo(
    Schema.Struct({ pushMagic: Schema.String }).pipe(Schema.encodeKeys({ pushMagic: "mdm" })),
    SchemaTransformation.transformEffect<{ readonly mdm: string }, Flat>({
      decode: (wire) => {
        const other = Object.keys(wire).find((key) => key !== "mdm")
        // The Struct this leads to checks that it is there, and text.
        return other === undefined ? Effect.succeed(wire as { readonly mdm: string }) : refused(mustNotHave(other))
      },
      encode: (wire) => Effect.succeed({ ...wire })
    })
  )
)

/**
 * The payload of an MDM push.
 *
 * @category models
 * @since 0.1.0
 */
export interface Mdm {
  /** What the device gave at its check-in. */
  readonly pushMagic: string
}

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

interface Parts<ApsJson> {
  readonly aps: ApsJson
  readonly data: Schema.JsonObject
}

/**
 * The Schema of a whole payload, from the Schemas of its `aps` dictionary and of its custom data. What lies beside `aps` is
 * for the latter to keep or to drop: `Schema.JsonObject` keeps all.
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
      SchemaTransformation.transformEffect<Parts<ApsJson>, Flat>({
        // The Struct this leads to checks both parts, so what they are here need not be known.
        decode: ({ aps, ...data }) => Effect.succeed({ aps, data } as Parts<ApsJson>),
        encode: ({ aps, data }) =>
          "aps" in data ? refused('Custom data must not have the key "aps"') : Effect.succeed({ aps, ...data })
      })
    )
  )
