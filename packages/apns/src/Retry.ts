/**
 * When to try again, as a Schedule.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ApnsError } from "./ApnsError.ts"
import { halts } from "./internal/fault.ts"

/**
 * Whether trying again may help and cannot make a duplicate: the action is `"retry"` or `"reconnect"`, or `"retryLater"` of
 * a refusal that says how much later (`retryAfter`), and the outcome is not `"unknown"`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRetryable = (error: ApnsError): boolean =>
  error.outcome !== "unknown" &&
  (error.action === "retry" ||
    error.action === "reconnect" ||
    (error.action === "retryLater" && retryAfter(error) !== undefined))

/**
 * Whether every further notification would meet the same: a fault of the credentials, the settings or the way to APNs, or
 * what `sendAll` held back for one. It says nothing of the notification, which can be sent when the fault is mended.
 *
 * @category guards
 * @since 0.1.0
 */
export const isHalting = ({ reason }: ApnsError): boolean => halts(reason)

/** What APNs asks to wait; never documented by Apple, honoured when present. */
const retryAfter = ({ reason }: ApnsError): Duration.Duration | undefined =>
  "retryAfter" in reason ? reason.retryAfter : undefined

/** A stream that the server turned away while closing can go out again at once, on another session. */
const turnedAway = ({ reason }: ApnsError) => reason._tag === "ConnectionFailed" && reason.step === "stream"

/**
 * Nothing came to APNs, for a reason that passes: nothing speaks against sending it again (RFC 9113, 8.7), so only the
 * deadline ends that.
 */
const isUnsent = ({ action, outcome }: ApnsError) => outcome === "unsent" && action === "retry"

/** Not to be asked for without a pause, where a connection is not this library's own and has no pace. */
const shortest = Duration.millis(100)

const retries = (worthwhile: (error: ApnsError) => boolean): Schedule.Schedule<unknown, ApnsError> =>
  Schedule.min([Schedule.exponential(shortest), Schedule.spaced("10 seconds")]).pipe(
    Schedule.jittered,
    Schedule.setInputType<ApnsError>(),
    Schedule.while(({ input, attempt }) => worthwhile(input) && (attempt <= 4 || isUnsent(input))),
    Schedule.modifyDelay(({ input, duration, attempt }) => Effect.succeed(delayOf(input, duration, attempt)))
  )

const delayOf = (error: ApnsError, pause: Duration.Duration, attempt: number): Duration.Duration => {
  if (turnedAway(error)) return attempt === 1 ? Duration.zero : pause
  // The next connection waits as long as the failures before it make it wait; a longer pause here would only miss it.
  if (isUnsent(error)) return Duration.min(pause, shortest)
  return Duration.max(pause, retryAfter(error) ?? Duration.zero)
}

/**
 * The default: what APNs provably did not process is tried again for as long as the deadline allows; what it refused for a
 * passing fault up to four times, after 100 ms, 200 ms, 400 ms and 800 ms with 20 % of jitter, later where the answer asks
 * for it (`retry-after`). A 429 is tried again only where it asks so.
 *
 * **Details**
 *
 * A stream that the server turned away goes out again at once the first time, and then no more than 10 seconds apart. What
 * found no connection waits for the next one, which `ApnsConnection` opens after 100 ms, then twice as long after each
 * failure, 10 seconds at most.
 *
 * A retry that could only begin after the deadline is not waited for: `send` fails with the last error instead. Apple's
 * advice to wait 15 minutes after a 5xx (Apple, "Handling notification responses from APNs") is for an outage that lasts:
 * then `send` fails and the caller decides.
 *
 * @category schedules
 * @since 0.1.0
 */
export const schedule: Schedule.Schedule<unknown, ApnsError> = retries(isRetryable)

/**
 * The default with `replayUnknown`: the same, and notifications whose outcome is unknown are tried again too. They may
 * then arrive twice.
 *
 * @category schedules
 * @since 0.1.0
 */
export const scheduleReplayingUnknown: Schedule.Schedule<unknown, ApnsError> = retries(
  (error) => error.outcome === "unknown" || isRetryable(error)
)
