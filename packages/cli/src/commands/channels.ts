/** `apns channels`: the broadcast channels of an app. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { managementFlags } from "../Settings.ts"

const json = Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))

const named = Argument.String("channel").pipe(
  Argument.withDescription("Ids, in base64; - reads them from standard input, one a line"),
  Argument.atLeast(1)
)

const create = Command.make(
  "create",
  {
    storage: Flag.Literals("storage", ["none", "most-recent"]).pipe(
      Flag.withDescription(
        "What is kept for devices that are offline: nothing, or the newest broadcast. It is for good"
      )
    ),
    json,
    ...managementFlags
  },
  lazily(async () => (await import("../channels/manage.ts")).create)
).pipe(
  Command.withDescription(
    "Make a channel and print its id\n\n" +
      "A channel that stores nothing has the larger publishing budget; its broadcasts take no expiration."
  ),
  Command.withShortDescription("Make a channel"),
  Command.withExamples([
    { command: "apns channels create --storage most-recent", description: "A channel for a match" },
    { command: "channel=$(apns channels create --storage none)", description: "Its id, for a script" }
  ])
)

const list = Command.make(
  "list",
  { json, ...managementFlags },
  lazily(async () => (await import("../channels/manage.ts")).list)
).pipe(
  Command.withDescription("List the app's channels in an environment, and tell how many more there can be"),
  Command.withShortDescription("List the channels, and how many more there can be"),
  Command.withExamples([
    { command: "apns channels list --environment sandbox", description: "The channels of the sandbox" },
    { command: "apns channels list | apns channels read -", description: "What each of them stores" }
  ])
)

const read = Command.make(
  "read",
  { channels: named, json, ...managementFlags },
  lazily(async () => (await import("../channels/manage.ts")).read)
).pipe(
  Command.withDescription("Tell what channels store"),
  Command.withExamples([{ command: "apns channels read dHN0LXNyY2gtY2hubA==" }])
)

const remove = Command.make(
  "delete",
  {
    channels: named,
    yes: Flag.Boolean("yes").pipe(
      Flag.withAlias("y"),
      Flag.withDefault(false),
      Flag.withDescription("Do not ask; needed where there is no terminal")
    ),
    json,
    ...managementFlags
  },
  lazily(async () => (await import("../channels/delete.ts")).deleteChannels)
).pipe(
  Command.withDescription(
    "Delete channels, for good\n\nActivities that follow them get no more updates; what is stored may still go out."
  ),
  Command.withShortDescription("Delete channels, for good"),
  Command.withExamples([
    { command: "apns channels delete dHN0LXNyY2gtY2hubA==", description: "Asks first" },
    { command: "apns channels list | apns channels delete --yes -", description: "All of them" }
  ])
)

export const channels = Command.make("channels").pipe(
  Command.withDescription(
    "Make, list, read and delete the channels that broadcasts go to\n\n" +
      "An app has its own in each environment, 10,000 at most; its app ID needs the Broadcast capability."
  ),
  Command.withShortDescription("Manage broadcast channels"),
  Command.withSubcommands([create, list, read, remove])
)
