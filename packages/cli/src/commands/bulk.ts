/** `apns bulk`: many notifications, from a file or standard input. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { settingFlags } from "../Settings.ts"

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

const number = (name: string, description: string) =>
  Flag.Int(name).pipe(Flag.withDescription(description), Flag.optional)

const format = (name: string, description: string) =>
  Flag.Literals(name, ["csv", "ndjson"]).pipe(Flag.withDescription(description), Flag.optional)

const yes = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(description))

export const bulk = Command.make(
  "bulk",
  {
    input: Argument.String("input").pipe(
      Argument.withDescription("Rows as CSV or NDJSON, or a list of device tokens; - is standard input")
    ),
    format: format("format", "Of the input (by its name, or what it begins with)"),
    template: text("template", "JSON file: the payload, with {{name}} where a row's values belong"),
    pushType: Flag.String("push-type").pipe(
      Flag.withDefault("alert"),
      Flag.withDescription("The push type of rows that name none")
    ),
    collapseId: text("collapse-id", "Notifications with the same one replace each other"),
    expiration: text("expiration", '"once", "1 hour", a date, or epoch seconds'),
    priority: text("priority", "10, 5 or 1"),
    rate: number("rate", "Rows a second, at most"),
    concurrency: number("concurrency", "Notifications under way, at most (what the connection carries)"),
    results: text("results", "File for what became of each row, .csv or NDJSON; - is standard output"),
    resultsFormat: format("results-format", "Of the results (by the file's name)"),
    failedOnly: yes("failed-only", "Write only the results of rows that were not accepted"),
    deadTokens: text("dead-tokens", "File for device tokens to stop sending to, .csv or NDJSON"),
    strict: yes("strict", "Check all rows first, and send nothing if one is bad"),
    resume: yes("resume", "Go on where an earlier run stopped"),
    resumeFile: text("resume-file", "Where it is kept how far it is (<input>.resume.json)"),
    replayUnknown: yes("replay-unknown", "Send again what may have arrived, too"),
    quiet: yes("quiet", "Show no progress"),
    json: yes("json", "Print the summary as JSON"),
    ...settingFlags
  },
  lazily(async () => (await import("../bulk/bulk.ts")).bulk)
).pipe(
  Command.withDescription(
    "Send many notifications. A row has a device and either a payload of its own or the values for a template; Ctrl-C " +
      "lets what is under way end and leaves a file to go on with, so that nothing is sent twice."
  ),
  Command.withShortDescription("Send many notifications from a file"),
  Command.withExamples([
    { command: "apns bulk tokens.txt --template sale.json", description: "One payload to a list of tokens" },
    { command: "apns bulk users.csv --template hello.json --results out.csv", description: "With each row's values" },
    { command: "apns bulk users.csv --template hello.json --resume", description: "Go on after Ctrl-C" }
  ])
)
