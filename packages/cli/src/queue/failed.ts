/** The chunks that no worker could finish: listed, given back, or removed. */
import { type DeadLetter, DeadLetters } from "@effect-apns/delivery/DeadLetters"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { badInput } from "../Failure.ts"
import { style } from "../Style.ts"
import { wrapped } from "../table.ts"
import { lanesOf, type StoreInput, storeFailed, storeLayer } from "./store.ts"

interface FailedInput extends StoreInput {
  readonly json: boolean
  readonly limit: number
}

interface Selection extends StoreInput {
  readonly ids: ReadonlyArray<string>
  readonly all: boolean
}

/** The message of a failure, without its stack trace. */
const gist = (failure: string): string => failure.split("\n")[0] ?? ""

const asJson = ({ queue, id, attempts, failedAt, failure }: DeadLetter) => ({
  queue,
  id,
  attempts,
  failedAt: DateTime.formatIso(failedAt),
  failure
})

export const failed = (input: FailedInput) =>
  Effect.gen(function* () {
    const letters = yield* DeadLetters
    const counts = yield* Effect.forEach(lanesOf(input.name), letters.count)
    const total = counts.reduce((sum, count) => sum + count, 0)
    const found = (yield* Effect.forEach(lanesOf(input.name), (queue) => letters.list(queue, { limit: input.limit })))
      .flat()
      .slice(0, input.limit)
    if (input.json) return yield* Console.log(JSON.stringify({ total, failed: found.map(asJson) }, null, 2))
    if (total === 0) return yield* Console.log("Nothing has failed.")
    const { faint, strong } = yield* style("stdout")
    for (const { queue, id, attempts, failedAt, failure } of found) {
      const taken = `taken ${attempts} time${attempts === 1 ? "" : "s"}`
      yield* Console.log(`${strong(id)}\n  ${faint(`${DateTime.formatIso(failedAt)}  ${queue}  ${taken}`)}`)
      yield* Console.log(`  ${wrapped(gist(failure), 2)}\n`)
    }
    yield* Console.log(`${found.length} of ${total}. apns queue redrive gives them back to the workers.`)
  }).pipe(
    Effect.catchTag("PersistedQueueError", (error) => Effect.fail(storeFailed(error))),
    Effect.provide(storeLayer(input))
  )

const selected = ({ all, ids }: Selection) => {
  if (all === ids.length > 0) {
    return Effect.fail(
      badInput("it is not said which chunks", "Give their ids, as apns queue failed lists them, or --all.")
    )
  }
  return Effect.succeed(all ? ("all" as const) : ids)
}

const settle = (input: Selection, what: "redrive" | "discard", done: string) =>
  Effect.gen(function* () {
    const selection = yield* selected(input)
    const letters = yield* DeadLetters
    const counts = yield* Effect.forEach(lanesOf(input.name), (queue) => letters[what](queue, selection))
    const count = counts.reduce((sum, each) => sum + each, 0)
    if (selection !== "all" && count < selection.length) {
      yield* Console.error(`${selection.length - count} of them are not among the failed.`)
    }
    yield* Console.log(`${count} chunk${count === 1 ? "" : "s"} ${done}.`)
  }).pipe(
    Effect.catchTag("PersistedQueueError", (error) => Effect.fail(storeFailed(error))),
    Effect.provide(storeLayer(input))
  )

export const redrive = (input: Selection) => settle(input, "redrive", "given back to the workers")

export const discard = (input: Selection) => settle(input, "discard", "removed")
