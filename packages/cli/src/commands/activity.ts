/** `apns activity`: the Live Activity of one device. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { settingFlags } from "../Settings.ts"
import {
  contentFlags,
  endFlags,
  expirationText,
  id,
  startFlags,
  tellingFlags,
  updateFlags
} from "./liveActivityFlags.ts"

const deliveryFlags = (token: string) => ({
  device: Flag.String("device").pipe(Flag.withDescription(`${token}, in hexadecimal`)),
  priority: Flag.ChoiceWithValue("priority", [
    ["10", 10],
    ["5", 5]
  ]).pipe(Flag.withDescription("10 at once (default), within a budget; 5 to save the phone's power"), Flag.optional),
  expiration: Flag.String("expiration").pipe(
    Flag.withDescription(`Until when to try: ${expirationText} (as long as APNs sees fit)`),
    Flag.optional
  ),
  collapseId: Flag.String("collapse-id").pipe(
    Flag.withDescription("Replaces what has the same one; at most 64 bytes"),
    Flag.optional
  ),
  id
})

const ofActivity = deliveryFlags("The activity's own token for updates")

const start = Command.make(
  "start",
  {
    ...deliveryFlags("The app's push-to-start token for this kind of activity"),
    ...startFlags,
    ...contentFlags,
    ...tellingFlags,
    ...settingFlags
  },
  lazily(async () => (await import("../liveActivity/push.ts")).start)
).pipe(
  Command.withDescription(
    "Start a Live Activity on a device\n\n" +
      "Apple requires an alert. Ask for a token or name a channel, or the activity cannot be updated by push."
  ),
  Command.withShortDescription("Start a Live Activity on a device"),
  Command.withExamples([
    {
      command:
        "apns activity start --device $TOKEN --attributes-type RideAttributes --attributes ride.json " +
        `--content-state '{"minutes":5}' --alert-title "Your ride" --alert-body "Five minutes away" --input-push-token`,
      description: "A ride, whose app is asked for a token"
    }
  ])
)

const update = Command.make(
  "update",
  { ...ofActivity, ...updateFlags, ...contentFlags, ...tellingFlags, ...settingFlags },
  lazily(async () => (await import("../liveActivity/push.ts")).update)
).pipe(
  Command.withDescription(
    "Update a Live Activity on a device\n\nThe content state replaces the one before as a whole."
  ),
  Command.withShortDescription("Update it"),
  Command.withExamples([
    {
      command: `apns activity update --device $TOKEN --content-state '{"minutes":2}' --stale-date "+10 minutes"`,
      description: "Two minutes left, outdated in ten"
    }
  ])
)

const end = Command.make(
  "end",
  { ...ofActivity, ...endFlags, ...contentFlags, ...tellingFlags, ...settingFlags },
  lazily(async () => (await import("../liveActivity/push.ts")).end)
).pipe(
  Command.withDescription("End a Live Activity on a device"),
  Command.withShortDescription("End it"),
  Command.withExamples([
    {
      command: `apns activity end --device $TOKEN --content-state '{"minutes":0}' --dismissal-date now`,
      description: "Arrived: off the lock screen"
    }
  ])
)

export const activity = Command.make("activity").pipe(
  Command.withDescription("Start, update or end a Live Activity on one device"),
  Command.withShortDescription("Start, update or end a Live Activity"),
  Command.withSubcommands([start, update, end])
)
