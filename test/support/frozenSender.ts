/**
 * A process that sends so many notifications at once for each number that it reads, and prints how many ended in which way:
 * for tests that stop it meanwhile.
 */
import { createInterface } from "node:readline"
import { Effect, Redacted, Schedule, Schema } from "effect"
import { Apns, Credentials, Notification, send } from "effect-apns"
import { device, topic } from "./simulated.ts"

const Task = Schema.fromJsonString(
  Schema.Struct({
    host: Schema.String,
    port: Schema.Number,
    ca: Schema.String,
    key: Schema.Struct({ teamId: Schema.String, keyId: Schema.String, privateKey: Schema.String }),
    timeout: Schema.Number,
    ping: Schema.Number
  })
)

const burst = Effect.fnUntraced(function* (count: number) {
  const outcomes = yield* Effect.forEach(
    Array.from({ length: count }, (_, n) => Notification.alert({ device: device(n), alert: "Hello" })),
    (notification) =>
      send(notification).pipe(
        Effect.as("accepted"),
        Effect.catchTag("ApnsError", ({ outcome }) => Effect.succeed<string>(outcome))
      ),
    { concurrency: "unbounded" }
  )
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  process.stdout.write(`${JSON.stringify(counts)}\n`)
})

const program = Effect.gen(function* () {
  const task = yield* Schema.decodeUnknownEffect(Task)(process.env.FROZEN_SENDER)
  const { ca, host, key, ping, port, timeout } = task
  const live = Apns.layer({
    environment: { host, port, ca },
    credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
    topic,
    timeout,
    idlePing: ping,
    pingTimeout: ping,
    retry: Schedule.recurs(0)
  })
  const runs = Effect.gen(function* () {
    const run = yield* Effect.context<Apns>()
    yield* Effect.promise(async () => {
      for await (const line of createInterface({ input: process.stdin })) {
        await Effect.runPromiseWith(run)(burst(Number(line)))
      }
    })
  })
  yield* Effect.provide(runs, live)
})

await Effect.runPromise(program)
