/**
 * Fibers that take chunks, one at a time each: supervised while they run, drained when the scope closes.
 *
 * A taker that holds a chunk is never interrupted: the queue would release the chunk, though it was sent, and somebody else
 * would send it again. So on closing the idle ones are interrupted and the others awaited.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/** Takes a chunk and settles it; calls `hold` before anything of it is sent. */
export type Round = (hold: () => void) => Effect.Effect<void, unknown>

/** After a failure, so that a store that is down is not asked without end. */
const pauseAfterFailure = "500 millis"

class Slot {
  isHolding = false
  readonly hold = () => {
    this.isHolding = true
  }
}

export const runTakers = Effect.fnUntraced(function* (
  count: number,
  round: Round,
  onFailure: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
): Effect.fn.Return<void, never, Scope.Scope> {
  let isClosing = false
  const take = (slot: Slot) =>
    Effect.gen(function* () {
      while (!isClosing) {
        yield* Effect.catchCause(round(slot.hold), (cause) =>
          Cause.hasInterruptsOnly(cause) && isClosing
            ? Effect.interrupt
            : Effect.andThen(
                onFailure(cause),
                Effect.suspend(() => {
                  slot.isHolding = false
                  return Effect.sleep(pauseAfterFailure)
                })
              )
        )
        slot.isHolding = false
      }
    })
  const taken: Array<{ readonly slot: Slot; readonly fiber: Fiber.Fiber<void> }> = []
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      isClosing = true
      return Effect.forEach(
        taken,
        ({ fiber, slot }) => (slot.isHolding ? Fiber.await(fiber) : Fiber.interrupt(fiber)),
        { concurrency: "unbounded", discard: true }
      )
    })
  )
  for (let i = 0; i < count; i++) {
    const slot = new Slot()
    taken.push({ slot, fiber: yield* Effect.forkDetach(take(slot)) })
  }
})
