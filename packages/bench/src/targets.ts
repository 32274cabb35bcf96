/** The ratios that were promised, some for comparison, and what was measured of each. */
import type { Measurement } from "./measurement.ts"
import { ratio, type Spread } from "./statistics.ts"
import { rows } from "./summary.ts"

interface Target {
  readonly client: string
  readonly reference: string
  /** What was promised; nothing, for a ratio that is told for comparison. */
  readonly atLeast?: number | undefined
  readonly label: string
}

const targets: ReadonlyArray<Target> = [
  { client: "engine", reference: "node-http2", atLeast: 5, label: "bare engine to bare node:http2" },
  { client: "engine", reference: "h2load", atLeast: 1, label: "bare engine to h2load" },
  { client: "fan-out", reference: "h2load", atLeast: 0.8, label: "fan-out to h2load" },
  { client: "run-promise", reference: "h2load", atLeast: 0.5, label: "runPromise(send(n)) to h2load" },
  { client: "send-all", reference: "node-apn", atLeast: 7, label: "sendAll to node-apn" },
  { client: "send-all", reference: "apns2", atLeast: 9, label: "sendAll to apns2" },
  { client: "fan-out", reference: "node-apn-fan-out", label: "fan-out to node-apn, fan-out" },
  { client: "run-promise", reference: "node-apn", label: "runPromise(send(n)) to node-apn" },
  { client: "run-promise", reference: "apns2", label: "runPromise(send(n)) to apns2" },
  { client: "run-promise", reference: "apns2-one", label: "runPromise(send(n)) to apns2, 1 connection" }
]

export interface Verdict extends Target {
  readonly measured: Spread | undefined
  readonly met: boolean | undefined
}

/** Of the throughput run against one server. */
export const verdicts = (measurements: ReadonlyArray<Measurement>): ReadonlyArray<Verdict> => {
  const byRound = (client: string) => {
    const own = measurements.filter((measurement) => measurement.client === client)
    const rounds = Math.max(0, ...own.map(({ round }) => round + 1))
    return Array.from({ length: rounds }, (_, round) => {
      const [row] = rows(own.filter((measurement) => measurement.round === round))
      return row?.perSecond?.median
    })
  }
  return targets.map((target) => {
    const measured = ratio(byRound(target.client), byRound(target.reference))
    const met = target.atLeast === undefined ? undefined : measured !== undefined && measured.median >= target.atLeast
    return { ...target, measured, met }
  })
}
