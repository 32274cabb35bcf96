/**
 * A message to very many devices as one durable workflow: it waits for its time, puts the devices into the queue page by
 * page, can be paused, resumed and cancelled, and goes on elsewhere when its process dies.
 *
 * The workflow remembers which step comes next; the table remembers how far the devices have come, in one transaction with
 * what the queue gets. So each device is in the queue once, whoever runs a step again. Workers know nothing of campaigns.
 */
import { Outbox, Stats } from "@effect-apns/delivery"
import { Clock, Effect, Option, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"
import { Notification } from "effect-apns"
import * as Table from "./campaignTable.ts"

export interface Options {
  /** How many devices a step stores. Default: 5,000. */
  readonly pageSize?: number | undefined
  /**
   * How many chunks may lie in the queue before the next page waits, each of up to 500 devices: what is in the queue can no
   * longer be paused or cancelled. Default: 100.
   */
  readonly ahead?: number | undefined
}

/** Started again with the same id, it is the same campaign. A step that fails for good is not its end: see `resume`. */
const Campaign = Workflow.make("Campaign", {
  payload: { id: Schema.String },
  idempotencyKey: ({ id }) => id
}).annotate(Workflow.SuspendOnFailure, true)

const Step = Schema.TaggedUnion({ Stored: {}, Paused: { pauses: Schema.Finite }, Ended: {} })
type Step = typeof Step.Type

const stored: Step = { _tag: "Stored" }
const ended: Step = { _tag: "Ended" }

/** The names of what is awaited count the pauses, since each is awaited once. */
const resumed = (pauses: number) => DurableDeferred.make(`resumed/${pauses}`)

const lane = "low"

const messageOf = ({ body, id, title }: Table.Plan) =>
  Notification.alert({ device: "00", alert: { title, body }, collapseId: id })

/** Stores a page, or says why not; nothing when there is no room for it yet. */
const storePage = (id: string, page: number, { ahead = 100, pageSize = 5_000 }: Options) =>
  Effect.gen(function* () {
    const campaign = yield* Table.lock(id)
    if (campaign === undefined) return ended
    // A step that is run again after its process died: what it did is committed.
    if (campaign.pages > page) return stored
    const { last, pauses, state } = campaign
    if (state !== "running") return state === "paused" ? ({ _tag: "Paused", pauses } satisfies Step) : ended
    const stats = yield* Stats
    const { ready, taken } = yield* stats.read(`apns:${lane}`)
    if (ready + taken >= ahead) return undefined
    const devices = yield* Table.devicesAfter(last, pageSize)
    if (devices.length === 0) {
      yield* Table.finish(id)
      return ended
    }
    const outbox = yield* Outbox
    yield* outbox.fanOut(`${id}/${page}`, messageOf(campaign), devices, { lane })
    yield* Table.advance(id, devices)
    return stored
  }).pipe((storing) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(storing)))

const patience = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])

/** A step of the workflow, run until it is known what came of it. After a pause, the same page is another step. */
const step = (id: string, page: number, pauses: number, options: Options) =>
  Activity.make({
    name: `page/${page}/${pauses}`,
    success: Step,
    execute: storePage(id, page, options).pipe(
      Effect.tapError((error) => Effect.logWarning(`campaign ${id}: page ${page} was not stored`, error)),
      // The database may be away for long; a message that breaks a rule breaks it again.
      Effect.retry({ schedule: patience, while: (error) => error._tag !== "ApnsError" }),
      Effect.repeat({ schedule: Schedule.spaced("1 second"), until: (step) => step !== undefined }),
      Effect.flatMap(Effect.fromNullishOr),
      Effect.orDie
    )
  })

const sendAt = (id: string) =>
  Activity.make({
    name: "send time",
    success: Schema.Finite,
    execute: Table.find(id).pipe(
      Effect.retry(patience),
      Effect.map((campaign) => campaign?.sendAt ?? 0),
      Effect.orDie
    )
  })

const run = (id: string, options: Options) =>
  Effect.gen(function* () {
    const remaining = (yield* sendAt(id)) - (yield* Clock.currentTimeMillis)
    yield* DurableClock.sleep({ name: "send time", duration: Math.max(0, remaining), inMemoryThreshold: 0 })
    let page = 0
    let pauses = 0
    while (true) {
      const came = yield* step(id, page, pauses, options)
      if (came._tag === "Ended") return
      if (came._tag === "Stored") page++
      else {
        pauses = came.pauses
        yield* DurableDeferred.await(resumed(pauses))
      }
    }
  })

/** Runs campaigns in this process, with others that do so. */
export const layer = (options: Options = {}) => Campaign.toLayer(({ id }) => run(id, options))

/** Starts a campaign. A message that breaks a rule fails here. Repeated with the same id, nothing happens. */
export const start = (plan: Table.Plan) =>
  Effect.gen(function* () {
    yield* Effect.fromResult(Notification.check(messageOf(plan), { nowMillis: plan.sendAt }))
    yield* Table.insert(plan)
    yield* Campaign.execute({ id: plan.id }, { discard: true })
  })

/** Stops it after the page in hand, which it waits for. What is in the queue is sent. */
export const pause = Table.pause

/** Goes on with the page that comes next; also where a step of it failed for good. */
export const resume = (id: string) =>
  Effect.gen(function* () {
    const pauses = yield* Table.resume(id)
    if (pauses === undefined) return
    const executionId = yield* Campaign.executionId({ id })
    const deferred = resumed(pauses)
    const token = DurableDeferred.tokenFromExecutionId(deferred, { workflow: Campaign, executionId })
    yield* DurableDeferred.succeed(deferred, { token, value: undefined })
    yield* Campaign.resume(executionId)
  })

/** Ends it after the page in hand, which it waits for: the rest is never enqueued. What is in the queue is sent. */
export const cancel = (id: string) =>
  Effect.gen(function* () {
    yield* Table.cancel(id)
    // It may be asleep until its time, or paused.
    yield* Campaign.interrupt(yield* Campaign.executionId({ id }))
  })

/** How far it is, whether a step of it failed for good, and how much lies in the queue. */
export const status = (id: string) =>
  Effect.gen(function* () {
    const stats = yield* Stats
    const result = Option.getOrUndefined(yield* Campaign.poll(yield* Campaign.executionId({ id })))
    return {
      campaign: yield* Table.find(id),
      failed: result?._tag === "Suspended" && result.failed === true,
      queue: yield* stats.read(`apns:${lane}`)
    }
  })
