/**
 * Notifications that a person sees or hears: alerts of apps, and those of websites in old versions of Safari.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { make, payloads, typedContent } from "./internal/constructor.ts"
import type { Fraction, Prefixed, Whole } from "./internal/literal.ts"
import { alertWriters } from "./internal/payloadWriter.ts"
import type { Common, Data, Notification, Priority, Push } from "./Notification.ts"
import * as Payload from "./Payload.ts"
import { rules } from "./PushType.ts"

/**
 * The object of a sound, as an alert has it: a literal for `volume` is from 0 to 1, or does not compile.
 *
 * @category models
 * @since 0.1.0
 */
export interface AlertSound<Volume extends number = number> extends Omit<Payload.SoundObject, "volume"> {
  readonly volume?: Fraction<Volume> | undefined
}

/**
 * What an alert push can say. The numbers are type parameters so that a literal out of range does not compile: `badge: -1`,
 * `relevanceScore: 2`, `volume: 2`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Alert<Badge extends number = number, Score extends number = number, Volume extends number = number>
  extends Push<"alert">,
    Omit<Payload.AlertAps, "badge" | "relevanceScore" | "sound"> {
  /** The number on the app's icon; 0 removes it. */
  readonly badge?: Whole<Badge> | undefined
  /** How relevant it is among the app's notifications in a summary, from 0 to 1. */
  readonly relevanceScore?: Fraction<Score> | undefined
  /** A file of the app, `"default"`, or an object. */
  readonly sound?: string | AlertSound<Volume> | undefined
}

const alertContent = payloads(Payload.AlertAps, alertWriters)

/**
 * A notification that the user sees or hears: text, badge, sound.
 *
 * **Details**
 *
 * Topic: the bundle ID. Payload: at most 4,096 bytes. Priority: 10 where the user must act at once, else 5; APNs' default
 * is 10. Credentials: both kinds. Source: Apple, "Generating a remote notification" and "Sending notification requests to
 * APNs".
 *
 * A badge of 0 and empty text are sent as they are. Keys that this library does not know go into `extra`, of `aps` or of
 * the alert, as they are on the wire.
 *
 * **Example** (An alert with custom data)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.alert({
 *   device: "7a1f0c3b5d2e4f60",
 *   alert: { title: "Hello", body: "World" },
 *   badge: 1,
 *   sound: "default",
 *   data: { orderId: 42 },
 *   collapseId: "order-42"
 * })
 * n.pushType // => "alert"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const alert = <
  D = never,
  Badge extends number = number,
  Score extends number = number,
  Volume extends number = number
>(
  options: Alert<Badge, Score, Volume> & Data<D>
): Notification => {
  // A literal out of range has not compiled, so each of the three numbers is one.
  const plain = options as Alert & Data<D>
  const { device, id, topic, topicSuffix, priority, expiration, collapseId, data, schema, ...aps } = plain
  return make("alert", rules.alert, plain, alertContent(aps, { data, schema } as Data<D>))
}

/**
 * What a website push can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface SafariWebsite<Id extends string = string> extends Omit<Common, "topic" | "topicSuffix"> {
  /** The Website Push ID, which begins with `web.`: the topic. */
  readonly websitePushId: Prefixed<Id, "web.">
  readonly priority?: Priority | undefined
  readonly alert: Payload.WebsiteText
  /** One text for each placeholder of the site's URL format. It may be empty. */
  readonly urlArgs: ReadonlyArray<string>
  /** Keys of `aps` that this library does not know, as they are on the wire. */
  readonly extra?: Schema.JsonObject | undefined
}

const websitePayload = Payload.make(Payload.WebsiteAps, Schema.JsonObject)

/**
 * A notification of a website, for the versions of Safari before its modern web push.
 *
 * **Details**
 *
 * Topic: the Website Push ID. Payload: at most 4,096 bytes. Credentials: the certificate of the Website Push ID. It is no
 * push type of its own, so `apns-push-type` is left out; it exists in the production environment only. Source: Apple's
 * guide to Safari push notifications.
 *
 * **Example** (A website's notification)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.safariWebsite({
 *   device: "7a1f0c3b5d2e4f60",
 *   websitePushId: "web.com.example",
 *   alert: { title: "Flight A998", body: "Boarding has begun", action: "View" },
 *   urlArgs: ["boarding", "A998"]
 * })
 * n.topic // => "web.com.example"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const safariWebsite = <Id extends string>({
  websitePushId,
  alert,
  urlArgs,
  extra,
  ...options
}: SafariWebsite<Id>): Notification =>
  make(
    undefined,
    undefined,
    { ...options, topic: websitePushId },
    typedContent(websitePayload, { aps: { alert, urlArgs, extra }, data: {} })
  )
