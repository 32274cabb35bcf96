import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { outcomeName } from "../model/push.ts"
import { clockTime, dateTime } from "../model/time.ts"
import { Icon, type IconName } from "./Icon.tsx"

const certainties = {
  documented: "",
  observed: "Seen from APNs, not documented.",
  inferred: "Inferred: Apple names no reason for it."
}

const deliveryText = ({ delivery }: ReceivedDetail): string | undefined => {
  switch (delivery?._tag) {
    case undefined:
      return undefined
    case "delivered":
      return `Reached the device at ${clockTime(delivery.time)}.`
    case "stored":
      return `The device is offline. Kept for it${delivery.until === undefined ? "" : ` until ${dateTime(delivery.until)}`}: one push for each app, the newest.`
    case "replaced":
      return `Never reached the device: while it was offline a newer push of the app, ${delivery.by}, took its place.`
    case "expired":
      return `Never reached the device: it was offline until this push expired, ${dateTime(delivery.time)}.`
    case "discarded":
      return "Never reached the device: it was offline, and an expiration of 0 means one attempt."
  }
}

const unanswered = {
  pending: "Its answer is still to come.",
  silence: "The simulator was told not to answer. The client's own deadline decides.",
  reset: "The stream was reset. Whether APNs took the push is then unknown, unless the code was REFUSED_STREAM.",
  goAway: "A GOAWAY left it unprocessed: it is safe to send it again on another connection.",
  disconnect: "The connection was cut before the answer. Whether APNs took the push is then unknown.",
  closed: "The client closed the stream or the connection before its answer."
}

const icons = {
  accepted: "check",
  refused: "close",
  faulted: "scenarios",
  pending: "clock",
  lost: "warning"
} as const satisfies Record<ReceivedDetail["outcome"], IconName>

const headline = ({ answer, outcome, status }: ReceivedDetail): string => {
  if (answer._tag === "answered") return answer.reason ?? (outcome === "accepted" ? "Accepted" : String(status))
  return outcomeName(outcome)
}

/** What APNs answered, the rule it follows, and what to change. */
export const Verdict = ({ detail }: { readonly detail: ReceivedDetail }) => {
  const { answer, explanation, outcome, scenario } = detail
  const delivery = deliveryText(detail)
  return (
    <section class={`card verdict verdict-${outcome}`} aria-label="Verdict">
      <span class="verdict-icon">
        <Icon name={icons[outcome]} size={20} />
      </span>
      <div class="verdict-text">
        <h3>
          {answer._tag === "answered" ? `${answer.status} ` : ""}
          {headline(detail)}
        </h3>
        {outcome === "accepted" && delivery === undefined ? (
          <p>APNs took it. That says nothing of its delivery.</p>
        ) : null}
        {delivery === undefined ? null : <p>{delivery}</p>}
        {answer._tag === "unanswered" ? <p>{unanswered[answer.why]}</p> : null}
        {scenario === undefined ? null : (
          <p>
            Decided by the scenario <a href="#/scenarios">{scenario.name}</a>
            {explanation === undefined ? "." : ", not by the rule that it breaks:"}
          </p>
        )}
        {explanation === undefined ? null : (
          <>
            <p>{explanation.says}</p>
            <p class="verdict-fix">
              <b>Fix</b> {explanation.fix}
            </p>
            <p class="source">
              {explanation.source === "" ? "" : `Apple, “${explanation.source}”. `}
              {certainties[explanation.certainty]}
              {explanation.option === undefined ? null : (
                <>
                  {" "}
                  The simulator’s option <code>{explanation.option}</code> decides it.
                </>
              )}
            </p>
          </>
        )}
      </div>
    </section>
  )
}
