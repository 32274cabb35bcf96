/** What a client said of each notification. */

/** A client's word, as a byte: 0 while it has said nothing. */
export const words = ["nothing", "accepted", "refused", "unsent", "unknown", "failed"] as const

export type Word = (typeof words)[number]

export class Outcomes {
  /** By the notification's number: the index in `words`. */
  readonly said: Uint8Array
  /** Notifications that at some attempt had an unknown outcome. */
  readonly doubtful: Uint8Array
  /** Words beyond the first for a notification. */
  repeated = 0
  /** How often each reason was given. */
  readonly reasons = new Map<string, number>()

  constructor(notifications: number) {
    this.said = new Uint8Array(notifications)
    this.doubtful = new Uint8Array(notifications)
  }

  say(index: number, word: Word, reason?: string): void {
    if (this.said[index] !== 0) this.repeated++
    this.said[index] = words.indexOf(word)
    if (word === "unknown") this.doubt(index)
    if (reason !== undefined) this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
  }

  doubt(index: number): void {
    this.doubtful[index] = 1
  }

  /** The numbers of the notifications of which a word was said. */
  *of(...wanted: ReadonlyArray<Word>): Generator<number> {
    for (let index = 0; index < this.said.length; index++) {
      if (wanted.includes(words[this.said[index] ?? 0] ?? "nothing")) yield index
    }
  }
}
