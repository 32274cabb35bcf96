/** The seconds of the simulator's statistics as bars of a chart. */
import type { StatsSecond } from "@effect-apns/simulator/ControlModel"

export interface Bar {
  /** Epoch milliseconds at which it begins. */
  readonly time: number
  readonly accepted: number
  readonly refused: number
  readonly faulted: number
  readonly lost: number
}

/** How many seconds of history the simulator tells of and the page keeps. */
export const historySeconds = 600

/** Adds or replaces seconds; the oldest beyond the history are dropped. */
export const addSeconds = (
  seconds: ReadonlyArray<StatsSecond>,
  more: ReadonlyArray<StatsSecond>
): ReadonlyArray<StatsSecond> => {
  const byTime = new Map([...seconds, ...more].map((second) => [second.time, second]))
  return [...byTime.values()].sort((a, b) => a.time - b.time).slice(-historySeconds)
}

/** `count` bars of `width` seconds each; the last one holds `now`. */
export const barsOf = (
  seconds: ReadonlyArray<StatsSecond>,
  now: number,
  count: number,
  width: number
): ReadonlyArray<Bar> => {
  const size = width * 1_000
  const first = (Math.floor(now / size) - count + 1) * size
  const bars = Array.from({ length: count }, (_, index) => ({
    time: first + index * size,
    accepted: 0,
    refused: 0,
    faulted: 0,
    lost: 0
  }))
  for (const second of seconds) {
    const bar = bars[Math.floor((second.time - first) / size)]
    if (bar === undefined) continue
    bar.accepted += second.accepted
    bar.refused += second.refused
    bar.faulted += second.faulted
    bar.lost += second.lost
  }
  return bars
}

export const totalOf = ({ accepted, refused, faulted, lost }: Bar): number => accepted + refused + faulted + lost

/** The next round number at or above a value: the top of an axis. */
export const ceiling = (value: number): number => {
  if (value <= 4) return 4
  const magnitude = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 4, 5, 8, 10].find((factor) => factor * magnitude >= value) ?? 10
  return step * magnitude
}
