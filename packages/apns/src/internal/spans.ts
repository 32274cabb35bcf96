/**
 * A span for each send, where the program has a tracer; where it has none, one comparison.
 *
 * Names and attributes: OpenTelemetry, "Semantic conventions for messaging spans", with attributes of our own under
 * `apns.`. The kind is `client`, for no context travels with the message.
 */
import { createHash } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type { BroadcastReceipt, Receipt } from "../Apns.ts"
import type { ApnsError } from "../ApnsError.ts"
import type { Broadcast } from "../Broadcast.ts"
import type { Notification } from "../Notification.ts"

/** Whether spans go anywhere: Effect's own tracer, which a program has by default, keeps them to itself. */
export const isTraced = (fiber: Fiber.Fiber<unknown, unknown> | undefined): boolean =>
  fiber !== undefined && fiber.cache.tracer !== undefined && fiber.cache.tracerEnabled

/** Tells one device from another without naming it: the first 12 digits of the token's SHA-256. */
const hashOf = (device: string) => createHash("sha256").update(device.toLowerCase()).digest("hex").slice(0, 12)

/** Where a session goes, by its name: `host:port#n`. */
const serverOf = (connection: string) => {
  const match = /^(.*):(\d+)#\d+$/.exec(connection)
  return match === null ? {} : { "server.address": match[1], "server.port": Number(match[2]) }
}

const settled = (exit: Exit.Exit<Receipt | BroadcastReceipt, ApnsError>): Readonly<Record<string, unknown>> => {
  if (Exit.isSuccess(exit)) {
    const { attempts, connection } = exit.value
    return {
      "apns.outcome": "accepted",
      "apns.attempts": attempts,
      "http.response.status_code": 200,
      ...serverOf(connection)
    }
  }
  const found = Cause.findError(exit.cause)
  if (Result.isFailure(found)) return { "error.type": Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "_OTHER" }
  const { attempts, outcome, reason } = found.success
  return {
    "apns.outcome": outcome,
    "error.type": reason._tag,
    ...(attempts !== undefined && { "apns.attempts": attempts }),
    ...("status" in reason && { "http.response.status_code": reason.status })
  }
}

const span = <A extends Receipt | BroadcastReceipt>(
  send: Effect.Effect<A, ApnsError>,
  topic: string | undefined,
  own: Readonly<Record<string, unknown>>
): Effect.Effect<A, ApnsError> =>
  Effect.useSpan(
    topic === undefined ? "send" : `send ${topic}`,
    {
      kind: "client",
      attributes: {
        "messaging.system": "apns",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        ...(topic !== undefined && { "messaging.destination.name": topic }),
        ...own
      }
    },
    (span) =>
      Effect.onExit(send, (exit) =>
        Effect.sync(() => {
          for (const [name, value] of Object.entries(settled(exit))) span.attribute(name, value)
        })
      )
  )

/** Puts a span around sending something. */
export type Traced<In, A> = (send: Effect.Effect<A, ApnsError>, input: In) => Effect.Effect<A, ApnsError>

export const tracedNotifications =
  (defaultTopic: string | undefined): Traced<Notification, Receipt> =>
  (send, { device, id, priority, pushType, topic }) =>
    span(send, topic ?? defaultTopic, {
      "messaging.message.id": id,
      "apns.device.hash": hashOf(String(device)),
      ...(pushType !== undefined && { "apns.push_type": pushType }),
      ...(priority !== undefined && { "apns.priority": priority })
    })

export const tracedBroadcasts =
  (defaultTopic: string | undefined): Traced<Broadcast, BroadcastReceipt> =>
  (send, { bundleId, channel, id, priority }) =>
    span(send, bundleId ?? defaultTopic, {
      "messaging.message.id": id,
      "apns.channel": channel,
      "apns.push_type": "liveactivity",
      "apns.priority": priority
    })
