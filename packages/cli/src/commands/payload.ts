/** `apns payload`: what is wrong with a payload, and where its bytes are. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"

export const payload = Command.make(
  "payload",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("JSON as the app receives it, or an .apns file; - or none for standard input"),
      Argument.withDefault("-")
    ),
    pushType: Flag.String("push-type").pipe(
      Flag.withMetavar("type"),
      Flag.withDescription("Whose rules hold, such as voip; by default what aps says, or alert"),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))
  },
  lazily(async () => (await import("../payload/inspect.ts")).inspect)
).pipe(
  Command.withDescription(
    "Check a payload by the rules of its push type, and show what takes how many bytes. Sends nothing.\n" +
      "Ends with 0 where it breaks no rule, with 1 where it does, with 2 where it is no JSON."
  ),
  Command.withShortDescription("Check a payload, and see where its bytes are"),
  Command.withExamples([
    { command: "apns payload welcome.json", description: "Is it right, and how large is it?" },
    { command: "apns payload --push-type voip call.json", description: "By the rules of another push type" },
    { command: "build-payload | apns payload --json", description: "In a pipeline" }
  ])
)
