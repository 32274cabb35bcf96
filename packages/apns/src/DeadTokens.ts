/**
 * Remembers which device tokens APNs has called dead, so that nothing more is sent to them, and tells of them as a Stream.
 *
 * APNs asks for it: refused notifications count against the connection, those for `BadDeviceToken` above all (Apple,
 * "Handling notification responses from APNs"). A token is dead for an environment and a topic, since a point in time: a
 * token that the app registered again later is alive. That rule needs the time of the registration, which only the caller
 * has: `registeredAt` of a notification.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DeadRegister, isLater, withRegister } from "./internal/deadRegister.ts"
import type { RejectionName, rejections } from "./ReasonTable.ts"

/**
 * The reasons that make a token dead: those of the table whose action is `"dropToken"`.
 *
 * @category models
 * @since 0.1.0
 */
export type DeadReason = {
  [Name in RejectionName]: (typeof rejections)[Name]["action"] extends "dropToken" ? Name : never
}[RejectionName]

/**
 * That a token is dead, and since when.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dead {
  readonly reason: DeadReason
  /** The timestamp of the 410; the time of the answer, for reasons that bring none. */
  readonly since: DateTime.Utc
}

/**
 * What a token can be dead for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Destination {
  /** `"production"` or `"sandbox"` for Apple's servers, host and port for any other. */
  readonly environment: string
  /** The header `apns-topic`, suffix included; empty where a certificate names the only topic. */
  readonly topic: string
  /** The device token. */
  readonly device: string
}

/**
 * A token that was found dead.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeadToken extends Dead, Omit<Destination, "device"> {
  /** The whole device token: `Redacted.value` shows it. */
  readonly device: Redacted.Redacted<string>
}

/**
 * How many events wait for a listener, at most.
 *
 * @category rules
 * @since 0.1.0
 */
export const eventCapacity = 1024

/** How long a store may take to answer before `send` goes on without it. */
const storeTimeout = "1 second"

/**
 * Remembers dead tokens.
 *
 * **When to use**
 *
 * Provide one of its layers to `Apns.layer` or `Tenants.layer`: `DeadTokens.layer` for one process, `DeadTokens.layerStore`
 * for several, or to remember after a restart. Without it, every notification is sent.
 *
 * **Details**
 *
 * A token that APNs refuses with `Unregistered`, `ExpiredToken`, `BadDeviceToken` or `DeviceTokenNotForTopic` is recorded for
 * its environment and topic. Later notifications to it fail with `Suppressed`, with nothing sent, unless their
 * `registeredAt` is later than the death.
 *
 * **Example** (Sending no more to dead tokens)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Apns, DeadTokens } from "effect-apns"
 *
 * export const ApnsLive = Apns.layerConfig().pipe(Layer.provideMerge(DeadTokens.layer()))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class DeadTokens extends Context.Service<
  DeadTokens,
  {
    /** What is known of a token, whenever the app registered it. */
    readonly find: (at: Destination) => Effect.Effect<Dead | undefined>
    /** Records a dead token. Of two deaths of the same token the later one holds. */
    readonly record: (at: Destination, dead: Dead) => Effect.Effect<void>
    /** See `DeadTokens.events`. */
    readonly events: Stream.Stream<DeadToken>
  }
>()("effect-apns/DeadTokens") {
  /**
   * Remembers in memory, for as long as the layer lives. A send pays one look-up in a `Map`.
   *
   * **Details**
   *
   * - `capacity`: how many dead tokens are remembered, a whole number from 0; default 100,000, which take some 50 MB. Beyond
   *   it the one recorded longest ago is forgotten. The next notification to it is sent, and APNs says again that it is
   *   dead.
   */
  static readonly layer = (options?: { readonly capacity?: number | undefined }): Layer.Layer<DeadTokens> =>
    Layer.effect(DeadTokens, inMemory(options?.capacity ?? 100_000))

  /**
   * Remembers in a `KeyValueStore`: files, SQL, or whatever implements it. Processes that share the store share what
   * they know.
   *
   * **Details**
   *
   * - `prefix`: what its keys begin with. Default: `"effect-apns/dead/"`. The rest is a SHA-256 hash of environment, topic
   *   and token; no token is stored.
   * - Every send asks the store first, within its own deadline, and is no longer free of Effects: expect the cost of
   *   `get`.
   * - A store that fails or takes more than a second stops nothing: the notification is sent, and a warning logged.
   * - Nothing is ever removed. `clearPrefix` of the store forgets all.
   */
  static readonly layerStore = (options?: {
    readonly prefix?: string | undefined
  }): Layer.Layer<DeadTokens, never, KeyValueStore.KeyValueStore> =>
    Layer.effect(DeadTokens, inStore(options?.prefix ?? "effect-apns/dead/"))

  /** Remembers nothing, so that nothing is suppressed; `DeadTokens.events` still tells. */
  static readonly layerNone: Layer.Layer<DeadTokens> = Layer.suspend(() => DeadTokens.layer({ capacity: 0 }))

  /**
   * The tokens that are found dead from now on.
   *
   * **Details**
   *
   * Listening never slows sending: where a listener leaves 1,024 events untaken, further ones are told to nobody until it
   * takes some. Their tokens are recorded nevertheless, and sending to one again fails with `Suppressed`. A token can be
   * told of more than once. Delete one only where it was registered no later than `since`.
   *
   * **Example** (Deleting tokens)
   *
   * ```ts
   * import { DateTime, Effect, Redacted, Stream } from "effect"
   * import { DeadTokens } from "effect-apns"
   *
   * declare const deleteRegisteredUntil: (device: string, at: Date) => Effect.Effect<void>
   *
   * export const cleanUp = DeadTokens.events.pipe(
   *   Stream.runForEach(({ device, since }) => deleteRegisteredUntil(Redacted.value(device), DateTime.toDateUtc(since)))
   * )
   * ```
   */
  static readonly events: Stream.Stream<DeadToken, never, DeadTokens> = Stream.unwrap(
    Effect.map(Effect.service(DeadTokens), ({ events }) => events)
  )
}

/** Where events come from, and how to publish one. */
const channel = Effect.gen(function* () {
  const pubsub = yield* Effect.acquireRelease(PubSub.dropping<DeadToken>(eventCapacity), PubSub.shutdown)
  return {
    events: Stream.fromPubSub(pubsub),
    tell: ({ device, environment, topic }: Destination, { reason, since }: Dead): void => {
      const redacted = Redacted.make(device, { label: "device token" })
      PubSub.publishUnsafe(pubsub, { device: redacted, environment, topic, reason, since })
    }
  }
})

const inMemory = Effect.fnUntraced(function* (capacity: number) {
  const { events, tell } = yield* channel
  const register = new DeadRegister(capacity, tell)
  return withRegister(
    {
      find: (at) => Effect.sync(() => register.find(at)),
      record: (at, dead) => Effect.sync(() => register.record(at, dead)),
      events
    },
    register
  )
})

const reasons = [
  "BadDeviceToken",
  "DeviceTokenNotForTopic",
  "ExpiredToken",
  "Unregistered"
] as const satisfies ReadonlyArray<DeadReason>

/** What stands in a store. */
const Stored = Schema.Struct({ reason: Schema.Literals(reasons), since: Schema.DateTimeUtcFromMillis })

const inStore = Effect.fnUntraced(function* (prefix: string) {
  const { events, tell } = yield* channel
  const store = KeyValueStore.toSchemaStore(yield* KeyValueStore.KeyValueStore, Stored)
  const keyOf = ({ device, environment, topic }: Destination) =>
    prefix +
    createHash("sha256")
      .update(JSON.stringify([environment, topic, device.toLowerCase()]))
      .digest("hex")
  const stored = (at: Destination) => Effect.map(store.get(keyOf(at)), Option.getOrUndefined)

  /** Warns of a store that fails once, until it has answered again. */
  let failing = false
  const forgiving = <A>(what: string, asked: Effect.Effect<A, KeyValueStore.KeyValueStoreError | Schema.SchemaError>) =>
    asked.pipe(
      Effect.timeout(storeTimeout),
      Effect.tap(() => Effect.sync(() => (failing = false))),
      Effect.catch((error) => {
        if (failing) return Effect.undefined
        failing = true
        return Effect.as(Effect.logWarning(`Dead tokens could not be ${what}; sending goes on`, error), undefined)
      }),
      Effect.annotateLogs({ package: "effect-apns", module: "DeadTokens" })
    )

  return DeadTokens.of({
    find: (at) => forgiving("read", stored(at)),
    record: (at, dead) =>
      forgiving(
        "written",
        Effect.gen(function* () {
          // First of all: listeners hear of it even where the store fails.
          tell(at, dead)
          // What cannot be read is written anew.
          const known = yield* Effect.orElseSucceed(stored(at), () => undefined)
          if (known === undefined || isLater(dead, known)) yield* store.set(keyOf(at), dead)
        })
      ),
    events
  })
})
