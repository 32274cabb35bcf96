/**
 * Giving notifications to a queue: they are durable when that succeeds, and sent by a `Worker`, here or elsewhere.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { ApnsError } from "effect-apns/ApnsError"
import type { Expiration, Notification, RegisteredDevice } from "effect-apns/Notification"
import { PayloadSchema } from "effect-apns/PayloadSchema"
import { type Item, type ItemOptions, itemsWith } from "./Element.ts"
import { type Due, dueOf } from "./internal/due.ts"
import { makeInbox } from "./internal/inbox.ts"
import { laneOf, lanes, nameOf, offer, queueOf, sizeOf } from "./internal/lanes.ts"
import { traceOf, tracesOf } from "./internal/trace.ts"
import * as Metrics from "./Metrics.ts"

/**
 * The queues of a delivery: `"high"` for what must be delivered at once, `"low"` for what may wait. Each has takers of its
 * own.
 *
 * @category models
 * @since 0.1.0
 */
export type Lane = "high" | "low"

/**
 * When notifications are sent, and until when.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface EnqueueOptions {
  /** How long to wait before they are sent. SQL stores round it up to whole seconds. */
  readonly delay?: Duration.Input | undefined
  /** Before which they are not sent. With `delay`, the later of the two counts. */
  readonly at?: Date | DateTime.DateTime | undefined
  /**
   * After which no attempt is made any more; a duration counts from when they are to be sent. The expiration ends it, too.
   * Default: none, and an hour for the expiration `"once"`.
   */
  readonly deadline?: Exclude<Expiration, "once"> | undefined
  /**
   * Which queue they go to. What is in `"low"` never holds up what is in `"high"`: give it to a blast of priority 10. Default: `"high"` for the priority 10, `"low"` for 5 and 1.
   */
  readonly lane?: Lane | undefined
}

/**
 * Settings of `Outbox.layer`.
 *
 * @category configuration
 * @since 0.1.0
 */
export interface OutboxOptions {
  /** The queues are called by it, `apns:high` and `apns:low`: the same as the worker's. Default: `"apns"`. */
  readonly name?: string | undefined
  /** How many notifications `enqueue` and `enqueueAll` store together, at most. Default: 50. */
  readonly chunkSize?: number | undefined
  /** How many devices `fanOut` stores together, at most. Default: 500. */
  readonly fanOutSize?: number | undefined
}

/**
 * Why notifications were not stored: one breaks a rule (`InvalidNotification`), or the store failed.
 *
 * @category errors
 * @since 0.1.0
 */
export type EnqueueError = ApnsError | PersistedQueue.PersistedQueueError

/**
 * Gives notifications to a queue.
 *
 * @category services
 * @since 0.1.0
 */
export class Outbox extends Context.Service<
  Outbox,
  {
    /**
     * Stores one notification; it is durable when this succeeds.
     *
     * **Details**
     *
     * Calls that run at the same time share a stored chunk. So it does **not** join the caller's SQL transaction:
     * `enqueueAll` with one notification does. It fails with `InvalidNotification`, before anything is stored, or with the
     * store's error. When it is interrupted, or the process dies in it, the notification may be stored or not; calling it
     * again makes a second one, which `enqueueAll` with the same key does not.
     */
    readonly enqueue: (notification: Notification, options?: EnqueueOptions) => Effect.Effect<void, EnqueueError>

    /**
     * Stores many notifications under a key and returns how many they are.
     *
     * **Details**
     *
     * Calling it again with the same key and the same notifications, in the same order, stores nothing twice, as long as
     * the store remembers what was done (`Retention`). The key is yours, at most 200 characters; so is the order, by which
     * chunks are told apart. It runs in the caller's fiber, so it joins the caller's SQL transaction: what is rolled back
     * was never stored. All notifications are checked, and held in memory, before the first is stored: it fails with
     * `InvalidNotification` for the first that breaks a rule. Give a million in pages of some 10,000, each with a key of its
     * own, or use `fanOut`.
     */
    readonly enqueueAll: (
      key: string,
      notifications: Iterable<Notification>,
      options?: EnqueueOptions
    ) => Effect.Effect<number, EnqueueError>

    /**
     * Stores one message for many devices under a key and returns how many they are. The payload is encoded once, and
     * stored once in each chunk.
     *
     * **Details**
     *
     * `template` is a notification whose `device` and `id` do not count. It is checked before anything is stored. Device
     * tokens are not: one that is malformed ends as `Unsendable` with the worker, and does not stop the others. Devices
     * are taken as they come, so a Stream of millions takes no memory. Key and transaction are as with `enqueueAll`.
     */
    readonly fanOut: <E = never, R = never>(
      key: string,
      template: Notification,
      devices: Iterable<string | RegisteredDevice> | Stream.Stream<string | RegisteredDevice, E, R>,
      options?: EnqueueOptions
    ) => Effect.Effect<number, EnqueueError | E, R>
  }
>()("@effect-apns/delivery/Outbox") {
  /**
   * An outbox over a `PersistedQueue`.
   *
   * **Details**
   *
   * A `PayloadSchema` that is provided encodes the payloads; they are encoded when they are enqueued. When its scope
   * closes, what callers of `enqueue` wait for is stored first.
   */
  static readonly layer = (
    options: OutboxOptions = {}
  ): Layer.Layer<Outbox, never, PersistedQueue.PersistedQueueFactory> => Layer.effect(this, make(options))
}

/**
 * With its place and its size: where another run cuts the list elsewhere, what it stores is stored twice rather than taken
 * for what is there.
 */
const chunkId = (key: string, lane: Lane, start: number, size: number) => `${key}/${lane}/${start}+${size}`

/** Any even number of hexadecimal digits: the device of a template does not count, but rules ask for one. */
const anyDevice = "00"

const itemFor = (template: Item, to: string | RegisteredDevice): Item => {
  const { pushType, topic, topicSuffix, trust, priority, expiration, collapseId, replayUnknown, content } =
    template.notification
  const device = typeof to === "string" ? to : to.device
  const registeredAt = typeof to === "string" ? undefined : to.registeredAt
  return {
    notification: {
      device,
      id: crypto.randomUUID(),
      pushType,
      topic,
      topicSuffix,
      trust,
      priority,
      expiration,
      collapseId,
      registeredAt,
      replayUnknown,
      content
    },
    attempt: 1,
    deadlineMillis: template.deadlineMillis
  }
}

const make = Effect.fnUntraced(function* ({ name = "apns", ...sizes }: OutboxOptions) {
  const chunkSize = sizeOf(sizes.chunkSize, 50)
  const fanOutSize = sizeOf(sizes.fanOutSize, 500)
  const clock = yield* Clock.Clock
  const payloads = Option.getOrUndefined(yield* Effect.serviceOption(PayloadSchema))

  const openLane = Effect.fnUntraced(function* (lane: Lane) {
    const queue = yield* queueOf(name, lane)
    const counter = Metric.withAttributes(Metrics.enqueued, { queue: nameOf(name, lane) })
    const store = (
      items: ReadonlyArray<Item>,
      traces: ReadonlyArray<string>,
      options?: { readonly id?: string | undefined; readonly delay?: Duration.Duration | undefined }
    ) =>
      Effect.andThen(
        offer(queue, { items, enqueuedAtMillis: clock.currentTimeMillisUnsafe(), traces }, options),
        Metric.update(counter, items.length)
      )
    const inbox = yield* makeInbox(chunkSize, (entries) =>
      store(
        entries.map(({ item }) => item),
        tracesOf(entries.map(({ trace }) => trace))
      )
    )
    return { inbox, store }
  })

  const opened = { high: yield* openLane("high"), low: yield* openLane("low") }

  const settingsOf = ({ deadlineMillis, dueMillis }: Due): ItemOptions => ({
    dueMillis,
    deadlineMillis,
    encode: payloads?.encode
  })

  const enqueue: Outbox["Service"]["enqueue"] = (notification, options = {}) =>
    Effect.withFiber<void, EnqueueError>((fiber) => {
      const given = dueOf(options, clock.currentTimeMillisUnsafe())
      if (Result.isFailure(given)) return Effect.fail(given.failure)
      const due = given.success
      const item = itemsWith(settingsOf(due))(notification)
      if (Result.isFailure(item)) return Effect.fail(item.failure)
      const { inbox, store } = opened[options.lane ?? laneOf(notification)]
      const trace = traceOf(fiber)
      // Chunks are visible as a whole, so one that is delayed goes alone.
      return due.delay === undefined
        ? inbox.put(item.success, trace)
        : store([item.success], tracesOf([trace]), { delay: due.delay })
    })

  /** A span of its own, which the spans of the worker continue. */
  const produce = <A, E, R>(operation: string, effect: Effect.Effect<A, E, R>) =>
    Effect.withSpan(effect, `${operation} ${name}`, {
      kind: "producer",
      attributes: {
        "messaging.system": "apns",
        "messaging.operation.name": operation,
        "messaging.operation.type": "send",
        "messaging.destination.name": name
      },
      captureStackTrace: false
    })

  const enqueueAll: Outbox["Service"]["enqueueAll"] = (key, notifications, options = {}) =>
    produce(
      "enqueueAll",
      Effect.withFiber<number, EnqueueError>((fiber) => {
        const given = dueOf(options, clock.currentTimeMillisUnsafe())
        if (Result.isFailure(given)) return Effect.fail(given.failure)
        const due = given.success
        const toItem = itemsWith(settingsOf(due))
        const items: Record<Lane, Array<Item>> = { high: [], low: [] }
        for (const notification of notifications) {
          const item = toItem(notification)
          if (Result.isFailure(item)) return Effect.fail(item.failure)
          items[options.lane ?? laneOf(notification)].push(item.success)
        }
        const traces = tracesOf([traceOf(fiber)])
        return Effect.gen(function* () {
          for (const lane of lanes) {
            const all = items[lane]
            for (let start = 0; start < all.length; start += chunkSize) {
              const chunk = all.slice(start, start + chunkSize)
              yield* opened[lane].store(chunk, traces, {
                id: chunkId(key, lane, start, chunk.length),
                delay: due.delay
              })
            }
          }
          return items.high.length + items.low.length
        })
      })
    )

  const fanOut: Outbox["Service"]["fanOut"] = <E, R>(
    key: string,
    template: Notification,
    devices: Iterable<string | RegisteredDevice> | Stream.Stream<string | RegisteredDevice, E, R>,
    options: EnqueueOptions = {}
  ) =>
    produce(
      "fanOut",
      Effect.withFiber<number, EnqueueError | E, R>((fiber) => {
        const given = dueOf(options, clock.currentTimeMillisUnsafe())
        if (Result.isFailure(given)) return Effect.fail(given.failure)
        const due = given.success
        const checked = itemsWith(settingsOf(due))({ ...template, device: anyDevice, id: crypto.randomUUID() })
        if (Result.isFailure(checked)) return Effect.fail(checked.failure)
        const lane = options.lane ?? laneOf(template)
        const traces = tracesOf([traceOf(fiber)])
        let count = 0
        let waiting: Array<string | RegisteredDevice> = []
        const store = (chunk: ReadonlyArray<string | RegisteredDevice>) => {
          const id = chunkId(key, lane, count, chunk.length)
          count += chunk.length
          const items = chunk.map((to) => itemFor(checked.success, to))
          return opened[lane].store(items, traces, { id, delay: due.delay })
        }
        const storeFull = Effect.whileLoop({
          while: () => waiting.length >= fanOutSize,
          body: () => store(waiting.splice(0, fanOutSize)),
          step: () => {}
        })
        // A chunk that is not full is stored only when the Stream has ended well: another run begins it as this one did.
        const all = Stream.isStream(devices) ? devices : Stream.fromIterable(devices, { chunkSize: fanOutSize })
        return Stream.runForEachArray(all, (some) => {
          waiting = waiting.concat(some)
          return storeFull
        }).pipe(
          Effect.andThen(Effect.suspend(() => (waiting.length > 0 ? store(waiting) : Effect.void))),
          Effect.map(() => count)
        )
      })
    )

  return { enqueue, enqueueAll, fanOut }
})
