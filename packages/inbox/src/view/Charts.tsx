import { useEffect, useState } from "preact/hooks"
import { type Bar, barsOf, ceiling, totalOf } from "../model/rate.ts"
import { clockTime } from "../model/time.ts"
import { useView } from "./context.ts"
import { PageHead } from "./parts.tsx"

const width = 960
const height = 220
const left = 48
const bottom = 24
const top = 10

const parts = ["accepted", "refused", "faulted", "lost"] as const
const partNames = { accepted: "Accepted", refused: "Refused", faulted: "Faulted", lost: "Lost" }

const spans: ReadonlyArray<readonly [label: string, bars: number, seconds: number]> = [
  ["2 min", 120, 1],
  ["10 min", 120, 5]
]

const short = (value: number): string => (value >= 1_000 ? `${value / 1_000} k` : String(value))

const BarStack = ({
  bar,
  x,
  size,
  scale
}: {
  readonly bar: Bar
  readonly x: number
  readonly size: number
  readonly scale: number
}) => {
  let y = height - bottom
  return (
    <g>
      {parts.map((part) => {
        const tall = bar[part] * scale
        y -= tall
        return tall === 0 ? null : <rect key={part} class={`fill-${part}`} x={x} y={y} width={size} height={tall} />
      })}
    </g>
  )
}

/** Requests by second, one colour for each outcome. */
const RateChart = ({ bars, perBar }: { readonly bars: ReadonlyArray<Bar>; readonly perBar: number }) => {
  const peak = Math.max(...bars.map(totalOf)) / perBar
  const most = ceiling(peak)
  const scale = (height - bottom - top) / (most * perBar)
  const step = (width - left) / bars.length
  const lines = [0, 0.5, 1].map((share) => share * most)
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`Answers a second; the most was ${Math.round(peak * 10) / 10}`}
    >
      {lines.map((value) => {
        const y = height - bottom - value * perBar * scale
        return (
          <g key={value}>
            <line class="grid" x1={left} x2={width} y1={y} y2={y} />
            <text class="axis" x={left - 8} y={y + 4} text-anchor="end">
              {short(value)}
            </text>
          </g>
        )
      })}
      {bars.map((bar, index) => (
        <BarStack
          key={bar.time}
          bar={bar}
          x={left + index * step + 0.75}
          size={Math.max(1, step - 1.5)}
          scale={scale}
        />
      ))}
      {bars.map((bar, index) =>
        index % 30 === 0 ? (
          <text key={bar.time} class="axis" x={left + index * step} y={height - 6}>
            {clockTime(bar.time)}
          </text>
        ) : null
      )}
    </svg>
  )
}

const Share = ({
  name,
  count,
  most,
  kind
}: {
  readonly name: string
  readonly count: number
  readonly most: number
  readonly kind: string
}) => (
  <li class="share">
    <span class="share-name">{name}</span>
    <span class="share-bar" aria-hidden="true">
      <span class={`back-${kind}`} style={{ width: `${most === 0 ? 0 : (count / most) * 100}%` }} />
    </span>
    <b>{count.toLocaleString("en-GB")}</b>
  </li>
)

export const Charts = () => {
  const { store } = useView()
  const [span, setSpan] = useState(0)
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    store.stats.load()
    const timer = setInterval(() => {
      setNow(Date.now())
      store.stats.refresh()
    }, 1_000)
    return () => clearInterval(timer)
  }, [])
  const [, count, perBar] = spans[span] ?? ["", 120, 1]
  const bars = barsOf(store.seconds.value, now, count, perBar)
  const stats = store.stats.value.value
  const reasons = Object.entries(stats?.reasons ?? {}).sort((a, b) => b[1] - a[1])
  const most = Math.max(0, ...parts.map((part) => stats?.outcomes[part] ?? 0))
  return (
    <div class="page">
      <PageHead title="Charts" text="How many a second, and what became of them." />
      <section class="card" aria-labelledby="rate-title">
        <header class="card-head">
          <h2 id="rate-title">Answers a second</h2>
          <div class="card-actions">
            <ul class="legend">
              {parts.map((part) => (
                <li key={part}>
                  <span class={`swatch back-${part}`} />
                  {partNames[part]}
                </li>
              ))}
            </ul>
            <fieldset class="segments">
              <legend class="visually-hidden">Time shown</legend>
              {spans.map(([label], index) => (
                <button key={label} type="button" aria-pressed={index === span} onClick={() => setSpan(index)}>
                  {label}
                </button>
              ))}
            </fieldset>
          </div>
        </header>
        <RateChart bars={bars} perBar={perBar} />
      </section>
      <div class="columns">
        <section class="card" aria-labelledby="outcomes-title">
          <header class="card-head">
            <h2 id="outcomes-title">Outcomes</h2>
            <span class="muted">{(stats?.received ?? 0).toLocaleString("en-GB")} received</span>
          </header>
          <ul class="shares">
            {parts.map((part) => (
              <Share key={part} name={partNames[part]} count={stats?.outcomes[part] ?? 0} most={most} kind={part} />
            ))}
          </ul>
        </section>
        <section class="card" aria-labelledby="reasons-title">
          <header class="card-head">
            <h2 id="reasons-title">Reasons</h2>
          </header>
          {reasons.length === 0 ? <p class="muted">Nothing was refused.</p> : null}
          <ul class="shares">
            {reasons.map(([reason, times]) => (
              <Share key={reason} name={reason} count={times} most={reasons[0]?.[1] ?? 0} kind="refused" />
            ))}
          </ul>
        </section>
      </div>
    </div>
  )
}
