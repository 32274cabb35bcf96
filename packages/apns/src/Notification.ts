/**
 * Notifications: plain values that say what to send to which device. A constructor never fails; `send` checks every
 * rule before anything is written.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { alertWriters, backgroundWriters, type PayloadWriter, type PayloadWriters } from "./internal/payloadWriter.ts"
import * as Payload from "./Payload.ts"
import type { Truncation } from "./Truncation.ts"

export * as broadcast from "./Broadcast.ts"
export * as liveActivity from "./LiveActivityPush.ts"
export { type TextField, type Truncation, truncate } from "./Truncation.ts"

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
 * `10` at once; `5` by power considerations of the device; `1` power first, never waking it (Apple, "Sending notification
 * requests to APNs").
 *
 * @category models
 * @since 0.1.0
 */
export type Priority = 1 | 5 | 10

/**
 * What to send to which device.
 *
 * **When to use**
 *
 * Made by `Notification.alert`, `Notification.background` and `Notification.raw`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Notification {
  /** The device token, in hexadecimal. */
  readonly device: string
  /** The notification's own id (`apns-id`), a lower-case UUID. It stays the same however often it is tried. */
  readonly id: string
  /** The header `apns-push-type`. */
  readonly pushType: string
  /** The header `apns-topic`; absent, the layer's topic. */
  readonly topic?: string | undefined
  /** What is appended to the topic. */
  readonly topicSuffix?: string | undefined
  readonly priority?: number | undefined
  readonly expiration?: Expiration | undefined
  readonly collapseId?: string | undefined
  /** What becomes the body of the request. */
  readonly content: Content
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
    }
  | {
      readonly _tag: "Raw"
      readonly body: string | Uint8Array | Schema.JsonObject
      readonly truncation?: Truncation | undefined
    }

/**
 * What every notification can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Common {
  /** The device token: hexadecimal, any even length. */
  readonly device: string
  /** The notification's id, a UUID. Default: a new one. */
  readonly id?: string | undefined
  /** The app's bundle ID, where it differs from the layer's `topic`. */
  readonly topic?: string | undefined
  /** Default: APNs' own storage policy. */
  readonly expiration?: Expiration | undefined
  /** Notifications with the same collapse id replace each other on the device; at most 64 bytes of UTF-8. */
  readonly collapseId?: string | undefined
}

/**
 * Custom data beside `aps`: any JSON object, or a value of your own type together with the Schema that encodes it.
 *
 * @category models
 * @since 0.1.0
 */
export type Data<D> =
  | { readonly data?: Schema.JsonObject | undefined; readonly schema?: undefined }
  | { readonly data: D; readonly schema: Payload.DataSchema<D> }

/**
 * What an alert push can say. `priority` defaults to APNs' own default, 10.
 *
 * @category models
 * @since 0.1.0
 */
export interface Alert extends Common, Payload.AlertAps {
  readonly priority?: Priority | undefined
}

/**
 * What a background push can say. Its priority is always 5 (Apple, "Pushing background updates to your App").
 *
 * @category models
 * @since 0.1.0
 */
export interface Background extends Common {
  readonly priority?: 5 | undefined
}

/**
 * What a raw push can say: everything, unchecked by types.
 *
 * @category models
 * @since 0.1.0
 */
export interface Raw extends Common {
  /** The header `apns-push-type`. */
  readonly pushType: string
  readonly priority?: number | undefined
  /** The body: an object to be written as JSON, or an encoded body sent byte for byte. */
  readonly payload: string | Uint8Array | Schema.JsonObject
}

const common = (options: Common & { readonly priority?: number | undefined }) => ({
  device: options.device,
  id: options.id ?? crypto.randomUUID(),
  topic: options.topic,
  priority: options.priority,
  expiration: options.expiration,
  collapseId: options.collapseId
})

interface Form {
  readonly schema: Schema.Encoder<unknown>
  readonly write: PayloadWriter
}

const payloads = <Aps, ApsJson extends object>(aps: Schema.Codec<Aps, ApsJson>, writers: PayloadWriters) => {
  const plain: Form = { schema: Payload.make(aps, Schema.JsonObject), write: writers.json }
  const typed = new WeakMap<object, Form>()
  const formOf = <D>(data: Payload.DataSchema<D>): Form => {
    const known = typed.get(data)
    if (known !== undefined) return known
    const form: Form = { schema: Payload.make(aps, data), write: writers.typed(data) }
    typed.set(data, form)
    return form
  }
  return <D>(value: Aps, { data, schema }: Data<D>): Content => {
    const form = schema === undefined ? plain : formOf(schema)
    return {
      _tag: "Typed",
      schema: form.schema,
      value: { aps: value, data: schema === undefined ? (data ?? {}) : data },
      write: form.write
    }
  }
}

const alertContent = payloads(Payload.AlertAps, alertWriters)
const backgroundContent = payloads(Payload.BackgroundAps, backgroundWriters)

/**
 * A notification that the user sees or hears: text, badge, sound.
 *
 * **Details**
 *
 * Topic: the bundle ID. Payload: at most 4,096 bytes. Source: Apple, "Generating a remote notification".
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
export const alert = <D = never>(options: Alert & Data<D>): Notification => {
  const { device, id, topic, priority, expiration, collapseId, data, schema, ...aps } = options
  return {
    ...common({ device, id, topic, priority, expiration, collapseId }),
    pushType: "alert",
    content: alertContent(aps, { data, schema } as Data<D>)
  }
}

/**
 * A notification that wakes the app in the background and shows nothing.
 *
 * **Details**
 *
 * Topic: the bundle ID. Priority: always 5. Payload: at most 4,096 bytes. Devices throttle it: send no more than two or
 * three an hour (Apple, "Pushing background updates to your App").
 *
 * @category constructors
 * @since 0.1.0
 */
export const background = <D = never>(options: Background & Data<D>): Notification => ({
  ...common(options),
  priority: 5,
  pushType: "background",
  content: backgroundContent({ contentAvailable: true }, options)
})

/**
 * A notification of any push type with any payload: the way out when a constructor is missing or too strict.
 *
 * **Details**
 *
 * Give the topic with the push type's suffix. `device`, `id`, `priority`, `expiration`, `collapseId` and the size of the
 * body are still checked; whether the payload fits the push type is not.
 *
 * @category constructors
 * @since 0.1.0
 */
export const raw = (options: Raw): Notification => ({
  ...common(options),
  pushType: options.pushType,
  content: { _tag: "Raw", body: options.payload }
})
