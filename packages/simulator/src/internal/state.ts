/** What all connections share: options, keys, devices, channels, faults, the log. Mutable; everything runs on one thread. */
import type { Device } from "../Device.ts"
import type { Received, ReceivedToken } from "../Received.ts"
import type { ChannelStore } from "./channels.ts"
import type { TokenLedger } from "./credential.ts"
import type { PendingFault } from "./faults.ts"
import type { Log } from "./log.ts"
import { decodeToken, type RegisteredKey, tokenHash, type VerifiedToken, verifyToken } from "./providerToken.ts"
import type { RuleSettings } from "./verdict.ts"

/** The options with their defaults filled in. */
export interface Settings extends RuleSettings {
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly trust: "token" | "certificate" | "both"
  readonly clientCa: string | undefined
  readonly initialMaxConcurrentStreams: number
  readonly maxConcurrentStreams: number
  readonly maxConcurrentStreamsAfterRejection: number | undefined
  readonly excessStreams: "refuse" | "goAway"
  readonly environmentReason: "BadEnvironmentKeyInToken" | "BadEnvironmentKeyIdInToken"
  readonly tokenUpdateScope: "connection" | "key" | "none"
  readonly rateLimit: { readonly perDevice: number; readonly windowMillis: number } | undefined
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
  readonly now: () => number
  /** Runs `action` after a delay by Effect's clock, unless the server closes first. */
  readonly later: (millis: number, action: () => void) => void
  readonly keys: Map<string, RegisteredKey>
  readonly devices: Map<string, Device>
  readonly channels: ChannelStore
  /** By SHA-256 of the token: verifying costs a hundred times a hash, and a token is used for most of an hour. */
  readonly tokens: Map<string, SeenToken>
  readonly rates: Map<string, Array<number>>
  faults: ReadonlyArray<PendingFault>
  /** Used with `tokenUpdateScope: "key"`; otherwise each connection has its own. */
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
  const seen = { received: receivedToken(token, hash), verified: verifyToken(token, state.keys) }
  state.tokens.set(hash, seen)
  return seen
}

export const registerKey = (state: State, key: RegisteredKey): void => {
  state.keys.set(key.keyId, key)
  // What was found with the old set of keys may be wrong now.
  state.tokens.clear()
}

/** Counts a push against its device's rate; `false` when there were too many within the window. */
export const withinRate = (state: State, device: string): boolean => {
  const limit = state.settings.rateLimit
  if (limit === undefined) return true
  const now = state.now()
  const key = device.toLowerCase()
  const recent = (state.rates.get(key) ?? []).filter((time) => now - time < limit.windowMillis)
  const allowed = recent.length < limit.perDevice
  if (allowed) recent.push(now)
  state.rates.set(key, recent)
  return allowed
}
