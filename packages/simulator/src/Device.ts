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
 * - `since`: epoch milliseconds at which APNs found the token dead; default the time of registration.
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
 * - `since`: epoch milliseconds of the expiry; default the time of registration.
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
 * @category models
 * @since 0.1.0
 */
export const Device = Schema.Union([ActiveDevice, UnregisteredDevice, ExpiredDevice, OtherEnvironmentDevice])

/**
 * @category models
 * @since 0.1.0
 */
export type Device = typeof Device.Type
