/**
 * Ending a program that sends: nothing of what it has under way stays without an outcome.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Apns } from "./Apns.ts"
import { drainingOf } from "./internal/draining.ts"

/**
 * Takes nothing more, and waits until everything under way has its outcome.
 *
 * **When to use**
 *
 * Use before what interrupts fibers: `ManagedRuntime.dispose()` first interrupts the sends that the runtime started, and only
 * then closes the layers, so that nobody would hear what became of them.
 *
 * **Details**
 *
 * - What is at the connection, queued or written, may finish for as long as `drainTimeout`. Then it fails: unsent where it still
 *   waited for a stream, else unknown.
 * - A send that waits between two attempts ends at once, with what the last one came to.
 * - Further sends fail with `ConnectionFailed` at the step `closed`: unsent.
 * - `sendAll` takes no more from its Stream, and ends with the results of what it took. Their reader is waited for, too,
 *   `drainTimeout` again at most: so do not call it from there.
 *
 * It cannot be undone, and may be called again. The sessions stay open until the layer's scope closes. A connection that
 * several `Apns` share is drained for all of them. An `Apns` that is not this library's is left alone.
 *
 * **Example** (A service that is told to stop)
 *
 * ```ts
 * import type { ManagedRuntime } from "effect"
 * import { type Apns, drain } from "effect-apns"
 *
 * export const stop = async (runtime: ManagedRuntime.ManagedRuntime<Apns, unknown>) => {
 *   await runtime.runPromise(drain)
 *   await runtime.dispose()
 * }
 * ```
 *
 * @category closing
 * @since 0.1.0
 */
export const drain: Effect.Effect<void, never, Apns> = Effect.flatMap(
  Apns,
  (apns) => drainingOf(apns)?.drain ?? Effect.void
)

/**
 * Runs a program that is not interrupted before it has been drained: for `NodeRuntime.runMain`, which interrupts the program
 * when the process is told to stop (SIGTERM, Ctrl-C).
 *
 * **Details**
 *
 * Interrupted, it calls `drain`, lets the program come to its end, `drainTimeout` at most, and then interrupts it. So a program
 * that reads the results of `sendAll` gets all of them, and may still say what they were. One that never ends by itself, as a
 * server, takes that time: let the order of its layers close it, or call `drain` where it is told to stop.
 *
 * Goes inside the layer of `Apns`, which closes after it.
 *
 * **Example** (A bulk send that is told to stop)
 *
 * ```ts
 * import { NodeRuntime } from "@effect/platform-node"
 * import { Effect, type Layer, Stream } from "effect"
 * import { type Apns, drainOnInterrupt, type Notification, sendAll } from "effect-apns"
 *
 * declare const ApnsLive: Layer.Layer<Apns>
 * declare const notifications: Stream.Stream<Notification.Notification>
 *
 * export const main = () =>
 *   sendAll(notifications).pipe(
 *     Stream.runForEach(({ notification, outcome }) => Effect.log(notification.device, outcome)),
 *     drainOnInterrupt,
 *     Effect.provide(ApnsLive),
 *     NodeRuntime.runMain
 *   )
 * ```
 *
 * @category closing
 * @since 0.1.0
 */
export const drainOnInterrupt = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Apns> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const draining = drainingOf(yield* Apns)
      const fiber = yield* Effect.forkDetach(Effect.interruptible(program))
      const finish =
        draining === undefined
          ? Effect.void
          : Effect.andThen(draining.drain, Effect.timeoutOption(Fiber.await(fiber), draining.timeout))
      return yield* restore(Fiber.join(fiber)).pipe(
        Effect.onInterrupt(() => Effect.andThen(finish, Fiber.interrupt(fiber)))
      )
    })
  )
