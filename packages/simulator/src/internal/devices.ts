/** The devices: those registered and those that got a push, and what is kept for the ones offline. Mutable. */
import type { Device, DeviceInfo } from "../Device.ts"
import type { Entry } from "./entry.ts"
import { withoutSuffix } from "./pushType.ts"

interface Stored {
  readonly entry: Entry
  readonly until: number
}

class DeviceRecord {
  readonly token: string
  device: Device | undefined = undefined
  received = 0
  lastReceived: number | undefined = undefined
  lastTopic: string | undefined = undefined
  /** By app. */
  readonly stored = new Map<string, Stored>()

  constructor(token: string) {
    this.token = token
  }

  info(now: number): DeviceInfo {
    const stored = [...this.stored].flatMap(([bundleId, { entry, until }]) =>
      until <= now ? [] : [{ bundleId, received: entry.id, until }]
    )
    const { token, device, received, lastReceived, lastTopic } = this
    return { token, device, received, lastReceived, lastTopic, stored }
  }
}

/** How many devices nobody registered are remembered, and how many collapse ids. */
const maxUnknown = 10_000
const maxCollapseIds = 10_000

/** How long APNs keeps a push without `apns-expiration` at most. */
const maxStoredMillis = 30 * 86_400_000

const add = <V>(map: Map<string, V>, key: string, value: V, limit: number) => {
  if (map.size >= limit) {
    const oldest = map.keys().next()
    if (!oldest.done) map.delete(oldest.value)
  }
  map.set(key, value)
}

/** Empties a store. */
const settle = ({ stored }: DeviceRecord, fate: "delivered" | "discarded", now: number): ReadonlyArray<Entry> => {
  const settled = [...stored.values()].map(({ entry, until }) => {
    entry.delivery = until <= now ? { _tag: "expired", time: until } : { _tag: fate, time: now }
    return entry
  })
  stored.clear()
  return settled
}

export class DeviceStore {
  readonly #registered = new Map<string, DeviceRecord>()
  readonly #unknown = new Map<string, DeviceRecord>()
  readonly #collapsed = new Map<string, number>()

  find(token: string): Device | undefined {
    return this.#registered.size === 0 ? undefined : this.#registered.get(token.toLowerCase())?.device
  }

  info(token: string, now: number): DeviceInfo | undefined {
    return this.#record(token.toLowerCase())?.info(now)
  }

  /** Registered ones first, each kind in the order in which they came. */
  infos(now: number): ReadonlyArray<DeviceInfo> {
    return [...this.#registered.values(), ...this.#unknown.values()].map((record) => record.info(now))
  }

  /** Sets a device's state. What was stored for it and is not any more has its `delivery` changed; these are given. */
  register(device: Device, now: number): ReadonlyArray<Entry> {
    const token = device.token.toLowerCase()
    const record = this.#record(token) ?? new DeviceRecord(token)
    this.#unknown.delete(token)
    this.#registered.set(token, record)
    const dated =
      (device.state === "unregistered" || device.state === "expired") && device.since === undefined
        ? { ...device, since: now }
        : device
    record.device = dated
    if (device.state === "offline" || device.state === "rateLimited") return []
    return settle(record, device.state === "active" ? "delivered" : "discarded", now)
  }

  /** Puts back a device that was registered in an earlier process, with what is stored for it. */
  restore({ token, device, stored }: DeviceInfo, entryOf: (id: number) => Entry | undefined): void {
    if (device === undefined) return
    const key = token.toLowerCase()
    const record = this.#record(key) ?? new DeviceRecord(key)
    this.#unknown.delete(key)
    this.#registered.set(key, record)
    record.device = device
    for (const { bundleId, received, until } of stored) {
      const entry = entryOf(received)
      if (entry !== undefined) record.stored.set(bundleId, { entry, until })
    }
  }

  /** Forgets a device; what was stored for it is discarded, and given. */
  forget(token: string, now: number): ReadonlyArray<Entry> {
    const key = token.toLowerCase()
    const record = this.#record(key)
    this.#registered.delete(key)
    this.#unknown.delete(key)
    return record === undefined ? [] : settle(record, "discarded", now)
  }

  /** Counts a push to a device, whatever its answer. */
  note(token: string, entry: Entry): void {
    const key = token.toLowerCase()
    let record = this.#record(key)
    if (record === undefined) {
      record = new DeviceRecord(key)
      add(this.#unknown, key, record, maxUnknown)
    }
    record.received++
    record.lastReceived = entry.id
    record.lastTopic = entry.request.topic
  }

  /** Delivers or stores a push that was accepted. Gives the one it took the place of in the store. */
  deliver(token: string, topic: string, entry: Entry, now: number): Entry | undefined {
    const key = token.toLowerCase()
    const { collapseId, expiration } = entry.request
    if (collapseId !== undefined && collapseId !== "") {
      const collapse = `${key}\n${topic}\n${collapseId}`
      entry.replaces = this.#collapsed.get(collapse)
      add(this.#collapsed, collapse, entry.id, maxCollapseIds)
    }
    const record = this.#registered.get(key)
    if (record?.device?.state !== "offline") return undefined
    if (expiration === "0") {
      entry.delivery = { _tag: "discarded", time: now }
      return undefined
    }
    const until = expiration === undefined ? now + maxStoredMillis : Number(expiration) * 1_000
    if (until <= now) {
      entry.delivery = { _tag: "expired", time: now }
      return undefined
    }
    const bundleId = withoutSuffix(topic)
    const before = record.stored.get(bundleId)
    record.stored.set(bundleId, { entry, until })
    entry.delivery = { _tag: "stored", until }
    if (before === undefined) return undefined
    before.entry.delivery =
      before.until <= now ? { _tag: "expired", time: before.until } : { _tag: "replaced", by: entry.id, time: now }
    return before.entry
  }

  clear(): void {
    this.#registered.clear()
    this.#unknown.clear()
    this.#collapsed.clear()
  }

  #record(key: string): DeviceRecord | undefined {
    return this.#registered.get(key) ?? this.#unknown.get(key)
  }
}
