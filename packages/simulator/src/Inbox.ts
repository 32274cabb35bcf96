/**
 * What the simulator received, to be looked through and waited for.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Received } from "./Received.ts"

/**
 * Which requests are meant. Every given field must match; no field matches every request.
 *
 * **Details**
 *
 * - `kind`, `connection`, `topic`, `pushType`, `bundleId`, `channel`, `collapseId`, `method`, `path`: as in `Received`.
 * - `device`: the token, without regard to case.
 * - `apnsId`: the id the request carried or the answer gave, without regard to case.
 * - `outcome`: `accepted` for an answer below 400, `rejected` for another answer, `unanswered` for none.
 * - `status`, `reason`: of the answer.
 * - `scenario`: id of the scenario applied.
 * - `text`: what path, headers or body contain, without regard to case.
 *
 * @category models
 * @since 0.1.0
 */
export const ReceivedMatch = Schema.Struct({
  kind: Schema.optional(Schema.Literals(["device", "broadcast", "management", "other"])),
  connection: Schema.optional(Schema.Int),
  device: Schema.optional(Schema.String),
  topic: Schema.optional(Schema.String),
  pushType: Schema.optional(Schema.String),
  bundleId: Schema.optional(Schema.String),
  channel: Schema.optional(Schema.String),
  collapseId: Schema.optional(Schema.String),
  method: Schema.optional(Schema.String),
  path: Schema.optional(Schema.String),
  apnsId: Schema.optional(Schema.String),
  outcome: Schema.optional(Schema.Literals(["accepted", "rejected", "unanswered"])),
  status: Schema.optional(Schema.Int),
  reason: Schema.optional(Schema.String),
  scenario: Schema.optional(Schema.String),
  text: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReceivedMatch = typeof ReceivedMatch.Type

const outcomeOf = ({ answer }: Received) =>
  answer._tag === "unanswered" ? "unanswered" : answer.status < 400 ? "accepted" : "rejected"

const sameText = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase()

const contains = (received: Received, text: string): boolean => {
  const wanted = text.toLowerCase()
  const has = (value: string) => value.toLowerCase().includes(wanted)
  return has(received.path) || has(received.body) || received.headers.some(([name, value]) => has(`${name}: ${value}`))
}

const same = ["kind", "connection", "topic", "pushType", "bundleId", "channel", "collapseId", "method", "path"] as const

/**
 * Whether a request is one of those meant.
 *
 * @category guards
 * @since 0.1.0
 */
export const matchesReceived = (match: ReceivedMatch, received: Received): boolean => {
  if (same.some((name) => match[name] !== undefined && match[name] !== received[name])) return false
  const { answer } = received
  const answered = answer._tag === "answered" ? answer : undefined
  const { apnsId } = match
  return (
    (match.device === undefined || sameText(received.device, match.device)) &&
    (apnsId === undefined || sameText(received.apnsId, apnsId) || sameText(answered?.apnsId, apnsId)) &&
    (match.outcome === undefined || match.outcome === outcomeOf(received)) &&
    (match.status === undefined || match.status === answered?.status) &&
    (match.reason === undefined || match.reason === answered?.reason) &&
    (match.scenario === undefined || match.scenario === received.scenario?.id) &&
    (match.text === undefined || contains(received, match.text))
  )
}

/**
 * Which requests to list.
 *
 * **Details**
 *
 * - `match`: default every request.
 * - `after`, `before`: only ids above, or below; an id need not be kept.
 * - `order`: `newest` (default) first, or `oldest` first.
 * - `limit`: how many at most; default 100.
 *
 * @category models
 * @since 0.1.0
 */
export const InboxQuery = Schema.Struct({
  match: Schema.optional(ReceivedMatch),
  after: Schema.optional(Schema.Int),
  before: Schema.optional(Schema.Int),
  order: Schema.optional(Schema.Literals(["newest", "oldest"])),
  limit: Schema.optional(Schema.Int)
})

/**
 * @category models
 * @since 0.1.0
 */
export type InboxQuery = typeof InboxQuery.Type

/**
 * How much there is.
 *
 * **Details**
 *
 * - `firstId`, `lastId`: ids of the oldest request kept and of the newest one received. With nothing kept, `firstId` is
 *   the id the next request gets; with nothing received, `lastId` is one below it.
 * - `kept`: requests kept. `keptBytes`: about the memory their text takes.
 *
 * @category models
 * @since 0.1.0
 */
export const InboxSummary = Schema.Struct({
  firstId: Schema.Int,
  lastId: Schema.Int,
  kept: Schema.Int,
  keptBytes: Schema.Int
})

/**
 * @category models
 * @since 0.1.0
 */
export type InboxSummary = typeof InboxSummary.Type

/**
 * No request that matches came in time.
 *
 * **Details**
 *
 * - `waited`: milliseconds. `newest`: the newest requests kept, for a look at what came instead.
 *
 * @category errors
 * @since 0.1.0
 */
export class NothingReceived extends Data.TaggedError("NothingReceived")<{
  readonly match: ReceivedMatch | undefined
  readonly waited: number
  readonly newest: ReadonlyArray<Received>
}> {
  override get message() {
    const wanted = this.match === undefined ? "" : ` that matches ${JSON.stringify(this.match)}`
    const lines = this.newest.map(({ method, kind, topic, pushType, answer }) => {
      const outcome = answer._tag === "answered" ? `${answer.status} ${answer.reason ?? ""}` : answer.why
      return `  ${method} ${kind} ${topic ?? ""} ${pushType ?? ""}: ${outcome}`
    })
    const instead = lines.length === 0 ? "nothing was received" : `the newest received:\n${lines.join("\n")}`
    return `no request${wanted} within ${this.waited} ms; ${instead}`
  }
}

/**
 * How long to wait, and from where on.
 *
 * **Details**
 *
 * - `after`: only requests with a higher id; default every request still kept.
 * - `timeout`: default 5 seconds, by Effect's `Clock`.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitForOptions {
  readonly after?: number | undefined
  readonly timeout?: Duration.Input | undefined
}

/**
 * The requests received.
 *
 * **Example** (Waiting for a push)
 *
 * ```ts
 * import { payloadOf, type Simulator } from "@effect-apns/simulator"
 * import { Effect } from "effect"
 *
 * export const greeting = (simulator: Simulator["Service"]) =>
 *   Effect.map(simulator.inbox.waitFor({ pushType: "alert", outcome: "accepted" }), payloadOf)
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface Inbox {
  /** Requests kept that match, pending ones included. */
  readonly entries: (query?: InboxQuery) => Effect.Effect<ReadonlyArray<Received>>
  /** One request; `undefined` when it is not kept. */
  readonly get: (id: number) => Effect.Effect<Received | undefined>
  /**
   * The oldest request kept that matches, else the next one to come. A request counts once it is answered, or surely will
   * never be.
   */
  readonly waitFor: (
    match?: ReceivedMatch | ((received: Received) => boolean),
    options?: WaitForOptions
  ) => Effect.Effect<Received, NothingReceived>
  readonly summary: Effect.Effect<InboxSummary>
  /** Forgets the requests. Their ids are not given again, and devices keep what is stored for them. */
  readonly clear: Effect.Effect<void>
}
