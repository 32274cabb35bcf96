/** Statistics of a handful of rounds. Nothing here assumes a distribution. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The value at the fraction `p` of sorted values: the nearest rank. */
export const percentile = (sorted: ArrayLike<number>, p: number): number =>
  sorted.length === 0 ? Number.NaN : (sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number)

export const spread = (values: ReadonlyArray<number>): Spread | undefined => {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] as number
  return {
    median: sorted.length % 2 === 1 ? high : ((sorted[middle - 1] as number) + high) / 2,
    min: sorted[0] as number,
    max: sorted.at(-1) as number
  }
}

/**
 * The median of the quotients round by round: both figures of a quotient were measured within the same minute, so that a
 * machine that changes its speed changes both. Rounds that lack either are left out.
 */
export const ratio = (
  values: ReadonlyArray<number | undefined>,
  reference: ReadonlyArray<number | undefined>
): Spread | undefined =>
  spread(
    values.flatMap((value, round) => {
      const other = reference[round]
      return value === undefined || other === undefined || other === 0 ? [] : [value / other]
    })
  )
