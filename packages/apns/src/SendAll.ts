/**
 * Sending many: a Stream of notifications in, a Stream of what became of them out.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Apns, type Receipt } from "./Apns.ts"
import type { ApnsError } from "./ApnsError.ts"
import { type Dispatch, dispatchByFiber, dispatchOf, insideOf } from "./internal/dispatch.ts"
import { drainingOf } from "./internal/draining.ts"
import { notificationError } from "./internal/sendErrors.ts"
import { isTraced } from "./internal/spans.ts"
import { capacityOf, Window } from "./internal/window.ts"
import type { Notification } from "./Notification.ts"
import { InvalidConfiguration } from "./Reason.ts"
import type { Outcome } from "./ReasonTable.ts"

/**
 * What became of one notification: accepted, with the receipt, or one of the outcomes of `ApnsError`, with the error.
 *
 * `notification` is the very value that was given, with whatever fields of your own it has.
 *
 * @category models
 * @since 0.1.0
 */
export type SendResult<N extends Notification = Notification> =
  | { readonly outcome: "accepted"; readonly notification: N; readonly receipt: Receipt }
  | { readonly outcome: Outcome; readonly notification: N; readonly error: ApnsError }

/**
 * How `sendAll` behaves.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface SendAllOptions {
  /**
   * Notifications taken from the Stream whose result has not been taken yet, at most: what bounds the memory.
   *
   * Default: by the streams that APNs allows the sessions of the connection now. Three times as many up to 3,000, so
   * that the connection sees when one session more would help; a quarter more than the streams above that. So a bulk send
   * takes two sessions of 1000 streams by itself, and keeps its memory flat. Give more where the round trip is long and memory
   * is not scarce: four sessions take 5,000, some 400 MB in all. 1,000 where the `ApnsConnection` is not this library's.
   * From 1; with anything else nothing is sent, and each result says `InvalidConfiguration`.
   */
  readonly concurrency?: number | undefined
  /** Whether results come in the order of the notifications; one that is slow then holds up the rest. Default: `false`. */
  readonly ordered?: boolean | undefined
  /**
   * Whether to stop sending after a fault of the configuration, which every further notification would meet as well: a 403
   * (credentials), a server that cannot be trusted, and, for its topic, a topic that may not be used. What is left of the
   * Stream then has the outcome `"unsent"` and the reason `Halted`; with `Tenants`, what is left for that target.
   *
   * Where APNs has accepted others before, it may be wrong about one: then another notification goes out, on another session
   * where there may be one, and the rest waits for what it is told. Default: `true`.
   */
  readonly haltOnFault?: boolean | undefined
}

const concurrencyProblem = (concurrency: number | undefined): InvalidConfiguration | undefined =>
  concurrency === undefined || concurrency >= 1
    ? undefined
    : new InvalidConfiguration({
        setting: "concurrency",
        problem: `${concurrency} is not a number of notifications`,
        cure: "Give a number from 1, or leave it out."
      })

const refusing =
  (problem: InvalidConfiguration): Dispatch =>
  (notification, outlet) =>
    void outlet.onRest(Effect.fail(notificationError(notification, undefined, problem, 0)))

/**
 * Sends every notification of a Stream and tells what became of each.
 *
 * **When to use**
 *
 * Use to send to many devices: it costs less than a `send` for each, keeps as many notifications under way as
 * the connection carries, or `concurrency` allows, and takes no more from the Stream while results are not taken (back pressure).
 *
 * **Details**
 *
 * One notification never ends the Stream: its error is its result. Each result carries its notification, and each
 * notification has exactly one, so that those that were not sent can be sent again. Retries, deadlines and outcomes are those of `send`. When the given Stream fails, the
 * results of what it gave before come first. Interrupting it gives up what is under way: a request that waits leaves the
 * queue, a stream that is open is reset. `drain` ends it with the results of what it took.
 *
 * **Example** (Sending to many devices)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { Notification, sendAll } from "effect-apns"
 *
 * export const program = (devices: Iterable<string>) =>
 *   Stream.fromIterable(devices).pipe(
 *     Stream.map((device) => Notification.alert({ device, alert: "Hello" })),
 *     (notifications) => sendAll(notifications, { concurrency: 500 }),
 *     Stream.filter((result) => result.outcome !== "accepted"),
 *     Stream.runForEach((result) => Effect.log(result.notification.id, result.outcome))
 *   )
 * ```
 *
 * @category sending
 * @since 0.1.0
 */
export const sendAll = <N extends Notification, E, R>(
  notifications: Stream.Stream<N, E, R>,
  options: SendAllOptions = {}
): Stream.Stream<SendResult<N>, E, R | Apns> =>
  Stream.transformPull(notifications, (pull, scope) =>
    Effect.gen(function* () {
      const apns = yield* Apns
      // A span belongs to a fiber: with a tracer each notification has both.
      const traced = yield* Effect.withFiber((fiber) => Effect.succeed(isTraced(fiber)))
      const problem = concurrencyProblem(options.concurrency)
      const inside = insideOf(apns)
      const dispatch = traced ? dispatchByFiber(apns) : dispatchOf(apns)
      const run = yield* FiberSet.makeRuntime<never, Receipt, ApnsError>().pipe(Scope.provide(scope))
      const window = new Window<E | Cause.Done<void>>({
        capacity: capacityOf(problem === undefined ? options.concurrency : undefined, inside.width),
        ordered: options.ordered ?? false,
        // The problem itself is what each result tells.
        haltOnFault: problem === undefined && options.haltOnFault !== false,
        dispatch: problem === undefined ? dispatch : refusing(problem),
        inside,
        run
      })
      const draining = drainingOf(apns)
      let isPulling = false
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => window.cancel())
      )
      const feed = Effect.gen(function* () {
        for (;;) {
          if (draining?.isAsked) return yield* Cause.done()
          isPulling = true
          const chunk = yield* pull
          isPulling = false
          for (let next = window.start(chunk, 0); next < chunk.length; next = window.start(chunk, next)) {
            yield* window.room
          }
        }
      })
      const feeder = yield* Effect.forkIn(
        Effect.catchCause(feed, (cause) => Effect.sync(() => window.close(cause))),
        scope
      )
      if (draining !== undefined) {
        const leave = draining.reads(() =>
          // After a turn, in which the feed goes on with what it may just have taken; then it looks by itself.
          setImmediate(() => {
            if (!isPulling) return
            feeder.interruptUnsafe()
            window.close(Cause.fail(Cause.Done()))
          })
        )
        yield* Scope.addFinalizer(scope, Effect.sync(leave))
      }
      // A result holds the notification that it was given: one of this Stream.
      return window.take as Effect.Effect<Arr.NonEmptyReadonlyArray<SendResult<N>>, E | Cause.Done<void>>
    })
  )
