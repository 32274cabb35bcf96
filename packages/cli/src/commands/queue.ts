/** `apns queue`: durable delivery from the command line. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { lazily } from "../Ending.ts"
import { fileArgument, fileFlag } from "../FileParam.ts"
import { settingFlags } from "../Settings.ts"

const storeFlags = {
  store: Flag.String("store").pipe(
    Flag.withDescription("Where the queue is: a file, postgres://… or redis://… (APNS_QUEUE)"),
    Flag.optional
  ),
  name: Flag.String("name").pipe(Flag.withDefault("apns"), Flag.withDescription("The queue's name"))
}

const json = Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print JSON"))

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

const enqueue = Command.make(
  "enqueue",
  {
    input: fileArgument("input").pipe(
      Argument.withDescription(
        "Rows as CSV or NDJSON, or a list of device tokens, as of apns bulk; - is standard input"
      )
    ),
    ...storeFlags,
    format: Flag.Literals("format", ["csv", "ndjson"]).pipe(
      Flag.withDescription("Of the input (by its name, or what it begins with)"),
      Flag.optional
    ),
    template: fileFlag("template").pipe(
      Flag.withDescription("JSON file: the payload, with {{name}} where a row's values belong"),
      Flag.optional
    ),
    pushType: Flag.String("push-type").pipe(
      Flag.withDefault("alert"),
      Flag.withDescription("The push type of rows that name none")
    ),
    topic: text("topic", "The app's bundle ID, for rows that name none (that of the worker)"),
    collapseId: text("collapse-id", "Notifications with the same one replace each other"),
    expiration: text("expiration", '"once", "1 hour", a date, or epoch seconds'),
    priority: text("priority", "10, 5 or 1"),
    lane: Flag.Literals("lane", ["high", "low"]).pipe(
      Flag.withDescription("What is in low never holds up what is in high (by the priority)"),
      Flag.optional
    ),
    at: text("at", "Not to be sent before this time, such as 2026-12-24T18:00:00Z"),
    deadline: text("deadline", 'Not to be sent after: "2 hours" from then, or a date'),
    key: text("key", "What is enqueued again under the same key is stored once (made from the file)"),
    json
  },
  lazily(async () => (await import("../queue/enqueue.ts")).enqueue)
).pipe(
  Command.withDescription(
    "Store notifications in the queue; when this ends, they are durable. Run again with the same file, after whatever " +
      "went wrong, it stores nothing twice, as long as what was done is kept (an hour)."
  ),
  Command.withShortDescription("Store notifications in the queue"),
  Command.withExamples([
    { command: "apns queue enqueue tokens.txt --template sale.json --store queue.db", description: "A list of tokens" },
    {
      command: "apns queue enqueue users.csv --template hi.json --lane low --at 2026-12-24T18:00:00Z",
      description: "Tomorrow, behind everything that is urgent"
    }
  ])
)

const work = Command.make(
  "work",
  {
    ...storeFlags,
    ...settingFlags,
    concurrency: Flag.Int("concurrency").pipe(
      Flag.withDescription("Notifications sent at once, at most (3000)"),
      Flag.optional
    ),
    rate: Flag.Int("rate").pipe(
      Flag.withDescription("Notifications a second, at most, of this process"),
      Flag.optional
    ),
    outcomes: fileFlag("outcomes").pipe(
      Flag.withDescription("File that gets a line of JSON for every notification decided"),
      Flag.optional
    ),
    untilEmpty: Flag.Boolean("until-empty").pipe(
      Flag.withDefault(false),
      Flag.withDescription("End when nothing is left, what waits for its time included")
    ),
    replayUnknown: Flag.Boolean("replay-unknown").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Send again what may have arrived already")
    )
  },
  lazily(async () => (await import("../queue/work.ts")).work)
).pipe(
  Command.withDescription(
    "Send what lies in the queue, until Ctrl-C. Run as many as you like, on as many machines: each notification is one " +
      "worker's. Ctrl-C finishes what is in hand; a worker that is killed leaves it to the others half a minute later."
  ),
  Command.withShortDescription("Send what lies in the queue"),
  Command.withExamples([
    { command: "apns queue work --store queue.db --profile live", description: "One machine, the queue in a file" },
    {
      command: "APNS_QUEUE=redis://queue.example:6379 apns queue work --outcomes out.ndjson",
      description: "One of many workers, which writes down what became of each"
    }
  ])
)

const stats = Command.make(
  "stats",
  { ...storeFlags, json },
  lazily(async () => (await import("../queue/stats.ts")).stats)
).pipe(
  Command.withDescription("Say how much waits, for how long, and how much has failed"),
  Command.withExamples([{ command: "apns queue stats --store queue.db --json", description: "For a monitor" }])
)

const failed = Command.make(
  "failed",
  {
    ...storeFlags,
    json,
    limit: Flag.Int("limit").pipe(Flag.withDefault(20), Flag.withDescription("How many to list, at most (20)"))
  },
  lazily(async () => (await import("../queue/failed.ts")).failed)
).pipe(
  Command.withDescription("List the chunks that no worker could finish: their ids, when they failed, and why"),
  Command.withShortDescription("List the chunks that no worker could finish"),
  Command.withExamples([{ command: "apns queue failed --store queue.db", description: "What failed, and why" }])
)

const selection = {
  ...storeFlags,
  ids: Argument.String("id").pipe(Argument.withDescription("As apns queue failed lists them"), Argument.variadic()),
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("All of them"))
}

const redrive = Command.make(
  "redrive",
  selection,
  lazily(async () => (await import("../queue/failed.ts")).redrive)
).pipe(
  Command.withDescription("Give failed chunks back to the workers"),
  Command.withExamples([
    { command: "apns queue redrive --store queue.db --all", description: "After the cause is mended" }
  ])
)

const discard = Command.make(
  "discard",
  selection,
  lazily(async () => (await import("../queue/failed.ts")).discard)
).pipe(
  Command.withDescription("Remove failed chunks for good: their notifications are not sent"),
  Command.withExamples([
    { command: "apns queue discard --store queue.db --all", description: "When it is too late to send them" }
  ])
)

export const queue = Command.make("queue").pipe(
  Command.withDescription(
    "Keep notifications in a queue until each is decided: in a file, in PostgreSQL or in Redis. Nothing is lost when a " +
      "process dies, and many machines can send from one queue."
  ),
  Command.withShortDescription("Durable delivery"),
  Command.withSubcommands([enqueue, work, stats, failed, redrive, discard])
)
