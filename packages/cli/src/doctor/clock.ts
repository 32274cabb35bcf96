/**
 * This machine's clock against the server's. The limits are those of provider tokens (Apple, "Establishing a token-based
 * connection to APNs"), which carry the time of the machine that made them.
 */
import * as Duration from "effect/Duration"
import { renewalAge } from "effect-apns/JwtCache"
import { type Check, failed, passed } from "./check.ts"

/** APNs refuses tokens older than an hour; the library's are renewed before. A clock may be slow by what lies between. */
export const slowLimitSeconds = 3600 - Duration.toSeconds(renewalAge)

/** A token from the future is refused. Apple names no tolerance; a minute is what ordinary clocks are within. */
export const fastLimitSeconds = 60

const cure =
  "Set this machine's clock: switch time synchronisation on (NTP; timedatectl set-ntp true). " +
  "In a container it is the host's clock; a virtual machine may have been asleep."

/** `aheadMillis`: how far this machine's clock is ahead of the server's; negative: behind. */
export const checkClock = (aheadMillis: number): Check => {
  const ahead = Math.round(aheadMillis / 1000)
  const seconds = Math.abs(ahead)
  const facts = { skewSeconds: ahead, fastLimitSeconds, slowLimitSeconds }
  if (ahead > fastLimitSeconds) {
    return failed(
      "clock",
      `${seconds} s ahead of the server's (limit: ${fastLimitSeconds} s): provider tokens seem to be from the future`,
      cure,
      facts
    )
  }
  if (-ahead > slowLimitSeconds) {
    return failed(
      "clock",
      `${seconds} s behind the server's (limit: ${slowLimitSeconds} s): provider tokens expire before they are renewed`,
      cure,
      facts
    )
  }
  const where = ahead === 0 ? "within a second of" : `${seconds} s ${ahead > 0 ? "ahead of" : "behind"}`
  return passed(
    "clock",
    `${where} the server's (limits: ${fastLimitSeconds} s ahead, ${slowLimitSeconds} s behind)`,
    facts
  )
}
