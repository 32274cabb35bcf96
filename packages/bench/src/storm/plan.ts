/** Which faults come when: a pure function of the seed. */
import { kinds, type Planned, type Whole } from "./kinds.ts"
import { randomFrom } from "./random.ts"

export interface PlanOptions {
  readonly seed: number
  readonly notifications: number
  readonly faults: number
  /** Kinds that are left out. */
  readonly without: ReadonlyArray<string>
}

export interface PlannedFault {
  /** How far the storm has come when it comes: requests the server received, or notifications settled, if those are more. */
  readonly at: number
  readonly kind: string
  readonly planned: Planned
}

/** The faults end before the notifications do, lest the last ones meet nobody. */
const share = 0.85

/**
 * Each kind once, then by weight; spread evenly over the first 85 % of the notifications, in the order in which they come.
 */
export const plan = ({ faults, notifications, seed, without }: PlanOptions): ReadonlyArray<PlannedFault> => {
  const random = randomFrom(seed)
  const whole: Whole = (least, most) => least + Math.floor(random() * (most - least + 1))
  const entries = [...kinds].filter(([name]) => !without.includes(name))
  const total = entries.reduce((sum, [, { weight }]) => sum + weight, 0)
  const byWeight = () => {
    let left = random() * total
    return entries.find(([, { weight }]) => {
      left -= weight
      return left < 0
    })
  }
  const chosen = Array.from({ length: faults }, (_, index) => entries[index] ?? byWeight()).flatMap((entry) =>
    entry === undefined
      ? []
      : [{ at: whole(1, Math.floor(notifications * share)), kind: entry[0], planned: entry[1].make(whole) }]
  )
  return chosen.sort((a, b) => a.at - b.at)
}
