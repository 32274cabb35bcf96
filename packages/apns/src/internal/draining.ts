/**
 * How an `Apns` ends its work: it is asked to take no more, and is through when everything it took has been heard of.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ConnectionFailed } from "../Reason.ts"

/** A turn of the event loop, in which fibers go on with what they have heard. */
const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

export class Draining {
  private readonly asked = Deferred.makeUnsafe<void>()
  private readonly onAsked = new Set<() => void>()
  /** Streams of results that are still read. */
  private readers = 0
  private readonly onRead = new Set<() => void>()
  /** How long readers may take once there is nothing more to come, and a program to end. */
  readonly timeout: Duration.Input
  /** See the function `drain`. */
  readonly drain: Effect.Effect<void>

  /** `settled` ends when all that was taken is settled, by force if need be. */
  constructor(settled: Effect.Effect<void>, timeout: Duration.Input = "5 seconds") {
    this.timeout = timeout
    this.drain = Effect.suspend(() => {
      this.ask()
      return settled.pipe(
        // Of a connection that is a mock and does not have it.
        Effect.catchCause(() => Effect.void),
        Effect.andThen(Effect.timeoutOption(this.read, timeout)),
        Effect.andThen(turn)
      )
    })
  }

  get isAsked(): boolean {
    return Deferred.isDoneUnsafe(this.asked)
  }

  private ask() {
    if (!Deferred.doneUnsafe(this.asked, Effect.void)) return
    for (const onAsked of this.onAsked) onAsked()
    this.onAsked.clear()
  }

  /** Waits, and no longer once it is asked. */
  unlessAsked<A, E>(wait: Effect.Effect<A, E>, otherwise: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.raceFirst(wait, Effect.andThen(Deferred.await(this.asked), otherwise))
  }

  /** Begins to read results that come until `onAsked` is called, and a little longer; returns how to end. */
  reads(onAsked: () => void): () => void {
    this.readers++
    this.onAsked.add(onAsked)
    return () => {
      this.onAsked.delete(onAsked)
      if (--this.readers === 0) for (const onRead of this.onRead) onRead()
    }
  }

  private readonly read: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.readers === 0) return resume(Effect.void)
    const onRead = () => resume(Effect.void)
    this.onRead.add(onRead)
    return Effect.sync(() => void this.onRead.delete(onRead))
  })
}

/** That of an `Apns`, or of `Tenants`; nothing where it is none of this package's. */
export const drainingOf = ({ draining }: { readonly draining?: Draining | undefined }): Draining | undefined =>
  // A mock may answer with anything.
  draining instanceof Draining ? draining : undefined

/** Why nothing more is sent. */
export const closedHere = (address: string): ConnectionFailed =>
  new ConnectionFailed({
    address,
    step: "closed",
    problem: "the connection was closed by this program",
    cure: "Keep the layer's scope open until every send has ended.",
    transient: false
  })
