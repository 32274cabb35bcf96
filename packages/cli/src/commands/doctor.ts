/** `apns doctor`: why notifications do not go out, step by step. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { settingFlags } from "../Settings.ts"

export const doctor = Command.make(
  "doctor",
  {
    ...settingFlags,
    timeout: Flag.String("timeout").pipe(
      Flag.withDescription('How long each step may take ("10 seconds")'),
      Flag.optional
    ),
    probe: Flag.Boolean("probe").pipe(
      Flag.withDefault(true),
      Flag.withDescription("Send the probe (the default); --no-probe leaves it out")
    ),
    json: Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))
  },
  lazily(async () => (await import("../doctor/diagnose.ts")).diagnose)
).pipe(
  Command.withDescription(
    "Check everything between here and APNs, in order: runtime, credentials, proxy, DNS, ports, TLS, HTTP/2, clock, and " +
      "whether APNs takes the credentials. Each line says what was found, and what to do about it.\n\n" +
      "The probe is one request to a device that cannot exist: nothing is delivered to anybody."
  ),
  Command.withShortDescription("Find out why notifications do not go out"),
  Command.withExamples([
    { command: "apns doctor", description: "With the settings of the environment or the profile in use" },
    { command: "apns doctor --environment sandbox --no-probe", description: "Only the way to the sandbox" },
    { command: 'apns doctor --json --no-probe --timeout "3 seconds"', description: "For a monitor" }
  ])
)
