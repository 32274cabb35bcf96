/**
 * The Apple Push Notification service on your machine: an HTTP/2 server over TLS that checks what APNs checks, in the
 * order it is seen to check, answers as APNs answers, and misbehaves on demand. It serves pushes to devices
 * (`/3/device/…`) and broadcasts (`/4/broadcasts/…`) on one port, and the management of channels (`/1/apps/…`) on another.
 *
 * @since 0.1.0
 */
import { X509Certificate } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { Channel, NewChannel } from "./Channel.ts"
import type { ConnectionInfo } from "./ConnectionInfo.ts"
import type { Environment, ProviderKey } from "./Credentials.ts"
import type { Device, DeviceInfo } from "./Device.ts"
import type { Inbox } from "./Inbox.ts"
import { ChannelStore } from "./internal/channels.ts"
import type { Connection } from "./internal/connection.ts"
import {
  addScenario,
  clearScenarios,
  clockInfo,
  inject,
  moveClock,
  register,
  registerChannel,
  removeScenario,
  reset,
  setCapability,
  switchScenario,
  unregister
} from "./internal/controls.ts"
import { DeviceStore } from "./internal/devices.ts"
import { EventHub } from "./internal/events.ts"
import { caFileOf, identityFor } from "./internal/identity.ts"
import { makeInbox } from "./internal/inbox.ts"
import { Log } from "./internal/log.ts"
import { keepInFile } from "./internal/persistence/keeper.ts"
import { keptProviderKey, keyFileOf, newProviderKey } from "./internal/providerKey.ts"
import { type RegisteredKey, registeredKey } from "./internal/providerToken.ts"
import type { Listener } from "./internal/request.ts"
import { ScenarioStore } from "./internal/scenarios.ts"
import { Connections, listen } from "./internal/server.ts"
import { isLoopback, settingsOf } from "./internal/settings.ts"
import { received, registerKey, type State } from "./internal/state.ts"
import type { Received } from "./Received.ts"
import type { Fault, Scenario, ScenarioInfo } from "./Scenario.ts"
import type { ClockChange, ClockInfo } from "./SimulatorClock.ts"
import { InvalidKey, InvalidTls, ListenFailed, SimulatorError } from "./SimulatorError.ts"
import type { SimulatorEvent } from "./SimulatorEvent.ts"
import type { SimulatorOptions } from "./SimulatorOptions.ts"

/**
 * GOAWAY to send on open connections.
 *
 * **Details**
 *
 * - `connection`: only on the connection with this id.
 * - `code`: HTTP/2 error code; default 0 (NO_ERROR).
 * - `lastStreamId`: default each connection's highest stream so far. 2147483647 announces a shutdown and lets streams
 *   in until a second GOAWAY (RFC 9113, section 6.8).
 * - `debugData`: text; default empty. APNs sends `{"reason":"…"}`, nothing, or plain text.
 *
 * @category models
 * @since 0.1.0
 */
export interface GoAwayOptions {
  readonly connection?: number | undefined
  readonly code?: number | undefined
  readonly lastStreamId?: number | undefined
  readonly debugData?: string | undefined
}

/**
 * How to shut connections down.
 *
 * **Details**
 *
 * - `millis`: between the two GOAWAY frames; default 100.
 * - `debugData`: of the second; default `{"reason":"Shutdown"}`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ShutDownOptions {
  readonly millis?: number | undefined
  readonly debugData?: string | undefined
}

const shutdownDebugData = JSON.stringify({ reason: "Shutdown" })

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
    /** Which APNs this is. */
    readonly environment: Environment
    /** How many received requests are kept at most. */
    readonly keep: number
    /** The file that keeps them, where `data` is given. */
    readonly dataFile: string | undefined
    /** PEM of the CA that signed the server's certificate: what a client has to trust. */
    readonly ca: string
    /** The file of this CA, where `caDirectory` is given. */
    readonly caFile: string | undefined
    /** A registered team-scoped key for both environments; `privateKey` is the text of its .p8 file. */
    readonly key: { readonly teamId: string; readonly keyId: string; readonly privateKey: string }
    /** The .p8 file of this key, where `caDirectory` is given. */
    readonly keyFile: string | undefined
    /** Registers a provider key, in place of one with the same id. Fails with `InvalidKey` if it is not P-256 in PEM. */
    readonly registerKey: (key: ProviderKey) => Effect.Effect<void, SimulatorError>
    /** Sets the state of a device token, in place of an earlier one. What was stored for a device that is back goes out. */
    readonly register: (device: Device) => Effect.Effect<void>
    /** Forgets a device, its state and what is stored for it. `false`: there was none. */
    readonly unregister: (token: string) => Effect.Effect<boolean>
    /** The devices registered, then at most 10,000 unknown ones that got a push; each in the order in which they came. */
    readonly devices: Effect.Effect<ReadonlyArray<DeviceInfo>>
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
    /** Forgets the faults that still wait. Scenarios stay. */
    readonly clearFaults: Effect.Effect<void>
    /** Adds a scenario, in place of the one with its id. Dies when the value is not a `Scenario`. */
    readonly addScenario: (scenario: Scenario) => Effect.Effect<ScenarioInfo>
    /** The faults that wait, then the scenarios, each in the order in which they apply. */
    readonly scenarios: Effect.Effect<ReadonlyArray<ScenarioInfo>>
    /** Switches a scenario or a waiting fault on or off. `undefined`: there is none with this id. */
    readonly switchScenario: (id: string, enabled: boolean) => Effect.Effect<ScenarioInfo | undefined>
    /** Forgets a scenario or a waiting fault. `false`: there is none with this id. */
    readonly removeScenario: (id: string) => Effect.Effect<boolean>
    /** The newest requests that arrived whole, oldest first; at most `keep`. */
    readonly received: Effect.Effect<ReadonlyArray<Received>>
    /**
     * Waits until `count` requests in total have arrived whole, since the start or the last `reset`. They may still be
     * unanswered.
     */
    readonly awaitReceived: (count: number) => Effect.Effect<void>
    /** The same requests, to be searched and waited for. */
    readonly inbox: Inbox
    /**
     * What happens from now on; `started` comes at once. A reader that is 4,096 events behind misses some and is told
     * how many. The stream ends with the simulator.
     */
    readonly events: Stream.Stream<SimulatorEvent>
    /** What the simulator's clock says. */
    readonly clock: Effect.Effect<ClockInfo>
    /** Moves the simulator's clock: ages of tokens, times of devices and expirations follow it. */
    readonly moveClock: (change: ClockChange) => Effect.Effect<ClockInfo>
    /** Open and recently closed connections, oldest first. */
    readonly connections: Effect.Effect<ReadonlyArray<ConnectionInfo>>
    /** Sends GOAWAY on one or all open connections; they close when the streams it covers are finished. */
    readonly goAway: (options?: GoAwayOptions) => Effect.Effect<void>
    /**
     * Shuts all open connections down as a server does that is about to be replaced: GOAWAY in two steps, and `503
     * Shutdown` for what comes in between. New connections are served as usual.
     */
    readonly shutDown: (options?: ShutDownOptions) => Effect.Effect<void>
    /** Sends a new stream limit on one or all open connections; each keeps it from then on. */
    readonly setMaxConcurrentStreams: (limit: number, connection?: number) => Effect.Effect<void>
    /** Destroys the socket of one connection. */
    readonly disconnect: (connection: number) => Effect.Effect<void>
    /** Destroys all sockets, as if the server were killed. It goes on listening. */
    readonly disconnectAll: Effect.Effect<void>
    /**
     * Forgets devices, channels, switched capabilities, faults, scenarios, received requests, rates, token updates and
     * changes of the clock; those of the options are there again. Keys and connections stay, and ids go on.
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
   * P-256 key, `InvalidTls` when `clientCa` is not a certificate or `caDirectory` cannot be used. The age of tokens, delays and timestamps follow
   * Effect's `Clock` as it is when the layer is built.
   */
  static readonly layer = (options?: SimulatorOptions): Layer.Layer<Simulator, SimulatorError> =>
    Layer.effect(Simulator, make(options ?? {}))
}

const teamId = "SIMTEAM001"
const keyId = "SIMKEY0001"

const readKey = (key: ProviderKey): Effect.Effect<RegisteredKey, SimulatorError> =>
  Effect.try({
    try: () => registeredKey(key),
    catch: (cause) => new SimulatorError({ reason: new InvalidKey({ keyId: key.keyId, cause }) })
  })

/** The key in the directory of the authority, or a throw-away one. */
const readProviderKey = ({ caDirectory }: SimulatorOptions) =>
  Effect.tryPromise({
    try: async () => (caDirectory === undefined ? newProviderKey() : keptProviderKey(keyFileOf(caDirectory, keyId))),
    catch: (cause) => new SimulatorError({ reason: new InvalidTls({ cause }) })
  })

const start = Effect.fnUntraced(function* (state: State) {
  const { host, port, managementPort, clientCa, caDirectory, hostnames } = state.settings
  const certificates = yield* Effect.tryPromise({
    try: async () => {
      const made = await identityFor(caDirectory, hostnames)
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
  if (!isLoopback(host)) {
    yield* Effect.logWarning(`the APNs simulator listens on ${host}: whoever reaches it may use it and read its inbox`)
  }
  const device = yield* listenOn("device", port)
  const management = yield* listenOn("management", managementPort)
  return { connections, port: device.port, managementPort: management.port, ca: certificates.ca }
})

const seed = (state: State, { devices = [], channels = [], scenarios = [], faults = [] }: SimulatorOptions) =>
  Effect.gen(function* () {
    for (const device of devices) yield* register(state, device)
    for (const channel of channels) yield* registerChannel(state, channel)
    for (const scenario of scenarios) yield* addScenario(state, scenario)
    for (const fault of faults) yield* inject(state, fault)
  })

const make = Effect.fnUntraced(function* (options: SimulatorOptions) {
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime<never>()
  const settings = settingsOf(options)
  const keep = options.keep ?? 100_000
  const state: State = {
    settings,
    log: new Log(keep, options.keepBytes ?? 256 * 1_024 * 1_024, options.firstId ?? 1),
    clockOffset: 0,
    now: () => clock.currentTimeMillisUnsafe() + state.clockOffset,
    onSettled: options.onSettled,
    later: (millis, action) => {
      fork(Effect.andThen(Effect.sleep(millis), Effect.sync(action)))
    },
    keys: new Map(),
    keysVersion: 0,
    devices: new DeviceStore(),
    channels: new ChannelStore(options.broadcastApps),
    tokens: new Map(),
    rates: new Map(),
    scenarios: new ScenarioStore(),
    events: new EventHub(),
    ledger: new Map()
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => state.events.close()))

  const privateKey = yield* readProviderKey(options)
  for (const key of [{ teamId, keyId, pem: privateKey }, ...(options.keys ?? [])]) {
    registerKey(state, yield* readKey(key))
  }
  // Before it listens, so that what it keeps is written after it stopped listening.
  if (options.data !== undefined) yield* keepInFile(state, options.data, keep)
  yield* seed(state, options)

  const { connections, port, managementPort, ca } = yield* start(state)
  const eachOpen = (action: (connection: Connection) => void, only?: number) =>
    Effect.sync(() => {
      for (const connection of connections.open()) if (only === undefined || connection.id === only) action(connection)
    })

  return Simulator.of({
    host: settings.host,
    port,
    managementPort,
    environment: settings.environment,
    keep,
    dataFile: options.data,
    ca,
    caFile: settings.caDirectory === undefined ? undefined : caFileOf(settings.caDirectory),
    keyFile: settings.caDirectory === undefined ? undefined : keyFileOf(settings.caDirectory, keyId),
    key: { teamId, keyId, privateKey },
    registerKey: (key) => Effect.map(readKey(key), (read) => registerKey(state, read)),
    register: (device) => register(state, device),
    unregister: (token) => unregister(state, token),
    devices: Effect.sync(() => state.devices.infos(state.now())),
    registerChannel: (channel) => registerChannel(state, channel),
    channels: Effect.sync(() => state.channels.all(state.now())),
    setBroadcastCapability: (bundleId, enabled) => setCapability(state, bundleId, enabled),
    inject: (fault) => inject(state, fault),
    clearFaults: clearScenarios(state, "fault"),
    addScenario: (scenario) => addScenario(state, scenario),
    scenarios: Effect.sync(() => state.scenarios.infos),
    switchScenario: (id, enabled) => switchScenario(state, id, enabled),
    removeScenario: (id) => removeScenario(state, id),
    received: Effect.sync(() => Array.from(state.log.entries(), (entry) => received(state, entry))),
    awaitReceived: (count) =>
      Effect.callback<void>((resume) => {
        const stop = state.log.whenReceived(count, () => resume(Effect.void))
        return Effect.sync(stop)
      }),
    inbox: makeInbox(state),
    events: state.events.stream(() => ({ _tag: "started", lastId: state.log.nextId - 1 })),
    clock: Effect.sync(() => clockInfo(state)),
    moveClock: (change) => moveClock(state, change),
    connections: Effect.sync(() => connections.infos()),
    goAway: (goAway = {}) =>
      eachOpen(
        (connection) =>
          connection.sendGoAway({
            code: goAway.code ?? 0,
            lastStreamId: goAway.lastStreamId ?? connection.highestStreamId,
            debugData: goAway.debugData ?? ""
          }),
        goAway.connection
      ),
    shutDown: ({ millis = 100, debugData = shutdownDebugData } = {}) =>
      eachOpen((connection) => connection.shutDown(millis, debugData, true)),
    setMaxConcurrentStreams: (limit, only) => eachOpen((connection) => connection.setLimit(limit, true), only),
    disconnect: (only) => eachOpen((connection) => connection.destroy(), only),
    disconnectAll: eachOpen((connection) => connection.destroy()),
    reset: Effect.suspend(() => {
      reset(state)
      for (const connection of connections.open()) connection.trust.forgetTokenUpdates()
      return seed(state, options)
    })
  })
})
