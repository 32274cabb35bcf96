import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { NodeClusterSocket, NodeCrypto } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Element, Outbox, Store } from "@effect-apns/delivery"
import { Context, Deferred, Effect, Layer, Logger, Redacted, type Scope } from "effect"
import { ClusterWorkflowEngine, SingleRunner } from "effect/cluster"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import * as Table from "../../examples/campaignTable.ts"
import * as Campaign from "../../examples/campaignWorkflow.ts"
import { freePort } from "../support/freePort.ts"
import { postgresServer } from "../support/postgres.ts"
import { postgres } from "../support/stores.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** One server; each test has a database of its own. */
class Server extends Context.Service<Server, { readonly database: Effect.Effect<Redacted.Redacted> }>()("test/Server") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(postgresServer, ({ url }) => {
      let databases = 0
      const database = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const name = `campaign${databases++}`
        yield* sql`CREATE DATABASE ${sql(name)}`
        return Redacted.make(Redacted.value(url).replace(/postgres$/, name))
      }).pipe(Effect.provide(PgClient.layer({ url })), Effect.orDie)
      return { database }
    })
  )
}

/** What has a part in a campaign: the tables, and the queue. */
const queueAt = (url: Redacted.Redacted) =>
  Layer.mergeAll(Outbox.layer(), Layer.effectDiscard(Table.migrate)).pipe(
    Layer.provideMerge(Store.sql({ poll: "20 millis" })),
    Layer.provideMerge(PgClient.layer({ url, multiplex: true }))
  )

const engine = ClusterWorkflowEngine.layer.pipe(
  Layer.provide(
    SingleRunner.layer({
      // Its locks are kept as long as by default: on a busy machine, a runner with a third of five seconds for each loses all.
      shardingConfig: { entityMessagePollInterval: "100 millis" }
    })
  ),
  Layer.provide(NodeCrypto.layerDigest)
)

/** Runs campaigns in this process. */
const running = (url: Redacted.Redacted, options: Campaign.Options = {}) =>
  Campaign.layer(options).pipe(Layer.provideMerge(engine), Layer.provideMerge(queueAt(url)))

/** Talks to the processes that run them. */
const asking = (url: Redacted.Redacted) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provide(NodeClusterSocket.layer({ storage: "sql", clientOnly: true })),
    Layer.provideMerge(queueAt(url))
  )

const deviceOf = (index: number) => index.toString(16).padStart(64, "0")
const audience = (count: number) => Array.from({ length: count }, (_, index) => deviceOf(index))

const register = (count: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`INSERT INTO device SELECT lpad(to_hex(i), 64, '0') FROM generate_series(0, ${count - 1}::int) i`
  })

/** What workers do as long as the scope is open: the devices, as they are taken from the queue. */
const drained = Effect.gen(function* () {
  const devices: Array<string> = []
  const queue = yield* PersistedQueue.make({ name: "apns:low", schema: Element.Element })
  const take = queue.take(({ items }) =>
    Effect.sync(() => {
      devices.push(...items.map(({ notification }) => notification.device))
    })
  )
  yield* Effect.forkScoped(Effect.forever(take))
  return devices
})

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    while (!(yield* condition)) yield* Effect.sleep("20 millis")
  })

const campaign = (id: string) =>
  Effect.map(Table.find(id), (found) => found ?? assert.fail(`there is no campaign ${id}`))

const reached = (id: string, condition: (campaign: Table.Campaign) => boolean) =>
  Effect.andThen(until(Effect.map(campaign(id), condition)), campaign(id))

const plan = (id: string, sendAt = 0): Table.Plan => ({ id, title: "Doors open", body: "At eight", sendAt })

/** Long enough for a campaign that went on, wrongly, to store something. */
const aWhile = Effect.sleep("1500 millis")

const eachOnce = (devices: ReadonlyArray<string>, count: number) =>
  assert.deepStrictEqual([...devices].sort(), audience(count))

/** A process that runs campaigns, as soon as it does. */
const processAt = (url: Redacted.Redacted) =>
  Effect.gen(function* () {
    const port = yield* Effect.promise(freePort)
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["examples/campaign.ts", "run", "--page-size", "1500"], {
          cwd: root,
          env: { PATH: process.env.PATH, APNS_QUEUE: Redacted.value(url), HOST: "127.0.0.1", PORT: String(port) },
          stdio: ["ignore", "pipe", "inherit"]
        })
      ),
      (child) =>
        Effect.promise(async () => {
          if (child.exitCode !== null || child.signalCode !== null) return
          child.kill("SIGKILL")
          await once(child, "close")
        })
    )
    yield* Effect.promise(() => once(child.stdout, "data"))
    const kill = Effect.promise(async () => {
      child.kill("SIGKILL")
      await once(child, "close")
    })
    return { kill }
  })

describe.skipIf(postgres.skipped)(`a campaign, ${postgres.title}`, { concurrent: true, timeout: 180_000 }, () => {
  layer(Server.layer, { concurrent: true, excludeTestServices: true, timeout: "60 seconds" })((it) => {
    const test = <E>(name: string, body: (url: Redacted.Redacted) => Effect.Effect<void, E, Scope.Scope>) =>
      it.effect(name, () => Server.use(({ database }) => Effect.flatMap(database, body)))

    test("enqueues each device once, started twice", (url) =>
      Effect.gen(function* () {
        yield* register(1_234)
        const devices = yield* drained
        yield* Campaign.start(plan("doors"))
        yield* Campaign.start({ ...plan("doors"), title: "Something else" })
        const { devices: count, pages, state, title } = yield* reached("doors", ({ state }) => state === "done")
        assert.deepStrictEqual(
          { count, pages, state, title },
          { count: 1_234, pages: 13, state: "done", title: "Doors open" }
        )
        yield* Campaign.start(plan("doors"))
        yield* until(Effect.sync(() => devices.length >= 1_234))
        yield* aWhile
        eachOnce(devices, 1_234)
      }).pipe(Effect.provide(running(url, { pageSize: 100 }))))

    test("waits until its time", (url) =>
      Effect.gen(function* () {
        yield* register(200)
        const sendAt = Date.now() + 2_000
        yield* Campaign.start(plan("doors", sendAt))
        const { pages } = yield* campaign("doors")
        if (Date.now() < sendAt) assert.strictEqual(pages, 0)
        yield* reached("doors", ({ state }) => state === "done")
        const queue = yield* PersistedQueue.make({ name: "apns:low", schema: Element.Element })
        const enqueuedAt = yield* queue.take(({ enqueuedAtMillis }) => Effect.succeed(enqueuedAtMillis))
        assert.isAtLeast(enqueuedAt, sendAt)
      }).pipe(Effect.provide(running(url))))

    test("stops when it is paused, and goes on where it was", (url) =>
      Effect.gen(function* () {
        yield* register(1_000)
        yield* Campaign.start(plan("doors"))
        // The queue is full, as far as it is concerned.
        yield* reached("doors", ({ pages }) => pages === 3)
        yield* Campaign.pause("doors")
        const devices = yield* drained
        yield* until(Effect.sync(() => devices.length === 300))
        yield* aWhile
        const paused = yield* campaign("doors")
        assert.deepStrictEqual([paused.state, paused.pages, devices.length], ["paused", 3, 300])

        yield* Campaign.resume("doors")
        yield* reached("doors", ({ pages }) => pages > 4)
        // A second time, and with nothing between.
        yield* Campaign.pause("doors")
        yield* Campaign.resume("doors")
        yield* Campaign.resume("doors")
        yield* reached("doors", ({ state }) => state === "done")
        yield* until(Effect.sync(() => devices.length >= 1_000))
        eachOnce(devices, 1_000)
      }).pipe(Effect.provide(running(url, { pageSize: 100, ahead: 3 }))))

    test("never enqueues the rest when it is cancelled half-way", (url) =>
      Effect.gen(function* () {
        yield* register(1_000)
        yield* Campaign.start(plan("doors"))
        yield* reached("doors", ({ pages }) => pages === 3)
        yield* Campaign.cancel("doors")
        // What is in the queue is sent.
        const devices = yield* drained
        yield* until(Effect.sync(() => devices.length === 300))
        yield* Campaign.resume("doors")
        yield* Campaign.start(plan("doors"))
        yield* aWhile
        const { pages, state } = yield* campaign("doors")
        assert.deepStrictEqual([state, pages], ["cancelled", 3])
        eachOnce(devices, 300)
      }).pipe(Effect.provide(running(url, { pageSize: 100, ahead: 3 }))))

    test("enqueues nothing when it is cancelled before its time, or while it is paused", (url) =>
      Effect.gen(function* () {
        yield* register(100)
        // So long does this machine take to start one and to cancel it.
        const began = Date.now()
        yield* Campaign.start(plan("tomorrow", began + 86_400_000))
        yield* Campaign.cancel("tomorrow")
        const sendAt = Date.now() + Math.max(2_000, 5 * (Date.now() - began))
        yield* Campaign.start(plan("later", sendAt))
        yield* Campaign.cancel("later")
        const inTime = Date.now() < sendAt
        yield* Table.insert(plan("paused"))
        yield* Campaign.pause("paused")
        yield* Campaign.start(plan("paused"))
        yield* aWhile
        yield* Campaign.cancel("paused")
        yield* Effect.sleep(Math.max(0, sendAt - Date.now()))
        yield* aWhile
        for (const id of ["later", "paused"]) {
          const { pages, state } = yield* campaign(id)
          assert.strictEqual(state, "cancelled")
          if (inTime) assert.strictEqual(pages, 0)
        }
      }).pipe(Effect.provide(running(url))))

    test("refuses a message that breaks a rule, before anything is stored", (url) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Campaign.start({ ...plan("doors"), body: "a".repeat(5_000) }))
        assert.strictEqual(error._tag === "ApnsError" && error.reason._tag, "InvalidNotification")
        assert.isUndefined(yield* Table.find("doors"))
      }).pipe(Effect.provide(running(url))))

    test("stops at a step that fails for good, says so, and goes on when it is resumed", (url) =>
      Effect.gen(function* () {
        yield* register(100)
        // Longer than APNs takes, past the check at the start.
        yield* Table.insert({ ...plan("doors"), body: "a".repeat(5_000) })
        yield* Campaign.start(plan("doors"))
        yield* until(Effect.map(Campaign.status("doors"), ({ failed }) => failed))
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE campaign SET body = 'At nine' WHERE id = 'doors'`
        yield* Campaign.resume("doors")
        yield* reached("doors", ({ state }) => state === "done")
        const devices = yield* drained
        yield* until(Effect.sync(() => devices.length >= 100))
        eachOnce(devices, 100)
      }).pipe(Effect.provide(running(url)), Effect.provide(Logger.layer([]))))

    test("goes on in another process when its own is killed in the midst of a page", (url) =>
      Effect.gen(function* () {
        yield* register(6_000)
        const sql = yield* SqlClient.SqlClient
        const stopping = yield* Deferred.make<void>()
        const killed = yield* Deferred.make<void>()
        // Whoever stores the second chunk of the fourth page waits to see whether it is there already.
        const queue = yield* PersistedQueue.make({ name: "apns:low", schema: Element.Element })
        const holding = queue
          .offer({ items: [], enqueuedAtMillis: 0, traces: [] }, { id: "doors/3/low/500+500" })
          .pipe(
            Effect.andThen(Deferred.succeed(stopping, undefined)),
            Effect.andThen(Deferred.await(killed)),
            Effect.andThen(Effect.fail("not stored after all"))
          )
        yield* Effect.forkScoped(Effect.exit(sql.withTransaction(holding)))
        yield* Deferred.await(stopping)
        const first = yield* processAt(url)
        yield* Campaign.start(plan("doors"))
        yield* until(
          Effect.map(
            sql`SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted`,
            (waiting) => waiting.length > 0
          )
        )
        yield* first.kill
        yield* Deferred.succeed(killed, undefined)
        assert.strictEqual((yield* campaign("doors")).pages, 3)

        yield* processAt(url)
        yield* reached("doors", ({ state }) => state === "done")
        const devices = yield* drained
        yield* until(Effect.sync(() => devices.length >= 6_000))
        yield* aWhile
        eachOnce(devices, 6_000)
      }).pipe(Effect.provide(asking(url))))
  })

  it.live("goes on when the database was away", () =>
    Effect.gen(function* () {
      const server = yield* postgresServer
      yield* Effect.gen(function* () {
        yield* register(1_000)
        yield* Campaign.start(plan("doors"))
        yield* reached("doors", ({ pages }) => pages === 3)
        yield* server.kill
        yield* Effect.sleep("2 seconds")
        yield* server.start
        yield* until(Effect.match(campaign("doors"), { onFailure: () => false, onSuccess: () => true }))
        const devices = yield* drained
        yield* reached("doors", ({ state }) => state === "done")
        yield* until(Effect.sync(() => devices.length >= 1_000))
        eachOnce(devices, 1_000)
      }).pipe(Effect.provide(running(server.url, { pageSize: 100, ahead: 3 })))
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
