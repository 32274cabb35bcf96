/**
 * First light: a local APNs, a file of notifications, and what became of each.
 *
 *     npm start                        # sends examples/notifications.ndjson
 *     npm start -- mine.ndjson         # sends a file of your own
 *     npm start -- --durable outbox    # keeps them in the folder outbox until each is decided: end it, start it again
 *
 * The local APNs has a throw-away key and certificate authority; `local-apns.json` tells it which devices are gone and
 * which request to fail first. Nothing leaves this machine.
 */
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Device, Fault, Simulator } from "@effect-apns/simulator"
import { Console, Duration, Effect, Layer, Redacted, Schema } from "effect"
import { Apns, Credentials, type Notification, send } from "effect-apns"
import { read, readNotifications } from "./read.ts"
import { describe, note, type Row, table } from "./table.ts"

const inHere = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const LocalApns = Schema.Struct({ devices: Schema.Array(Device), faults: Schema.Array(Fault) })

/** Tells the local APNs what it should know about the devices in the file. */
const prepare = Effect.gen(function* () {
  const simulator = yield* Simulator
  const text = yield* read(inHere("local-apns.json"))
  const { devices, faults } = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(LocalApns))(text)
  yield* Effect.forEach(devices, simulator.register, { discard: true })
  yield* Effect.forEach(faults, simulator.inject, { discard: true })
})

/** The library, pointed at the local APNs instead of Apple's. */
const ApnsLive = Layer.unwrap(
  Effect.gen(function* () {
    const { ca, host, key, port } = yield* Simulator
    return Apns.layer({
      environment: { host, port, ca },
      credentials: Credentials.token({
        teamId: key.teamId,
        keyId: key.keyId,
        privateKey: Redacted.make(key.privateKey)
      }),
      topic: "com.example.app"
    })
  })
)

/** Sends all of them at once, and waits for what becomes of each. */
const sendNow = (notifications: ReadonlyArray<Notification.Notification>) =>
  Effect.forEach(
    notifications,
    (notification) =>
      Effect.map(Effect.timed(Effect.result(send(notification))), ([took, result]) =>
        describe(notification, result, Duration.toMillis(took))
      ),
    { concurrency: 100 }
  )

const report = (rows: ReadonlyArray<Row>) =>
  Effect.gen(function* () {
    yield* Console.log(table(rows))
    const failed = rows.filter(({ message }) => message !== "")
    if (failed.length > 0) yield* Console.log(`\nNot accepted:\n${failed.map(note).join("\n")}`)
    yield* Console.log(`\n${rows.length - failed.length} accepted, ${failed.length} not.`)
    yield* Console.log("\nTo watch pushes arrive, in the browser: npm run inbox")
  })

/** Where they go, and how: at once and from memory, or from a queue in a folder. */
const way = async (folder: string | undefined) => {
  if (folder === undefined) return { sendThem: sendNow, simulator: Simulator.layer() }
  // Loaded when it is asked for: SQLite is experimental in older Nodes, which say so.
  const { deliver, durably, localApns } = await import("./durable.ts")
  return {
    sendThem: (notifications: ReadonlyArray<Notification.Notification>) => durably(deliver(notifications), folder),
    simulator: localApns(folder)
  }
}

const program = (file: string, { sendThem, simulator }: Awaited<ReturnType<typeof way>>) =>
  Effect.gen(function* () {
    const notifications = yield* readNotifications(file)
    yield* prepare
    const { host, port } = yield* Simulator
    const count = `${notifications.length} notifications`
    yield* Console.log(`A local APNs listens on ${host}:${port}. Sending ${count} to it.\n`)
    yield* report(yield* sendThem(notifications))
  }).pipe(
    Effect.provide(ApnsLive.pipe(Layer.provideMerge(simulator))),
    // Only the first line of why: this is a program for people.
    Effect.catch((error) =>
      Effect.andThen(
        Console.error(error.message),
        Effect.sync(() => {
          process.exitCode = 1
        })
      )
    )
  )

const { positionals, values } = parseArgs({ allowPositionals: true, options: { durable: { type: "string" } } })
NodeRuntime.runMain(program(positionals[0] ?? inHere("notifications.ndjson"), await way(values.durable)))
