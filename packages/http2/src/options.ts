/** The numbers among the options, checked before anything is dialled: one that is none would be announced or awaited as another. */

/** Of a SETTINGS parameter (RFC 9113, 6.5.1). */
export const largestSetting = 4_294_967_295
/** The longest that a timer of Node's can wait; it fires at once where it should wait longer. */
export const longestTimer = 2_147_483_647
export const largestPort = 65_535

export interface NumberRange {
  readonly least: number
  readonly most: number
  /** Whether it may have a fraction. Default false. */
  readonly fraction?: boolean
}

/** Throws a RangeError for what is out of its range. Infinity is in a range that goes so far. */
export const checkNumber = (option: string, value: number, { fraction = false, least, most }: NumberRange): void => {
  const isKind = fraction || value === Number.POSITIVE_INFINITY || Number.isInteger(value)
  if (typeof value === "number" && isKind && value >= least && value <= most) return
  const kind = fraction ? "a number" : "a whole number"
  throw new RangeError(`${option} is ${String(value)}; it has to be ${kind} from ${least} to ${most}`)
}
