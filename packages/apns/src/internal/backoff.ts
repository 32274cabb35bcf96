/** How long to wait before connecting again. */

const firstMillis = 100
const maxMillis = 10_000

/** After `failures` in a row: nothing after none, then doubling from 100 ms to 10 s, ±20 % (`random` is from 0 to 1). */
export const backoffMillis = (failures: number, random: number): number =>
  failures === 0 ? 0 : Math.min(maxMillis, firstMillis * 2 ** (failures - 1)) * (0.8 + 0.4 * random)
