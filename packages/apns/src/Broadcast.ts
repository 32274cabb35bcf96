/**
 * Broadcasts: one update of a Live Activity for everybody who subscribed to a channel. Plain values, as notifications
 * are; their constructors are `Notification.broadcast`.
 *
 * A broadcast cannot start an activity: a push does (`Notification.liveActivity.start`), which may subscribe it to a
 * channel. Phones from iOS 18. The body may be 5,120 bytes.
 *
 * Sources: Apple, "Setting up broadcast push notifications" and "Sending broadcast push notification requests to APNs".
 *
 * @since 0.1.0
 */
import * as Contents from "./internal/liveActivityContent.ts"
import type { End, Update } from "./LiveActivityPush.ts"
import type { Content, Expiration, Priority } from "./Notification.ts"

/**
 * What to send to which channel.
 *
 * **When to use**
 *
 * Made by `Notification.broadcast.update` and `Notification.broadcast.end`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Broadcast {
  readonly _tag: "Broadcast"
  /** The channel's id, base64 as APNs gave it. */
  readonly channel: string
  /** The id of the request (`apns-request-id`), a lower-case UUID. */
  readonly id: string
  /** The app's bundle ID; absent, the layer's topic. */
  readonly bundleId?: string | undefined
  readonly priority: Priority
  readonly expiration: Expiration
  /** What becomes the body of the request. */
  readonly content: Content
}

/**
 * How a broadcast travels. Apple requires priority and expiration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Delivery {
  /** The channel's id, base64 as APNs gave it. */
  readonly channel: string
  /** The id of the request, a UUID. Default: a new one. */
  readonly id?: string | undefined
  /** The app's bundle ID without a suffix, where it differs from the layer's `topic`. */
  readonly bundleId?: string | undefined
  /** `10` at once, `5` by power considerations of the phone, `1` power first, never waking it. */
  readonly priority: Priority
  /** A channel that stores no message takes only `"once"`: APNs refuses all else with `BadExpirationDate`. */
  readonly expiration: Expiration
}

const broadcast = (options: Delivery, content: Content): Broadcast => ({
  _tag: "Broadcast",
  channel: options.channel,
  id: options.id ?? crypto.randomUUID(),
  bundleId: options.bundleId,
  priority: options.priority,
  expiration: options.expiration,
  content
})

/**
 * Updates the Live Activities that are subscribed to a channel.
 *
 * **Example** (A goal, for all who watch)
 *
 * ```ts run
 * import { Schema } from "effect"
 * import { LiveActivity, Notification } from "effect-apns"
 *
 * const Match = LiveActivity.make({
 *   attributesType: "MatchAttributes",
 *   attributes: Schema.Struct({ home: Schema.String, away: Schema.String }),
 *   contentState: Schema.Struct({ score: Schema.Tuple([Schema.Int, Schema.Int]) })
 * })
 *
 * const b = Notification.broadcast.update({
 *   channel: "dHN0LXNyY2gtY2hubA==",
 *   priority: 10,
 *   expiration: "once",
 *   activity: Match,
 *   contentState: { score: [1, 0] }
 * })
 * b._tag // => "Broadcast"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const update = <State = never>(options: Delivery & Update<State>): Broadcast =>
  broadcast(options, Contents.update(options))

/**
 * Ends the Live Activities that are subscribed to a channel.
 *
 * **Example** (The final score)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const b = Notification.broadcast.end({
 *   channel: "dHN0LXNyY2gtY2hubA==",
 *   priority: 5,
 *   expiration: "1 hour",
 *   contentState: { score: [2, 1] },
 *   dismissalDate: new Date("2026-01-01T23:00:00Z")
 * })
 * b.priority // => 5
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const end = <State = never>(options: Delivery & End<State>): Broadcast =>
  broadcast(options, Contents.end(options))
