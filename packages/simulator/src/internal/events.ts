/** Who is told what happens. A subscriber that reads too slowly misses events and is told how many; nothing piles up. */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SimulatorEvent } from "../SimulatorEvent.ts"

/** How many events wait for a subscriber at most. */
export const maxWaiting = 4_096

class Subscriber {
  #waiting: Array<SimulatorEvent> = []
  #missed = 0
  #wake: (() => void) | undefined
  #closed = false

  offer(event: SimulatorEvent): void {
    if (this.#waiting.length < maxWaiting) this.#waiting.push(event)
    else this.#missed++
    this.#wakeUp()
  }

  close(): void {
    this.#closed = true
    this.#wakeUp()
  }

  /** The reader may go on and wait again within the call. */
  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** All that waits, as soon as something does. */
  readonly take: Effect.Effect<Arr.NonEmptyReadonlyArray<SimulatorEvent>, Cause.Done> = Effect.callback((resume) => {
    const ready = () => {
      const [first, ...rest] = this.#waiting
      if (first === undefined) {
        if (this.#closed) resume(Cause.done())
        return this.#closed
      }
      if (this.#missed > 0) rest.push({ _tag: "gap", missed: this.#missed })
      this.#waiting = []
      this.#missed = 0
      resume(Effect.succeed([first, ...rest]))
      return true
    }
    if (ready()) return
    this.#wake = ready
    return Effect.sync(() => {
      this.#wake = undefined
    })
  })
}

export class EventHub {
  readonly #subscribers = new Set<Subscriber>()
  #listener: ((event: SimulatorEvent) => void) | undefined

  /** Whether anybody listens: an event nobody hears need not be made. */
  get isHeard(): boolean {
    return this.#subscribers.size > 0 || this.#listener !== undefined
  }

  /** Has one listener called at once with every event; it misses none and must be quick. */
  listen(listener: (event: SimulatorEvent) => void): void {
    this.#listener = listener
  }

  publish(event: SimulatorEvent): void {
    this.#listener?.(event)
    for (const subscriber of this.#subscribers) subscriber.offer(event)
  }

  /** Ends every stream. */
  close(): void {
    for (const subscriber of this.#subscribers) subscriber.close()
    this.#subscribers.clear()
  }

  /** What is published from now on, behind `started`. */
  stream(started: () => SimulatorEvent): Stream.Stream<SimulatorEvent> {
    const subscribe = Effect.acquireRelease(
      Effect.sync(() => {
        const subscriber = new Subscriber()
        subscriber.offer(started())
        this.#subscribers.add(subscriber)
        return subscriber
      }),
      (subscriber) => Effect.sync(() => this.#subscribers.delete(subscriber))
    )
    return Stream.unwrap(
      Effect.map(subscribe, (subscriber) => Stream.flattenArray(Stream.fromEffectRepeat(subscriber.take)))
    )
  }
}
