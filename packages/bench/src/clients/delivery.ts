/**
 * @effect-apns/delivery: everything is given to the queue one by one, a thousand callers at a time, and then sent by a
 * worker. Variants: the stores, `memory`, `sqlite`, `postgres` and `redis`. `BENCH_STORE` says where it is.
 */
import { readFile } from "node:fs/promises"
import { NodeRedis } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Outbox, OutcomeSink, Store, Worker } from "@effect-apns/delivery"
import * as NodeSqlite from "@effect-apns/delivery/NodeSqlite"
import { Deferred, Effect, Layer, Redacted } from "effect"
import { Apns, Credentials, Notification } from "effect-apns"
import type { Job, Measured } from "../contract.ts"
import { print, readJob, Tally } from "./harness.ts"
import { alert, badge, data, device, id } from "./workload.ts"

const place = process.env.BENCH_STORE ?? ""

/** A store that nobody used yet. */
const store = (variant: string): Layer.Layer<Store.Services, unknown> => {
  const name = `bench_${process.pid}`
  switch (variant) {
    case "sqlite":
      return Store.sql().pipe(Layer.provide(NodeSqlite.layer({ filename: `${place}/${name}.db` })))
    case "postgres":
      return Store.sql({ table: name }).pipe(
        Layer.provide(PgClient.layer({ url: Redacted.make(place), multiplex: true }))
      )
    case "redis":
      return Store.redis({ prefix: `{${name}}:` }).pipe(Layer.provide(NodeRedis.layer({ url: place })))
    default:
      return Store.memory
  }
}

const typed = (index: number) =>
  Notification.alert({ device: device(index), id: id(), alert, badge, sound: "default", priority: 10, data })

/** How many call `enqueue` at the same time. */
const callers = 1_000

const enqueue = (start: number, end: number) =>
  Effect.flatMap(Outbox, (outbox) =>
    Effect.forEach(
      (function* () {
        for (let index = start; index < end; index++) yield index
      })(),
      (index) => outbox.enqueue(typed(index)),
      { concurrency: callers, discard: true }
    )
  )

/** Works until `count` outcomes were told. */
const work = (count: number, tally: Tally, concurrency: number) =>
  Effect.gen(function* () {
    const done = yield* Deferred.make<void>()
    const sink = OutcomeSink.layer((outcomes) => {
      for (const outcome of outcomes)
        tally.count(outcome._tag === "Accepted" ? undefined : (outcome.error ?? outcome._tag))
      return tally.accepted + tally.failed >= count ? Deferred.succeed(done, undefined) : Effect.void
    })
    yield* Effect.provide(Deferred.await(done), Worker.layer({ concurrency }).pipe(Layer.provide(sink)))
  })

const timed = <E, R>(effect: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    yield* effect
    const cpu = process.cpuUsage(cpuBefore)
    return { seconds: (performance.now() - startedAt) / 1_000, cpuMicros: cpu.user + cpu.system }
  })

const measure = ({ concurrency, count, warmup }: Job) =>
  Effect.gen(function* () {
    const warm = new Tally()
    yield* enqueue(0, warmup)
    yield* work(warmup, warm, concurrency)
    const enqueued = yield* timed(enqueue(warmup, warmup + count))
    const tally = new Tally()
    const sent = yield* timed(work(count, tally, concurrency))
    return {
      sent: tally.accepted + tally.failed,
      accepted: tally.accepted,
      failed: tally.failed,
      ...sent,
      enqueue: { perSecond: count / enqueued.seconds, cpuMicros: enqueued.cpuMicros / count },
      // libuv gives it in kilobytes.
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
      problems: [...warm.problems, ...tally.problems]
    } satisfies Measured
  })

const job = readJob()
const ca = await readFile(job.ca, "utf8")
const live = Layer.merge(
  Outbox.layer().pipe(Layer.provideMerge(store(job.variant))),
  Apns.layer({
    environment: { host: job.host, port: job.port, ca },
    credentials: Credentials.token(job.credentials),
    topic: job.topic
  })
)
try {
  print(await Effect.runPromise(Effect.provide(measure(job), live)))
} catch (error) {
  print({ unavailable: error instanceof Error ? error.message : String(error) })
}
