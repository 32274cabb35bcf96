/** `apns broadcast update` and `end`. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { broadcast } from "effect-apns/Apns"
import type { Broadcast } from "effect-apns/Broadcast"
import * as Notification from "effect-apns/Notification"
import { broadcastSizeLimit } from "effect-apns/PayloadSchema"
import { expiration } from "../instants.ts"
import type { SettingFlags } from "../Settings.ts"
import { type Telling, tellAccepted } from "../telling.ts"
import { type EndFlags, endOf, type UpdateFlags, updateOf, warningsOf } from "./content.ts"

interface DeliveryFlags {
  readonly channel: string
  readonly priority: 1 | 5 | 10
  readonly expiration: string
  readonly id: Option.Option<string>
}

const deliveryOf = (flags: DeliveryFlags) =>
  Effect.map(Effect.fromResult(expiration("expiration", flags.expiration)), (until) => ({
    channel: flags.channel,
    priority: flags.priority,
    expiration: until,
    id: Option.getOrUndefined(flags.id)
  }))

const sent = (value: Broadcast, flags: SettingFlags & Telling, warnings: ReadonlyArray<string>) =>
  tellAccepted(
    Effect.map(broadcast(value), ({ requestId, ...receipt }) => ({
      id: requestId,
      channel: value.channel,
      ...receipt
    })),
    flags,
    { warnings, limit: broadcastSizeLimit }
  )

export const update = (flags: SettingFlags & Telling & DeliveryFlags & UpdateFlags) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const content = yield* updateOf(flags, now)
    const value = Notification.broadcast.update({ ...(yield* deliveryOf(flags)), ...content })
    yield* sent(value, flags, warningsOf(content, now))
  })

export const end = (flags: SettingFlags & Telling & DeliveryFlags & EndFlags) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const content = yield* endOf(flags, now)
    const value = Notification.broadcast.end({ ...(yield* deliveryOf(flags)), ...content })
    yield* sent(value, flags, warningsOf(content, now))
  })
