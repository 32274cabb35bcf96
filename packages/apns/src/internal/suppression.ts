/**
 * How `send` keeps to what is known of dead tokens. Pure but for the register it asks.
 */
import * as DateTime from "effect/DateTime"
import type { Dead, DeadReason } from "../DeadTokens.ts"
import { hosts } from "../Environment.ts"
import type { Notification } from "../Notification.ts"
import { InvalidNotification, type Reason, Suppressed } from "../Reason.ts"

const environments: Readonly<Record<string, string>> = {
  [hosts.production]: "production",
  [hosts.sandbox]: "sandbox",
  // Apple's other name of the sandbox.
  "api.development.push.apple.com": "sandbox"
}

/** The environment of a connection's address; the ports of one host are one environment of Apple's. */
export const environmentOf = (address: string): string =>
  environments[address.slice(0, address.lastIndexOf(":"))] ?? address

const millisOf = (at: Date | DateTime.DateTime) => (at instanceof Date ? at.getTime() : at.epochMilliseconds)

/** Why not to send to a token that is known to be dead; nothing where the app registered it again later. */
export const suppressed = (
  { registeredAt }: Pick<Notification, "registeredAt">,
  { reason, since }: Dead
): Suppressed | InvalidNotification | undefined => {
  if (registeredAt === undefined) return new Suppressed({ reason, since })
  const millis = millisOf(registeredAt)
  if (Number.isNaN(millis)) {
    return new InvalidNotification({
      field: "registeredAt",
      problem: "is not a time",
      cure: "Use a Date or a DateTime: when the app registered the token."
    })
  }
  return millis > since.epochMilliseconds ? undefined : new Suppressed({ reason, since })
}

/** What a refusal says of the token. */
export const deathOf = (reason: Reason, nowMillis: number): Dead | undefined => {
  switch (reason._tag) {
    case "Unregistered":
    case "ExpiredToken":
      return { reason: reason._tag, since: reason.timestamp ?? DateTime.makeUnsafe(nowMillis) }
    case "BadDeviceToken":
    case "DeviceTokenNotForTopic":
      return { reason: reason._tag, since: DateTime.makeUnsafe(nowMillis) }
    default:
      reason._tag satisfies Exclude<Reason["_tag"], DeadReason>
      return undefined
  }
}
