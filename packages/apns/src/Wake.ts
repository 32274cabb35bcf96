/**
 * Notifications that wake an app, or one of its extensions, and carry data for it. What the user sees, if anything, is up
 * to the app.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import { dataContent, make, payloads, typedContent } from "./internal/constructor.ts"
import { backgroundWriters } from "./internal/payloadWriter.ts"
import type { Data, Notification, Push, TokenNotification } from "./Notification.ts"
import * as Payload from "./Payload.ts"
import { rules } from "./PushType.ts"

/**
 * What a background push can say. Its priority is always 5.
 *
 * @category models
 * @since 0.1.0
 */
export interface Background extends Push<"background"> {
  /** Keys of `aps` that this library does not know, as they are on the wire; not `alert`, `badge` or `sound`. */
  readonly extra?: Schema.JsonObject | undefined
}

const backgroundContent = payloads(Payload.BackgroundAps, backgroundWriters)

/**
 * A notification that wakes the app in the background and shows nothing.
 *
 * **Details**
 *
 * Topic: the bundle ID. Priority: always 5; 10 is an error. Payload: `content-available` without `alert`, `badge` and
 * `sound`, at most 4,096 bytes. Credentials: both kinds. Devices throttle it, so send no more than two or three an hour;
 * only the newest that waits is kept. Source: Apple, "Pushing background updates to your App".
 *
 * **Example** (Telling an app what to fetch)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.background({ device: "7a1f0c3b5d2e4f60", data: { sync: ["inbox"] } })
 * n.priority // => 5
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const background = <D = never>(options: Background & Data<D>): Notification =>
  make(
    "background",
    rules.background,
    options,
    backgroundContent({ contentAvailable: true, extra: options.extra }, options)
  )

/**
 * A notification of an incoming call, for an app with PushKit.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.voip`. Payload: any JSON object, of which `aps` is no necessary part; at most 5,120 bytes.
 * Expiration: `"once"` by default, for a call that is stored rings too late; Apple advises that or a few seconds. Priority:
 * 10 is usual, and APNs' default. Credentials: a token key, or a certificate that names the topic. Source: Apple,
 * "Responding to VoIP Notifications from PushKit".
 *
 * **Example** (An incoming call)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.voip({
 *   device: "7a1f0c3b5d2e4f60",
 *   data: { call: "0f2b6b1e", handle: "+44 20 7946 0000" },
 *   expiration: "5 seconds"
 * })
 * n.topicSuffix // => ".voip"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const voip = <D = never>(options: Push<"voip"> & Data<D>): Notification =>
  make("voip", rules.voip, options, dataContent(options))

/**
 * A notification of what happens in a Push to Talk channel, such as who is speaking.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.voip-ptt`. Payload: any JSON object, in which `aps` may be absent or empty; at most 4,096
 * bytes. Priority: always 10. Expiration: Apple's 0, `"once"`, by default; more is not refused. Credentials: a token key; a certificate
 * may name the topic. The device token is good for one joining of the channel only. From iOS 16. Source: Apple, "Creating a
 * Push to Talk app".
 *
 * **Example** (Naming the speaker)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.pushToTalk({ device: "7a1f0c3b5d2e4f60", data: { activeSpeaker: "Ada" } })
 * n.priority // => 10
 * n.expiration // => "once"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const pushToTalk = <D = never>(options: Push<"pushtotalk"> & Data<D>): Notification =>
  make("pushtotalk", rules.pushtotalk, options, dataContent(options))

/**
 * A notification with new data for a complication of a watch face, for an app with PushKit.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.complication`; Apple's page once prints another suffix, which its certificates do not have.
 * Payload: any JSON object, at most 4,096 bytes. Priority: 10 or 5. Credentials: a token key, or a certificate that names
 * the topic. ClockKit, which it serves, is deprecated since watchOS 9. Source: Apple, "Sending notification requests to
 * APNs".
 *
 * **Example** (A new score)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.complication({ device: "7a1f0c3b5d2e4f60", data: { score: [2, 1] }, priority: 5 })
 * n.topicSuffix // => ".complication"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const complication = <D = never>(options: Push<"complication"> & Data<D>): Notification =>
  make("complication", rules.complication, options, dataContent(options))

/**
 * A notification that wakes the app's Location Push Service Extension to report where the device is.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.location-query`. Payload: any JSON object, at most 4,096 bytes. Priority: 10 where it is
 * wanted at once, else 5. Credentials: a token key only, so `send` asks for `TokenTrust`. From iOS 15. Source: Apple,
 * "Creating a location push service extension" and "Sending notification requests to APNs".
 *
 * **Example** (Asking where a device is)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.location({ device: "7a1f0c3b5d2e4f60", data: { query: 7 }, priority: 5 })
 * n.trust // => "token"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const location = <D = never>(options: Push<"location"> & Data<D>): TokenNotification => ({
  ...make("location", rules.location, options, dataContent(options)),
  trust: rules.location.trust
})

/**
 * What a File Provider push can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileProvider extends Push<"fileprovider"> {
  /**
   * What has changed: the root container, the working set, or an identifier of the app's own. Replicated extensions always
   * name the working set.
   */
  readonly containerIdentifier:
    | "NSFileProviderRootContainerItemIdentifier"
    | "NSFileProviderWorkingSetContainerItemIdentifier"
    | (string & {})
  /** The identifier of the domain it is in. */
  readonly domain: string
  /** Keys of the payload that this library does not know, as they are on the wire. */
  readonly extra?: Schema.JsonObject | undefined
}

/**
 * A notification that tells the app's File Provider extension that files have changed on the server.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.pushkit.fileprovider`. Payload: the container and the domain, without `aps`; at most 4,096
 * bytes. Priority: 10 or 5. Credentials: a token key only, so `send` asks for `TokenTrust`. Source: Apple, "Using push
 * notifications to signal changes".
 *
 * **Example** (Changes in a domain)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.fileProvider({
 *   device: "7a1f0c3b5d2e4f60",
 *   containerIdentifier: "NSFileProviderWorkingSetContainerItemIdentifier",
 *   domain: "ada@example.com"
 * })
 * n.topicSuffix // => ".pushkit.fileprovider"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fileProvider = (options: FileProvider): TokenNotification => ({
  ...make(
    "fileprovider",
    rules.fileprovider,
    options,
    typedContent(Payload.FileProvider, {
      containerIdentifier: options.containerIdentifier,
      domain: options.domain,
      extra: options.extra
    })
  ),
  trust: rules.fileprovider.trust
})
