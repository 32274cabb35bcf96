import type { ReceivedDetail } from "@effect-apns/simulator/ControlModel"
import { useEffect, useState } from "preact/hooks"
import { type ActivityStep, stepsOf } from "../model/activity.ts"
import type { Change } from "../model/diff.ts"
import { brief } from "../model/json.ts"
import { clockTime, dateTime } from "../model/time.ts"
import { useView } from "./context.ts"

/** Longer stories are told from their newest part. */
const stepsShown = 30

const useSteps = (detail: ReceivedDetail): ReadonlyArray<ActivityStep> => {
  const { store } = useView()
  const [steps, setSteps] = useState<ReadonlyArray<ActivityStep>>([])
  const { app, channel, device, kind, topic } = detail
  const newest = store.items.value.findLast(
    ({ summary }) =>
      summary.kind === kind && (kind === "device" ? summary.device === device : summary.channel === channel)
  )?.summary
  useEffect(() => {
    let stopped = false
    const read = async () => {
      const which = kind === "device" ? { device, topic } : { channel, app, kind }
      const present = Object.fromEntries(Object.entries(which).filter(([, value]) => value !== undefined))
      const { items } = await store.api.received({ ...present, limit: stepsShown })
      const details = await Promise.all(items.map(({ id }) => store.details.read(id)))
      if (!stopped) setSteps(stepsOf(details))
    }
    read().catch(() => setSteps(stepsOf([detail])))
    return () => {
      stopped = true
    }
  }, [detail.id, newest?.id, newest?.outcome])
  return steps
}

const ChangeLine = ({ change }: { readonly change: Change }) => (
  <li class="change">
    <span class="change-path mono">
      <bdi>{change.path === "" ? "content-state" : change.path}</bdi>
    </span>
    <span class="change-values mono">
      {change.before === undefined ? null : (
        <del>
          <bdi>{brief(change.before, 60)}</bdi>
        </del>
      )}
      {change.after === undefined ? <span class="muted">removed</span> : null}
      {change.after === undefined ? null : (
        <ins>
          <bdi>{brief(change.after, 60)}</bdi>
        </ins>
      )}
    </span>
  </li>
)

const notes = (step: ActivityStep): ReadonlyArray<string> => [
  ...(step.accepted ? [] : [`Not taken: ${step.answer}.`]),
  ...(step.outOfOrder ? ["An older timestamp than before: the device ignores it."] : []),
  ...(step.alert === undefined ? [] : [`Alerts: ${step.alert}`]),
  ...(step.staleDate === undefined ? [] : [`Stale from ${dateTime(step.staleDate * 1_000)}.`]),
  ...(step.dismissalDate === undefined ? [] : [`Leaves the lock screen ${dateTime(step.dismissalDate * 1_000)}.`])
]

const Step = ({ step, current }: { readonly step: ActivityStep; readonly current: boolean }) => (
  <li
    class={`step step-${step.event}${step.accepted ? "" : " step-refused"}`}
    aria-current={current ? "step" : undefined}
  >
    <div class="step-head">
      <a href={`#/inbox/${step.id}`}>
        <b>{step.event}</b>
      </a>
      <time>{clockTime(step.time)}</time>
    </div>
    {notes(step).map((note) => (
      <p key={note}>
        <bdi>{note}</bdi>
      </p>
    ))}
    {step.changes.length === 0 ? (
      <p class="muted">{step.state === undefined ? "No content state." : "The same content state as before."}</p>
    ) : (
      <ul class="changes">
        {step.changes.map((change) => (
          <ChangeLine key={change.path} change={change} />
        ))}
      </ul>
    )}
  </li>
)

/** The Live Activity's pushes in order, with what each changed. */
export const Timeline = ({ detail }: { readonly detail: ReceivedDetail }) => {
  const steps = useSteps(detail)
  return (
    <section class="card" aria-labelledby="timeline-title">
      <header class="card-head">
        <h3 id="timeline-title">Timeline</h3>
        <span class="muted">
          {detail.kind === "device" ? "Pushes to this token" : "Broadcasts to this channel"}, oldest first
        </span>
      </header>
      <ol class="steps">
        {steps.map((step) => (
          <Step key={step.id} step={step} current={step.id === detail.id} />
        ))}
      </ol>
    </section>
  )
}
