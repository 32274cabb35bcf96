/**
 * Notifications that make the system load an app's widgets or controls anew.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import { make, payloads } from "./internal/constructor.ts"
import { reloadWriters } from "./internal/payloadWriter.ts"
import type { Data, Notification, Push } from "./Notification.ts"
import * as Payload from "./Payload.ts"
import { rules } from "./PushType.ts"

/**
 * What a push that reloads can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reload<T extends "controls" | "widgets"> extends Push<T> {
  /** Keys of `aps` that this library does not know, as they are on the wire. */
  readonly extra?: Schema.JsonObject | undefined
}

const reloadContent = payloads(Payload.ReloadAps, reloadWriters)

/**
 * A notification that reloads the app's widgets.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.push-type.widgets`. Payload: `content-changed`, at most 4,096 bytes. The system budgets
 * reloads; Apple names no number, and no priority, so that all are allowed. Whether a certificate works is not documented
 * either: APNs decides. From iOS, macOS, watchOS and visionOS 26. Source: Apple, "Updating widgets with WidgetKit push
 * notifications".
 *
 * **Example** (Reloading widgets)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.widgets({ device: "7a1f0c3b5d2e4f60" })
 * n.topicSuffix // => ".push-type.widgets"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const widgets = <D = never>(options: Reload<"widgets"> & Data<D>): Notification =>
  make("widgets", rules.widgets, options, reloadContent({ contentChanged: true, extra: options.extra }, options))

/**
 * A notification that reloads the app's controls.
 *
 * **Details**
 *
 * Topic: the bundle ID with `.push-type.controls`. Payload: `content-changed`, at most 4,096 bytes. Apple's sample has
 * priority 10 and expiration 0 (`"once"`), without making them a rule. Whether a certificate works is not documented: APNs
 * decides. From iOS 18, macOS 26 and watchOS 26. Source: Apple, "Updating controls locally and remotely".
 *
 * **Example** (Reloading controls as Apple's sample does)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.controls({ device: "7a1f0c3b5d2e4f60", priority: 10, expiration: "once" })
 * n.topicSuffix // => ".push-type.controls"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const controls = <D = never>(options: Reload<"controls"> & Data<D>): Notification =>
  make("controls", rules.controls, options, reloadContent({ contentChanged: true, extra: options.extra }, options))
