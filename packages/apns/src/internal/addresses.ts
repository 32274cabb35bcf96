/** Which of a host's addresses a session is opened to: decisions on data, and what they are made from. */

/** An address of a host, as `dns.lookup` gives it. */
export interface Address {
  readonly address: string
  /** 4 or 6. */
  readonly family: number
}

/** An address that failed, as often in a row, and until when others go before it. */
export interface Avoidance {
  readonly failures: number
  readonly untilMillis: number
}

const firstMillis = 10_000
const maxMillis = 600_000

/** After `failures` in a row: from 10 seconds, doubling to 10 minutes, ±20 % (`random` is from 0 to 1). */
export const avoidMillis = (failures: number, random: number): number =>
  Math.min(maxMillis, firstMillis * 2 ** (failures - 1)) * (0.8 + 0.4 * random)

/**
 * The order in which to try a host's addresses: those that are avoided last, and of these the one first that is avoided
 * least long. Of the others, the family that the resolver prefers, in it what the fewest sessions have, and else the
 * resolver's order.
 *
 * Sessions are not spread over the families: these lead to the same servers, and where one of them is dead, each session
 * that tried it first would lose the time that the runtime gives an attempt.
 */
export const inOrder = (
  found: ReadonlyArray<Address>,
  sessions: ReadonlyMap<string, number>,
  avoided: ReadonlyMap<string, Avoidance>,
  nowMillis: number
): ReadonlyArray<Address> => {
  const preferred = found[0]?.family
  const avoidedUntil = ({ address }: Address) => {
    const untilMillis = avoided.get(address)?.untilMillis ?? 0
    return untilMillis > nowMillis ? untilMillis : 0
  }
  const distance = ({ family }: Address) => (family === preferred ? 0 : 1)
  const used = ({ address }: Address) => sessions.get(address) ?? 0
  return [...found].sort((a, b) => avoidedUntil(a) - avoidedUntil(b) || distance(a) - distance(b) || used(a) - used(b))
}

/** What a pool remembers of addresses: those that failed. */
export class Addresses {
  private readonly avoided = new Map<string, Avoidance>()

  /** See `inOrder`. */
  inOrder(
    found: ReadonlyArray<Address>,
    sessions: ReadonlyMap<string, number>,
    nowMillis: number
  ): ReadonlyArray<Address> {
    return inOrder(found, sessions, this.avoided, nowMillis)
  }

  /** Avoids an address, for as long as it returns. */
  failed(address: string, nowMillis: number, random: number): number {
    for (const [known, { untilMillis }] of this.avoided) {
      // What failed long ago starts anew; nor do addresses heap up that a host no longer has.
      if (untilMillis + maxMillis < nowMillis) this.avoided.delete(known)
    }
    const failures = (this.avoided.get(address)?.failures ?? 0) + 1
    const millis = avoidMillis(failures, random)
    this.avoided.set(address, { failures, untilMillis: nowMillis + millis })
    return millis
  }

  /** It has answered. */
  proven(address: string): void {
    this.avoided.delete(address)
  }

  /** How many are avoided now. */
  avoidedAt(nowMillis: number): number {
    let count = 0
    for (const { untilMillis } of this.avoided.values()) if (untilMillis > nowMillis) count++
    return count
  }
}
