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

/** The takers of a queue. */
export interface Crew {
  readonly count: number
  /** Takes a chunk and settles it; calls `hold` before anything of it is sent. */
  readonly round: (hold: () => void) => Effect.Effect<void, unknown>
  readonly onFailure: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
}

/** After a failure, so that a store that is down is not asked without end. */
const pauseAfterFailure = "500 millis"

class Slot {
  isHolding = false
  readonly hold = () => {
    this.isHolding = true
  }
}

/** All crews stop together: none takes more while another is awaited. */
export const runTakers = Effect.fnUntraced(function* (
  crews: ReadonlyArray<Crew>
): Effect.fn.Return<void, never, Scope.Scope> {
  let isClosing = false
  const taken: Array<{ readonly slot: Slot; readonly fiber: Fiber.Fiber<void> }> = []

  const take = ({ onFailure, round }: Crew, slot: Slot) => {
    const recover = (cause: Cause.Cause<unknown>) => {
      slot.isHolding = false
      if (Cause.hasInterruptsOnly(cause) && isClosing) return Effect.interrupt
      return Effect.andThen(onFailure(cause), Effect.sleep(pauseAfterFailure))
    }
    const supervised = Effect.catchCause(round(slot.hold), recover)
    return Effect.whileLoop({
      while: () => !isClosing,
      body: () => supervised,
      step: () => {
        slot.isHolding = false
      }
    })
  }

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      isClosing = true
      return Effect.forEach(
        taken,
        ({ fiber, slot }) => (slot.isHolding ? Fiber.await(fiber) : Fiber.interrupt(fiber)),
        {
          concurrency: "unbounded",
          discard: true
        }
      )
    })
  )
  for (const crew of crews) {
    for (let n = 0; n < crew.count; n++) {
      const slot = new Slot()
      taken.push({ slot, fiber: yield* Effect.forkDetach(take(crew, slot)) })
    }
  }
})
