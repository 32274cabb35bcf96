/** `apns activity start`, `update` and `end`. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { send } from "effect-apns/Apns"
import * as Notification from "effect-apns/Notification"
import { sizeLimit } from "effect-apns/PayloadSchema"
import { expiration } from "../instants.ts"
import type { SettingFlags } from "../Settings.ts"
import { type Telling, tellAccepted } from "../telling.ts"
import { type EndFlags, endOf, type StartFlags, startOf, type UpdateFlags, updateOf, warningsOf } from "./content.ts"

interface DeliveryFlags {
  readonly device: string
  readonly priority: Option.Option<5 | 10>
  readonly expiration: Option.Option<string>
  readonly collapseId: Option.Option<string>
  readonly id: Option.Option<string>
}

const deliveryOf = (flags: DeliveryFlags) =>
  Effect.gen(function* () {
    return {
      device: flags.device,
      priority: Option.getOrUndefined(flags.priority),
      expiration: Option.isSome(flags.expiration)
        ? yield* Effect.fromResult(expiration("expiration", flags.expiration.value))
        : undefined,
      collapseId: Option.getOrUndefined(flags.collapseId),
      id: Option.getOrUndefined(flags.id)
    }
  })

const sent = (
  notification: Notification.Notification,
  flags: SettingFlags & Telling,
  warnings: ReadonlyArray<string>
) =>
  tellAccepted(
    Effect.map(send(notification), ({ apnsId, ...receipt }) => ({ id: apnsId, ...receipt })),
    flags,
    { warnings, limit: sizeLimit(notification.pushType) }
  )

export const start = (flags: SettingFlags & Telling & DeliveryFlags & StartFlags) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const content = yield* startOf(flags, now)
    const notification = Notification.liveActivity.start({ ...(yield* deliveryOf(flags)), ...content })
    yield* sent(notification, flags, warningsOf(content, now))
  })

export const update = (flags: SettingFlags & Telling & DeliveryFlags & UpdateFlags) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const content = yield* updateOf(flags, now)
    const notification = Notification.liveActivity.update({ ...(yield* deliveryOf(flags)), ...content })
    yield* sent(notification, flags, warningsOf(content, now))
  })

export const end = (flags: SettingFlags & Telling & DeliveryFlags & EndFlags) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const content = yield* endOf(flags, now)
    const notification = Notification.liveActivity.end({ ...(yield* deliveryOf(flags)), ...content })
    yield* sent(notification, flags, warningsOf(content, now))
  })
