/**
 * First light: a local APNs, a file of notifications, and what became of each.
 *
 *     npm start                        # sends examples/notifications.ndjson
 *     npm start -- mine.ndjson         # sends a file of your own
 *
 * The local APNs has a throw-away key and certificate authority; `local-apns.json` tells it which devices are gone and
 * which request to fail first. Nothing leaves this machine.
 */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { Device, Fault, Simulator } from "@effect-apns/simulator"
import { Data, Effect, Exit, Layer, Redacted, Result, Schema } from "effect"
import { Apns, Credentials, Notification, Payload, send } from "effect-apns"
import { describe, note, table } from "./table.ts"

class BadInput extends Data.TaggedError("BadInput")<{ readonly message: string }> {}

const read = (path: string) =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => new BadInput({ message: `${path} cannot be read: ${String(cause)}` })
  })

const inHere = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const common = {
  device: Schema.String,
  topic: Schema.optional(Schema.String),
  expiration: Schema.optional(
    Schema.Union([
      Schema.Literal("once"),
      Schema.TemplateLiteral([Schema.Finite, " ", Schema.Literals(["seconds", "minutes", "hour", "hours", "days"])])
    ])
  ),
  collapseId: Schema.optional(Schema.String)
}

/** A line of the file: the payload is written as the app receives it. */
const Row = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("alert"),
    ...common,
    priority: Schema.optional(Schema.Literals([1, 5, 10])),
    payload: Payload.make(Payload.AlertAps, Schema.JsonObject)
  }),
  Schema.Struct({
    type: Schema.Literal("background"),
    ...common,
    payload: Payload.make(Payload.BackgroundAps, Schema.JsonObject)
  }),
  Schema.Struct({
    type: Schema.Literal("raw"),
    ...common,
    pushType: Schema.String,
    priority: Schema.optional(Schema.Finite),
    payload: Schema.JsonObject
  })
])

const toNotification = (row: typeof Row.Type): Notification.Notification => {
  switch (row.type) {
    case "alert": {
      const { payload, type: _, ...rest } = row
      return Notification.alert({ ...rest, ...payload.aps, data: payload.data })
    }
    case "background":
      return Notification.background({ ...row, data: row.payload.data })
    case "raw":
      return Notification.raw(row)
  }
}

const decodeRow = Schema.decodeUnknownResult(Schema.fromJsonString(Row))

const readNotifications = Effect.fnUntraced(function* (path: string) {
  const notifications: Array<Notification.Notification> = []
  for (const [index, line] of (yield* read(path)).split("\n").entries()) {
    if (line.trim() === "") continue
    const row = decodeRow(line)
    if (Result.isFailure(row)) {
      const message = row.failure.message.replaceAll(/\s*\n\s*/g, " ")
      return yield* new BadInput({ message: `${path}, line ${index + 1}: ${message}` })
    }
    notifications.push(toNotification(row.success))
  }
  return notifications
})

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

const program = Effect.gen(function* () {
  const notifications = yield* readNotifications(process.argv[2] ?? inHere("notifications.ndjson"))
  yield* prepare
  const { host, port } = yield* Simulator
  console.log(`A local APNs listens on ${host}:${port}. Sending ${notifications.length} notifications to it.\n`)

  const results = yield* Effect.forEach(
    notifications,
    (notification) => Effect.timed(Effect.result(send(notification))),
    { concurrency: 100 }
  )

  const rows = results.map(([took, result], index) =>
    describe(notifications[index] as Notification.Notification, result, took)
  )
  console.log(table(rows))

  const failed = rows.filter((row) => row.error !== undefined)
  if (failed.length > 0) console.log(`\nNot accepted:\n${failed.map(note).join("\n")}`)
  console.log(`\n${results.length - failed.length} accepted, ${failed.length} not.`)
  console.log("\nTo watch pushes arrive, in the browser: npm run inbox")
})

const exit = await Effect.runPromiseExit(
  program.pipe(Effect.provide(ApnsLive.pipe(Layer.provideMerge(Simulator.layer()))))
)
if (Exit.isFailure(exit)) {
  const [first] = exit.cause.reasons
  console.error(first?._tag === "Fail" ? first.error.message : exit.cause)
  process.exitCode = 1
}
