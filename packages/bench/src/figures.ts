/** Numbers as text. */
import type { Spread } from "./statistics.ts"

const missing = "–"

/** A figure with three significant digits at most, thousands apart. */
export const figure = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return missing
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  const rounded = size >= 1_000 ? Number(value.toPrecision(3)) : value
  return rounded.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Thousands, such as `131k` and `9.4k`. */
const thousands = (value: number): string =>
  value >= 100_000 ? (value / 1_000).toFixed(0) : (value / 1_000).toFixed(1)

export const range = (value: Spread | undefined): string =>
  value === undefined ? missing : `${thousands(value.min)}–${thousands(value.max)}k`

export const rangeOf = (value: Spread | undefined): string =>
  value === undefined ? missing : `${figure(value.min)}–${figure(value.max)}`

export const times = (value: Spread | undefined): string =>
  value === undefined ? missing : value.median.toFixed(value.median >= 10 ? 1 : 2)

export const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? missing : (bytes / 2 ** 20).toFixed(0)

export const millis = (micros: number | undefined): string =>
  micros === undefined || Number.isNaN(micros) ? missing : (micros / 1_000).toFixed(micros >= 100_000 ? 0 : 2)

export const count = (value: number | undefined): string => (value === undefined ? missing : value.toLocaleString("en"))
