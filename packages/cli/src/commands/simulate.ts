/** `apns simulate`: a local APNs with a web inbox. */
import { simulatorFlags } from "@effect-apns/simulator/SimulatorFlags"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"

export const simulate = Command.make(
  "simulate",
  {
    ...simulatorFlags,
    open: Flag.Boolean("open").pipe(Flag.withDefault(false), Flag.withDescription("Open the web inbox in the browser")),
    profile: Flag.String("profile").pipe(
      Flag.withDescription("Keep a profile under this name, for apns send --profile"),
      Flag.optional
    ),
    printEnv: Flag.Boolean("print-env").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print the APNS_* variables for a shell; all else goes to standard error")
    ),
    topic: Flag.String("topic").pipe(
      Flag.withDefault("com.example.app"),
      Flag.withDescription("The bundle ID in the profile and the variables (com.example.app)")
    )
  },
  lazily(async () => (await import("../simulate/simulate.ts")).simulate)
).pipe(
  Command.withDescription(
    "Run a local APNs with a web inbox until Ctrl-C\n\n" +
      "It checks what APNs checks and answers as APNs answers. What is sent to it stays on this machine."
  ),
  Command.withShortDescription("Run a local APNs with a web inbox"),
  Command.withExamples([
    { command: "apns simulate --profile local --open", description: "Then, elsewhere: apns send --profile local …" },
    { command: "apns simulate --scenario outage.json", description: "One that misbehaves" },
    { command: "apns simulate --print-env > apns.env", description: "For programs that read APNS_* variables" }
  ])
)
