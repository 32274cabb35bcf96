/** What the storm and its server, a process of its own, say to each other. */
import type { Counts } from "./ledger.ts"

/** Where the server is and what it accepts. */
export interface Ready {
  readonly _tag: "ready"
  readonly port: number
  readonly ca: string
  readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
}

/** What the server has seen so far. */
export interface Account {
  readonly _tag: "account"
  readonly counts: Counts
  /** Requests received whole. */
  readonly received: number
  readonly connections: number
  /** Streams opened above the limit in force. */
  readonly excessStreams: number
  /** How many faults of each kind have come. */
  readonly injected: Readonly<Record<string, number>>
}

/** A fault of the client's machine: its clock is ahead by so much from now on, or behind. */
export interface ClockSet {
  readonly _tag: "clockSet"
  readonly aheadMillis: number
}

/** A fault of the client's machine: its process stands still for so long. */
export interface Freeze {
  readonly _tag: "freeze"
  readonly millis: number
}

export type FromServer = Ready | Account | ClockSet | Freeze

/**
 * `progress`: so many notifications are settled. `calm`: no more faults; all connections are ended, and the account follows
 * when the server has done with them.
 */
export type ToServer = { readonly _tag: "progress"; readonly settled: number } | { readonly _tag: "calm" }
