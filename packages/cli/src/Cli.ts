/**
 * The `apns` command and everything under it.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { activity } from "./commands/activity.ts"
import { broadcast } from "./commands/broadcast.ts"
import { bulk } from "./commands/bulk.ts"
import { cert } from "./commands/cert.ts"
import { channels } from "./commands/channels.ts"
import { doctor } from "./commands/doctor.ts"
import { payload } from "./commands/payload.ts"
import { profile } from "./commands/profile.ts"
import { queue } from "./commands/queue.ts"
import { reason } from "./commands/reason.ts"
import { send } from "./commands/send.ts"
import { simulate } from "./commands/simulate.ts"
import { token } from "./commands/token.ts"
import { Verbose } from "./Ending.ts"

/**
 * The root: each command in a module of its own, whose handler is loaded when it is called.
 *
 * @category constructors
 * @since 0.1.0
 */
export const apns = Command.make("apns").pipe(
  Command.withDescription(
    "Send Apple push notifications, one or millions, and find out why one did not arrive.\n\n" +
      "Settings come from flags, from APNS_* variables, and from a profile (apns profile), in this order. " +
      "Exit codes: 0 accepted or done, 1 failed, 2 bad input, 3 refused, 4 unsent, 5 may have arrived, 130 interrupted."
  ),
  Command.withSubcommands([
    activity,
    broadcast,
    bulk,
    cert,
    channels,
    doctor,
    payload,
    profile,
    queue,
    reason,
    send,
    simulate,
    token
  ]),
  Command.withGlobalFlags([Verbose]),
  Command.withExamples([
    {
      command: "apns send 7a1f0c3b5d2e4f60 --body Hello --topic com.example.app --dry-run",
      description: "See what would be sent"
    },
    { command: "apns payload welcome.json", description: "Is a payload right, and how large?" },
    { command: "apns reason BadDeviceToken", description: "Why did it not arrive?" }
  ])
)
