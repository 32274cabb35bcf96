/**
 * What the simulator knows about a device token. A token nobody registered is treated as the layer's `unknownDevices`
 * option says.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const token = Schema.String

/**
 * A token APNs accepts.
 *
 * **Details**
 *
 * - `topics`: the topics this token belongs to, compared exactly (`com.example.app.voip` is another topic than
 *   `com.example.app`, as a PushKit token is another token). Absent: every topic. A push to another topic is answered
 *   `400 DeviceTokenNotForTopic` (Apple, "Handling notification responses from APNs").
 *
 * @category models
 * @since 0.1.0
 */
export const ActiveDevice = Schema.Struct({
  state: Schema.Literal("active"),
  token,
  topics: Schema.optional(Schema.Array(Schema.String))
})

/**
 * A token whose app was removed: answered `410 Unregistered` with a `timestamp` (Apple, "Handling notification responses
 * from APNs").
 *
 * **Details**
 *
 * - `since`: epoch milliseconds at which APNs found the token dead; default the time of registration. Until a time to come
 *   the token is active.
 *
 * @category models
 * @since 0.1.0
 */
export const UnregisteredDevice = Schema.Struct({
  state: Schema.Literal("unregistered"),
  token,
  since: Schema.optional(Schema.Finite)
})

/**
 * A token that expired: answered `410 ExpiredToken`. A `timestamp` is sent too, which Apple implies ("410 only") and
 * does not show.
 *
 * **Details**
 *
 * - `since`: epoch milliseconds of the expiry; default the time of registration. Until a time to come the token is active,
 *   as that of a Live Activity is.
 *
 * @category models
 * @since 0.1.0
 */
export const ExpiredDevice = Schema.Struct({
  state: Schema.Literal("expired"),
  token,
  since: Schema.optional(Schema.Finite)
})

/**
 * A token of the other environment: answered `400 BadDeviceToken` (Apple, "Handling notification responses from APNs").
 *
 * @category models
 * @since 0.1.0
 */
export const OtherEnvironmentDevice = Schema.Struct({
  state: Schema.Literal("otherEnvironment"),
  token
})

/**
 * A device that is switched off or has no network. Pushes to it are accepted; of each app the newest is kept for it
 * (Apple, "Sending notification requests to APNs"), unless its `apns-expiration` is 0. Registered again as `active`, it
 * gets what was kept and has not expired. `topics` is as in `ActiveDevice`.
 *
 * @category models
 * @since 0.1.0
 */
export const OfflineDevice = Schema.Struct({
  state: Schema.Literal("offline"),
  token,
  topics: Schema.optional(Schema.Array(Schema.String))
})

/**
 * A device that got too much: every push is answered `429 TooManyRequests`, until `until` (epoch milliseconds by the
 * simulator's clock; default for ever), from when on it is active. `topics` is as in `ActiveDevice`.
 *
 * @category models
 * @since 0.1.0
 */
export const RateLimitedDevice = Schema.Struct({
  state: Schema.Literal("rateLimited"),
  token,
  topics: Schema.optional(Schema.Array(Schema.String)),
  until: Schema.optional(Schema.Finite)
})

/**
 * A device token and its state. Tokens are hex and compared without regard to case.
 *
 * **Example** (Registering a device that is gone)
 *
 * ```ts
 * import type { Simulator } from "@effect-apns/simulator"
 *
 * export const gone = (simulator: Simulator["Service"]) =>
 *   simulator.register({ state: "unregistered", token: "ab".repeat(32), since: 1_767_225_600_000 })
 * ```
 *
 * **Example** (A token that the app registered again)
 *
 * ```ts
 * import type { Simulator } from "@effect-apns/simulator"
 *
 * export const back = (simulator: Simulator["Service"]) =>
 *   simulator.register({ state: "active", token: "ab".repeat(32) })
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export const Device = Schema.Union([
  ActiveDevice,
  UnregisteredDevice,
  ExpiredDevice,
  OtherEnvironmentDevice,
  OfflineDevice,
  RateLimitedDevice
])

/**
 * @category models
 * @since 0.1.0
 */
export type Device = typeof Device.Type

/**
 * A push kept for a device that is offline.
 *
 * **Details**
 *
 * - `bundleId`: the app it is for. `received`: its id in the inbox. `until`: epoch milliseconds at which it expires.
 *
 * @category models
 * @since 0.1.0
 */
export const StoredPush = Schema.Struct({
  bundleId: Schema.String,
  received: Schema.Int,
  until: Schema.Finite
})

/**
 * @category models
 * @since 0.1.0
 */
export type StoredPush = typeof StoredPush.Type

/**
 * A device as the simulator has it: one that was registered, or an unknown one that got a push.
 *
 * **Details**
 *
 * - `token`: in lower case. `device`: as registered; absent for an unknown one.
 * - `received`: pushes to it since the start or the last `reset`, refused ones included. `lastReceived`: the id of the
 *   newest one; `lastTopic`: its topic.
 * - `stored`: what is kept while it is offline.
 *
 * @category models
 * @since 0.1.0
 */
export const DeviceInfo = Schema.Struct({
  token,
  device: Schema.optional(Device),
  received: Schema.Int,
  lastReceived: Schema.optional(Schema.Int),
  lastTopic: Schema.optional(Schema.String),
  stored: Schema.Array(StoredPush)
})

/**
 * @category models
 * @since 0.1.0
 */
export type DeviceInfo = typeof DeviceInfo.Type
