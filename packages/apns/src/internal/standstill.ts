/** Whether sessions may have died while the process stood still. */
import type { HealthSettings, Vitals } from "./health.ts"

/**
 * Doubts sessions that have given no sign of life for longer than any check of them takes: the process stood still meanwhile
 * (a function between two calls, a laptop whose lid was closed). Routers forget connections in such a time.
 */
export class Standstill {
  private readonly longestMillis: number
  private readonly wallNow: () => number
  /** When the clocks were compared, and by how much that of the day was ahead. */
  private comparedAtMillis = Number.NaN
  private aheadMillis = Number.POSITIVE_INFINITY
  /** When the last one ended that only the clock of the day counted. */
  private endedAtMillis = Number.NEGATIVE_INFINITY

  constructor({ idlePingMillis, pingTimeoutMillis }: HealthSettings, wallNow: () => number) {
    this.longestMillis = idlePingMillis + pingTimeoutMillis
    this.wallNow = wallNow
  }

  /** Compares the clocks: the one that spans are measured on may stand still with a machine that sleeps. */
  notice(nowMillis: number): void {
    if (nowMillis === this.comparedAtMillis) return
    const aheadMillis = this.wallNow() - nowMillis
    if (aheadMillis - this.aheadMillis > this.longestMillis) this.endedAtMillis = nowMillis
    this.comparedAtMillis = nowMillis
    this.aheadMillis = aheadMillis
  }

  doubts({ heardAtMillis }: Pick<Vitals, "heardAtMillis">, nowMillis: number): boolean {
    return heardAtMillis < this.endedAtMillis || nowMillis - heardAtMillis > this.longestMillis
  }
}
