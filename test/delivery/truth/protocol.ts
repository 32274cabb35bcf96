/** What the processes of a run say to each other. */
import type { Counts } from "../../../packages/bench/src/storm/ledger.ts"

/** Where a store is, for every process that opens it. */
export type StoreAddress =
  | { readonly _tag: "sqlite"; readonly filename: string }
  | { readonly _tag: "postgres"; readonly url: string }
  | { readonly _tag: "redis"; readonly url: string }

/** The simulator is up. */
export interface Ready {
  readonly _tag: "ready"
  readonly port: number
  readonly ca: string
  readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
}

/** How many requests have been answered so far. */
export interface Received {
  readonly _tag: "received"
  readonly count: number
}

/** What was done with each notification. */
export interface Account {
  readonly _tag: "account"
  readonly counts: Counts
}

export type FromServer = Ready | Received | Account

export type ToServer = { readonly _tag: "account" }

export interface ServerTask {
  readonly notifications: number
  readonly seed: number
}

export interface WorkerTask {
  readonly store: StoreAddress
  readonly leaseMillis: number
  /** Notifications that it sends at once, at most. */
  readonly inFlight: number
  readonly server: Ready
  /** The file that it adds outcomes to. */
  readonly outcomes: string
}

/** `started`: it runs; `working`: the store is open. */
export type FromWorker = { readonly _tag: "started" } | { readonly _tag: "working" }

export interface ProducerTask {
  readonly store: StoreAddress
  /** Notifications that it stores together. */
  readonly pageSize: number
}

/** The notifications from a number up to another. */
export interface Span {
  readonly from: number
  readonly to: number
}

export type ToProducer = ({ readonly _tag: "enqueue"; readonly byKey: boolean } & Span) | { readonly _tag: "depth" }

/** All are in the store but for the doubtful ones: their `enqueue` failed, and nobody asked again. */
export interface Enqueued {
  readonly _tag: "enqueued"
  readonly doubtful: ReadonlyArray<number>
}

/** How many elements are left in the queues, and how many ended as failed. */
export interface Depth {
  readonly _tag: "depth"
  readonly left: number
  readonly failed: number
}

/** `page`: another page is stored. */
export type FromProducer = { readonly _tag: "page" } | Enqueued | Depth

export const topic = "com.example.truth"

/** One device in a hundred is gone. */
export const isGone = (index: number): boolean => index % 100 === 42
