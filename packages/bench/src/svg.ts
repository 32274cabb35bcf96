/** A plot of the throughput: a bar for each client, its median, and a line from its slowest round to its fastest. */
import { figure, times } from "./figures.ts"
import type { Row } from "./summary.ts"

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** A round number at or above, for the end of the axis. */
export const niceCeiling = (value: number): number => {
  if (!(value > 0)) return 1
  const unit = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= value) ?? 10) * unit
}

const width = 760
const left = 170
const right = 150
const top = 44
const rowHeight = 28
const barHeight = 16

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 11px; fill: #59636e }
  .title { font-weight: 600 }
  .ours { fill: #2563eb } .limit { fill: #8b949e } .peer { fill: #d97706 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .spread { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #30363d } .spread { stroke: #e6edf3 }
  }`

export const plot = (rows: ReadonlyArray<Row>, title: string): string => {
  const shown = rows
    .flatMap((row) => (row.perSecond === undefined ? [] : [{ ...row, perSecond: row.perSecond }]))
    .toSorted((a, b) => b.perSecond.median - a.perSecond.median)
  const end = niceCeiling(Math.max(0, ...shown.map(({ perSecond }) => perSecond.max)))
  const x = (value: number) => Number((left + (value / end) * (width - left - right)).toFixed(1))
  const bottom = top + shown.length * rowHeight
  const height = bottom + 50
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
    `<line class="grid" x1="${x(part * end)}" y1="${top - 6}" x2="${x(part * end)}" y2="${bottom}"/>`,
    `<text class="small" x="${x(part * end)}" y="${bottom + 16}" text-anchor="middle">${figure(part * end).replace(/\.00$/, "")}</text>`
  ])
  const bars = shown.flatMap(({ label, kind, perSecond, toH2load }, index) => {
    const y = top + index * rowHeight
    const middle = y + barHeight / 2
    const aside = toH2load === undefined ? "" : ` · ${times(toH2load)} × h2load`
    return [
      `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${kind}" x="${left}" y="${y}" width="${Math.max(1, x(perSecond.median) - left).toFixed(1)}" height="${barHeight}" rx="2"/>`,
      `<line class="spread" x1="${x(perSecond.min)}" y1="${middle}" x2="${x(perSecond.max)}" y2="${middle}"/>`,
      `<text class="small" x="${x(Math.max(perSecond.median, perSecond.max)) + 8}" y="${middle + 4}">${figure(perSecond.median)}${escaped(aside)}</text>`
    ]
  })
  const legend = "Blue: this library. Grey: the limits. Orange: peers. Bar: median; line: slowest to fastest round."
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}\n</style>`,
    `<text class="title" x="12" y="22">${escaped(title)}</text>`,
    ...grid,
    ...bars,
    `<text class="small" x="12" y="${height - 10}">${legend}</text>`,
    "</svg>",
    ""
  ].join("\n")
}
