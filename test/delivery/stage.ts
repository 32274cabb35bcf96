/** A store, an outbox, a sink, a scripted `Apns`, and as many workers as a test starts. */
import { Outbox, type OutboxOptions, OutcomeSink, Worker } from "@effect-apns/delivery"
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { leasedStore } from "./leasedStore.ts"
import { rememberingSink, type Script, scriptedApns } from "./scripted.ts"

export interface StageOptions {
  readonly script?: Script | undefined
  readonly worker?: Omit<Worker.WorkerOptions, "rateLimit"> | undefined
  readonly outbox?: OutboxOptions | undefined
}

/** What stands between a worker and the world; it can kill the worker's process. */
export interface Hooks {
  readonly sink?: (sink: Layer.Layer<OutcomeSink>, kill: Effect.Effect<void>) => Layer.Layer<OutcomeSink>
  readonly afterOffer?: (id: string, kill: Effect.Effect<void>) => Effect.Effect<void>
}

/** A sink that does something before or after another. */
export const around =
  (
    change: (record: Effect.Effect<void, unknown>) => Effect.Effect<void, unknown>
  ): ((sink: Layer.Layer<OutcomeSink>) => Layer.Layer<OutcomeSink>) =>
  (sink) =>
    Layer.effect(
      OutcomeSink,
      Effect.map(OutcomeSink, ({ record }) => ({ record: (outcomes) => change(record(outcomes)) }))
    ).pipe(Layer.provide(sink))

export const stage = Effect.fnUntraced(function* (options: StageOptions = {}) {
  const store = yield* leasedStore
  const apns = scriptedApns(options.script)
  const sink = rememberingSink()
  const scope = yield* Effect.scope
  const producer = store.process()
  const outbox = Context.get(
    yield* Layer.buildWithScope(Outbox.layer(options.outbox).pipe(Layer.provide(producer.layer)), scope),
    Outbox
  )
  /** A worker in a process of its own, with one taker for each queue. */
  const startWorker = Effect.fnUntraced(function* (hooks: Hooks = {}) {
    const process = store.process((id) => hooks.afterOffer?.(id, process.kill) ?? Effect.void)
    const own = yield* Scope.make()
    // Not awaited: what was killed never ends.
    yield* Effect.addFinalizer(() => Effect.forkDetach(Scope.close(own, Exit.void)))
    const sinkLayer = hooks.sink?.(sink.layer, process.kill) ?? sink.layer
    const layer = Worker.layer({ concurrency: 50, ...options.worker }).pipe(
      Layer.provide([sinkLayer, apns.layer, process.layer])
    )
    yield* Layer.buildWithScope(layer, own)
    return { ...process, close: Scope.close(own, Exit.void) }
  })
  return { store, sink, sent: apns.sent, outbox, producer, startWorker }
})

/** Fibers that are not asleep come to rest in so many turns of the event loop. */
const turns = 8

const settled = Effect.promise(async () => {
  for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve))
})

/**
 * Lets time pass, a step at a time, in which everything comes to rest: `sendAll` has fibers of its own, for which the
 * clock of the tests does not wait.
 */
export const elapse = Effect.fnUntraced(function* (duration: Duration.Input, step: Duration.Input = "500 millis") {
  const millis = Duration.toMillis(duration)
  const stepMillis = Duration.toMillis(step)
  yield* settled
  for (let passed = 0; passed < millis; passed += stepMillis) {
    yield* TestClock.adjust(Math.min(stepMillis, millis - passed))
    yield* settled
  }
})
