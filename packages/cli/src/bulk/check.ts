/**
 * Checks a whole input with nothing sent: every rule that does not need APNs, by the library itself, over a connection that
 * goes nowhere.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Apns, ApnsConnection, JwtCache, PayloadSchema, sendAll } from "effect-apns"
import { badInput, type Failure } from "../Failure.ts"
import { count } from "../numbers.ts"
import { Feed } from "./feed.ts"
import { type InputOptions, open } from "./input.ts"

/** How many bad rows are told of. */
const most = 20

const accepted = {
  status: 200,
  fields: {},
  body: "",
  connection: "none",
  queuedAtMillis: 0,
  openedAtMillis: 0,
  answeredAtMillis: 0
}

const nowhere = Layer.succeed(ApnsConnection, {
  address: "nowhere",
  request: () => Effect.succeed(accepted),
  retire: () => Effect.void
})

/** Fails when a row is bad, with the first of them. */
export const check = (options: InputOptions, topic: string | undefined): Effect.Effect<void, Failure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const input = yield* open(options)
      const bad: Array<{ readonly line: number; readonly problem: string }> = []
      let all = 0
      const note = (line: number, problem: string) => {
        all++
        if (bad.length < most) bad.push({ line, problem })
      }
      const feed = new Feed({
        input,
        journal: undefined,
        replayUnknown: false,
        rate: undefined,
        concurrency: undefined,
        onBadRow: ({ line, problem }) => note(line, problem)
      })
      yield* sendAll(feed.notifications, { haltOnFault: false }).pipe(
        Stream.runForEachArray((results) =>
          Effect.sync(() => {
            for (const result of results) {
              feed.settle(result.notification)
              if (result.outcome !== "accepted") note(result.notification.line, result.error.reason.detail)
            }
          })
        )
      )
      if (all === 0) return
      const lines = bad.sort((a, b) => a.line - b.line).map(({ line, problem }) => `      line ${line}: ${problem}`)
      if (all > bad.length) lines.push(`      and ${count(all - bad.length, "more row")}`)
      return yield* badInput(
        `${input.name} has ${count(all, "bad row")}; nothing was sent`,
        `\n${lines.join("\n")}`.trimStart()
      )
    })
  ).pipe(
    // Whether there is a topic is the settings' affair, which are checked elsewhere.
    Effect.provide(
      Apns.layerNoDeps({ topic: topic ?? "any" }).pipe(
        Layer.provide([nowhere, JwtCache.layerNone, PayloadSchema.layer]),
        // No setting is given that could be wrong.
        Layer.orDie
      )
    )
  )
