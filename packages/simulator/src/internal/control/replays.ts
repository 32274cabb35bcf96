/** Which requests repeat which, and the provider token they are sent with. Mutable. */

const kept = 10_000

/** A token is good for an hour, and a new one within 20 minutes may be refused. */
const tokenMillis = 50 * 60_000

export class Replays {
  readonly #originals = new Map<number, number>()

  #token: { readonly text: string; readonly made: number } | undefined

  /** The token to send with at `now` (epoch milliseconds of the simulator's clock). */
  token(now: number, make: () => string): string {
    const age = now - (this.#token?.made ?? Number.NEGATIVE_INFINITY)
    if (this.#token === undefined || age < 0 || age > tokenMillis) this.#token = { text: make(), made: now }
    return this.#token.text
  }

  add(id: number, original: number): void {
    if (this.#originals.size >= kept) {
      const [oldest] = this.#originals.keys()
      if (oldest !== undefined) this.#originals.delete(oldest)
    }
    this.#originals.set(id, original)
  }

  originalOf(id: number): number | undefined {
    return this.#originals.get(id)
  }
}
