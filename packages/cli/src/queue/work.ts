/** A worker: sends what lies in the queue, says how it goes, and writes down what became of each notification. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"
import type * as Outcome from "@effect-apns/delivery/Outcome"
import { OutcomeSink } from "@effect-apns/delivery/OutcomeSink"
import * as Retention from "@effect-apns/delivery/Retention"
import { Stats } from "@effect-apns/delivery/Stats"
import * as Worker from "@effect-apns/delivery/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type * as Scope from "effect/Scope"
import { Apns } from "effect-apns/Apns"
import { ExitCode } from "../ExitCode.ts"
import { badInput, Failure } from "../Failure.ts"
import { codeOf } from "../input.ts"
import { group } from "../numbers.ts"
import { type SettingFlags, settingsLayer } from "../Settings.ts"
import { style } from "../Style.ts"
import { lanesOf, type StoreInput, storeFailed, storeLayer } from "./store.ts"

interface WorkInput extends StoreInput, SettingFlags {
  readonly concurrency: Option.Option<number>
  readonly rate: Option.Option<number>
  readonly outcomes: Option.Option<string>
  readonly untilEmpty: boolean
  readonly replayUnknown: boolean
}

/** The user's own file: it has the whole token, by which he finds the device. */
const lineOf = (outcome: Outcome.Outcome): string => {
  const { attempts, notification } = outcome
  const error = outcome._tag === "Accepted" ? undefined : outcome.error
  return `${JSON.stringify({
    device: notification.device,
    id: notification.id,
    outcome: outcome._tag,
    attempts,
    reason: error?.reason._tag,
    detail: error?.reason.detail
  })}\n`
}

/** Appends lines; they are on the disk before the chunk leaves the queue. */
const outcomesFile = (
  path: string
): Effect.Effect<(lines: string) => Effect.Effect<void, Failure>, Failure, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({
        try: () => openSync(path, "a", 0o600),
        catch: (cause) =>
          badInput(`${path} cannot be written (${codeOf(cause)})`, "Check the folder and its permissions.", cause)
      }),
      (file) => Effect.sync(() => closeSync(file))
    ),
    (file) => (lines) =>
      Effect.try({
        try: () => {
          writeSync(file, lines)
          fsyncSync(file)
        },
        catch: (cause) =>
          new Failure({ problem: `${path} cannot be written (${codeOf(cause)})`, exitCode: ExitCode.failed, cause })
      })
  )

/** What was decided so far, by the names of the outcomes. */
class Tally {
  readonly counts = new Map<Outcome.Outcome["_tag"], number>()
  total = 0

  count(outcomes: ReadonlyArray<Outcome.Outcome>): void {
    this.total += outcomes.length
    for (const { _tag } of outcomes) this.counts.set(_tag, (this.counts.get(_tag) ?? 0) + 1)
  }

  toString(): string {
    const parts = [...this.counts].map(([tag, count]) => `${group(count)} ${tag.toLowerCase()}`)
    return parts.length === 0 ? "nothing decided" : parts.join(", ")
  }
}

const pause = "2 seconds"

/** A line every few seconds in which something happened. */
const watch = (tally: Tally) =>
  Effect.gen(function* () {
    const { faint } = yield* style("stderr")
    let before = 0
    while (true) {
      yield* Effect.sleep(pause)
      if (tally.total === before) continue
      const rate = Math.round((tally.total - before) / 2)
      before = tally.total
      yield* Console.error(faint(`${String(tally)} (${group(rate)}/s)`))
    }
  })

const left = (name: string) =>
  Effect.flatMap(Stats, (stats) =>
    Effect.map(Effect.forEach(lanesOf(name), stats.read), (lanes) =>
      lanes.reduce((sum, { delayed, ready, taken }) => sum + delayed + ready + taken, 0)
    )
  )

/** Until the queue is empty; two looks, as a retry is put back before its chunk leaves. */
const emptied = (name: string) =>
  Effect.gen(function* () {
    while ((yield* left(name)) > 0) yield* Effect.sleep("250 millis")
  })

export const work = (input: WorkInput) => {
  const tally = new Tally()
  const { concurrency, name, outcomes, rate, replayUnknown, untilEmpty } = input
  const limit = Option.getOrUndefined(rate)
  const sink = Layer.unwrap(
    Effect.gen(function* () {
      const write = Option.isNone(outcomes) ? () => Effect.void : yield* outcomesFile(outcomes.value)
      return OutcomeSink.layer((decided) =>
        Effect.andThen(
          write(decided.map(lineOf).join("")),
          Effect.sync(() => tally.count(decided))
        )
      )
    })
  )
  const worker = Worker.layer({
    name,
    replayUnknown,
    ...(Option.isSome(concurrency) && { concurrency: concurrency.value }),
    ...(limit !== undefined && { rateLimit: { limit, window: "1 second" } })
  }).pipe(
    Layer.provide([sink, RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))]),
    Layer.provide(Apns.layerConfig().pipe(Layer.provide(settingsLayer(input))))
  )
  return Effect.gen(function* () {
    const startedWith = yield* left(name)
    yield* Console.error(`Sending what lies in ${name}: ${group(startedWith)} chunks now. Ctrl-C ends it.`)
    yield* Effect.forkScoped(watch(tally))
    yield* untilEmpty ? emptied(name) : Effect.never
  }).pipe(
    Effect.provide(Layer.merge(worker, Retention.layer())),
    Effect.ensuring(Effect.suspend(() => Console.error(`${String(tally)}.`))),
    Effect.scoped,
    Effect.catchTag("PersistedQueueError", (error) => Effect.fail(storeFailed(error))),
    Effect.provide(storeLayer(input))
  )
}
