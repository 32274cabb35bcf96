/** A worker of a run, as a program would have it: it ends when it is asked to, and waits for a store that is not there. */
import { appendFileSync } from "node:fs"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { type Outcome, OutcomeSink, Worker } from "@effect-apns/delivery"
import { Effect, Layer, Redacted, Schedule } from "effect"
import { Apns, Credentials } from "effect-apns"
import { indexOf } from "../../../packages/bench/src/storm/ledger.ts"
import { type FromWorker, topic, type WorkerTask } from "./protocol.ts"
import { storeAt, untilThere } from "./store.ts"

const { inFlight, leaseMillis, outcomes, server, store }: WorkerTask = JSON.parse(process.argv.at(-1) ?? "{}")

const tell = (message: FromWorker) => process.send?.(message)

/** A line for each kind: its name, then the numbers. Written at once, so that a kill leaves whole lines. */
const linesOf = (decided: ReadonlyArray<Outcome.Outcome>): string => {
  const indices = new Map<string, Array<number>>()
  for (const { _tag, notification } of decided) {
    const index = indexOf(notification.device)
    const same = indices.get(_tag)
    if (same === undefined) indices.set(_tag, [index])
    else same.push(index)
  }
  return [...indices].map(([tag, numbers]) => `${tag} ${numbers.join(" ")}\n`).join("")
}

const sink = OutcomeSink.layer((decided) => Effect.sync(() => appendFileSync(outcomes, linesOf(decided))))

const apns = Apns.layer({
  environment: { host: "127.0.0.1", port: server.port, ca: server.ca },
  credentials: Credentials.token({ ...server.key, privateKey: Redacted.make(server.key.privateKey) }),
  topic,
  timeout: "10 seconds",
  // What is refused for now goes back to the queue: that is what is tested.
  retry: Schedule.recurs(0)
})

const working = Layer.effectDiscard(Effect.sync(() => tell({ _tag: "working" })))

const app = working.pipe(
  Layer.provideMerge(Worker.layer({ concurrency: inFlight, retry: () => 200 })),
  Layer.provide([sink, apns, storeAt(store, { lease: leaseMillis, refresh: leaseMillis / 4 })])
)

// The channel ends an orphan, and keeps nobody alive.
process.once("disconnect", () => process.exit(1))
process.channel?.unref()
tell({ _tag: "started" })
NodeRuntime.runMain(untilThere(Layer.launch(app)))
