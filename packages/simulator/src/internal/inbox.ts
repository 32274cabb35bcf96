/** The inbox over the log. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Inbox, matchesReceived, NothingReceived, type ReceivedMatch, type WaitForOptions } from "../Inbox.ts"
import type { Received } from "../Received.ts"
import type { Entry } from "./entry.ts"
import { received, type State } from "./state.ts"

const defaultLimit = 100
const defaultTimeout = Duration.seconds(5)
const shownInstead = 5

type Wanted = ReceivedMatch | ((received: Received) => boolean) | undefined

const testOf = (wanted: Wanted): ((received: Received) => boolean) => {
  if (wanted === undefined) return () => true
  return typeof wanted === "function" ? wanted : (one) => matchesReceived(wanted, one)
}

const take = (state: State, entries: Iterable<Entry>, test: (received: Received) => boolean, limit: number) => {
  const found: Array<Received> = []
  for (const entry of entries) {
    if (found.length >= limit) break
    const one = received(state, entry)
    if (test(one)) found.push(one)
  }
  return found
}

const waitFor = (state: State, wanted: Wanted, { after = -1, timeout = defaultTimeout }: WaitForOptions) =>
  Effect.callback<Received>((resume) => {
    const test = testOf(wanted)
    const found = (entry: Entry) => {
      if (entry.isPending || entry.id <= after) return false
      const one = received(state, entry)
      const isWanted = test(one)
      if (isWanted) resume(Effect.succeed(one))
      return isWanted
    }
    for (const entry of state.log.entries(after)) if (found(entry)) return
    const stop = state.log.watch((entry) => {
      if (found(entry)) stop()
    })
    return Effect.sync(stop)
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        Effect.fail(
          new NothingReceived({
            match: typeof wanted === "function" ? undefined : wanted,
            waited: Duration.toMillis(Duration.fromInputUnsafe(timeout)),
            newest: take(state, state.log.newest(), () => true, shownInstead)
          })
        )
    })
  )

export const makeInbox = (state: State): Inbox => ({
  entries: ({ match, after, before, order = "newest", limit = defaultLimit } = {}) =>
    Effect.sync(() => {
      const { log } = state
      const entries = order === "newest" ? log.newest(before) : log.entries(after)
      const isWithin = (id: number) => (after === undefined || id > after) && (before === undefined || id < before)
      const test = testOf(match)
      return take(state, entries, (one) => isWithin(one.id) && test(one), limit)
    }),
  get: (id) =>
    Effect.sync(() => {
      const entry = state.log.get(id)
      return entry === undefined ? undefined : received(state, entry)
    }),
  waitFor: (match, options = {}) => waitFor(state, match, options),
  summary: Effect.sync(() => {
    const { firstId, nextId, bytes } = state.log
    return { firstId, lastId: nextId - 1, kept: nextId - firstId, keptBytes: bytes }
  }),
  clear: Effect.sync(() => {
    state.log.clear()
    state.events.publish({ _tag: "cleared" })
  })
})
