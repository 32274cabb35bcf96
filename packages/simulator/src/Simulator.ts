/**
 * The Apple Push Notification service on your machine: an HTTP/2 server over TLS that checks what APNs checks, in the
 * order it is seen to check, answers as APNs answers, and misbehaves on demand. It serves pushes to devices
 * (`/3/device/…`) and broadcasts (`/4/broadcasts/…`) on one port, and the management of channels (`/1/apps/…`) on another.
 *
 * @since 0.1.0
 */
import { generateKeyPairSync, X509Certificate } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Channel, NewChannel } from "./Channel.ts"
import type { ConnectionInfo } from "./ConnectionInfo.ts"
import type { ProviderKey } from "./Credentials.ts"
import { Device } from "./Device.ts"
import { Fault } from "./Fault.ts"
import { ChannelStore, newChannelId } from "./internal/channels.ts"
import type { Connection } from "./internal/connection.ts"
import { pendingFault } from "./internal/faults.ts"
import { identity } from "./internal/identity.ts"
import { makeLog } from "./internal/log.ts"
import { type RegisteredKey, registeredKey } from "./internal/providerToken.ts"
import type { Listener } from "./internal/request.ts"
import { Connections, listen } from "./internal/server.ts"
import { registerKey, type Settings, type State } from "./internal/state.ts"
import type { Received } from "./Received.ts"
import { InvalidKey, InvalidTls, ListenFailed, SimulatorError } from "./SimulatorError.ts"
import type { SimulatorOptions } from "./SimulatorOptions.ts"

/**
 * GOAWAY to send on every open connection.
 *
 * **Details**
 *
 * - `code`: HTTP/2 error code; default 0 (NO_ERROR).
 * - `lastStreamId`: default each connection's highest stream so far. 2147483647 announces a shutdown and lets streams
 *   in until a second GOAWAY (RFC 9113, section 6.8).
 * - `debugData`: text; default empty. APNs sends `{"reason":"…"}`, nothing, or plain text.
 *
 * @category models
 * @since 0.1.0
 */
export interface GoAwayOptions {
  readonly code?: number | undefined
  readonly lastStreamId?: number | undefined
  readonly debugData?: string | undefined
}

/**
 * A running simulator.
 *
 * **When to use**
 *
 * Use to test a program that sends push notifications, or to develop one without Apple.
 *
 * **Details**
 *
 * Every program in the process may share one simulator; each `Simulator.layer()` call makes another.
 *
 * **Example** (A device that is gone)
 *
 * ```ts
 * import { Simulator } from "@effect-apns/simulator"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const simulator = yield* Simulator
 *   yield* simulator.register({ state: "unregistered", token: "ab".repeat(32) })
 *   // … push to https://127.0.0.1:${simulator.port} with `simulator.key`, trusting `simulator.ca` …
 *   return yield* simulator.received
 * })
 *
 * program.pipe(Effect.provide(Simulator.layer()))
 * ```
 *
 * **Example** (A channel that exists before the program under test starts)
 *
 * ```ts
 * import { Simulator } from "@effect-apns/simulator"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const simulator = yield* Simulator
 *   const { id } = yield* simulator.registerChannel({ bundleId: "com.example.app", storage: "mostRecent" })
 *   // … broadcast to `id` over port, manage channels over managementPort …
 *   const kept = (yield* simulator.channels).find((channel) => channel.id === id)?.message
 *   return kept?.body
 * })
 *
 * program.pipe(Effect.provide(Simulator.layer()))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Simulator extends Context.Service<
  Simulator,
  {
    /** The address it listens on. */
    readonly host: string
    /** The port for pushes to devices and broadcasts. */
    readonly port: number
    /** The port for channel management. */
    readonly managementPort: number
    /** PEM of the throw-away CA that signed the server's certificate (127.0.0.1, ::1, localhost). */
    readonly ca: string
    /** A registered team-scoped key for both environments; `privateKey` is the text of its .p8 file. */
    readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
    /** Registers a provider key, in place of one with the same id. Fails with `InvalidKey` if it is not P-256 in PEM. */
    readonly registerKey: (key: ProviderKey) => Effect.Effect<void, SimulatorError>
    /** Sets the state of a device token, in place of an earlier one. */
    readonly register: (device: Device) => Effect.Effect<void>
    /** Makes a channel, in place of one with the same id; the limit does not hold here. Dies when the id is not base64. */
    readonly registerChannel: (channel: NewChannel) => Effect.Effect<Channel>
    /** The channels of every app, oldest first within an app, with the broadcasts they keep now. */
    readonly channels: Effect.Effect<ReadonlyArray<Channel>>
    /**
     * Switches an app's broadcast capability, as its developer account would. Without it requests are answered
     * `FeatureNotEnabled`; switching it off deletes the app's channels (Apple, "Setting up broadcast push
     * notifications").
     */
    readonly setBroadcastCapability: (bundleId: string, enabled: boolean) => Effect.Effect<void>
    /** Adds a fault behind those waiting. Dies when the value is not a `Fault`. */
    readonly inject: (fault: Fault) => Effect.Effect<void>
    /** Forgets the faults that still wait. */
    readonly clearFaults: Effect.Effect<void>
    /** The newest requests that arrived whole, oldest first; at most `keep`. */
    readonly received: Effect.Effect<ReadonlyArray<Received>>
    /**
     * Waits until `count` requests in total have arrived whole, since the start or the last `reset`. They may still be
     * unanswered.
     */
    readonly awaitReceived: (count: number) => Effect.Effect<void>
    /** Open and recently closed connections, oldest first. */
    readonly connections: Effect.Effect<ReadonlyArray<ConnectionInfo>>
    /** Sends GOAWAY on all open connections; they close when the streams it covers are finished. */
    readonly goAway: (options?: GoAwayOptions) => Effect.Effect<void>
    /** Sends a new stream limit on all open connections; each keeps it from then on. */
    readonly setMaxConcurrentStreams: (limit: number) => Effect.Effect<void>
    /** Destroys all sockets, as if the server were killed. It goes on listening. */
    readonly disconnectAll: Effect.Effect<void>
    /**
     * Forgets devices, channels, switched capabilities, faults, received requests, device rates and token updates. Keys
     * and connections stay.
     */
    readonly reset: Effect.Effect<void>
  }
>()("@effect-apns/simulator/Simulator") {
  /**
   * Starts a simulator; it stops listening and destroys every socket when the scope closes.
   *
   * **Details**
   *
   * Fails with `SimulatorError`: `ListenFailed` when a port cannot be had, `InvalidKey` when a key of `keys` is not a
   * P-256 key, `InvalidTls` when `clientCa` is not a certificate. The age of tokens, delays and timestamps follow
   * Effect's `Clock` as it is when the layer is built.
   */
  static readonly layer = (options?: SimulatorOptions): Layer.Layer<Simulator, SimulatorError> =>
    Layer.effect(Simulator, make(options ?? {}))
}

const teamId = "SIMTEAM001"
const keyId = "SIMKEY0001"

const settingsOf = (options: SimulatorOptions): Settings => ({
  host: options.host ?? "127.0.0.1",
  port: options.port ?? 0,
  managementPort: options.managementPort ?? 0,
  environment: options.environment ?? "sandbox",
  trust: options.trust ?? "both",
  clientCa: options.clientCa,
  unknownDevices: options.unknownDevices ?? "accept",
  initialMaxConcurrentStreams: options.initialMaxConcurrentStreams ?? 1,
  maxConcurrentStreams: options.maxConcurrentStreams ?? 1_000,
  maxConcurrentStreamsAfterRejection: options.maxConcurrentStreamsAfterRejection,
  excessStreams: options.excessStreams ?? "refuse",
  environmentReason: options.environmentReason ?? "BadEnvironmentKeyInToken",
  tokenUpdateScope: options.tokenUpdateScope ?? "connection",
  rateLimit: options.rateLimit,
  disconnectAfterErrors: options.disconnectAfterErrors,
  disconnectAfterBadDeviceTokens: options.disconnectAfterBadDeviceTokens,
  disconnectWindowMillis: options.disconnectWindowMillis ?? Number.POSITIVE_INFINITY,
  rejectBackgroundPriority10: options.rejectBackgroundPriority10 ?? true,
  checkTopicSuffix: options.checkTopicSuffix ?? true,
  checkProductionOnlyTopics: options.checkProductionOnlyTopics ?? false,
  credentialKinds: options.credentialKinds ?? "documented",
  payloadMismatchReason: options.payloadMismatchReason,
  maxChannels: options.maxChannels ?? 10_000,
  storagePolicyReason: options.storagePolicyReason ?? "MissingChannelQueueSize",
  checkBroadcastPayload: options.checkBroadcastPayload ?? true
})

const readKey = (key: ProviderKey): Effect.Effect<RegisteredKey, SimulatorError> =>
  Effect.try({
    try: () => registeredKey(key),
    catch: (cause) => new SimulatorError({ reason: new InvalidKey({ keyId: key.keyId, cause }) })
  })

const start = Effect.fnUntraced(function* (state: State) {
  const { host, port, managementPort, clientCa } = state.settings
  const certificates = yield* Effect.tryPromise({
    try: async () => {
      const made = await identity()
      // Made here only to tell a bad CA from a bad address.
      if (clientCa !== undefined) new X509Certificate(clientCa)
      return made
    },
    catch: (cause) => new SimulatorError({ reason: new InvalidTls({ cause }) })
  })
  const connections = new Connections()
  const listenOn = (listener: Listener, port: number) =>
    Effect.acquireRelease(
      Effect.tryPromise({
        try: () => listen(listener, port, connections, state, certificates),
        catch: (cause) => new SimulatorError({ reason: new ListenFailed({ host, port, cause }) })
      }),
      (listening) => Effect.promise(() => listening.close())
    )
  const device = yield* listenOn("device", port)
  const management = yield* listenOn("management", managementPort)
  return { connections, port: device.port, managementPort: management.port, ca: certificates.ca }
})

const make = Effect.fnUntraced(function* (options: SimulatorOptions) {
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime<never>()
  const settings = settingsOf(options)
  const state: State = {
    settings,
    log: makeLog(options.keep ?? 100_000),
    onSettled: options.onSettled,
    now: () => clock.currentTimeMillisUnsafe(),
    later: (millis, action) => {
      fork(Effect.andThen(Effect.sleep(millis), Effect.sync(action)))
    },
    keys: new Map(),
    devices: new Map(),
    channels: new ChannelStore(options.broadcastApps),
    tokens: new Map(),
    rates: new Map(),
    faults: [],
    ledger: new Map()
  }

  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" }
  })
  for (const key of [{ teamId, keyId, pem: privateKey }, ...(options.keys ?? [])]) {
    registerKey(state, yield* readKey(key))
  }

  const { connections, port, managementPort, ca } = yield* start(state)
  const eachOpen = (action: (connection: Connection) => void) =>
    Effect.sync(() => {
      for (const connection of connections.open()) action(connection)
    })

  return Simulator.of({
    host: settings.host,
    port,
    managementPort,
    ca,
    key: { teamId, keyId, privateKey },
    registerKey: (key) => Effect.map(readKey(key), (read) => registerKey(state, read)),
    register: (device) =>
      Effect.map(Effect.orDie(Schema.decodeUnknownEffect(Device)(device)), (checked) => {
        const since = "since" in checked ? checked.since : undefined
        const dated =
          checked.state === "unregistered" || checked.state === "expired"
            ? { ...checked, since: since ?? state.now() }
            : checked
        state.devices.set(checked.token.toLowerCase(), dated)
      }),
    registerChannel: (channel) =>
      Effect.map(Effect.orDie(Schema.decodeUnknownEffect(NewChannel)(channel)), (checked) => {
        const { bundleId, id = newChannelId(), storage = "none" } = checked
        const made: Channel = { bundleId, id, storage }
        state.channels.apply({ _tag: "create", channel: made })
        return made
      }),
    channels: Effect.sync(() => state.channels.all(state.now())),
    setBroadcastCapability: (bundleId, enabled) => Effect.sync(() => state.channels.setEnabled(bundleId, enabled)),
    inject: (fault) =>
      Effect.map(Effect.orDie(Schema.decodeUnknownEffect(Fault)(fault)), (checked) => {
        state.faults = [...state.faults, pendingFault(checked)]
      }),
    clearFaults: Effect.sync(() => {
      state.faults = []
    }),
    received: Effect.sync(() => state.log.snapshot()),
    awaitReceived: (count) =>
      Effect.callback<void>((resume) => {
        const stop = state.log.whenReceived(count, () => resume(Effect.void))
        return Effect.sync(stop)
      }),
    connections: Effect.sync(() => connections.infos()),
    goAway: (goAway = {}) =>
      eachOpen((connection) =>
        connection.sendGoAway({
          code: goAway.code ?? 0,
          lastStreamId: goAway.lastStreamId ?? connection.highestStreamId,
          debugData: goAway.debugData ?? ""
        })
      ),
    setMaxConcurrentStreams: (limit) => eachOpen((connection) => connection.setLimit(limit, true)),
    disconnectAll: eachOpen((connection) => connection.destroy()),
    reset: Effect.sync(() => {
      state.devices.clear()
      state.channels.clear()
      state.faults = []
      state.rates.clear()
      state.log.clear()
      state.ledger = new Map()
      for (const connection of connections.open()) connection.forgetTokenUpdates()
    })
  })
})
