/**
 * The simulator as a process that stays: the layers it is made of, what it prints, and the command with its flags.
 *
 * @since 0.1.0
 */
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import * as Console from "effect/Console"
import * as Command from "effect/cli/Command"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import { ControlServer } from "./ControlServer.ts"
import { type InvalidScenarioFile, readScenarios } from "./ScenarioFile.ts"
import { Simulator } from "./Simulator.ts"
import type { SimulatorError } from "./SimulatorError.ts"
import { type SimulatorFlags, simulatorFlags } from "./SimulatorFlags.ts"
import type { SimulatorOptions } from "./SimulatorOptions.ts"

/**
 * Options of the process: those of the simulator, and those of its inbox.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatorProcessOptions extends SimulatorOptions {
  /** Port of the web inbox and the control API. Default 8197. */
  readonly inboxPort?: number | undefined
  /** Directory with the built web inbox. Default: the one of this package. */
  readonly page?: string | undefined
}

/** Apple's alternative port for pushes, and its ports for channel management. */
const pushPort = 2197
const managementPorts = { sandbox: 2195, production: 2196 } as const
const defaultInboxPort = 8197

/** Addresses that stand for every one of the machine's; a certificate cannot be for them. */
const wildcards = new Set(["0.0.0.0", "::"])

const withDefaults = (options: SimulatorProcessOptions): SimulatorProcessOptions => {
  const { environment = "sandbox", host } = options
  return {
    ...options,
    port: options.port ?? pushPort,
    managementPort: options.managementPort ?? managementPorts[environment],
    caDirectory: options.caDirectory ?? join(homedir(), ".apns-simulator"),
    hostnames: [...(options.hostnames ?? []), ...(host === undefined || wildcards.has(host) ? [] : [host])]
  }
}

/**
 * A simulator with its control server, on ports that stay the same.
 *
 * **Details**
 *
 * Ports default to 2197, 2195 (production: 2196) and 8197; certificates and key to those in `~/.apns-simulator`.
 *
 * @category layers
 * @since 0.1.0
 */
export const simulatorProcess = (
  options: SimulatorProcessOptions = {}
): Layer.Layer<Simulator | ControlServer, SimulatorError> => {
  const { host, inboxPort = defaultInboxPort, page } = options
  return ControlServer.layer({ host, port: inboxPort, page }).pipe(
    Layer.provideMerge(Simulator.layer(withDefaults(options)))
  )
}

const shortened = (path: string): string => {
  const home = homedir()
  const full = resolve(path)
  return full.startsWith(`${home}/`) ? `~${full.slice(home.length)}` : full
}

const address = (host: string, port: number) => `${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * What to tell whoever started a simulator: where to send to, what to trust, what to sign with. At most 80 columns, but for long
 * paths. `more`: further rows, of a name and a value.
 *
 * @category getters
 * @since 0.1.0
 */
export const announcement = (
  simulator: Simulator["Service"],
  control: ControlServer["Service"],
  more: ReadonlyArray<readonly [string, string]> = []
): string => {
  const { host, port, managementPort, key, caFile, keyFile, dataFile, environment, keep } = simulator
  const many = keep.toLocaleString("en-GB")
  const kept = dataFile === undefined ? "in memory" : `in ${shortened(dataFile)}`
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["web inbox", control.url],
    ["pushes to", `${address(host, port)}  (TLS, HTTP/2)`],
    ["channels at", address(host, managementPort)],
    ["CA to trust", caFile === undefined ? "GET /api/info" : shortened(caFile)],
    ["key to sign", keyFile === undefined ? "GET /api/info" : shortened(keyFile)],
    ["", `key id ${key.keyId}, team id ${key.teamId}`],
    ["keeps", `the newest ${many} requests, ${kept}`],
    ...more
  ]
  const lines = rows.map(([name, value]) => `  ${name.padEnd(13)}${value}`)
  return `A local APNs (${environment}) is running.\n\n${lines.join("\n")}\n\nCtrl-C ends it.`
}

/** The process ends with 1; the reason is printed already. */
class Ended extends Data.TaggedError("Ended") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

const ended = (message: string) => Effect.andThen(Console.error(message), Effect.fail(new Ended()))

/**
 * The options that the flags stand for, their files of scenarios read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const optionsOf = (flags: SimulatorFlags): Effect.Effect<SimulatorProcessOptions, InvalidScenarioFile> =>
  Effect.map(Effect.forEach(flags.scenario, readScenarios), (scenarios) => ({
    host: Option.getOrUndefined(flags.host),
    port: Option.getOrUndefined(flags.port),
    managementPort: Option.getOrUndefined(flags.managementPort),
    inboxPort: Option.getOrUndefined(flags.inboxPort),
    environment: Option.getOrUndefined(flags.environment),
    unknownDevices: Option.getOrUndefined(flags.unknownDevices),
    data: Option.getOrUndefined(flags.data),
    keep: Option.getOrUndefined(flags.keep),
    caDirectory: Option.getOrUndefined(flags.caDir),
    scenarios: scenarios.flat()
  }))

/**
 * Starts a simulator with its control server, runs `started`, and stays until it is interrupted. Clients are then told, as a
 * server that is replaced tells them.
 *
 * @category running
 * @since 0.1.0
 */
export const stay = <E, R>(
  options: SimulatorProcessOptions,
  started: (simulator: Simulator["Service"], control: ControlServer["Service"]) => Effect.Effect<void, E, R>
): Effect.Effect<never, E | SimulatorError, R> =>
  Effect.gen(function* () {
    const simulator = yield* Simulator
    yield* started(simulator, yield* ControlServer)
    return yield* Effect.ensuring(Effect.never, simulator.goAway({ debugData: '{"reason":"Shutdown"}' }))
  }).pipe(Effect.provide(simulatorProcess(options)))

/**
 * The command: starts a simulator, says how to reach it, and stays until it is interrupted.
 *
 * **When to use**
 *
 * Use as a command of a larger program, or run `apns-simulator` of this package.
 *
 * @category constructors
 * @since 0.1.0
 */
export const simulatorCommand = Command.make("apns-simulator", simulatorFlags, (flags) =>
  optionsOf(flags).pipe(
    Effect.flatMap((options) => stay(options, (simulator, control) => Console.log(announcement(simulator, control)))),
    Effect.catchTag(["InvalidScenarioFile", "SimulatorError"], ({ message }) => ended(message))
  )
).pipe(Command.withDescription("Runs a local Apple Push Notification service with a web inbox"))
