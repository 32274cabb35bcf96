/** How much lies in the queue. */
import { Stats } from "@effect-apns/delivery/Stats"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { group } from "../numbers.ts"
import { style } from "../Style.ts"
import { table } from "../table.ts"
import { lanesOf, type StoreInput, storeFailed, storeLayer } from "./store.ts"

interface StatsInput extends StoreInput {
  readonly json: boolean
}

const seconds = (lag: Duration.Duration | undefined): number | undefined =>
  lag === undefined ? undefined : Math.round(Duration.toSeconds(lag))

export const stats = (input: StatsInput) =>
  Effect.gen(function* () {
    const service = yield* Stats
    const lanes = yield* Effect.forEach(lanesOf(input.name), (queue) =>
      Effect.map(service.read(queue), ({ lag, ...counts }) => ({ queue, ...counts, lagSeconds: seconds(lag) }))
    )
    if (input.json) return yield* Console.log(JSON.stringify(lanes, null, 2))
    const { strong } = yield* style("stdout")
    yield* Console.log(
      table(
        ["QUEUE", "READY", "DELAYED", "IN HAND", "FAILED", "WAITS FOR"],
        lanes.map(({ queue, ready, delayed, taken, failed, lagSeconds }) => [
          queue,
          ...[ready, delayed, taken, failed].map(group),
          ready === 0 || lagSeconds === undefined ? "" : `${group(lagSeconds)} s`
        ]),
        strong
      )
    )
    yield* Console.log("\nIn chunks: a chunk holds up to 50 notifications, or 500 devices of one message.")
  }).pipe(
    Effect.catchTag("PersistedQueueError", (error) => Effect.fail(storeFailed(error))),
    Effect.provide(storeLayer(input))
  )
