/**
 * Broadcasts: one update of a Live Activity for everybody who subscribed to a channel. Plain values, as notifications
 * are.
 *
 * @since 0.1.0
 */
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
