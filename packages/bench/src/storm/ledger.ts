/** What the server did with each notification: three counters each, so that a million take three megabytes. */
import type { Received } from "@effect-apns/simulator"

/** The counters, as they cross from one process to another. */
export interface Counts {
  /** How often it had its effect, answered or not. */
  readonly processed: Uint8Array
  /** How often it was answered 200. */
  readonly accepted: Uint8Array
  /** How often it was answered anything else. */
  readonly refused: Uint8Array
  /** Requests for notifications that nobody was to send. */
  readonly strangers: number
}

/** The device token of a notification: its number, which a client cannot but send. */
export const deviceOf = (index: number): string => index.toString(16).padStart(64, "0")

/** The id of a notification. */
export const idOf = (index: number): string => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`

/** The number of a notification by its device token or id. */
export const indexOf = (idOrDevice: string): number => Number.parseInt(idOrDevice.slice(-12), 16)

const increment = (counters: Uint8Array, index: number) => {
  counters[index] = Math.min(255, (counters[index] ?? 0) + 1)
}

export class Ledger {
  private readonly processed: Uint8Array
  private readonly accepted: Uint8Array
  private readonly refused: Uint8Array
  private strangers = 0
  received = 0

  constructor(notifications: number) {
    this.processed = new Uint8Array(notifications)
    this.accepted = new Uint8Array(notifications)
    this.refused = new Uint8Array(notifications)
  }

  add({ answer, apnsId, device = "" }: Received, processed: boolean): void {
    this.received++
    const index = indexOf(device)
    const isOurs = device === deviceOf(index) && index < this.processed.length
    if (!isOurs || (apnsId !== undefined && indexOf(apnsId) !== index)) {
      this.strangers++
      return
    }
    if (processed) increment(this.processed, index)
    if (answer._tag === "answered") increment(answer.status === 200 ? this.accepted : this.refused, index)
  }

  get counts(): Counts {
    const { accepted, processed, refused, strangers } = this
    return { accepted, processed, refused, strangers }
  }
}
