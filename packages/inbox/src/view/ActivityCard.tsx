import { brief, type Json, type JsonObject, member, textAt } from "../model/json.ts"
import { appName } from "../model/push.ts"
import { AppIcon } from "./parts.tsx"

/** A card has room for so many fields. */
const fieldsShown = 5

const events: Readonly<Record<string, string>> = { start: "started", update: "updated", end: "ended" }

interface Props {
  readonly app: string
  readonly payload: Json | undefined
  readonly state: JsonObject | undefined
}

/** A Live Activity on the lock screen: its app draws it, so here are its fields. */
export const ActivityCard = ({ app, payload, state }: Props) => {
  const aps = member(payload, "aps")
  const event = textAt(aps, "event") ?? ""
  const fields = Object.entries(state ?? {})
  return (
    <div class={`activity activity-${event}`}>
      <div class="activity-head">
        <AppIcon app={app} size={24} />
        <b>{textAt(aps, "attributes-type") ?? appName(app)}</b>
        <span>{Object.hasOwn(events, event) ? events[event] : "no event"}</span>
      </div>
      {fields.length === 0 ? <div class="activity-none">No content state</div> : null}
      <div class="activity-fields">
        {fields.slice(0, fieldsShown).map(([name, value]) => (
          <div key={name}>
            <span>
              <bdi>{name}</bdi>
            </span>
            <b>
              <bdi>{brief(value, 40)}</bdi>
            </b>
          </div>
        ))}
      </div>
      {fields.length > fieldsShown ? <div class="activity-none">{fields.length - fieldsShown} more fields</div> : null}
    </div>
  )
}
