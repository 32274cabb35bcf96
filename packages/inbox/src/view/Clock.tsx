import { useEffect, useState } from "preact/hooks"
import { dateTime, duration } from "../model/time.ts"
import { useView } from "./context.ts"

const steps: ReadonlyArray<readonly [label: string, millis: number]> = [
  ["+1 min", 60_000],
  ["+20 min", 1_200_000],
  ["+1 h", 3_600_000],
  ["+1 day", 86_400_000]
]

/** The simulator's clock, to be moved: tokens grow stale and stored pushes expire without waiting. */
export const Clock = () => {
  const { store } = useView()
  const clock = store.clock.value.value
  const [, tick] = useState(0)
  const [read, setRead] = useState(Date.now())
  useEffect(() => setRead(Date.now()), [clock])
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1_000)
    return () => clearInterval(timer)
  }, [])
  if (clock === undefined) return null
  const now = clock.now + (Date.now() - read)
  const move = (change: Parameters<typeof store.api.moveClock>[0]) =>
    store.attempt(async () => store.clock.set(await store.api.moveClock(change)))
  const moved = Math.abs(clock.offset) >= 1_000
  return (
    <section class="card clock" aria-labelledby="clock-title">
      <h2 id="clock-title">The simulator’s clock</h2>
      <p class="clock-time mono">{dateTime(now)}</p>
      <p class="muted">
        {moved ? `${duration(Math.abs(clock.offset))} ${clock.offset > 0 ? "ahead" : "behind"}` : "As this machine’s."}
      </p>
      <div class="clock-steps">
        {steps.map(([label, millis]) => (
          <button key={label} type="button" class="button" onClick={() => move({ _tag: "advance", millis })}>
            {label}
          </button>
        ))}
        <button type="button" class="button" disabled={!moved} onClick={() => move({ _tag: "offset", millis: 0 })}>
          Set right
        </button>
      </div>
      <p class="muted">A provider token is stale after an hour. A push kept for a device that is offline expires.</p>
    </section>
  )
}
