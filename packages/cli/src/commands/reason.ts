/** `apns reason`: what a rejection reason means and what to do. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"

export const reason = Command.make(
  "reason",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription("Such as Unregistered; without one, all are listed"),
      Argument.optional
    ),
    json: Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))
  },
  lazily(async () => (await import("../reason/explain.ts")).explain)
).pipe(
  Command.withDescription("Explain what APNs, or this program, gives as the reason for not accepting a notification"),
  Command.withShortDescription("Explain a rejection reason"),
  Command.withExamples([
    { command: "apns reason Unregistered", description: "What it means and what to do" },
    { command: "apns reason", description: "All of them" }
  ])
)
