/** What a peer in the storm is told and tells. */
import type { Credentials } from "../../contract.ts"

/** The last argument of its command line. */
export interface PeerJob {
  readonly host: string
  readonly port: number
  readonly url: string
  /** Path of the certificate authority to trust, PEM. */
  readonly ca: string
  readonly credentials: Credentials
  readonly topic: string
  readonly notifications: number
  readonly concurrency: number
  readonly deadlineMillis: number
  /** Where it writes a byte for each notification: what it said, as in `words`. */
  readonly out: string
}

/** Its line of JSON. */
export interface PeerLine {
  readonly version: string
  readonly settings: string
  /** How many notifications were handed to it. */
  readonly handed: number
  /** Errors thrown where no program could have caught them. */
  readonly uncaught: number
  readonly seconds: number
  /** How often it gave each reason: the most frequent ones. */
  readonly reasons: Readonly<Record<string, number>>
}
