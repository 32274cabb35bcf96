/** Waiting for what sockets bring, of which no clock of a test knows. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { vi } from "vitest"

// Taken before a test holds the timers.
const { clearTimeout, setTimeout } = globalThis

/** A few turns of the event loop: what was begun before is written to its socket, and what lies in sockets is read. */
export const moment: Effect.Effect<void> = Effect.callback((resume) => {
  let left = 3
  const turn = () => void (--left < 0 ? resume(Effect.void) : setImmediate(turn))
  const timer = setTimeout(turn, 2)
  return Effect.sync(() => clearTimeout(timer))
})

/** Lets the event loop go on until a condition holds. How long that may take, the limit of the test says. */
export const until = (condition: () => boolean): Effect.Effect<void> => untilIt(Effect.sync(condition))

/** The same, of what an Effect says. */
export const untilIt = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.flatMap(condition, (holds) => (holds ? Effect.void : Effect.andThen(moment, untilIt(condition))))

/** What a fiber comes to once so much time of the test's clock has passed, and not before. */
export const endsAfter = <A, E>(fiber: Fiber.Fiber<A, E>, millis: number) =>
  Effect.gen(function* () {
    yield* TestClock.adjust(millis - 1)
    yield* moment
    if (fiber.pollUnsafe() !== undefined) return yield* tooEarly(millis)
    yield* TestClock.adjust(1)
    return yield* Fiber.join(fiber)
  })

const tooEarly = (millis: number) => Effect.die(new Error(`it ended before ${millis} ms`))

/**
 * Node's own timers, by which connecting is bounded, in the hand of the test until its scope closes. Those of sockets and
 * processes go on. The function lets time pass.
 */
export const heldTimers = Effect.as(
  Effect.acquireRelease(
    Effect.sync(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })),
    () => Effect.sync(() => vi.useRealTimers())
  ),
  (millis: number) => void vi.advanceTimersByTime(millis)
)

/** An Effect that ends by a timer of Node's after `millis` and not before; they pass when something else has come. */
export const timedOutAfter = <A, E, R>(effect: Effect.Effect<A, E, R>, millis: number, come: () => boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const pass = yield* heldTimers
      const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
      yield* until(come)
      pass(millis - 1)
      yield* moment
      if (fiber.pollUnsafe() !== undefined) return yield* tooEarly(millis)
      pass(1)
      return yield* Fiber.join(fiber)
    })
  )
