/** A terminal's screen as SVG, for readers with a light and with a dark page. */
import type { Run, Screen } from "./record.ts"

const cell = { width: 8.43, height: 19 }
const padding = 16
const columns = 80

/** The sixteen colours, as terminals on a light and on a dark ground have them. */
const light = ["24292f", "b42318", "116329", "8a5a00", "0550ae", "8250df", "1b7c83", "57606a"]
const dark = ["8b949e", "ff7b72", "56d364", "e3b341", "79c0ff", "d2a8ff", "56d4dd", "e6edf3"]

const palette = (colors: ReadonlyArray<string>) =>
  colors.map((color, index) => `.c${index},.c${index + 8}{fill:#${color}}`).join("")

const css = [
  'text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#24292f}',
  `.screen{fill:#f6f8fa;stroke:#d0d7de}.b{font-weight:700}.d{opacity:.62}${palette(light)}`,
  `@media(prefers-color-scheme:dark){text{fill:#e6edf3}.screen{fill:#0d1117;stroke:#30363d}${palette(dark)}}`
].join("")

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const number = (value: number) => String(Number(value.toFixed(2)))

const textOf = ({ text, column, width, color, bold, dim }: Run, row: number): string => {
  const trimmed = text.trim()
  if (trimmed === "") return ""
  const indent = text.length - text.trimStart().length
  const after = text.length - text.trimEnd().length
  const classes = [color === undefined ? [] : [`c${color}`], bold ? ["b"] : [], dim ? ["d"] : []].flat()
  const x = number(padding + (column + indent) * cell.width)
  const y = number(padding + row * cell.height + 14)
  // Every font gets the same width, so that columns stay columns.
  const length = number((width - indent - after) * cell.width)
  const looks = classes.length === 0 ? "" : ` class="${classes.join(" ")}"`
  return `<text x="${x}" y="${y}" textLength="${length}"${looks}>${escaped(trimmed)}</text>`
}

/** The picture; `title` is what it is for those who do not see it. */
export const svg = (screen: Screen, title: string): string => {
  const width = number(columns * cell.width + 2 * padding)
  const height = number(screen.length * cell.height + 2 * padding)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${css}</style>`,
    `<rect class="screen" x=".5" y=".5" width="${number(Number(width) - 1)}" height="${number(Number(height) - 1)}" rx="8"/>`,
    ...screen.flatMap((runs, row) => runs.map((run) => textOf(run, row))).filter((line) => line !== ""),
    "</svg>\n"
  ].join("\n")
}
