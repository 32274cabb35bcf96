/** One thing done to several channels: each has an outcome of its own, and those that failed hinder no others. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ApnsError } from "effect-apns"
import { isChannelId } from "effect-apns/Channels"
import { endWith, tell } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { errorFields } from "../errorFields.ts"
import { badInput, Failure, ofApnsError } from "../Failure.ts"
import { standardInput } from "../input.ts"
import { type Style, style } from "../Style.ts"

/** What became of a channel: `done`, or `error`. */
export interface Outcome<A> {
  readonly channel: string
  readonly done?: A
  readonly error?: ApnsError
}

/** How many requests are under way at a time. */
const concurrency = 8

/** The channels that were named, those of standard input in place of `-`, each once. Fails where there is none, or one is no id. */
export const namedChannels = (given: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, Failure> =>
  Effect.gen(function* () {
    const piped = given.includes("-")
      ? (yield* standardInput("channel on standard input", "Pipe ids, one a line."))
          .toString()
          .split("\n")
          .map((line) => line.trim())
      : []
    const names = new Set(given.flatMap((name) => (name === "-" ? piped : [name])).filter((name) => name !== ""))
    if (names.size === 0) return yield* badInput("standard input names no channel", "Give ids, one a line.")
    const wrong = [...names].find((name) => !isChannelId(name))
    if (wrong !== undefined) {
      return yield* badInput(
        `${JSON.stringify(wrong)} is no channel's id`,
        "Give ids as APNs returned them, in base64."
      )
    }
    return [...names]
  })

/** Does it to each of the channels, some at a time. */
export const eachChannel = <A, R>(
  names: ReadonlyArray<string>,
  act: (channel: string) => Effect.Effect<A, ApnsError, R>
): Effect.Effect<ReadonlyArray<Outcome<A>>, never, R> =>
  Effect.forEach(
    names,
    (channel) =>
      Effect.map(
        Effect.result(act(channel)),
        (result): Outcome<A> =>
          Result.isSuccess(result) ? { channel, done: result.success } : { channel, error: result.failure }
      ),
    { concurrency }
  )

const failureOf = ({ channel }: Outcome<unknown>, error: ApnsError): Failure => {
  const { cause, cure, exitCode, problem } = ofApnsError(error)
  return new Failure({ problem: `${channel}: ${problem}`, cure, exitCode, cause })
}

/**
 * Prints what was done, then tells each failure, and ends with the highest of their exit codes. `text` is what was done as a
 * person reads it; it is asked only where something was done.
 */
export const toldTogether = <A extends object>(
  outcomes: ReadonlyArray<Outcome<A>>,
  {
    json,
    text
  }: { readonly json: boolean; readonly text: (outcomes: ReadonlyArray<Outcome<A>>, look: Style) => string }
) =>
  Effect.gen(function* () {
    if (json) {
      const rows = outcomes.map(({ channel, done, error }) => ({
        channel,
        ...(error === undefined ? done : errorFields(error))
      }))
      yield* Console.log(JSON.stringify(rows, null, 2))
    } else if (outcomes.some(({ done }) => done !== undefined)) {
      yield* Console.log(text(outcomes, yield* style("stdout")))
    }
    const failures = outcomes.flatMap((outcome) =>
      outcome.error === undefined ? [] : [failureOf(outcome, outcome.error)]
    )
    for (const failure of failures) yield* tell(failure)
    const [worst = ExitCode.ok] = failures.map(({ exitCode }) => exitCode).sort((one, other) => other - one)
    yield* endWith(worst)
  })
