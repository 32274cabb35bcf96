/** `apns send`: one notification, to one device or to several. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { settingFlags } from "../Settings.ts"

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const yes = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(description))

const flags = {
  targets: Argument.String("device").pipe(
    Argument.withDescription("Device tokens in hexadecimal; an .apns file may stand among them"),
    Argument.variadic()
  ),
  title: text("title", "text", "The first line of the alert"),
  subtitle: text("subtitle", "text", "Its second line"),
  body: text("body", "text", "Its text"),
  badge: Flag.Int("badge").pipe(
    Flag.withMetavar("number"),
    Flag.withDescription("The number on the app's icon; 0 removes it"),
    Flag.optional
  ),
  sound: text("sound", "name", 'A sound of the app, "default", or an object in JSON'),
  threadId: text("thread-id", "id", "Notifications of one thread are shown together"),
  category: text("category", "id", "The app's category, which decides on the buttons"),
  interruptionLevel: text("interruption-level", "level", "passive, active, time-sensitive or critical"),
  relevanceScore: Flag.Finite("relevance-score").pipe(
    Flag.withMetavar("0-1"),
    Flag.withDescription("Its place in a summary, from 0 to 1"),
    Flag.optional
  ),
  mutableContent: yes("mutable-content", "Let the app's extension change it before it is shown"),
  contentAvailable: yes("content-available", "Wake the app; with nothing to show, a background push"),
  data: Flag.String("data").pipe(
    Flag.withMetavar("key=text"),
    Flag.withDescription(
      "Custom data beside aps; key:=json for other than text, or an object in JSON. As often as needed"
    ),
    Flag.atLeast(0),
    Flag.withDefault([])
  ),
  payload: Flag.String("payload").pipe(
    Flag.withAlias("file"),
    Flag.withMetavar("file"),
    Flag.withDescription("The whole payload in JSON, or an .apns file; - is standard input. Flags go on top of it"),
    Flag.optional
  ),
  pushType: text(
    "push-type",
    "type",
    "By default what the payload says, alert or background. Or any other, such as voip"
  ),
  unchecked: yes("unchecked", "Leave the rules of the push type to APNs; any push type, any payload"),
  collapseId: text("collapse-id", "id", "Replaces the notification on screen that has the same"),
  priority: Flag.ChoiceWithValue("priority", [
    ["10", 10],
    ["5", 5],
    ["1", 1]
  ]).pipe(
    Flag.withMetavar("10|5|1"),
    Flag.withDescription("At once, by the device's power, or power first"),
    Flag.optional
  ),
  expiration: text("expiration", "time", 'Until when APNs tries: "once", "1 hour", 2026-01-01T12:00:00Z'),
  id: text("id", "uuid", "Its own id; by default a new one"),
  replayUnknown: yes("replay-unknown", "Also retry what may have arrived: it may then arrive twice"),
  dryRun: yes("dry-run", "Show the request and what is to be said of it; needs no key, sends nothing"),
  json: yes("json", "Print JSON, one document for each device"),
  ...settingFlags
}

/** What the flags were given. */
export type SendInput = Command.Command.Config.Infer<typeof flags>

export const send = Command.make(
  "send",
  flags,
  lazily(async () => (await import("../send/send.ts")).send)
).pipe(
  Command.withDescription(
    "Send one notification to a device, or to several, and tell what APNs says.\n" +
      "Ends with 0 where it was accepted, 3 refused, 4 unsent, 5 may have arrived, 2 bad input."
  ),
  Command.withShortDescription("Send one notification"),
  Command.withExamples([
    { command: 'apns send 7a1f0c3b5d2e4f60 --title Hello --body "It works" --sound default', description: "An alert" },
    {
      command: "apns send 7a1f0c3b5d2e4f60 --body Hello --topic com.example.app --dry-run",
      description: "What would be sent"
    },
    { command: "apns send 7a1f0c3b5d2e4f60 --payload welcome.json --badge 3", description: "From a file, and a badge" },
    {
      command: "apns send 7a1f0c3b5d2e4f60 welcome.apns --environment sandbox",
      description: "A file of Xcode's Simulator"
    },
    {
      command: "apns send 7a1f0c3b5d2e4f60 --push-type voip --data call=0f2b --data ring:=3",
      description: "An incoming call"
    }
  ])
)
