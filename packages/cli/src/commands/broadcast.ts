/** `apns broadcast`: one update of a Live Activity for everybody who follows a channel. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { settingFlags } from "../Settings.ts"
import { contentFlags, endFlags, expirationText, id, tellingFlags, updateFlags } from "./liveActivityFlags.ts"

const deliveryFlags = {
  channel: Flag.String("channel").pipe(Flag.withDescription("The channel's id, in base64 (apns channels)")),
  priority: Flag.ChoiceWithValue("priority", [
    ["10", 10],
    ["5", 5],
    ["1", 1]
  ]).pipe(Flag.withDefault(10), Flag.withDescription("10 at once (default), 5 or 1 to save the phone's power")),
  expiration: Flag.String("expiration").pipe(
    Flag.withDefault("once"),
    Flag.withDescription(`Until when to try: ${expirationText} (once, which every channel takes)`)
  ),
  id
}

const update = Command.make(
  "update",
  { ...deliveryFlags, ...updateFlags, ...contentFlags, ...tellingFlags, ...settingFlags },
  lazily(async () => (await import("../liveActivity/broadcast.ts")).update)
).pipe(
  Command.withDescription("Update the Live Activities that follow a channel"),
  Command.withExamples([
    {
      command: `apns broadcast update --channel dHN0LXNyY2gtY2hubA== --content-state '{"score":[1,0]}'`,
      description: "A goal, for all who watch"
    },
    {
      command: "score | apns broadcast update --channel dHN0LXNyY2gtY2hubA== --content-state - --dry-run",
      description: "What would be sent, of a program's output"
    }
  ])
)

const end = Command.make(
  "end",
  { ...deliveryFlags, ...endFlags, ...contentFlags, ...tellingFlags, ...settingFlags },
  lazily(async () => (await import("../liveActivity/broadcast.ts")).end)
).pipe(
  Command.withDescription("End the Live Activities that follow a channel"),
  Command.withExamples([
    {
      command: `apns broadcast end --channel dHN0LXNyY2gtY2hubA== --content-state final.json --dismissal-date "+30 minutes"`,
      description: "The final score, on screen for half an hour"
    }
  ])
)

export const broadcast = Command.make("broadcast").pipe(
  Command.withDescription(
    "Update or end the Live Activities of everybody who follows a channel, with one request\n\n" +
      "A broadcast starts none: apns activity start does, which may name the channel. Phones from iOS 18."
  ),
  Command.withShortDescription("Update Live Activities through a channel"),
  Command.withSubcommands([update, end])
)
