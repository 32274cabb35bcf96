/** The channels of every app, and which apps may have them. Mutable, like the rest of the server's state. */
import { randomBytes } from "node:crypto"
import type { Channel, StoredBroadcast } from "../Channel.ts"

export type ChannelChange =
  | { readonly _tag: "create"; readonly channel: Channel }
  | { readonly _tag: "delete"; readonly channel: Channel }
  | { readonly _tag: "publish"; readonly channel: Channel; readonly message: StoredBroadcast }

/** What the rules may ask. */
export interface Channels {
  /** Whether the app has the broadcast capability. */
  readonly isEnabled: (bundleId: string) => boolean
  readonly find: (bundleId: string, id: string) => Channel | undefined
  /** Oldest first. */
  readonly ids: (bundleId: string) => ReadonlyArray<string>
  readonly count: (bundleId: string) => number
}

/** How long a stored broadcast is kept at most (Apple, "Setting up broadcast push notifications"). */
export const maxKeptMillis = 8 * 3_600_000

/** Apple shows no length; 16 bytes are as long as the ids of its samples. */
export const newChannelId = (): string => randomBytes(16).toString("base64")

export class ChannelStore implements Channels {
  readonly #apps = new Map<string, Map<string, Channel>>()
  readonly #enabled: ReadonlySet<string> | undefined
  readonly #switched = new Map<string, boolean>()

  /** `enabled`: the apps that have the capability from the beginning; `undefined`: every app. */
  constructor(enabled: ReadonlyArray<string> | undefined) {
    this.#enabled = enabled === undefined ? undefined : new Set(enabled)
  }

  isEnabled(bundleId: string): boolean {
    return this.#switched.get(bundleId) ?? this.#enabled?.has(bundleId) ?? true
  }

  /** Apple, same page: switching the capability off deletes the app's channels. */
  setEnabled(bundleId: string, enabled: boolean): void {
    this.#switched.set(bundleId, enabled)
    if (!enabled) this.#apps.delete(bundleId)
  }

  find(bundleId: string, id: string): Channel | undefined {
    return this.#apps.get(bundleId)?.get(id)
  }

  ids(bundleId: string): ReadonlyArray<string> {
    return [...(this.#apps.get(bundleId)?.keys() ?? [])]
  }

  count(bundleId: string): number {
    return this.#apps.get(bundleId)?.size ?? 0
  }

  /** Every channel of every app, without the messages that are no longer kept. */
  all(nowMillis: number): ReadonlyArray<Channel> {
    return [...this.#apps.values()].flatMap((channels) =>
      [...channels.values()].map(({ bundleId, id, storage, message }) =>
        message === undefined || message.until <= nowMillis
          ? { bundleId, id, storage }
          : { bundleId, id, storage, message }
      )
    )
  }

  apply(change: ChannelChange): void {
    const { bundleId, id } = change.channel
    switch (change._tag) {
      case "create": {
        const channels = this.#apps.get(bundleId) ?? new Map<string, Channel>()
        this.#apps.set(bundleId, channels.set(id, change.channel))
        break
      }
      case "delete":
        this.#apps.get(bundleId)?.delete(id)
        break
      case "publish":
        this.#apps.get(bundleId)?.set(id, { ...change.channel, message: change.message })
        break
    }
  }

  /** Forgets the channels and the capabilities switched since the beginning. */
  clear(): void {
    this.#apps.clear()
    this.#switched.clear()
  }
}
