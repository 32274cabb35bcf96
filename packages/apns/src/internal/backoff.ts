/** How long to wait before trying again. */

/**
 * After `failures` in a row, in whole milliseconds: nothing after none, then doubling from `first` to `max`, ±20 %
 * (`random` is from 0 to 1).
 */
export const jitteredMillis = (firstMillis: number, maxMillis: number, failures: number, random: number): number =>
  failures === 0 ? 0 : Math.ceil(Math.min(maxMillis, firstMillis * 2 ** (failures - 1)) * (0.8 + 0.4 * random))

/** How long to wait before connecting again: from 100 ms to 10 s. */
export const backoffMillis = (failures: number, random: number): number => jitteredMillis(100, 10_000, failures, random)
