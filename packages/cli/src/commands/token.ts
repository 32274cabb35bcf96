/** `apns token`: provider tokens, made, read and checked. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { settingFlags } from "../Settings.ts"

const json = Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))

/** The settings that a token is made of. */
const keyFlags = {
  profile: settingFlags.profile,
  teamId: settingFlags.teamId,
  keyId: settingFlags.keyId,
  keyFile: settingFlags.keyFile
}

const tokenArgument = Argument.String("token").pipe(
  Argument.withDescription("The token; - or none reads standard input, which keeps it out of the list of processes"),
  Argument.optional
)

const make = Command.make(
  "make",
  {
    header: Flag.Boolean("header").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print it as a header, for curl -H @-")
    ),
    json,
    ...keyFlags
  },
  lazily(async () => (await import("../token/make.ts")).make)
).pipe(
  Command.withDescription(
    "Sign a provider token (ES256) with the key of the settings, and print it.\n\n" +
      "It is good for an hour. Use it that long: APNs refuses new ones for a key more often than every 20 minutes. " +
      "Whoever has it can send for that hour."
  ),
  Command.withShortDescription("Sign a provider token and print it"),
  Command.withExamples([
    {
      command:
        "apns token make --header | curl --http2 -H @- -H apns-topic:com.example.app -H apns-push-type:alert -d @push.json https://api.push.apple.com/3/device/7a1f…",
      description: "Send with curl"
    },
    { command: "apns token make --profile work --json", description: "With its times" }
  ])
)

const decode = Command.make(
  "decode",
  { token: tokenArgument, json },
  lazily(async () => (await import("../token/decode.ts")).decode)
).pipe(
  Command.withDescription(
    "Tell what is in a provider token, and where it stands in Apple's window of 20 to 60 minutes. Nothing is verified: " +
      "it takes no key. Takes the token alone, or the header it stands in."
  ),
  Command.withShortDescription("Tell what is in a provider token"),
  Command.withExamples([
    { command: "apns token decode - < token.txt", description: "From a file" },
    { command: "apns token make | apns token decode --json", description: "As JSON" }
  ])
)

const verify = Command.make(
  "verify",
  { token: tokenArgument, json, ...keyFlags },
  lazily(async () => (await import("../token/verify.ts")).verify)
).pipe(
  Command.withDescription(
    "Check a provider token as APNs does: algorithm, Key ID, Team ID, age, and the signature against the key of the " +
      "settings. Exit code 1 when a check fails."
  ),
  Command.withShortDescription("Check a provider token against its key"),
  Command.withExamples([
    {
      command:
        "apns token verify --key-file AuthKey_KEY1234567.p8 --key-id KEY1234567 --team-id TEAM123456 - < token.txt",
      description: "A token from a file"
    }
  ])
)

export const token = Command.make("token").pipe(
  Command.withDescription("Make, read and check provider tokens"),
  Command.withSubcommands([make, decode, verify])
)
