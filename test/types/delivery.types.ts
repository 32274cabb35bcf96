/**
 * What the types of `@effect-apns/delivery` promise. Compiled by `tsc -b`, never run: each `@ts-expect-error` stands next
 * to the right form.
 */
import {
  type Delivered,
  deliverChunk,
  type EnqueueError,
  Outbox,
  type OutcomeSink,
  Worker
} from "@effect-apns/delivery"
import { Effect, type Layer, Stream } from "effect"
import type { PersistedQueue, RateLimiter } from "effect/persistence"
import { type Apns, Notification } from "effect-apns"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the two types are the same. */
const same = <A, B>(_: Equal<A, B>): void => {}

type Needs<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : never
type Usual = Apns | OutcomeSink | PersistedQueue.PersistedQueueFactory

// A worker needs a rate limiter when it has a rate limit, and not otherwise.
const plain = Worker.layer()
same<Needs<typeof plain>, Usual>(true)
const configured = Worker.layer({ concurrency: 10 })
same<Needs<typeof configured>, Usual>(true)
const patient = Worker.layer({ retry: (attempt) => (attempt < 3 ? "1 second" : "1 minute") })
same<Needs<typeof patient>, Usual>(true)
const limited = Worker.layer({ rateLimit: { limit: 10, window: "1 second" } })
same<Needs<typeof limited>, Usual | RateLimiter.RateLimiter>(true)
const maybe = (rateLimit: Worker.RateLimit | undefined) => Worker.layer({ rateLimit })
same<Needs<ReturnType<typeof maybe>>, Usual | RateLimiter.RateLimiter>(true)

// An outbox needs a queue and no Apns.
const outbox = Outbox.layer()
same<Needs<typeof outbox>, PersistedQueue.PersistedQueueFactory>(true)

// The errors of a Stream of devices are those of fanOut.
const n = Notification.alert({ device: "7a1f", alert: "Hello" })
const broken: Stream.Stream<string, "the database is away"> = Stream.fail("the database is away")
const fanned = Effect.flatMap(Outbox, (outbox) => outbox.fanOut("k", n, broken))
same<Effect.Error<typeof fanned>, EnqueueError | "the database is away">(true)

// deliverChunk never fails, and needs Apns alone.
const delivered = deliverChunk([])
same<typeof delivered, Effect.Effect<Delivered, never, Apns>>(true)

// @ts-expect-error -- a queue keeps nothing to be sent once as a deadline
const wrong = Effect.flatMap(Outbox, (outbox) => outbox.enqueue(n, { deadline: "once" }))
const right = Effect.flatMap(Outbox, (outbox) => outbox.enqueue(n, { deadline: "1 hour" }))

export { right, wrong }
