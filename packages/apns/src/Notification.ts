/**
 * Notifications: plain values that say what to send to which device. A constructor never fails; `send` checks every
 * rule before anything is written.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Schema from "effect/Schema"
import { make } from "./internal/constructor.ts"
import type { EncodedOnce } from "./internal/encodedOnce.ts"
import type * as Payload from "./Payload.ts"
import type * as PushType from "./PushType.ts"
import type { Truncation } from "./Truncation.ts"

export { type Alert, type AlertSound, alert, type SafariWebsite, safariWebsite } from "./Alert.ts"
export * as broadcast from "./Broadcast.ts"
export { type Checked, type CheckOptions, check } from "./Check.ts"
export { fanOut, type RegisteredDevice } from "./FanOut.ts"
export * as liveActivity from "./LiveActivityPush.ts"
export { mdm, type WalletPass, walletPass } from "./Management.ts"
export { controls, type Reload, widgets } from "./Reload.ts"
export { type TextField, type Truncation, truncate } from "./Truncation.ts"
export {
  type Background,
  background,
  complication,
  type FileProvider,
  fileProvider,
  location,
  pushToTalk,
  voip
} from "./Wake.ts"

/**
 * Until when APNs keeps trying to deliver.
 *
 * - `"once"`: one try, no storing (`apns-expiration: 0`).
 * - a Duration, such as `"1 hour"`: from the moment of sending. Plain numbers are not accepted: their unit would be a
 *   guess.
 * - a `Date` or `DateTime`: until that instant.
 *
 * It also bounds the deadline of `send`: nothing is sent after its expiration. Absent, APNs stores the notification for
 * as long as it sees fit, at most 30 days (Apple, "Sending notification requests to APNs").
 *
 * @category models
 * @since 0.1.0
 */
export type Expiration = "once" | Duration.Duration | `${number} ${Duration.Unit}` | Date | DateTime.DateTime

/**
 * `10` at once; `5` by power considerations of the device; `1` power first, never waking it. Some push types narrow it
 * (`PushType.rules`).
 *
 * @category models
 * @since 0.1.0
 */
export type Priority = PushType.Priority

/**
 * What to send to which device.
 *
 * **When to use**
 *
 * Made by `Notification.alert`, `Notification.voip` and the others of this module, one for each push type.
 *
 * @category models
 * @since 0.1.0
 */
export interface Notification {
  /** The device token, spelt as it was given. */
  readonly device: string
  /** When the app last registered the token, for `DeadTokens`. */
  readonly registeredAt?: Date | DateTime.DateTime | undefined
  /** The notification's own id (`apns-id`), a lower-case UUID. It stays the same however often it is tried. */
  readonly id: string
  /** The header `apns-push-type`; absent for Wallet passes and websites, which have none. */
  readonly pushType?: string | undefined
  /** The app's bundle ID, or the whole header `apns-topic`; absent, the layer's topic. */
  readonly topic?: string | undefined
  /** What is appended to the topic, unless it already ends with it. */
  readonly topicSuffix?: string | undefined
  /** The only kind of credentials that can send it, where there is one. */
  readonly trust?: "token" | "certificate" | undefined
  readonly priority?: number | undefined
  readonly expiration?: Expiration | undefined
  readonly collapseId?: string | undefined
  /** Whether it may be sent again where it may have arrived; absent, as the layer says. */
  readonly replayUnknown?: boolean | undefined
  /** What becomes the body of the request. */
  readonly content: Content
}

/**
 * A notification that only token credentials can send.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenNotification extends Notification {
  readonly trust: "token"
}

/**
 * A notification that only certificate credentials can send.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateNotification extends Notification {
  readonly trust: "certificate"
}

/**
 * What becomes the body of the request: a value and the Schema that encodes it, or a body as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Content =
  | {
      readonly _tag: "Typed"
      readonly schema: Schema.Encoder<unknown>
      readonly value: unknown
      /** A faster way to what `schema` encodes; `undefined` where only `schema` can tell. */
      readonly write?: ((value: unknown) => object | undefined) | undefined
      /** Which texts may be cut when the body is too large; absent, none. */
      readonly truncation?: Truncation | undefined
      /** Set by `fanOut`. */
      readonly once?: EncodedOnce | undefined
    }
  | {
      readonly _tag: "Raw"
      readonly body: string | Uint8Array | Schema.JsonObject
      readonly truncation?: Truncation | undefined
      /** Set by `fanOut`. */
      readonly once?: EncodedOnce | undefined
    }

/**
 * What every notification can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Common {
  /** The device token: hexadecimal, any even length. A leading `0x`, blanks and `<7a1f 0c3b>` are read as well. */
  readonly device: string
  /**
   * When the app last registered the token, as your own records say. `DeadTokens` lets through what was registered after
   * APNs found the token dead; it has no other use, and is not sent. Absent, a dead token stays dead.
   */
  readonly registeredAt?: Date | DateTime.DateTime | undefined
  /** The notification's id, a UUID. Default: a new one. */
  readonly id?: string | undefined
  /** The app's bundle ID, where it differs from the layer's `topic`. */
  readonly topic?: string | undefined
  /** What is appended to the bundle ID to make the topic. Default: as `PushType.rules` says. */
  readonly topicSuffix?: string | undefined
  /** Default: as `PushType.rules` says; for most, APNs' own storage policy. */
  readonly expiration?: Expiration | undefined
  /** Notifications with the same collapse id replace each other on the device; at most 64 bytes of UTF-8. */
  readonly collapseId?: string | undefined
  /**
   * Whether the retry Schedule is asked, too, when it was written and no answer came: APNs may have it already, so it may
   * arrive twice. With a `collapseId` the second replaces the first on screen. Default: the layer's `replayUnknown`.
   */
  readonly replayUnknown?: boolean | undefined
}

/**
 * What every notification of a push type can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Push<T extends PushType.PushType> extends Common {
  /** Default: the only one that the push type has, or else APNs' own default, 10. */
  readonly priority?: PushType.PriorityOf<T> | undefined
}

/**
 * Custom data: any JSON object, or a value of your own type together with the Schema that encodes it.
 *
 * @category models
 * @since 0.1.0
 */
export type Data<D> =
  | { readonly data?: Schema.JsonObject | undefined; readonly schema?: undefined }
  | { readonly data: D; readonly schema: Payload.DataSchema<D> }

/**
 * What a raw push can say: everything, unchecked by types.
 *
 * @category models
 * @since 0.1.0
 */
export interface Raw extends Omit<Common, "topicSuffix"> {
  /** The header `apns-push-type`. */
  readonly pushType: string
  /** The whole header `apns-topic`, suffix included. Default: the layer's. */
  readonly topic?: string | undefined
  readonly priority?: number | undefined
  /** The body: an object to be written as JSON, or an encoded body sent byte for byte. */
  readonly payload: string | Uint8Array | Schema.JsonObject
}

/**
 * A notification of any push type with any payload: the way out when a constructor is missing or too strict.
 *
 * **Details**
 *
 * Give the topic with the push type's suffix. `device`, `id`, `priority`, `expiration`, `collapseId` and the size of the
 * body are still checked; the rules of the push type, of which the payload is one, are not.
 *
 * **Example** (A push type of tomorrow)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.raw({
 *   device: "7a1f0c3b5d2e4f60",
 *   pushType: "novelty",
 *   topic: "com.example.app.push-type.novelty",
 *   payload: { aps: { "novel-key": true } }
 * })
 * n.topic // => "com.example.app.push-type.novelty"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const raw = (options: Raw): Notification =>
  make(options.pushType, undefined, options, { _tag: "Raw", body: options.payload })
