/** `apns profile`: settings kept under names. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { managementFlags, settingFlags } from "../Settings.ts"

const json = Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))

const name = Argument.String("name").pipe(Argument.withDescription("The profile's name"))

/** Every setting but the profile itself. */
const { profile: _profile, ...flags } = { ...settingFlags, ...managementFlags }

const add = Command.make(
  "add",
  {
    name,
    use: Flag.Boolean("use").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Use it from now on; the first profile is used anyway")
    ),
    force: Flag.Boolean("force").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Replace the profile if there is one")
    ),
    json,
    ...flags
  },
  lazily(async () => (await import("../profile/add.ts")).add)
).pipe(
  Command.withDescription(
    "Keep settings under a name, in a file that only you may read. Keys and certificates are kept as paths, never copied; " +
      "passphrases are not kept."
  ),
  Command.withShortDescription("Keep settings under a name"),
  Command.withExamples([
    {
      command:
        "apns profile add work --team-id TEAM123456 --key-id KEY1234567 --key-file AuthKey_KEY1234567.p8 --topic com.example.app",
      description: "A token key"
    },
    {
      command: "apns profile add test --environment sandbox --certificate-file push.p12",
      description: "A certificate"
    }
  ])
)

const use = Command.make(
  "use",
  { name },
  lazily(async () => (await import("../profile/use.ts")).use)
).pipe(
  Command.withDescription("Use a profile where no other is named by --profile or APNS_PROFILE"),
  Command.withShortDescription("Use a profile from now on"),
  Command.withExamples([{ command: "apns profile use work" }])
)

const list = Command.make(
  "list",
  { json },
  lazily(async () => (await import("../profile/list.ts")).list)
).pipe(
  Command.withDescription("List the profiles; the one in use is marked"),
  Command.withShortDescription("List the profiles"),
  Command.withExamples([{ command: "apns profile list" }])
)

const show = Command.make(
  "show",
  { name: name.pipe(Argument.optional), json },
  lazily(async () => (await import("../profile/show.ts")).show)
).pipe(
  Command.withDescription("Show the settings of a profile; of the one in use when none is named"),
  Command.withShortDescription("Show the settings of a profile"),
  Command.withExamples([{ command: "apns profile show work --json" }])
)

const remove = Command.make(
  "remove",
  { name },
  lazily(async () => (await import("../profile/remove.ts")).remove)
).pipe(
  Command.withDescription("Remove a profile. The keys it names stay where they are."),
  Command.withShortDescription("Remove a profile"),
  Command.withExamples([{ command: "apns profile remove work" }])
)

export const profile = Command.make("profile").pipe(
  Command.withDescription("Keep settings under names, and choose which count"),
  Command.withSubcommands([add, use, list, show, remove])
)
