/** Waiting for requests that a filter means. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ReceivedFilter } from "../../ControlModel.ts"
import type { Inbox } from "../../Inbox.ts"
import type { Received } from "../../Received.ts"
import { steadyMillis } from "../steadyMillis.ts"
import { matching } from "./filter.ts"

export interface Waited {
  /** Oldest first. */
  readonly items: ReadonlyArray<Received>
  /** The newest that did not match, when there were too few that did. */
  readonly others: ReadonlyArray<Received>
}

/** Waits until `count` requests that match have their answers, those kept included, for at most `timeout` milliseconds. */
export const waitFor = Effect.fnUntraced(function* (
  inbox: Inbox,
  filter: ReceivedFilter,
  count: number,
  timeout: number
) {
  const matches = matching(filter)
  const found = new Map<number, Received>()
  const until = (yield* steadyMillis) + timeout
  let others: ReadonlyArray<Received> = []
  while (found.size < count) {
    const left = Math.max(0, until - (yield* steadyMillis))
    const next = yield* Effect.result(
      inbox.waitFor((received) => !found.has(received.id) && matches(received), { after: filter.after, timeout: left })
    )
    if (Result.isFailure(next)) {
      others = next.failure.newest.filter(({ id }) => !found.has(id))
      break
    }
    found.set(next.success.id, next.success)
  }
  const items = [...found.values()].sort((a, b) => a.id - b.id)
  return { items, others } satisfies Waited
})
