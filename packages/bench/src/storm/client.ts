/** effect-apns in the storm: `sendAll` of every notification, and what it says of each. */
import { Clock, Effect, Logger, Redacted, Schedule, Stream } from "effect"
import { Apns, type ApnsError, type Config, Credentials, Notification, Retry, sendAll } from "effect-apns"
import { alert, badge, data, sound } from "../clients/workload.ts"
import { deviceOf, idOf, indexOf } from "./ledger.ts"
import type { Outcomes } from "./outcomes.ts"
import type { Ready } from "./protocol.ts"

/** The library's settings that differ from its defaults. */
export type Times = Required<
  Pick<Config, "timeout" | "connectTimeout" | "silencePing" | "pingTimeout" | "idlePing" | "maxSessions" | "slowDown">
>

/**
 * Short times, so that a storm of silences ends in minutes. Runs of 5xx are so many requests long, not so long: the probes of
 * an environment that is taken for ill come quickly, too.
 */
export const times: Times = {
  timeout: "8 seconds",
  connectTimeout: "2 seconds",
  silencePing: "400 millis",
  pingTimeout: "400 millis",
  idlePing: "2 seconds",
  maxSessions: 4,
  slowDown: { outage: { first: "20 millis", max: "50 millis" } }
}

export interface ClientOptions {
  readonly server: Ready
  readonly replayUnknown: boolean
  /** Notifications under way at a time, at most. */
  readonly concurrency: number
  /** How long all of it may take. */
  readonly deadlineMillis: number
  readonly times: Times
  readonly clock: Clock.Clock
  /** Hears how many are settled. */
  readonly onProgress?: ((settled: number) => void) | undefined
}

export const topic = "com.example.storm"

const notification = (index: number) =>
  Notification.alert({ device: deviceOf(index), id: idOf(index), alert, badge, sound, data, priority: 10 })

/** The Schedule of the library, which also tells of attempts whose outcome is unknown. */
const watching = (outcomes: Outcomes, schedule: Schedule.Schedule<unknown, ApnsError>) =>
  schedule.pipe(
    Schedule.while(({ input }: { readonly input: ApnsError }) => {
      if (input.outcome === "unknown" && input.notificationId !== undefined)
        outcomes.doubt(indexOf(input.notificationId))
      return true
    })
  )

const layer = ({ replayUnknown, server, times }: ClientOptions, outcomes: Outcomes) => {
  const { ca, key, port } = server
  return Apns.layer({
    environment: { host: "127.0.0.1", port, ca },
    credentials: Credentials.token({ ...key, privateKey: Redacted.make(key.privateKey) }),
    topic,
    replayUnknown,
    retry: watching(outcomes, replayUnknown ? Retry.scheduleReplayingUnknown : Retry.schedule),
    ...times
  })
}

/**
 * Sends notifications by number, until each has a result or the time is over; what then has none, `outcomes` shows. The
 * connection is closed when it returns.
 */
export const send = (
  options: ClientOptions,
  indices: Iterable<number>,
  outcomes: Outcomes
): Effect.Effect<void, ApnsError> => {
  let settled = 0
  return sendAll(Stream.fromIterable(indices, { chunkSize: 100 }).pipe(Stream.map(notification)), {
    concurrency: options.concurrency,
    // An expired token is a fault like any other here.
    haltOnFault: false
  }).pipe(
    Stream.runForEachArray((results) =>
      Effect.sync(() => {
        for (const result of results) {
          const reason = result.outcome === "accepted" ? undefined : result.error.reason._tag
          outcomes.say(indexOf(result.notification.device), result.outcome, reason)
        }
        settled += results.length
        options.onProgress?.(settled)
      })
    ),
    Effect.timeoutOption(options.deadlineMillis),
    Effect.asVoid,
    Effect.provide(layer(options, outcomes)),
    Effect.provideService(Clock.Clock, options.clock),
    // Each fault would have its lines.
    Effect.provide(Logger.layer([]))
  )
}
