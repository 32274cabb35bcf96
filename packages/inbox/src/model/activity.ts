/** The story of a Live Activity, told from its pushes (Apple, "Starting and updating Live Activities"). */
import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { type Change, diff } from "./diff.ts"
import { brief, type Json, member, numberAt, parse, textAt } from "./json.ts"

export interface ActivityStep {
  readonly id: number
  readonly event: string
  readonly time: number
  readonly accepted: boolean
  readonly answer: string
  readonly attributesType: string | undefined
  readonly state: Json | undefined
  /** Against the accepted step before it; every field of the first. */
  readonly changes: ReadonlyArray<Change>
  readonly staleDate: number | undefined
  readonly dismissalDate: number | undefined
  readonly alert: string | undefined
  /** Why the device would not take it, as an older one came later. */
  readonly outOfOrder: boolean
}

const stepOf = (detail: ReceivedDetail, before: Json | undefined, newest: number): ActivityStep => {
  const aps = member(parse(detail.body), "aps")
  const state = member(aps, "content-state")
  const alert = member(aps, "alert")
  const title = textAt(alert, "title") ?? textAt(alert, "body")
  return {
    id: detail.id,
    event: textAt(aps, "event") ?? "none",
    time: detail.time,
    accepted: detail.outcome === "accepted",
    answer: detail.reason ?? detail.outcome,
    attributesType: textAt(aps, "attributes-type"),
    state,
    changes: state === undefined ? [] : diff(before ?? {}, state),
    staleDate: numberAt(aps, "stale-date"),
    dismissalDate: numberAt(aps, "dismissal-date"),
    alert: title === undefined ? undefined : brief(title, 120),
    outOfOrder: (numberAt(aps, "timestamp") ?? newest) < newest
  }
}

/** The steps of one activity, oldest first, from requests in any order. */
export const stepsOf = (details: ReadonlyArray<ReceivedDetail>): ReadonlyArray<ActivityStep> => {
  let state: Json | undefined
  let newest = 0
  return details
    .toSorted((a, b) => a.id - b.id)
    .map((detail) => {
      const step = stepOf(detail, state, newest)
      if (step.accepted && !step.outOfOrder) {
        if (step.state !== undefined) state = step.state
        newest = numberAt(member(parse(detail.body), "aps"), "timestamp") ?? newest
      }
      return step
    })
}
