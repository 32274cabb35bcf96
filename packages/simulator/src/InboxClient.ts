/**
 * The inbox of a simulator that runs in another process, with the face of one in this process: a test written against it runs
 * against either.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as Layer from "effect/Layer"
import { ControlApi } from "./ControlApi.ts"
import type { ReceivedFilter } from "./ControlModel.ts"
import {
  type Inbox,
  type InboxQuery,
  matchesReceived,
  NothingReceived,
  type ReceivedMatch,
  type WaitForOptions
} from "./Inbox.ts"
import { steadyMillis } from "./internal/steadyMillis.ts"
import type { Received } from "./Received.ts"
import { Simulator } from "./Simulator.ts"

/**
 * An inbox.
 *
 * **Details**
 *
 * What cannot be reached is a defect, not an error: a test has nothing to do about it.
 *
 * **Example** (Waiting for what another program sends)
 *
 * ```ts
 * import { InboxClient } from "@effect-apns/simulator/InboxClient"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const inbox = yield* InboxClient
 *   yield* inbox.clear
 *   // … have the program under test send …
 *   return yield* inbox.waitFor({ topic: "com.example.app", outcome: "accepted" }, { timeout: "10 seconds" })
 * })
 *
 * export const received = program.pipe(Effect.provide(InboxClient.layer({ url: "http://127.0.0.1:8197" })))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class InboxClient extends Context.Service<InboxClient, Inbox>()("@effect-apns/simulator/InboxClient") {
  /** The inbox behind a control server. `url`: its address, as `http://127.0.0.1:8197`. */
  static readonly layer = (options: { readonly url: string }): Layer.Layer<InboxClient> =>
    Layer.effect(InboxClient, make(options.url)).pipe(Layer.provide(FetchHttpClient.layer))

  /** The inbox of the simulator in this process. */
  static readonly layerLocal: Layer.Layer<InboxClient, never, Simulator> = Layer.effect(
    InboxClient,
    Effect.map(Simulator, ({ inbox }) => inbox)
  )
}

const pageSize = 200
const shownInstead = 5
const mostWaitedFor = 1_000
const longestWaitMillis = 300_000
const defaultTimeout = Duration.seconds(5)

/** What of a match the server can look for by itself; the rest is looked at here. */
const filterOf = ({ kind, connection, device, topic, pushType, channel, collapseId, ...rest }: ReceivedMatch) => {
  const { status, reason, scenario, text } = rest
  const fields = { kind, connection, device, topic, pushType, channel, collapseId, status, reason, scenario, text }
  // Sound: the keys that are left have a value.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReceivedFilter
}

const testOf = (match: ReceivedMatch | ((received: Received) => boolean) | undefined) =>
  typeof match === "function" ? match : (received: Received) => matchesReceived(match ?? {}, received)

const make = Effect.fnUntraced(function* (url: string) {
  const client = yield* HttpApiClient.make(ControlApi, {
    transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(url))
  })
  const { received } = client

  const entries = Effect.fnUntraced(function* (query: InboxQuery) {
    const { match = {}, order = "newest", limit = 100 } = query
    const test = testOf(match)
    const items: Array<Received> = []
    let { after, before } = query
    for (;;) {
      const page = yield* received.whole({
        query: {
          ...filterOf(match),
          ...(after === undefined ? {} : { after }),
          ...(before === undefined ? {} : { before }),
          order,
          limit: pageSize
        }
      })
      for (const one of page) {
        if (items.length >= limit) break
        if (test(one)) items.push(one)
      }
      const last = page.at(-1)
      if (items.length >= limit || page.length < pageSize || last === undefined) return items
      if (order === "newest") before = last.id
      else after = last.id
    }
  }, Effect.orDie)

  const waitFor = Effect.fnUntraced(function* (
    match: ReceivedMatch | ((received: Received) => boolean) | undefined,
    { after = 0, timeout = defaultTimeout }: WaitForOptions
  ) {
    const test = testOf(match)
    const filter = typeof match === "function" ? {} : filterOf(match ?? {})
    const waited = Duration.toMillis(Duration.fromInputUnsafe(timeout))
    const until = (yield* steadyMillis) + waited
    const others = new Set<number>()
    let above = after
    for (;;) {
      const left = Math.min(longestWaitMillis, Math.max(0, until - (yield* steadyMillis)))
      const query = { ...filter, after: above, count: others.size + 1, timeout: left }
      const { items, matched } = yield* Effect.orDie(received.waitFor({ query }))
      const found = items.find((one) => !others.has(one.id) && test(one))
      if (found !== undefined) return found
      if (!matched && left < longestWaitMillis) break
      for (const { id } of items) others.add(id)
      if (others.size < mostWaitedFor) continue
      above = Math.max(...others)
      others.clear()
    }
    const newest = yield* entries({ limit: shownInstead })
    return yield* new NothingReceived({ match: typeof match === "function" ? undefined : match, waited, newest })
  })

  return InboxClient.of({
    entries: (query = {}) => entries(query),
    get: (id) =>
      received.get({ params: { id } }).pipe(
        Effect.catchTag("NotFound", () => Effect.succeed(undefined)),
        Effect.orDie
      ),
    waitFor: (match, options = {}) => waitFor(match, options),
    summary: Effect.orDie(received.summary()),
    clear: Effect.orDie(received.clear())
  })
})
