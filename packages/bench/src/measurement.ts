/** What is recorded of each time that a client ran, and what a whole benchmark leaves behind. */
import type { Outcome } from "./contract.ts"
import type { Machine } from "./machine.ts"

export interface Measurement {
  readonly run: "throughput" | "round-trip" | "latency" | "memory" | "delivery"
  readonly server: string
  readonly client: string
  readonly label: string
  readonly kind: "limit" | "ours" | "peer"
  readonly round: number
  readonly concurrency: number
  readonly rate: number
  readonly connections: number | null
  readonly outcome: Outcome
}

/** The JSON file. */
export interface Results {
  readonly startedAt: string
  readonly seconds: number
  readonly quick: boolean
  readonly machine: Machine
  readonly measurements: ReadonlyArray<Measurement>
}
