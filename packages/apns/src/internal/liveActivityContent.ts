/**
 * From the options of a Live Activity's push or broadcast to its content. Nothing is checked here: what does not fit is
 * handed on, for the Schema to refuse in its words when the body is made.
 */
import * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import * as LiveActivity from "../LiveActivity.ts"
import type { End, Event, Start, Update } from "../LiveActivityPush.ts"
import type { Content } from "../Notification.ts"
import { writerOf } from "./liveActivityWriter.ts"

/** Past on every clock. */
const longAgo = DateTime.makeUnsafe(1000)

/** An instant as the Schema takes it. A plain number stays one: its unit would be a guess. */
const instant = (given: unknown): unknown => {
  if (DateTime.isDateTime(given)) return DateTime.toUtc(given)
  return given instanceof Date && !Number.isNaN(given.getTime()) ? DateTime.makeUnsafe(given) : given
}

const common = ({
  alert,
  extra,
  staleDate,
  timestamp
}: Event & { readonly alert?: LiveActivity.Alert | undefined }) => ({
  timestamp: timestamp === undefined ? DateTime.nowUnsafe() : instant(timestamp),
  alert,
  staleDate: instant(staleDate),
  extra
})

const content = (schema: Schema.Encoder<unknown>, aps: object, data: Schema.JsonObject = {}): Content => ({
  _tag: "Typed",
  schema,
  value: { aps, data },
  write: writerOf(schema)
})

/** The content of a push that starts an activity. */
export const start = <Attributes, State>(options: Start<Attributes, State>): Content => {
  const { activity, attributes, contentState, inputPushChannel, inputPushToken, relevanceScore } = options
  const attributesType = activity === undefined ? options.attributesType : activity.attributesType
  return content(
    (activity ?? LiveActivity).payloads.start,
    {
      event: "start",
      ...common(options),
      attributesType,
      attributes,
      contentState,
      inputPushToken,
      inputPushChannel,
      relevanceScore
    },
    options.data
  )
}

/** The content of a push or broadcast that updates an activity. */
export const update = <State>(options: Update<State>): Content => {
  const { activity, contentState, relevanceScore } = options
  return content(
    (activity ?? LiveActivity).payloads.update,
    { event: "update", ...common(options), contentState, relevanceScore },
    options.data
  )
}

/** The content of a push or broadcast that ends an activity. */
export const end = <State>(options: End<State>): Content => {
  const { activity, contentState, dismissalDate } = options
  return content(
    (activity ?? LiveActivity).payloads.end,
    {
      event: "end",
      ...common(options),
      contentState,
      dismissalDate: dismissalDate === "now" ? longAgo : instant(dismissalDate)
    },
    options.data
  )
}
