/** The queues of a delivery: one for what cannot wait, one for what can. */
import * as Effect from "effect/Effect"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import type { Notification } from "effect-apns/Notification"
import { Element } from "../Element.ts"
import type { Lane } from "../Outbox.ts"

export const lanes: ReadonlyArray<Lane> = ["high", "low"]

/** Priority 10, which is APNs' default, cannot wait. */
export const laneOf = ({ priority }: Notification): Lane => (priority === undefined || priority === 10 ? "high" : "low")

/** Claims of one element. It is claimed again after a crash, or when it could not be settled; no retry of APNs counts. */
const mostClaims = 20

/** A size that somebody gave. With none at all, or without an end, nothing would go on. */
export const sizeOf = (given: number | undefined, otherwise: number): number =>
  given === undefined || !Number.isFinite(given) ? otherwise : Math.max(1, Math.floor(given))

export const nameOf = (name: string, lane: Lane): string => `${name}:${lane}`

export const queueOf = (
  name: string,
  lane: Lane
): Effect.Effect<PersistedQueue.PersistedQueue<Element>, never, PersistedQueue.PersistedQueueFactory> =>
  PersistedQueue.make({ name: nameOf(name, lane), schema: Element, maxAttempts: mostClaims })

/** An element that does not fit its own Schema is a mistake of this package. */
export const offer = (
  queue: PersistedQueue.PersistedQueue<Element>,
  element: Element,
  options?: Parameters<PersistedQueue.PersistedQueue<Element>["offer"]>[1]
): Effect.Effect<string, PersistedQueue.PersistedQueueError> =>
  Effect.catchTag(queue.offer(element, options), "SchemaError", Effect.die)
