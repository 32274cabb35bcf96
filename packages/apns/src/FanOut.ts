/**
 * One notification for many devices.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import { dual } from "effect/Function"
import { asText } from "./internal/deviceToken.ts"
import { EncodedOnce } from "./internal/encodedOnce.ts"
import type { Content, Notification } from "./Notification.ts"

/**
 * A device token and when the app last registered it; see `registeredAt` of a notification.
 *
 * @category models
 * @since 0.1.0
 */
export interface RegisteredDevice {
  readonly device: string
  readonly registeredAt?: Date | DateTime.DateTime | undefined
}

/** The content is shared, and with it its encoding; fields in the order that every notification has them. */
const copyFor = <N extends Notification>(template: N, content: Content, to: string | RegisteredDevice): N => {
  const isRegistered = typeof to === "object" && "device" in to
  return {
    ...template,
    device: asText(isRegistered ? to.device : to),
    id: crypto.randomUUID(),
    registeredAt: isRegistered ? to.registeredAt : undefined,
    content
  }
}

const forDevices = function* <N extends Notification>(
  template: N,
  devices: Iterable<string | RegisteredDevice>
): Iterable<N> {
  const content: Content = { ...template.content, once: new EncodedOnce() }
  for (const to of devices) yield copyFor(template, content, to)
}

/**
 * The notifications that carry one payload to many devices, encoded and checked once.
 *
 * **When to use**
 *
 * Use for the same message to many devices: the payload's Schema, its JSON and its size cost nothing from the second
 * device on. Give them to `sendAll`, or one by one to `send`.
 *
 * **Details**
 *
 * `template` is made by any constructor; its `device`, `id` and `registeredAt` do not count. Each notification gets an
 * id of its own, and the time of registration that stands beside its device, if any does. They are made as they are asked
 * for, so a generator of a million devices takes no memory.
 *
 * **Example** (A sale, told to everybody)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const template = Notification.alert({ device: "", alert: "Sale", collapseId: "sale" })
 * const [first, second] = Notification.fanOut(template, ["7a1f0c3b5d2e4f60", "5d2e4f607a1f0c3b"])
 * const shared = first?.content === second?.content
 * shared // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fanOut: {
  (devices: Iterable<string | RegisteredDevice>): <N extends Notification>(template: N) => Iterable<N>
  <N extends Notification>(template: N, devices: Iterable<string | RegisteredDevice>): Iterable<N>
} = dual(2, forDevices)
