/**
 * Broadcast channels, as the simulator keeps them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What becomes of a broadcast on its way to a device that is offline (Apple, "Setting up broadcast push notifications").
 *
 * **Details**
 *
 * - `none`: the device misses it. Policy 0 on the wire.
 * - `mostRecent`: the newest one is kept for it, for at most 8 hours. Policy 1 on the wire.
 *
 * @category models
 * @since 0.1.0
 */
export const ChannelStorage = Schema.Literals(["none", "mostRecent"])

/**
 * @category models
 * @since 0.1.0
 */
export type ChannelStorage = typeof ChannelStorage.Type

/**
 * The broadcast a channel keeps for devices that are offline.
 *
 * **Details**
 *
 * - `body`: the payload as sent.
 * - `priority`, `expiration` (epoch seconds): the headers as numbers.
 * - `time`: epoch milliseconds at which it arrived.
 * - `until`: epoch milliseconds until which it is kept: its expiration, at most 8 hours after `time`. One with expiration
 *   0 is never kept, and leaves an older one where it is (inferred).
 *
 * @category models
 * @since 0.1.0
 */
export const StoredBroadcast = Schema.Struct({
  body: Schema.String,
  priority: Schema.Int,
  expiration: Schema.Finite,
  time: Schema.Finite,
  until: Schema.Finite
})

/**
 * @category models
 * @since 0.1.0
 */
export type StoredBroadcast = typeof StoredBroadcast.Type

/**
 * A channel of an app in the simulator's environment.
 *
 * **Details**
 *
 * - `bundleId`: the app's bundle ID, without a suffix.
 * - `id`: base64 text, as `apns-channel-id` carries it.
 * - `message`: the broadcast kept now; always absent with storage `none`.
 *
 * @category models
 * @since 0.1.0
 */
export const Channel = Schema.Struct({
  bundleId: Schema.String,
  id: Schema.String,
  storage: ChannelStorage,
  message: Schema.optional(StoredBroadcast)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Channel = typeof Channel.Type

const base64 = Schema.String.check(
  Schema.isPattern(/^(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
)

/**
 * A channel to make before a test, without a request.
 *
 * **Details**
 *
 * - `id`: base64 text; default a random one, as APNs makes them.
 * - `storage`: default `"none"`.
 *
 * **Example** (A channel that keeps its newest broadcast)
 *
 * ```ts
 * import type { Simulator } from "@effect-apns/simulator"
 *
 * export const match = (simulator: Simulator["Service"]) =>
 *   simulator.registerChannel({ bundleId: "com.example.app", storage: "mostRecent" })
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export const NewChannel = Schema.Struct({
  bundleId: Schema.NonEmptyString,
  id: Schema.optional(base64),
  storage: Schema.optional(ChannelStorage)
})

/**
 * @category models
 * @since 0.1.0
 */
export type NewChannel = typeof NewChannel.Type
