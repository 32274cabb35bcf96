/** Spans of time in a few letters. */

const units = [
  ["day", 86_400],
  ["h", 3600],
  ["min", 60]
] as const

/** The largest unit of which there are two at least, rounded down: `90 s`, `25 min`, `3 h`, `40 days`. */
export const span = (seconds: number): string => {
  const found = units.find(([, size]) => seconds >= 2 * size)
  if (found === undefined) return `${Math.floor(seconds)} s`
  const [unit, size] = found
  return `${Math.floor(seconds / size).toLocaleString("en")} ${unit === "day" ? "days" : unit}`
}
