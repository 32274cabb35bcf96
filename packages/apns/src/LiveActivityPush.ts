/**
 * Pushes that start, update and end Live Activities on one device: `Notification.liveActivity`.
 *
 * All three have the push type `liveactivity` and the topic `<bundle ID>.push-type.liveactivity`. The body may be 4,096
 * bytes, attributes and content state together 4 KB (Apple, "Displaying live data with Live Activities").
 *
 * Credentials: use a token. Apple's staff say that certificates do not work for Live Activities, while a sample of
 * Apple's sends broadcasts with one; so the types allow both.
 *
 * Sources: Apple, "Starting and updating Live Activities with ActivityKit push notifications" and "Sending notification
 * requests to APNs".
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import { make } from "./internal/constructor.ts"
import * as Contents from "./internal/liveActivityContent.ts"
import type { Alert, LiveActivity, Payloads } from "./LiveActivity.ts"
import type { Common, Content, Notification } from "./Notification.ts"
import { rules } from "./PushType.ts"

/**
 * An instant, written in whole seconds since 1970: the second that it falls in. Plain numbers are not accepted: their
 * unit would be a guess.
 *
 * @category models
 * @since 0.1.0
 */
export type Instant = DateTime.DateTime | Date

/**
 * How a Live Activity's push travels.
 *
 * @category models
 * @since 0.1.0
 */
export interface Delivery extends Common {
  /**
   * `10` at once, counted against the activity's budget: what exceeds it is throttled. `5` by power considerations, not
   * counted. Default: APNs' own, 10. Apple states no other for Live Activities.
   */
  readonly priority?: 5 | 10 | undefined
  /** What follows the bundle ID in the topic. Default: `".push-type.liveactivity"`. */
  readonly topicSuffix?: string | undefined
}

/**
 * What every event can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Event {
  /**
   * When the content was made. The phone ignores what is older than the newest it has. Default: the moment the
   * notification is made.
   */
  readonly timestamp?: Instant | undefined
  /** From when on the content counts as outdated. Default: never. */
  readonly staleDate?: Instant | undefined
  /** Keys of `aps` that this library does not know, as they go over the wire. They may not be keys that it knows. */
  readonly extra?: Schema.JsonObject | undefined
  /** Custom data beside `aps`. */
  readonly data?: Schema.JsonObject | undefined
}

/**
 * How the new activity gets its updates: by a token of its own, which the phone is asked to give to the app, or by the
 * broadcasts of a channel. Never both. Needs iOS 18; older phones start no activity that has a channel.
 *
 * @category models
 * @since 0.1.0
 */
export type Input =
  | { readonly inputPushToken?: true | undefined; readonly inputPushChannel?: undefined }
  | {
      readonly inputPushToken?: undefined
      /** The channel's id, base64 as APNs gave it. */
      readonly inputPushChannel: string
    }

/**
 * Attributes and content state: by the Schemas of `activity`, or any JSON.
 *
 * @category models
 * @since 0.1.0
 */
export type Beginning<Attributes, State> =
  | {
      readonly activity: LiveActivity<Attributes, State>
      readonly attributesType?: undefined
      readonly attributes: NoInfer<Attributes>
      readonly contentState: NoInfer<State>
    }
  | {
      readonly activity?: undefined
      /** The name of the app's `ActivityAttributes` type. */
      readonly attributesType: string
      readonly attributes: Schema.JsonObject
      readonly contentState: Schema.JsonObject
    }

/**
 * Content state: by the Schema of `activity`, or any JSON.
 *
 * @category models
 * @since 0.1.0
 */
export type Change<State> =
  | {
      readonly activity: { readonly payloads: Pick<Payloads<never, State>, "update" | "end"> }
      readonly contentState: NoInfer<State>
    }
  | { readonly activity?: undefined; readonly contentState: Schema.JsonObject }

/**
 * The final content state, if any: by the Schema of `activity`, or any JSON.
 *
 * @category models
 * @since 0.1.0
 */
export type Ending<State> =
  | {
      readonly activity: { readonly payloads: Pick<Payloads<never, State>, "update" | "end"> }
      readonly contentState?: NoInfer<State> | undefined
    }
  | { readonly activity?: undefined; readonly contentState?: Schema.JsonObject | undefined }

/**
 * What the start of a Live Activity can say. Apple requires the alert.
 *
 * @category models
 * @since 0.1.0
 */
export type Start<Attributes, State> = Event &
  Input &
  Beginning<Attributes, State> & {
    readonly alert: Alert
    /** Any number: the higher, the more prominent among the app's activities. */
    readonly relevanceScore?: number | undefined
  }

/**
 * What an update of a Live Activity can say, be it sent to a device or broadcast.
 *
 * @category models
 * @since 0.1.0
 */
export type Update<State> = Event &
  Change<State> & {
    /** Makes the update seen and heard. Default: none. */
    readonly alert?: Alert | undefined
    /** Any number: the higher, the more prominent among the app's activities. */
    readonly relevanceScore?: number | undefined
  }

/**
 * What the end of a Live Activity can say, be it sent to a device or broadcast.
 *
 * @category models
 * @since 0.1.0
 */
export type End<State> = Event &
  Ending<State> & {
    /** Makes the end seen and heard. Default: none. */
    readonly alert?: Alert | undefined
    /**
     * When to take the activity off the lock screen: `"now"` (written as a date long past) or an instant within the
     * next four hours. Default: the system decides, within four hours.
     */
    readonly dismissalDate?: Instant | "now" | undefined
  }

const push = (options: Delivery, content: Content): Notification =>
  make("liveactivity", rules.liveactivity, options, content)

/**
 * Starts a Live Activity on a device.
 *
 * **When to use**
 *
 * `device` is the app's push-to-start token for this kind of activity, not its token for alerts. Phones from iOS 17.2.
 *
 * **Details**
 *
 * The system wakes the app for a moment, so that it learns the activity's own token for updates: ask for that token
 * with `inputPushToken`, or subscribe the activity to a channel with `inputPushChannel`. An activity with neither a
 * token nor a channel cannot be updated by push. An activity runs at most eight hours.
 *
 * **Example** (Starting an activity)
 *
 * ```ts run
 * import { Schema } from "effect"
 * import { LiveActivity, Notification } from "effect-apns"
 *
 * const Ride = LiveActivity.make({
 *   attributesType: "RideAttributes",
 *   attributes: Schema.Struct({ rider: Schema.String }),
 *   contentState: Schema.Struct({ minutes: Schema.Int })
 * })
 *
 * const n = Notification.liveActivity.start({
 *   device: "7a1f0c3b5d2e4f60",
 *   activity: Ride,
 *   attributes: { rider: "Ann" },
 *   contentState: { minutes: 5 },
 *   alert: { title: "Your ride", body: "Five minutes away", sound: "default" },
 *   inputPushToken: true
 * })
 * n.topicSuffix // => ".push-type.liveactivity"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = <Attributes = never, State = never>(options: Delivery & Start<Attributes, State>): Notification =>
  push(options, Contents.start(options))

/**
 * Updates a Live Activity on a device.
 *
 * **When to use**
 *
 * `device` is the activity's own token for updates. It may change while the activity runs.
 *
 * **Details**
 *
 * The content state replaces the one before as a whole. Two updates of the same second have the same timestamp; Apple does
 * not say which of them stays.
 *
 * **Example** (Updating without a definition)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.liveActivity.update({
 *   device: "7a1f0c3b5d2e4f60",
 *   contentState: { minutes: 2 },
 *   staleDate: new Date("2026-01-01T12:00:00Z"),
 *   priority: 5
 * })
 * n.priority // => 5
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const update = <State = never>(options: Delivery & Update<State>): Notification =>
  push(options, Contents.update(options))

/**
 * Ends a Live Activity on a device.
 *
 * **When to use**
 *
 * `device` is the activity's own token for updates. Give the final content state: it is what stays on the lock screen
 * until the activity is dismissed.
 *
 * **Example** (Ending and taking it off the screen)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.liveActivity.end({
 *   device: "7a1f0c3b5d2e4f60",
 *   contentState: { minutes: 0 },
 *   dismissalDate: "now"
 * })
 * n.pushType // => "liveactivity"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const end = <State = never>(options: Delivery & End<State>): Notification => push(options, Contents.end(options))
