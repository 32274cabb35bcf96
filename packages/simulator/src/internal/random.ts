/** Numbers that look random and are the same for the same seed, and times drawn with them. */
import type { Delay } from "../Scenario.ts"

/** The next number, from 0 to below 1. */
export type Random = () => number

/** Mulberry32: small, fast, and good enough for a simulation. */
export const random = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

type Points = ReadonlyArray<readonly [percentile: number, value: number]>

const between = (points: Points, percentile: number): number => {
  let [lowest = 0, low = 0] = points[0] ?? []
  for (const [highest, high] of points) {
    if (percentile <= highest) {
      const part = highest === lowest ? 1 : (percentile - lowest) / (highest - lowest)
      return percentile < lowest ? low : low + part * (high - low)
    }
    lowest = highest
    low = high
  }
  return low
}

/** Milliseconds of a delay, drawn anew. */
export const millisOf = (delay: Delay, next: Random): number => {
  if (typeof delay === "number") return delay
  switch (delay._tag) {
    case "uniform":
      return delay.min + next() * (delay.max - delay.min)
    case "exponential":
      return Math.min(-Math.log(1 - next()) * delay.mean, delay.max ?? 20 * delay.mean)
    case "normal": {
      // Box and Muller.
      const radius = Math.sqrt(-2 * Math.log(1 - next()))
      return Math.max(0, delay.mean + delay.deviation * radius * Math.cos(2 * Math.PI * next()))
    }
    case "percentiles":
      return between(delay.values, 100 * next())
  }
}
