import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { parse } from "../model/json.ts"
import { Push, shorten } from "../model/push.ts"
import { factsOf } from "../model/pushType.ts"
import { dateTime } from "../model/time.ts"
import { useView } from "./context.ts"
import { Facts } from "./Facts.tsx"
import { Headers } from "./Headers.tsx"
import { Icon } from "./Icon.tsx"
import { Payload } from "./Payload.tsx"
import { Preview } from "./Preview.tsx"
import { AppIcon, CopyButton, Empty, Failure } from "./parts.tsx"
import { Timeline } from "./Timeline.tsx"
import { Verdict } from "./Verdict.tsx"

const Head = ({ detail, push }: { readonly detail: ReceivedDetail; readonly push: Push }) => {
  const { store, go } = useView()
  const { id } = detail
  const exported = (as: "curl" | "apns" | "typescript") => () => store.api.exported(id, as)
  return (
    <header class="detail-head">
      <button
        type="button"
        class="icon-button detail-back"
        aria-label="Back to the list"
        onClick={() => go({ page: "inbox", push: undefined })}
      >
        <Icon name="back" />
      </button>
      <AppIcon app={push.app} size={44} />
      <div class="detail-title">
        <h2>
          <bdi>{push.title}</bdi>
        </h2>
        <p>
          {factsOf(push.type).label} <span aria-hidden="true">·</span> <bdi>{push.app || "no app"}</bdi>{" "}
          <span aria-hidden="true">·</span> {dateTime(detail.time)}
        </p>
      </div>
      <div class="detail-actions">
        <button
          type="button"
          class="button button-main"
          title="Send it to the simulator again (r)"
          onClick={() => store.attempt(() => store.api.replay(id), "Replayed")}
        >
          <Icon name="replay" size={16} />
          Replay
        </button>
        <fieldset class="button-group">
          <legend class="visually-hidden">Copy as</legend>
          <CopyButton label="curl" what="curl command" text={exported("curl")} />
          {detail.kind === "device" ? (
            <>
              <CopyButton label=".apns" what=".apns file" text={exported("apns")} />
              <CopyButton label="TypeScript" what="TypeScript" text={exported("typescript")} />
            </>
          ) : null}
        </fieldset>
      </div>
    </header>
  )
}

const Whole = ({ detail }: { readonly detail: ReceivedDetail }) => {
  const { store } = useView()
  const push = store.push(detail.id) ?? new Push(summaryOf(detail))
  const payload = parse(detail.body)
  return (
    <article class="detail">
      <Head detail={detail} push={push} />
      <div class="detail-columns">
        <div class="detail-main">
          <Verdict detail={detail} />
          {push.isActivity ? <Timeline detail={detail} /> : null}
          <Payload detail={detail} payload={payload} />
          <Facts detail={detail} />
          <Headers detail={detail} />
        </div>
        {detail.kind === "management" || detail.kind === "other" ? null : (
          <Preview detail={detail} push={push} payload={payload} />
        )}
      </div>
    </article>
  )
}

/** A detail is a summary and more, but that its optional parts may be `undefined`. */
const summaryOf = (detail: ReceivedDetail) => {
  const { device, topic, pushType, channel, apnsId, collapseId, maxBytes, scenario, delivery, replaces, ...rest } =
    detail
  const optional = { device, topic, pushType, channel, apnsId, collapseId, maxBytes, scenario, delivery, replaces }
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  return { ...rest, ...present }
}

export const Detail = () => {
  const { store, route } = useView()
  const state = store.details.current.value
  switch (state?._tag) {
    case undefined:
      return (
        <Empty icon="inbox" title="No push is open">
          Choose one with the mouse, or with <kbd>j</kbd> and <kbd>k</kbd>. <kbd>?</kbd> lists all keys.
        </Empty>
      )
    case "loading":
      return <div class="loading" />
    case "failed":
      return (
        <div class="detail">
          <Failure message={state.message} />
          <p>Push {shorten(String(route.value.push ?? ""))} may have been emptied out, or dropped for newer ones.</p>
        </div>
      )
    case "loaded":
      return <Whole key={state.detail.id} detail={state.detail} />
  }
}
