/**
 * A message to a million devices, from the command line. Everything is in the PostgreSQL of `APNS_QUEUE`: the devices, the
 * campaigns, and the queue from which `apns queue work` sends.
 *
 *     export APNS_QUEUE=postgres://localhost/push
 *     node examples/campaign.ts run                                    # as often as you like, on machines that reach each other
 *     node examples/campaign.ts start doors "Doors open" "At eight" 2030-01-01T18:00:00Z
 *     node examples/campaign.ts pause doors                            # resume, cancel, status
 *
 * Where `run` is not alone, `HOST` and `PORT` say where the others find it.
 */
import { parseArgs } from "node:util"
import { NodeClusterSocket, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Outbox, Store } from "@effect-apns/delivery"
import { Config, Console, Effect, Layer } from "effect"
import { ClusterWorkflowEngine } from "effect/cluster"
import * as Table from "./campaignTable.ts"
import * as Campaign from "./campaignWorkflow.ts"

const Database = PgClient.layerConfig({ url: Config.Redacted("APNS_QUEUE"), multiplex: Config.succeed(true) })

const Queue = Layer.mergeAll(Outbox.layer(), Layer.effectDiscard(Table.migrate)).pipe(
  Layer.provideMerge(Store.sql()),
  Layer.provideMerge(Database)
)

/** How soon the others go on with what a dead process had, and see what waits in the database. */
const shardingConfig = { shardLockExpiration: "10 seconds", entityMessagePollInterval: "2 seconds" } as const

/** Runs campaigns until it is told to end. */
const runner = (options: Campaign.Options) =>
  Campaign.layer(options).pipe(
    Layer.provide(ClusterWorkflowEngine.layer),
    Layer.provide(NodeClusterSocket.layer({ storage: "sql", shardingConfig })),
    Layer.provide(Queue)
  )

/** Talks to those that run them; what it says is kept for them in the database when there are none. */
const Client = ClusterWorkflowEngine.layer.pipe(
  Layer.provide(NodeClusterSocket.layer({ storage: "sql", clientOnly: true, shardingConfig })),
  Layer.provideMerge(Queue)
)

const report = (id: string) =>
  Effect.gen(function* () {
    const { campaign, failed, queue } = yield* Campaign.status(id)
    if (campaign === undefined) return yield* Console.log(`there is no campaign ${id}`)
    const { devices, pages, state } = campaign
    const how = failed ? `${state}, but stopped at a failure: see the log, then resume` : state
    const waiting = queue.ready + queue.taken
    yield* Console.log(
      `${id}: ${how}, ${devices} devices in ${pages} pages enqueued; ${waiting} chunks wait in the queue`
    )
  })

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "page-size": { type: "string", default: "5000" }, ahead: { type: "string", default: "100" } }
})
const [command = "", id = "", title = "", body = "", at] = positionals
const sendAt = at === undefined ? Date.now() : Date.parse(at)
const runOptions = { pageSize: Number(values["page-size"]), ahead: Number(values.ahead) }

const commands: Record<string, Effect.Effect<void, unknown, Layer.Success<typeof Client>>> = {
  start: Campaign.start({ id, title, body, sendAt }),
  pause: Effect.asVoid(Campaign.pause(id)),
  resume: Campaign.resume(id),
  cancel: Campaign.cancel(id),
  status: Effect.void
}

const chosen = commands[command]
if (command === "run" && runOptions.pageSize >= 1 && runOptions.ahead >= 1) {
  NodeRuntime.runMain(Layer.launch(runner(runOptions)))
} else if (chosen !== undefined && id !== "" && !Number.isNaN(sendAt)) {
  NodeRuntime.runMain(Effect.andThen(chosen, report(id)).pipe(Effect.provide(Client)))
} else {
  console.error(
    "node examples/campaign.ts run [--page-size 5000] [--ahead 100]\n" +
      "node examples/campaign.ts start <id> <title> <body> [time]\n" +
      "node examples/campaign.ts pause|resume|cancel|status <id>"
  )
  process.exitCode = 2
}
