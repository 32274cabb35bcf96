/** What the device shows, drawn. */
import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { useEffect, useState } from "preact/hooks"
import { type AlertView, alertOf, hasText } from "../model/alert.ts"
import { isObject, type Json, member, parse } from "../model/json.ts"
import { interruptions, remarks, surfaceOf } from "../model/preview.ts"
import { appName, type Push } from "../model/push.ts"
import { factsOf } from "../model/pushType.ts"
import { ActivityCard } from "./ActivityCard.tsx"
import { Banner } from "./Banner.tsx"
import { useView } from "./context.ts"
import { Icon } from "./Icon.tsx"
import { Phone } from "./Phone.tsx"
import { AppIcon } from "./parts.tsx"

/** How many earlier ones lie under the newest on the lock screen. */
const earlierShown = 8

interface Earlier {
  readonly detail: ReceivedDetail
  readonly alert: AlertView
}

/** What lay on the device's lock screen when the push arrived: earlier alerts that nothing has replaced since. */
const useEarlier = (detail: ReceivedDetail): ReadonlyArray<Earlier> => {
  const { store } = useView()
  const [earlier, setEarlier] = useState<ReadonlyArray<Earlier>>([])
  useEffect(() => {
    let stopped = false
    const read = async () => {
      if (detail.device === undefined || surfaceOf(detail) !== "banner") return
      const { device } = detail
      const { items } = await store.api.received({
        device,
        outcome: "accepted",
        before: detail.id,
        limit: earlierShown
      })
      const details = await Promise.all(items.map(({ id }) => store.details.read(id)))
      if (stopped) return
      const replaced = new Set([detail.collapseId])
      const kept: Array<Earlier> = []
      for (const other of details) {
        const alert = alertOf(parse(other.body))
        const isReplaced = other.collapseId !== undefined && replaced.has(other.collapseId)
        replaced.add(other.collapseId)
        if (surfaceOf(other) === "banner" && hasText(alert) && !isReplaced) kept.push({ detail: other, alert })
      }
      setEarlier(kept)
    }
    // A preview without its background is still a preview.
    read().catch(() => {})
    return () => {
      stopped = true
    }
  }, [detail.id])
  return earlier
}

const Stack = ({
  detail,
  push,
  alert
}: {
  readonly detail: ReceivedDetail
  readonly push: Push
  readonly alert: AlertView
}) => {
  const earlier = useEarlier(detail)
  const isMate = (other: Earlier) => other.detail.app === detail.app && other.alert.thread === alert.thread
  const mates = earlier.filter(isMate)
  const others = earlier.filter((other) => !isMate(other)).slice(0, 2)
  return (
    <div class="lock-stack">
      <Banner app={push.app} alert={alert} time="now" group={mates.length} />
      {others.map((other) => (
        <Banner key={other.detail.id} app={other.detail.app ?? ""} alert={other.alert} time="earlier" group={0} />
      ))}
    </div>
  )
}

const Unseen = ({ detail, push }: { readonly detail: ReceivedDetail; readonly push: Push }) => (
  <div class="phone-unseen">
    <Icon name="unseen" size={34} />
    <b>Nothing is shown</b>
    <span>{factsOf(push.type).does ?? detail.preview?.why}</span>
  </div>
)

const Badge = ({ app, badge }: { readonly app: string; readonly badge: number }) => (
  <div class="home-icon">
    <span class="home-icon-frame">
      <AppIcon app={app} size={46} />
      {badge > 0 ? <span class="badge">{badge}</span> : null}
    </span>
    <span>{badge > 0 ? `Badge ${badge}` : "No badge: 0 takes it away"}</span>
  </div>
)

export const Preview = ({
  detail,
  push,
  payload
}: {
  readonly detail: ReceivedDetail
  readonly push: Push
  readonly payload: Json | undefined
}) => {
  const alert = alertOf(payload)
  const surface = surfaceOf(detail)
  const state = member(member(payload, "aps"), "content-state")
  const reached = detail.outcome === "accepted"
  const dark = surface === "unseen" || (surface === "banner" && (alert.level === "passive" || !hasText(alert)))
  return (
    <aside class="preview" aria-label="On the device">
      <Phone time={detail.time} asleep={dark} refused={!reached}>
        {surface === "unseen" ? (
          <Unseen detail={detail} push={push} />
        ) : surface === "liveActivity" ? (
          <div class="lock-stack">
            <ActivityCard app={push.app} payload={payload} state={isObject(state) ? state : undefined} />
            {hasText(alert) ? <Banner app={push.app} alert={alert} time="now" group={0} /> : null}
          </div>
        ) : (
          <Stack detail={detail} push={push} alert={alert} />
        )}
      </Phone>
      {reached ? null : (
        <p class="preview-note preview-note-bad">
          <Icon name="warning" size={16} />
          {detail.outcome === "pending"
            ? "Not answered yet. This is what the device would show."
            : `It did not reach ${appName(push.app)} on the device. This is what it would have shown.`}
        </p>
      )}
      {surface === "unseen" && detail.preview?.why !== undefined ? (
        <p class="preview-note">{detail.preview.why}</p>
      ) : null}
      {surface === "banner" ? (
        <>
          {alert.badge === undefined ? null : <Badge app={push.app} badge={alert.badge} />}
          <dl class="remarks">
            {remarks(alert).map(([term, text]) => (
              <div key={term}>
                <dt class={term === interruptions[alert.level].label ? `level level-${alert.level}` : undefined}>
                  {term}
                </dt>
                <dd>
                  <bdi>{text}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </>
      ) : null}
      {surface === "liveActivity" ? (
        <p class="preview-note">
          The app draws its Live Activity itself. Here are the fields of its content state, in a card of the system's
          form.
        </p>
      ) : null}
    </aside>
  )
}
