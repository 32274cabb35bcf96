/** What all connections share: options, keys, devices, channels, scenarios, the log. Mutable; everything runs on one thread. */
import type { Received, ReceivedToken } from "../Received.ts"
import type { ChannelStore } from "./channels.ts"
import type { TokenLedger } from "./credential.ts"
import type { DeviceStore } from "./devices.ts"
import { type Entry, receivedOf } from "./entry.ts"
import type { EventHub } from "./events.ts"
import type { Log } from "./log.ts"
import { decodeToken, type RegisteredKey, tokenHash, type VerifiedToken, verifyToken } from "./providerToken.ts"
import type { ScenarioStore } from "./scenarios.ts"
import type { RuleSettings } from "./verdict.ts"

/** The options with their defaults filled in. */
export interface Settings extends RuleSettings {
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly trust: "token" | "certificate" | "both"
  readonly clientCa: string | undefined
  readonly caDirectory: string | undefined
  readonly hostnames: ReadonlyArray<string>
  readonly initialMaxConcurrentStreams: number
  readonly maxConcurrentStreams: number
  readonly maxConcurrentStreamsAfterRejection: number | undefined
  readonly excessStreams: "refuse" | "goAway"
  readonly environmentReason: "BadEnvironmentKeyInToken" | "BadEnvironmentKeyIdInToken"
  readonly tokenUpdateScope: "connection" | "key" | "team" | "none"
  readonly tokenUpdatesLockConnection: boolean
  readonly acceptDerSignatures: boolean
  readonly certificateRefusal: "answer" | "goAway"
  readonly rateLimit: { readonly perDevice: number; readonly windowMillis: number } | undefined
  readonly appRateLimit: { readonly perApp: number; readonly windowMillis: number } | undefined
  readonly idleTimeoutMillis: number | undefined
  readonly disconnectAfterErrors: number | undefined
  readonly disconnectAfterBadDeviceTokens: number | undefined
  readonly disconnectWindowMillis: number
}

/** A token seen: what may be logged of it, and what verification found. */
export interface SeenToken {
  readonly received: ReceivedToken
  readonly verified: VerifiedToken | undefined
}

export interface State {
  readonly settings: Settings
  readonly log: Log
  readonly onSettled: ((received: Received, processed: boolean) => void) | undefined
  /** Epoch milliseconds by the simulator's clock, and how far it runs ahead of Effect's. */
  readonly now: () => number
  clockOffset: number
  /** Runs `action` after a delay by Effect's clock, unless the server closes first. */
  readonly later: (millis: number, action: () => void) => void
  readonly keys: Map<string, RegisteredKey>
  readonly devices: DeviceStore
  readonly channels: ChannelStore
  /** By SHA-256 of the token: verifying costs a hundred times a hash, and a token is used for most of an hour. */
  readonly tokens: Map<string, SeenToken>
  /** Counts the changes of the keys: what was found of a token before one may be wrong after it. */
  keysVersion: number
  readonly rates: Map<string, Array<number>>
  readonly scenarios: ScenarioStore
  readonly events: EventHub
  /** Used unless `tokenUpdateScope` is `"connection"`: then each connection has its own. */
  ledger: TokenLedger
}

const maxSeenTokens = 1_000

const text = (value: unknown) => (typeof value === "string" ? value.slice(0, 64) : undefined)

const receivedToken = (token: string, hash: string): ReceivedToken => {
  const decoded = decodeToken(token)
  return {
    kid: text(decoded?.kid),
    iss: text(decoded?.iss),
    iat: typeof decoded?.iat === "number" ? decoded.iat : undefined,
    hash: hash.slice(0, 16)
  }
}

export const seeToken = (state: State, token: string): SeenToken => {
  const hash = tokenHash(token)
  const known = state.tokens.get(hash)
  if (known !== undefined) return known
  if (state.tokens.size >= maxSeenTokens) state.tokens.clear()
  const seen = {
    received: receivedToken(token, hash),
    verified: verifyToken(token, state.keys, state.settings.acceptDerSignatures)
  }
  state.tokens.set(hash, seen)
  return seen
}

export const registerKey = (state: State, key: RegisteredKey): void => {
  state.keys.set(key.keyId, key)
  // What was found with the old set of keys may be wrong now.
  state.tokens.clear()
  state.keysVersion++
}

const maxRates = 100_000

/** Counts a request against a rate; `false` when there were too many within the window. */
const within = (state: State, key: string, atMost: number, windowMillis: number): boolean => {
  const now = state.now()
  const recent = (state.rates.get(key) ?? []).filter((time) => now - time < windowMillis)
  const allowed = recent.length < atMost
  if (allowed) recent.push(now)
  if (state.rates.size >= maxRates) state.rates.clear()
  state.rates.set(key, recent)
  return allowed
}

export const withinRate = (state: State, device: string): boolean => {
  const limit = state.settings.rateLimit
  return limit === undefined || within(state, device.toLowerCase(), limit.perDevice, limit.windowMillis)
}

/** Of broadcasts and channel management. */
export const withinAppRate = (state: State, bundleId: string): boolean => {
  const limit = state.settings.appRateLimit
  return limit === undefined || within(state, `app ${bundleId}`, limit.perApp, limit.windowMillis)
}

/** Tells that a request's answer or delivery is known, if its arrival was told. */
export const tellUpdated = (state: State, entry: Entry): void => {
  if (!entry.told || !state.events.isHeard || state.log.get(entry.id) !== entry) return
  state.events.publish({ _tag: "updated", received: received(state, entry) })
}

export const received = (state: State, entry: Entry): Received => receivedOf(entry, state.now())

/** Tells what is known of a device now. */
export const tellDevice = (state: State, token: string): void => {
  if (!state.events.isHeard) return
  const device = state.devices.info(token, state.now())
  if (device !== undefined) state.events.publish({ _tag: "deviceChanged", device })
}
