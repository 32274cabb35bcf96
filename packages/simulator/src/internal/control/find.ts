/** Looking through the requests kept, newest or oldest first, by a filter. */
import * as Effect from "effect/Effect"
import type { ReceivedFilter } from "../../ControlModel.ts"
import type { Inbox } from "../../Inbox.ts"
import type { Received } from "../../Received.ts"
import { matching } from "./filter.ts"

/** Requests looked at in one go; between two goes the server serves others. */
const stride = 1_000

export interface Found {
  readonly items: ReadonlyArray<Received>
  /** Whether there may be more. */
  readonly more: boolean
}

/** At most `limit` requests that match, with ids below `before`, newest first. */
export const findNewest = Effect.fnUntraced(function* (
  inbox: Inbox,
  filter: ReceivedFilter,
  before: number | undefined,
  limit: number
) {
  const matches = matching(filter)
  const items: Array<Received> = []
  let below = before
  for (;;) {
    const looked = yield* inbox.entries({ after: filter.after, before: below, limit: stride })
    for (const received of looked) {
      if (!matches(received)) continue
      if (items.length === limit) return { items, more: true }
      items.push(received)
    }
    below = looked.at(-1)?.id
    if (below === undefined || looked.length < stride) return { items, more: false }
    yield* Effect.yieldNow
  }
})

/** At most `limit` requests that match, with ids above `filter.after`, oldest first. */
export const findOldest = Effect.fnUntraced(function* (inbox: Inbox, filter: ReceivedFilter, limit: number) {
  const matches = matching(filter)
  const items: Array<Received> = []
  let above = filter.after
  for (;;) {
    const looked = yield* inbox.entries({ after: above, order: "oldest", limit: stride })
    for (const received of looked) {
      if (items.length === limit) return items
      if (matches(received)) items.push(received)
    }
    above = looked.at(-1)?.id
    if (above === undefined || looked.length < stride) return items
    yield* Effect.yieldNow
  }
})
